"""The rules of what chains share: opened instances, nodes, devices, links and classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mosaico_place.checking.words import NAMED_USERS, did_you_mean, lacks, overfull, where
from mosaico_place.instance import Instance, Kind, TrafficClass
from mosaico_place.placement import Opening, Placement
from mosaico_place.quantities import Dimension
from mosaico_place.result import Violation
from mosaico_place.rules import Rule
from mosaico_place.usage import NO_CAPACITY, Hops, Usage, amounts, capacities, dimension_of, total_usage


def check_opening(
    instance: Instance, opening: Opening, placement: Placement, total: Usage, parts: Mapping[str, Usage]
) -> list[Violation]:
    """What is wrong with the instances of one function in one implementation on one node.

    Args:
        instance: the problem.
        opening: which instances.
        placement: where they are opened, or not although something counts on them.
        total: use by all chains.
        parts: chain -> its share of ``total``; read only to name the chains that overload.
    """
    if message := next(opened(instance, opening, placement), None):
        place = f"node {opening.node}, {opening.function} {opening.implementation}"
        return [Violation(Rule.THROUGHPUT, place, message)]
    return list(throughput(instance, opening, placement, total, parts))


def opened(instance: Instance, opening: Opening, placement: Placement) -> Iterator[str]:
    """Rule ``throughput``, of what may be opened at all."""
    node, function = instance.nodes.get(opening.node), instance.functions.get(opening.function)
    if node is None:
        yield f"node {opening.node!r} does not exist{did_you_mean(opening.node, tuple(instance.nodes))}"
        return
    if function is None:
        hint = did_you_mean(opening.function, tuple(instance.functions))
        yield f"function {opening.function!r} does not exist{hint}"
        return
    implementation = function.implementations.get(opening.implementation)
    count = placement.instances.get(opening, 0)
    if not function.shared:
        yield f"function {function.name!r} is not shared, so nothing of it is opened; remove this entry"
    elif implementation is None:
        yield f"implementation {opening.implementation!r} does not exist; it has {', '.join(function.implementations)}"
    elif node.trouble:
        yield f"{node.kind} {node.name!r} is {node.trouble}, and runs nothing"
    elif implementation.level not in node.runs:
        yield f"{node.kind} {node.name!r} does not run {implementation.level}"
    elif not implementation.runs_on(node):
        yield lacks(implementation, node)
    elif count < 0:
        yield f"cannot be opened {count} times"
    elif node.kind is Kind.P4_SWITCH:
        everywhere = [other for other in placement.instances if other[:2] == opening[:2]]
        programs = sum(placement.instances[other] for other in everywhere)
        if programs > 1 and opening == everywhere[0]:
            yield f"a program is opened at most once per switch, in one implementation; this one is {programs} times"


def throughput(
    instance: Instance, opening: Opening, placement: Placement, total: Usage, parts: Mapping[str, Usage]
) -> Iterator[Violation]:
    """The load on opened instances is no more than all of them carry."""
    implementation = instance.functions[opening.function].implementations[opening.implementation]
    served = {name: part.loads[opening] for name, part in parts.items() if opening in part.loads}
    count, load = placement.instances.get(opening, 0), total.loads.get(opening, 0)
    place = f"node {opening.node}, {opening.function} {opening.implementation}"
    if served and not count:
        users = list(served)
        more = f" and {len(users) - NAMED_USERS} more" if len(users) > NAMED_USERS else ""
        message = f"no instance is opened, but {', '.join(users[:NAMED_USERS])}{more} need one"
        yield Violation(Rule.THROUGHPUT, place, message)
    elif not implementation.carries(load, count):
        has = (count * (implementation.capacity_bps or 0), 0)
        yield overfull(Rule.THROUGHPUT, place, load, has, Dimension.RATE, served)


def check_node(instance: Instance, node: str, total: Usage, parts: Mapping[str, Usage]) -> list[Violation]:
    """What is wrong with the use of one node.

    Args:
        instance: the problem.
        node: name of the node; one that does not exist has nothing wrong.
        total: use by all chains.
        parts: chain -> its share of ``total``; read only to name the chains that over-fill.
    """
    return list(capacity(instance, node, total, parts))


def check_device(instance: Instance, node: str, name: str, total: Usage, parts: Mapping[str, Usage]) -> list[Violation]:
    """What is wrong with the use of device ``name`` of a node; the rest as for :func:`check_node`."""
    return list(device(instance, node, name, total, parts))


def check_link(ends: tuple[str, str], total: Usage, parts: Mapping[str, Usage], hops: Hops) -> list[Violation]:
    """What is wrong with the use of the link from ``ends[0]`` to ``ends[1]``; the rest as for a node."""
    return list(bandwidth(ends, total, parts, hops))


def capacity(instance: Instance, node: str, total: Usage, parts: Mapping[str, Usage]) -> Iterator[Violation]:
    """Per resource, use + reserved <= capacity."""
    if node not in instance.nodes:
        return
    owner = instance.nodes[node]
    for resource, used in total.nodes.get(node, {}).items():
        if used > max(owner.free(resource), 0):
            shares = {name: part.nodes.get(node, {}).get(resource, 0) for name, part in parts.items()}
            has = (owner.capacity.get(resource, 0), owner.reserved.get(resource, 0))
            unit = instance.dimension(resource)
            yield overfull(Rule.CAPACITY, where(("node", node, resource)), used, has, unit, shares)


def device(instance: Instance, node: str, name: str, total: Usage, parts: Mapping[str, Usage]) -> Iterator[Violation]:
    """Per device resource, use <= what the device has."""
    if node not in instance.nodes:
        return
    has = instance.nodes[node].devices.get(name, {})
    for resource, used in total.devices.get(node, {}).get(name, {}).items():
        if used > has.get(resource, 0):
            uses = {chain: part.devices.get(node, {}).get(name, {}) for chain, part in parts.items()}
            shares = {chain: use.get(resource, 0) for chain, use in uses.items()}
            place, unit = where(("device", node, name, resource)), instance.device_dimension(resource)
            yield overfull(Rule.DEVICE, place, used, (has.get(resource, 0), 0), unit, shares)


def bandwidth(ends: tuple[str, str], total: Usage, parts: Mapping[str, Usage], hops: Hops) -> Iterator[Violation]:
    """The rates on a link direction + reserved <= bandwidth."""
    used = total.links.get(ends, 0)
    if ends in hops and used > max(hops[ends].direction.free_bps, 0):
        has = (hops[ends].direction.bandwidth_bps, hops[ends].direction.reserved_bps)
        shares = {name: part.links.get(ends, 0) for name, part in parts.items()}
        yield overfull(Rule.BANDWIDTH, where(("link", *ends)), used, has, Dimension.RATE, shares)


def check_class(instance: Instance, traffic_class: TrafficClass, parts: Mapping[str, Usage]) -> list[Violation]:
    """What is wrong with the use by one class; the rest as for :func:`check_opening`."""
    return list(class_share(instance, traffic_class, parts))


def class_share(instance: Instance, traffic_class: TrafficClass, parts: Mapping[str, Usage]) -> Iterator[Violation]:
    """Per resource and link direction, the use by chains of the class is no more than its share of the capacity."""
    if traffic_class.share is None:
        return
    own = {name: part for name, part in parts.items() if instance.chains[name].class_name == traffic_class.name}
    taken = {name: amounts(part) for name, part in own.items()}
    has = capacities(instance)
    for name, used in amounts(total_usage(own.values())).items():
        shares = {chain: amount.get(name, 0) for chain, amount in taken.items()}
        limit = traffic_class.limit(has.get(name, NO_CAPACITY).amount)
        if limit is not None and used > limit:
            place = f"class {traffic_class.name}, {where(name)}"
            yield overfull(Rule.CLASS_SHARE, place, used, (limit, 0), dimension_of(instance, name), shares)
