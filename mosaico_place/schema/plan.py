"""The document of a plan."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mosaico_place.schema.parts import Document, FlowEntry, SpotEntry


class ChainRewrite(Document):
    """Components of the chain of a step that are merged, or run in parallel."""

    rewrite: Literal["merged", "parallel"]
    components: list[str]


class StepEntry(Document):
    """One step of a plan. What says nothing about it is left out."""

    step: Literal["start", "transfer", "switch", "stop"]
    chain: str | None = None
    """The chain that it is done to; left out where instances of a shared function are started or stopped."""
    component: str | None = None
    """What starts, is carried over or stops; left out where a chain's traffic switches or stops."""
    function: str | None = None
    """The shared function whose instances are started or stopped."""
    count: int | None = Field(None, ge=1)
    """How many of its instances."""
    node: str | None = None
    """Where it starts or stops, or is carried to."""
    implementation: str | None = None
    device: str | None = None
    devices: list[str] | None = None
    """The GPUs, in place of `device`, of what takes several."""
    source: SpotEntry | None = Field(None, alias="from")
    """Where its state is carried from."""
    flows: list[FlowEntry] | None = None
    """Of a switch: the flows that take another path, all at once."""
    rewrites: list[ChainRewrite] | None = None
    """Of a switch: all rewrites of the chain from then on."""
    duration_us: float | None
    """How long it takes, as far as state and programs say; null if that cannot be told."""


class InterruptionEntry(Document):
    """A chain that stands still for a while because of the plan."""

    chain: str
    components: list[str]
    """What is stopped before it runs elsewhere; empty if only the program under its flows changes."""
    first: int = Field(ge=1)
    """The step, counted from 1, that stops its traffic."""
    last: int = Field(ge=1)
    """The step that switches it on again."""
    length_us: float | None
    """The durations of these steps and all between; null if that cannot be told."""


class PlanDocument(Document):
    """The steps from one placement to the next."""

    format: Literal[1]
    steps: list[StepEntry]
    """In the order in which they are taken; none if nothing is to be done."""
    interruptions: list[InterruptionEntry]
    """What stands still because of the plan; what the event itself has interrupted is not among them."""
