"""The kernel against brute force: cheapest embeddings of one chain, their bounds, and what a solution adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.checking import check, check_chain, movable
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.dijkstra import Labels, spread, trace
from mosaico_place.compile.arrays.net import compile_net
from mosaico_place.compile.arrays.records import INNER, Net
from mosaico_place.compile.arrays.rows import BANDWIDTH, kind_of
from mosaico_place.compile.arrays.tables import Compiled, compile_tables
from mosaico_place.compile.infrastructure import BoolArray, FloatArray, compile_infrastructure
from mosaico_place.costing import cost
from mosaico_place.instance import (
    Chain,
    Component,
    Direction,
    Flow,
    Function,
    Implementation,
    Instance,
    Kind,
    Level,
    Link,
    Node,
    Term,
)
from mosaico_place.kernel.embed import relaxations
from mosaico_place.kernel.measuring import no_surcharges
from mosaico_place.kernel.prices import price
from mosaico_place.kernel.pricing import Measurer, Pricer
from mosaico_place.kernel.problem import Prices, empty_state
from mosaico_place.load import parse_instance
from mosaico_place.moves import moved
from mosaico_place.placement import ChainPlacement, Opening, Placement
from mosaico_place.rules import CostTerm, Rule
from mosaico_place.solution.solution import Solution
from mosaico_place.usage import Scene, amounts, chain_usage, survey
from tests import brute_force
from tests.brute_force import Problem
from tests.depth import dear
from tests.strategies import previous_placements, tiny_instances


def compiled_of(instance: Instance, previous: Placement | None = None) -> Compiled:
    """The instance as the kernel sees it."""
    return compile_tables(compile_instance(instance, previous))


def some_prices(
    data: st.DataObject, compiled: Compiled, weights: FloatArray | None = None
) -> tuple[Prices, FloatArray, FloatArray]:
    """Whole prices, as such and by capacity and by opening; opening costs nothing but what it takes."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    shape = compiled.rows.capacity.shape
    shadow = (rng.integers(0, 6, shape) * rng.integers(0, 2, shape)).astype(np.float64)
    load = rng.integers(0, 3, len(compiled.tables.openings)).astype(np.float64)
    prices = price(compiled, shadow, load, weights)
    return prices.replace(opening=np.zeros_like(prices.opening)), shadow, load


def alone(problem: Problem, chain: Chain) -> Iterator[tuple[ChainPlacement, Scene]]:
    """Every placement of one chain, if there are no others, with what switches would run."""
    instance = replace(problem.instance, chains={chain.name: chain})
    tried = 0
    for scene in brute_force._scenes(problem.instance):
        for placed in brute_force._placements(instance, chain, scene):
            tried += 1
            if tried > brute_force.MOST_PLACEMENTS:
                raise brute_force.TooManyError
            if check_chain(instance, chain.name, placed, scene):
                continue
            if any(True for _ in movable(instance, Placement({chain.name: placed}), problem.previous)):
                continue
            choice = brute_force._choice(problem, chain, placed, scene)
            whole = brute_force._placement(instance, (choice,), scene)
            if not check(instance, whole, problem.previous):
                yield placed, scene


def cost_at(compiled: Compiled, k: int, placed: ChainPlacement, scene: Scene, shadow: FloatArray, load: FloatArray,
            weight: float = 1.0) -> float:  # fmt: skip
    """What a placement costs at prices, by the judges' account of what it takes."""
    instance = compiled.problem.instance
    chain = instance.chains[compiled.names[k]]
    rows, line = compiled.rows, int(compiled.tables.chains[k]["line"])
    used = chain_usage(instance, chain, placed, scene)
    total = 0.0
    for name, amount in amounts(used).items():
        if amount:
            row = rows.index[name]
            worth = shadow[0, row] + (shadow[line, row] if line else 0.0)
            total += amount / rows.quantum[kind_of(name)] * worth
    for opening, carried in used.loads.items():
        total += load[compiled.offers.openings[opening]] * carried / rows.quantum[BANDWIDTH]
    problem = Problem(instance, compiled.problem.previous)
    return total + weight * float(brute_force._own_levels(problem, chain, placed, scene)[0])


def embeddings(compiled: Compiled, prices: Prices) -> tuple[FloatArray, FloatArray, Pricer]:
    """(chains,) lower bounds and costs, wanted at any cost; and what found them."""
    pricer = Pricer(compiled, 1)
    anyway = prices.replace(reject=np.full_like(prices.reject, np.inf))
    lower, found = pricer(anyway, no_surcharges(len(compiled.names)))
    pricer.close()
    return lower, found, pricer


def everything(compiled: Compiled) -> FloatArray:
    """(chains,) cutoffs that let nothing be too dear."""
    return np.full(len(compiled.names), np.inf)


def some_net(data: st.DataObject) -> tuple[Net, dict[str, FloatArray], FloatArray]:
    """A net, prices and widths of its arcs, and what touching its nodes costs."""
    infrastructure = compile_infrastructure(data.draw(tiny_instances(chains=1)))
    net = compile_net(infrastructure)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    arcs = {name: rng.integers(0, 5, len(net.tail)).astype(np.float64) for name in ("toll", "price", "room", "delay")}
    touch = rng.integers(0, 3, len(net.forwards)).astype(np.float64)
    touch[rng.random(len(touch)) < 0.1] = np.inf
    return net, arcs, touch


def walks(net: Net, begin: int, closed: BoolArray) -> Iterator[list[int]]:
    """Every way from a node over arcs, and switches or routers that it has not met; back to where it began, too."""
    pending: list[tuple[int, list[int], set[int]]] = [(begin, [], {begin})]
    while pending:
        n, arcs, met = pending.pop()
        yield arcs
        if arcs and (not net.forwards[n] or n == begin):
            continue
        for a in np.flatnonzero((net.tail == n) & ~closed).tolist():
            m = int(net.head[a])
            if m not in met or m == begin:
                pending.append((m, [*arcs, a], met | {m}))


def some_labels(weight: FloatArray, touch: FloatArray, most: float) -> Labels:
    """What a spreading goes by, for which nothing is wanted that costs so much."""
    labels = Labels(len(touch), len(weight))
    labels.arrays["weight"][:], labels.arrays["touch"][:], labels.arrays["dist"][:] = weight, touch, most
    return labels


@dear(60)
@given(st.data())
def test_spreading_costs(data: st.DataObject) -> None:
    """Tests that costs spread over the cheapest paths, forth and back, and that these can be read back."""
    net, arcs, touch = some_net(data)
    count = len(touch)
    labels = st.sampled_from(data.draw(st.sampled_from([[0.0, 3.0, np.inf], [3.0, *[np.inf] * 9]])))  # many, few
    start = np.array([data.draw(labels) for _ in range(count)])
    rate, slope = float(data.draw(st.integers(0, 3))), float(data.draw(st.integers(0, 2)))
    stays = np.where(net.forwards, 0.0, slope * net.hand_over_ns)
    closed = arcs["room"] < rate
    costs = np.where(closed, np.inf, rate * (arcs["toll"] + 2.0 * arcs["price"]) + slope * arcs["delay"])
    for forth in (True, False):
        most = data.draw(st.sampled_from([np.inf, 9.0, 4.0]))
        found, last = some_labels(costs, touch, most), np.empty((1, count), np.int32)
        spread(net, start[None, :], 0, forth, slope, found, last, 0)
        dist = found.arrays["dist"]

        def way_cost(begin: int, way: list[int]) -> float:
            met = [begin, *(int(net.head[a]) for a in way)]
            return float(costs[way].sum() + touch[met].sum()) if way else float(touch[begin] + stays[begin])

        expected = np.full(count, np.inf)
        for begin in range(count):
            for way in walks(net, begin, closed):
                end = int(net.head[way[-1]]) if way else begin
                one, other = (begin, end) if forth else (end, begin)
                expected[other] = min(expected[other], start[one] + way_cost(begin, way))
        expected[expected >= most] = np.inf
        assert (dist == expected).all()
        path = np.empty((1, count), np.int32)
        for node in np.flatnonzero(np.isfinite(dist)).tolist():
            way = path[0, : trace(net, last, 0, node, forth, path, 0)].tolist()
            assert all(net.head[a] == net.tail[b] and net.forwards[net.head[a]] for a, b in pairwise(way))
            begin, end = (int(net.tail[way[0]]), int(net.head[way[-1]])) if way else (node, node)
            assert node == (end if forth else begin)
            total = start[begin if forth else end] + way_cost(begin, way)
            assert total == dist[node] or (not way and total > dist[node])  # staying, though a walk around is cheaper


def test_path_too_long() -> None:
    """Tests that a path with more arcs than there is room for is no path."""
    nodes = [Node(f"sw-{i}", Kind.ROUTER) for i in range(5)]
    links = tuple(Link((one.name, other.name), Direction(1, 0), Direction(1, 0)) for one, other in pairwise(nodes))
    net = compile_net(compile_infrastructure(Instance("line", {node.name: node for node in nodes}, links, {}, {})))
    start = np.full((1, 5), np.inf)
    start[0, 0] = 0.0
    last = np.empty((1, 5), np.int32)
    spread(net, start, 0, True, 0.0, some_labels(np.zeros(8), np.zeros(5), np.inf), last, 0)
    assert trace(net, last, 0, 4, True, np.empty((1, 4), np.int32), 0) == 4
    assert trace(net, last, 0, 4, True, np.empty((1, 3), np.int32), 0) == -1


def test_masks() -> None:
    """Tests that units may stand wherever the blocks of the exact method let them, and mostly nowhere else."""
    seen: Counter[str] = Counter()

    @given(tiny_instances(), st.data())
    def agree(instance: Instance, data: st.DataObject) -> None:
        previous = data.draw(st.none() | previous_placements(instance))
        compiled = compiled_of(instance, previous)
        tables = compiled.tables
        for k, (name, chain) in enumerate(instance.chains.items()):
            block, record = compiled.problem.blocks[name], tables.chains[k]
            # Where that would take more instances than the node could hold, only the kernel knows.
            exact = all(
                one.capacity_bps is None for f in instance.functions.values() for one in f.implementations.values()
            )
            loose = chain.independent or any(flow.copy_of or flow.per_hop for flow in chain.flows)
            loose = loose or any(group.by is None for group in chain.together)
            if block.why is not None or not record["possible"]:
                assert block.why is None or loose or not record["possible"]
                assert record["possible"] or not exact or block.why is not None
                seen["impossible"] += 1
                continue
            for c, component in enumerate(compiled.component_names[k], start=record["component"]):
                mask = set(np.flatnonzero(tables.mask[tables.components[c]["unit"]]).tolist())
                kept = {candidate.node for candidate in block.candidates[component]}
                assert kept <= mask or not exact
                assert mask <= kept or loose
                seen["equal"] += kept == mask
                seen["masks"] += 1

    agree()
    assert seen["impossible"] > 50
    assert seen["equal"] > 0.95 * seen["masks"] > 50


def test_embeddings_alone() -> None:
    """Tests that no placement of a chain costs less than its bound, and that what is found keeps every rule."""
    seen: Counter[str] = Counter()

    @given(tiny_instances(chains=2), st.data())
    def holds(instance: Instance, data: st.DataObject) -> None:
        previous = data.draw(st.none() | previous_placements(instance))
        instance = data.draw(st.sampled_from([instance, roomy(instance, 2), roomy(instance)]))
        problem = Problem(instance, previous)
        compiled = compiled_of(instance, previous)
        prices, shadow, load = some_prices(data, compiled)
        lower, found, pricer = embeddings(compiled, prices)
        measurer = Measurer(compiled)
        for k, (name, chain) in enumerate(instance.chains.items()):
            if found[k] < np.inf:
                column = measurer(k, prices, pricer.out)
                measured = shadow.ravel()[column.rows] @ column.amounts + load[column.openings] @ column.loads
                assert measured + column.costs[0] == pytest.approx(found[k], rel=1e-9)
                solution = Solution(compiled)
                assert solution.insert([k], prices, everything(compiled)) == 1
                placement = solution.placement()
                only = replace(instance, chains={name: chain})
                assert check(only, placement, previous) == []
                again = cost_at(compiled, k, placement.chains[name], survey(only, placement), shadow, load)
                # What is placed is the first that fits, what is priced the cheapest within a limit.
                assert again >= found[k] - 1e-9 * (1 + abs(found[k]))
                seen["placed"] += 1
                seen["cheapest"] += again == pytest.approx(found[k], rel=1e-9)
            try:
                costs = [cost_at(compiled, k, *one, shadow, load) for one in alone(problem, chain)]
            except brute_force.TooManyError:
                continue
            least = min(costs, default=np.inf)
            assert lower[k] <= least + 1e-9
            assert found[k] >= least - 1e-9
            if costs:
                seen["placeable"] += 1
                seen["tight"] += abs(lower[k] - least) <= 1e-9
                seen["best"] += abs(found[k] - least) <= 1e-9

    holds()
    assert seen["placeable"] > 40
    assert seen["cheapest"] > 0.9 * seen["placed"]
    assert seen["best"] > 0.75 * seen["placeable"]
    assert seen["tight"] > 0.5 * seen["placeable"]


def roomy(instance: Instance, times: int = 6) -> Instance:
    """The instance with more of everything, time included, so that parts of one chain seldom compete."""
    nodes = {
        name: replace(
            node,
            capacity={resource: times * max(amount, 1) for resource, amount in node.capacity.items()},
            devices={
                device: {key: times * amount for key, amount in has.items()} for device, has in node.devices.items()
            },
        )
        for name, node in instance.nodes.items()
    }
    chains = {
        name: replace(
            chain,
            budgets=tuple(
                replace(one, within_ns=None if one.within_ns is None else one.within_ns + 10**7)
                for one in chain.budgets
            ),
        )
        for name, chain in instance.chains.items()
    }

    def wider(direction: Direction) -> Direction:
        return replace(direction, bandwidth_bps=times * direction.bandwidth_bps)

    links = tuple(replace(link, forth=wider(link.forth), back=wider(link.back)) for link in instance.links)
    return replace(instance, nodes=nodes, links=links, chains=chains)


def simple(instance: Instance) -> Instance:
    """The instance without budgets and rewrites, and with one program per function that carries everything."""
    functions = {}
    for name, function in instance.functions.items():
        programs = [one for one in function.implementations.values() if one.level is Level.P4][1:]
        functions[name] = replace(
            function,
            implementations={
                key: replace(one, capacity_bps=None)
                for key, one in function.implementations.items()
                if one not in programs
            },
        )
    chains = {
        name: replace(chain, budgets=(), equivalent=(), independent=(), apart=())
        for name, chain in instance.chains.items()
    }
    return replace(instance, functions=functions, chains=chains)


def pays_at_home(compiled: Compiled, k: int) -> bool:
    """Whether a flow within a unit that stands on a fixed node meets programs there: its bound leaves these out."""
    tables, chain = compiled.tables, compiled.tables.chains[k]
    flows = tables.flows[chain["flow"] : chain["flow_end"]]
    fixed = tables.units["node"][tables.components["unit"][flows["tail"]]] >= 0
    return bool((fixed & (flows["role"] == INNER) & ~tables.plain[flows["touch"]]).any())


def test_exact_bounds() -> None:
    """Tests that the bound is the least cost, and whole at whole prices, where a chain only asks for paths and room."""
    seen: Counter[str] = Counter()

    @dear(90)
    @given(tiny_instances(chains=2), st.data())
    def exact(instance: Instance, data: st.DataObject) -> None:
        instance = roomy(simple(instance), times=1000)
        compiled = compiled_of(instance)
        prices, shadow, load = some_prices(data, compiled, np.zeros(compiled.levels.count))
        lower, found, _ = embeddings(compiled, prices)
        for k, chain in enumerate(instance.chains.values()):
            assert lower[k] == np.inf or lower[k] == int(lower[k])
            if relaxations(compiled.tables, k) or pays_at_home(compiled, k):
                continue
            try:
                every = alone(Problem(instance), chain)
                least = min((cost_at(compiled, k, *one, shadow, load, weight=0.0) for one in every), default=np.inf)
            except brute_force.TooManyError:
                continue
            assert lower[k] == found[k] == least
            seen["placeable"] += least < np.inf

    exact()
    assert seen["placeable"] > 20


def test_nothing_runs_anywhere() -> None:
    """Tests that an instance in which nothing has any place at all compiles."""
    nodes = {"gnb": Node("gnb", Kind.ACCESS), "srv": Node("srv", Kind.SERVER)}
    functions = {"f": Function("f", {"vnf": Implementation("vnf", Level.VNF, {"cpu": 1000})})}
    components = {"in": Component("in", at="gnb"), "f": Component("f", "f")}
    chain = Chain("c", components, (Flow("in", "f", 1000),))
    links = (Link(("gnb", "srv"), Direction(1000, 0), Direction(1000, 0)),)
    instance = Instance(
        "none", nodes, links, functions, {"c": chain}, objective=({Term(CostTerm.REJECTED): Fraction(1)},)
    )
    compiled = compiled_of(instance)
    assert not compiled.tables.chains[0]["possible"]
    assert Solution(compiled).values() == [1.0]


TWO_SITES = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    sw: {kind: p4-switch, stages: 8}
    one: {kind: server, cpu: 4, labels: {site: east}}
    two: {kind: server, cpu: 4, labels: {site: west}}
  links:
    - {between: [gnb, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [one, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [sw, two], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  f: {shared: true, implementations: {vnf: {once: {cpu: 3}, processing: 1 ms, capacity: 4 Mbps}}}
  q: {shared: true, implementations: {p4: {once: {stages: 1}}, other: {level: p4, once: {stages: 2}}}}
chains:
  c:
    components: {in: {at: gnb}, a: f, b: f}
    flows:
      - {from: in, to: a, rate: 1 Mbps, per-hop: [q]}
      - {from: a, to: b, rate: 1 Mbps}
"""


def placed_alone(rules: str) -> tuple[Instance, Placement]:
    """Where the kernel puts the chain of two sites with some more rules, if it does."""
    instance = parse_instance(TWO_SITES + rules)
    compiled = compiled_of(instance)
    solution = Solution(compiled)
    free = price(compiled, np.zeros_like(compiled.rows.capacity))
    solution.insert([0], free, everything(compiled))
    return instance, solution.placement()


def test_together_by_label() -> None:
    """Tests that components that must share a site do, whatever each of them would prefer."""
    rules = """
    together: [{components: [a, b], by: site}]
    preference: {a: {one: 1, two: 5}, b: {one: 4, two: 1}}
objective: [{rejected: 1, preference: 1}]
"""
    instance, placement = placed_alone(rules)
    assert check(instance, placement) == []
    assert {spot.node for spot in placement.chains["c"].components.values()} == {"one"}


@pytest.mark.parametrize(("rate", "fits"), [("1 Mbps", True), ("4 Mbps", False)])
def test_merged_components_load_instances(rate: str, fits: bool) -> None:
    """Tests that merged components are not placed where the instances for both of their loads have no room."""
    rules = """
    equivalent: [[a, b]]
    together: [[a, b]]
"""
    instance = parse_instance(TWO_SITES.replace("to: b, rate: 1 Mbps", f"to: b, rate: {rate}") + rules)
    compiled = compiled_of(instance)
    solution = Solution(compiled)
    free = price(compiled, np.zeros_like(compiled.rows.capacity))
    assert solution.insert([0], free, everything(compiled)) == fits
    adds_up(solution, None)


def test_parallel_components_take_less_time() -> None:
    """Tests that a budget that only components in parallel can keep is kept by running them so."""
    rules = """
    independent: [{components: [a, b], join: 0 s}]
    latency: [{from: in, to: b, within: 3 ms}]
"""
    text = TWO_SITES.replace("once: {cpu: 3}", "once: {cpu: 1}")
    instance = parse_instance(text + rules)
    compiled = compiled_of(instance)
    solution = Solution(compiled)
    assert solution.insert([0], price(compiled, np.zeros_like(compiled.rows.capacity)), everything(compiled)) == 1
    assert solution.placement().chains["c"].parallel == (("a", "b"),)
    adds_up(solution, None)


def test_loading_keeps_programs() -> None:
    """Tests that a switch goes on running the program that a loaded placement has opened, though another is cheaper."""
    instance, placement = placed_alone("")
    opening = next(key for key in placement.instances if key.function == "q")
    other = Opening(opening.node, "q", "other" if opening.implementation == "p4" else "p4")
    instances = {other if key == opening else key: count for key, count in placement.instances.items()}
    before = replace(placement, instances=instances)
    compiled = compiled_of(instance)
    solution = Solution(compiled)
    solution.load(before, price(compiled, np.ones_like(compiled.rows.capacity)))
    assert solution.placement() == before


def true_prices(compiled: Compiled, data: st.DataObject) -> Prices:
    """Random prices, opening included."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    shape = compiled.rows.capacity.shape
    return price(compiled, (rng.integers(0, 6, shape) * rng.integers(0, 2, shape)).astype(np.float64))


def adds_up(solution: Solution, previous: Placement | None) -> None:
    """What the solution keeps track of is what the judges find in its placement."""
    instance = solution.compiled.problem.instance
    placement = solution.placement()
    broken = [violation for violation in check(instance, placement, previous) if violation.rule is not Rule.PLACED]
    assert broken == []
    expected = [float(value) for value in cost(instance, placement, previous).levels]
    assert solution.values() == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert solution.moves() == sum(1 for _ in moved(instance, placement, previous))


def test_solutions() -> None:
    """Tests that a solution adds up whatever is inserted, removed, restored and loaded, and ends as it began."""
    seen: Counter[str] = Counter()

    @given(tiny_instances(chains=4), st.data())
    def add_up(instance: Instance, data: st.DataObject) -> None:
        previous = data.draw(st.none() | previous_placements(instance))
        instance = data.draw(st.sampled_from([instance, roomy(instance, 2), roomy(instance)]))
        compiled = compiled_of(instance, previous)
        solution = Solution(compiled)
        everyone = list(range(len(compiled.names)))
        solution.insert(everyone, true_prices(compiled, data), everything(compiled))
        adds_up(solution, previous)
        saved: list[Placement] = []
        for _ in range(4):
            prices = true_prices(compiled, data)
            chains = data.draw(st.lists(st.sampled_from(everyone), unique=True, min_size=1))
            cutoff = everything(compiled) if data.draw(st.booleans()) else prices.reject
            before, values = solution.placement(), solution.values()
            snapshot = solution.save(np.array(chains))
            solution.remove(chains, prices)
            adds_up(solution, previous)
            seen["inserted"] += solution.insert(data.draw(st.permutations(chains)), prices, cutoff)
            adds_up(solution, previous)
            saved.append(solution.placement())
            seen["together"] += int(solution.placed.sum()) > 1
            if data.draw(st.booleans()):
                snapshot.restore()
                assert solution.placement() == before
                assert solution.values().tolist() == values.tolist()
        solution.remove(everyone, prices)
        empty = empty_state(compiled)
        for name, part in solution.state.parts().items():
            assert part.tolist() == getattr(empty, name).tolist()
        assert not solution.here.any()
        again = Solution(compiled)
        again.load(saved[-1], prices)
        assert again.placement() == saved[-1]
        adds_up(again, previous)

    add_up()
    assert seen["inserted"] > 60
    assert seen["together"] > 20


def test_loading_what_cannot_stand() -> None:
    """Tests that loading a placement leaves out what breaks a rule by now, and only that."""
    seen: Counter[str] = Counter()

    @given(tiny_instances(), st.data())
    def load(instance: Instance, data: st.DataObject) -> None:
        compiled = compiled_of(roomy(instance))
        prices = true_prices(compiled, data)
        solution = Solution(compiled)
        solution.insert(range(len(compiled.names)), prices, everything(compiled))
        placement = solution.placement()
        instance = roomy(instance, 2)
        changed = compiled_of(instance)
        loaded = Solution(changed)
        prices = true_prices(changed, data)
        loaded.load(placement, prices)
        adds_up(loaded, None)
        whole = not [one for one in check(instance, placement) if one.rule is not Rule.PLACED]
        assert loaded.placed.sum() == len(placement.chains) or not whole
        seen["whole"] += whole and bool(placement.chains)
        seen["part"] += 0 < loaded.placed.sum() < len(placement.chains)

    load()
    assert seen["whole"] > 10
    assert seen["part"] > 3


TWO_FUNCTIONS = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    sw: {kind: p4-switch, stages: 4}
    one: {kind: server, cpu: 3, memory: 4 GiB}
    two: {kind: server, cpu: 1}
  links:
    - {between: [gnb, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [one, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [sw, two], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  f: {implementations: {vnf: {cpu: 3, memory: 1 GiB, processing: 2 ms}}}
  g: {implementations: {NAME: {cpu: 2, memory: 3 GiB, processing: 5 ms, level: vnf}}, prices: {memory: 1 per GiB}}
chains:
  c:
    components: {in: {at: gnb}, a: f, b: g}
    flows: [{from: in, to: a, rate: 1 Mbps}, {from: a, to: b, rate: 1 Mbps}]
    equivalent: [[a, b]]
    latency: [{from: in, to: b, within: 4 ms}]
prices: {cpu: 1}
objective: [{rejected: 1}, {resources: 1}]
"""


@pytest.mark.parametrize(("name", "fits"), [("vnf", True), ("vnf-other", False)])
def test_components_of_two_functions_merge(name: str, fits: bool) -> None:
    """Tests that equivalent components of two functions take the largest demand of each resource, and one time.

    They are merged exactly where their implementations are called the same; apart, they have no room.
    """
    instance = parse_instance(TWO_FUNCTIONS.replace("NAME", name))
    compiled = compiled_of(instance)
    solution = Solution(compiled)
    free = price(compiled, np.zeros_like(compiled.rows.capacity))
    assert solution.insert([0], free, everything(compiled)) == fits
    adds_up(solution, None)
    if fits:
        assert solution.placement().chains["c"].merged == (("a", "b"),)
        assert solution.values().tolist() == [0.0, 6.0]  # 3 cores at 1, 3 GiB at 1
        shadow = np.ones_like(compiled.rows.capacity)
        _, found, pricer = embeddings(compiled, price(compiled, shadow, weights=np.zeros(2)))
        column = Measurer(compiled)(0, free, pricer.out)
        assert found[0] == column.amounts.sum()
    solution.remove([0], free)
    assert solution.state.free.tolist() == empty_state(compiled).free.tolist()


JOINED = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    sw: {kind: p4-switch, stages: 4}
    one: {kind: server, cpu: 4}
  links:
    - {between: [gnb, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [one, sw], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  f: {implementations: {p4: {stages: 2}, vnf: {cpu: 1}}}
  g: {implementations: {vnf: {cpu: 1}}}
  q: {implementations: {p4: {stages: 1}}}
chains:
  c:
    REQUIRED
    components: {in: {at: sw}, a: f, b: g, out: {at: gnb}}
    flows:
      - {from: in, to: a, rate: 1 Mbps}
      - {from: in, to: b, rate: 1 Mbps, per-hop: [q]}
      - {from: a, to: out, rate: 1 Mbps, per-hop: [q]}
      - {from: b, to: out, rate: 1 Mbps, per-hop: [q]}
"""


@pytest.mark.parametrize("required", ["required: true", "weight: 1"])
def test_another_unit_makes_room(required: str) -> None:
    """Tests that a chain stands where what does not fit is not what must go elsewhere.

    With ``a`` on the switch, as is cheapest, the flows of ``b`` lack a stage, and ``b`` has no other place.
    """
    instance = parse_instance(JOINED.replace("REQUIRED", required))
    compiled = compiled_of(instance)
    solution = Solution(compiled)
    free = price(compiled, np.zeros_like(compiled.rows.capacity))
    assert solution.insert([0], free, everything(compiled)) == 1
    adds_up(solution, None)
    assert {spot.node for spot in solution.placement().chains["c"].components.values()} == {"one"}
