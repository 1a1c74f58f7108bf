"""The kernel's speed: embeddings per second on one core, and what other ways to embed a plain line take.

    uv run python -m benchmarks.kernel [--nodes 75 150 600 2000] [--runs 5] [--seed 11]

Each call embeds one chain in what is left of a made-up region (:mod:`mosaico_place.generating`, two servers per site).
Before each call the room of a drawn capacity changes, and after
every 100 of them all prices are drawn and spread anew by Python (half of the capacities are worth nothing, as in linear
programs). Both are part of the time. No call knows a path from another one: nothing is kept that prices could outdate.

Plain lines have five components, each of which any server can run, between two sites, and no budget; they are small,
so that a server has room for the whole line. The mix is that of the generator: sessions (``together``, per-hop L4S
queues, half of them with a copy to a shared detector), robots, drones (half with per-hop telemetry), attack detection
(a join), lines; all have a budget, which for about half of them makes the answer dearer (the part is printed), and
times above targets count. Everything is compiled and warm before the clock starts. Seconds are those of the thread on
its core, whatever else the machine does; figures are medians of the runs.

Under each figure stands where the time goes. The mix needs more than one round of prices where a budget binds; those
count as one part, with measuring times.

Below stand two ways to embed the same plain line, measured in the same process: dense min-plus over all pairs of nodes
in numpy (it needs a table of all pairs, made anew when prices change, which comes on top), and one run of SciPy's
Dijkstra in the layered graph, whose weights change in place.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.metadata import version
from itertools import islice, pairwise
from random import Random
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.machine import machine
from mosaico_place import CostTerm, Instance, Term
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.tables import Compiled, compile_tables
from mosaico_place.compile.infrastructure import FloatArray, Infrastructure, IntArray
from mosaico_place.generating import generate
from mosaico_place.generating.catalogue import GIB, MBPS
from mosaico_place.instance import Chain, Component, Flow, Function, Implementation, Level
from mosaico_place.kernel.embed import begin, embed
from mosaico_place.kernel.latency_prices import set_slopes
from mosaico_place.kernel.measuring import no_surcharges
from mosaico_place.kernel.placing import remove_chain
from mosaico_place.kernel.prices import price
from mosaico_place.kernel.pricing import Pricer
from mosaico_place.kernel.problem import Embeddings, Prices, Pricing, Work, empty_state, no_embeddings
from mosaico_place.kernel.tree_dp import choose_nodes, components_cost, solve_units
from mosaico_place.kernel.trying import crowded, try_out

TARGETS = {150: 30_000, 600: 2_000, 2000: 300}
"""Plain embeddings per second that are wanted; of the mix, a fifth."""

REFRESH = 100
"""Calls between two refreshes of prices."""

COMPONENTS = 5
_CHAINS_PER_SITE, _MOST_CHAINS = 8, 400
_RUN_S, _MOST_CALLS = 0.5, 30_000
_LATER = 1e-3
"""What each level counts beside the one before it, as in the search."""
_WORTH = 0.4
"""Part of all weight that all capacities together are worth, on average, as in the ascent."""


def plain_lines(sites: int, count: int, seed: int) -> Instance:
    """Lines of five components between two sites of a region; any server can run any of them."""
    region = generate(sites, 2, _CHAINS_PER_SITE * sites, 1.2, seed)
    random = Random(seed)
    switches = [name for name in region.nodes if name.startswith("sw-")]
    names = [f"vnf-{number}" for number in range(1, COMPONENTS + 1)]
    functions = {
        name: Function(
            name, {"vnf": Implementation("vnf", Level.VNF, {"cpu": 100, "memory": GIB // 8}, processing_ns=50_000)}
        )
        for name in names
    }
    chains = {}
    for number in range(count):
        start, end = random.sample(switches, 2)
        components = [Component("from", at=start), *(Component(name, function=name) for name in names)]
        components.append(Component("to", at=end))
        rate = random.randint(1, 5) * 10 * MBPS
        flows = tuple(Flow(tail.name, head.name, rate) for tail, head in pairwise(components))
        chain = Chain(f"plain-{number}", {one.name: one for one in components}, flows)
        chains[chain.name] = chain
    return replace(
        region,
        functions=functions,
        chains=chains,
        objective=({Term(CostTerm.REJECTED): Fraction(1)}, {Term(CostTerm.RESOURCES): Fraction(1)}),
    )


def full_mix(sites: int, count: int, seed: int) -> Instance:
    """The first so many chains of a made-up instance, capacities as for all of them."""
    whole = generate(sites, 2, _CHAINS_PER_SITE * sites, 1.2, seed)
    return replace(whole, chains=dict(islice(whole.chains.items(), count)))


PARTS = ("new prices", "components", "spreading", "nodes and paths", "trying out", "time and more rounds")
"""What a call consists of, in this order; new prices are its share of what comes once in so many calls."""


def _calls(pricing: Pricing, chains: IntArray, rows: IntArray, room: FloatArray, out: Embeddings, parts: int) -> int:
    """Embed the chains in turn, each after one capacity has changed, with the first so many parts; how many could be.

    All parts are a call of the kernel; fewer are the beginning of its first round.
    """
    found, free = 0, pricing.state.free[0]
    for k, row, left in zip(chains.tolist(), rows.tolist(), room.tolist(), strict=True):
        free[row] = left
        found += parts > 1 and _call(pricing, k, out, parts)
    return found


def _call(pricing: Pricing, k: int, out: Embeddings, parts: int) -> bool:
    """Embed one chain with so many parts; whether it could be."""
    if parts == len(PARTS):
        return embed(pricing, k, math.inf, out)[1] < math.inf
    begin(pricing, k)
    set_slopes(pricing, k)
    if parts == 2:
        return components_cost(pricing, k) < math.inf
    if solve_units(pricing, k, math.inf) == math.inf:
        return False
    if parts == 3:
        return True
    if not choose_nodes(pricing, k):
        return False
    if parts == 4 or crowded(pricing.tables, k, pricing.work, True) >= 0:
        return parts == 4
    if try_out(pricing, k)[1] >= 0:
        return False
    remove_chain(pricing, k, pricing.work.draft)
    return True


class Workload:
    """Calls of the kernel on one instance."""

    def __init__(self, instance: Instance, seed: int) -> None:
        self.compiled = compile_tables(compile_instance(instance))
        self._seed, self._random = seed, np.random.default_rng(seed)
        self._state, self._work = empty_state(self.compiled), Work(self.compiled.tables)
        self._out = no_embeddings(self.compiled.tables)

    def prices(self) -> Prices:
        """Drawn anew."""
        return drawn_prices(self.compiled, self._random)

    def run(self, chains: IntArray, calls: int, parts: int = len(PARTS)) -> float:
        """Seconds that so many calls take; refreshes of prices included, drawing what changes in between is not."""
        capacity = self.compiled.rows.capacity[0]
        order = np.resize(chains, calls)
        rows = self._random.integers(len(capacity), size=calls)
        room = np.floor(capacity[rows] * self._random.uniform(0.5, 1.0, calls))
        began = time.thread_time()
        for i in range(0, calls, REFRESH):
            some = slice(i, i + REFRESH)
            changes = order[some], rows[some], room[some]
            pricing = Pricing(self.compiled.tables, self._state, self.prices(), self._work)
            _calls(pricing, *changes, self._out, parts)
        return time.thread_time() - began

    def rates(self, chains: IntArray, runs: int) -> Iterator[float]:
        """Embeddings per second of every run, after one to warm up."""
        calls = self._enough(chains)
        for _ in range(runs):
            yield calls / self.run(chains, calls)

    def _enough(self, chains: IntArray) -> int:
        """Calls that take a while, found by some that warm up."""
        self.run(chains, REFRESH)
        rough = self.run(chains, REFRESH) / REFRESH
        return min(max(round(_RUN_S / rough / REFRESH), 2) * REFRESH, _MOST_CALLS)

    def shares(self, chains: IntArray, runs: int) -> list[float]:
        """Seconds per call in each of the parts, medians of runs.

        Every part is the difference between calls that end with it and calls that end before it, over the same draws
        and one right after the other, so that no clock stands between the parts and the machine keeps its pace.
        """
        calls = self._enough(chains)
        found = []
        for _ in range(runs):
            seconds = [0.0]
            for parts in range(1, len(PARTS) + 1):
                self._random = np.random.default_rng(self._seed)
                seconds.append(self.run(chains, calls, parts) / calls)
            found.append([after - before for before, after in pairwise(seconds)])
        return [statistics.median(part) for part in zip(*found, strict=True)]


def drawn_prices(compiled: Compiled, random: np.random.Generator) -> Prices:
    """Prices at shadow prices that are drawn, half of them 0; later levels count a little, as in the search."""
    capacity = compiled.rows.capacity
    whole = float(compiled.levels.reject[0].sum()) * _WORTH / capacity.size
    scarce = random.random(capacity.shape) < 0.5
    shadow = np.where(scarce, 4 * whole / np.maximum(capacity, 1.0) * random.random(capacity.shape), 0.0)
    return price(compiled, shadow, weights=np.array([_LATER**level for level in range(compiled.levels.count)]))


def binding(instance: Instance, compiled: Compiled, seed: int) -> float:
    """Part of the chains that a latency budget makes dearer, at drawn prices, in the empty infrastructure."""
    free = {name: replace(chain, budgets=()) for name, chain in instance.chains.items()}
    costs = []
    for one in (compiled, compile_tables(compile_instance(replace(instance, chains=free)))):
        prices = drawn_prices(one, np.random.default_rng(seed))
        pricer = Pricer(one, 1)
        idle = np.zeros(len(one.names))
        costs.append(pricer(prices.replace(reject=idle + np.inf, late=idle), no_surcharges(len(one.names)))[1])
        pricer.close()
    return float((costs[0] > costs[1] * (1 + 1e-9)).mean())


def numpy_line(travel: FloatArray, costs: FloatArray, start: int) -> FloatArray:
    """(nodes,) the least cost of a line that ends on each node, by min-plus over all pairs of nodes, in numpy."""
    label: FloatArray = travel[start] + costs[0]
    for cost in costs[1:]:
        label = (label[:, None] + travel).min(axis=0) + cost
    return label


@dataclass(frozen=True, slots=True)
class Layered:
    """The layered graph: a copy of the infrastructure before every component and after the last one.

    Attributes:
        graph: (layers x nodes, layers x nodes) arcs within layers, and from each layer to the next.
        position: (layers - 1, nodes) where the arcs between layers stand in ``graph.data``.
    """

    graph: Any
    position: IntArray


def layered(infrastructure: Infrastructure, tolls: FloatArray, layers: int) -> Layered:
    """Build it; what components cost is still 1."""
    count, arcs = len(infrastructure.nodes), len(infrastructure.tail)
    shift = np.arange(layers)[:, None] * count
    nodes = np.arange(count)[None, :]
    tail = np.concatenate([(infrastructure.tail + shift).ravel(), (nodes + shift[:-1]).ravel()])
    head = np.concatenate([(infrastructure.head + shift).ravel(), (nodes + shift[1:]).ravel()])
    size = layers * count
    number = csr_array((np.arange(1.0, len(tail) + 1), (tail, head)), shape=(size, size))
    origin = number.data.astype(np.int64) - 1
    weight = np.concatenate([np.tile(tolls, layers), np.ones(count * (layers - 1))])
    position = np.empty(len(tail), dtype=np.int64)
    position[origin] = np.arange(len(tail))
    graph = csr_array((weight[origin], number.indices, number.indptr), shape=(size, size))
    return Layered(graph, position[layers * arcs :].reshape(layers - 1, count))


@dataclass(frozen=True, slots=True)
class Line:
    """One plain line to embed.

    Attributes:
        arcs: (nodes, nodes) tolls; travel: (nodes, nodes) least of them between all pairs.
        tolls: (arcs,) the same tolls.
        costs: (components, nodes) of each component.
        start, end: where it begins and ends.
    """

    arcs: Any
    travel: FloatArray
    tolls: FloatArray
    costs: FloatArray
    start: int
    end: int


def drawn_line(compiled: Compiled, seed: int) -> Line:
    """A line between two switches, tolls and costs drawn."""
    infrastructure = compiled.problem.infrastructure
    random = np.random.default_rng(seed)
    count = len(infrastructure.nodes)
    tolls = random.uniform(1.0, 2.0, len(infrastructure.tail))
    costs = np.where(infrastructure.forwards, np.inf, random.uniform(1.0, 9.0, (COMPONENTS, count)))
    start, end = (int(n) for n in random.choice(np.flatnonzero(infrastructure.forwards), 2, replace=False))
    arcs = csr_array((tolls, (infrastructure.tail, infrastructure.head)), shape=(count, count))
    return Line(arcs, np.asarray(dijkstra(arcs)), tolls, costs, start, end)


def choices(compiled: Compiled, line: Line, runs: int) -> Iterator[str]:
    """What other ways take for one plain line, in microseconds."""
    graph = layered(compiled.problem.infrastructure, line.tolls, COMPONENTS + 1)
    last = COMPONENTS * len(line.travel)

    def in_numpy() -> float:
        return float((numpy_line(line.travel, line.costs, line.start) + line.travel[:, line.end]).min())

    def in_scipy() -> float:
        graph.graph.data[graph.position] = np.where(np.isinf(line.costs), 1e9, line.costs)
        return float(dijkstra(graph.graph, indices=line.start)[last + line.end])

    assert np.isclose(in_numpy(), in_scipy()), "both find the same line"
    table = _microseconds(lambda: dijkstra(line.arcs), runs)
    dense = _microseconds(in_numpy, runs)
    yield f"  dense min-plus, numpy: {dense:,.0f} us a line, its table of all pairs {table:,.0f} us"
    yield f"  Dijkstra in the layered graph, SciPy: {_microseconds(in_scipy, runs):,.0f} us a line"


def _microseconds(function: Callable[[], object], runs: int) -> float:
    """Of one call: median of runs, each of as many calls as take a while."""
    began = time.thread_time()
    function()
    calls = max(1, round(0.1 / max(time.thread_time() - began, 1e-6)))
    found = []
    for _ in range(runs):
        began = time.thread_time()
        for _ in range(calls):
            function()
        found.append((time.thread_time() - began) / calls)
    return 1e6 * statistics.median(found)


def report(nodes: int, runs: int, seed: int) -> Iterator[str]:
    """The lines that are printed for one size."""
    sites = round(nodes / 3)
    wanted = TARGETS.get(nodes)
    plain = Workload(plain_lines(sites, _MOST_CHAINS, seed), seed)
    net, count = plain.compiled.tables.net, len(plain.compiled.names)
    between = int((net.forwards[net.tail] & net.forwards[net.head]).sum())
    yield f"{3 * sites} nodes, {len(net.tail)} arcs; core: {int(net.forwards.sum())} nodes that forward, {between} arcs"
    line = drawn_line(plain.compiled, seed)
    yield _line("plain lines", _median_rate(plain, np.arange(count), runs), wanted)
    yield _where(plain, runs)
    instance = full_mix(sites, _MOST_CHAINS, seed)
    mix = Workload(instance, seed)
    kinds = [name.rpartition("-")[0] for name in mix.compiled.names]
    yield _line("mix", _median_rate(mix, np.arange(len(kinds)), runs), None if wanted is None else wanted / 5)
    yield _where(mix, runs)
    for kind in sorted(set(kinds)):
        these = np.array([k for k, other in enumerate(kinds) if other == kind], dtype=np.int64)
        yield _line(f"  {kind}", _median_rate(mix, these, runs), None)
    yield f"  latency binds for {binding(instance, mix.compiled, seed):.0%} of the mix"
    yield from choices(plain.compiled, line, runs)


def _where(workload: Workload, runs: int) -> str:
    """Where the time of one call goes."""
    shares = workload.shares(np.arange(len(workload.compiled.names)), runs)
    return "    of which " + ", ".join(
        f"{part} {1e6 * share:,.1f} us" for part, share in zip(PARTS, shares, strict=True)
    )


def _median_rate(workload: Workload, chains: IntArray, runs: int) -> float:
    return statistics.median(workload.rates(chains, runs))


def _met(figure: float, wanted: float) -> str:
    return "met" if figure >= wanted else "missed"


def _line(what: str, per_second: float, wanted: float | None) -> str:
    target = "" if wanted is None else f", wanted {wanted:,.0f}/s: {_met(per_second, wanted)}"
    return f"  {what}: {per_second:,.0f}/s, {1e6 / per_second:,.1f} us each{target}"


def main() -> None:
    """Print the figures of every size."""
    parser = argparse.ArgumentParser(description="embeddings per second on one core")
    parser.add_argument("--nodes", type=int, nargs="+", default=[75, *TARGETS])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy"))
    print(f"{machine()}; {packages}")
    print(f"one thread; load average of the machine {os.getloadavg()[0]:.1f}")
    for nodes in asked.nodes:
        for line in report(nodes, asked.runs, asked.seed):
            print(line, flush=True)


if __name__ == "__main__":
    main()
