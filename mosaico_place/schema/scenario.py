"""File models of a scenario and of the processes that it may draw events from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from mosaico_place.errors import shown
from mosaico_place.schema.amounts import MaybeTime, Rate, Time
from mosaico_place.schema.base import Flag, Key, Name, Names, Strict, given
from mosaico_place.schema.chains import CopiedFlow, Counted, Nodes, Template
from mosaico_place.schema.document import Format, Objective
from mosaico_place.schema.events import DeviceName, TimedEventModel
from mosaico_place.schema.infrastructure import Pair

MOST = 100_000
"""How many events a process may make."""


def _parse_count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"expected a whole number from 0, found {shown(value)}")
    return value


def _parse_crowd(value: object) -> int:
    count = _parse_count(value)
    if not 1 <= count <= MOST:
        raise ValueError(f"expected a whole number from 1 to {MOST}, found {count}")
    return count


Count = Annotated[int, PlainValidator(_parse_count), WithJsonSchema({"type": "integer", "minimum": 0})]
MaybeCount = Annotated[int | None, PlainValidator(_parse_count), WithJsonSchema({"type": "integer", "minimum": 0})]
Crowd = Annotated[int, PlainValidator(_parse_crowd), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST})]


class Window(Strict):
    """When a process is at work."""

    begin: Time = Field(0, alias="from")
    """Its beginning."""
    until: MaybeTime = None
    """Its end; the scenario's unless given."""


class Guests(Counted):
    """Chains that are made from a template, and leave after a random time."""

    template: Name
    """The template: one of the scenario's, or of its instance's."""
    at: dict[Key, Nodes] = Field(default_factory=dict)
    """Endpoint -> its node, or a list: each chain draws one position, the same for all lists."""
    name: Annotated[Name, Field(json_schema_extra={"minLength": 1})] = ""
    """What the chains are called, with a number behind it; like the template unless given."""
    lifetime: MaybeTime = None
    """Mean time until a chain departs, exponential; it stays unless given."""
    wait: Flag = True
    """Whether a chain waits while it is refused; else it is lost."""


class Arrivals(Guests, Window):
    """Chains that arrive one by one, as a Poisson process."""

    every: Time
    """Mean time between two arrivals."""


class FlashCrowd(Guests):
    """Many chains at nearly one time."""

    begin: Time = Field(alias="from")
    """When the first may arrive."""
    within: Time
    """They arrive in this time, evenly spread at random."""
    count: Crowd
    """How many."""


class Departures(Strict):
    """Chains of the instance that leave after a random time."""

    chains: Names
    """Chains by name; `*` stands for anything. Those that depart under `events` are left alone."""
    lifetime: Time
    """Mean time from the beginning until one departs, exponential."""


class Failures(Window):
    """Parts of the infrastructure that fail and are repaired, each by itself."""

    nodes: list[Name] = Field(default_factory=list)
    """Nodes that may fail."""
    devices: list[DeviceName] = Field(default_factory=list)
    """Devices that may fail."""
    links: list[Pair] = Field(default_factory=list)
    """Links that may fail."""
    every: Time
    """Mean time that one of them works, exponential."""
    repair: MaybeTime = None
    """Mean time until it works again, exponential; never unless given."""


class Mobility(Window):
    """Endpoints that go from node to node."""

    chains: Names
    """Chains by name; `*` stands for anything."""
    endpoints: Names
    """Components that go together, those that the chain has."""
    between: list[Name]
    """Nodes in a row: from one they go to the one before or behind it."""
    every: Time
    """Mean time on a node, exponential."""


class Rates(Window):
    """A flow that takes other rates."""

    chains: Names
    """Chains by name; `*` stands for anything."""
    flow: CopiedFlow
    """The flow, such as `{from: encode, to: screen}`, of those chains that have it."""
    rates: list[Rate]
    """What it may take; each time one of the others is drawn."""
    every: Time
    """Mean time at a rate, exponential."""


class Alarms(Window):
    """Links that a monitor reports as slow, and after a while as healthy again."""

    links: list[Pair]
    """Links that may become slow, each by itself."""
    latency: Time
    """What a slow link takes, both ways."""
    every: Time
    """Mean time that a link is healthy, exponential."""
    lasts: Time
    """Mean time that it is slow, exponential."""


_MAPPING = given("a mapping")


class Process(Strict):
    """Where events are drawn from: exactly one of these."""

    arrivals: Annotated[Arrivals | None, _MAPPING] = None
    """Chains arrive one by one."""
    flash_crowd: Annotated[FlashCrowd | None, _MAPPING] = Field(None, alias="flash-crowd")
    """Many chains arrive at nearly one time."""
    departures: Annotated[Departures | None, _MAPPING] = None
    """Chains of the instance depart."""
    failures: Annotated[Failures | None, _MAPPING] = None
    """Nodes, devices and links fail and are repaired."""
    mobility: Annotated[Mobility | None, _MAPPING] = None
    """Endpoints go from node to node."""
    rates: Annotated[Rates | None, _MAPPING] = None
    """A flow takes other rates."""
    alarms: Annotated[Alarms | None, _MAPPING] = None
    """Links are reported as slow."""


class ScenarioDocument(Strict):
    """A scenario: an instance, and what happens to it."""

    format: Format
    """Version of this format."""
    name: Name = ""
    """Name of the scenario; the file's name unless given."""
    instance: Name
    """File of the instance, below the scenario's folder or in the folder `instances` beside that."""
    objective: Annotated[list[Objective] | None, given("a list")] = None
    """Levels, best first; dropped, rejected and moves, latency, resources unless given."""
    max_moves: MaybeCount = Field(None, alias="max-moves")
    """How many components one answer may move; any number unless given."""
    preempt: Flag = False
    """Whether a chain that runs may be given up for one that arrives: the default objective then names no `dropped`."""
    templates: dict[Key, Template] = Field(default_factory=dict)
    """Chains that others are made from, besides those of the instance."""
    events: list[TimedEventModel] = Field(default_factory=list)
    """What happens, in any order."""
    generate: list[Process] = Field(default_factory=list)
    """Processes that further events are drawn from."""
    seed: Count = 0
    """What they are drawn with."""
    until: MaybeTime = None
    """End of the scenario: what the processes draw after it does not happen."""
