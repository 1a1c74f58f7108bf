"""Tests of every cost term, each figure worked out beside it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.costing import Cost, active, balance, chain_cost, cost, hosts, opened
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
from mosaico_place.placement import EMPTY, ChainPlacement, Opening, Placement, Spot
from mosaico_place.rules import OF_CLASSES, CostTerm
from mosaico_place.usage import survey

US = 1000
MS = 10**6
GBPS = 10**9
PER_GBPS = Fraction(1, GBPS)
PER_CORE = Fraction(1, 1000)
"""A price of 1 per core or per GPU, as a price of 1/1000 of it."""

REJECTED, DROPPED, LATENCY, RESOURCES, LINKS, ACTIVE, BALANCE, PREFERENCE, MOVES = (Term(term) for term in CostTerm)
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
        {REJECTED: Fraction(5, 2), DROPPED: Fraction(0), LATENCY: Fraction(0), RESOURCES: Fraction(0),
         LINKS: Fraction(0), ACTIVE: Fraction(0), BALANCE: Fraction(0), PREFERENCE: Fraction(0), MOVES: Fraction(0)},
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
    # counts: 2 Gbps x 3. The fullest is a's cpu, of which the game takes 1 of 4 cores.
    assert found.terms == {
        REJECTED: 0, DROPPED: 0, LATENCY: 5, RESOURCES: 11, LINKS: 6, ACTIVE: 7, BALANCE: Fraction(1, 4),
        PREFERENCE: 1, MOVES: 0,
    }  # fmt: skip


# --- shared functions, merged components ----------------------------------------------------------------------------


SHARING = replace(
    SMALL,
    functions={
        **SMALL.functions,
        "dpi": Function("dpi", {
            "vnf": Implementation("vnf", Level.VNF, {"cpu": 500}, once={"cpu": 1000, "memory": 5}),
            "p4": Implementation("p4", Level.P4, {"stages": 1}, once={"stages": 2}),
        }, shared=True),
        "queue": Function(
            "queue",
            {"p4": Implementation("p4", Level.P4, {"stages": 1}, once={"stages": 3})},
            Prices(opened=Fraction(1, 2)),
            shared=True,
        ),
        "count": Function("count", {"p4": Implementation("p4", Level.P4, {"stages": 6})}),
    },
    prices=replace(SMALL.prices, opened=Fraction(10), move=Fraction(1, 4)),
)  # fmt: skip
ON_A_ALONE = ChainPlacement({"dpi": Spot("a", "vnf")}, {})


def probe(name: str, *, private: bool = False) -> Chain:
    """A chain of one shared component."""
    return Chain(name, {"dpi": Component("dpi", "dpi", private=private)})


def sharing(*chains: Chain, **nodes: Node) -> Instance:
    """The instance with shared functions, with these chains and these nodes changed."""
    return replace(SHARING, chains={chain.name: chain for chain in chains}, nodes={**SHARING.nodes, **nodes})


def test_resources_count_opened_instances() -> None:
    """Tests that each instance costs what it takes once and its opening, and each user what it takes by itself."""
    opening = Opening("a", "dpi", "vnf")
    # On a a core costs 2: two instances of 1 core and 10 for opening, two users of 0.5 cores.
    small = sharing(probe("x"), probe("y"))
    placement = Placement({"x": ON_A_ALONE, "y": ON_A_ALONE}, {opening: 2})
    assert cost(small, placement).terms[RESOURCES] == 2 * (2 + 10) + 2 * 1
    assert opened(small, opening, 2) == 24
    # By itself a component pays for one of each.
    alone = probe("x", private=True)
    assert cost(sharing(alone), Placement({"x": ON_A_ALONE})).terms[RESOURCES] == 2 + 10 + 1


def test_opening_has_the_functions_price_then_the_nodes() -> None:
    """Tests the price of opening: the function's, else the node's, else the instance's; without prices nothing."""
    priced = replace(SHARING.nodes["sw"], prices=Prices(opened=Fraction(7)))
    small = sharing(sw=priced)
    # 3 stages x 1/3 + the queue's own 1/2; 2 stages x 1/3 + the node's 7
    assert opened(small, Opening("sw", "queue", "p4"), 1) == Fraction(3, 2)
    assert opened(small, Opening("sw", "dpi", "p4"), 1) == Fraction(2, 3) + 7
    assert opened(sharing(), Opening("sw", "dpi", "p4"), 1) == Fraction(2, 3) + 10
    assert opened(replace(small, prices=Prices()), Opening("b", "dpi", "vnf"), 1) == 0


@pytest.mark.parametrize(("opening", "count"), [
    (Opening("ghost", "dpi", "vnf"), 1),
    (Opening("a", "ghost", "vnf"), 1),
    (Opening("a", "dpi", "ghost"), 1),
    (Opening("a", "dpi", "p4"), 1),  # which does not run there
    (Opening("a", "fw", "vnf"), 1),  # not shared
    (Opening("a", "dpi", "vnf"), 0),
    (Opening("a", "dpi", "vnf"), -1),
])  # fmt: skip
def test_what_cannot_be_opened_costs_nothing(opening: Opening, count: int) -> None:
    """Tests that an opening that means nothing costs nothing, and never less than that."""
    assert opened(SHARING, opening, count) == 0
    assert cost(SHARING, Placement({}, {opening: count})).terms[RESOURCES] == 0


def test_resources_count_per_hop_programs() -> None:
    """Tests that a flow pays for what serves it: its part of an opened program, or a whole program of its own."""
    flow = Flow("in", "out", GBPS, ("queue", "count"))
    chain = Chain("hops", {"in": Component("in", at="gnb"), "out": Component("out", at="b")}, (flow,))
    placed = {"hops": ChainPlacement({}, {("in", "out"): ("gnb", "sw", "b")})}
    placement = Placement(placed, {Opening("sw", "queue", "p4"): 1})
    # queue: 1 stage for the flow, 3 and the price 1/2 for the instance; count: 6 stages
    assert cost(sharing(chain), placement).terms[RESOURCES] == Fraction(1 + 3 + 6, 3) + Fraction(1, 2)
    private = replace(chain, flows=(replace(flow, private=True),))
    assert cost(sharing(private), Placement(placed)).terms[RESOURCES] == Fraction(1 + 3 + 6, 3) + Fraction(1, 2)


def test_resources_count_merged_components_once() -> None:
    """Tests that of each resource, merged components pay the largest of their prices, and one opening."""
    names = ("fw", "own", "too")
    parts = {name: Component(name, "fw" if name == "fw" else "dpi", private=True) for name in names}
    chain = Chain("merge", {**parts, "fw": Component("fw", "fw")}, equivalent=(names,))
    placed = ChainPlacement(dict.fromkeys(names, Spot("a", "vnf")), {})
    small = sharing(chain)
    # On a, at 2 per core: fw 1.5 cores = 3; own and too 1.5 cores = 3 and 10 for opening, each.
    assert cost(small, Placement({"merge": placed})).terms[RESOURCES] == 3 + 13 + 13
    two = replace(placed, merged=(("own", "too"),))
    assert cost(small, Placement({"merge": two})).terms[RESOURCES] == 3 + 13
    assert cost(small, Placement({"merge": replace(placed, merged=(names,))})).terms[RESOURCES] == 13
    # With a price of its own, 9 per core, what dpi takes is the dearer: 1.5 cores, and 10 for opening.
    own_price = replace(SHARING.functions["dpi"], prices=Prices({"cpu": 9 * PER_CORE}))
    dear = replace(small, functions={**small.functions, "dpi": own_price})
    assert cost(dear, Placement({"merge": replace(placed, merged=(names,))})).terms[RESOURCES] == Fraction(27, 2) + 10


def test_links_leave_out_what_a_copy_shares() -> None:
    """Tests that a copy pays for the links after it has left its host."""
    parts = {"in": Component("in", at="gnb"), "out": Component("out", at="a"), "tap": Component("tap", at="b")}
    chain = Chain("copied", parts, (Flow("in", "out", GBPS), Flow("in", "tap", GBPS, copy_of=("in", "out"))))
    placed = ChainPlacement({}, {("in", "out"): ("gnb", "sw", "a"), ("in", "tap"): ("gnb", "sw", "b")})
    # gnb - sw 1, sw - a 3, and for the copy sw - b 1
    assert terms(chain, placed)[LINKS] == 1 + 3 + 1


def test_latency_knows_the_opened_programs() -> None:
    """Tests that a per-hop program's time is in the latency that is costed."""
    slow = replace(SHARING.functions["queue"].implementations["p4"], processing_ns=3 * MS)
    functions = {**SHARING.functions, "queue": replace(SHARING.functions["queue"], implementations={"p4": slow})}
    flow = Flow("in", "out", GBPS, ("queue",))
    parts = {"in": Component("in", at="gnb"), "out": Component("out", at="b")}
    chain = Chain("hops", parts, (flow,), budgets=(Budget("in", "out", target_ns=MS),))
    placement = Placement(
        {"hops": ChainPlacement({}, {("in", "out"): ("gnb", "sw", "b")})}, {Opening("sw", "queue", "p4"): 1}
    )
    # 0.1 + 3 + 0.1 ms, 1 ms of which are on time
    assert cost(replace(sharing(chain), functions=functions), placement).terms[LATENCY] == Fraction(22, 10)


def test_active_counts_nodes_with_opened_instances() -> None:
    """Tests that an instance makes its node active, once beside the components there, but not one opened 0 times."""
    small = sharing(probe("x"))
    on_b, on_a = Opening("b", "dpi", "vnf"), Opening("a", "dpi", "vnf")
    assert cost(small, Placement({}, {on_b: 3})).terms[ACTIVE] == 4
    assert cost(small, Placement({"x": ON_A_ALONE}, {on_a: 1})).terms[ACTIVE] == 7
    assert cost(small, Placement({"x": ON_A_ALONE}, {on_a: 1, on_b: 1})).terms[ACTIVE] == 7 + 4
    assert cost(small, Placement({}, {on_b: 0, Opening("ghost", "dpi", "vnf"): 1})).terms[ACTIVE] == 0


# --- balance --------------------------------------------------------------------------------------------------------


def test_balance_is_the_fullest_of_all() -> None:
    """Tests that the largest used / capacity counts, be it a node's, a device's or a link direction's."""
    # ON_A: a's cpu 2.5 of 4 = 5/8, gpu 2/5, links: 3 of 10 Gbps
    small = with_chains(LINE)
    assert balance(small, Placement({"line": ON_A})) == Fraction(5, 8)
    roomy = replace(NODES[2], capacity={"cpu": 40_000})
    assert balance(small.with_node(roomy), Placement({"line": ON_A})) == Fraction(2, 5)
    free = replace(roomy, devices={"gpu-0": {"share": 4000}})
    assert balance(small.with_node(free), Placement({"line": ON_A})) == Fraction(3, 10)
    assert balance(small, EMPTY) == 0


def test_balance_counts_reserved_parts_as_capacity_and_leaves_out_what_has_none() -> None:
    """Tests that the share is of the whole capacity, and that what has no capacity has no share."""
    small = with_chains(LINE)
    tight = replace(NODES[2], reserved={"cpu": 1000})
    assert balance(small.with_node(tight), Placement({"line": ON_A})) == Fraction(5, 8)  # memory: 10 of 0
    shut = Direction(0, 0)
    closed = small.with_link(Link(("gnb", "sw"), shut, shut))
    assert balance(closed, Placement({"line": ON_A})) == Fraction(5, 8)


def test_balance_counts_instances_and_merges() -> None:
    """Tests that opened instances count, and that merged components count once."""
    small = sharing(probe("x"))
    # 2 instances of 1 core and a user of half a core, of 4
    assert balance(small, Placement({"x": ON_A_ALONE}, {Opening("a", "dpi", "vnf"): 2})) == Fraction(5, 8)
    twins = Chain("twins", {name: Component(name, "fw") for name in "fg"}, equivalent=(("f", "g"),))
    placed = ChainPlacement(dict.fromkeys("fg", Spot("b", "vnf")), {}, merged=(("f", "g"),))
    assert balance(sharing(twins), Placement({"twins": placed})) == Fraction(3, 8)


# --- dropped, moves -------------------------------------------------------------------------------------------------


def test_dropped_adds_up_weights_of_chains_that_ran() -> None:
    """Tests that only chains that ran before and are not accepted now count; without a placement before, none."""
    ran, new = replace(LINE, name="ran", weight=Fraction(7, 3)), replace(LINE, name="new")
    small = with_chains(ran, new, LINE)
    before = Placement({"ran": ON_A, "line": ON_B, "ghost": ON_A})
    assert cost(small, Placement({"line": ON_B}), before).terms[DROPPED] == Fraction(7, 3)
    assert cost(small, EMPTY, before).terms[DROPPED] == Fraction(7, 3) + Fraction(5, 2)
    assert cost(small, EMPTY).terms[DROPPED] == cost(small, EMPTY, EMPTY).terms[DROPPED] == 0


def test_moves_are_priced_by_function() -> None:
    """Tests that each moved component costs its function's price, else the instance's, whatever changed."""
    game = replace(SHARING.functions["game"], prices=Prices(move=Fraction(5)))
    small = replace(sharing(LINE), functions={**SHARING.functions, "game": game})
    before = Placement({"line": ON_A})
    changes: list[tuple[dict[str, Spot], Fraction]] = [
        ({"fw": Spot("b", "vnf")}, Fraction(1, 4)),  # another node
        ({"fw": Spot("a", "p4")}, Fraction(1, 4)),  # another implementation
        ({"game": Spot("a", "gpu", "gpu-1")}, Fraction(5)),  # another device
        ({"fw": Spot("b", "vnf"), "game": Spot("b", "gpu", "gpu-0")}, Fraction(21, 4)),
        ({}, Fraction(0)),
    ]
    for spots, price in changes:
        now = Placement({"line": replace(ON_A, components={**ON_A.components, **spots})})
        assert cost(small, now, before).terms[MOVES] == price
    assert cost(small, before).terms[MOVES] == 0
    assert cost(replace(small, prices=Prices()), Placement({"line": ON_B}), before).terms[MOVES] == 0


def test_what_is_new_gone_or_rerouted_has_not_moved() -> None:
    """Tests that a chain must run before and after, a component too, and that paths are no matter."""
    small = sharing(LINE, replace(LINE, name="new"))
    rerouted = replace(ON_A, flows={})
    assert cost(small, Placement({"line": rerouted, "new": ON_B}), Placement({"line": ON_A})).terms[MOVES] == 0
    assert cost(small, Placement({"new": ON_B}), Placement({"line": ON_A})).terms[MOVES] == 0
    was_smaller = Placement({"line": ChainPlacement({"game": ON_A.components["game"]}, {})})
    assert cost(small, Placement({"line": ON_B}), was_smaller).terms[MOVES] == 0


# --- classes and sums -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("term", sorted(OF_CLASSES))
def test_terms_of_one_class(term: CostTerm) -> None:
    """Tests that ``TERM.CLASS`` counts the chains of the class alone, and is there only if the objective names it."""
    wish = {"fw": Preference({"b": Fraction(3)})}
    late = (Budget("in", "out", target_ns=MS),)
    chains = [
        replace(LINE, name=name, class_name=class_name, preference=wish, budgets=late)
        for name, class_name in [("one", "office"), ("two", None), ("three", "home"), ("four", "office")]
    ]
    small = sharing(*chains)
    of_class = replace(small, objective=({Term(term, "office"): Fraction(2), Term(term): Fraction(1)},))
    now, before = {"one": ON_B, "two": ON_B, "three": ON_B}, {"one": ON_A, "two": ON_A, "three": ON_A, "four": ON_A}
    found = cost(of_class, Placement(now), Placement(before))
    # one and three pay the same; of class office are one and four, which is the one that is not accepted.
    scene = survey(small)
    parts = {
        chain.name: chain_cost(small, chain, now.get(chain.name), scene, Placement(before))[term]
        if chain.name in now or term in (CostTerm.REJECTED, CostTerm.DROPPED)
        else Fraction(0)
        for chain in chains
    }
    assert sum(parts.values()) == found.terms[Term(term)] > 0
    assert found.terms[Term(term, "office")] == parts["one"] + parts["four"] > 0
    assert found.levels == (2 * found.terms[Term(term, "office")] + found.terms[Term(term)],)
    assert Term(term, "home") not in found.terms


PLACED = st.dictionaries(st.sampled_from(["one", "two", "three", "ghost"]), st.sampled_from([ON_A, ON_B, ON_SWITCH]))
OPENED = st.dictionaries(
    st.builds(
        Opening,
        st.sampled_from(["a", "b", "sw", "ghost"]),
        st.sampled_from(["dpi", "queue", "fw", "ghost"]),
        st.sampled_from(["vnf", "p4", "ghost"]),
    ),
    st.integers(0, 3),
)


@given(PLACED, OPENED, st.none() | PLACED)
def test_cost_is_the_sum_of_its_parts(
    placed: dict[str, ChainPlacement], instances: dict[Opening, int], before: dict[str, ChainPlacement] | None
) -> None:
    """Tests that the cost of a placement is that of its chains and openings one by one, and of its nodes."""
    chains = [
        replace(LINE, name=name, budgets=(Budget("in", "out", target_ns=MS),), class_name=class_name)
        for name, class_name in [("one", "office"), ("two", None), ("three", "home")]
    ]
    instance = replace(sharing(*chains), objective=({OFFICE: Fraction(1)},))
    placement, previous = Placement(placed, instances), None if before is None else Placement(before)
    found = cost(instance, placement, previous)
    scene = survey(instance, placement)
    parts = {chain.name: chain_cost(instance, chain, placed.get(chain.name), scene, previous) for chain in chains}
    openings = {CostTerm.RESOURCES: sum(opened(instance, opening, count) for opening, count in instances.items())}
    for term in set(CostTerm) - {CostTerm.ACTIVE, CostTerm.BALANCE}:
        own = sum(part.get(term, Fraction(0)) for part in parts.values())
        assert found.terms[Term(term)] == own + openings.get(term, 0)
    hosting = {node for chain in chains if chain.name in placed for node in hosts(instance, chain, placed[chain.name])}
    hosting |= {opening.node for opening, count in instances.items() if count} & instance.nodes.keys()
    assert found.terms[ACTIVE] == sum(active(instance, node) for node in hosting)
    assert found.terms[BALANCE] == balance(instance, placement)
    assert found.levels == (parts["one"][CostTerm.REJECTED],)
