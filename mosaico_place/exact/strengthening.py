"""What makes the model tighter or smaller without changing its optimum; each can be left out, to see what it brings.

The table in ``docs/model.md`` shows what each of them brings. What takes more than a condition on a row is here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo
from pyomo.core.expr.visitor import identify_variables

from mosaico_place.instance import Implementation, Instance, Kind, Node
from mosaico_place.placement import Placement, Spot

if TYPE_CHECKING:
    from mosaico_place.exact.symbols import Symbols, Terms, Var


class Strengthening(StrEnum):
    """One of them."""

    AGGREGATE = "aggregate"
    """What enters a switch is bounded by its opened program as a whole, not arc by arc."""
    DISAGGREGATE = "disaggregate"
    """Each user of opened instances is bounded by itself, not only all of them together."""
    COVER = "cover"
    """The users of an opened instance get no more of its node than is free, and nothing where it is not opened."""
    LOOSE = "loose"
    """A flow whose route matters to no other row is routed by a continuous flow."""
    PACK = "pack"
    """Where every chain is accepted, so many instances are opened that all who need one have room."""
    SYMMETRY = "symmetry"
    """Of servers and GPUs that are alike, the one that is named first is used most."""


ALL = frozenset(Strengthening)


def loosen(symbols: Symbols) -> None:
    """Make the routing of every loose flow continuous.

    A flow is loose if its arcs appear in rows of ``routed`` and ``per-hop`` alone, and in no level of the objective.
    With everything else fixed, these rows say: one unit from here to there over the nodes that are open. What a
    continuous flow can do, each path that it takes a part of can do alone. (A flow that costs something stays integral:
    the slack with which earlier levels are kept would let it be half on a dearer path.)
    """
    model = symbols.model
    others = [row for row in model.component_objects(pyo.Constraint) if row.name not in ("routed", "per_hop")]
    bodies = [row.body for component in others for row in component.values()]
    bodies += [level.expr for level in model.level.values()]
    bound = {id(var) for body in bodies for var in identify_variables(body)}
    choosing = {key[:3] for key in symbols.serves}  # where a switch has a choice of programs
    for block in symbols.blocks():
        for flow in block.chain.flows:
            key = (block.chain.name, *flow.ends)
            arcs = symbols.arcs[key]
            if (
                not block.chain.meets_copies(flow)
                and key not in choosing
                and not any(id(var) in bound for _, var in arcs)
            ):
                for _, var in arcs:
                    var.domain = pyo.NonNegativeReals
                    var.setub(1)


def packs(symbols: Symbols) -> Iterator[tuple[list[Var], int]]:
    """(variables, number): at least so many of them are 1 in every placement that accepts every chain.

    Per shared function, the fewest nodes whose room for one resource, the largest rooms first, is enough for the least
    that its components take of it; and the fewest instances that carry their loads. Per-hop users are left out, and so
    are equivalent components, which may be charged once. (A bin-packing bound rounded up: Chvatal-Gomory.)
    """
    demands: dict[str, list[list[Implementation]]] = defaultdict(list)
    loads: dict[str, int] = defaultdict(int)
    for chain, component, function in symbols.functions():
        if function.shared_by(component) and not chain.may_merge(component.name):
            options = symbols.options[chain.name, component.name].values()
            ways = [one.implementation for several in options for one, _ in several if one.implementation]
            demands[function.name].append(list({way.name: way for way in ways}.values()))
            loads[function.name] += chain.load_bps(component.name)
    for name, users in demands.items():
        opened = {key: variables for key, variables in symbols.opened.items() if key[1] == name}
        first = [variables[0] for variables in opened.values()]
        resources = {resource for ways in users for way in ways for resource in way.demand}
        least = max((_fewest(symbols, {node for node, *_ in opened}, users, key) for key in resources), default=0)
        if least > 1:
            yield first, least
        implementations = symbols.problem.instance.functions[name].implementations
        carries = [implementations[key].capacity_bps for _, _, key in opened]
        if carries and None not in carries and (most := max(one or 0 for one in carries)):
            yield [var for variables in opened.values() for var in variables], -(-loads[name] // most)


def _fewest(symbols: Symbols, nodes: set[int], users: list[list[Implementation]], resource: str) -> int:
    """How many of the nodes have room enough for the least that all users take of a resource, the largest first."""
    total = sum(min(way.demand.get(resource, 0) for way in ways) for ways in users)
    rooms = sorted((symbols.problem.infrastructure.nodes[node].free(resource) for node in nodes), reverse=True)
    count = 0
    while total > 0 and count < len(rooms):
        total -= rooms[count]
        count += 1
    return count


def ordered(symbols: Symbols) -> Iterator[tuple[tuple[str, ...], Terms, Terms]]:
    """(name, use of one, use of the next) of things that are alike: some best placement uses the former no less."""
    nodes = symbols.problem.infrastructure.nodes
    index = symbols.problem.infrastructure.index
    use: dict[tuple[int, str | None], Terms] = defaultdict(list)
    for chain, component, _ in symbols.functions():
        for node, candidates in symbols.options[chain.name, component.name].items():
            for candidate, var in candidates:
                use[node, None].append((1, var))
                for device in candidate.devices or (None,):
                    use[node, device].append((1, var))
    named = _named(symbols)
    for one, other in _alike_servers(symbols.problem.instance, named):
        yield (one, other), use[index[one], None], use[index[other], None]
    for owner in nodes:
        for first, second in _alike_devices(owner) if owner.name not in named else ():
            pair = use[index[owner.name], first], use[index[owner.name], second]
            if all(pair):
                yield (owner.name, first, second), *pair


def arranged(symbols: Symbols, placement: Placement) -> Placement:
    """The placement with things that are alike exchanged until it keeps the order of :func:`ordered`."""
    components: Counter[tuple[str, ...]] = Counter()
    for chain in placement.chains.values():
        for spot in chain.components.values():
            components[spot.node,] += 1
            for device in spot.devices:
                components[spot.node, device] += 1
    runs: list[list[tuple[str, ...]]] = []
    for (*owner, one, other), _, _ in ordered(symbols):
        if not runs or runs[-1][-1] != (*owner, one):
            runs.append([(*owner, one)])
        runs[-1].append((*owner, other))
    renamed: dict[tuple[str, ...], tuple[str, ...]] = {}
    for run in runs:
        renamed |= zip(sorted(run, key=lambda thing: -components[thing]), run, strict=True)

    def named(node: str) -> str:
        return renamed.get((node,), (node,))[0]

    def moved(spot: Spot) -> Spot:
        devices = [renamed.get((spot.node, device), (spot.node, device))[1] for device in spot.devices]
        return Spot.on(named(spot.node), spot.implementation, devices)

    chains = {
        name: replace(
            chain,
            components={component: moved(spot) for component, spot in chain.components.items()},
            flows={ends: tuple(named(node) for node in path) for ends, path in chain.flows.items()},
        )
        for name, chain in placement.chains.items()
    }
    openings = {one._replace(node=named(one.node)): count for one, count in placement.instances.items()}
    return Placement(chains, openings)


def _named(symbols: Symbols) -> set[str]:
    """Nodes that something speaks of by name, so that they are not like any other."""
    named: set[str] = set()
    for chain in symbols.problem.instance.chains.values():
        named |= {component.at for component in chain.components.values() if component.at is not None}
        for where in (*chain.only.values(), *chain.never.values()):
            named |= set(where.nodes)
        for prices in chain.preference.values():
            named |= set(prices.nodes)
    previous = symbols.problem.previous
    if previous is not None:
        named |= {spot.node for chain in previous.chains.values() for spot in chain.components.values()}
    return named


def _alike_servers(instance: Instance, named: set[str]) -> Iterator[tuple[str, str]]:
    """Pairs of servers that could change places, in the order of the file."""
    around: dict[str, set[Hashable]] = defaultdict(set)
    for link in instance.links:
        one, other = link.ends
        price = instance.bandwidth_price(link)
        up = instance.link_up(link)
        around[one].add((other, link.forth, link.back, price, up))
        around[other].add((one, link.back, link.forth, price, up))
    alike: dict[Hashable, list[str]] = defaultdict(list)
    for node in instance.nodes.values():
        if node.kind is Kind.SERVER and node.name not in named and node.name in around:
            alike[_figures(node), frozenset(around[node.name])].append(node.name)
    for names in alike.values():
        yield from pairwise(names)


def _alike_devices(node: Node) -> Iterator[tuple[str, str]]:
    alike: dict[Hashable, list[str]] = defaultdict(list)
    for name, has in node.working.items():
        alike[_frozen(has)].append(name)
    for names in alike.values():
        yield from pairwise(names)


def _figures(node: Node) -> Hashable:
    """All that is said of a node but its name."""
    prices = node.prices
    return (
        *(_frozen(amounts) for amounts in (node.capacity, node.reserved, node.labels, node.devices)),
        *(node.hand_over_ns, node.forwarding_ns, node.runs, node.up, node.devices_down),
        *(_frozen(prices.resources), _frozen(prices.device), prices.active, prices.opened),
    )


def _frozen(mapping: Mapping[str, Any]) -> Hashable:
    return frozenset((key, _frozen(value) if isinstance(value, Mapping) else value) for key, value in mapping.items())
