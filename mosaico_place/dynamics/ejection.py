"""Ejection chains: who is wanted takes the place of others, who take that of others, until all have one or are lost.

A tree of compound moves (Glover, "Ejection chains, reference structures and alternating path methods for traveling
salesman problems", Discrete Applied Mathematics 65, 1996). In each step the weightiest chain without a place is put
somewhere; who has to leave for that joins those without a place; or it is left out for good. Whoever was put somewhere
stays there down the tree, which therefore ends. One step ahead is looked before anything is dropped: a step is judged
by the levels after all who lost their place were embedded elsewhere as far as there is room. Steps are tried in that
order, and the tree is searched by limited discrepancy (Harvey, Ginsberg, "Limited discrepancy search", IJCAI 1995):
first by the best step everywhere, then with one that was not the best, with two, and so on.

With chains of one component, and no limit struck, every placement is within reach that keeps those where they are who
are in nobody's way.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.dynamics.covers import Covers
from mosaico_place.dynamics.displace import Displacer
from mosaico_place.methods.search.keeping import free_units, homes, kept, nodes_for
from mosaico_place.methods.search.ruin_and_recreate import MISSING, better
from mosaico_place.methods.search.search import Search
from mosaico_place.solution.incremental import Live
from mosaico_place.solution.solution import Snapshot

TOGETHER = 6
"""So many chains without a place are looked at together; of more, one after the other."""


@dataclass(slots=True)
class Effort:
    """What a search may take.

    Attributes:
        tries: how often chains may be put somewhere.
        deadline: by ``time.monotonic()``.
    """

    tries: float
    deadline: float

    @property
    def over(self) -> bool:
        """Whether it is used up."""
        return self.tries <= 0 or time.monotonic() >= self.deadline

    def part(self, parts: int) -> Effort:
        """One of so many equal parts of it."""
        now = time.monotonic()
        return Effort(self.tries / parts, now + (self.deadline - now) / parts)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the tree.

    Attributes:
        value: of the levels, after all who have no place then were embedded where there is room.
        chain: who is put somewhere, or left out for good.
        where: nodes that units of it are kept to; None if it is left out.
        leaving: who has to leave for that.
        missing: who has no place then, the weightiest first.
    """

    value: tuple[float, ...]
    chain: int
    where: Mapping[int, int] | None
    leaving: tuple[int, ...]
    missing: tuple[int, ...]


class Ejection:
    """Searches the tree below a live placement.

    Args:
        live: the placement; changed for better only.
        search: whose prices and values.
        displacer: knows what chains take.
    """

    def __init__(self, live: Live, search: Search, displacer: Displacer) -> None:
        self._live, self._search, self._solution = live, search, live.solution
        self._covers, self._displacer = Covers(live, displacer, search.prices), displacer
        self._anything = np.full(len(live.compiled.names), np.inf)
        self._best: FloatArray = search.value()
        self._none: FloatArray = np.zeros_like(self._best)
        self._kept: list[Snapshot] = []
        self._concerned: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._cut, self._effort = False, Effort(0, 0.0)
        self._explored: dict[object, int] = {}

    def run(self, wanted: Collection[int], effort: Effort) -> bool:
        """Look for places for chains that have none, and for those that lose theirs; whether nothing was left untried.

        Args:
            wanted: chains; those that have a place are passed over.
            effort: what it may take.
        """
        while True:
            queue = self._by_weight(k for k in wanted if not self._solution.placed[k])
            groups = [queue] if len(queue) <= TOGETHER else [(k,) for k in queue]
            found, complete = False, True
            for done, group in enumerate(groups):
                part = effort.part(len(groups) - done)
                before, tries = self._solution.placed.copy(), part.tries
                gained, whole = self._search_below(group, part)
                effort.tries -= tries - part.tries
                found, complete = found or gained, complete and whole
                wanted = [*wanted, *np.flatnonzero(before & ~self._solution.placed).tolist()]
            if not found or effort.over:
                return complete and not found

    def _search_below(self, missing: tuple[int, ...], effort: Effort) -> tuple[bool, bool]:
        """Search below the placement as it stands, and leave it at the best one; (whether better, whether complete)."""
        missing = tuple(k for k in missing if not self._solution.placed[k])
        self._effort, self._explored, slack = effort, {}, 0
        begun: FloatArray = self._search.value()
        self._live.placement()  # what chains take is measured once for all steps from here
        self._covers.begin()
        self._best = begun
        self._kept.clear()
        self._concerned = np.concatenate([np.flatnonzero(self._solution.placed), np.array(missing, dtype=np.int64)])
        stood = self._solution.save(self._concerned)
        while missing:
            self._cut = False
            self._extend(missing, frozenset(), slack)
            if not self._cut or effort.over:
                break
            slack = max(1, 2 * slack)
        if self._kept:
            self._kept[-1].restore()
            self._live.dirty.update(stood.differing())
        return bool(self._kept), not self._cut and not effort.over

    def _extend(self, missing: tuple[int, ...], staying: frozenset[int], slack: int) -> None:
        """Take steps for the first of those who have no place, then go on below."""
        if not missing:
            return
        key = missing, staying, self._solution.embeddings.option.tobytes()
        if self._explored.get(key, -1) >= slack:
            return
        self._explored[key] = slack
        steps = sorted(self._steps(missing, staying), key=lambda step: step.value)
        self._cut = self._cut or slack + 1 < len(steps)
        for rank, step in enumerate(steps[: slack + 1]):
            if self._effort.over:
                self._cut = True
                return
            if not step.missing:
                continue
            before = self._solution.save(np.array([step.chain, *step.leaving], dtype=np.int64))
            if self._take(step.chain, step.where, step.leaving, before) is not None:
                self._extend(step.missing, staying | {step.chain}, slack - rank)
            before.restore()

    # Steps

    def _steps(self, missing: tuple[int, ...], staying: frozenset[int]) -> Iterator[Step]:
        """What can become of the first of those who have no place, as far as anything could be gained by it."""
        k, met = missing[0], set[object]()
        for where in self._spots(k):
            for leaving in self._who_leaves(k, where, staying):
                if self._effort.over:
                    return
                step = self._tried(k, where, leaving, missing[1:], met)
                if step is not None:
                    yield step
        if len(missing) > 1 and (step := self._tried(k, None, (), missing[1:], met)) is not None:
            yield step

    def _spots(self, k: int) -> Iterator[Mapping[int, int]]:
        """Where a chain might stand: nodes that some of its units are kept to, as it stood before first."""
        tables, units = self._live.compiled.tables, free_units(self._live.compiled.tables, k)
        before = homes(self._solution, k)
        if before:
            yield before
        if len(units) != 1:
            yield {}
        for u in units:
            for n in nodes_for(tables, u):
                yield {u: n}
                if len(before) > 1 and before.get(u) != n:
                    yield {**before, u: n}

    def _who_leaves(self, k: int, where: Mapping[int, int], staying: frozenset[int]) -> Iterator[tuple[int, ...]]:
        """Sets of chains that make room for a chain there; the empty one if there is room."""
        self._effort.tries -= 1
        if self._fits(k, where):
            yield ()
            return
        with kept(self._live.compiled.tables, where):
            standing = [other for other in staying if self._solution.placed[other]]
            wanted = self._displacer.wanted(k, self._search.prices, standing)
        if wanted is not None:
            yield from self._covers.find(wanted, staying)

    def _fits(self, k: int, where: Mapping[int, int]) -> bool:
        """Whether there is room for a chain there."""
        if not self._put(k, where):
            return False
        self._solution.remove([k], self._search.prices)
        return True

    def _tried(
        self, k: int, where: Mapping[int, int] | None, leaving: tuple[int, ...], rest: tuple[int, ...], met: set[object]
    ) -> Step | None:
        """Take a step and take it back; None if it is none, is met already, or nothing can be gained by it."""
        self._effort.tries -= 1
        before = self._solution.save(np.array([k, *leaving, *rest], dtype=np.int64))
        try:
            moving = [self._least_move(other) for other in leaving]
            left = self._take(k, where, leaving, before)
            if left is None:
                return None
            missing = self._by_weight([*left, *rest])
            result = missing, self._solution.embeddings.option.tobytes()
            moves = sum(
                (least for other, least in zip(leaving, moving, strict=True) if other in left), start=self._none
            )
            if result in met or not better(self._at_best(missing) + moves, self._best):
                return None
            met.add(result)
            self._solution.insert(missing, self._search.prices, self._anything)
            value = self._search.value()
            if better(value, self._best):
                self._best, self._kept = value, [self._solution.save(self._concerned)]
            return Step(tuple(value.tolist()), k, where, tuple(left), missing)
        finally:
            before.restore()

    def _take(
        self, k: int, where: Mapping[int, int] | None, leaving: tuple[int, ...], before: Snapshot
    ) -> tuple[int, ...] | None:
        """Put a chain somewhere; who of those who leave for it cannot come back, None if it has no room even so."""
        if where is None:
            return ()
        solution, prices = self._solution, self._search.prices
        solution.remove(leaving, prices)
        if not self._put(k, where):
            return None
        return tuple(other for other in self._by_weight(leaving) if not before.stand_again(other, prices))

    def _put(self, k: int, where: Mapping[int, int]) -> bool:
        with kept(self._live.compiled.tables, where):
            return self._solution.insert([k], self._search.prices, self._anything) > 0

    def _least_move(self, k: int) -> FloatArray:
        """(levels,) what it costs at least if a chain that stands has to leave: to move it, or to lose it."""
        chain = self._live.compiled.tables.chains[k]
        mine = slice(int(chain["component"]), int(chain["component_end"]))
        components, option = self._live.compiled.tables.components[mine], self._solution.embeddings.option[mine]
        ran = components["ran"] > 0
        if chain["flow_end"] > chain["flow"] or not ran.any() or (option[ran] != components["home"][ran]).any():
            return self._none  # it may be in the way with a flow only, or return to where it ran
        levels = self._live.compiled.levels
        moved: FloatArray = levels.move[:, k] * float(components["move_price"][ran].min())
        lost: FloatArray = levels.reject[:, k].copy()
        return moved if better(moved, lost) else lost

    def _at_best(self, missing: tuple[int, ...]) -> FloatArray:
        """What the levels are if those without a place all get one for nothing."""
        levels, tables = self._live.compiled.levels, self._live.compiled.tables
        value: FloatArray = self._search.value()
        for k in missing:
            value -= levels.reject[:, k]
            chain = tables.chains[k]
            if chain["required"]:
                value[0] -= MISSING
        return value

    def _by_weight(self, chains: Iterable[int]) -> tuple[int, ...]:
        """The chains that must be placed first, then those that count most if they are not, then the largest."""
        required, reject = self._live.compiled.tables.chains["required"], self._search.prices.reject
        return tuple(sorted(chains, key=lambda k: (-int(required[k]), -float(reject[k]), k)))
