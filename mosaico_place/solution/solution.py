"""A placement that changes chain by chain: what it takes, where everything stands, what every level costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.kernel.embed import FEW
from mosaico_place.kernel.problem import Embeddings, Prices, Pricing, State, Work
from mosaico_place.kernel.times import parallel_ns
from mosaico_place.placement import ChainPlacement, Opening, Placement
from mosaico_place.solution.updates import insert_all, keeps_time, nothing_stands, put, remove_all, sum_up

LAST_CHOICE = 1e12
"""A price above all others."""


class Solution:
    """Which chains are placed, and where.

    Attributes:
        compiled: the problem.
        state: what is left.
        embeddings: where the placed chains stand.
        chain_costs: (chains, levels) what each adds to the levels that are sums over chains.
        here: (nodes, chains) whether a chain has a component on a node or passes it.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.standing = nothing_stands(compiled)
        self.state, self.embeddings = self.standing.state, self.standing.embeddings
        self.chain_costs: FloatArray = self.standing.chain_costs
        self.here: BoolArray = self.standing.here
        self.costs, self.work = self.standing.costs, Work(compiled.tables)
        self._opened: tuple[FloatArray, Mapping[Opening, int]] | None = None

    @property
    def placed(self) -> NDArray[np.bool_]:
        """(chains,) whether each is placed."""
        return self.embeddings.placed

    def pricing(self, prices: Prices) -> Pricing:
        """The pricing problem of what is left, at some prices."""
        return Pricing(self.compiled.tables, self.state, prices, self.work)

    def insert(
        self, chains: Sequence[int] | NDArray[np.int64], prices: Prices, cutoff: FloatArray, most: int = FEW
    ) -> int:
        """Place chains in turn where that costs less than their ``cutoff``: (chains,); how many were.

        ``most``: how many subproblems are branched on for each, see :func:`mosaico_place.kernel.embed.find`.
        """
        some, everything = np.asarray(chains, dtype=np.int64), np.full(self.compiled.levels.count, np.inf)
        return insert_all(self.standing, self.pricing(prices), some, len(some), cutoff, everything, most)

    def remove(self, chains: Sequence[int] | NDArray[np.int64], prices: Prices) -> None:
        """Take placed chains out."""
        some = np.asarray(chains, dtype=np.int64)
        remove_all(self.standing, self.pricing(prices), some, 0, len(some))

    def values(self) -> FloatArray:
        """(levels,) what the placement costs, as far as float64 tells."""
        total = np.empty(self.compiled.levels.count)
        sum_up(self.standing, total)
        return total

    def moves(self) -> int:
        """How many components moved since the placement before."""
        components, option = self.compiled.tables.components, self.embeddings.option
        stands = self.placed[self.compiled.owner]
        return int((stands & (components["ran"] > 0) & (option != components["home"])).sum())

    def save(self, chains: NDArray[np.int64]) -> Snapshot:
        """Remember everything that changing these chains can change."""
        return Snapshot(self, chains)

    def placement(self) -> Placement:
        """The placement by name."""
        names = self.compiled.names
        return Placement({names[k]: self.chain(int(k)) for k in np.flatnonzero(self.placed)}, self.openings())

    def openings(self) -> Mapping[Opening, int]:
        """How many instances are opened; the same object while that does not change."""
        opened, keys = self.state.opened, self.compiled.offers.opening_keys
        if self._opened is None or not np.array_equal(opened, self._opened[0]):
            self._opened = opened.copy(), {keys[o]: int(opened[o]) for o in np.flatnonzero(opened)}
        return self._opened[1]

    def chain(self, k: int) -> ChainPlacement:
        """Where a placed chain stands, by name."""
        tables, names = self.compiled.tables, self.compiled.component_names[k]
        nodes, runs = self.compiled.problem.infrastructure.nodes, self.compiled.offers.runs
        record = tables.chains[k]
        first = int(record["component"])
        mine, others = slice(first, first + len(names)), slice(int(record["flow"]), int(record["flow_end"]))
        # Whole slices are made lists of: to look at arrays one by one takes longer than all else here.
        at, spots = list[str](), {}
        options, fixed = self.embeddings.option[mine].tolist(), tables.components["node"][mine].tolist()
        for name, option, node in zip(names, options, fixed, strict=True):
            if option < 0:
                at.append(nodes[node].name)
                continue
            candidate = runs[option].candidate
            assert candidate.implementation is not None, "functions have implementations"
            at.append(nodes[candidate.node].name)
            spots[name] = candidate.spot(nodes[candidate.node])
        tails, heads = ((tables.flows[end][others] - first).tolist() for end in ("tail", "head"))
        arcs, lengths = self.embeddings.path[others], self.embeddings.length[others].tolist()
        flows = {}
        for tail, head, length, way in zip(tails, heads, lengths, arcs, strict=True):
            path = (at[tail], *(nodes[n].name for n in tables.net.head[way[:length]].tolist()))
            flows[names[tail], names[head]] = path
        return ChainPlacement(spots, flows, self._merged(k), self._parallel(k))

    def _merged(self, k: int) -> tuple[tuple[str, ...], ...]:
        """Equivalent components that run the same way on one node."""
        names, first = self.compiled.component_names[k], int(self.compiled.tables.chains[k]["component"])
        found = []
        for group in self.compiled.problem.instance.chains[self.compiled.names[k]].equivalent:
            by_spot: dict[int, list[str]] = {}
            for c, name in enumerate(names, start=first):
                if name in group:
                    option = self.embeddings.option[c]
                    by_spot.setdefault(int(self.compiled.tables.spots[option]["spot"]), []).append(name)
            found += [tuple(several) for several in by_spot.values() if len(several) > 1]
        return tuple(found)

    def _parallel(self, k: int) -> tuple[tuple[str, ...], ...]:
        groups = enumerate(self.compiled.problem.instance.chains[self.compiled.names[k]].independent)
        return tuple(
            part.components
            for group, part in groups
            if parallel_ns(self.compiled.tables, k, group, self.embeddings) >= 0
        )

    def load(self, placement: Placement, prices: Prices) -> None:
        """Place the chains of a placement, as far as they still can stand as they do; the others are left out."""
        encoded = Encoder(self.compiled)
        opened = np.array([placement.instances.get(key, 0) > 0 for key in self.compiled.offers.openings], np.bool_)
        prices = self.serving(prices, opened)
        for k, name in enumerate(self.compiled.names):
            if name in placement.chains and not self.placed[k] and encoded(k, placement.chains[name], self.embeddings):
                self.put(k, prices)

    def serving(self, prices: Prices, opened: BoolArray) -> Prices:
        """Prices at which programs that are opened, (openings,), serve where there is a choice."""
        program = np.append(opened, True)[self.compiled.tables.programs["opening"]]
        return prices.replace(program=np.where(program, prices.program, LAST_CHOICE))

    def put(self, k: int, prices: Prices) -> bool:
        """Place a chain as its embedding says; False, and nothing done, if it has no room or comes too late."""
        self.embeddings.late_ns[k] = 0.0  # only known when it stands
        fits = put(self.standing, self.pricing(prices), k)
        if fits and not keeps_time(self.standing, k, self.work):
            self.remove([k], prices)
            return False
        if fits:
            self.chain_costs[k] += self.costs.late[:, k] * self.embeddings.late_ns[k]
        return fits


class Snapshot:
    """A solution as it was, for the chains that are about to change."""

    def __init__(self, solution: Solution, chains: NDArray[np.int64]) -> None:
        tables, embeddings = solution.compiled.tables, solution.embeddings
        self._solution = solution
        self._chains = chains
        self._state = [part.copy() for part in _parts(solution.state)]
        records = tables.chains[chains]
        self._components = ranges(records["component"], records["component_end"])
        self._flows = ranges(records["flow"], records["flow_end"])
        self._option = embeddings.option[self._components]
        self._length = embeddings.length[self._flows]
        self._path = embeddings.path[self._flows]
        self._placed = embeddings.placed[chains]
        self._late = embeddings.late_ns[chains]
        self._costs = solution.chain_costs[chains]
        self._here = solution.here[:, chains]

    def restore(self) -> None:
        """Make the solution what it was."""
        solution, embeddings = self._solution, self._solution.embeddings
        for part, before in zip(_parts(solution.state), self._state, strict=True):
            part[...] = before
        self._write(slice(None), slice(None))
        embeddings.placed[self._chains] = self._placed
        embeddings.late_ns[self._chains] = self._late
        solution.chain_costs[self._chains] = self._costs
        solution.here[:, self._chains] = self._here

    def stand_again(self, k: int, prices: Prices) -> bool:
        """Let one of the chains, which is out, stand as it did; False, and nothing done, if it cannot as things are."""
        record = self._solution.compiled.tables.chains[k]
        components = (self._components >= record["component"]) & (self._components < record["component_end"])
        flows = (self._flows >= record["flow"]) & (self._flows < record["flow_end"])
        self._write(components, flows)
        return self._solution.put(k, prices)

    def _write(self, components: BoolArray | slice, flows: BoolArray | slice) -> None:
        """Write the embeddings as they were, of those that are chosen among what was saved."""
        embeddings = self._solution.embeddings
        embeddings.option[self._components[components]] = self._option[components]
        embeddings.length[self._flows[flows]] = self._length[flows]
        embeddings.path[self._flows[flows]] = self._path[flows]

    def moved(self) -> list[int]:
        """Those of the chains that stood and stand otherwise by now."""
        stayed = self._chains[self._placed & self._solution.placed[self._chains]]
        return sorted({*self.differing()} & {*stayed.tolist()})

    def differing(self) -> list[int]:
        """Those of the chains that stand otherwise by now."""
        embeddings, records = self._solution.embeddings, self._solution.compiled.tables.chains[self._chains]
        components = embeddings.option[self._components] != self._option
        flows = embeddings.length[self._flows] != self._length
        flows |= (embeddings.path[self._flows] != self._path).any(axis=1)
        moved = embeddings.placed[self._chains] != self._placed
        moved |= _any(components, records["component_end"] - records["component"])
        moved |= _any(flows, records["flow_end"] - records["flow"])
        return [int(k) for k in self._chains[moved]]


def _any(marked: NDArray[np.bool_], sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(runs,) whether anything is marked in each of the runs of these sizes, which follow one another."""
    return np.bincount(np.repeat(np.arange(len(sizes)), sizes)[marked], minlength=len(sizes)) > 0


def _parts(state: State) -> tuple[NDArray[Any], ...]:
    return (state.free, state.load, state.users, state.opened, state.program, state.hosted)


def ranges(begin: Any, end: Any) -> NDArray[np.int64]:
    """The numbers from each begin up to its end, one after the other."""
    first, size = np.asarray(begin, dtype=np.int64), np.asarray(end, dtype=np.int64) - begin
    before = np.cumsum(size) - size
    numbers: NDArray[np.int64] = np.arange(size.sum(), dtype=np.int64) + np.repeat(first - before, size)
    return numbers


class Encoder:
    """Finds the options and arcs that a chain placement names."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        tables, nodes = compiled.tables, compiled.problem.infrastructure.nodes
        self._arcs = {
            (nodes[tail].name, nodes[head].name): a
            for a, (tail, head) in enumerate(zip(tables.net.tail, tables.net.head, strict=True))
        }

    def __call__(self, k: int, placement: ChainPlacement, into: Embeddings) -> bool:
        """Write the embedding of chain ``k``; False if it names what is no option, or breaks a rule by itself.

        Room and time are not looked at.
        """
        compiled = self._compiled
        tables, names, record = compiled.tables, compiled.component_names[k], compiled.tables.chains[k]
        if not record["possible"]:
            return False
        first = int(record["component"])
        for c, name in enumerate(names, start=first):
            component = tables.components[c]
            into.option[c] = -1
            if component["menu"] >= 0:
                spot = placement.components.get(name)
                option = -1 if spot is None else compiled.offers.find(int(component["menu"]), spot)
                if option < 0 or not tables.mask[component["unit"], tables.options[option]["node"]]:
                    return False
                into.option[c] = option
        for f in range(int(record["flow"]), int(record["flow_end"])):
            ends = names[int(tables.flows[f]["tail"]) - first], names[int(tables.flows[f]["head"]) - first]
            path = placement.flows.get(ends, ())
            arcs = [self._arcs.get(step, -1) for step in pairwise(path)]
            if not path or -1 in arcs or len(arcs) > into.path.shape[1]:
                return False
            into.length[f] = len(arcs)
            into.path[f, : len(arcs)] = arcs
        at = self._nodes(k, into)
        return self._stand_together(k, at) and all(
            self._leads(f, at, into) for f in range(int(record["flow"]), int(record["flow_end"]))
        )

    def _nodes(self, k: int, embeddings: Embeddings) -> dict[int, int]:
        """Component -> node."""
        tables = self._compiled.tables
        components = range(int(tables.chains[k]["component"]), int(tables.chains[k]["component_end"]))
        option = embeddings.option
        return {
            c: int(tables.components[c]["node"] if option[c] < 0 else tables.options[option[c]]["node"])
            for c in components
        }

    def _stand_together(self, k: int, at: dict[int, int]) -> bool:
        """Rules ``together`` and ``apart``."""
        tables = self._compiled.tables
        unit = {int(tables.components[c]["unit"]): node for c, node in at.items()}
        if any(unit[int(tables.components[c]["unit"])] != node for c, node in at.items()):
            return False
        for pair in tables.apart[int(tables.chains[k]["apart"]) : int(tables.chains[k]["apart_end"])]:
            one, other = unit[int(pair["unit"])], unit[int(pair["other"])]
            values = tables.label_value[pair["label"]] if pair["label"] >= 0 else range(len(tables.net.forwards))
            if (values[one] == values[other]) != bool(pair["together"]):
                return False
        return True

    def _leads(self, f: int, at: dict[int, int], embeddings: Embeddings) -> bool:
        """Rule ``routed``, and the part of ``per-hop`` that speaks of nodes."""
        tables = self._compiled.tables
        flow, begin = tables.flows[f], at[int(tables.flows[f]["tail"])]
        arcs = embeddings.path[f, : embeddings.length[f]]
        met = [begin, *(int(tables.net.head[a]) for a in arcs)]
        return (
            all(tables.net.tail[a] == n for a, n in zip(arcs, met, strict=False))
            and met[-1] == at[int(flow["head"])]
            and len(set(met)) == len(met)
            and bool(tables.net.forwards[met[1:-1]].all() and tables.touchable[flow["touch"], met].all())
        )
