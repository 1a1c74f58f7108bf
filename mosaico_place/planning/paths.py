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


Passes = Callable[[str, str], bool]
"""Whether a link may be on a path, from its tail and its head."""


def _any(_tail: str, _head: str) -> bool:
    return True


class Ways:
    """The fastest ways between nodes, over switches and routers.

    Args:
        instance: the problem.
        hops: its links by direction.
    """

    def __init__(self, instance: Instance, hops: Hops) -> None:
        self._instance = instance
        self._leaving: dict[str, list[tuple[str, Hop]]] = {}
        self._entering: dict[str, list[tuple[str, Hop]]] = {}
        self._fastest: dict[tuple[str, str], FlowPath | None] = {}
        self._around: dict[str, list[str]] = {}
        for (tail, head), hop in hops.items():
            self._leaving.setdefault(tail, []).append((head, hop))
            self._entering.setdefault(head, []).append((tail, hop))

    def fastest(self, tail: str, head: str) -> FlowPath | None:
        """The path of the least latency; None if there is none."""
        return along(self._reach(tail, head), head)

    def around(self, node: str) -> list[str]:
        """All nodes that a path leads to, the nearest first; the node itself is the first of them."""
        if node not in self._around:
            self._around[node] = list(self._reach(node))
        return self._around[node]

    def fan(self, node: str, passes: Passes, *, backwards: bool) -> dict[str, str]:
        """The fastest paths from a node to all others, or from all others to it, for :func:`along`.

        Args:
            node: where they begin, or end.
            passes: whether a link may be on them.
            backwards: whether they end there.
        """
        return self._reach(node, None, passes, backwards=backwards)

    def _reach(
        self, start: str, goal: str | None = None, passes: Passes = _any, *, backwards: bool = False
    ) -> dict[str, str]:
        """Node -> the node next to it on the fastest path, the nearest first, until the goal is reached."""
        came: dict[str, str] = {}
        queue = [(0, start, "")]
        beyond = self._entering if backwards else self._leaving
        nodes = self._instance.nodes
        while queue:
            far, node, before = heappop(queue)
            if node in came:
                continue
            came[node] = before
            if node == goal:
                break
            if node != start and not nodes[node].kind.forwards:
                continue
            for other, hop in beyond.get(node, ()):
                if other not in came and passes(*((other, node) if backwards else (node, other))):
                    entered = node if backwards else other
                    further = hop.direction.latency_ns + nodes[entered].forwarding_ns
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


def along(came: dict[str, str], end: str, *, backwards: bool = False) -> FlowPath | None:
    """The path of a fan between its node and another; None if none leads there."""
    if end not in came:
        return None
    path = [end]
    while came[path[-1]]:
        path.append(came[path[-1]])
    return tuple(path if backwards else reversed(path))
