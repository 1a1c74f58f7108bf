"""What lies between two nodes for a flow: the least time, and the least toll."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mosaico_place.compile.arrays.dijkstra import spread_from_all
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import BoolArray, FloatArray


class Moving(NamedTuple):
    """What counts of a flow on its way.

    Attributes:
        delay: number of its table of delays.
        touch: number of its table of programs; -1 if it meets none.
        rate: in quanta, rounded up to the least that a link or a program carries: what is as wide goes the same ways.
    """

    delay: int
    touch: int
    rate: float


class Stop(NamedTuple):
    """What a flow cannot but meet on a node.

    Attributes:
        ns: the least time in programs; infinite if it cannot pass.
        programs: those that it has no choice about, by their numbers.
    """

    ns: float
    programs: tuple[int, ...]


class Between:
    """Looks up, and remembers, what lies between nodes; bandwidth that others take is left out."""

    def __init__(self, compiled: Compiled) -> None:
        self._tables = compiled.tables
        self._room = compiled.rows.room()[0, compiled.rows.first_arc :]
        carried = np.unique(np.append(np.concatenate([self._room, compiled.tables.programs["carries"]]), np.inf))
        self._rates = carried[np.searchsorted(carried, compiled.tables.flows["rate"])]
        self._nodes = len(compiled.problem.infrastructure.nodes)
        self._times: dict[tuple[Moving, tuple[int, ...]], FloatArray] = {}
        self._tolls: dict[tuple[int, float, bytes], FloatArray] = {}
        self._stops: dict[tuple[int, float], list[Stop]] = {}

    def moving(self, f: int) -> Moving:
        """Flow ``f``, or copy ``f`` once it has left its host."""
        flow = self._tables.flows[f]
        return Moving(int(flow["delay"]), int(flow["touch"]) if flow["copy_of"] < 0 else -1, float(self._rates[f]))

    def carries(self, rate: float) -> BoolArray:
        """(arcs,) whether each has so much bandwidth at all."""
        carries: BoolArray = self._room >= rate
        return carries

    def times(self, f: int) -> FloatArray:
        """(nodes, nodes) the least time that flow ``f`` takes from one to the other; infinite where it finds no way."""
        flow = self._tables.flows[f]
        copies = flow["copy_of"] >= 0
        found = self.least(Moving(int(flow["least"]), -1, 0.0) if copies else self.moving(f))
        if not flow["inside"]:
            return found
        # Nothing is handed over between what runs in parallel on one node.
        inside = found.copy()
        np.fill_diagonal(inside, 0.0 if copies else [stop.ns for stop in self.stops(self.moving(f))])
        return inside

    def least(self, moving: Moving, shut: Sequence[int] = ()) -> FloatArray:
        """(nodes, nodes) the least time with what is met, off arcs that are ``shut``."""
        key = moving, tuple(shut)
        if key not in self._times:
            touch = np.array([stop.ns for stop in self.stops(moving)])
            delay = self._tables.delays[moving.delay].copy()
            delay[[*shut]] = np.inf
            self._times[key] = self._all(delay, moving.rate, touch, 1.0)
        return self._times[key]

    def copied(self, f: int, tail: int, head: int, most_ns: float) -> FloatArray:
        """(nodes,) the least time to each for copy ``f`` of a flow that goes from node to node in that time at most.

        It goes with that flow up to some node, in its time, and from there on by itself.
        """
        beyond, host = self.least(self.moving(f)).copy(), int(self._tables.flows[f]["copy_of"])
        stays, on = beyond[tail, tail], self.times(host)[tail].copy()
        np.fill_diagonal(beyond, 0.0)
        passes = self.passed(host, tail, head, most_ns)
        passes[tail], on[tail] = True, 0.0
        least: FloatArray = (on[passes, None] + beyond[passes]).min(axis=0)
        least[head] = min(least[head], on[head])
        least[tail] = stays
        return least

    def passed(self, f: int, tail: int, head: int, most_ns: float) -> BoolArray:
        """(nodes,) those over which flow ``f`` can go from node to node in that time."""
        there, stops = self.times(f), np.array([stop.ns for stop in self.stops(self.moving(f))])
        passes: BoolArray = there[tail] + there[:, head] - np.where(np.isfinite(stops), stops, 0.0) <= most_ns
        return passes & self._tables.net.forwards

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

    def stops(self, moving: Moving) -> list[Stop]:
        """What is met on every node."""
        key = moving.touch, moving.rate
        if key not in self._stops:
            self._stops[key] = [self._stop(*key, n) if moving.touch >= 0 else Stop(0.0, ()) for n in range(self._nodes)]
        return self._stops[key]

    def _stop(self, touch: int, rate: float, n: int) -> Stop:
        tables = self._tables
        if not tables.touchable[touch, n]:
            return Stop(np.inf, ())
        choices: dict[int, list[int]] = {}
        for e in range(tables.touch_start[touch, n], tables.touch_start[touch, n + 1]):
            some = choices.setdefault(int(tables.programs[e]["function"]), [])
            if rate <= tables.programs[e]["carries"]:
                some.append(e)
        time = sum(min((float(tables.programs[e]["processing_ns"]) for e in some), default=np.inf)
                   for some in choices.values())  # fmt: skip
        return Stop(time, tuple(some[0] for some in choices.values() if len(some) == 1))

    def _all(self, weight: FloatArray, rate: float, touch: FloatArray, slope: float) -> FloatArray:
        return spread_from_all(self._tables.net, np.where(self.carries(rate), weight, np.inf), slope, touch)
