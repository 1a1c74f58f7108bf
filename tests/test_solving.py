"""``solve``: it finds methods, judges their answers and describes them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from mosaico_place import automatic
from mosaico_place.compile import Problem
from mosaico_place.document import from_json, to_json
from mosaico_place.dumping import dump
from mosaico_place.errors import InputError, SolverError
from mosaico_place.exact.highs import Status
from mosaico_place.generating import generate
from mosaico_place.instance import Chain, Component, Flow, Instance, Term
from mosaico_place.load import load_instance, parse_instance, parse_placement
from mosaico_place.method import Answer, Method, Options
from mosaico_place.placement import EMPTY, ChainPlacement, Opening, Placement, Spot
from mosaico_place.result import Termination, Use
from mosaico_place.rules import CostTerm
from mosaico_place.solving import find_method, method_names, solve

INSTANCES = Path(__file__).parent.parent / "instances"
CAPACITY = INSTANCES / "tiny" / "capacity.yaml"
NO_ROOM = """
format: 1
infrastructure:
  nodes: {s: {kind: server, cpu: 1}, r: {kind: router}}
  links: [{between: [s, r], bandwidth: 1 Gbps, latency: 1 ms}]
functions: {f: {implementations: {vnf: {cpu: 2}}}}
chains: {c: {required: true, components: {f: f}}}
"""


@pytest.fixture
def instance() -> Instance:
    """Chains a and b, of three and two cores; both are served at (rejected, resources) = (0, 7)."""
    return load_instance(CAPACITY)


def answering(answer: Answer) -> Method:
    """A method that always gives this answer."""

    def method(problem: Problem, options: Options) -> Answer:
        del problem, options
        return answer

    return method


def test_optimum_in_figures(instance: Instance) -> None:
    """Tests that a result tells values, bounds, acceptance and use as the arithmetic in the file has them."""
    result = solve(instance)
    assert (result.instance, result.method, result.termination) == ("tiny-capacity", "exact", Termination.OPTIMAL)
    assert [(level.value, level.bound, level.gap) for level in result.levels] == [(0, 0, 0), (7, 7, 0)]
    assert (result.accepted, result.rejected) == (("a", "b"), ())
    assert (result.accepted_weight, result.accepted_weight_bound) == (2, 2)
    assert result.nodes["near"]["cpu"].used == 3
    assert result.violations == ()
    assert {"compile", "build", "transfer", "solve", "check"} <= result.runtime_s.keys()


def test_own_method_without_proof(instance: Instance) -> None:
    """Tests that a callable serves as a method, under its own name, and that nothing is proven for it."""
    result = solve(instance, method=answering(Answer(EMPTY, (None, None), Termination.HEURISTIC)))
    assert (result.method, result.termination) == ("method", Termination.HEURISTIC)
    assert [(level.value, level.bound, level.gap) for level in result.levels] == [(2, None, None), (0, None, None)]
    assert {rejection.chain for rejection in result.rejected} == {"a", "b"}
    assert result.accepted_weight_bound is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(EMPTY, (0.0, 0.0), Termination.OPTIMAL), "is called optimal, but level 1 costs 2.0"),
        (Answer(EMPTY, (2.0, None), Termination.OPTIMAL), "level 2 costs 0.0 and its bound is None"),
        (Answer(EMPTY, (1.9, 0.0), Termination.GAP), "is called gap, but level 1"),
        (Answer(EMPTY, (3.0, 0.0), Termination.HEURISTIC), "level 1 costs 2.0, below its bound 3.0"),
        (Answer(EMPTY, (), Termination.HEURISTIC), "0 bounds for 2 levels"),
    ],
)
def test_claims_need_bounds(instance: Instance, answer: Answer, message: str) -> None:
    """Tests that an answer that claims more than its bounds carry is never shown."""
    with pytest.raises(SolverError, match=message):
        solve(instance, method=answering(answer))


def test_broken_placement_is_never_shown(instance: Instance) -> None:
    """Tests that a placement that breaks a rule raises, with the rule and everything that replays it."""
    nowhere = Placement({"a": ChainPlacement({}, {})})
    with pytest.raises(SolverError, match="placed: chain a") as caught:
        solve(instance, method=answering(Answer(nowhere, (None, None), Termination.HEURISTIC)))
    lines = caught.value.replay.splitlines()
    assert lines[0].startswith("# options: gap 0.0001, seed 0")
    assert parse_placement(lines[1].removeprefix("# placement: ")) == nowhere
    assert parse_instance("\n".join(lines[2:])) == parse_instance(dump(instance))


def test_a_method_is_told_what_was_before(instance: Instance) -> None:
    """Tests that the placement before, and how much of it may move, are part of the problem that a method gets."""
    told: list[Problem] = []

    def listen(problem: Problem, options: Options) -> Answer:
        del options
        told.append(problem)
        return Answer(EMPTY, (None, None), Termination.HEURISTIC)

    before = Placement({"a": ChainPlacement({}, {})})
    solve(instance, method=listen, previous=before, max_moves=3)
    solve(instance, method=listen)
    assert [(problem.previous, problem.max_moves) for problem in told] == [(before, 3), (None, None)]


def test_no_more_moves_than_may(instance: Instance) -> None:
    """Tests that the limit holds for our method, and that an own method that breaks it is not shown."""
    best = solve(instance).placement
    assert best is not None
    swapped = {"near": "far", "far": "near"}
    before = Placement({
        name: replace(chain, components={
            part: replace(spot, node=swapped[spot.node]) for part, spot in chain.components.items()
        })
        for name, chain in best.chains.items()
    })  # fmt: skip
    kept = solve(instance, previous=before, max_moves=0)
    assert kept.placement is not None
    assert all(chain.components == before.chains[name].components for name, chain in kept.placement.chains.items())
    with pytest.raises(SolverError, match="max-moves: all chains: 2 components move, 1 more than the 1 that may"):
        solve(
            instance,
            method=answering(Answer(best, (None, None), Termination.HEURISTIC)),
            previous=before,
            max_moves=1,
        )
    with pytest.raises(ValueError, match="max_moves must be at least 0, not -1"):
        solve(instance, max_moves=-1)


def test_moves_and_drops_are_in_the_terms(instance: Instance) -> None:
    """Tests that a result counts what the placement before makes of it, and has every term."""
    best = solve(instance).placement
    assert best is not None
    result = solve(
        instance, method=answering(Answer(EMPTY, (None, None), Termination.HEURISTIC)), previous=best, max_moves=0
    )
    assert list(result.terms) == list(CostTerm)
    assert (result.terms["dropped"], result.terms["rejected"], result.terms["moves"]) == (2, 2, 0)


def test_failure_inside_a_method_can_be_replayed(instance: Instance) -> None:
    """Tests that a method's own SolverError leaves with what replays it."""

    def fails(problem: Problem, options: Options) -> Answer:
        del problem, options
        raise SolverError("lost")

    with pytest.raises(SolverError, match="lost") as caught:
        solve(instance, method=fails)
    assert "name: tiny-capacity" in caught.value.replay


def test_invalid_instance_from_code(instance: Instance) -> None:
    """Tests that an instance built in code is looked at before it is solved, and every fault is named."""
    chain = Chain("c", {"x": Component("x", "gone"), "y": Component("y", at="lost")}, (Flow("x", "z", 1),))
    with pytest.raises(InputError) as caught:
        solve(instance.with_chain(chain))
    assert len(caught.value.faults) >= 3


def test_methods_by_name() -> None:
    """Tests that methods are found by entry point, and that a misspelt name gets a suggestion."""
    assert method_names() == ["auto", "columns", "exact", "heuristic"]
    assert find_method("auto")[0] == "auto"
    with pytest.raises(ValueError, match="did you mean 'exact'"):
        find_method("exakt")
    with pytest.raises(ValueError, match="there are auto, columns, exact"):
        find_method("zzz")


def test_auto_starts_a_hard_model_from_a_search(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that a search goes before one model from a size on, is told of, and leaves the optimum the same."""
    plain = solve(instance)
    assert "heuristic" not in plain.method_why
    monkeypatch.setattr(automatic, "TINY", 1)
    found, again = solve(instance), solve(instance)
    assert found.termination is Termination.OPTIMAL
    assert found.method_why.startswith("heuristic found")
    assert [level.value for level in found.levels] == [level.value for level in plain.levels]
    assert found.placement == again.placement


def test_auto_keeps_what_the_search_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that a limit which the exact method reaches before anything else leaves the placement and a valid bound."""
    instance = replace(generate(4, 2, 14, 1.4, 5), objective=({Term(CostTerm.REJECTED): Fraction(1)},))
    best = solve(instance, method="exact").levels[0].value
    monkeypatch.setattr(automatic, "TINY", 1)
    monkeypatch.setattr("mosaico_place.exact.method.stopped", lambda _: Status.TIME_LIMIT)
    found = solve(instance, options=Options(threads=1))
    assert (found.method, found.termination) == ("heuristic", Termination.TIME_LIMIT)
    assert "exact found nothing better" in found.method_why
    assert found.placement is not None
    assert found.levels[0].bound is not None
    assert best is not None
    assert found.levels[0].bound <= best


def test_auto_says_where_the_search_found_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that an instance that cannot be answered is proven so without a start."""
    monkeypatch.setattr(automatic, "TINY", -1)
    result = solve(parse_instance(NO_ROOM))
    assert (result.termination, result.placement) == (Termination.INFEASIBLE, None)
    assert "there is no placement" in result.method_why


@pytest.mark.parametrize("tiny", [-1, 3_000])
@pytest.mark.parametrize("small", [-1, 20_000])
def test_auto_keeps_the_best_of_its_parts(tiny: int, small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that whatever parts run within a limit, the optimum is proven, and each part says what it gave."""
    monkeypatch.setattr(automatic, "TINY", tiny)
    monkeypatch.setattr(automatic, "SMALL", small)
    instance = generate(4, 2, 10, 1.4, 5)
    proven = solve(instance, method="exact", options=Options(threads=1, gap=0.0))
    found = solve(instance, options=Options(threads=1, gap=0.0, time_limit_s=20))
    assert found.termination is Termination.OPTIMAL
    assert [level.value for level in found.levels] == [level.value for level in proven.levels]
    assert "found" in found.method_why


def test_infeasible_names_the_chain() -> None:
    """Tests that a required chain that fits nowhere makes the instance infeasible, with the reason."""
    result = solve(parse_instance(NO_ROOM))
    assert (result.termination, result.placement) == (Termination.INFEASIBLE, None)
    assert [rejection.chain for rejection in result.rejected] == ["c"]
    assert "has the resources for it" in result.rejected[0].why


def test_use_in_base_units() -> None:
    """Tests that use, capacity and reserved amounts come in cores, and devices apart."""
    text = """
format: 1
infrastructure:
  nodes: {s: {kind: server, cpu: 4, reserved: {cpu: 0.5}, gpus: {g: {memory: 8}}}}
  links: []
functions: {f: {implementations: {gpu: {cpu: 1.5, device: {share: 0.25, memory: 2}}}}}
chains: {c: {components: {f: f}, weight: 1/3}}
"""
    result = solve(parse_instance(text))
    assert result.nodes == {"s": {"cpu": Use(1.5, 4, 0.5)}}
    assert result.devices == {"s": {"g": {"share": Use(0.25, 1), "memory": Use(2, 8)}}}
    assert result.placement == Placement({"c": ChainPlacement({"f": Spot("s", "gpu", "g")}, {})})
    assert result.accepted_weight == float(Fraction(1, 3))


def test_instances_and_rewrites_in_a_result() -> None:
    """Tests that what is opened, its load, and what is merged or runs in parallel are part of an answer."""
    text = """
format: 1
infrastructure: {nodes: {s: {kind: server, cpu: 4, hand-over: 1 ms}}, links: []}
functions:
  f: {shared: true, implementations: {vnf: {once: {cpu: 1}, each: {cpu: 0.5}, processing: 1 ms, capacity: 2 Mbps}}}
chains:
  c:
    components: {one: f, two: f}
    flows: [{from: one, to: two, rate: 1.5 Mbps}]
    equivalent: [[one, two]]
    independent: [{components: [one, two], join: 200 us}]
    latency: [{from: one, to: two, within: 1 s}]
"""
    result = solve(parse_instance(text))
    opening = Opening("s", "f", "vnf")
    # Each has a load of 1.5 Mbps: 3 in all, so two instances of 1 core; both take half a core together. Merged and in
    # parallel they take 1 ms + 0.2 ms, merged alone 1 ms + 1 ms.
    assert result.loads == {opening: 3_000_000}
    assert result.nodes["s"]["cpu"].used == 2.5
    assert result.budgets["c"][0].actual_us == 1200
    assert result.placement is not None
    assert result.placement.instances == {opening: 2}
    chain = result.placement.chains["c"]
    assert (chain.merged, chain.parallel) == ((("one", "two"),), (("one", "two"),))
    assert from_json(to_json(result)) == result
