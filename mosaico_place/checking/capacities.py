"""The rules of what chains share: opened instances, nodes, devices, links and classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mosaico_place.checking.words import NAMED_USERS, did_you_mean, in_order, lacks, overfull, where
from mosaico_place.instance import Instance, Kind, TrafficClass
from mosaico_place.placement import Opening
from mosaico_place.quantities import Dimension
from mosaico_place.result import Violation
from mosaico_place.rules import Rule
from mosaico_place.usage import CapacityName, Hops, capacity_of, dimension_of


def check_opening(
    instance: Instance, opening: Opening, instances: Mapping[Opening, int], served: Mapping[str, int]
) -> list[Violation]:
    """What is wrong with the instances of one function in one implementation on one node.

    Args:
        instance: the problem.
        opening: which instances.
        instances: how many are opened of these and of all others.
        served: chain -> load of it, in bit/s, that counts on these instances.
    """
    if message := next(opened(instance, opening, instances), None):
        place = f"node {opening.node}, {opening.function} {opening.implementation}"
        return [Violation(Rule.THROUGHPUT, place, message)]
    return list(throughput(instance, opening, instances.get(opening, 0), served))


def opened(instance: Instance, opening: Opening, instances: Mapping[Opening, int]) -> Iterator[str]:
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
    elif instances.get(opening, 0) < 0:
        yield f"cannot be opened {instances[opening]} times"
    elif node.kind is Kind.P4_SWITCH:
        several = [opening._replace(implementation=name) for name in function.implementations]
        everywhere = [other for other in several if other in instances]
        programs = sum(instances[other] for other in everywhere)
        if programs > 1 and opening == everywhere[0]:
            yield f"a program is opened at most once per switch, in one implementation; this one is {programs} times"


def throughput(instance: Instance, opening: Opening, count: int, served: Mapping[str, int]) -> Iterator[Violation]:
    """The load on opened instances is no more than all of them carry."""
    implementation = instance.functions[opening.function].implementations[opening.implementation]
    load = sum(served.values())
    place = f"node {opening.node}, {opening.function} {opening.implementation}"
    if served and not count:
        users = sorted(served, key=in_order)
        more = f" and {len(users) - NAMED_USERS} more" if len(users) > NAMED_USERS else ""
        message = f"no instance is opened, but {', '.join(users[:NAMED_USERS])}{more} need one"
        yield Violation(Rule.THROUGHPUT, place, message)
    elif not implementation.carries(load, count):
        has = (count * (implementation.capacity_bps or 0), 0)
        yield overfull(Rule.THROUGHPUT, place, load, has, Dimension.RATE, served)


def check_capacity(
    instance: Instance, name: CapacityName, used: int, shares: Mapping[str, int], hops: Hops
) -> list[Violation]:
    """What is wrong with the use of one capacity; nothing if it is of a node or link that does not exist.

    Args:
        instance: the problem.
        name: of a node's resource, a device's, or a link direction.
        used: how much of it is taken.
        shares: who takes how much; read only to name those that over-fill.
        hops: the links by direction.
    """
    if name[0] == "node":
        return list(capacity(instance, name, used, shares))
    if name[0] == "device":
        return list(device(instance, name, used, shares))
    return list(bandwidth(name, used, shares, hops))


def capacity(instance: Instance, name: CapacityName, used: int, shares: Mapping[str, int]) -> Iterator[Violation]:
    """Use + reserved of a node's resource <= capacity."""
    _, node, resource = name
    owner = instance.nodes.get(node)
    if owner is not None and used > max(owner.free(resource), 0):
        has = (owner.capacity.get(resource, 0), owner.reserved.get(resource, 0))
        yield overfull(Rule.CAPACITY, where(name), used, has, instance.dimension(resource), shares)


def device(instance: Instance, name: CapacityName, used: int, shares: Mapping[str, int]) -> Iterator[Violation]:
    """Use of a device's resource <= what the device has."""
    _, node, key, resource = name
    owner = instance.nodes.get(node)
    has = 0 if owner is None else owner.devices.get(key, {}).get(resource, 0)
    if owner is not None and used > has:
        yield overfull(Rule.DEVICE, where(name), used, (has, 0), instance.device_dimension(resource), shares)


def bandwidth(name: CapacityName, used: int, shares: Mapping[str, int], hops: Hops) -> Iterator[Violation]:
    """The rates on a link direction + reserved <= bandwidth."""
    hop = hops.get((name[1], name[2]))
    if hop is not None and used > max(hop.direction.free_bps, 0):
        has = (hop.direction.bandwidth_bps, hop.direction.reserved_bps)
        yield overfull(Rule.BANDWIDTH, where(name), used, has, Dimension.RATE, shares)


def check_class(
    instance: Instance,
    traffic_class: TrafficClass,
    name: CapacityName,
    used: int,
    shares: Mapping[str, int],
    hops: Hops,
) -> list[Violation]:
    """What is wrong with the use of one capacity by one class.

    Args:
        instance: the problem.
        traffic_class: the class.
        name: the capacity.
        used: how much of it the chains of the class take together.
        shares: who takes how much of it, whatever their class; read only to name those that over-fill.
        hops: the links by direction.
    """
    return list(class_share(instance, traffic_class, name, used, shares, hops))


def class_share(
    instance: Instance,
    traffic_class: TrafficClass,
    name: CapacityName,
    used: int,
    shares: Mapping[str, int],
    hops: Hops,
) -> Iterator[Violation]:
    """The use by chains of the class is no more than its share of the capacity."""
    limit = traffic_class.limit(capacity_of(instance, hops, name).amount)
    if limit is not None and used > limit:
        chains = {user: instance.chains.get(user) for user in shares}
        own = {user for user, chain in chains.items() if chain is not None and chain.class_name == traffic_class.name}
        place = f"class {traffic_class.name}, {where(name)}"
        taken = {user: amount for user, amount in shares.items() if user in own}
        yield overfull(Rule.CLASS_SHARE, place, used, (limit, 0), dimension_of(instance, name), taken)
