"""The optimum of a tiny instance by trying everything; shares nothing with the compiled blocks or the model.

Every chain's placements are enumerated from the instance itself and judged by the checker one chain at a time. What
another placement of the same chain beats in every respect (use of every resource, every cost, the nodes it keeps
busy) is left out; the rest is combined in full.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import networkx as nx

from mosaico_place.checking import check, check_chain
from mosaico_place.costing import cost
from mosaico_place.instance import Chain, Instance, Level, Term
from mosaico_place.placement import EMPTY, ChainPlacement, Placement, Spot
from mosaico_place.rules import CostTerm, Rule
from mosaico_place.usage import Usage, chain_usage, index_hops

MOST = 20_000
"""How many combinations are still tried."""


class TooManyError(Exception):
    """Trying everything would take too long."""


@dataclass(frozen=True)
class Best:
    """The optimum, None if there is no feasible placement; and how often each rule ruled something out."""

    values: tuple[Fraction, ...] | None
    placement: Placement | None
    refused: Mapping[str, int]


@dataclass(frozen=True)
class Choice:
    """One placement of one chain (None: rejected) with all that other chains can notice of it."""

    name: str
    placed: ChainPlacement | None
    use: Mapping[tuple[str, ...], int]
    costs: tuple[Fraction, ...]
    levels: tuple[Fraction, ...]
    hosts: frozenset[str]

    def beats(self, other: Choice) -> bool:
        """Whether nothing is worse here than there."""
        return (
            all(amount <= other.use.get(key, 0) for key, amount in self.use.items())
            and all(mine <= theirs for mine, theirs in zip(self.costs, other.costs, strict=True))
            and self.hosts <= other.hosts
        )


def brute_force(instance: Instance) -> Best:
    """Try everything, chain by chain; a combination is left when it costs more than the best however it goes on."""
    refused: Counter[str] = Counter()
    choices = [_choices(instance, chain, refused) for chain in instance.chains.values()]
    least = [tuple(map(min, zip(*(choice.levels for choice in every), strict=True))) for every in choices if every]
    best: tuple[tuple[Fraction, ...], Placement] | None = None
    if len(least) < len(choices):
        return Best(None, None, refused)  # a chain that must be accepted fits nowhere
    if math.prod(map(len, choices)) > MOST:
        raise TooManyError
    open_combinations: list[tuple[Choice, ...]] = [()]
    while open_combinations:
        chosen = open_combinations.pop()
        values = _values(instance, chosen)
        if best is not None and _sum(values, *least[len(chosen) :]) >= best[0]:
            continue
        placement = Placement({choice.name: choice.placed for choice in chosen if choice.placed is not None})
        broken = [violation for violation in check(instance, placement) if violation.rule is not Rule.PLACED]
        refused.update(str(violation.rule) for violation in broken)
        if broken:
            continue  # each chain is right on its own, so a resource is overfull and stays so
        if len(chosen) < len(choices):
            open_combinations += [(*chosen, choice) for choice in choices[len(chosen)]]
        elif not check(instance, placement):
            best = (cost(instance, placement).levels, placement)
            assert best[0] == values
    return Best(None, None, refused) if best is None else Best(*best, refused)


def _sum(*levels: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    return tuple(sum(level, Fraction(0)) for level in zip(*levels, strict=True))


def _values(instance: Instance, chosen: tuple[Choice, ...]) -> tuple[Fraction, ...]:
    """Levels of some chains' choices: their own costs, and the price of every node that hosts any of them."""
    hosts = frozenset[str]().union(*(choice.hosts for choice in chosen))
    active = sum((instance.active_price(instance.nodes[name]) for name in hosts), Fraction(0))
    return tuple(
        sum((choice.levels[k] for choice in chosen), level.get(Term(CostTerm.ACTIVE), Fraction(0)) * active)
        for k, level in enumerate(instance.objective)
    )


def _choices(instance: Instance, chain: Chain, refused: Counter[str]) -> list[Choice]:
    """All placements of one chain that keep its own rules, without those that another one beats."""
    kept: list[Choice] = []
    hops = index_hops(instance)
    for placed in [None, *_placements(instance, chain)]:
        if broken := check_chain(instance, chain.name, placed, hops):
            refused.update(str(violation.rule) for violation in broken)
            continue
        choice = _choice(instance, chain, placed)
        if choice.placed is not None:
            if any(other.placed is not None and other.beats(choice) for other in kept):
                continue
            kept = [other for other in kept if other.placed is None or not choice.beats(other)]
        kept.append(choice)
    return sorted(kept, key=lambda choice: choice.levels, reverse=True)  # the cheapest are tried first


def _choice(instance: Instance, chain: Chain, placed: ChainPlacement | None) -> Choice:
    used = Usage({}, {}, {}) if placed is None else chain_usage(instance, chain, placed)
    use: dict[tuple[str, ...], int] = {
        ("node", node, resource): amount for node, by in used.nodes.items() for resource, amount in by.items()
    }
    for node, devices in used.devices.items():
        for device, by in devices.items():
            use |= {("device", node, device, resource): amount for resource, amount in by.items()}
    use |= {("link", *ends): rate for ends, rate in used.links.items()}
    hosts = frozenset() if placed is None else frozenset(spot.node for spot in placed.components.values())
    alone = replace(instance, chains={chain.name: chain})
    terms = cost(alone, EMPTY if placed is None else Placement({chain.name: placed})).terms
    own = {term: Fraction(0) if term.cost is CostTerm.ACTIVE else value for term, value in terms.items()}
    levels = tuple(
        sum((weight * own[term] for term, weight in level.items()), Fraction(0)) for level in instance.objective
    )
    return Choice(chain.name, placed, use, tuple(own.values()), levels, hosts)


def _placements(instance: Instance, chain: Chain) -> Iterator[ChainPlacement]:
    """Every way to place the chain on nodes that run its functions, over simple paths."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(instance.nodes)
    for link in instance.links:
        graph.add_edge(*link.ends)
        graph.add_edge(*reversed(link.ends))
    functions = [component for component in chain.components.values() if component.function is not None]
    spots = [_spots(instance, component.function or "") for component in functions]
    endpoints = {component.name: component.at for component in chain.components.values() if component.at is not None}
    for chosen in product(*spots):
        components = {component.name: spot for component, spot in zip(functions, chosen, strict=True)}
        at = endpoints | {name: spot.node for name, spot in components.items()}
        paths = [_paths(graph, at[flow.tail], at[flow.head]) for flow in chain.flows]
        for routes in product(*paths):
            flows = {flow.ends: route for flow, route in zip(chain.flows, routes, strict=True)}
            yield ChainPlacement(components, flows)


def _spots(instance: Instance, function: str) -> list[Spot]:
    return [
        Spot(node.name, implementation.name, device)
        for node in instance.nodes.values()
        for implementation in instance.functions[function].implementations.values()
        if implementation.level in node.runs
        for device in (node.devices if implementation.level is Level.GPU else (None,))
    ]


def _paths(graph: nx.DiGraph[str], tail: str, head: str) -> list[tuple[str, ...]]:
    return [(tail,)] if tail == head else [tuple(path) for path in nx.all_simple_paths(graph, tail, head)]
