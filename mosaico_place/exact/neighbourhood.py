"""Small exact models as moves: most chains stay as they are, and HiGHS places the others anew, as well as can be.

That is large neighbourhood search (Shaw, "Using constraint programming and local search methods to solve vehicle
routing problems", CP 1998) with a branch and bound inside, as local branching (Fischetti and Lodi, Math. Program. 98,
2003) and RINS (Danna, Rothberg and Le Pape, Math. Program. 102, 2005) have it. The model is written once. For a move,
the variables of the chains that stay become numbers, and what is left of the rows goes to HiGHS. Which chains are set
free is drawn among several ways to choose, each the more often the more it has gained so far (adaptive large
neighbourhood search: Ropke and Pisinger, Transportation Science 40, 2006).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile import Problem
from mosaico_place.costing import cost
from mosaico_place.exact.exactness import IntArray, WholeRows, cuts, whole_rows
from mosaico_place.exact.highs import Highs, Outcome, Status
from mosaico_place.exact.level import keep, stopped
from mosaico_place.exact.model import FloatArray, Formulation, Matrix, build, chain_variables, decode, encode, transfer
from mosaico_place.exact.release import KINDS, Release
from mosaico_place.exact.strengthening import ALL, Strengthening
from mosaico_place.method import Answer, Options, Progress
from mosaico_place.placement import Placement
from mosaico_place.result import ModelSize, Termination, gap

FREE_COLUMNS = 1_500
"""0-1 variables that the first move sets free; later ones more or fewer, as HiGHS is done with them in time or not."""

GROWTH = 1.4
"""By how much that number grows or shrinks."""

PATIENCE = 24
"""Moves without a gain after which the next level has its turn."""

MOVE_SHARE, MOVE_S = 0.1, 4.0
"""Part of the time that is left which a move may take, and seconds that it may take at most."""

FEW = 2
"""Chains that are always set free together."""


class _StoppedError(Exception):
    """The model is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The model of everything, which moves are cut out of.

    Attributes:
        columns: chain -> positions of the variables that say how it is placed.
    """

    formulation: Formulation
    matrix: Matrix
    whole: WholeRows
    columns: dict[str, IntArray]


def prepare(problem: Problem, options: Options) -> Ground | None:
    """Write the model; None if time is up before it stands.

    Things that are alike are not ordered here: with most chains in place, that order would forbid most moves.
    """

    def pause() -> None:
        if stopped(options):
            raise _StoppedError

    try:
        formulation = build(problem, pause, ALL - {Strengthening.SYMMETRY})
        matrix = transfer(formulation)
        pause()
    except _StoppedError:
        return None
    symbols, position = formulation.symbols, matrix.position
    columns = {}
    for block in symbols.blocks():
        found = {position[id(var)] for var in chain_variables(symbols, block.chain) if id(var) in position}
        columns[block.chain.name] = np.array(sorted(found), dtype=np.int64)
    return Ground(formulation, matrix, whole_rows(matrix), columns)


def solve_neighbourhoods(
    problem: Problem, options: Options, ground: Ground, start: Placement, bounds: tuple[float | None, ...]
) -> Answer:
    """Improve a placement until time is up or every level meets its bound.

    Args:
        problem: the compiled instance; every chain that must be accepted can be embedded.
        options: limits, seed, threads, interruption, progress. There has to be a time limit.
        ground: the model of the problem.
        start: a placement that keeps every rule; the answer is never worse.
        bounds: what is known of each level, of the start's values of the levels before it.
    """
    levels = len(problem.instance.objective)
    began = options.elapsed_s()
    moves = Moves(problem, options, ground, start, bounds)
    if len(ground.columns) > 1:
        moves.run()
    matrix = ground.matrix
    return Answer(
        moves.placement,
        (None,) * levels,
        _ended(options),
        ModelSize(problem.candidates, problem.pruned, len(matrix.columns), matrix.rows.shape[0], matrix.rows.nnz),
        runtime_s={"moves": options.elapsed_s() - began},
    )


def _ended(options: Options) -> Termination:
    if options.stop.is_set():
        return Termination.INTERRUPTED
    return Termination.TIME_LIMIT if options.remaining_s() <= 0 else Termination.HEURISTIC


class Moves:
    """A placement, and the moves that make it better.

    Attributes:
        placement: the best one so far.
        values: of its levels.
    """

    def __init__(
        self,
        problem: Problem,
        options: Options,
        ground: Ground,
        start: Placement,
        bounds: tuple[float | None, ...],
    ) -> None:
        self.placement = start
        self._problem, self._options, self._ground, self._bounds = problem, options, ground, bounds
        self.values = self._cost(start)
        self._release = Release(problem, ground.formulation.symbols, {k: len(v) for k, v in ground.columns.items()})
        self._random = np.random.default_rng(options.seed)
        self._free = float(FREE_COLUMNS)
        self._gained, self._tried = np.ones(len(KINDS)), np.full(len(KINDS), 2.0)
        self._position, self._value = self._encoded()

    def run(self) -> None:
        """Move, the first level that could be better first."""
        level = idle = 0
        while not stopped(self._options):
            open_levels = [k for k in range(len(self.values)) if self._is_open(k)]
            if not open_levels:
                return
            if idle >= PATIENCE:
                level, idle = level + 1, 0
            level = next((k for k in open_levels if k >= level), open_levels[0])
            if self.move(level):
                level = idle = 0
            else:
                idle += 1

    def move(self, level: int) -> bool:
        """Set some chains free and place them as is best for a level; whether the placement is better for it."""
        share = self._gained / self._tried
        kind = int(self._random.choice(len(KINDS), p=share / share.sum()))
        chosen = self._release(KINDS[kind], self.placement, max(int(self._free), 1), self._random)
        if len(chosen) < FEW and len(self._ground.columns) >= FEW:
            chosen = [*chosen, *self._release("chance", self.placement, 1, self._random)]
        outcome, full = self._solved(level, chosen)
        better = full is not None and self._take(full)
        self._tried[kind] += 1
        self._gained[kind] += better
        if not better:
            most = sum(len(columns) for columns in self._ground.columns.values())
            larger = outcome.status is Status.OPTIMAL
            self._free = min(max(self._free * (GROWTH if larger else 1 / GROWTH), 50.0), 1.2 * most)
        return better

    def _is_open(self, level: int) -> bool:
        bound, value = self._bounds[level], float(self.values[level])
        before = all(self._bounds[k] is not None and not self._is_open(k) for k in range(level))
        known = bound is not None and (before or level == 0)
        return value > 0 and not (known and bound is not None and gap(value, bound) <= self._options.gap)

    def _solved(self, level: int, chosen: list[str]) -> tuple[Outcome, FloatArray | None]:
        """What HiGHS makes of the chosen chains, and the whole vector; None if it found nothing."""
        matrix, options = self._ground.matrix, self._options
        kept = [columns for name, columns in self._ground.columns.items() if name not in set(chosen)]
        free = np.ones(len(matrix.columns), dtype=np.bool_)
        for columns in kept:
            free[columns] = False
        part = rest(matrix, free, self._value)
        highs = Highs(part, threads=options.worker_threads, seed=options.seed, stop=options.stop, watch=lambda _: None)
        for k in range(level):
            keep(highs, k, self.values[k], self._ground.formulation.levels[k].step)
        within = np.cumsum(free) - 1
        known = self._position[free[self._position]]
        start = within[known].tolist(), self._value[known].tolist()
        seconds = min(max(MOVE_SHARE * options.remaining_s(), 0.2), MOVE_S, options.remaining_s())
        outcome = highs.minimise(level, gap=options.gap, time_limit_s=seconds, start=start)
        self._tell(level)
        if outcome.vector is None:
            return outcome, None
        full = self._value.copy()
        full[free] = outcome.vector
        return outcome, full

    def _take(self, full: FloatArray) -> bool:
        """Take a solution over if it is exact and better."""
        ground = self._ground
        placement = decode(ground.formulation, ground.matrix, full)
        if self._cost(placement) >= self.values:
            return False
        if cuts(ground.formulation, ground.matrix, ground.whole, full, placement):
            return False
        self.placement, self.values = placement, self._cost(placement)
        self._position, self._value = self._encoded()
        return True

    def _encoded(self) -> tuple[IntArray, FloatArray]:
        """Positions of the variables that the placement fixes, and (n,) their values, 0 elsewhere."""
        positions, values = encode(self._ground.formulation, self._ground.matrix, self.placement, rejected=True)
        full = np.zeros(len(self._ground.matrix.columns))
        full[positions] = values
        return np.array(positions, dtype=np.int64), full

    def _cost(self, placement: Placement) -> tuple[Fraction, ...]:
        return cost(self._problem.instance, placement, self._problem.previous).levels

    def _tell(self, level: int) -> None:
        elapsed_s, value = self._options.elapsed_s(), float(self.values[level])
        self._options.progress(Progress("improve", elapsed_s, level + 1, value, self._bounds[level]))


def rest(matrix: Matrix, free: NDArray[np.bool_], values: FloatArray) -> Matrix:
    """What is left of a model when all variables that are not ``free`` have their value."""
    index = np.flatnonzero(free)
    fixed = np.flatnonzero(~free & (values != 0))
    taken = matrix.rows[:, fixed] @ values[fixed]
    rows = matrix.rows[:, index].tocsr()
    touched = np.flatnonzero(np.diff(rows.indptr))
    columns = [matrix.columns[int(i)] for i in index]
    return replace(
        matrix,
        columns=columns,
        position={id(var): i for i, var in enumerate(columns)},
        lower=matrix.lower[index],
        upper=matrix.upper[index],
        integer=matrix.integer[index],
        costs=matrix.costs[:, index],
        offsets=matrix.offsets + matrix.costs[:, fixed] @ values[fixed],
        rows=rows[touched].tocsc(),
        low=(matrix.low - taken)[touched],
        high=(matrix.high - taken)[touched],
    )
