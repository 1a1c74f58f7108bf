"""The infrastructure as arrays: one block that every chain's block refers to by stable indices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from mosaico_place.instance import Direction, Instance, Node

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """Nodes, and links as two arcs each, by index.

    Attributes:
        nodes: (nodes,) in the instance's order.
        index: node name -> index.
        forwards: (nodes,) bool, may lie inside a path.
        forwarding_ns: (nodes,) delay of entering a node; 0 where it does not forward.
        hand_over_ns: (nodes,) delay between two components on it.
        tail, head: (arcs,) node indices; arc 2k is link k forth, arc 2k + 1 is link k back.
        latency_ns: (arcs,) of the link direction.
        free_bps: (arcs,) bandwidth net of what is reserved; -1 where the link is down, too little for a flow of rate 0.
        directions: (arcs) of them, as the instance gives them.
    """

    nodes: tuple[Node, ...]
    index: Mapping[str, int]
    forwards: BoolArray
    forwarding_ns: IntArray
    hand_over_ns: IntArray
    tail: IntArray
    head: IntArray
    latency_ns: IntArray
    free_bps: IntArray
    directions: tuple[Direction, ...]
    _delays: dict[bytes, FloatArray] = field(default_factory=dict, repr=False, compare=False)

    @property
    def arc_delay_ns(self) -> IntArray:
        """(arcs,) latency plus the forwarding of the node that the arc enters."""
        delay: IntArray = self.latency_ns + self.forwarding_ns[self.head]
        return delay

    def least_delays(self, usable: BoolArray, arc_delay_ns: IntArray) -> FloatArray:
        """Least delay between all pairs of nodes over some arcs, for a flow travelling alone.

        Args:
            usable: (arcs,) those that it may take.
            arc_delay_ns: (arcs,) what each takes it.

        Returns:
            (nodes, nodes) float64 of whole ns (exact below 2**53), inf where no path exists, 0 on the diagonal.
            Only forwarding nodes lie inside a path. Computed once per set of arcs and delays.
        """
        key = np.packbits(usable).tobytes() + arc_delay_ns[usable].tobytes()
        if key not in self._delays:
            self._delays[key] = self._dijkstra(usable, arc_delay_ns)
        return self._delays[key]

    def _dijkstra(self, usable: BoolArray, arc_delay_ns: IntArray) -> FloatArray:
        """Dijkstra where a node that does not forward is split: its own index only sends, a twin receives."""
        count = len(self.nodes)
        twin = np.arange(count)
        twin[~self.forwards] = count + np.arange(int((~self.forwards).sum()))
        tail, head = self.tail[usable], twin[self.head[usable]]
        size = count + int((~self.forwards).sum())
        # A zero weight would vanish from the sparse graph; half a nanosecond stands for it and is rounded off.
        weight = np.maximum(arc_delay_ns[usable].astype(np.float64), 0.5 / (size + 1))
        graph = csr_array((weight, (tail, head)), shape=(size, size))
        reach = dijkstra(graph, directed=True, indices=np.arange(count))[:, twin]
        delays: FloatArray = np.where(np.isinf(reach), np.inf, np.floor(reach))
        np.fill_diagonal(delays, 0.0)
        return delays


def compile_infrastructure(instance: Instance) -> Infrastructure:
    """Index the nodes and turn every link into two arcs."""
    nodes = tuple(instance.nodes.values())
    index = {node.name: i for i, node in enumerate(nodes)}
    directions = [direction for link in instance.links for direction in (link.forth, link.back)]
    works = [instance.link_up(link) for link in instance.links for _ in range(2)]
    ends = [pair for link in instance.links for pair in (link.ends, link.ends[::-1])]
    return Infrastructure(
        nodes=nodes,
        index=index,
        forwards=np.array([node.kind.forwards for node in nodes], dtype=np.bool_),
        forwarding_ns=np.array([node.forwarding_ns for node in nodes], dtype=np.int64),
        hand_over_ns=np.array([node.hand_over_ns for node in nodes], dtype=np.int64),
        tail=np.array([index[tail] for tail, _ in ends], dtype=np.int64),
        head=np.array([index[head] for _, head in ends], dtype=np.int64),
        latency_ns=np.array([direction.latency_ns for direction in directions], dtype=np.int64),
        free_bps=np.array(
            [way.free_bps if up else -1 for way, up in zip(directions, works, strict=True)], dtype=np.int64
        ),
        directions=tuple(directions),
    )
