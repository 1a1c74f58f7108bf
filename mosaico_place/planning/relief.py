"""Whom it could help if a chain, or one of its components, left its place: what must hold, before anything is tried."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from mosaico_place.placement import FlowPath, Opening
from mosaico_place.planning.changes import Change
from mosaico_place.planning.charges import added
from mosaico_place.planning.stage import Shortage, Stage
from mosaico_place.usage import CapacityName, hops_of

Short = tuple[Change, Shortage | None]
"""A change that does not fit, and its :meth:`.Stage.shortage`."""


@dataclass(frozen=True, slots=True)
class Relief:
    """The most that is given back.

    Attributes:
        amounts: of which capacities.
        unloads: instances that less counts on.
        closes: whether some of them are closed then, which gives back what is not told here.
    """

    amounts: Mapping[CapacityName, int]
    unloads: Collection[Opening]
    closes: bool

    def could_help(self, shortage: Shortage | None) -> bool:
        """Whether a shortage could end with it."""
        if self.closes or shortage is None or any(opening in self.unloads for opening in shortage.opens):
            return True
        return all(self.amounts.get(name, 0) >= amount for name, amount in shortage.amounts.items())


def helped(relief: Relief, short: Iterable[Short]) -> list[Change]:
    """Those that it could help."""
    return [change for change, shortage in short if relief.could_help(shortage)]


def relief_by_all(stage: Stage, change: Change) -> Relief:
    """What a chain gives back if it stops."""
    return Relief(change.old.takes, change.old.loads.keys(), stage.closes(change.old.loads))


def relief_by_one(
    stage: Stage, change: Change, name: str, flows: Mapping[tuple[str, str], FlowPath] | None = None
) -> Relief:
    """What a chain gives back if one component leaves its spot, and its flows their paths: for ``flows``, if known."""
    items = change.items
    unloads = {opening for user, opening in items.loads if name in user[:2]}
    parts = [taken for (_, names), taken in items.processes.items() if name in names]
    parts += [taken for (user, _), taken in items.programs.items() if name in user[:2]]
    kept = {(ends, hop) for ends, path in (flows or {}).items() for hop in hops_of(path)}
    parts += [{("link", *key[1]): rate} for key, rate in items.hops.items() if name in key[0] and key not in kept]
    return Relief(added(parts), unloads, stage.closes(unloads))
