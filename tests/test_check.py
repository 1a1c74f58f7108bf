"""Tests that every rule is found broken where it is, by how much, and nothing else beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.checking import check, check_chain, check_device, check_link, check_node
from mosaico_place.instance import (
    Budget,
    Chain,
    Component,
    Direction,
    Flow,
    Function,
    Group,
    Implementation,
    Instance,
    Kind,
    Level,
    Link,
    Node,
    Term,
    Where,
)
from mosaico_place.placement import EMPTY, ChainPlacement, FlowPath, Placement, Spot
from mosaico_place.result import Violation
from mosaico_place.rules import CostTerm, Rule
from mosaico_place.usage import index_hops, total_usage, usage_by_chain

US = 1000
MBPS = 10**6
GIB = 2**30


def joined(one: str, other: str, latency_us: int, forth_mbps: int = 1000, back_mbps: int = 1000) -> Link:
    """A link, equally slow both ways."""
    forth, back = (Direction(mbps * MBPS, latency_us * US) for mbps in (forth_mbps, back_mbps))
    return Link((one, other), forth, back)


NODES = [
    Node("gnb", Kind.ACCESS),
    Node("sw", Kind.P4_SWITCH, {"stages": 12, "sram": 10}, forwarding_ns=1 * US, labels={"site": "rennes"}),
    Node("rt", Kind.ROUTER, forwarding_ns=2 * US),
    Node(
        "a",
        Kind.SERVER,
        {"cpu": 5000, "memory": 8 * GIB},
        {"cpu": 1000},
        {"gpu-0": {"share": 1000, "memory": 6 * GIB}, "gpu-1": {"share": 300, "memory": 6 * GIB}},
        hand_over_ns=3 * US,
        labels={"site": "rennes", "trust": "high"},
    ),
    Node("b", Kind.SERVER, {"cpu": 4000, "memory": 8 * GIB}, labels={"site": "paris", "trust": "high"}),
    Node("c", Kind.SERVER, {"cpu": 4000, "memory": 8 * GIB}),
    Node("d", Kind.SERVER, {"cpu": 4000, "memory": 8 * GIB}),
]
# a ring sw - rt - b - a - sw, so that wrong ways exist; c and d hang on the router
LINKS = (
    joined("gnb", "sw", 10),
    joined("sw", "a", 5, forth_mbps=100, back_mbps=200),
    joined("sw", "rt", 20),
    joined("rt", "b", 30),
    joined("a", "b", 1),
    joined("rt", "c", 4),
    joined("rt", "d", 4),
)
FUNCTIONS = {
    "fw": Function("fw", {
        "p4": Implementation("p4", Level.P4, {"stages": 3}, processing_ns=1 * US),
        "vnf": Implementation("vnf", Level.VNF, {"cpu": 1500}, processing_ns=50 * US),
    }),
    "game": Function("game", {
        "gpu": Implementation("gpu", Level.GPU, {"cpu": 500}, {"share": 300, "memory": 2 * GIB}, 100 * US),
        "vnf": Implementation("vnf", Level.VNF, {"cpu": 2000, "memory": 1 * GIB}, processing_ns=500 * US),
    }),
}  # fmt: skip
# in 0 + (10 + forwarding 1) + fw 1 + 5 + game 100 + (5 + forwarding 1 + 10) + out 4 = 137 us when PLACED
LINE = Chain(
    "line",
    {
        "in": Component("in", at="gnb"),
        "fw": Component("fw", "fw"),
        "game": Component("game", "game"),
        "out": Component("out", at="gnb", processing_ns=4 * US),
    },
    (Flow("in", "fw", 10 * MBPS), Flow("fw", "game", 20 * MBPS), Flow("game", "out", 30 * MBPS)),
    budgets=(Budget("in", "out", within_ns=137 * US),),
)
PLACED = ChainPlacement(
    {"fw": Spot("sw", "p4"), "game": Spot("a", "gpu", "gpu-0")},
    {("in", "fw"): ("gnb", "sw"), ("fw", "game"): ("sw", "a"), ("game", "out"): ("a", "sw", "gnb")},
)


def instance(*chains: Chain, **changes: Node) -> Instance:
    """The infrastructure and catalogue above, with these chains and these nodes changed."""
    nodes = {node.name: node for node in NODES} | changes
    return Instance("small", nodes, LINKS, FUNCTIONS, {chain.name: chain for chain in chains})


def moved(spots: Mapping[str, Spot], paths: Mapping[tuple[str, str], FlowPath] | None = None) -> ChainPlacement:
    """The good placement with other spots and paths."""
    return ChainPlacement({**PLACED.components, **spots}, {**PLACED.flows, **(paths or {})})


def lax(chain: Chain = LINE) -> Chain:
    """The chain with no latency to keep."""
    return replace(chain, budgets=())


def found(chain: Chain, placed: ChainPlacement) -> list[tuple[Rule, str]]:
    """Rules that one accepted chain breaks, and where."""
    return [(each.rule, each.where) for each in check(instance(chain), Placement({chain.name: placed}))]


def the_one(violations: list[Violation]) -> Violation:
    """The only violation of a list."""
    assert len(violations) == 1, violations
    return violations[0]


def test_a_good_placement_breaks_nothing() -> None:
    """Tests that a placement that keeps every rule, its budget to the nanosecond, has no violations."""
    assert check(instance(LINE), Placement({"line": PLACED})) == []
    assert check(instance(LINE), EMPTY) == []


# --- placed --------------------------------------------------------------------------------------------


def test_placed_required_chain_rejected() -> None:
    """Tests that a required chain may not be rejected, and any other may."""
    required = replace(LINE, name="must", required=True)
    one = the_one(check(instance(LINE, required), EMPTY))
    assert (one.rule, one.where, one.amount) == (Rule.PLACED, "chain must", 1)
    assert one.message == "is rejected, but must be accepted: it is required"


def test_placed_chain_whose_rejection_nobody_counts() -> None:
    """Tests that a chain must be accepted if no objective level counts its rejection."""
    counted = replace(LINE, name="counted", class_name="office")
    only_office = {Term(CostTerm.REJECTED, "office"): Fraction(1)}
    one = the_one(check(replace(instance(LINE, counted), objective=(only_office,)), EMPTY))
    assert (one.rule, one.where) == (Rule.PLACED, "chain line")
    assert "no objective level counts its rejection" in one.message


def test_placed_unknown_chain() -> None:
    """Tests that a chain the instance does not have is one violation, and takes nothing from the others."""
    full = replace(NODES[3], capacity={"cpu": 1500, "memory": 8 * GIB})  # 1.0 reserved: room for one game
    one = the_one(check(instance(LINE, a=full), Placement({"line": PLACED, "ghost": PLACED})))
    assert (one.rule, one.where) == (Rule.PLACED, "chain ghost")


@pytest.mark.parametrize(("spot", "message"), [
    (Spot("aa", "gpu", "gpu-0"), "node 'aa' does not exist; did you mean 'a'?"),
    (Spot("a", "cuda", "gpu-0"), "implementation 'cuda' does not exist; function 'game' has gpu, vnf"),
    (Spot("a", "p4"), "implementation 'p4' does not exist; function 'game' has gpu, vnf"),  # another function's
])  # fmt: skip
def test_placed_dangling_spot(spot: Spot, message: str) -> None:
    """Tests that a spot on what does not exist is reported once, not again by the rules that it blinds."""
    one = the_one(check(instance(LINE), Placement({"line": moved({"game": spot})})))
    assert (one.rule, one.where, one.message) == (Rule.PLACED, "chain line, component game", message)


@pytest.mark.parametrize(("spot", "message"), [
    (Spot("a", "p4"), "server 'a' does not run p4; it runs gpu, vnf only"),
    (Spot("b", "p4"), "server 'b' does not run p4; it runs vnf only"),
    (Spot("sw", "vnf"), "p4-switch 'sw' does not run vnf; it runs p4 only"),
    (Spot("rt", "vnf"), "router 'rt' does not run vnf; it runs no components"),
    (Spot("gnb", "vnf"), "access 'gnb' does not run vnf; it runs no components"),
])  # fmt: skip
def test_placed_level_that_the_node_does_not_run(spot: Spot, message: str) -> None:
    """Tests that a level the node lacks breaks this rule alone: what cannot run there fills nothing there."""
    alone = Chain("alone", {"fw": Component("fw", "fw")})
    one = the_one(check(instance(alone), Placement({"alone": ChainPlacement({"fw": spot}, {})})))
    assert (one.rule, one.where, one.message) == (Rule.PLACED, "chain alone, component fw", message)


def test_placed_gpu_on_a_server_without_devices() -> None:
    """Tests that level gpu on a server without devices is one fault, whatever device it names."""
    alone = Chain("alone", {"game": Component("game", "game")})
    for device in (None, "gpu-0"):
        placed = ChainPlacement({"game": Spot("b", "gpu", device)}, {})
        assert found(alone, placed) == [(Rule.PLACED, "chain alone, component game")]


def test_placed_missing_component() -> None:
    """Tests that a chain with a component left out is not accepted whole, and its flows are not blamed."""
    left_out = ChainPlacement({"fw": PLACED.components["fw"]}, {("in", "fw"): ("gnb", "sw")})
    assert found(LINE, left_out) == [(Rule.PLACED, "chain line, component game")]


def test_placed_unknown_component() -> None:
    """Tests that a component the chain does not have is reported once, its flows and use with it."""
    extra = moved({"gaem": Spot("a", "gpu", "gpu-0")}, {("gaem", "out"): ("nowhere",)})
    one = the_one(check(instance(LINE), Placement({"line": extra})))
    assert (one.rule, one.where) == (Rule.PLACED, "chain line, component gaem")
    assert one.message == "the chain has no such component; did you mean 'game'?"


@pytest.mark.parametrize("node", ["gnb", "a", "ghost"])
def test_placed_endpoint_with_a_spot(node: str) -> None:
    """Tests that an endpoint has no spot of its own, not even on its node, and stays where the chain says."""
    assert found(LINE, moved({"in": Spot(node, "vnf")})) == [(Rule.PLACED, "chain line, component in")]


def test_placed_endpoint_on_no_node() -> None:
    """Tests that a chain cannot be accepted while the node of its endpoint does not exist."""
    nowhere = replace(LINE, components={**LINE.components, "in": Component("in", at="ghost")})
    assert found(nowhere, PLACED) == [(Rule.PLACED, "chain line, component in")]


# --- capacity ------------------------------------------------------------------------------------------


def test_capacity_boundary_and_one_too_much() -> None:
    """Tests that use + reserved = capacity is fine, and 1/1000 of a core above it is not."""
    # fw 1.5 + game 2 = 3.5 cores on a, with 1 reserved: 4.5 in all
    on_a = moved(
        {"fw": Spot("a", "vnf"), "game": Spot("a", "vnf")},
        {("in", "fw"): ("gnb", "sw", "a"), ("fw", "game"): ("a",)},
    )
    placement = Placement({"line": on_a})
    exact = replace(NODES[3], capacity={"cpu": 4500, "memory": 1 * GIB})
    assert check(instance(lax(), a=exact), placement) == []
    short = replace(NODES[3], capacity={"cpu": 4499, "memory": 1 * GIB})
    one = the_one(check(instance(lax(), a=short), placement))
    assert (one.rule, one.where, one.amount) == (Rule.CAPACITY, "node a, cpu", 0.001)
    assert one.message == "3.5 used of 4.499 with 1 reserved, 0.001 too much, by line (3.5)"


def test_capacity_is_one_violation_for_all_chains_that_use_it() -> None:
    """Tests that chains that over-fill a node together are named in one violation, the largest first."""
    alone = Chain("fw", {"fw": Component("fw", "fw")})
    game = Chain("game", {"game": Component("game", "game")})
    placement = Placement({
        "fw": ChainPlacement({"fw": Spot("b", "vnf")}, {}),
        **{name: ChainPlacement({"game": Spot("b", "vnf")}, {}) for name in ("g1", "g2")},
    })  # fmt: skip
    chains = (alone, replace(game, name="g1"), replace(game, name="g2"))
    one = the_one(check(instance(*chains), placement))
    # 1.5 + 2 + 2 = 5.5 of 4 cores; memory 2 of 8 GiB is fine
    assert (one.rule, one.where, one.amount) == (Rule.CAPACITY, "node b, cpu", 1.5)
    assert one.message == "5.5 used of 4, 1.5 too much, by g1 (2), g2 (2), fw (1.5)"


def test_capacity_names_units_and_only_the_largest_users() -> None:
    """Tests that a message shows amounts with their units and does not list a hundred chains."""
    names = [f"g{index}" for index in range(9)]
    chains = [Chain(name, {"game": Component("game", "game")}) for name in names]
    roomy = replace(NODES[4], capacity={"cpu": 10**6, "memory": 8 * GIB})
    spot = ChainPlacement({"game": Spot("b", "vnf")}, {})
    one = the_one(check(instance(*chains, b=roomy), Placement(dict.fromkeys(names, spot))))
    assert (one.where, one.amount) == ("node b, memory", GIB)
    users = "g0 (1 GiB), g1 (1 GiB), g2 (1 GiB), g3 (1 GiB), g4 (1 GiB) and 4 more"
    assert one.message == f"9 GiB used of 8 GiB, 1 GiB too much, by {users}"


def test_capacity_of_a_resource_without_a_figure_is_0() -> None:
    """Tests that a node that says nothing of a resource has none of it."""
    bare = replace(NODES[4], capacity={"cpu": 2000})
    alone = Chain("alone", {"game": Component("game", "game")})
    placement = Placement({"alone": ChainPlacement({"game": Spot("b", "vnf")}, {})})
    one = the_one(check(instance(alone, b=bare), placement))
    assert (one.rule, one.where, one.amount) == (Rule.CAPACITY, "node b, memory", GIB)


def test_capacity_is_checked_beside_other_faults() -> None:
    """Tests that a fault in one chain does not hide that the rest is too much."""
    chains = [Chain(name, {"game": Component("game", "game")}) for name in ("g1", "g2", "g3", "lost")]
    spots = {"g1": "b", "g2": "b", "g3": "b", "lost": "ghost"}
    placement = Placement({
        name: ChainPlacement({"game": Spot(node, "vnf")}, {}) for name, node in spots.items()
    })  # fmt: skip
    where = [(each.rule, each.where) for each in check(instance(*chains), placement)]
    assert where == [(Rule.PLACED, "chain lost, component game"), (Rule.CAPACITY, "node b, cpu")]


# --- device --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spot", "message"), [
    (Spot("a", "gpu"), "names no device, but level gpu takes one of 'a': gpu-0, gpu-1"),
    (Spot("a", "gpu", "gpu-7"), "names device 'gpu-7', but level gpu takes one of 'a': gpu-0, gpu-1"),
    (Spot("a", "vnf", "gpu-0"), "names device 'gpu-0', but level vnf takes none; leave the device out"),
])  # fmt: skip
def test_device_wrongly_named(spot: Spot, message: str) -> None:
    """Tests that level gpu names a device that its node has, and the other levels none."""
    one = the_one(check(instance(lax()), Placement({"line": moved({"game": spot})})))
    assert (one.rule, one.where, one.message) == (Rule.DEVICE, "chain line, component game", message)


def games(**devices: str) -> tuple[list[Chain], Placement]:
    """One-component chains by name, each with its game on a device of a."""
    chains = [Chain(name, {"game": Component("game", "game")}) for name in devices]
    placed = {name: ChainPlacement({"game": Spot("a", "gpu", device)}, {}) for name, device in devices.items()}
    return chains, Placement(placed)


def test_device_boundary() -> None:
    """Tests that a device may be used up to the last bit, and devices are counted apart."""
    # gpu-0: 3 x 0.3 = 0.9 of 1 and 3 x 2 GiB = 6 of 6; gpu-1: 0.3 of 0.3
    chains, placement = games(g1="gpu-0", g2="gpu-0", g3="gpu-0", g4="gpu-1")
    assert check(instance(*chains), placement) == []


def test_device_overfilled() -> None:
    """Tests that demands on one device may not exceed it though the server's other device is free."""
    chains, placement = games(g1="gpu-1", g2="gpu-1")
    one = the_one(check(instance(*chains), placement))
    # 2 x 0.3 = 0.6 of 0.3; memory 4 of 6 GiB is fine
    assert (one.rule, one.where, one.amount) == (Rule.DEVICE, "node a, device gpu-1, share", 0.3)
    assert one.message == "0.6 used of 0.3, 0.3 too much, by g1 (0.3), g2 (0.3)"


# --- routed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "message"), [
    (None, "has no path"),
    ((), "has no path"),
    (("sw", "gnb"), "its path starts at 'sw', but 'game' stands on 'a'"),
    (("a", "sw"), "its path ends at 'sw', but 'out' stands on 'gnb'"),
    (("a",), "its path ends at 'a', but 'out' stands on 'gnb'"),
    (("a", "gnb"), "its path goes from 'a' to 'gnb', which no link joins"),
    (("a", "b", "rt", "sw", "gnb"), "its path runs through server 'b'; only switches and routers lie inside a path"),
    (("a", "sw", "rt", "sw", "gnb"), "its path meets 'sw' more than once"),
    (("a", "sww", "gnb"), "its path runs over 'sww', which does not exist; did you mean 'sw'?"),
])  # fmt: skip
def test_routed_wrong_path(path: FlowPath | None, message: str) -> None:
    """Tests that a missing or wrong path breaks this rule alone, and latency over it is not judged."""
    flows = {ends: way for ends, way in PLACED.flows.items() if ends != ("game", "out")}
    if path is not None:
        flows["game", "out"] = path
    one = the_one(check(instance(LINE), Placement({"line": ChainPlacement(PLACED.components, flows)})))
    assert (one.rule, one.where, one.message) == (Rule.ROUTED, "chain line, flow game -> out", message)


def test_routed_detour_between_components_on_one_node() -> None:
    """Tests that components on one node talk there, not around a loop."""
    on_a = moved({"fw": Spot("a", "vnf")}, {("in", "fw"): ("gnb", "sw", "a"), ("fw", "game"): ("a", "sw", "a")})
    one = the_one(check(instance(lax()), Placement({"line": on_a})))
    assert (one.rule, one.where) == (Rule.ROUTED, "chain line, flow fw -> game")
    assert one.message == "both components stand on 'a', so its path is that node alone"


def test_routed_unknown_flow() -> None:
    """Tests that a flow the chain does not have is reported, its reverse not taken for it."""
    backwards = moved({}, {("out", "game"): ("gnb", "sw", "a")})
    assert found(LINE, backwards) == [(Rule.ROUTED, "chain line, flow out -> game")]


def test_routed_different_flows_may_meet_a_node_again() -> None:
    """Tests that only one flow's own path must be simple: there and back over one switch is fine."""
    on_b = moved(
        {"fw": Spot("a", "vnf"), "game": Spot("b", "vnf")},
        {
            ("in", "fw"): ("gnb", "sw", "a"),
            ("fw", "game"): ("a", "sw", "rt", "b"),
            ("game", "out"): ("b", "rt", "sw", "gnb"),
        },
    )
    assert found(lax(), on_b) == []


# --- bandwidth -----------------------------------------------------------------------------------------


def narrow(forth: Direction, back: Direction) -> Instance:
    """The instance with other figures on sw - a; PLACED puts 20 Mbps on sw -> a and 30 on a -> sw."""
    return instance(lax()).with_link(Link(("sw", "a"), forth, back))


def test_bandwidth_boundary_per_direction() -> None:
    """Tests that each direction may be filled up to what is not reserved."""
    exact = narrow(Direction(20 * MBPS, 0), Direction(50 * MBPS, 0, 20 * MBPS))
    assert check(exact, Placement({"line": PLACED})) == []


@pytest.mark.parametrize(("forth", "back", "where", "message"), [
    (Direction(20 * MBPS - 1, 0), Direction(30 * MBPS, 0), "link sw -> a",
     "20 Mbps used of 19999.999 kbps, 1 bps too much, by line (20 Mbps)"),
    (Direction(20 * MBPS, 0), Direction(50 * MBPS, 0, 20 * MBPS + 1), "link a -> sw",
     "30 Mbps used of 50 Mbps with 20000.001 kbps reserved, 1 bps too much, by line (30 Mbps)"),
])  # fmt: skip
def test_bandwidth_one_bit_too_much(forth: Direction, back: Direction, where: str, message: str) -> None:
    """Tests that one bit/s too much is found in its direction only, whichever way the link is written."""
    one = the_one(check(narrow(forth, back), Placement({"line": PLACED})))
    assert (one.rule, one.where, one.amount, one.message) == (Rule.BANDWIDTH, where, 1, message)


def test_bandwidth_adds_up_over_chains() -> None:
    """Tests that flows of different chains share a link direction."""
    names = [f"c{index}" for index in range(6)]
    wide = replace(NODES[3], devices={"gpu-0": {"share": 2000, "memory": 99 * GIB}})
    switch = replace(NODES[1], capacity={"stages": 99})
    small = instance(*(replace(LINE, name=name) for name in names), a=wide, sw=switch)
    one = the_one(check(small, Placement(dict.fromkeys(names, PLACED))))
    # sw -> a: 6 x 20 = 120 of 100 Mbps; a -> sw: 6 x 30 = 180 of 200 Mbps
    assert (one.rule, one.where, one.amount) == (Rule.BANDWIDTH, "link sw -> a", 20 * MBPS)


# --- latency -------------------------------------------------------------------------------------------


def test_latency_one_nanosecond_too_late() -> None:
    """Tests that latency = within is fine (see the good placement), and 1 ns above it is not."""
    hurried = replace(LINE, budgets=(Budget("in", "out", within_ns=137 * US - 1),))
    one = the_one(check(instance(hurried), Placement({"line": PLACED})))
    assert (one.rule, one.where, one.amount) == (Rule.LATENCY, "chain line, latency in -> out", 1e-9)
    assert one.message == "takes 137 us, which is 1 ns more than the 136.999 us it may"


def test_latency_of_several_budgets() -> None:
    """Tests that each budget is judged by itself, and a soft target is no rule."""
    budgets = (
        Budget("in", "out", target_ns=1),
        Budget("fw", "game", within_ns=105 * US),  # 1 + 5 + 100 = 106
        Budget("in", "fw", within_ns=12 * US),  # 10 + 1 + 1
        Budget("out", "out", within_ns=3 * US),  # 4
    )
    assert found(replace(LINE, budgets=budgets), PLACED) == [
        (Rule.LATENCY, "chain line, latency fw -> game"),
        (Rule.LATENCY, "chain line, latency out -> out"),
    ]


def test_latency_counts_hand_over_on_one_node() -> None:
    """Tests that two components on one server take its hand-over."""
    # fw 50 + hand-over 3 + game 100 = 153
    on_a = moved({"fw": Spot("a", "vnf")}, {("in", "fw"): ("gnb", "sw", "a"), ("fw", "game"): ("a",)})
    for within_us, broken in ((153, []), (152, [(Rule.LATENCY, "chain line, latency fw -> game")])):
        chain = replace(LINE, budgets=(Budget("fw", "game", within_ns=within_us * US),))
        assert found(chain, on_a) == broken


def test_latency_of_a_join_is_its_longest_branch() -> None:
    """Tests that a short branch does not excuse a long one."""
    # in -> {quick on sw, slow on a} -> join on a:
    # quick: (10 + 1) + 1 + 5 = 17; slow: (10 + 1 + 5) + 50 + 3 = 69; join 50: 119
    names = ("quick", "slow", "join")
    chain = Chain(
        "dag",
        {"in": Component("in", at="gnb")} | {name: Component(name, "fw") for name in names},
        (Flow("in", "quick", 1), Flow("in", "slow", 1), Flow("slow", "join", 1), Flow("quick", "join", 1)),
    )
    placed = ChainPlacement(
        {"quick": Spot("sw", "p4"), "slow": Spot("a", "vnf"), "join": Spot("a", "vnf")},
        {
            ("in", "quick"): ("gnb", "sw"),
            ("in", "slow"): ("gnb", "sw", "a"),
            ("quick", "join"): ("sw", "a"),
            ("slow", "join"): ("a",),
        },
    )
    for within_us, broken in ((119, []), (118, [(Rule.LATENCY, "chain dag, latency in -> join")])):
        budget = Budget("in", "join", within_ns=within_us * US)
        assert found(replace(chain, budgets=(budget,)), placed) == broken


def test_latency_is_judged_beside_faults_off_its_way() -> None:
    """Tests that only a fault on a budget's own way keeps it from being judged."""
    chain = replace(LINE, budgets=(Budget("in", "fw", within_ns=1), Budget("in", "out", within_ns=1)))
    lost = moved({"game": Spot("ghost", "gpu", "gpu-0")})
    assert found(chain, lost) == [
        (Rule.PLACED, "chain line, component game"),
        (Rule.LATENCY, "chain line, latency in -> fw"),
    ]
    cut = moved({}, {("game", "out"): ("a", "gnb")})
    assert found(chain, cut) == [
        (Rule.ROUTED, "chain line, flow game -> out"),
        (Rule.LATENCY, "chain line, latency in -> fw"),
    ]


# --- together, apart -----------------------------------------------------------------------------------


def spread(*nodes: str) -> tuple[Chain, ChainPlacement]:
    """A chain of firewalls f0, f1, ... without flows, one on each of these nodes."""
    spots = {f"f{index}": Spot(node, "p4" if node == "sw" else "vnf") for index, node in enumerate(nodes)}
    chain = Chain("spread", {name: Component(name, "fw") for name in spots})
    return chain, ChainPlacement(spots, {})


@pytest.mark.parametrize(("nodes", "by", "message"), [
    (("a", "a"), None, None),
    (("a", "b"), None, "stand on different nodes: f0 on node 'a'; f1 on node 'b'"),
    (("a", "sw"), "site", None),  # both in rennes
    (("a", "b", "sw"), "site", "stand on different values of site: f0, f2 on site 'rennes'; f1 on site 'paris'"),
    (("a", "b"), "trust", None),  # both high
    (("c", "c"), "site", None),  # no label, but one node
    (("c", "d"), "site",
     "stand on different values of site: f0 on node 'c' (no site); f1 on node 'd' (no site)"),
    (("a", "c"), "site", "stand on different values of site: f0 on site 'rennes'; f1 on node 'c' (no site)"),
])  # fmt: skip
def test_together(nodes: tuple[str, ...], by: str | None, message: str | None) -> None:
    """Tests that a group shares a node or label value; a node without the label is a value of its own."""
    chain, placed = spread(*nodes)
    chain = replace(chain, together=(Group(tuple(chain.components), by),))
    violations = check(instance(chain), Placement({"spread": placed}))
    where = f"chain spread, together {', '.join(chain.components)}"
    assert violations == ([Violation(Rule.TOGETHER, where, message)] if message else [])


@pytest.mark.parametrize(("nodes", "by", "message"), [
    (("a", "b"), None, None),
    (("a", "a"), None, "share a node: f0, f1 on node 'a'"),
    (("b", "c", "b", "c"), None, "share a node: f0, f2 on node 'b'; f1, f3 on node 'c'"),
    (("a", "b"), "site", None),
    (("a", "sw", "b"), "site", "share a value of site: f0, f1 on site 'rennes'"),
    (("c", "d"), "site", None),  # no label: each a value of its own
    (("c", "c"), "site", "share a value of site: f0, f1 on node 'c' (no site)"),
])  # fmt: skip
def test_apart(nodes: tuple[str, ...], by: str | None, message: str | None) -> None:
    """Tests that no two of a group share a node or label value; without the label they share the node only."""
    chain, placed = spread(*nodes)
    chain = replace(chain, apart=(Group(tuple(chain.components), by),))
    violations = check(instance(chain), Placement({"spread": placed}))
    where = f"chain spread, apart {', '.join(chain.components)}"
    assert violations == ([Violation(Rule.APART, where, message)] if message else [])


def test_a_label_value_is_never_taken_for_a_node_name() -> None:
    """Tests that a node called like another node's label value does not share it."""
    chain, placed = spread("a", "rennes")
    unlabelled = replace(NODES[5], name="rennes")
    group = (Group(("f0", "f1"), "site"),)
    placement = Placement({"spread": placed})
    assert check(instance(replace(chain, apart=group), rennes=unlabelled), placement) == []
    one = the_one(check(instance(replace(chain, together=group), rennes=unlabelled), placement))
    assert one.rule is Rule.TOGETHER


def test_groups_may_hold_endpoints_and_pass_over_who_stands_nowhere() -> None:
    """Tests that an endpoint counts where the chain pins it, and a lost component blames placed alone."""
    chain = replace(lax(), together=(Group(("in", "out")), Group(("fw", "game"))), apart=(Group(("in", "game")),))
    assert found(chain, PLACED) == [(Rule.TOGETHER, "chain line, together fw, game")]
    lost = moved({"game": Spot("ghost", "gpu", "gpu-0")})
    assert found(chain, lost) == [(Rule.PLACED, "chain line, component game")]


# --- only, never ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "inside"), [
    (Where(nodes=("a",)), True),
    (Where(nodes=("b", "a")), True),
    (Where(nodes=("b", "ghost")), False),
    (Where(labels={"site": ("rennes",)}), True),
    (Where(labels={"site": ("paris", "rennes"), "trust": ("high",)}), True),
    (Where(labels={"site": ("rennes",), "trust": ("low",)}), False),  # every label must hold
    (Where(labels={"rack": ("r1",)}), False),  # a lacks the label
])  # fmt: skip
def test_only_and_never(where: Where, inside: bool) -> None:
    """Tests that ``only`` wants the component inside the set of nodes, and ``never`` outside of it."""
    place = "chain line, component game"  # on a
    assert found(replace(LINE, only={"game": where}), PLACED) == ([] if inside else [(Rule.ONLY, place)])
    assert found(replace(LINE, never={"game": where}), PLACED) == ([(Rule.NEVER, place)] if inside else [])


def test_only_and_never_pass_over_who_stands_nowhere() -> None:
    """Tests that a component on an unknown node is not also blamed for standing on the wrong one."""
    chain = replace(LINE, only={"game": Where(nodes=("a",))}, never={"game": Where(nodes=("b",))})
    lost = moved({"game": Spot("ghost", "gpu", "gpu-0")})
    assert found(chain, lost) == [(Rule.PLACED, "chain line, component game")]


# --- the whole and its parts ---------------------------------------------------------------------------

STRICT = replace(
    LINE,
    together=(Group(("fw", "game"), "site"),),
    apart=(Group(("fw", "game")),),
    only={"fw": Where(labels={"trust": ("high",)})},
    never={"game": Where(nodes=("b",))},
    required=True,
)
CROWDED = instance(
    *(replace(STRICT, name=name) for name in ("x", "y")),
    a=replace(NODES[3], capacity={"cpu": 1600, "memory": GIB}, devices={"gpu-0": {"share": 500}}),
).with_link(joined("gnb", "sw", 10, 15, 50))


def placements() -> st.SearchStrategy[Placement]:
    """Placements of x and y, changed at random from good ones, often with names that do not exist."""
    names = ["gnb", "sw", "rt", "a", "b", "c", "ghost"]
    implementations, devices = ["p4", "vnf", "gpu", "ghost"], [None, "gpu-0", "ghost"]
    spots = st.builds(Spot, st.sampled_from(names), st.sampled_from(implementations), st.sampled_from(devices))
    part = st.sampled_from(["in", "fw", "game", "out", "ghost"])
    paths = st.lists(st.sampled_from(names), max_size=4).map(tuple)
    changed = st.builds(
        moved,
        st.dictionaries(part, spots, max_size=2),
        st.dictionaries(st.tuples(part, part), paths, max_size=2),
    )
    bare = st.builds(ChainPlacement, st.dictionaries(part, spots), st.dictionaries(st.tuples(part, part), paths))
    chain = changed | changed | bare
    return st.builds(Placement, st.dictionaries(st.sampled_from(["x", "y", "ghost"]), chain))


@given(placements())
def test_check_is_the_union_of_its_parts(placement: Placement) -> None:
    """Tests that a whole check finds what the chains, nodes, devices and links give one by one."""
    hops = index_hops(CROWDED)
    parts = usage_by_chain(CROWDED, placement)
    total = total_usage(parts.values())
    union = [
        violation
        for name in (*CROWDED.chains, "ghost")
        for violation in check_chain(CROWDED, name, placement.chains.get(name))
    ]
    for node in CROWDED.nodes.values():
        union += check_node(CROWDED, node.name, total, parts)
        for device in node.devices:
            union += check_device(CROWDED, node.name, device, total, parts)
    for ends in hops:
        union += check_link(ends, total, parts, hops)
    assert Counter(check(CROWDED, placement)) == Counter(union)


@given(placements())
def test_check_never_asks_for_what_it_cannot_name(placement: Placement) -> None:
    """Tests that every violation says where, what, and a positive amount, whatever the placement names."""
    for violation in check(CROWDED, placement):
        assert violation.where
        assert violation.message
        assert violation.amount > 0


def test_parts_of_what_does_not_exist_find_nothing() -> None:
    """Tests that asking for an unknown chain, node, device or link is answered, not refused."""
    small = instance(LINE)
    parts = usage_by_chain(small, Placement({"line": PLACED}))
    total, hops = total_usage(parts.values()), index_hops(small)
    assert check_chain(small, "ghost", None) == []
    assert check_node(small, "ghost", total, parts) == []
    assert check_device(small, "ghost", "gpu-0", total, parts) == []
    assert check_device(small, "a", "ghost", total, parts) == []
    assert check_link(("a", "gnb"), total, parts, hops) == []
