"""The answer of ``check`` for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from mosaico_place.costing import Cost
from mosaico_place.instance import Instance
from mosaico_place.report.objective import objective
from mosaico_place.report.tables import new_table, titled
from mosaico_place.report.words import counted
from mosaico_place.result import LevelResult, Violation


def checked(instance: Instance, violations: Sequence[Violation], total: Cost) -> RenderableType:
    """The answer of ``check``."""
    terms = {str(term): float(value) for term, value in total.terms.items()}
    levels = [
        LevelResult({str(term): terms[str(term)] for term in level}, float(value), None, None)
        for level, value in zip(instance.objective, total.levels, strict=True)
    ]
    costs = tuple(objective(levels, instance, terms))
    if not violations:
        return Group(Text(f"{instance.name}: no rule broken", style="bold green"), *costs)
    table = new_table("rule", "where", "what is wrong")
    for violation in violations:
        table.add_row(violation.rule, violation.where, violation.message)
    headline = Text(f"{instance.name}: {counted(len(violations), 'violation')}", style="bold red")
    return Group(headline, *titled("Violations", table), *costs)
