"""What ``explain`` returns: why chains are not accepted, and what would have to grow to accept them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mosaico_place.result import Termination
from mosaico_place.usage import CapacityName


class Kind(StrEnum):
    """What a reason speaks of."""

    IMPOSSIBLE = "impossible"
    """The chain cannot be accepted, whatever the others do."""
    LATENCY = "latency"
    """A latency budget cannot be met even alone."""
    CAPACITY = "capacity"
    """Capacities must grow."""
    HELD = "held"
    """Other chains hold what it needs."""
    OBJECTIVE = "objective"
    """It could be accepted, but the objective does better without it."""
    RULES = "rules"
    """No growth of capacities helps: other rules are in the way."""
    UNKNOWN = "unknown"
    """The limits struck before anything was known."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, in a sentence."""

    kind: Kind
    message: str


@dataclass(frozen=True, slots=True)
class ChainReasons:
    """Why some chains are not accepted: one chain, or several that must be accepted together.

    Attributes:
        chains: their names.
        accepted: whether they are accepted, so that there is nothing to explain.
        reasons: cheapest test first.
        growth: capacity by name -> by how many of its smallest units it
            must grow; empty if no growth is needed, or none helps.
        proven: whether it is proven that no growth can be lowered with the others as they are.
    """

    chains: tuple[str, ...]
    accepted: bool
    reasons: tuple[Reason, ...] = ()
    growth: Mapping[CapacityName, int] = field(default_factory=dict)
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Of an instance: how its solve ended, and the reasons."""

    instance: str
    termination: Termination
    chains: tuple[ChainReasons, ...]
