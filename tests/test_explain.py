"""Why chains are not accepted: reasons in words, and growths that are enough and not too much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import assume, given

from mosaico_place.compile import compile_instance
from mosaico_place.exact.growth import grown, least_growth
from mosaico_place.exact.method import solve_exact
from mosaico_place.explaining import explain
from mosaico_place.explanation import ChainReasons, Kind
from mosaico_place.instance import Instance
from mosaico_place.load import load_instance, parse_instance
from mosaico_place.method import Options
from mosaico_place.result import Termination
from mosaico_place.schema.published import json_schema
from mosaico_place.solving import solve
from tests.depth import dear
from tests.program import Run
from tests.strategies import tiny_instances

FOLDER = Path(__file__).parent.parent / "instances" / "infeasible"

REASONS = {
    "no-node": ("stream", [(Kind.IMPOSSIBLE, "component 'encode': no node runs 'encode'")]),
    "never": ("stream", [(Kind.IMPOSSIBLE, "component 'encode': 'only' and 'never' leave no node that runs 'encode'")]),
    "load": (
        "stream",
        [
            (
                Kind.IMPOSSIBLE,
                "component 'filter': no implementation of 'filter' that is left carries its load of 2 Gbps",
            )
        ],
    ),
    "too-far": (
        "control",
        [
            (
                Kind.LATENCY,
                "latency from 'sensor' to 'actuator' is at least 5 ms even alone, above the 4 ms it may take: "
                "plant -> sw -> cloud, then cloud -> sw -> plant",
            )
        ],
    ),
    "too-big": (
        "train",
        [
            (
                Kind.IMPOSSIBLE,
                "component 'learn': no node that runs 'learn' has the resources for it, even when empty",
            ),
            (Kind.CAPACITY, "to accept it, these must grow: cpu of edge by 4 (of 8)"),
        ],
    ),
    "full-server": (
        "third",
        [
            (Kind.CAPACITY, "to accept it, these must grow: cpu of edge by 1 (of 8)"),
            (Kind.HELD, "cpu of edge is held by first (3), second (3)"),
        ],
    ),
    "full-gpu": (
        "third",
        [
            (Kind.CAPACITY, "to accept it, these must grow: share of gpu-0 on edge by 0.2 (of 1)"),
            (Kind.HELD, "share of gpu-0 on edge is held by first (0.4), second (0.4)"),
        ],
    ),
    "full-link": (
        "third",
        [
            (Kind.CAPACITY, "to accept it, these must grow: bandwidth from cam to sw by 2 Mbps (of 10 Mbps)"),
            (Kind.HELD, "bandwidth from cam to sw is held by first (4 Mbps), second (4 Mbps)"),
        ],
    ),
    "class-share": (
        "best-2",
        [
            (Kind.CAPACITY, "to accept it, these must grow: cpu of edge by 4 (of 8)"),
            (Kind.HELD, "cpu of edge is held by best-1 (3)"),
        ],
    ),
    "apart": ("pair", [(Kind.RULES, "no growth of capacities helps: other rules rule out every placement")]),
    "worth-less": (
        "night",
        [
            (
                Kind.OBJECTIVE,
                "it could be accepted beside the accepted chains, but the objective does better without it",
            )
        ],
    ),
}
"""Shipped instance -> the chain that is not accepted, and why."""


def reasons(entry: ChainReasons) -> list[tuple[Kind, str]]:
    """Kinds and messages."""
    return [(reason.kind, reason.message) for reason in entry.reasons]


@pytest.mark.parametrize("name", REASONS)
def test_reason(name: str) -> None:
    """Tests that each shipped instance gives the reason that its first lines promise."""
    instance = load_instance(FOLDER / f"{name}.yaml")
    (entry,) = explain(instance).chains
    chain, expected = REASONS[name]
    assert entry.chains == (chain,)
    assert not entry.accepted
    assert reasons(entry) == expected


def test_private_programs_run_out_of_stages() -> None:
    """Tests that fifty chains share one program, and that with a program each, all that must run need more stages."""
    instance = load_instance(FOLDER / "private-programs.yaml")
    (entry,) = explain(instance).chains
    assert len(entry.chains) == 50
    assert reasons(entry) == [
        (Kind.CAPACITY, "to accept them all, these must grow: stages of sw by 138 (of 12)"),
    ]
    assert entry.proven
    shared = replace(
        instance,
        chains={
            name: replace(
                chain, components={key: replace(part, private=False) for key, part in chain.components.items()}
            )
            for name, chain in instance.chains.items()
        },
    )
    result = solve(shared)
    assert len(result.accepted) == 50
    assert result.nodes["sw"]["stages"].used == 3


def test_every_file_is_tested() -> None:
    """Tests that the folder holds the tested instances, ten at the least, and no other."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {*REASONS, "private-programs"}
    assert len(REASONS) >= 10


def test_one_chain() -> None:
    """Tests that an accepted chain has nothing to explain, and that an unknown one is refused."""
    instance = load_instance(FOLDER / "full-server.yaml")
    (entry,) = explain(instance, ["first"]).chains
    assert entry == ChainReasons(("first",), accepted=True)
    with pytest.raises(KeyError):
        explain(instance, ["fourth"])


def test_limits() -> None:
    """Tests that a limit which strikes at once leaves the reason open and claims nothing."""
    instance = load_instance(FOLDER / "full-server.yaml")
    (entry,) = explain(instance, options=Options(time_limit_s=1e-9)).chains
    assert [reason.kind for reason in entry.reasons] == [Kind.UNKNOWN]
    assert entry.growth == {}


def feasible(instance: Instance) -> bool:
    """Whether all chains of the instance can be accepted."""
    required = replace(instance, chains={n: replace(chain, required=True) for n, chain in instance.chains.items()})
    answer = solve_exact(compile_instance(required), Options(gap=0.0, threads=1))
    assert answer.termination in (Termination.OPTIMAL, Termination.INFEASIBLE)
    return answer.placement is not None


def test_growth_is_enough_and_not_too_much() -> None:
    """Tests that the growths, applied, admit all chains, and that with one step less of any of them they do not."""
    seen = {"none": 0, "one": 0, "several": 0, "hopeless": 0}

    @dear(40)  # every capacity of a growth takes a proof of infeasibility
    @given(tiny_instances())
    def holds(instance: Instance) -> None:
        # A wider link passes bursts on faster, which the growth of bandwidth does not count on.
        assume(not any(flow.burst_bytes for chain in instance.chains.values() for flow in chain.flows))
        growth = least_growth(instance, Options(threads=1))
        if growth is None:
            assert not feasible(instance)
            seen["hopeless"] += 1
            return
        assert growth.proven
        assert feasible(grown(instance, growth.by))
        for name, amount in growth.by.items():
            assert not feasible(grown(instance, {**growth.by, name: amount - 1}))
        seen[("none", "one", "several")[min(len(growth.by), 2)]] += 1
        assume(growth.by)

    holds()
    assert all(seen.values()), seen


def test_command(run: Run) -> None:
    """Tests that the command prints the reasons, or a document of the published schema, and refuses unknown chains."""
    file = FOLDER / "full-gpu.yaml"
    ended = run("explain", file)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("third: is not accepted, because\n")
    document = run("explain", file, "--chain", "third", "--json").json
    jsonschema.validate(document, json_schema("explain"))
    assert document["chains"][0]["growth"] == [{"capacity": ["device", "edge", "gpu-0", "share"], "by": 200}]
    wrong = run("explain", file, "--chain", "thrid")
    assert wrong.code == 2
    assert "did you mean third?" in " ".join(wrong.err.split())


def test_merged_users_of_a_shared_function_are_charged_once() -> None:
    """Tests that two equivalent users of 3 cores fit on 4: what covers an opened instance does not count them twice."""
    instance = parse_instance(MERGED)
    assert solve(instance).accepted == ("web",)
    assert least_growth(instance, Options(threads=1)) is not None


MERGED = """
format: 1
infrastructure:
  nodes: {edge: {kind: server, cpu: 4}}
functions:
  parse: {shared: true, implementations: {vnf: {each: {cpu: 3}}}}
chains:
  web:
    components: {fw: parse, nat: parse}
    flows: [{from: fw, to: nat, rate: 1 Mbps}]
    equivalent: [[fw, nat]]
"""
