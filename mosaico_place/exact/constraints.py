"""The rules of the model: one function per rule, each returning its rows by name.

``only`` and ``never`` have no rows: they decide which candidates exist (:mod:`mosaico_place.compile.candidates`).
The mathematics stands in ``docs/model.md`` under the same names.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from mosaico_place.exact.strengthening import Strengthening, ordered
from mosaico_place.exact.use import Part, device_uses, link_uses, node_uses
from mosaico_place.exact.variables import Symbols, Terms, budget_name, joins, node_name
from mosaico_place.instance import Budget, Chain, Component, Flow, Group, Kind
from mosaico_place.latency import budget_flows
from mosaico_place.placement import Spot
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
            _equal(rows, (block.chain.name, component.name), [*places, (-1, symbols.accept[block.chain.name])])
    return rows


def capacity(symbols: Symbols) -> Rows:
    """Per node and resource, the demands on it stay within what is free."""
    rows: Rows = {}
    for (node, resource), parts in node_uses(symbols).items():
        free = symbols.instance.nodes[node].free(resource)
        _fits(symbols, rows, ("node", node, resource), parts, free)
    if Strengthening.COVER in symbols.strengthenings and symbols.actual is None:
        _cover(symbols, rows)
    return rows


def _cover(symbols: Symbols, rows: Rows) -> None:
    """What the users of opened instances take is no more than what these leave of the node, or nothing."""
    for (node, function, name), users in _users(symbols).items():
        implementation = symbols.problem.instance.functions[function].implementations[name]
        opened = symbols.opened[node, function, name][0]
        # Equivalent components may be charged once, so they are left out.
        served = [terms for who, _, terms in users if len(who) == 2 and not _has_equivalents(symbols, *who)]
        for resource, amount in implementation.demand.items():
            owner = symbols.problem.infrastructure.nodes[node]
            left = owner.free(resource) - implementation.once.get(resource, 0)
            if amount and amount * len(served) > left:
                taken = [(amount * sign, var) for terms in served for sign, var in terms]
                _at_most(rows, (owner.name, resource, function, name), [*taken, (-left, opened)], 0)


def _has_equivalents(symbols: Symbols, chain: str, component: str) -> bool:
    return any(component in group for group in symbols.problem.instance.chains[chain].equivalent)


def device(symbols: Symbols) -> Rows:
    """Per device and device resource, the demands on it stay within what it has."""
    rows: Rows = {}
    for (node, name, resource), parts in device_uses(symbols).items():
        has = symbols.instance.nodes[node].devices[name].get(resource, 0)
        _fits(symbols, rows, ("device", node, name, resource), parts, has)
    return rows


def throughput(symbols: Symbols) -> Rows:
    """What is served needs an instance, and no more is served than the opened instances carry.

    Each user by itself is bounded by the number of instances that it needs alone: tighter than the sum of them.
    """
    rows: Rows = {}
    users = _users(symbols)
    functions = symbols.problem.instance.functions
    for (node, function, name), opened in symbols.opened.items():
        key = (node_name(symbols, node), function, name)
        carries = functions[function].implementations[name].capacity_bps
        served = users.get((node, function, name), [])
        for who, load, terms in served:
            needed = 1 if not carries else max(-(-load // carries), 1)
            if needed > len(opened):
                _at_most(rows, (*key, *who), terms, 0)
            elif len(who) == 2 and Strengthening.DISAGGREGATE in symbols.strengthenings:
                # A per-hop user has this row under its own rule.
                _at_most(rows, (*key, *who), [*terms, (-1, opened[needed - 1])], 0)
        if Strengthening.DISAGGREGATE not in symbols.strengthenings:
            everybody = [term for who, _, terms in served if len(who) == 2 for term in terms]
            _at_most(rows, (*key, "all"), [*everybody, (-len(everybody), opened[0])], 0)
        for k in range(1, len(opened)):
            _at_most(rows, (*key, str(k + 1)), [(1, opened[k]), (-1, opened[k - 1])], 0)
        if carries is not None and sum(load for _, load, _ in served) > carries:
            loads = [(load * sign, var) for _, load, terms in served for sign, var in terms]
            _at_most(rows, key, loads + [(-carries, var) for var in opened], 0)
    _one_program(symbols, rows)
    return rows


def _users(symbols: Symbols) -> dict[tuple[int, str, str], list[tuple[tuple[str, ...], int, Terms]]]:
    """(node, function, implementation) -> (who, load, 1 if served there) of everything that shared functions serve."""
    users: dict[tuple[int, str, str], list[tuple[tuple[str, ...], int, Terms]]] = defaultdict(list)
    for chain, component, function in symbols.functions():
        if not function.shared or component.private:
            continue
        load = chain.load_bps(component.name)
        for node, candidates in symbols.options[chain.name, component.name].items():
            by_name: dict[str, Terms] = defaultdict(list)  # on whichever device
            for candidate, var in candidates:
                assert candidate.implementation is not None, "only endpoints have none"
                by_name[candidate.implementation.name].append((1, var))
            for name, terms in by_name.items():
                users[node, function.name, name].append(((chain.name, component.name), load, terms))
    for block in symbols.blocks():
        for flow in block.chain.flows:
            if not flow.per_hop or flow.private:
                continue
            for served in symbols.served(block.chain, flow, symbols.touching(block.chain, flow)):
                if served.function.shared:
                    who = (block.chain.name, *flow.ends)
                    users[served.node, served.function.name, served.program.name].append(
                        (who, flow.rate_bps, served.terms)
                    )
    return users


def _one_program(symbols: Symbols, rows: Rows) -> None:
    """At most one program of a shared function on each switch."""
    programs: dict[tuple[int, str], Terms] = defaultdict(list)
    for (node, function, _), opened in symbols.opened.items():
        if symbols.problem.infrastructure.nodes[node].kind is Kind.P4_SWITCH:
            programs[node, function] += [(1, var) for var in opened]
    for (node, function), terms in programs.items():
        if len(terms) > 1:
            _at_most(rows, (node_name(symbols, node), function, "one program"), terms, 1)


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
    for arc, var in symbols.ways(chain, flow):
        leaving[int(infrastructure.tail[arc])].append((1, var))
        entering[int(infrastructure.head[arc])].append((1, var))
    tails, heads = symbols.nodes(chain, flow.tail), symbols.nodes(chain, flow.head)
    copied = flow.copy_of is not None or any(other.copy_of == flow.ends for other in chain.flows)
    for node in sorted(tails | heads | set(leaving) | set(entering)):
        key = (chain.name, *flow.ends, node_name(symbols, node))
        head = symbols.stands(chain, flow.head, node)
        tail = symbols.stands(chain, flow.tail, node)
        balanced = leaving[node] + _minus(entering[node]) + _minus(tail) + head
        _equal(rows, key, balanced)
        if not infrastructure.forwards[node] and node in tails & heads and entering[node]:
            _at_most(rows, (*key, "in"), entering[node] + _minus(head), 0)
            if leaving[node] and infrastructure.hand_over_ns[node] > 0:
                # Otherwise a circle back to the node could stand in for a longer hand-over.
                _at_most(rows, (*key, "out"), [*leaving[node], *head, (-1, symbols.accept[chain.name])], 0)
        if copied and entering[node] and infrastructure.forwards[node]:
            # Otherwise a copy could follow its host round a circle that the host does not need.
            _at_most(rows, (*key, "once"), [*entering[node], *tail, (-1, symbols.accept[chain.name])], 0)
    if flow.copy_of is not None:
        _copy(symbols, rows, chain, flow)


def _copy(symbols: Symbols, rows: Rows, chain: Chain, flow: Flow) -> None:
    """A copy follows its host only where that goes, and from the beginning: once it has left, it has left for good."""
    infrastructure = symbols.problem.infrastructure
    assert flow.copy_of is not None, "called for copies only"
    own, host = dict(symbols.arcs[chain.name, *flow.ends]), dict(symbols.arcs[chain.name, *flow.copy_of])
    delays = {ends: block.delay_ns for ends, block in symbols.problem.blocks[chain.name].flows.items()}
    here = symbols.following(chain, flow)
    leaving: dict[int, Terms] = defaultdict(list)
    for arc, var in symbols.follows[chain.name, *flow.ends]:
        ends = (node_name(symbols, infrastructure.tail[arc]), node_name(symbols, infrastructure.head[arc]))
        _at_most(rows, (chain.name, *flow.ends, *ends, "with host"), [(1, var), (-1, host[arc])], 0)
        if arc in own and (chain.flow(flow.copy_of).per_hop or delays[flow.copy_of][arc] > delays[flow.ends][arc]):
            # Otherwise a copy could pay for not being held up with its host, on the very links that its host takes.
            together = [(1, own[arc]), (1, host[arc]), *here.get(int(infrastructure.tail[arc]), [])]
            _at_most(rows, (chain.name, *flow.ends, *ends, "left"), [*together, (-2, symbols.accept[chain.name])], 0)
        leaving[int(infrastructure.tail[arc])].append((1, var))
    for node, terms in leaving.items():
        key = (chain.name, *flow.ends, node_name(symbols, node), "following")
        _at_most(rows, key, terms + _minus(here.get(node, [])), 0)


def bandwidth(symbols: Symbols) -> Rows:
    """Per link direction, the rates on it stay within what is free."""
    free = {}
    for link in symbols.instance.links:
        free[link.ends] = link.forth.free_bps
        free[link.ends[::-1]] = link.back.free_bps
    rows: Rows = {}
    for (tail, head), parts in link_uses(symbols).items():
        _fits(symbols, rows, ("link", tail, head), parts, free[tail, head])
    return rows


def per_hop(symbols: Symbols) -> Rows:
    """A flow that touches a switch finds its functions opened there: one row for all the arcs that lead to it."""
    rows: Rows = {}
    for block in symbols.blocks():
        chain = block.chain
        for flow in chain.flows:
            touch = symbols.touching(chain, flow) if flow.per_hop else {}
            for node, programs in block.flows[flow.ends].programs.items():
                for name, several in programs.items() if node in touch else ():
                    key = (chain.name, *flow.ends, node_name(symbols, node), name)
                    choice = symbols.serves.get((chain.name, *flow.ends, node, name))
                    if choice is not None:
                        _equal(rows, key, [(1, var) for _, var in choice] + _minus(touch[node]))
                    if flow.private or not symbols.problem.instance.functions[name].shared:
                        continue
                    for program, terms in [(one, [(1, var)]) for one, var in choice or ()] or [
                        (several[0], touch[node])
                    ]:
                        opened = symbols.opened[node, name, program.name][0]
                        if Strengthening.AGGREGATE in symbols.strengthenings:
                            _at_most(rows, (*key, program.name), [*terms, (-1, opened)], 0)
                            continue
                        for position, term in enumerate(terms):
                            _at_most(rows, (*key, program.name, str(position)), [term, (-1, opened)], 0)
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
        if any(group.components[-1] == flow.head and group.components[0] in end for group in chain.independent):
            # A budget that begins within a parallel group has nothing to save.
            through += _minus(symbols.saves.get((chain.name, flow.head), []))
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


def class_share(symbols: Symbols) -> Rows:
    """Per class, resource and link direction, what its chains take stays within its share of the capacity."""
    rows: Rows = {}
    limited = [one for one in symbols.instance.classes.values() if one.share is not None]
    capacities = _capacities(symbols) if limited else []
    for traffic_class in limited:
        assert traffic_class.share is not None, "the others are left out"
        for group, key, parts, capacity in capacities:
            own = [part for part in parts if part.chain is not None and part.chain.class_name == traffic_class.name]
            limit = traffic_class.limit(capacity)
            if own and limit is not None and sum(part.most for part in own) > limit:
                # In whole numbers; the part that the class may use grows with the capacity.
                numerator, denominator = traffic_class.share.as_integer_ratio()
                terms = [term for part in own for term in part.terms]
                most = -(-denominator * sum(part.most for part in own) // max(numerator, 1)) - capacity
                growth = symbols.growth(group, (amount for amount, _ in terms), most) if numerator else []
                used = [(denominator * amount, var) for amount, var in terms]
                used += [(-numerator * unit, var) for unit, var in growth]
                _at_most(rows, (traffic_class.name, *key), used, numerator * capacity)
    return rows


def max_moves(symbols: Symbols) -> Rows:
    """No more components move than may. What is not movable has no candidate but the one where it was."""
    most = symbols.problem.max_moves
    terms = [term for _, move in moves(symbols) for term in move]
    rows: Rows = {}
    if most is not None:
        _at_most(rows, ("all",), terms, most)
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
                if candidate.implementation is not None
                and spot == Spot(nodes[node].name, candidate.implementation.name, candidate.device)
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
                _at_most(rows, (chain.name, component.name, name), [*stands, (-1, symbols.model.hosts[name])], 0)
    for block in symbols.blocks() if len(symbols.model.hosts) else ():
        for flow in block.chain.flows if any(flow.per_hop for flow in block.chain.flows) else ():
            for served in symbols.served(block.chain, flow, symbols.touching(block.chain, flow)):
                name = node_name(symbols, served.node)
                if name in symbols.model.hosts and (flow.private or not served.function.shared):
                    key = (block.chain.name, *flow.ends, served.function.name, name)
                    _at_most(rows, key, [*served.terms, (-1, symbols.model.hosts[name])], 0)
    for (node, function, implementation), opened in symbols.opened.items():
        name = node_name(symbols, node)
        if name in symbols.model.hosts:
            _at_most(rows, (name, function, implementation), [(1, opened[0]), (-1, symbols.model.hosts[name])], 0)
    return rows


def balance(symbols: Symbols) -> Rows:
    """The largest used share is at least that of every resource and link direction with any capacity."""
    rows: Rows = {}
    for _, key, parts, capacity in _capacities(symbols) if 0 in symbols.model.most else ():
        if capacity > 0:
            terms = [term for part in parts for term in part.terms]
            _at_most(rows, key, [*terms, (-capacity, symbols.model.most[0])], 0)
    return rows


def symmetry(symbols: Symbols) -> Rows:
    """Of servers and devices that are alike, the former hosts no fewer components than the latter."""
    if Strengthening.SYMMETRY not in symbols.strengthenings or symbols.actual is not None:
        return {}
    rows: Rows = {}
    for key, use, following in ordered(symbols):
        _at_most(rows, key, following + _minus(use), 0)
    return rows


def _capacities(
    symbols: Symbols,
) -> list[tuple[tuple[str, ...], tuple[str, ...], Sequence[Part], int]]:
    """(what, name, who takes how much, capacity) of all node and device resources and link directions in use."""
    instance = symbols.instance
    bandwidths: dict[tuple[str, ...], int] = {}
    for link in instance.links:
        bandwidths[link.ends] = link.forth.bandwidth_bps
        bandwidths[link.ends[::-1]] = link.back.bandwidth_bps
    return [
        *(
            (("node", *key), key, parts, instance.nodes[key[0]].capacity.get(key[1], 0))
            for key, parts in node_uses(symbols).items()
        ),
        *(
            (("device", *key), key, parts, instance.nodes[key[0]].devices[key[1]].get(key[2], 0))
            for key, parts in device_uses(symbols).items()
        ),
        *((("link", *key), (*key, "link"), parts, bandwidths[key]) for key, parts in link_uses(symbols).items()),
    ]


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


def _fits(symbols: Symbols, rows: Rows, name: tuple[str, ...], parts: Sequence[Part], free: int) -> None:
    """Add the row "what all parts take of a capacity <= what is free of it", unless all of them fit at once."""
    most = sum(part.most for part in parts)
    if most > free:
        terms = [term for part in parts for term in part.terms]
        growth = symbols.growth(name, (amount for amount, _ in terms), most - free)
        _at_most(rows, name[1:], terms + _minus(growth), free)


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
