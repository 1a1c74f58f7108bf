"""The exact method beyond its agreement with brute force: whole numbers, bounds, limits, reasons."""

from __future__ import annotations

import itertools
import random
import threading
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given

from mosaico_place.checking import check
from mosaico_place.compile import compile_instance
from mosaico_place.errors import SolverError
from mosaico_place.exact.method import solve_exact
from mosaico_place.exact.model import build, decode, encode, transfer
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
)
from mosaico_place.load import parse_instance
from mosaico_place.method import Options, Progress
from mosaico_place.placement import ChainPlacement, Opening, Placement, Spot
from mosaico_place.result import Termination, rounded_up
from mosaico_place.rules import CostTerm
from tests.depth import dear
from tests.strategies import tiny_instances

GBPS = 10**9
MS = 10**6


def two_servers(chains: int = 3, **change: object) -> Instance:
    """Chains of one function between a gateway and itself; a near server with room for two, a far one with for one."""
    wide = Direction(10 * GBPS, MS)
    far = Direction(10 * GBPS, 5 * MS)
    nodes = [
        Node("gw", Kind.ROUTER),
        Node("near", Kind.SERVER, {"cpu": 4000}),
        Node("far", Kind.SERVER, {"cpu": 2000}),
    ]
    function = Function("f", {"vnf": Implementation("vnf", Level.VNF, {"cpu": 2000}, processing_ns=MS)})
    made = [
        Chain(
            f"c{i}",
            {"from": Component("from", at="gw"), "f": Component("f", "f"), "to": Component("to", at="gw")},
            (Flow("from", "f", 10**6), Flow("f", "to", 10**6)),
            budgets=(Budget("from", "to", 20 * MS, 3 * MS),),
        )
        for i in range(chains)
    ]
    instance = Instance(
        "two servers",
        {node.name: node for node in nodes},
        (Link(("gw", "near"), wide, wide), Link(("gw", "far"), far, far)),
        {"f": function},
        {chain.name: chain for chain in made},
        objective=({Term(CostTerm.REJECTED): Fraction(1)}, {Term(CostTerm.LATENCY): Fraction(1)}),
    )
    return replace(instance, **change)  # type: ignore[arg-type]


def test_no_bit_too_many() -> None:
    """Tests that a link is never overfilled by the one bit/s that a solver's tolerance would let through."""
    for seed in range(40):
        rng = random.Random(seed)
        rates = [rng.randint(GBPS, 5 * GBPS) for _ in range(rng.randint(2, 6))]
        capacity = sum(rates[: rng.randint(1, len(rates))]) - 1
        chains = [
            Chain(
                f"c{i}",
                {"from": Component("from", at="a"), "to": Component("to", at="b")},
                (Flow("from", "to", rate),),
            )
            for i, rate in enumerate(rates)
        ]
        instance = Instance(
            "one link",
            {name: Node(name, Kind.ROUTER) for name in "ab"},
            (Link(("a", "b"), Direction(capacity, 0), Direction(capacity, 0)),),
            {},
            {chain.name: chain for chain in chains},
        )
        answer = solve_exact(compile_instance(instance), Options(threads=1))
        assert answer.placement is not None
        assert check(instance, answer.placement) == []
        sizes = range(len(rates) + 1)
        most = max(k for k in sizes if any(sum(part) <= capacity for part in itertools.combinations(rates, k)))
        assert len(answer.placement.chains) == most


def test_no_nanosecond_too_late() -> None:
    """Tests that a budget is kept to the nanosecond although its row holds numbers of eight digits."""
    slow = Implementation("vnf", Level.VNF, {"cpu": 1000}, processing_ns=40_000_001)
    fast = Implementation("vnf", Level.VNF, {"cpu": 1000}, processing_ns=40_000_000)
    chain = Chain(
        "c",
        {"from": Component("from", at="s"), "f": Component("f", "f")},
        (Flow("from", "f", 1),),
        budgets=(Budget("from", "f", 40_000_000),),
    )
    for implementation, accepted in ((slow, 0), (fast, 1)):
        instance = Instance(
            "one server",
            {"s": Node("s", Kind.SERVER, {"cpu": 1000})},
            (),
            {"f": Function("f", {"vnf": implementation})},
            {"c": chain},
        )
        answer = solve_exact(compile_instance(instance), Options())
        assert answer.placement is not None
        assert len(answer.placement.chains) == accepted


@pytest.mark.parametrize(
    ("bound", "step", "value", "expected"),
    [
        (2.3, Fraction(1), Fraction(3), 3.0),
        (2.0000000001, Fraction(1), Fraction(3), 2.0),
        (-5.0, Fraction(1), Fraction(3), 0.0),
        (7.0, Fraction(1), Fraction(3), 3.0),
        (0.7, Fraction(1, 2), Fraction(3), 1.0),
        (0.7, Fraction(0), Fraction(3), 0.7),
        (0.7, Fraction(1, 10**9), Fraction(3), 0.7),
    ],
)
def test_bounds_are_rounded_up(bound: float, step: Fraction, value: Fraction, expected: float) -> None:
    """Tests that a bound is raised to the next possible value, never above the value, never by rounding noise."""
    assert rounded_up(bound, step, value) == expected


def test_levels_and_bounds() -> None:
    """Tests values and bounds of two levels: two chains near (3 ms), one far (11 ms, 8 ms late)."""
    answer = solve_exact(compile_instance(two_servers()), Options())
    assert answer.termination is Termination.OPTIMAL
    assert answer.bounds == (0.0, 8.0)


def test_reason_of_a_chain_that_fits_nowhere() -> None:
    """Tests that pruning names the reason, in numbers, and that a required chain makes the instance infeasible."""
    instance = two_servers(1)
    chain = replace(instance.chains["c0"], budgets=(Budget("from", "to", 2 * MS),))
    answer = solve_exact(compile_instance(instance.with_chain(chain)), Options())
    assert answer.why == {"c0": "latency from 'from' to 'to' is at least 3 ms even alone, and must stay within 2 ms"}
    assert answer.termination is Termination.OPTIMAL
    assert answer.bounds == (1.0, 0.0)
    required = solve_exact(compile_instance(instance.with_chain(replace(chain, required=True))), Options())
    assert (required.termination, required.placement) == (Termination.INFEASIBLE, None)


def test_infeasible_by_capacity() -> None:
    """Tests that four required chains on room for three are proven infeasible."""
    instance = two_servers(4)
    required = {name: replace(chain, required=True) for name, chain in instance.chains.items()}
    answer = solve_exact(compile_instance(replace(instance, chains=required)), Options())
    assert (answer.termination, answer.placement) == (Termination.INFEASIBLE, None)


def test_endpoints_that_cannot_be_apart() -> None:
    """Tests that a rule between two endpoints, which no variable can mend, rejects the chain or is infeasible."""
    instance = two_servers(1)
    chain = replace(instance.chains["c0"], apart=(Group(("from", "to")),))
    answer = solve_exact(compile_instance(instance.with_chain(chain)), Options())
    assert (answer.bounds, answer.placement) == ((1.0, 0.0), Placement())
    required = solve_exact(compile_instance(instance.with_chain(replace(chain, required=True))), Options())
    assert required.termination is Termination.INFEASIBLE


def test_interrupted_before_anything() -> None:
    """Tests that a solve that is stopped at once holds nothing and says so."""
    stop = threading.Event()
    stop.set()
    answer = solve_exact(compile_instance(two_servers()), Options(stop=stop))
    assert (answer.termination, answer.placement) == (Termination.INTERRUPTED, None)
    assert answer.bounds == (None, None)


def test_no_time() -> None:
    """Tests that a time limit that is over before the first level leaves nothing."""
    answer = solve_exact(compile_instance(two_servers()), Options(time_limit_s=1e-9))
    assert (answer.termination, answer.placement) == (Termination.TIME_LIMIT, None)


def test_progress_names_the_level() -> None:
    """Tests that progress speaks of levels in turn."""
    seen: list[Progress] = []
    solve_exact(compile_instance(two_servers(12)), Options(progress=seen.append))
    levels = [event.level for event in seen if event.level is not None]
    assert levels == sorted(levels)
    assert {event.phase for event in seen} == {"solve"}


def test_a_previous_placement_that_no_longer_fits() -> None:
    """Tests that a start that names what is gone, or is no placement at all, does no harm."""
    path = {("from", "f"): ("gw", "gone"), ("f", "to"): ("gone", "gw")}
    gone = ChainPlacement({"f": Spot("gone", "vnf")}, path)
    wrong = ChainPlacement({"f": Spot("near", "vnf")}, {})
    previous = Placement({"c0": gone, "c1": wrong, "stranger": gone})
    answer = solve_exact(compile_instance(two_servers(), previous), Options())
    assert answer.bounds == (0.0, 8.0)


def worse_start() -> Placement:
    """One of the two chains, on the far server."""
    path = {("from", "f"): ("gw", "far"), ("f", "to"): ("far", "gw")}
    return Placement({"c1": ChainPlacement({"f": Spot("far", "vnf")}, path)})


def test_the_answer_is_never_worse_than_the_start() -> None:
    """Tests that a start is kept where no time is left, and improved where there is."""
    problem = compile_instance(two_servers())
    start = worse_start()
    assert check(problem.instance, start) == []
    hurried = solve_exact(problem, Options(time_limit_s=1e-9), start=start)
    assert (hurried.termination, hurried.placement) == (Termination.TIME_LIMIT, start)
    best = solve_exact(problem, Options(), start=start)
    assert (best.termination, best.bounds) == (Termination.OPTIMAL, (0.0, 8.0))
    again = solve_exact(problem, Options(), start=best.placement)
    assert again.placement == best.placement


def test_a_start_that_breaks_a_rule_does_not_pass_for_the_optimum() -> None:
    """Tests that a start better than what the solver proves to be possible is an error, not an answer."""
    path = {("from", "f"): ("gw", "near"), ("f", "to"): ("near", "gw")}
    wrong = Placement({f"c{i}": ChainPlacement({"f": Spot("near", "vnf")}, path) for i in range(4)})
    with pytest.raises(SolverError, match="level 1 is said to cost at least 2"):
        solve_exact(compile_instance(two_servers(5)), Options(), start=wrong)


def test_same_seed_same_answer() -> None:
    """Tests that the same seed gives the same placement twice."""
    problem = compile_instance(two_servers(5))
    assert solve_exact(problem, Options(seed=3)).placement == solve_exact(problem, Options(seed=3)).placement


def test_nothing_to_decide() -> None:
    """Tests an instance without a single variable: one endpoint that must be accepted, one chain that cannot be."""
    text = """
format: 1
infrastructure: {nodes: {s: {kind: server}}, links: []}
functions: {f: {implementations: {p4: {stages: 1}}}}
chains:
  pin: {required: true, components: {here: {at: s}}}
  lost: {components: {f: f}}
"""
    answer = solve_exact(compile_instance(parse_instance(text)), Options())
    assert (answer.termination, answer.bounds) == (Termination.OPTIMAL, (1.0, 0.0, 0.0))
    assert answer.placement == Placement({"pin": ChainPlacement({}, {})})
    assert answer.why == {"lost": "component 'f': no node runs 'f'"}


CIRCLE = """
format: 1
infrastructure:
  nodes:
    sw: {kind: router}
    a: {kind: server, cpu: 2, hand-over: 10 ms, prices: {cpu: 1}}
    b: {kind: server, cpu: 2, hand-over: 10 ms, prices: {cpu: 3}}
  links:
    - {between: [sw, a], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [sw, b], bandwidth: 1 Gbps, latency: 1 ms}
functions: {f: {implementations: {vnf: {cpu: 1}}}}
chains:
  c:
    components: {one: f, two: f}
    flows: [{from: one, to: two, rate: 1 Mbps}]
    latency: [{from: one, to: two, LIMIT}]
objective: [{LEVEL: 1}]
"""


@pytest.mark.parametrize(
    ("limit", "level", "expected"),
    [
        # Both on a would cost 2 but take 10 ms; a and b take 2 ms and cost 1 + 3.
        ("within: 5 ms", "resources", 4.0),
        # Both on one server are 9 ms late, a and b 1 ms: a circle from a to sw and back would seem just as good.
        ("target: 1 ms", "latency", 1.0),
    ],
)
def test_a_circle_is_no_hand_over(limit: str, level: str, expected: float) -> None:
    """Tests that leaving a server and coming back does not stand in for its longer hand-over."""
    instance = parse_instance(CIRCLE.replace("LIMIT", limit).replace("LEVEL", level))
    answer = solve_exact(compile_instance(instance), Options())
    assert (answer.termination, answer.bounds) == (Termination.OPTIMAL, (expected,))


def test_amounts_near_the_largest() -> None:
    """Tests that amounts of a petabyte that differ by one byte are told apart."""
    sizes = (10**15 + 1, 10**15 + 2)
    text = f"""
format: 1
infrastructure:
  nodes: {{s: {{kind: server, memory: {sizes[0]}}}}}
  links: []
functions:
  f: {{implementations: {{vnf: {{memory: {sizes[0]}}}}}}}
  g: {{implementations: {{vnf: {{memory: {sizes[1]}}}}}}}
chains:
  c: {{components: {{f: f}}}}
  d: {{components: {{g: g}}, weight: 2}}
  e: {{components: {{f: f}}}}
"""
    answer = solve_exact(compile_instance(parse_instance(text)), Options())
    assert answer.placement is not None
    assert len(answer.placement.chains) == 1
    assert answer.placement.chains.keys() <= {"c", "e"}


# --- opened instances and programs ----------------------------------------------------------------------------------

SHARED = """
format: 1
infrastructure:
  nodes:
    gw: {kind: router}
    near: {kind: server, cpu: 9}
  links: [{between: [gw, near], bandwidth: 1 Gbps, latency: 1 ms}]
functions:
  f: {shared: true, implementations: {vnf: {once: {cpu: 2}, each: {cpu: 0.5}, capacity: 100 Mbps}}}
templates:
  t:
    components: {in: {at: gw}, f: f}
    flows: [{from: in, to: f, rate: 40 Mbps}]
chains:
  c: {template: t, count: 5}
objective: [{rejected: 1}]
"""
OPENING = Opening("near", "f", "vnf")


def test_instances_are_counted_one_by_one() -> None:
    """Tests that there is a variable for each instance that could be needed, or has room, and none for more."""
    # 5 x 40 = 200 Mbps need 2 of 100; a node of 9 cores has room for 4 of 2.
    for capacity, count in (("100 Mbps", 2), ("40 Mbps", 4), ("45 Mbps", 4), ("200 Mbps", 1), ("150 Mbps", 2)):
        instance = parse_instance(SHARED.replace("100 Mbps", capacity))
        (opened,) = build(compile_instance(instance)).symbols.opened.values()
        assert len(opened) == count
    anything = parse_instance(SHARED.replace(", capacity: 100 Mbps", ""))
    assert [len(opened) for opened in build(compile_instance(anything)).symbols.opened.values()] == [1]


@pytest.mark.parametrize(("chains", "count"), [(1, 1), (2, 1), (3, 2), (5, 2)])
def test_no_more_instances_than_needed(chains: int, count: int) -> None:
    """Tests that an answer opens no instance for nothing although nobody pays for it."""
    instance = parse_instance(SHARED.replace("count: 5", f"count: {chains}"))
    answer = solve_exact(compile_instance(instance), Options())
    assert (answer.termination, answer.bounds) == (Termination.OPTIMAL, (0.0,))
    assert answer.placement is not None
    assert answer.placement.instances == {OPENING: count}
    assert check(instance, answer.placement) == []


def test_an_instance_that_no_chain_needs_is_read_as_none() -> None:
    """Tests that a solution which opens everything is read as opening what its chains need."""
    formulation = build(compile_instance(parse_instance(SHARED)))
    matrix = transfer(formulation)
    alone = ["x[c-1,f,near,vnf]", "accept[c-1]", "y[c-1,in,f,gw,near]"]
    vector = np.array([float("open" in var.name or var.name in alone) for var in matrix.columns])
    assert vector.sum() == len(alone) + 2
    placement = decode(formulation, matrix, vector)
    assert (list(placement.chains), placement.instances) == (["c-1"], {OPENING: 1})
    nothing = decode(formulation, matrix, np.zeros(len(matrix.columns)))
    assert nothing == Placement()


PROGRAMS = """
format: 1
infrastructure:
  nodes:
    a: {kind: access}
    s1: {kind: p4-switch, stages: 8}
    s2: {kind: p4-switch, stages: 4}
    b: {kind: access}
  links:
    - {between: [a, s1], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [s1, s2], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [s2, b], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  q:
    shared: true
    implementations:
      small: {level: p4, once: {stages: 2}, processing: 5 ms, capacity: 30 Mbps}
      fast: {level: p4, once: {stages: 6}, each: {stages: 1}, processing: 1 ms}
templates:
  t:
    components: {from: {at: a}, to: {at: b}}
    flows: [{from: from, to: to, rate: 10 Mbps, per-hop: [q]}]
    latency: [{from: from, to: to, target: 5 ms}]
chains:
  c: {template: t, count: COUNT}
objective: [{rejected: 1}, {latency: 1}]
"""


@pytest.mark.parametrize(("count", "first", "late_ms"), [
    # s2 has room for the small program only: 3 x 1 ms of links, 5 ms on s2, and on s1 1 ms for one or two flows.
    (1, "fast", 4),
    (2, "fast", 8),
    # A third stage for a third flow is one too many: 7 + 1 = 8 of 8 is what two take, so all three go slowly.
    (3, "small", 24),
])  # fmt: skip
def test_every_switch_chooses_one_program(count: int, first: str, late_ms: int) -> None:
    """Tests that each switch opens the program that serves its flows best within its stages, and that one for all."""
    instance = parse_instance(PROGRAMS.replace("COUNT", str(count)))
    answer = solve_exact(compile_instance(instance), Options(gap=0.0))
    assert (answer.termination, answer.bounds) == (Termination.OPTIMAL, (0.0, float(late_ms)))
    assert answer.placement is not None
    assert answer.placement.instances == {Opening("s1", "q", first): 1, Opening("s2", "q", "small"): 1}
    assert check(instance, answer.placement) == []


def test_a_program_carries_so_much() -> None:
    """Tests that a fourth flow, for which no program on s2 has the capacity, is not accepted."""
    answer = solve_exact(compile_instance(parse_instance(PROGRAMS.replace("COUNT", "4"))), Options(gap=0.0))
    assert answer.bounds == (1.0, 24.0)


# --- starting from a placement --------------------------------------------------------------------------------------


@dear(25)
@given(tiny_instances())
def test_a_placement_is_what_its_variables_say(instance: Instance) -> None:
    """Tests that a placement, written as values of variables, is read back as it was."""
    problem = compile_instance(instance)
    answer = solve_exact(problem, Options(gap=0.0, threads=1))
    assume(answer.placement is not None)
    assert answer.placement is not None
    formulation = build(problem)
    matrix = transfer(formulation)
    positions, values = encode(formulation, matrix, answer.placement, rejected=True)
    assert len(set(positions)) == len(positions)
    vector = np.zeros(len(matrix.columns))
    vector[positions] = values
    again = decode(formulation, matrix, vector)
    assert again.chains == answer.placement.chains
    if not formulation.symbols.serves:  # which program serves a flow is left to the solver
        assert again == answer.placement


def test_a_start_fixes_instances_only_with_all_chains() -> None:
    """Tests that what is opened is part of a start if every chain is, and is left to the solver otherwise."""
    instance = parse_instance(SHARED)
    formulation = build(compile_instance(instance))
    matrix = transfer(formulation)
    answer = solve_exact(compile_instance(instance), Options())
    assert answer.placement is not None
    opened = {matrix.position[id(var)] for var in next(iter(formulation.symbols.opened.values()))}
    positions, values = encode(formulation, matrix, answer.placement, rejected=False)
    assert opened <= set(positions)
    assert {value for position, value in zip(positions, values, strict=True) if position in opened} == {1.0}
    fewer = Placement({"c-1": answer.placement.chains["c-1"]}, answer.placement.instances)
    assert opened.isdisjoint(encode(formulation, matrix, fewer, rejected=False)[0])
    assert opened <= set(encode(formulation, matrix, fewer, rejected=True)[0])


@pytest.mark.parametrize("instances", [{}, {OPENING: 9}, {Opening("gone", "f", "vnf"): 1}])
def test_a_start_with_the_wrong_instances_does_no_harm(instances: dict[Opening, int]) -> None:
    """Tests that a previous placement with too few, too many or lost instances leads to the same optimum."""
    instance = parse_instance(SHARED)
    first = solve_exact(compile_instance(instance), Options()).placement
    assert first is not None
    again = solve_exact(compile_instance(instance, replace(first, instances=instances)), Options())
    assert (again.termination, again.bounds) == (Termination.OPTIMAL, (0.0,))
    assert again.placement is not None
    assert again.placement.instances == {OPENING: 2}
