"""The ``auto`` method: picks one by the size of the problem, and says why."""

from __future__ import annotations

from dataclasses import replace

from mosaico_place.compile import Problem
from mosaico_place.method import Answer, Options

ONE_MODEL = 2000
"""Chains times nodes up to which one model is mostly proven optimal within a minute (docs/algorithms.md)."""


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
    if name == "exact":
        from mosaico_place.exact.method import solve_exact

        return replace(solve_exact(problem, options), chosen=(name, why))
    from mosaico_place.columns.method import solve_columns

    return replace(solve_columns(problem, options), chosen=(name, why))
