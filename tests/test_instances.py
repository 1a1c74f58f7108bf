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
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yaml"))
LARGE = "cloud-gaming-metro.yaml"
"""Has optima too many to list: several placements share its values."""
SMALL = [file for file in FILES if file != LARGE]

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
    result = solve(instance)
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
    instance = load_instance(FOLDER / LARGE)
    kinds = [node.kind for node in instance.nodes.values()]
    assert kinds.count(Kind.P4_SWITCH) >= 20
    assert kinds.count(Kind.SERVER) >= 10
    assert len(instance.chains) >= 40
    assert {chain.class_name for chain in instance.chains.values()} == {"low-latency", "best-effort"}
    assert len({tuple(chain.components) for chain in instance.chains.values()}) == 5


def test_metro_optimum_is_the_one_stated() -> None:
    """Tests that every level of the large instance is proven to 1e-4 at the value that the README states."""
    instance = load_instance(FOLDER / LARGE)
    result = solve(instance)
    assert result.placement is not None
    assert check(instance, result.placement) == []
    values = [float(text) for text in re.findall(r"= ([0-9.]+)", stated()[LARGE][0])]
    assert [level.value for level in result.levels] == pytest.approx(values, rel=1e-4)
    assert min(values) > 0
    assert all(level.gap is not None and level.gap <= 1e-4 for level in result.levels)
    assert len(result.rejected) >= 2
