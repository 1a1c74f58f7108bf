"""What everything is worth, kept from one answer to the next, and the bound that it proves at every moment.

The Lagrangian bound of :mod:`mosaico_place.columns.generation` is a sum: per chain the lower bound of the kernel or its
rejection, less what the capacities are worth, plus what opened instances cost. At prices that stay, a chain that comes
or goes changes its own part of the sum, and a capacity its own: a valid bound costs one call of the kernel per new
chain. The parts of chains are taken on the infrastructure at its best (:attr:`.Live.base`), so they hold whatever
fails. It speaks of the first level that counts rejected chains; moves count nothing in it, which keeps it valid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mosaico_place.columns.generation import ROUNDING, Generation, is_close
from mosaico_place.compile.arrays.levels import Levels
from mosaico_place.compile.arrays.rows import kind_of
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.measuring import no_surcharges, price_chains
from mosaico_place.kernel.prices import price
from mosaico_place.kernel.pricing import Measurer, Pricer
from mosaico_place.kernel.problem import Prices, Pricing, Work, empty_state, no_embeddings
from mosaico_place.solution.incremental import Live


class Worth:
    """Shadow prices of a live placement.

    Attributes:
        level: the objective level that they are of; None if no level counts rejected chains.
        shadow: (1 + classes, rows) worth of a quantum of every capacity.
        lower: (chains,) least that serving each can cost at these prices; cost: of the embedding found.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        rejected = live.base.levels.rejected
        self.level = next((j for j in range(len(rejected)) if rejected[j].any()), None)
        self.shadow: FloatArray = np.zeros_like(live.base.rows.capacity)
        self._forget()

    def _forget(self) -> None:
        """Know nothing."""
        live = self._live
        self._compiled = live.base
        self.lower = np.full(len(live.base.names), -np.inf)
        self.cost = np.full(len(live.base.names), np.inf)
        self._opened: float | None = None
        self._charges = no_surcharges(len(live.base.names))
        self._state, self._work = empty_state(live.base), Work(live.base.tables)
        self._out = no_embeddings(live.base.tables)
        self._prices = self._priced(np.zeros(len(live.base.tables.openings)))

    def learn(self, threads: int, stop: Callable[[], bool]) -> None:
        """Generate columns for the instance as it is, until the bound is close or it must stop."""
        live = self._live
        if self.level is None or not any(live.base.names):
            return
        self._forget()
        base = replace(live.base, levels=_one_level(live.base.levels, self.level))
        pricer = Pricer(base, threads)
        try:
            now = replace(base, rows=live.compiled.rows)
            # Embeddings are of the infrastructure at its best, where they have room alone; now they may have none.
            generation = Generation.begun(now, pricer, stop, Measurer(base))
            generation.run(stop, is_close)
        finally:
            pricer.close()
        assert generation.best is not None, "a run prices at least once"
        duals = generation.best.duals
        self.shadow = duals.shadow
        self._charges = generation.master.ties.surcharges(duals.served)
        self._opened = generation.opened(duals)
        self._prices = self._priced(duals.load)
        self.note(range(len(live.base.names)))

    def note(self, chains: NDArray[np.int64] | range) -> None:
        """Price chains that are new, or were changed."""
        live = self._live
        if live.base is not self._compiled:
            self._moved()
            return
        self._refresh()
        some = np.asarray(chains, dtype=np.int64)
        pricing = Pricing(live.base.tables, self._state, self._prices, self._work)
        price_chains(pricing, self._charges, some, self._out, self.lower, self.cost)

    def forget(self, chains: NDArray[np.int64]) -> None:
        """Chains in these slots are others now: what they were charged for openings is theirs no more."""
        if self._live.base is not self._compiled:
            return
        start, amount = self._charges.start, self._charges.amount
        for k in chains:
            amount[start[k] : start[k + 1]] = 0.0

    @property
    def bound(self) -> float | None:
        """On the level, as the instance is now; None if nothing is known."""
        live = self._live
        if self._opened is None or self.level is None or live.base is not self._compiled:
            return None
        rejected = live.base.levels.rejected[self.level]
        required = live.base.tables.chains["required"] > 0
        worth = float((self.shadow * live.compiled.rows.capacity).sum())
        parts = np.where(required, self.lower, np.minimum(self.lower, rejected))[live.used]
        total = float(parts.sum()) - worth + self._opened
        return total - ROUNDING * max(1.0, worth + float(rejected.sum())) if np.isfinite(total) else None

    def _priced(self, load: FloatArray) -> Prices:
        base = self._live.base
        weights = np.zeros(base.levels.count)
        weights[self.level or 0] = 1.0
        prices = price(base, self.shadow, load, weights)
        return prices.replace(opening=np.zeros_like(prices.opening), move=np.zeros_like(prices.move))

    def _refresh(self) -> None:
        """Write what chains cost by themselves."""
        levels, level = self._live.base.levels, self.level or 0
        self._prices.reject[:] = levels.rejected[level]
        self._prices.late[:] = levels.late[level]
        self._prices.link[:] = levels.link[level]

    def _moved(self) -> None:
        """Everything was compiled anew: the prices go with the names, the bound is lost until it is learnt again."""
        before, now = self._compiled.rows, self._live.base.rows
        scale = {kind: now.quantum[kind] / before.quantum[kind] for kind in now.quantum if kind in before.quantum}
        shadow = np.zeros_like(now.capacity)
        for row, name in enumerate(now.names):
            if name in before.index and len(shadow) == len(self.shadow):
                shadow[:, row] = self.shadow[:, before.index[name]] * scale.get(kind_of(name), 1.0)
        self.shadow = shadow
        self._forget()
        self.note(range(len(self._live.base.names)))


def _one_level(levels: Levels, j: int) -> Levels:
    """One level of them, for chains of which none ran before."""
    only = slice(j, j + 1)
    return replace(
        levels, rejected=levels.rejected[only], dropped=np.zeros_like(levels.dropped[only]),
        reject=levels.rejected[only], late=levels.late[only], move=np.zeros_like(levels.move[only]),
        link=levels.link[only], option=levels.option[only], resources=levels.resources[only],
        program=levels.program[only], opening=levels.opening[only],
        active=levels.active[only], balance=levels.balance[only], steps=levels.steps[only],
        counting=levels.counting[only],
    )  # fmt: skip
