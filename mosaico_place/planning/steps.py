"""What a plan is: the steps that lead from one placement to the next, and what they interrupt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mosaico_place.instance import Instance
from mosaico_place.placement import ChainPlacement, FlowPath, Opening, Placement, Spot


@dataclass(frozen=True, slots=True)
class Transition:
    """What a plan leads through.

    Attributes:
        earlier: the instance before the event; it knows the chains that are gone.
        instance: the instance after it.
        before: the placement that runs; of what is down by now, nothing is left of it.
        after: the placement that is wanted.
    """

    earlier: Instance
    instance: Instance
    before: Placement
    after: Placement


class Act(StrEnum):
    """What a step does."""

    START = "start"
    """A component begins to run on a spot, or instances are opened; both are charged from now on."""
    TRANSFER = "transfer"
    """The state of a component is carried from its old spot to its new one."""
    SWITCH = "switch"
    """All flows of a chain take their new paths at once."""
    STOP = "stop"
    """A component ends on a spot, a chain's traffic ends, or instances are closed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan.

    Attributes:
        act: what is done.
        chain: the chain that it is done to; None for opened instances.
        component: the component that is started, carried over or stopped; None if a chain's traffic stops.
        spot: where it starts, is carried to or stops.
        source: where it is carried from.
        opening: which instances are started or stopped.
        count: how many of them.
        placement: how the chain is placed once it is switched.
        paths: (tail, head) -> path of each flow that the switch puts on another one.
        duration_ns: how long it takes as far as anything is known; None if that cannot be told.
    """

    act: Act
    chain: str | None = None
    component: str | None = None
    spot: Spot | None = None
    source: Spot | None = None
    opening: Opening | None = None
    count: int = 0
    placement: ChainPlacement | None = None
    paths: Mapping[tuple[str, str], FlowPath] = field(default_factory=dict)
    duration_ns: int | None = 0


@dataclass(frozen=True, slots=True)
class Interruption:
    """A chain that stands still for a while because of the plan.

    Attributes:
        chain: the chain.
        components: what is stopped before it runs elsewhere.
        first: position of the step that stops its traffic.
        last: position of the step that switches it on again.
        length_ns: the sum of the durations of these steps and all between; None if that cannot be told.
    """

    chain: str
    components: tuple[str, ...]
    first: int
    last: int
    length_ns: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps from one placement to the next; an empty plan has none.

    Attributes:
        steps: in the order in which they are taken.
        interruptions: in the order in which they begin; what the event itself interrupted is not among them.
    """

    steps: tuple[Step, ...] = ()
    interruptions: tuple[Interruption, ...] = ()
