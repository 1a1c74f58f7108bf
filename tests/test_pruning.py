"""What the kernel leaves out of its dynamic program is never part of a cheapest embedding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

import networkx as nx
import numpy as np
import pytest

from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.dijkstra import spread_from_all
from mosaico_place.compile.arrays.tables import Compiled, compile_tables
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.generating import generate
from mosaico_place.instance import (
    Chain,
    Component,
    Direction,
    Flow,
    Function,
    Implementation,
    Instance,
    Level,
    Link,
    Term,
)
from mosaico_place.kernel.measuring import no_surcharges
from mosaico_place.kernel.prices import price
from mosaico_place.kernel.pricing import Pricer
from mosaico_place.kernel.problem import Prices
from mosaico_place.rules import CostTerm

GBPS = 10**9
RATES = {"even": (2, 2, 2, 2), "falling": (4, 3, 2, 1), "rising": (1, 2, 3, 4), "mixed": (2, 4, 1, 3)}
"""Of the flows of a line, in units of 10 Mbps."""


def lines(rates: tuple[int, ...], two_links: bool, random: Random) -> Instance:
    """Lines between two switches of a region, half of them with a side branch; servers have one link each, or two."""
    region = generate(8, 2, 20, 1.0, random.randrange(100))
    switches = [name for name in region.nodes if name.startswith("sw-")]
    servers = [name for name in region.nodes if name not in switches]
    names = [f"f-{number}" for number in range(len(rates) - 1)]
    side = "side"
    functions = {
        name: Function(name, {"vnf": Implementation("vnf", Level.VNF, {"cpu": random.randrange(1, 9) * 10})})
        for name in [*names, side]
    }
    chains = {}
    for number in range(30):
        start, end = random.sample(switches, 2)
        parts = [Component("from", at=start), *(Component(name, function=name) for name in names)]
        parts.append(Component("to", at=end))
        flows = [
            Flow(tail.name, head.name, rate * 10**7) for (tail, head), rate in zip(pairwise(parts), rates, strict=True)
        ]
        if number % 2:
            parts.append(Component(side, function=side))
            flows.append(Flow(side, random.choice(names), random.randrange(1, 4) * 10**7))
        chains[f"c-{number}"] = Chain(f"c-{number}", {one.name: one for one in parts}, tuple(flows))
    links = list(region.links)
    if two_links:
        known = {link.ends for link in links}
        wide = Direction(10 * GBPS, 0)
        ends = ((random.choice(switches), server) for server in servers)
        links += [Link(pair, wide, wide) for pair in ends if pair not in known and pair[::-1] not in known]
    return replace(
        region,
        functions=functions,
        chains=chains,
        links=tuple(links),
        objective=({Term(CostTerm.REJECTED): Fraction(1)},),
    )


def ways(compiled: Compiled, prices: Prices, rate: float) -> FloatArray:
    """(nodes, nodes) the cheapest path of a flow without a budget, from each to each."""
    net, count = compiled.tables.net, len(compiled.tables.net.forwards)
    room = compiled.rows.capacity[0, compiled.tables.first_arc :]
    weight = np.where(room >= rate, rate * (prices.toll[0] + prices.link[0] * prices.arc), np.inf)
    return spread_from_all(net, weight, 0.0, np.zeros(count))


def least(compiled: Compiled, prices: Prices, k: int, between: Mapping[float, FloatArray]) -> float:
    """The least cost of a chain whose flows form a tree, from its leaves to its first component, no node left out."""
    tables, count = compiled.tables, len(compiled.tables.net.forwards)
    chain = tables.chains[k]
    cost = {}
    for c in range(chain["component"], chain["component_end"]):
        component, cost[c] = tables.components[c], np.full(count, np.inf)
        if component["menu"] < 0:
            cost[c][component["node"]] = 0.0
            continue
        start = tables.menu_start[component["menu"]]
        for n in np.flatnonzero(tables.mask[component["unit"]]).tolist():
            cost[c][n] = min(prices.option[0, o] for o in range(start[n], start[n + 1]))
    tree: nx.Graph[int] = nx.Graph()
    for flow in tables.flows[chain["flow"] : chain["flow_end"]]:
        tree.add_edge(int(flow["tail"]), int(flow["head"]), flow=flow)
    root = int(chain["component"])
    for parent, child in reversed(list(nx.bfs_edges(tree, root))):
        flow = tree[parent][child]["flow"]
        way = between[float(flow["rate"])]
        cost[parent] = cost[parent] + ((way.T if child == flow["tail"] else way) + cost[child]).min(axis=1)
    return float(cost[root].min())


@pytest.mark.parametrize("two_links", [False, True])
@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
def test_bounds_of_trees(rates: tuple[int, ...], two_links: bool) -> None:
    """Tests that trees without budgets cost what a dynamic program over all nodes says, whatever flows and prices."""
    random = Random(sum(n * rate for n, rate in enumerate(rates)))
    compiled = compile_tables(compile_instance(lines(rates, two_links, random)))
    assert compiled.tables.net.leaves is not two_links
    draw, pricer, count = np.random.default_rng(random.randrange(1000)), Pricer(compiled, 1), len(compiled.names)
    for scarce in (0.9, 0.5, 0.1):
        shape = compiled.rows.capacity.shape
        shadow = draw.random(shape) * (draw.random(shape) < scarce)
        prices = price(compiled, shadow, np.zeros(len(compiled.tables.openings)))
        between = {rate: ways(compiled, prices, rate) for rate in {*compiled.tables.flows["rate"].tolist()}}
        costs = np.array([least(compiled, prices, k, between) for k in range(count)])
        anyway = prices.replace(reject=np.full(count, np.inf))
        lower, found = pricer(anyway, no_surcharges(count))
        assert lower == pytest.approx(costs, rel=1e-9)
        assert (found >= lower * (1 - 1e-9)).all()
        # Where less is wanted, the bound is that at most, and nothing that costs less is lost.
        wanted = costs * np.where(np.arange(count) % 2, 0.9, 1.1)
        lower, _ = pricer(prices.replace(reject=wanted), no_surcharges(count))
        assert np.minimum(lower, wanted) == pytest.approx(np.minimum(costs, wanted), rel=1e-9)
    pricer.close()


@pytest.mark.parametrize("seed", [17, 11])
def test_wanting_less_makes_nothing_cheaper(seed: int) -> None:
    """Tests on generated chains, with budgets, that no embedding undercuts the bound, however little is wanted."""
    compiled = compile_tables(compile_instance(generate(12, 2, 60, 0.7, seed)))
    draw, pricer, count = np.random.default_rng(seed), Pricer(compiled, 1), len(compiled.names)
    openings, weights = np.zeros(len(compiled.tables.openings)), np.array([1.0, 1e-3, 1e-6])
    shape, capacity = compiled.rows.capacity.shape, np.maximum(compiled.rows.capacity, 1.0)
    cut = 0
    for _ in range(40):
        shadow = 20 * draw.random(shape) / capacity * (draw.random(shape) < 0.5)
        prices = price(compiled, shadow, openings, weights)
        lower, found = pricer(prices.replace(reject=np.full(count, np.inf)), no_surcharges(count))
        for part in (1.0, 0.9, 0.5, 0.1, draw.random()):
            wanted = np.where(np.isfinite(found), part * found, np.inf)
            again, cheaper = pricer(prices.replace(reject=wanted), no_surcharges(count))
            assert (again <= np.maximum(wanted, lower) * (1 + 1e-9)).all()
            assert (cheaper >= lower * (1 - 1e-9)).all()
            cut += int((cheaper == np.inf).sum())
    assert cut > 1000
    pricer.close()
