"""What an instance is after an event: pure functions that share whatever the event does not touch.

Only what an event brings is validated, and only against what it refers to: a valid instance stays valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from mosaico_place.errors import Fault, InputError, Path, shown, unknown_name
from mosaico_place.events.kinds import (
    WORDS,
    Arrive,
    CapacityChange,
    Depart,
    DeviceDown,
    DeviceUp,
    Drain,
    Event,
    Handover,
    LinkBandwidth,
    LinkDown,
    LinkLatency,
    LinkUp,
    NodeDown,
    NodeUp,
    OfChain,
    OfDevice,
    OfLink,
    OfNode,
    RateChange,
    Undrain,
    Update,
)
from mosaico_place.instance import (
    DEVICE_RESOURCES,
    NODE_RESOURCES,
    Chain,
    Direction,
    Flow,
    Instance,
    Link,
    Node,
    TrafficClass,
)
from mosaico_place.quantities import Dimension, format_quantity
from mosaico_place.validate.chain import chain_faults
from mosaico_place.validate.function import amount_faults, function_faults


def apply(instance: Instance, event: Event) -> Instance:
    """The instance after an event.

    Nodes, links, functions and chains that the event does not touch are the same objects as before. What is so already
    (a node that goes down twice) changes nothing: the same instance comes back.

    Args:
        instance: a valid instance; never changed.
        event: what happens.

    Raises:
        InputError: the event names what does not exist, brings a chain that exists or is not valid, or a figure that
            cannot be. It carries every fault, with paths in the form of the file, such as ``("depart",)``.
    """
    match event:
        case Arrive() | Depart() | Update() | RateChange() | Handover():
            return _of_chain(instance, event)
        case NodeDown() | NodeUp() | Drain() | Undrain():
            return _of_node(instance, event)
        case DeviceDown() | DeviceUp():
            return _of_device(instance, event)
        case LinkDown() | LinkUp() | LinkLatency() | LinkBandwidth():
            return _of_link(instance, event)
        case CapacityChange():
            return _capacity(instance, event)
    assert_never(event)


def _of_chain(instance: Instance, event: OfChain) -> Instance:
    match event:
        case Arrive(chain):
            if chain.name in instance.chains:
                message = f"there is a chain {shown(chain.name)} already; 'update' gives it a new form"
                raise InputError([Fault(("arrive", chain.name), message)])
            _refuse_chain(instance, chain, "arrive")
            return instance.with_chain(chain)
        case Depart(name):
            gone = _chain(instance, name, ("depart",))
            return _without_class(instance.without_chain(name), gone)
        case Update(chain):
            before = _chain(instance, chain.name, ("update", chain.name))
            _refuse_chain(instance, chain, "update")
            if chain == before:
                return instance
            return _without_class(instance.with_chain(chain), before)
        case RateChange():
            return _rate(instance, event)
        case Handover():
            return _handover(instance, event)
    assert_never(event)


def _chain(instance: Instance, name: str, path: Path) -> Chain:
    if name not in instance.chains:
        raise InputError([unknown_name("chain", name, instance.chains, path)])
    return instance.chains[name]


def _refuse_chain(instance: Instance, chain: Chain, word: str) -> None:
    """Raise what is wrong with a chain that comes, as if the event's word stood in the place of ``chains``."""
    labels = {label for node in instance.nodes.values() for label in node.labels}
    found = chain_faults(instance, chain.name, chain, labels)
    if told := [replace(fault, path=(word, *fault.path[1:])) for fault in found]:
        raise InputError(told)


def _without_class(instance: Instance, gone: Chain) -> Instance:
    """The instance after a chain is gone: the objective may speak of its class, which then must still be known."""
    name = gone.class_name
    if name is None or name in instance.classes:
        return instance
    named = any(term.class_name == name for level in instance.objective for term in level)
    if not named or any(chain.class_name == name for chain in instance.chains.values()):
        return instance
    return replace(instance, classes={**instance.classes, name: TrafficClass(name)})


def _rate(instance: Instance, event: RateChange) -> Instance:
    chain = _chain(instance, event.chain, ("rate", "chain"))
    tail, head = event.flow
    found = [
        unknown_name("component", name, chain.components, ("rate", key))
        for key, name in (("from", tail), ("to", head))
        if name not in chain.components
    ]
    position = next((i for i, flow in enumerate(chain.flows) if flow.ends == event.flow), None)
    if position is None and not found:
        found.append(Fault(("rate",), f"no flow of {shown(chain.name)} leads from {shown(tail)} to {shown(head)}"))
    if event.rate_bps < 0:
        found.append(Fault(("rate", "rate"), f"must not be negative, found {event.rate_bps} bit/s"))
    if found or position is None:
        raise InputError(found)
    flow = chain.flows[position]
    if flow.rate_bps == event.rate_bps:
        return instance
    changed: Flow = replace(flow, rate_bps=event.rate_bps)
    flows = (*chain.flows[:position], changed, *chain.flows[position + 1 :])
    return instance.with_chain(replace(chain, flows=flows))


def _handover(instance: Instance, event: Handover) -> Instance:
    chain = _chain(instance, event.chain, ("handover", "chain"))
    component = chain.components.get(event.component)
    found = []
    if component is None:
        found.append(unknown_name("component", event.component, chain.components, ("handover", "component")))
    elif component.at is None:
        message = f"{shown(event.component)} runs a function; only an endpoint is handed over to another node"
        found.append(Fault(("handover", "component"), message))
    if event.at not in instance.nodes:
        found.append(unknown_name("node", event.at, instance.nodes, ("handover", "at")))
    if found or component is None:
        raise InputError(found)
    if component.at == event.at:
        return instance
    components = {**chain.components, component.name: replace(component, at=event.at)}
    return instance.with_chain(replace(chain, components=components))


def _node(instance: Instance, name: str, path: Path) -> Node:
    if name not in instance.nodes:
        raise InputError([unknown_name("node", name, instance.nodes, path)])
    return instance.nodes[name]


def _of_node(instance: Instance, event: OfNode) -> Instance:
    node = _node(instance, event.node, (WORDS[type(event)],))
    match event:
        case NodeDown() | NodeUp():
            up = isinstance(event, NodeUp)
            return instance if node.up == up else instance.with_node(replace(node, up=up))
        case Drain() | Undrain():
            drained = isinstance(event, Drain)
            return instance if node.drained == drained else instance.with_node(replace(node, drained=drained))
    assert_never(event)


def _of_device(instance: Instance, event: OfDevice) -> Instance:
    word = WORDS[type(event)]
    node = _node(instance, event.node, (word, "node"))
    if event.device not in node.devices:
        raise InputError([unknown_name("device", event.device, node.devices, (word, "device"))])
    one = frozenset({event.device})
    down = node.devices_down | one if isinstance(event, DeviceDown) else node.devices_down - one
    return instance if down == node.devices_down else instance.with_node(replace(node, devices_down=down))


def _of_link(instance: Instance, event: OfLink) -> Instance:
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


def _capacity(instance: Instance, event: CapacityChange) -> Instance:
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
    devices = [device for node in instance.nodes.values() for device in node.devices.values()]
    found = [
        Fault(("capacity", fault.path[-1]), f"{fault.message}; function {shown(name)} asks for it")
        for name, function in asking.items()
        for fault in function_faults(instance, name, function, devices)
    ]
    if found:
        raise InputError(found)
