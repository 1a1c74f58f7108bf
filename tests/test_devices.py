"""Several devices for one component: what is read and refused, how it is judged, how every method places it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place import Options, Orchestrator, from_json, load_instance, solve, to_json
from mosaico_place.checking import check
from mosaico_place.compile import Candidate
from mosaico_place.costing import cost
from mosaico_place.document import placement_document
from mosaico_place.dumping import dump
from mosaico_place.dynamics.decision import Decision
from mosaico_place.dynamics.documents import decision_line, read_line
from mosaico_place.errors import InputError
from mosaico_place.events import Arrive, CapacityChange, DeviceDown
from mosaico_place.events.applying import apply
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
    Prices,
    Term,
)
from mosaico_place.load import parse_instance, parse_placement
from mosaico_place.moves import moved
from mosaico_place.placement import ChainPlacement, Placement, Spot
from mosaico_place.planning import plan_lines
from mosaico_place.rules import CostTerm, Rule
from mosaico_place.usage import usage
from tests.brute_force import brute_force
from tests.depth import dear
from tests.program import Run
from tests.test_agreement import agree

# Pairs of whole devices: two fit on the four of big, none beside a half on small.
TEXT = """
format: 1
infrastructure:
  nodes:
    big: {kind: server, cpu: 8, gpus: {gpu-0: {}, gpu-1: {}, gpu-2: {}, gpu-3: {}}}
    small: {kind: server, cpu: 8, gpus: {gpu-0: {}, gpu-1: {share: 0.5}}}
  links:
    - {between: [big, small], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  train: {implementations: {gpu: {device: {count: 2, share: 1}}}}
  serve: {implementations: {gpu: {device: {share: 0.5}}}}
chains:
  first: {components: {train: train}, weight: 4}
  second: {components: {train: train}, weight: 3}
  third: {components: {train: train}, weight: 2}
  one: {components: {serve: serve}}
  other: {components: {serve: serve}}
prices: {device: {share: 2}, move: 1}
objective:
  - {rejected: 1}
  - {resources: 1}
"""


@pytest.fixture(scope="module")
def pairs() -> Instance:
    """The instance of :data:`TEXT`."""
    return parse_instance(TEXT)


def placed(*spots: Spot, chains: tuple[str, ...] = ("first", "second", "third")) -> Placement:
    """Chains of one component on these spots."""
    return Placement({name: ChainPlacement({"train": spot}, {}) for name, spot in zip(chains, spots, strict=False)})


# --- spots ---------------------------------------------------------------------------------------------


def test_spots_on_equal_devices_are_equal() -> None:
    """Tests that the order in which devices are named makes no difference, and that one or none is as before."""
    spot = Spot("big", "gpu", "gpu-3", ("gpu-0",))
    assert spot == Spot.on("big", "gpu", ["gpu-0", "gpu-3"]) == Spot("big", "gpu", None, ("gpu-3", "gpu-0"))
    assert hash(spot) == hash(Spot.on("big", "gpu", ["gpu-0", "gpu-3"]))
    assert (spot.device, spot.further, spot.devices) == ("gpu-0", ("gpu-3",), ("gpu-0", "gpu-3"))
    assert Spot.on("big", "gpu", ("gpu-1",)) == Spot("big", "gpu", "gpu-1")
    assert Spot.on("big", "vnf", ()) == Spot("big", "vnf")
    assert Spot("big", "vnf").devices == ()


def test_options_have_names_of_their_own() -> None:
    """Tests that different sets of devices make different words, whatever the devices are called."""
    implementation = Implementation("gpu", Level.GPU, device={"share": 1}, device_count=2)
    names = ["a", "b", "a+b", "+b", "a+", "a~", "~", "~+", "+", "~~"]
    options = [Candidate(0, implementation, chosen, 0).option for chosen in combinations(names, 2)]
    assert len(set(options)) == len(options)


def test_sets_of_devices() -> None:
    """Tests that every set of working devices is offered once, by name."""
    node = Node("n", Kind.SERVER, devices={name: {"share": 1000} for name in "dbca"}, devices_down=frozenset("b"))
    two = Implementation("gpu", Level.GPU, device={"share": 1}, device_count=2)
    assert set(two.devices_on(node)) == {("a", "c"), ("a", "d"), ("c", "d")}
    assert list(replace(two, device_count=1).devices_on(node)) == [("d",), ("c",), ("a",)]
    assert list(replace(two, device_count=4).devices_on(node)) == []
    assert list(Implementation("vnf", Level.VNF).devices_on(node)) == [()]


# --- what is read --------------------------------------------------------------------------------------


def test_count_is_read_and_written(pairs: Instance) -> None:
    """Tests that a count comes through the file and back."""
    train = pairs.functions["train"].implementations["gpu"]
    assert (train.device, train.device_count) == ({"share": 1000}, 2)
    assert pairs.functions["serve"].implementations["gpu"].device_count == 1
    assert parse_instance(dump(pairs)) == pairs


@pytest.mark.parametrize(("demand", "message"), [
    ("{count: 0, share: 1}", "expected a whole number from 1 up, found 0"),
    ("{count: 1.5, share: 1}", "expected a whole number from 1 up, found 1.5"),
    ("{count: true, share: 1}", "expected a whole number from 1 up, found true"),
    ("{coun: 2, share: 1}", "unknown key 'coun', did you mean 'count'?"),
    ("{count: 2}", "a GPU implementation takes something of a device, such as {share: 0.4}"),
    ("{count: 5, share: 1}", "no server has 5 GPUs that each offer this, the most is 4; ask for fewer"),
    ("{count: 2, share: 2}", "no GPU offers 2 share; the largest offers 1"),
])  # fmt: skip
def test_faults_of_a_demand(demand: str, message: str) -> None:
    """Tests that a demand that no server can meet, or that is none, is refused where it stands."""
    with pytest.raises(InputError) as refused:
        parse_instance(TEXT.replace("{count: 2, share: 1}", demand))
    [fault] = refused.value.faults
    assert fault.message == message
    assert fault.source.startswith("<text>:10:")


def test_count_below_level_gpu() -> None:
    """Tests that only level gpu takes devices."""
    with pytest.raises(InputError, match="only an implementation at level gpu takes a device"):
        parse_instance(TEXT.replace("{gpu: {device: {count: 2, share: 1}}}", "{vnf: {device: {count: 2}}}"))


def test_too_many_sets() -> None:
    """Tests that a server whose devices make more sets than are looked at is refused with what would mend it."""
    many = ", ".join(f"g{i}: {{}}" for i in range(16))
    text = TEXT.replace("gpu-0: {}, gpu-1: {}, gpu-2: {}, gpu-3: {}", many)
    assert parse_instance(text.replace("count: 2", "count: 4"))
    with pytest.raises(InputError, match="'big' has 12870 sets of 8 of its 16 GPUs; at most 2000 are looked at"):
        parse_instance(text.replace("count: 2", "count: 8"))


def test_no_resource_is_called_count() -> None:
    """Tests that the key cannot be mistaken for a declared resource."""
    with pytest.raises(InputError, match="count"):
        parse_instance("resources: {count: count}\n" + TEXT)


# --- how it is judged ----------------------------------------------------------------------------------


def test_use_and_cost(pairs: Instance) -> None:
    """Tests that every device gives the demand, and each is paid for."""
    placement = placed(Spot.on("big", "gpu", ("gpu-1", "gpu-2")))
    assert usage(pairs, placement).devices == {"big": {"gpu-1": {"share": 1000}, "gpu-2": {"share": 1000}}}
    assert check(pairs, placement) == []
    assert cost(pairs, placement).levels == (Fraction(7), Fraction(4))


@pytest.mark.parametrize(("devices", "message"), [
    ((), "names no device, but its implementation takes 2 of 'big': gpu-0, gpu-1, gpu-2, gpu-3"),
    (("gpu-0",), "names one device (gpu-0), but its implementation takes 2 different ones"),
    (("gpu-0", "gpu-0"), "names device 'gpu-0' more than once; each of its devices is another one"),
    (
        ("gpu-0", "gpu-1", "gpu-2"),
        "names 3 devices (gpu-0, gpu-1, gpu-2), but its implementation takes 2 different ones",
    ),
    (("gpu-0", "gpu-9"), "names device 'gpu-9', but its implementation takes 2 of 'big': gpu-0, gpu-1, gpu-2, gpu-3"),
    (("gpu-0", "gpu-3"), "names device 'gpu-3' of 'big', which is down"),
])  # fmt: skip
def test_devices_wrongly_named(pairs: Instance, devices: tuple[str, ...], message: str) -> None:
    """Tests that a component names as many different working devices of its node as it takes."""
    big = replace(pairs.nodes["big"], devices_down=frozenset({"gpu-3"}))
    found = check(pairs.with_node(big), placed(Spot.on("big", "gpu", devices)))
    named = [(one.rule, one.where, one.message) for one in found if one.where.startswith("chain")]
    assert named == [(Rule.DEVICE, "chain first, component train", message)]


def test_one_device_named_twice_for_one(pairs: Instance) -> None:
    """Tests that what takes one device must not name two."""
    spot = Spot.on("big", "gpu", ("gpu-0", "gpu-1"))
    [one] = check(pairs, Placement({"one": ChainPlacement({"serve": spot}, {})}))
    assert one.message == "names 2 devices (gpu-0, gpu-1), but its implementation takes one"


def test_each_device_has_room(pairs: Instance) -> None:
    """Tests that one of two devices being too full breaks the rule, by how much."""
    spots = Spot.on("big", "gpu", ("gpu-0", "gpu-1")), Spot.on("big", "gpu", ("gpu-1", "gpu-2"))
    [one] = check(pairs, placed(*spots))
    assert (one.rule, one.where, one.amount) == (Rule.DEVICE, "node big, device gpu-1, share", 1)
    [one] = check(pairs, placed(Spot.on("small", "gpu", ("gpu-0", "gpu-1"))))
    assert (one.where, one.amount) == ("node small, device gpu-1, share", 0.5)


def test_another_set_is_a_move(pairs: Instance) -> None:
    """Tests that a component moves when one of its devices changes, and not when they are named in another order."""
    before = placed(Spot("big", "gpu", "gpu-1", ("gpu-0",)))
    assert list(moved(pairs, placed(Spot("big", "gpu", "gpu-0", ("gpu-1",))), before)) == []
    [move] = moved(pairs, placed(Spot("big", "gpu", "gpu-0", ("gpu-2",))), before)
    assert move.component == "train"


# --- how it is placed ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["auto", "exact", "columns", "heuristic"])
def test_every_method_places_pairs(pairs: Instance, method: str) -> None:
    """Tests the optimum: two pairs on big, and both halves on small."""
    result = solve(pairs, method=method, options=Options(gap=0, seed=1))
    assert result.placement is not None
    assert check(pairs, result.placement) == []
    assert sorted(result.accepted) == ["first", "one", "other", "second"]
    assert [level.value for level in result.levels] == [2, 10]
    assert all(level.bound is None or level.bound <= level.value + 1e-6 for level in result.levels if level.value)
    assert from_json(to_json(result)) == result
    assert parse_placement(json.dumps(placement_document(result.placement))) == result.placement


@st.composite
def farms(draw: st.DrawFn) -> Instance:
    """Two servers with a few devices each, and chains of one or two components that take one to three of them."""
    nodes = {"sw": Node("sw", Kind.ROUTER)}
    for name in ("s0", "s1"):
        shares = draw(st.lists(st.sampled_from([500, 1000]), min_size=1, max_size=3))
        devices = {f"g{i}": {"share": share} for i, share in enumerate(shares)}
        down = frozenset({"g0"}) if draw(st.sampled_from([False, False, True])) else frozenset[str]()
        price = Prices(device={"share": Fraction(draw(st.integers(0, 2)), 1000)})
        nodes[name] = Node(name, Kind.SERVER, {"cpu": 4000}, devices=devices, devices_down=down, prices=price)
    most = max(len(node.devices) for node in nodes.values())
    functions = {}
    for name in ("f", "g"):
        share, count = draw(st.sampled_from([200, 500])), draw(st.integers(min(2, most), most))
        wide = Implementation("wide", Level.GPU, {"cpu": 1000}, {"share": share}, device_count=count)
        other = {"vnf": Implementation("vnf", Level.VNF, {"cpu": 3000})} if draw(st.booleans()) else {}
        functions[name] = Function(name, {"wide": wide, **other})
    chains = {}
    for name in ("x", "y"):
        components = {"a": Component("a", "f")}
        if draw(st.booleans()):
            components["b"] = Component("b", draw(st.sampled_from("fg")))
        flows = (Flow("a", "b", 10**6),) if len(components) > 1 else ()
        equivalent = (("a", "b"),) if flows and draw(st.booleans()) else ()
        weight = Fraction(draw(st.integers(1, 3)))
        chains[name] = Chain(name, components, flows, weight, equivalent=equivalent)
    ways = [Link((name, "sw"), Direction(10**7, 0), Direction(10**7, 0)) for name in ("s0", "s1")]
    prices = Prices({"cpu": Fraction(1, 1000)}, {"share": Fraction(1, 1000)}, move=Fraction(1))
    one = Fraction(1)
    levels = [{Term(CostTerm.RESOURCES): one, Term(CostTerm.MOVES): one}, {Term(CostTerm.BALANCE): one}]
    objective = ({Term(CostTerm.REJECTED): Fraction(1)}, *draw(st.permutations(levels)))
    return Instance("farm", nodes, tuple(ways), functions, chains, prices=prices, objective=objective)


@st.composite
def stood(draw: st.DrawFn, instance: Instance) -> Placement:
    """Where the components stood before, each by itself."""
    chains = {}
    for name, chain in instance.chains.items():
        spots = {}
        for component in chain.components.values():
            node = instance.nodes[draw(st.sampled_from(["s0", "s1"]))]
            implementations = instance.functions[component.function or ""].implementations
            one = implementations[draw(st.sampled_from(sorted(implementations)))]
            sets = sorted(one.devices_on(node.repaired))
            if sets:
                spots[component.name] = Spot.on(node.name, one.name, draw(st.sampled_from(sets)))
        chains[name] = ChainPlacement(spots, {})
    return Placement(chains)


def several(placement: Placement | None) -> int:
    """How many components of a placement stand on several devices."""
    chains = {} if placement is None else placement.chains
    return sum(len(spot.devices) > 1 for chain in chains.values() for spot in chain.components.values())


def test_exact_equals_brute_force() -> None:
    """Tests the optimum of random instances whose components take one to three devices."""
    seen: Counter[str] = Counter()

    @given(st.data())
    def agrees(data: st.DataObject) -> None:
        instance = data.draw(farms())
        previous = data.draw(st.none() | stood(instance))
        most = None if previous is None else data.draw(st.none() | st.integers(0, 1))
        agree(instance, previous, most)
        best = brute_force(instance, previous, most).placement or Placement()
        seen["several"] += several(best) > 0
        seen["merged"] += any(len(one.components["a"].devices) > 1 for one in best.chains.values() if one.merged)

    agrees()
    assert seen["several"] > 15
    assert seen["merged"] > 2


@pytest.mark.parametrize("method", ["columns", "heuristic"])
def test_other_methods_are_sound(method: str) -> None:
    """Tests that answers keep the rules and nearly all are best, and that no bound lies above the optimum."""
    seen: Counter[str] = Counter()

    @dear(12)
    @given(st.data())
    def sound(data: st.DataObject) -> None:
        instance = data.draw(farms())
        previous = data.draw(st.none() | stood(instance))
        best = brute_force(instance, previous).values
        found = solve(instance, method=method, previous=previous, options=Options(seed=1, time_limit_s=0.3))
        assert found.placement is not None
        assert best is not None
        assert check(instance, found.placement, previous) == []
        values = cost(instance, found.placement, previous).levels
        assert values >= best
        first = found.levels[0].bound
        assert first is None or first <= float(best[0]) + 1e-6
        seen["best"] += values[0] == best[0]
        seen["several"] += several(found.placement) > 0

    sound()
    assert seen["best"] >= 11
    assert seen["several"] > 3


# --- while it runs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["classic", "restructure", "resolve"])
def test_a_device_fails(pairs: Instance, strategy: str) -> None:
    """Tests that what loses one of its devices gets two that work, and that the journal says which."""
    alone = replace(pairs, chains={"first": pairs.chains["first"]})
    with Orchestrator(alone, strategy=strategy, seed=1) as orchestrator:
        spot = orchestrator.placement.chains["first"].components["train"]
        assert len(spot.devices) == 2
        decision = orchestrator.apply(DeviceDown("big", spot.devices[0]))
        assert decision.dropped == ()
        now = orchestrator.placement.chains["first"].components["train"]
        assert len(set(now.devices) - {spot.devices[0]}) == 2
        assert now in [step.spot for step in decision.plan.steps]
        line = json.dumps(decision_line(decision, alone.resources)).encode()
        read = read_line(line, alone.resources)
        assert isinstance(read, Decision)
        assert (read.plan, read.delta) == (decision.plan, decision.delta)
        assert any(f"big (gpu, {', '.join(now.devices)})" in line for line in plan_lines(decision.plan))
        decision = orchestrator.apply(Arrive(pairs.chains["second"]))
        assert decision.refused == ("second",)  # three devices are left, and two of them taken


def test_capacity_of_a_device(pairs: Instance) -> None:
    """Tests that a device must not become too small for what takes two, where no other server has two."""
    two = {"gpu-0": {"share": 1000}, "gpu-1": {"share": 1000}}
    alone = pairs.with_node(replace(pairs.nodes["big"], devices=two))
    message = "no server has 2 GPUs that each offer this, the most is 1; ask for fewer; function 'train' asks for it"
    with pytest.raises(InputError) as refused:
        apply(alone, CapacityChange("big", {"share": 500}, "gpu-0"))
    assert [str(fault) for fault in refused.value.faults] == [f"capacity.device: {message}"]


def test_program(run: Run, tmp_path: Path) -> None:
    """Tests that the program solves, checks, watches and explains what takes several devices."""
    instance, answer = tmp_path / "pairs.yaml", tmp_path / "answer.json"
    instance.write_text(TEXT)
    solved = run("solve", instance, "--json", "-o", answer)
    assert solved.code == 0
    document: Any = json.loads(answer.read_text())
    spot = document["chains"]["first"]["components"]["train"]
    assert (spot["node"], len(spot["devices"]), "device" in spot) == ("big", 2, False)
    assert document["chains"]["one"]["components"]["serve"]["device"]
    assert run("check", instance, answer).code == 0
    shown = run("solve", instance).out
    assert f"gpu on {', '.join(spot['devices'])}" in shown
    assert "third" in run("explain", instance).out
    spot["devices"] = spot["devices"][:1]
    answer.write_text(json.dumps(document))
    broken = run("check", instance, answer)
    assert broken.code == 6
    assert "names one device" in broken.out
    down = json.dumps({"at": "1 s", "device-down": {"node": "big", "device": "gpu-0"}})
    watched = run("watch", instance, stdin=down + "\n")
    assert watched.code == 0
    assert json.loads(watched.out.splitlines()[-1])["refused"] == []


def test_comparison(run: Run, tmp_path: Path) -> None:
    """Tests that a scenario in which devices fail is compared."""
    (tmp_path / "pairs.yaml").write_text(TEXT)
    (tmp_path / "fails.yaml").write_text(
        """
format: 1
instance: pairs.yaml
events:
  - {at: 1 s, device-down: {node: big, device: gpu-0}}
  - {at: 2 s, device-up: {node: big, device: gpu-0}}
"""
    )
    compared = run("compare", tmp_path / "fails.yaml", "--json")
    assert compared.code == 0
    assert json.loads(compared.out)["strategies"]


def test_load_and_explain(tmp_path: Path) -> None:
    """Tests that a chain that must be accepted and whose devices are down is told so."""
    path = tmp_path / "down.yaml"
    down = ", ".join(f"gpu-{i}: {{down: true}}" for i in (1, 2, 3))
    path.write_text(TEXT.replace("gpu-1: {}, gpu-2: {}, gpu-3: {}", down))
    instance = load_instance(path)
    instance = instance.with_node(replace(instance.nodes["small"], devices_down=frozenset({"gpu-1"})))
    result = solve(instance)
    why = {one.chain: one.why for one in result.rejected}
    assert "every node that runs 'train' is down or drained, or its GPUs are down" in why["first"]
    assert cost(instance, result.placement or Placement()).levels[0] == Fraction(9)
