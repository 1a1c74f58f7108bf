"""Changes of an instance whose effect on the optimum is known without knowing the optimum."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mosaico_place.compile import compile_instance
from mosaico_place.costing import cost
from mosaico_place.dumping import dump
from mosaico_place.exact.method import solve_exact
from mosaico_place.instance import (
    Chain,
    Direction,
    Function,
    Instance,
    Kind,
    Link,
    Node,
    Prices,
    Where,
)
from mosaico_place.load import parse_instance
from mosaico_place.method import Options
from mosaico_place.placement import Placement
from mosaico_place.rules import CostTerm
from tests.strategies import tiny_instances

T = TypeVar("T")
Values = tuple[Fraction, ...]
few = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def optimum(instance: Instance, previous: Placement | None = None) -> tuple[Values | None, Placement | None]:
    """Values per level and placement; None if infeasible."""
    answer = solve_exact(compile_instance(instance), Options(gap=0.0, threads=1), previous)
    return (None if answer.placement is None else cost(instance, answer.placement).levels), answer.placement


@few
@given(tiny_instances(chains=2))
def test_scaling_units(instance: Instance) -> None:
    """Tests that larger units for time, rates, resources and money leave the optimum where it is."""
    values, _ = optimum(instance)
    scaled, _ = optimum(_scaled(instance, time=3, rate=7, amount=5))
    assert scaled == values


@few
@given(tiny_instances(), st.randoms(use_true_random=False))
def test_permuting_the_file(instance: Instance, rng: random.Random) -> None:
    """Tests that the order in which a file lists things, and the way it names a link's ends, changes no value."""
    values, _ = optimum(instance)
    shuffled = parse_instance(dump(_shuffled(instance, rng)))
    assert optimum(shuffled)[0] == values


@few
@given(tiny_instances())
def test_adding_a_server(instance: Instance) -> None:
    """Tests that one more server is never worse."""
    values, _ = optimum(instance)
    switch = next(name for name, node in instance.nodes.items() if node.kind is Kind.P4_SWITCH)
    server = Node("extra", Kind.SERVER, {"cpu": 4000}, devices={"gpu-0": {"share": 1000, "memory": 4}})
    wide = Direction(10**9, 10**5)
    larger = instance.with_node(server).with_link(Link((switch, "extra"), wide, wide))
    assert _no_worse(optimum(larger)[0], values)


@few
@given(tiny_instances(), st.randoms(use_true_random=False))
def test_forbidding_a_chosen_node(instance: Instance, rng: random.Random) -> None:
    """Tests that forbidding a node that the optimum uses is never better."""
    values, placement = optimum(instance)
    assume(placement is not None and placement.chains)
    assert placement is not None
    name = rng.choice(sorted(placement.chains))
    component, spot = rng.choice(sorted(placement.chains[name].components.items()))
    chain = instance.chains[name]
    assume(component not in chain.never)
    forbidden = replace(chain, never={**chain.never, component: Where(nodes=(spot.node,))})
    assert _no_worse(values, optimum(instance.with_chain(forbidden))[0])


@few
@given(tiny_instances())
def test_starting_from_the_optimum(instance: Instance) -> None:
    """Tests that a previous placement, whole or out of date, changes the way but not the values."""
    values, placement = optimum(instance)
    assert optimum(instance, previous=placement)[0] == values
    first = next(iter(instance.chains))
    reduced = instance if len(instance.chains) == 1 else instance.without_chain(first)
    assume({term.class_name for level in instance.objective for term in level} == {None})
    assert optimum(reduced, previous=placement)[0] == optimum(reduced)[0]


@few
@given(tiny_instances(), st.integers(2, 5))
def test_scaling_weights(instance: Instance, factor: int) -> None:
    """Tests that multiplying every level's weights multiplies the values."""
    values, _ = optimum(instance)
    levels = tuple({term: weight * factor for term, weight in level.items()} for level in instance.objective)
    scaled, _ = optimum(replace(instance, objective=levels))
    assert scaled == (None if values is None else tuple(value * factor for value in values))


def _no_worse(better: Values | None, worse: Values | None) -> bool:
    """Whether the first optimum is at least as good as the second; an infeasible instance is worst."""
    return worse is None or (better is not None and better <= worse)


def _shuffled(instance: Instance, rng: random.Random) -> Instance:
    def mapping(items: Mapping[str, T]) -> dict[str, T]:
        return dict(rng.sample(sorted(items.items()), len(items)))

    def sequence(items: Sequence[T]) -> tuple[T, ...]:
        return tuple(rng.sample(items, len(items)))

    links = (
        Link((link.ends[1], link.ends[0]), link.back, link.forth, link.prices) if rng.random() < 0.5 else link
        for link in sequence(instance.links)
    )
    functions = {
        name: replace(function, implementations=mapping(function.implementations))
        for name, function in mapping(instance.functions).items()
    }
    chains = {
        name: replace(
            chain,
            components=mapping(chain.components),
            flows=sequence(chain.flows),
            budgets=sequence(chain.budgets),
        )
        for name, chain in mapping(instance.chains).items()
    }
    return replace(instance, nodes=mapping(instance.nodes), links=tuple(links), functions=functions, chains=chains)


def _scaled(instance: Instance, *, time: int, rate: int, amount: int) -> Instance:
    """The same problem with every time, rate and resource multiplied, and prices and weights adjusted to match."""
    kept = {"share"}  # a share is a part of a whole, which does not scale

    def amounts(figures: Mapping[str, int]) -> dict[str, int]:
        return {name: figure if name in kept else figure * amount for name, figure in figures.items()}

    def prices(old: Prices) -> Prices:
        return Prices(
            {name: price / amount for name, price in old.resources.items()},
            {name: price if name in kept else price / amount for name, price in old.device.items()},
            None if old.bandwidth is None else old.bandwidth / rate,
            old.active,
        )

    def node(old: Node) -> Node:
        return replace(
            old,
            capacity=amounts(old.capacity),
            reserved=amounts(old.reserved),
            devices={name: amounts(figures) for name, figures in old.devices.items()},
            forwarding_ns=old.forwarding_ns * time,
            hand_over_ns=old.hand_over_ns * time,
            prices=prices(old.prices),
        )

    def direction(old: Direction) -> Direction:
        return Direction(old.bandwidth_bps * rate, old.latency_ns * time, old.reserved_bps * rate)

    def function(old: Function) -> Function:
        implementations = {
            name: replace(
                implementation,
                demand=amounts(implementation.demand),
                device=amounts(implementation.device),
                processing_ns=implementation.processing_ns * time,
            )
            for name, implementation in old.implementations.items()
        }
        return Function(old.name, implementations, prices(old.prices))

    def chain(old: Chain) -> Chain:
        components = {
            name: replace(component, processing_ns=component.processing_ns * time)
            for name, component in old.components.items()
        }
        budgets = tuple(
            replace(
                budget,
                within_ns=None if budget.within_ns is None else budget.within_ns * time,
                target_ns=None if budget.target_ns is None else budget.target_ns * time,
            )
            for budget in old.budgets
        )
        flows = tuple(replace(flow, rate_bps=flow.rate_bps * rate) for flow in old.flows)
        return replace(old, components=components, budgets=budgets, flows=flows)

    objective = tuple(
        {term: weight / time if term.cost is CostTerm.LATENCY else weight for term, weight in level.items()}
        for level in instance.objective
    )
    return replace(
        instance,
        nodes={name: node(old) for name, old in instance.nodes.items()},
        links=tuple(
            Link(old.ends, direction(old.forth), direction(old.back), prices(old.prices)) for old in instance.links
        ),
        functions={name: function(old) for name, old in instance.functions.items()},
        chains={name: chain(old) for name, old in instance.chains.items()},
        prices=prices(instance.prices),
        objective=objective,
    )
