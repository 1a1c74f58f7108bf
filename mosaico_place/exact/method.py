"""The ``exact`` method: level after level of one model, each with a proven bound."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from mosaico_place.compile import Problem
from mosaico_place.costing import cost
from mosaico_place.errors import SolverError
from mosaico_place.exact.exactness import whole_rows
from mosaico_place.exact.highs import Glimpse, Highs, Outcome, Status
from mosaico_place.exact.level import Solver, keep, stopped
from mosaico_place.exact.model import Formulation, Matrix, build, decode, encode, transfer
from mosaico_place.exact.strengthening import ALL, Strengthening, arranged, packs
from mosaico_place.instance import Term
from mosaico_place.method import Answer, Options, Progress
from mosaico_place.placement import Placement
from mosaico_place.result import ModelSize, Termination, gap, rounded_up
from mosaico_place.rules import CostTerm

_LIMIT = {
    Status.TIME_LIMIT: Termination.TIME_LIMIT,
    Status.ITERATION_LIMIT: Termination.ITERATION_LIMIT,
    Status.MEMORY_LIMIT: Termination.MEMORY_LIMIT,
    Status.INTERRUPTED: Termination.INTERRUPTED,
    Status.INFEASIBLE: Termination.INFEASIBLE,
}


@dataclass(slots=True)
class _Search:
    """One solve: the model, the solver that holds it, and what is known so far, level by level."""

    options: Options
    formulation: Formulation
    matrix: Matrix
    placement: Placement | None = None
    values: tuple[Fraction, ...] = ()
    bounds: list[float | None] = field(default_factory=list)
    limit: Termination | None = None

    def settle(self, placement: Placement, level: int = 0) -> tuple[Fraction, ...]:
        """Take over a placement, unless the one at hand is as good from this level on; its values."""
        values = cost(self.formulation.instance, placement, self.formulation.symbols.problem.previous).levels
        if self.placement is None or values[level:] < self.values[level:]:
            self.placement, self.values = placement, values
        return values


def solve_exact(
    problem: Problem,
    options: Options,
    strengthenings: frozenset[Strengthening] = ALL,
    start: Placement | None = None,
) -> Answer:
    """Solve one Pyomo model with HiGHS, one objective level after the other.

    Level k is minimised with every level before it kept at or below the value found for it, so its bound is proven
    for exactly the placements that the result speaks of. A chain that pruning shows to be impossible is rejected
    beforehand, with the reason.

    Args:
        problem: the compiled instance; its previous placement is where the search starts.
        options: limits, seed, threads, interruption, progress.
        strengthenings: what to use; the optimum is the same without.
        start: a placement that keeps every rule, to start from instead; the answer is never worse.
    """
    why = {name: block.why for name, block in problem.blocks.items() if block.why is not None}
    levels = len(problem.instance.objective)
    size = ModelSize(candidates=problem.candidates, pruned=problem.pruned)
    if any(problem.instance.must_accept(problem.blocks[name].chain) for name in why):
        return Answer(None, (None,) * levels, Termination.INFEASIBLE, size, why=why)
    clock = _Clock()

    def pause() -> None:
        if status := stopped(options):
            raise _StoppedError(status)

    try:
        formulation = build(problem, pause, strengthenings)
        clock.lap("build")
        matrix = transfer(formulation)
        pause()
    except _StoppedError as error:
        return Answer(start, (None,) * levels, _LIMIT[error.status], size, why=why, runtime_s=clock.laps)
    search = _Search(options, formulation, matrix)
    if start is not None:
        search.settle(arranged(formulation.symbols, start))
    if matrix.columns:
        highs = _start_solver(search)
        clock.lap("transfer")
        _solve_levels(search, highs)
    else:  # there is nothing to decide
        search.settle(decode(formulation, matrix, np.zeros(0)))
        search.bounds = [float(value) for value in search.values]
    clock.lap("solve")
    return Answer(
        placement=search.placement,
        bounds=(*search.bounds, *[None] * (levels - len(search.bounds))),
        termination=search.limit or _proven(search),
        model=ModelSize(problem.candidates, problem.pruned, len(matrix.columns), matrix.rows.shape[0], matrix.rows.nnz),
        why=why,
        runtime_s=clock.laps,
    )


class _StoppedError(Exception):
    """The model is not wanted any more."""

    def __init__(self, status: Status) -> None:
        self.status = status
        super().__init__(status)


def _start_solver(search: _Search) -> Highs:
    options = search.options

    def watch(glimpse: Glimpse) -> None:
        options.progress(
            Progress(
                phase="solve",
                elapsed_s=options.elapsed_s(),
                level=len(search.bounds) + 1,
                incumbent=_known(glimpse.incumbent),
                bound=_known(glimpse.bound),
                nodes=glimpse.nodes,
            )
        )

    return Highs(search.matrix, threads=options.worker_threads, seed=options.seed, stop=options.stop, watch=watch)


def _solve_levels(search: _Search, highs: Highs) -> None:
    """Solve the levels in turn until one hits a limit."""
    formulation, matrix = search.formulation, search.matrix
    objective, previous = formulation.instance.objective, formulation.symbols.problem.previous
    start = None
    if search.placement is not None:
        start = encode(formulation, matrix, search.placement, rejected=True)
    elif previous is not None:
        start = encode(formulation, matrix, previous, rejected=False)
    solver = Solver(search.options, formulation, matrix, highs, whole_rows(matrix))
    packed = not len(formulation.model.accept) and _pack(search, highs)
    for level, form in enumerate(formulation.levels):
        if search.placement is not None and search.values[level] == 0:
            search.bounds.append(0.0)  # no cost term is ever negative, so there is nothing to solve
        else:
            outcome, placement = solver.minimise(level, search.options.gap, start)
            found = None if placement is None else search.settle(placement, level)[level]
            _record(search, outcome, found, level, form.step)
            if search.placement is None or outcome.status is not Status.OPTIMAL:
                search.limit = _LIMIT[outcome.status]
                return
        start = encode(formulation, matrix, search.placement, rejected=True)
        keep(highs, level, search.values[level], form.step)
        if not packed and search.values[level] == 0 and Term(CostTerm.REJECTED) in objective[level]:
            packed = _pack(search, highs)


def _pack(search: _Search, highs: Highs) -> bool:
    """From here on every chain is accepted: say how many instances that takes."""
    if Strengthening.PACK in search.formulation.symbols.strengthenings:
        for variables, number in packs(search.formulation.symbols):
            highs.at_least([search.matrix.position[id(var)] for var in variables], number)
    return True


def _record(search: _Search, outcome: Outcome, found: Fraction | None, level: int, step: Fraction) -> None:
    """Take over what one level proved, and hold what was found against what the solver believes."""
    if outcome.status is Status.INFEASIBLE and search.placement is not None:
        raise SolverError(f"level {level + 1} is called infeasible although a placement is known")
    if outcome.vector is not None and found is not None:
        believed = float(search.matrix.costs[level] @ outcome.vector + search.matrix.offsets[level])
        value = float(found)
        if value > believed + 1e-5 * max(1.0, abs(believed)):
            raise SolverError(f"level {level + 1} costs {value}, but the solver believes {believed}")
    if search.placement is None or math.isinf(outcome.bound):
        search.bounds.append(None)
    elif outcome.bound > (value := float(search.values[level])) + 1e-5 * max(1.0, abs(value)):
        raise SolverError(f"level {level + 1} is said to cost at least {outcome.bound}, but a placement costs {value}")
    else:
        search.bounds.append(rounded_up(outcome.bound, step, search.values[level]))


def _known(value: float) -> float | None:
    return None if math.isinf(value) else value


def _proven(search: _Search) -> Termination:
    """Every level was solved: to the end, or to the gap that was asked for."""
    closed = all(
        bound is not None and gap(float(value), bound) == 0
        for value, bound in zip(search.values, search.bounds, strict=True)
    )
    return Termination.OPTIMAL if closed else Termination.GAP


class _Clock:
    """Wall-clock seconds per phase."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        """End a phase."""
        now = time.perf_counter()
        self.laps[phase] = self.laps.get(phase, 0.0) + now - self._last
        self._last = now
