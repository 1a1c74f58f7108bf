"""Local search for what no price tells: the fullest capacity, nodes that are in use, components that moved for nothing.

A chain is embedded where it costs least at prices; of two machines on which it costs the same, ``balance`` and
``active`` want a certain one. So one unit of a chain is kept to another node, two chains change places, a node is
emptied, a unit returns to where it ran. A step is kept if the levels are better for it, lexicographically; or, where
only the largest share is counted, if the shares are more even (less sum of squares), since several machines may be
equally full and only the last step away from that shows. These are the shift and swap neighbourhoods of assignment
problems (Yagiura, Ibaraki, Glover, "An ejection chain approach for the generalized assignment problem", INFORMS J.
Comput. 16, 2004).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.methods.search.keeping import Places, barred, homes, kept, nodes_for, places
from mosaico_place.methods.search.ruin_and_recreate import better

if TYPE_CHECKING:
    from mosaico_place.methods.search.search import Search

_EVEN = 1e-9
"""Less is rounding."""


@dataclass(frozen=True, slots=True)
class Step:
    """Chains that leave and come back in this order; units that are kept to a node, or kept off one, meanwhile."""

    chains: tuple[int, ...]
    to: Mapping[int, int]
    off: Mapping[int, int]


class Relocation:
    """Steps from a placement to better ones.

    Args:
        search: whose solution, prices and values.
        tries: how many steps may be tried.
        stop: whether to end at once.
        some: the chains that take steps; all if not given.
    """

    def __init__(
        self, search: Search, tries: int, stop: Callable[[], bool] = lambda: False, some: Collection[int] | None = None
    ) -> None:
        self._some = None if some is None else np.array(sorted(some), dtype=np.int64)
        self._search, self._solution, self._tries, self._stop = search, search.solution, tries, stop
        self._compiled = search.solution.compiled
        levels = self._compiled.levels
        self._balance = next((j for j in range(levels.count) if levels.balance[j] > 0), None)
        self._active = bool((levels.active > 0).any())
        moves: BoolArray = np.asarray((levels.move > 0).any(axis=1))
        self._moves, first = bool(moves.any()), np.flatnonzero((levels.balance > 0) | (levels.active > 0))
        self._must_stay = bool(len(first) and moves[: first[0]].any())  # who moves makes an earlier level worse
        self._anything = np.full(len(self._compiled.names), np.inf)
        self._now, self._uneven = search.value(), self._sum_of_squares()

    def run(self) -> bool:
        """Take steps until none is better; whether the placement is better for it."""
        solution = self._solution
        begun = best = self._now
        stood = solution.save(np.flatnonzero(solution.placed))
        while (step := self._next()) is not None:
            del step
            if better(self._now, best):
                best, stood = self._now, solution.save(np.flatnonzero(solution.placed))
        if better(best, self._now):
            stood.restore()
            self._now = best
        return better(best, begun)

    def _next(self) -> Step | None:
        """Take the first step that is kept; None if there is none any more, or no time."""
        for step in self._steps():
            if self._tries <= 0 or self._stop():
                return None
            self._tries -= 1
            if self._keeps(step):
                return step
        return None

    def _keeps(self, step: Step) -> bool:
        """Take a step; whether it is kept."""
        solution, prices = self._solution, self._search.prices
        chains = np.array(step.chains, dtype=np.int64)
        before = solution.save(chains)
        solution.remove(chains, prices)
        with kept(self._compiled.tables, step.to), barred(self._compiled.tables, step.off):
            solution.insert(chains, prices, self._anything)
        after = self._search.value()
        uneven = self._sum_of_squares()
        if better(after, self._now) or self._is_more_even(after, uneven):
            self._now, self._uneven = after, uneven
            return True
        before.restore()
        return False

    def _is_more_even(self, after: FloatArray, uneven: float) -> bool:
        """Whether shares are more even, and no level up to that of the largest one is worse."""
        if self._balance is None or uneven >= self._uneven - _EVEN:
            return False
        upto = self._balance + 1
        return not better(self._now[:upto], after[:upto])

    def _sum_of_squares(self) -> float:
        """Of used shares, as far as they count."""
        rows, state = self._compiled.rows, self._solution.state
        if self._balance is None:
            return 0.0
        share = np.divide(rows.capacity[0] - state.free[0], rows.amount, out=np.zeros(len(rows.amount)),
                          where=rows.amount > 0)  # fmt: skip
        return float((share**2).sum())

    # What is tried

    def _steps(self) -> Iterator[Step]:
        """The neighbourhoods, small ones first."""
        chains = self._in_order()
        if self._moves:
            for k in chains:
                yield from self._returns(k)
        if self._balance is None and not self._active:
            return
        for k in chains:
            yield from self._shifts(k)
        if self._active:
            yield from self._closings(chains)
        for one, other in combinations(chains, 2):
            yield from self._swaps(one, other)

    def _in_order(self) -> list[int]:
        """The chains that stand, those on the fullest capacity first."""
        placed = np.flatnonzero(self._solution.placed)
        if self._some is not None:
            placed = self._some[self._solution.placed[self._some]]
        if self._must_stay:
            placed = np.array([k for k in placed if not self._is_home(int(k))], dtype=np.int64)
        if self._balance is None or not len(placed):
            return [int(k) for k in placed]
        rows, state = self._compiled.rows, self._solution.state
        used = rows.capacity[0] - state.free[0]
        share = np.divide(used, rows.amount, out=np.zeros(len(rows.amount)), where=rows.amount > 0)
        name, index = rows.names[int(np.argmax(share))], self._compiled.problem.infrastructure.index
        there = self._solution.here[index[name[1]], placed]
        return [int(k) for k in np.concatenate([placed[there], placed[~there]])]

    def _is_home(self, k: int) -> bool:
        """Whether a chain stands where it ran."""
        before = homes(self._solution, k)
        return bool(before) and before == places(self._solution, k)

    def _returns(self, k: int) -> Iterator[Step]:
        """All units, or one of them, where they ran."""
        now, before = places(self._solution, k), homes(self._solution, k)
        away = [u for u in before if before[u] != now.get(u)]
        if away:
            yield Step((k,), before, {})
        if len(now) > 1:
            for u in away:
                yield Step((k,), {**now, u: before[u]}, {})
                yield Step((k,), {**before, u: now[u]}, {})

    def _shifts(self, k: int) -> Iterator[Step]:
        """One unit elsewhere, the others where they stand or wherever they are best then."""
        now = places(self._solution, k)
        for u, at in now.items():
            for n in nodes_for(self._compiled.tables, u):
                if n != at:
                    yield Step((k,), {**now, u: n}, {})
                    if len(now) > 1:
                        yield Step((k,), {u: n}, {})

    def _swaps(self, one: int, other: int) -> Iterator[Step]:
        """A unit of each where one of the other's stands."""
        mine, theirs = places(self._solution, one), places(self._solution, other)
        mask = self._compiled.tables.mask
        for u, n in mine.items():
            for v, m in theirs.items():
                if n != m and mask[u, m] and mask[v, n]:
                    yield Step((one, other), {**mine, **theirs, u: m, v: n}, {})

    def _closings(self, chains: Sequence[int]) -> Iterator[Step]:
        """Nothing on one of the nodes any more, those first that host least."""
        hosted = self._solution.state.hosted
        standing = {k: places(self._solution, k) for k in chains}
        for n in np.argsort(hosted, kind="stable").tolist():
            if hosted[n] > 0:
                there: Places = {u: n for now in standing.values() for u, at in now.items() if at == n}
                leaving = tuple(k for k in chains if there.keys() & standing[k].keys())
                if leaving:
                    yield Step(leaving, {}, there)
