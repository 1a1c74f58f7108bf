"""The greatest number of which every value of an objective level is a multiple, so that bounds can be rounded up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from mosaico_place.compile.arrays.offers import Offers
from mosaico_place.instance import Instance, ObjectiveLevel, Term
from mosaico_place.rules import CostTerm

MANY_CHARGES = 100_000
"""Of options, above which what is common to them is not looked for."""


def common_step(parts: Iterable[Fraction]) -> Fraction:
    """The greatest number that divides all parts; 0 if there is none but 0."""
    some = {abs(part) for part in parts}
    denominator = math.lcm(*(part.denominator for part in some))
    return Fraction(math.gcd(*(int(part * denominator) for part in some)), denominator)


def step(level: ObjectiveLevel, offers: Offers) -> Fraction:
    """The step of a level; 0 where it counts what is not made of whole parts: time, or the largest share."""
    if any(factor and term.cost not in _PARTS for term, factor in level.items()):
        return Fraction(0)
    if Term(CostTerm.RESOURCES) in level and len(offers.charges) > MANY_CHARGES:
        return Fraction(0)
    return common_step(
        factor * part for term, factor in level.items() if factor for part in set(_PARTS[term.cost](offers, term))
    )


def _weights(offers: Offers, _: Term) -> Iterator[Fraction]:
    """Of chains."""
    return (chain.weight for chain in offers.instance.chains.values())


def _active(offers: Offers, _: Term) -> Iterator[Fraction]:
    """Of nodes."""
    return (offers.instance.active_price(node) for node in offers.infrastructure.nodes)


def _preference(offers: Offers, _: Term) -> Iterator[Fraction]:
    """Of components and the nodes where they can run, or where they are endpoints."""
    for chain in offers.instance.chains.values():
        for name, wish in chain.preference.items():
            if (at := chain.components[name].at) is not None:
                yield wish.price(offers.instance.nodes[at])
    for run in offers.runs:
        if run.key.wish is not None:
            who, component = run.key.wish
            node = offers.infrastructure.nodes[run.candidate.node]
            yield offers.instance.chains[who].preference[component].price(node)


def _moves(offers: Offers, _: Term) -> Iterator[Fraction]:
    """Of components."""
    instance = offers.instance
    return (instance.move_price(one) for chain in instance.chains.values() for one in chain.components.values())


def _links(offers: Offers, _: Term) -> Iterator[Fraction]:
    """Of flows on links: what is common to all rates, times the price of each link."""
    instance = offers.instance
    rate = math.gcd(*(flow.rate_bps for chain in instance.chains.values() for flow in chain.flows))
    return (instance.bandwidth_price(link) * rate for link in instance.links)


def _resources(offers: Offers, _: Term) -> Iterator[Fraction]:
    """Of every amount of a resource that an option, a program or an opened instance takes, and of the instance.

    What merged components take is the largest of some of these amounts.
    """
    instance, nodes = offers.instance, offers.infrastructure.nodes
    yield from (price for _, price in offers.charges)
    for n, function, program, shared in offers.program_runs:
        for name, amount in (program.demand if shared else program.alone).items():
            yield amount * instance.resource_price(function, nodes[n], name)
        yield instance.opened_price(function, nodes[n])
    yield from _openings(instance, offers)


def _openings(instance: Instance, offers: Offers) -> Iterator[Fraction]:
    for key in offers.openings:
        function, node = instance.functions[key.function], instance.nodes[key.node]
        for name, amount in function.implementations[key.implementation].once.items():
            yield amount * instance.resource_price(function, node, name)
        yield instance.opened_price(function, node)


_PARTS = {
    CostTerm.REJECTED: _weights,
    CostTerm.DROPPED: _weights,
    CostTerm.ACTIVE: _active,
    CostTerm.PREFERENCE: _preference,
    CostTerm.MOVES: _moves,
    CostTerm.LINKS: _links,
    CostTerm.RESOURCES: _resources,
}
"""What the values of cost terms are sums of."""
