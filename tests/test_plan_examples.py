"""Plans worked out by hand: what is started first, what cannot be helped, and what the judge says of wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from mosaico_place.checking import check
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
    TrafficClass,
)
from mosaico_place.placement import EMPTY, ChainPlacement, Opening, Placement, Spot
from mosaico_place.planning import Act, Interruption, Plan, Step, Transition, check_plan, plan, plan_lines
from mosaico_place.rules import Rule

GBPS = 10**9
S = 10**9
FUNCTIONS = {
    "app": Function("app", {"vnf": Implementation("vnf", Level.VNF, {"cpu": 2000})}, state_bytes=GBPS // 8),
    "half": Function("half", {"vnf": Implementation("vnf", Level.VNF, {"cpu": 1000})}),
    "gpu": Function("gpu", {"gpu": Implementation("gpu", Level.GPU, {"cpu": 1000}, {"share": 500})}),
    "nat": Function("nat", {"p4": Implementation("p4", Level.P4, {"stages": 2})}, reload_ns=3 * S),
    "dpi": Function(
        "dpi",
        {"vnf": Implementation("vnf", Level.VNF, {}, once={"cpu": 1000}, capacity_bps=2 * GBPS)},
        shared=True,
    ),
    "tele": Function(
        "tele",
        {name: Implementation(name, Level.P4, once={"stages": 1}) for name in ("p4", "p4-new")},
        shared=True,
        reload_ns=3 * S,
    ),
}


def network(*chains: Chain, cpu: Mapping[str, int], functions: Mapping[str, Function] = FUNCTIONS) -> Instance:
    """Servers with so many cores on both of two joined switches, to one of which the users are attached; 10 Gbps."""
    way = Direction(10 * GBPS, 1000)
    nodes = [Node("gnb", Kind.ACCESS), *(Node(name, Kind.P4_SWITCH, {"stages": 2}) for name in ("sw", "tw"))]
    gpus = {"one": {"share": 1000}, "two": {"share": 1000}}
    nodes += [Node(name, Kind.SERVER, {"cpu": 1000 * cores}, devices=gpus) for name, cores in cpu.items()]
    pairs = [("sw", "gnb"), ("sw", "tw"), *((switch, name) for switch in ("sw", "tw") for name in cpu)]
    return Instance(
        "by hand",
        {node.name: node for node in nodes},
        tuple(Link(pair, way, way) for pair in pairs),
        functions,
        {chain.name: chain for chain in chains},
    )


def line(name: str, *functions: str, rate: int = GBPS, per_hop: tuple[str, ...] = ()) -> Chain:
    """A chain from the users through components a, b, ..."""
    names = ["in", *"abcd"[: len(functions)]]
    components = {"in": Component("in", at="gnb")}
    components |= {key: Component(key, function) for key, function in zip(names[1:], functions, strict=True)}
    flows = tuple(Flow(tail, head, rate, per_hop) for tail, head in pairwise(names))
    return Chain(name, components, flows)


def at(*nodes: str, how: str = "vnf", device: str | None = None, over: str = "sw") -> ChainPlacement:
    """The line with its components on these nodes, its flows over a switch."""
    spots = {key: Spot(node, how, device) for key, node in zip("abcd", nodes, strict=False)}
    stops = ["gnb", *nodes]
    names = ["in", *spots]
    flows = {}
    for i in range(len(nodes)):
        middle = ("sw", "tw") if over == "tw" and stops[i] == "gnb" else (over,)
        path = (stops[i], *(node for node in middle if node not in stops[i : i + 2]), stops[i + 1])
        flows[names[i], names[i + 1]] = (stops[i],) if stops[i] == stops[i + 1] else path
    return ChainPlacement(spots, flows)


def planned(
    instance: Instance,
    before: Mapping[str, ChainPlacement],
    after: Mapping[str, ChainPlacement],
    earlier: Instance | None = None,
    opened: tuple[Mapping[Opening, int], Mapping[Opening, int]] = ({}, {}),
) -> Plan:
    """The plan, after the judge has passed it."""
    there = Transition(earlier or instance, instance, Placement(before, opened[0]), Placement(after, opened[1]))
    assert check(instance, there.after) == []
    found = plan(there)
    assert check_plan(there, found) == []
    return found


def acts(found: Plan) -> list[tuple[str, str | None, str | None]]:
    """(act, chain, component) of each step."""
    return [(str(step.act), step.chain, step.component) for step in found.steps]


def test_a_move() -> None:
    """Tests that the new one starts, the state is carried, the traffic switches, the old one stops."""
    small = network(line("x", "app"), cpu={"one": 2, "two": 2})
    found = planned(small, {"x": at("one")}, {"x": at("two")})
    assert plan_lines(found) == [
        "1. start a of x on two (vnf)",
        "2. transfer a of x from one (vnf) to two (vnf), 100 ms",  # 125 MB over 10 Gbps
        "3. switch x: in -> a over gnb, sw, two",
        "4. stop a of x on one (vnf)",
    ]


def test_times_are_told_to_four_digits() -> None:
    """Tests that 2 GiB over 10 Gbps, 1.717986919 s rounded up, are told as people say it."""
    functions = {**FUNCTIONS, "app": replace(FUNCTIONS["app"], state_bytes=2**31)}
    small = network(line("x", "app"), cpu={"one": 2, "two": 2}, functions=functions)
    found = planned(small, {"x": at("one")}, {"x": at("two")})
    assert found.steps[1].duration_ns == 1_717_986_919
    assert plan_lines(found)[1] == "2. transfer a of x from one (vnf) to two (vnf), 1.718 s"


def test_what_leaves_goes_first_and_what_arrives_comes_last() -> None:
    """Tests that a move takes the place of a chain that departs, and an arrival the place that the move leaves."""
    earlier = network(line("gone", "app"), line("x", "app"), cpu={"one": 2, "two": 2})
    now = network(line("x", "app"), line("new", "app"), cpu={"one": 2, "two": 2})
    found = planned(now, {"gone": at("two"), "x": at("one")}, {"new": at("one"), "x": at("two")}, earlier)
    assert acts(found) == [
        ("stop", "gone", None),
        ("stop", "gone", "a"),
        ("start", "x", "a"),
        ("transfer", "x", "a"),
        ("switch", "x", None),
        ("stop", "x", "a"),
        ("start", "new", "a"),
        ("switch", "new", None),
    ]


def test_nothing_to_do() -> None:
    """Tests that a rate that changes, where nothing has to, gives an empty plan."""
    earlier, now = (network(line("x", "app", rate=rate), cpu={"one": 2}) for rate in (GBPS, 2 * GBPS))
    assert planned(now, {"x": at("one")}, {"x": at("one")}, earlier) == Plan()
    assert planned(now, {}, {}, earlier) == Plan()


def test_the_one_order_that_works() -> None:
    """Tests that x, written first, waits for y: on one, y's b can only come while y's a has not left yet.

    one has 4 cores, of which y.a has 2. y.a goes to two, y.b (2) comes; x.a (2) comes too. With x first, y would need
    2 + 2 + 2.
    """
    small = network(line("x", "app"), line("y", "app", "app"), cpu={"one": 4, "two": 2, "three": 2, "four": 2})
    before = {"x": at("three"), "y": at("one", "four")}
    found = planned(small, before, {"x": at("one"), "y": at("two", "one")})
    assert [step.chain for step in found.steps if step.act is Act.SWITCH] == ["y", "x"]
    assert found.interruptions == ()


def test_a_temporary_spot() -> None:
    """Tests that two chains that change places do so over a third one, where there is one."""
    small = network(line("x", "app"), line("y", "app"), cpu={"one": 2, "two": 2, "three": 2})
    found = planned(small, {"x": at("one"), "y": at("two")}, {"x": at("two"), "y": at("one")})
    spots = [step.placement.components["a"].node for step in found.steps if step.placement is not None]
    assert (spots, found.interruptions) == (["three", "one", "two"], ())


def test_what_is_not_movable_takes_no_temporary_spot() -> None:
    """Tests that of two chains that change places, the one that may move takes the detour."""
    fixed = line("x", "app")
    fixed = replace(fixed, components={**fixed.components, "a": Component("a", "app", movable=False)})
    small = network(fixed, line("y", "app"), cpu={"one": 2, "two": 2, "three": 2})
    found = plan(
        Transition(
            small, small, Placement({"x": at("one"), "y": at("two")}), Placement({"x": at("two"), "y": at("one")})
        )
    )
    assert [step.chain for step in found.steps if step.act is Act.SWITCH] == ["y", "x", "y"]


def test_an_interruption() -> None:
    """Tests that where nothing is free, one of the two chains stands still until the other has made way.

    The weight decides which; it stands still while both states (100 ms each) are carried.
    """
    light = replace(line("y", "app"), weight=Fraction(1, 2))
    small = network(line("x", "app"), light, cpu={"one": 2, "two": 2})
    found = planned(small, {"x": at("one"), "y": at("two")}, {"x": at("two"), "y": at("one")})
    assert acts(found) == [
        ("stop", "y", None),
        ("stop", "y", "a"),
        ("start", "x", "a"),
        ("transfer", "x", "a"),
        ("switch", "x", None),
        ("stop", "x", "a"),
        ("start", "y", "a"),
        ("transfer", "y", "a"),
        ("switch", "y", None),
    ]
    assert found.interruptions == (Interruption("y", ("a",), 0, 8, S // 5),)
    assert plan_lines(found)[-1] == "y is interrupted from step 1 to 9, for 200 ms, moving a"


def test_an_interruption_of_no_length() -> None:
    """Tests that a chain without state is named all the same, and that what stays on its spot does not stop."""
    small = network(line("x", "half", "app"), cpu={"one": 3, "two": 1})
    functions = {**FUNCTIONS, "app": replace(FUNCTIONS["app"], state_bytes=0)}
    small = replace(small, functions=functions)
    # a (1 core) and b (2) on one; a goes to two, which is too small for both of a's while y is there
    crowd = {**small.chains, "y": line("y", "half")}
    small = replace(small, chains=crowd)
    before = {"x": at("one", "one"), "y": at("two")}
    found = planned(small, before, {"x": at("two", "one"), "y": at("one")})
    assert [(one.chain, one.components, one.length_ns) for one in found.interruptions] == [("x", ("a",), 0)]
    assert not [step for step in found.steps if step.component == "b"]


@pytest.mark.parametrize(("hitless", "length"), [(False, 3 * S), (True, 0)])
def test_a_program_that_takes_the_place_of_another(*, hitless: bool, length: int) -> None:
    """Tests that a chain stands still while another program of its per-hop function is loaded under it."""
    small = network(line("x", "app", per_hop=("tele",)), cpu={"one": 2})
    small = small.with_node(replace(small.nodes["sw"], hitless=hitless))
    old, new = ({Opening("sw", "tele", name): 1} for name in ("p4", "p4-new"))
    found = planned(small, {"x": at("one")}, {"x": at("one")}, opened=(old, new))
    assert plan_lines(found) == [
        "1. stop the traffic of x",
        "2. stop 1 instance of tele (p4) on sw",
        f"3. start 1 instance of tele (p4-new) on sw{'' if hitless else ', 3 s'}",
        "4. switch x: in -> a over gnb, sw, one",
        f"x is interrupted from step 1 to 4, for {'0 ns' if hitless else '3 s'}",
    ]
    assert found.interruptions == (Interruption("x", (), 0, 3, length),)


def test_programs_are_loaded() -> None:
    """Tests that a component that starts as a program on a switch which is not hitless takes its reload."""
    small = network(line("x", "nat"), cpu={})
    small = small.with_node(replace(small.nodes["tw"], hitless=True))
    found = planned(small, {"x": at("sw", how="p4")}, {"x": at("tw", how="p4")})
    assert [step.duration_ns for step in found.steps] == [0, 0, 0]
    found = planned(small, {"x": at("tw", how="p4")}, {"x": at("sw", how="p4")})
    assert [step.duration_ns for step in found.steps] == [3 * S, 0, 0]
    assert found.interruptions == ()


def test_a_link_of_both_paths_counts_once() -> None:
    """Tests that a flow of 6 Gbps moves over the 10 Gbps that both its paths begin with, and not over less."""
    small = network(line("x", "half", rate=6 * GBPS), cpu={"one": 1, "two": 1})
    found = planned(small, {"x": at("one")}, {"x": at("two")})
    assert [str(step.act) for step in found.steps] == ["start", "switch", "stop"]
    rerouted = planned(small, {"x": at("one")}, {"x": at("one", over="tw")})
    assert [(str(step.act), dict(step.paths)) for step in rerouted.steps] == [
        ("switch", {("in", "a"): ("gnb", "sw", "tw", "one")})
    ]
    # x.b comes from two to one: over sw -> one run x's old first flow and its new second one
    both = network(line("x", "half", "half", rate=6 * GBPS), cpu={"one": 2, "two": 2})
    found = planned(both, {"x": at("one", "two")}, {"x": at("two", "one")})
    assert [one.chain for one in found.interruptions] == ["x"]


def test_what_is_drained_runs_until_it_has_moved() -> None:
    """Tests that a drained server holds its components, and its instances, until the traffic has left them."""
    earlier = network(line("x", "app"), line("y", "dpi"), cpu={"one": 3, "two": 3})
    now = earlier.with_node(replace(earlier.nodes["one"], drained=True))
    before, after = ({Opening(node, "dpi", "vnf"): 1} for node in ("one", "two"))
    found = planned(now, {"x": at("one"), "y": at("one")}, {"x": at("two"), "y": at("two")}, earlier, (before, after))
    assert found.interruptions == ()
    assert plan_lines(found) == [
        "1. start a of x on two (vnf)",
        "2. transfer a of x from one (vnf) to two (vnf), 100 ms",
        "3. switch x: in -> a over gnb, sw, two",
        "4. stop a of x on one (vnf)",
        "5. start 1 instance of dpi (vnf) on two",
        "6. start a of y on two (vnf)",
        "7. switch y: in -> a over gnb, sw, two",
        "8. stop a of y on one (vnf)",
        "9. stop 1 instance of dpi (vnf) on one",
    ]


def test_what_is_down_is_gone() -> None:
    """Tests that nothing of a dead server is stopped or carried, and its chain is not interrupted by the plan."""
    earlier = network(line("x", "app"), line("y", "dpi"), cpu={"one": 3, "two": 3})
    now = earlier.with_node(replace(earlier.nodes["one"], up=False))
    before, after = ({Opening(node, "dpi", "vnf"): 1} for node in ("one", "two"))
    found = planned(now, {"x": at("one"), "y": at("one")}, {"x": at("two"), "y": at("two")}, earlier, (before, after))
    assert [str(step.act) for step in found.steps] == ["start", "switch", "start", "start", "switch"]
    assert found.interruptions == ()


def test_a_dead_device_holds_nothing() -> None:
    """Tests that what ran on a device that is down is not stopped; its node's cores are free."""
    earlier = network(line("x", "gpu"), line("y", "gpu"), cpu={"one": 2})
    now = earlier.with_node(replace(earlier.nodes["one"], devices_down=frozenset({"one"})))
    before = {"x": at("one", how="gpu", device="one"), "y": at("one", how="gpu", device="two")}
    after = {name: at("one", how="gpu", device="two") for name in ("x", "y")}
    assert acts(planned(now, before, after, earlier)) == [("start", "x", "a"), ("switch", "x", None)]


def test_what_the_event_has_cut_may_stop_first() -> None:
    """Tests that a chain whose path is cut gives way to others without being named.

    x and y change places and nothing is free; the link that x runs over is down.
    """
    earlier = network(line("x", "app"), line("y", "app"), cpu={"one": 2, "two": 2})
    (link,) = [link for link in earlier.links if link.ends == ("sw", "one")]
    now = earlier.with_link(replace(link, up=False))
    found = planned(now, {"x": at("one"), "y": at("two")}, {"x": at("two"), "y": at("one", over="tw")}, earlier)
    assert acts(found)[:2] == [("stop", "x", None), ("stop", "x", "a")]
    assert found.interruptions == ()


def test_what_the_event_has_broken_may_stay_broken_for_a_while() -> None:
    """Tests that a server that is overfull by now is left, step by step, and nothing is added to it meanwhile."""
    earlier = network(line("x", "app"), line("y", "app"), line("z", "half"), cpu={"one": 4, "two": 5})
    now = earlier.with_node(replace(earlier.nodes["one"], capacity={"cpu": 1000}))
    before = {"x": at("one"), "y": at("one"), "z": at("two")}
    found = planned(now, before, {"x": at("two"), "y": at("two"), "z": at("one")}, earlier)
    assert [step.chain for step in found.steps if step.act is Act.SWITCH] == ["x", "y", "z"]
    assert found.interruptions == ()


def test_instances_are_opened_before_and_closed_after_their_users() -> None:
    """Tests that as many are opened as are needed by then, and closed as soon as nobody needs them."""
    chains = [line(name, "dpi", rate=2 * GBPS) for name in ("x", "y")]
    small = network(*chains, cpu={"one": 2, "two": 2})
    two, one = Opening("two", "dpi", "vnf"), Opening("one", "dpi", "vnf")
    before, after = {"x": at("one"), "y": at("one")}, {"x": at("two"), "y": at("two")}
    found = planned(small, before, after, opened=({one: 2}, {two: 2}))
    assert [(str(step.act), step.chain, step.count) for step in found.steps] == [
        ("start", None, 1), ("start", "x", 0), ("switch", "x", 0), ("stop", "x", 0), ("stop", None, 1),
        ("start", None, 1), ("start", "y", 0), ("switch", "y", 0), ("stop", "y", 0), ("stop", None, 1),
    ]  # fmt: skip


def test_a_class_keeps_to_its_share() -> None:
    """Tests that old and new together stay within the share of the class on every node and link."""
    chain = replace(line("x", "half", "half", rate=GBPS), class_name="gold")
    small = replace(network(chain, cpu={"one": 2, "two": 2}), classes={"gold": TrafficClass("gold", Fraction(1, 2))})
    # half of two cores is one: both components cannot be on one, not even for a moment
    found = planned(small, {"x": at("one", "two")}, {"x": at("two", "one")})
    assert [one.chain for one in found.interruptions] == ["x"]
    free = replace(small, classes={})
    assert planned(free, {"x": at("one", "two")}, {"x": at("two", "one")}).interruptions == ()


def test_merging_and_parting_in_place() -> None:
    """Tests that a merged process that goes on is charged once, whatever it merges or parts with on its spot."""
    chain = replace(line("x", "half", "half"), equivalent=(("a", "b"),))
    small = network(chain, cpu={"one": 1, "two": 1})
    merged = replace(at("one", "one"), merged=(("a", "b"),))
    apart = planned(small, {"x": merged}, {"x": at("one", "two")})
    assert acts(apart) == [("start", "x", "b"), ("switch", "x", None), ("stop", "x", "b")]
    back = planned(small, {"x": at("one", "two")}, {"x": merged})
    assert acts(back) == [("start", "x", "b"), ("switch", "x", None), ("stop", "x", "b")]


def test_a_handover_and_a_new_form() -> None:
    """Tests that a user who moves takes the flow along, and that a chain that gains a component starts it."""
    earlier = network(line("x", "app"), cpu={"one": 4})
    chain = earlier.chains["x"]
    moved = replace(chain, components={**chain.components, "in": Component("in", at="tw")})
    there = ChainPlacement({"a": Spot("one", "vnf")}, {("in", "a"): ("tw", "one")})
    found = planned(earlier.with_chain(moved), {"x": at("one")}, {"x": there}, earlier)
    assert acts(found) == [("switch", "x", None)]
    longer = planned(earlier.with_chain(line("x", "app", "half")), {"x": at("one")}, {"x": at("one", "one")}, earlier)
    assert acts(longer) == [("start", "x", "b"), ("switch", "x", None)]
    shorter = planned(earlier, {"x": at("one", "one")}, {"x": at("one")}, earlier.with_chain(line("x", "app", "half")))
    assert acts(shorter) == [("switch", "x", None), ("stop", "x", "b")]


def test_state_that_cannot_be_carried() -> None:
    """Tests that where no path leads from the old spot to the new one, the time is unknown, not 0."""
    small = network(line("x", "app", rate=0), cpu={"one": 2, "two": 2})
    full = Direction(10 * GBPS, 1000, 10 * GBPS)
    links = tuple(replace(link, forth=full) if link.ends[1] == "two" else link for link in small.links)
    blocked = replace(small, links=links)
    there = Transition(blocked, blocked, Placement({"x": at("one")}), Placement({"x": at("two")}))
    (carried,) = [step for step in plan(there).steps if step.act is Act.TRANSFER]
    assert carried.duration_ns is None
    assert "which takes a time that cannot be told" in plan_lines(plan(there))[1]


def test_a_plan_to_what_breaks_a_rule_ends() -> None:
    """Tests that a placement that is not valid is led to all the same, and the judge says what does not fit."""
    small = network(line("x", "app"), line("y", "app"), cpu={"one": 2, "two": 2})
    there = Transition(
        small, small, Placement({"x": at("one"), "y": at("two")}), Placement({"x": at("two"), "y": at("two")})
    )
    found = plan(there)
    violations = check_plan(there, found)
    assert [(one.rule, one.where) for one in violations] == [(Rule.TRANSIENT, "step 3, node two, cpu")]
    assert violations[0].amount == 2


# --- what the judge says of wrong plans ------------------------------------------------------------------

SMALL = network(line("x", "app"), line("y", "app"), cpu={"one": 2, "two": 2})
THERE = Transition(SMALL, SMALL, Placement({"x": at("one")}), Placement({"x": at("two")}))
START = Step(Act.START, "x", "a", Spot("two", "vnf"))
CARRY = Step(Act.TRANSFER, "x", "a", Spot("two", "vnf"), Spot("one", "vnf"), duration_ns=S // 10)
SWITCH = Step(Act.SWITCH, "x", placement=at("two"), paths=at("two").flows)
STOP = Step(Act.STOP, "x", "a", Spot("one", "vnf"))
HALT = Step(Act.STOP, "x")
DPI = Opening("two", "dpi", "vnf")
WRONG = {
    "nothing is done": ([], "end, chain x: does not run as it is to run after the last step"),
    "nobody knows it": (
        [START, CARRY, SWITCH, STOP, Step(Act.STOP, "z")], "step 5, stop z: there is no such chain",
    ),
    "not started": ([SWITCH, STOP], "step 1, switch x: what it switches to has not started: a"),
    "state is lost": ([START, SWITCH, STOP], "step 2, switch x: state is left behind: a"),
    "carried in no time": (
        [START, replace(CARRY, duration_ns=0), SWITCH, STOP], "step 2, transfer x: takes another time",
    ),
    "carried twice": (
        [START, CARRY, CARRY, SWITCH, STOP], "step 3, transfer x: a has no state to carry, or it is there by now",
    ),
    "carried too late": ([START, SWITCH, CARRY, STOP], "step 3, transfer x: a is not on its way there"),
    "stopped too early": (
        [START, CARRY, STOP, SWITCH], "step 3, stop x: a still carries traffic, or does not run there",
    ),
    "not stopped": ([START, CARRY, SWITCH], "end, chain x: does not run as it is to run after the last step"),
    "switched to nowhere": ([START, CARRY, STOP], "step 1, start x: no switch follows"),
    "an interruption that nobody names": (
        [HALT, STOP, START, CARRY, SWITCH],
        "step 1, chain x: stands still because of the plan, which does not say so, or says it otherwise",
    ),
    "instances that nobody wants": (
        [Step(Act.START, opening=DPI, count=1), START, CARRY, SWITCH, STOP],
        "end, instances: other instances are opened after the last step than are wanted",
    ),
    "instances that are not there": (
        [Step(Act.STOP, opening=DPI, count=1), START, CARRY, SWITCH, STOP],
        "step 1, stop two dpi vnf: only 0 are opened",
    ),
    "wrong paths": (
        [START, CARRY, replace(SWITCH, paths={}), STOP],
        "step 3, switch x: its paths are not those of the flows that change",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_the_judge_finds(case: str) -> None:
    """Tests that a plan that is wrong in one way is told so."""
    steps, told = WRONG[case]
    found = [f"{one.where}: {one.message}" for one in check_plan(THERE, Plan(tuple(steps)))]
    assert told in found
    assert check_plan(THERE, Plan((START, CARRY, SWITCH, STOP))) == []


def test_the_judge_sees_a_program_that_is_taken_away() -> None:
    """Tests that no program is closed under the flow of a chain that runs, nor a second one opened beside it."""
    small = network(line("x", "app", per_hop=("tele",)), cpu={"one": 2})
    old, new = (Opening("sw", "tele", name) for name in ("p4", "p4-new"))
    runs = {"x": at("one")}
    there = Transition(small, small, Placement(runs, {old: 1}), Placement(runs, {new: 1}))
    close = Step(Act.STOP, opening=old, count=1)
    load = Step(Act.START, opening=new, count=1, duration_ns=3 * S)
    switch = Step(Act.SWITCH, "x", placement=at("one"))
    one, *_ = check_plan(there, Plan((close, load, switch)))
    assert (one.where, one.message) == ("step 1, chain x, flow in -> a", "'tele' is not opened on sw")
    found = check_plan(there, Plan((load, switch, close)))
    assert found[0].message == "a program is opened at most once per switch"


def test_the_judge_knows_who_stands_still() -> None:
    """Tests that an interruption is named with its steps and length, and none that does not happen."""
    broken_first = (HALT, STOP, START, CARRY, SWITCH)
    right = Interruption("x", ("a",), 0, 4, S // 10)
    assert check_plan(THERE, Plan(broken_first, (right,))) == []
    assert check_plan(THERE, Plan(broken_first, (replace(right, length_ns=0),)))
    assert check_plan(THERE, Plan((START, CARRY, SWITCH, STOP), (right,)))


def test_the_judge_sees_what_is_too_full() -> None:
    """Tests that two chains that change places at once do not fit on their servers, nor beside each other."""
    before, after = Placement({"x": at("one"), "y": at("two")}), Placement({"x": at("two"), "y": at("one")})
    back = {"chain": "y", "component": "a"}
    steps = (
        START,
        replace(CARRY),
        SWITCH,
        STOP,
        replace(START, spot=Spot("one", "vnf"), **back),  # type: ignore[arg-type]
        replace(CARRY, spot=Spot("one", "vnf"), source=Spot("two", "vnf"), **back),  # type: ignore[arg-type]
        Step(Act.SWITCH, "y", placement=at("one"), paths=at("one").flows),
        Step(Act.STOP, "y", "a", Spot("two", "vnf")),
    )
    found = check_plan(Transition(SMALL, SMALL, before, after), Plan(steps))
    assert [(one.where, one.amount) for one in found] == [("step 1, node two, cpu", 2)]


def test_a_chain_that_is_as_it_was_is_left_alone() -> None:
    """Tests that a switch of what does not change is no part of a plan."""
    same = Transition(SMALL, SMALL, Placement({"x": at("one")}), Placement({"x": at("one")}))
    needless = Step(Act.SWITCH, "x", placement=at("one"))
    (one,) = check_plan(same, Plan((needless,)))
    assert one.message == "nothing about it is to change"
    assert check_plan(Transition(SMALL, SMALL, EMPTY, EMPTY), Plan()) == []
