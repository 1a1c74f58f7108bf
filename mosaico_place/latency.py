"""How long a chain's traffic takes, from the start of one component to the end of another."""

from __future__ import annotations

from graphlib import TopologicalSorter

from mosaico_place.instance import Budget, Chain, Flow, Instance
from mosaico_place.placement import ChainPlacement, FlowPath
from mosaico_place.usage import Hops, hops_of, index_hops, running


def budget_latency_ns(
    instance: Instance,
    chain: Chain,
    chain_placement: ChainPlacement,
    budget: Budget,
    hops: Hops | None = None,
) -> int:
    """Latency of a budget's longest way, in ns.

    Args:
        instance: the problem.
        chain: the accepted chain.
        chain_placement: where it stands.
        budget: one of the chain's budgets; its ``within`` and ``target`` do not matter here.
        hops: ``index_hops(instance)``, if the caller has it.

    Raises:
        ValueError: a component or flow on the budget's way is not placed, or names what does not exist; or no
            flows lead from the budget's tail to its head; or the flows run in a circle.
    """
    latency = find_latency_ns(instance, chain, chain_placement, budget, hops)
    if latency is None:
        raise ValueError(
            f"chain {chain.name!r}: from {budget.tail!r} to {budget.head!r}, something has no spot or no path"
        )
    return latency


def find_latency_ns(
    instance: Instance,
    chain: Chain,
    chain_placement: ChainPlacement,
    budget: Budget,
    hops: Hops | None = None,
) -> int | None:
    """Like :func:`budget_latency_ns`, but None where something on the way is not placed or dangles."""
    hops = index_hops(instance) if hops is None else hops
    processing = {name: part.processing_ns for name, part in chain.components.items() if part.function is None}
    for name, run in running(instance, chain, chain_placement).items():
        processing[name] = run.implementation.processing_ns
    if budget.tail not in processing:
        return None
    finished = {budget.tail: processing[budget.tail]}
    # budget_flows lists what enters a component before what leaves it, so finished[flow.tail] is final.
    for flow in budget_flows(chain, budget):
        delay = path_latency_ns(instance, chain_placement.flows.get(flow.ends, ()), hops)
        if delay is None or flow.head not in processing:
            return None
        arrived = finished[flow.tail] + delay + processing[flow.head]
        finished[flow.head] = max(arrived, finished.get(flow.head, 0))
    if budget.head not in finished:
        raise ValueError(f"chain {chain.name!r}: no flows lead from {budget.tail!r} to {budget.head!r}")
    return finished[budget.head]


def path_latency_ns(instance: Instance, path: FlowPath, hops: Hops) -> int | None:
    """Latency of a flow's path in ns: links and entered nodes, or the hand-over of its one node.

    Entered are all nodes but the first: each adds its forwarding. None if the path is empty or names a node
    or link that does not exist.
    """
    if not path or any(node not in instance.nodes for node in path):
        return None
    if len(path) == 1:
        return instance.nodes[path[0]].hand_over_ns
    steps = [hops.get(step) for step in hops_of(path)]
    links_ns = sum(step.direction.latency_ns for step in steps if step is not None)
    return None if None in steps else links_ns + sum(instance.nodes[node].forwarding_ns for node in path[1:])


def budget_flows(chain: Chain, budget: Budget) -> tuple[Flow, ...]:
    """The flows on any way from the budget's tail to its head; none if the two are one component.

    In topological order: a flow comes after every flow that enters its tail.

    Raises:
        ValueError: the chain's flows run in a circle.
    """
    entering: dict[str, list[Flow]] = {name: [] for name in chain.components}
    for flow in chain.flows:
        entering[flow.head].append(flow)
    order = TopologicalSorter({name: [flow.tail for flow in flows] for name, flows in entering.items()}).static_order()
    behind = {budget.tail}  # what the tail reaches
    leaving = []
    for flow in (flow for name in order for flow in entering[name]):
        if flow.tail in behind:
            behind.add(flow.head)
            leaving.append(flow)
    ahead = {budget.head}  # what reaches the head
    between = []
    for flow in reversed(leaving):
        if flow.head in ahead:
            ahead.add(flow.tail)
            between.append(flow)
    return tuple(reversed(between))
