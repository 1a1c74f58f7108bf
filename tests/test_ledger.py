"""The ledger, the audit and the tally: after any change they say what adding everything up anew says."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.checking import check
from mosaico_place.checking.audit import Audit
from mosaico_place.costing import cost
from mosaico_place.instance import Chain, Direction, Instance, Kind, Level, Link, Node, Term
from mosaico_place.ledger import Ledger, Touched
from mosaico_place.load import load_instance
from mosaico_place.placement import EMPTY, ChainPlacement, Opening, Placement, Spot
from mosaico_place.remembered import per_chain, per_placed
from mosaico_place.rules import CostTerm
from mosaico_place.tally import Tally
from mosaico_place.usage import amounts, capacities, capacity_of, chain_usage, survey, usage
from tests.strategies import tiny_instances
from tests.test_check import CROWDED, placements

INSTANCES = Path(__file__).parents[1] / "instances"
SEEDS = st.integers(0, 2**32).map(random.Random)


def agrees(ledger: Ledger, audit: Audit, tally: Tally, previous: Placement | None, most: int | None) -> None:
    """Compare with everything added up anew."""
    instance, placement = ledger.instance, ledger.placement
    assert ledger.scene == survey(instance, placement)
    total = usage(instance, placement)
    assert ledger.taken == {name: amount for name, amount in amounts(total).items() if amount}
    assert {name: sum(shares.values()) for name, shares in ledger.takers.items()} == ledger.taken
    assert {opening: sum(loads.values()) for opening, loads in ledger.served.items()} == total.loads
    assert ledger.by_class == Ledger(instance, placement).by_class
    assert Counter(audit.violations(previous, most)) == Counter(check(instance, placement, previous, most))
    assert tally.cost(previous) == cost(instance, placement, previous)


# --- random placements of one crowded instance, often broken ---------------------------------------------


@given(st.lists(placements(), min_size=1, max_size=5), st.integers(0, 3))
def test_becoming_any_placement(steps: list[Placement], most: int) -> None:
    """Tests that from one placement to the next, valid or not, ledger, audit and tally stay right."""
    ledger = Ledger(CROWDED)
    audit, tally, previous = Audit(ledger), Tally(ledger), EMPTY
    for placement in steps:
        ledger.become(placement)
        assert ledger.placement == placement
        agrees(ledger, audit, tally, previous, most)
        previous = placement


@given(st.lists(placements(), min_size=2, max_size=4), SEEDS)
def test_audit_catches_up(steps: list[Placement], rng: random.Random) -> None:
    """Tests that an audit that was not asked for a while, while chains came and went singly, misses nothing."""
    ledger = Ledger(CROWDED, steps[0])
    audit, tally = Audit(ledger), Tally(ledger)
    for placement in steps[1:]:
        for name in {**placement.chains, **ledger.chains}:
            ledger.place(name, placement.chains.get(name))
        for opening in {**placement.instances, **ledger.instances}:
            ledger.open(opening, placement.instances.get(opening, 0))
        if rng.random() < 0.5:
            agrees(ledger, audit, tally, None, None)
    agrees(ledger, audit, tally, None, None)


# --- random changes of tiny instances --------------------------------------------------------------------


def changed(instance: Instance, rng: random.Random) -> Instance:
    """The instance with one thing changed that an event could change, or more."""
    kinds = ["node", "node", "link", "link", "cut", "join", "rate", "leave", "class", "objective", "node gone"]
    kind = rng.choice(kinds)
    node = rng.choice(list(instance.nodes.values()))
    link = rng.choice(instance.links or (Link(("gnb", "sw-0"), Direction(1, 1), Direction(1, 1)),))
    chain = rng.choice(list(instance.chains.values())) if instance.chains else None
    if kind == "node":
        return instance.with_node(_changed_node(node, rng))
    if kind == "link":
        return instance.with_link(_changed_link(link, rng))
    if kind == "cut":
        return replace(instance, links=tuple(other for other in instance.links if other is not link))
    if kind == "join" and len(instance.nodes) > 1:
        ends = tuple(rng.sample(sorted(instance.nodes), 2))
        return instance.with_link(Link((ends[0], ends[1]), Direction(3_000_000, 10**6), Direction(3_000_000, 0)))
    if kind == "rate" and chain is not None:
        flows = tuple(replace(flow, rate_bps=flow.rate_bps * rng.choice([1, 2])) for flow in chain.flows)
        return instance.with_chain(replace(chain, flows=flows))
    if kind == "leave" and len(instance.chains) > 1 and chain is not None:
        return instance.without_chain(chain.name)
    if kind == "class" and chain is not None:
        return instance.with_chain(replace(chain, class_name=rng.choice([None, "gold"]), weight=Fraction(5)))
    if kind == "objective":
        return replace(instance, objective=({Term(CostTerm.REJECTED): Fraction(rng.randint(1, 3))},))
    if kind == "node gone":
        return replace(instance, nodes={name: one for name, one in instance.nodes.items() if name != node.name})
    return instance


def _changed_node(node: Node, rng: random.Random) -> Node:
    less = {resource: amount // 2 for resource, amount in node.capacity.items()}
    devices = {name: {resource: n // 2 for resource, n in has.items()} for name, has in node.devices.items()}
    return rng.choice(
        [
            replace(node, capacity=less),
            replace(node, devices=devices),
            replace(node, devices={}),
            replace(node, offers=frozenset() if node.offers is None else None),
            replace(node, hand_over_ns=node.hand_over_ns + 10**6),
            replace(node, forwarding_ns=10**6 if node.kind.forwards else 0),
            replace(node, labels={"site": "east"}),
            replace(node, up=not node.up),
            replace(node, drained=not node.drained),
            replace(node, devices_down=frozenset(list(node.devices)[:1])),
            replace(node, prices=replace(node.prices, active=Fraction(7, 3), opened=Fraction(1, 7))),
        ]
    )


def _changed_link(link: Link, rng: random.Random) -> Link:
    forth = link.forth
    return rng.choice(
        [
            replace(link, forth=replace(forth, bandwidth_bps=forth.bandwidth_bps // 2)),
            replace(link, forth=replace(forth, latency_ns=forth.latency_ns + 5 * 10**6)),
            replace(link, forth=replace(forth, reserved_bps=forth.bandwidth_bps)),
            replace(link, prices=replace(link.prices, bandwidth=Fraction(1, 3))),
            replace(link, up=not link.up),
            Link((link.ends[1], link.ends[0]), link.back, link.forth, link.prices),
        ]
    )


def anyhow(instance: Instance, rng: random.Random) -> Placement:
    """A placement that fits the instance's names and often breaks its rules, with paths that mostly lead somewhere."""
    chains, instances = {}, {}
    for name, chain in instance.chains.items():
        if rng.random() < 0.25:
            continue
        spots, flows = {}, {}
        for component in chain.components.values():
            if component.function is not None:
                function = instance.functions[component.function]
                options = [
                    Spot(node.name, one.name, next(iter(node.devices), None) if one.level is Level.GPU else None)
                    for node in instance.nodes.values()
                    for one in function.implementations.values()
                    if one.runs_on(node)
                ]
                if options:
                    spots[component.name] = rng.choice(options)
        for flow in chain.flows:
            ends = [
                spots[end].node if end in spots else chain.components[end].at or "ghost"
                for end in (flow.tail, flow.head)
            ]
            inner = [node.name for node in instance.nodes.values() if node.kind.forwards]
            middle = rng.sample(inner, rng.randint(0, len(inner)))
            flows[flow.ends] = (ends[0],) if ends[0] == ends[1] else (ends[0], *middle, ends[1])
        merged = tuple(group for group in chain.equivalent if rng.random() < 0.5)
        chains[name] = ChainPlacement(spots, flows, merged)
    for node in instance.nodes.values():
        for function in instance.functions.values():
            for one in function.implementations.values():
                if function.shared and one.runs_on(node) and rng.random() < 0.5:
                    instances[Opening(node.name, function.name, one.name)] = rng.randint(1, 2)
    return Placement(chains, instances)


@given(tiny_instances(), SEEDS)
def test_adopting_any_instance(instance: Instance, rng: random.Random) -> None:
    """Tests that whatever changes, of the instance or the placement, ledger, audit and tally stay right."""
    ledger = Ledger(instance, anyhow(instance, rng))
    audit, tally = Audit(ledger), Tally(ledger)
    agrees(ledger, audit, tally, None, None)
    for _ in range(6):
        previous = ledger.placement
        for _ in range(rng.randint(1, 2)):
            instance = changed(instance, rng)
        ledger.adopt(instance)
        assert ledger.instance is instance
        if rng.random() < 0.5:
            other = anyhow(instance, rng)
            kept = {name: placed for name, placed in previous.chains.items() if rng.random() < 0.7}
            ledger.become(replace(other, chains={**other.chains, **kept}))
        agrees(ledger, audit, tally, previous, rng.choice([None, 0, 2]))


@given(tiny_instances(), SEEDS)
def test_going_back(instance: Instance, rng: random.Random) -> None:
    """Tests that a change and its opposite leave everything exactly as it was."""
    before = anyhow(instance, rng)
    ledger = Ledger(instance, before)
    ledger.adopt(changed(instance, rng))
    ledger.become(anyhow(ledger.instance, rng))
    ledger.become(before)
    ledger.adopt(instance)
    again = Ledger(instance, before)
    for name in ("chains", "instances", "scene", "parts", "taken", "takers", "served", "by_class"):
        assert getattr(ledger, name) == getattr(again, name), name


# --- only what changed is looked at ----------------------------------------------------------------------


def touched_by(ledger: Ledger) -> Touched:
    """What is touched from now on."""
    touched = ledger.watch()
    touched.clear()
    return touched


def shared_edge() -> tuple[Instance, Placement]:
    """Two chains over one switch to a server each."""
    wide = Direction(10**9, 10**5)
    base = CROWDED
    nodes = [
        Node("gnb", Kind.ACCESS),
        Node("sw", Kind.P4_SWITCH, {"stages": 10}),
        Node("one", Kind.SERVER, {"cpu": 8000}),
        Node("two", Kind.SERVER, {"cpu": 8000}),
    ]
    links = tuple(Link(("sw", other), wide, wide) for other in ("gnb", "one", "two"))
    chain = next(iter(base.chains.values()))
    parts = {name: chain.components[name] for name in ("in", "game", "out")}
    flow = replace(chain.flows[0], tail="in", head="game", per_hop=(), strict=False, burst_bytes=0, copy_of=None)
    plain = replace(
        chain, components=parts, flows=(flow,), budgets=(), together=(), apart=(), only={}, never={}, preference={},
        equivalent=(), independent=(), required=False,
    )  # fmt: skip
    instance = replace(
        base,
        nodes={node.name: node for node in nodes},
        links=links,
        chains={name: replace(plain, name=name) for name in ("x", "y")},
        classes={},
    )
    placed = {
        name: ChainPlacement({"game": Spot(node, "vnf")}, {("in", "game"): ("gnb", "sw", node)})
        for name, node in (("x", "one"), ("y", "two"))
    }
    return instance, Placement(placed)


def test_an_amount_touches_no_chain() -> None:
    """Tests that a capacity or a bandwidth that changes touches itself alone, a latency the chains on it."""
    instance, placement = shared_edge()
    ledger = Ledger(instance, placement)
    touched = touched_by(ledger)
    less = instance.with_node(replace(instance.nodes["one"], capacity={"cpu": 1000}))
    ledger.adopt(less)
    assert (list(touched.chains), list(touched.capacities)) == ([], [("node", "one", "cpu")])
    touched.clear()
    link = less.links[1]
    narrow = less.with_link(replace(link, forth=replace(link.forth, bandwidth_bps=10)))
    ledger.adopt(narrow)
    assert (list(touched.chains), set(touched.capacities)) == ([], {("link", "sw", "one"), ("link", "one", "sw")})
    touched.clear()
    ledger.adopt(narrow.with_link(replace(link, forth=replace(link.forth, latency_ns=10))))
    assert list(touched.chains) == ["x"]
    assert not touched.everything


def test_a_chain_touches_what_it_takes() -> None:
    """Tests that a chain that moves touches itself, what it leaves and what it enters, and nothing else."""
    instance, placement = shared_edge()
    ledger = Ledger(instance, placement)
    touched = touched_by(ledger)
    ledger.become(replace(placement, chains={**placement.chains, "x": placement.chains["y"]}))
    assert list(touched.chains) == ["x"]
    ends = {("link", "gnb", "sw"), ("link", "sw", "one"), ("link", "sw", "two")}
    resources = {name for name in touched.capacities if name[0] == "node"}
    assert set(touched.capacities) - resources == ends
    assert {name[1] for name in resources} == {"one", "two"}
    assert not touched.everything
    touched.clear()
    ledger.become(ledger.placement)
    ledger.adopt(instance)
    assert touched == Touched()


def test_one_capacity_is_one_of_all() -> None:
    """Tests that looking one capacity up gives what the list of all of them has."""
    for instance in (CROWDED, load_instance(INSTANCES / "cloud-gaming-edge.yaml")):
        hops = survey(instance).hops
        for name, has in capacities(instance).items():
            assert capacity_of(instance, hops, name) == has
    nowhere = (("node", "ghost", "cpu"), ("node", "a", "ghost"), ("device", "a", "ghost", "share"), ("link", "a", "a"))
    assert [capacity_of(CROWDED, survey(CROWDED).hops, name).amount for name in nowhere] == [0, 0, 0, 0]


def test_a_second_program_is_told_of_the_first() -> None:
    """Tests that opening a second program of a function on a switch is found, though the first one is to blame."""
    first, second = (Opening("sw", "queue", name) for name in ("p4", "p4-deep"))
    ledger = Ledger(CROWDED, Placement({}, {first: 1}))
    audit = Audit(ledger)
    before = audit.violations()
    ledger.open(second, 1)
    told = [violation.where for violation in audit.violations() if violation not in before]
    assert told == [f"node sw, queue {first.implementation}"]
    assert Counter(audit.violations()) == Counter(check(CROWDED, ledger.placement))


def test_parts_are_what_chains_take() -> None:
    """Tests that the ledger knows each chain's own use."""
    instance, placement = shared_edge()
    ledger = Ledger(instance, placement)
    for name, placed in placement.chains.items():
        assert ledger.parts[name] == chain_usage(instance, instance.chains[name], placed)


def test_remembering_tells_chains_apart() -> None:
    """Tests that equal chains are worked out once each, and the same one once."""
    asked = []

    @per_chain
    def named(chain: object) -> int:
        asked.append(chain)
        return len(asked)

    one = next(iter(CROWDED.chains.values()))
    assert [named(one), named(one), named(replace(one)), named(one)] == [1, 1, 2, 1]


def test_that_nothing_is_remembered_of_other_nodes_functions_or_chains() -> None:
    """Tests that a value of a placement holds for the same chain on the same nodes only."""
    asked = []

    @per_placed
    def named(instance: Instance, chain: Chain, placed: object) -> int:
        asked.append((instance, chain, placed))
        return len(asked)

    chain, placed = next(iter(CROWDED.chains.values())), ChainPlacement({}, {})
    drained = CROWDED.with_node(replace(next(iter(CROWDED.nodes.values())), drained=True))
    emptied, extended = replace(CROWDED, chains={}), replace(drained, functions=dict(drained.functions))
    forms = [
        (CROWDED, chain, placed, 1),
        (emptied, chain, placed, 1),
        (drained, chain, placed, 2),
        (extended, chain, placed, 3),
        (extended, replace(chain), placed, 4),
        (extended, chain, ChainPlacement({}, {}), 5),
    ]
    assert [named(*form[:3]) for form in forms] == [form[3] for form in forms]
