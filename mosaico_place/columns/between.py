"""What lies between two nodes for a flow: the least time, the least toll, and which programs it can meet on the way."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

import numpy as np

from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.spread import spread
from mosaico_place.kernel.tables import Compiled

MANY_MEETINGS = 40
"""Meetings at one node above which none are told apart."""


class Meeting(NamedTuple):
    """A choice that a flow has between two nodes.

    Attributes:
        ns: the least time in which it gets there without meeting more.
        programs: that serve it, by their numbers; those of functions with several to choose from are left out.
        arcs: that it crosses, of those that are watched.
    """

    ns: float
    programs: tuple[int, ...] = ()
    arcs: tuple[int, ...] = ()


class Between:
    """Looks up, and remembers, what lies between nodes; bandwidth that others take is left out.

    Args:
        compiled: the problem.
        watched: arcs that are told apart.
    """

    def __init__(self, compiled: Compiled, watched: Sequence[int] = ()) -> None:
        self._tables, self._watched = compiled.tables, frozenset(watched)
        self._room = compiled.rows.room()[0, compiled.rows.first_arc :]
        self._nodes = len(compiled.problem.infrastructure.nodes)
        self._times: dict[tuple[int, int, float, bool], FloatArray] = {}
        self._tolls: dict[tuple[int, float, bytes], FloatArray] = {}
        self._stops: dict[tuple[int, float], list[tuple[float, tuple[int, ...]]]] = {}
        self._meetings: dict[tuple[int, int, float, int, int], tuple[float, list[Meeting]]] = {}

    def times(self, f: int, unwatched: bool = False) -> FloatArray:
        """(nodes, nodes) the least time that flow ``f`` takes from one to the other; infinite where it finds no way.

        If ``unwatched``, over arcs that are not watched alone.
        """
        flow = self._tables.flows[f]
        copies = flow["copy_of"] >= 0
        found = self._least(flow["least"], None if copies else f, 0.0 if copies else float(flow["rate"]), unwatched)
        if not flow["inside"]:
            return found
        # Nothing is handed over between what runs in parallel on one node.
        inside = found.copy()
        np.fill_diagonal(inside, 0.0 if copies else [ns for ns, _ in self._stops_of(f)])
        return inside

    def _least(self, table: int, met_by: int | None, rate: float, unwatched: bool = False) -> FloatArray:
        """(nodes, nodes) the least time by a table of delays, with what flow ``met_by`` (None: none) meets."""
        key = int(table), -1 if met_by is None else int(self._tables.flows[met_by]["touch"]), rate, unwatched
        if key not in self._times:
            touch = np.zeros(self._nodes) if met_by is None else np.array([ns for ns, _ in self._stops_of(met_by)])
            delay = self._tables.delays[table].copy()
            if unwatched:
                delay[[*self._watched]] = np.inf
            self._times[key] = self._all(delay, rate, touch, 1.0)
        return self._times[key]

    def copied(self, f: int, tail: int, head: int, most_ns: float) -> FloatArray:
        """(nodes,) the least time to each for copy ``f`` of a flow that goes from node to node in that time at most.

        It goes with that flow up to some node, in its time, and from there on by itself.
        """
        net, flow = self._tables.net, self._tables.flows[f]
        host = int(flow["copy_of"])
        stops = np.array([ns for ns, _ in self._stops_of(host)])
        beyond, there = self._least(flow["delay"], None, float(flow["rate"])).copy(), self.times(host)
        stays = beyond[tail, tail]
        np.fill_diagonal(beyond, 0.0)
        on = there[tail].copy()
        passes = net.forwards & (on + there[:, head] - np.where(np.isfinite(stops), stops, 0.0) <= most_ns)
        passes[tail], on[tail] = True, 0.0
        least: FloatArray = (on[passes, None] + beyond[passes]).min(axis=0)
        least[head] = min(least[head], on[head])
        least[tail] = stays
        return least

    def tolls(self, f: int, toll: FloatArray) -> FloatArray:
        """(nodes, nodes) the least that flow ``f`` pays from one to the other at (arcs,) tolls per rate quantum."""
        flow = self._tables.flows[f]
        if flow["copy_of"] >= 0:
            return np.zeros((self._nodes, self._nodes))
        rate = float(flow["rate"])
        key = int(flow["touch"]), rate, toll.tobytes()
        if key not in self._tolls:
            touch = np.where(self._tables.touchable[flow["touch"]], 0.0, np.inf)
            self._tolls[key] = self._all(rate * toll, rate, touch, 0.0)
        return self._tolls[key]

    def _all(self, weight: FloatArray, rate: float, touch: FloatArray, slope: float) -> FloatArray:
        arcs, nodes = len(weight), self._nodes
        weight = np.where(self._room >= rate, weight, np.inf)
        found, start = np.empty((nodes, nodes)), np.full(nodes, np.inf)
        last, keys, items = np.empty(nodes, np.int32), np.empty(arcs + nodes), np.empty(arcs + nodes, np.int32)
        for n in range(nodes):
            start[n] = 0.0
            spread(self._tables.net, start, True, weight, slope, touch, found[n], last, keys, items)
            start[n] = np.inf
        return found

    def _stops_of(self, f: int) -> list[tuple[float, tuple[int, ...]]]:
        """Per node, the least time in programs that flow ``f`` meets there, and those that it has no choice about."""
        flow = self._tables.flows[f]
        key = int(flow["touch"]), float(flow["rate"])
        if key not in self._stops:
            self._stops[key] = [self._stop(*key, n) for n in range(self._nodes)]
        return self._stops[key]

    def _stop(self, touch: int, rate: float, n: int) -> tuple[float, tuple[int, ...]]:
        tables = self._tables
        if not tables.touchable[touch, n]:
            return np.inf, ()
        choices: dict[int, list[int]] = {}
        for e in range(tables.touch_start[touch, n], tables.touch_start[touch, n + 1]):
            some = choices.setdefault(int(tables.programs[e]["function"]), [])
            if rate <= tables.programs[e]["carries"]:
                some.append(e)
        time = sum(min((float(tables.programs[e]["processing_ns"]) for e in some), default=np.inf)
                   for some in choices.values())  # fmt: skip
        return time, tuple(some[0] for some in choices.values() if len(some) == 1)

    def chooses(self, f: int) -> bool:
        """Whether flow ``f`` can meet anything."""
        flow = self._tables.flows[f]
        return flow["copy_of"] < 0 and bool(self._watched or not self._tables.plain[flow["touch"]])

    def meetings(self, f: int, tail: int, head: int, most_ns: float) -> list[Meeting]:
        """The choices of flow ``f`` from node to node in that time at most: less time, or less that it meets.

        Where there are many, one that is as good as each of them: the least time, and nothing met.
        """
        flow = self._tables.flows[f]
        fastest = Meeting(float(self.times(f)[tail, head]))
        plain = self._tables.plain[flow["touch"]]
        if not self.chooses(f) or (plain and self.times(f, unwatched=True)[tail, head] == fastest.ns):
            return [fastest]
        key = int(flow["delay"]), int(flow["touch"]), float(flow["rate"]), tail, head
        known, found = self._meetings.get(key, (-np.inf, []))
        if known < most_ns:
            found = self._search(f, tail, head, most_ns)
            self._meetings[key] = most_ns, found
        return [one for one in found if one.ns <= most_ns] if len(found) <= MANY_MEETINGS else [fastest]

    def _search(self, f: int, tail: int, head: int, most_ns: float) -> list[Meeting]:
        """Labels (time, what is met) spread from the tail; those that another one beats in both are dropped.

        (Martins, "On a multicriteria shortest path problem", EJOR 16, 1984, with sets ordered by inclusion.)
        """
        net, stops, rest = self._tables.net, self._stops_of(f), self.times(f)[:, head].copy()
        rest[head] = stops[head][0]  # to have arrived takes no handing over
        delay = self._tables.delays[self._tables.flows[f]["delay"]]
        closed = self._room < self._tables.flows[f]["rate"]
        found: list[Meeting] = []
        begin, met = stops[tail]
        if tail == head:
            found.append(Meeting(begin + (0.0 if net.forwards[tail] else float(net.hand_over_ns[tail])), met))
        labels: list[list[tuple[float, frozenset[int]]]] = [[] for _ in range(self._nodes)]
        order = count()
        # Arcs are told from programs by their sign.
        queue = [(begin, next(order), tail, frozenset(met))]
        while queue:
            ns, _, n, things = heapq.heappop(queue)
            if any(one <= ns and some <= things for one, some in labels[n]):
                continue
            labels[n].append((ns, things))
            if len(labels[n]) > MANY_MEETINGS:
                return [Meeting(ns)] * (MANY_MEETINGS + 1)
            if n == head and n != tail:
                programs, arcs = (e for e in things if e >= 0), (~e for e in things if e < 0)
                found.append(Meeting(ns, tuple(sorted(programs)), tuple(sorted(arcs))))
            if n != tail and (n == head or not net.forwards[n]):
                continue
            for a in net.out_arc[net.out_start[n] : net.out_start[n + 1]].tolist():
                m = int(net.head[a])
                time, more = stops[m]
                later = ns + float(delay[a]) + time
                if not closed[a] and m != tail and later + float(rest[m]) - time <= most_ns:
                    now = things.union(more, (~a,)) if a in self._watched else things.union(more)
                    heapq.heappush(queue, (later, next(order), m, now))
        return found
