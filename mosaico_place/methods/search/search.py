"""Ruin and recreate (Schrimpf et al., "Record breaking optimization results using the ruin and recreate principle",
J. Comput. Phys. 159, 2000): take some chains out around one spot, put them and waiting ones back as the prices say.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.prices import falling_weights, price_to_place, reprice_chains
from mosaico_place.kernel.problem import Prices
from mosaico_place.methods.search.ruin import Ruin
from mosaico_place.methods.search.ruin_and_recreate import (
    MISSING,
    NEWCOMERS,
    ONLY_BETTER,
    Desk,
    draw,
    evaluate,
    go_back,
    take_turns,
)
from mosaico_place.solution.solution import Solution

TURNS = 16
"""Taken at once, unless one finds something better; then it is time to look at the clock."""

_OPENING = 0.3
"""Part of what an opened instance takes, at shadow prices, that the first chain which needs it pays; those that come
later share it."""
_NOBODY = np.zeros(0, dtype=np.int64)
_BY_CHANCE = Ruin(_NOBODY, _NOBODY)


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
        newcomers: how many waiting chains are tried in one turn, NEWCOMERS at most.
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
        self._max_moves = -1 if max_moves is None else max_moves
        self._anything = np.full(len(self._compiled.names), np.inf)
        self._desk = Desk(self._compiled, solution.standing)
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
        return prices.replace(opening=direct + _OPENING * (prices.opening - direct))

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
        total = np.empty(self._compiled.levels.count)
        evaluate(self._guided(self._anything), total)
        return total

    def improve(
        self, level: int, cost: FloatArray, limits: Limits, choose: Callable[[], Ruin | None] | None = None
    ) -> FloatArray:
        """Minimise one level, none before it made worse; the best values, at which the solution is left.

        Args:
            level: which.
            cost: (chains,) what the cheapest embedding of each costs at the prices, where nothing is taken.
            limits: when to end.
            choose: what is taken out in a turn, None to end; by chance if not given, or if it names no chain.
        """
        desk = self._guided(cost)
        desk.start()
        best: FloatArray = desk.arrays["best"]
        started, heat = time.monotonic(), self._heat(level)
        turn = 0
        while turn < limits.turns:
            spent = (time.monotonic() - started) / max(limits.seconds, 1e-3)
            if limits.stop() or spent >= 1:
                break
            if best[level] <= limits.target + 1e-9 and best[0] < MISSING:
                break
            ruin, count = _BY_CHANCE, min(TURNS, limits.turns - turn)
            if choose is not None:
                if (chosen := choose()) is None:
                    break
                ruin, count = chosen, 1
            warmth = heat * (1 - max(spent, turn / limits.turns)) + 1e-12
            taken, found, _ = take_turns(desk, level, warmth, draw(self._random, count), ruin.wanted, ruin.out)
            turn += taken
            if found:
                limits.watch(best.copy())
        go_back(desk)
        return best.copy()

    def turn(self, ruin: Ruin, cost: FloatArray) -> bool:
        """Ruin and recreate once; whether the placement is better for it, as it was if not."""
        desk = self._guided(cost)
        desk.start()
        return take_turns(desk, 0, ONLY_BETTER, draw(self._random, 1), ruin.wanted, ruin.out)[1]

    def _guided(self, cost: FloatArray) -> Desk:
        """The desk, told what turns go by."""
        at, blind = self.solution.pricing(self.prices), self.solution.pricing(self._blind)
        limits = self._newcomers, self._max_moves, self._rethinks
        self._desk.follow(at, blind, self._required, self._possible, cost, *limits)
        return self._desk

    def _heat(self, level: int) -> float:
        """How much worse a turn may make the level at the beginning: a part of what one chain costs."""
        levels = self._compiled.levels
        if level == 0:
            weights = levels.reject[0][levels.reject[0] > 0]
            return 0.3 * float(weights.mean()) if len(weights) else self._part_of(0)
        return self._part_of(level)

    def _part_of(self, level: int) -> float:
        return 0.3 * float(self.solution.values()[level]) / max(int(self.solution.placed.sum()), 1)
