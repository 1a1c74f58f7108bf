"""What runs where: components, the instances that are opened for many, the programs that flows meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mosaico_place.instance import Chain, Component, Flow, Function, Implementation, Instance, Kind, Node
from mosaico_place.placement import EMPTY, ChainPlacement, Opening, Placement
from mosaico_place.remembered import per_placed
from mosaico_place.usage.hops import Hops, index_hops, touched


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

    ``devices`` are the devices its spot names, whether or not they exist.
    """

    function: Function
    implementation: Implementation
    node: Node
    devices: tuple[str, ...]


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
    return Running(function, implementation, node, ())


def program(instance: Instance, scene: Scene, flow: Flow, function: str, node: Node) -> Implementation | None:
    """The P4 program that serves a flow as one of its per-hop functions on a switch; None if there is none.

    A shared function serves it with the program opened there. A flow that has its programs to itself gets the first
    that the switch can run.
    """
    if instance.functions[function].shared_by(flow):
        return scene.programs.get((node.name, function))
    return next(iter(instance.programs(function, node)), None)


def standing(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> dict[str, Node]:
    """Component -> node, for those that stand on a node that is up; endpoints stand where the chain says."""
    nodes = {}
    for name, component in chain.components.items():
        spot = chain_placement.components.get(name)
        where = component.at if component.function is None else spot.node if spot is not None else None
        if where is not None and instance.node_up(where):
            nodes[name] = instance.nodes[where]
    return nodes


@per_placed
def running(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> Mapping[str, Running]:
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
            runs[name] = Running(function, implementation, node, spot.devices)
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
