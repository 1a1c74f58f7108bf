"""The table of the objective, level by level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType

from mosaico_place.instance import Instance
from mosaico_place.report.figures import in_percent, plain
from mosaico_place.report.tables import new_table, titled
from mosaico_place.report.words import summed
from mosaico_place.result import LevelResult


def objective(
    levels: Sequence[LevelResult], instance: Instance, terms: Mapping[str, float]
) -> Iterator[RenderableType]:
    """One row per level, below it one per term where several are added up, then what no level names."""
    proven = any(level.bound is not None for level in levels)
    table = new_table(">level", "terms", ">value", *((">bound", ">gap") if proven else ()))
    named: set[str] = set()
    for number, (level, weights) in enumerate(zip(levels, instance.objective, strict=True), start=1):
        proof = (plain(level.bound), in_percent(level.gap)) if proven else ()
        table.add_row(str(number), summed(weights), plain(level.value), *proof)
        named.update(level.terms)
        for term, value in level.terms.items() if len(weights) > 1 else ():
            table.add_row("", f"  {term}", f"({plain(value)})", style="dim")
    for term, value in terms.items():
        if term not in named and value:
            table.add_row("", f"{term}, in no level", f"({plain(value)})", style="dim")
    yield from titled("Objective", table)
