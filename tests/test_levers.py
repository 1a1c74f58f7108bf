"""Freedoms taken away: each is really gone, and none makes an optimum better."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mosaico_place.dynamics.freedoms import scenario_without
from mosaico_place.events import Arrive, Depart, Update
from mosaico_place.instance import (
    Chain,
    Component,
    Flow,
    Function,
    Group,
    Implementation,
    Independent,
    Instance,
    Kind,
    Level,
    Node,
    Where,
)
from mosaico_place.levers import Lever, without
from mosaico_place.load import load_instance
from mosaico_place.method import Options
from mosaico_place.result import Result
from mosaico_place.scenario import Scenario, Timed
from mosaico_place.solving import solve
from tests.program import Run

FOLDER = Path(__file__).parents[1] / "instances"
L4S = FOLDER / "cloud-gaming-l4s.yaml"


def few_players() -> Instance:
    """The whole MOSAICO chain for two players."""
    instance = load_instance(L4S)
    for name in list(instance.chains)[2:]:
        instance = instance.without_chain(name)
    return instance


def levels(result: Result) -> list[float]:
    """Values of the levels."""
    return [level.value for level in result.levels if level.value is not None]


def levels_used(instance: Instance, result: Result) -> set[Level]:
    """Levels at which components run."""
    assert result.placement is not None
    return {
        instance.functions[instance.chains[name].components[part].function or ""]
        .implementations[spot.implementation]
        .level
        for name, placed in result.placement.chains.items()
        for part, spot in placed.components.items()
    }


def implementations_used(instance: Instance, result: Result) -> dict[str, set[str]]:
    """Function -> the implementations that its components run in."""
    assert result.placement is not None
    used: dict[str, set[str]] = {}
    for name, placed in result.placement.chains.items():
        for part, spot in placed.components.items():
            used.setdefault(instance.chains[name].components[part].function or "", set()).add(spot.implementation)
    return used


@pytest.mark.parametrize("lever", Lever)
def test_a_freedom_is_gone_and_nothing_is_better(lever: Lever) -> None:
    """Tests that without a freedom no placement makes use of it, and that the optimum is no better than with it."""
    instance = few_players()
    reduced = without(instance, [lever])
    free, bound = (solve(one, options=Options(gap=0.0)) for one in (instance, reduced))
    assert bound.placement is not None
    assert levels(bound) >= levels(free)
    if lever is Lever.SHARING:
        assert not bound.placement.instances
    elif lever is Lever.MERGING:
        assert not any(placed.merged for placed in bound.placement.chains.values())
    elif lever is Lever.PARALLEL:
        assert not any(placed.parallel for placed in bound.placement.chains.values())
    elif lever is Lever.GPU:
        # Games run on GPUs alone, so they stay there.
        assert {
            s.implementation for c in bound.placement.chains.values() for n, s in c.components.items() if n == "encode"
        } == {"vnf"}
    elif lever is Lever.P4:
        assert Level.P4 not in levels_used(reduced, bound)
    elif lever in (Lever.IMPLEMENTATIONS, Lever.REWRITING):
        listed = {name: next(iter(function.implementations)) for name, function in instance.functions.items()}
        assert implementations_used(instance, bound) == {
            name: {listed[name]} for name in implementations_used(instance, bound)
        }
        merged = any(placed.merged or placed.parallel for placed in bound.placement.chains.values())
        assert lever is Lever.IMPLEMENTATIONS or not merged
    elif lever is Lever.JOINT_REWRITING:
        assert {name: used for name, used in implementations_used(instance, bound).items() if len(used) > 1} == {}
        assert all(placed.merged == (("packetize", "pace"),) for placed in bound.placement.chains.values())
    else:
        for placed in bound.placement.chains.values():
            places = [spot.node for name, spot in placed.components.items() if name != "encode"]  # with the game
            assert len(set(places)) == len(places)


def test_command(run: Run) -> None:
    """Tests that the command takes several levers, and suggests the one that was meant."""
    ended = run("solve", L4S, "--without", "merging", "--without", "parallel", "--time-limit", "60s", "--json")
    assert ended.code == 0
    assert '"rewrites": []' in ended.out
    wrong = run("solve", L4S, "--without", "mergin")
    assert wrong.code == 2
    assert "did you mean merging?" in " ".join(wrong.err.split())


def line_of(**rules: Any) -> Instance:
    """A chain of two equivalent and two independent components, whose functions run in several ways."""
    slow = Implementation("slow", Level.VNF, {"cpu": 1000}, processing_ns=9)
    fast = Implementation("fast", Level.VNF, {"cpu": 4000}, processing_ns=2)
    program = Implementation("program", Level.P4, {"stages": 1}, processing_ns=1)
    functions = {
        "parse": Function("parse", {"slow": slow, "fast": fast}),
        "log": Function("log", {"slow": slow, "program": program}),
        "ids": Function("ids", {"fast": fast}),
        "mark": Function("mark", {"slow": slow, "program": program}, shared=True),
    }
    parts = {"a": "parse", "b": "parse", "c": "ids", "d": "log"}
    chain = Chain(
        "line",
        {"in": Component("in", at="gnb"), **{name: Component(name, function) for name, function in parts.items()}},
        tuple(Flow(tail, head, 1, per_hop=("mark",)) for tail, head in pairwise(["in", *parts])),
        equivalent=(("a", "b"),),
        independent=(Independent(("c", "d")),),
        **rules,
    )
    return Instance("line", {"gnb": Node("gnb", Kind.ACCESS)}, (), functions, {"line": chain})


def test_decided_before_placing() -> None:
    """Tests that what may meet must, that the fastest way is taken, and that programs on the way stay."""
    after = without(line_of(), [Lever.JOINT_REWRITING])
    offered = {name: list(function.implementations) for name, function in after.functions.items()}
    assert offered == {"parse": ["fast"], "log": ["program"], "ids": ["fast"], "mark": ["program"]}
    # c runs on a server and d in a switch: they cannot meet.
    assert after.chains["line"].together == (Group(("a", "b")),)
    assert after.chains["line"].equivalent == (("a", "b"),)


@pytest.mark.parametrize(
    ("rules", "met"),
    [
        ({"apart": (Group(("a", "b")),)}, False),
        ({"apart": (Group(("a", "b"), by="rack"),)}, False),
        ({"apart": (Group(("a", "c")),)}, True),
        ({"only": {"a": Where(("x", "y")), "b": Where(("y",))}}, True),
        ({"only": {"a": Where(("x",)), "b": Where(("y",))}}, False),
        ({"only": {"a": Where(("x", "y"))}, "never": {"b": Where(("x", "y"))}}, False),
    ],
)
def test_what_its_rules_keep_apart_is_not_joined(rules: dict[str, Any], met: bool) -> None:
    """Tests that no chain is made impossible by joining what its own rules keep apart."""
    after = without(line_of(**rules), [Lever.JOINT_REWRITING])
    assert (after.chains["line"].together == (Group(("a", "b")),)) == met


def test_rewriting_is_off() -> None:
    """Tests that without rewriting every function offers what it lists first, and per-hop programs as well."""
    after = without(line_of(), [Lever.REWRITING])
    offered = {name: list(function.implementations) for name, function in after.functions.items()}
    assert offered == {"parse": ["slow"], "log": ["slow"], "ids": ["fast"], "mark": ["slow", "program"]}
    assert after.chains["line"].equivalent == ()
    assert after.chains["line"].independent == ()


def test_of_a_scenario() -> None:
    """Tests that chains that arrive or change lose the freedom as well, and keep their names; nothing else changes."""
    base = line_of()
    chain = base.chains["line"]
    instance = replace(base, chains={})
    events = (
        Timed(1, Arrive(replace(chain, name="new"), wait=False)),
        Timed(2, Depart("new")),
        Timed(3, Update(chain)),
    )
    scenario = Scenario("s", instance, instance.objective, events=events)
    after = scenario_without(scenario, Lever.REWRITING)
    assert list(after.instance.chains) == []
    assert list(after.instance.functions["mark"].implementations) == [
        "slow",
        "program",
    ]  # the chains to come look for it
    arrive, depart, update = (timed.event for timed in after.events)
    assert isinstance(arrive, Arrive)
    assert (arrive.chain.name, arrive.chain.equivalent, arrive.wait) == ("new", (), False)
    assert isinstance(update, Update)
    assert (update.chain.name, update.chain.independent) == ("line", ())
    assert depart == Depart("new")
