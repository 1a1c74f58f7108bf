"""Crowded little networks and random valid placements in them, so that there is something to plan around."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from mosaico_place.checking import check
from mosaico_place.instance import (
    Budget,
    Chain,
    Component,
    Direction,
    Flow,
    Function,
    Implementation,
    Instance,
    Kind,
    Level,
    Link,
    Node,
    Prices,
    TrafficClass,
)
from mosaico_place.placement import EMPTY, ChainPlacement, Opening, Placement, Spot
from mosaico_place.planning import Transition
from mosaico_place.usage import chain_usage, survey

MBPS = 10**6
MS = 10**6

FUNCTIONS = {
    "small": Function("small", {"vnf": Implementation("vnf", Level.VNF, {"cpu": 1000})}),
    "big": Function("big", {"vnf": Implementation("vnf", Level.VNF, {"cpu": 2000})}, state_bytes=10**6),
    "nat": Function(
        "nat",
        {
            "p4": Implementation("p4", Level.P4, {"stages": 1}),
            "vnf": Implementation("vnf", Level.VNF, {"cpu": 1000}),
            "gpu": Implementation("gpu", Level.GPU, {"cpu": 500}, {"share": 600}),
        },
        reload_ns=3 * 10**9,
    ),
    "dpi": Function(
        "dpi",
        {
            "p4": Implementation("p4", Level.P4, once={"stages": 1}, capacity_bps=4 * MBPS),
            "vnf": Implementation("vnf", Level.VNF, {"cpu": 200}, once={"cpu": 600}, capacity_bps=3 * MBPS),
        },
        shared=True,
    ),
    "tele": Function(
        "tele",
        {
            "p4": Implementation("p4", Level.P4, once={"stages": 1}),
            "p4-deep": Implementation("p4-deep", Level.P4, {"stages": 1}, once={"stages": 1}),
        },
        shared=True,
    ),
}


def crowded(rng: random.Random) -> Instance:
    """Two switches, up to four servers on both of them, three to six chains of one or two components."""
    nodes = [Node("gnb", Kind.ACCESS)]
    nodes += [
        Node(name, Kind.P4_SWITCH, {"stages": rng.randint(0, 3)}, hitless=rng.random() < 0.5) for name in ("sw", "tw")
    ]
    for i in range(rng.randint(2, 4)):
        devices = {"gpu": {"share": 1000}} if rng.random() < 0.3 else {}
        nodes.append(Node(f"s{i}", Kind.SERVER, {"cpu": rng.randint(2, 4) * 1000}, devices=devices))

    def way() -> Direction:
        return Direction(rng.randint(2, 6) * MBPS, rng.randint(1, 3) * MS)

    ends = [(switch, node.name) for node in nodes if node.kind is not Kind.P4_SWITCH for switch in ("sw", "tw")]
    links = tuple(Link(pair, way(), way()) for pair in [*ends, ("sw", "tw")])
    chains = {}
    for i in range(rng.randint(3, 6)):
        names = ["a", "b"][: rng.randint(1, 2)]
        functions = [rng.choice(["small", "small", "big", "nat", "dpi"]) for _ in names]
        components = {"in": Component("in", at="gnb")}
        components |= {name: Component(name, one) for name, one in zip(names, functions, strict=True)}
        line = ["in", *names]
        per_hop = ("tele",) if rng.random() < 0.15 else ()
        flows = tuple(Flow(tail, head, rng.randint(1, 2) * MBPS, per_hop) for tail, head in pairwise(line))
        same = len(names) == 2 and functions[0] == functions[1]
        equivalent = (("a", "b"),) if same and rng.random() < 0.7 else ()
        gold = rng.choice([None, "gold"])
        weight = Fraction(rng.randint(1, 3))
        hurried = rng.random() < 0.4
        budgets = (Budget("in", line[-1], rng.randint(3, 9) * MS),) if hurried else ()
        chain = Chain(f"c{i}", components, flows, weight, gold, budgets=budgets, equivalent=equivalent)
        chains[chain.name] = chain
    classes = {"gold": TrafficClass("gold", Fraction(rng.randint(2, 4), 4))}
    by_name = {node.name: node for node in nodes}
    return Instance("crowded", by_name, links, FUNCTIONS, chains, prices=Prices(move=Fraction(1)), classes=classes)


def packed(instance: Instance, rng: random.Random, kept: Mapping[str, ChainPlacement]) -> Placement:
    """A random valid placement of as many chains as fit, with some where they stood."""
    placement = EMPTY
    for name in rng.sample(sorted(instance.chains), len(instance.chains)):
        for attempt in range(25):
            stays = attempt == 0 and name in kept and rng.random() < 0.5
            placed = kept[name] if stays else _anywhere(instance, instance.chains[name], rng)
            more = _opened(instance, {**placement.chains, name: placed}, placement.instances, rng)
            if more is not None and not check(instance, more):
                placement = more
                break
    return placement


def _anywhere(instance: Instance, chain: Chain, rng: random.Random) -> ChainPlacement:
    spots = {}
    for name, component in chain.components.items():
        if component.function is not None:
            options = [
                Spot(node.name, one.name, device)
                for node in instance.nodes.values()
                for one in instance.functions[component.function].implementations.values()
                if one.runs_on(node)
                for device in (node.working if one.level is Level.GPU else [None])
            ]
            spots[name] = rng.choice(options or [Spot("nowhere", "none")])
    flows = {}
    for flow in chain.flows:
        tail, head = (spots[end].node if end in spots else "gnb" for end in flow.ends)
        inner = rng.choice([["sw"], ["tw"], ["sw", "tw"], ["tw", "sw"], []])
        path = [tail, *(node for node in inner if node not in (tail, head)), head]
        flows[flow.ends] = (tail,) if tail == head else tuple(path)
    merged = tuple(
        group for group in chain.equivalent if len({spots[name] for name in group}) == 1 and rng.random() < 0.8
    )
    return ChainPlacement(spots, flows, merged)


def _opened(
    instance: Instance, chains: Mapping[str, ChainPlacement], before: Mapping[Opening, int], rng: random.Random
) -> Placement | None:
    """The chains with the fewest instances that carry their loads, and the per-hop programs that they meet."""
    instances = {opening: 1 for opening in before if opening.function == "tele"}
    for name, placed in chains.items():
        for flow in instance.chains[name].flows:
            for node in placed.flows[flow.ends] if flow.per_hop else ():
                if node in ("sw", "tw") and not any(key[:2] == (node, "tele") for key in instances):
                    instances[Opening(node, "tele", rng.choice(["p4", "p4-deep"]))] = 1
    loads: dict[Opening, int] = {}
    scene = survey(instance, Placement(chains, instances))
    for name, placed in chains.items():
        for opening, load in chain_usage(instance, instance.chains[name], placed, scene).loads.items():
            loads[opening] = loads.get(opening, 0) + load
    for opening, load in loads.items():
        one = instance.functions[opening.function].implementations[opening.implementation]
        instances[opening] = one.instances_for(load)
    return Placement(chains, instances)


def transition(rng: random.Random) -> Transition:
    """From one random valid placement to another one, after something has happened or not."""
    earlier = crowded(rng)
    before = packed(earlier, rng, {})
    instance = earlier
    for _ in range(rng.choice([0, 1, 1, 2])):
        instance = happened(instance, rng)
    kept = {name: placed for name, placed in before.chains.items() if name in instance.chains}
    return Transition(earlier, instance, before, packed(instance, rng, kept))


def happened(instance: Instance, rng: random.Random) -> Instance:
    """The instance after some event."""
    node = rng.choice([node for node in instance.nodes.values() if node.kind is Kind.SERVER])
    link, chain = rng.choice(instance.links), rng.choice(list(instance.chains.values()))
    kind = rng.randrange(8)
    if kind == 0:
        return instance.with_node(replace(node, up=False))
    if kind == 1:
        return instance.with_node(replace(node, drained=True))
    if kind == 2:
        return instance.with_node(replace(node, devices_down=frozenset(node.devices)))
    if kind == 3:
        return instance.with_node(replace(node, capacity={"cpu": node.capacity["cpu"] - 1000}))
    if kind == 4:
        return instance.with_link(replace(link, up=False))
    if kind == 5:
        narrow = replace(link.forth, bandwidth_bps=link.forth.bandwidth_bps - MBPS)
        return instance.with_link(replace(link, forth=narrow))
    if kind == 6 and len(instance.chains) > 2:
        return instance.without_chain(chain.name)
    flows = tuple(replace(flow, rate_bps=flow.rate_bps + MBPS, per_hop=()) for flow in chain.flows)
    return instance.with_chain(replace(chain, flows=flows))
