"""Which capacities would gain most: what shadow prices promise, and what solving again confirms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from threading import Event

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.advising import advise
from mosaico_place.exact.growth import grown
from mosaico_place.explanation import CapacityAdvice, CapacityGain, Verdict
from mosaico_place.instance import Instance, Term
from mosaico_place.load import load_instance, parse_instance
from mosaico_place.method import Options
from mosaico_place.quantities import Dimension
from mosaico_place.report import advised, text
from mosaico_place.result import Termination
from mosaico_place.room import natural_unit
from mosaico_place.rules import CostTerm
from mosaico_place.schema.published import json_schema
from mosaico_place.solving import solve
from mosaico_place.usage import CapacityName
from tests.depth import dear
from tests.program import Run
from tests.strategies import tiny_instances

INSTANCES = Path(__file__).parent.parent / "instances"
FOLDER = INSTANCES / "infeasible"

STAGES = """
format: 1
infrastructure:
  nodes:
    cam: {kind: access}
    sw: {kind: p4-switch, stages: 12, reserved: {stages: 3}, sram: 15 MiB}
  links: [{between: [cam, sw], bandwidth: 10 Gbps, latency: 1 ms}]
functions:
  parse: {implementations: {p4: {stages: 4, sram: 1 MiB}}}
chains:
  first: {line: {from: cam, through: [parse], to: cam}, rate: 1 Mbps, weight: 3}
  second: {line: {from: cam, through: [parse], to: cam}, rate: 1 Mbps, weight: 2}
  third: {line: {from: cam, through: [parse], to: cam}, rate: 1 Mbps}
"""
"""Programs of 4 stages on 9: three stages are lacking."""

OPENED = """
format: 1
infrastructure:
  nodes:
    cam: {kind: access}
    sw: {kind: p4-switch, stages: 12}
    edge: {kind: server, cpu: 5}
  links:
    - {between: [cam, sw], bandwidth: 10 Gbps, latency: 1 ms}
    - {between: [sw, edge], bandwidth: 10 Gbps, latency: 10 us}
functions:
  filter: {shared: true, implementations: {vnf: {once: {cpu: 2}, each: {cpu: 2}}}}
chains:
  first: {line: {from: cam, through: [filter], to: cam}, rate: 1 Mbps}
  second: {line: {from: cam, through: [filter], to: cam}, rate: 1 Mbps}
"""
"""An instance of 2 cores is open with one user of 2 on it; another user, on the same instance, lacks one core."""


def optimum(instance: Instance) -> float:
    """The least value of the first level."""
    result = solve(instance, method="exact", options=Options(gap=0.0, threads=1))
    assert result.termination is Termination.OPTIMAL
    assert result.levels[0].value is not None
    return result.levels[0].value


def only(advice: CapacityAdvice) -> CapacityGain:
    """The one capacity that is listed."""
    (gain,) = advice.gains
    return gain


def crowded(instance: Instance) -> Instance:
    """Every chain three times, with as many rejected as the capacities ask for."""
    chains = [replace(chain, name=f"{name}-{i}") for name, chain in instance.chains.items() for i in range(3)]
    free = {chain.name: replace(chain, required=False) for chain in chains}
    return replace(instance, chains=free, objective=({Term(CostTerm.REJECTED): Fraction(1)},))


@pytest.mark.parametrize(
    ("instance", "capacity", "by"),
    [
        (load_instance(FOLDER / "full-server.yaml"), ("node", "edge", "cpu"), 1000),
        (load_instance(FOLDER / "full-gpu.yaml"), ("device", "edge", "gpu-0", "share"), 200),
        (load_instance(FOLDER / "full-link.yaml"), ("link", "cam", "sw"), 10**8),
        (load_instance(FOLDER / "class-share.yaml"), ("node", "edge", "cpu"), 4000),
        (parse_instance(STAGES), ("node", "sw", "stages"), 3),
        (parse_instance(OPENED), ("node", "edge", "cpu"), 1000),
    ],
    ids=["core", "gpu", "link", "class-share", "stage", "opened"],
)
def test_what_limits_is_found_and_confirmed(instance: Instance, capacity: CapacityName, by: int) -> None:
    """Tests that the one capacity that keeps a chain out is listed, and its gain is that of the exact optima."""
    advice = advise(instance, options=Options(threads=1))
    gain = only(advice)
    assert (gain.capacity, gain.by, gain.verdict) == (capacity, by, Verdict.CONFIRMED)
    assert advice.limited is True
    assert advice.value == optimum(instance) == 1
    assert gain.value == optimum(grown(instance, {capacity: by})) == 0
    assert 0 < gain.promised <= 1
    assert gain.by % gain.unit == 0


def test_kinds_come_first_and_verdicts_are_true() -> None:
    """Tests that the best of every kind comes before the others, and that every verdict is what the optima say."""
    instance = load_instance(INSTANCES / "tele-robotics.yaml")
    advice = advise(instance, options=Options(threads=1))
    kinds = [gain.capacity[::3] if gain.capacity[0] == "device" else gain.capacity[::2] for gain in advice.gains]
    firsts = list(dict.fromkeys(kinds))
    assert kinds[: len(firsts)] == firsts
    assert len(kinds) > len(firsts) > 1
    found = {gain.capacity: gain for gain in advice.gains}
    assert found["device", "edge-south", "gpu-0", "share"].verdict is Verdict.CONFIRMED
    assert found["node", "sw-north", "stages"].by == 2
    for name, gain in found.items():
        better = optimum(grown(instance, {name: gain.by})) < optimum(instance)
        assert gain.verdict is (Verdict.CONFIRMED if better else Verdict.NO_GAIN)
    assert advise(instance, options=Options(threads=1), count=1).gains == advice.gains[:1]


def test_nothing_limits() -> None:
    """Tests that where nothing is rejected, no capacity limits; and that without a price nothing is claimed."""
    accepted = load_instance(INSTANCES / "cloud-gaming-edge.yaml")
    advice = advise(accepted)
    assert (advice.value, advice.limited, advice.gains) == (0, False, ())
    assert "no capacity limits it" in text(advised(advice, accepted))
    for name in ("apart", "too-far", "too-big"):
        instance = load_instance(FOLDER / f"{name}.yaml")
        advice = advise(instance)
        assert (advice.value, advice.limited, advice.gains) == (1, None, ())
        assert "no capacity has a price" in text(advised(advice, instance))


def test_no_placement() -> None:
    """Tests that nothing is said of what is infeasible, and nothing claimed where the limits strike at once."""
    infeasible = load_instance(FOLDER / "private-programs.yaml")
    advice = advise(infeasible)
    assert (advice.termination, advice.value, advice.limited, advice.gains) == (Termination.INFEASIBLE, None, None, ())
    assert "explain says what must grow" in " ".join(text(advised(advice, infeasible)).split())
    full = load_instance(FOLDER / "full-server.yaml")
    stop = Event()
    stop.set()
    for options in (Options(time_limit_s=1e-9), Options(stop=stop)):
        advice = advise(full, options=options)
        assert {gain.verdict for gain in advice.gains} <= {Verdict.NOT_CHECKED}
        assert advice.limited is None
    with pytest.raises(ValueError, match="count must be at least 1, not 0"):
        advise(full, count=0)


def test_later_levels_change_nothing() -> None:
    """Tests that levels behind the first are left aside, unless they say which chains may be rejected."""
    instance = load_instance(FOLDER / "full-server.yaml")
    (rejected, *_) = instance.objective
    first = advise(replace(instance, objective=(rejected,)), options=Options(threads=1))
    assert advise(instance, options=Options(threads=1)) == first
    behind = replace(instance, objective=instance.objective[1:] + instance.objective[:1])
    assert advise(behind, options=Options(threads=1)).value == 0


def test_previous_is_compared_with() -> None:
    """Tests that a previous placement counts in the base and in every check."""
    instance = load_instance(FOLDER / "full-server.yaml")
    before = solve(instance.without_chain("first")).placement
    assert before is not None
    objective = parse_instance(STAGES.replace("chains:", "objective: [{dropped: 5, rejected: 1}]\nchains:")).objective
    advice = advise(replace(instance, objective=objective), previous=before, max_moves=0, options=Options(threads=1))
    assert advice.value == 3
    assert (only(advice).value, only(advice).verdict) == (0, Verdict.CONFIRMED)


def test_no_verdict_is_wrong() -> None:
    """Tests on tiny instances that what is confirmed is a gain of the optima, and what is no gain is none."""
    seen = dict.fromkeys(Verdict, 0)

    @dear(50)  # every gain takes a proven optimum more
    @given(tiny_instances(), st.sampled_from(["exact", "heuristic", "columns"]), st.integers(0, 3))
    def holds(tiny: Instance, method: str, seed: int) -> None:
        instance = crowded(tiny)
        advice = advise(instance, method=method, options=Options(threads=1, seed=seed), count=2)
        for gain in advice.gains:
            seen[gain.verdict] += 1
            assert advice.value is not None
            after = optimum(grown(instance, {gain.capacity: gain.by}))
            assert gain.value is not None
            assert after <= gain.value + 1e-6
            if gain.verdict is Verdict.CONFIRMED:
                assert after < optimum(instance)
            elif gain.verdict is Verdict.NO_GAIN:
                assert after >= advice.value - 1e-6

    holds()
    assert seen[Verdict.CONFIRMED], seen
    assert seen[Verdict.NO_GAIN], seen


def test_units() -> None:
    """Tests the natural unit of every kind of capacity."""
    instance = replace(load_instance(FOLDER / "full-gpu.yaml"), resources={"fpga": Dimension.COUNT})
    units: Mapping[CapacityName, int] = {
        ("node", "edge", "cpu"): 1000,
        ("node", "edge", "memory"): 2**30,
        ("node", "sw", "stages"): 1,
        ("node", "sw", "sram"): 2**20,
        ("node", "sw", "tcam"): 2**20,
        ("node", "edge", "fpga"): 1,
        ("device", "edge", "gpu-0", "share"): 100,
        ("device", "edge", "gpu-0", "memory"): 2**30,
        ("device", "edge", "gpu-0", "nvenc"): 1,
        ("link", "cam", "sw"): 10**8,
    }
    assert {name: natural_unit(instance, name) for name in units} == units


def test_command(run: Run) -> None:
    """Tests that the command prints a table of 80 columns or a document of the schema, and how it ends."""
    file = INSTANCES / "tele-robotics.yaml"
    ended = run("explain", file, "--capacity", "--time-limit", "60s")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("tele-robotics: level 1 (rejected) is 11, at least 11\n")
    assert max(map(len, ended.out.splitlines())) <= 80
    document = run("explain", file, "--capacity", "--json").json
    jsonschema.validate(document, json_schema("advice"))
    assert document["capacities"][0]["capacity"] == ["device", "edge-south", "gpu-0", "share"]
    assert [(entry["value"], entry["verdict"]) for entry in document["capacities"][:2]] == [(10, "confirmed")] * 2
    assert run("explain", FOLDER / "private-programs.yaml", "--capacity").code == 4
