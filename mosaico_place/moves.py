"""What moved between two placements: the plain comparison that rules, cost terms and reports share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mosaico_place.instance import Chain, Instance
from mosaico_place.placement import Placement, Spot, differing


class Move(NamedTuple):
    """A component of a chain that runs before and after, on another spot than before."""

    chain: Chain
    component: str
    before: Spot
    now: Spot


def moved(instance: Instance, placement: Placement, previous: Placement | None) -> Iterator[Move]:
    """Every component whose node, devices or implementation changed while its chain runs before and after.

    A component that the chain did not have before has not moved; chains that the instance does not know are left out.
    """
    if previous is None:
        return
    for name, now in differing(previous, placement).items():
        before = previous.chains.get(name)
        if now is None or before is None or name not in instance.chains:
            continue
        chain = instance.chains[name]
        for component in chain.components:
            old, new = before.components.get(component), now.components.get(component)
            if old is not None and new is not None and old != new:
                yield Move(chain, component, old, new)
