"""Least delays along a chain's component graph: what rule ``latency`` leaves possible, chain by chain.

For a budget ``from -> to``, ``earliest[c][n]`` is the least time from the start of ``from`` to the start of
``c`` on node ``n``, and ``remaining[c][n]`` the least time from the end of ``c`` on ``n`` to the end of ``to``.
Both are dynamic programs over the component graph in which every branch chooses for itself, so they never
overestimate, and a candidate or arc that exceeds the budget through them can be dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mosaico_place.compile.candidates import Candidates
from mosaico_place.compile.infrastructure import FloatArray, Infrastructure
from mosaico_place.instance import Budget, Chain, Flow
from mosaico_place.latency import budget_flows


@dataclass(frozen=True, slots=True)
class FlowDelays:
    """Least delay of one flow by the nodes of its ends: (nodes, nodes) float64 ns, inf where impossible.

    ``direct`` leaves out the hand-over (0 on the diagonal); ``between`` is what the flow really takes.
    """

    direct: FloatArray
    between: FloatArray


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


def flow_delays(infrastructure: Infrastructure, chain: Chain) -> dict[tuple[str, str], FlowDelays]:
    """Least delays of every flow; only equal nodes are possible between components that stand together."""
    tables = {}
    for flow in chain.flows:
        direct = infrastructure.delays(flow.rate_bps)
        if on_one_node(chain, flow):
            direct = np.full_like(direct, np.inf)
            np.fill_diagonal(direct, 0.0)
        between = direct.copy()
        np.fill_diagonal(between, infrastructure.hand_over_ns)
        tables[flow.ends] = FlowDelays(direct, between)
    return tables


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
    processing = {name: _least_processing(candidates, name, count) for name in names}
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


def _least_processing(candidates: Candidates, name: str, count: int) -> FloatArray:
    """(nodes,) least processing time of the component's candidates per node; inf where it has none."""
    least = np.full(count, np.inf)
    for candidate in candidates[name]:
        least[candidate.node] = min(least[candidate.node], candidate.processing_ns)
    return least
