"""Tests of loading instances and placements, and of the faults of both."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mosaico_place.errors import InputError
from mosaico_place.instance import (
    DEFAULT_OBJECTIVE,
    Budget,
    Chain,
    Component,
    Direction,
    Flow,
    Function,
    Group,
    Implementation,
    Independent,
    Instance,
    Kind,
    Level,
    Link,
    Node,
    Preference,
    Prices,
    Term,
    TrafficClass,
    Where,
)
from mosaico_place.load import instance_from_dict, load_instance, load_placement, parse_instance, parse_placement
from mosaico_place.placement import ChainPlacement, Opening, Placement, Spot
from mosaico_place.quantities import Dimension
from mosaico_place.rules import CostTerm
from mosaico_place.schema.published import json_schema

ROOT = Path(__file__).parent.parent
SHIPPED = sorted([*(ROOT / "instances").rglob("*.yaml"), *(ROOT / "mosaico_place" / "data").glob("*.yaml")])

MS = 10**6
BASE = """\
format: 1
name: base
resources: {fpga: count}
infrastructure:
  nodes:
    gnb-1: {kind: access}
    gnb-2: {kind: access}
    sw: {kind: p4-switch, stages: 12, forwarding: 1 us, labels: {site: rennes}}
    edge:
      kind: server
      cpu: 32
      memory: 128 GiB
      fpga: 2
      reserved: {cpu: 2}
      gpus: {gpu-0: {memory: 24 GiB}, gpu-1: {share: 0.5}}
      hand-over: 2 us
      labels: {site: rennes, rack: 7}
      prices: {cpu: 2, fpga: 3, device: {share: 1}, active: 5}
  links:
    - {between: [gnb-1, sw], bandwidth: {forth: 1 Gbps, back: 2 Gbps}, latency: 300 us, reserved: 1 Mbps}
    - {between: [sw, edge], bandwidth: 25 Gbps, latency: {forth: 5 us, back: 6 us}, prices: {bandwidth: 1 per Gbps}}
functions:
  game: {implementations: {gpu: {cpu: 4, fpga: 1, device: {share: 0.4}, processing: 8 ms}}, prices: {cpu: 1}}
  nat: {implementations: {p4: {stages: 2}, vnf: {cpu: 1}}}
"""


def instance(rest: str) -> Instance:
    """The base with chains and more."""
    return parse_instance(BASE + rest, "x.yaml")


def chain(rest: str, name: str = "c") -> Chain:
    """One chain of the base with more."""
    return instance(rest).chains[name]


def messages(rest: str) -> list[str]:
    """What is said about the base with more, without the file's name."""
    with pytest.raises(InputError) as caught:
        instance(rest)
    return [str(fault).removeprefix("x.yaml:") for fault in caught.value.faults]


def test_infrastructure() -> None:
    """Tests that nodes, links and functions arrive with exact amounts and prices."""
    loaded = instance("")
    assert loaded.name == "base"
    assert loaded.resources == {"fpga": Dimension.COUNT}
    assert loaded.nodes["edge"] == Node(
        "edge",
        Kind.SERVER,
        {"cpu": 32_000, "memory": 128 * 2**30, "fpga": 2},
        {"cpu": 2000},
        {"gpu-0": {"share": 1000, "memory": 24 * 2**30}, "gpu-1": {"share": 500}},
        0,
        2000,
        {"site": "rennes", "rack": "7"},
        Prices({"cpu": Fraction(2, 1000), "fpga": Fraction(3)}, {"share": Fraction(1, 1000)}, None, Fraction(5)),
    )
    assert loaded.links == (
        Link(
            ("gnb-1", "sw"),
            Direction(10**9, 300_000, 10**6),
            Direction(2 * 10**9, 300_000, 10**6),
        ),
        Link(
            ("sw", "edge"),
            Direction(25 * 10**9, 5000),
            Direction(25 * 10**9, 6000),
            Prices(bandwidth=Fraction(1, 10**9)),
        ),
    )
    game = loaded.functions["game"].implementations["gpu"]
    assert (game.level, game.demand, game.device) == (Level.GPU, {"cpu": 4000, "fpga": 1}, {"share": 400})
    assert game.processing_ns == 8 * MS
    assert loaded.functions["game"].prices == Prices({"cpu": Fraction(1, 1000)})
    assert loaded.objective is DEFAULT_OBJECTIVE


def test_full_chain() -> None:
    """Tests every key of a chain that is written in full, short forms included."""
    loaded = chain("""\
chains:
  c:
    weight: 2.5
    class: gold
    required: true
    components: {pad: {at: gnb-1, processing: 2 ms}, game: game, nat: {function: nat}}
    flows:
      - {from: pad, to: nat, rate: 1 Mbps}
      - {from: nat, to: game, rate: 2 Mbps}
    latency:
      - {from: pad, to: game, within: 40 ms, target: 25 ms}
      - {from: pad, to: nat, target: 1 ms}
    together: [[game, nat]]
    apart: [{components: [pad, game], by: site}]
    only: {game: edge, nat: [edge, sw]}
    never: {nat: {site: [paris, rennes], rack: 7}}
    preference: {nat: {edge: 2, site: {rennes: 0.5}}}
""")
    assert loaded == Chain(
        "c",
        {
            "pad": Component("pad", at="gnb-1", processing_ns=2 * MS),
            "game": Component("game", "game"),
            "nat": Component("nat", "nat"),
        },
        (Flow("pad", "nat", 10**6), Flow("nat", "game", 2 * 10**6)),
        Fraction(5, 2),
        "gold",
        True,
        (Budget("pad", "game", 40 * MS, 25 * MS), Budget("pad", "nat", None, MS)),
        (Group(("game", "nat")),),
        (Group(("pad", "game"), "site"),),
        {"game": Where(("edge",)), "nat": Where(("edge", "sw"))},
        {"nat": Where(labels={"site": ("paris", "rennes"), "rack": ("7",)})},
        {"nat": Preference({"edge": Fraction(2)}, {"site": {"rennes": Fraction(1, 2)}})},
    )


def test_sharing() -> None:
    """Tests shared functions: what they take once and each, levels, needs, loads, prices, and what nodes run."""
    loaded = parse_instance("""\
format: 1
infrastructure:
  nodes:
    dpu: {kind: server, runs: [vnf, p4]}
    off: {kind: p4-switch, runs: [], prices: {opened: 2}}
functions:
  ids:
    shared: true
    queue: l4s
    prices: {opened: 0.5, move: 3}
    implementations:
      p4: {once: {stages: 4}, each: {sram: 16 KiB}, processing: 1 us, capacity: 100 Gbps}
      fast: {level: vnf, needs: {cpu-model: zen5, site: [a, b]}, each: {cpu: 0.5}}
  nat: {implementations: {vnf: {level: p4, stages: 1, capacity: 1 Mbps}}}
prices: {opened: 1, move: 1/3}
""")
    assert loaded.functions["ids"] == Function(
        "ids",
        {
            "p4": Implementation("p4", Level.P4, {"sram": 2**14}, {}, 1000, {"stages": 4}, 10**11),
            "fast": Implementation("fast", Level.VNF, {"cpu": 500}, needs={"cpu-model": ("zen5",), "site": ("a", "b")}),
        },
        Prices(opened=Fraction(1, 2), move=Fraction(3)),
        shared=True,
        l4s=True,
    )
    nat = Implementation("vnf", Level.P4, {"stages": 1}, capacity_bps=10**6)
    assert loaded.functions["nat"] == Function("nat", {"vnf": nat})
    assert loaded.nodes["dpu"].offers == frozenset({Level.VNF, Level.P4})
    assert loaded.nodes["off"] == Node("off", Kind.P4_SWITCH, prices=Prices(opened=Fraction(2)), offers=frozenset())
    assert loaded.prices == Prices(opened=Fraction(1), move=Fraction(1, 3))


@pytest.mark.parametrize(
    ("queue", "forth", "back"),
    [
        ("{classic: 15 ms, l4s: 1 ms}", (15 * MS, MS), (15 * MS, MS)),
        ("{classic: 15 ms}", (15 * MS, 0), (15 * MS, 0)),
        ("{forth: {classic: 15 ms, l4s: 1 ms}, back: {classic: 2 ms}}", (15 * MS, MS), (2 * MS, 0)),
        ("{back: {l4s: 1 ms}}", (0, 0), (0, MS)),
        ("{}", (0, 0), (0, 0)),
    ],
)
def test_queues(queue: str, forth: tuple[int, int], back: tuple[int, int]) -> None:
    """Tests that waiting times count for both directions, or for each its own, and are 0 where they are left out."""
    (link,) = parse_instance(f"""\
format: 1
infrastructure:
  nodes: {{a: {{kind: access}}, b: {{kind: access}}}}
  links: [{{between: [a, b], bandwidth: 1, latency: 0, queue: {queue}}}]
""").links
    assert link == Link(("a", "b"), Direction(1, 0, 0, *forth), Direction(1, 0, 0, *back))


def test_flows_that_ask_for_more() -> None:
    """Tests per-hop functions, bursts and copies, components that are private or stay, and what may be rewritten."""
    text = BASE + "  ids: {shared: true, implementations: {p4: {once: {stages: 1}}, vnf: {each: {cpu: 1}}}}\n"
    loaded = parse_instance(
        text
        + """\
chains:
  c:
    components: {pad: {at: gnb-1}, a: nat, b: {function: nat, movable: false}, ids: {function: ids, private: true}}
    flows:
      - {from: pad, to: a, rate: 2, per-hop: [ids, nat], strict: true, private: true, burst: 120 kB}
      - {from: a, to: b, rate: 2}
      - {copy-of: {from: pad, to: a}, to: ids, rate: 1, strict: true, burst: 1 kB}
    equivalent: [[a, b]]
    independent: [{components: [a, b], join: 20 us}]
  l:
    line: {from: gnb-1, through: [nat, nat], to: edge}
    rate: 1
    equivalent: [[nat, nat-2]]
    independent: [{components: [nat, nat-2]}]
"""
    )
    assert loaded.chains["c"] == Chain(
        "c",
        {
            "pad": Component("pad", at="gnb-1"),
            "a": Component("a", "nat"),
            "b": Component("b", "nat", movable=False),
            "ids": Component("ids", "ids", private=True),
        },
        (
            Flow("pad", "a", 2, ("ids", "nat"), strict=True, private=True, burst_bytes=120_000),
            Flow("a", "b", 2),
            Flow("pad", "ids", 1, strict=True, burst_bytes=1000, copy_of=("pad", "a")),
        ),
        equivalent=(("a", "b"),),
        independent=(Independent(("a", "b"), 20_000),),
    )
    assert loaded.chains["l"].equivalent == (("nat", "nat-2"),)
    assert loaded.chains["l"].independent == (Independent(("nat", "nat-2")),)


def test_classes() -> None:
    """Tests that a class has its share, exactly, and that sums over chains may be narrowed to one."""
    loaded = instance("""\
classes: {gold: {share: 1/3}, silver: {share: 0.25}, bronze: {}}
objective: [{dropped: 1, moves.gold: 2, latency.bronze: 1}]
""")
    assert loaded.classes == {
        "gold": TrafficClass("gold", Fraction(1, 3)),
        "silver": TrafficClass("silver", Fraction(1, 4)),
        "bronze": TrafficClass("bronze"),
    }
    assert list(loaded.objective[0]) == [
        Term(CostTerm.DROPPED),
        Term(CostTerm.MOVES, "gold"),
        Term(CostTerm.LATENCY, "bronze"),
    ]


def test_line() -> None:
    """Tests that a line becomes components called by function, flows of one rate and one budget."""
    loaded = chain("""\
chains:
  c:
    line: {from: gnb-1, through: [nat, game, nat], to: edge}
    rate: 3 Mbps
    within: 9 ms
    only: {nat-2: edge}
""")
    assert list(loaded.components) == ["from", "nat", "game", "nat-2", "to"]
    assert loaded.components["from"].at == "gnb-1"
    assert loaded.components["nat-2"].function == "nat"
    assert [flow.ends for flow in loaded.flows] == [
        ("from", "nat"),
        ("nat", "game"),
        ("game", "nat-2"),
        ("nat-2", "to"),
    ]
    assert {flow.rate_bps for flow in loaded.flows} == {3 * 10**6}
    assert loaded.budgets == (Budget("from", "to", 9 * MS, None),)
    assert loaded.only == {"nat-2": Where(("edge",))}


def test_line_with_awkward_names() -> None:
    """Tests that functions called like endpoints, or like a repeat, still give names of their own."""
    text = BASE.replace("functions:\n", "functions:\n  from: {implementations: {vnf: {}}}\n").replace(
        "  nat: {", "  nat-2: {implementations: {vnf: {}}}\n  nat: {"
    )
    line = "chains: {c: {line: {from: gnb-1, through: [from, nat, nat, nat-2], to: edge}, rate: 1}}\n"
    loaded = parse_instance(text + line).chains["c"]
    assert list(loaded.components) == ["from", "from-2", "nat", "nat-2", "nat-2-2", "to"]
    assert loaded.budgets == ()


SESSION = """\
templates:
  session:
    weight: 3
    class: gold
    components: {pad: {}, game: game, screen: {at: gnb-1, processing: 3 ms}}
    flows:
      - {from: pad, to: game, rate: 1 Mbps}
      - {from: game, to: screen, rate: 1 Mbps}
  path: {line: {through: [nat]}, rate: 1 Mbps}
"""


def test_template_without_count() -> None:
    """Tests that one node and no count give one chain of the plain name, which may override what chains may."""
    loaded = instance(SESSION + "chains: {c: {template: session, at: {pad: gnb-2}, weight: 7, required: true}}\n")
    assert list(loaded.chains) == ["c"]
    made = loaded.chains["c"]
    assert made.name == "c"
    assert (made.weight, made.class_name, made.required) == (Fraction(7), "gold", True)
    assert (made.components["pad"].at, made.components["screen"].at) == ("gnb-2", "gnb-1")
    assert made.components["screen"].processing_ns == 3 * MS


@pytest.mark.parametrize(
    ("use", "nodes"),
    [
        ("at: {pad: [gnb-1, gnb-2]}", ["gnb-1", "gnb-2"]),
        ("at: {pad: [gnb-1]}", ["gnb-1"]),
        ("at: {pad: [gnb-1, gnb-2]}, count: 3", ["gnb-1", "gnb-2", "gnb-1"]),
        ("at: {pad: gnb-2}, count: 2", ["gnb-2", "gnb-2"]),
        ("at: {pad: gnb-2}, count: 1", ["gnb-2"]),
        ("at: {pad: [gnb-1, gnb-2], screen: [edge, sw, edge]}", ["gnb-1", "gnb-2", "gnb-1"]),
    ],
)
def test_template_copies(use: str, nodes: list[str]) -> None:
    """Tests that a list or a count gives numbered chains, with the nodes of a list in turn."""
    loaded = instance(SESSION + f"chains: {{c: {{template: session, {use}}}}}\n")
    assert [made.components["pad"].at for made in loaded.chains.values()] == nodes
    assert list(loaded.chains) == [f"c-{number}" for number in range(1, len(nodes) + 1)]
    assert [made.name for made in loaded.chains.values()] == list(loaded.chains)


def test_line_template() -> None:
    """Tests that a template may be a line whose ends the chain gives."""
    made = chain(SESSION + "chains: {c: {template: path, at: {from: gnb-1, to: edge}}}\n")
    assert [component.at for component in made.components.values()] == ["gnb-1", None, "edge"]


def test_unused_template() -> None:
    """Tests that an unused template makes no chain and needs no nodes, and that its class counts for nobody."""
    assert instance(SESSION).chains == {}
    without_nodes = "format: 1\ninfrastructure: {nodes: {}}\ntemplates: {t: {components: {a: {}}}}\n"
    assert parse_instance(without_nodes).chains == {}
    assert messages(SESSION + "objective: [{rejected.gold: 1}]\n") == [
        "34:29: objective.0.rejected.gold: there is no class 'gold'; there is no class at all"
    ]


def test_template_is_checked_by_itself() -> None:
    """Tests that a template's faults show even if the chains made from it override or miss what is wrong."""
    text = SESSION.replace("at: gnb-1", "at: gnb-9").replace("weight: 3", "weight: 0")
    use = "chains: {c: {template: session, weight: 1, at: {pad: gnb-1, screen: gnb-2}}}\n"
    expected = [
        "27:13: templates.session.weight: a weight must be above 0",
        "29:52: templates.session.components.screen.at: there is no node 'gnb-9', did you mean 'gnb-2'?",
    ]
    assert messages(text + use) == messages(text) == expected
    assert messages(text + "chains: {c: {template: session}}\n") == [
        *expected,
        "34:10: chains.c: needs a node for endpoint 'pad' of template 'session' under 'at'",
    ]


def test_prices_and_objective() -> None:
    """Tests prices of everything, and levels with classes and weights."""
    loaded = instance("""\
chains: {c: {class: gold, components: {nat: nat}}}
prices: {cpu: 1, memory: 0.1 per GiB, fpga: 1/3, bandwidth: 2 per Mbps, active: 4, device: {share: 5, fpga: 6}}
objective:
  - {rejected.gold: 2, rejected: 1}
  - {links: 0.01}
""")
    assert loaded.prices == Prices(
        {"cpu": Fraction(1, 1000), "memory": Fraction(1, 10 * 2**30), "fpga": Fraction(1, 3)},
        {"share": Fraction(5, 1000), "fpga": Fraction(6)},
        Fraction(2, 10**6),
        Fraction(4),
    )
    assert loaded.objective == (
        {Term(CostTerm.REJECTED, "gold"): Fraction(2), Term(CostTerm.REJECTED): Fraction(1)},
        {Term(CostTerm.LINKS): Fraction(1, 100)},
    )


def test_numbers_as_names() -> None:
    """Tests that what looks like a number or a truth value is a name where a name is meant."""
    loaded = parse_instance("""\
format: 1
infrastructure:
  nodes: {1: {kind: access}, 1.10: {kind: access, labels: {x: 12e4}}, true: {kind: access}, 007: {kind: access}}
  links:
    - {between: [1, 1.10], bandwidth: 1, latency: 0}
    - {between: [true, 007], bandwidth: 1, latency: 0}
""")
    assert list(loaded.nodes) == ["1", "1.10", "true", "007"]
    assert [link.ends for link in loaded.links] == [("1", "1.10"), ("true", "007")]
    assert loaded.nodes["1.10"].labels == {"x": "12e4"}


def test_default_name(tmp_path: Path) -> None:
    """Tests that an instance without a name is called like its file."""
    path = tmp_path / "lab-3.yaml"
    path.write_text("format: 1\ninfrastructure: {nodes: {}}\n")
    assert load_instance(path).name == "lab-3"
    assert load_instance(str(path)).name == "lab-3"


def test_json_file_is_the_same(tmp_path: Path) -> None:
    """Tests that the same instance written as JSON loads to the same instance."""
    path = tmp_path / "x.json"
    path.write_text(json.dumps(yaml.safe_load(BASE), indent=1))
    assert load_instance(path) == instance("")


def test_from_dict() -> None:
    """Tests that data in memory gives the same instance, and the same faults without positions."""
    data = yaml.safe_load(BASE)
    assert instance_from_dict(data) == instance("")
    data["infrastructure"]["nodes"]["edge"]["kind"] = "sever"
    data["infrastructure"]["links"][1]["between"] = ("sw", "edgy")
    data["chains"] = {"c": {"components": {"x": {"at": 4}}}}
    with pytest.raises(InputError) as caught:
        instance_from_dict(data)
    assert str(caught.value).splitlines() == [
        "infrastructure.nodes.edge.kind: unknown kind 'sever', did you mean 'server'?",
        "infrastructure.links.1.between.1: there is no node 'edgy', did you mean 'edge'?",
        "chains.c.components.x.at: there is no node '4'; there are gnb-1, gnb-2, sw, edge",
    ]


def test_faults_carry_their_parts() -> None:
    """Tests that a fault has its path and position apart, for programs."""
    with pytest.raises(InputError) as caught:
        instance("chains: {c: {components: {x: {at: egde}}}}\n")
    (fault,) = caught.value.faults
    assert fault.path == ("chains", "c", "components", "x", "at")
    assert fault.source == "x.yaml:25:35"
    assert fault.missing == ("node", "egde")


def test_everything_at_once() -> None:
    """Tests that faults of form, of names and of sense are reported together, in the order of the file."""
    assert messages("""\
chains:
  a: {components: {x: game, x: nat}, weigth: 2, flows: [{from: x, to: z, rate: 1}]}
  b: {components: {x: {at: edge}, y: nat}, latency: [{from: x, to: y, within: 1 ms}], weight: -1}
objective: [{rejected.gold: 1}]
""") == [
        "26:29: chains.a.components.x: duplicate key 'x', given before in line 26",
        "26:38: chains.a.weigth: unknown key 'weigth', did you mean 'weight'?",
        "26:71: chains.a.flows.0.to: there is no component 'z'; there is x",
        "27:68: chains.b.latency.0.to: no flows lead from 'x' to 'y'",
        "27:95: chains.b.weight: a weight must be above 0",
        "28:29: objective.0.rejected.gold: there is no class 'gold'; there is no class at all",
    ]


def test_consequences_are_kept_back() -> None:
    """Tests that nothing is said of names whose own definition is faulty, nor of labels and classes lost with it."""
    text = BASE.replace("labels: {site: rennes, rack: 7}", "labels: {site: rennes, rack: 7}\n      forwardin: x")
    text = text.replace("cpu: 32", "cpu: many").replace("resources: {fpga: count}", "resources: {fpga: counts}")
    text += """\
chains:
  c: {class: gold, components: {x: nat}, only: {x: {rack: 7}}, flows: {}}
  d: {components: {x: {at: edge}, y: nat}, only: {y: [edge, egde]}}
objective: [{rejected.gold: 1}]
"""
    with pytest.raises(InputError) as caught:
        parse_instance(text, "x")
    assert [fault.message for fault in caught.value.faults] == [
        "unknown dimension 'counts', did you mean 'count'?",
        "not a quantity: 'many'; write for example '1.5'",
        "unknown key 'forwardin', did you mean 'forwarding'?",
        "expected a list, found a mapping",
        "there is no node 'egde', did you mean 'edge'?",
    ]


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ("{gold: {share: 2}}", "34:25: classes.gold.share: a share lies between 0 and 1, found 2"),
        ("{gold: 1}", "34:17: classes.gold: expected a mapping, found 1"),
        ("{gold: {shar: 0.5}}", "34:18: classes.gold.shar: unknown key 'shar', did you mean 'share'?"),
        ("3", "34:10: classes: expected a mapping, found 3"),
    ],
)
def test_a_faulty_class_is_still_one(classes: str, expected: str) -> None:
    """Tests that terms of a class are not blamed for what is wrong with the class."""
    assert messages(SESSION + f"classes: {classes}\nobjective: [{{rejected.gold: 1}}]\n") == [expected]


def test_a_faulty_function_blames_nobody() -> None:
    """Tests that who uses a faulty function is not blamed for what it then seems to lack."""
    chains = """\
chains:
  c:
    components: {pad: {at: gnb-1}, ids: {function: ids, private: true}}
    flows: [{from: pad, to: ids, rate: 1, per-hop: ids}]
"""
    for ids, fault in {
        "{shared: yes, implementations: {p4: {}}}": "shared: expected true or false, found 'yes'",
        "{shared: true, implementations: {p4: {once: 3}}}": "implementations.p4.once: expected a mapping, found 3",
        "{shared: true, queue: l4, implementations: {p4: {}}}": "queue: expected l4s, the only queue that a function "
        "can be, found 'l4'",
        "{shared: true, implementations: {program: {}}}": "implementations.program: needs a 'level', p4, vnf or gpu, "
        "since its name is none of them",
    }.items():
        (message,) = messages(f"  ids: {ids}\n{chains}")
        assert message.partition(": ")[2] == f"functions.ids.{fault}"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_instances_keep_the_schema(path: Path) -> None:
    """Tests that every shipped instance is valid against the published JSON Schema."""
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), json_schema("instance"))


def test_schema_is_a_schema() -> None:
    """Tests that the schema itself is valid, describes its keys, and lets nobody write null."""
    schema = json_schema("instance")
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["chains"]["description"] == "Requests by name."
    assert "null" not in json.dumps(schema)


FULL = {
    "format": 1,
    "infrastructure": {
        "nodes": {"a": {"kind": "server", "cpu": 4, "fpga": "2"}, "b": {"kind": "access"}},
        "links": [{"between": ["a", "b"], "bandwidth": {"forth": 1, "back": "2 Gbps"}, "latency": "1 ms"}],
    },
    "functions": {"f": {"implementations": {"vnf": {"cpu": 1}}}},
    "chains": {
        "c": {"components": {"x": "f", "y": {"at": "a"}}, "only": {"x": "a"}, "together": [["x", "y"]]},
        "l": {"line": {"from": "a", "through": ["f"], "to": "b"}, "rate": 1, "only": {"f": {"site": ["p", "q"]}}},
        "t": {"template": "s", "at": {"pad": ["a", "b"]}, "preference": {}},
    },
    "objective": [{"rejected": 1, "rejected.gold": "1/2"}],
}


def without(data: dict[str, Any], *path: str) -> dict[str, Any]:
    """The data without what a path leads to."""
    if len(path) == 1:
        return {key: value for key, value in data.items() if key != path[0]}
    return {**data, path[0]: without(data[path[0]], *path[1:])}


def test_schema_accepts_short_forms() -> None:
    """Tests that the schema knows every short form, and refuses unknown and missing keys as the loader does."""
    validator = jsonschema.Draft202012Validator(json_schema("instance"))
    good = without(FULL, "chains", "t", "preference")
    assert validator.is_valid(good)
    assert not validator.is_valid(FULL)
    assert not validator.is_valid(without(good, "format"))
    assert not validator.is_valid(without(good, "chains", "l", "rate"))
    assert not validator.is_valid({**good, "chans": {}})
    assert not validator.is_valid({**good, "objective": [{"rejectd": 1}]})
    assert not validator.is_valid({**good, "functions": {"f": {"implementations": {"vnf": {"devices": {}}}}}})


CHAINS = """"chains": {"c": {
  "components": {"game": {"node": "edge", "implementation": "gpu", "device": "gpu-0"},
                 "nat": {"node": "sw", "implementation": "p4"}},
  "flows": [{"from": "game", "to": "nat", "path": ["edge", "sw"]}],
  "latency": [{"from": "game", "to": "nat", "actual_us": 3}]}}"""
PLACED = Placement(
    {
        "c": ChainPlacement(
            {"game": Spot("edge", "gpu", "gpu-0"), "nat": Spot("sw", "p4")}, {("game", "nat"): ("edge", "sw")}
        )
    }
)


def test_placement(tmp_path: Path) -> None:
    """Tests that a placement is read from what places something, and from an answer, whose other keys are ignored."""
    assert parse_placement("{" + CHAINS + "}") == PLACED
    assert parse_placement("{" + CHAINS + ', "instances": {}, "rewrites": []}') == PLACED
    path = tmp_path / "answer.json"
    path.write_text('{"format": 1, "termination": "optimal", "violations": [], ' + CHAINS + "}")
    assert load_placement(path) == PLACED
    assert parse_placement("chains: {}") == Placement()


def test_placement_with_instances_and_rewrites() -> None:
    """Tests that opened instances, one implementation or several, and rewrites are read."""
    loaded = parse_placement("""\
chains: {c: {components: {}}, d: {components: {}}}
instances:
  sw: {ids: {implementation: p4}}
  edge: {ids: [{implementation: vnf, count: 2, load_bps: 3}, {implementation: fast, count: 1}]}
rewrites:
  - {chain: c, rewrite: merged, components: [a, b]}
  - {chain: c, rewrite: parallel, components: [a, b, x]}
  - {chain: c, rewrite: merged, components: [x, y]}
""")
    assert loaded == Placement(
        {"c": ChainPlacement({}, {}, (("a", "b"), ("x", "y")), (("a", "b", "x"),)), "d": ChainPlacement({}, {})},
        {Opening("sw", "ids", "p4"): 1, Opening("edge", "ids", "vnf"): 2, Opening("edge", "ids", "fast"): 1},
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["p: is empty"]),
        ("[1]", ["p:1:1: expected a placement with 'chains', found a list"]),
        ("{format: 1}", ["p:1:1: needs 'chains'"]),
        ("{format: 1, chains: null}", ["p:1:21: chains: this answer holds no placement"]),
        ("{format: 2, chains: null, chain: 3}", ["p:1:10: format: unknown format 2; this version reads 'format: 1'"]),
        ("{format: one, chains: {}}", ["p:1:10: format: unknown format 'one'; this version reads 'format: 1'"]),
        (
            "{chains: {}, violations: []}",
            ["p:1:14: violations: unknown key 'violations'; the keys here are chains, instances, rewrites"],
        ),
        (
            "{chains: {}, rewrites: [{chain: c, rewrite: merge, components: [a, b]}]}",
            ["p:1:45: rewrites.0.rewrite: expected merged or parallel, found 'merge'"],
        ),
        (
            "{chains: {}, instances: {s: {f: [{implementation: vnf}, {implementation: vnf}]}}}",
            ["p:1:57: instances.s.f.1: implementation 'vnf' is given twice; add up the counts"],
        ),
        (
            "{chains: {}, instances: {s: {f: {implementation: vnf, count: 0}, g: {count: 1}, h: [{coun: 1}]}}}",
            [
                "p:1:62: instances.s.f.count: expected a whole number from 1 up, found 0",
                "p:1:66: instances.s.g: needs an 'implementation', such as vnf",
                "p:1:85: instances.s.h.0: needs an 'implementation', such as vnf",
                "p:1:86: instances.s.h.0.coun: unknown key 'coun', did you mean 'count'?",
            ],
        ),
        (
            "{chains: {c: {components: {}}}, rewrites: [{chain: d, rewrite: merged, components: [a, b]}, {chain: c}]}",
            [
                "p:1:93: rewrites.1: needs a 'rewrite'",
                "p:1:93: rewrites.1: needs 'components': a list of at least two",
            ],
        ),
        (
            "{chains: {c: {components: {}}}, rewrites: [{chain: d, rewrite: merged, components: [a, b]}]}",
            ["p:1:52: rewrites.0.chain: chain 'd' is not among the accepted chains"],
        ),
        (
            "{chains: {}, instances: {sw: []}, rewrites: 3}",
            [
                "p:1:26: instances.sw: expected a mapping, found a list",
                "p:1:45: rewrites: expected a list, found 3",
            ],
        ),
        (
            "{chains: {}, chain: {}}",
            ["p:1:14: chain: unknown key 'chain', did you mean 'chains'?"],
        ),
        (
            "chains: {c: {components: {x: {nod: a, implementation: vnf}}}}",
            ["p:1:31: chains.c.components.x.nod: unknown key 'nod', did you mean 'node'?"],
        ),
        (
            "chains: {c: {components: {}, flows: [{from: a, to: b, path: a}, {from: a, path: [b]}]}}",
            [
                "p:1:61: chains.c.flows.0.path: expected a list, found 'a'",
                "p:1:65: chains.c.flows.1: needs a 'to': the component where it ends",
            ],
        ),
        (
            "chains: {c: {components: {}, flows: [{from: a, to: b, path: [a]}, {from: a, to: b, path: [b]}]}}",
            ["p:1:67: chains.c.flows.1: the flow from 'a' to 'b' is given twice"],
        ),
        ("chains: {c: {components: {}}, c: {}}", ["p:1:31: chains.c: duplicate key 'c', given before in line 1"]),
    ],
)
def test_faulty_placements(text: str, expected: list[str]) -> None:
    """Tests that a placement file's faults are reported like an instance's."""
    with pytest.raises(InputError) as caught:
        parse_placement(text, "p")
    assert str(caught.value).splitlines() == expected


def test_garbage_collection_is_left_as_it_was() -> None:
    """Tests that loading, in success and failure, leaves the garbage collector running or not as it found it."""
    import gc

    assert gc.isenabled()
    instance("")
    messages("chains: 3\n")
    assert gc.isenabled()
    gc.disable()
    try:
        instance("")
        assert not gc.isenabled()
    finally:
        gc.enable()
