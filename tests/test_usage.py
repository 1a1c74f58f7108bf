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
    Independent,
    Instance,
    Kind,
    Level,
    Link,
    Node,
)
from mosaico_place.latency import (
    budget_flows,
    budget_latency_ns,
    find_latency_ns,
    flow_latency_ns,
    order,
    path_latency_ns,
    rewritten,
)
from mosaico_place.placement import EMPTY, ChainPlacement, FlowPath, Opening, Placement, Spot
from mosaico_place.usage import (
    Scene,
    Usage,
    chain_usage,
    index_hops,
    instances_usage,
    paid_hops,
    survey,
    total_usage,
    usage,
)

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
    "nat": Function("nat", {
        "vnf": Implementation("vnf", Level.VNF, {"cpu": 400, "memory": 100}, processing_ns=30 * US),
    }),
    "dpi": Function("dpi", {
        "p4": Implementation("p4", Level.P4, {"stages": 1}, {}, 3 * US, {"stages": 4, "sram": 7}),
        "vnf": Implementation("vnf", Level.VNF, {"cpu": 100, "memory": 8}, {}, 60 * US, {"cpu": 50, "memory": 500}),
    }, shared=True),
    "queue": Function("queue", {
        "p4": Implementation("p4", Level.P4, {"sram": 1}, {}, 2 * US, {"stages": 2}),
        "p4-deep": Implementation("p4-deep", Level.P4, {"sram": 9}, {}, 5 * US, {"stages": 2}),
    }, shared=True, l4s=True),
    "count": Function("count", {"p4": Implementation("p4", Level.P4, {"tcam": 5}, processing_ns=4 * US)}),
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


# --- shared functions -----------------------------------------------------------------------------------------------


def probes(name: str, *, private: bool = False) -> Chain:
    """A chain in -> dpi of 10 Mbps."""
    parts = {"in": Component("in", at="gnb"), "dpi": Component("dpi", "dpi", private=private)}
    return Chain(name, parts, (Flow("in", "dpi", 10 * MBPS),))


AT_B = ChainPlacement({"dpi": Spot("b", "vnf")}, {("in", "dpi"): ("gnb", "sw", "rt", "b")})
DPI_ON_B = Opening("b", "dpi", "vnf")


def test_shared_instances_take_once_and_their_users_each() -> None:
    """Tests that every opened instance takes ``once``, every user ``each``, and their rates are the load."""
    placement = Placement({"x": AT_B, "y": AT_B}, {DPI_ON_B: 3})
    small = instance(probes("x"), probes("y"))
    # 3 x (50, 500) for the instances and 2 x (100, 8) for the users
    assert usage(small, placement).nodes == {"b": {"cpu": 350, "memory": 1516}}
    assert usage(small, placement).loads == {DPI_ON_B: 20 * MBPS}
    assert instances_usage(small, placement) == {"dpi": Usage({"b": {"cpu": 150, "memory": 1500}})}
    assert chain_usage(small, small.chains["x"], AT_B).nodes == {"b": {"cpu": 100, "memory": 8}}


def test_a_private_component_takes_a_whole_instance() -> None:
    """Tests that a private component takes ``once`` and ``each``, and is no load on what is opened."""
    alone = probes("x", private=True)
    found = chain_usage(instance(alone), alone, AT_B)
    assert (found.nodes, found.loads) == ({"b": {"cpu": 150, "memory": 508}}, {})


def test_a_load_is_what_enters_or_else_what_leaves() -> None:
    """Tests the load of components with two flows in, none in, and no flow at all."""
    chain, _ = diamond()
    rated = replace(chain, flows=tuple(replace(flow, rate_bps=rate) for rate, flow in enumerate(chain.flows, start=1)))
    # slow -> join 1, quick -> join 2, in -> slow 3, in -> quick 4, quick -> probe 5
    loads = {name: rated.load_bps(name) for name in rated.components}
    assert loads == {"in": 3 + 4, "quick": 4, "slow": 3, "join": 1 + 2, "probe": 5}
    assert Chain("lone", {"f": Component("f", "fw")}).load_bps("f") == 0


def test_the_load_of_one_function_is_kept_apart_by_node_and_implementation() -> None:
    """Tests that two components of one chain load the instances where each of them stands."""
    parts = {"f": Component("f", "dpi"), "g": Component("g", "dpi")}
    chain = Chain("two", parts, (Flow("f", "g", 5 * MBPS),))
    placed = ChainPlacement({"f": Spot("sw", "p4"), "g": Spot("b", "vnf")}, {("f", "g"): ("sw", "rt", "b")})
    found = chain_usage(instance(chain), chain, placed)
    assert found.loads == {Opening("sw", "dpi", "p4"): 5 * MBPS, DPI_ON_B: 5 * MBPS}


def test_opened_instances_of_what_does_not_exist_take_nothing() -> None:
    """Tests that what dangles is left out, and so is what runs nowhere, is not shared, or is opened less than once."""
    openings = [
        Opening("ghost", "dpi", "vnf"),
        Opening("b", "ghost", "vnf"),
        Opening("b", "dpi", "ghost"),
        Opening("b", "dpi", "p4"),
        Opening("b", "fw", "vnf"),
    ]
    assert usage(instance(), Placement({}, dict.fromkeys(openings, 2))) == Usage()
    for count in (0, -1):
        assert usage(instance(), Placement({}, {DPI_ON_B: count})) == Usage()


def test_a_scene_holds_the_programs_that_are_opened() -> None:
    """Tests that programs are those of shared functions on switches that run them, opened at least once."""
    programs = {
        Opening("sw", "queue", "p4-deep"): 1,
        Opening("sw", "dpi", "p4"): 0,  # not opened
        Opening("sw", "count", "p4"): 1,  # not shared
        Opening("b", "dpi", "vnf"): 1,  # no switch
        Opening("sw", "dpi", "vnf"): 1,  # which a switch does not run
        Opening("ghost", "queue", "p4"): 1,
        Opening("sw", "ghost", "p4"): 1,
        Opening("sw", "queue", "ghost"): 1,
    }
    assert survey(instance(), Placement({}, programs)).programs == {
        ("sw", "queue"): FUNCTIONS["queue"].implementations["p4-deep"]
    }


# --- merged components ----------------------------------------------------------------------------------------------


def test_merged_components_are_charged_once_the_largest() -> None:
    """Tests that merged components take, of each resource, what the one takes that takes most of it."""
    parts = {"fw": Component("fw", "fw"), "nat": Component("nat", "nat"), "dpi": Component("dpi", "dpi")}
    chain = Chain("merge", parts, equivalent=(("fw", "nat", "dpi"),))
    placed = ChainPlacement(dict.fromkeys(parts, Spot("b", "vnf")), {}, merged=(("fw", "nat"),))
    # fw (1000, 64), nat (400, 100): (1000, 100); dpi (100, 8) beside them
    assert chain_usage(instance(chain), chain, placed).nodes == {"b": {"cpu": 1100, "memory": 108}}
    all_three = replace(placed, merged=(("fw", "nat", "dpi"),))
    assert chain_usage(instance(chain), chain, all_three).nodes == {"b": {"cpu": 1000, "memory": 100}}
    assert chain_usage(instance(chain), chain, replace(placed, merged=())).nodes == {"b": {"cpu": 1500, "memory": 172}}


def test_merged_components_share_their_part_of_a_device() -> None:
    """Tests that what merged components take of a device is the largest too, and that their loads add up."""
    parts = {"in": Component("in", at="gnb"), "g": Component("g", "game"), "h": Component("h", "game")}
    chain = Chain("games", parts, equivalent=(("g", "h"),))
    placed = ChainPlacement(dict.fromkeys(("g", "h"), Spot("a", "gpu", "gpu-1")), {}, merged=(("h", "g"),))
    found = chain_usage(instance(chain), chain, placed)
    assert (found.nodes, found.devices) == ({"a": {"cpu": 500}}, {"a": {"gpu-1": {"share": 400, "memory": 6}}})
    flows = (Flow("in", "f", MBPS), Flow("f", "g", 2 * MBPS))
    users = Chain("users", {"in": parts["in"], "f": Component("f", "dpi"), "g": Component("g", "dpi")}, flows)
    shared = ChainPlacement(dict.fromkeys("fg", Spot("b", "vnf")), {}, merged=(("f", "g"),))
    assert chain_usage(instance(users), users, shared).loads == {DPI_ON_B: 3 * MBPS}


def test_merged_names_that_dangle_are_passed_over() -> None:
    """Tests that a group of what does not run takes nothing, and hides nothing of what does."""
    spots = {**PLACED.components, "fw": Spot("ghost", "vnf")}
    placed = ChainPlacement(spots, {}, merged=(("fw", "ghost"), ("ghost", "game"), ()))
    assert chain_usage(instance(LINE), LINE, placed).nodes == {"a": {"cpu": 500}}


# --- per-hop functions ----------------------------------------------------------------------------------------------


def asking(*per_hop: str, private: bool = False, burst_bytes: int = 0) -> Chain:
    """A chain in -> out of 10 Mbps over sw, from gnb to b, with these per-hop functions."""
    flow = Flow("in", "out", 10 * MBPS, per_hop, private=private, burst_bytes=burst_bytes)
    return Chain("asks", {"in": Component("in", at="gnb"), "out": Component("out", at="b")}, (flow,))


ASKS = ChainPlacement({}, {("in", "out"): ("gnb", "sw", "rt", "b")})


def with_program(name: str) -> Scene:
    """A scene in which this program of the queue is opened on sw."""
    return survey(instance(), Placement({}, {Opening("sw", "queue", name): 1}))


@pytest.mark.parametrize(("name", "sram"), [("p4", 1), ("p4-deep", 9)])
def test_the_opened_program_serves_a_flow(name: str, sram: int) -> None:
    """Tests that a flow takes ``each`` of the program that is opened on a switch, and loads that one."""
    chain = asking("queue")
    found = chain_usage(instance(chain), chain, ASKS, with_program(name))
    assert found.nodes == {"sw": {"sram": sram}}
    assert found.loads == {Opening("sw", "queue", name): 10 * MBPS}


def test_a_program_that_is_not_opened_serves_nobody() -> None:
    """Tests that a missing program takes and serves nothing: that it is missing is for ``check`` to say."""
    chain = asking("queue")
    assert chain_usage(instance(chain), chain, ASKS).nodes == {}
    assert usage(instance(chain), Placement({"asks": ASKS})).loads == {}


def test_flows_may_have_programs_to_themselves() -> None:
    """Tests that a private flow takes a whole instance of the first program, and so does a function not shared."""
    private = asking("queue", "count", private=True)
    found = chain_usage(instance(private), private, ASKS, with_program("p4-deep"))
    # queue, first program: once 2 stages, each 1 sram; count: 5 tcam
    assert (found.nodes, found.loads) == ({"sw": {"stages": 2, "sram": 1, "tcam": 5}}, {})
    counted = asking("count")
    assert chain_usage(instance(counted), counted, ASKS).nodes == {"sw": {"tcam": 5}}


def test_programs_serve_on_every_switch_that_a_path_touches() -> None:
    """Tests that the first and the last node of a path count, servers and routers do not, nor what has no path."""
    chain = asking("count")
    for path, times in ((("sw", "rt", "b"), 1), (("b", "rt", "sw"), 1), (("sw",), 1), (("rt", "b"), 0), ((), 0)):
        placed = ChainPlacement({}, {("in", "out"): path})
        found = chain_usage(instance(chain), chain, placed).nodes
        assert found == ({"sw": {"tcam": 5 * times}} if times else {})


# --- copies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("host", "own", "paid"), [
    (("a", "sw", "gnb"), ("a",), []),
    (("a", "sw", "gnb"), ("a", "sw"), []),
    (("a", "sw", "gnb"), ("a", "sw", "gnb"), []),
    (("a", "sw", "gnb"), ("a", "sw", "rt", "b"), [("sw", "rt"), ("rt", "b")]),
    (("a", "sw"), ("a", "sw", "rt"), [("sw", "rt")]),
    (("sw", "a"), ("sw", "rt"), [("sw", "rt")]),  # leaves at the tail
    (("a",), ("a", "sw"), [("a", "sw")]),  # the host stays on its node
    # Coming back to the host's path is no following.
    (("1", "2", "3", "4"), ("1", "5", "3", "4"), [("1", "5"), ("5", "3"), ("3", "4")]),
    (("sw", "a"), ("a", "sw"), [("a", "sw")]),  # never was with its host
    ((), ("a", "sw"), [("a", "sw")]),
    (("a", "sw"), (), []),
])  # fmt: skip
def test_copies_pay_after_leaving(host: FlowPath, own: FlowPath, paid: list[tuple[str, str]]) -> None:
    """Tests which hops of a copy take bandwidth: those after the last node that it has in common from the start."""
    copy = Flow("f", "probe", MBPS, copy_of=("f", "g"))
    placed = ChainPlacement({}, {("f", "g"): host, ("f", "probe"): own})
    assert paid_hops(placed, copy) == paid
    assert paid_hops(placed, Flow("f", "g", MBPS)) == list(pairwise(host))


def copied(*per_hop: str, burst_bytes: int = 0) -> Chain:
    """fw -> out of 30 Mbps, with a copy of 30 Mbps to a probe on b."""
    flow = Flow("fw", "out", 30 * MBPS, per_hop, burst_bytes=burst_bytes)
    parts = {"fw": Component("fw", "fw"), "out": Component("out", at="gnb"), "probe": Component("probe", at="b")}
    return Chain("copied", parts, (flow, Flow("fw", "probe", 30 * MBPS, copy_of=("fw", "out"))))


LEAVES_AT_SW = ChainPlacement(
    {"fw": Spot("a", "vnf")}, {("fw", "out"): ("a", "sw", "gnb"), ("fw", "probe"): ("a", "sw", "rt", "b")}
)


def test_copies_take_links_after_leaving_and_load_their_head() -> None:
    """Tests that the link that both cross is taken once, and that what a copy brings counts as load."""
    chain = copied()
    found = chain_usage(instance(chain), chain, LEAVES_AT_SW)
    assert found.links == dict.fromkeys([("a", "sw"), ("sw", "gnb"), ("sw", "rt"), ("rt", "b")], 30 * MBPS)
    assert chain.load_bps("probe") == 30 * MBPS


# --- queues, bursts and per-hop processing --------------------------------------------------------------------------


def queued(small: Instance, bandwidth_bps: int = 10**9) -> Instance:
    """The instance with 100 us of queue on every link direction, 6 us for what an L4S queue serves."""
    waits = Direction(bandwidth_bps, 0, classic_ns=100 * US, l4s_ns=6 * US)
    return replace(small, links=tuple(Link(link.ends, waits, waits) for link in small.links))


def travel_us(chain: Chain, placed: ChainPlacement, small: Instance, scene: Scene | None = None) -> float:
    """What the chain's last flow takes, in us."""
    scene = scene or survey(small)
    time_ns = flow_latency_ns(small, chain, placed, chain.flows[-1], scene)
    assert time_ns is not None
    return time_ns / US


def test_flows_wait_in_queues() -> None:
    """Tests that a flow waits ``classic`` on every link, and ``l4s`` where its own L4S queue precedes the link."""
    plain, asks = asking(), asking("queue")
    # Forwarding 1 + 2; gnb -> sw, sw -> rt, rt -> b wait 100 each.
    small = queued(instance(plain, asks))
    assert travel_us(plain, ASKS, small) == 303
    # Only sw is a switch, so only sw -> rt has the queue before it; its program takes 2 or 5 us.
    for name, processing_us in (("p4", 2), ("p4-deep", 5)):
        scene = survey(small, Placement({}, {Opening("sw", "queue", name): 1}))
        assert travel_us(asks, ASKS, small, scene) == 3 + 100 + 6 + 100 + processing_us


@pytest.mark.parametrize(("bandwidth_bps", "burst_bytes", "sent_ns"), [
    (10**9, 1, 8),
    (3 * 10**9, 1, 3),  # 8/3
    (8 * 10**9, 1, 1),
    (10**12, 1, 1),  # 0.008
    (10**9, 120_000, 960_000),
    (7, 3, 3_428_571_429),  # 24/7 s
])  # fmt: skip
def test_bursts_are_sent_in_whole_nanoseconds(bandwidth_bps: int, burst_bytes: int, sent_ns: int) -> None:
    """Tests that a burst takes burst / bandwidth on every link, rounded up on each of them."""
    chain = asking(burst_bytes=burst_bytes)
    small = instance(chain)
    line = Direction(bandwidth_bps, 0)
    small = replace(small, links=tuple(Link(link.ends, line, line) for link in small.links))
    assert flow_latency_ns(small, chain, ASKS, chain.flows[0], survey(small)) == 3 * US + 3 * sent_ns
    # On one node nothing is sent.
    stays = ChainPlacement({}, {("in", "out"): ("a",)})
    assert flow_latency_ns(small, chain, stays, chain.flows[0], survey(small)) == 3 * US


@pytest.mark.parametrize(("path", "expected_us"), [
    (("sw", "rt", "b"), 20 + 1 + 2 + 30 + 4),  # the first node: its forwarding is no matter, its program is
    (("b", "rt", "sw"), 31 + 2 + 20 + 1 + 4),  # the last
    (("gnb", "sw", "a"), 10 + 1 + 5 + 4),  # inside
    (("sw",), 6 + 4),  # both ends on a switch: its hand-over and its program
    (("a",), 3),
    (("rt", "b"), 30),
])  # fmt: skip
def test_programs_take_time_wherever_a_path_touches_a_switch(path: FlowPath, expected_us: int) -> None:
    """Tests that per-hop processing counts once for every switch on the path, its ends included."""
    chain = asking("count")
    assert travel_us(chain, ChainPlacement({}, {("in", "out"): path}), instance(chain)) == expected_us


def test_copies_are_held_up_with_their_host() -> None:
    """Tests that a copy waits, sends and is processed like its host while it follows it, and no longer."""
    # a -> sw with the host: classic 100, burst 8 ns, forwarding 1; on sw the host's program 4; then alone, with
    # neither burst nor program: sw -> rt 100 + 2, rt -> b 100.
    placed = LEAVES_AT_SW
    chain = copied("count", burst_bytes=1)
    small = queued(instance(chain))
    assert travel_us(chain, placed, small) == 100 + 0.008 + 1 + 4 + 100 + 2 + 100
    # Served by an L4S queue, the host waits 6 us on sw -> gnb, which the copy does not cross with it.
    chain = copied("queue")
    scene = survey(small, Placement({}, {Opening("sw", "queue", "p4"): 1}))
    assert travel_us(chain, placed, queued(instance(chain)), scene) == 100 + 1 + 2 + 100 + 2 + 100


def test_a_copy_follows_its_host_into_the_l4s_queue() -> None:
    """Tests that a copy on the way of its host waits as short as that, though it asks for no queue itself."""
    parts = {"fw": Component("fw", "fw"), "out": Component("out", at="b"), "probe": Component("probe", at="rt")}
    host, copy = Flow("fw", "out", MBPS, ("queue",)), Flow("fw", "probe", MBPS, copy_of=("fw", "out"))
    chain = Chain("copied", parts, (host, copy))
    placed = ChainPlacement({"fw": Spot("sw", "p4")}, {("fw", "out"): ("sw", "rt", "b"), ("fw", "probe"): ("sw", "rt")})
    small = queued(instance(chain))
    scene = survey(small, Placement({}, {Opening("sw", "queue", "p4"): 1}))
    assert travel_us(chain, placed, small, scene) == 6 + 2 + 2  # queue, forwarding of rt, the host's program on sw


# --- rewrites -------------------------------------------------------------------------------------------------------


def rewrites(join_us: int = 5) -> Chain:
    """fw -> nat -> dpi (50, 30 and 60 us), equivalent, and independent with a join."""
    names = ("fw", "nat", "dpi")
    return Chain(
        "rewrites",
        {name: Component(name, name) for name in names},
        (Flow("fw", "nat", MBPS), Flow("nat", "dpi", MBPS)),
        equivalent=(names,),
        independent=(Independent(names, join_us * US),),
    )


ON_A = ChainPlacement(
    dict.fromkeys(("fw", "nat", "dpi"), Spot("a", "vnf")), {("fw", "nat"): ("a",), ("nat", "dpi"): ("a",)}
)


@pytest.mark.parametrize(("merged", "parallel", "expected_us"), [
    ((), (), 50 + 3 + 30 + 3 + 60),
    ((("fw", "nat"),), (), 50 + 3 + 0 + 3 + 60),
    ((("nat", "dpi"),), (), 50 + 3 + 30 + 3 + 0),
    ((("dpi", "nat", "fw"),), (), 50 + 3 + 0 + 3 + 0),  # the first is the first of the graph, not of the list
    ((), (("fw", "nat", "dpi"),), 60 + 5),  # longest + join, no hand-over between them
    ((("nat", "dpi"),), (("fw", "nat", "dpi"),), 50 + 5),  # what is merged takes no time in parallel either
])  # fmt: skip
def test_rewrites_save_time(
    merged: tuple[tuple[str, ...], ...], parallel: tuple[tuple[str, ...], ...], expected_us: int
) -> None:
    """Tests that merged components but the first take no time, and parallel ones that of the longest and the join."""
    chain, placed = rewrites(), replace(ON_A, merged=merged, parallel=parallel)
    assert budget_latency_ns(instance(chain), chain, placed, Budget("fw", "dpi")) == expected_us * US


def test_a_parallel_group_within_a_longer_way() -> None:
    """Tests that a budget over a whole group counts it as longest + join, and one that begins inside it does not."""
    chain = rewrites()
    ends = {"in": Component("in", at="gnb"), "out": Component("out", at="gnb", processing_ns=2 * US)}
    chain = replace(
        chain,
        components={**ends, **chain.components},
        flows=(Flow("in", "fw", MBPS), *chain.flows, Flow("dpi", "out", MBPS)),
    )
    paths = {**ON_A.flows, ("in", "fw"): ("gnb", "sw", "a"), ("dpi", "out"): ("a", "sw", "gnb")}
    placed = ChainPlacement(ON_A.components, paths, parallel=(("fw", "nat", "dpi"),))
    small = instance(chain)
    # in -> fw 10 + 1 + 5; dpi -> out 7 + 1 + 11; out 2
    assert budget_latency_ns(small, chain, placed, Budget("in", "out")) == (16 + 65 + 19 + 2) * US
    assert budget_latency_ns(small, chain, placed, Budget("nat", "out")) == (30 + 3 + 60 + 19 + 2) * US


def test_rewritten_takes_what_pays() -> None:
    """Tests that components that meet are merged, and run in parallel where that takes less time."""
    names = ("fw", "nat", "dpi")
    merged_all = rewritten(instance(rewrites()), rewrites(), ON_A)
    # Merged they take 50 + 3 + 3 one by one, and 50 + 5 in parallel.
    assert (merged_all.merged, merged_all.parallel) == ((names,), (names,))
    assert rewritten(instance(rewrites(6)), rewrites(6), ON_A).parallel == ()  # 56 is not less than 56
    apart = ChainPlacement({**ON_A.components, "nat": Spot("b", "vnf")}, ON_A.flows)
    assert rewritten(instance(rewrites()), rewrites(), apart) == replace(apart, merged=(("fw", "dpi"),))
    lost = ChainPlacement({"fw": Spot("a", "vnf")}, {})
    assert rewritten(instance(rewrites()), rewrites(), lost) == lost


def test_topological_order_keeps_to_the_order_written() -> None:
    """Tests that of components that the graph leaves open, the first one written comes first."""
    chain, _ = diamond()
    assert order(chain) == ("in", "quick", "slow", "join", "probe")
    backwards = replace(chain, components=dict(reversed(list(chain.components.items()))))
    assert order(backwards) == ("in", "slow", "quick", "probe", "join")
    circle = replace(chain, flows=(*chain.flows, Flow("join", "slow", MBPS)))
    with pytest.raises(ValueError, match="run in a circle"):
        order(circle)


# --- whatever a placement names -------------------------------------------------------------------------------------

CROSSING = replace(
    LINE,
    components={**LINE.components, "dpi": Component("dpi", "dpi"), "own": Component("own", "dpi", private=True)},
    flows=(
        *LINE.flows[:2],
        replace(LINE.flows[2], per_hop=("queue", "count"), burst_bytes=99),
        Flow("game", "dpi", 30 * MBPS, copy_of=("game", "out")),
        Flow("game", "own", 30 * MBPS, ("queue",), private=True),
    ),
    budgets=(Budget("in", "out"), Budget("in", "dpi")),
    equivalent=(("fw", "dpi"), ("game", "own")),
)
CHAINS = [replace(CROSSING, name=name) for name in ("x", "y")]
NAMES = ["gnb", "sw", "rt", "a", "b", "ghost"]


def placements() -> st.SearchStrategy[Placement]:
    """Placements of the chains x and y: mostly nonsense, often with names that do not exist."""
    ways = st.sampled_from(["p4", "vnf", "gpu", "p4-deep", "ghost"])
    spots = st.builds(Spot, st.sampled_from(NAMES), ways, st.sampled_from([None, "gpu-0", "gpu-1", "ghost"]))
    part = st.sampled_from(["in", "fw", "game", "out", "dpi", "own", "ghost"])
    paths = st.lists(st.sampled_from(NAMES), max_size=5).map(tuple)
    groups = st.lists(st.lists(part, max_size=3).map(tuple), max_size=2).map(tuple)
    chain = st.builds(
        ChainPlacement,
        st.dictionaries(part, spots, max_size=6),
        st.dictionaries(st.tuples(part, part), paths, max_size=6),
        groups,
        groups,
    )
    opening = st.builds(Opening, st.sampled_from(NAMES), st.sampled_from([*FUNCTIONS, "ghost"]), ways)
    return st.builds(
        Placement,
        st.dictionaries(st.sampled_from(["x", "y", "ghost"]), chain, max_size=3),
        st.dictionaries(opening, st.integers(-1, 3), max_size=4),
    )


@given(placements())
def test_usage_is_the_sum_of_its_chains_and_instances(placement: Placement) -> None:
    """Tests that a placement takes what its chains and instances take one by one, whatever it names."""
    small = instance(*CHAINS)
    scene = survey(small, placement)
    parts = [
        chain_usage(small, small.chains[name], chain, scene)
        for name, chain in placement.chains.items()
        if name in small.chains
    ]
    parts += instances_usage(small, placement).values()
    found = usage(small, placement)
    assert found == total_usage(parts)
    nodes: Counter[tuple[str, str]] = Counter()
    links: Counter[tuple[str, str]] = Counter()
    loads: Counter[Opening] = Counter()
    for part in parts:
        for node, uses in part.nodes.items():
            for key, use in uses.items():
                nodes[node, key] += use
        links.update(part.links)
        loads.update(part.loads)
    assert nodes == {(node, key): use for node, uses in found.nodes.items() for key, use in uses.items()}
    assert (links, loads) == (found.links, found.loads)


@given(placements())
def test_latency_is_a_number_or_unknown(placement: Placement) -> None:
    """Tests that no placement, however little sense it makes, keeps a latency from being told or passed over."""
    small = instance(*CHAINS)
    scene = survey(small, placement)
    for chain in CHAINS:
        for budget in chain.budgets:
            placed = placement.chains.get(chain.name, ChainPlacement({}, {}))
            latency_ns = find_latency_ns(small, chain, placed, budget, scene)
            assert latency_ns is None or latency_ns >= 0
            assert budget_flows(chain, budget)
