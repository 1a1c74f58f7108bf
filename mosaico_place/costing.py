"""What a placement costs, exactly.

Reads the instance and the placement only, never a compiled model. Everything is a sum of per-chain parts
(:func:`chain_cost`) and per-node parts (:func:`active`), so that a change is costed by the parts it touches.
One function per cost term, named like the term:

================  ==================================================================================
``rejected``      per chain: its weight if it is not accepted
``latency``       per chain: ms above target x weight, over its budgets
``resources``     per chain: priced node and device resources of its components
``links``         per chain: priced rate of its flows on every link they cross
``preference``    per chain: price of where its components stand
``active``        per node: its price if it hosts a component that is no endpoint (:func:`hosts`)
================  ==================================================================================

The cost of a placement that breaks rules means little: names that dangle are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from mosaico_place.instance import Chain, Instance, Term
from mosaico_place.latency import find_latency_ns
from mosaico_place.placement import ChainPlacement, Placement
from mosaico_place.rules import CostTerm
from mosaico_place.usage import Hops, hops_of, index_hops, running, standing

NS_PER_MS = 10**6


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of a placement.

    Attributes:
        terms: every cost term, and every ``rejected.CLASS`` that the objective names, without its weight.
        levels: per objective level, the weighted sum of its terms.
    """

    terms: Mapping[Term, Fraction]
    levels: tuple[Fraction, ...]


def cost(instance: Instance, placement: Placement) -> Cost:
    """Cost of a placement, exactly."""
    hops = index_hops(instance)
    terms = {Term(term): Fraction(0) for term in CostTerm}
    terms |= {term: Fraction(0) for level in instance.objective for term in level}
    hosting: set[str] = set()
    for chain in instance.chains.values():
        chain_placement = placement.chains.get(chain.name)
        for cost_term, value in chain_cost(instance, chain, chain_placement, hops).items():
            terms[Term(cost_term)] += value
            if chain.class_name is not None and Term(cost_term, chain.class_name) in terms:
                terms[Term(cost_term, chain.class_name)] += value
        if chain_placement is not None:
            hosting |= hosts(instance, chain, chain_placement)
    terms[Term(CostTerm.ACTIVE)] = sum((active(instance, node) for node in hosting), Fraction(0))
    levels = tuple(
        sum((weight * terms[term] for term, weight in level.items()), Fraction(0)) for level in instance.objective
    )
    return Cost(terms, levels)


def chain_cost(
    instance: Instance, chain: Chain, chain_placement: ChainPlacement | None, hops: Hops | None = None
) -> dict[CostTerm, Fraction]:
    """What one chain adds to each cost term but ``active``.

    Args:
        instance: the problem.
        chain: one of its chains.
        chain_placement: where it stands; None if it is rejected.
        hops: ``index_hops(instance)``, if the caller has it.
    """
    if chain_placement is None:
        return {CostTerm.REJECTED: rejected(chain, chain_placement)}
    hops = index_hops(instance) if hops is None else hops
    return {
        CostTerm.REJECTED: rejected(chain, chain_placement),
        CostTerm.LATENCY: latency(instance, chain, chain_placement, hops),
        CostTerm.RESOURCES: resources(instance, chain, chain_placement),
        CostTerm.LINKS: links(instance, chain, chain_placement, hops),
        CostTerm.PREFERENCE: preference(instance, chain, chain_placement),
    }


def rejected(chain: Chain, chain_placement: ChainPlacement | None) -> Fraction:
    """The chain's weight if it is not accepted."""
    return chain.weight if chain_placement is None else Fraction(0)


def latency(instance: Instance, chain: Chain, chain_placement: ChainPlacement, hops: Hops) -> Fraction:
    """Milliseconds above the target, over the budgets that have one, times the chain's weight."""
    late_ns = 0
    for budget in chain.budgets:
        if budget.target_ns is not None:
            actual_ns = find_latency_ns(instance, chain, chain_placement, budget, hops)
            late_ns += max(0, actual_ns - budget.target_ns) if actual_ns is not None else 0
    return chain.weight * Fraction(late_ns, NS_PER_MS)


def resources(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> Fraction:
    """Priced use of node and device resources by the chain's components."""
    total = Fraction(0)
    for run in running(instance, chain, chain_placement).values():
        for resource, amount in run.implementation.demand.items():
            total += amount * instance.resource_price(run.function, run.node, resource)
        for resource, amount in run.implementation.device.items():
            total += amount * instance.device_price(run.function, run.node, resource)
    return total


def links(instance: Instance, chain: Chain, chain_placement: ChainPlacement, hops: Hops) -> Fraction:
    """Priced rate of the chain's flows, once for every link that each of them crosses."""
    total = Fraction(0)
    for flow in chain.flows:
        for step in hops_of(chain_placement.flows.get(flow.ends, ())):
            if step in hops:
                total += flow.rate_bps * instance.bandwidth_price(hops[step].link)
    return total


def preference(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> Fraction:
    """Price of where the chain's components stand."""
    nodes = standing(instance, chain, chain_placement)
    return sum((wish.price(nodes[name]) for name, wish in chain.preference.items() if name in nodes), Fraction(0))


def hosts(instance: Instance, chain: Chain, chain_placement: ChainPlacement) -> set[str]:
    """Names of the nodes on which components of the chain stand that are no endpoints."""
    nodes = standing(instance, chain, chain_placement)
    return {node.name for name, node in nodes.items() if chain.components[name].function is not None}


def active(instance: Instance, node: str) -> Fraction:
    """Price of a node that hosts something."""
    return instance.active_price(instance.nodes[node])
