"""Merging and parallel running as decisions of the model.

=====================================  ==================================================================
``merged[chain, component, node, o]``  1 if the component is merged into an earlier one that runs the same way here
``charged[...]``                       1 if any of some equivalent components runs this way on the node
``parallel[chain, group, node]``       1 if the independent components of the group run in parallel on the node
``saved[chain, group, node]``          time that this saves, in the unit of the chain
``both[...]``                          1 if a copy is still with its host where a certain program serves the host
=====================================  ==================================================================

Merging never makes anything worse, so equivalent components that meet in one implementation are merged; what they take
together is the largest of their demands, written as a sum over thresholds: the next larger demand is added if any of
those that need so much is there. Every such "any" is one variable that is at least each of its components, which is as
tight as it can be, and no large factor appears.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

import pyomo.environ as pyo

from mosaico_place.instance import Chain, Independent
from mosaico_place.latency import topological

if TYPE_CHECKING:
    from mosaico_place.exact.symbols import Symbols, Terms, Var

Amount = TypeVar("Amount", int, Fraction)


def add_rewrites(symbols: Symbols) -> None:
    """Give the model the variables and rows of everything that may be merged or run in parallel."""
    model = symbols.model
    model.rewrites = pyo.Constraint(pyo.Any)
    model.both = pyo.Var(pyo.Any, dense=False, bounds=(0, 1))
    model.merged = pyo.Var(pyo.Any, dense=False, within=pyo.Binary)
    model.charged = pyo.Var(pyo.Any, dense=False, within=pyo.Binary)
    model.parallel = pyo.Var(pyo.Any, dense=False, within=pyo.Binary)
    model.saved = pyo.Var(pyo.Any, dense=False, within=pyo.NonNegativeReals)
    for block in symbols.blocks():
        if not block.chain.budgets:
            continue
        for group in block.chain.equivalent:
            _add_merging(symbols, block.chain, topological(block.chain, group))
        for position, independent in enumerate(block.chain.independent):
            _add_parallel(symbols, block.chain, position, independent)


def _add_merging(symbols: Symbols, chain: Chain, group: tuple[str, ...]) -> None:
    """``merged`` for every component but the first, wherever an earlier one could run the same way."""
    model = symbols.model
    earlier: dict[tuple[int, str], list[Var]] = defaultdict(list)
    for name in group:
        for node, candidates in symbols.options[chain.name, name].items():
            for candidate, var in candidates:
                before = earlier[node, candidate.option]
                if before and candidate.processing_ns:
                    key = (chain.name, name, symbols.problem.infrastructure.nodes[node].name, candidate.option)
                    merged = model.merged[key]
                    model.rewrites["merged", *key, "is here"] = merged - var <= 0
                    model.rewrites["merged", *key, "into"] = merged - sum(before) <= 0
                    symbols.vanishes.setdefault((chain.name, name), []).append((candidate.processing_ns, merged))
        for node, candidates in symbols.options[chain.name, name].items():
            for candidate, var in candidates:
                earlier[node, candidate.option].append(var)


def _add_parallel(symbols: Symbols, chain: Chain, position: int, group: Independent) -> None:
    """``parallel`` and ``saved`` on every node where all of the group could stand and gain by it."""
    model, infrastructure = symbols.model, symbols.problem.infrastructure
    common = set.intersection(*(symbols.nodes(chain, name) for name in group.components))
    unit = symbols.time_unit[chain.name]
    saves: Terms = []
    for node in sorted(common):
        longest = [
            max(candidate.processing_ns for candidate, _ in symbols.options[chain.name, name][node])
            for name in group.components
        ]
        handed_over = int(infrastructure.hand_over_ns[node]) * (len(group.components) - 1)
        most = sum(longest) - max(longest) + handed_over - group.join_ns
        if most <= 0:
            continue
        key = (chain.name, position, infrastructure.nodes[node].name)
        parallel, saved = model.parallel[key], model.saved[key]
        processing = {name: _processing_here(symbols, chain, name, node) for name in group.components}
        for name in group.components:
            stands = sum(var for _, var in symbols.stands(chain, name, node))
            model.rewrites["parallel", *key, name, "is here"] = parallel - stands <= 0
            others = sum(
                time_ns * var for other in group.components if other != name for time_ns, var in processing[other]
            )
            gain = others + (handed_over - group.join_ns) * parallel
            model.rewrites["parallel", *key, name, "saves"] = unit * saved - gain <= 0
        model.rewrites["parallel", *key, "most"] = unit * saved - most * parallel <= 0
        saves.append((unit, saved))
    symbols.saves[chain.name, group.components[-1]] = saves


def _processing_here(symbols: Symbols, chain: Chain, name: str, node: int) -> Terms:
    """The component's processing time in ns if it stands on the node, else 0."""
    terms = [(candidate.processing_ns, var) for candidate, var in symbols.options[chain.name, name][node]]
    here = symbols.problem.infrastructure.nodes[node].name
    for candidate, _ in symbols.options[chain.name, name][node]:
        key = (chain.name, name, here, candidate.option)
        if key in symbols.model.merged:
            terms.append((-candidate.processing_ns, symbols.model.merged[key]))
    return terms


def largest(symbols: Symbols, amounts: Mapping[int, Amount], variables: Mapping[int, Var]) -> list[tuple[Amount, Var]]:
    """The largest amount among the 0-1 variables that are 1, as a sum over thresholds.

    Args:
        symbols: of the model.
        amounts: key -> amount.
        variables: key -> its variable.
    """
    terms: list[tuple[Amount, Var]] = []
    below: Amount | int = 0
    for step in sorted({amount for amount in amounts.values() if amount > 0}):
        reaching = [variables[key] for key, amount in amounts.items() if amount >= step]
        terms.append((step - below, any_of(symbols, reaching)))
        below = step
    return terms


def any_of(symbols: Symbols, variables: Iterable[Var]) -> Var:
    """A variable that is 1 where any of the given ones is; made when it is first asked for."""
    given = {id(var): var for var in variables}
    if len(given) == 1:
        return next(iter(given.values()))
    key = tuple(sorted(given))
    if key not in symbols.merges:
        number = len(symbols.merges)
        charged = symbols.model.charged[number]
        for position, var in enumerate(given.values()):
            symbols.model.rewrites["charged", number, position] = var - charged <= 0
        symbols.merges[key] = charged
    return symbols.merges[key]


def both(symbols: Symbols, terms: Terms, variable: Var) -> Var:
    """A variable that is 1 where the terms and the variable are; made when it is first asked for."""
    key = (id(variable), *sorted(id(var) for _, var in terms))
    if key not in symbols.merges:
        number = len(symbols.merges)
        symbols.merges[key] = symbols.model.both[number]
        here = sum(sign * var for sign, var in terms)
        symbols.model.rewrites["both", number] = here + variable - symbols.merges[key] <= 1
    return symbols.merges[key]
