"""The shipped instances: every file loads, and its optimum is what instances/README.md says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from mosaico_place import (
    ChainPlacement,
    Instance,
    Kind,
    Options,
    Result,
    Termination,
    Where,
    check,
    load_instance,
    solve,
    warnings,
)
from mosaico_place.quantities import decimal_text, parse_number

FOLDER = Path(__file__).parents[1] / "instances"
APART = ("infeasible", "format")
"""Folders with tests of their own: tests/test_explain.py, and the example below."""
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yaml") if path.parent.name not in APART)
METRO = "cloud-gaming-metro.yaml"
LARGE = (METRO, "cloud-gaming-l4s.yaml", "mixed-classes.yaml")
"""Have optima too many to list: several placements share their values."""
SMALL = [file for file in FILES if file not in LARGE]
EXAMPLE = FOLDER / "format" / "cloud-gaming-edge.yaml"

_ROW = re.compile(r"\| \[(?P<file>[\w./-]+\.yaml)\]\([\w./-]+\) \| (?P<optimum>[^|]+) \| (?P<where>[^|]+) \|")


def stated() -> dict[str, tuple[str, str]]:
    """The table of optima in the README: file -> (value per level, where everything stands)."""
    rows = _ROW.finditer((FOLDER / "README.md").read_text(encoding="utf-8"))
    return {row["file"]: (row["optimum"], row["where"]) for row in rows}


def optimum(instance: Instance, result: Result) -> str:
    """The value of every level, as the README writes it: ``rejected = 0 / resources + 0.1 links = 43.6``."""
    texts = []
    for level, outcome in zip(instance.objective, result.levels, strict=True):
        weighted = (str(term) if weight == 1 else f"{decimal_text(weight)} {term}" for term, weight in level.items())
        assert outcome.value is not None
        texts.append(f"{' + '.join(weighted)} = {decimal_text(parse_number(str(outcome.value)))}")
    return " / ".join(texts)


def where(instance: Instance, result: Result) -> str:
    """Who stands where, as the README writes it: ``a: three-cores vnf on near; b: rejected``."""
    assert result.placement is not None
    chains = result.placement.chains
    return "; ".join(f"{name}: {spots(chains[name]) if name in chains else 'rejected'}" for name in instance.chains)


def spots(chain: ChainPlacement) -> str:
    """One chain: ``game gpu-0, encode vnf on edge; rtp p4 on sw``, in the chain's order; a device tells its level."""
    groups: dict[str, list[str]] = {}
    for name, spot in chain.components.items():
        groups.setdefault(spot.node, []).append(f"{name} {spot.device or spot.implementation}")
    return " and ".join(f"{', '.join(group)} on {node}" for node, group in groups.items())


def nodes_of(result: Result, chain: str) -> Mapping[str, str]:
    """Component -> node in an accepted chain."""
    assert result.placement is not None
    return {name: spot.node for name, spot in result.placement.chains[chain].components.items()}


def value(result: Result, level: int) -> float:
    """Value of an objective level, counted from 0."""
    found = result.levels[level].value
    assert found is not None
    return found


@pytest.mark.parametrize("file", FILES)
def test_loads_without_warnings(file: str) -> None:
    """Tests that a shipped file has neither faults nor warnings, and is called like the instance in it."""
    instance = load_instance(FOLDER / file)
    assert warnings(instance) == []
    assert instance.name == file.removesuffix(".yaml").replace("/", "-")


def test_readme_names_every_file() -> None:
    """Tests that the table of optima has one row per file, and no other."""
    assert sorted(stated()) == FILES


@pytest.mark.parametrize("file", SMALL)
def test_optimum_is_the_one_stated(file: str) -> None:
    """Tests that the proven optimum of a file, value and place, is the README's, and that it breaks no rule."""
    instance = load_instance(FOLDER / file)
    result = solve(instance, options=Options(gap=0.0))
    assert result.termination is Termination.OPTIMAL
    assert (optimum(instance, result), where(instance, result)) == stated()[file]
    assert result.placement is not None
    assert check(instance, result.placement) == []


def test_edge_follows_the_target() -> None:
    """Tests that a looser target first moves the session to the core, then also into the cheaper hardware encoder."""
    base = load_instance(FOLDER / "cloud-gaming-edge.yaml")
    costs = [value(solve(base), 2)]
    encoders = []
    for target_ms in (30, 40):
        chain = base.chains["player-1"]
        budget = replace(chain.budgets[0], target_ns=target_ms * 10**6)
        result = solve(base.with_chain(replace(chain, budgets=(budget,))))
        assert result.placement is not None
        encoders.append(result.placement.chains["player-1"].components["encode"].implementation)
        assert nodes_of(result, "player-1")["game"] == "core-gpu"
        assert value(result, 1) == 0
        costs.append(value(result, 2))
    assert encoders == ["vnf", "gpu"]
    assert costs == sorted(costs, reverse=True)


@pytest.mark.parametrize(
    ("pinned", "late_ms"),
    [
        pytest.param({"game": "edge-gpu", "encode": "edge-gpu"}, 12.0025, id="all-in-the-edge-gpu-machine"),
        pytest.param({"game": "core-gpu", "encode": "core-gpu"}, 3.9255, id="all-in-the-core"),
    ],
)
def test_edge_first_thoughts_are_later(pinned: Mapping[str, str], late_ms: float) -> None:
    """Tests that the two answers one would think of first are feasible, and later than the optimum's 0.2325 ms."""
    base = load_instance(FOLDER / "cloud-gaming-edge.yaml")
    chain = base.chains["player-1"]
    only = {component: Where(nodes=(node,)) for component, node in pinned.items()}
    result = solve(base.with_chain(replace(chain, only=only)))
    assert value(result, 0) == 0
    assert value(result, 1) == pytest.approx(late_ms)


def test_robotics_distance_rejects_the_truck() -> None:
    """Tests that the truck is served when the mine is 50 km from the hub: nothing but the distance rejects it."""
    base = load_instance(FOLDER / "tele-robotics.yaml")
    (link,) = (link for link in base.links if link.ends == ("rt-mine", "sw-hub"))
    near = replace(link, forth=replace(link.forth, latency_ns=250_000), back=replace(link.back, latency_ns=250_000))
    assert "truck" in solve(base.with_link(near)).accepted


def test_robotics_stages_reject_the_painter() -> None:
    """Tests that two stages more in front of the factory's server serve the painter: nothing else rejects it."""
    base = load_instance(FOLDER / "tele-robotics.yaml")
    switch = base.nodes["sw-north"]
    result = solve(base.with_node(replace(switch, reserved={"stages": 2})))
    assert [rejection.chain for rejection in result.rejected] == ["truck"]


def test_bandwidth_forces_the_smaller_flow_to_detour() -> None:
    """Tests that the instance about bandwidth sends the backup round, and the video straight."""
    placement = solve(load_instance(FOLDER / "tiny/bandwidth.yaml")).placement
    assert placement is not None
    assert placement.chains["video"].flows["from", "firewall"] == ("user", "s1", "s2", "dc")
    assert placement.chains["backup"].flows["from", "firewall"] == ("user", "s1", "s3", "s2", "dc")


def test_metro_is_no_toy() -> None:
    """Tests the size of the large instance: sites, servers, chains of several kinds and of both classes."""
    instance = load_instance(FOLDER / METRO)
    kinds = [node.kind for node in instance.nodes.values()]
    assert kinds.count(Kind.P4_SWITCH) >= 20
    assert kinds.count(Kind.SERVER) >= 10
    assert len(instance.chains) >= 40
    assert {chain.class_name for chain in instance.chains.values()} == {"low-latency", "best-effort"}
    assert len({tuple(chain.components) for chain in instance.chains.values()}) == 5


def test_metro_optimum_is_the_one_stated() -> None:
    """Tests that every level of the large instance is proven to 1e-4 at the value that the README states."""
    instance = load_instance(FOLDER / METRO)
    result = solve(instance)
    assert result.placement is not None
    assert check(instance, result.placement) == []
    values = [float(text) for text in re.findall(r"= ([0-9.]+)", stated()[METRO][0])]
    assert [level.value for level in result.levels] == pytest.approx(values, rel=1e-4)
    assert min(values) > 0
    assert all(level.gap is not None and level.gap <= 1e-4 for level in result.levels)
    assert len(result.rejected) >= 2


def test_example_of_the_format() -> None:
    """Tests the example of the format: both chains are accepted, and the detector's budget counts the encoder's time.

    The session runs in the edge: game 4.8, encode 1.1, a feature extractor and an L4S queue opened on the switch 2,
    backup 4.4.
    """
    instance = load_instance(EXAMPLE)
    assert warnings(instance) == []
    result = solve(instance, options=Options(gap=0.0))
    assert result.termination is Termination.OPTIMAL
    assert result.accepted == ("player-1", "backup")
    assert [level.value for level in result.levels] == [0, 0, 12.3]
    assert nodes_of(result, "player-1") == {"game": "edge-1", "encode": "edge-1", "features": "sw-edge"}
    # The time of the encoder itself counts, 6 ms on a GPU: 5 ms for both are too short, and nothing else is wrong.
    chain = instance.chains["player-1"]
    shorter = replace(chain, budgets=(chain.budgets[0], replace(chain.budgets[1], within_ns=5 * 10**6)))
    late = solve(instance.with_chain(shorter), options=Options(gap=0.0))
    assert late.termination is Termination.OPTIMAL
    assert late.accepted == ("backup",)
    assert [level.value for level in late.levels] == [10, 0, 4.4]
    why = "latency from 'encode' to 'features' is at least 6.007 ms even alone, and must stay within 5 ms"
    assert [(each.chain, each.why) for each in late.rejected] == [("player-1", why)]


def test_whole_chain_fills_a_shared_program() -> None:
    """Tests that ten players on 30 nodes are placed to the proven optimum, a shared program at its capacity."""
    instance = load_instance(FOLDER / "cloud-gaming-l4s.yaml")
    assert len(instance.nodes) >= 30
    result = solve(instance, options=Options(gap=0.0))
    assert result.termination is Termination.OPTIMAL
    assert optimum(instance, result) == LARGE_OPTIMA["cloud-gaming-l4s.yaml"]
    assert result.placement is not None
    carries = instance.functions["features"].implementations["p4"].capacity_bps
    full = [opening for opening, load in result.loads.items() if opening.function == "features" and load == carries]
    assert full
    assert all(placed.merged for placed in result.placement.chains.values())


def test_best_effort_does_not_touch_low_latency() -> None:
    """Tests that the levels of the low-latency class are those of the same instance without best-effort chains."""
    instance = load_instance(FOLDER / "mixed-classes.yaml")
    result = solve(instance, options=Options(gap=0.0))
    assert result.termination is Termination.OPTIMAL
    assert optimum(instance, result) == LARGE_OPTIMA["mixed-classes.yaml"]
    alone = replace(
        instance,
        chains={name: chain for name, chain in instance.chains.items() if chain.class_name == "low-latency"},
        objective=instance.objective[:2],
    )
    assert [value(solve(alone, options=Options(gap=0.0)), level) for level in (0, 1)] == [
        value(result, level) for level in (0, 1)
    ]


LARGE_OPTIMA = {file: row[0] for file, row in stated().items() if file in LARGE}
