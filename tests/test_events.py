"""Events: what an instance is afterwards, what it shares with the one before, and what is refused."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.errors import InputError
from mosaico_place.events import (
    Arrive,
    CapacityChange,
    Depart,
    DeviceDown,
    DeviceUp,
    Drain,
    Event,
    Handover,
    LinkBandwidth,
    LinkDown,
    LinkLatency,
    LinkUp,
    NodeDown,
    NodeUp,
    RateChange,
    Undrain,
    Update,
    apply,
    event_document,
    event_from_dict,
)
from mosaico_place.instance import Chain, Component, Instance, Term
from mosaico_place.load import load_instance
from mosaico_place.quantities import Dimension
from mosaico_place.rules import CostTerm
from mosaico_place.validate import faults
from tests.depth import dear
from tests.strategies import tiny_instances

INSTANCES = Path(__file__).parent.parent / "instances"
METRO = load_instance(INSTANCES / "cloud-gaming-metro.yaml")
PLAYER = next(chain for chain in METRO.chains.values() if "pad" in chain.components)
NEW = replace(PLAYER, name="new")
LINK = METRO.links[3]

INVERSE: list[tuple[Event, Event]] = [
    (Arrive(NEW), Depart("new")),
    (NodeDown("edge-gent"), NodeUp("edge-gent")),
    (Drain("edge-gent"), Undrain("edge-gent")),
    (DeviceDown("edge-gent", "gpu-0"), DeviceUp("edge-gent", "gpu-0")),
    (LinkDown(LINK.ends), LinkUp(LINK.ends[::-1])),
    (LinkLatency(LINK.ends, 1, 2), LinkLatency(LINK.ends[::-1], LINK.back.latency_ns, LINK.forth.latency_ns)),
    (LinkLatency(LINK.ends, back_ns=2), LinkLatency(LINK.ends[::-1], LINK.back.latency_ns)),
    (LinkBandwidth(LINK.ends, 1), LinkBandwidth(LINK.ends, LINK.forth.bandwidth_bps, LINK.back.bandwidth_bps)),
    (RateChange(PLAYER.name, ("pad", "game"), 7), RateChange(PLAYER.name, ("pad", "game"), 10**6)),
    (Handover(PLAYER.name, "pad", "evere"), Handover(PLAYER.name, "pad", PLAYER.components["pad"].at or "")),
    (Update(replace(PLAYER, weight=Fraction(9))), Update(PLAYER)),
    (CapacityChange("edge-gent", {"cpu": 1000}), CapacityChange("edge-gent", {"cpu": 20_000})),
    (
        CapacityChange("edge-gent", {"share": 500}, "gpu-0"),
        CapacityChange("edge-gent", {"share": 1000, "nvenc": 3}, "gpu-0"),
    ),
]


@pytest.mark.parametrize(("event", "inverse"), INVERSE, ids=lambda event: type(event).__name__)
def test_there_and_back(event: Event, inverse: Event) -> None:
    """Tests that an event makes a valid instance, that its inverse gives back an equal one, and that both repeat."""
    after = apply(METRO, event)
    assert after != METRO
    assert faults(after) == []
    assert apply(after, inverse) == METRO
    if not isinstance(event, Arrive):
        assert apply(after, event) is after
        assert apply(METRO, inverse) is METRO


@pytest.mark.parametrize("event", [event for event, _ in INVERSE], ids=lambda event: type(event).__name__)
def test_sharing(event: Event) -> None:
    """Tests that at most one node, link or chain is another object afterwards, and all the others are the same."""
    after = apply(METRO, event)
    changed = 0
    for before, now in ((METRO.nodes, after.nodes), (METRO.chains, after.chains)):
        changed += sum(now[name] is not before.get(name) for name in now)
    changed += sum(one is not other for one, other in zip(METRO.links, after.links, strict=True))
    assert changed == 1
    assert after.functions is METRO.functions
    assert [link.ends for link in after.links] == [link.ends for link in METRO.links]
    assert [list(METRO.nodes), list(METRO.chains)[:10]] == [list(after.nodes), list(after.chains)[:10]]


def test_what_events_do() -> None:
    """Tests the figures that events set."""
    assert not apply(METRO, NodeDown("evere")).nodes["evere"].up
    assert apply(METRO, Drain("evere")).nodes["evere"].drained
    assert apply(METRO, DeviceDown("core-evere", "gpu-1")).nodes["core-evere"].devices_down == {"gpu-1"}
    assert not apply(METRO, LinkDown(LINK.ends[::-1])).links[3].up
    slow = apply(METRO, LinkLatency(LINK.ends[::-1], forth_ns=5)).links[3]
    assert (slow.back.latency_ns, slow.forth) == (5, LINK.forth)
    wide = apply(METRO, LinkBandwidth(LINK.ends, 5, 6)).links[3]
    assert (wide.forth.bandwidth_bps, wide.back.bandwidth_bps) == (5, 6)
    moved = apply(METRO, Handover(PLAYER.name, "screen", "evere")).chains[PLAYER.name]
    assert moved.components["screen"] == replace(PLAYER.components["screen"], at="evere")
    faster = apply(METRO, RateChange(PLAYER.name, ("game", "encode"), 0)).chains[PLAYER.name]
    assert faster.flow(("game", "encode")).rate_bps == 0
    assert apply(METRO, CapacityChange("evere", {"tcam": 7})).nodes["evere"].capacity["tcam"] == 7


WRONG: list[tuple[Event, list[str]]] = [
    (Arrive(PLAYER), [f"arrive.{PLAYER.name}: there is a chain '{PLAYER.name}' already; 'update' gives it a new form"]),
    (
        Arrive(replace(NEW, weight=Fraction(0), components={**NEW.components, "x": Component("x", "gaem")})),
        [
            "arrive.new.weight: a weight must be above 0",
            "arrive.new.components.x.function: there is no function 'gaem', did you mean 'game'?",
        ],
    ),
    (Update(NEW), ["update.new: there is no chain 'new'"]),
    (Depart("nobody"), ["depart: there is no chain 'nobody'"]),
    (
        RateChange(PLAYER.name, ("pad", "gmae"), -1),
        [
            "rate.to: there is no component 'gmae', did you mean 'game'?",
            "rate.rate: must not be negative, found -1 bit/s",
        ],
    ),
    (
        RateChange(PLAYER.name, ("game", "pad"), 1),
        [f"rate: no flow of '{PLAYER.name}' leads from 'game' to 'pad'"],
    ),
    (
        Handover(PLAYER.name, "game", "evre"),
        [
            "handover.component: 'game' runs a function; only an endpoint is handed over to another node",
            "handover.at: there is no node 'evre', did you mean 'evere'?",
        ],
    ),
    (NodeDown("evre"), ["node-down: there is no node 'evre', did you mean 'evere'?"]),
    (Undrain("evre"), ["undrain: there is no node 'evre', did you mean 'evere'?"]),
    (DeviceUp("evere", "gpu-0"), ["device-up.device: there is no device 'gpu-0'; there is no device at all"]),
    (DeviceDown("edge-gent", "gpu-1"), ["device-down.device: there is no device 'gpu-1', did you mean 'gpu-0'?"]),
    (LinkDown(("evere", "gent-1")), ["link-down: no link joins 'evere' and 'gent-1'"]),
    (
        LinkLatency(("evre", "gnet-1")),
        [
            "link-latency.between.0: there is no node 'evre', did you mean 'evere'?",
            "link-latency.between.1: there is no node 'gnet-1', did you mean 'gent-1'?",
        ],
    ),
    (LinkBandwidth(LINK.ends), ["link-bandwidth.bandwidth: needs a figure, or one for 'forth', 'back' or both"]),
    (LinkLatency(LINK.ends, -1), ["link-latency.latency.forth: must not be negative, found -1"]),
    (
        CapacityChange("evere", {"stages": 5, "gpu": 1, "cpu": -1}),
        [
            "capacity.gpu: there is no resource 'gpu', did you mean 'cpu'?",
            "capacity.cpu: must not be negative, found -1",
            "capacity.stages: is less than what is reserved of stages",
        ],
    ),
    (CapacityChange("evere", {}), ["capacity: names no resource, such as cpu: 16"]),
    (
        CapacityChange("evere", {"share": 1}, "gpu"),
        ["capacity.device: there is no device 'gpu'; there is no device at all"],
    ),
]


@pytest.mark.parametrize(("event", "expected"), WRONG, ids=lambda event: type(event).__name__)
def test_refused(event: Event, expected: list[str]) -> None:
    """Tests that a bad event is refused with all that is wrong with it."""
    with pytest.raises(InputError) as caught:
        apply(METRO, event)
    assert str(caught.value).splitlines() == expected


def test_bandwidth_below_what_is_reserved() -> None:
    """Tests that a link cannot carry less than what is reserved of it, in the direction that the event speaks of."""
    links = (replace(LINK, back=replace(LINK.back, reserved_bps=10**9)), *METRO.links[:3])
    instance = replace(METRO, links=links)
    with pytest.raises(InputError, match=r"bandwidth.forth: 10 Mbps is less than the 1 Gbps that are reserved"):
        apply(instance, LinkBandwidth(LINK.ends[::-1], 10**7, 10**7))


def test_a_demand_above_any_device() -> None:
    """Tests that devices keep one among them that is large enough for each GPU demand, since less is a fault."""
    few = {name: replace(node, devices={}) if node.devices else node for name, node in METRO.nodes.items()}
    few["edge-gent"] = METRO.nodes["edge-gent"]
    instance = replace(METRO, nodes=few)
    assert faults(apply(instance, CapacityChange("edge-gent", {"share": 300}, "gpu-0"))) == []
    with pytest.raises(InputError) as caught:
        apply(instance, CapacityChange("edge-gent", {"share": 299}, "gpu-0"))
    assert str(caught.value) == (
        "capacity.share: no GPU offers 0.3 share; the largest offers 0.299; function 'game' asks for it"
    )


def test_the_last_chain_of_a_class() -> None:
    """Tests that the objective may go on to speak of a class whose last chain departs."""
    one = replace(PLAYER, class_name="gold")
    objective = ({Term(CostTerm.REJECTED, "gold"): Fraction(1)},)
    instance = replace(METRO, chains={one.name: one}, objective=objective)
    for event in (Depart(one.name), Update(replace(one, class_name=None))):
        assert faults(apply(instance, event)) == []


@pytest.mark.parametrize("event", [event for event, _ in INVERSE], ids=lambda event: type(event).__name__)
def test_written_and_read(event: Event) -> None:
    """Tests that an event survives being written as JSON and read."""
    assert event_from_dict(json.loads(json.dumps(event_document(event)))) == event


def test_documents() -> None:
    """Tests the form of the file."""
    assert event_document(Depart("player-1")) == {"depart": "player-1"}
    assert event_document(LinkDown(("a", "b"))) == {"link-down": ["a", "b"]}
    assert event_document(LinkLatency(("a", "b"), 5, 5)) == {"link-latency": {"between": ["a", "b"], "latency": "5 ns"}}
    assert event_document(LinkBandwidth(("a", "b"), back_bps=5)) == {
        "link-bandwidth": {"between": ["a", "b"], "bandwidth": {"back": "5 bps"}}
    }
    assert event_document(CapacityChange("a", {"cpu": 500})) == {"capacity": {"node": "a", "cpu": "0.5"}}
    document = event_document(Arrive(NEW, wait=False))
    assert (document["wait"], list(document["arrive"])) == (False, ["new"])
    declared = {"fpga": Dimension.CORES}
    change = CapacityChange("a", {"fpga": 1500, "memory": 2**30}, "gpu-0")
    document = event_document(change, declared)
    assert document == {"capacity": {"node": "a", "device": "gpu-0", "fpga": "1.5", "memory": "1 GiB"}}
    assert event_from_dict(document, declared) == change


UNREADABLE: list[tuple[object, list[str]]] = [
    ([], ["expected an event such as {depart: NAME}, found a list"]),
    (
        {},
        [
            "needs one of arrive, depart, update, rate, handover, node-down, node-up, drain, undrain, device-down, "
            "device-up, link-down, link-up, link-latency, link-bandwidth, capacity"
        ],
    ),
    ({"deprat": "a"}, ["deprat: unknown key 'deprat', did you mean 'depart'?"]),
    ({"depart": None}, ["depart: expected a name, found nothing"]),
    ({"depart": "a", "drain": "b"}, ["names depart and drain; write an event for each, with equal times"]),
    ({"depart": "a", "wait": False}, ["wait: 'wait' speaks of a chain that arrives"]),
    ({"arrive": {"a": {}, "b": {}}}, [
        "arrive.a: needs 'components', a 'line' or a 'template'",
        "arrive.b: needs 'components', a 'line' or a 'template'",
    ]),
    ({"arrive": {}}, ["arrive: expected one chain by its name, found 0; write an event each"]),
    (
        {"arrive": {"a": {"template": "session"}}},
        ["arrive.a.template: there is no template 'session'; templates stand under 'templates'"],
    ),
    (
        {"arrive": {"a": {"template": "session", "count": 3}}},
        ["arrive.a: an event brings one chain: leave out 'count', and give every endpoint one node"],
    ),
    ({"rate": {"from": "a", "to": "b", "rate": "5 mm"}}, [
        "rate: needs a 'chain': whose flow it is",
        "rate.rate: unknown unit 'mm' here; write for example '10 Gbps'",
    ]),
    ({"handover": {"chain": "a", "at": "b"}}, ["handover: needs a 'component': the endpoint that is handed over"]),
    ({"device-down": {"node": "a"}}, ["device-down: needs a 'device', such as gpu-0"]),
    ({"link-down": "a"}, ["link-down: expected two nodes, such as [edge-1, switch-1]"]),
    ({"link-latency": {"between": ["a", "b"], "latency": {}}}, [
        "link-latency.latency: needs a figure, or one for 'forth', 'back' or both",
    ]),
    ({"link-latency": {"between": ["a", "b"], "latency": {"forht": 1}}}, [
        "link-latency.latency.forht: unknown key 'forht', did you mean 'forth'?",
    ]),
    ({"capacity": {"node": "a", "cpus": 4}}, ["capacity.cpus: unknown key 'cpus', did you mean 'cpu'?"]),
    ({"capacity": {"node": "a", "device": "b", "cpu": 4}}, [
        "capacity.cpu: unknown key 'cpu'; the keys here are share, memory, nvenc, node, device",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), UNREADABLE, ids=str)
def test_unreadable(data: dict[str, object], expected: list[str]) -> None:
    """Tests that what is no event is refused with all that is wrong with it."""
    with pytest.raises(InputError) as caught:
        event_from_dict(data)
    assert str(caught.value).splitlines() == expected


def random_event(rng: Random, instance: Instance, spare: list[Chain]) -> Event:
    """Any event that the instance could meet; ``spare`` are chains that may arrive."""
    node, link = rng.choice(list(instance.nodes.values())), rng.choice(instance.links)
    absent = [chain for chain in spare if chain.name not in instance.chains]
    between = rng.choice([link.ends, link.ends[::-1]])
    figures = rng.choice([(2 * 10**6, 3 * 10**6), (rng.randint(10**6, 6 * 10**6), None), (None, 5 * 10**6)])
    choices: list[Event] = [
        NodeDown(node.name) if node.up else NodeUp(node.name),
        Undrain(node.name) if node.drained else Drain(node.name),
        LinkDown(between) if link.up else LinkUp(between),
        LinkLatency(between, *figures),
        LinkBandwidth(between, *figures),
        CapacityChange(node.name, {"cpu": rng.randint(500, 8000)}),
    ]
    if node.devices:
        device = rng.choice(sorted(node.devices))
        down = device in node.devices_down
        choices += [DeviceUp(node.name, device) if down else DeviceDown(node.name, device)] * 2
        choices += [CapacityChange(node.name, {"share": rng.randint(700, 1000)}, device)]
    if absent:
        choices += [Arrive(rng.choice(absent), wait=rng.random() < 0.5)] * 3
    if instance.chains:
        chain = rng.choice(list(instance.chains.values()))
        ends = [name for name, component in chain.components.items() if component.at is not None]
        choices += [
            Depart(chain.name),
            RateChange(chain.name, rng.choice(chain.flows).ends, rng.randint(0, 3) * 10**6),
            Handover(chain.name, rng.choice(ends), rng.choice(list(instance.nodes))),
            Update(replace(rng.choice(spare), name=chain.name)),
        ]
    return rng.choice(choices)


def test_random_sequences() -> None:
    """Tests that no sequence of events makes an instance invalid, or changes the one that it began with."""
    seen: Counter[str] = Counter()

    @dear(40)
    @given(tiny_instances(), st.integers(0, 2**32))
    def stays_valid(instance: Instance, seed: int) -> None:
        rng, spare = Random(seed), list(instance.chains.values())
        before, now = repr(instance), instance
        for _ in range(60):
            event = random_event(rng, now, spare)
            after = apply(now, event)
            assert faults(after) == []
            assert apply(now, event) == after
            assert event_from_dict(event_document(event)) == event
            seen[type(event).__name__] += after != now
            now = after
        assert repr(instance) == before

    stays_valid()
    assert len([kind for kind, count in seen.items() if count > 5]) == 16
