"""Tests of what a placement takes and how long its traffic takes, each figure worked out beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.instance import (
    Budget,
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
)
from mosaico_place.latency import budget_flows, budget_latency_ns, find_latency_ns, path_latency_ns
from mosaico_place.placement import EMPTY, ChainPlacement, Placement, Spot
from mosaico_place.usage import Usage, chain_usage, index_hops, total_usage, usage

US = 1000
MBPS = 10**6
GPU = {"share": 1000, "memory": 800}


def joined(one: str, other: str, forth_us: int, back_us: int) -> Link:
    """A link of 1 Gbps."""
    return Link((one, other), Direction(10**9, forth_us * US), Direction(10**9, back_us * US))


NODES = [
    Node("gnb", Kind.ACCESS),
    Node("sw", Kind.P4_SWITCH, {"stages": 12}, forwarding_ns=1 * US, hand_over_ns=6 * US),
    Node("rt", Kind.ROUTER, forwarding_ns=2 * US),
    Node("a", Kind.SERVER, {"cpu": 4000}, devices={"gpu-0": GPU, "gpu-1": GPU}, hand_over_ns=3 * US),
    Node("b", Kind.SERVER, {"cpu": 4000}),
]
LINKS = (
    joined("gnb", "sw", 10, 11),
    joined("sw", "a", 5, 7),
    joined("rt", "sw", 20, 21),
    joined("rt", "b", 30, 31),
)
FUNCTIONS = {
    "fw": Function("fw", {
        "p4": Implementation("p4", Level.P4, {"stages": 3}, processing_ns=1 * US),
        "vnf": Implementation("vnf", Level.VNF, {"cpu": 1000, "memory": 64}, processing_ns=50 * US),
    }),
    "game": Function("game", {
        "gpu": Implementation("gpu", Level.GPU, {"cpu": 500}, {"share": 400, "memory": 6}, 100 * US),
    }),
}  # fmt: skip
LINE = Chain(
    "line",
    {
        "in": Component("in", at="gnb", processing_ns=2 * US),
        "fw": Component("fw", "fw"),
        "game": Component("game", "game"),
        "out": Component("out", at="gnb", processing_ns=4 * US),
    },
    (Flow("in", "fw", 10 * MBPS), Flow("fw", "game", 20 * MBPS), Flow("game", "out", 30 * MBPS)),
)
PLACED = ChainPlacement(
    {"fw": Spot("sw", "p4"), "game": Spot("a", "gpu", "gpu-0")},
    {("in", "fw"): ("gnb", "sw"), ("fw", "game"): ("sw", "a"), ("game", "out"): ("a", "sw", "gnb")},
)


def instance(*chains: Chain) -> Instance:
    """The infrastructure and catalogue above, with these chains."""
    nodes = {node.name: node for node in NODES}
    return Instance("small", nodes, LINKS, FUNCTIONS, {chain.name: chain for chain in chains})


def test_chain_usage_counts_components_devices_and_links() -> None:
    """Tests that every implementation's demand and every flow's rate is counted where it falls."""
    # sw runs fw in p4: 3 stages; a runs game: 0.5 cores, and 0.4 of gpu-0 with 6 bytes.
    # in->fw crosses gnb->sw; fw->game sw->a; game->out a->sw and sw->gnb.
    assert chain_usage(instance(LINE), LINE, PLACED) == Usage(
        {"sw": {"stages": 3}, "a": {"cpu": 500}},
        {"a": {"gpu-0": {"share": 400, "memory": 6}}},
        {("gnb", "sw"): 10 * MBPS, ("sw", "a"): 20 * MBPS, ("a", "sw"): 30 * MBPS, ("sw", "gnb"): 30 * MBPS},
    )


def test_usage_adds_up_over_chains() -> None:
    """Tests that two chains at one place take twice as much, and devices are kept apart."""
    other = replace(LINE, name="other")
    on_gpu_1 = ChainPlacement({**PLACED.components, "game": Spot("a", "gpu", "gpu-1")}, PLACED.flows)
    found = usage(instance(LINE, other), Placement({"line": PLACED, "other": on_gpu_1}))
    assert found.nodes == {"sw": {"stages": 6}, "a": {"cpu": 1000}}
    assert found.devices == {"a": {"gpu-0": {"share": 400, "memory": 6}, "gpu-1": {"share": 400, "memory": 6}}}
    assert found.links["a", "sw"] == 60 * MBPS


def test_usage_counts_two_components_of_one_chain_on_one_node() -> None:
    """Tests that components that share a node add up, and that a path of one node takes no link."""
    twice = Chain("twice", {"f": Component("f", "fw"), "g": Component("g", "fw")}, (Flow("f", "g", MBPS),))
    placed = ChainPlacement({"f": Spot("a", "vnf"), "g": Spot("a", "vnf")}, {("f", "g"): ("a",)})
    assert chain_usage(instance(twice), twice, placed) == Usage({"a": {"cpu": 2000, "memory": 128}}, {}, {})


def test_usage_of_nothing_is_empty() -> None:
    """Tests that the empty placement takes nothing."""
    assert usage(instance(LINE), EMPTY) == Usage() == total_usage([])


@pytest.mark.parametrize("spot", [
    Spot("ghost", "vnf"), Spot("a", "ghost"), Spot("a", "p4"), Spot("sw", "vnf"), Spot("gnb", "vnf"),
])  # fmt: skip
def test_usage_skips_what_does_not_run(spot: Spot) -> None:
    """Tests that unknown nodes and implementations, and levels that a node does not run, take nothing."""
    placed = ChainPlacement({**PLACED.components, "fw": spot}, {})
    assert chain_usage(instance(LINE), LINE, placed).nodes == {"a": {"cpu": 500}}


def test_usage_skips_unknown_chains_devices_components_flows_and_links() -> None:
    """Tests that dangling names leave the rest counted."""
    placed = ChainPlacement(
        {"game": Spot("a", "gpu", "ghost"), "ghost": Spot("a", "vnf"), "in": Spot("a", "vnf")},
        {("in", "fw"): ("gnb", "b", "ghost", "rt", "sw"), ("fw", "ghost"): ("sw", "a")},
    )
    found = usage(instance(LINE), Placement({"line": placed, "ghost": PLACED}))
    # Of in->fw's path only rt->sw is a link; game's cores count, its device does not exist.
    assert found == Usage({"a": {"cpu": 500}}, {}, {("rt", "sw"): 10 * MBPS})


def test_latency_adds_processing_links_and_forwarding() -> None:
    """Tests the sum over a line: forwarding of every entered node, so at the head but not at the tail."""
    # in 2; gnb->sw 10 + forwarding of sw, its head, 1; fw 1; sw->a 5, nothing for sw, its tail; game 100;
    # a->sw 7 + forwarding 1 + sw->gnb 11; out 4  =>  2 + 11 + 1 + 5 + 100 + 19 + 4 = 142 us.
    assert budget_latency_ns(instance(LINE), LINE, PLACED, Budget("in", "out")) == 142 * US


def test_latency_counts_each_direction_of_a_link_by_itself() -> None:
    """Tests that forth and back of a link may differ."""
    hops = index_hops(instance())
    assert path_latency_ns(instance(), ("gnb", "sw"), hops) == 11 * US  # 10 + forwarding 1
    assert path_latency_ns(instance(), ("sw", "gnb"), hops) == 11 * US  # 11, an access node forwards in no time
    # gnb->sw 10 + 1, sw->rt 21 + 2, rt->b 30: 64
    assert path_latency_ns(instance(), ("gnb", "sw", "rt", "b"), hops) == 64 * US


def test_latency_of_a_part_of_the_chain() -> None:
    """Tests that a budget counts nothing outside its own ends, and both ends whole."""
    # fw 1, sw->a 5, game 100
    assert budget_latency_ns(instance(LINE), LINE, PLACED, Budget("fw", "game")) == 106 * US


def test_latency_of_one_component_is_its_processing() -> None:
    """Tests that a budget from a component to itself counts its processing once."""
    assert budget_latency_ns(instance(LINE), LINE, PLACED, Budget("game", "game")) == 100 * US
    assert budget_latency_ns(instance(LINE), LINE, PLACED, Budget("out", "out")) == 4 * US


@pytest.mark.parametrize(("node", "implementation", "expected_us"), [
    ("a", "vnf", 50 + 3 + 50),  # the server's hand-over
    ("b", "vnf", 50 + 0 + 50),  # none is given
    ("sw", "p4", 1 + 6 + 1),  # on a switch it replaces the forwarding
])  # fmt: skip
def test_latency_on_one_node_is_its_hand_over(node: str, implementation: str, expected_us: int) -> None:
    """Tests that a flow between two components on one node takes the node's hand-over."""
    pair = Chain("pair", {"f": Component("f", "fw"), "g": Component("g", "fw")}, (Flow("f", "g", MBPS),))
    spot = Spot(node, implementation)
    placed = ChainPlacement({"f": spot, "g": spot}, {("f", "g"): (node,)})
    assert budget_latency_ns(instance(pair), pair, placed, Budget("f", "g")) == expected_us * US


def diamond() -> tuple[Chain, ChainPlacement]:
    """in -> {quick on sw, slow on a} -> join on b, and a monitoring branch quick -> probe."""
    chain = Chain(
        "diamond",
        {
            "in": Component("in", at="gnb"),
            "quick": Component("quick", "fw"),
            "slow": Component("slow", "fw"),
            "join": Component("join", "fw"),
            "probe": Component("probe", at="gnb", processing_ns=500 * US),
        },
        tuple(
            Flow(tail, head, MBPS)
            for tail, head in [
                ("slow", "join"), ("quick", "join"), ("in", "slow"), ("in", "quick"), ("quick", "probe"),
            ]
        ),
    )  # fmt: skip
    placed = ChainPlacement(
        {"quick": Spot("sw", "p4"), "slow": Spot("a", "vnf"), "join": Spot("b", "vnf")},
        {
            ("in", "quick"): ("gnb", "sw"),
            ("in", "slow"): ("gnb", "sw", "a"),
            ("quick", "join"): ("sw", "rt", "b"),
            ("slow", "join"): ("a", "sw", "rt", "b"),
            ("quick", "probe"): ("sw", "gnb"),
        },
    )
    return chain, placed


def test_latency_of_a_join_is_its_longest_branch() -> None:
    """Tests that branches that join count by the longest, whatever the order of the flows in the file."""
    chain, placed = diamond()
    # over quick: 11 + 1 + (21 + 2 + 30) = 65; over slow: (10 + 1 + 5) + 50 + (7 + 1 + 21 + 2 + 30) = 127;
    # then join 50: the longest is 177 us.
    assert budget_latency_ns(instance(chain), chain, placed, Budget("in", "join")) == 177 * US
    # The monitoring branch has its own sum: in 0, 11, quick 1, sw->gnb 11, probe 500.
    assert budget_latency_ns(instance(chain), chain, placed, Budget("in", "probe")) == 523 * US
    assert budget_latency_ns(instance(chain), chain, placed, Budget("quick", "join")) == (1 + 53 + 50) * US


def test_budget_flows_are_those_between_in_topological_order() -> None:
    """Tests that flows off the budget's way are left out, and the others come after what feeds them."""
    chain, _ = diamond()
    flows = [flow.ends for flow in budget_flows(chain, Budget("in", "join"))]
    assert set(flows) == {("in", "quick"), ("in", "slow"), ("quick", "join"), ("slow", "join")}
    assert flows.index(("in", "slow")) < flows.index(("slow", "join"))
    assert flows.index(("in", "quick")) < flows.index(("quick", "join"))


def test_latency_needs_a_spot_and_a_path_for_all_on_the_way() -> None:
    """Tests that what dangles gives no latency at all, but only where it lies on the budget's way."""
    small = instance(LINE)
    lost = ChainPlacement({**PLACED.components, "game": Spot("ghost", "gpu", "gpu-0")}, PLACED.flows)
    cut = ChainPlacement(PLACED.components, {**PLACED.flows, ("game", "out"): ("a", "gnb")})
    for broken in (lost, cut, ChainPlacement(PLACED.components, {}), ChainPlacement({}, PLACED.flows)):
        assert find_latency_ns(small, LINE, broken, Budget("in", "out")) is None
        with pytest.raises(ValueError, match="no spot or no path"):
            budget_latency_ns(small, LINE, broken, Budget("in", "out"))
    assert budget_latency_ns(small, LINE, cut, Budget("in", "game")) == 119 * US  # 2 + 11 + 1 + 5 + 100


def test_latency_without_a_way_is_refused() -> None:
    """Tests that a budget against the flows is an error of the instance."""
    with pytest.raises(ValueError, match="no flows lead from 'out' to 'in'"):
        budget_latency_ns(instance(LINE), LINE, PLACED, Budget("out", "in"))


@st.composite
def graphs(draw: st.DrawFn) -> Chain:
    """An acyclic chain over up to seven endpoints, with figures that differ."""
    size = draw(st.integers(2, 7))
    names = draw(st.permutations([f"c{index}" for index in range(size)]))
    pairs = [(one, other) for index, one in enumerate(names) for other in names[index + 1 :]]
    ends = draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))
    parts = {
        name: Component(name, at=draw(st.sampled_from(["gnb", "sw", "a"])), processing_ns=draw(st.integers(0, 99)))
        for name in sorted(names)
    }
    return Chain("graph", parts, tuple(Flow(tail, head, MBPS) for tail, head in ends))


@given(graphs())
def test_latency_is_the_longest_of_all_ways(chain: Chain) -> None:
    """Tests the dynamic program against every way between every two components, one by one."""
    small = instance(chain)
    hops = index_hops(small)
    between = {("gnb", "a"): ("gnb", "sw", "a"), ("a", "gnb"): ("a", "sw", "gnb")}
    at = {name: str(part.at) for name, part in chain.components.items()}
    paths = {
        ends: between.get(
            (at[ends[0]], at[ends[1]]),
            (at[ends[0]],) if at[ends[0]] == at[ends[1]] else (at[ends[0]], at[ends[1]]),
        )
        for ends in (flow.ends for flow in chain.flows)
    }
    graph: nx.DiGraph[str] = nx.DiGraph(list(paths))
    processing: Callable[[str], int] = lambda name: chain.components[name].processing_ns  # noqa: E731
    for tail in graph:
        for head in nx.descendants(graph, tail):
            longest = max(
                sum(map(processing, way))
                + sum(path_latency_ns(small, paths[step], hops) or 0 for step in pairwise(way))
                for way in nx.all_simple_paths(graph, tail, head)
            )
            assert budget_latency_ns(small, chain, ChainPlacement({}, paths), Budget(tail, head)) == longest


CHAINS = [replace(LINE, name=name) for name in ("x", "y")]
NAMES = ["gnb", "sw", "rt", "a", "b", "ghost"]


def placements() -> st.SearchStrategy[Placement]:
    """Placements of the chains x and y: mostly nonsense, often with names that do not exist."""
    spots = st.builds(
        Spot,
        st.sampled_from(NAMES),
        st.sampled_from(["p4", "vnf", "gpu", "ghost"]),
        st.sampled_from([None, "gpu-0", "gpu-1", "ghost"]),
    )
    part = st.sampled_from(["in", "fw", "game", "out", "ghost"])
    paths = st.lists(st.sampled_from(NAMES), max_size=5).map(tuple)
    chain = st.builds(
        ChainPlacement,
        st.dictionaries(part, spots, max_size=5),
        st.dictionaries(st.tuples(part, part), paths, max_size=5),
    )
    return st.builds(Placement, st.dictionaries(st.sampled_from(["x", "y", "ghost"]), chain, max_size=3))


@given(placements())
def test_usage_is_the_sum_of_its_chains(placement: Placement) -> None:
    """Tests that a placement takes what its chains take one by one, whatever it names."""
    small = instance(*CHAINS)
    parts = [
        chain_usage(small, small.chains[name], chain)
        for name, chain in placement.chains.items()
        if name in small.chains
    ]
    assert usage(small, placement) == total_usage(parts)
    nodes: Counter[tuple[str, str]] = Counter()
    links: Counter[tuple[str, str]] = Counter()
    for part in parts:
        nodes.update({(node, key): use for node, uses in part.nodes.items() for key, use in uses.items()})
        links.update(part.links)
    found = usage(small, placement)
    assert nodes == {(node, key): use for node, uses in found.nodes.items() for key, use in uses.items()}
    assert links == found.links
