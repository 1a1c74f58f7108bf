"""What a placement costs, exactly.

Reads the instance and the placement only, never a compiled model. Everything but ``balance`` is a sum of per-chain
parts (:func:`chain_cost`), per-node parts (:func:`active`) and parts per opened instance (:func:`opened`), so that a
change is costed by the parts it touches. One function per cost term, named like the term:

================  ==================================================================================
``rejected``      per chain: its weight if it is not accepted
``dropped``       per chain: its weight if it ran in the previous placement and is not accepted
``latency``       per chain: ms above target x weight, over its budgets
``resources``     per chain: priced node and device resources of its components; per opened instance: what it
                  takes once, and its price (:func:`opened`)
``links``         per chain: priced rate of its flows on every link they cross
``preference``    per chain: price of where its components stand
``moves``         per chain: prices of its components that moved since the previous placement
``active``        per node: its price if it hosts a component that is no endpoint (:func:`hosts`), or an instance
``balance``       the largest used share of all capacities and bandwidths
================  ==================================================================================

The cost of a placement that breaks rules means little: names that dangle are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from mosaico_place.instance import Chain, Component, Function, Instance, Node, Term
from mosaico_place.latency import find_latency_ns
from mosaico_place.moves import moved
from mosaico_place.placement import ChainPlacement, Opening, Placement
from mosaico_place.rules import CostTerm
from mosaico_place.usage import (
    Running,
    Scene,
    amounts,
    capacities,
    merged_as_one,
    opened_as,
    own_demand,
    paid_hops,
    per_hop_programs,
    private,
    running,
    standing,
    survey,
    usage,
)

NS_PER_MS = 10**6


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of a placement.

    Attributes:
        terms: every cost term, and every ``TERM.CLASS`` that the objective names, without its weight.
        levels: per objective level, the weighted sum of its terms.
    """

    terms: Mapping[Term, Fraction]
    levels: tuple[Fraction, ...]


def cost(instance: Instance, placement: Placement, previous: Placement | None = None) -> Cost:
    """Cost of a placement, exactly; ``previous`` is the one before it, for ``dropped`` and ``moves``."""
    scene = survey(instance, placement)
    terms = {Term(term): Fraction(0) for term in CostTerm}
    terms |= {term: Fraction(0) for level in instance.objective for term in level}
    hosting = {opening.node for opening, count in placement.instances.items() if count > 0} & instance.nodes.keys()
    for chain in instance.chains.values():
        chain_placement = placement.chains.get(chain.name)
        for cost_term, value in chain_cost(instance, chain, chain_placement, scene, previous).items():
            terms[Term(cost_term)] += value
            if chain.class_name is not None and Term(cost_term, chain.class_name) in terms:
                terms[Term(cost_term, chain.class_name)] += value
        if chain_placement is not None:
            hosting |= hosts(instance, chain, chain_placement, scene)
    for opening, count in placement.instances.items():
        terms[Term(CostTerm.RESOURCES)] += opened(instance, opening, count)
    terms[Term(CostTerm.ACTIVE)] = sum((active(instance, node) for node in hosting), Fraction(0))
    terms[Term(CostTerm.BALANCE)] = balance(instance, placement, scene)
    return Cost(terms, levels_of(instance, terms))


def levels_of(instance: Instance, terms: Mapping[Term, Fraction]) -> tuple[Fraction, ...]:
    """The value of every level of the objective, from what its terms cost."""
    return tuple(
        sum((weight * value for term, weight in level.items() if (value := terms[term])), Fraction(0))
        for level in instance.objective
    )


def chain_cost(
    instance: Instance,
    chain: Chain,
    chain_placement: ChainPlacement | None,
    scene: Scene | None = None,
    previous: Placement | None = None,
) -> dict[CostTerm, Fraction]:
    """What one chain adds to each cost term that is a sum over chains.

    Args:
        instance: the problem.
        chain: one of its chains.
        chain_placement: where it stands; None if it is rejected.
        scene: of the whole placement, if the caller has it; else no program is opened.
        previous: the placement before, if there was one.
    """
    gone = {
        CostTerm.REJECTED: rejected(chain, chain_placement),
        CostTerm.DROPPED: dropped(chain, chain_placement, previous),
    }
    if chain_placement is None:
        return gone
    scene = survey(instance) if scene is None else scene
    return {
        **gone,
        CostTerm.LATENCY: latency(instance, chain, chain_placement, scene),
        CostTerm.RESOURCES: resources(instance, chain, chain_placement, scene),
        CostTerm.LINKS: links(instance, chain, chain_placement, scene),
        CostTerm.PREFERENCE: preference(instance, chain, chain_placement),
        CostTerm.MOVES: moves(instance, chain, chain_placement, previous),
    }


def rejected(chain: Chain, chain_placement: ChainPlacement | None) -> Fraction:
    """The chain's weight if it is not accepted."""
    return chain.weight if chain_placement is None else Fraction(0)


def dropped(chain: Chain, chain_placement: ChainPlacement | None, previous: Placement | None) -> Fraction:
    """The chain's weight if it ran and is not accepted any more."""
    ran = previous is not None and chain.name in previous.chains
    return chain.weight if ran and chain_placement is None else Fraction(0)


def latency(instance: Instance, chain: Chain, chain_placement: ChainPlacement, scene: Scene) -> Fraction:
    """Milliseconds above the target, over the budgets that have one, times the chain's weight."""
    late_ns = 0
    for budget in chain.budgets:
        if budget.target_ns is not None:
            actual_ns = find_latency_ns(instance, chain, chain_placement, budget, scene)
            late_ns += max(0, actual_ns - budget.target_ns) if actual_ns is not None else 0
    return chain.weight * Fraction(late_ns, NS_PER_MS)


def resources(instance: Instance, chain: Chain, chain_placement: ChainPlacement, scene: Scene) -> Fraction:
    """Priced use of node and device resources by the chain's components and the flows that programs serve.

    Merged components are charged once: per resource, the largest of their prices.
    """
    total = Fraction(0)
    charges: list[tuple[int, Fraction]] = []
    runs = running(instance, chain, chain_placement)
    for group in merged_as_one(chain_placement, runs):
        each = [_charges(instance, chain.components[name], runs[name]) for name in group]
        if len(each) == 1:
            charges += each[0].values()
        else:
            total += sum(_largest(each).values(), Fraction(0))
    for flow in chain.flows:
        for node, function, served_by in per_hop_programs(instance, flow, chain_placement, scene):
            charges += _charges_of_node(instance, function, node, own_demand(flow, function, served_by)).values()
            if private(flow, function):
                charges.append((1, instance.opened_price(function, node)))
    return total + priced(charges)


Charges = dict[tuple[str, str], tuple[int, Fraction]]
"""(what, resource) -> how much of it, and the price of each unit."""


def _charges(instance: Instance, component: Component, run: Running) -> Charges:
    """What a component takes where it runs."""
    demand = own_demand(component, run.function, run.implementation)
    charges = _charges_of_node(instance, run.function, run.node, demand)
    for resource, amount in run.implementation.device.items():
        price = instance.device_price(run.function, run.node, resource)
        charges["device", resource] = amount * run.implementation.device_count, price
    if private(component, run.function):
        charges["opened", ""] = 1, instance.opened_price(run.function, run.node)
    return charges


def _charges_of_node(instance: Instance, function: Function, node: Node, amounts: Mapping[str, int]) -> Charges:
    return {
        ("node", resource): (amount, instance.resource_price(function, node, resource))
        for resource, amount in amounts.items()
    }


def _largest(each: Sequence[Charges]) -> dict[tuple[str, str], Fraction]:
    """What is charged most, for each resource."""
    charged: dict[tuple[str, str], Fraction] = {}
    for charges in each:
        for key, (amount, price) in charges.items():
            charged[key] = max(amount * price, charged.get(key, Fraction(0)))
    return charged


def priced(charges: Iterable[tuple[int, Fraction]]) -> Fraction:
    """Sum of amount x price; whole numbers are added up where prices have one denominator, which is much faster."""
    numerators: dict[int, int] = {}
    for amount, price in charges:
        numerators[price.denominator] = numerators.get(price.denominator, 0) + amount * price.numerator
    first, *others = [Fraction(total, denominator) for denominator, total in numerators.items()] or [Fraction(0)]
    return sum(others, first)


def opened(instance: Instance, opening: Opening, count: int) -> Fraction:
    """Priced use by opened instances: what each takes once, and the price of opening it."""
    runs = opened_as(instance, opening)
    if runs is None or count < 1:
        return Fraction(0)
    once = priced(_charges_of_node(instance, runs.function, runs.node, runs.implementation.once).values())
    return count * (once + instance.opened_price(runs.function, runs.node))


def links(instance: Instance, chain: Chain, chain_placement: ChainPlacement, scene: Scene) -> Fraction:
    """Priced rate of the chain's flows, once for every link that each of them pays for."""
    return priced(
        (flow.rate_bps, instance.bandwidth_price(scene.hops[step].link))
        for flow in chain.flows
        for step in paid_hops(chain_placement, flow)
        if step in scene.hops
    )


def preference(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> Fraction:
    """Price of where the chain's components stand."""
    nodes = standing(instance, chain, chain_placement)
    return sum((wish.price(nodes[name]) for name, wish in chain.preference.items() if name in nodes), Fraction(0))


def hosts(instance: Instance, chain: Chain, chain_placement: ChainPlacement, scene: Scene | None = None) -> set[str]:
    """Names of the nodes on which components of the chain stand that are no endpoints, or programs of its own run."""
    scene = survey(instance) if scene is None else scene
    nodes = standing(instance, chain, chain_placement)
    hosting = {node.name for name, node in nodes.items() if chain.components[name].function is not None}
    for flow in chain.flows:
        for node, function, _ in per_hop_programs(instance, flow, chain_placement, scene):
            if not function.shared_by(flow):
                hosting.add(node.name)
    return hosting


def active(instance: Instance, node: str) -> Fraction:
    """Price of a node that hosts something."""
    return instance.active_price(instance.nodes[node])


def balance(instance: Instance, placement: Placement, scene: Scene | None = None) -> Fraction:
    """The largest used / capacity over node resources, device resources and link directions with any capacity."""
    has = capacities(instance)
    used = amounts(usage(instance, placement, scene))
    shares = [Fraction(amount, has[name].amount) for name, amount in used.items() if name in has and has[name].amount]
    return max(shares, default=Fraction(0))


def moves(instance: Instance, chain: Chain, chain_placement: ChainPlacement, previous: Placement | None) -> Fraction:
    """Prices of the chain's components that moved."""
    now = Placement({chain.name: chain_placement})
    before = None if previous is None or chain.name not in previous.chains else previous.chains[chain.name]
    steps = moved(instance, now, None if before is None else Placement({chain.name: before}))
    return sum((instance.move_price(chain.components[step.component]) for step in steps), Fraction(0))
