"""The documents of the orchestrator: what it decided, and the lines of its journal."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mosaico_place.schema.parts import Document, FlowEntry, LevelEntry, RewriteEntry, SpotEntry, ViolationEntry
from mosaico_place.schema.plan import InterruptionEntry, StepEntry


class PlacedEntry(Document):
    """Where a chain stands."""

    components: dict[str, SpotEntry]
    flows: list[FlowEntry]


class CountEntry(Document):
    """How many instances of a shared function are opened in one implementation on one node."""

    node: str
    function: str
    implementation: str
    count: int = Field(ge=0)
    """0 for those that are closed."""


class DeltaDocument(Document):
    """How a placement differs from the one before."""

    chains: dict[str, PlacedEntry | None]
    """Chains that are placed otherwise; null for those that are not placed any more."""
    rewrites: list[RewriteEntry]
    """Components of these chains that are merged, or run in parallel."""
    instances: list[CountEntry]
    """Instances of which another number is opened."""


class ChangesEntry(Document):
    """How many changes there are to what ran before."""

    moves: int
    reroutes: int
    rewrites: int


class DecisionDocument(DeltaDocument):
    """What `watch` answers to events: what is to stand from now on."""

    id: str | None = None
    """Of the request; left out if it had none."""
    version: int = Field(ge=1)
    cause: Literal["start", "events", "failed", "sync", "improved"]
    about: int | None = None
    """The version whose plan went wrong; left out if none did."""
    at: str | None = None
    """When, by the clock of the events; left out if they did not say."""
    steps: list[StepEntry]
    """Of the plan, in the order in which they are taken; none if nothing is to be done."""
    interruptions: list[InterruptionEntry]
    """What stands still because of the plan."""
    objective: list[LevelEntry]
    changes: ChangesEntry
    refused: list[str]
    """Chains that arrived and found no place."""
    dropped: list[str]
    """Chains that ran and do so no more, though they are wanted."""
    admitted: list[str]
    """Chains that had been waiting."""
    unmet: list[ViolationEntry]
    """Chains that must be accepted and are not."""
    time_ms: float
    """From the event to the checked answer."""


class DoneEntry(Document):
    """Which step of which plan."""

    version: int = Field(ge=1)
    step: int | None = Field(None, ge=1)
    """Counted from 1; left out for all of them."""


class DoneLine(Document):
    """A line of a journal: a step has been carried out."""

    done: DoneEntry


class HeadLine(Document):
    """First line of a journal."""

    journal: Literal[1]
    """Version of the format."""
    instance: str
    """Name of the instance."""
    digest: str
    """SHA-256 of the instance as `dump` writes it."""


class DecisionLine(Document):
    """A line of a journal: a decision, and what led to it."""

    decision: DecisionDocument
    events: list[dict[str, Any]] = Field(default_factory=list)
    """What happened, in the form of the file."""
    actual: DeltaDocument | None = None
    """How what really ran before differed from what was thought."""
    detours: dict[str, DeltaDocument] = Field(default_factory=dict)
    """Step, counted from 1 -> where it switches its chain for the time being; the others switch to the last place."""
