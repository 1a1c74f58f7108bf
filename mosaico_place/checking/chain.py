"""The rules of one chain by itself: :func:`check_chain`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mosaico_place.checking.words import base_units, did_you_mean, lacks, overload
from mosaico_place.instance import Chain, Component, Flow, Group, Instance, Kind, Level, Node
from mosaico_place.latency import budget_flows, find_latency_ns
from mosaico_place.placement import ChainPlacement, FlowPath, Spot
from mosaico_place.quantities import Dimension, format_quantity
from mosaico_place.result import Violation
from mosaico_place.rules import Rule
from mosaico_place.usage import (
    Hops,
    Running,
    Scene,
    followed,
    hops_of,
    program,
    running,
    standing,
    survey,
    touched,
)


@dataclass(frozen=True, slots=True)
class Case:
    """An accepted chain as the rules look at it.

    Attributes:
        stands: component -> node, where that node is up.
        runs: component -> how it runs, where it does.
        path_faults: (tail, head) of a flow -> what is wrong with its path, only for those that are wrong.
    """

    instance: Instance
    chain: Chain
    placement: ChainPlacement
    scene: Scene
    stands: Mapping[str, Node]
    runs: Mapping[str, Running]
    path_faults: Mapping[tuple[str, str], str]

    def sound(self, flow: Flow) -> bool:
        """Whether both ends of the flow stand somewhere and a proper path joins them."""
        return {flow.tail, flow.head} <= self.stands.keys() and flow.ends not in self.path_faults

    def violation(self, rule: Rule, where: str, message: str, amount: float = 1.0) -> Violation:
        """A violation by this chain."""
        return Violation(rule, f"chain {self.chain.name}, {where}", message, amount)


def check_chain(
    instance: Instance, name: str, chain_placement: ChainPlacement | None, scene: Scene | None = None
) -> list[Violation]:
    """What is wrong with one chain, whatever the others do.

    Args:
        instance: the problem.
        name: the chain's name, known or not.
        chain_placement: where it stands; None if it is rejected.
        scene: of the whole placement, if the caller has it; else no program is opened.
    """
    found = list(accepted(instance, name, chain_placement))
    if name not in instance.chains or chain_placement is None:
        return found
    case = _look(instance, instance.chains[name], chain_placement, scene or survey(instance))
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
            message = f"the chain has no such component{did_you_mean(name, tuple(case.chain.components))}"
            yield case.violation(Rule.PLACED, f"component {name}", message)


def rewritten(case: Case) -> Iterator[Violation]:
    """Rule ``placed``, of rewrites: what is merged or runs in parallel may, and stands where it can."""
    equivalent = [set(group) for group in case.chain.equivalent]
    seen: set[str] = set()
    for group in case.placement.merged:
        spots = {case.placement.components.get(name) for name in group}
        if len(group) < 2 or not any(set(group) <= other for other in equivalent):
            message = "are merged, but the chain does not list them as equivalent"
        elif seen & set(group) or len(set(group)) < len(group):
            message = "are merged more than once"
        elif len(spots) > 1 or None in spots:
            message = "are merged, but do not stand on one node in one implementation"
        else:
            seen |= set(group)
            continue
        yield case.violation(Rule.PLACED, f"components {', '.join(group)}", message)
    independent = {part.components for part in case.chain.independent}
    for group in case.placement.parallel:
        nodes = {case.stands[name].name if name in case.stands else None for name in group}
        if group not in independent:
            message = "run in parallel, but the chain does not list them as independent"
        elif case.placement.parallel.count(group) > 1:
            message = "run in parallel more than once"
        elif len(nodes) > 1 or None in nodes:
            message = "run in parallel, but do not stand on one node"
        else:
            continue
        yield case.violation(Rule.PLACED, f"components {', '.join(group)}", message)


def devices(case: Case) -> Iterator[Violation]:
    """Rule ``device``, of names: level ``gpu`` names as many devices of its node as it takes, the others name none."""
    for name, run in case.runs.items():
        message = _device_fault(run)
        if message is not None:
            yield case.violation(Rule.DEVICE, f"component {name}", message)


def dedicated(case: Case) -> Iterator[Violation]:
    """Rule ``throughput``, of components by themselves: their load is no more than their implementation carries."""
    for name, run in case.runs.items():
        load, carries = case.chain.load_bps(name), run.implementation.capacity_bps
        alone = not run.function.shared_by(case.chain.components[name])
        if alone and carries is not None and load > carries:
            yield case.violation(Rule.THROUGHPUT, f"component {name}", *overload(load, carries))
    for flow in case.chain.flows:
        for function in flow.per_hop if case.sound(flow) else ():
            if case.instance.functions[function].shared_by(flow):
                continue
            for node in touched(case.instance, case.placement.flows.get(flow.ends, ())):
                served_by = program(case.instance, case.scene, flow, function, node)
                if served_by is not None and not served_by.carries(flow.rate_bps):
                    where = f"flow {flow.tail} -> {flow.head}, {function} on {node.name}"
                    words = overload(flow.rate_bps, served_by.capacity_bps or 0)
                    yield case.violation(Rule.THROUGHPUT, where, *words)


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


def copied(case: Case) -> Iterator[Violation]:
    """Rule ``routed``, of copies: leaving its host's path for good is all that a copy may do, so it needs that path."""
    for flow in case.chain.flows:
        if flow.copy_of is not None and case.sound(flow) and not followed(case.placement, flow):
            host = " -> ".join(flow.copy_of)
            message = f"is a copy of {host}, whose path does not start where its own does"
            yield case.violation(Rule.ROUTED, f"flow {flow.tail} -> {flow.head}", message)


def per_hop(case: Case) -> Iterator[Violation]:
    """Every switch that a flow's path touches has the flow's per-hop functions opened."""
    for flow in case.chain.flows:
        if not case.sound(flow):
            continue
        path = case.placement.flows.get(flow.ends, ())
        for function in flow.per_hop:
            lacking = [
                node.name
                for node in touched(case.instance, path)
                if program(case.instance, case.scene, flow, function, node) is None
            ]
            if lacking:
                message = f"needs {function!r} on every switch of its path, but it is not on {', '.join(lacking)}"
                where = f"flow {flow.tail} -> {flow.head}, {function}"
                yield case.violation(Rule.PER_HOP, where, message, float(len(lacking)))
        routers = [name for name in path if case.instance.nodes[name].kind is Kind.ROUTER]
        if flow.strict and routers:
            message = f"is strict, but its path crosses {', '.join(routers)}, where no program runs"
            yield case.violation(Rule.PER_HOP, f"flow {flow.tail} -> {flow.head}", message, float(len(routers)))


def latency(case: Case) -> Iterator[Violation]:
    """The longest way of each budget takes no longer than ``within``."""
    for budget in case.chain.budgets:
        ways = budget_flows(case.chain, budget)
        if budget.within_ns is None or any(flow.ends in case.path_faults for flow in ways):
            continue
        actual_ns = find_latency_ns(case.instance, case.chain, case.placement, budget, case.scene)
        if actual_ns is not None and actual_ns > budget.within_ns:
            over_ns = actual_ns - budget.within_ns
            times = [format_quantity(ns, Dimension.TIME) for ns in (actual_ns, over_ns, budget.within_ns)]
            message = "takes {}, which is {} more than the {} it may".format(*times)
            where = f"latency {budget.tail} -> {budget.head}"
            yield case.violation(Rule.LATENCY, where, message, base_units(over_ns, Dimension.TIME))


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
    placed, rewritten, devices, dedicated, routed, copied, per_hop, latency, together, apart, only, never,
)  # fmt: skip


def _look(instance: Instance, chain: Chain, chain_placement: ChainPlacement, scene: Scene) -> Case:
    """Gather what several rules need."""
    stands = standing(instance, chain, chain_placement)
    faults = {}
    for flow in chain.flows:
        if flow.tail in stands and flow.head in stands:
            path = chain_placement.flows.get(flow.ends)
            fault = _path_fault(instance, flow, path, (stands[flow.tail], stands[flow.head]), scene.hops)
            if fault is not None:
                faults[flow.ends] = fault
    runs = running(instance, chain, chain_placement)
    return Case(instance, chain, chain_placement, scene, stands, runs, faults)


def _spot_faults(instance: Instance, component: Component, spot: Spot | None) -> Iterator[str]:
    """What is wrong with where a component stands; its device apart."""
    if component.function is None:
        if component.at is None or component.at not in instance.nodes:
            yield f"is an endpoint on {component.at!r}, which does not exist"
        elif not instance.nodes[component.at].up:
            yield f"is an endpoint on {component.at!r}, which is down"
        if spot is not None:
            yield "is an endpoint, whose place the chain gives; remove its spot"
        return
    if spot is None:
        yield "has no spot; an accepted chain has every component placed"
        return
    implementations = instance.functions[component.function].implementations
    node = instance.nodes.get(spot.node)
    if node is None:
        yield f"node {spot.node!r} does not exist{did_you_mean(spot.node, tuple(instance.nodes))}"
    if spot.implementation not in implementations:
        has = f"{component.function!r} has {', '.join(implementations)}"
        yield f"implementation {spot.implementation!r} does not exist; function {has}"
    elif node is not None and node.trouble:
        yield f"stands on {node.name!r}, which is {node.trouble}"
    elif node is not None and (level := implementations[spot.implementation].level) not in node.runs:
        runs = f"runs {', '.join(sorted(node.runs))} only" if node.runs else "runs no components"
        yield f"{node.kind} {node.name!r} does not run {level}; it {runs}"
    elif node is not None and not implementations[spot.implementation].runs_on(node):
        yield lacks(implementations[spot.implementation], node)


def _device_fault(run: Running) -> str | None:
    """What is wrong with the devices that a component names; None if nothing is."""
    level, has, count = run.implementation.level, run.node.devices, run.implementation.device_count
    unknown = [device for device in run.devices if device not in has]
    down = [device for device in run.devices if device in run.node.devices_down]
    twice = [device for device in run.devices if run.devices.count(device) > 1]
    if level is not Level.GPU:
        named = f"device {run.devices[0]!r}" if run.devices else ""
        return f"names {named}, but level {level} takes none; leave the device out" if named else None
    if down:
        return f"names device {down[0]!r} of {run.node.name!r}, which is down"
    if unknown or not run.devices:
        named = f"device {unknown[0]!r}" if unknown else "no device"
        takes = "level gpu takes one" if count == 1 else f"its implementation takes {count}"
        return f"names {named}, but {takes} of {run.node.name!r}: {', '.join(has)}"
    if twice:
        return f"names device {twice[0]!r} more than once; each of its devices is another one"
    if len(run.devices) != count:
        named = "one device" if len(run.devices) == 1 else f"{len(run.devices)} devices"
        takes = "one" if count == 1 else f"{count} different ones"
        return f"names {named} ({', '.join(run.devices)}), but its implementation takes {takes}"
    return None


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
            hint = did_you_mean(name, tuple(instance.nodes))
            return f"its path runs over {name!r}, which does not exist{hint}"
        if not instance.node_up(name):
            return f"its path runs over {name!r}, which is down"
        if not (kind := instance.nodes[name].kind).forwards:
            return f"its path runs through {kind} {name!r}; only switches and routers lie inside a path"
    for tail, head in hops_of(path):
        if (tail, head) not in hops:
            joined = any({tail, head} == set(link.ends) for link in instance.links)
            lacks = "whose link is down" if joined else "which no link joins"
            return f"its path goes from {tail!r} to {head!r}, {lacks}"
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
