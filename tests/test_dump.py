"""Tests that an instance survives being written and read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place import instance as model
from mosaico_place.dumping import dump
from mosaico_place.instance import (
    DEFAULT_OBJECTIVE,
    DEVICE_RESOURCES,
    NODE_RESOURCES,
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
from mosaico_place.load import load_instance, parse_instance
from mosaico_place.quantities import Dimension
from mosaico_place.rules import OF_CLASSES, CostTerm
from mosaico_place.validate import faults
from tests.depth import dear
from tests.strategies import tiny_instances

ROOT = Path(__file__).parent.parent
SHIPPED = sorted([*(ROOT / "instances").rglob("*.yaml"), *(ROOT / "mosaico_place" / "data").glob("*.yaml")])

names = st.one_of(
    st.sampled_from(
        ["a", "edge-1", "true", "null", "1", "014", "1e3", "1.10", "from", "~", "no", "<<", "- x", "a: b", "a #b"]
    ),
    st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=6),
)
words = st.text("abc-1µ:", min_size=1, max_size=5)
amounts = st.integers(0, 2**53)
numbers = st.fractions(Fraction(1, 10**6), 10**6, max_denominator=10**6)
prices = st.fractions(0, 10**6, max_denominator=10**6)
shares = st.none() | st.fractions(0, 1, max_denominator=1000)
declared = st.dictionaries(names.map(lambda name: "x" + name), st.sampled_from(list(Dimension)), max_size=2)


T = TypeVar("T")


def some(values: st.SearchStrategy[T], known: Mapping[str, Dimension]) -> st.SearchStrategy[dict[str, T]]:
    """Values of a few known resources."""
    return st.dictionaries(st.sampled_from(sorted(known)), values, max_size=3)


@st.composite
def all_prices(draw: st.DrawFn, resources: Mapping[str, Dimension], *, everything: bool) -> Prices:
    """Prices of an instance, or what those of functions and nodes have in common."""
    one = st.none() | prices
    return Prices(
        draw(some(prices, {**NODE_RESOURCES, **resources})),
        draw(some(prices, {**DEVICE_RESOURCES, **resources})),
        draw(one) if everything else None,
        draw(one) if everything else None,
        draw(one),
        draw(one) if everything else None,
    )


LEVELS = {Kind.SERVER: [Level.P4, Level.VNF], Kind.P4_SWITCH: [Level.P4]}


@st.composite
def nodes(draw: st.DrawFn, name: str, resources: Mapping[str, Dimension]) -> Node:
    """Any node without faults."""
    kind = draw(st.sampled_from(list(Kind)))
    capacity = draw(some(amounts, {**NODE_RESOURCES, **resources}))
    device = some(amounts, {**DEVICE_RESOURCES, **resources}).map(lambda given: {"share": 1000, **given})
    node = Node(
        name,
        kind,
        capacity,
        {resource: draw(st.integers(0, amount)) for resource, amount in capacity.items() if draw(st.booleans())},
        draw(st.dictionaries(names, device, max_size=2)) if kind is Kind.SERVER else {},
        draw(amounts) if kind.forwards else 0,
        draw(amounts),
        {"site": draw(names), **draw(st.dictionaries(names.map(lambda n: "l" + n), names, max_size=2))},
        draw(all_prices(resources, everything=False)),
        draw(st.none() | st.frozensets(st.sampled_from(LEVELS[kind]))) if kind in LEVELS else None,
    )
    down = frozenset(device for device in node.devices if draw(st.booleans()))
    up, drained = draw(st.booleans()), draw(st.booleans())
    own = replace(node.prices, active=draw(st.none() | prices))
    hitless = kind is Kind.P4_SWITCH and draw(st.booleans())
    return replace(node, prices=own, up=up, drained=drained, devices_down=down, hitless=hitless)


@st.composite
def directions(draw: st.DrawFn) -> Direction:
    """One direction of a link."""
    bandwidth = draw(amounts)
    return Direction(bandwidth, draw(amounts), draw(st.integers(0, bandwidth)), draw(amounts), draw(amounts))


@st.composite
def functions(draw: st.DrawFn, name: str, resources: Mapping[str, Dimension]) -> Function:
    """Any function without faults, as long as no node has a device."""
    shared = draw(st.booleans())
    demand = some(amounts, {**NODE_RESOURCES, **resources})
    needs = st.dictionaries(names, st.lists(names, min_size=1, max_size=2).map(tuple), max_size=2)
    levels = draw(st.dictionaries(st.sampled_from(list(Level)) | names, st.sampled_from(list(Level)), min_size=1))
    made = {
        str(key): Implementation(
            str(key),
            level,
            draw(demand),
            {"share": 0} if level is Level.GPU else {},
            draw(amounts),
            draw(demand) if shared else {},
            draw(st.none() | st.integers(1, 2**53)),
            draw(needs),
        )
        for key, level in levels.items()
    }
    own = replace(draw(all_prices(resources, everything=False)), move=draw(st.none() | prices))
    return Function(name, made, own, shared, draw(st.booleans()), draw(amounts), draw(amounts))


@st.composite
def flows(draw: st.DrawFn, own: list[str], instance: Instance) -> tuple[Flow, ...]:
    """From the first component to each other one; perhaps the last of them a copy of the first."""
    programs = [
        name
        for name, function in instance.functions.items()
        if any(one.level is Level.P4 for one in function.implementations.values())
    ]
    made = []
    for head in own[1:]:
        per_hop = tuple(draw(st.lists(st.sampled_from(programs), unique=True, max_size=2))) if programs else ()
        served = bool(per_hop)
        strict, private = served and draw(st.booleans()), served and draw(st.booleans())
        made.append(Flow(own[0], head, draw(amounts), per_hop, strict, private, draw(st.just(0) | amounts)))
    if draw(st.booleans()):
        copied = made[0].ends
        made[-1] = replace(made[-1], per_hop=(), private=False, strict=draw(st.booleans()), copy_of=copied)
    return tuple(made)


@st.composite
def chains(draw: st.DrawFn, name: str, instance: Instance) -> Chain:
    """Any chain without faults."""
    own = draw(st.lists(names, min_size=3, max_size=5, unique=True))
    on_nodes, of_functions = st.sampled_from(sorted(instance.nodes)), st.sampled_from(sorted(instance.functions))
    components = {own[0]: Component(own[0], at=draw(on_nodes), processing_ns=draw(amounts))}
    for inner in own[1:]:
        function = draw(of_functions)
        private = instance.functions[function].shared and draw(st.booleans())
        components[inner] = Component(inner, function, private=private, movable=draw(st.booleans()))
    budgets = [
        Budget(own[0], own[-1], 5, draw(st.integers(0, 5))),
        Budget(own[0], own[0], draw(amounts)),
        Budget(own[0], own[1], None, draw(amounts)),
    ]
    wheres = st.one_of(
        st.lists(on_nodes, min_size=1, max_size=3).map(lambda chosen: Where(nodes=tuple(chosen))),
        st.lists(names, min_size=1, max_size=3).map(lambda values: Where(labels={"site": tuple(values)})),
    )
    preferences = st.builds(
        Preference,
        st.dictionaries(on_nodes.filter("site".__ne__), prices, max_size=2),
        st.dictionaries(names, prices, max_size=2).map(lambda p: {"site": p}),
    )
    rule = st.dictionaries(st.sampled_from(own[1:]), wheres, max_size=2)
    groups = st.lists(st.sampled_from([Group(tuple(own[:2])), Group(tuple(own), "site")]), max_size=2).map(tuple)
    return Chain(
        name,
        components,
        draw(flows(own, instance)),
        weight=draw(numbers),
        class_name=draw(st.none() | words),
        required=draw(st.booleans()),
        budgets=tuple(draw(st.lists(st.sampled_from(budgets), max_size=3))),
        together=draw(groups),
        apart=draw(groups),
        only=draw(rule),
        never=draw(rule),
        preference=draw(st.dictionaries(st.sampled_from(own[1:]), preferences, max_size=2)),
        equivalent=draw(st.sampled_from([(), (tuple(own[1:]),)])),
    )


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    """Any instance without faults: names, amounts and prices as odd as they may be."""
    resources = draw(declared)
    unique_names = st.lists(names, min_size=2, max_size=4, unique=True)
    made = {name: draw(nodes(name, resources)) for name in draw(unique_names)}
    first, second = list(made)[:2]
    link = Link(
        (first, second),
        draw(directions()),
        draw(directions()),
        Prices(bandwidth=draw(st.none() | prices)),
        draw(st.booleans()),
    )
    instance = Instance(
        draw(names),
        made,
        (link,) if draw(st.booleans()) else (),
        {name: draw(functions(name, resources)) for name in draw(unique_names)},
        {},
        resources,
        draw(all_prices(resources, everything=True)),
        classes={name: TrafficClass(name, draw(shares)) for name in draw(st.lists(words, max_size=2))},
    )
    instance = replace(instance, chains={name: draw(chains(name, instance)) for name in draw(unique_names)})
    if draw(st.booleans()):
        terms = [Term(cost) for cost in CostTerm]
        classes = [chain.class_name for chain in instance.chains.values() if chain.class_name]
        terms += [Term(cost, name) for cost in CostTerm if cost in OF_CLASSES for name in classes]
        level = st.dictionaries(st.sampled_from(terms), numbers, min_size=1, max_size=3)
        instance = replace(instance, objective=tuple(draw(st.lists(level, min_size=1, max_size=3))))
    return instance


@given(instances())
@dear(25)  # to draw an instance with everything in it takes longer than to write and to read it
def test_round_trip(instance: Instance) -> None:
    """Tests that any instance without faults, written and read again, equals itself."""
    assert faults(instance) == []
    assert parse_instance(dump(instance)) == instance


WAY = Direction(10**10, 300_000, 10**6, 15_000_000, 1_000_000)
EVERY_PRICE = {
    "resources": {"cpu": Fraction(1, 3000), "memory": Fraction(1, 10 * 2**30), "fpga": Fraction(2)},
    "device": {"share": Fraction(3, 1000), "fpga": Fraction(1, 7)},
    "opened": Fraction(3, 2),
}
PLAYER = Chain(
    "player",
    {
        "pad": Component("pad", at="gnb"),
        "parse": Component("parse", "parse", movable=False),
        "check": Component("check", "parse", private=True),
        "game": Component("game", "game", private=True, movable=False),
        "screen": Component("screen", at="gnb", processing_ns=3_000_000),
        "watch": Component("watch", "parse"),
    },
    (
        Flow("pad", "parse", 10**6, ("l4s", "telemetry"), strict=True, private=True, burst_bytes=120_000),
        Flow("parse", "check", 10**6),
        Flow("check", "game", 10**6),
        Flow("game", "screen", 3 * 10**7, ("l4s",), burst_bytes=1),
        Flow("game", "watch", 15 * 10**6, strict=True, burst_bytes=1500, copy_of=("game", "screen")),
    ),
    Fraction(5, 2),
    "gold",
    True,
    (Budget("pad", "screen", 40_000_000, 25_000_000), Budget("game", "watch", None, 5_000_000)),
    (Group(("parse", "check")), Group(("parse", "game"), "site")),
    (Group(("pad", "game")), Group(("game", "watch"), "site")),
    {"game": Where(("edge", "core")), "parse": Where(labels={"site": ("rennes", "paris")})},
    {"watch": Where(("core",)), "check": Where(labels={"site": ("paris",)})},
    {"game": Preference({"edge": Fraction(1, 2)}, {"site": {"paris": Fraction(2), "rennes": Fraction(1, 3)}})},
    (("parse", "check"), ("game", "watch")),
    (Independent(("parse", "check"), 20_000),),
)
EVERYTHING = Instance(
    "everything",
    {
        "gnb": Node("gnb", Kind.ACCESS),
        "sw": Node(
            "sw",
            Kind.P4_SWITCH,
            {"stages": 12, "sram": 15 * 2**20},
            forwarding_ns=1000,
            labels={"site": "1"},
            hitless=True,
        ),
        "edge": Node(
            "edge",
            Kind.SERVER,
            {"cpu": 32_500, "memory": 2**37, "stages": 4, "fpga": 2},
            {"cpu": 500},
            {"gpu-0": {"share": 1000, "memory": 24 * 2**30}, "gpu-1": {"share": 500, "fpga": 1}},
            hand_over_ns=2000,
            labels={"site": "rennes", "cpu-model": "zen5"},
            prices=Prices(**EVERY_PRICE, active=Fraction(5)),  # type: ignore[arg-type]
            offers=frozenset(Level),
            drained=True,
            devices_down=frozenset({"gpu-0"}),
        ),
        "core": Node("core", Kind.SERVER, {"cpu": 1}, labels={"site": "paris"}, offers=frozenset(), up=False),
    },
    (
        Link(("gnb", "sw"), WAY, replace(WAY, classic_ns=5_000_000), Prices(bandwidth=Fraction(3, 10**9))),
        Link(("sw", "edge"), WAY, WAY),
        Link(("sw", "core"), Direction(1, 0), Direction(2, 1, 1, 7, 0), up=False),
    ),
    {
        "game": Function(
            "game",
            {
                "gpu": Implementation("gpu", Level.GPU, {"cpu": 1000}, {"share": 400}, 8_000_000, {"cpu": 500}, 10**9),
                "small": Implementation("small", Level.GPU, {}, {"share": 100, "memory": 1}),
                "wide": Implementation("wide", Level.GPU, {}, {"share": 100}, device_count=2),
            },
            Prices(**EVERY_PRICE, move=Fraction(2, 7)),  # type: ignore[arg-type]
            shared=True,
        ),
        "parse": Function(
            "parse",
            {
                "p4": Implementation("p4", Level.P4, {"sram": 2**14}, {}, 1000, {"stages": 4, "sram": 2**20}, 10**11),
                "vnf": Implementation("vnf", Level.VNF, {"cpu": 500, "fpga": 1}),
                "vnf-fast": Implementation(
                    "vnf-fast", Level.VNF, once={"memory": 2**28}, needs={"cpu-model": ("zen5",), "site": ("1", "2")}
                ),
            },
            shared=True,
        ),
        "l4s": Function(
            "l4s",
            {"p4": Implementation("p4", Level.P4, once={"stages": 3})},
            shared=True,
            l4s=True,
            state_bytes=2**31,
            reload_ns=3 * 10**9,
        ),
        "telemetry": Function("telemetry", {"gpu": Implementation("gpu", Level.P4, {"stages": 1})}),
    },
    {"player": PLAYER, "plain": Chain("plain", {"only": Component("only", "telemetry")}, class_name="silver")},
    {"fpga": Dimension.COUNT},
    Prices(**EVERY_PRICE, bandwidth=Fraction(1, 10**9), active=Fraction(0), move=Fraction(1)),  # type: ignore[arg-type]
    (
        {Term(CostTerm.DROPPED): Fraction(1)},
        {Term(cost, "gold"): Fraction(1, 3) for cost in CostTerm if cost in OF_CLASSES},
        {Term(cost): Fraction(2) for cost in CostTerm},
    ),
    {"gold": TrafficClass("gold", Fraction(1, 3)), "silver": TrafficClass("silver")},
)
"""Every attribute of the data model somewhere, and some of them in several forms."""


PAIRS = ("Flow.copy_of", "Link.ends")
NEEDED = {
    *("Chain.components", "Chain.flows", "Component.at", "Component.function", "Flow.copy_of", "Function.shared"),
    *("Group.components", "Independent.components", "Instance.functions", "Instance.nodes", "Instance.resources"),
}
"""Attributes of EVERYTHING that nothing can be taken away from without a fault."""


def variants(value: Any, owner: str = "") -> Iterator[tuple[str, Any]]:
    """Every way to put one attribute back to its default, or to take one entry away, with the attribute's name."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            name, here = f"{type(value).__name__}.{field.name}", getattr(value, field.name)
            default = field.default if field.default_factory is MISSING else field.default_factory()
            if default not in (MISSING, here):
                yield name, replace(value, **{field.name: default})
            for label, changed in variants(here, name):
                yield label, replace(value, **{field.name: changed})
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield owner, {other: kept for other, kept in value.items() if other != key}
            for label, changed in variants(below, owner):
                yield label, {**value, key: changed}
    elif isinstance(value, tuple):
        for position, below in enumerate(value):
            if owner not in PAIRS:
                yield owner, (*value[:position], *value[position + 1 :])
            for label, changed in variants(below, owner):
                yield label, (*value[:position], changed, *value[position + 1 :])


def optional_attributes() -> set[str]:
    """Every attribute of the data model that has a default."""
    return {
        f"{kind.__name__}.{field.name}"
        for kind in vars(model).values()
        if isinstance(kind, type) and is_dataclass(kind) and kind is not Term
        for field in fields(kind)
        if field.default is not MISSING or field.default_factory is not MISSING
    }


def test_everything_survives() -> None:
    """Tests that an instance with all that there is, written and read again, equals itself, and says it the same."""
    assert faults(EVERYTHING) == []
    text = dump(EVERYTHING)
    assert parse_instance(text) == EVERYTHING
    assert dump(parse_instance(text)) == text


def test_every_attribute_is_in_it() -> None:
    """Tests that no attribute that may be left out is left out of it, so that a new one is written as well."""
    assert optional_attributes() <= {name for name, _ in variants(EVERYTHING)}


@pytest.mark.parametrize("name", sorted({name for name, _ in variants(EVERYTHING)}))
def test_everything_but_one_thing(name: str) -> None:
    """Tests that it still survives when any one thing is not said, or one entry is taken away."""
    sound = [changed for label, changed in variants(EVERYTHING) if label == name and faults(changed) == []]
    for changed in sound:
        assert parse_instance(dump(changed)) == changed
    assert bool(sound) == (name not in NEEDED)


@given(tiny_instances())
@dear(40)
def test_round_trip_of_instances_to_be_solved(instance: Instance) -> None:
    """Tests the same with instances whose parts fit each other, as they are made for the solvers."""
    assert faults(instance) == []
    assert parse_instance(dump(instance)) == instance


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_instances(path: Path) -> None:
    """Tests that every shipped instance survives, and that writing it again gives the same text."""
    instance = load_instance(path)
    text = dump(instance)
    assert parse_instance(text) == instance
    assert dump(parse_instance(text)) == text


def test_default_objective() -> None:
    """Tests that the default objective is left out, so that it stays the default."""
    instance = Instance("x", {}, (), {}, {})
    assert "objective" not in dump(instance)
    assert parse_instance(dump(instance)).objective is DEFAULT_OBJECTIVE


def test_readable() -> None:
    """Tests the layout: sections in block style, their leaves in one line each."""
    text = """\
format: 1
name: small
resources: {fpga: count}
infrastructure:
  nodes:
    gnb: {kind: access}
    edge-1: {kind: server, cpu: 32, fpga: 2, gpus: {gpu-0: {memory: 24 GiB}}, prices: {active: 5}}
  links:
    - {between: [gnb, edge-1], bandwidth: {forth: 10 Gbps, back: 1.5 Gbps}, latency: 300 us}
functions:
  game:
    implementations:
      gpu: {cpu: 0.5, device: {share: 0.4, memory: 6 GiB}, processing: 8 ms}
chains:
  player:
    weight: 10
    class: gold
    components:
      pad: {at: gnb}
      game: game
    flows:
      - {from: pad, to: game, rate: 1 Mbps}
    latency:
      - {from: pad, to: game, within: 40 ms, target: 12.5 ms}
    only:
      game: edge-1
prices: {memory: 0.1 per GiB, bandwidth: 1 per Gbps, device: {share: 1/3}}
objective:
  - {rejected.gold: 1}
  - {resources: 1, links: 0.01}
"""
    assert dump(parse_instance(text)) == text
