"""What ``explain`` and ``advise`` return: why chains are not accepted, what would have to grow, and what that gains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mosaico_place.result import CLOSED, Termination
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


class Verdict(StrEnum):
    """What solving again with a capacity grown says of the first level."""

    CONFIRMED = "confirmed"
    """It gets better than any placement without the growth can be."""
    BETTER = "better-found"
    """A better placement was found, but it is not proven that there is none as good without the growth."""
    NO_GAIN = "no-gain"
    """Proven: no placement with the growth is better than the one without it."""
    NOT_CONFIRMED = "not-confirmed"
    """Nothing better was found within the limits, and nothing proven."""
    NOT_CHECKED = "not-checked"
    """The limits struck before it was solved again."""


@dataclass(frozen=True, slots=True)
class CapacityGain:
    """What more of one capacity would gain on the first level.

    Attributes:
        capacity: its name.
        of: how much of it there is, in its smallest units.
        unit: one natural unit of it, in smallest units.
        by: how much it grows for the check, in smallest units: the fewest natural units that leave room for what one
            rejected chain takes of it.
        per_unit: what one natural unit gains at the shadow prices.
        promised: what ``by`` gains at the shadow prices, an estimate: prices count parts of chains.
        value: of the first level with the growth, the best found; None if not checked.
        bound: of the first level with the growth, proven; None where unproven.
        termination: how solving with the growth ended; None if not checked.
        verdict: what that says.
    """

    capacity: CapacityName
    of: int
    unit: int
    by: int
    per_unit: float
    promised: float
    value: float | None = None
    bound: float | None = None
    termination: Termination | None = None
    verdict: Verdict = Verdict.NOT_CHECKED


@dataclass(frozen=True, slots=True)
class CapacityAdvice:
    """Which capacities would gain most on the first level if there were more of them.

    Attributes:
        instance: its name.
        method: what solved it.
        termination: how solving it as it is ended.
        value: of the first level as it is; None if no placement was found.
        bound: of the first level as it is, proven; None where unproven.
        gains: what is worth most first, the best of every kind of capacity before the others.
    """

    instance: str
    method: str
    termination: Termination
    value: float | None
    bound: float | None
    gains: tuple[CapacityGain, ...] = ()

    @property
    def limited(self) -> bool | None:
        """Whether capacities limit the first level: False if there is nothing left to gain, None if unknown."""
        if self.value is not None and self.value <= CLOSED:
            return False
        return True if any(gain.verdict is Verdict.CONFIRMED for gain in self.gains) else None


def where_in_words(name: CapacityName) -> str:
    """A capacity as people call it."""
    kind, *rest = name
    if kind == "node":
        return f"{rest[1]} of {rest[0]}"
    return f"{rest[2]} of {rest[1]} on {rest[0]}" if kind == "device" else f"bandwidth from {rest[0]} to {rest[1]}"
