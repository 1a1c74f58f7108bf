"""The answer of ``explain`` for people."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from mosaico_place.explanation import Explanation


def explained(explanation: Explanation) -> RenderableType:
    """The answer of ``explain``."""
    if not explanation.chains:
        return Text(f"{explanation.instance}: every chain is accepted, there is nothing to explain")
    parts: list[RenderableType] = []
    for entry in explanation.chains:
        names = ", ".join(entry.chains)
        if entry.accepted:
            parts.append(Text(f"{names}: is accepted, there is nothing to explain"))
            continue
        verb = "is" if len(entry.chains) == 1 else "are"
        parts.append(Text(f"{names}: {verb} not accepted, because", style="bold"))
        parts += [Padding(Text(f"- {reason.message}"), (0, 0, 0, 2)) for reason in entry.reasons]
    return Group(*parts)
