"""The ``auto`` method: picks one by the size of the problem, and says why."""

from __future__ import annotations

from dataclasses import replace

from mosaico_place.compile import Problem
from mosaico_place.method import Answer, Options

ONE_MODEL = 2000
"""Chains times nodes up to which one model is mostly proven optimal within a minute (docs/algorithms.md)."""

HARD_MODEL = 800
"""Chains times nodes from which one model takes so long that a search before it pays (docs/algorithms.md)."""

SEARCH_SHARE = 0.1
"""Part of the time that is left which this search may take."""

SEARCH_S = 10.0
"""Seconds that it may take, where there is a time limit at all."""


def pick(problem: Problem) -> tuple[str, str]:
    """The method for a problem, and why."""
    chains, nodes = len(problem.instance.chains), len(problem.instance.nodes)
    size = f"{chains} x {nodes} chains and nodes"
    if chains * nodes <= ONE_MODEL:
        return "exact", f"{size} make one model that can be proven optimal"
    return "columns", f"{size} are too many for one model"


def solve_auto(problem: Problem, options: Options) -> Answer:
    """Let the method for the problem's size answer."""
    name, why = pick(problem)
    # Imported here: each brings libraries that take a second to load.
    if name == "columns":
        from mosaico_place.columns.method import solve_columns

        return replace(solve_columns(problem, options), chosen=(name, why))
    if len(problem.instance.chains) * len(problem.instance.nodes) >= HARD_MODEL:
        return _prove(problem, options, why)
    from mosaico_place.exact.method import solve_exact

    return replace(solve_exact(problem, options), chosen=(name, why))


def _prove(problem: Problem, options: Options, why: str) -> Answer:
    """Search, then let the exact method start from what was found."""
    from mosaico_place.exact.method import solve_exact
    from mosaico_place.methods.search.method import solve_heuristic

    before = options.elapsed_s()
    limit = options.time_limit_s
    if limit is not None:
        limit = min(limit, before + max(min(SEARCH_SHARE * options.remaining_s(), SEARCH_S), 1e-3))
    begun = solve_heuristic(problem, replace(options, time_limit_s=limit))
    searched = options.elapsed_s() - before
    answer = solve_exact(problem, options, start=begun.placement)
    why += "; it started from " + ("nothing, as a search found no placement" if begun.placement is None else "a search")
    # Whatever stopped the exact method, a bound on the first level holds for every placement.
    first = begun.bounds[0] if answer.bounds[0] is None and answer.placement is not None else answer.bounds[0]
    return replace(
        answer,
        bounds=(first, *answer.bounds[1:]),
        chosen=("exact", why),
        runtime_s={"search": searched, **answer.runtime_s},
    )
