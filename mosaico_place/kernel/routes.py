"""The cheapest paths of one flow, a copy included."""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.kernel.compiled import inner
from mosaico_place.kernel.costs import touch_costs
from mosaico_place.kernel.embeddings import first_node
from mosaico_place.kernel.spread import spread, trace, weigh
from mosaico_place.kernel.vectors import fill, fill_but_one


@inner
def spread_flow(
    tables: Any, state: Any, prices: Any, k: int, f: int, start: Any, forth: bool, work: Any, last: Any
) -> None:
    """Spread labels over the arcs at the prices of one flow, to ``work.dist``, which says what is wanted before."""
    flow, line = tables.flows[f], tables.chains[k].line
    slope, touch = work.slope[f - tables.chains[k].flow], work.touch
    if tables.plain[flow.touch]:
        fill(touch, 0.0)
    else:
        touch_costs(tables, state, prices, k, f, slope, touch)
    room, own = state.free[0, tables.first_arc :], state.free[line, tables.first_arc :]
    delay = tables.delays[flow.delay]
    weigh(flow.rate, prices.toll[line], prices.arc, prices.link[k], room, own, slope, delay, work.weight)
    spread(tables.net, start, forth, work.weight, slope, touch, work.dist, last, work.front)


@inner
def path_to_copy(tables: Any, state: Any, prices: Any, k: int, f: int, work: Any) -> None:
    """Spread a copy from the path of its host: it may leave at the tail or at any forwarding node of the path."""
    host = tables.flows[f].copy_of
    slope, start = work.slope[f - tables.chains[k].flow], work.start
    n = first_node(tables, host, work.option)
    fill_but_one(start, np.inf, n, 0.0)
    time = 0.0
    for i in range(work.length[host]):
        a = work.path[host, i]
        n = tables.net.head[a]
        time += tables.delays[tables.flows[host].delay, a]
        # Where the host ends the copy may end too, but not pass through.
        start[n] = slope * time
    fill(work.dist, np.inf)
    spread_flow(tables, state, prices, k, f, start, True, work, work.last)


@inner
def write_copy(tables: Any, f: int, n: int, work: Any) -> bool:
    """Write the whole path of a copy to node ``n``: its host's up to where it leaves, then its own."""
    length, path, piece = work.length, work.path, work.piece
    host = tables.flows[f].copy_of
    size = trace(tables.net, work.last, n, True, piece)
    if size < 0:
        return False
    leaves = n if size == 0 else tables.net.tail[piece[0]]
    begin = first_node(tables, host, work.option)
    shared = 0
    at = begin
    while at != leaves and shared < length[host]:
        path[f, shared] = path[host, shared]
        at = tables.net.head[path[host, shared]]
        shared += 1
    if at != leaves or shared + size > path.shape[1]:
        return False
    for i in range(size):
        path[f, shared + i] = piece[i]
    length[f] = shared + size
    return simple(tables, f, begin, length, path)


@inner
def simple(tables: Any, f: int, begin: int, length: Any, path: Any) -> bool:
    """Whether a path meets no node twice and only forwarding nodes inside."""
    for i in range(length[f]):
        head = tables.net.head[path[f, i]]
        if head == begin or (i + 1 < length[f] and not tables.net.forwards[head]):
            return False
        for j in range(i):
            if tables.net.head[path[f, j]] == head:
                return False
    return True


@inner
def route(tables: Any, state: Any, prices: Any, k: int, f: int, work: Any) -> bool:
    """The cheapest path of one flow between nodes that stand; False if there is none."""
    head = tables.components[tables.flows[f].head]
    n = head.node if head.menu < 0 else tables.options[work.option[tables.flows[f].head]].node
    if tables.flows[f].copy_of >= 0:
        path_to_copy(tables, state, prices, k, f, work)
        return work.dist[n] < np.inf and write_copy(tables, f, n, work)
    fill_but_one(work.start, np.inf, first_node(tables, f, work.option), 0.0)
    fill(work.dist, np.inf)
    spread_flow(tables, state, prices, k, f, work.start, True, work, work.last)
    if work.dist[n] == np.inf:
        return False
    size = trace(tables.net, work.last, n, True, work.path[f])
    work.length[f] = max(size, 0)
    return size >= 0
