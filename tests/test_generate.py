"""Made-up instances: stable, valid, contended, of any size."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest

from mosaico_place import InputError, Instance, Kind, dump, faults, parse_instance, solve, warnings
from mosaico_place.compile import Problem, compile_instance
from mosaico_place.generating import generate
from mosaico_place.generating.apportion import apportion
from mosaico_place.generating.catalogue import CHEAPEST, FUNCTIONS
from tests.program import Run

SMALL = (12, 2, 60, 1.2, 7)
USUAL = (25, 2, 200, 1.2, 7)
USUAL_SHA256 = "a611fbd4d632be323cc3daf32a46e6015e1ce7543cee2513d8eb9914f8271e50"


@pytest.fixture(scope="module")
def small() -> Instance:
    """36 nodes."""
    return generate(*SMALL)


@pytest.fixture(scope="module")
def usual() -> Instance:
    """75 nodes, 200 chains."""
    return generate(*USUAL)


def free(instance: Instance, resource: str) -> int:
    """What all nodes have of a resource."""
    return sum(node.free(resource) for node in instance.nodes.values())


def demand(instance: Instance, resource: str) -> int:
    """What all components take of a resource that is not taken once, at their cheapest levels."""
    functions = [one.function for chain in instance.chains.values() for one in chain.components.values()]
    return sum(CHEAPEST[name].demand.get(resource, 0) for name in functions if name is not None)


def share(instance: Instance) -> tuple[int, int]:
    """GPU share asked for at the cheapest levels, and what there is, in 1/1000."""
    functions = [one.function for chain in instance.chains.values() for one in chain.components.values()]
    asked = sum(CHEAPEST[name].device.get("share", 0) for name in functions if name is not None)
    devices = [device for node in instance.nodes.values() for device in node.devices.values()]
    return asked, sum(device["share"] for device in devices)


def pairs(problem: Problem) -> set[tuple[str, str, int]]:
    """(chain, component, node) that pruning leaves, endpoints left out."""
    return {
        (name, component, candidate.node)
        for name, block in problem.blocks.items()
        for component, candidates in block.candidates.items()
        if block.chain.components[component].function is not None
        for candidate in candidates
    }


def connected(instance: Instance) -> bool:
    """Whether every node can be reached from the first."""
    neighbours: dict[str, list[str]] = {name: [] for name in instance.nodes}
    for link in instance.links:
        neighbours[link.ends[0]].append(link.ends[1])
        neighbours[link.ends[1]].append(link.ends[0])
    order = [next(iter(neighbours))]
    for node in order:
        order += [other for other in neighbours[node] if other not in order]
    return len(order) == len(neighbours)


def test_same_seed_same_file(usual: Instance) -> None:
    """Tests that the same arguments give the same bytes, also on other machines and days, and another seed others."""
    text = dump(usual)
    assert dump(generate(*USUAL)) == text
    assert hashlib.sha256(text.encode()).hexdigest() == USUAL_SHA256, "say in CHANGELOG.md that instances change"
    assert dump(generate(25, 2, 200, 1.2, 8)) != text


@pytest.mark.parametrize("arguments", [SMALL, USUAL, (1, 1, 10, 1.2, 0), (2, 3, 7, 0.5, 1), (5, 1, 300, 3, 2)])
def test_valid_without_warnings(arguments: tuple[int, int, int, float, int]) -> None:
    """Tests that nothing is wrong or odd, that the file holds all of it, and that each chain could stand alone."""
    instance = generate(*arguments)
    assert faults(instance) == []
    assert warnings(instance) == []
    assert parse_instance(dump(instance)) == instance
    assert {name: block.why for name, block in compile_instance(instance).blocks.items() if block.why} == {}


@pytest.mark.parametrize("seed", range(5))
def test_each_chain_could_stand_alone(seed: int) -> None:
    """Tests that no chain is out of reach, whatever the seed."""
    problem = compile_instance(generate(25, 2, 200, 1.2, seed))
    assert {name: block.why for name, block in problem.blocks.items() if block.why} == {}


def test_each_kind_is_placed_in_the_empty_network(small: Instance) -> None:
    """Tests with the exact method that two chains of each kind are accepted when they are alone."""
    kinds = Counter[str]()
    for name, chain in small.chains.items():
        kind = name.rpartition("-")[0]
        kinds[kind] += 1
        if kinds[kind] <= 2:
            assert solve(replace(small, chains={name: chain})).accepted == (name,)
    assert len(kinds) == 5


@pytest.mark.parametrize(("sites", "servers"), [(12, 2), (25, 2), (50, 2), (7, 3), (200, 2)])
def test_size(sites: int, servers: int) -> None:
    """Tests that every site has one switch and its servers, that all are joined, and not by too many links."""
    instance = generate(sites, servers, 4 * sites, 1.2, 3)
    kinds = Counter(node.kind for node in instance.nodes.values())
    assert kinds == {Kind.P4_SWITCH: sites, Kind.SERVER: sites * servers}
    assert len(instance.chains) == 4 * sites
    assert connected(instance)
    between_sites = len(instance.links) - sites * servers
    assert sites - 1 <= between_sites <= 2.5 * sites
    assert all(link.forth.latency_ns >= 5_000 for link in instance.links)


@pytest.mark.parametrize("load", [0.8, 1.2, 2])
def test_load_is_met(load: float) -> None:
    """Tests that the GPUs, the scarcest, are asked for as often as said, and cores nearly as often."""
    instance = generate(25, 2, 200, load, 7)
    asked, there = share(instance)
    assert asked / there == pytest.approx(load, rel=0.02)
    assert 0.85 * load <= demand(instance, "cpu") / free(instance, "cpu") <= load


def test_budgets_prune(usual: Instance) -> None:
    """Tests that budgets rule out at least three in ten of the places that the components would have without them."""
    without = {name: replace(chain, budgets=()) for name, chain in usual.chains.items()}
    kept = pairs(compile_instance(usual))
    offered = pairs(compile_instance(replace(usual, chains=without)))
    assert kept < offered
    assert len(kept) <= 0.7 * len(offered)


def test_components_are_small_beside_nodes(usual: Instance) -> None:
    """Tests that any component fits any server or switch that runs its level, and the largest is no more than that."""
    for node in usual.nodes.values():
        for function in FUNCTIONS.values():
            for way in function.implementations.values():
                if way.runs_on(node):
                    assert all(amount <= node.free(resource) for resource, amount in way.alone.items())
                    for device in node.devices.values():
                        assert all(2 * amount <= device[resource] for resource, amount in way.device.items())


def test_weights(usual: Instance) -> None:
    """Tests that a weight is that of the kind of chain, times the tier of a contract."""
    weights: dict[str, set[Fraction]] = {}
    for name, chain in usual.chains.items():
        weights.setdefault(name.rpartition("-")[0], set()).add(chain.weight)
    kinds = {"robot": [4], "drone": [3], "detection": [2], "line": [2], "session": [2, 3, 4]}
    assert weights == {kind: {own * tier for own in all_own for tier in (1, 2, 3)} for kind, all_own in kinds.items()}


def test_capacities_are_uneven(usual: Instance) -> None:
    """Tests that servers of one kind differ, by no more than a quarter either way."""
    for has in (False, True):
        servers = [node for node in usual.nodes.values() if node.kind is Kind.SERVER and bool(node.devices) == has]
        cores = [node.free("cpu") // 1000 for node in servers]
        assert 1.2 * min(cores) < max(cores) <= 1.25 / 0.75 * (min(cores) + 1) + 1


def test_popular_sites_have_more_chains(usual: Instance) -> None:
    """Tests that users are spread unevenly."""
    at = Counter(next(iter(chain.components.values())).at for chain in usual.chains.values())
    assert max(at.values()) >= 3 * len(usual.chains) / 25 / 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 2, 10, 1.2, 0), "at least 1 site, found 0"),
        ((3, 0, 10, 1.2, 0), "at least 1 server per site, found 0"),
        ((3, 2, 0, 1.2, 0), "at least 1 chain, found 0"),
        ((3, 2, 10, 0, 0), "a load is a number above 0, found 0"),
        ((3, 2, 10, float("nan"), 0), "a load is a number above 0, found nan"),
        ((None, 2, 10, 1.2, 0), "the number of sites is missing"),
    ],
)
def test_wrong_numbers(arguments: tuple[Any, ...], words: str) -> None:
    """Tests that numbers out of range are refused."""
    with pytest.raises(ValueError, match=words):
        generate(*arguments)


def test_apportion() -> None:
    """Tests that parts are whole, in proportion, within limits and together the total."""
    assert apportion(10, [1, 1, 2], [0, 0, 0]) == [3, 2, 5]
    assert apportion(10, [1, 1, 98], [2, 2, 2]) == [2, 2, 6]
    assert apportion(10, [1, 1, 98], [2, 2, 2], most=5) == [3, 2, 5]
    assert apportion(3, [1, 1], [4, 4]) == [4, 4]
    assert apportion(100, [1, 2], [1, 1], most=6) == [6, 6]


class _Topohub(ModuleType):
    """A stand-in for the library: a square of four cities with a double link, and two towns beside it."""

    def __init__(self) -> None:
        super().__init__("topohub")

    @staticmethod
    def get(name: str) -> dict[str, Any]:
        """One network."""
        if name != "sndlib/square":
            raise KeyError
        names = ["Köln", "Bonn", "Köln", "Ulm", "Lindau", "Bregenz"]
        ends = [(0, 1, 26.5), (1, 2, 30), (2, 3, 400.0), (3, 0, 380.25), (1, 0, 30), (2, 2, 5), (4, 5, 9)]
        return {
            "nodes": [{"id": number, "name": name} for number, name in enumerate(names)],
            "edges": [{"source": one, "target": other, "dist": dist} for one, other, dist in ends],
        }


def test_published_topology(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that the connected part of a network is taken over with its names and lengths."""
    monkeypatch.setitem(sys.modules, "topohub", _Topohub())
    instance = generate(None, 1, 12, 1.2, 0, "sndlib/square")
    assert list(instance.nodes) == [
        *("sw-koln", "koln-server-1", "sw-bonn", "bonn-server-1"),
        *("sw-ulm", "ulm-server-1", "sw-koln-2", "koln-2-server-1"),
    ]
    latencies = {link.ends: link.forth.latency_ns for link in instance.links if "server" not in link.ends[1]}
    assert latencies == {
        ("sw-koln", "sw-bonn"): 133_000,
        ("sw-koln", "sw-ulm"): 1_901_000,
        ("sw-bonn", "sw-koln-2"): 150_000,
        ("sw-ulm", "sw-koln-2"): 2_000_000,
    }
    assert instance.name == "sndlib-square-4x1-12-load-1.2-seed-0"
    assert [generate(count, 1, 12, 1.2, 0, "sndlib/square").name for count in (2, 4)] == [
        "sndlib-square-2x1-12-load-1.2-seed-0",
        instance.name,
    ]
    assert faults(instance) == []
    with pytest.raises(ValueError, match="has 4 sites, 5 are asked for"):
        generate(5, 1, 12, 1.2, 0, "sndlib/square")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # topohub leaves files open
@pytest.mark.parametrize("name", ["sndlib/germany50", "sndlib/abilene", "topozoo/Belnet2007"])
def test_real_topology(name: str) -> None:
    """Tests that networks of the library itself give valid instances in which each chain could stand alone."""
    pytest.importorskip("topohub")
    instance = generate(None, 2, 100, 1.2, 1, name)
    assert faults(instance) == []
    assert connected(instance)
    assert [block.why for block in compile_instance(instance).blocks.values() if block.why] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sndlib/germany5", "topohub has no topology 'sndlib/germany5'; did you mean sndlib/germany50?"),
        ("xyz", "topohub has no topology 'xyz'; there are for example sndlib/germany50"),
        ("sndlib/france", "the lengths in sndlib/france are those of a drawing"),
    ],
)
def test_unknown_topology(monkeypatch: pytest.MonkeyPatch, run: Run, name: str, words: str) -> None:
    """Tests that a topology that is not there, or not usable, is bad input."""
    monkeypatch.setitem(sys.modules, "topohub", _Topohub())
    with pytest.raises(InputError, match=words.split(";")[0]):
        generate(None, 2, 10, 1.2, 0, name)
    ended = run("generate", "--topology", name)
    assert ended.code == 3
    assert words in ended.err
    assert ended.out == ""


def test_topohub_is_missing(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Tests that the message says how to get the library."""
    monkeypatch.setitem(sys.modules, "topohub", None)
    ended = run("generate", "--topology", "sndlib/germany50")
    assert ended.code == 3
    assert "pip install 'mosaico-place[topologies]'" in ended.err


def test_command(run: Run, tmp_path: Any, small: Instance) -> None:
    """Tests that the command prints the instance, or writes it to a file."""
    options = ("--sites", 12, "--servers-per-site", 2, "--chains", 60, "--load", 1.2, "--seed", 7)
    printed = run("generate", *options)
    assert (printed.code, printed.out, printed.err) == (0, dump(small), "")
    path = tmp_path / "made-up.yaml"
    written = run("generate", *options, "-o", path)
    assert (written.code, written.out) == (0, "")
    assert f"wrote {path}; next: mosaico-place solve {path}" in written.err
    assert path.read_text(encoding="utf-8") == dump(small)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--sites", "0"], "a whole number from 1 to 2500, found '0'"),
        (["--servers-per-site", "x"], "a whole number from 1 to 100, found 'x'"),
        (["--chains", "-3"], "a whole number from 1 to 100000, found '-3'"),
        (["--load", "0"], "a number from 0.1 to 100, found '0'"),
        (["--load", "nan"], "a number from 0.1 to 100, found 'nan'"),
        (["-o", "nowhere/a.yaml"], "nowhere does not exist; create it first"),
        (["-o", "-"], "names no file; leave it out to print to stdout"),
        (["--topology", "sndlib/square", "--sites", "5"], "sndlib/square has 4 sites, 5 are asked for"),
    ],
)
def test_wrong_usage(monkeypatch: pytest.MonkeyPatch, run: Run, options: list[str], words: str) -> None:
    """Tests that wrong numbers end with 2 and say what would be right."""
    monkeypatch.setitem(sys.modules, "topohub", _Topohub())
    ended = run("generate", *options)
    assert ended.code == 2
    assert words in " ".join(ended.err.split())
    assert ended.out == ""


def test_loads_of_any_precision() -> None:
    """Tests that a load given as a fraction is as good as one given as a number."""
    assert generate(3, 1, 10, Fraction(6, 5), 0) == generate(3, 1, 10, 1.2, 0)
