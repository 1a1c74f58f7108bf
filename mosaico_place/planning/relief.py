"""Whom it could help if a chain, or one of its components, left its place: what must hold, before anything is tried."""

from __future__ import annotations

from collections.abc import Iterable

from mosaico_place.planning.changes import Change
from mosaico_place.planning.charges import Amounts, added
from mosaico_place.planning.stage import Stage

Short = tuple[Change, Amounts | None]
"""A change that does not fit, and its :meth:`.Stage.shortage`."""


def helped(freed: Amounts | None, short: Iterable[Short]) -> list[Change]:
    """Those whose shortage so much given back could end; None could be anything."""
    return [
        change
        for change, lacks in short
        if freed is None or lacks is None or all(freed.get(name, 0) >= amount for name, amount in lacks.items())
    ]


def freed_by_all(stage: Stage, change: Change) -> Amounts | None:
    """The most that a chain gives back if it stops; None if that cannot be told, as instances close with it."""
    return None if stage.closes(change.old.loads) else dict(change.old.takes)


def freed_by_one(stage: Stage, change: Change, name: str) -> Amounts | None:
    """The most that a chain gives back if one component leaves its spot and its flows their paths."""
    items = change.items
    if stage.closes(opening for user, opening in items.loads if name in user[:2]):
        return None
    parts = [taken for (_, names), taken in items.processes.items() if name in names]
    parts += [taken for (user, _), taken in items.programs.items() if name in user[:2]]
    parts += [{("link", *hop): rate} for (ends, hop), rate in items.hops.items() if name in ends]
    return added(parts)
