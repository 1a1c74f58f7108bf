"""Tests of every cost term, each figure worked out beside it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.costing import Cost, active, chain_cost, cost, hosts
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
    Preference,
    Prices,
    Term,
)
from mosaico_place.placement import EMPTY, ChainPlacement, Placement, Spot
from mosaico_place.rules import CostTerm

US = 1000
MS = 10**6
GBPS = 10**9
PER_GBPS = Fraction(1, GBPS)
PER_CORE = Fraction(1, 1000)
"""A price of 1 per core or per GPU, as a price of 1/1000 of it."""

REJECTED, LATENCY, RESOURCES, LINKS, ACTIVE, PREFERENCE = (Term(term) for term in CostTerm)
OFFICE = Term(CostTerm.REJECTED, "office")

NODES = [
    Node("gnb", Kind.ACCESS),
    Node("sw", Kind.P4_SWITCH, {"stages": 12}, prices=Prices(active=Fraction(0))),
    Node(
        "a",
        Kind.SERVER,
        {"cpu": 4000},
        devices={"gpu-0": {"share": 1000}},
        labels={"site": "rennes"},
        prices=Prices({"cpu": 2 * PER_CORE}, {"share": 5 * PER_CORE}, active=Fraction(7)),
    ),
    Node("b", Kind.SERVER, {"cpu": 4000}, labels={"site": "paris"}),
]
DIRECTION = Direction(10 * GBPS, 100 * US)
SMALL = Instance(
    "small",
    {node.name: node for node in NODES},
    (
        Link(("gnb", "sw"), DIRECTION, DIRECTION),
        Link(("sw", "a"), DIRECTION, DIRECTION, Prices(bandwidth=3 * PER_GBPS)),
        Link(("sw", "b"), DIRECTION, DIRECTION),
    ),
    {
        "fw": Function("fw", {
            "p4": Implementation("p4", Level.P4, {"stages": 3}),
            "vnf": Implementation("vnf", Level.VNF, {"cpu": 1500, "memory": 10}, processing_ns=500 * US),
        }),
        "game": Function(
            "game",
            {"gpu": Implementation("gpu", Level.GPU, {"cpu": 1000}, {"share": 400}, 2 * MS)},
            Prices({"cpu": 9 * PER_CORE}),
        ),
    },
    {},
    prices=Prices({"cpu": PER_CORE, "stages": Fraction(1, 3)}, {}, PER_GBPS, Fraction(4)),
)  # fmt: skip
LINE = Chain(
    "line",
    {
        "in": Component("in", at="gnb"),
        "fw": Component("fw", "fw"),
        "game": Component("game", "game"),
        "out": Component("out", at="gnb"),
    },
    (Flow("in", "fw", 2 * GBPS), Flow("fw", "game", 1 * GBPS), Flow("game", "out", 3 * GBPS)),
    weight=Fraction(5, 2),
)
ON_SWITCH = ChainPlacement(
    {"fw": Spot("sw", "p4"), "game": Spot("a", "gpu", "gpu-0")},
    {("in", "fw"): ("gnb", "sw"), ("fw", "game"): ("sw", "a"), ("game", "out"): ("a", "sw", "gnb")},
)
ON_A = ChainPlacement(
    {"fw": Spot("a", "vnf"), "game": Spot("a", "gpu", "gpu-0")},
    {("in", "fw"): ("gnb", "sw", "a"), ("fw", "game"): ("a",), ("game", "out"): ("a", "sw", "gnb")},
)
ON_B = ChainPlacement(
    {"fw": Spot("b", "vnf"), "game": Spot("a", "gpu", "gpu-0")},
    {
        ("in", "fw"): ("gnb", "sw", "b"),
        ("fw", "game"): ("b", "sw", "a"),
        ("game", "out"): ("a", "sw", "gnb"),
    },
)


def with_chains(*chains: Chain) -> Instance:
    """The small instance with these chains."""
    return replace(SMALL, chains={chain.name: chain for chain in chains})


def terms(chain: Chain, placed: ChainPlacement) -> dict[Term, Fraction]:
    """Cost terms of one accepted chain that are not 0."""
    found = cost(with_chains(chain), Placement({chain.name: placed}))
    return {term: value for term, value in found.terms.items() if value}


def test_rejected_adds_up_weights_of_absent_chains() -> None:
    """Tests that absent chains count by weight, all of them and per class that the objective names."""
    one = replace(LINE, name="one", class_name="office", weight=Fraction(1, 3))
    two = replace(LINE, name="two", class_name="office")
    three = replace(LINE, name="three", class_name="home", weight=Fraction(10))
    instance = replace(
        with_chains(one, two, three),
        objective=({OFFICE: Fraction(2), REJECTED: Fraction(1, 2)}, {REJECTED: Fraction(1)}),
    )
    found = cost(instance, Placement({"two": ON_A}))
    # absent: one (1/3, office) and three (10, home)
    assert found.terms[REJECTED] == Fraction(31, 3)
    assert found.terms[OFFICE] == Fraction(1, 3)
    assert found.levels == (2 * Fraction(1, 3) + Fraction(31, 6), Fraction(31, 3))
    assert Term(CostTerm.REJECTED, "home") not in found.terms


def test_nothing_accepted_costs_only_rejections() -> None:
    """Tests that the empty placement has every term, all 0 but the rejections."""
    found = cost(with_chains(LINE), EMPTY)
    assert found == Cost(
        {REJECTED: Fraction(5, 2), LATENCY: Fraction(0), RESOURCES: Fraction(0), LINKS: Fraction(0),
         ACTIVE: Fraction(0), PREFERENCE: Fraction(0)},
        (Fraction(5, 2), Fraction(0), Fraction(0)),
    )  # fmt: skip


def test_latency_is_ms_above_target_times_weight() -> None:
    """Tests that every budget with a target counts what it is late, and one that is early counts nothing."""
    # ON_A: in->fw 200 us, fw 500 us, hand-over 0, game 2 ms, game->out 200 us: in..out 2900 us, fw..game 2500 us.
    late = replace(LINE, budgets=(
        Budget("in", "out", within_ns=9 * MS, target_ns=2 * MS),  # 0.9 ms late
        Budget("fw", "game", target_ns=2499 * US),  # 0.001 ms late
        Budget("game", "out", target_ns=2200 * US),  # exactly on time
        Budget("fw", "fw", target_ns=9 * MS),  # early: no bonus
        Budget("in", "game", within_ns=1),  # no target
    ))  # fmt: skip
    assert terms(late, ON_A)[LATENCY] == Fraction(5, 2) * Fraction(901, 1000)


def test_resources_prefer_the_functions_price_then_the_nodes() -> None:
    """Tests the price of each resource: the function's, else the node's, else the instance's, else none."""
    # On a: fw 1.5 cores x 2 (node) + memory x 0; game 1 core x 9 (function) + 0.4 GPU x 5 (node) = 3 + 9 + 2.
    assert terms(LINE, ON_A)[RESOURCES] == 14
    # On b: fw 1.5 cores x 1 (instance); the game on a as before.
    assert terms(LINE, ON_B)[RESOURCES] == Fraction(3, 2) + 11
    # On sw: 3 stages x 1/3, exactly.
    assert terms(LINE, ON_SWITCH)[RESOURCES] == 1 + 11


def test_links_count_every_link_a_flow_crosses() -> None:
    """Tests priced Gbps x links, with a link's own price where it has one, in both directions."""
    # gnb-sw costs 1 per Gbps, sw-a 3, sw-b 1.  ON_A: in->fw 2 x (1 + 3), fw->game 0, game->out 3 x (3 + 1).
    assert terms(LINE, ON_A)[LINKS] == 8 + 12
    # ON_B: in->fw 2 x (1 + 1), fw->game 1 x (1 + 3), game->out 12.
    assert terms(LINE, ON_B)[LINKS] == 4 + 4 + 12


def test_active_counts_each_hosting_node_once() -> None:
    """Tests that a node is paid once whoever stands on it, never for endpoints, at its own price if it has one."""
    assert terms(LINE, ON_A)[ACTIVE] == 7  # both on a; gnb hosts endpoints only, sw only forwards
    assert terms(LINE, ON_B)[ACTIVE] == 7 + 4
    assert terms(LINE, ON_SWITCH)[ACTIVE] == 7 + 0  # the switch's own price is 0
    two = with_chains(LINE, replace(LINE, name="two"))
    assert cost(two, Placement({"line": ON_A, "two": ON_B})).terms[ACTIVE] == 7 + 4


def test_preference_adds_up_matching_nodes_and_labels() -> None:
    """Tests that a component pays for its node and for each label value that matches."""
    wish = Preference({"a": Fraction(1, 2)}, {"site": {"rennes": Fraction(3), "paris": Fraction(20)}})
    likes = replace(LINE, preference={"fw": wish, "game": Preference(labels={"site": {"rennes": Fraction(1)}})})
    assert terms(likes, ON_A)[PREFERENCE] == Fraction(1, 2) + 3 + 1
    assert terms(likes, ON_B)[PREFERENCE] == 20 + 1
    assert terms(likes, ON_SWITCH)[PREFERENCE] == 1  # the switch has no label


def test_levels_are_weighted_sums() -> None:
    """Tests that a level multiplies each term by its weight and a term may stand in two levels."""
    objective = ({RESOURCES: Fraction(1, 10), LINKS: Fraction(2)}, {ACTIVE: Fraction(1)}, {LINKS: Fraction(1)})
    found = cost(replace(with_chains(LINE), objective=objective), Placement({"line": ON_A}))
    assert found.levels == (Fraction(14, 10) + 40, Fraction(7), Fraction(20))


def test_cost_skips_dangling_names() -> None:
    """Tests that names that do not exist cost nothing and crash nothing."""
    picky = replace(
        LINE,
        budgets=(Budget("in", "out", target_ns=0), Budget("game", "game", target_ns=0)),
        preference={"fw": Preference({"ghost": Fraction(9)}), "game": Preference({"a": Fraction(1)})},
    )
    dangling = ChainPlacement(
        {
            "fw": Spot("ghost", "vnf"),
            "game": Spot("a", "gpu", "ghost"),
            "nobody": Spot("a", "vnf"),
            "in": Spot("b", "vnf"),
        },
        {("in", "fw"): ("gnb", "ghost", "sw", "a"), ("x", "y"): ("sw", "a"), ("game", "out"): ()},
    )
    found = cost(with_chains(picky), Placement({"line": dangling, "ghost": ON_A}))
    # game runs: 9 + 2 for resources, 7 for its node, 1 for liking it, 2 ms x 5/2 late; of the paths only sw->a
    # counts: 2 Gbps x 3.
    assert found.terms == {
        REJECTED: 0, LATENCY: 5, RESOURCES: 11, LINKS: 6, ACTIVE: 7, PREFERENCE: 1,
    }  # fmt: skip


@given(st.dictionaries(st.sampled_from(["one", "two", "three", "ghost"]), st.sampled_from([ON_A, ON_B, ON_SWITCH])))
def test_cost_is_the_sum_of_its_parts(placed: dict[str, ChainPlacement]) -> None:
    """Tests that the cost of a placement is that of its chains one by one, and of its nodes."""
    chains = [
        replace(LINE, name=name, budgets=(Budget("in", "out", target_ns=MS),), class_name=class_name)
        for name, class_name in [("one", "office"), ("two", None), ("three", "home")]
    ]
    instance = replace(with_chains(*chains), objective=({OFFICE: Fraction(1)},))
    found = cost(instance, Placement(placed))
    parts = {chain.name: chain_cost(instance, chain, placed.get(chain.name)) for chain in chains}
    for term in set(CostTerm) - {CostTerm.ACTIVE}:
        assert found.terms[Term(term)] == sum(part.get(term, Fraction(0)) for part in parts.values())
    hosting = {node for chain in chains if chain.name in placed for node in hosts(instance, chain, placed[chain.name])}
    assert found.terms[ACTIVE] == sum(active(instance, node) for node in hosting)
    assert found.levels == (parts["one"][CostTerm.REJECTED],)
