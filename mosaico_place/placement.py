"""The answer, by name: which chains are accepted, where their components stand, which way their flows go.

A placement knows nothing of its instance; whether it keeps the rules, :mod:`mosaico_place.checking` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from mosaico_place.remembered import of_two

FlowPath = tuple[str, ...]
"""Node names from the tail's node to the head's; one name where both stand on one node."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a component stands: node, implementation and, at level ``gpu``, the device or devices.

    Attributes:
        node: name of the node.
        implementation: name of the implementation.
        device: the only device, or the first of several by name; None below level ``gpu``.
        further: the other devices, by name, where the implementation takes several.
    """

    node: str
    implementation: str
    device: str | None = None
    further: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Spots that name the same devices are equal, in whatever order they were named.
        if self.further:
            first, *others = sorted(self.further if self.device is None else (self.device, *self.further))
            object.__setattr__(self, "device", first)
            object.__setattr__(self, "further", tuple(others))

    @classmethod
    def on(cls, node: str, implementation: str, devices: Sequence[str]) -> Self:
        """The spot on so many devices, or on none."""
        return cls(node, implementation, devices[0] if devices else None, tuple(devices[1:]))

    @property
    def devices(self) -> tuple[str, ...]:
        """All devices, by name; none below level ``gpu``."""
        return () if self.device is None else (self.device, *self.further)


@dataclass(frozen=True, slots=True)
class ChainPlacement:
    """One accepted chain.

    Attributes:
        components: spot of every component that is no endpoint.
        flows: (tail, head) -> path, for every flow.
        merged: groups of equivalent components that run as one.
        parallel: groups of independent components that run at the same time.
    """

    components: Mapping[str, Spot]
    flows: Mapping[tuple[str, str], FlowPath]
    merged: tuple[tuple[str, ...], ...] = ()
    parallel: tuple[tuple[str, ...], ...] = ()


class Opening(NamedTuple):
    """What an opened instance is: a shared function in one implementation on one node."""

    node: str
    function: str
    implementation: str


@dataclass(frozen=True, slots=True)
class Placement:
    """The whole answer.

    Attributes:
        chains: the accepted chains by name; a chain that is absent is rejected.
        instances: how many instances of each shared function are opened, per node and implementation.
    """

    chains: Mapping[str, ChainPlacement] = field(default_factory=dict)
    instances: Mapping[Opening, int] = field(default_factory=dict)


EMPTY = Placement()
"""The placement that accepts nothing."""


@of_two
def differing(before: Placement, now: Placement) -> Mapping[str, ChainPlacement | None]:
    """The chains that are placed otherwise than before; None for those that are not placed any more."""
    found: dict[str, ChainPlacement | None] = {}
    for name, placed in now.chains.items():
        stood = before.chains.get(name)
        if placed is not stood and placed != stood:
            found[name] = placed
    if len(before.chains) + len(found) > len(now.chains):
        found |= dict.fromkeys(name for name in before.chains if name not in now.chains)
    return found
