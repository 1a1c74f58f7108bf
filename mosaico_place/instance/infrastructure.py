"""Nodes and links: what there is to place on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from mosaico_place.instance.prices import NO_PRICES, Prices
from mosaico_place.quantities import Dimension

NODE_RESOURCES: Mapping[str, Dimension] = {
    "cpu": Dimension.CORES,
    "memory": Dimension.BYTES,
    "stages": Dimension.COUNT,
    "sram": Dimension.BYTES,
    "tcam": Dimension.BYTES,
}
"""Node resources that need no declaration."""

DEVICE_RESOURCES: Mapping[str, Dimension] = {
    "share": Dimension.SHARE,
    "memory": Dimension.BYTES,
    "nvenc": Dimension.COUNT,
}
"""Device resources that need no declaration."""

WHOLE_DEVICE = 1000
"""The ``share`` that a device has when it gives no other: the whole of it, in 1/1000."""


class Kind(StrEnum):
    """What a node is."""

    SERVER = "server"
    P4_SWITCH = "p4-switch"
    ROUTER = "router"
    ACCESS = "access"

    @property
    def forwards(self) -> bool:
        """Whether such a node may lie inside a path."""
        return self in (Kind.P4_SWITCH, Kind.ROUTER)


class Level(StrEnum):
    """Where an implementation runs."""

    P4 = "p4"
    VNF = "vnf"
    GPU = "gpu"


@dataclass(frozen=True, slots=True)
class Node:
    """A machine, switch or attachment point.

    Attributes:
        name: unique among the nodes.
        kind: decides what it runs and whether it forwards.
        capacity: amount per resource; a resource without a figure has 0.
        reserved: amount per resource that placements may not use.
        devices: device name -> amount per device resource (``share`` included).
        forwarding_ns: delay of every flow that enters it (switches and routers only).
        hand_over_ns: delay between two components that both stand on it.
        labels: label -> value, e.g. site -> rennes.
        prices: overrides of the instance's prices.
        offers: the levels it runs; None for those that its kind runs.
        up: whether it works; a node that is down runs and forwards nothing, and all its links are down with it.
        drained: whether it is to be emptied: it runs nothing, but forwards, and keeps the endpoints that stand on it.
        devices_down: the devices that hold nothing.
        hitless: whether a switch goes on forwarding while a program is loaded.
    """

    name: str
    kind: Kind
    capacity: Mapping[str, int] = field(default_factory=dict)
    reserved: Mapping[str, int] = field(default_factory=dict)
    devices: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    forwarding_ns: int = 0
    hand_over_ns: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    prices: Prices = NO_PRICES
    offers: frozenset[Level] | None = None
    up: bool = True
    drained: bool = False
    devices_down: frozenset[str] = frozenset()
    hitless: bool = False

    @property
    def runs(self) -> frozenset[Level]:
        """The levels it runs now: none if it is down or drained; else as it says, else by its kind."""
        if not self.up or self.drained:
            return frozenset()
        if self.offers is not None:
            return self.offers
        if self.kind is Kind.SERVER:
            return frozenset({Level.VNF, Level.GPU}) if self.devices else frozenset({Level.VNF})
        return frozenset({Level.P4}) if self.kind is Kind.P4_SWITCH else frozenset()

    @property
    def trouble(self) -> str:
        """Why it runs nothing, in a word: ``down`` or ``drained``; empty if neither."""
        return "down" if not self.up else "drained" if self.drained else ""

    @property
    def working(self) -> Mapping[str, Mapping[str, int]]:
        """Its devices that are up."""
        if not self.devices_down:
            return self.devices
        return {name: has for name, has in self.devices.items() if name not in self.devices_down}

    @property
    def repaired(self) -> Node:
        """The node with nothing down or drained."""
        if self.up and not self.drained and not self.devices_down:
            return self
        return replace(self, up=True, drained=False, devices_down=frozenset())

    def free(self, resource: str) -> int:
        """Capacity net of what is reserved."""
        return self.capacity.get(resource, 0) - self.reserved.get(resource, 0)

    def value(self, label: str) -> tuple[str, str]:
        """Its value of a label; a node without that label is a value of its own.

        The pair tells the two apart: ``("value", "rennes")`` or ``("node", "edge-1")``.
        """
        return ("value", self.labels[label]) if label in self.labels else ("node", self.name)


@dataclass(frozen=True, slots=True)
class Direction:
    """One direction of a link: bandwidth and reserved in bit/s, latency and waiting times in ns.

    ``classic_ns`` is what a flow waits in its queue, ``l4s_ns`` what it waits where an L4S queue serves it.
    """

    bandwidth_bps: int
    latency_ns: int
    reserved_bps: int = 0
    classic_ns: int = 0
    l4s_ns: int = 0

    @property
    def free_bps(self) -> int:
        """Bandwidth net of what is reserved."""
        return self.bandwidth_bps - self.reserved_bps


@dataclass(frozen=True, slots=True)
class Link:
    """Two nodes joined; ``forth`` runs from ``ends[0]`` to ``ends[1]``, ``back`` the other way.

    ``up`` is what is known of the link itself; :meth:`Instance.link_up` says whether it carries anything.
    """

    ends: tuple[str, str]
    forth: Direction
    back: Direction
    prices: Prices = NO_PRICES
    up: bool = True
