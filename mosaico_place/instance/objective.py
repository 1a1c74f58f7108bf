"""What is to be small: cost terms, weighted and in levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from mosaico_place.rules import CostTerm


@dataclass(frozen=True, slots=True)
class Term:
    """A cost term in an objective level; ``class_name`` narrows a sum over chains to one class."""

    cost: CostTerm
    class_name: str | None = None

    def __str__(self) -> str:
        return f"{self.cost}.{self.class_name}" if self.class_name is not None else str(self.cost)


ObjectiveLevel = Mapping[Term, Fraction]
"""A weighted sum: term -> positive weight."""

DEFAULT_OBJECTIVE: tuple[ObjectiveLevel, ...] = (
    {Term(CostTerm.REJECTED): Fraction(1)},
    {Term(CostTerm.LATENCY): Fraction(1)},
    {Term(CostTerm.RESOURCES): Fraction(1)},
)
