"""Where components run, which links flows cross, and how much of everything a placement takes.

The judges (:mod:`mosaico_place.checking`, :mod:`mosaico_place.costing`) read placements through this module. A
placement may name things that do not exist; whatever dangles is skipped here, and reported by ``check``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from mosaico_place.instance import (
    Chain,
    Component,
    Direction,
    Flow,
    Function,
    Implementation,
    Instance,
    Kind,
    Link,
    Node,
)
from mosaico_place.placement import EMPTY, ChainPlacement, FlowPath, Opening, Placement
from mosaico_place.quantities import Dimension

CapacityName = tuple[str, ...]
"""("node", node, resource), ("device", node, device, resource) or ("link", tail, head)."""


class Capacity(NamedTuple):
    """How much there is of something, and how much of it placements may not use, in smallest units."""

    amount: int
    reserved: int = 0


NO_CAPACITY = Capacity(0)


class Hop(NamedTuple):
    """A link walked one way."""

    link: Link
    direction: Direction


Hops = Mapping[tuple[str, str], Hop]
"""(tail, head) -> the hop between these two nodes, if it is up; an index, so that nobody scans the links."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the chains of one placement have in common; made once by :func:`survey` and passed on.

    Attributes:
        hops: the links by direction.
        programs: (switch, shared function) -> the P4 program that is opened there.
    """

    hops: Hops
    programs: Mapping[tuple[str, str], Implementation] = field(default_factory=dict)


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
        loads: opened instances -> bit/s that they serve.
    """

    nodes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    devices: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    links: Mapping[tuple[str, str], int] = field(default_factory=dict)
    loads: Mapping[Opening, int] = field(default_factory=dict)


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


def amounts(part: Usage) -> dict[CapacityName, int]:
    """What a use takes of every capacity that it takes anything of."""
    taken: dict[CapacityName, int] = {}
    for node, by_resource in part.nodes.items():
        for resource, amount in by_resource.items():
            taken["node", node, resource] = amount
    for node, by_device in part.devices.items():
        for device, by_resource in by_device.items():
            for resource, amount in by_resource.items():
                taken["device", node, device, resource] = amount
    for (tail, head), rate in part.links.items():
        taken["link", tail, head] = rate
    return taken


def takers(parts: Mapping[str, Usage]) -> dict[CapacityName, dict[str, int]]:
    """Every capacity that something is taken of -> who takes how much of it."""
    found: dict[CapacityName, dict[str, int]] = {}
    for user, part in parts.items():
        for name, amount in amounts(part).items():
            found.setdefault(name, {})[user] = amount
    return found


def instances_of(function: str) -> str:
    """What takes the capacities that the opened instances of a function take, beside the chains."""
    return f"instances of {function}"


def dimension_of(instance: Instance, name: CapacityName) -> Dimension:
    """What a capacity is measured in; KeyError if its resource is neither known nor declared."""
    kind, *_, resource = name
    if kind == "link":
        return Dimension.RATE
    return instance.dimension(resource) if kind == "node" else instance.device_dimension(resource)


def survey(instance: Instance, placement: Placement = EMPTY) -> Scene:
    """The scene of a placement: its links and the programs that it opens."""
    programs = {}
    for opening in placement.instances:
        served_by = program_opened(instance, placement.instances, opening.node, opening.function)
        if served_by is not None:
            programs[opening.node, opening.function] = served_by
    return Scene(index_hops(instance), programs)


def program_opened(
    instance: Instance, instances: Mapping[Opening, int], node: str, function: str
) -> Implementation | None:
    """The P4 program of a shared function that is opened on a switch; the first in the file if wrongly several are."""
    if node not in instance.nodes or instance.nodes[node].kind is not Kind.P4_SWITCH:
        return None
    implementations = instance.functions[function].implementations if function in instance.functions else {}
    for name, implementation in implementations.items():
        opening = Opening(node, function, name)
        if instances.get(opening, 0) > 0 and opened_as(instance, opening) is not None:
            return implementation
    return None


def opened_as(instance: Instance, opening: Opening) -> Running | None:
    """How opened instances run; None if the opening dangles, or opens what is not shared or does not run there."""
    node, function = instance.nodes.get(opening.node), instance.functions.get(opening.function)
    if node is None or function is None or not function.shared:
        return None
    implementation = function.implementations.get(opening.implementation)
    if implementation is None or not implementation.runs_on(node):
        return None
    return Running(function, implementation, node, None)


def index_hops(instance: Instance) -> Hops:
    """Index both directions of every link that is up. Build it once and pass it on: it costs a walk over all links."""
    hops: dict[tuple[str, str], Hop] = {}
    for link in instance.links:
        hops |= hops_of_link(instance, link)
    return hops


def hops_of_link(instance: Instance, link: Link) -> dict[tuple[str, str], Hop]:
    """The two hops that a link makes; none if it is down, or one of its nodes is."""
    if not instance.link_up(link):
        return {}
    one, other = link.ends
    return {(one, other): Hop(link, link.forth), (other, one): Hop(link, link.back)}


def hops_of(path: FlowPath) -> Iterable[tuple[str, str]]:
    """(tail, head) of each step of a path; nothing for a path of one node."""
    return pairwise(path)


def touched(instance: Instance, path: FlowPath) -> list[Node]:
    """The P4 switches on a path, its ends included: where per-hop functions are asked for."""
    nodes = (instance.nodes.get(name) for name in path)
    return [node for node in nodes if node is not None and node.kind is Kind.P4_SWITCH]


def program(instance: Instance, scene: Scene, flow: Flow, function: str, node: Node) -> Implementation | None:
    """The P4 program that serves a flow as one of its per-hop functions on a switch; None if there is none.

    A shared function serves it with the program opened there. A flow that has its programs to itself gets the first
    that the switch can run.
    """
    if instance.functions[function].shared_by(flow):
        return scene.programs.get((node.name, function))
    return next(iter(instance.programs(function, node)), None)


def followed(chain_placement: ChainPlacement, flow: Flow) -> int:
    """How many nodes of its own path a copy shares with the path of the flow that it copies; 0 for other flows."""
    if flow.copy_of is None:
        return 0
    own, host = chain_placement.flows.get(flow.ends, ()), chain_placement.flows.get(flow.copy_of, ())
    shared = 0
    while shared < min(len(own), len(host)) and own[shared] == host[shared]:
        shared += 1
    return shared


def paid_hops(chain_placement: ChainPlacement, flow: Flow) -> list[tuple[str, str]]:
    """The hops of a flow's path whose bandwidth it takes: all, or those after a copy has left its host."""
    steps = list(hops_of(chain_placement.flows.get(flow.ends, ())))
    return steps[max(followed(chain_placement, flow) - 1, 0) :]


def standing(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> dict[str, Node]:
    """Component -> node, for those that stand on a node that is up; endpoints stand where the chain says."""
    nodes = {}
    for name, component in chain.components.items():
        spot = chain_placement.components.get(name)
        where = component.at if component.function is None else spot.node if spot is not None else None
        if where is not None and instance.node_up(where):
            nodes[name] = instance.nodes[where]
    return nodes


def running(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> dict[str, Running]:
    """Component -> how it runs, for those that do.

    Left out, besides endpoints: whatever has no spot, or a spot on an unknown node, in an implementation that
    is not the function's, or that the node does not run.
    """
    runs = {}
    for name, component in chain.components.items():
        spot = chain_placement.components.get(name)
        if component.function is None or spot is None:
            continue
        function = instance.functions[component.function]
        implementation = function.implementations.get(spot.implementation)
        node = instance.nodes.get(spot.node)
        if implementation is not None and node is not None and implementation.runs_on(node):
            runs[name] = Running(function, implementation, node, spot.device)
    return runs


def private(user: Component | Flow, function: Function) -> bool:
    """Whether a component, or a flow with per-hop functions, has an instance of a shared function to itself."""
    return function.shared and user.private


def own_demand(user: Component | Flow, function: Function, implementation: Implementation) -> Mapping[str, int]:
    """What a component, or a flow with per-hop functions, takes of a node besides instances opened for many."""
    return implementation.demand if function.shared_by(user) else implementation.alone


def merged_as_one(chain_placement: ChainPlacement, runs: Mapping[str, Running]) -> list[list[str]]:
    """The components that run, in groups that are charged once: the merged ones, and each other by itself."""
    groups = [[name for name in group if name in runs] for group in chain_placement.merged]
    inside = {name for group in groups for name in group}
    return [*filter(None, groups), *([name] for name in runs if name not in inside)]


def chain_usage(instance: Instance, chain: Chain, chain_placement: ChainPlacement, scene: Scene | None = None) -> Usage:
    """What one accepted chain takes.

    Args:
        instance: the problem.
        chain: the accepted chain.
        chain_placement: where it stands.
        scene: of the whole placement, if the caller has it; else no program is opened.
    """
    scene = survey(instance) if scene is None else scene
    nodes: dict[str, dict[str, int]] = {}
    devices: dict[str, dict[str, dict[str, int]]] = {}
    links: dict[tuple[str, str], int] = {}
    loads: dict[Opening, int] = {}
    runs = running(instance, chain, chain_placement)
    for group in merged_as_one(chain_placement, runs):
        first = runs[group[0]]
        demands = [own_demand(chain.components[name], runs[name].function, runs[name].implementation) for name in group]
        _add(nodes, first.node.name, _largest(demands))
        if first.device is not None and first.device in first.node.working:
            taken = _largest([runs[name].implementation.device for name in group])
            _add(devices.setdefault(first.node.name, {}), first.device, taken)
    for name, run in runs.items():
        if run.function.shared_by(chain.components[name]):
            opening = Opening(run.node.name, run.function.name, run.implementation.name)
            loads[opening] = loads.get(opening, 0) + chain.load_bps(name)
    for flow in chain.flows:
        for hop in paid_hops(chain_placement, flow):
            if hop in scene.hops:
                links[hop] = links.get(hop, 0) + flow.rate_bps
        for node, function, served_by in per_hop_programs(instance, flow, chain_placement, scene):
            _add(nodes, node.name, own_demand(flow, function, served_by))
            if function.shared_by(flow):
                opening = Opening(node.name, function.name, served_by.name)
                loads[opening] = loads.get(opening, 0) + flow.rate_bps
    return Usage(nodes, devices, links, loads)


def per_hop_programs(
    instance: Instance, flow: Flow, chain_placement: ChainPlacement, scene: Scene
) -> Iterator[tuple[Node, Function, Implementation]]:
    """(switch, function, program) of every program that serves a flow on its path; what is missing is left out."""
    if flow.per_hop:
        for node in touched(instance, chain_placement.flows.get(flow.ends, ())):
            for name in flow.per_hop:
                served_by = program(instance, scene, flow, name, node)
                if served_by is not None:
                    yield node, instance.functions[name], served_by


def instances_usage(instance: Instance, placement: Placement) -> dict[str, Usage]:
    """Shared function -> what its opened instances take; what dangles or does not run is left out."""
    parts: dict[str, dict[str, dict[str, int]]] = {}
    for opening, count in placement.instances.items():
        taken = opening_takes(instance, opening, count)
        if taken is not None:
            _add(parts.setdefault(opening.function, {}), opening.node, taken)
    return {name: Usage(nodes) for name, nodes in parts.items()}


def opening_takes(instance: Instance, opening: Opening, count: int) -> dict[str, int] | None:
    """Node resource -> what so many opened instances take; None if they dangle, do not run or are none."""
    runs = opened_as(instance, opening)
    if runs is None or count < 1:
        return None
    return {resource: count * amount for resource, amount in runs.implementation.once.items()}


def total_usage(parts: Iterable[Usage]) -> Usage:
    """Sum of the parts."""
    nodes: dict[str, dict[str, int]] = {}
    devices: dict[str, dict[str, dict[str, int]]] = {}
    links: dict[tuple[str, str], int] = {}
    loads: dict[Opening, int] = {}
    for part in parts:
        for node, amounts in part.nodes.items():
            _add(nodes, node, amounts)
        for node, by_device in part.devices.items():
            for device, amounts in by_device.items():
                _add(devices.setdefault(node, {}), device, amounts)
        for hop, rate in part.links.items():
            links[hop] = links.get(hop, 0) + rate
        for opening, load in part.loads.items():
            loads[opening] = loads.get(opening, 0) + load
    return Usage(nodes, devices, links, loads)


def usage_by_chain(instance: Instance, placement: Placement, scene: Scene | None = None) -> dict[str, Usage]:
    """What each accepted chain takes; chains that the instance does not know are left out."""
    scene = survey(instance, placement) if scene is None else scene
    return {
        name: chain_usage(instance, instance.chains[name], chain_placement, scene)
        for name, chain_placement in placement.chains.items()
        if name in instance.chains
    }


def usage(instance: Instance, placement: Placement, scene: Scene | None = None) -> Usage:
    """What a whole placement takes: the sum over its chains and its opened instances."""
    own = usage_by_chain(instance, placement, scene)
    return total_usage([*own.values(), *instances_usage(instance, placement).values()])


def _largest(amounts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Elementwise largest."""
    largest: dict[str, int] = {}
    for part in amounts:
        for resource, amount in part.items():
            largest[resource] = max(amount, largest.get(resource, 0))
    return largest


def _add(totals: dict[str, dict[str, int]], key: str, amounts: Mapping[str, int]) -> None:
    """Add the amounts to ``totals[key]``."""
    into = totals.setdefault(key, {})
    for resource, amount in amounts.items():
        into[resource] = into.get(resource, 0) + amount
