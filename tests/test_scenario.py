"""Scenarios: the shipped ones, what is read, what is drawn, and what is refused where."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest

from mosaico_place.errors import InputError
from mosaico_place.events import (
    WORDS,
    Arrive,
    CapacityChange,
    Depart,
    DeviceDown,
    DeviceUp,
    Event,
    Handover,
    LinkDown,
    LinkLatency,
    LinkUp,
    NodeDown,
    NodeUp,
    RateChange,
    Update,
    apply,
)
from mosaico_place.instance import Instance, Term
from mosaico_place.load import load_instance
from mosaico_place.rules import CostTerm
from mosaico_place.scenario import Scenario, Timed, default_objective, load_file, load_scenario
from mosaico_place.source import read_file
from mosaico_place.validate import faults
from tests.program import Run

ROOT = Path(__file__).parent.parent
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))
SCHEMA = json.loads((ROOT / "docs" / "schema" / "scenario.json").read_text(encoding="utf-8"))
S = 10**9
BASE = """
format: 1
infrastructure:
  nodes:
    a: {kind: access}
    b: {kind: access}
    c: {kind: access}
    sw: {kind: p4-switch}
    edge: {kind: server, cpu: 8, fpga: 2, gpus: {gpu-0: {memory: 8 GiB}}}
  links:
    - {between: [a, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [b, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [c, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [sw, edge], bandwidth: 1 Gbps, latency: {forth: 1 ms, back: 2 ms}}
resources: {fpga: count}
functions:
  work: {implementations: {vnf: {cpu: 1}}}
templates:
  job: {line: {through: [work]}, rate: 1 Mbps, class: gold}
chains:
  one: {template: job, at: {from: a, to: b}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of scenarios with the instance in the folder beside it."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "instances").mkdir()
    (tmp_path / "instances" / "base.yaml").write_text(BASE, encoding="utf-8")
    return tmp_path / "scenarios"


def write(folder: Path, text: str, head: str = "format: 1\ninstance: base.yaml\n") -> Path:
    """A scenario file, its own lines from line 3."""
    path = folder / "test.yaml"
    path.write_text(head + text, encoding="utf-8")
    return path


def scenario(folder: Path, text: str, seed: int | None = None) -> Scenario:
    """A scenario over the instance."""
    return load_scenario(write(folder, text), seed)


def told(path: Path) -> list[str]:
    """What is wrong with a scenario: LINE:COLUMN and message."""
    with pytest.raises(InputError) as caught:
        load_scenario(path)
    return [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]


def wrong(folder: Path, text: str) -> list[str]:
    """What is wrong with a scenario over the instance."""
    return told(write(folder, text))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped(path: Path, run: Run) -> None:
    """Tests that a shipped scenario says what it shows, keeps the schema, and that all its events can happen."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "What it shows: " in " ".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("#"))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(yaml_data(path), SCHEMA)
    made = load_scenario(path)
    assert made == load_scenario(path)
    assert made.name == path.stem
    assert made.objective == default_objective(preempt=False) == made.instance.objective
    instance = made.instance
    assert faults(instance) == []
    for timed in made.events:
        after = apply(instance, timed.event)
        assert after is not instance, timed
        instance = after
    assert faults(instance) == []
    assert [timed.at_ns for timed in made.events] == sorted(timed.at_ns for timed in made.events)
    assert sum(len(events) for _, events in made.batches) == len(made.events)
    ended = run("validate", path)
    assert ended.code == 0
    assert ended.out.startswith(f"{path}: ok ({path.stem}: {len(made.events)} events in ")


def yaml_data(path: Path) -> object:
    """The data of a file, for a JSON Schema."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(below) for key, below in value.items()}
        return [plain(below) for below in value] if isinstance(value, list) else value

    return plain(read_file(path).data)


def test_there_are_eight() -> None:
    """Tests that the scenarios are there that the documentation speaks of."""
    assert [path.stem for path in SHIPPED] == [
        "detector-alarm", "evening-peak", "flash-crowd", "maintenance", "mobility", "site-failure",
        "telemetry-on-demand", "un-paced-flows",
    ]  # fmt: skip


@pytest.mark.parametrize("path", [ROOT / "scenarios" / f"{name}.yaml" for name in ("evening-peak", "mobility")])
def test_any_seed(path: Path) -> None:
    """Tests that whatever is drawn can happen, and that another seed draws something else."""
    made = [load_scenario(path, seed) for seed in range(6)]
    assert len({repr(one.events) for one in made}) == 6
    assert [one.seed for one in made] == list(range(6))
    assert load_scenario(path) in made


def test_kinds_of_events(folder: Path) -> None:
    """Tests every kind of event, in the order of time, equal times in one batch in the order written."""
    text = """
name: all
max-moves: 3
events:
  - {at: 2 s, node-down: edge}
  - {at: 1 s, arrive: {two: {line: {from: a, through: [work], to: c}, rate: 2 Mbps}}, wait: false}
  - {at: 1 s, arrive: {three: {template: job, at: {from: b, to: c}, weight: 3}}}
  - {at: 3 s, rate: {chain: two, from: work, to: to, rate: 5 Mbps}}
  - {at: 3 s, handover: {chain: two, component: to, at: b}}
  - {at: 4 s, update: {two: {components: {x: {at: a}}}}}
  - {at: 5 s, node-up: edge}
  - {at: 6 s, device-down: {node: edge, device: gpu-0}}
  - {at: 6 s, device-up: {node: edge, device: gpu-0}}
  - {at: 7 s, link-down: [sw, a]}
  - {at: 7 s, link-up: [sw, a]}
  - {at: 8 s, link-latency: {between: [edge, sw], latency: {forth: 5 ms}}}
  - {at: 8 s, link-bandwidth: {between: [a, sw], bandwidth: 5 Mbps}}
  - {at: 9 s, capacity: {node: edge, cpu: 4, fpga: 1}}
  - {at: 9 s, capacity: {node: edge, device: gpu-0, share: 0.5}}
  - {at: 10 s, drain: edge}
  - {at: 10 s, undrain: edge}
  - {at: 11 s, depart: two}
"""
    made = scenario(folder, text)
    assert (made.name, made.max_moves, len(made.events)) == ("all", 3, 18)
    assert [(at_ns // S, len(events)) for at_ns, events in made.batches][:3] == [(1, 2), (2, 1), (3, 2)]
    first, second = made.batches[0][1]
    assert isinstance(first, Arrive)
    assert isinstance(second, Arrive)
    assert (first.chain.name, first.wait, second.chain.name, second.wait) == ("two", False, "three", True)
    assert second.chain.weight == 3
    assert second.chain.class_name == "gold"
    events = [timed.event for timed in made.events]
    assert RateChange("two", ("work", "to"), 5 * 10**6) in events
    assert Handover("two", "to", "b") in events
    assert LinkLatency(("edge", "sw"), 5 * 10**6, None) in events
    assert CapacityChange("edge", {"cpu": 4000, "fpga": 1}) in events
    assert CapacityChange("edge", {"share": 500}, "gpu-0") in events


def test_objective(folder: Path) -> None:
    """Tests the default levels, with and without ``preempt``, and the price that moves have in any case."""
    one = Fraction(1)
    served = {Term(CostTerm.REJECTED): one, Term(CostTerm.MOVES): Fraction(1, 50)}
    made = scenario(folder, "events: []\n")
    assert made.objective == (
        {Term(CostTerm.DROPPED): one},
        served,
        {Term(CostTerm.LATENCY): one},
        {Term(CostTerm.RESOURCES): one},
    )
    assert made.instance.prices.move == 1
    assert scenario(folder, "preempt: true\n").objective[0] == served
    coming = "{x: {template: job, at: {from: a, to: a}, class: silver}}"
    own = scenario(folder, f"objective: [{{rejected.silver: 1}}]\nevents: [{{at: 0 s, arrive: {coming}}}]\n")
    assert own.objective == ({Term(CostTerm.REJECTED, "silver"): one},)
    assert faults(own.instance) == []
    priced = BASE + "prices: {move: 0.5}\n"
    (folder.parent / "instances" / "base.yaml").write_text(priced, encoding="utf-8")
    assert scenario(folder, "events: []\n").instance.prices.move == Fraction(1, 2)


def test_where_the_instance_is(folder: Path) -> None:
    """Tests that it is found below the scenario's folder or in ``instances`` beside it, and nowhere else."""
    secret = folder.parent / "secret.yaml"
    secret.write_text(BASE, encoding="utf-8")
    (folder / "deep").mkdir()
    (folder / "deep" / "own.yaml").write_text(BASE, encoding="utf-8")
    (folder / "link.yaml").symlink_to(secret)
    assert load_scenario(write(folder, "", "format: 1\ninstance: deep/own.yaml\n")).instance.name == "own"
    outside = "names a file below this folder, or in the folder 'instances' beside it; not"
    missing = "there is no file {!r} here or in the folder 'instances' beside"
    for name, expected in (
        ("../secret.yaml", f"{outside} '../secret.yaml'"),
        (
            str(secret),
            f"{outside} {str(secret)[:37] + '...'!r}" if len(str(secret)) > 40 else f"{outside} {str(secret)!r}",
        ),
        ("deep/../../secret.yaml", f"{outside} 'deep/../../secret.yaml'"),
        ("link.yaml", missing.format("link.yaml")),
        ("nothing.yaml", missing.format("nothing.yaml")),
        ("deep", missing.format("deep")),
    ):
        assert told(write(folder, "", f"format: 1\ninstance: {name}\n")) == [f"2:11: instance: {expected}"]


def test_faulty_instance(folder: Path) -> None:
    """Tests that the faults of the instance are told where they stand, with those of the scenario's structure."""
    path = folder.parent / "instances" / "base.yaml"
    path.write_text(BASE.replace("cpu: 8", "cpus: 8"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_scenario(write(folder, "evnets: []\n"))
    said = str(caught.value).splitlines()
    assert len(said) == 2
    assert any(line.startswith(f"{path}:9:26: infrastructure.nodes.edge.cpus: unknown key 'cpus'") for line in said)
    assert any(": unknown key 'evnets', did you mean 'events'?" in line for line in said)


def test_all_faults_at_once(folder: Path) -> None:
    """Tests that faults of structure, of single events and of their order are told together, where they stand."""
    text = """templates:
  short: {line: {through: [wrk]}, rate: 1 Mbps}
events:
  - {at: 1 s, depart: one}
  - {at: 2 s, depart: one}
  - {at: 3 s, arrive: {two: {line: {from: a, through: [wrok], to: d}, rate: 1 Mbps}}}
  - {at: 4 s, depart: two}
  - {at: 4 s, arrive: {three: {line: {from: a, through: [work], to: b}, rate: 1 Mpbs}}}
  - {at: 5 s, depart: three}
  - {at: 6 s, arrive: {four: {template: jbo, at: {from: a, to: b}}}}
  - {at: 7 s, depart: four}
  - {node-down: edge}
  - {at: 8 s}
  - {at: 9 s, node-down: edge, drain: edge}
  - {at: 9 s, node-down: egde}
  - {at: 10 s, link-latency: {between: [sw, edge], latency: fast}}
  - {at: 11 s, capacity: {node: edge, cpu: 4, gpus: 2}}
  - {at: 12 s, depart: [one]}
  - {at: 12 s, depatr: one}
  - {at: 13 s, arrive: {five: {template: job, at: {from: [a, b], to: b}}}}
  - {at: 14 s, arrive: {six: {template: job, at: {from: a}}}}
max-moves: -1
"""
    assert wrong(folder, text) == [
        "4:28: templates.short.line.through.0: there is no function 'wrk', did you mean 'work'?",
        "7:23: events.1.depart: there is no chain 'one'; there is no chain at all",
        "8:56: events.2.arrive.two.line.through.0: there is no function 'wrok', did you mean 'work'?",
        "8:67: events.2.arrive.two.line.to: there is no node 'd'; there are a, b, c, sw, edge",
        "10:79: events.4.arrive.three.rate: unknown unit 'Mpbs' here; write for example '10 Gbps'",
        "12:41: events.6.arrive.four.template: there is no template 'jbo', did you mean 'job'?",
        "14:5: events.8: needs an 'at': when it happens, such as 12 s",
        "15:5: events.9: needs one of arrive, depart, update, rate, handover, node-down, node-up, drain, undrain, "
        "device-down, device-up, link-down, link-up, link-latency, link-bandwidth, capacity",
        "16:5: events.10: names node-down and drain; write an event for each, with equal times",
        "17:26: events.11.node-down: there is no node 'egde', did you mean 'edge'?",
        "18:61: events.12.link-latency.latency: not a quantity: 'fast'; write for example '250 us'",
        "19:47: events.13.capacity.gpus: unknown key 'gpus'; the keys here are cpu, memory, stages, sram, tcam, node, "
        "fpga",
        "20:16: events.14.depart: expected a name, found a list",
        "21:16: events.15.depatr: unknown key 'depatr', did you mean 'depart'?",
        "22:25: events.16.arrive.five: an event brings one chain: leave out 'count', and give every endpoint one node",
        "23:46: events.17.arrive.six.at: needs a node for endpoint 'to' of template 'job' under 'at'",
        "24:12: max-moves: expected a whole number from 0, found -1",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("format: 2\n", ["1:9: format: unknown format 2; this version reads 'format: 1'"]),
        ("- a\n", ["1:1: expected a scenario with 'format', 'instance', 'events', ..., found a list"]),
        ("format: 1\n", ["1:1: needs an 'instance': the file that it is over, such as cloud-gaming-edge.yaml"]),
        (
            "format: 1\ninstance: base.yaml\nevents: {at: 1 s}\nseed: x\n",
            ["3:1: events: expected a list, found a mapping", "4:7: seed: expected a whole number from 0, found 'x'"],
        ),
        (
            "format: 1\ninstance: base.yaml\nobjective: [{rejectd: 1}]\n",
            ["3:14: objective.0.rejectd: unknown cost term 'rejectd', did you mean 'rejected'?"],
        ),
        (
            "format: 1\ninstance: base.yaml\nobjective: [{rejected.glod: 1}]\n",
            ["3:29: objective.0.rejected.glod: there is no class 'glod', did you mean 'gold'?"],
        ),
    ],
)
def test_faults_of_the_document(folder: Path, text: str, expected: list[str]) -> None:
    """Tests what is wrong with a scenario as a whole."""
    assert told(write(folder, "", text)) == expected


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        ("{}", ["4:5: generate.0: needs one of arrivals, flash-crowd, departures, failures, mobility, rates, alarms"]),
        ("{arrival: {}}", ["4:6: generate.0.arrival: unknown key 'arrival', did you mean 'arrivals'?"]),
        (
            "{arrivals: {template: job, at: {from: a, to: b}, every: 1 s}}",
            ["4:6: generate.0.arrivals: needs an 'until', here or for the whole scenario"],
        ),
        (
            "{arrivals: {template: job, at: {from: a, to: b}, every: 0 s, lifetime: 0 s, until: 1 s}}",
            ["4:61: generate.0.arrivals.every: must be above 0", "4:76: generate.0.arrivals.lifetime: must be above 0"],
        ),
        (
            "{arrivals: {template: job, at: {from: a, to: b}, every: 1 ms, until: 200 s}}",
            ["4:61: generate.0.arrivals.every: makes more than 100000 events until its end"],
        ),
        (
            "{arrivals: {template: jbo, every: 1 s, until: 2 s}}",
            ["4:27: generate.0.arrivals.template: there is no template 'jbo', did you mean 'job'?"],
        ),
        (
            "{arrivals: {template: job, at: {from: [a, x], to: b}, every: 1 s, until: 2 s}}",
            ["4:47: generate.0.arrivals.at.from.1: there is no node 'x'; there are a, b, c, sw, edge"],
        ),
        (
            "{arrivals: {template: job, at: {from: a}, every: 1 s, until: 2 s}}",
            ["4:32: generate.0.arrivals.at: needs a node for endpoint 'to' of template 'job' under 'at'"],
        ),
        (
            "{flash-crowd: {template: job, at: {from: a, to: b}, from: 1 s, within: 1 s, count: 0}}",
            ["4:88: generate.0.flash-crowd.count: expected a whole number from 1 to 100000, found 0"],
        ),
        ("{failures: {every: 1 s, until: 2 s}}", [
            "4:6: generate.0.failures: needs 'nodes', 'devices' or 'links' that may fail",
        ]),
        (
            "{failures: {nodes: [x], devices: [{node: edge, device: gpu-1}], links: [[a, b]], every: 1 s, until: 2 s}}",
            [
                "4:25: generate.0.failures.nodes.0: there is no node 'x'; there are a, b, c, sw, edge",
                "4:60: generate.0.failures.devices.0.device: there is no device 'gpu-1', did you mean 'gpu-0'?",
                "4:77: generate.0.failures.links.0: no link joins 'a' and 'b'",
            ],
        ),
        (
            "{mobility: {chains: 'x*', endpoints: [from], between: [a, b], every: 1 s, until: 2 s}}",
            ["4:25: generate.0.mobility.chains: there is never a chain 'x*'"],
        ),
        (
            "{mobility: {chains: one, endpoints: [from], between: [a], every: 1 s, until: 2 s}}",
            ["4:49: generate.0.mobility.between: needs at least two nodes"],
        ),
        (
            "{rates: {chains: one, flow: {from: from, to: work}, rates: [1 Mbps], every: 1 s, until: 2 s}}",
            ["4:57: generate.0.rates.rates: needs at least two rates"],
        ),
        ("{alarms: {links: [[a, b]], latency: 1 s, every: 1 s, lasts: 1 s, until: 2 s}}", [
            "4:23: generate.0.alarms.links.0: no link joins 'a' and 'b'",
        ]),
    ],
)  # fmt: skip
def test_faults_of_processes(folder: Path, process: str, expected: list[str]) -> None:
    """Tests what is wrong with processes."""
    assert wrong(folder, f"generate:\n  - {process}\n") == expected


def test_what_is_drawn_may_clash(folder: Path) -> None:
    """Tests that a chain that is drawn under a name that exists is a fault of its process, told once."""
    text = """events:
  - {at: 0 s, arrive: {job-1: {template: job, at: {from: a, to: b}}}}
generate:
  - arrivals: {template: job, at: {from: a, to: b}, every: 1 s, until: 20 s}
"""
    assert wrong(folder, text) == [
        "6:5: generate.0: there is a chain 'job-1' already; 'update' gives it a new form",
    ]


def drawn(folder: Path, process: str, *, seed: int = 0, head: str = "until: 1000 s\n") -> list[Timed]:
    """The events of one process."""
    return list(scenario(folder, f"{head}generate:\n  - {process}\n", seed).events)


ARRIVALS = (
    "arrivals: {template: job, at: {from: [a, b], to: [c, a]}, every: 2 s, lifetime: 20 s, from: 100 s, until: 900 s}"
)


def test_arrivals(folder: Path) -> None:
    """Tests that chains arrive in the window with the mean that is asked for, live as long as asked for, and leave."""
    events = drawn(folder, ARRIVALS)
    arrivals = [timed for timed in events if isinstance(timed.event, Arrive)]
    departures = {timed.event.chain: timed.at_ns for timed in events if isinstance(timed.event, Depart)}
    assert 340 < len(arrivals) < 460
    assert all(100 * S <= timed.at_ns < 900 * S for timed in arrivals)
    lives = []
    places: Counter[tuple[str | None, str | None]] = Counter()
    for number, timed in enumerate(arrivals, start=1):
        assert isinstance(timed.event, Arrive)
        chain = timed.event.chain
        assert chain.name == f"job-{number}"
        places[chain.components["from"].at, chain.components["to"].at] += 1
        if chain.name in departures:
            lives.append(departures[chain.name] - timed.at_ns)
    assert places.keys() == {("a", "c"), ("b", "a")}
    assert min(places.values()) > 100
    assert 17 * S < sum(lives) / len(lives) < 23 * S
    assert all(timed.at_ns % 1000 == 0 and timed.at_ns < 1000 * S for timed in events)


def test_draws_are_stable(folder: Path) -> None:
    """Tests that a seed means the same on every machine and in every version."""
    events = drawn(folder, ARRIVALS, seed=7)
    first = [(timed.at_ns, type(timed.event).__name__) for timed in events[:4]]
    assert first == STABLE


STABLE = [
    (102_417_312_000, "Arrive"),
    (103_536_939_000, "Arrive"),
    (104_457_612_000, "Arrive"),
    (106_374_844_000, "Arrive"),
]


def test_processes_do_not_disturb_each_other(folder: Path) -> None:
    """Tests that what a process draws does not depend on those behind it, nor one part of it on the other parts."""
    alone = drawn(folder, ARRIVALS)
    failing = "failures: {nodes: [%s], every: 50 s, repair: 5 s}"
    both = drawn(folder, f"{ARRIVALS}\n  - {failing % 'edge'}")
    assert [timed for timed in both if isinstance(timed.event, Arrive | Depart)] == alone
    one, two = (drawn(folder, failing % names) for names in ("edge", "sw, edge"))
    assert [timed for timed in two if timed.event in (NodeDown("edge"), NodeUp("edge"))] == one


def test_flash_crowd(folder: Path) -> None:
    """Tests that a crowd arrives in its time, all of it, and does not wait if it is not to."""
    events = drawn(
        folder,
        "flash-crowd: {template: job, name: fan, at: {from: a, to: b}, from: 10 s, within: 2 s, count: 50, "
        "wait: false}",
    )
    assert len(events) == 50
    assert all(10 * S <= timed.at_ns < 12 * S for timed in events)
    assert [timed.event.wait for timed in events if isinstance(timed.event, Arrive)] == [False] * 50
    assert events[0].event.chain.name == "fan-1"  # type: ignore[union-attr]


def test_departures(folder: Path) -> None:
    """Tests that chains of the instance leave, but not those whose departure is written, and that others know of it."""
    chains = "".join(f"  c{i}: {{template: job, at: {{from: a, to: b}}}}\n" for i in range(200))
    (folder.parent / "instances" / "base.yaml").write_text(BASE + chains, encoding="utf-8")
    text = """until: 1000 s
events: [{at: 999 s, depart: c0}]
generate:
  - mobility: {chains: "c*", endpoints: from, between: [a, b], every: 30 s}
  - departures: {chains: ["c*", one], lifetime: 100 s}
"""
    gone: dict[str, int] = {}
    for timed in scenario(folder, text).events:
        if isinstance(timed.event, Depart):
            gone[timed.event.chain] = timed.at_ns
        else:
            assert isinstance(timed.event, Handover)
            assert timed.event.chain not in gone
    assert gone.pop("c0") == 999 * S
    assert len(gone) >= 198
    assert 80 * S < sum(gone.values()) / len(gone) < 120 * S


def test_failures(folder: Path) -> None:
    """Tests that parts fail and are repaired in turn; or, without repair, fail once."""
    parts = "nodes: [sw], devices: [{node: edge, device: gpu-0}], links: [[edge, sw]], every: 40 s"
    events = drawn(folder, f"failures: {{{parts}, repair: 10 s}}")
    turns: list[tuple[Event, Event]] = [
        (NodeDown("sw"), NodeUp("sw")),
        (DeviceDown("edge", "gpu-0"), DeviceUp("edge", "gpu-0")),
        (LinkDown(("edge", "sw")), LinkUp(("edge", "sw"))),
    ]
    assert {type(timed.event) for timed in events} == {type(event) for pair in turns for event in pair}
    for down, up in turns:
        own = [timed.event for timed in events if timed.event in (down, up)]
        assert own == [down if i % 2 == 0 else up for i in range(len(own))]
        assert 8 < len(own) < 80
    assert len(drawn(folder, f"failures: {{{parts}}}")) == 3


def test_mobility(folder: Path) -> None:
    """Tests that all endpoints go together, from node to neighbouring node, while the chain is there."""
    text = """until: 300 s
events:
  - {at: 250 s, depart: one}
generate:
  - mobility: {chains: ["job-*", one], endpoints: [from, to, nobody], between: [a, b, c], every: 10 s}
  - arrivals: {template: job, at: {from: a, to: a}, every: 30 s, lifetime: 60 s, until: 300 s}
"""
    made = scenario(folder, text)
    stays: dict[str, str | None] = {"one": "a"}
    moves = 0
    row = "abc"
    for _, events in made.batches:
        for event in events:
            if isinstance(event, Arrive):
                stays[event.chain.name] = event.chain.components["from"].at
            elif isinstance(event, Depart):
                del stays[event.chain]
        handovers = [event for event in events if isinstance(event, Handover)]
        assert [event.component for event in handovers] == ["from", "to"] * (len(handovers) // 2)
        for event in handovers[::2]:
            assert abs(row.index(stays[event.chain] or "") - row.index(event.at)) == 1
            stays[event.chain] = event.at
            moves += 1
    assert moves > 30


def test_rates(folder: Path) -> None:
    """Tests that a flow takes another of its rates each time."""
    events = drawn(
        folder,
        "rates: {chains: one, flow: {from: from, to: work}, rates: [1 Mbps, 2 Mbps, 3 Mbps], every: 10 s, from: 500 s}",
    )
    rates = [10**6, *[timed.event.rate_bps for timed in events if isinstance(timed.event, RateChange)]]
    assert len(rates) == len(events) + 1
    assert all(before != after for before, after in pairwise(rates))
    assert 30 < len(events) < 70
    assert events[0].at_ns > 500 * S


def test_alarms(folder: Path) -> None:
    """Tests that a slow link becomes as fast as it was, in both directions."""
    events = drawn(folder, "alarms: {links: [[edge, sw]], latency: 50 ms, every: 40 s, lasts: 10 s}")
    slow = LinkLatency(("edge", "sw"), 50 * 10**6, 50 * 10**6)
    healthy = LinkLatency(("edge", "sw"), 2 * 10**6, 10**6)
    assert [timed.event for timed in events] == [slow if i % 2 == 0 else healthy for i in range(len(events))]
    assert len(events) > 10


def test_own_templates_come_first(folder: Path) -> None:
    """Tests that a scenario may name a template anew, and keeps those of its instance besides."""
    text = """templates:
  job: {line: {through: [work, work]}, rate: 1 Mbps}
events:
  - {at: 0 s, arrive: {x: {template: job, at: {from: a, to: b}}}}
"""
    event = scenario(folder, text).events[0].event
    assert isinstance(event, Arrive)
    assert "work-2" in event.chain.components


def test_load_file(folder: Path) -> None:
    """Tests that a file is read as what it is, and that an instance stays one whatever else is wrong with it."""
    path = folder.parent / "instances" / "base.yaml"
    assert load_file(path) == load_instance(path)
    assert isinstance(load_file(write(folder, "events: []\n")), Scenario)
    assert isinstance(load_file(write(folder, "", "format: 1\ninstance: base.yaml\n")), Scenario)
    path.write_text(BASE + "events: []\n", encoding="utf-8")
    with pytest.raises(InputError, match="unknown key 'events'"):
        load_file(path)


def test_validate_tells_faults_of_scenarios(folder: Path, run: Run) -> None:
    """Tests that ``validate`` takes scenarios beside instances."""
    good, bad = folder.parent / "instances" / "base.yaml", write(folder, "events: [{at: 1 s, depart: two}]\n")
    ended = run("validate", good, bad)
    assert ended.code == 3
    assert ended.out.startswith(f"{good}: ok")
    assert ended.err == f"{bad}:3:28: events.0.depart: there is no chain 'two'; there is one\n"
    document = run("validate", "--json", bad).json
    assert document["files"][0]["faults"][0]["line"] == 3


def test_updates_of_classes(folder: Path) -> None:
    """Tests that an objective may speak of a class that only an update brings."""
    text = """objective: [{rejected.late: 1}]
events:
  - {at: 0 s, update: {one: {template: job, at: {from: a, to: b}, class: late}}}
"""
    made = scenario(folder, text)
    assert faults(made.instance) == []
    event = made.events[0].event
    assert isinstance(event, Update)
    assert isinstance(replace(made.instance, name="x"), Instance)


PAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
ROWS = re.findall(r"^\| `(\{.*\})` \| `(.+)` \|$", PAGE, flags=re.MULTILINE)


def documented(tmp_path: Path, text: str) -> Path:
    """A scenario of the documentation as a file, the shipped instances beside it."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "instances").symlink_to(ROOT / "instances")
    path = tmp_path / "scenarios" / "example.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_page_examples(tmp_path: Path) -> None:
    """Tests that the examples of the page can be read, and have all kinds of events and processes."""
    everything, processes = EXAMPLES
    made = load_scenario(documented(tmp_path, everything))
    assert {type(timed.event) for timed in made.events} == set(WORDS)
    path = tmp_path / "scenarios" / "processes.yaml"
    path.write_text(processes, encoding="utf-8")
    kinds = {type(timed.event) for timed in load_scenario(path).events}
    assert {Arrive, Depart, NodeDown, DeviceDown, LinkDown, LinkLatency, Handover, RateChange} <= kinds
    words = set(re.findall(r"^  - ([a-z-]+):", processes, flags=re.MULTILINE))
    assert words == set(SCHEMA["$defs"]["Process"]["properties"])


@pytest.mark.parametrize(("written", "fault"), ROWS)
def test_page_faults(tmp_path: Path, written: str, fault: str) -> None:
    """Tests that an event that the page calls wrong has exactly the fault beside it."""
    path = documented(tmp_path, EXAMPLES[0].replace("\ntemplates:", f"  - {written}\n\ntemplates:"))
    (message,) = told(path)
    assert message.endswith(f": {fault}")
    assert message.startswith("25:")


def test_page_python(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Tests that the page's Python code prints what it says."""
    ((code, printed),) = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, flags=re.DOTALL)
    monkeypatch.chdir(ROOT)
    exec(compile(code, "scenarios.md", "exec"), {})
    assert capsys.readouterr().out == printed


def test_page_lists_what_is_shipped() -> None:
    """Tests that the page names every shipped scenario with its instance."""
    listed = dict(
        re.findall(r"^\| \[([a-z-]+)\]\(\.\./scenarios/\1\.yaml\) \| ([a-z0-9-]+) \|", PAGE, flags=re.MULTILINE)
    )
    assert listed == {path.stem: load_scenario(path).instance.name for path in SHIPPED}
