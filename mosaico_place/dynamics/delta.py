"""How a placement differs from another: small where little has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mosaico_place.placement import ChainPlacement, Opening, Placement, differing


@dataclass(frozen=True, slots=True)
class Delta:
    """How a placement differs from another.

    Attributes:
        chains: the chains that are placed otherwise; None for those that are not placed any more.
        openings: instances of which another number is opened; 0 for those that are closed.
    """

    chains: Mapping[str, ChainPlacement | None] = field(default_factory=dict)
    openings: Mapping[Opening, int] = field(default_factory=dict)

    def on(self, placement: Placement) -> Placement:
        """The other placement."""
        if not self.chains and not self.openings:
            return placement
        chains = {**placement.chains, **self.chains}
        openings = {**placement.instances, **self.openings}
        return Placement(
            {name: placed for name, placed in chains.items() if placed is not None},
            {opening: count for opening, count in openings.items() if count},
        )


def difference(before: Placement, now: Placement) -> Delta:
    """How ``now`` differs from ``before``."""
    openings = {opening: count for opening, count in now.instances.items() if before.instances.get(opening, 0) != count}
    openings |= dict.fromkeys((opening for opening in before.instances if opening not in now.instances), 0)
    return Delta(differing(before, now), openings)
