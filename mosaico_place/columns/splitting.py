"""Sharper bounds on single chains: branch and bound over the nodes where their units stand.

The kernel's bound on a chain leaves out what several parts of it take jointly, and prices latency instead of limiting
it; both leave a gap to the cheapest embedding. With a unit kept to one node the gap shrinks, and the least of the
bounds of all nodes holds for the chain. So the part with the least bound is split over the nodes of its next unit (Land
and Doig, "An automatic method of solving discrete programming problems", Econometrica 28, 1960), until no part can be
cheaper than the best embedding that was met, or than rejection, or until many parts have been tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import cython
import numpy as np

from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.measuring import charge
from mosaico_place.kernel.problem import Work, empty_state, no_embeddings

if TYPE_CHECKING:
    from mosaico_place.compile.arrays.tables import Compiled
    from mosaico_place.kernel.measuring import Surcharges
    from mosaico_place.kernel.problem import Prices

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.kernel.embed import embed
    from mosaico_place.kernel.problem import Embeddings, Pricing, write_embedding

MOST_PARTS = 500
"""Parts of a chain that are tried, before the last split."""

SMALL = 1e-6
"""A gap, relative to the bound's terms, that is not worth splitting a chain for."""


class Splitter:
    """Splits chains on the empty infrastructure."""

    def __init__(self, compiled: Compiled) -> None:
        # Masks of its own, for they change while a chain is split.
        self._tables = compiled.tables.replace(mask=compiled.tables.mask.copy())
        self._state, self._work = empty_state(compiled), Work(self._tables)
        self._trial, self._parts = no_embeddings(self._tables), Parts(self._tables, MOST_PARTS)

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
        own = prices.replace(extra=np.zeros_like(prices.extra))
        pricing = Pricing(self._tables, self._state, own, self._work)
        for k in np.argsort(-gap, kind="stable"):
            if stop() or gap[k] <= SMALL * max(1.0, abs(lower[k])):
                break
            charge(own.extra, surcharges, int(k), 1.0)
            lower[k], cost[k] = split(pricing, int(k), lower[k], cost[k], self._parts, self._trial, out)
            charge(own.extra, surcharges, int(k), 0.0)


class Parts:
    """The parts into which a chain is split, and scratch.

    Attributes:
        most: parts that are tried, before the last split.
        bounds: (parts,) the bound of each; depth: how many units it keeps to nodes; at: (parts, units) to which.
        here: (units,) the nodes of the part at hand; turn: (units,) the order in which units are kept.
        size: (units,) on how many nodes each may stand.
        allowed: (units, nodes) where units may stand before the chain is split.
    """

    def __init__(self, tables: Tables, most: int) -> None:
        nodes = tables.mask.shape[1]
        units = tables.largest[2]
        room = most + nodes + 1
        self.most = most
        self.bounds, self.depth = np.empty(room), np.zeros(room, dtype=np.int32)
        self.at, self.here = np.zeros((room, units), dtype=np.int32), np.zeros(units, dtype=np.int32)
        self.turn, self.size = np.zeros(units, dtype=np.int32), np.zeros(units, dtype=np.int32)
        self.allowed = np.empty((units, nodes), dtype=np.bool_)


def split(
    pricing: Pricing, k: int, lower: float, cost: float, parts_of: Parts, trial: Embeddings, out: Embeddings
) -> tuple[float, float]:
    """Split chain ``k``, whose bound and best cost are known: (bound, cost), better or the same.

    Args:
        pricing, k: the pricing problem, whose masks change meanwhile, and the chain.
        lower, cost: what is known.
        parts_of: room for the parts.
        trial: scratch; out: where a better embedding goes.
    """
    u0 = pricing.tables.chains[k].unit
    reject = inf if pricing.tables.chains[k].required else pricing.prices.reject[k]
    free = _prepare(pricing.tables, k, parts_of)
    parts_of.bounds[0], parts_of.depth[0], parts, tried = lower, 0, 1, 0
    closed = inf  # the least bound of parts that are done with
    while parts > 0:
        i = _least_part(parts_of, parts)
        bound, deep = parts_of.bounds[i], parts_of.depth[i]
        if bound >= min(min(cost, reject), closed) or deep == free or tried >= parts_of.most:
            closed = min(closed, bound)
            break
        parts -= 1
        parts_of.bounds[i], parts_of.depth[i] = parts_of.bounds[parts], parts_of.depth[parts]
        for d in range(parts_of.turn.shape[0]):
            parts_of.here[d] = parts_of.at[i, d]
            parts_of.at[i, d] = parts_of.at[parts, d]
        for d in range(deep):
            _keep_to(pricing.tables, u0 + parts_of.turn[d], parts_of.here[d])
        u = parts_of.turn[deep]
        for n in range(pricing.tables.mask.shape[1]):
            if not parts_of.allowed[u, n]:
                continue
            _keep_to(pricing.tables, u0 + u, n)
            one, found = embed(pricing, k, min(cost, reject), trial)
            tried += 1
            if found < cost:
                cost = found
                write_embedding(pricing.tables, k, trial, trial.late_ns[k], out)
            one = max(one, bound)
            if one >= min(cost, reject):
                closed = min(closed, one)
                continue
            parts_of.bounds[parts], parts_of.depth[parts] = one, deep + 1
            for d in range(parts_of.turn.shape[0]):
                parts_of.at[parts, d] = parts_of.here[d]
            parts_of.at[parts, deep] = n
            parts += 1
        for v in range(u0, pricing.tables.chains[k].unit_end):
            for n in range(pricing.tables.mask.shape[1]):
                pricing.tables.mask[v, n] = parts_of.allowed[v - u0, n]
    return max(lower, closed), cost


def _prepare(tables: Tables, k: int, parts_of: Parts) -> int:
    """Remember where units may stand, and order them, those with few nodes first; how many are free."""
    chain, free, nodes = tables.chains[k], 0, tables.mask.shape[1]
    for u in range(chain.unit_end - chain.unit):
        parts_of.size[u] = 0
        for n in range(nodes):
            parts_of.allowed[u, n] = tables.mask[chain.unit + u, n]
            parts_of.size[u] += tables.mask[chain.unit + u, n]
        if tables.units[chain.unit + u].node >= 0:
            parts_of.size[u] = nodes + 1
        else:
            free += 1
        d = u
        while d > 0 and parts_of.size[parts_of.turn[d - 1]] > parts_of.size[u]:
            parts_of.turn[d] = parts_of.turn[d - 1]
            d -= 1
        parts_of.turn[d] = u
    return free


def _least_part(parts_of: Parts, parts: int) -> int:
    """The first part with the least bound."""
    least = 0
    for i in range(1, parts):
        if parts_of.bounds[i] < parts_of.bounds[least]:
            least = i
    return least


def _keep_to(tables: Tables, u: int, node: int) -> None:
    """Let a unit stand on one node only."""
    for n in range(tables.mask.shape[1]):
        tables.mask[u, n] = n == node
