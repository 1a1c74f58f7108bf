"""The rules of the model: one function per rule, each returning its rows by name.

``only`` and ``never`` have no rows: they decide which candidates exist (:mod:`mosaico_place.compile.candidates`).
The mathematics stands in ``docs/model.md`` under the same names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyomo.environ as pyo

from mosaico_place.exact.routing import bandwidth, per_hop, routed
from mosaico_place.exact.rows import Rows, at_most, equal, fits, minus
from mosaico_place.exact.sharing import cover, throughput
from mosaico_place.exact.strengthening import Strengthening, ordered
from mosaico_place.exact.symbols import Symbols, Terms, budget_name, joins, node_name
from mosaico_place.exact.use import Part, device_uses, link_uses, node_uses
from mosaico_place.instance import Budget, Chain, Component, Group
from mosaico_place.latency import budget_flows
from mosaico_place.rules import Rule
from mosaico_place.usage import NO_CAPACITY, CapacityName, capacities


def add_constraints(symbols: Symbols, pause: Callable[[], None]) -> None:
    """Give the model its rules, and the rows that tie a cost term's own variables to the placement."""
    for rule, rows in ROWS.items():
        _add(symbols.model, rule.value, rows(symbols))
        pause()
    _add(symbols.model, "active_rows", active(symbols))
    _add(symbols.model, "balance_rows", balance(symbols))
    _add(symbols.model, "symmetry", symmetry(symbols))


def _add(model: Any, name: str, rows: Rows) -> None:
    constraint = pyo.Constraint(pyo.Any)  # the keys of one rule differ in length
    setattr(model, name.replace("-", "_"), constraint)
    for key, (low, body, high) in rows.items():
        # A row without variables takes one that is always 0.
        constraint[key] = (low, model.nothing if body is None else body, high)


def placed(symbols: Symbols) -> Rows:
    """Each component of an accepted chain stands in one place; of a rejected one, nowhere."""
    rows: Rows = {}
    for block in symbols.blocks():
        for component in block.chain.components.values():
            if component.function is None:
                continue
            places = [
                (1, var) for options in symbols.options[block.chain.name, component.name].values() for _, var in options
            ]
            equal(rows, (block.chain.name, component.name), [*places, (-1, symbols.accept[block.chain.name])])
    return rows


def capacity(symbols: Symbols) -> Rows:
    """Per node and resource, the demands on it stay within what is free."""
    rows: Rows = {}
    for (node, resource), parts in node_uses(symbols).items():
        free = symbols.instance.nodes[node].free(resource)
        fits(symbols, rows, ("node", node, resource), parts, free)
    if Strengthening.COVER in symbols.strengthenings and symbols.actual is None:
        cover(symbols, rows)
    return rows


def device(symbols: Symbols) -> Rows:
    """Per device and device resource, the demands on it stay within what it has."""
    rows: Rows = {}
    for (node, name, resource), parts in device_uses(symbols).items():
        has = symbols.instance.nodes[node].devices[name].get(resource, 0)
        fits(symbols, rows, ("device", node, name, resource), parts, has)
    return rows


def latency(symbols: Symbols) -> Rows:
    """Per budget, the longest path ends within it; what exceeds the target is late.

    Along a line the time of the end is a sum of placement and routing variables and one row says it all; only where
    branches join does it take a variable that is at least each of them.
    """
    rows: Rows = {}
    for block in symbols.blocks():
        chain = block.chain
        accept = symbols.accept[chain.name]
        for position, budget in enumerate(chain.budgets):
            name = budget_name(budget, position)
            late = (chain.name, name) in symbols.model.late
            if budget.within_ns is None and not late:
                continue
            end = _end(symbols, rows, chain, budget, name)
            if budget.within_ns is not None:
                at_most(rows, (chain.name, name, "within"), [*end, (-budget.within_ns, accept)], 0)
            if late and budget.target_ns is not None:
                unit = symbols.time_unit[chain.name]
                above = [(-unit, symbols.model.late[chain.name, name]), (-budget.target_ns, accept)]
                at_most(rows, (chain.name, name, "target"), [*end, *above], 0)
    _hand_over(symbols, rows)
    return rows


def _end(symbols: Symbols, rows: Rows, chain: Chain, budget: Budget, name: str) -> Terms:
    """When the budget's last component ends, in ns after the start of its first; adds the rows of joins."""
    joining = joins(chain, budget)
    end = {budget.tail: symbols.processing(chain, budget.tail)}
    for flow in budget_flows(chain, budget):
        through = end[flow.tail] + symbols.travel(chain, flow) + symbols.processing(chain, flow.head)
        # A budget goes over all of a parallel group or none of it, so what that saves is counted at its last component.
        through += minus(symbols.saves.get((chain.name, flow.head), []))
        if flow.head not in joining:
            end[flow.head] = through
            continue
        end[flow.head] = [(symbols.time_unit[chain.name], symbols.model.end[chain.name, name, flow.head])]
        at_most(rows, (chain.name, name, "join", *flow.ends), through + minus(end[flow.head]), 0)
    return end[budget.head]


def _hand_over(symbols: Symbols, rows: Rows) -> None:
    """``same`` is 1 where both ends of a flow stand on one switch."""
    for block in symbols.blocks():
        chain = block.chain
        for flow in chain.flows:
            for node in symbols.handing_over(chain, flow):
                if symbols.splits(chain, flow, node):
                    both = symbols.stands(chain, flow.tail, node) + symbols.stands(chain, flow.head, node)
                    other = [(-1, symbols.accept[chain.name]), *minus(symbols.same(chain, flow, node))]
                    key = (chain.name, "same", *flow.ends, node_name(symbols, node))
                    at_most(rows, key, both + other, 0)


def together(symbols: Symbols) -> Rows:
    """The components of a group stand on one node, or on nodes of one label value."""
    rows: Rows = {}
    for chain, position, group in _groups(symbols, Rule.TOGETHER):
        first, *others = group.components
        places = {name: _places(symbols, chain, name, group.by) for name in group.components}
        for other in others:
            for place in dict.fromkeys([*places[first], *places[other]]):
                difference = places[first].get(place, []) + minus(places[other].get(place, []))
                equal(rows, (chain.name, str(position), first, other, *place), difference)
    return rows


def apart(symbols: Symbols) -> Rows:
    """At most one component of a group stands on each node, or on the nodes of each label value."""
    rows: Rows = {}
    for chain, position, group in _groups(symbols, Rule.APART):
        standing: dict[tuple[str, str], Terms] = defaultdict(list)
        for name in group.components:
            for place, terms in _places(symbols, chain, name, group.by).items():
                standing[place] += terms
        for place, terms in standing.items():
            accept = symbols.accept[chain.name]
            at_most(rows, (chain.name, str(position), *place), [*terms, (-1, accept)], 0)
    return rows


def class_share(symbols: Symbols) -> Rows:
    """Per class, resource and link direction, what its chains take stays within its share of the capacity."""
    rows: Rows = {}
    shares = {one.name: one.share for one in symbols.instance.classes.values() if one.share is not None}
    used_capacities = _capacities(symbols) if shares else []
    for name, share in shares.items():
        numerator, denominator = share.as_integer_ratio()
        for group, key, parts, capacity in used_capacities:
            own = [part for part in parts if part.chain is not None and part.chain.class_name == name]
            if denominator * sum(part.most for part in own) > numerator * capacity:
                # In whole numbers; the part that the class may use grows with the capacity.
                terms = [term for part in own for term in part.terms]
                most = -(-denominator * sum(part.most for part in own) // max(numerator, 1)) - capacity
                growth = symbols.growth(group, (amount for amount, _ in terms), most) if numerator else []
                used = [(denominator * amount, var) for amount, var in terms]
                used += [(-numerator * unit, var) for unit, var in growth]
                at_most(rows, (name, *key), used, numerator * capacity)
    return rows


def max_moves(symbols: Symbols) -> Rows:
    """No more components move than may. What is not movable has no candidate but the one where it was."""
    most = symbols.problem.max_moves
    terms = [term for _, move in moves(symbols) for term in move]
    rows: Rows = {}
    if most is not None:
        at_most(rows, ("all",), terms, most)
    return rows


def moves(symbols: Symbols, class_name: str | None = None) -> Iterator[tuple[Component, Terms]]:
    """Every component that ran before, with 1 if it moves: its chain is accepted and it does not stay."""
    previous = symbols.problem.previous
    nodes = symbols.problem.infrastructure.nodes
    for block in symbols.blocks(class_name):
        chain = block.chain
        before = None if previous is None else previous.chains.get(chain.name)
        for name, component in chain.components.items():
            spot = None if before is None or component.function is None else before.components.get(name)
            if spot is None:
                continue
            stays = [
                (-1, var)
                for node, options in symbols.options[chain.name, name].items()
                for candidate, var in options
                if candidate.implementation is not None and spot == candidate.spot(nodes[node])
            ]
            yield component, [(1, symbols.accept[chain.name]), *stays]


def active(symbols: Symbols) -> Rows:
    """A node that hosts a component is active: one row per component and node, not one per node (it is tighter)."""
    rows: Rows = {}
    for chain, component, _ in symbols.functions():
        for node in symbols.options[chain.name, component.name]:
            name = node_name(symbols, node)
            if name in symbols.model.hosts:
                stands = symbols.stands(chain, component.name, node)
                at_most(rows, (chain.name, component.name, name), [*stands, (-1, symbols.model.hosts[name])], 0)
    for chain, flow, served in symbols.programs() if len(symbols.model.hosts) else ():
        name = node_name(symbols, served.node)
        if name in symbols.model.hosts and not served.function.shared_by(flow):
            key = (chain.name, *flow.ends, served.function.name, name)
            at_most(rows, key, [*served.terms, (-1, symbols.model.hosts[name])], 0)
    for (node, function, implementation), opened in symbols.opened.items():
        name = node_name(symbols, node)
        if name in symbols.model.hosts:
            at_most(rows, (name, function, implementation), [(1, opened[0]), (-1, symbols.model.hosts[name])], 0)
    return rows


def balance(symbols: Symbols) -> Rows:
    """The largest used share is at least that of every resource and link direction with any capacity."""
    rows: Rows = {}
    for _, key, parts, capacity in _capacities(symbols) if 0 in symbols.model.most else ():
        if capacity > 0:
            terms = [term for part in parts for term in part.terms]
            at_most(rows, key, [*terms, (-capacity, symbols.model.most[0])], 0)
    return rows


def symmetry(symbols: Symbols) -> Rows:
    """Of servers and devices that are alike, the former hosts no fewer components than the latter."""
    if Strengthening.SYMMETRY not in symbols.strengthenings or symbols.actual is not None:
        return {}
    rows: Rows = {}
    for key, use, following in ordered(symbols):
        at_most(rows, key, following + minus(use), 0)
    return rows


def _capacities(
    symbols: Symbols,
) -> list[tuple[CapacityName, tuple[str, ...], Sequence[Part], int]]:
    """(capacity, name of its row, who takes how much, how much there is) of all that is in use."""
    has = capacities(symbols.instance)
    uses = [
        *((("node", *key), key, parts) for key, parts in node_uses(symbols).items()),
        *((("device", *key), key, parts) for key, parts in device_uses(symbols).items()),
        *((("link", *key), (*key, "link"), parts) for key, parts in link_uses(symbols).items()),
    ]
    return [(name, key, parts, has.get(name, NO_CAPACITY).amount) for name, key, parts in uses]


def _groups(symbols: Symbols, rule: Rule) -> Iterable[tuple[Chain, int, Group]]:
    for block in symbols.blocks():
        groups = block.chain.together if rule is Rule.TOGETHER else block.chain.apart
        for position, group in enumerate(groups):
            yield block.chain, position, group


def _places(symbols: Symbols, chain: Chain, component: str, by: str | None) -> dict[tuple[str, str], Terms]:
    """("node", name) or ("value", label value) -> 1 if the component stands there."""
    places: dict[tuple[str, str], Terms] = defaultdict(list)
    for node in sorted(symbols.nodes(chain, component)):
        stands = symbols.problem.infrastructure.nodes[node]
        place = ("node", stands.name) if by is None else stands.value(by)
        places[place] += symbols.stands(chain, component, node)
    return places


ROWS: Mapping[Rule, Callable[[Symbols], Rows]] = {
    Rule.PLACED: placed,
    Rule.CAPACITY: capacity,
    Rule.DEVICE: device,
    Rule.THROUGHPUT: throughput,
    Rule.ROUTED: routed,
    Rule.BANDWIDTH: bandwidth,
    Rule.PER_HOP: per_hop,
    Rule.LATENCY: latency,
    Rule.TOGETHER: together,
    Rule.APART: apart,
    Rule.CLASS_SHARE: class_share,
    Rule.MAX_MOVES: max_moves,
}
"""Every rule that has rows."""
