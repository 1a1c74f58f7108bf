"""Footprints of a chain: all ways in which it can stand, the paths of its flows left open.

A footprint says which option every component takes and which programs the flows meet. Every embedding of the chain has
one, and none that has it costs less: it counts the least time and the least toll that paths between its nodes can have,
each by itself. There are far fewer of them than embeddings, and what they take of nodes is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mosaico_place.columns.between import Between
from mosaico_place.columns.blocks import IntArray
from mosaico_place.columns.meetings import Meeting, Meetings
from mosaico_place.columns.ways import Ways, may_shrink
from mosaico_place.compile.arrays.records import Tables
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.kernel.problem import Prices
from mosaico_place.solution.solution import ranges

MANY_WAYS = 2_000_000
"""Ways to give every component of a chain an option, above which they are not looked at one by one."""

MANY_MEET, MANY_MET = 50_000, 200_000
"""Ways of a chain above which what its flows meet is left out, and ways with what some meet, for the other flows."""

MANY_PATTERNS = 2_000
"""Of a chain, above which they do not tell times apart."""

Met = tuple[tuple[int, Meeting], ...]
"""Flows and what they meet."""


class Footprints(NamedTuple):
    """Some footprints of a chain.

    Attributes:
        option: (footprints, components) the option of each, -1 for endpoints.
        met: the distinct sets of programs that are met.
        meets: (footprints,) which of them.
        costs: (levels, footprints) the least that each costs.
        tolls: (footprints,) the least that its flows pay at the prices for links that are not watched.
        priced: (footprints,) the least that each costs at the prices, all in all.
    """

    option: IntArray
    met: list[Met]
    meets: IntArray
    costs: FloatArray
    tolls: FloatArray
    priced: FloatArray

    def keep(self, some: BoolArray | IntArray) -> Footprints:
        """Some of them."""
        return Footprints(
            self.option[some], self.met, self.meets[some], self.costs[:, some], self.tolls[some], self.priced[some]
        )


class Patterns(NamedTuple):
    """A chain that has too many footprints: what its components can take one by one, and which sorts go together.

    Attributes:
        options: component -> the options that it can take.
        timed: whether sorts tell times apart, see :func:`sorts_of`.
        leads: components of which patterns speak: all if ``timed``, else one of every unit.
        sorts: (patterns, leads) the sort of option of each.
        met: the distinct sets of programs that are met.
        meets: (patterns,) which of them.
        costs: (levels, patterns) the least that lateness, paths and programs cost.
        tolls: (patterns,) the least that flows pay at the prices for links that are not watched.
    """

    options: dict[int, IntArray]
    timed: bool
    leads: list[int]
    sorts: IntArray
    met: list[Met]
    meets: IntArray
    costs: FloatArray
    tolls: FloatArray


def sorts_of(tables: Tables, timed: bool) -> IntArray:
    """(options,) the sort of each: options on nodes that hang at one switch or router, and, if ``timed``, as fast."""
    net = tables.net
    degree = np.diff(net.begins[0])
    place = np.arange(len(degree))
    hangs = ~net.forwards & (degree == 1)
    place[hangs] = net.ends[0, net.begins[0, :-1][hangs]]
    found: IntArray = place[tables.options["node"]]
    if timed:
        pairs = np.stack([found, tables.options["processing_ns"]])
        found = np.unique(pairs, axis=1, return_inverse=True)[1].ravel()
    return found


def option_costs(compiled: Compiled, k: int, c: int, options: IntArray) -> FloatArray:
    """(levels, options) what a component costs in each."""
    levels, component = compiled.levels, compiled.tables.components[c]
    moved = (component["ran"] > 0) & (options != component["home"])
    found: FloatArray = levels.option[:, options] + np.outer(levels.move[:, k] * component["move_price"], moved)
    return found


def flow_user(tables: Tables, k: int, f: int) -> int:
    """Number of a flow among all that openings may serve of its chain, as :func:`.costs.flow_user` counts."""
    chain = tables.chains[k]
    return int(f - chain["flow"] + chain["component_end"] - chain["component"])


def _with(met: dict[int, int], flows: Sequence[int], things: Sequence[int]) -> dict[int, int]:
    """What is met, and what flows meet besides."""
    return met | {f: met.get(f, 0) | one for f, one in zip(flows, things, strict=True)}


def _beaten(group: IntArray, met: list[Met], meets: IntArray, costs: FloatArray) -> BoolArray:
    """(lines,) whether another line of the group costs no more anywhere, and meets nothing besides.

    Args:
        group: (lines,) number of the group.
        met: distinct sets of what is met.
        meets: (lines,) which of them.
        costs: (costs, lines) what each costs.
    """
    things = {
        thing: i
        for i, thing in enumerate({(f, kind, one) for some in met for f, meeting in some
                                   for kind, ones in enumerate(meeting) for one in ones})
    }  # fmt: skip
    has = np.zeros((len(met), len(things)), dtype=np.bool_)
    for line, some in zip(has, met, strict=True):
        line[[things[f, kind, one] for f, meeting in some for kind, ones in enumerate(meeting) for one in ones]] = True
    # Whoever beats another comes before it.
    order = np.lexsort((has.sum(axis=1)[meets], costs.sum(axis=0), group))
    beaten = np.zeros(len(group), dtype=np.bool_)
    for step in range(1, np.unique(group, return_counts=True)[1].max(initial=0)):
        one, other = order[:-step], order[step:]
        same = group[one] == group[other]
        one, other = one[same], other[same]
        beats = (costs[:, one] <= costs[:, other]).all(axis=0)
        one, other = one[beats], other[beats]
        beaten[other[~(has[meets[one]] & ~has[meets[other]]).any(axis=1)]] = True
    return beaten


def _least(values: FloatArray, group: IntArray) -> FloatArray:
    """(groups,) the least value of each."""
    found = np.full(group.max() + 1, np.inf)
    np.minimum.at(found, group, values)
    return found


class Lister:
    """Lists footprints at one set of prices, with what they take of arcs that are ``watched``."""

    def __init__(self, compiled: Compiled, prices: Prices, watched: Sequence[int] = ()) -> None:
        self._compiled, self._prices, self._between = compiled, prices, Between(compiled)
        self._meetings = Meetings(compiled.tables, self._between, watched)
        self._toll = prices.toll.copy()
        self._toll[:, watched] = 0.0

    def __call__(
        self, k: int, extra: FloatArray, within: float, most: int, stop: Callable[[], bool] = lambda: False
    ) -> Footprints | Patterns | None:
        """The footprints of chain ``k`` that cost at most ``within`` at the prices.

        Args:
            k: the chain.
            extra: (users, openings) what it is charged.
            within: as above.
            most: of them.
            stop: whether to end at once; one chain of a large network may have paths to look at for minutes.

        Returns:
            Patterns if there are more; None if components may be merged or left out, or when stopped.
        """
        compiled, tables, prices = self._compiled, self._compiled.tables, self._prices
        ways = Ways(tables, k, MANY_WAYS)
        if ways.size > MANY_WAYS or may_shrink(tables, k):
            return None
        self._find_times(k, ways)
        if stop():
            return None
        late, kept = ways.late()
        ways.take(kept & (self._priced(k, ways, extra) + prices.late[k] * late <= within))
        met, meets = self._meet(k, ways, stop)
        if stop():
            return None
        late, kept = ways.late()
        priced = self._priced(k, ways, extra) + prices.late[k] * late
        priced += np.array([self._met_priced(k, one, extra) for one in met])[meets]
        kept &= priced <= within
        ways.take(kept)
        late, meets, priced = late[kept], meets[kept], priced[kept]
        costs = self._paths(k, ways, late) + self._met_costs(met)[:, meets]
        tolls = self._tolls(k, ways, self._toll[tables.chains[k]["line"]])
        kept = ~_beaten(ways.number, met, meets, np.vstack([costs, priced]))
        ways.take(kept)
        meets, costs, tolls, priced = meets[kept], costs[:, kept], tolls[kept], priced[kept]
        if ways.size > most:
            return self._patterns(ways, met, meets, costs, tolls)
        first, end = tables.chains[k]["component"], tables.chains[k]["component_end"]
        option = np.full((ways.size, end - first), -1, dtype=np.int64)
        for c, line in ways.option.items():
            costs += option_costs(compiled, k, c, line)
            option[:, c - first] = line
        return Footprints(option, met, meets, costs, tolls, priced)

    def _find_times(self, k: int, ways: Ways) -> None:
        """Keep ways that keep the rules and can be in time, with the least times of all flows."""
        tables = self._compiled.tables
        flows = range(tables.chains[k]["flow"], tables.chains[k]["flow_end"])
        ways.take(ways.apart())
        for f in flows:
            ways.ns[f] = self._between.times(f)[ways.ends(f)]
        ways.take(ways.late()[1])
        for f in flows:
            host = int(tables.flows[f]["copy_of"])
            if host >= 0 and not tables.flows[f]["inside"] and ways.size:
                cases, of = ways.cases((host,), [ways.slack(host)])
                least = [self._between.copied(f, *case.ends, *case.most_ns) for case in cases]
                ways.ns[f] = np.maximum(ways.ns[f], np.array(least)[of, ways.ends(f)[1]])

    def _meet(self, k: int, ways: Ways, stop: Callable[[], bool]) -> tuple[list[Met], IntArray]:
        """Let ways stand once for every choice of their flows: what can be met, and (ways,) which of it each meets.

        When stopped, it ends with flows left out that meet something too.
        """
        # What flows meet, as bits, after one another; the numbers of these, for every way.
        met: list[dict[int, int]] = [{}]
        meets = np.zeros(ways.size, dtype=np.int64)
        for flows in self._choosing(k) if ways.size <= MANY_MEET else ():
            if not ways.size or ways.size > MANY_MET:
                break
            slack = [ways.slack(f) for f in flows]
            cases, of = ways.cases(flows, slack)
            choices = [self._meetings.choices(flows[-1], *case) for case in cases if not stop()]
            if len(choices) < len(cases):
                break
            sizes = np.array([len(some) for some in choices])
            lines = np.repeat(np.arange(ways.size), sizes[of])
            chosen = ranges((np.cumsum(sizes) - sizes)[of], np.cumsum(sizes)[of])
            together = [choice for some in choices for choice in some]
            things = [tuple(one.things for one in choice) for choice in together]
            number = {thing: i for i, thing in enumerate(dict.fromkeys(things))}
            which = np.array([number[thing] for thing in things], dtype=np.int64)
            ns = np.array([[one.ns for one in choice] for choice in together]).reshape(-1, len(flows))
            kept = np.all([ns[chosen, i] <= most[lines] for i, most in enumerate(slack)], axis=0)
            lines, chosen = lines[kept], chosen[kept]
            ways.take(lines)
            for i, f in enumerate(flows):
                ways.ns[f] = np.maximum(ways.ns[f], ns[chosen, i])
            codes, meets = np.unique(meets[lines] * len(number) + which[chosen], return_inverse=True)
            kinds = list(number)
            met = [_with(met[code // len(number)], flows, kinds[code % len(number)]) for code in codes.tolist()]
        return [tuple((f, self._meetings.meeting(one)) for f, one in some.items() if one) for some in met], meets

    def _choosing(self, k: int) -> list[tuple[int, ...]]:
        """The flows that can meet anything: each alone, or with a copy of it."""
        flows, chain = self._compiled.tables.flows, self._compiled.tables.chains[k]
        own = [
            f for f in range(chain["flow"], chain["flow_end"]) if not (flows[f]["inside"] and flows[f]["copy_of"] >= 0)
        ]
        hosts = {int(flows[f]["copy_of"]) for f in own}
        alone = [(f,) for f in own if flows[f]["copy_of"] < 0 and f not in hosts]
        copies = [(int(flows[f]["copy_of"]), f) for f in own if flows[f]["copy_of"] >= 0]
        return [some for some in [*alone, *copies] if self._meetings.chooses(some[0])]

    def _patterns(self, ways: Ways, met: list[Met], meets: IntArray, costs: FloatArray, tolls: FloatArray) -> Patterns:
        """What some ways come to, which cost so much without their components' options."""
        for timed in (True, False):
            leads = [c for unit in ways.units for c in (unit if timed else unit[:1])]
            kinds = sorts_of(self._compiled.tables, timed)
            pattern = meets
            for c in leads:
                # Numbers stay small: what differs so far is counted anew with every component.
                some, sort = np.unique(kinds[ways.option[c]], return_inverse=True)
                pattern = np.unique(pattern * len(some) + sort, return_inverse=True)[1]
            if pattern.max() < MANY_PATTERNS:
                break
        one = np.zeros(pattern.max() + 1, dtype=np.int64)
        one[pattern] = np.arange(ways.size)  # any way of each
        sorts = np.array([kinds[ways.option[c]][one] for c in leads], dtype=np.int64).reshape(len(leads), -1).T
        least = np.array([_least(line, pattern) for line in (*costs, tolls)])
        kept = ~_beaten(np.unique(sorts, axis=0, return_inverse=True)[1].ravel(), met, meets[one], least)
        options = {c: np.unique(line) for c, line in ways.option.items()}
        return Patterns(options, timed, leads, sorts[kept], met, meets[one][kept], least[:-1, kept], least[-1, kept])

    def _priced(self, k: int, ways: Ways, extra: FloatArray) -> FloatArray:
        """(ways,) what components cost at the prices, and paths at least."""
        tables, prices = self._compiled.tables, self._prices
        chain = tables.chains[k]
        total = np.zeros(ways.size)
        for c, line in ways.option.items():
            component, served = tables.components[c], tables.options["opening"][line]
            total += prices.option[chain["line"], line]
            if component["ran"]:
                total += prices.move[k] * component["move_price"] * (line != component["home"])
            charge = np.append(prices.load * component["load"] + extra[c - chain["component"]], 0.0)
            total += charge[served]  # -1, for none, is the last
        return total + self._tolls(k, ways, prices.toll[chain["line"]] + prices.link[k] * prices.arc)

    def _tolls(self, k: int, ways: Ways, toll: FloatArray) -> FloatArray:
        """(ways,) the least that flows pay at (arcs,) tolls per rate quantum."""
        chain, total = self._compiled.tables.chains[k], np.zeros(ways.size)
        if toll.any():
            for f in range(chain["flow"], chain["flow_end"]):
                total += self._between.tolls(f, toll)[ways.ends(f)]
        return total

    def _met_priced(self, k: int, met: Met, extra: FloatArray) -> float:
        """What programs cost at the prices."""
        tables, prices = self._compiled.tables, self._prices
        total = 0.0
        for f, e in ((f, e) for f, meeting in met for e in meeting.programs):
            o = tables.programs["opening"][e]
            total += prices.program[tables.chains[k]["line"], e]
            if o >= 0:
                total += prices.load[o] * tables.flows[f]["rate"] + extra[flow_user(tables, k, f), o]
        return total

    def _paths(self, k: int, ways: Ways, late: FloatArray) -> FloatArray:
        """(levels, ways) what lateness costs, and paths at least."""
        levels = self._compiled.levels
        return np.outer(levels.late[:, k], late) + np.outer(
            levels.link[:, k], self._tolls(k, ways, levels.arc * levels.link[:, k].any())
        )

    def _met_costs(self, met: list[Met]) -> FloatArray:
        """(levels, sets) what programs cost."""
        program = self._compiled.levels.program
        return np.array([program[:, [e for _, meeting in one for e in meeting.programs]].sum(axis=1) for one in met]).T
