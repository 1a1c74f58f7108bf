"""Which rules a placement breaks.

Reads the instance and the placement only, never a compiled model: what a method got wrong, this must not
repeat. A sum of per-chain and per-resource parts, so that a change is checked by the parts it touches:

=====================  ==================================================================================
:func:`check_chain`    ``accepted``, then ``placed``, ``devices``, ``routed``, ``latency``, ``together``,
                       ``apart``, ``only``, ``never``
:func:`check_node`     ``capacity``
:func:`check_device`   ``device``
:func:`check_link`     ``bandwidth``
=====================  ==================================================================================

Every function is named like its rule; besides, ``accepted`` is the part of rule ``placed`` that speaks of
chains as a whole, and ``devices`` the part of rule ``device`` that speaks of names.

A fault is reported once, where it starts. What cannot be judged because of it is passed over: the path of
a flow whose components stand nowhere, the latency over what does not run or is not routed. What does not run
uses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from mosaico_place.errors import suggestion
from mosaico_place.instance import Chain, Component, Flow, Group, Instance, Level, Node
from mosaico_place.latency import budget_flows, find_latency_ns
from mosaico_place.placement import ChainPlacement, FlowPath, Placement, Spot
from mosaico_place.quantities import Dimension, format_quantity
from mosaico_place.result import Violation
from mosaico_place.rules import Rule
from mosaico_place.usage import (
    Hops,
    Running,
    Usage,
    hops_of,
    index_hops,
    running,
    standing,
    total_usage,
    usage_by_chain,
)

_NAMED_USERS = 5
"""How many of the chains that over-fill something are named, the largest first."""
_SUGGEST_AMONG = 100
"""Among more names, looking for one that was meant takes too long for a file with thousands of wrong ones."""


@dataclass(frozen=True, slots=True)
class Case:
    """An accepted chain as the rules look at it.

    Attributes:
        stands: component -> node, where that node exists.
        runs: component -> how it runs, where it does.
        path_faults: (tail, head) of a flow -> what is wrong with its path, only for those that are wrong.
    """

    instance: Instance
    chain: Chain
    placement: ChainPlacement
    hops: Hops
    stands: Mapping[str, Node]
    runs: Mapping[str, Running]
    path_faults: Mapping[tuple[str, str], str]

    def violation(self, rule: Rule, where: str, message: str, amount: float = 1.0) -> Violation:
        """A violation by this chain."""
        return Violation(rule, f"chain {self.chain.name}, {where}", message, amount)


def check(instance: Instance, placement: Placement) -> list[Violation]:
    """Every violation of a placement: chain by chain, then nodes, devices and links. Empty if it is valid."""
    hops = index_hops(instance)
    parts = usage_by_chain(instance, placement, hops)
    total = total_usage(parts.values())
    found = []
    for name in dict.fromkeys((*instance.chains, *placement.chains)):
        found += check_chain(instance, name, placement.chains.get(name), hops)
    for node in total.nodes:
        found += check_node(instance, node, total, parts)
    for node, devices_used in total.devices.items():
        for name in devices_used:
            found += check_device(instance, node, name, total, parts)
    for ends in total.links:
        found += check_link(ends, total, parts, hops)
    return found


# --- per chain ------------------------------------------------------------------------------------------


def check_chain(
    instance: Instance, name: str, chain_placement: ChainPlacement | None, hops: Hops | None = None
) -> list[Violation]:
    """What is wrong with one chain, whatever the others do.

    Args:
        instance: the problem.
        name: the chain's name, known or not.
        chain_placement: where it stands; None if it is rejected.
        hops: ``index_hops(instance)``, if the caller has it.
    """
    found = list(accepted(instance, name, chain_placement))
    if name not in instance.chains or chain_placement is None:
        return found
    case = _look(instance, instance.chains[name], chain_placement, hops or index_hops(instance))
    return found + [violation for rule in CHAIN_RULES for violation in rule(case)]


def accepted(instance: Instance, name: str, chain_placement: ChainPlacement | None) -> Iterator[Violation]:
    """Rule ``placed``, of the chain as a whole: it exists, and is accepted if it must be."""
    chain = instance.chains.get(name)
    if chain is None:
        if chain_placement is not None:
            mend = "remove it, or use the instance that this placement was made for"
            yield Violation(Rule.PLACED, f"chain {name}", f"the instance has no such chain; {mend}")
    elif chain_placement is None and instance.must_accept(chain):
        why = "it is required" if chain.required else "no objective level counts its rejection"
        yield Violation(Rule.PLACED, f"chain {name}", f"is rejected, but must be accepted: {why}")


def placed(case: Case) -> Iterator[Violation]:
    """Every component that is no endpoint has one spot, on a node that runs its implementation."""
    for component in case.chain.components.values():
        spot = case.placement.components.get(component.name)
        for message in _spot_faults(case.instance, component, spot):
            yield case.violation(Rule.PLACED, f"component {component.name}", message)
    for name in case.placement.components:
        if name not in case.chain.components:
            message = f"the chain has no such component{_did_you_mean(name, tuple(case.chain.components))}"
            yield case.violation(Rule.PLACED, f"component {name}", message)


def devices(case: Case) -> Iterator[Violation]:
    """Rule ``device``, of names: level ``gpu`` names a device of its node, the other levels name none."""
    for name, run in case.runs.items():
        level, has = run.implementation.level, run.node.devices
        if level is Level.GPU and run.device not in has:
            named = f"device {run.device!r}" if run.device is not None else "no device"
            message = f"names {named}, but level gpu takes one of {run.node.name!r}: {', '.join(has)}"
        elif level is not Level.GPU and run.device is not None:
            message = f"names device {run.device!r}, but level {level} takes none; leave the device out"
        else:
            continue
        yield case.violation(Rule.DEVICE, f"component {name}", message)


def routed(case: Case) -> Iterator[Violation]:
    """Each flow has one simple path, from its tail's node to its head's, inside it switches and routers."""
    for (tail, head), message in case.path_faults.items():
        yield case.violation(Rule.ROUTED, f"flow {tail} -> {head}", message)
    known = {flow.ends for flow in case.chain.flows}
    # A component that the chain does not have is reported as such, and its flows with it.
    extra = case.placement.components.keys() - case.chain.components.keys()
    for ends in case.placement.flows:
        if ends not in known and extra.isdisjoint(ends):
            message = "the chain has no such flow; remove it"
            yield case.violation(Rule.ROUTED, f"flow {ends[0]} -> {ends[1]}", message)


def latency(case: Case) -> Iterator[Violation]:
    """The longest way of each budget takes no longer than ``within``."""
    for budget in case.chain.budgets:
        ways = budget_flows(case.chain, budget)
        if budget.within_ns is None or any(flow.ends in case.path_faults for flow in ways):
            continue
        actual_ns = find_latency_ns(case.instance, case.chain, case.placement, budget, case.hops)
        if actual_ns is not None and actual_ns > budget.within_ns:
            over_ns = actual_ns - budget.within_ns
            times = [format_quantity(ns, Dimension.TIME) for ns in (actual_ns, over_ns, budget.within_ns)]
            message = "takes {}, which is {} more than the {} it may".format(*times)
            where = f"latency {budget.tail} -> {budget.head}"
            yield case.violation(Rule.LATENCY, where, message, _base_units(over_ns, Dimension.TIME))


def together(case: Case) -> Iterator[Violation]:
    """The components of a group stand on one node, or on nodes with one value of a label."""
    for group in case.chain.together:
        places = _places(case, group)
        if len(places) > 1:
            apart_by = "nodes" if group.by is None else f"values of {group.by}"
            spread = "; ".join(f"{', '.join(names)} on {place}" for place, names in places.items())
            where = f"together {', '.join(group.components)}"
            yield case.violation(Rule.TOGETHER, where, f"stand on different {apart_by}: {spread}")


def apart(case: Case) -> Iterator[Violation]:
    """No two components of a group stand on one node, or on nodes with one value of a label."""
    for group in case.chain.apart:
        crowds = [f"{', '.join(names)} on {at}" for at, names in _places(case, group).items() if len(names) > 1]
        if crowds:
            shared = "node" if group.by is None else f"value of {group.by}"
            where = f"apart {', '.join(group.components)}"
            yield case.violation(Rule.APART, where, f"share a {shared}: {'; '.join(crowds)}")


def only(case: Case) -> Iterator[Violation]:
    """A component stands on one of the nodes it may stand on."""
    for name, allowed in case.chain.only.items():
        if name in case.stands and not allowed.holds(case.stands[name]):
            message = f"stands on {case.stands[name].name!r}, which is none of the nodes it may stand on"
            yield case.violation(Rule.ONLY, f"component {name}", message)


def never(case: Case) -> Iterator[Violation]:
    """A component stands on none of the nodes it may never stand on."""
    for name, forbidden in case.chain.never.items():
        if name in case.stands and forbidden.holds(case.stands[name]):
            message = f"stands on {case.stands[name].name!r}, which is one of the nodes it may never stand on"
            yield case.violation(Rule.NEVER, f"component {name}", message)


CHAIN_RULES: tuple[Callable[[Case], Iterator[Violation]], ...] = (
    placed, devices, routed, latency, together, apart, only, never,
)  # fmt: skip


def _look(instance: Instance, chain: Chain, chain_placement: ChainPlacement, hops: Hops) -> Case:
    """Gather what several rules need."""
    stands = standing(instance, chain, chain_placement)
    faults = {}
    for flow in chain.flows:
        if flow.tail in stands and flow.head in stands:
            path = chain_placement.flows.get(flow.ends)
            fault = _path_fault(instance, flow, path, (stands[flow.tail], stands[flow.head]), hops)
            if fault is not None:
                faults[flow.ends] = fault
    runs = running(instance, chain, chain_placement)
    return Case(instance, chain, chain_placement, hops, stands, runs, faults)


def _spot_faults(instance: Instance, component: Component, spot: Spot | None) -> Iterator[str]:
    """What is wrong with where a component stands; its device apart."""
    if component.function is None:
        if component.at not in instance.nodes:
            yield f"is an endpoint on {component.at!r}, which does not exist"
        if spot is not None:
            yield "is an endpoint, whose place the chain gives; remove its spot"
        return
    if spot is None:
        yield "has no spot; an accepted chain has every component placed"
        return
    implementations = instance.functions[component.function].implementations
    node = instance.nodes.get(spot.node)
    if node is None:
        yield f"node {spot.node!r} does not exist{_did_you_mean(spot.node, tuple(instance.nodes))}"
    if spot.implementation not in implementations:
        has = f"{component.function!r} has {', '.join(implementations)}"
        yield f"implementation {spot.implementation!r} does not exist; function {has}"
    elif node is not None and (level := implementations[spot.implementation].level) not in node.runs:
        runs = f"runs {', '.join(sorted(node.runs))} only" if node.runs else "runs no components"
        yield f"{node.kind} {node.name!r} does not run {level}; it {runs}"


def _path_fault(
    instance: Instance, flow: Flow, path: FlowPath | None, ends: tuple[Node, Node], hops: Hops
) -> str | None:
    """The first thing that is wrong with a flow's path between the nodes of its ends; None if nothing is."""
    if not path:
        return "has no path"
    if path[0] != ends[0].name:
        return f"its path starts at {path[0]!r}, but {flow.tail!r} stands on {ends[0].name!r}"
    if path[-1] != ends[1].name:
        return f"its path ends at {path[-1]!r}, but {flow.head!r} stands on {ends[1].name!r}"
    if ends[0].name == ends[1].name and len(path) > 1:
        return f"both components stand on {ends[0].name!r}, so its path is that node alone"
    if len(set(path)) < len(path):
        twice = next(node for node in path if path.count(node) > 1)
        return f"its path meets {twice!r} more than once"
    for name in path[1:-1]:
        if name not in instance.nodes:
            hint = _did_you_mean(name, tuple(instance.nodes))
            return f"its path runs over {name!r}, which does not exist{hint}"
        if not (kind := instance.nodes[name].kind).forwards:
            return f"its path runs through {kind} {name!r}; only switches and routers lie inside a path"
    for tail, head in hops_of(path):
        if (tail, head) not in hops:
            return f"its path goes from {tail!r} to {head!r}, which no link joins"
    return None


def _places(case: Case, group: Group) -> dict[str, list[str]]:
    """Node or label value, in words -> the group's components there; who stands nowhere is left out."""
    places: dict[str, list[str]] = {}
    for name in group.components:
        if name in case.stands:
            node = case.stands[name]
            kind, value = ("node", node.name) if group.by is None else node.value(group.by)
            unlabelled = f" (no {group.by})" if group.by is not None and kind == "node" else ""
            place = f"{kind if kind == 'node' else group.by} {value!r}{unlabelled}"
            places.setdefault(place, []).append(name)
    return places


# --- per node, device and link --------------------------------------------------------------------------


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
            yield _overfull(Rule.CAPACITY, f"node {node}, {resource}", used, has, unit, shares)


def device(instance: Instance, node: str, name: str, total: Usage, parts: Mapping[str, Usage]) -> Iterator[Violation]:
    """Per device resource, use <= what the device has."""
    if node not in instance.nodes:
        return
    has = instance.nodes[node].devices.get(name, {})
    for resource, used in total.devices.get(node, {}).get(name, {}).items():
        if used > has.get(resource, 0):
            uses = {chain: part.devices.get(node, {}).get(name, {}) for chain, part in parts.items()}
            shares = {chain: use.get(resource, 0) for chain, use in uses.items()}
            where, unit = f"node {node}, device {name}, {resource}", instance.device_dimension(resource)
            yield _overfull(Rule.DEVICE, where, used, (has.get(resource, 0), 0), unit, shares)


def bandwidth(ends: tuple[str, str], total: Usage, parts: Mapping[str, Usage], hops: Hops) -> Iterator[Violation]:
    """The rates on a link direction + reserved <= bandwidth."""
    used = total.links.get(ends, 0)
    if ends in hops and used > max(hops[ends].direction.free_bps, 0):
        has = (hops[ends].direction.bandwidth_bps, hops[ends].direction.reserved_bps)
        shares = {name: part.links.get(ends, 0) for name, part in parts.items()}
        yield _overfull(Rule.BANDWIDTH, f"link {ends[0]} -> {ends[1]}", used, has, Dimension.RATE, shares)


def _overfull(
    rule: Rule, where: str, used: int, has: tuple[int, int], unit: Dimension, shares: Mapping[str, int]
) -> Violation:
    """A violation of use + reserved <= capacity; ``has`` is (capacity, reserved), ``shares`` per chain."""
    over = used + has[1] - has[0]
    users = sorted((name for name in shares if shares[name]), key=lambda name: -shares[name])
    named = [f"{name} ({format_quantity(shares[name], unit)})" for name in users[:_NAMED_USERS]]
    more = f" and {len(users) - _NAMED_USERS} more" if len(users) > _NAMED_USERS else ""
    reserved = f" with {format_quantity(has[1], unit)} reserved" if has[1] else ""
    message = (
        f"{format_quantity(used, unit)} used of {format_quantity(has[0], unit)}{reserved}, "
        f"{format_quantity(over, unit)} too much, by {', '.join(named)}{more}"
    )
    return Violation(rule, where, message, _base_units(over, unit))


def _base_units(amount: int, unit: Dimension) -> float:
    """Smallest units as base units (cores, seconds, ...)."""
    return float(Fraction(amount, unit.scale))


@lru_cache(maxsize=256)
def _did_you_mean(name: str, known: tuple[str, ...]) -> str:
    """A suggestion to append, such as ``; did you mean 'edge-1'?``, or nothing."""
    close = suggestion(name, known) if len(known) <= _SUGGEST_AMONG else ""
    return f"; did you mean {close!r}?" if close else ""
