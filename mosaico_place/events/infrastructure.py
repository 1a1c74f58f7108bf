"""What an instance is after something happened to its infrastructure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from mosaico_place.errors import Fault, InputError, Path, shown, unknown_name
from mosaico_place.events.kinds import (
    WORDS,
    CapacityChange,
    DeviceDown,
    Drain,
    LinkBandwidth,
    LinkDown,
    LinkLatency,
    LinkUp,
    NodeDown,
    NodeUp,
    OfDevice,
    OfLink,
    OfNode,
    Undrain,
)
from mosaico_place.instance import DEVICE_RESOURCES, NODE_RESOURCES, Direction, Instance, Link, Node
from mosaico_place.quantities import Dimension, format_quantity
from mosaico_place.validate.function import amount_faults, function_faults


def _node(instance: Instance, name: str, path: Path) -> Node:
    if name not in instance.nodes:
        raise InputError([unknown_name("node", name, instance.nodes, path)])
    return instance.nodes[name]


def of_node(instance: Instance, event: OfNode) -> Instance:
    """The instance after something happened to a node; raises InputError."""
    node = _node(instance, event.node, (WORDS[type(event)],))
    match event:
        case NodeDown() | NodeUp():
            up = isinstance(event, NodeUp)
            return instance if node.up == up else instance.with_node(replace(node, up=up))
        case Drain() | Undrain():
            drained = isinstance(event, Drain)
            return instance if node.drained == drained else instance.with_node(replace(node, drained=drained))
    assert_never(event)


def of_device(instance: Instance, event: OfDevice) -> Instance:
    """The instance after something happened to a device; raises InputError."""
    word = WORDS[type(event)]
    node = _node(instance, event.node, (word, "node"))
    if event.device not in node.devices:
        raise InputError([unknown_name("device", event.device, node.devices, (word, "device"))])
    one = frozenset({event.device})
    down = node.devices_down | one if isinstance(event, DeviceDown) else node.devices_down - one
    return instance if down == node.devices_down else instance.with_node(replace(node, devices_down=down))


def of_link(instance: Instance, event: OfLink) -> Instance:
    """The instance after something happened to a link; raises InputError."""
    word = WORDS[type(event)]
    position, reverse = _find_link(instance, event.between, word)
    link = instance.links[position]
    match event:
        case LinkDown() | LinkUp():
            up = isinstance(event, LinkUp)
            changed = link if link.up == up else replace(link, up=up)
        case LinkLatency():
            given = (event.forth_ns, event.back_ns)
            changed = _both(link, given, reverse, "latency_ns")
        case LinkBandwidth():
            given = (event.forth_bps, event.back_bps)
            changed = _both(link, given, reverse, "bandwidth_bps")
    if changed is link:
        return instance
    return replace(instance, links=(*instance.links[:position], changed, *instance.links[position + 1 :]))


def _find_link(instance: Instance, between: tuple[str, str], word: str) -> tuple[int, bool]:
    """Position of a link, and whether its own first node is the second of the two."""
    back = between[::-1]
    for position, link in enumerate(instance.links):
        if link.ends == between or link.ends == back:
            return position, link.ends == back
    where: Path = (word,) if word in (WORDS[LinkDown], WORDS[LinkUp]) else (word, "between")
    unknown = [(end, name) for end, name in enumerate(between) if name not in instance.nodes]
    found = [unknown_name("node", name, instance.nodes, (*where, end)) for end, name in unknown]
    raise InputError(found or [Fault(where, f"no link joins {shown(between[0])} and {shown(between[1])}")])


def _both(link: Link, given: tuple[int | None, int | None], reverse: bool, figure: str) -> Link:
    """The link with another figure per direction; ``given`` as the event says it, None for what stays.

    Raises:
        InputError: a figure is negative, or less than what is reserved.
    """
    word = "latency" if figure == "latency_ns" else "bandwidth"
    ways = (link.back, link.forth) if reverse else (link.forth, link.back)
    found = []
    if given == (None, None):
        found.append(Fault((f"link-{word}", word), "needs a figure, or one for 'forth', 'back' or both"))
    for name, way, value in zip(("forth", "back"), ways, given, strict=True):
        path: Path = (f"link-{word}", word, name)
        if value is not None and value < 0:
            found.append(Fault(path, f"must not be negative, found {value}"))
        elif value is not None and word == "bandwidth" and value < way.reserved_bps:
            less, taken = (format_quantity(rate, Dimension.RATE) for rate in (value, way.reserved_bps))
            found.append(Fault(path, f"{less} is less than the {taken} that are reserved"))
    if found:
        raise InputError(found)
    changed = tuple(_way(way, figure, value) for way, value in zip(ways, given, strict=True))
    forth, back = changed[::-1] if reverse else changed
    return link if forth is link.forth and back is link.back else replace(link, forth=forth, back=back)


def _way(way: Direction, figure: str, value: int | None) -> Direction:
    if value is None or getattr(way, figure) == value:
        return way
    return replace(way, latency_ns=value) if figure == "latency_ns" else replace(way, bandwidth_bps=value)


def of_capacity(instance: Instance, event: CapacityChange) -> Instance:
    """The instance after capacities changed; raises InputError."""
    node = _node(instance, event.node, ("capacity", "node"))
    if event.device is not None and event.device not in node.devices:
        raise InputError([unknown_name("device", event.device, node.devices, ("capacity", "device"))])
    known = NODE_RESOURCES if event.device is None else DEVICE_RESOURCES
    found = list(amount_faults(event.amounts, known, instance.resources, ("capacity",)))
    if not event.amounts:
        found.append(Fault(("capacity",), "names no resource, such as cpu: 16"))
    if event.device is None:
        found += [
            Fault(("capacity", resource), f"is less than what is reserved of {resource}")
            for resource, amount in event.amounts.items()
            if 0 <= amount < node.reserved.get(resource, 0)
        ]
    if found:
        raise InputError(found)
    if event.device is None:
        changed = replace(node, capacity=_merged(node.capacity, event.amounts))
        return instance if changed.capacity == node.capacity else instance.with_node(changed)
    has = node.devices[event.device]
    changed = replace(node, devices={**node.devices, event.device: _merged(has, event.amounts)})
    if changed.devices == node.devices:
        return instance
    after = instance.with_node(changed)
    _refuse_devices(after, {key: amount for key, amount in event.amounts.items() if amount < has.get(key, 0)})
    return after


def _merged(amounts: Mapping[str, int], changes: Mapping[str, int]) -> dict[str, int]:
    return {**amounts, **changes}


def _refuse_devices(instance: Instance, less: Mapping[str, int]) -> None:
    """Raise what functions ask for that no device offers any more; a device that is only out of order is down."""
    asking = {
        name: function
        for name, function in instance.functions.items()
        for one in function.implementations.values()
        if any(one.device.get(resource, 0) > amount for resource, amount in less.items())
    }
    if not asking:
        return
    hosts = [node for node in instance.nodes.values() if node.devices]
    found = [
        Fault(
            # The event says nothing of how many devices a function takes; it speaks of the device.
            ("capacity", "device" if fault.path[-1] == "count" else fault.path[-1]),
            f"{fault.message}; function {shown(name)} asks for it",
        )
        for name, function in asking.items()
        for fault in function_faults(instance, name, function, hosts)
    ]
    if found:
        raise InputError(found)
