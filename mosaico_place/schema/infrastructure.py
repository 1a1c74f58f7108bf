"""File models of nodes, links and functions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from mosaico_place.errors import shown
from mosaico_place.instance import Kind, Level
from mosaico_place.schema.amounts import (
    Bytes,
    DeviceDemand,
    DeviceResources,
    LinkPrices,
    MaybeRate,
    NodePrices,
    NodeResources,
    OwnPrices,
    Rate,
    Time,
)
from mosaico_place.schema.base import Flag, Key, Name, Names, Strict, given, parse_choice


def _parse_kind(value: object) -> Kind:
    return Kind(parse_choice(value, Kind, "kind", "a node is one of"))


NodeKind = Annotated[
    Kind,
    PlainValidator(_parse_kind),
    WithJsonSchema({"type": "string", "enum": [str(kind) for kind in Kind]}),
]


def _parse_level(value: object) -> Level:
    return Level(parse_choice(value, Level, "level", "a level is one of"))


_LEVEL_SCHEMA = WithJsonSchema({"type": "string", "enum": [str(level) for level in Level]})
LevelName = Annotated[Level, PlainValidator(_parse_level), _LEVEL_SCHEMA]
MaybeLevel = Annotated[Level | None, PlainValidator(_parse_level), _LEVEL_SCHEMA]


class Device(DeviceResources):
    """A GPU; declared resources are further keys."""

    down: Flag = False
    """It does not work, and holds nothing."""


class Node(NodeResources):
    """A machine, switch or attachment point; declared resources are further keys."""

    kind: NodeKind
    """What it is: only p4-switch and router nodes may lie inside a path."""
    reserved: NodeResources = Field(default_factory=NodeResources)
    """Amounts that placements may not use."""
    gpus: dict[Key, Device] = Field(default_factory=dict)
    """GPUs by name (servers only); share is 1 unless given."""
    forwarding: Time = 0
    """Delay of every flow that enters it (p4-switch and router only)."""
    hand_over: Time = Field(0, alias="hand-over")
    """Delay between two components that both stand on it."""
    labels: dict[Key, Name] = Field(default_factory=dict)
    """Label -> value, e.g. site -> rennes."""
    runs: Annotated[list[LevelName] | None, given("a list")] = None
    """Levels that it runs; by its kind unless given: server vnf, and gpu with GPUs; p4-switch p4."""
    prices: NodePrices = Field(default_factory=NodePrices)
    """Prices here; they come before the instance's."""
    down: Flag = False
    """It does not work: it runs and forwards nothing, and its links are down."""
    drained: Flag = False
    """It is to be emptied: it runs nothing, but forwards, and keeps its endpoints."""
    hitless: Flag = False
    """It goes on forwarding while a program is loaded (p4-switch only)."""


def both_ways(value: Any) -> Any:
    """One figure as that of both directions."""
    return value if isinstance(value, dict) else {"forth": value, "back": value}


class Rates(Strict):
    """A rate per direction."""

    forth: Rate
    """From the first to the second node of between."""
    back: Rate
    """From the second to the first node of between."""


class Times(Strict):
    """A time per direction."""

    forth: Time
    """From the first to the second node of between."""
    back: Time
    """From the second to the first node of between."""


BothRates = Annotated[Rates, BeforeValidator(both_ways, json_schema_input_type=Rate | Rates)]
BothTimes = Annotated[Times, BeforeValidator(both_ways, json_schema_input_type=Time | Times)]


def _pair(value: Any) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("expected two nodes, such as [edge-1, switch-1]")
    return value


Pair = Annotated[list[Name], BeforeValidator(_pair), Field(json_schema_extra={"minItems": 2, "maxItems": 2})]
"""Two nodes."""


class Queue(Strict):
    """What flows wait before a link."""

    classic: Time = 0
    """In the ordinary queue."""
    l4s: Time = 0
    """Where a function with `queue: l4s` serves the flow on the switch before the link."""


class Queues(Strict):
    """Waiting times per direction."""

    forth: Queue = Field(default_factory=Queue)
    """From the first to the second node of between."""
    back: Queue = Field(default_factory=Queue)
    """From the second to the first node of between."""


def _both_queues(value: Any) -> Any:
    per_direction = isinstance(value, dict) and not {"forth", "back"}.isdisjoint(value)
    return value if per_direction else {"forth": value, "back": value}


BothQueues = Annotated[Queues, BeforeValidator(_both_queues, json_schema_input_type=Queue | Queues)]


class Link(Strict):
    """Two nodes joined; a figure counts for both directions, or is given as {forth: .., back: ..}."""

    between: Pair
    """The two nodes."""
    bandwidth: BothRates
    """Rate it carries, e.g. `10 Gbps`."""
    latency: BothTimes
    """Delay of crossing it, e.g. `250 us`."""
    reserved: BothRates = Field(default_factory=lambda: Rates(forth=0, back=0))
    """Rate that placements may not use."""
    queue: BothQueues = Field(default_factory=Queues)
    """What flows wait before it, e.g. `{classic: 15 ms, l4s: 1 ms}`."""
    prices: LinkPrices = Field(default_factory=LinkPrices)
    """Prices here; they come before the instance's."""
    down: Flag = False
    """It does not work: it carries nothing."""


class Infrastructure(Strict):
    """Nodes and the links between them."""

    nodes: dict[Key, Node]
    """Nodes by name."""
    links: list[Link] = Field(default_factory=list)
    """At most one link per pair of nodes."""


def _parse_queue(value: object) -> str:
    if value != "l4s":
        raise ValueError(f"expected l4s, the only queue that a function can be, found {shown(value)}")
    return "l4s"


class Implementation(NodeResources):
    """One way to run a function, and what one component takes of it; declared resources are further keys."""

    level: MaybeLevel = None
    """Level that it runs at; the name says it unless given."""
    needs: dict[Key, Names] = Field(default_factory=dict)
    """Label -> value (or several) that its node must have."""
    once: Annotated[NodeResources | None, given("a mapping")] = None
    """Of a shared function: what each opened instance takes."""
    each: Annotated[NodeResources | None, given("a mapping")] = None
    """Of a shared function: what each component, or per-hop flow, that it serves takes besides."""
    device: Annotated[DeviceDemand | None, given("a mapping")] = None
    """At level gpu: what a component takes of one GPU, e.g. `{share: 0.4, memory: 6 GiB}`, or of each of `count`."""
    processing: Time = 0
    """Time that traffic spends in it."""
    capacity: MaybeRate = None
    """Load that it carries, or that each opened instance carries; any load unless given."""


class Function(Strict):
    """A kind of micro-service."""

    implementations: dict[Key, Implementation]
    """Ways to run it, at least one: p4, vnf, gpu, or any name with a `level`; one is chosen per component."""
    shared: Flag = False
    """Instances of it are opened, and serve many components."""
    queue: Annotated[str | None, PlainValidator(_parse_queue), WithJsonSchema({"const": "l4s"})] = None
    """`l4s` if it is an L4S queue: what it serves waits less before the links of its switch."""
    state: Bytes = 0
    """What has to be carried over where a component of it moves, e.g. `2 GiB`."""
    reload: Time = 0
    """How long loading its program takes on a switch that is not hitless, e.g. `3 s`."""
    prices: OwnPrices = Field(default_factory=OwnPrices)
    """Prices of what it uses; they come before the node's and the instance's."""
