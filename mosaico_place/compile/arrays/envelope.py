"""The best that an infrastructure has ever been: what is compiled once and holds while parts of it fail and return.

Candidates that even the best figures rule out never come back, so a change that stays within them only changes
numbers; one that goes beyond them asks for a new compilation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mosaico_place.instance import Direction, Instance, Link, Node


def widened(instance: Instance, before: Instance | None = None) -> Instance:
    """The instance with everything up, and with the larger capacities and lower delays of itself and ``before``."""
    if before is None or not same_frame(instance, before):
        before = instance
    nodes = {name: _node(node.repaired, before.nodes[name]) for name, node in instance.nodes.items()}
    links = tuple(_link(link, other) for link, other in zip(instance.links, before.links, strict=True))
    return replace(instance, nodes=nodes, links=links)


def same_frame(instance: Instance, other: Instance) -> bool:
    """Whether nodes and links have the same names in the same order."""
    if instance.nodes is other.nodes and instance.links is other.links:
        return True
    return (
        list(instance.nodes) == list(other.nodes)
        and len(instance.links) == len(other.links)
        and all(one is two or one.ends == two.ends for one, two in zip(instance.links, other.links, strict=True))
    )


def node_within(node: Node, best: Node) -> bool:
    """Whether a node differs from its best figures only in amounts and in what is up, and is nowhere better."""
    return (
        replace(node.repaired, capacity=best.capacity, reserved=best.reserved, devices=best.devices) == best
        and _less(node.capacity, best.capacity)
        and all(node.free(name) <= best.free(name) for name in node.capacity)
        and node.devices.keys() == best.devices.keys()
        and all(_less(has, best.devices[device]) for device, has in node.devices.items())
    )


def link_within(link: Link, best: Link) -> bool:
    """The same of a link."""
    return (
        link.ends == best.ends
        and link.prices == best.prices
        and _direction_within(link.forth, best.forth)
        and _direction_within(link.back, best.back)
    )


def _direction_within(one: Direction, best: Direction) -> bool:
    return (
        one.bandwidth_bps <= best.bandwidth_bps
        and one.free_bps <= best.free_bps
        and one.latency_ns >= best.latency_ns
        and one.classic_ns >= best.classic_ns
        and one.l4s_ns >= best.l4s_ns
    )


def _less(has: Mapping[str, int], best: Mapping[str, int]) -> bool:
    return all(amount <= best.get(name, 0) for name, amount in has.items())


def _node(node: Node, before: Node) -> Node:
    capacity, devices = _most(node.capacity, before.capacity), dict(node.devices)
    for device, has in before.devices.items():
        if device in devices:
            devices[device] = _most(devices[device], has)
    free = {name: max(node.free(name), before.free(name)) for name in capacity}
    reserved = {name: capacity[name] - free[name] for name in capacity if capacity[name] > free[name]}
    return replace(node, capacity=capacity, reserved=reserved, devices=devices)


def _most(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}}


def _link(link: Link, before: Link) -> Link:
    return replace(link, up=True, forth=_direction(link.forth, before.forth), back=_direction(link.back, before.back))


def _direction(one: Direction, other: Direction) -> Direction:
    bandwidth = max(one.bandwidth_bps, other.bandwidth_bps)
    return Direction(
        bandwidth_bps=bandwidth,
        latency_ns=min(one.latency_ns, other.latency_ns),
        reserved_bps=bandwidth - max(one.free_bps, other.free_bps),
        classic_ns=min(one.classic_ns, other.classic_ns),
        l4s_ns=min(one.l4s_ns, other.l4s_ns),
    )
