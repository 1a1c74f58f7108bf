"""File models of the lines that ``watch`` reads, and the documents of those that it writes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from mosaico_place.schema.amounts import MaybeTime
from mosaico_place.schema.base import Flag, Key, Strict, given, parse_from_one
from mosaico_place.schema.decision import DecisionDocument, DecisionLine, DoneEntry, DoneLine, HeadLine
from mosaico_place.schema.events import EventModel, MaybeName
from mosaico_place.schema.parts import Document, LevelEntry, ViolationEntry
from mosaico_place.schema.placement import AnswerDocument, ChainEntry, PlacementDocument, RewriteEntry

_MAPPING = given("a mapping")


_NUMBER = {"type": "integer", "minimum": 1}
Number = Annotated[int, PlainValidator(parse_from_one), WithJsonSchema(_NUMBER)]
MaybeNumber = Annotated[int | None, PlainValidator(parse_from_one), WithJsonSchema(_NUMBER)]


class StepDone(Strict):
    """A step that is carried out."""

    version: Number
    """Whose plan."""
    step: MaybeNumber = None
    """Which step of it, counted from 1; all of them if left out."""


class Actual(Strict):
    """Where chains stand that are not where they should be."""

    chains: dict[Key, ChainEntry | None]
    """Chains by name; null for those that do not run."""
    rewrites: list[RewriteEntry] = Field(default_factory=list)
    """Components of theirs that are merged, or run in parallel."""


class StepFailed(Strict):
    """A step that could not be carried out."""

    version: Number
    """Whose plan."""
    step: MaybeNumber = None
    """Which step of it, counted from 1."""
    actual: Actual
    """What really runs of the chains that it concerns."""


def _only_what_places(value: Any) -> Any:
    """The placement in a document that may hold more, such as that of `solve --json`."""
    if isinstance(value, dict) and "format" in value:
        return {key: value[key] for key in ("chains", "instances", "rewrites") if key in value}
    return value


_ANY_PLACEMENT = BeforeValidator(_only_what_places, json_schema_input_type=AnswerDocument | PlacementDocument)


class Query(Strict):
    """What is asked for."""

    chain: MaybeName = None
    """One chain; everything if left out."""


class RequestModel(EventModel):
    """A line for `watch`: one event, or `events`, `done`, `failed`, `sync`, `query`, `what-if` or `metrics`."""

    id: MaybeName = None
    """Names the request; a repeat of an event, `failed` or `sync` changes nothing and is answered as before."""
    at: MaybeTime = None
    """When it happened, by one clock for all lines, e.g. `12 s`."""
    events: Annotated[list[EventModel] | None, given("a list of events"), Field(json_schema_extra={"minItems": 1})] = (
        None
    )
    """Events of one moment, which get one answer."""
    done: Annotated[StepDone | None, _MAPPING] = None
    """A step has been carried out."""
    failed: Annotated[StepFailed | None, _MAPPING] = None
    """A step could not be carried out: decide anew from what runs."""
    sync: Annotated[PlacementDocument | None, _MAPPING, _ANY_PLACEMENT] = None
    """The placement as the network reports it: decide from there."""
    query: Annotated[Query | None, _MAPPING] = None
    """How things stand."""
    what_if: Annotated[EventModel | None, _MAPPING] = Field(None, alias="what-if")
    """What the answer to an event would be; nothing changes."""
    metrics: Flag = False
    """Counts, times and values."""


class ReadyEntry(Document):
    """What `watch` begins with."""

    instance: str
    """Name of the instance."""
    version: int
    """Of the last decision."""
    restored: bool
    """Whether it goes on from a journal."""


class ReadyLine(Document):
    """The line after which requests are answered."""

    ready: ReadyEntry


class SyncEntry(Document):
    """How what the network reported differs."""

    differs: list[str]
    """Chains that stood otherwise than was thought."""
    unknown: list[str]
    """Chains that run, but are none of the instance; nothing is decided about them."""


class DecisionAnswer(DecisionDocument):
    """The answer to events, `failed` and `sync`; also told when something better was found in idle time."""

    sync: SyncEntry | None = None
    """Of a `sync` only."""


class Answer(Document):
    """What all other answers say."""

    id: str | None = None
    """Of the request; left out if it had none."""


class WhatIfAnswer(Answer):
    """The answer to `what-if`."""

    what_if: DecisionDocument = Field(alias="what-if")
    """What would be answered to the event, with the version that it would have."""


class DoneAnswer(Answer):
    """The answer to `done`."""

    done: DoneEntry


class PendingEntry(Document):
    """A plan that is not known to be carried out."""

    version: int
    steps: list[int]
    """Those that nobody has reported as done, counted from 1."""


class StandingEntry(Document):
    """How things stand."""

    version: int
    """Of the last decision."""
    at: str
    """The latest time that a request named."""
    waiting: list[str]
    """Chains that are wanted and have no place."""
    lost: list[str]
    """Chains that were refused and did not want to wait."""
    pending: list[PendingEntry]
    objective: list[LevelEntry]
    """As of the last decision."""
    unmet: list[ViolationEntry]
    """Chains that must be accepted and are not."""
    placement: dict[str, Any]
    """What was decided, as a placement for other commands."""


class OfChainEntry(Document):
    """How one chain stands."""

    chain: str
    version: int
    """Of the last decision."""
    state: str
    """`accepted`, `waiting` or `lost`."""
    placement: dict[str, Any]
    """Its part of the placement."""


class QueryAnswer(Answer):
    """The answer to `query`."""

    query: StandingEntry | OfChainEntry


class MetricsEntry(Document):
    """Counts since the process began, and how things stand."""

    version: int
    decisions: dict[str, int]
    """By cause."""
    events: dict[str, int]
    """By kind."""
    repeats: int
    what_ifs: int
    rejected: int
    """Lines that could not be used."""
    moves: int
    reroutes: int
    rewrites: int
    refused: int
    dropped: int
    admitted: int
    interruptions: int
    """Of all plans together."""
    time_ms: dict[str, float]
    """`p50`, `p99` and `max` over the latest 10,000 answers to events."""
    chains: int
    """That are wanted."""
    accepted: int
    """That have a place."""
    accepted_weight: float
    unmet: int
    objective: list[LevelEntry]
    """As of the last decision."""


class MetricsAnswer(Answer):
    """The answer to `metrics`."""

    metrics: MetricsEntry


class ErrorEntry(Document):
    """One thing that is wrong with a line."""

    path: str
    """Where in the line, as keys and list positions joined by dots."""
    message: str


class ErrorAnswer(Answer):
    """The answer to a line that cannot be used; nothing has changed."""

    line: int
    """Counted from 1."""
    error: list[ErrorEntry]


AnswerLine = ReadyLine | DecisionAnswer | WhatIfAnswer | DoneAnswer | QueryAnswer | MetricsAnswer | ErrorAnswer
"""A line that ``watch`` writes."""
JournalLine = HeadLine | DecisionLine | DoneLine
"""A line of its journal."""
