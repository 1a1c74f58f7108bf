"""What a unit costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Prices:
    """What a unit costs; what is absent costs nothing, or what the next wider prices say.

    Attributes:
        resources: price per smallest unit of a node resource.
        device: price per smallest unit of a device resource.
        bandwidth: price per bit/s on one link.
        active: price of a node in use.
        opened: price of one opened instance of a shared function.
        move: price of one moved component.
    """

    resources: Mapping[str, Fraction] = field(default_factory=dict)
    device: Mapping[str, Fraction] = field(default_factory=dict)
    bandwidth: Fraction | None = None
    active: Fraction | None = None
    opened: Fraction | None = None
    move: Fraction | None = None


NO_PRICES = Prices()
