"""The rules of the model: one function per rule, each returning its rows by name.

``only`` and ``never`` have no rows: they decide which candidates exist (:mod:`mosaico_place.compile.candidates`).
The mathematics stands in ``docs/model.md`` under the same names.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from mosaico_place.exact.variables import Symbols, Terms, budget_name, joins, node_name
from mosaico_place.instance import Budget, Chain, Flow, Group
from mosaico_place.latency import budget_flows
from mosaico_place.rules import Rule

Row = tuple[int | None, Any, int | None]
"""(lower bound, Pyomo expression, upper bound), as :class:`pyomo.environ.Constraint` takes it."""

Rows = dict[tuple[str, ...], Row]


def add_constraints(symbols: Symbols, pause: Callable[[], None]) -> None:
    """Give the model its rules, and the rows that tie a cost term's own variables to the placement."""
    for rule, rows in ROWS.items():
        _add(symbols.model, rule.value, rows(symbols))
        pause()
    _add(symbols.model, "active_rows", active(symbols))


def _add(model: Any, name: str, rows: Rows) -> None:
    constraint = pyo.Constraint(pyo.Any)  # the keys of one rule differ in length
    setattr(model, name, constraint)
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
            _equal(rows, (block.chain.name, component.name), [*places, (-1, symbols.accept[block.chain.name])])
    return rows


def capacity(symbols: Symbols) -> Rows:
    """Per node and resource, the demands on it stay within what is free."""
    use: dict[tuple[int, str], Terms] = defaultdict(list)
    for options in symbols.options.values():
        for node, candidates in options.items():
            for candidate, var in candidates:
                if candidate.implementation is not None:
                    for resource, amount in candidate.implementation.demand.items():
                        use[node, resource].append((amount, var))
    rows: Rows = {}
    for (node, resource), terms in use.items():
        free = symbols.problem.infrastructure.nodes[node].free(resource)
        _fits(rows, (node_name(symbols, node), resource), terms, free)
    return rows


def device(symbols: Symbols) -> Rows:
    """Per device and device resource, the demands on it stay within what it has."""
    use: dict[tuple[int, str, str], Terms] = defaultdict(list)
    for options in symbols.options.values():
        for node, candidates in options.items():
            for candidate, var in candidates:
                if candidate.implementation is not None and candidate.device is not None:
                    for resource, amount in candidate.implementation.device.items():
                        use[node, candidate.device, resource].append((amount, var))
    rows: Rows = {}
    for (node, name, resource), terms in use.items():
        has = symbols.problem.infrastructure.nodes[node].devices[name].get(resource, 0)
        _fits(rows, (node_name(symbols, node), name, resource), terms, has)
    return rows


def routed(symbols: Symbols) -> Rows:
    """Each flow leaves its tail's node and arrives at its head's; no path leads through a server."""
    rows: Rows = {}
    for block in symbols.blocks():
        for flow in block.chain.flows:
            _route(symbols, rows, block.chain, flow)
    return rows


def _route(symbols: Symbols, rows: Rows, chain: Chain, flow: Flow) -> None:
    """Flow conservation at every node that the flow could touch, and the strong form of "only the head receives".

    At a node that does not forward, what enters is bounded by the head's standing there as a whole, not arc by arc.
    """
    infrastructure = symbols.problem.infrastructure
    leaving: dict[int, Terms] = defaultdict(list)
    entering: dict[int, Terms] = defaultdict(list)
    for arc, var in symbols.arcs[chain.name, *flow.ends]:
        leaving[int(infrastructure.tail[arc])].append((1, var))
        entering[int(infrastructure.head[arc])].append((1, var))
    tails, heads = symbols.nodes(chain, flow.tail), symbols.nodes(chain, flow.head)
    for node in sorted(tails | heads | set(leaving) | set(entering)):
        key = (chain.name, *flow.ends, node_name(symbols, node))
        head = symbols.stands(chain, flow.head, node)
        balance = leaving[node] + _minus(entering[node]) + _minus(symbols.stands(chain, flow.tail, node)) + head
        _equal(rows, key, balance)
        if not infrastructure.forwards[node] and node in tails & heads and entering[node]:
            _at_most(rows, (*key, "in"), entering[node] + _minus(head), 0)
            if leaving[node] and infrastructure.hand_over_ns[node] > 0:
                # Otherwise a circle back to the node could stand in for a longer hand-over.
                _at_most(rows, (*key, "out"), [*leaving[node], *head, (-1, symbols.accept[chain.name])], 0)


def bandwidth(symbols: Symbols) -> Rows:
    """Per link direction, the rates on it stay within what is free."""
    use: dict[int, Terms] = defaultdict(list)
    for block in symbols.blocks():
        for flow in block.chain.flows:
            for arc, var in symbols.arcs[block.chain.name, *flow.ends]:
                use[arc].append((flow.rate_bps, var))
    infrastructure = symbols.problem.infrastructure
    rows: Rows = {}
    for arc, terms in use.items():
        ends = (int(infrastructure.tail[arc]), int(infrastructure.head[arc]))
        key = (node_name(symbols, ends[0]), node_name(symbols, ends[1]))
        _fits(rows, key, terms, int(infrastructure.free_bps[arc]))
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
                _at_most(rows, (chain.name, name, "within"), [*end, (-budget.within_ns, accept)], 0)
            if late and budget.target_ns is not None:
                unit = symbols.time_unit[chain.name]
                above = [(-unit, symbols.model.late[chain.name, name]), (-budget.target_ns, accept)]
                _at_most(rows, (chain.name, name, "target"), [*end, *above], 0)
    _hand_over(symbols, rows)
    return rows


def _end(symbols: Symbols, rows: Rows, chain: Chain, budget: Budget, name: str) -> Terms:
    """When the budget's last component ends, in ns after the start of its first; adds the rows of joins."""
    joining = joins(chain, budget)
    end = {budget.tail: symbols.processing(chain, budget.tail)}
    for flow in budget_flows(chain, budget):
        through = end[flow.tail] + symbols.travel(chain, flow) + symbols.processing(chain, flow.head)
        if flow.head not in joining:
            end[flow.head] = through
            continue
        end[flow.head] = [(symbols.time_unit[chain.name], symbols.model.end[chain.name, name, flow.head])]
        _at_most(rows, (chain.name, name, "join", *flow.ends), through + _minus(end[flow.head]), 0)
    return end[budget.head]


def _hand_over(symbols: Symbols, rows: Rows) -> None:
    """``same`` is 1 where both ends of a flow stand on one switch."""
    for block in symbols.blocks():
        chain = block.chain
        for flow in chain.flows:
            for node in symbols.handing_over(chain, flow):
                if symbols.splits(chain, flow, node):
                    both = symbols.stands(chain, flow.tail, node) + symbols.stands(chain, flow.head, node)
                    other = [(-1, symbols.accept[chain.name]), *_minus(symbols.same(chain, flow, node))]
                    key = (chain.name, "same", *flow.ends, node_name(symbols, node))
                    _at_most(rows, key, both + other, 0)


def together(symbols: Symbols) -> Rows:
    """The components of a group stand on one node, or on nodes of one label value."""
    rows: Rows = {}
    for chain, position, group in _groups(symbols, Rule.TOGETHER):
        first, *others = group.components
        places = {name: _places(symbols, chain, name, group.by) for name in group.components}
        for other in others:
            for place in dict.fromkeys([*places[first], *places[other]]):
                difference = places[first].get(place, []) + _minus(places[other].get(place, []))
                _equal(rows, (chain.name, str(position), first, other, *place), difference)
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
            _at_most(rows, (chain.name, str(position), *place), [*terms, (-1, accept)], 0)
    return rows


def active(symbols: Symbols) -> Rows:
    """A node that hosts a component is active: one row per component and node, not one per node (it is tighter)."""
    rows: Rows = {}
    for (chain, component), options in symbols.options.items():
        if symbols.problem.instance.chains[chain].components[component].function is None:
            continue
        for node, candidates in options.items():
            name = node_name(symbols, node)
            if name in symbols.model.hosts:
                stands: Terms = [(1, var) for _, var in candidates]
                _at_most(rows, (chain, component, name), [*stands, (-1, symbols.model.hosts[name])], 0)
    return rows


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
    Rule.ROUTED: routed,
    Rule.BANDWIDTH: bandwidth,
    Rule.LATENCY: latency,
    Rule.TOGETHER: together,
    Rule.APART: apart,
}
"""Every rule that has rows."""


def _minus(terms: Terms) -> Terms:
    return [(-coefficient, var) for coefficient, var in terms]


def _equal(rows: Rows, key: tuple[str, ...], terms: Terms) -> None:
    """Add the row terms == 0, unless nothing is left of it."""
    constant, linear = _collect(terms)
    if linear:
        rows[key] = (-constant, _linear(linear), -constant)
    elif constant:
        rows[key] = _NEVER


def _at_most(rows: Rows, key: tuple[str, ...], terms: Terms, limit: int) -> None:
    """Add the row terms <= limit in its smallest whole numbers, unless nothing is left of it."""
    constant, linear = _collect(terms)
    limit -= constant
    if linear:
        divisor = math.gcd(*(coefficient for coefficient, _ in linear))
        small = [(coefficient // divisor, var) for coefficient, var in linear]
        rows[key] = (None, _linear(small), limit // divisor)
    elif limit < 0:
        rows[key] = _NEVER


def _fits(rows: Rows, key: tuple[str, ...], terms: Terms, free: int) -> None:
    """Add the row terms <= free for amounts of 0-1 variables, unless all of them fit at once."""
    if sum(amount for amount, _ in terms) > free:
        _at_most(rows, key, terms, free)


_NEVER: Row = (1, None, None)
"""A row that nothing satisfies: two endpoints that must be apart and stand on one node."""


def _collect(terms: Terms) -> tuple[int, Terms]:
    """The constant, and one term per variable."""
    constant = 0
    total: dict[int, list[Any]] = {}
    for coefficient, var in terms:
        if isinstance(var, int):
            constant += coefficient * var
        else:
            total.setdefault(id(var), [0, var])[0] += coefficient
    return constant, [(coefficient, var) for coefficient, var in total.values() if coefficient]


def _linear(terms: Terms) -> Any:
    return LinearExpression(
        linear_coefs=[coefficient for coefficient, _ in terms], linear_vars=[var for _, var in terms]
    )
