"""One self-contained block per chain: its candidates and arcs, pruned until nothing more can be dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mosaico_place.compile.candidates import (
    Candidates,
    NoCandidateError,
    common_places,
    offered,
    own_candidates,
)
from mosaico_place.compile.flow import FlowBlock, compile_flow
from mosaico_place.compile.infrastructure import BoolArray, Infrastructure, IntArray
from mosaico_place.compile.timing import FlowDelays, Span, flow_delays, may_vanish, span
from mosaico_place.instance import Chain, Flow, Instance
from mosaico_place.placement import ChainPlacement
from mosaico_place.quantities import Dimension, format_quantity


@dataclass(frozen=True, slots=True)
class ChainBlock:
    """What one chain may do.

    Attributes:
        chain: the chain.
        candidates: per component, endpoints included (one candidate each).
        flows: per flow, what it may touch and what that takes it.
        arcs: per flow, indices of the arcs that may carry it, ascending; of a copy, those that it may pay for.
        follows: per copy, indices of the arcs on which it may follow its host.
        offered: number of candidates before pruning, endpoints left out.
        why: None, or why the chain cannot be accepted whatever the others do; then nothing else is filled.
    """

    chain: Chain
    candidates: Candidates
    flows: Mapping[tuple[str, str], FlowBlock]
    arcs: Mapping[tuple[str, str], IntArray]
    follows: Mapping[tuple[str, str], IntArray]
    offered: int
    why: str | None = None

    @property
    def kept(self) -> int:
        """Number of candidates after pruning, endpoints left out."""
        return sum(
            len(self.candidates[name])
            for name, component in self.chain.components.items()
            if component.function is not None and name in self.candidates
        )


def compile_chain(
    instance: Instance, infrastructure: Infrastructure, chain: Chain, previous: ChainPlacement | None = None
) -> ChainBlock:
    """Prune one chain against the infrastructure alone; the other chains play no part.

    ``previous`` is where it stood before: what is not movable stays there.
    """
    functions = [component for component in chain.components.values() if component.function is not None]
    before = sum(len(offered(instance, infrastructure, component)) for component in functions)
    spots = {} if previous is None else previous.components
    flows = {flow.ends: compile_flow(instance, infrastructure, flow) for flow in chain.flows}
    try:
        candidates: Candidates = {
            name: own_candidates(instance, infrastructure, chain, component, spots.get(name))
            for name, component in chain.components.items()
        }
        delays = flow_delays(infrastructure, chain, flows)
        candidates, spans = _prune(infrastructure, chain, candidates, delays)
    except NoCandidateError as reason:
        return ChainBlock(chain, {}, {}, {}, {}, before, why=str(reason))
    arcs = {
        flow.ends: _arcs(infrastructure, flow, flows[flow.ends].usable, candidates, delays, spans)
        for flow in chain.flows
    }
    follows = {
        flow.ends: np.intersect1d(
            arcs[flow.copy_of],
            _arcs(infrastructure, flow, flows[flow.copy_of].usable, candidates, delays, spans),
        )
        for flow in chain.flows
        if flow.copy_of is not None
    }
    return ChainBlock(chain, candidates, flows, arcs, follows, before)


def _prune(
    infrastructure: Infrastructure,
    chain: Chain,
    candidates: Candidates,
    delays: Mapping[tuple[str, str], FlowDelays],
) -> tuple[Candidates, list[Span]]:
    """Drop candidates that ``together``, a flow or a budget rules out, until nothing changes."""
    while True:
        size = sum(map(len, candidates.values()))
        for group in chain.together:
            places = common_places(infrastructure, chain, group, candidates)
            candidates = _keep(candidates, places, f"no place for {_listed(group.components)} together")
        for flow in chain.flows:
            candidates = _keep_connected(infrastructure, flow, candidates, delays[flow.ends])
        spans = []
        for budget in chain.budgets:
            table = span(chain, budget, candidates, delays, len(infrastructure.nodes))
            if budget.within_ns is not None:
                candidates = _keep_in_time(table, candidates, may_vanish(chain))
            spans.append(table)
        if sum(map(len, candidates.values())) == size:
            return candidates, spans


def _keep(candidates: Candidates, places: Mapping[str, set[int]], why: str) -> Candidates:
    """Keep the candidates of the named components that stand on the given nodes."""
    kept = dict(candidates)
    for name, nodes in places.items():
        kept[name] = tuple(candidate for candidate in candidates[name] if candidate.node in nodes)
        if not kept[name]:
            raise NoCandidateError(why)
    return kept


def _keep_connected(
    infrastructure: Infrastructure, flow: Flow, candidates: Candidates, delays: FlowDelays
) -> Candidates:
    """Drop tails that reach no head and heads that no tail reaches with the flow's rate."""
    tails = sorted({candidate.node for candidate in candidates[flow.tail]})
    heads = sorted({candidate.node for candidate in candidates[flow.head]})
    joined = np.isfinite(delays.direct[np.ix_(tails, heads)])
    places = {
        flow.tail: {node for node, row in zip(tails, joined, strict=True) if row.any()},
        flow.head: {node for node, column in zip(heads, joined.T, strict=True) if column.any()},
    }
    rate = format_quantity(flow.rate_bps, Dimension.RATE)
    down, links = int((infrastructure.free_bps < 0).sum()) // 2, len(infrastructure.tail) // 2
    ending = f", with {down} of {links} links down" if down else ""
    return _keep(candidates, places, f"no path carries {rate} from {flow.tail!r} to {flow.head!r}{ending}")


def _keep_in_time(table: Span, candidates: Candidates, vanishing: frozenset[str]) -> Candidates:
    """Drop candidates through which the budget cannot be met."""
    budget = table.budget
    assert budget.within_ns is not None, "called for hard budgets only"
    kept = dict(candidates)
    for name, earliest in table.earliest.items():
        kept[name] = tuple(
            candidate
            for candidate in candidates[name]
            if earliest[candidate.node]
            + (0 if name in vanishing else candidate.processing_ns)
            + table.remaining[name][candidate.node]
            <= budget.within_ns
        )
        if not kept[name]:
            raise NoCandidateError(_too_slow(table))
    return kept


def _too_slow(table: Span) -> str:
    budget = table.budget
    assert budget.within_ns is not None
    limit = format_quantity(budget.within_ns, Dimension.TIME)
    between = f"{budget.tail!r} to {budget.head!r}"
    if table.best_ns <= budget.within_ns or not np.isfinite(table.best_ns):
        return f"latency from {between} cannot stay within {limit} together with its other rules"
    best = format_quantity(int(table.best_ns), Dimension.TIME)
    return f"latency from {between} is at least {best} even alone, and must stay within {limit}"


def _arcs(
    infrastructure: Infrastructure,
    flow: Flow,
    open_arcs: BoolArray,
    candidates: Candidates,
    delays: Mapping[tuple[str, str], FlowDelays],
    spans: list[Span],
) -> IntArray:
    """Those of the open arcs that some simple path of the flow could use in time."""
    delay = delays[flow.ends]
    direct = delay.direct
    tails = np.array(sorted({candidate.node for candidate in candidates[flow.tail]}))
    heads = np.array(sorted({candidate.node for candidate in candidates[flow.head]}))
    if not np.isfinite(direct[~np.eye(len(direct), dtype=bool)]).any() or (
        len(tails) == len(heads) == 1 and tails[0] == heads[0]
    ):
        return np.empty(0, dtype=np.int64)
    usable = open_arcs & _outward(infrastructure, tails, heads)
    reached = direct[tails].min(axis=0)
    leaving = direct[:, heads].min(axis=1)
    arc_tail, arc_head = infrastructure.tail, infrastructure.head
    usable &= np.isfinite(reached[arc_tail]) & np.isfinite(leaving[arc_head])
    for table in spans:
        if table.budget.within_ns is None or flow not in table.flows:
            continue
        sent = table.earliest[flow.tail] + table.least_processing[flow.tail]
        rest = table.remaining[flow.head] + table.least_processing[flow.head]
        before = np.min((sent + delay.first)[tails, None] + direct[tails], axis=0)
        after = np.min(rest[None, heads] + direct[:, heads], axis=1)
        total = before[arc_tail] + delay.arc_ns + after[arc_head]
        usable &= total <= table.budget.within_ns
    return np.flatnonzero(usable).astype(np.int64)


def _outward(infrastructure: Infrastructure, tails: IntArray, heads: IntArray) -> BoolArray:
    """Arcs from a switch, router or tail to a switch, router or head that never turn back."""
    arc_tail, arc_head = infrastructure.tail, infrastructure.head
    outward: BoolArray = infrastructure.forwards[arc_tail] | np.isin(arc_tail, tails)
    outward &= infrastructure.forwards[arc_head] | np.isin(arc_head, heads)
    if len(tails) == 1:
        outward &= arc_head != tails[0]
    if len(heads) == 1:
        outward &= arc_tail != heads[0]
    return outward


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names))
