"""Changes of an instance whose effect on the optimum is known without knowing the optimum."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from hypothesis import assume, given
from hypothesis import strategies as st

from mosaico_place.checking import check
from mosaico_place.compile import compile_instance
from mosaico_place.costing import cost
from mosaico_place.dumping import dump
from mosaico_place.exact.method import solve_exact
from mosaico_place.instance import (
    Budget,
    Chain,
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
    Prices,
    Term,
    TrafficClass,
    Where,
)
from mosaico_place.levers import Lever, without
from mosaico_place.load import parse_instance
from mosaico_place.method import Options
from mosaico_place.moves import moved
from mosaico_place.placement import Placement
from mosaico_place.rules import CostTerm
from tests.depth import dear
from tests.strategies import previous_placements, tiny_instances

T = TypeVar("T")
Values = tuple[Fraction, ...]
few = dear(15)  # every one takes two proven optima or more


def optimum(
    instance: Instance, previous: Placement | None = None, max_moves: int | None = None
) -> tuple[Values | None, Placement | None]:
    """Values per level and placement; None if infeasible."""
    answer = solve_exact(compile_instance(instance, previous, max_moves), Options(gap=0.0, threads=1))
    return (None if answer.placement is None else cost(instance, answer.placement, previous).levels), answer.placement


@few
@given(tiny_instances(chains=2))
def test_scaling_units(instance: Instance) -> None:
    """Tests that larger units for time, rates, resources and money leave the optimum where it is."""
    instance = _whole_bursts(instance)
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
    """Tests that the optimum, as the placement before, is the optimum again: nothing in it has moved or is dropped."""
    values, placement = optimum(instance)
    assert optimum(instance, previous=placement)[0] == values
    if placement is not None:
        assert optimum(instance, placement, max_moves=0)[0] == values


@few
@given(tiny_instances(), st.data())
def test_what_was_before_is_no_matter(instance: Instance, data: st.DataObject) -> None:
    """Tests that a placement before changes no value where all may move and nobody counts moves or drops."""
    free = _uncounted(_all_movable(instance), CostTerm.MOVES, CostTerm.DROPPED)
    assert optimum(free, data.draw(previous_placements(free)))[0] == optimum(free)[0]


@few
@given(tiny_instances())
def test_an_outdated_start(instance: Instance) -> None:
    """Tests that the optimum of an instance with one chain more is a start like any other."""
    free = _uncounted(_all_movable(instance), CostTerm.MOVES, CostTerm.DROPPED)
    assume(len(free.chains) > 1)
    reduced = free.without_chain(next(iter(free.chains)))
    assert optimum(reduced, previous=optimum(free)[1])[0] == optimum(reduced)[0]


@few
@given(tiny_instances(), st.integers(2, 5))
def test_scaling_weights(instance: Instance, factor: int) -> None:
    """Tests that multiplying every level's weights multiplies the values."""
    values, _ = optimum(instance)
    levels = tuple({term: weight * factor for term, weight in level.items()} for level in instance.objective)
    scaled, _ = optimum(replace(instance, objective=levels))
    assert scaled == (None if values is None else tuple(value * factor for value in values))


@few
@given(tiny_instances(chains=2))
def test_merging_is_never_worse(instance: Instance) -> None:
    """Tests that equivalent components which may be merged are never worse than the same ones which may not."""
    assume(any(chain.equivalent for chain in instance.chains.values()))
    assert _no_worse(optimum(instance)[0], optimum(without(instance, [Lever.MERGING]))[0])


@few
@given(tiny_instances(chains=2))
def test_parallel_is_never_worse(instance: Instance) -> None:
    """Tests that independent components which may run in parallel are never worse than the same in a line."""
    assume(any(chain.independent for chain in instance.chains.values()))
    assert _no_worse(optimum(instance)[0], optimum(without(instance, [Lever.PARALLEL]))[0])


@few
@given(tiny_instances())
def test_sharing_is_never_worse(instance: Instance) -> None:
    """Tests that instances which may serve several need not, where sharing brings no stricter rule of its own.

    Whatever stands by itself can be served by as many opened instances as there are users, with three exceptions. A P4
    switch opens a program once, so its capacity is for all that it serves together: no program has one here.
    Components by themselves, once merged, need one instance though their loads may need two: nothing is merged. An
    opened program makes its switch active, while one that a flow has to itself does not: nobody counts ``active``.
    """
    functions = {name: _carrying(function, Level.P4) for name, function in instance.functions.items()}
    alike = without(_uncounted(replace(instance, functions=functions), CostTerm.ACTIVE), [Lever.MERGING])
    assert _no_worse(optimum(alike)[0], optimum(without(alike, [Lever.SHARING]))[0])


@few
@given(tiny_instances())
def test_carrying_any_load_is_never_worse(instance: Instance) -> None:
    """Tests that implementations which carry any load are never worse than those that carry so much."""
    functions = {name: _carrying(function, *Level) for name, function in instance.functions.items()}
    assert _no_worse(optimum(replace(instance, functions=functions))[0], optimum(instance)[0])


@few
@given(tiny_instances())
def test_larger_shares_are_never_worse(instance: Instance) -> None:
    """Tests that a class which may use more of everything, or all of it, loses nothing."""
    values = [
        optimum(replace(instance, classes={"gold": TrafficClass("gold", share)}))[0]
        for share in (Fraction(0), Fraction(1, 4), Fraction(2, 3), None)
    ]
    assert all(_no_worse(larger, smaller) for smaller, larger in pairwise(values))
    assert values[-1] == optimum(replace(instance, classes={}))[0]


@few
@given(tiny_instances())
def test_asking_for_nothing_on_the_way_is_never_worse(instance: Instance) -> None:
    """Tests that flows are better off without per-hop functions, unless those are queues that shorten a wait."""
    functions = {name: replace(function, l4s=False) for name, function in instance.functions.items()}
    asking = replace(instance, functions=functions)

    def silent(chain: Chain) -> Chain:
        flows = (replace(flow, per_hop=(), strict=False, private=False) for flow in chain.flows)
        return replace(chain, flows=tuple(flows))

    silenced = replace(asking, chains={name: silent(chain) for name, chain in asking.chains.items()})
    assert _no_worse(optimum(silenced)[0], optimum(asking)[0])


@few
@given(tiny_instances())
def test_opening_for_nothing(instance: Instance) -> None:
    """Tests that no more is paid for resources where opening an instance has no price."""
    objective = ({Term(CostTerm.REJECTED): Fraction(1)}, {Term(CostTerm.RESOURCES): Fraction(1)})
    priced = replace(instance, objective=objective)

    def free(prices: Prices) -> Prices:
        return replace(prices, opened=Fraction(0))

    given_away = replace(
        priced,
        prices=free(priced.prices),
        nodes={name: replace(node, prices=free(node.prices)) for name, node in priced.nodes.items()},
        functions={name: replace(one, prices=free(one.prices)) for name, one in priced.functions.items()},
    )
    before, after = optimum(priced)[0], optimum(given_away)[0]
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert after[0] == before[0]
        assert after[1] <= before[1]


@few
@given(tiny_instances(), st.data())
def test_more_moves_are_never_worse(instance: Instance, data: st.DataObject) -> None:
    """Tests that a larger ``max-moves``, and none at all, leaves every placement that a smaller one has."""
    previous = data.draw(previous_placements(instance))
    values = [optimum(instance, previous, most)[0] for most in (0, 1, 3, None)]
    assert all(_no_worse(more, fewer) for fewer, more in pairwise(values))


@few
@given(tiny_instances(chains=2))
def test_nothing_moves_where_moving_is_dear(instance: Instance) -> None:
    """Tests that nothing moves from a placement that still holds if a move costs more than all chains are worth."""
    last = list(instance.chains)[-1]
    assume(len(instance.chains) > 1 and not instance.chains[last].required)
    first_level = {Term(CostTerm.REJECTED): Fraction(1), Term(CostTerm.MOVES): Fraction(1)}
    worth = sum((chain.weight for chain in instance.chains.values()), Fraction(0))
    functions = {
        name: replace(function, prices=replace(function.prices, move=None))
        for name, function in instance.functions.items()
    }
    dear = replace(
        instance,
        functions=functions,
        prices=replace(instance.prices, move=worth + 1),
        objective=(first_level, {Term(CostTerm.LATENCY): Fraction(1), Term(CostTerm.RESOURCES): Fraction(1)}),
    )
    # Another objective, so that the previous placement is not yet the best one.
    others = replace(dear, objective=({Term(CostTerm.REJECTED): Fraction(1)}, {Term(CostTerm.LINKS): Fraction(1)}))
    previous = optimum(others.without_chain(last))[1]
    assume(previous is not None and previous.chains)
    assert previous is not None
    assert check(dear, previous, previous, 0) == []
    values, placement = optimum(dear, previous)
    assert values is not None
    assert placement is not None
    assert list(moved(dear, placement, previous)) == []
    assert check(dear, placement, previous) == []
    assert values[0] <= cost(dear, previous, previous).levels[0]


def _all_movable(instance: Instance) -> Instance:
    def movable(chain: Chain) -> Chain:
        parts = {name: replace(component, movable=True) for name, component in chain.components.items()}
        return replace(chain, components=parts)

    return replace(instance, chains={name: movable(chain) for name, chain in instance.chains.items()})


def _uncounted(instance: Instance, *terms: CostTerm) -> Instance:
    """The instance with these terms in no level; rejected chains are counted if nothing else is left."""
    levels = (
        {term: weight for term, weight in level.items() if term.cost not in terms} for level in instance.objective
    )
    return replace(instance, objective=tuple(filter(None, levels)) or ({Term(CostTerm.REJECTED): Fraction(1)},))


def _carrying(function: Function, *levels: Level) -> Function:
    """The function with implementations at these levels that carry any load."""
    implementations = {
        name: replace(one, capacity_bps=None) if one.level in levels else one
        for name, one in function.implementations.items()
    }
    return replace(function, implementations=implementations)


def _no_worse(better: Values | None, worse: Values | None) -> bool:
    """Whether the first optimum is at least as good as the second; an infeasible instance is worst."""
    return worse is None or (better is not None and better <= worse)


def _shuffled(instance: Instance, rng: random.Random) -> Instance:
    """Everything in another order, but for what is first for a reason.

    Of the programs of a per-hop function, a private flow gets the first that its switch can run. Of merged components,
    the first takes the time: the first written where the graph leaves it open.
    """
    asked = {name for chain in instance.chains.values() for flow in chain.flows for name in flow.per_hop}
    links = (
        replace(link, ends=(link.ends[1], link.ends[0]), forth=link.back, back=link.forth)
        if rng.random() < 0.5
        else link
        for link in _sequence(instance.links, rng)
    )
    return replace(
        instance,
        nodes={
            name: replace(node, devices=_mapping(node.devices, rng))
            for name, node in _mapping(instance.nodes, rng).items()
        },
        links=tuple(links),
        functions={
            name: function
            if name in asked
            else replace(function, implementations=_mapping(function.implementations, rng))
            for name, function in _mapping(instance.functions, rng).items()
        },
        chains={name: _shuffled_chain(chain, rng) for name, chain in _mapping(instance.chains, rng).items()},
        resources=_mapping(instance.resources, rng),
        classes=_mapping(instance.classes, rng),
    )


def _shuffled_chain(chain: Chain, rng: random.Random) -> Chain:
    def groups(several: Sequence[Group]) -> tuple[Group, ...]:
        return tuple(replace(group, components=_sequence(group.components, rng)) for group in _sequence(several, rng))

    return replace(
        chain,
        components=chain.components if chain.equivalent else _mapping(chain.components, rng),
        flows=tuple(replace(flow, per_hop=_sequence(flow.per_hop, rng)) for flow in _sequence(chain.flows, rng)),
        budgets=_sequence(chain.budgets, rng),
        together=groups(chain.together),
        apart=groups(chain.apart),
        only=_mapping(chain.only, rng),
        never=_mapping(chain.never, rng),
        preference=_mapping(chain.preference, rng),
        equivalent=tuple(_sequence(group, rng) for group in _sequence(chain.equivalent, rng)),
        independent=_sequence(chain.independent, rng),
    )


def _mapping(items: Mapping[str, T], rng: random.Random) -> dict[str, T]:
    return dict(rng.sample(sorted(items.items()), len(items)))


def _sequence(items: Sequence[T], rng: random.Random) -> tuple[T, ...]:
    return tuple(rng.sample(items, len(items)))


def _whole_bursts(instance: Instance) -> Instance:
    """Bursts that every link (2 to 6 Mbps) sends in whole ns, so that rounding them up scales like all else."""

    def chain(old: Chain) -> Chain:
        return replace(old, flows=tuple(replace(flow, burst_bytes=3 * flow.burst_bytes) for flow in old.flows))

    return replace(instance, chains={name: chain(old) for name, old in instance.chains.items()})


@dataclass(frozen=True)
class _Scale:
    """Factors for every time, rate and resource; what belongs to none of them stays as it is."""

    time: int
    rate: int
    amount: int

    def amounts(self, figures: Mapping[str, int]) -> dict[str, int]:
        """Resources; a share is a part of a whole, which does not scale."""
        return {name: figure if name == "share" else figure * self.amount for name, figure in figures.items()}

    def optional(self, figure: int | None, factor: int) -> int | None:
        """What may be absent."""
        return None if figure is None else figure * factor

    def prices(self, old: Prices) -> Prices:
        """Prices per unit, the opposite way."""
        return replace(
            old,
            resources={name: price / self.amount for name, price in old.resources.items()},
            device={name: price if name == "share" else price / self.amount for name, price in old.device.items()},
            bandwidth=None if old.bandwidth is None else old.bandwidth / self.rate,
        )

    def node(self, old: Node) -> Node:
        """Capacities and delays."""
        return replace(
            old,
            capacity=self.amounts(old.capacity),
            reserved=self.amounts(old.reserved),
            devices={name: self.amounts(figures) for name, figures in old.devices.items()},
            forwarding_ns=old.forwarding_ns * self.time,
            hand_over_ns=old.hand_over_ns * self.time,
            prices=self.prices(old.prices),
        )

    def direction(self, old: Direction) -> Direction:
        """Bandwidth, latency and queues."""
        return replace(
            old,
            bandwidth_bps=old.bandwidth_bps * self.rate,
            latency_ns=old.latency_ns * self.time,
            reserved_bps=old.reserved_bps * self.rate,
            classic_ns=old.classic_ns * self.time,
            l4s_ns=old.l4s_ns * self.time,
        )

    def link(self, old: Link) -> Link:
        """Both directions."""
        return replace(
            old, forth=self.direction(old.forth), back=self.direction(old.back), prices=self.prices(old.prices)
        )

    def implementation(self, old: Implementation) -> Implementation:
        """What it takes, how long, and how much it carries."""
        return replace(
            old,
            demand=self.amounts(old.demand),
            device=self.amounts(old.device),
            processing_ns=old.processing_ns * self.time,
            once=self.amounts(old.once),
            capacity_bps=self.optional(old.capacity_bps, self.rate),
        )

    def function(self, old: Function) -> Function:
        """Its implementations and prices."""
        implementations = {name: self.implementation(one) for name, one in old.implementations.items()}
        return replace(old, implementations=implementations, prices=self.prices(old.prices))

    def flow(self, old: Flow) -> Flow:
        """Its rate; a burst is a rate times a time."""
        return replace(old, rate_bps=old.rate_bps * self.rate, burst_bytes=old.burst_bytes * self.time * self.rate)

    def budget(self, old: Budget) -> Budget:
        """Its limits."""
        within_ns, target_ns = (self.optional(limit, self.time) for limit in (old.within_ns, old.target_ns))
        return replace(old, within_ns=within_ns, target_ns=target_ns)

    def chain(self, old: Chain) -> Chain:
        """Its components, flows, budgets and joins."""
        return replace(
            old,
            components={
                name: replace(component, processing_ns=component.processing_ns * self.time)
                for name, component in old.components.items()
            },
            flows=tuple(self.flow(flow) for flow in old.flows),
            budgets=tuple(self.budget(budget) for budget in old.budgets),
            independent=tuple(replace(one, join_ns=one.join_ns * self.time) for one in old.independent),
        )


def _scaled(instance: Instance, *, time: int, rate: int, amount: int) -> Instance:
    """The same problem with every time, rate and resource multiplied, and prices and weights adjusted to match."""
    scale = _Scale(time, rate, amount)
    objective = tuple(
        {term: weight / time if term.cost is CostTerm.LATENCY else weight for term, weight in level.items()}
        for level in instance.objective
    )
    return replace(
        instance,
        nodes={name: scale.node(old) for name, old in instance.nodes.items()},
        links=tuple(scale.link(old) for old in instance.links),
        functions={name: scale.function(old) for name, old in instance.functions.items()},
        chains={name: scale.chain(old) for name, old in instance.chains.items()},
        prices=scale.prices(instance.prices),
        objective=objective,
    )
