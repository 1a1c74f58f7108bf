"""How long a chain's traffic takes, from the start of one component to the end of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter

from mosaico_place.instance import Budget, Chain, Direction, Flow, Instance, Kind, Node
from mosaico_place.placement import ChainPlacement, FlowPath, Spot
from mosaico_place.remembered import per_chain
from mosaico_place.usage import Hops, Scene, followed, hops_of, per_hop_programs, running, survey, touched

BITS = 8
NS = 10**9


def budget_latency_ns(
    instance: Instance,
    chain: Chain,
    chain_placement: ChainPlacement,
    budget: Budget,
    scene: Scene | None = None,
) -> int:
    """Latency of a budget's longest way, in ns.

    Args:
        instance: the problem.
        chain: the accepted chain.
        chain_placement: where it stands.
        budget: one of the chain's budgets; its ``within`` and ``target`` do not matter here.
        scene: of the whole placement, if the caller has it; else no program is opened.

    Raises:
        ValueError: a component or flow on the budget's way is not placed, or names what does not exist; or no
            flows lead from the budget's tail to its head; or the flows run in a circle.
    """
    latency = find_latency_ns(instance, chain, chain_placement, budget, scene)
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
    scene: Scene | None = None,
) -> int | None:
    """Like :func:`budget_latency_ns`, but None where something on the way is not placed or dangles."""
    scene = survey(instance) if scene is None else scene
    delays = {
        flow.ends: flow_latency_ns(instance, chain, chain_placement, flow, scene)
        for flow in budget_flows(chain, budget)
    }
    return longest_way_ns(
        chain, budget, processing_ns(instance, chain, chain_placement), delays, chain_placement.parallel
    )


def longest_way_ns(
    chain: Chain,
    budget: Budget,
    processing: Mapping[str, int],
    delays: Mapping[tuple[str, str], int | None],
    together: Iterable[tuple[str, ...]],
) -> int | None:
    """The longest way of a budget if components and flows take so long; None if something on the way is not known.

    Args:
        chain: the chain.
        budget: one of its budgets.
        processing: component -> ns.
        delays: (tail, head) -> ns of every flow on the way.
        together: groups of components that run at the same time.
    """
    if budget.tail not in processing:
        return None
    begun = {budget.tail: 0}
    finished = {budget.tail: processing[budget.tail]}
    parallel = {name: group for group in together for name in group[1:]}
    # budget_flows lists what enters a component before what leaves it, so finished[flow.tail] is final.
    for flow in budget_flows(chain, budget):
        delay = delays[flow.ends]
        if delay is None or flow.head not in processing:
            return None
        group = parallel.get(flow.head, ())
        if flow.tail in group and group[0] in begun:
            # Members of a group begin together; the last one's end is that of the longest, and of joining them.
            begun[flow.head] = begun[group[0]]
            last = flow.head == group[-1]
            longest = max(processing.get(name, 0) for name in group) + _join_ns(chain, group)
            finished[flow.head] = begun[flow.head] + (longest if last else processing[flow.head])
            continue
        begun[flow.head] = max(finished[flow.tail] + delay, begun.get(flow.head, 0))
        finished[flow.head] = begun[flow.head] + processing[flow.head]
    if budget.head not in finished:
        raise ValueError(f"chain {chain.name!r}: no flows lead from {budget.tail!r} to {budget.head!r}")
    return finished[budget.head]


def rewritten(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> ChainPlacement:
    """The placement with every rewrite that its spots allow and that pays.

    Equivalent components that run the same way on one node are merged, which never makes anything worse. Independent
    ones on one node run in parallel if that takes less time.
    """
    spots = chain_placement.components
    merged = []
    for group in chain.equivalent:
        by_spot: dict[Spot, list[str]] = {}
        for name in topological(chain, group):
            if name in spots:
                by_spot.setdefault(spots[name], []).append(name)
        merged += [tuple(names) for names in by_spot.values() if len(names) > 1]
    chain_placement = replace(chain_placement, merged=tuple(merged), parallel=())
    processing = processing_ns(instance, chain, chain_placement)
    parallel = []
    for independent in chain.independent:
        nodes = {spots[name].node if name in spots else None for name in independent.components}
        (node, *others) = nodes
        if node is None or others:
            continue
        times = [processing[name] for name in independent.components]
        one_by_one = sum(times) + instance.nodes[node].hand_over_ns * (len(times) - 1)
        if max(times) + independent.join_ns < one_by_one:
            parallel.append(independent.components)
    return replace(chain_placement, parallel=tuple(parallel))


def processing_ns(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> dict[str, int]:
    """Component -> time that traffic spends in it; of merged ones, the first in topological order takes it all."""
    processing = {name: part.processing_ns for name, part in chain.components.items() if part.function is None}
    for name, run in running(instance, chain, chain_placement).items():
        processing[name] = run.implementation.processing_ns
    for group in chain_placement.merged:
        for name in topological(chain, group)[1:]:
            if name in processing:
                processing[name] = 0
    return processing


def _join_ns(chain: Chain, group: tuple[str, ...]) -> int:
    return next((part.join_ns for part in chain.independent if part.components == group), 0)


def flow_latency_ns(
    instance: Instance, chain: Chain, chain_placement: ChainPlacement, flow: Flow, scene: Scene
) -> int | None:
    """What a flow takes from the end of its tail to the start of its head, in ns.

    Its path (:func:`path_latency_ns`), its waiting and burst on every link, its per-hop functions on every switch. A
    copy waits, and is processed, like the flow that it copies as long as it follows it. None if something dangles.
    """
    path = chain_placement.flows.get(flow.ends, ())
    total = path_latency_ns(instance, path, scene.hops)
    if total is None:
        return None
    host = flow if flow.copy_of is None else next((one for one in chain.flows if one.ends == flow.copy_of), flow)
    shared = followed(chain_placement, flow)
    for position, step in enumerate(hops_of(path)):
        crossing = host if position + 1 < shared else flow
        total += hop_wait_ns(instance, crossing, instance.nodes[step[0]], scene.hops[step].direction)
    if host.per_hop:
        on_the_way = {node.name for node in touched(instance, path[:shared] if flow.copy_of is not None else path)}
        for node, _, served_by in per_hop_programs(instance, host, chain_placement, scene):
            total += served_by.processing_ns if node.name in on_the_way else 0
    return total


def hop_wait_ns(instance: Instance, flow: Flow, tail: Node, direction: Direction) -> int:
    """What a flow spends on a link besides its latency, in ns: the wait in the queue, and sending its burst.

    It waits as in an L4S queue if one of its per-hop functions is one and the link leaves a P4 switch, where rule
    ``per-hop`` has it opened. Sending is rounded up to whole ns.
    """
    served = tail.kind is Kind.P4_SWITCH and any(instance.functions[name].l4s for name in flow.per_hop)
    sending = -(-flow.burst_bytes * BITS * NS // max(direction.bandwidth_bps, 1)) if flow.burst_bytes else 0
    return (direction.l4s_ns if served else direction.classic_ns) + sending


def path_latency_ns(instance: Instance, path: FlowPath, hops: Hops) -> int | None:
    """Latency of a path in ns: links and entered nodes, or the hand-over of its one node.

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


@per_chain
def order(chain: Chain) -> tuple[str, ...]:
    """The components in topological order, as far as possible in the order written.

    Raises:
        ValueError: the chain's flows run in a circle.
    """
    before = {name: {flow.tail for flow in chain.flows if flow.head == name} for name in chain.components}
    done: dict[str, None] = {}
    while len(done) < len(before):
        ready = next((name for name, tails in before.items() if name not in done and tails <= done.keys()), None)
        if ready is None:
            raise ValueError(f"chain {chain.name!r}: its flows run in a circle")
        done[ready] = None
    return tuple(done)


def topological(chain: Chain, group: Sequence[str]) -> tuple[str, ...]:
    """Some components of the chain in topological order."""
    return tuple(name for name in order(chain) if name in group)


def budget_flows(chain: Chain, budget: Budget) -> tuple[Flow, ...]:
    """The flows on any way from the budget's tail to its head; none if the two are one component.

    In topological order: a flow comes after every flow that enters its tail.

    Raises:
        ValueError: the chain's flows run in a circle.
    """
    known = _known_ways(chain)
    ends = (budget.tail, budget.head)
    if ends not in known:
        known[ends] = _flows_between(chain, *ends)
    return known[ends]


@per_chain
def _known_ways(chain: Chain) -> dict[tuple[str, str], tuple[Flow, ...]]:  # noqa: ARG001
    """(tail, head) -> the flows between them, as far as somebody has asked for them."""
    return {}


def _flows_between(chain: Chain, tail: str, head: str) -> tuple[Flow, ...]:
    """The flows of :func:`budget_flows`."""
    entering: dict[str, list[Flow]] = {name: [] for name in chain.components}
    for flow in chain.flows:
        entering[flow.head].append(flow)
    order = TopologicalSorter({name: [flow.tail for flow in flows] for name, flows in entering.items()}).static_order()
    behind = {tail}  # what the tail reaches
    leaving = []
    for flow in (flow for name in order for flow in entering[name]):
        if flow.tail in behind:
            behind.add(flow.head)
            leaving.append(flow)
    ahead = {head}  # what reaches the head
    between = []
    for flow in reversed(leaving):
        if flow.head in ahead:
            ahead.add(flow.tail)
            between.append(flow)
    return tuple(reversed(between))
