"""What makes a function unusable, and what amounts and prices have in common: see :mod:`mosaico_place.validate`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import comb
from typing import Literal

from mosaico_place.errors import Fault, Path, name_fault, shown, unknown_name
from mosaico_place.instance import (
    DEVICE_RESOURCES,
    NODE_RESOURCES,
    Function,
    Implementation,
    Instance,
    Level,
    Node,
    Prices,
)
from mosaico_place.quantities import Dimension, format_quantity
from mosaico_place.validate.chain import price_fault

MOST_DEVICE_SETS = 2_000
"""Of a component that takes several devices, every set of devices of a server is a way to place it of its own."""

Place = Literal["instance", "node", "function", "link"]
"""What has prices."""

_SINGLE_PRICES: Mapping[Place, tuple[str, ...]] = {
    "instance": ("bandwidth", "active", "opened", "move"),
    "node": ("active", "opened"),
    "function": ("opened", "move"),
    "link": ("bandwidth",),
}
"""The prices that each may give besides those of resources."""


def misnamed(key: str, name: str, path: Path) -> Iterator[Fault]:
    """A key that is no name, or that names something else than what it leads to."""
    if fault := name_fault(key):
        yield Fault(path, fault)
    elif key != name:
        yield Fault(path, f"stands under the name {shown(key)} but is called {shown(name)}")


def amount_faults(
    amounts: Mapping[str, int], known: Mapping[str, Dimension], declared: Mapping[str, Dimension], path: Path
) -> Iterator[Fault]:
    """Amounts of unknown resources, and amounts below 0."""
    for resource, amount in amounts.items():
        if resource not in known and resource not in declared:
            yield unknown_name("resource", resource, (*known, *declared), (*path, resource))
        elif amount < 0:
            yield Fault((*path, resource), f"must not be negative, found {amount}")


def function_faults(instance: Instance, key: str, function: Function, hosts: Sequence[Node]) -> Iterator[Fault]:
    """Everything that is wrong with one function; ``hosts`` are the nodes that have devices."""
    path: Path = ("functions", key)
    yield from misnamed(key, function.name, path)
    if not function.implementations:
        yield Fault((*path, "implementations"), "needs at least one implementation: p4, vnf or gpu")
    for name, implementation in function.implementations.items():
        here = (*path, "implementations", name)
        yield from misnamed(name, implementation.name, here)
        each = (*here, "each") if function.shared else here
        yield from amount_faults(implementation.demand, NODE_RESOURCES, instance.resources, each)
        yield from amount_faults(implementation.once, NODE_RESOURCES, instance.resources, (*here, "once"))
        yield from _sharing_faults(function, implementation, here)
        yield from amount_faults(implementation.device, DEVICE_RESOURCES, instance.resources, (*here, "device"))
        if implementation.processing_ns < 0:
            yield Fault((*here, "processing"), f"must not be negative, found {implementation.processing_ns} ns")
        yield from _device_demand_faults(instance, implementation, hosts, here)
    if function.state_bytes < 0:
        yield Fault((*path, "state"), f"must not be negative, found {function.state_bytes} bytes")
    if function.reload_ns < 0:
        yield Fault((*path, "reload"), f"must not be negative, found {function.reload_ns} ns")
    yield from price_faults(instance, function.prices, "function", (*path, "prices"))


def _sharing_faults(function: Function, implementation: Implementation, path: Path) -> Iterator[Fault]:
    """Instances of what is not shared, loads that nothing carries, needs that no node could ever meet."""
    if implementation.once and not function.shared:
        yield Fault((*path, "once"), "only a shared function has 'once'; say 'shared: true', or give what it takes")
    if implementation.capacity_bps is not None and implementation.capacity_bps <= 0:
        yield Fault((*path, "capacity"), "must be above 0; leave it out if it carries any load")
    for label, values in implementation.needs.items():
        if not values:
            yield Fault((*path, "needs", label), "needs at least one value")
        for name in (label, *values):
            if fault := name_fault(name):
                yield Fault((*path, "needs", label), fault)


def _device_demand_faults(
    instance: Instance, implementation: Implementation, hosts: Sequence[Node], path: Path
) -> Iterator[Fault]:
    if implementation.level is not Level.GPU:
        if implementation.device or implementation.device_count != 1:
            yield Fault((*path, "device"), "only an implementation at level gpu takes a device")
        return
    if not implementation.device:
        yield Fault((*path, "device"), "a GPU implementation takes something of a device, such as {share: 0.4}")
        return
    count = implementation.device_count
    if count < 1:
        yield Fault((*path, "device", "count"), f"expected a whole number from 1 up, found {count}")
        return
    yield from _too_many_sets(implementation, hosts, (*path, "device", "count"))
    devices = [device for node in hosts for device in node.devices.values()]
    most = max((sum(_fits(implementation, device) for device in node.devices.values()) for node in hosts), default=0)
    if not devices or most >= count:
        return
    if most:
        message = f"no server has {count} GPUs that each offer this, the most is {most}; ask for fewer"
        yield Fault((*path, "device", "count"), message, missing=("device", ""))
        return
    largest = {r: max(device.get(r, 0) for device in devices) for r in implementation.device}
    above = [r for r, amount in implementation.device.items() if amount > largest[r]]
    for resource in above:
        dimension = DEVICE_RESOURCES.get(resource) or instance.resources.get(resource)
        if dimension is not None:
            asked = format_quantity(implementation.device[resource], dimension)
            there = format_quantity(largest[resource], dimension)
            message = f"no GPU offers {asked} {resource}; the largest offers {there}"
            yield Fault((*path, "device", resource), message, missing=("device", resource))
    if not above:
        yield Fault((*path, "device"), "no single GPU offers all of this", missing=("device", ""))


def _too_many_sets(implementation: Implementation, hosts: Sequence[Node], path: Path) -> Iterator[Fault]:
    """More sets of devices on one server than can be told apart one by one."""
    count = implementation.device_count
    for node in hosts:
        sets = comb(len(node.devices), count)
        if sets > MOST_DEVICE_SETS and implementation.runs_on(node.repaired):
            mend = f"at most {MOST_DEVICE_SETS} are looked at: ask for fewer, or divide the server into several"
            yield Fault(path, f"{node.name!r} has {sets} sets of {count} of its {len(node.devices)} GPUs; {mend}")
            return


def _fits(implementation: Implementation, device: Mapping[str, int]) -> bool:
    return all(device.get(resource, 0) >= amount for resource, amount in implementation.device.items())


def price_faults(instance: Instance, prices: Prices, place: Place, path: Path) -> Iterator[Fault]:
    """Prices of what does not exist or is priced elsewhere, and prices that are out of range."""
    if place == "link":
        for key in (*prices.resources, *(("device",) if prices.device else ())):
            yield Fault((*path, key), "a link has a price of 'bandwidth' alone")
    else:
        yield from _resource_price_faults(instance, prices, path)
    for what, single in (
        ("bandwidth", prices.bandwidth),
        ("active", prices.active),
        ("opened", prices.opened),
        ("move", prices.move),
    ):
        if single is None:
            continue
        if what not in _SINGLE_PRICES[place]:
            places = " or a ".join(other for other, singles in _SINGLE_PRICES.items() if what in singles)
            yield Fault((*path, what), f"a {place} gives no price of {what!r}; the {places} does")
        yield from price_fault(single, (*path, what))


def _resource_price_faults(instance: Instance, prices: Prices, path: Path) -> Iterator[Fault]:
    known = (*NODE_RESOURCES, *instance.resources)
    for resource, price in prices.resources.items():
        if resource not in known:
            yield unknown_name("resource", resource, known, (*path, resource))
        yield from price_fault(price, (*path, resource))
    known = (*DEVICE_RESOURCES, *instance.resources)
    for resource, price in prices.device.items():
        if resource not in known:
            yield unknown_name("resource", resource, known, (*path, "device", resource))
        yield from price_fault(price, (*path, "device", resource))
