"""What makes the model tighter or smaller without changing its optimum; each can be left out, to see what it brings.

The table in ``docs/model.md`` shows what each of them brings. Nothing outside this module and the two that write rows
(:mod:`mosaico_place.exact.constraints`, :mod:`mosaico_place.exact.model`) knows of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo
from pyomo.core.expr.visitor import identify_variables

from mosaico_place.instance import Chain, Flow, Instance, Kind, Node

if TYPE_CHECKING:
    from mosaico_place.exact.variables import Symbols, Terms


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
    for block in symbols.blocks():
        for flow in block.chain.flows:
            arcs = symbols.arcs[block.chain.name, *flow.ends]
            if _is_alone(symbols, block.chain, flow) and not any(id(var) in bound for _, var in arcs):
                for _, var in arcs:
                    var.domain = pyo.NonNegativeReals
                    var.setub(1)


def _is_alone(symbols: Symbols, chain: Chain, flow: Flow) -> bool:
    """Whether the flow is neither a copy nor copied, and no switch has a choice of programs for it."""
    copied = flow.copy_of is not None or any(other.copy_of == flow.ends for other in chain.flows)
    return not copied and not any(key[:3] == (chain.name, *flow.ends) for key in symbols.serves)


def ordered(symbols: Symbols) -> Iterator[tuple[tuple[str, ...], Terms, Terms]]:
    """(name, use of one, use of the next) of things that are alike: some best placement uses the former no less."""
    nodes = symbols.problem.infrastructure.nodes
    index = symbols.problem.infrastructure.index
    use: dict[tuple[int, str | None], Terms] = defaultdict(list)
    for chain, component, _ in symbols.functions():
        for node, candidates in symbols.options[chain.name, component.name].items():
            for candidate, var in candidates:
                use[node, None].append((1, var))
                use[node, candidate.device].append((1, var))
    for one, other in _alike_servers(symbols.problem.instance, _named(symbols)):
        yield (one, other), use[index[one], None], use[index[other], None]
    for owner in nodes:
        for first, second in _alike_devices(owner) if owner.name not in _named(symbols) else ():
            pair = use[index[owner.name], first], use[index[owner.name], second]
            if all(pair):
                yield (owner.name, first, second), *pair


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
        around[one].add((other, link.forth, link.back, price))
        around[other].add((one, link.back, link.forth, price))
    alike: dict[Hashable, list[str]] = defaultdict(list)
    for node in instance.nodes.values():
        if node.kind is Kind.SERVER and node.name not in named and node.name in around:
            alike[_figures(node), frozenset(around[node.name])].append(node.name)
    for names in alike.values():
        yield from pairwise(names)


def _alike_devices(node: Node) -> Iterator[tuple[str, str]]:
    alike: dict[Hashable, list[str]] = defaultdict(list)
    for name, has in node.devices.items():
        alike[_frozen(has)].append(name)
    for names in alike.values():
        yield from pairwise(names)


def _figures(node: Node) -> Hashable:
    """All that is said of a node but its name."""
    prices = node.prices
    return (
        *(_frozen(amounts) for amounts in (node.capacity, node.reserved, node.labels, node.devices)),
        *(node.hand_over_ns, node.forwarding_ns, node.runs),
        *(_frozen(prices.resources), _frozen(prices.device), prices.active, prices.opened),
    )


def _frozen(mapping: Mapping[str, Any]) -> Hashable:
    return frozenset((key, _frozen(value) if isinstance(value, Mapping) else value) for key, value in mapping.items())
