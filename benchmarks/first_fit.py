"""First fit: what placement looks like without optimization, as a method under the same checker.

Chains in the order of the file, components in the order of the traffic, nodes and implementations in the order of
the file: the first that fits is taken, flows take the fastest path with room for them, nothing is ever taken back.
A chain whose turn finds no place, or whose rules are broken in the end, is rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from itertools import pairwise

import networkx as nx

from mosaico_place.checking import check_chain
from mosaico_place.compile import Candidate, ChainBlock, Infrastructure, Problem
from mosaico_place.instance import Chain, Flow, Instance
from mosaico_place.method import Answer, Options
from mosaico_place.placement import ChainPlacement, FlowPath, Placement, Spot
from mosaico_place.result import ModelSize, Termination

Key = tuple[str, ...]
"""A node's resource, a device's resource, or a link direction."""


def first_fit(problem: Problem, options: Options) -> Answer:
    """Place every chain where it fits first. Nothing is proven; options and the previous placement play no part.

    Chains that need an opened instance, or whose class has a share, are left out. Where one that must be accepted is
    left out, nothing is found.
    """
    del options
    instance = problem.instance
    used: Counter[Key] = Counter()
    chains = {}
    for block in problem.blocks.values():
        if block.why is not None or _is_beyond_it(instance, block.chain):
            continue
        found = _place(problem, block, used)
        if found is not None:
            chains[block.chain.name], taken = found
            used += taken
    complete = all(name in chains or not instance.must_accept(chain) for name, chain in instance.chains.items())
    return Answer(
        placement=Placement(chains) if complete else None,
        bounds=(None,) * len(instance.objective),
        termination=Termination.HEURISTIC,
        model=ModelSize(problem.candidates, problem.pruned),
    )


def _is_beyond_it(instance: Instance, chain: Chain) -> bool:
    """Whether placing the chain takes more than counting what its own components and flows take."""
    functions = [component.function for component in chain.components.values() if component.function is not None]
    shared = any(instance.functions[name].shared for name in functions) or any(flow.per_hop for flow in chain.flows)
    limited = instance.classes.get(chain.class_name or "")
    return shared or (limited is not None and limited.share is not None)


def _place(problem: Problem, block: ChainBlock, used: Counter[Key]) -> tuple[ChainPlacement, Counter[Key]] | None:
    """The chain's placement and what it takes; None if it finds no place."""
    chain, infrastructure = block.chain, problem.infrastructure
    taken: Counter[Key] = Counter()
    nodes: dict[str, int] = {}
    spots: dict[str, Spot] = {}
    flows: dict[tuple[str, str], FlowPath] = {}
    for unit in _units(chain):
        for step in _steps(infrastructure, block, unit, nodes, used + taken):
            nodes |= {name: candidate.node for name, candidate in step.items()}
            for name, candidate in step.items():
                taken += _demand(infrastructure, candidate)
                if candidate.implementation is not None:
                    node = infrastructure.nodes[candidate.node].name
                    spots[name] = Spot.on(node, candidate.implementation.name, candidate.devices)
            break
        else:
            return None
        for flow in chain.flows:
            if flow.ends not in flows and flow.tail in nodes and flow.head in nodes:
                path = _path(infrastructure, flow, nodes, used + taken)
                if path is None:
                    return None
                flows[flow.ends] = path
                taken.update({("link", *hop): flow.rate_bps for hop in pairwise(path)})
    placed = ChainPlacement(spots, flows)
    return None if check_chain(problem.instance, chain.name, placed) else (placed, taken)


def _units(chain: Chain) -> Iterator[tuple[str, ...]]:
    """Components in the order of the traffic, those that must share a node at once."""
    before = {name: [flow.tail for flow in chain.flows if flow.head == name] for name in chain.components}
    done: set[str] = set()
    for name in TopologicalSorter(before).static_order():
        group = next((g.components for g in chain.together if g.by is None and name in g.components), (name,))
        if name not in done:
            done |= set(group)
            yield group


def _steps(
    infrastructure: Infrastructure,
    block: ChainBlock,
    unit: tuple[str, ...],
    nodes: Mapping[str, int],
    used: Counter[Key],
) -> Iterator[dict[str, Candidate]]:
    """The ways to place a unit that fit and are reached by the flows from what is already placed."""
    for node in range(len(infrastructure.nodes)):
        step: dict[str, Candidate] = {}
        taken: Counter[Key] = Counter()
        for name in unit:
            for candidate in block.candidates[name]:
                demand = _demand(infrastructure, candidate)
                if candidate.node == node and _fits(infrastructure, used + taken, demand):
                    step[name] = candidate
                    taken += demand
                    break
        if len(step) == len(unit) and all(
            _path(infrastructure, flow, {**nodes, flow.head: node}, used) is not None
            for flow in block.chain.flows
            if flow.head in unit and flow.tail in nodes
        ):
            yield step


def _demand(infrastructure: Infrastructure, candidate: Candidate) -> Counter[Key]:
    node, implementation = infrastructure.nodes[candidate.node].name, candidate.implementation
    demand: Counter[Key] = Counter()
    if implementation is not None:
        demand.update({("node", node, resource): amount for resource, amount in implementation.demand.items()})
    if implementation is not None and candidate.devices:
        device = {
            ("device", node, device, name): amount
            for device in candidate.devices
            for name, amount in implementation.device.items()
        }
        demand.update(device)
    return demand


def _fits(infrastructure: Infrastructure, used: Counter[Key], demand: Counter[Key]) -> bool:
    for key, amount in demand.items():
        node = infrastructure.nodes[infrastructure.index[key[1]]]
        free = node.free(key[2]) if key[0] == "node" else node.devices[key[2]].get(key[3], 0)
        if used[key] + amount > free:
            return False
    return True


def _path(infrastructure: Infrastructure, flow: Flow, nodes: Mapping[str, int], used: Counter[Key]) -> FlowPath | None:
    """The fastest path with room for the flow."""
    tail, head = nodes[flow.tail], nodes[flow.head]
    names = [node.name for node in infrastructure.nodes]
    if tail == head:
        return (names[tail],)
    graph: nx.DiGraph[int] = nx.DiGraph()
    for arc, (i, j) in enumerate(zip(infrastructure.tail.tolist(), infrastructure.head.tolist(), strict=True)):
        room = int(infrastructure.free_bps[arc]) - used[("link", names[i], names[j])]
        inner = (infrastructure.forwards[i] or i == tail) and (infrastructure.forwards[j] or j == head)
        if inner and room >= flow.rate_bps:
            graph.add_edge(i, j, delay=int(infrastructure.arc_delay_ns[arc]))
    try:
        return tuple(names[i] for i in nx.dijkstra_path(graph, tail, head, weight="delay"))
    except (nx.NodeNotFound, nx.NetworkXNoPath):
        return None
