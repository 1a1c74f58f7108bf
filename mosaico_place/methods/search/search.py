"""Ruin and recreate (Schrimpf et al., "Record breaking optimization results using the ruin and recreate principle",
J. Comput. Phys. 159, 2000): take some chains out around one spot, put them and waiting ones back as the prices say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.embed import MANY, SOME
from mosaico_place.kernel.prices import falling_weights, price_to_place, reprice_chains
from mosaico_place.kernel.problem import Prices, Pricing, Work
from mosaico_place.methods.search.relocating import Relocation
from mosaico_place.methods.search.ruin import MOST, Ruin
from mosaico_place.methods.search.ruin_and_recreate import (
    MISSING,
    NEWCOMERS,
    ONLY_BETTER,
    Desk,
    better,
    draw,
    evaluate,
    go_back,
    take_round,
    take_turns,
)
from mosaico_place.methods.search.together import adopt, agree, follow
from mosaico_place.solution.solution import Solution
from mosaico_place.solution.updates import copy_all, nothing_stands

TURNS = 16
"""Taken at once, unless one finds something better; then it is time to look at the clock."""

ROUND = 64
"""Turns that each thread takes before the threads agree."""

CHAINS_PER_THREAD = 2 * MOST
"""With fewer chains, threads would be in each other's way: a turn takes out up to MOST of them."""

RELOCATING_TRIES, RELOCATING_SHARE = 2000, 0.2
"""Steps that are tried on a level that counts what no price tells, and part of the time that they may take."""

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
        threads: how many search at a time; with few chains, fewer do.
    """

    def __init__(
        self,
        solution: Solution,
        shadow: FloatArray,
        seed: int,
        max_moves: int | None = None,
        newcomers: int = NEWCOMERS,
        stays: float = 0.0,
        threads: int = 1,
    ) -> None:
        self.solution = solution
        self._newcomers, self._stays = newcomers, stays
        self._compiled = solution.compiled
        self._random = np.random.default_rng(seed)
        self._max_moves = -1 if max_moves is None else max_moves
        self._anything = np.full(len(self._compiled.names), np.inf)
        self._desk = Desk(self._compiled, solution.standing, solution.work)
        self._others = self._more_desks(min(threads, len(self._compiled.names) // CHAINS_PER_THREAD) - 1)
        self._randoms = [self._random, *(np.random.default_rng((seed, 1 + i)) for i in range(len(self._others)))]
        self.reprice(shadow, 0)

    def reprice(self, shadow: FloatArray, level: int) -> None:
        """Use other shadow prices, for minimising a level."""
        self._weights = falling_weights(self._compiled.levels.count, level)
        self._blind_weights = np.where(np.arange(len(self._weights)) > level, 0.0, self._weights)
        levels = self._compiled.levels
        self._rethinks = bool(levels.opening[level].any() or levels.active[level] > 0)
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
        self.solution.insert(order[required], self.prices, self._anything, MANY)
        self.solution.insert(order[~required], self.prices, self._anything)

    def look_again(self, stop: Callable[[], bool]) -> None:
        """Place what is left out wherever there is room, more thoroughly than a turn would; heaviest first."""
        left = np.flatnonzero(self._possible & ~self.solution.placed)
        reject = self._compiled.levels.reject.sum(axis=0)
        for k in left[np.argsort(-reject[left], kind="stable")]:
            if stop():
                break
            before = self.solution.moves() if self._max_moves >= 0 else 0
            self.solution.insert([int(k)], self.prices, self._anything, SOME)
            if self.solution.placed[k] and 0 <= self._max_moves < self.solution.moves() != before:
                self.solution.remove([int(k)], self.prices)

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
        if choose is not None:
            return self._improve_alone(level, cost, limits, choose)
        self._relocate(level, limits)
        best = (self._improve_together if self._others else self._improve_alone)(level, cost, limits)
        return self.value() if self._relocate(level, limits) else best

    def _relocate(self, level: int, limits: Limits) -> bool:
        """Where a level counts what no price tells, take steps that it shows by; whether the placement is better."""
        levels, components = self._compiled.levels, self._compiled.tables.components
        may_return = bool((levels.move[level] > 0).any() and (components["ran"] > 0).any())
        if not (levels.balance[level] > 0 or levels.active[level] > 0 or may_return):
            return False
        end = time.monotonic() + RELOCATING_SHARE * limits.seconds
        found = Relocation(self, RELOCATING_TRIES, lambda: limits.stop() or time.monotonic() >= end).run()
        if found:
            limits.watch(self.value())
        return found

    def _improve_alone(
        self, level: int, cost: FloatArray, limits: Limits, choose: Callable[[], Ruin | None] | None = None
    ) -> FloatArray:
        """The same by one thread, turn by turn."""
        desk = self._guided(cost)
        desk.start()
        best: FloatArray = desk.arrays["best"]
        course = _Course(limits, self._heat(level))
        while course.goes_on(best, level):
            ruin, count = _BY_CHANCE, min(TURNS, limits.turns - course.turn)
            if choose is not None:
                if (chosen := choose()) is None:
                    break
                ruin, count = chosen, 1
            draws = draw(self._random, count)
            taken, found, _ = take_turns(desk, level, course.warmth(), draws, ruin.wanted, ruin.out)
            course.turn += taken
            if found:
                limits.watch(best.copy())
        go_back(desk)
        return best.copy()

    def _improve_together(self, level: int, cost: FloatArray, limits: Limits) -> FloatArray:
        """The same by several threads, which agree after every round."""
        desks = [self._guided(cost), *self._others]
        for desk in self._others:
            copy_all(self.solution.standing, desk.standing)
            self._guide(desk, cost)
        for desk in desks:
            desk.start()
        best: FloatArray = desks[0].arrays["best"].copy()
        course = _Course(limits, self._heat(level))
        with ThreadPoolExecutor(len(self._others)) as pool:
            while course.goes_on(best, level):
                count = min(ROUND, -(-(limits.turns - course.turn) // len(desks)))
                first, *rest = (draw(random, count) for random in self._randoms)
                warmth = course.warmth()
                jobs = [
                    pool.submit(take_round, desk, level, warmth, draws)
                    for desk, draws in zip(self._others, rest, strict=True)
                ]
                take_round(desks[0], level, warmth, first)
                for job in jobs:
                    job.result()
                course.turn += count * len(desks)
                _agree(desks, level)
                winner = _first_best(desks, "best")
                if better(winner.arrays["best"], best):
                    best = winner.arrays["best"].copy()
                    limits.watch(best.copy())
        winner = _first_best(desks, "best")
        go_back(winner)
        if winner is not desks[0]:
            copy_all(winner.standing, self.solution.standing)
        for desk in desks:
            desk.start()
        return best

    def turn(self, ruin: Ruin, cost: FloatArray) -> bool:
        """Ruin and recreate once; whether the placement is better for it, as it was if not."""
        desk = self._guided(cost)
        desk.start()
        return take_turns(desk, 0, ONLY_BETTER, draw(self._random, 1), ruin.wanted, ruin.out)[1]

    def _guided(self, cost: FloatArray) -> Desk:
        """The desk of the first thread, told what turns go by."""
        at, blind = self.solution.pricing(self.prices), self.solution.pricing(self._blind)
        self._tell(self._desk, at, blind, cost)
        return self._desk

    def _guide(self, desk: Desk, cost: FloatArray) -> None:
        """Tell the desk of another thread what turns go by; some prices are its own, since turns change them."""
        at, blind = (
            Pricing(desk.standing.tables, desk.standing.state, _own_prices(prices), desk.work)
            for prices in (self.prices, self._blind)
        )
        self._tell(desk, at, blind, cost)

    def _tell(self, desk: Desk, at: Pricing, blind: Pricing, cost: FloatArray) -> None:
        limits = self._newcomers, self._max_moves, self._rethinks
        desk.follow(at, blind, self._required, self._possible, cost, *limits)

    def _more_desks(self, count: int) -> list[Desk]:
        """Desks for other threads, each with a placement of its own."""
        return [Desk(self._compiled, nothing_stands(self._compiled), Work(self._compiled.tables)) for _ in range(count)]

    def _heat(self, level: int) -> float:
        """How much worse a turn may make the level at the beginning: a part of what one chain costs."""
        levels = self._compiled.levels
        if level == 0:
            weights = levels.reject[0][levels.reject[0] > 0]
            return 0.3 * float(weights.mean()) if len(weights) else self._part_of(0)
        return self._part_of(level)

    def _part_of(self, level: int) -> float:
        return 0.3 * float(self.solution.values()[level]) / max(int(self.solution.placed.sum()), 1)


class _Course:
    """How far a search is on its way to its limits."""

    def __init__(self, limits: Limits, heat: float) -> None:
        self._limits, self._heat = limits, heat
        self._started, self._spent = time.monotonic(), 0.0
        self.turn = 0

    def goes_on(self, best: FloatArray, level: int) -> bool:
        """Whether another turn is to be taken."""
        limits = self._limits
        self._spent = (time.monotonic() - self._started) / max(limits.seconds, 1e-3)
        if limits.stop() or self._spent >= 1 or self.turn >= limits.turns:
            return False
        return bool(best[level] > limits.target + 1e-9 or best[0] >= MISSING)

    def warmth(self) -> float:
        """How much worse a turn may make the level now, on average."""
        return self._heat * (1 - max(self._spent, self.turn / self._limits.turns)) + 1e-12


def _own_prices(prices: Prices) -> Prices:
    return prices.replace(opening=prices.opening.copy(), node=prices.node.copy())


def _first_best(desks: Sequence[Desk], which: str) -> Desk:
    """The first desk with the best values of a kind."""
    first = desks[0]
    for desk in desks[1:]:
        if better(desk.arrays[which], first.arrays[which]):
            first = desk
    return first


def _agree(desks: Sequence[Desk], level: int) -> None:
    """Let all desks go on from one placement: the best one with what the others found besides."""
    leader = _first_best(desks, "now")
    others = [desk for desk in desks if desk is not leader]
    for desk in others:
        adopt(leader, desk, level)
    for desk in others:
        follow(desk, leader)
    for desk in desks:
        agree(desk)
