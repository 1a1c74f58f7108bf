"""Tests that every rule is found broken where it is, by how much, and nothing else beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.checking import (
    check,
    check_capacity,
    check_chain,
    check_class,
    check_moves,
    check_opening,
)
from mosaico_place.instance import (
    Budget,
    Chain,
    Component,
    Direction,
    Flow,
    Function,
    Group,
    Implementation,
    Independent,
    Instance,
    Kind,
    Level,
    Link,
    Node,
    Term,
    TrafficClass,
    Where,
)
from mosaico_place.placement import EMPTY, ChainPlacement, FlowPath, Opening, Placement, Spot
from mosaico_place.result import Violation
from mosaico_place.rules import CostTerm, Rule
from mosaico_place.usage import amounts, index_hops, instances_usage, survey, takers, total_usage, usage_by_chain

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
    "cap": Function("cap", {"vnf": Implementation("vnf", Level.VNF, {"cpu": 100}, capacity_bps=25 * MBPS)}),
    "dpi": Function("dpi", {
        "p4": Implementation("p4", Level.P4, {"sram": 1}, once={"stages": 2}),
        "vnf": Implementation("vnf", Level.VNF, {"cpu": 100}, once={"cpu": 1000}, capacity_bps=25 * MBPS),
        "vnf-fast": Implementation("vnf-fast", Level.VNF, {"cpu": 50}, needs={"site": ("rennes",)}),
    }, shared=True),
    "queue": Function("queue", {
        "p4": Implementation("p4", Level.P4, {"sram": 1}, once={"stages": 10}),
        "p4-deep": Implementation("p4-deep", Level.P4, {"sram": 9}),
    }, shared=True, l4s=True),
    "telemetry": Function("telemetry", {
        "p4": Implementation("p4", Level.P4, once={"stages": 1}, capacity_bps=100 * MBPS),
    }, shared=True),
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


# --- throughput ----------------------------------------------------------------------------------------


def rated(name: str = "rated", rate_mbps: int = 10, function: str = "dpi", *, private: bool = False) -> Chain:
    """A chain gnb -> component of a function, at a rate."""
    parts = {"in": Component("in", at="gnb"), "it": Component("it", function, private=private)}
    return Chain(name, parts, (Flow("in", "it", rate_mbps * MBPS),))


def standing_at(spot: Spot) -> ChainPlacement:
    """Where such a chain stands, with a path to there."""
    paths: dict[str, FlowPath] = {"sw": ("gnb", "sw"), "a": ("gnb", "sw", "a"), "b": ("gnb", "sw", "rt", "b")}
    return ChainPlacement({"it": spot}, {("in", "it"): paths[spot.node]})


@pytest.mark.parametrize("private", [False, True])
def test_throughput_of_a_component_by_itself(private: bool) -> None:
    """Tests that a dedicated component, and a private one, carries its implementation's capacity and no bit more."""
    function = "dpi" if private else "cap"
    exact = rated(rate_mbps=25, function=function, private=private)
    placement = Placement({"rated": standing_at(Spot("b", "vnf"))})
    assert check(instance(exact), placement) == []
    over = replace(exact, flows=(Flow("in", "it", 25 * MBPS + 1),))
    one = the_one(check(instance(over), placement))
    assert (one.rule, one.where, one.amount) == (Rule.THROUGHPUT, "chain rated, component it", 1)
    assert one.message == "has a load of 25000.001 kbps, but its implementation carries 25 Mbps, 1 bps less"


def test_throughput_of_opened_instances() -> None:
    """Tests that the loads of all chains together fit on the instances that are opened, and who loads them is said."""
    chains = [rated(name, rate) for name, rate in (("x", 20), ("y", 30), ("z", 25))]
    spots = {chain.name: standing_at(Spot("b", "vnf")) for chain in chains}
    opening = Opening("b", "dpi", "vnf")
    assert check(instance(*chains), Placement(spots, {opening: 3})) == []
    one = the_one(check(instance(*chains), Placement(spots, {opening: 2})))
    assert (one.rule, one.where, one.amount) == (Rule.THROUGHPUT, "node b, dpi vnf", 25 * MBPS)
    users = "y (30 Mbps), z (25 Mbps), x (20 Mbps)"
    assert one.message == f"75 Mbps used of 50 Mbps, 25 Mbps too much, by {users}"


def test_throughput_needs_an_instance() -> None:
    """Tests that what a shared function serves needs one opened on its node, in its implementation."""
    names = [f"c{index}" for index in range(7)]
    chains = [rated(name, 1) for name in names]
    placement = Placement(dict.fromkeys(names, standing_at(Spot("b", "vnf"))), {Opening("a", "dpi", "vnf"): 1})
    one = the_one(check(instance(*chains), placement))
    assert (one.rule, one.where, one.amount) == (Rule.THROUGHPUT, "node b, dpi vnf", 1)
    assert one.message == "no instance is opened, but c0, c1, c2, c3, c4 and 2 more need one"


def test_throughput_of_a_program_on_a_switch() -> None:
    """Tests that a program is opened once on a switch, in one implementation, whether or not anything uses it."""
    where = "node sw, queue p4"
    message = "a program is opened at most once per switch, in one implementation; this one is 2 times"
    twice = {Opening("sw", "queue", "p4"): 2}
    both = {Opening("sw", "queue", "p4"): 1, Opening("sw", "queue", "p4-deep"): 1}
    roomy = instance(sw=replace(NODES[1], capacity={"stages": 20}))
    for opened in (twice, both):
        assert check(roomy, Placement({}, opened)) == [Violation(Rule.THROUGHPUT, where, message)]
    different = {Opening("sw", "queue", "p4"): 1, Opening("sw", "dpi", "p4"): 1}
    assert check(instance(), Placement({}, different)) == []


@pytest.mark.parametrize(("opening", "message"), [
    (Opening("bb", "dpi", "vnf"), "node 'bb' does not exist; did you mean 'b'?"),
    (Opening("b", "dpa", "vnf"), "function 'dpa' does not exist; did you mean 'dpi'?"),
    (Opening("b", "fw", "vnf"), "function 'fw' is not shared, so nothing of it is opened; remove this entry"),
    (Opening("b", "dpi", "gpu"), "implementation 'gpu' does not exist; it has p4, vnf, vnf-fast"),
    (Opening("b", "dpi", "p4"), "server 'b' does not run p4"),
    (Opening("gnb", "dpi", "vnf"), "access 'gnb' does not run vnf"),
    (Opening("b", "dpi", "vnf-fast"), "implementation 'vnf-fast' needs site: rennes, which node 'b' does not have"),
])  # fmt: skip
def test_throughput_of_what_cannot_be_opened(opening: Opening, message: str) -> None:
    """Tests that an instance of what does not exist, or does not run there, is one fault, and takes nothing."""
    where = f"node {opening.node}, {opening.function} {opening.implementation}"
    assert check(instance(), Placement({}, {opening: 1})) == [Violation(Rule.THROUGHPUT, where, message)]


def test_throughput_counts_forwards() -> None:
    """Tests that a number of instances below 0, which no file can hold, is refused and not added up."""
    one = the_one(check(instance(), Placement({}, {Opening("b", "dpi", "vnf"): -1})))
    assert (one.where, one.message) == ("node b, dpi vnf", "cannot be opened -1 times")


def test_opened_instances_fill_their_node_beside_the_chains() -> None:
    """Tests that instances are named as users of a capacity like chains."""
    # 3 instances take 3 x 1 = 3 cores, 2 users 0.1 each, the game 2: 5.2 of 4
    chains = [rated("x"), rated("y"), Chain("g", {"game": Component("game", "game")})]
    spots = {name: standing_at(Spot("b", "vnf")) for name in ("x", "y")}
    placement = Placement(
        {**spots, "g": ChainPlacement({"game": Spot("b", "vnf")}, {})}, {Opening("b", "dpi", "vnf"): 3}
    )
    one = the_one(check(instance(*chains), placement))
    assert (one.rule, one.where, one.amount) == (Rule.CAPACITY, "node b, cpu", 1.2)
    assert one.message == "5.2 used of 4, 1.2 too much, by instances of dpi (3), g (2), x (0.1), y (0.1)"


def test_placed_where_the_needs_are_not_met() -> None:
    """Tests that an implementation that needs a label does not run on a node with another value, or with none."""
    for node, spot in (("b", Spot("b", "vnf-fast")), ("c", Spot("c", "vnf-fast"))):
        placed = ChainPlacement({"dpi": spot}, {})
        alone = Chain("alone", {"dpi": Component("dpi", "dpi", private=True)})
        one = the_one(check(instance(alone), Placement({"alone": placed})))
        assert (one.rule, one.where) == (Rule.PLACED, "chain alone, component dpi")
        assert one.message == f"implementation 'vnf-fast' needs site: rennes, which node '{node}' does not have"
    on_a = ChainPlacement({"dpi": Spot("a", "vnf-fast")}, {})
    assert found(Chain("alone", {"dpi": Component("dpi", "dpi", private=True)}), on_a) == []


# --- per-hop -------------------------------------------------------------------------------------------


def asking(*per_hop: str, strict: bool = False, private: bool = False) -> Chain:
    """gnb -> b over sw and rt, 10 Mbps, with these per-hop functions."""
    flow = Flow("in", "out", 10 * MBPS, per_hop, strict, private)
    return Chain("asks", {"in": Component("in", at="gnb"), "out": Component("out", at="b")}, (flow,))


ASKS = {"asks": ChainPlacement({}, {("in", "out"): ("gnb", "sw", "rt", "b")})}


def test_per_hop_is_opened_or_missing() -> None:
    """Tests that a shared per-hop function must be opened on every switch of the path, in whichever program."""
    chain = asking("queue", "telemetry")
    opened = {Opening("sw", "queue", "p4-deep"): 1, Opening("sw", "telemetry", "p4"): 1}
    assert check(instance(chain), Placement(ASKS, opened)) == []
    del opened[Opening("sw", "queue", "p4-deep")]
    one = the_one(check(instance(chain), Placement(ASKS, opened)))
    assert (one.rule, one.where, one.amount) == (Rule.PER_HOP, "chain asks, flow in -> out, queue", 1)
    assert one.message == "needs 'queue' on every switch of its path, but it is not on sw"


def test_per_hop_names_every_switch_that_lacks_it() -> None:
    """Tests that switches are counted once each, the first and the last node of a path among them."""
    switches = [replace(NODES[1], name=name) for name in ("s1", "s2", "s3")]
    chain = Chain(
        "asks",
        {"in": Component("in", at="s1"), "out": Component("out", at="s3")},
        (Flow("in", "out", MBPS, ("queue",)),),
    )
    small = instance(chain, **{node.name: node for node in switches})
    small = replace(small, links=(*small.links, joined("s1", "s2", 1), joined("s2", "s3", 1)))
    placed = {"asks": ChainPlacement({}, {("in", "out"): ("s1", "s2", "s3")})}
    one = the_one(check(small, Placement(placed, {Opening("s2", "queue", "p4"): 1})))
    assert (one.rule, one.amount) == (Rule.PER_HOP, 2)
    assert one.message == "needs 'queue' on every switch of its path, but it is not on s1, s3"


def test_per_hop_of_a_flow_by_itself() -> None:
    """Tests that a private flow needs nothing opened, but a switch that runs the program, and its stages."""
    chain = asking("queue", private=True)
    assert check(instance(chain), Placement(ASKS)) == []
    # queue takes 10 stages once: a second flow finds 2 of 12 left
    twice = [replace(chain, name=name) for name in ("x", "y")]
    one = the_one(check(instance(*twice), Placement(dict.fromkeys("xy", ASKS["asks"]))))
    assert (one.rule, one.where, one.amount) == (Rule.CAPACITY, "node sw, stages", 8)
    plain = replace(NODES[1], offers=frozenset())
    one = the_one(check(instance(chain, sw=plain), Placement(ASKS)))
    assert (one.rule, one.where) == (Rule.PER_HOP, "chain asks, flow in -> out, queue")


def test_per_hop_programs_have_a_throughput() -> None:
    """Tests that the flows that one program serves are its load, and a private flow the load of its own."""
    over = replace(asking("telemetry"), flows=(Flow("in", "out", 100 * MBPS + 1, ("telemetry",)),))
    opening = Opening("sw", "telemetry", "p4")
    one = the_one(check(instance(over), Placement(ASKS, {opening: 1})))
    assert (one.rule, one.where, one.amount) == (Rule.THROUGHPUT, "node sw, telemetry p4", 1)
    private = replace(over, flows=(replace(over.flows[0], private=True),))
    one = the_one(check(instance(private), Placement(ASKS)))
    assert (one.rule, one.where) == (Rule.THROUGHPUT, "chain asks, flow in -> out, telemetry on sw")
    assert one.message == "has a load of 100000.001 kbps, but its implementation carries 100 Mbps, 1 bps less"
    assert one.amount == 1


def test_per_hop_strict_flows_cross_no_router() -> None:
    """Tests that a strict flow is told of the routers that it crosses, and others may cross them."""
    opened = {Opening("sw", "queue", "p4"): 1}
    assert check(instance(asking("queue")), Placement(ASKS, opened)) == []
    one = the_one(check(instance(asking("queue", strict=True)), Placement(ASKS, opened)))
    assert (one.rule, one.where, one.amount) == (Rule.PER_HOP, "chain asks, flow in -> out", 1)
    assert one.message == "is strict, but its path crosses rt, where no program runs"


def test_per_hop_is_not_asked_of_a_broken_path() -> None:
    """Tests that a path that does not hold is a fault of ``routed`` alone."""
    cut = {"asks": ChainPlacement({}, {("in", "out"): ("gnb", "rt", "b")})}
    assert the_one(check(instance(asking("queue", strict=True)), Placement(cut))).rule is Rule.ROUTED


# --- copies --------------------------------------------------------------------------------------------


def watched() -> Chain:
    """fw -> out with a copy to a probe on b."""
    parts = {"fw": Component("fw", "fw"), "out": Component("out", at="gnb"), "probe": Component("probe", at="b")}
    flows = (Flow("fw", "out", 30 * MBPS), Flow("fw", "probe", 30 * MBPS, copy_of=("fw", "out")))
    return Chain("watched", parts, flows)


def watched_at(host: FlowPath, copy: FlowPath) -> Placement:
    """fw on a, with these paths."""
    placed = ChainPlacement({"fw": Spot("a", "vnf")}, {("fw", "out"): host, ("fw", "probe"): copy})
    return Placement({"watched": placed})


def test_copies_start_with_their_host() -> None:
    """Tests that a copy may leave its host anywhere, and blames a host without a path once."""
    host: FlowPath = ("a", "sw", "gnb")
    for copy in (("a", "sw", "rt", "b"), ("a", "b")):
        assert check(instance(watched()), watched_at(host, copy)) == []
    wrong = check(instance(watched()), watched_at((), ("a", "b")))
    assert [(each.rule, each.where, each.message) for each in wrong] == [
        (Rule.ROUTED, "chain watched, flow fw -> out", "has no path"),
        (Rule.ROUTED, "chain watched, flow fw -> probe",
         "is a copy of fw -> out, whose path does not start where its own does"),
    ]  # fmt: skip


@pytest.mark.parametrize(("host", "copy", "where", "message"), [
    (("a", "sw", "gnb"), ("rt", "b"), "fw -> probe", "its path starts at 'rt', but 'fw' stands on 'a'"),
    (("a", "sw", "gnb"), ("b",), "fw -> probe", "its path starts at 'b', but 'fw' stands on 'a'"),
    (("a", "sw", "gnb"), (), "fw -> probe", "has no path"),
    (("sw", "gnb"), ("rt", "b"), "fw -> out, fw -> probe", "its path starts at 'sw', but 'fw' stands on 'a'"),
])  # fmt: skip
def test_copies_start_where_their_tail_stands(host: FlowPath, copy: FlowPath, where: str, message: str) -> None:
    """Tests that a copy that starts elsewhere than its host is a fault, told of whichever starts at the wrong node."""
    found = check(instance(watched()), watched_at(host, copy))
    assert [each.where for each in found] == [f"chain watched, flow {each}" for each in where.split(", ")]
    assert {each.rule for each in found} == {Rule.ROUTED}
    assert (found[0].message, found[0].amount) == (message, 1)


def test_copies_take_no_link_beside_their_host() -> None:
    """Tests that a link is filled by host and copy once as far as they go together."""
    # a -> sw is 200 Mbps wide
    wide = replace(watched(), flows=tuple(replace(flow, rate_bps=200 * MBPS) for flow in watched().flows))
    assert check(instance(wide), watched_at(("a", "sw", "gnb"), ("a", "sw", "rt", "b"))) == []


# --- rewrites ------------------------------------------------------------------------------------------


def rewriting() -> tuple[Chain, dict[str, Spot]]:
    """Firewalls f0 -> f1 -> f2 on b, the first two equivalent, the last two independent."""
    names = ("f0", "f1", "f2")
    chain = Chain(
        "line",
        {name: Component(name, "fw") for name in names},
        equivalent=(names[:2],),
        independent=(Independent(names[1:]),),
    )
    return chain, dict.fromkeys(names, Spot("b", "vnf"))


NOT_EQUIVALENT = "are merged, but the chain does not list them as equivalent"
NOT_TOGETHER = "are merged, but do not stand on one node in one implementation"


@pytest.mark.parametrize(("merged", "spots", "names", "message"), [
    ((("f0", "f1"),), {}, None, None),
    ((("f1", "f0"),), {}, None, None),
    ((("f0", "f1"), ("f1", "f0")), {}, "f1, f0", "are merged more than once"),
    ((("f1", "f2"),), {}, "f1, f2", NOT_EQUIVALENT),
    ((("f0", "f1", "f2"),), {}, "f0, f1, f2", NOT_EQUIVALENT),
    ((("f0",),), {}, "f0", NOT_EQUIVALENT),  # one alone is not merged with anything
    ((("f0", "ghost"),), {}, "f0, ghost", NOT_EQUIVALENT),
    ((("f0", "f1"),), {"f1": Spot("c", "vnf")}, "f0, f1", NOT_TOGETHER),
    ((("f0", "f1"),), {"f1": Spot("sw", "p4")}, "f0, f1", NOT_TOGETHER),
])  # fmt: skip
def test_placed_merged(
    merged: tuple[tuple[str, ...], ...], spots: dict[str, Spot], names: str | None, message: str | None
) -> None:
    """Tests that only equivalent components that meet in one implementation are merged, and each of them once."""
    chain, placed = rewriting()
    violations = check(instance(chain), Placement({"line": ChainPlacement({**placed, **spots}, {}, merged)}))
    wrong = [Violation(Rule.PLACED, f"chain line, components {names}", message)] if message else []
    # Two firewalls of 1.5 cores fit on b, three do not: what is not merged is charged.
    assert [each for each in violations if each.rule is not Rule.CAPACITY] == wrong


NOT_INDEPENDENT = "run in parallel, but the chain does not list them as independent"


@pytest.mark.parametrize(("parallel", "spots", "names", "message"), [
    ((("f1", "f2"),), {}, [], None),
    ((("f1", "f2"),), {"f1": Spot("b", "p4")}, [], None),  # another way on the same node
    ((("f2", "f1"),), {}, ["f2, f1"], NOT_INDEPENDENT),  # the order is that of the line
    ((("f0", "f1"),), {}, ["f0, f1"], NOT_INDEPENDENT),
    ((("f1", "f2"), ("f1", "f2")), {}, ["f1, f2"] * 2, "run in parallel more than once"),
    ((("f1", "f2"),), {"f2": Spot("c", "vnf")}, ["f1, f2"], "run in parallel, but do not stand on one node"),
    ((("f1", "f2"),), {"f2": Spot("ghost", "vnf")}, ["f1, f2"], "run in parallel, but do not stand on one node"),
])  # fmt: skip
def test_placed_parallel(
    parallel: tuple[tuple[str, ...], ...], spots: dict[str, Spot], names: list[str], message: str | None
) -> None:
    """Tests that only independent components that meet on a node run in parallel."""
    chain, placed = rewriting()
    both = replace(NODES[4], offers=frozenset({Level.P4, Level.VNF}), capacity={"cpu": 9000, "stages": 9})
    answer = Placement({"line": ChainPlacement({**placed, **spots}, {}, (), parallel)})
    violations = [each for each in check(instance(chain, b=both), answer) if "does not exist" not in each.message]
    assert violations == [Violation(Rule.PLACED, f"chain line, components {each}", str(message)) for each in names]


# --- class-share ---------------------------------------------------------------------------------------


def golden(share: Fraction | None, *chains: Chain, **nodes: Node) -> Instance:
    """An instance whose class gold may use a share of everything; all chains but those named bulk are of it."""
    classed = [chain if chain.name == "bulk" else replace(chain, class_name="gold") for chain in chains]
    return replace(instance(*classed, **nodes), classes={"gold": TrafficClass("gold", share)})


def test_class_share_of_a_node() -> None:
    """Tests that the chains of a class together keep to its share of a resource, rounded down, and others do not."""
    chains = [Chain(name, {"game": Component("game", "game")}) for name in ("g1", "g2", "bulk")]
    spot = ChainPlacement({"game": Spot("b", "vnf")}, {})
    roomy = replace(NODES[4], capacity={"cpu": 12000, "memory": 8 * GIB})
    placement = Placement(dict.fromkeys(("g1", "g2", "bulk"), spot))
    # g1 and g2 take 4 of 12 cores; bulk takes 2 more
    assert check(golden(Fraction(1, 3), *chains, b=roomy), placement) == []
    assert check(golden(None, *chains, b=roomy), placement) == []
    short = replace(roomy, capacity={"cpu": 11999, "memory": 8 * GIB})  # a third of it is 3.999...
    one = the_one(check(golden(Fraction(1, 3), *chains, b=short), placement))
    assert (one.rule, one.where, one.amount) == (Rule.CLASS_SHARE, "class gold, node b, cpu", 0.001)
    assert one.message == "4 used of 3.999, 0.001 too much, by g1 (2), g2 (2)"


def test_class_share_of_a_device() -> None:
    """Tests that each device counts by itself."""
    chains, placement = games(g1="gpu-0", g2="gpu-0", g3="gpu-1")
    wide = {"gpu-0": {"share": 1000, "memory": 8 * GIB}, "gpu-1": {"share": 1000, "memory": 8 * GIB}}
    node = replace(NODES[3], devices=wide, capacity={"cpu": 8000}, reserved={})
    one = the_one(check(golden(Fraction(1, 2), *chains, a=node), placement))
    # 2 x 0.3 of gpu-0 and 4 of its 8 GiB; 0.3 of gpu-1; 3 x 0.5 = 1.5 of 8 cores
    assert (one.rule, one.where, one.amount) == (Rule.CLASS_SHARE, "class gold, node a, device gpu-0, share", 0.1)
    assert one.message == "0.6 used of 0.5, 0.1 too much, by g1 (0.3), g2 (0.3)"


def test_class_share_of_a_link() -> None:
    """Tests that each direction counts by itself, against its whole bandwidth, reserved or not."""
    flow = Flow("in", "out", 30 * MBPS)
    chain = Chain("thru", {"in": Component("in", at="gnb"), "out": Component("out", at="a")}, (flow,))
    placement = Placement({"thru": ChainPlacement({}, {("in", "out"): ("gnb", "sw", "a")})})
    # 30 of 1000 Mbps on gnb -> sw, 30 of 100 on sw -> a
    reserved = Link(("sw", "a"), Direction(100 * MBPS, 0, 70 * MBPS), Direction(1, 0))
    assert check(golden(Fraction(3, 10), chain).with_link(reserved), placement) == []
    one = the_one(check(golden(Fraction(29, 100), chain), placement))
    assert (one.rule, one.where, one.amount) == (Rule.CLASS_SHARE, "class gold, link sw -> a", MBPS)
    assert one.message == "30 Mbps used of 29 Mbps, 1 Mbps too much, by thru (30 Mbps)"


def test_class_share_leaves_out_what_is_opened() -> None:
    """Tests that what instances take once belongs to no class, and what their users take each does."""
    chain = rated("x", 10)
    placement = Placement({"x": standing_at(Spot("b", "vnf"))}, {Opening("b", "dpi", "vnf"): 1})
    # x takes 0.1 of 4 cores; the instance 1 core
    assert check(golden(Fraction(1, 40), chain), placement) == []
    private = rated("x", 10, private=True)
    one = the_one(check(golden(Fraction(1, 40), private), replace(placement, instances={})))
    assert (one.where, one.amount) == ("class gold, node b, cpu", 1)


# --- max-moves -----------------------------------------------------------------------------------------

BEFORE = ChainPlacement(
    {"fw": Spot("a", "vnf"), "game": Spot("a", "gpu", "gpu-1")},
    {("in", "fw"): ("gnb", "sw", "a"), ("fw", "game"): ("a",), ("game", "out"): ("a", "sw", "gnb")},
)


def test_max_moves_counts_spots_that_changed() -> None:
    """Tests that node, device and implementation are what moves, not paths, newcomers, or chains that are gone."""
    small = instance(lax(), replace(lax(), name="new"))
    now = Placement({"line": PLACED, "new": BEFORE})  # fw from a to sw, game from gpu-1 to gpu-0
    gone = Placement({"line": BEFORE, "gone": BEFORE, "ghost": PLACED})
    assert check(small, now, gone, 2) == check(small, now, gone) == check(small, now, None, 0) == []
    one = the_one(check(small, now, gone, 1))
    assert (one.rule, one.where, one.amount) == (Rule.MAX_MOVES, "all chains", 1)
    assert one.message == "2 components move, 1 more than the 1 that may"
    detour = replace(PLACED, flows={**PLACED.flows, ("game", "out"): ("a", "b", "rt", "sw", "gnb")})
    rerouted = check(small, Placement({"line": PLACED}), Placement({"line": detour}), 0)
    assert rerouted == []


def fixed(*names: str) -> Chain:
    """The chain with no budget, in which these components are not movable."""
    parts = {name: replace(part, movable=name not in names) for name, part in LINE.components.items()}
    return replace(lax(), components=parts)


def test_max_moves_of_what_is_not_movable() -> None:
    """Tests that what is not movable stays, in every respect, while its node is up."""
    small, before, now = instance(fixed("fw", "game")), Placement({"line": BEFORE}), Placement({"line": PLACED})
    assert check(small, before, before) == check(small, EMPTY, before) == check(small, now) == []
    found = check(small, now, before)
    assert [(each.rule, each.where, each.message, each.amount) for each in found] == [
        (Rule.MAX_MOVES, "chain line, component fw", "is not movable and stood on 'a', but is placed on 'sw'", 1),
        (Rule.MAX_MOVES, "chain line, component game",
         "is not movable, but runs another way on 'a' than before", 1),
    ]  # fmt: skip
    assert [each.where for each in check(instance(fixed("fw")), now, before)] == ["chain line, component fw"]


def test_max_moves_lets_go_of_a_node_that_is_gone() -> None:
    """Tests that what is not movable may leave a node that does not exist any more."""
    lost = Placement({"line": replace(BEFORE, components={"fw": Spot("gone", "vnf")})})
    assert check(instance(fixed("fw", "game")), Placement({"line": PLACED}), lost) == []


# --- the whole and its parts ---------------------------------------------------------------------------

STRICT = replace(
    LINE,
    components={**LINE.components, "dpi": Component("dpi", "dpi", movable=False)},
    flows=(
        *LINE.flows[:2],
        replace(LINE.flows[2], per_hop=("queue", "telemetry"), strict=True, burst_bytes=99),
        Flow("game", "dpi", 30 * MBPS, copy_of=("game", "out")),
    ),
    together=(Group(("fw", "game"), "site"),),
    apart=(Group(("fw", "game")),),
    only={"fw": Where(labels={"trust": ("high",)})},
    never={"game": Where(nodes=("b",))},
    required=True,
    class_name="gold",
    equivalent=(("fw", "dpi"),),
    independent=(Independent(("fw", "game")),),
)
CROWDED = replace(
    instance(
        *(replace(STRICT, name=name) for name in ("x", "y")),
        a=replace(NODES[3], capacity={"cpu": 1600, "memory": GIB}, devices={"gpu-0": {"share": 500}}),
    ).with_link(joined("gnb", "sw", 10, 15, 50)),
    classes={"gold": TrafficClass("gold", Fraction(1, 2)), "silver": TrafficClass("silver")},
)


def placements() -> st.SearchStrategy[Placement]:
    """Placements of x and y, changed at random from good ones, often with names that do not exist."""
    names = ["gnb", "sw", "rt", "a", "b", "c", "ghost"]
    implementations, devices = ["p4", "vnf", "gpu", "vnf-fast", "p4-deep", "ghost"], [None, "gpu-0", "ghost"]
    spots = st.builds(Spot, st.sampled_from(names), st.sampled_from(implementations), st.sampled_from(devices))
    part = st.sampled_from(["in", "fw", "game", "out", "dpi", "ghost"])
    paths = st.lists(st.sampled_from(names), max_size=4).map(tuple)
    changed = st.builds(
        moved,
        st.dictionaries(part, spots, max_size=2),
        st.dictionaries(st.tuples(part, part), paths, max_size=2),
    )
    bare = st.builds(ChainPlacement, st.dictionaries(part, spots), st.dictionaries(st.tuples(part, part), paths))
    groups = st.lists(st.lists(part, max_size=3).map(tuple), max_size=2).map(tuple)
    rewrites = st.builds(lambda chain, *both: replace(chain, merged=both[0], parallel=both[1]), changed, groups, groups)
    opening = st.builds(
        Opening,
        st.sampled_from(names),
        st.sampled_from([*FUNCTIONS, "ghost"]),
        st.sampled_from(implementations),
    )
    return st.builds(
        Placement,
        st.dictionaries(st.sampled_from(["x", "y", "ghost"]), changed | rewrites | bare),
        st.dictionaries(opening, st.integers(-1, 3), max_size=4),
    )


MOST = st.none() | st.integers(0, 3)


@given(placements(), st.none() | placements(), MOST)
def test_check_is_the_union_of_its_parts(placement: Placement, previous: Placement | None, most: int | None) -> None:
    """Tests that a whole check finds what chains, openings, capacities, classes and moves give singly."""
    scene = survey(CROWDED, placement)
    parts = usage_by_chain(CROWDED, placement, scene)
    opened = instances_usage(CROWDED, placement)
    total = total_usage([*parts.values(), *opened.values()])
    shares = takers({**parts, **{f"instances of {name}": part for name, part in opened.items()}})
    union = [
        violation
        for name in (*CROWDED.chains, "ghost")
        for violation in check_chain(CROWDED, name, placement.chains.get(name), scene)
    ]
    for opening in {*placement.instances, *total.loads}:
        served = {name: part.loads[opening] for name, part in parts.items() if opening in part.loads}
        union += check_opening(CROWDED, opening, placement.instances, served)
    for name, used in amounts(total).items():
        union += check_capacity(CROWDED, name, used, shares[name], scene.hops)
        for traffic_class in CROWDED.classes.values():
            own = {
                chain: amounts(part).get(name, 0)
                for chain, part in parts.items()
                if CROWDED.chains[chain].class_name == traffic_class.name
            }
            union += check_class(CROWDED, traffic_class, name, sum(own.values()), shares[name], scene.hops)
    union += check_moves(CROWDED, placement, previous, most)
    assert Counter(check(CROWDED, placement, previous, most)) == Counter(union)


@given(placements(), st.none() | placements(), MOST)
def test_check_never_asks_for_what_it_cannot_name(
    placement: Placement, previous: Placement | None, most: int | None
) -> None:
    """Tests that every violation says where, what, and a positive amount, whatever the placements name."""
    for violation in check(CROWDED, placement, previous, most):
        assert violation.where
        assert violation.message
        assert violation.amount > 0


def test_parts_of_what_does_not_exist_find_nothing() -> None:
    """Tests that asking for an unknown chain, node, device or link is answered, not refused."""
    small = instance(LINE)
    hops = index_hops(small)
    assert check_chain(small, "ghost", None) == []
    for name in (("node", "ghost", "cpu"), ("device", "ghost", "gpu-0", "share"), ("link", "a", "gnb")):
        assert check_capacity(small, name, 1, {"line": 1}, hops) == []
    missing = check_capacity(small, ("device", "a", "ghost", "share"), 100, {"line": 100}, hops)
    assert the_one(missing).message == "0.1 used of 0, 0.1 too much, by line (0.1)"
    assert check_class(small, TrafficClass("ghost"), ("node", "a", "cpu"), 1, {"line": 1}, hops) == []
    nowhere = Opening("ghost", "ghost", "ghost")
    assert the_one(check_opening(small, nowhere, {}, {})).where == "node ghost, ghost ghost"
