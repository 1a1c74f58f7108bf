"""The cost terms of the model: one function per term, and the levels that add them up."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from mosaico_place.exact.variables import Symbols, Var, budget_name
from mosaico_place.instance import ObjectiveLevel, Term
from mosaico_place.rules import CostTerm

CostTerms = Iterable[tuple[Fraction, Var]]
"""A linear expression with exact coefficients."""

_NS_PER_MS = 10**6


@dataclass(frozen=True, slots=True)
class LevelForm:
    """One level of the objective in the model.

    Attributes:
        objective: the Pyomo objective.
        step: every value that a placement can give this level is a multiple of it; 0 for a level that is constant.
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
    return LevelForm(symbols.model.level[position], _step([constant, *(value for value, _ in terms)]))


def cost_terms(symbols: Symbols, term: Term) -> CostTerms:
    """The expression of one cost term."""
    if term.cost is CostTerm.REJECTED:
        return rejected(symbols, term.class_name)
    return COSTS[term.cost](symbols)


def rejected(symbols: Symbols, class_name: str | None) -> CostTerms:
    """Weights of the chains, of one class or of all, that are not accepted."""
    for name, accept in symbols.accept.items():
        chain = symbols.problem.instance.chains[name]
        if class_name in (None, chain.class_name):
            yield chain.weight, 1
            yield -chain.weight, accept


def latency(symbols: Symbols) -> CostTerms:
    """Milliseconds above the target, times the chain's weight."""
    for block in symbols.blocks():
        chain = block.chain
        unit_ms = Fraction(symbols.time_unit[chain.name], _NS_PER_MS)
        for position, budget in enumerate(chain.budgets):
            key = (chain.name, budget_name(budget, position))
            if key in symbols.model.late:
                yield chain.weight * unit_ms, symbols.model.late[key]


def resources(symbols: Symbols) -> CostTerms:
    """Priced demand of every component where it stands."""
    instance, nodes = symbols.problem.instance, symbols.problem.infrastructure.nodes
    for (chain, component), options in symbols.options.items():
        function_name = instance.chains[chain].components[component].function
        if function_name is None:
            continue
        function = instance.functions[function_name]
        for node, candidates in options.items():
            for candidate, var in candidates:
                assert candidate.implementation is not None, "only endpoints have none"
                for resource, amount in candidate.implementation.demand.items():
                    yield amount * instance.resource_price(function, nodes[node], resource), var
                for resource, amount in candidate.implementation.device.items():
                    yield amount * instance.device_price(function, nodes[node], resource), var


def links(symbols: Symbols) -> CostTerms:
    """Priced rate of every flow on every link of its path."""
    instance = symbols.problem.instance
    price = [instance.bandwidth_price(link) for link in instance.links]
    for block in symbols.blocks():
        for flow in block.chain.flows:
            for arc, var in symbols.arcs[block.chain.name, *flow.ends]:
                yield flow.rate_bps * price[arc // 2], var


def active(symbols: Symbols) -> CostTerms:
    """Price of every node that hosts a component."""
    instance = symbols.problem.instance
    for name, var in symbols.model.hosts.items():
        yield instance.active_price(instance.nodes[name]), var


def preference(symbols: Symbols) -> CostTerms:
    """Price of every component on a node that has one for it."""
    nodes = symbols.problem.infrastructure.nodes
    for block in symbols.blocks():
        for component, prices in block.chain.preference.items():
            for node, candidates in symbols.options[block.chain.name, component].items():
                for _, var in candidates:
                    yield prices.price(nodes[node]), var


COSTS: Mapping[CostTerm, Callable[[Symbols], CostTerms]] = {
    CostTerm.LATENCY: latency,
    CostTerm.RESOURCES: resources,
    CostTerm.LINKS: links,
    CostTerm.ACTIVE: active,
    CostTerm.PREFERENCE: preference,
}
"""Every cost term but ``rejected``, which may be narrowed to a class."""


def _step(coefficients: list[Fraction]) -> Fraction:
    """The greatest number that divides all coefficients."""
    denominator = math.lcm(*(coefficient.denominator for coefficient in coefficients))
    numerator = math.gcd(*(int(coefficient * denominator) for coefficient in coefficients))
    return Fraction(numerator, denominator)
