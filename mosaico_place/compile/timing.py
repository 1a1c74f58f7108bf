"""Least delays along a chain's component graph: what rule ``latency`` leaves possible, chain by chain.

For a budget ``from -> to``, ``earliest[c][n]`` is the least time from the start of ``from`` to the start of
``c`` on node ``n``, and ``remaining[c][n]`` the least time from the end of ``c`` on ``n`` to the end of ``to``.
Both are dynamic programs over the component graph in which every branch chooses for itself, so they never
overestimate, and a candidate or arc that exceeds the budget through them can be dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mosaico_place.compile.candidates import Candidates
from mosaico_place.compile.flow import FlowBlock
from mosaico_place.compile.infrastructure import BoolArray, FloatArray, Infrastructure, IntArray
from mosaico_place.instance import Budget, Chain, Flow
from mosaico_place.latency import budget_flows, topological
from mosaico_place.remembered import per_chain


@dataclass(frozen=True, slots=True)
class FlowDelays:
    """Least delay of one flow by the nodes of its ends, in ns, inf where impossible.

    Attributes:
        direct: (nodes, nodes) without the hand-over (0 on the diagonal) and without what the first node takes.
        first: (nodes,) processing by per-hop functions on the node where it begins.
        between: (nodes, nodes) what the flow really takes.
        arc_ns: (arcs,) the least that an arc takes, processing where it leads to included.
    """

    direct: FloatArray
    first: IntArray
    between: FloatArray
    arc_ns: IntArray


@dataclass(frozen=True, slots=True)
class Span:
    """The components and flows that lie on a directed path of one budget, with the two tables above."""

    budget: Budget
    flows: tuple[Flow, ...]
    earliest: Mapping[str, FloatArray]
    remaining: Mapping[str, FloatArray]
    least_processing: Mapping[str, FloatArray]

    @property
    def best_ns(self) -> float:
        """The least latency that any placement could reach; inf if none exists."""
        last = self.budget.head
        return float(np.min(self.earliest[last] + self.least_processing[last]))


def flow_delays(
    infrastructure: Infrastructure, chain: Chain, flows: Mapping[tuple[str, str], FlowBlock]
) -> dict[tuple[str, str], FlowDelays]:
    """Least delays of every flow; only equal nodes are possible between components that stand together."""
    tables = {}
    inside = {pair for group in chain.independent for pair in pairwise(group.components)}
    for flow in chain.flows:
        block = flows[flow.ends]
        usable, arc_ns, first = block.usable, block.delay_ns + block.touch_ns[infrastructure.head], block.touch_ns
        if flow.copy_of is not None:
            # On each arc a copy either follows its host or goes its own way.
            host = flows[flow.copy_of]
            following = host.delay_ns + host.touch_ns[infrastructure.head]
            arc_ns = np.where(usable, np.where(host.usable, np.minimum(arc_ns, following), arc_ns), following)
            usable, first = usable | host.usable, host.touch_ns
        direct = infrastructure.least_delays(usable, arc_ns)
        if on_one_node(chain, flow):
            direct = np.full_like(direct, np.inf)
            np.fill_diagonal(direct, 0.0)
        between = direct + first[:, None]
        # Within a parallel group nothing is handed over from one to the other.
        np.fill_diagonal(between, first + (0 if flow.ends in inside else infrastructure.hand_over_ns))
        if not block.touchable.all():
            direct, between = (_without(table, block.touchable) for table in (direct, between))
        tables[flow.ends] = FlowDelays(direct, first, between, arc_ns)
    return tables


def _without(table: FloatArray, touchable: BoolArray) -> FloatArray:
    """The table with nothing possible from or to a node that the flow may not touch."""
    possible: FloatArray = np.where(touchable[:, None] & touchable[None, :], table, np.inf)
    return possible


@per_chain
def may_vanish(chain: Chain) -> frozenset[str]:
    """Components whose processing may count for nothing: merged into an earlier one, or in parallel with it."""
    merged = {name for group in chain.equivalent for name in topological(chain, group)[1:]}
    return frozenset(merged | {name for group in chain.independent for name in group.components[1:]})


def on_one_node(chain: Chain, flow: Flow) -> bool:
    """Whether ``together`` puts both ends of the flow on one node."""
    return any(
        group.by is None and flow.tail in group.components and flow.head in group.components for group in chain.together
    )


def span(
    chain: Chain,
    budget: Budget,
    candidates: Candidates,
    delays: Mapping[tuple[str, str], FlowDelays],
    count: int,
) -> Span:
    """Both dynamic programs for one budget; ``count`` is the number of nodes."""
    flows = budget_flows(chain, budget)
    names = {budget.tail, budget.head} | {name for flow in flows for name in flow.ends}
    vanishing = may_vanish(chain)
    processing = {name: _least_processing(candidates, name, count, name in vanishing) for name in names}
    # Where a component has no candidate its times stay infinite, so no path leads through.
    earliest = {name: np.where(np.isinf(processing[name]), np.inf, 0.0) for name in names}
    remaining = {name: earliest[name].copy() for name in names}
    for flow in flows:
        arrival = _min_plus(earliest[flow.tail] + processing[flow.tail], delays[flow.ends].between)
        earliest[flow.head] = np.maximum(earliest[flow.head], arrival)
    for flow in reversed(flows):
        onward = processing[flow.head] + remaining[flow.head]
        departure = _min_plus(onward, delays[flow.ends].between.T)
        remaining[flow.tail] = np.maximum(remaining[flow.tail], departure)
    return Span(budget, flows, earliest, remaining, processing)


def _min_plus(vector: FloatArray, matrix: FloatArray) -> FloatArray:
    """(nodes,) of min over m of vector[m] + matrix[m, n]."""
    product: FloatArray = np.min(vector[:, None] + matrix, axis=0)
    return product


def _least_processing(candidates: Candidates, name: str, count: int, vanishes: bool) -> FloatArray:
    """(nodes,) least processing time of the component's candidates per node; inf where it has none."""
    least = np.full(count, np.inf)
    for candidate in candidates[name]:
        least[candidate.node] = min(least[candidate.node], 0 if vanishes else candidate.processing_ns)
    return least
