"""The ``columns`` method: prices and bounds by column generation, placements by the search that they guide."""

from __future__ import annotations

from mosaico_place.columns.closing import Closing
from mosaico_place.columns.generation import Generation, is_close
from mosaico_place.columns.whole import take_whole
from mosaico_place.compile import Problem
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.summed import find_least, must_stand, sum_up
from mosaico_place.method import Answer, Options
from mosaico_place.methods.search.method import Run, lowest, run_levels
from mosaico_place.placement import Placement
from mosaico_place.solution.solution import Solution

FIRST_SHARE, LATER_SHARE = 0.25, 0.4
"""Part of the time that is left which generating columns may take, for the first level and for later ones.

A later level has less time left, but its columns take longer: what a level is worth in another has to be found out.
"""

WHOLE_SHARE, CLOSE_SHARE, LAST_SHARE = 0.2, 0.6, 0.85
"""Parts of the time that is then left which taking whole columns and a round of closing the gap may take; the latter
may take more where no level comes after.
"""

ROUNDS = 6
"""Of closing the gap, each with more links that are looked at."""


def solve_columns(problem: Problem, options: Options, start: Placement | None = None) -> Answer:
    """Generate columns for the best bound, then search with their shadow prices, level by level.

    The search begins at ``start``, a placement that keeps every rule, if it is given, else at what ran before.
    """
    generations: list[Generation] = []

    def pricing(run: Run, level: int, solution: Solution) -> tuple[FloatArray, float | None]:
        if not generations:
            generations.append(Generation.begun(run.compiled, run.pricer, run.stopped))
        else:
            generations[0].master.add(generations[0].columns_of(solution))
            generations[0].next_level(float(solution.values()[level - 1]))
        found = _generate(run, generations[0], level)
        if level > 0:
            forced = must_stand(run.compiled, solution.values()[:level])
            summed = sum_up(run.compiled, find_least(run.compiled), level, forced).bound
            found = found[0], summed if found[1] is None else max(found[1], summed)
        if level > 0 and not run.stopped() and _are_proven(run, solution):
            # Where levels before are not, chains crowd one another out, and the search is better at that.
            return found[0], _close(run, generations[0], solution, found[1])
        return found

    return run_levels(problem, options, pricing, start)


def _generate(run: Run, generation: Generation, level: int) -> tuple[FloatArray, float | None]:
    """Generate columns for a level until its bound is close or its time is up."""
    before = run.options.elapsed_s()
    share = run.options.remaining_s() * (LATER_SHARE if level else FIRST_SHARE)

    def stop() -> bool:
        return run.stopped() or run.options.elapsed_s() - before > share

    def closed(value: float, bound: float) -> bool:
        run.tell("columns", level, None, bound)
        return is_close(value, bound)

    generation.run(stop, closed, packed=level > 0)
    assert generation.best is not None, "a run prices at least once"
    shadow = generation.best.duals.charged
    if level == 0 and not stop():
        # Rows of nodes take from the prices of capacities, which the search goes by.
        generation.run(stop, closed, packed=True)
    return shadow, generation.bound


def _close(run: Run, generation: Generation, solution: Solution, bound: float | None) -> float | None:
    """Take whole columns, then those of all that can be; the bound, higher if it can be."""
    level, closing = generation.level, Closing(generation, solution)
    share = CLOSE_SHARE if level + 1 < run.compiled.levels.count else LAST_SHARE
    known = rounds = 0
    while True:
        if len(generation.master.columns) > known:
            seconds = WHOLE_SHARE * run.options.remaining_s()
            take_whole(generation, solution, run.problem.max_moves, seconds, run.stopped)
        known = len(generation.master.columns)
        ended = closing.ended or rounds == ROUNDS or run.stopped()
        if bound is None or ended or solution.values()[level] <= lowest(run, level, bound) + 1e-9:
            return bound
        seconds = share * run.options.remaining_s()
        bound = max(bound, closing.round(solution, seconds, run.options.gap, run.stopped))
        run.tell("columns", level, None, bound)
        rounds += 1


def _are_proven(run: Run, solution: Solution) -> bool:
    """Whether all levels before the one at hand have met their bounds."""
    values = solution.values()
    return all(values[level] <= lowest(run, level, bound) + 1e-9 for level, bound in enumerate(run.bounds))
