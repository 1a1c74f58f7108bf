"""File models of events."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Discriminator, Field, PlainValidator, Tag, WithJsonSchema, model_validator

from mosaico_place.schema.amounts import DeviceResources, MaybeRate, MaybeTime, NodeResources, Rate, Time
from mosaico_place.schema.base import Flag, Key, Name, Strict, given, parse_name
from mosaico_place.schema.chains import AnyChain
from mosaico_place.schema.infrastructure import Pair, both_ways


class FlowRate(Strict):
    """The rate of a flow."""

    chain: Name
    """Whose flow it is."""
    tail: Name = Field(alias="from")
    """Component that it leaves."""
    head: Name = Field(alias="to")
    """Component that it enters."""
    rate: Rate
    """Its rate from now on, e.g. `30 Mbps`."""


class EndpointMove(Strict):
    """The node of an endpoint."""

    chain: Name
    """Whose endpoint it is."""
    component: Name
    """The endpoint."""
    at: Name
    """The node that it stands on from now on."""


class DeviceName(Strict):
    """A device of a node."""

    node: Name
    """The node."""
    device: Name
    """Its device."""


class SomeWays(Strict):
    """A figure for one direction or both."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("needs a figure, or one for 'forth', 'back' or both")
        return self


class SomeTimes(SomeWays):
    """A time for one direction or both."""

    forth: MaybeTime = None
    """From the first to the second node of between."""
    back: MaybeTime = None
    """From the second to the first node of between."""


class SomeRates(SomeWays):
    """A rate for one direction or both."""

    forth: MaybeRate = None
    """From the first to the second node of between."""
    back: MaybeRate = None
    """From the second to the first node of between."""


class LinkTime(Strict):
    """The latency of a link."""

    between: Pair
    """The nodes that it joins, in either order."""
    latency: Annotated[SomeTimes, BeforeValidator(both_ways, json_schema_input_type=Time | SomeTimes)]
    """Its latency from now on, e.g. `5 ms`; a direction that is left out stays as it is."""


class LinkRate(Strict):
    """The bandwidth of a link."""

    between: Pair
    """The nodes that it joins, in either order."""
    bandwidth: Annotated[SomeRates, BeforeValidator(both_ways, json_schema_input_type=Rate | SomeRates)]
    """Its bandwidth from now on, e.g. `5 Gbps`; a direction that is left out stays as it is."""


class NodeAmounts(NodeResources):
    """What a node has; declared resources are further keys."""

    node: Name
    """The node."""


class DeviceAmounts(DeviceResources):
    """What a device has; declared resources are further keys."""

    node: Name
    """The node."""
    device: Name
    """Its device."""


def _owner(value: Any) -> str:
    return "<device>" if isinstance(value, dict) and "device" in value else "<node>"


Amounts = Annotated[
    Annotated[NodeAmounts, Tag("<node>")] | Annotated[DeviceAmounts, Tag("<device>")], Discriminator(_owner)
]

MaybeName = Annotated[str | None, PlainValidator(parse_name), WithJsonSchema({"type": ["string", "integer"]})]
_MAPPING = given("a mapping")
MaybeChain = Annotated[
    dict[Key, AnyChain] | None, _MAPPING, Field(json_schema_extra={"minProperties": 1, "maxProperties": 1})
]
MaybePair = Annotated[Pair | None, given("two nodes, such as [edge-1, switch-1]")]
MaybeDevice = Annotated[DeviceName | None, _MAPPING]


class EventModel(Strict):
    """What happens: exactly one of these, `wait` apart."""

    arrive: MaybeChain = None
    """A chain by its name, as under `chains`."""
    wait: Flag = True
    """Whether a chain that arrives waits while it is refused; else it is lost."""
    depart: MaybeName = None
    """A chain that is not wanted any more."""
    update: MaybeChain = None
    """A chain by its name, in the form that it takes from now on."""
    rate: Annotated[FlowRate | None, _MAPPING] = None
    """A flow takes another rate."""
    handover: Annotated[EndpointMove | None, _MAPPING] = None
    """An endpoint stands on another node."""
    node_down: MaybeName = Field(None, alias="node-down")
    """A node stops working."""
    node_up: MaybeName = Field(None, alias="node-up")
    """A node works again."""
    device_down: MaybeDevice = Field(None, alias="device-down")
    """A device stops working."""
    device_up: MaybeDevice = Field(None, alias="device-up")
    """A device works again."""
    link_down: MaybePair = Field(None, alias="link-down")
    """The link between two nodes stops working."""
    link_up: MaybePair = Field(None, alias="link-up")
    """The link between two nodes works again."""
    link_latency: Annotated[LinkTime | None, _MAPPING] = Field(None, alias="link-latency")
    """A link takes another time."""
    link_bandwidth: Annotated[LinkRate | None, _MAPPING] = Field(None, alias="link-bandwidth")
    """A link carries another rate."""
    capacity: Annotated[Amounts | None, _MAPPING] = None
    """A node or a device has other amounts of the resources named."""
    drain: MaybeName = None
    """A node is to be emptied."""
    undrain: MaybeName = None
    """A node runs components again."""


class TimedEventModel(EventModel):
    """An event of a scenario."""

    at: Time
    """When it happens, from the scenario's beginning; events of equal times are one batch."""
