"""Ways through the infrastructure for what is in no placement: state on its way, a flow to a temporary spot."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from mosaico_place.instance import Function, Instance, Kind
from mosaico_place.latency import BITS, NS
from mosaico_place.placement import FlowPath
from mosaico_place.usage import Hop, Hops, hops_of


def reload_ns(instance: Instance, function: Function, node: str) -> int:
    """How long loading a function keeps a node from forwarding: nothing but on a switch that is not hitless."""
    on = instance.nodes[node]
    return function.reload_ns if on.kind is Kind.P4_SWITCH and not on.hitless else 0


class Ways:
    """The fastest ways between nodes, over switches and routers.

    Args:
        instance: the problem.
        hops: its links by direction.
    """

    def __init__(self, instance: Instance, hops: Hops) -> None:
        self._instance = instance
        self._leaving: dict[str, list[tuple[str, Hop]]] = {}
        self._fastest: dict[tuple[str, str], FlowPath | None] = {}
        for (tail, head), hop in hops.items():
            self._leaving.setdefault(tail, []).append((head, hop))

    def fastest(self, tail: str, head: str, passes: Callable[[str, str, Hop], bool] | None = None) -> FlowPath | None:
        """The path of the least latency; None if there is none.

        Args:
            tail: node where it begins.
            head: node where it ends.
            passes: whether a link may be on it, from its tail, its head and itself; any may if None.
        """
        came = self._reach(tail, head, passes)
        return _back(came, head) if head in came else None

    def around(self, node: str) -> list[str]:
        """All nodes that a path leads to, the nearest first; the node itself is the first of them."""
        return list(self._reach(node, None, None))

    def _reach(self, tail: str, head: str | None, passes: Callable[[str, str, Hop], bool] | None) -> dict[str, str]:
        """Node -> the node before it on the fastest path, the nearest first, until the head is reached."""
        came: dict[str, str] = {}
        queue = [(0, tail, "")]
        while queue:
            far, node, before = heappop(queue)
            if node in came:
                continue
            came[node] = before
            if node == head:
                break
            if node != tail and not self._instance.nodes[node].kind.forwards:
                continue
            for other, hop in self._leaving.get(node, ()):
                if other not in came and (passes is None or passes(node, other, hop)):
                    further = hop.direction.latency_ns + self._instance.nodes[other].forwarding_ns
                    heappush(queue, (far + further, other, node))
        return came

    def transfer_ns(self, tail: str, head: str, state_bytes: int) -> int | None:
        """How long carrying state takes: its size over the least bandwidth on the fastest path, rounded up.

        Nothing takes no time, and neither does what stays on its node; None if no path leads there, or if a link on it
        has nothing that is not reserved. What else crosses the links is not looked at.
        """
        if not state_bytes or tail == head:
            return 0
        if (tail, head) not in self._fastest:
            self._fastest[tail, head] = self.fastest(tail, head)
        path = self._fastest[tail, head]
        if path is None:
            return None
        hops = {(one, other): hop for one in path for other, hop in self._leaving.get(one, ())}
        narrowest = min(hops[step].direction.free_bps for step in hops_of(path))
        return -(-state_bytes * BITS * NS // narrowest) if narrowest > 0 else None


def _back(came: dict[str, str], head: str) -> FlowPath:
    path = [head]
    while came[path[-1]]:
        path.append(came[path[-1]])
    return tuple(reversed(path))
