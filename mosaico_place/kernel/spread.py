"""Cheapest paths from labelled nodes to all nodes, in one go: the step that the kernel repeats for every flow.

The labels of one component's nodes spread over the arcs to the nodes of the next, from all of them at once, over
switches and routers only, since nothing else lies inside a path: by Dijkstra's algorithm from few of them, and from
many, of which hardly any is improved, one after the other without a heap. No table of all pairs is kept, so prices and
remaining bandwidths may change between any two calls.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile import Infrastructure
from mosaico_place.kernel.compiled import inner_inline, outer

STAY, NOWHERE = -1, -2
"""Instead of the last arc of a path: it begins here; there is none."""


class Net(NamedTuple):
    """The infrastructure for compiled code: arcs by tail and by head.

    Attributes:
        tail, head: (arcs,) int32.
        forwards: (nodes,) bool.
        hand_over_ns: (nodes,) float64.
        out_start, out_arc: arcs that leave node n: ``out_arc[out_start[n] : out_start[n + 1]]``.
        in_start, in_arc: arcs that enter it.
    """

    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    forwards: NDArray[np.bool_]
    hand_over_ns: NDArray[np.float64]
    out_start: NDArray[np.int32]
    out_arc: NDArray[np.int32]
    in_start: NDArray[np.int32]
    in_arc: NDArray[np.int32]


def compile_net(infrastructure: Infrastructure) -> Net:
    """Index the arcs."""
    count = len(infrastructure.nodes)

    def by(ends: Any) -> tuple[Any, Any]:
        start = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=count))]).astype(np.int32)
        return start, np.argsort(ends, kind="stable").astype(np.int32)

    return Net(
        infrastructure.tail.astype(np.int32),
        infrastructure.head.astype(np.int32),
        infrastructure.forwards,
        infrastructure.hand_over_ns.astype(np.float64),
        *by(infrastructure.tail),
        *by(infrastructure.head),
    )


@inner_inline
def push(keys: Any, items: Any, size: int, key: float, item: int) -> int:
    """Put an item on a binary heap; its new size."""
    i = size
    while i > 0:
        above = (i - 1) >> 1
        if keys[above] <= key:
            break
        keys[i] = keys[above]
        items[i] = items[above]
        i = above
    keys[i] = key
    items[i] = item
    return size + 1


@inner_inline
def drop_first(keys: Any, items: Any, size: int) -> int:
    """Take the first item off a binary heap; its new size."""
    size -= 1
    key, item = keys[size], items[size]
    i = 0
    while True:
        below = 2 * i + 1
        if below >= size:
            break
        if below + 1 < size and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        keys[i] = keys[below]
        items[i] = items[below]
        i = below
    keys[i] = key
    items[i] = item
    return size


@inner_inline
def weigh(
    rate: float, toll: Any, price: Any, factor: float, room: Any, own: Any, slope: float, delay: Any, weight: Any
) -> None:
    """(arcs,) what a flow pays: rate x (toll + factor x price) + slope x delay; infinite where a room is too small."""
    for a in range(len(weight)):
        open_to_it = room[a] >= rate and own[a] >= rate
        weight[a] = rate * (toll[a] + factor * price[a]) + slope * delay[a] if open_to_it else np.inf


@inner_inline
def relax(
    begins: Any, arcs: Any, ends: Any, forwards: Any, weight: Any, touch: Any, n: int, label: float, heaped: bool,
    dist: Any, last: Any, keys: Any, items: Any, size: int,
) -> int:  # fmt: skip
    """Go on from a node over its arcs; what is reached more cheaply and forwards goes on the heap if ``heaped``."""
    for i in range(begins[n], begins[n + 1]):
        a = arcs[i]
        m = ends[a]
        cost = label + weight[a] + touch[m]
        if cost < dist[m]:
            dist[m] = cost
            last[m] = a
            if heaped and forwards[m]:
                size = push(keys, items, size, cost, m)
    return size


@inner_inline
def nearest_first(
    begins: Any, arcs: Any, ends: Any, forwards: Any, weight: Any, touch: Any, dist: Any, last: Any, keys: Any,
    items: Any,
) -> None:  # fmt: skip
    """Go on from all labelled nodes that forward, the nearest first, so that each does so once (Dijkstra)."""
    size = 0
    for n in range(len(dist)):
        if forwards[n] and dist[n] < np.inf:
            size = push(keys, items, size, dist[n], n)
    while size > 0:
        label, n = keys[0], items[0]
        size = drop_first(keys, items, size)
        if label == dist[n]:
            size = relax(begins, arcs, ends, forwards, weight, touch, n, label, True, dist, last, keys, items, size)


@inner_inline
def in_turn(
    begins: Any, arcs: Any, ends: Any, forwards: Any, weight: Any, touch: Any, dist: Any, last: Any, queued: Any,
    items: Any,
) -> None:  # fmt: skip
    """The same from one after the other, and again from what is reached more cheaply then (Moore).

    ``queued``: room for a mark per node; ``items``: for a ring of them.
    """
    count, first, size = len(dist), 0, 0
    for n in range(count):
        queued[n] = 0.0
        if forwards[n] and dist[n] < np.inf:
            queued[n] = 1.0
            items[size] = n
            size += 1
    while size > 0:
        n = items[first]
        first = first + 1 if first + 1 < count else 0
        size -= 1
        queued[n] = 0.0
        label = dist[n]
        for i in range(begins[n], begins[n + 1]):
            a = arcs[i]
            m = ends[a]
            cost = label + weight[a] + touch[m]
            if cost < dist[m]:
                dist[m] = cost
                last[m] = a
                if forwards[m] and queued[m] == 0.0:
                    queued[m] = 1.0
                    place = first + size
                    items[place if place < count else place - count] = m
                    size += 1


@outer
def spread(
    net: Any, start: Any, forth: bool, weight: Any, slope: float, touch: Any, dist: Any, last: Any, keys: Any,
    items: Any,
) -> None:  # fmt: skip
    """Least start + path cost for every node, with the last arc of the path.

    Args:
        net: the arcs.
        start: (nodes,) labels; infinite where no path begins.
        forth: paths lead from the labelled nodes; else to them, and "last" is the first arc.
        weight: (arcs,) what each costs; infinite where it is closed.
        slope: staying costs slope x hand-over, except where a node forwards.
        touch: (nodes,) what touching the node costs; infinite where the flow must not.
        dist, last: (nodes,) results; ``last`` is an arc, STAY or NOWHERE.
        keys, items: a heap with room for arcs + nodes entries.
    """
    count = len(start)
    begins, arcs, ends = net.out_start, net.out_arc, net.head
    if not forth:
        begins, arcs, ends = net.in_start, net.in_arc, net.tail
    forwards = net.forwards
    for n in range(count):
        dist[n] = np.inf
        last[n] = NOWHERE
    # What begins anywhere takes its first step before anything is put on the heap, where each node then stands once.
    for n in range(count):
        label = start[n] + touch[n]
        if label == np.inf:
            continue
        if not forwards[n]:
            relax(begins, arcs, ends, forwards, weight, touch, n, label, False, dist, last, keys, items, 0)
        elif label < dist[n]:
            dist[n] = label
            last[n] = STAY
    labelled, all_that_forward = 0, 0
    for n in range(count):
        if forwards[n]:
            all_that_forward += 1
            labelled += dist[n] < np.inf
    if 2 * labelled > all_that_forward:
        in_turn(begins, arcs, ends, forwards, weight, touch, dist, last, keys, items)
    else:
        nearest_first(begins, arcs, ends, forwards, weight, touch, dist, last, keys, items)
    for n in range(count):
        if not forwards[n] and start[n] < np.inf:
            stays = start[n] + touch[n] + slope * net.hand_over_ns[n]
            if stays <= dist[n]:
                dist[n] = stays
                last[n] = STAY


@outer
def trace(net: Any, last: Any, node: int, forth: bool, path: Any) -> int:
    """Write the arcs of the path of :func:`spread` at a node, in the direction of travel; their number.

    A path that comes back to where it began is no path: the flow stays. -1 if the path is longer than ``path``.
    """
    n = node
    size = 0
    while last[n] >= 0:
        if size == len(path):
            return -1
        a = last[n]
        path[size] = a
        size += 1
        n = net.tail[a] if forth else net.head[a]
        if not net.forwards[n] or n == node:
            break
    if n == node:
        return 0
    if forth:
        for i in range(size // 2):
            path[i], path[size - 1 - i] = path[size - 1 - i], path[i]
    return size
