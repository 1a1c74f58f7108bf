"""Cheapest paths from labelled nodes to all nodes, in one go: the step that the kernel repeats for every flow.

The labels of one component's nodes spread over the arcs to the nodes of the next, from all of them at once, over
switches and routers only, since nothing else lies inside a path (Dijkstra's algorithm). No table of all pairs is kept,
so prices and remaining bandwidths may change between any two calls.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile.infrastructure import FloatArray, Infrastructure
from mosaico_place.kernel.compiled import inner_inline, outer, outer_making
from mosaico_place.kernel.vectors import fill

STAY, NOWHERE = -1, -2
"""Instead of the last arc of a path: it begins here; there is none."""


class Net(NamedTuple):
    """The infrastructure for compiled code: arcs by tail and by head.

    Numbers that only index are unsigned: for others, compiled code asks each time whether it is to count from the end.

    Attributes:
        tail, head: (arcs,) uint32.
        forwards: (nodes,) bool.
        hand_over_ns: (nodes,) float64.
        out_start, out_arc: arcs that leave node n: ``out_arc[out_start[n] : out_start[n + 1]]``.
        in_start, in_arc: arcs that enter it.
        leaves: whether nodes that do not forward have one neighbour each, so that no way over one is a short cut.
    """

    tail: NDArray[np.uint32]
    head: NDArray[np.uint32]
    forwards: NDArray[np.bool_]
    hand_over_ns: NDArray[np.float64]
    out_start: NDArray[np.uint32]
    out_arc: NDArray[np.uint32]
    in_start: NDArray[np.uint32]
    in_arc: NDArray[np.uint32]
    leaves: bool


def compile_net(infrastructure: Infrastructure) -> Net:
    """Index the arcs."""
    count = len(infrastructure.nodes)

    def by(ends: Any) -> tuple[Any, Any]:
        start = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=count))]).astype(np.uint32)
        return start, np.argsort(ends, kind="stable").astype(np.uint32)

    return Net(
        infrastructure.tail.astype(np.uint32),
        infrastructure.head.astype(np.uint32),
        infrastructure.forwards,
        infrastructure.hand_over_ns.astype(np.float64),
        *by(infrastructure.tail),
        *by(infrastructure.head),
        _leaves(infrastructure),
    )


def _leaves(infrastructure: Infrastructure) -> bool:
    ends = np.stack([infrastructure.tail, infrastructure.head])
    pairs = np.unique(np.hstack([ends, ends[::-1]]), axis=1)
    neighbours = np.bincount(pairs[0], minlength=len(infrastructure.nodes))
    return bool((neighbours[~infrastructure.forwards] <= 1).all())


class Front(NamedTuple):
    """Scratch of :func:`spread`: the nodes that are to go on, in no order.

    Attributes:
        labels, nodes: (nodes,) of each that stands in it.
        place: (nodes,) where each stands; the number of nodes if nowhere.
    """

    labels: FloatArray
    nodes: NDArray[np.uint32]
    place: NDArray[np.uint32]


@outer_making
def new_front(nodes: int) -> Front:
    """Room for all nodes."""
    return Front(np.empty(nodes), np.empty(nodes, np.uint32), np.empty(nodes, np.uint32))


@inner_inline
def weigh(
    rate: float, toll: Any, price: Any, factor: float, room: Any, own: Any, slope: float, delay: Any, weight: Any
) -> None:
    """(arcs,) what a flow pays: rate x (toll + factor x price) + slope x delay; infinite where a room is too small."""
    for a in range(len(weight)):
        open_to_it = room[a] >= rate and own[a] >= rate
        weight[a] = rate * (toll[a] + factor * price[a]) + slope * delay[a] if open_to_it else np.inf


@inner_inline
def first_step(
    begins: Any, arcs: Any, ends: Any, weight: Any, touch: Any, n: int, label: float, dist: Any, last: Any
) -> None:
    """Go on from a node that does not forward over its arcs."""
    for i in range(begins[n], begins[n + 1]):
        a = arcs[i]
        m = ends[a]
        cost = label + weight[a] + touch[m]
        if cost < dist[m]:
            dist[m] = cost
            last[m] = a


@inner_inline
def nearest_first(
    begins: Any, arcs: Any, ends: Any, forwards: Any, weight: Any, touch: Any, dist: Any, last: Any, front: Any
) -> None:
    """Go on from all labelled nodes that forward, the nearest first, so that each does so once.

    Those that are to do so stand in a list in no order, in which a better label replaces the old one: to look through
    all of it for the nearest takes no jump that the processor has to guess, and so less time than a heap.
    """
    labels, nodes, place = front.labels, front.nodes, front.place
    size, nowhere = 0, len(dist)
    for n in range(len(dist)):
        place[n] = nowhere
        if forwards[n] and last[n] != NOWHERE:
            labels[size] = dist[n]
            nodes[size] = n
            place[n] = size
            size += 1
    while size > 0:
        j, label = 0, labels[0]
        for i in range(1, size):
            nearer = labels[i] < label
            label = labels[i] if nearer else label
            j = i if nearer else j
        n = nodes[j]
        place[n] = nowhere
        size -= 1
        if j < size:
            labels[j] = labels[size]
            nodes[j] = nodes[size]
            place[nodes[j]] = j
        for i in range(begins[n], begins[n + 1]):
            a = arcs[i]
            m = ends[a]
            cost = label + weight[a] + touch[m]
            if cost < dist[m]:
                dist[m] = cost
                last[m] = a
                if forwards[m]:
                    at = place[m]
                    if at == nowhere:
                        at = size
                        place[m] = at
                        nodes[at] = m
                        size += 1
                    labels[at] = cost


@outer
def spread(
    net: Any, start: Any, forth: bool, weight: Any, slope: float, touch: Any, dist: Any, last: Any, front: Any
) -> None:
    """Least start + path cost for every node, with the last arc of the path.

    Args:
        net: the arcs.
        start: (nodes,) labels; infinite where no path begins.
        forth: paths lead from the labelled nodes; else to them, and "last" is the first arc.
        weight: (arcs,) what each costs; infinite where it is closed.
        slope: staying costs slope x hand-over, except where a node forwards.
        touch: (nodes,) what touching the node costs; infinite where the flow must not.
        dist: (nodes,) what costs as much is not wanted; afterwards the results, infinite where there is none.
        last: (nodes,) results: an arc, STAY or NOWHERE.
        front: scratch.
    """
    count = len(start)
    begins, arcs, ends = net.out_start, net.out_arc, net.head
    if not forth:
        begins, arcs, ends = net.in_start, net.in_arc, net.tail
    forwards = net.forwards
    fill(last, NOWHERE)
    # What begins anywhere takes its first step before any node goes on.
    for n in range(count):
        label = start[n] + touch[n]
        if not label < dist[n]:
            continue
        if not forwards[n]:
            first_step(begins, arcs, ends, weight, touch, n, label, dist, last)
        else:
            dist[n] = label
            last[n] = STAY
    nearest_first(begins, arcs, ends, forwards, weight, touch, dist, last, front)
    for n in range(count):
        if not forwards[n]:
            stays = start[n] + touch[n] + slope * net.hand_over_ns[n]
            if stays < dist[n] or (stays == dist[n] and last[n] != NOWHERE):
                dist[n] = stays
                last[n] = STAY
        if last[n] == NOWHERE:
            dist[n] = np.inf


def spread_from_all(net: Net, weight: FloatArray, slope: float, touch: FloatArray) -> FloatArray:
    """(nodes, nodes) what the cheapest path costs from each to each; arguments as in :func:`spread`."""
    nodes = len(net.forwards)
    found, start = np.full((nodes, nodes), np.inf), np.full(nodes, np.inf)
    last, front = np.empty(nodes, np.int32), new_front(nodes)
    for n in range(nodes):
        start[n] = 0.0
        spread(net, start, True, weight, slope, touch, found[n], last, front)
        start[n] = np.inf
    return found


@outer
def trace(net: Any, last: Any, node: int, forth: bool, path: Any) -> int:
    """Write the arcs of the path of :func:`spread` at a node, in the direction of travel; their number.

    A path that comes back to where it began is no path: the flow stays. -1 if there is none, or if it is longer than
    ``path``.
    """
    n = node
    size = 0
    while last[n] != STAY:
        if last[n] == NOWHERE or size == len(path):
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
