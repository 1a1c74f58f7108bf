"""Footprints of a chain: all ways in which it can stand, the paths of its flows left open.

A footprint says which option every component takes and which programs the flows meet. Every embedding of the chain has
one, and none that has it costs less: it counts the least time and the least toll that paths between its nodes can have,
each by itself. There are far fewer of them than embeddings, and what they take of nodes is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mosaico_place.columns.between import Between, Meeting
from mosaico_place.columns.blocks import IntArray
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.kernel.prices import Prices
from mosaico_place.kernel.tables import Compiled, Tables

MANY_WAYS = 2_000_000
"""Ways to give every component of a chain an option, above which they are not looked at one by one."""

MANY_MEET = 50_000
"""Ways of a chain above which programs that its flows meet are left out."""

FAR_NS = 2.0**50
"""Longer than all else, and small enough for float64 to tell nanoseconds apart beside it."""

ROUNDING_NS = 1.0
"""What sums of times may differ by with their order."""


Met = tuple[tuple[int, Meeting], ...]
"""Flows and what they meet."""


class Footprints(NamedTuple):
    """Some footprints of a chain.

    Attributes:
        option: (footprints, components) the option of each, -1 for endpoints.
        met: the distinct sets of programs that are met.
        meets: (footprints,) which of them.
        costs: (levels, footprints) the least that each costs.
        tolls: (footprints,) the least that its flows pay for bandwidth at the prices.
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
    """A chain that has too many footprints: what its components can take one by one, and where its units stand roughly.

    Attributes:
        options: component -> the options that it can take.
        leads: one component of every unit.
        places: (patterns, leads) the place where each stands, by the number of a node there: see :func:`places_of`.
        met: the distinct sets of programs that are met.
        meets: (patterns,) which of them.
        costs: (levels, patterns) the least that lateness, paths and programs cost.
        tolls: (patterns,) the least that flows pay for bandwidth at the prices.
    """

    options: dict[int, IntArray]
    leads: list[int]
    places: IntArray
    met: list[Met]
    meets: IntArray
    costs: FloatArray
    tolls: FloatArray


def places_of(tables: Tables) -> IntArray:
    """(nodes,) the place of each: nodes that hang at one switch or router share its place."""
    net = tables.net
    degree = np.diff(net.out_start)
    nodes = np.arange(len(degree))
    hangs = ~net.forwards & (degree == 1)
    nodes[hangs] = net.head[net.out_arc[net.out_start[:-1][hangs]]]
    return nodes


def may_shrink(tables: Tables, k: int) -> bool:
    """Whether components of a chain may be merged or left out, so that it takes less than they do one by one."""
    chain = tables.chains[k]
    components = tables.components[chain["component"] : chain["component_end"]]
    return bool((components["twins"] >= 0).any() or components["vanishes"].any())


def options_at(tables: Tables, c: int, n: int) -> list[int]:
    """The options that a component can take on a node."""
    component = tables.components[c]
    start = tables.menu_start[component["menu"]]
    return [
        o for o in range(start[n], start[n + 1])
        if component["load"] <= tables.options[o]["carries"] and (not component["locked"] or o == component["home"])
    ]  # fmt: skip


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


def _largest(
    ends: tuple[IntArray, IntArray], values: FloatArray
) -> tuple[list[tuple[int, int]], IntArray, list[float]]:
    """The different pairs of ends, which of them each is, and the largest value of each."""
    pairs, of = np.unique(np.stack(ends), axis=1, return_inverse=True)
    largest = np.full(pairs.shape[1], -np.inf)
    np.maximum.at(largest, of.ravel(), values)
    return [(int(tail), int(head)) for tail, head in pairs.T], of.ravel(), largest.tolist()


def _least(values: FloatArray, group: IntArray) -> FloatArray:
    """(groups,) the least value of each."""
    found = np.full(group.max(initial=-1) + 1, np.inf)
    np.minimum.at(found, group, values)
    return found


class _Ways:
    """Ways of one chain to give every component an option: one line of the arrays each.

    Attributes:
        option: component -> (ways,) options, of those that have any; node: component -> (ways,) of all.
    """

    def __init__(self, compiled: Compiled, k: int, sites: list[IntArray], members: list[list[int]]) -> None:
        tables = compiled.tables
        self._tables, self._chain = tables, tables.chains[k]
        size = int(np.prod([len(site) for site in sites], dtype=np.int64))
        lines = np.unravel_index(np.arange(size), [len(site) for site in sites]) if sites else ()
        self.size = size
        self.option: dict[int, IntArray] = {}
        for site, components, line in zip(sites, members, lines, strict=True):
            self.option |= {c: site[line, i] for i, c in enumerate(components)}
        self.node: dict[int, IntArray] = {}
        for c in range(self._chain["component"], self._chain["component_end"]):
            fixed = np.full(size, tables.components[c]["node"], dtype=np.int64)
            self.node[c] = tables.options["node"][self.option[c]].astype(np.int64) if c in self.option else fixed

    def take(self, some: IntArray | BoolArray) -> None:
        """Keep some lines, in their order."""
        for column in (self.option, self.node):
            for c in column:
                column[c] = column[c][some]
        self.size = len(next(iter(self.node.values())))

    def apart(self) -> BoolArray:
        """(ways,) whether rules ``apart`` and ``together`` by label are kept."""
        tables, chain = self._tables, self._chain
        unit = {int(tables.components[c]["unit"]): at for c, at in self.node.items()}
        kept = np.ones(self.size, dtype=np.bool_)
        for pair in tables.apart[chain["apart"] : chain["apart_end"]]:
            one, other = unit[int(pair["unit"])], unit[int(pair["other"])]
            if pair["label"] >= 0:
                one, other = tables.label_value[pair["label"]][one], tables.label_value[pair["label"]][other]
            kept &= (one == other) == bool(pair["together"])
        return kept

    def ends(self, f: int) -> tuple[IntArray, IntArray]:
        """(ways,) twice: where flow ``f`` begins and ends."""
        flow = self._tables.flows[f]
        return self.node[int(flow["tail"])], self.node[int(flow["head"])]

    def latency(self, b: int, ns: dict[int, FloatArray]) -> FloatArray:
        """(ways,) at least what budget ``b`` comes to, for flows that take ``ns``.

        Components that may run in parallel count nothing.
        """
        tables, budget = self._tables, self._tables.budgets[b]
        done = {int(budget["tail"]): self._processing(int(budget["tail"]))}
        for f in tables.budget_flows[budget["flow"] : budget["flow_end"]].tolist():
            tail, head = int(tables.flows[f]["tail"]), int(tables.flows[f]["head"])
            if tail in done:
                arrives = done[tail] + ns[f] + self._processing(head)
                done[head] = np.maximum(done[head], arrives) if head in done else arrives
        return done[int(budget["head"])]

    def _processing(self, c: int) -> FloatArray:
        component = self._tables.components[c]
        if c not in self.option or component["group"] >= 0:
            ns = component["processing_ns"] if c not in self.option else 0.0
            return np.full(self.size, ns, dtype=np.float64)
        found: FloatArray = self._tables.options["processing_ns"][self.option[c]]
        return found


class Lister:
    """Lists footprints at one set of prices."""

    def __init__(self, compiled: Compiled, between: Between, prices: Prices) -> None:
        self._compiled, self._between, self._prices = compiled, between, prices

    def __call__(self, k: int, extra: FloatArray, within: float, most: int) -> Footprints | Patterns | None:
        """The footprints of chain ``k`` that cost at most ``within`` at the prices.

        Args:
            k: the chain.
            extra: (users, openings) what it is charged.
            within: as above.
            most: of them.

        Returns:
            Patterns if there are more; None if components may be merged or left out.
        """
        compiled, tables = self._compiled, self._compiled.tables
        chain = tables.chains[k]
        if may_shrink(tables, k):
            return None
        sites, members = self._sites(k)
        if np.prod([float(len(site)) for site in sites]) > MANY_WAYS:
            return None
        ways = _Ways(compiled, k, sites, members)
        flows = range(chain["flow"], chain["flow_end"])
        ways.take(ways.apart())
        ns = {f: self._between.times(f)[ways.ends(f)] for f in flows}
        _, kept = self._late(k, ways, ns)
        ways.take(kept)
        ns = {f: line[kept] for f, line in ns.items()}
        ns |= {f: self._copied(k, ways, f, ns) for f in flows if tables.flows[f]["copy_of"] >= 0}
        priced = self._priced(k, ways, extra)
        late, kept = self._late(k, ways, ns)
        some = np.flatnonzero(kept & (priced + self._prices.late[k] * late <= within))
        ways.take(some)
        ns = {f: line[some] for f, line in ns.items()}
        met: list[Met] = [()]
        meets = np.zeros(ways.size, dtype=np.int64)
        for f in flows if ways.size <= MANY_MEET else ():
            if self._between.chooses(f):
                lines, meets, met, ns[f] = self._met(k, ways, f, ns, meets, met)
                ways.take(lines)
                ns = {g: line if g == f else line[lines] for g, line in ns.items()}
        late, kept = self._late(k, ways, ns)
        priced = self._priced(k, ways, extra) + self._prices.late[k] * late
        priced += np.array([self._met_priced(k, one, extra) for one in met])[meets]
        some = np.flatnonzero(kept & (priced <= within))
        ways.take(some)
        late, meets, priced = late[some], meets[some], priced[some]
        paths = self._paths(k, ways, late) + self._met_costs(met)[:, meets]
        tolls = self._tolls(k, ways, self._prices.toll[chain["line"]])
        if len(some) > most:
            return self._patterns(ways, [one[0] for one in members], met, meets, paths, tolls)
        costs = paths.copy()
        option = np.full((ways.size, chain["component_end"] - chain["component"]), -1, dtype=np.int64)
        for c, line in ways.option.items():
            costs += option_costs(compiled, k, c, line)
            option[:, c - chain["component"]] = line
        return Footprints(option, met, meets, costs, tolls, priced)

    def _patterns(
        self, ways: _Ways, leads: list[int], met: list[Met], meets: IntArray, paths: FloatArray, tolls: FloatArray
    ) -> Patterns:
        """What some ways come to."""
        rough = places_of(self._compiled.tables)
        lines = np.stack([*(rough[ways.node[c]] for c in leads), meets], axis=1)
        patterns, of = np.unique(lines, axis=0, return_inverse=True)
        pattern = of.ravel()
        costs = np.array([_least(line, pattern) for line in paths])
        options = {c: np.unique(line) for c, line in ways.option.items()}
        return Patterns(
            options, leads, patterns[:, :-1], met, patterns[:, -1], costs, _least(tolls, pattern)
        )  # fmt: skip

    def _sites(self, k: int) -> tuple[list[IntArray], list[list[int]]]:
        """Per unit that runs anything: (ways, components) the options that its components can take; which they are."""
        tables, chain = self._compiled.tables, self._compiled.tables.chains[k]
        sites, members = [], []
        for u in range(chain["unit"], chain["unit_end"]):
            components = [
                c for c in range(chain["component"], chain["component_end"])
                if tables.components[c]["unit"] == u and tables.components[c]["menu"] >= 0
            ]  # fmt: skip
            if components:
                lines = [line for n in np.flatnonzero(tables.mask[u]).tolist() for line in self._there(components, n)]
                sites.append(np.array(lines, dtype=np.int64).reshape(-1, len(components)))
                members.append(components)
        return sites, members

    def _there(self, components: list[int], n: int) -> Iterator[tuple[int, ...]]:
        """The options that components of one unit can take on a node."""
        choices = [options_at(self._compiled.tables, c, n) for c in components]
        for line in np.ndindex(*(len(some) for some in choices)):
            yield tuple(some[i] for some, i in zip(choices, line, strict=True))

    def _priced(self, k: int, ways: _Ways, extra: FloatArray) -> FloatArray:
        """(ways,) what components cost at the prices, and paths at least."""
        tables, prices = self._compiled.tables, self._prices
        chain = tables.chains[k]
        total = np.zeros(ways.size)
        for c, line in ways.option.items():
            component, served = tables.components[c], tables.option_opening[line]
            total += prices.option[chain["line"], line]
            if component["ran"]:
                total += prices.move[k] * component["move_price"] * (line != component["home"])
            charge = (
                prices.load * component["load"] + extra[c - chain["component"]] if len(prices.load) else np.zeros(1)
            )
            total += np.where(served >= 0, charge[served], 0.0)
        return total + self._tolls(k, ways, prices.toll[chain["line"]] + prices.link[k] * prices.arc)

    def _tolls(self, k: int, ways: _Ways, toll: FloatArray) -> FloatArray:
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
            o = tables.program_opening[e]
            total += prices.program[tables.chains[k]["line"], e]
            if o >= 0:
                total += prices.load[o] * tables.flows[f]["rate"] + extra[flow_user(tables, k, f), o]
        return total

    def _paths(self, k: int, ways: _Ways, late: FloatArray) -> FloatArray:
        """(levels, ways) what lateness costs, and paths at least."""
        levels = self._compiled.levels
        return np.outer(levels.late[:, k], late) + np.outer(
            levels.link[:, k], self._tolls(k, ways, levels.arc * levels.link[:, k].any())
        )

    def _met_costs(self, met: list[Met]) -> FloatArray:
        """(levels, sets) what programs cost."""
        program = self._compiled.levels.program
        return np.array([program[:, [e for _, meeting in one for e in meeting.programs]].sum(axis=1) for one in met]).T

    def _late(self, k: int, ways: _Ways, ns: dict[int, FloatArray]) -> tuple[FloatArray, BoolArray]:
        """(ways,) twice: time above targets, and whether the chain finds its way in time."""
        tables = self._compiled.tables
        chain = tables.chains[k]
        late, kept = np.zeros(ways.size), np.ones(ways.size, dtype=np.bool_)
        for line in ns.values():
            kept &= np.isfinite(line)
        for b in range(chain["budget"], chain["budget_end"]):
            time = ways.latency(b, ns)
            kept &= time <= tables.budgets[b]["within_ns"] + ROUNDING_NS
            if np.isfinite(tables.budgets[b]["target_ns"]):
                late += np.maximum(0.0, np.where(kept, time, 0.0) - tables.budgets[b]["target_ns"])
        return late, kept

    def _met(
        self, k: int, ways: _Ways, f: int, ns: dict[int, FloatArray], meets: IntArray, met: list[Met]
    ) -> tuple[IntArray, IntArray, list[Met], FloatArray]:
        """Every way once for each choice of flow ``f``: lines of the ways, which programs are met, the flow's times."""
        slack = self._slack(k, ways, f, ns)
        pairs, of, most = _largest(ways.ends(f), slack)
        choices = [self._between.meetings(f, *pair, ns_most) for pair, ns_most in zip(pairs, most, strict=True)]
        number: dict[Met, int] = {one: i for i, one in enumerate(met)}
        lines, chosen, times = [], [], []
        for j, (pair, before) in enumerate(zip(of.tolist(), meets.tolist(), strict=True)):
            for choice in choices[pair]:
                if choice.ns <= slack[j]:
                    meeting = choice._replace(ns=0.0)  # what counts is what is met
                    now = (*met[before], (f, meeting)) if meeting.programs or meeting.arcs else met[before]
                    lines.append(j)
                    chosen.append(number.setdefault(now, len(number)))
                    times.append(choice.ns)
        return np.array(lines, np.int64), np.array(chosen, np.int64), list(number), np.array(times, np.float64)

    def _copied(self, k: int, ways: _Ways, f: int, ns: dict[int, FloatArray]) -> FloatArray:
        """(ways,) the least time of a copy, whose flow must be in time as well."""
        flow = self._compiled.tables.flows[f]
        if flow["inside"]:
            return ns[f]
        host = int(flow["copy_of"])
        pairs, of, most = _largest(ways.ends(host), self._slack(k, ways, host, ns))
        least = np.array([self._between.copied(f, *pair, ns_most) for pair, ns_most in zip(pairs, most, strict=True)])
        return np.maximum(ns[f], least[of, ways.ends(f)[1]]) if len(of) else ns[f]

    def _slack(self, k: int, ways: _Ways, f: int, ns: dict[int, FloatArray]) -> FloatArray:
        """(ways,) the most that flow ``f`` can take while the others take what they do."""
        tables = self._compiled.tables
        chain, most = tables.chains[k], np.full(ways.size, np.inf)
        for b in range(chain["budget"], chain["budget_end"]):
            budget = tables.budgets[b]
            if f in tables.budget_flows[budget["flow"] : budget["flow_end"]] and np.isfinite(budget["within_ns"]):
                # Only ways over this flow count.
                rest = ways.latency(b, {**ns, f: np.full(ways.size, FAR_NS)}) - FAR_NS
                most = np.minimum(most, budget["within_ns"] + ROUNDING_NS - rest)
        return most
