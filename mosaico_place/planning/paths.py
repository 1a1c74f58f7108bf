"""Ways through the infrastructure for what is in no placement: state on its way, a flow to a temporary spot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Fan:
    """The fastest paths from a node to others, or, ``backwards``, from others to it.

    Attributes:
        next_to: node -> the one next to it on its path, "" for the node of the fan; the nearest first.
        far_ns: node -> latency of its path and forwarding on it, and waiting if that was asked for.
    """

    next_to: dict[str, str]
    far_ns: dict[str, int]
    backwards: bool = False

    def path(self, end: str) -> FlowPath | None:
        """The path between the fan's node and another; None if none leads there."""
        if end not in self.next_to:
            return None
        path = [end]
        while self.next_to[path[-1]]:
            path.append(self.next_to[path[-1]])
        return tuple(path if self.backwards else reversed(path))


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
        self._fans: dict[tuple[str, bool, bool], Fan] = {}
        self._fastest: dict[tuple[str, str], FlowPath | None] = {}
        for (tail, head), hop in hops.items():
            self._leaving.setdefault(tail, []).append((head, hop))
            self._entering.setdefault(head, []).append((tail, hop))

    def fastest(self, tail: str, head: str) -> FlowPath | None:
        """The path of the least latency; None if there is none."""
        return self.fan(tail, goal=head).path(head)

    def fastest_of(self, node: str, *, backwards: bool, waits: bool) -> Fan:
        """The fastest paths from a node to all others, or from all others to it, over any links."""
        key = node, backwards, waits
        if key not in self._fans:
            self._fans[key] = self.fan(node, backwards=backwards, waits=waits)
        return self._fans[key]

    def fan(
        self,
        start: str,
        passes: Passes = _any,
        *,
        backwards: bool = False,
        waits: bool = False,
        goal: str | None = None,
    ) -> Fan:
        """The fastest paths from a node to all others, or from all others to it.

        Args:
            start: where they begin, or end.
            passes: whether a link may be on them.
            backwards: whether they end there.
            waits: whether what takes them waits in classic queues.
            goal: where to stop looking; None to reach all.
        """
        came: dict[str, str] = {}
        far_ns: dict[str, int] = {}
        queue = [(0, start, "")]
        beyond = self._entering if backwards else self._leaving
        nodes = self._instance.nodes
        while queue:
            far, node, before = heappop(queue)
            if node in came:
                continue
            came[node], far_ns[node] = before, far
            if node == goal:
                break
            if node != start and not nodes[node].kind.forwards:
                continue
            for other, hop in beyond.get(node, ()):
                if other not in came and passes(*((other, node) if backwards else (node, other))):
                    entered = node if backwards else other
                    further = hop.direction.latency_ns + nodes[entered].forwarding_ns
                    further += hop.direction.classic_ns if waits else 0
                    heappush(queue, (far + further, other, node))
        return Fan(came, far_ns, backwards)

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
