"""What flows can meet between two nodes: programs that serve them, and watched links that they cross."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice, product
from typing import NamedTuple

import numpy as np

from mosaico_place.columns.between import Between, Moving
from mosaico_place.compile.arrays.records import Tables

MANY_LABELS = 40
"""At one node, above which none are told apart."""

MANY_CHOICES, MANY_COMPARED = 160, 8_000
"""Of a flow and its copy together, above which a copy meets nothing; and before those that others beat are dropped."""


class Meeting(NamedTuple):
    """What a flow meets.

    Attributes:
        programs: that serve it, by their numbers; those of functions with several to choose from are left out.
        arcs: that it takes bandwidth of, of those that are watched.
    """

    programs: tuple[int, ...]
    arcs: tuple[int, ...]


class Label(NamedTuple):
    """How a flow can get to a node.

    Attributes:
        ns: the least time in which it gets there without meeting more.
        things: what it meets, one bit for each, see :meth:`Meetings.meeting`.
    """

    ns: float
    things: int


Choice = tuple[Label, ...]
"""Of a flow, or of a flow and its copy."""

Both = tuple[Label, Label]
"""Of a flow and its copy."""


def _best(choices: Iterable[Both]) -> list[Both]:
    """Those that none of the others beats: in time, or in what is met."""

    def size(choice: Both) -> tuple[float, int]:
        (ns, things), (copied, beyond) = choice
        return ns + copied, things.bit_count() + beyond.bit_count()

    kept: list[Both] = []
    for choice in sorted(set(choices), key=size):
        (ns, things), (copied, beyond) = choice
        for (ns_, things_), (copied_, beyond_) in kept:
            if ns_ <= ns and copied_ <= copied and not things_ & ~things and not beyond_ & ~beyond:
                break
        else:
            kept.append(choice)
    return kept


class Meetings:
    """Looks up, and remembers, what flows can meet.

    Args:
        tables: of the problem.
        between: what else lies between nodes.
        watched: arcs that are told apart.
    """

    def __init__(self, tables: Tables, between: Between, watched: Sequence[int]) -> None:
        self._tables, self._between, self._watched = tables, between, sorted(watched)
        self._bit = {a: 1 << i for i, a in enumerate(self._watched)}
        self._stops: dict[Moving, list[Label]] = {}
        self._labels: dict[tuple[Moving, int, int], tuple[float, list[Label] | None]] = {}
        self._choices: dict[tuple[Moving, Moving, tuple[int, ...]], tuple[tuple[float, float], list[Both] | None]] = {}

    def meeting(self, things: int) -> Meeting:
        """What bits stand for: first watched arcs, then programs."""
        count = len(self._watched)
        programs = things >> count
        return Meeting(
            tuple(e for e in range(programs.bit_length()) if programs >> e & 1),
            tuple(a for i, a in enumerate(self._watched) if things >> i & 1),
        )

    def chooses(self, f: int) -> bool:
        """Whether flow ``f`` can meet anything, or a copy of it."""
        return bool(self._watched) or not self._is_plain(self._between.moving(f))

    def _is_plain(self, moving: Moving) -> bool:
        return moving.touch < 0 or bool(self._tables.plain[moving.touch])

    def _stops_of(self, moving: Moving) -> list[Label]:
        """What is met on every node."""
        if moving not in self._stops:
            first = len(self._watched)
            self._stops[moving] = [
                Label(stop.ns, sum(1 << (first + e) for e in stop.programs)) for stop in self._between.stops(moving)
            ]
        return self._stops[moving]

    def choices(self, f: int, ends: tuple[int, ...], most_ns: tuple[float, ...]) -> list[Choice]:
        """The choices of flow ``f``, or of a copy's host and it: less time, or less that they meet.

        What a copy meets comes after it has left its host, so nothing counts twice. Where there are many choices,
        others that are as good: of a flow, the least time, and nothing met; of a copy, that with each choice of its
        host.

        Args:
            f: the flow, or the copy.
            ends: where it begins and ends; of a copy, where both begin, where its host ends, and where it does.
            most_ns: the most that it can take; of a copy, what its host can take and what it can.
        """
        if self._tables.flows[f]["copy_of"] < 0:
            return [(one,) for one in self._labels_of(f, *ends, *most_ns)]
        return [*self._both(f, ends, most_ns)]

    def _both(self, f: int, ends: tuple[int, ...], most_ns: tuple[float, ...]) -> list[Both]:
        host = int(self._tables.flows[f]["copy_of"])
        key = self._between.moving(host), self._between.moving(f), ends
        known, found = self._choices.get(key, ((-np.inf, -np.inf), None))
        if any(one < most for one, most in zip(known, most_ns, strict=True)):
            known = max(known[0], most_ns[0]), max(known[1], most_ns[1])
            some = list(islice(self._leave(f, ends, known), MANY_COMPARED + 1))
            found = _best(some) if len(some) <= MANY_COMPARED else None
            self._choices[key] = known, found
        if found is None or len(found) > MANY_CHOICES:
            tail, head, to = ends
            least = Label(float(self._between.copied(f, tail, head, most_ns[0])[to]), 0)
            return [(one, least) for one in self._labels_of(host, tail, head, most_ns[0])]
        return [both for both in found if both[0].ns <= most_ns[0] and both[1].ns <= most_ns[1]]

    def _labels_of(self, f: int, tail: int, head: int, most_ns: float) -> list[Label]:
        moving = self._between.moving(f)
        if tail == head and self._tables.flows[f]["inside"]:
            return [self._stops_of(moving)[tail]]
        return self._labels_between(moving, tail, head, most_ns)

    def _leave(self, f: int, ends: tuple[int, ...], most: tuple[float, float]) -> Iterator[Both]:
        """The choices of a flow and its copy, for every node where it can leave."""
        (tail, head, to), (most_ns, copied_ns) = ends, most
        host, own = int(self._tables.flows[f]["copy_of"]), self._between.moving(f)
        moving, whole = self._between.moving(host), self._labels_of(host, tail, head, most_ns)
        yield from product(whole, self._labels_between(own, tail, to, copied_ns))
        if to == tail or head == tail:  # the path of one of them is that node
            return
        if to == head:
            yield from ((one, Label(one.ns, 0)) for one in whole)
        stops = self._stops_of(moving)
        for n in np.flatnonzero(self._between.passed(host, tail, head, most_ns)).tolist():
            if n == tail:
                continue
            last = self._labels_between(own, n, to, copied_ns) if n != to else [Label(0.0, 0)]
            there = self._labels_between(moving, tail, n, most_ns)
            for one, rest in product(there, self._labels_between(moving, n, head, most_ns)):
                both = Label(one.ns + rest.ns - stops[n].ns, one.things | rest.things)
                if both.ns <= most_ns:
                    yield from ((both, Label(one.ns + ns, things)) for ns, things in last)

    def _labels_between(self, moving: Moving, tail: int, head: int, most_ns: float) -> list[Label]:
        fastest = Label(float(self._between.least(moving)[tail, head]), 0)
        if self._is_plain(moving) and self._between.least(moving, self._watched)[tail, head] == fastest.ns:
            return [fastest] if fastest.ns < np.inf else []
        key = moving, tail, head
        known, found = self._labels.get(key, (-np.inf, None))
        if known < most_ns:
            found = self._search(moving, tail, head, most_ns)
            self._labels[key] = most_ns, found
        return [fastest] if found is None else [one for one in found if one.ns <= most_ns]

    def _search(self, moving: Moving, tail: int, head: int, most_ns: float) -> list[Label] | None:
        """Labels spread from the tail; those that another one beats in both are dropped. None if they are many.

        (Martins, "On a multicriteria shortest path problem", EJOR 16, 1984, with sets ordered by inclusion.)
        """
        net, stops, rest = self._tables.net, self._stops_of(moving), self._between.least(moving)[:, head].copy()
        rest[head] = stops[head].ns  # to have arrived takes no handing over
        delay, carries = self._tables.delays[moving.delay], self._between.carries(moving.rate)
        found: list[Label] = []
        begin, met = stops[tail]
        if tail == head:
            found.append(Label(begin + (0.0 if net.forwards[tail] else float(net.hand_over_ns[tail])), met))
        labels: list[list[tuple[float, int]]] = [[] for _ in range(len(stops))]
        order = count()
        queue = [(begin, next(order), tail, met)]
        while queue:
            ns, _, n, things = heapq.heappop(queue)
            if any(one <= ns and not some & ~things for one, some in labels[n]):
                continue
            labels[n].append((ns, things))
            if len(labels[n]) > MANY_LABELS:
                return None
            if n == head and n != tail:
                found.append(Label(ns, things))
            if n != tail and (n == head or not net.forwards[n]):
                continue
            for a in net.arcs[0, net.begins[0, n] : net.begins[0, n + 1]].tolist():
                m = int(net.head[a])
                time, more = stops[m]
                later = ns + float(delay[a]) + time
                if carries[a] and m != tail and later + float(rest[m]) - time <= most_ns:
                    heapq.heappush(queue, (later, next(order), m, things | more | self._bit.get(a, 0)))
        return found
