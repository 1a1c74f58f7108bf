"""The cost terms of the model: one function per term, and the levels that add them up."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from mosaico_place.exact.constraints import moves as moved_components
from mosaico_place.exact.rewrites import largest
from mosaico_place.exact.symbols import Symbols, Var, budget_name
from mosaico_place.exact.use import Charge, charges
from mosaico_place.instance import Function, Node, ObjectiveLevel, Term
from mosaico_place.rules import OF_CLASSES, CostTerm
from mosaico_place.usage import own_demand, private

CostTerms = Iterable[tuple[Fraction, Var]]
"""A linear expression with exact coefficients."""

_NS_PER_MS = 10**6


@dataclass(frozen=True, slots=True)
class LevelForm:
    """One level of the objective in the model.

    Attributes:
        objective: the Pyomo objective.
        step: every value that a placement can give this level is a multiple of it; 0 for a level that is constant, or
            that counts shares, whose values have no common divisor worth the name.
    """

    objective: Any
    step: Fraction


def add_objective(symbols: Symbols) -> tuple[LevelForm, ...]:
    """Give the model one objective per level."""
    symbols.model.level = pyo.Objective(pyo.Any)
    return tuple(
        _add_level(symbols, position, level) for position, level in enumerate(symbols.problem.instance.objective)
    )


def _add_level(symbols: Symbols, position: int, level: ObjectiveLevel) -> LevelForm:
    constant = Fraction(0)
    total: dict[int, tuple[Fraction, Var]] = {}
    for term, weight in level.items():
        for coefficient, var in cost_terms(symbols, term):
            if isinstance(var, int):
                constant += weight * coefficient * var
            else:
                before, _ = total.get(id(var), (Fraction(0), var))
                total[id(var)] = (before + weight * coefficient, var)
    terms = [(coefficient, var) for coefficient, var in total.values() if coefficient]
    expression = LinearExpression(
        constant=float(constant),
        linear_coefs=[float(coefficient) for coefficient, _ in terms],
        linear_vars=[var for _, var in terms],
    )
    symbols.model.level[position] = expression
    # A share of a capacity may be anything between 0 and 1, so a level with one has no step.
    free = any(term.cost is CostTerm.BALANCE for term in level)
    step = Fraction(0) if free else _step([constant, *(value for value, _ in terms)])
    return LevelForm(symbols.model.level[position], step)


def cost_terms(symbols: Symbols, term: Term) -> CostTerms:
    """The expression of one cost term."""
    if term.cost in OF_CLASSES:
        return CLASS_COSTS[term.cost](symbols, term.class_name)
    return COSTS[term.cost](symbols)


def rejected(symbols: Symbols, class_name: str | None) -> CostTerms:
    """Weights of the chains that are not accepted."""
    for name, accept in symbols.accept.items():
        chain = symbols.problem.instance.chains[name]
        if class_name in (None, chain.class_name):
            yield chain.weight, 1
            yield -chain.weight, accept


def dropped(symbols: Symbols, class_name: str | None) -> CostTerms:
    """Weights of the chains that ran before and are not accepted."""
    previous = symbols.problem.previous
    for name, accept in symbols.accept.items():
        chain = symbols.problem.instance.chains[name]
        if previous is not None and name in previous.chains and class_name in (None, chain.class_name):
            yield chain.weight, 1
            yield -chain.weight, accept


def latency(symbols: Symbols, class_name: str | None) -> CostTerms:
    """Milliseconds above the target, times the chain's weight."""
    for block in symbols.blocks(class_name):
        chain = block.chain
        unit_ms = Fraction(symbols.time_unit[chain.name], _NS_PER_MS)
        for position, budget in enumerate(chain.budgets):
            key = (chain.name, budget_name(budget, position))
            if key in symbols.model.late:
                yield chain.weight * unit_ms, symbols.model.late[key]


def resources(symbols: Symbols) -> CostTerms:
    """Priced demand of every component where it stands, of every flow that programs serve, and of opened instances."""
    nodes = symbols.problem.infrastructure.nodes
    for charge in charges(symbols):
        yield from _charged(symbols, charge)
    for _, flow, served in symbols.programs():
        amounts, opens = own_demand(flow, served.function, served.program), private(flow, served.function)
        price = _price(symbols, served.function, nodes[served.node], amounts, opens=opens)
        for sign, var in served.terms:
            yield sign * price, var
    for (node, name, implementation), opened in symbols.opened.items():
        function = symbols.problem.instance.functions[name]
        once = function.implementations[implementation].once
        for var in opened:
            yield _price(symbols, function, nodes[node], once, opens=True), var


def _charged(symbols: Symbols, charge: Charge) -> CostTerms:
    """What is charged for one component, or, resource by resource, for the dearest of several that are merged."""
    instance, node = symbols.problem.instance, symbols.problem.infrastructure.nodes[charge.node]
    by_resource: dict[tuple[str, str], dict[int, Fraction]] = {}
    for position, (component, function, candidate, _) in enumerate(charge.members):
        assert candidate.implementation is not None, "only endpoints have none"
        for resource, amount in own_demand(component, function, candidate.implementation).items():
            price = amount * instance.resource_price(function, node, resource)
            by_resource.setdefault(("node", resource), {})[position] = price
        for resource, amount in candidate.implementation.device.items():
            each = amount * instance.device_price(function, node, resource)
            price = each * candidate.implementation.device_count
            by_resource.setdefault(("device", resource), {})[position] = price
        if private(component, function):
            by_resource.setdefault(("opened", ""), {})[position] = instance.opened_price(function, node)
    variables = {position: var for position, (_, _, _, var) in enumerate(charge.members)}
    for prices in by_resource.values():
        yield from largest(symbols, prices, variables)


def _price(symbols: Symbols, function: Function, node: Node, amounts: Mapping[str, int], *, opens: bool) -> Fraction:
    instance = symbols.problem.instance
    own = sum(
        (amount * instance.resource_price(function, node, resource) for resource, amount in amounts.items()),
        Fraction(0),
    )
    return own + (instance.opened_price(function, node) if opens else 0)


def links(symbols: Symbols, class_name: str | None) -> CostTerms:
    """Priced rate of every flow on every link that it pays for."""
    instance = symbols.problem.instance
    price = [instance.bandwidth_price(link) for link in instance.links]
    for block in symbols.blocks(class_name):
        for flow in block.chain.flows:
            for arc, var in symbols.arcs[block.chain.name, *flow.ends]:
                yield flow.rate_bps * price[arc // 2], var


def active(symbols: Symbols) -> CostTerms:
    """Price of every node that hosts a component or an opened instance."""
    instance = symbols.problem.instance
    for name, var in symbols.model.hosts.items():
        yield instance.active_price(instance.nodes[name]), var


def balance(symbols: Symbols) -> CostTerms:
    """The largest used share of all capacities."""
    yield Fraction(1), symbols.model.most[0]


def preference(symbols: Symbols, class_name: str | None) -> CostTerms:
    """Price of every component on a node that has one for it."""
    nodes = symbols.problem.infrastructure.nodes
    for block in symbols.blocks(class_name):
        for component, prices in block.chain.preference.items():
            for node, candidates in symbols.options[block.chain.name, component].items():
                for _, var in candidates:
                    yield prices.price(nodes[node]), var


def moves(symbols: Symbols, class_name: str | None) -> CostTerms:
    """Price of every component that moves."""
    for component, terms in moved_components(symbols, class_name):
        for sign, var in terms:
            yield sign * symbols.problem.instance.move_price(component), var


CLASS_COSTS: Mapping[CostTerm, Callable[[Symbols, str | None], CostTerms]] = {
    CostTerm.REJECTED: rejected,
    CostTerm.DROPPED: dropped,
    CostTerm.LATENCY: latency,
    CostTerm.LINKS: links,
    CostTerm.PREFERENCE: preference,
    CostTerm.MOVES: moves,
}
"""The cost terms that are sums over chains, of one class or of all."""

COSTS: Mapping[CostTerm, Callable[[Symbols], CostTerms]] = {
    CostTerm.RESOURCES: resources,
    CostTerm.ACTIVE: active,
    CostTerm.BALANCE: balance,
}
"""The other cost terms."""


def _step(coefficients: list[Fraction]) -> Fraction:
    """The greatest number that divides all coefficients."""
    denominator = math.lcm(*(coefficient.denominator for coefficient in coefficients))
    numerator = math.gcd(*(int(coefficient * denominator) for coefficient in coefficients))
    return Fraction(numerator, denominator)
