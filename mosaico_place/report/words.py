"""Words that several answers use."""

from __future__ import annotations

from mosaico_place.instance import ObjectiveLevel
from mosaico_place.quantities import decimal_text
from mosaico_place.result import Termination

ENDINGS = {
    Termination.OPTIMAL: "optimal, proven best on every level",
    Termination.GAP: "within the gap that was asked for, on every level",
    Termination.TIME_LIMIT: "stopped at the time limit",
    Termination.ITERATION_LIMIT: "stopped at the iteration limit",
    Termination.MEMORY_LIMIT: "stopped at the memory limit",
    Termination.INFEASIBLE: "infeasible, it is proven that no placement keeps all rules",
    Termination.INTERRUPTED: "interrupted",
    Termination.HEURISTIC: "the method ended by itself and proves nothing",
}
"""How a solve ended."""


def counted(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def summed(level: ObjectiveLevel) -> str:
    """The terms of a level, each with its weight unless that is 1."""
    return " + ".join(
        str(term) if weight == 1 else f"{decimal_text(weight)} x {term}" for term, weight in level.items()
    )
