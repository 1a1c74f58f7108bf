"""What may happen to an instance: one frozen class per kind of event, named like the word in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mosaico_place.instance import Chain
from mosaico_place.quantities import Dimension


@dataclass(frozen=True, slots=True)
class Arrive:
    """A chain is requested; where it is refused, it waits until it departs, or is lost unless ``wait``."""

    chain: Chain
    wait: bool = True


@dataclass(frozen=True, slots=True)
class Depart:
    """A chain is not wanted any more."""

    chain: str


@dataclass(frozen=True, slots=True)
class Update:
    """A chain that exists takes a new form: other components, flows, budgets, weight."""

    chain: Chain


@dataclass(frozen=True, slots=True)
class RateChange:
    """The flow of a chain between two components, (tail, head), takes another rate."""

    chain: str
    flow: tuple[str, str]
    rate_bps: int


@dataclass(frozen=True, slots=True)
class Handover:
    """An endpoint of a chain stands ``at`` another node from now on."""

    chain: str
    component: str
    at: str


@dataclass(frozen=True, slots=True)
class NodeDown:
    """A node stops working."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeUp:
    """A node works again."""

    node: str


@dataclass(frozen=True, slots=True)
class Drain:
    """A node is to be emptied: it forwards, and keeps its endpoints, but runs nothing from now on."""

    node: str


@dataclass(frozen=True, slots=True)
class Undrain:
    """A node that was drained runs components again."""

    node: str


@dataclass(frozen=True, slots=True)
class DeviceDown:
    """A device of a node stops working."""

    node: str
    device: str


@dataclass(frozen=True, slots=True)
class DeviceUp:
    """A device of a node works again."""

    node: str
    device: str


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link between two nodes stops working."""

    between: tuple[str, str]


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The link between two nodes works again."""

    between: tuple[str, str]


@dataclass(frozen=True, slots=True)
class LinkLatency:
    """A link takes another time: ``forth_ns`` from the first to the second node; None leaves a direction as it is."""

    between: tuple[str, str]
    forth_ns: int | None = None
    back_ns: int | None = None


@dataclass(frozen=True, slots=True)
class LinkBandwidth:
    """A link carries another rate: ``forth_bps`` from the first to the second node; None leaves a direction."""

    between: tuple[str, str]
    forth_bps: int | None = None
    back_bps: int | None = None


@dataclass(frozen=True, slots=True)
class CapacityChange:
    """A node, or a device of it, has other amounts of some resources; what is not named stays as it is."""

    node: str
    amounts: Mapping[str, int]
    device: str | None = None


OfChain = Arrive | Depart | Update | RateChange | Handover
"""What happens to a chain."""
OfNode = NodeDown | NodeUp | Drain | Undrain
"""What happens to a node as a whole."""
OfDevice = DeviceDown | DeviceUp
"""What happens to a device."""
OfLink = LinkDown | LinkUp | LinkLatency | LinkBandwidth
"""What happens to a link."""

Event = OfChain | OfNode | OfDevice | OfLink | CapacityChange
"""Anything that may happen."""

WORDS: Mapping[type[Event], str] = {
    Arrive: "arrive",
    Depart: "depart",
    Update: "update",
    RateChange: "rate",
    Handover: "handover",
    NodeDown: "node-down",
    NodeUp: "node-up",
    Drain: "drain",
    Undrain: "undrain",
    DeviceDown: "device-down",
    DeviceUp: "device-up",
    LinkDown: "link-down",
    LinkUp: "link-up",
    LinkLatency: "link-latency",
    LinkBandwidth: "link-bandwidth",
    CapacityChange: "capacity",
}
"""Kind of event -> its word in files and messages."""

NO_RESOURCES: Mapping[str, Dimension] = MappingProxyType({})
"""The declared resources of an instance that declares none."""
