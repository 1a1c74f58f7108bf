"""The cheapest paths of one flow, a copy included."""

from __future__ import annotations

from typing import Any

import cython

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.dijkstra import spread, trace
    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.kernel.costs import touch_costs
    from mosaico_place.kernel.placing import first_node
    from mosaico_place.kernel.problem import Embeddings, Pricing, Work


def set_touch(pricing: Pricing, k: int, f: int) -> None:
    """Write what it costs a flow to touch each node."""
    if pricing.tables.plain[pricing.tables.flows[f].touch]:
        for n in range(pricing.work.labels.touch.shape[0]):
            pricing.work.labels.touch[n] = 0.0
    else:
        touch_costs(pricing, k, f, pricing.work.slope[f - pricing.tables.chains[k].flow])


def _weigh(pricing: Pricing, k: int, f: int, slope: float) -> None:
    """Write what every arc costs a flow: rate x (toll + factor x price) + slope x delay; infinite without room."""
    flow, line, factor = pricing.tables.flows[f], pricing.tables.chains[k].line, pricing.prices.link[k]
    first = pricing.tables.first_arc
    for a in range(pricing.work.labels.weight.shape[0]):
        cost = (
            flow.rate * (pricing.prices.toll[line, a] + factor * pricing.prices.arc[a])
            + slope * pricing.tables.delays[flow.delay, a]
        )
        fits = pricing.state.free[0, first + a] >= flow.rate and pricing.state.free[line, first + a] >= flow.rate
        pricing.work.labels.weight[a] = cost if fits else inf


def spread_flow(pricing: Pricing, k: int, f: int, starts: Any, start: int, forth: bool, lasts: Any, last: int) -> None:
    """Spread labels over the arcs at the prices of one flow.

    Args:
        pricing, k, f: the pricing problem, the chain and its flow.
        starts, start: a table and the row of it that has the (nodes,) labels to begin with.
        forth: in the direction of the flow, or against it.
        lasts, last: where the (nodes,) last arcs go. The distances, of the work's labels, say before what is wanted.
    """
    slope = pricing.work.slope[f - pricing.tables.chains[k].flow]
    set_touch(pricing, k, f)
    _weigh(pricing, k, f, slope)
    spread(pricing.tables.net, starts, start, forth, slope, pricing.work.labels, lasts, last)


def start_at(work: Work, n: int) -> None:
    """Let paths begin at one node."""
    for m in range(work.start.shape[1]):
        work.start[0, m] = inf
    work.start[0, n] = 0.0


def want(work: Work, most: float) -> None:
    """Let nothing be wanted that costs so much."""
    for n in range(work.labels.dist.shape[0]):
        work.labels.dist[n] = most


def path_to_copy(pricing: Pricing, k: int, f: int) -> None:
    """Spread a copy from the path of its host: it may leave at the tail or at any forwarding node of the path."""
    host, slope = pricing.tables.flows[f].copy_of, pricing.work.slope[f - pricing.tables.chains[k].flow]
    start_at(pricing.work, first_node(pricing.tables, host, pricing.work.draft))
    time = 0.0
    for i in range(pricing.work.draft.length[host]):
        a = pricing.work.draft.path[host, i]
        time += pricing.tables.delays[pricing.tables.flows[host].delay, a]
        # Where the host ends the copy may end too, but not pass through.
        pricing.work.start[0, pricing.tables.net.head[a]] = slope * time
    want(pricing.work, inf)
    spread_flow(pricing, k, f, pricing.work.start, 0, True, pricing.work.last, 0)


def write_copy(tables: Tables, f: int, n: int, work: Work) -> bool:
    """Write the whole path of a copy to node ``n``: its host's up to where it leaves, then its own."""
    host = tables.flows[f].copy_of
    size = trace(tables.net, work.last, 0, n, True, work.piece, 0)
    if size < 0:
        return False
    leaves = n if size == 0 else tables.net.tail[work.piece[0, 0]]
    begin = first_node(tables, host, work.draft)
    shared = 0
    at = begin
    while at != leaves and shared < work.draft.length[host]:
        work.draft.path[f, shared] = work.draft.path[host, shared]
        at = tables.net.head[work.draft.path[host, shared]]
        shared += 1
    if at != leaves or shared + size > work.draft.path.shape[1]:
        return False
    for i in range(size):
        work.draft.path[f, shared + i] = work.piece[0, i]
    work.draft.length[f] = shared + size
    return _simple(tables, f, begin, work.draft)


def _simple(tables: Tables, f: int, begin: int, where: Embeddings) -> bool:
    """Whether a path meets no node twice and only forwarding nodes inside."""
    for i in range(where.length[f]):
        head = tables.net.head[where.path[f, i]]
        if head == begin or (i + 1 < where.length[f] and not tables.net.forwards[head]):
            return False
        for j in range(i):
            if tables.net.head[where.path[f, j]] == head:
                return False
    return True


def route(pricing: Pricing, k: int, f: int) -> bool:
    """The cheapest path of one flow between nodes that stand; False if there is none."""
    end = pricing.tables.flows[f].head
    n = pricing.tables.components[end].node
    if pricing.tables.components[end].menu >= 0:
        n = pricing.tables.options[pricing.work.draft.option[end]].node
    if pricing.tables.flows[f].copy_of >= 0:
        path_to_copy(pricing, k, f)
        return pricing.work.labels.dist[n] < inf and write_copy(pricing.tables, f, n, pricing.work)
    start_at(pricing.work, first_node(pricing.tables, f, pricing.work.draft))
    want(pricing.work, inf)
    spread_flow(pricing, k, f, pricing.work.start, 0, True, pricing.work.last, 0)
    if pricing.work.labels.dist[n] == inf:
        return False
    size = trace(pricing.tables.net, pricing.work.last, 0, n, True, pricing.work.draft.path, f)
    pricing.work.draft.length[f] = max(size, 0)
    return size >= 0
