"""The optimum of a tiny instance by trying everything; shares nothing with the compiled blocks or the model.

Every chain's placements are enumerated from the instance itself and judged by the checker one chain at a time. What
another placement of the same chain beats in every respect (use of every resource, every cost, the nodes it keeps
busy) is left out; the rest is combined in full.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, islice, product

import networkx as nx

from mosaico_place.checking import check, check_chain, movable
from mosaico_place.costing import chain_cost, cost
from mosaico_place.costing import hosts as hosts_of
from mosaico_place.instance import Chain, Implementation, Instance, Kind, Level, Term
from mosaico_place.moves import moved
from mosaico_place.placement import ChainPlacement, Opening, Placement, Spot
from mosaico_place.rules import Rule
from mosaico_place.usage import Scene, Usage, chain_usage, index_hops

MOST = 2_000
"""How many combinations of chains are still tried."""

MOST_PLACEMENTS = 500
"""How many placements of one chain are still looked at: the few instances with more would take most of the time."""


class TooManyError(Exception):
    """Trying everything would take too long."""


@dataclass(frozen=True)
class Best:
    """The optimum, None if there is no feasible placement; and how often each rule ruled something out."""

    values: tuple[Fraction, ...] | None
    placement: Placement | None
    refused: Mapping[str, int]


@dataclass(frozen=True)
class Problem:
    """What is solved: an instance, the placement before, and how many components may move."""

    instance: Instance
    previous: Placement | None = None
    max_moves: int | None = None


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


def brute_force(instance: Instance, previous: Placement | None = None, max_moves: int | None = None) -> Best:
    """Try everything: which program each switch would run of a function, and for each of these, every combination."""
    problem = Problem(instance, previous, max_moves)
    refused: Counter[str] = Counter()
    best: tuple[tuple[Fraction, ...], Placement] | None = None
    for scene in _scenes(instance):
        best = _best(problem, scene, refused, best)
    return Best(None, None, refused) if best is None else Best(*best, refused)


def _scenes(instance: Instance) -> Iterator[Scene]:
    """Every way to choose one program per switch and shared function."""
    choices: dict[tuple[str, str], list[Implementation]] = {}
    for node in instance.nodes.values():
        for function in instance.functions.values():
            if node.kind is Kind.P4_SWITCH and function.shared and (programs := instance.programs(function.name, node)):
                choices[node.name, function.name] = programs
    for chosen in product(*choices.values()):
        yield Scene(index_hops(instance), dict(zip(choices, chosen, strict=True)))


def _best(
    problem: Problem, scene: Scene, refused: Counter[str], best: tuple[tuple[Fraction, ...], Placement] | None
) -> tuple[tuple[Fraction, ...], Placement] | None:
    """The better of the best so far and the best with the programs of a scene.

    Chain by chain; a combination is left when it costs more than the best however it goes on.
    """
    instance = problem.instance
    choices = [_choices(problem, chain, scene, refused) for chain in instance.chains.values()]
    least = [tuple(map(min, zip(*(choice.levels for choice in every), strict=True))) for every in choices if every]
    if len(least) < len(choices):
        return best  # a chain that must be accepted fits nowhere
    if math.prod(map(len, choices)) > MOST:
        raise TooManyError
    open_combinations: list[tuple[Choice, ...]] = [()]
    while open_combinations:
        chosen = open_combinations.pop()
        own = [choice.levels for choice in chosen]  # what chains share costs no less than nothing
        if best is not None and _sum(*own, *least[len(chosen) :]) >= best[0]:
            continue
        placement = _placement(instance, chosen, scene)
        values = _values(problem, placement, len(chosen))
        if best is not None and _sum(values, *least[len(chosen) :]) >= best[0]:
            continue
        found = check(instance, placement, problem.previous, problem.max_moves)
        broken = [violation for violation in found if violation.rule is not Rule.PLACED]
        refused.update(str(violation.rule) for violation in broken)
        if broken:
            continue  # each chain is right on its own, so a resource is overfull and stays so
        if len(chosen) < len(choices):
            open_combinations += [(*chosen, choice) for choice in choices[len(chosen)]]
        elif not found:
            best = (values, placement)
    return best


def _placement(instance: Instance, chosen: tuple[Choice, ...], scene: Scene) -> Placement:
    """The chosen chains with the fewest instances that carry their loads."""
    chains = {choice.name: choice.placed for choice in chosen if choice.placed is not None}
    loads: Counter[Opening] = Counter()
    for name, placed in chains.items():
        loads.update(chain_usage(instance, instance.chains[name], placed, scene).loads)
    instances = {}
    for opening, load in loads.items():
        carries = instance.functions[opening.function].implementations[opening.implementation].capacity_bps
        switch = instance.nodes[opening.node].kind is Kind.P4_SWITCH
        instances[opening] = 1 if carries is None or switch else max(1, math.ceil(Fraction(load, carries)))
    return Placement(chains, instances)


def _sum(*levels: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    return tuple(sum(level, Fraction(0)) for level in zip(*levels, strict=True))


def _values(problem: Problem, placement: Placement, decided: int) -> tuple[Fraction, ...]:
    """Levels of a placement, without what the chains that are not decided yet add as rejected ones."""
    total = cost(problem.instance, placement, problem.previous).levels
    for chain in list(problem.instance.chains.values())[decided:]:
        own = _own_levels(problem, chain, None)
        total = tuple(value - part for value, part in zip(total, own, strict=True))
    return total


def _own_costs(problem: Problem, chain: Chain, placed: ChainPlacement | None, scene: Scene) -> dict[Term, Fraction]:
    """What the chain adds to each term that the objective names, as far as it is the chain's own."""
    own = chain_cost(problem.instance, chain, placed, scene, problem.previous)
    terms = {term: Fraction(0) for level in problem.instance.objective for term in level}
    for term in terms:
        if term.class_name in (None, chain.class_name):
            terms[term] = own.get(term.cost, Fraction(0))
    return terms


def _own_levels(
    problem: Problem, chain: Chain, placed: ChainPlacement | None, scene: Scene | None = None
) -> tuple[Fraction, ...]:
    own = _own_costs(problem, chain, placed, scene or Scene({}))
    return tuple(
        sum((weight * own[term] for term, weight in level.items()), Fraction(0)) for level in problem.instance.objective
    )


def _choices(problem: Problem, chain: Chain, scene: Scene, refused: Counter[str]) -> list[Choice]:
    """All placements of one chain that keep its own rules, without those that another one beats."""
    kept: list[Choice] = []
    placements = list(islice(_placements(problem.instance, chain, scene), MOST_PLACEMENTS + 1))
    if len(placements) > MOST_PLACEMENTS:
        raise TooManyError
    for placed in [None, *placements]:
        if broken := check_chain(problem.instance, chain.name, placed, scene):
            refused.update(str(violation.rule) for violation in broken)
            continue
        if placed is not None and any(
            True for _ in movable(problem.instance, Placement({chain.name: placed}), problem.previous)
        ):
            refused[str(Rule.MAX_MOVES)] += 1
            continue
        choice = _choice(problem, chain, placed, scene)
        if choice.placed is not None:
            if any(other.placed is not None and other.beats(choice) for other in kept):
                continue
            kept = [other for other in kept if other.placed is None or not choice.beats(other)]
        kept.append(choice)
    return sorted(kept, key=lambda choice: choice.levels, reverse=True)  # the cheapest are tried first


def _choice(problem: Problem, chain: Chain, placed: ChainPlacement | None, scene: Scene) -> Choice:
    used = Usage({}, {}, {}) if placed is None else chain_usage(problem.instance, chain, placed, scene)
    use: dict[tuple[str, ...], int] = {
        ("node", node, resource): amount for node, by in used.nodes.items() for resource, amount in by.items()
    }
    for node, devices in used.devices.items():
        for device, by in devices.items():
            use |= {("device", node, device, resource): amount for resource, amount in by.items()}
    use |= {("link", *ends): rate for ends, rate in used.links.items()}
    use |= {("load", *opening): load for opening, load in used.loads.items()}
    now = Placement({} if placed is None else {chain.name: placed})
    use[("moves",)] = sum(1 for _ in moved(problem.instance, now, problem.previous))
    hosts = frozenset() if placed is None else frozenset(hosts_of(problem.instance, chain, placed, scene))
    costs = tuple(_own_costs(problem, chain, placed, scene).values())
    return Choice(chain.name, placed, use, costs, _own_levels(problem, chain, placed, scene), hosts)


def _placements(instance: Instance, chain: Chain, scene: Scene) -> Iterator[ChainPlacement]:
    """Every way to place the chain on nodes that run its functions, over simple paths, with and without rewrites."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(instance.nodes)
    for link in instance.links:
        graph.add_edge(*link.ends)
        graph.add_edge(*reversed(link.ends))
    functions = [component for component in chain.components.values() if component.function is not None]
    spots = [_spots(instance, component.function or "", scene) for component in functions]
    endpoints = {component.name: component.at for component in chain.components.values() if component.at is not None}
    for chosen in product(*spots):
        components = {component.name: spot for component, spot in zip(functions, chosen, strict=True)}
        at = endpoints | {name: spot.node for name, spot in components.items()}
        paths = [_paths(graph, at[flow.tail], at[flow.head]) for flow in chain.flows]
        for routes in product(*paths):
            flows = {flow.ends: route for flow, route in zip(chain.flows, routes, strict=True)}
            for merged, parallel in _rewrites(chain, components):
                yield ChainPlacement(components, flows, merged, parallel)


def _rewrites(
    chain: Chain, spots: Mapping[str, Spot]
) -> Iterator[tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]]:
    """Every set of groups to be merged, and of groups to run in parallel, that these spots allow."""
    merged: list[tuple[str, ...]] = [
        pair
        for group in chain.equivalent
        for pair in combinations(group, 2)  # there are no larger groups here
        if spots[pair[0]] == spots[pair[1]]
    ]
    parallel = [
        group.components for group in chain.independent if len({spots[name].node for name in group.components}) == 1
    ]
    for some in _subsets(merged):
        for others in _subsets(parallel):
            yield some, others


def _subsets(groups: list[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], ...]]:
    for size in range(len(groups) + 1):
        yield from combinations(groups, size)


def _spots(instance: Instance, function: str, scene: Scene) -> list[Spot]:
    """Where a function can run; on a switch, a shared one only as the program that the scene has there."""
    return [
        Spot.on(node.name, implementation.name, devices)
        for node in instance.nodes.values()
        for implementation in instance.functions[function].implementations.values()
        if implementation.runs_on(node) and scene.programs.get((node.name, function), implementation) == implementation
        for devices in combinations(
            node.devices, implementation.device_count if implementation.level is Level.GPU else 0
        )
    ]


def _paths(graph: nx.DiGraph[str], tail: str, head: str) -> list[tuple[str, ...]]:
    return [(tail,)] if tail == head else [tuple(path) for path in nx.all_simple_paths(graph, tail, head)]
