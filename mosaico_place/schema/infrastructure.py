"""File models of nodes, links and functions."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from mosaico_place.errors import shown, suggestion
from mosaico_place.instance import Kind
from mosaico_place.schema.amounts import (
    DeviceResources,
    FunctionPrices,
    LinkPrices,
    NodePrices,
    NodeResources,
    Rate,
    Time,
)
from mosaico_place.schema.base import Key, Name, Strict


def _parse_kind(value: object) -> Kind:
    kinds = [str(kind) for kind in Kind]
    if isinstance(value, str) and value in kinds:
        return Kind(value)
    meant = suggestion(value, kinds) if isinstance(value, str) else ""
    ending = f", did you mean '{meant}'?" if meant else f"; a node is one of {', '.join(kinds)}"
    raise ValueError(f"unknown kind {shown(value)}{ending}")


NodeKind = Annotated[
    Kind,
    PlainValidator(_parse_kind),
    WithJsonSchema({"type": "string", "enum": [str(kind) for kind in Kind]}),
]


class Node(NodeResources):
    """A machine, switch or attachment point; declared resources are further keys."""

    kind: NodeKind
    """What it is: only p4-switch and router nodes may lie inside a path."""
    reserved: NodeResources = Field(default_factory=NodeResources)
    """Amounts that placements may not use."""
    gpus: dict[Key, DeviceResources] = Field(default_factory=dict)
    """GPUs by name (servers only); share is 1 unless given."""
    forwarding: Time = 0
    """Delay of every flow that enters it (p4-switch and router only)."""
    hand_over: Time = Field(0, alias="hand-over")
    """Delay between two components that both stand on it."""
    labels: dict[Key, Name] = Field(default_factory=dict)
    """Label -> value, e.g. site -> rennes."""
    prices: NodePrices = Field(default_factory=NodePrices)
    """Prices here; they come before the instance's."""


def _both_rates(value: Any) -> Any:
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


BothRates = Annotated[Rates, BeforeValidator(_both_rates, json_schema_input_type=Rate | Rates)]
BothTimes = Annotated[Times, BeforeValidator(_both_rates, json_schema_input_type=Time | Times)]


def _pair(value: Any) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("expected two nodes, such as [edge-1, switch-1]")
    return value


class Link(Strict):
    """Two nodes joined; a figure counts for both directions, or is given as {forth: .., back: ..}."""

    between: Annotated[list[Name], BeforeValidator(_pair), Field(json_schema_extra={"minItems": 2, "maxItems": 2})]
    """The two nodes."""
    bandwidth: BothRates
    """Rate it carries, e.g. `10 Gbps`."""
    latency: BothTimes
    """Delay of crossing it, e.g. `250 us`."""
    reserved: BothRates = Field(default_factory=lambda: Rates(forth=0, back=0))
    """Rate that placements may not use."""
    prices: LinkPrices = Field(default_factory=LinkPrices)
    """Prices here; they come before the instance's."""


class Infrastructure(Strict):
    """Nodes and the links between them."""

    nodes: dict[Key, Node]
    """Nodes by name."""
    links: list[Link] = Field(default_factory=list)
    """At most one link per pair of nodes."""


class PlainImplementation(NodeResources):
    """What one component takes at this level; declared resources are further keys."""

    hints: ClassVar = {"device": "only an implementation at level gpu takes a device"}

    processing: Time = 0
    """Time that traffic spends in it."""


class GpuImplementation(NodeResources):
    """What one component takes of a server with GPUs; declared resources are further keys."""

    device: DeviceResources
    """What it takes of one GPU, e.g. `{share: 0.4, memory: 6 GiB}`."""
    processing: Time = 0
    """Time that traffic spends in it."""


class Implementations(Strict):
    """Ways to run a function, by level; at least one."""

    p4: PlainImplementation | None = None
    """A P4 program in a switch."""
    vnf: PlainImplementation | None = None
    """A process on a server."""
    gpu: GpuImplementation | None = None
    """A process on a server that uses one of its GPUs."""


class Function(Strict):
    """A kind of micro-service."""

    implementations: Implementations
    """Ways to run it; the optimizer chooses one per component."""
    prices: FunctionPrices = Field(default_factory=FunctionPrices)
    """Prices of what it uses; they come before the node's and the instance's."""
