"""How much of everything a chain, opened instances, or a whole placement take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mosaico_place.instance import Chain, Flow, Instance
from mosaico_place.placement import ChainPlacement, Opening, Placement
from mosaico_place.usage.hops import hops_of
from mosaico_place.usage.runs import Scene, merged_as_one, opened_as, own_demand, per_hop_programs, running, survey
from mosaico_place.usage.supply import CapacityName


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
    return steps if flow.copy_of is None else steps[max(followed(chain_placement, flow) - 1, 0) :]


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
        if working := [device for device in dict.fromkeys(first.devices) if device in first.node.working]:
            taken = _largest([runs[name].implementation.device for name in group])
            for device in working:
                _add(devices.setdefault(first.node.name, {}), device, taken)
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
