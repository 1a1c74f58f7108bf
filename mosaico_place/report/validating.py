"""The answer of ``validate`` for people."""

from __future__ import annotations

from mosaico_place.instance import Instance
from mosaico_place.quantities import Dimension
from mosaico_place.report.figures import quantity
from mosaico_place.report.words import counted
from mosaico_place.scenario import Scenario


def valid(file: str, found: Instance | Scenario) -> str:
    """The line of ``validate`` for a file without faults."""
    if isinstance(found, Scenario):
        last = found.events[-1].at_ns if found.events else 0
        events = f"{counted(len(found.events), 'event')} in {quantity(last / 10**9, Dimension.TIME)}"
        return f"{file}: ok ({found.name}: {events} on {found.instance.name})\n"
    instance = found
    counts = (
        counted(len(instance.nodes), "node"),
        counted(len(instance.links), "link"),
        counted(len(instance.functions), "function"),
        counted(len(instance.chains), "chain"),
    )
    return f"{file}: ok ({instance.name}: {', '.join(counts)})\n"
