"""What is down or drained: each kind of it rules out a placement, and every method knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from mosaico_place import Options, check, cost, explain, parse_instance, parse_placement, solve
from mosaico_place.columns.generation import Generation
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.tables import compile_tables
from mosaico_place.exact.method import solve_exact
from mosaico_place.instance import Instance, Term
from mosaico_place.kernel.pricing import Pricer
from mosaico_place.placement import EMPTY, Placement
from mosaico_place.rules import CostTerm
from mosaico_place.usage import capacities, usage
from tests.brute_force import TooManyError, brute_force
from tests.strategies import partly_down, previous_placements, tiny_instances
from tests.test_columns import finish
from tests.test_kernel import roomy

TEXT = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    sw: {kind: p4-switch, stages: 8}
    rt: {kind: router}
    edge: {kind: server, cpu: 4, gpus: {gpu-0: {memory: 8 GiB}, gpu-1: {memory: 8 GiB}}}
    core: {kind: server, cpu: 4}
  links:
    - {between: [gnb, sw], bandwidth: 1 Gbps, latency: 1 us}
    - {between: [sw, edge], bandwidth: 1 Gbps, latency: 1 us}
    - {between: [sw, rt], bandwidth: 1 Gbps, latency: 1 us}
    - {between: [rt, core], bandwidth: 1 Gbps, latency: 1 us}
functions:
  game: {implementations: {gpu: {cpu: 1, device: {share: 0.5}}, vnf: {cpu: 2}}}
  log: {shared: true, implementations: {vnf: {once: {cpu: 1}}, p4: {once: {stages: 2}}}}
  mark: {shared: true, implementations: {p4: {once: {stages: 1}}}}
chains:
  player:
    components: {pad: {at: gnb}, game: {function: game, movable: false}, log: log}
    flows: [{from: pad, to: game, rate: 0, per-hop: [mark]}, {from: game, to: log, rate: 0}]
"""
PLACEMENT = """
chains:
  player:
    components: {game: {node: edge, implementation: gpu, device: gpu-0}, log: {node: core, implementation: vnf}}
    flows:
      - {from: pad, to: game, path: [gnb, sw, edge]}
      - {from: game, to: log, path: [edge, sw, rt, core]}
instances:
  core: {log: {implementation: vnf, count: 1}}
  sw: {mark: {implementation: p4, count: 1}}
"""


def instance(*changes: str) -> Instance:
    """The instance with things out of use: ``down NODE``, ``drained NODE``, ``gpu DEVICE``, ``link A B``."""
    made = parse_instance(TEXT)
    nodes, links = dict(made.nodes), made.links
    for word, *names in map(str.split, changes):
        if word == "link":
            links = tuple(replace(link, up=set(link.ends) != set(names)) for link in links)
        elif word == "gpu":
            nodes["edge"] = replace(nodes["edge"], devices_down=frozenset(names))
        else:
            node = nodes[names[0]]
            nodes[node.name] = replace(node, up=False) if word == "down" else replace(node, drained=True)
    return replace(made, nodes=nodes, links=links)


def broken(*changes: str, previous: Placement | None = None) -> list[str]:
    """What the checker says of the placement where some things are out of use."""
    found = check(instance(*changes), parse_placement(PLACEMENT), previous)
    return [f"{violation.rule}: {violation.where}: {violation.message}" for violation in found]


def test_nothing_down() -> None:
    """Tests that the placement is right where everything works."""
    assert broken() == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "down gnb",
            ["placed: chain player, component pad: is an endpoint on 'gnb', which is down"],
        ),
        ("down edge", ["placed: chain player, component game: stands on 'edge', which is down"]),
        ("drained edge", ["placed: chain player, component game: stands on 'edge', which is drained"]),
        (
            "drained core",
            [
                "placed: chain player, component log: stands on 'core', which is drained",
                "throughput: node core, log vnf: server 'core' is drained, and runs nothing",
            ],
        ),
        (
            "down core",
            [
                "placed: chain player, component log: stands on 'core', which is down",
                "throughput: node core, log vnf: server 'core' is down, and runs nothing",
            ],
        ),
        (
            "down rt",
            ["routed: chain player, flow game -> log: its path runs over 'rt', which is down"],
        ),
        ("gpu gpu-0", ["device: chain player, component game: names device 'gpu-0' of 'edge', which is down"]),
        (
            "link core rt",
            ["routed: chain player, flow game -> log: its path goes from 'rt' to 'core', whose link is down"],
        ),
        (
            "drained sw",
            [
                "per-hop: chain player, flow pad -> game, mark: needs 'mark' on every switch of its path, "
                "but it is not on sw",
                "throughput: node sw, mark p4: p4-switch 'sw' is drained, and runs nothing",
            ],
        ),
        ("gpu gpu-1", []),
        ("drained gnb", []),
        ("drained rt", []),
    ],
)
def test_checker(change: str, expected: list[str]) -> None:
    """Tests what the checker says of each kind of thing that is out of use: once, where it starts."""
    assert broken(change) == expected


def test_what_is_down_takes_nothing() -> None:
    """Tests that dead nodes, devices and links hold nothing, so that they cannot be over-filled, and cost nothing."""
    placement = parse_placement(PLACEMENT)
    for change in ("down edge", "drained edge"):
        assert "edge" not in usage(instance(change), placement).nodes
    assert usage(instance("gpu gpu-0"), placement).devices == {}
    carried = usage(instance("link rt core"), placement).links
    assert ("rt", "core") not in carried
    assert ("sw", "rt") in carried


def test_capacities_keep_their_names() -> None:
    """Tests that what is down keeps its row, without capacity: ``balance`` passes it over."""
    whole, partly = capacities(instance()), capacities(instance("down edge", "link rt core"))
    assert list(whole) == list(partly)
    gone = [name for name, has in partly.items() if not has.amount and whole[name].amount]
    assert ("node", "edge", "cpu") in gone
    assert ("device", "edge", "gpu-1", "share") in gone
    assert ("link", "rt", "core") in gone
    assert ("link", "edge", "sw") in gone
    assert ("node", "core", "cpu") not in gone


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("down gnb", "endpoint 'pad' stands on 'gnb', which is down"),
        ("link gnb sw", "no path carries 0 bps from 'pad' to 'game', with 1 of 4 links down"),
        ("down sw", "no path carries 0 bps from 'pad' to 'game', with 3 of 4 links down"),
        ("drained sw", "no path carries 0 bps from 'pad' to 'game'"),
        ("drained edge, drained core", "component 'game': every node that runs 'game' is down or drained, or its GPUs "
         "are down"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["exact", "heuristic", "columns"])
def test_reasons(method: str, change: str, why: str) -> None:
    """Tests that every method rejects a chain that cannot be accepted, and says why; so does explain."""
    made = instance(*change.split(", "))
    result = solve(made, method=method, options=Options(threads=1))
    assert result.placement == EMPTY
    assert [rejection.why for rejection in result.rejected] == [why]
    assert why in [reason.message for chain in explain(made).chains for reason in chain.reasons]


def test_a_repaired_node_runs_what_it_ran() -> None:
    """Tests that ``repaired`` undoes all that can be out of use, and is the node itself where nothing is."""
    node = instance().nodes["edge"]
    assert node.repaired is node
    assert replace(node, up=False, drained=True, devices_down=frozenset({"gpu-0"})).repaired == node


def test_movable_binds_while_the_node_is_up() -> None:
    """Tests that what is not movable may leave a node that is down, but neither one that works nor a broken device."""
    before = parse_placement(PLACEMENT.replace("node: edge, implementation: gpu, device: gpu-0",
                                               "node: core, implementation: vnf"))  # fmt: skip
    moved = "max-moves: chain player, component game: is not movable and stood on 'core', but is placed on 'edge'"
    assert broken(previous=before) == [moved]
    assert moved not in broken("down core", previous=before)
    assert moved in broken("drained core", previous=before)
    for method in ("exact", "heuristic", "columns"):
        options = Options(threads=1)
        assert solve(instance("down core"), method=method, options=options, previous=before).accepted == ("player",)
        assert solve(instance("drained core"), method=method, options=options, previous=before).accepted == ()


def test_alike_but_for_what_is_down() -> None:
    """Tests that exact tells servers and devices apart that differ in nothing but what is down."""
    text = TEXT.replace("core: {kind: server, cpu: 4}", "core: {kind: server, cpu: 4}\n    zz: {kind: server, cpu: 4}")
    text = text.replace("links:\n", "links:\n    - {between: [rt, zz], bandwidth: 1 Gbps, latency: 1 us}\n")
    made = parse_instance(text.replace("vnf: {cpu: 2}", "vnf: {cpu: 4}"))
    chains = {str(i): replace(made.chains["player"], name=str(i)) for i in range(6)}
    partly = replace(made, chains=chains)
    edge, core = made.nodes["edge"], made.nodes["core"]
    broken_gpu = partly.with_node(replace(edge, devices_down=frozenset({"gpu-0"})))
    assert len(solve(broken_gpu, method="exact").accepted) == 4
    assert len(solve(partly.with_node(replace(core, up=False)), method="exact").accepted) == 5


def test_methods_against_brute_force() -> None:
    """Tests exact, and the bounds and answers of columns and search, on random instances that are partly down."""
    seen: Counter[str] = Counter()

    @given(tiny_instances(), st.data())
    def agree(drawn: Instance, data: st.DataObject) -> None:
        whole = optional(data.draw(st.sampled_from([roomy(drawn, 2), roomy(drawn, 4)])))
        made = data.draw(partly_down(whole))
        previous = data.draw(st.none() | previous_placements(made))
        try:
            best = brute_force(made, previous)
        except TooManyError:
            reject()
        assert best.values is not None
        options = Options(gap=0.0, threads=1)
        answer, of_whole = (solve_exact(compile_instance(one, previous), options) for one in (made, whole))
        assert answer.placement is not None
        assert check(made, answer.placement, previous) == []
        assert cost(made, answer.placement, previous).levels == best.values
        compiled = compile_tables(compile_instance(made, previous))
        pricer = Pricer(compiled, threads=1)
        generation = Generation(compiled, pricer)
        finish(generation)
        assert generation.best is not None
        assert generation.best.bound <= float(best.values[0]) + 1e-6
        pricer.close()
        found = solve(made, method="heuristic", options=options, previous=previous)
        assert found.placement is not None
        levels = cost(made, found.placement, previous).levels
        assert levels >= best.values
        seen["solved"] += 1
        seen["matters"] += of_whole.placement != answer.placement
        seen["accepts"] += bool(answer.placement.chains)
        seen["best"] += levels[0] == best.values[0]

    agree()
    assert seen["matters"] >= 20
    assert seen["accepts"] > 0.2 * seen["solved"]
    assert seen["best"] > 0.8 * seen["solved"] > 50


def optional(instance: Instance) -> Instance:
    """The instance with rejection counted first, and no chain required: always feasible."""
    chains = {name: replace(chain, required=False) for name, chain in instance.chains.items()}
    levels = ({Term(CostTerm.REJECTED): Fraction(1)}, *instance.objective)
    return replace(instance, chains=chains, objective=levels)
