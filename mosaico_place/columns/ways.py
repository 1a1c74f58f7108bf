"""Ways of one chain: every choice of an option for each of its components, and how long it takes at least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from mosaico_place.columns.blocks import IntArray
from mosaico_place.compile.arrays.records import Tables
from mosaico_place.compile.infrastructure import BoolArray, FloatArray

FAR_NS = 2.0**50
"""Longer than all else, and small enough for float64 to tell nanoseconds apart beside it."""

ROUNDING_NS = 1.0
"""What sums of times may differ by with their order."""


def may_shrink(tables: Tables, k: int) -> bool:
    """Whether components of a chain may be merged or left out, so that it takes less than they do one by one."""
    chain = tables.chains[k]
    components = tables.components[chain["component"] : chain["component_end"]]
    return bool((components["twins"] >= 0).any() or components["vanishes"].any())


class Case(NamedTuple):
    """Ends of flows that begin together, and the most that each can take.

    Attributes:
        ends: nodes: where all begin, then where each ends.
        most_ns: of each.
    """

    ends: tuple[int, ...]
    most_ns: tuple[float, ...]


class Ways:
    """One line of the arrays for each way; at first all that the masks of units leave.

    Attributes:
        size: how many there are.
        units: the components of each unit that run anything.
        option: component -> (ways,) options, of those that run anything.
        node: component -> (ways,) nodes, of all.
        ns: flow -> (ways,) the least time that it takes; filled by whoever knows.
        number: (ways,) the same for ways with the same options.
    """

    def __init__(self, tables: Tables, k: int, most: int) -> None:
        """List them; none where there are more than ``most``, and ``size`` says how many there would be."""
        self._tables, self._chain = tables, tables.chains[k]
        self.units, sites = self._sites()
        self.option: dict[int, IntArray] = {}
        self.node: dict[int, IntArray] = {}
        self.ns: dict[int, FloatArray] = {}
        self.size = int(np.prod([float(len(site)) for site in sites]))
        if self.size > most:
            return
        self.number: IntArray = np.arange(self.size)
        lines = np.unravel_index(np.arange(self.size), [len(site) for site in sites]) if sites else ()
        for site, components, line in zip(sites, self.units, lines, strict=True):
            self.option |= {c: site[line, i] for i, c in enumerate(components)}
        for c in range(self._chain["component"], self._chain["component_end"]):
            fixed = np.full(self.size, tables.components[c]["node"], dtype=np.int64)
            self.node[c] = tables.options["node"][self.option[c]].astype(np.int64) if c in self.option else fixed

    def _sites(self) -> tuple[list[list[int]], list[IntArray]]:
        """Per unit that runs anything, its components, and (choices, components) the options that they can take."""
        tables, chain = self._tables, self._chain
        units, sites = [], []
        for u in range(chain["unit"], chain["unit_end"]):
            components = [
                c for c in range(chain["component"], chain["component_end"])
                if tables.components[c]["unit"] == u and tables.components[c]["menu"] >= 0
            ]  # fmt: skip
            if components:
                lines = [line for n in np.flatnonzero(tables.mask[u]).tolist() for line in self._there(components, n)]
                units.append(components)
                sites.append(np.array(lines, dtype=np.int64).reshape(-1, len(components)))
        return units, sites

    def _there(self, components: list[int], n: int) -> Iterator[tuple[int, ...]]:
        """The options that components of one unit can take on a node."""
        tables, choices = self._tables, []
        for c in components:
            component, start = tables.components[c], tables.menu_start[tables.components[c]["menu"]]
            able = (o for o in range(start[n], start[n + 1]) if component["load"] <= tables.options[o]["carries"])
            choices.append([o for o in able if not component["locked"] or o == component["home"]])
        return product(*choices)

    def take(self, some: IntArray | BoolArray) -> None:
        """Keep some lines, in their order."""
        self.option = {c: line[some] for c, line in self.option.items()}
        self.node = {c: line[some] for c, line in self.node.items()}
        self.ns = {f: line[some] for f, line in self.ns.items()}
        self.number = self.number[some]
        self.size = int(np.count_nonzero(some)) if some.dtype == np.bool_ else len(some)

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

    def cases(self, flows: Sequence[int], most: Sequence[FloatArray]) -> tuple[list[Case], IntArray]:
        """The different ends of flows with one tail, with the largest of (ways,) ``most``; and which each way has."""
        nodes = np.stack([self.node[int(self._tables.flows[flows[0]]["tail"])], *(self.ends(f)[1] for f in flows)])
        found, of = np.unique(nodes, axis=1, return_inverse=True)
        largest = np.full((len(flows), found.shape[1]), -np.inf)
        for line, values in zip(largest, most, strict=True):
            np.maximum.at(line, of.ravel(), values)
        return [
            Case(*one) for one in zip(map(tuple, found.T.tolist()), map(tuple, largest.T.tolist()), strict=True)
        ], of.ravel()

    def late(self) -> tuple[FloatArray, BoolArray]:
        """(ways,) twice: time above targets, and whether every flow finds its way in time."""
        tables, chain = self._tables, self._chain
        late, kept = np.zeros(self.size), np.ones(self.size, dtype=np.bool_)
        for line in self.ns.values():
            kept &= np.isfinite(line)
        for b in range(chain["budget"], chain["budget_end"]):
            time = self._latency(b, self.ns)
            kept &= time <= tables.budgets[b]["within_ns"] + ROUNDING_NS
            if np.isfinite(tables.budgets[b]["target_ns"]):
                late += np.maximum(0.0, np.where(kept, time, 0.0) - tables.budgets[b]["target_ns"])
        return late, kept

    def slack(self, f: int) -> FloatArray:
        """(ways,) the most that flow ``f`` can take while the others take what they do."""
        tables, chain, most = self._tables, self._chain, np.full(self.size, np.inf)
        for b in range(chain["budget"], chain["budget_end"]):
            budget = tables.budgets[b]
            if f in tables.budget_flows[budget["flow"] : budget["flow_end"]] and np.isfinite(budget["within_ns"]):
                # Only courses over this flow count.
                rest = self._latency(b, {**self.ns, f: np.full(self.size, FAR_NS)}) - FAR_NS
                most = np.minimum(most, budget["within_ns"] + ROUNDING_NS - rest)
        return most

    def _latency(self, b: int, ns: dict[int, FloatArray]) -> FloatArray:
        """(ways,) at least what budget ``b`` comes to; components that may run in parallel count nothing."""
        tables, budget = self._tables, self._tables.budgets[b]
        done = {int(budget["tail"]): self._processing(int(budget["tail"]))}
        for f in tables.budget_flows[budget["flow"] : budget["flow_end"]].tolist():
            tail, head = int(tables.flows[f]["tail"]), int(tables.flows[f]["head"])
            if tail in done:
                arrives = done[tail] + ns[f] + self._processing(head)
                done[head] = np.maximum(done[head], arrives) if head in done else arrives
        return np.broadcast_to(done[int(budget["head"])], self.size)

    def _processing(self, c: int) -> FloatArray:
        component = self._tables.components[c]
        if c not in self.option:
            return np.array([component["processing_ns"]], dtype=np.float64)
        found: FloatArray = self._tables.options["processing_ns"][self.option[c]]
        return found if component["group"] < 0 else np.zeros(1)
