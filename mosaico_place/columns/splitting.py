"""Sharper bounds on single chains: branch and bound over the nodes where their units stand.

The kernel's bound on a chain leaves out what several parts of it take jointly, and prices latency instead of limiting
it; both leave a gap to the cheapest embedding. With a unit kept to one node the gap shrinks, and the least of the
bounds of all nodes holds for the chain. So the part with the least bound is split over the nodes of its next unit (Land
and Doig, "An automatic method of solving discrete programming problems", Econometrica 28, 1960), until no part can be
cheaper than the best embedding that was met, or than rejection, or until many parts have been tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.batch import Surcharges, charge
from mosaico_place.kernel.compiled import outer_making
from mosaico_place.kernel.embed import embed
from mosaico_place.kernel.embeddings import Embeddings, no_embeddings
from mosaico_place.kernel.prices import Prices
from mosaico_place.kernel.state import empty_state
from mosaico_place.kernel.tables import Compiled
from mosaico_place.kernel.work import new_work

PARTS = 500
"""Parts of a chain that are tried, before the last split."""

SMALL = 1e-6
"""A gap, relative to the bound's terms, that is not worth splitting a chain for."""


class Splitter:
    """Splits chains on the empty infrastructure."""

    def __init__(self, compiled: Compiled) -> None:
        # Masks of its own, for they change while a chain is split.
        self._tables = compiled.tables._replace(mask=compiled.tables.mask.copy())
        self._state = empty_state(compiled)
        self._work, self._trial = new_work(self._tables), no_embeddings(self._tables)

    def __call__(
        self,
        prices: Prices,
        surcharges: Surcharges,
        lower: FloatArray,
        cost: FloatArray,
        out: Embeddings,
        stop: Callable[[], bool],
    ) -> None:
        """Raise ``lower`` and reduce ``cost``, both (chains,), with better embeddings in ``out``.

        Chains come in the order of their gaps, until it is time to stop.
        """
        required = self._tables.chains["required"] > 0
        least = np.minimum(cost, np.where(required, np.inf, prices.reject))
        gap = np.where(lower < np.inf, least - np.where(lower < np.inf, lower, 0.0), 0.0)
        own = prices._replace(extra=np.zeros_like(prices.extra))
        for k in np.argsort(-gap, kind="stable"):
            if stop() or gap[k] <= SMALL * max(1.0, abs(lower[k])):
                break
            charge(own.extra, surcharges, int(k), 1.0)
            lower[k], cost[k] = _split(
                self._tables, self._state, own, int(k), lower[k], cost[k], PARTS, self._work, self._trial, out
            )
            charge(own.extra, surcharges, int(k), 0.0)


@outer_making
def _split(
    tables: Any, state: Any, prices: Any, k: int, lower: float, cost: float, most: int, work: Any, trial: Any, out: Any
) -> Any:
    """Split chain ``k``, whose bound and best cost are known: (bound, cost), better or the same."""
    chain = tables.chains[k]
    u0, units, count = chain.unit, chain.unit_end - chain.unit, tables.mask.shape[1]
    mask = tables.mask[u0 : chain.unit_end]
    allowed = mask.copy()
    reject = np.inf if chain.required else prices.reject[k]
    # Units with few nodes first.
    size = np.array([allowed[u].sum() if tables.units[u0 + u].node < 0 else count + 1 for u in range(units)])
    turn = np.argsort(size, kind="mergesort")
    free = (size <= count).sum()
    room = most + count + 1
    bounds, depth, at = np.empty(room), np.zeros(room, np.int64), np.zeros((room, units), np.int64)
    bounds[0], parts, tried = lower, 1, 0
    closed = np.inf  # the least bound of parts that are done with
    while parts > 0:
        i = np.argmin(bounds[:parts])
        if bounds[i] >= min(cost, reject, closed) or depth[i] == free or tried >= most:
            closed = min(closed, bounds[i])
            break
        bound, deep, here = bounds[i], depth[i], at[i].copy()
        parts -= 1
        bounds[i], depth[i], at[i] = bounds[parts], depth[parts], at[parts]
        for d in range(deep):
            mask[turn[d]] = False
            mask[turn[d], here[d]] = True
        u = turn[deep]
        for n in range(count):
            if not allowed[u, n]:
                continue
            mask[u] = False
            mask[u, n] = True
            one, found = embed(tables, state, prices, k, min(cost, reject), work, trial)
            tried += 1
            if found < cost:
                cost = found
                out.option[chain.component : chain.component_end] = trial.option[chain.component : chain.component_end]
                out.length[chain.flow : chain.flow_end] = trial.length[chain.flow : chain.flow_end]
                out.path[chain.flow : chain.flow_end] = trial.path[chain.flow : chain.flow_end]
                out.late_ns[k] = trial.late_ns[k]
            one = max(one, bound)
            if one >= min(cost, reject):
                closed = min(closed, one)
            else:
                bounds[parts], depth[parts], at[parts] = one, deep + 1, here
                at[parts, deep] = n
                parts += 1
        mask[:] = allowed
    return max(lower, closed), cost
