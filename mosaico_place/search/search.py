"""Ruin and recreate (Schrimpf et al., "Record breaking optimization results using the ruin and recreate principle",
J. Comput. Phys. 159, 2000): take some chains out around one spot, put them and waiting ones back as the prices say.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.prices import Prices, falling_weights, price_to_place, reprice_chains
from mosaico_place.kernel.solution import Snapshot, Solution
from mosaico_place.search.ruin import RUINS, Ruin

MISSING = 1e9
"""What a required chain that is not placed counts, and a move too many."""

NEWCOMERS = 6
"""Waiting chains that are tried in one turn."""

_OPENING = 0.3
"""Part of what an opened instance takes, at shadow prices, that the first chain which needs it pays; those that come
later share it."""
_NOISE = 0.4
_RETHINK = 0.5
"""How often, on a level that counts opened instances, their prices are shaken."""
_BLIND = 0.2
"""How often later levels count nothing. Where capacities are worth little, they alone would say where chains go, always
the same, and chains that come in time are in the way of others that could only come late."""
_BY_WEIGHT = 0.7
_LONG_WAY = 30
"""Steps that are cheaper to take back one by one than all chains are to save."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a search ends.

    Attributes:
        turns: how many times it ruins and recreates; with that alone, a seed decides everything.
        seconds: how long it may take; infinite for any time.
        stop: whether to end at once.
        target: a value of the level that cannot be undercut.
        watch: told the values of every placement that is better than those before.
    """

    turns: int
    seconds: float = float("inf")
    stop: Callable[[], bool] = lambda: False
    target: float = -np.inf
    watch: Callable[[FloatArray], None] = lambda _: None


class Search:
    """A solution, and how it is improved.

    Args:
        solution: where it starts; changed.
        shadow: (1 + classes, rows) shadow prices.
        seed: of all choices.
        max_moves: how many components may have moved; None for any number.
        newcomers: how many waiting chains are tried in one turn.
        stays: how much a move counts more than on the levels, times its price: of nearly equal embeddings the one is
            taken that stands.
    """

    def __init__(
        self,
        solution: Solution,
        shadow: FloatArray,
        seed: int,
        max_moves: int | None = None,
        newcomers: int = NEWCOMERS,
        stays: float = 0.0,
    ) -> None:
        self.solution = solution
        self._newcomers, self._stays = newcomers, stays
        self._compiled = solution.compiled
        self._random = np.random.default_rng(seed)
        self._max_moves = max_moves
        self._anything = np.full(len(self._compiled.names), np.inf)
        self.reprice(shadow, 0)

    def reprice(self, shadow: FloatArray, level: int) -> None:
        """Use other shadow prices, for minimising a level."""
        self._weights = falling_weights(self._compiled.levels.count, level)
        self._blind_weights = np.where(np.arange(len(self._weights)) > level, 0.0, self._weights)
        self._rethinks = bool(self._compiled.levels.opening[level].any())
        self.prices: Prices = self._priced(shadow, self._weights)
        self._blind: Prices = self._priced(shadow, self._blind_weights)
        self.refresh()

    def _priced(self, shadow: FloatArray, weights: FloatArray) -> Prices:
        prices = price_to_place(self._compiled, shadow, weights)
        direct = weights @ self._compiled.levels.opening
        return prices._replace(opening=direct + _OPENING * (prices.opening - direct))

    def refresh(self) -> None:
        """Look at the chains again, after some came or went in the same arrays."""
        chains = self._compiled.tables.chains
        self._required, self._possible = chains["required"] > 0, chains["possible"] > 0
        for prices, weights in ((self.prices, self._weights), (self._blind, self._blind_weights)):
            reprice_chains(prices, self._compiled, weights)
            prices.move[:] += self._stays

    def fill(self, cost: FloatArray) -> None:
        """Place what has room: what must be placed first, then what is dearest to place."""
        order = np.argsort(-np.where(np.isfinite(cost), cost, 0.0), kind="stable")
        required = self._required[order]
        self.solution.insert(np.concatenate([order[required], order[~required]]), self.prices, self._anything)

    def value(self) -> FloatArray:
        """(levels,) the values, with what must not be counted on the first."""
        total = self.solution.values()
        total[0] += MISSING * int((self._required & ~self.solution.placed).sum())
        if self._max_moves is not None:
            total[0] += MISSING * max(0, self.solution.moves() - self._max_moves)
        return total

    def improve(
        self, level: int, cost: FloatArray, limits: Limits, choose: Callable[[], Ruin | None] | None = None
    ) -> FloatArray:
        """Minimise one level, none before it made worse; the best values, at which the solution is left.

        Args:
            level: which.
            cost: (chains,) what the cheapest embedding of each costs at the prices, where nothing is taken.
            limits: when to end.
            choose: what is taken out in a turn, None to end; one of :data:`.ruin.RUINS` if not given.
        """
        solution, random = self.solution, self._random
        now = best = self.value()
        way_back = _WayBack(solution)
        started = time.monotonic()
        heat = self._heat(level)
        spent = 0.0
        for turn in range(limits.turns):
            if turn % 16 == 0:
                spent = (time.monotonic() - started) / max(limits.seconds, 1e-3) if limits.seconds < np.inf else 0.0
                if limits.stop() or spent >= 1:
                    break
            if best[level] <= limits.target + 1e-9 and not _missing(best):
                break
            ruin = self._any(level) if choose is None else choose()
            if ruin is None:
                break
            if not len(ruin.out) and not len(ruin.wanted):
                continue
            worse = (heat * (1 - max(spent, turn / limits.turns)) + 1e-12) * random.exponential()
            before = self.turn(ruin, cost, level, worse)
            after = self.value()
            if not _accepts(now, after, level, worse):
                before.restore()
                continue
            now = after
            if better(after, best):
                best = after
                way_back.begin()
                limits.watch(best)
            else:
                way_back.add(before)
        way_back.go()
        return best

    def _any(self, level: int) -> Ruin:
        kind = int(np.searchsorted(_UP_TO[level > 0], self._random.random(), side="right"))
        return RUINS[kind](self.solution, self._random, self._possible)

    def turn(self, ruin: Ruin, cost: FloatArray, level: int = 0, worse: float = 0.0) -> Snapshot:
        """Ruin and recreate once; how everything was before.

        It is broken off, with chains left out, as soon as it is certain that it makes a level before this one worse, or
        this one by more than so much.
        """
        solution, random = self.solution, self._random
        wanted, waits = ruin.wanted, ~solution.placed & self._possible
        waits[wanted] = False
        waiting = np.flatnonzero(waits)
        count = min(self._newcomers, len(waiting))
        some = random.choice(waiting, count, replace=False) if count else waiting[:0]
        others = np.concatenate([ruin.out, some])
        changed = np.concatenate([wanted, others]).astype(np.int64)
        before = solution.save(changed)
        spare = self._spare(changed, level, worse)
        solution.remove(ruin.out, self.prices)
        size = self._compiled.levels.reject[0, others] if random.random() < _BY_WEIGHT else cost[others]
        size = np.where(np.isfinite(size), size, 0.0) * np.exp(_NOISE * random.standard_normal(len(others)))
        size[self._required[others]] = np.inf
        order = np.concatenate([wanted, others[np.argsort(-size, kind="stable")]]).astype(np.int64)
        prices = self._blind if random.random() < _BLIND else self.prices
        opening = prices.opening
        if self._rethinks and random.random() < _RETHINK:
            # New instances are tried where they look dear, and old ones given up.
            opening = opening * np.exp(random.standard_normal(len(opening)))
        solution.insert(order, prices._replace(opening=opening), self._anything, spare)
        return before

    def _spare(self, chains: NDArray[np.int64], level: int, worse: float) -> FloatArray:
        """(levels,) what those of the chains that are left out may cost, where a level counts only that."""
        out = chains[~self.solution.placed[chains]]
        spare: FloatArray = self.solution.chain_costs[out].sum(axis=0)
        spare[level] += worse
        spare += 1e-9 * np.maximum(spare, 1.0)
        spare[~self._compiled.levels.counting] = np.inf
        spare[level + 1 :] = np.inf
        return spare

    def _heat(self, level: int) -> float:
        """How much worse a turn may make the level at the beginning: a part of what one chain costs."""
        levels = self._compiled.levels
        if level == 0:
            weights = levels.reject[0][levels.reject[0] > 0]
            return 0.3 * float(weights.mean()) if len(weights) else self._part_of(0)
        return self._part_of(level)

    def _part_of(self, level: int) -> float:
        return 0.3 * float(self.solution.values()[level]) / max(int(self.solution.placed.sum()), 1)


class _WayBack:
    """The way from a solution as it is to the best one on the way there."""

    def __init__(self, solution: Solution) -> None:
        self._solution = solution
        self.begin()

    def begin(self) -> None:
        """The solution as it is now is the best one."""
        self._best: Snapshot | None = None
        self._steps: list[Snapshot] = []

    def add(self, before: Snapshot) -> None:
        """One step away from it; of a long way only the end is kept."""
        if self._best is not None:
            return
        self._steps.append(before)
        if len(self._steps) == _LONG_WAY:
            here = self._save()
            self.go()
            self._best = self._save()
            here.restore()
            self._steps.clear()

    def go(self) -> None:
        """Make the solution the best one again."""
        for step in reversed(self._steps):
            step.restore()
        if self._best is not None:
            self._best.restore()

    def _save(self) -> Snapshot:
        return self._solution.save(np.arange(len(self._solution.compiled.names)))


_SHARES = {False: np.array([0.6, 0.22, 0.03, 0.15, 0.0]), True: np.array([0.05, 0.3, 0.2, 0.2, 0.25])}
"""How often each of the ruins is chosen, on the first level and on later ones."""

_UP_TO = {later: np.cumsum(shares)[:-1] for later, shares in _SHARES.items()}


def _missing(values: FloatArray) -> bool:
    return bool(values[0] >= MISSING)


def _accepts(now: FloatArray, after: FloatArray, level: int, worse: float) -> bool:
    """Whether no earlier level gets worse and this one by no more than so much."""
    slack = 1e-9 * np.maximum(np.abs(now), 1.0)
    if (after[:level] > now[:level] + slack[:level]).any():
        return False
    return bool(after[level] <= now[level] + slack[level] + worse)


def better(after: FloatArray, best: FloatArray) -> bool:
    """Whether values are lexicographically lower, by more than rounding."""
    for one, other in zip(after, best, strict=True):
        slack = 1e-9 * max(abs(other), 1.0)
        if one < other - slack:
            return True
        if one > other + slack:
            return False
    return False
