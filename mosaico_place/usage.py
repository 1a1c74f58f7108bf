"""Where components run, which links flows cross, and how much of everything a placement takes.

The judges (:mod:`mosaico_place.checking`, :mod:`mosaico_place.costing`) read placements through this module. A
placement may name things that do not exist; whatever dangles is skipped here, and reported by ``check``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from mosaico_place.instance import Chain, Direction, Function, Implementation, Instance, Link, Node
from mosaico_place.placement import ChainPlacement, FlowPath, Placement


class Hop(NamedTuple):
    """A link walked one way."""

    link: Link
    direction: Direction


Hops = Mapping[tuple[str, str], Hop]
"""(tail, head) -> the hop between these two nodes; an index, so that nobody scans the links."""


class Running(NamedTuple):
    """A component that runs: its function, in one implementation, on a node that offers its level.

    ``device`` is the device its spot names, whether or not that device exists.
    """

    function: Function
    implementation: Implementation
    node: Node
    device: str | None


@dataclass(frozen=True, slots=True)
class Usage:
    """How much is taken, in smallest units; what nothing takes is absent.

    Attributes:
        nodes: node -> resource -> amount.
        devices: node -> device -> resource -> amount.
        links: (tail, head) -> bit/s in that direction.
    """

    nodes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    devices: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    links: Mapping[tuple[str, str], int] = field(default_factory=dict)


def index_hops(instance: Instance) -> Hops:
    """Index both directions of every link. Build it once and pass it on: it costs a walk over all links."""
    hops = {}
    for link in instance.links:
        one, other = link.ends
        hops[one, other] = Hop(link, link.forth)
        hops[other, one] = Hop(link, link.back)
    return hops


def hops_of(path: FlowPath) -> Iterable[tuple[str, str]]:
    """(tail, head) of each step of a path; nothing for a path of one node."""
    return pairwise(path)


def standing(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> dict[str, Node]:
    """Component -> node, for those that stand on a node that exists; endpoints stand where the chain says."""
    nodes = {}
    for name, component in chain.components.items():
        spot = chain_placement.components.get(name)
        where = component.at if component.function is None else spot.node if spot is not None else None
        if where is not None and where in instance.nodes:
            nodes[name] = instance.nodes[where]
    return nodes


def running(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> dict[str, Running]:
    """Component -> how it runs, for those that do.

    Left out, besides endpoints: whatever has no spot, or a spot on an unknown node, in an implementation that
    is not the function's, or at a level that the node does not offer.
    """
    runs = {}
    for name, component in chain.components.items():
        spot = chain_placement.components.get(name)
        if component.function is None or spot is None:
            continue
        function = instance.functions[component.function]
        implementation = function.implementations.get(spot.implementation)
        node = instance.nodes.get(spot.node)
        if implementation is not None and node is not None and implementation.level in node.runs:
            runs[name] = Running(function, implementation, node, spot.device)
    return runs


def chain_usage(instance: Instance, chain: Chain, chain_placement: ChainPlacement, hops: Hops | None = None) -> Usage:
    """What one accepted chain takes.

    Args:
        instance: the problem.
        chain: the accepted chain.
        chain_placement: where it stands.
        hops: ``index_hops(instance)``, if the caller has it.
    """
    nodes: dict[str, dict[str, int]] = {}
    devices: dict[str, dict[str, dict[str, int]]] = {}
    links: dict[tuple[str, str], int] = {}
    for run in running(instance, chain, chain_placement).values():
        _add(nodes, run.node.name, run.implementation.demand)
        if run.device is not None and run.device in run.node.devices:
            _add(devices.setdefault(run.node.name, {}), run.device, run.implementation.device)
    hops = index_hops(instance) if hops is None else hops
    for flow in chain.flows:
        for hop in hops_of(chain_placement.flows.get(flow.ends, ())):
            if hop in hops:
                links[hop] = links.get(hop, 0) + flow.rate_bps
    return Usage(nodes, devices, links)


def total_usage(parts: Iterable[Usage]) -> Usage:
    """Sum of the parts."""
    nodes: dict[str, dict[str, int]] = {}
    devices: dict[str, dict[str, dict[str, int]]] = {}
    links: dict[tuple[str, str], int] = {}
    for part in parts:
        for node, amounts in part.nodes.items():
            _add(nodes, node, amounts)
        for node, by_device in part.devices.items():
            for device, amounts in by_device.items():
                _add(devices.setdefault(node, {}), device, amounts)
        for hop, rate in part.links.items():
            links[hop] = links.get(hop, 0) + rate
    return Usage(nodes, devices, links)


def usage_by_chain(instance: Instance, placement: Placement, hops: Hops | None = None) -> dict[str, Usage]:
    """What each accepted chain takes; chains that the instance does not know are left out."""
    hops = index_hops(instance) if hops is None else hops
    return {
        name: chain_usage(instance, instance.chains[name], chain_placement, hops)
        for name, chain_placement in placement.chains.items()
        if name in instance.chains
    }


def usage(instance: Instance, placement: Placement) -> Usage:
    """What a whole placement takes: the sum over its chains."""
    return total_usage(usage_by_chain(instance, placement).values())


def _add(totals: dict[str, dict[str, int]], key: str, amounts: Mapping[str, int]) -> None:
    """Add the amounts to ``totals[key]``."""
    into = totals.setdefault(key, {})
    for resource, amount in amounts.items():
        into[resource] = into.get(resource, 0) + amount
