"""How much there is of everything that placements take."""

from __future__ import annotations

from typing import NamedTuple

from mosaico_place.instance import Instance
from mosaico_place.quantities import Dimension
from mosaico_place.usage.hops import Hops

CapacityName = tuple[str, ...]
"""("node", node, resource), ("device", node, device, resource) or ("link", tail, head)."""


class Capacity(NamedTuple):
    """How much there is of something, and how much of it placements may not use, in smallest units."""

    amount: int
    reserved: int = 0


NO_CAPACITY = Capacity(0)


def capacities(instance: Instance) -> dict[CapacityName, Capacity]:
    """Every capacity of nodes and devices and every bandwidth; what is absent is :data:`NO_CAPACITY`.

    What is down keeps its name, so that names do not come and go with failures, and has no capacity.
    """
    found: dict[CapacityName, Capacity] = {}
    for name, node in instance.nodes.items():
        for resource, amount in node.capacity.items():
            has = Capacity(amount, node.reserved.get(resource, 0))
            found["node", name, resource] = has if node.up else NO_CAPACITY
        for device, amounts in node.devices.items():
            works = node.up and device not in node.devices_down
            for resource, amount in amounts.items():
                found["device", name, device, resource] = Capacity(amount) if works else NO_CAPACITY
    for link in instance.links:
        works = instance.link_up(link)
        for ends, way in ((link.ends, link.forth), (link.ends[::-1], link.back)):
            found["link", *ends] = Capacity(way.bandwidth_bps, way.reserved_bps) if works else NO_CAPACITY
    return found


def capacity_of(instance: Instance, hops: Hops, name: CapacityName) -> Capacity:
    """One of the capacities of :func:`capacities`; :data:`NO_CAPACITY` if it is absent."""
    kind, owner, *rest = name
    if kind == "link":
        hop = hops.get((owner, rest[0]))
        return NO_CAPACITY if hop is None else Capacity(hop.direction.bandwidth_bps, hop.direction.reserved_bps)
    node = instance.nodes.get(owner)
    if node is None or not node.up:
        return NO_CAPACITY
    if kind == "node":
        return Capacity(node.capacity.get(rest[0], 0), node.reserved.get(rest[0], 0))
    return Capacity(node.working.get(rest[0], {}).get(rest[1], 0))


def dimension_of(instance: Instance, name: CapacityName) -> Dimension:
    """What a capacity is measured in; KeyError if its resource is neither known nor declared."""
    kind, *_, resource = name
    if kind == "link":
        return Dimension.RATE
    return instance.dimension(resource) if kind == "node" else instance.device_dimension(resource)
