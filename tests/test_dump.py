"""Tests that an instance survives being written and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    Instance,
    Kind,
    Level,
    Link,
    Node,
    Preference,
    Prices,
    Term,
    Where,
)
from mosaico_place.load import load_instance, parse_instance
from mosaico_place.quantities import Dimension
from mosaico_place.rules import CostTerm
from mosaico_place.validate import faults

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
declared = st.dictionaries(names.map(lambda name: "x" + name), st.sampled_from(list(Dimension)), max_size=2)


T = TypeVar("T")


def some(values: st.SearchStrategy[T], known: Mapping[str, Dimension]) -> st.SearchStrategy[dict[str, T]]:
    """Values of a few known resources."""
    return st.dictionaries(st.sampled_from(sorted(known)), values, max_size=3)


@st.composite
def all_prices(draw: st.DrawFn, resources: Mapping[str, Dimension], *, everything: bool) -> Prices:
    """Prices of an instance, or of a function or node."""
    one = st.none() | prices
    return Prices(
        draw(some(prices, {**NODE_RESOURCES, **resources})),
        draw(some(prices, {**DEVICE_RESOURCES, **resources})),
        draw(one) if everything else None,
        draw(one) if everything else None,
    )


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
    )
    return replace(node, prices=replace(node.prices, active=draw(st.none() | prices)))


@st.composite
def directions(draw: st.DrawFn) -> Direction:
    """One direction of a link."""
    bandwidth = draw(amounts)
    return Direction(bandwidth, draw(amounts), draw(st.integers(0, bandwidth)))


@st.composite
def functions(draw: st.DrawFn, name: str, resources: Mapping[str, Dimension]) -> Function:
    """Any function without faults, as long as no node has a device."""
    levels = draw(st.lists(st.sampled_from([Level.P4, Level.VNF]), min_size=1, unique=True))
    demand = some(amounts, {**NODE_RESOURCES, **resources})
    made = {str(level): Implementation(str(level), level, draw(demand), {}, draw(amounts)) for level in levels}
    if draw(st.booleans()):
        made["gpu"] = Implementation("gpu", Level.GPU, draw(demand), {"share": 0}, draw(amounts))
    return Function(name, made, draw(all_prices(resources, everything=False)))


@st.composite
def chains(draw: st.DrawFn, name: str, instance: Instance) -> Chain:
    """Any chain without faults."""
    own = draw(st.lists(names, min_size=3, max_size=5, unique=True))
    on_nodes, of_functions = st.sampled_from(sorted(instance.nodes)), st.sampled_from(sorted(instance.functions))
    components = {own[0]: Component(own[0], at=draw(on_nodes), processing_ns=draw(amounts))}
    components |= {inner: Component(inner, function=draw(of_functions)) for inner in own[1:]}
    flows = tuple(Flow(own[0], head, draw(amounts)) for head in own[1:])
    budgets = [
        Budget(own[0], own[-1], 5, draw(st.integers(0, 5))),
        Budget(own[0], own[0], draw(amounts)),
        Budget(own[0], own[1], None, draw(amounts)),
    ]
    wheres = st.one_of(
        st.lists(on_nodes, min_size=1, max_size=3).map(lambda chosen: Where(nodes=tuple(chosen))),
        st.lists(names, min_size=1, max_size=3).map(lambda values: Where(labels={"site": tuple(values)})),
    )
    by_site = st.dictionaries(names, prices, max_size=2)
    preferences = st.builds(
        Preference,
        st.dictionaries(on_nodes.filter("site".__ne__), prices, max_size=2),
        by_site.map(lambda p: {"site": p}),
    )
    rule = st.dictionaries(st.sampled_from(own[1:]), wheres, max_size=2)
    groups = st.lists(st.sampled_from([Group(tuple(own[:2])), Group(tuple(own), "site")]), max_size=2).map(tuple)
    return Chain(
        name,
        components,
        flows,
        weight=draw(numbers),
        class_name=draw(st.none() | words),
        required=draw(st.booleans()),
        budgets=tuple(draw(st.lists(st.sampled_from(budgets), max_size=3))),
        together=draw(groups),
        apart=draw(groups),
        only=draw(rule),
        never=draw(rule),
        preference=draw(st.dictionaries(st.sampled_from(own[1:]), preferences, max_size=2)),
    )


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    """Any instance without faults: names, amounts and prices as odd as they may be."""
    resources = draw(declared)
    unique_names = st.lists(names, min_size=2, max_size=4, unique=True)
    made = {name: draw(nodes(name, resources)) for name in draw(unique_names)}
    first, second = list(made)[:2]
    link = Link((first, second), draw(directions()), draw(directions()), Prices(bandwidth=draw(st.none() | prices)))
    instance = Instance(
        draw(names),
        made,
        (link,) if draw(st.booleans()) else (),
        {name: draw(functions(name, resources)) for name in draw(unique_names)},
        {},
        resources,
        draw(all_prices(resources, everything=True)),
    )
    instance = replace(instance, chains={name: draw(chains(name, instance)) for name in draw(unique_names)})
    if draw(st.booleans()):
        terms = [Term(cost) for cost in CostTerm]
        terms += [Term(CostTerm.REJECTED, chain.class_name) for chain in instance.chains.values() if chain.class_name]
        level = st.dictionaries(st.sampled_from(terms), numbers, min_size=1, max_size=3)
        instance = replace(instance, objective=tuple(draw(st.lists(level, min_size=1, max_size=3))))
    return instance


@given(instances())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_round_trip(instance: Instance) -> None:
    """Tests that any instance without faults, written and read again, equals itself."""
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
