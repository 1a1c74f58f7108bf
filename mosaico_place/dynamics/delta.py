"""What differs between two placements, for a record that is read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mosaico_place.document import placement_document, read_placement
from mosaico_place.placement import Placement


@dataclass(frozen=True, slots=True)
class Delta:
    """From one placement to the next.

    Attributes:
        changed: the chains that are new or placed otherwise, and all opened instances.
        gone: chains that are placed no more.
    """

    changed: Placement
    gone: tuple[str, ...] = ()

    def after(self, before: Placement) -> Placement:
        """The next placement."""
        chains = {name: chain for name, chain in before.chains.items() if name not in self.gone}
        return Placement({**chains, **self.changed.chains}, self.changed.instances)

    def document(self) -> dict[str, object]:
        """For JSON; :func:`read_delta` reads it back."""
        return {**placement_document(self.changed), "gone": list(self.gone)}


def between(before: Placement, after: Placement) -> Delta:
    """What leads from one to the other."""
    changed = {name: chain for name, chain in after.chains.items() if before.chains.get(name) != chain}
    gone = tuple(name for name in before.chains if name not in after.chains)
    return Delta(Placement(changed, after.instances), gone)


def read_delta(document: Mapping[str, Any]) -> Delta:
    """What :meth:`Delta.document` made; ValueError or KeyError if it is something else."""
    from mosaico_place.schema.placement import PlacementDocument

    placed = {key: value for key, value in document.items() if key != "gone"}
    return Delta(read_placement(PlacementDocument.model_validate(placed)), tuple(document["gone"]))
