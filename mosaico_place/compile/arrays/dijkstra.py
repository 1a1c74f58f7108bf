"""Cheapest paths from labelled nodes to all nodes, in one go: the step that the kernel repeats for every flow.

The labels of one component's nodes spread over the arcs to the nodes of the next, from all of them at once, over
switches and routers only, since nothing else lies inside a path (Dijkstra, "A note on two problems in connexion with
graphs", Numerische Mathematik 1, 1959). No table of all pairs is kept, so prices and remaining bandwidths may change
between any two calls.

Vectors stand as rows of tables, named by the table and the row: a row by itself would count its references.
"""

from __future__ import annotations

from typing import Any

import cython
import numpy as np

from mosaico_place.compile.infrastructure import FloatArray

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import Net

    STAY, NOWHERE = -1, -2
"""Instead of the last arc of a path: it begins here; there is none."""


class Labels:
    """What one spreading goes by and finds, and its scratch.

    Attributes:
        weight: (arcs,) what each arc costs; infinite where it is closed.
        touch: (nodes,) what touching the node costs; infinite where the flow must not.
        dist: (nodes,) what costs as much is not wanted; afterwards the least costs, infinite where there is none.
    """

    def __init__(self, nodes: int, arcs: int) -> None:
        self._size = nodes, arcs
        arrays: dict[str, Any] = {"weight": np.empty(arcs), "touch": np.empty(nodes), "dist": np.empty(nodes)}
        self.arrays = arrays
        self.weight, self.touch, self.dist = arrays["weight"], arrays["touch"], arrays["dist"]
        # Nodes that are to go on: their labels, which they are, and the place of every node among them.
        self.front = np.empty(nodes)
        self.nodes, self.place = np.empty(nodes, dtype=np.int32), np.empty(nodes, dtype=np.int32)

    def __reduce__(self) -> tuple[Any, ...]:
        return Labels, self._size


def spread(
    net: Net, starts: FloatArray, start: int, forth: bool, slope: float, labels: Labels, lasts: Any, last: int
) -> None:
    """Least start + path cost for every node, with the last arc of the path.

    Args:
        net: the arcs.
        starts, start: a table and the row of it that has the (nodes,) labels; infinite where no path begins.
        forth: paths lead from the labelled nodes; else to them, and "last" is the first arc.
        slope: staying costs slope x hand-over, except where a node forwards.
        labels: weights, what touching costs, what is wanted; ``dist`` has the results.
        lasts, last: a table and the row of it for results: (nodes,) an arc, STAY or NOWHERE.
    """
    count, side = net.forwards.shape[0], 0 if forth else 1
    for n in range(count):
        lasts[last, n] = NOWHERE
    # What begins anywhere takes its first step before any node goes on.
    for n in range(count):
        label = starts[start, n] + labels.touch[n]
        if not label < labels.dist[n]:
            continue
        if not net.forwards[n]:
            _first_step(net, side, n, label, labels, lasts, last)
        else:
            labels.dist[n] = label
            lasts[last, n] = STAY
    _nearest_first(net, side, labels, lasts, last)
    for n in range(count):
        if not net.forwards[n]:
            stays = starts[start, n] + labels.touch[n] + slope * net.hand_over_ns[n]
            if stays < labels.dist[n] or (stays == labels.dist[n] and lasts[last, n] != NOWHERE):
                labels.dist[n] = stays
                lasts[last, n] = STAY
        if lasts[last, n] == NOWHERE:
            labels.dist[n] = inf


def _first_step(net: Net, side: int, n: int, label: float, labels: Labels, lasts: Any, last: int) -> None:
    """Go on from a node that does not forward over its arcs; ``side``: 0 forth, 1 back."""
    for i in range(net.begins[side, n], net.begins[side, n + 1]):
        a, m = net.arcs[side, i], net.ends[side, i]
        cost = label + labels.weight[a] + labels.touch[m]
        if cost < labels.dist[m]:
            labels.dist[m] = cost
            lasts[last, m] = a


def _nearest_first(net: Net, side: int, labels: Labels, lasts: Any, last: int) -> None:
    """Go on from all labelled nodes that forward, the nearest first, so that each does so once.

    Those that are to do so stand in a list in no order, in which a better label replaces the old one: to look through
    all of it for the nearest takes no jump that the processor has to guess, and so less time than a heap.
    """
    size, nowhere = 0, net.forwards.shape[0]
    for n in range(nowhere):
        labels.place[n] = nowhere
        if net.forwards[n] and lasts[last, n] != NOWHERE:
            labels.front[size] = labels.dist[n]
            labels.nodes[size] = n
            labels.place[n] = size
            size += 1
    while size > 0:
        j, label = 0, labels.front[0]
        for i in range(1, size):
            nearer = labels.front[i] < label
            label = labels.front[i] if nearer else label
            j = i if nearer else j
        n = labels.nodes[j]
        labels.place[n] = nowhere
        size -= 1
        if j < size:
            labels.front[j] = labels.front[size]
            labels.nodes[j] = labels.nodes[size]
            labels.place[labels.nodes[j]] = j
        for i in range(net.begins[side, n], net.begins[side, n + 1]):
            a, m = net.arcs[side, i], net.ends[side, i]
            cost = label + labels.weight[a] + labels.touch[m]
            if cost < labels.dist[m]:
                labels.dist[m] = cost
                lasts[last, m] = a
                if net.forwards[m]:
                    at = labels.place[m]
                    if at == nowhere:
                        at = size
                        labels.place[m] = at
                        labels.nodes[at] = m
                        size += 1
                    labels.front[at] = cost


def spread_from_all(net: Net, weight: FloatArray, slope: float, touch: FloatArray) -> FloatArray:
    """(nodes, nodes) what the cheapest path costs from each to each; arguments as in :func:`spread`."""
    nodes = len(touch)
    found, starts = np.full((nodes, nodes), np.inf), np.full((nodes, nodes), np.inf)
    np.fill_diagonal(starts, 0.0)
    lasts, labels = np.empty((1, nodes), dtype=np.int32), Labels(nodes, len(weight))
    labels.arrays["weight"][:], labels.arrays["touch"][:] = weight, touch
    for n in range(nodes):
        labels.arrays["dist"][:] = np.inf
        spread(net, starts, n, True, slope, labels, lasts, 0)
        found[n] = labels.arrays["dist"]
    return found


def trace(net: Net, lasts: Any, last: int, node: int, forth: bool, path: Any, row: int) -> int:
    """Write the arcs of the path of :func:`spread` at a node, in the direction of travel; their number.

    A path that comes back to where it began is no path: the flow stays. -1 if there is none, or if it is longer than a
    row of ``path``.
    """
    n = node
    size = 0
    while lasts[last, n] != STAY:
        if lasts[last, n] == NOWHERE or size == path.shape[1]:
            return -1
        a = lasts[last, n]
        path[row, size] = a
        size += 1
        n = net.tail[a] if forth else net.head[a]
        if not net.forwards[n] or n == node:
            break
    if n == node:
        return 0
    if forth:
        for i in range(size // 2):
            path[row, i], path[row, size - 1 - i] = path[row, size - 1 - i], path[row, i]
    return size
