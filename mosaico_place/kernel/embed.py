"""The kernel: the cheapest embedding of one chain at given prices and remaining capacities, with a lower bound.

The units of a chain (components that share a node) form trees; costs spread from unit to unit over the arcs, leaves
first, and the cheapest nodes are read back from the roots. Latency budgets enter with a price per ns of their slowest
way, raised while a budget is broken (the Lagrangian relaxation of Handler and Zang, "A dual algorithm for the
constrained shortest path problem", Networks 10, 1980): every such price gives a lower bound, the best is kept. An
embedding is tried on the state for real, component by component and flow by flow, so it keeps every rule jointly.

The bound ignores (see :func:`relaxations`): joint use of one capacity by several parts of the chain, ``apart`` and
``together`` by label, flows that close circles of units (role CHORD), what copies cost, and what merging or parallel
running saves is granted in full. None of these lowers the cost of an embedding, so the bound is valid; where nothing of
it applies, it is exact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaico_place.kernel.compiled import inner, inner_inline, inner_making, outer, outer_inline
from mosaico_place.kernel.shapes import CHORD, COPY, FIXED, INNER, PIN_HEAD, PIN_TAIL
from mosaico_place.kernel.spread import spread, trace
from mosaico_place.kernel.state import holds, more_instances, serve, take

TRIES = 12
"""Rounds of prices for latency, and of nodes that are ruled out because the whole does not fit."""

LONGEST = 64
"""Arcs in a path; longer ones are not considered."""

EXACT, RELAXED_JOIN, RELAXED_COPY, RELAXED_REWRITE, RELAXED_APART = 0, 1, 2, 4, 8
"""What a bound leaves out, added up; joint use and the gap of latency prices show as cost above the bound."""


class Embeddings(NamedTuple):
    """Where chains stand, by number of component and flow.

    Attributes:
        option: (components,) option; -1 for endpoints and chains that are not placed.
        length: (flows,) arcs of the path.
        path: (flows, LONGEST) arcs in the direction of travel, for copies from the tail on.
        placed: (chains,) whether the chain is.
        late_ns: (chains,) time above targets.
    """

    option: NDArray[np.int32]
    length: NDArray[np.int32]
    path: NDArray[np.int32]
    placed: NDArray[np.bool_]
    late_ns: NDArray[np.float64]


def no_embeddings(tables: Any) -> Embeddings:
    """Nothing is placed."""
    return Embeddings(
        np.full(len(tables.components), -1, dtype=np.int32),
        np.zeros(len(tables.flows), dtype=np.int32),
        np.zeros((len(tables.flows), LONGEST), dtype=np.int32),
        np.zeros(len(tables.chains), dtype=np.bool_),
        np.zeros(len(tables.chains)),
    )


@inner_inline
def option_cost(tables: Any, state: Any, prices: Any, k: int, c: int, o: int) -> float:
    """Cost of a component in one option; infinite where it does not fit."""
    component, option, line = tables.components[c], tables.options[o], tables.chains[k].line
    if component.load > option.carries or (component.locked and o != component.home):
        return np.inf
    cost = prices.option[line, o]
    if component.ran and o != component.home:
        cost += prices.move[k] * component.move_price
    more, once, once_end = 0.0, 0, 0
    if option.opening >= 0:
        cost += prices.load[option.opening] * component.load + prices.extra[option.opening]
        more = more_instances(tables, state, option.opening, component.load)
        if more == np.inf:
            return np.inf
        once, once_end = tables.openings[option.opening].use, tables.openings[option.opening].use_end
        cost += more * prices.opening[option.opening]
    if not holds(tables, state, line, option.use, option.use_end, once, once_end, more):
        return np.inf
    return cost


@inner_inline
def merged_cost(tables: Any, state: Any, prices: Any, k: int, c: int, o: int) -> float:
    """Cost of a component that is merged into an earlier one; infinite where what serves it has no room for its load.

    It takes nothing of its own, but moves and loads instances like any other.
    """
    component, option = tables.components[c], tables.options[o]
    if component.load > option.carries or (component.locked and o != component.home):
        return np.inf
    cost = prices.move[k] * component.move_price if component.ran and o != component.home else 0.0
    if option.opening >= 0:
        opening, more = tables.openings[option.opening], more_instances(tables, state, option.opening, component.load)
        if more == np.inf or not holds(tables, state, 0, 0, 0, opening.use, opening.use_end, more):
            return np.inf
        cost += prices.load[option.opening] * component.load + prices.extra[option.opening]
        cost += more * prices.opening[option.opening]
    return cost


@inner_inline
def best_option(tables: Any, state: Any, prices: Any, k: int, c: int, n: int, slope: float) -> Any:
    """(cost, option) of the cheapest option of a component on a node, time priced with the slope; -1 if none."""
    best, chosen = np.inf, -1
    start = tables.menu_start[tables.components[c].menu]
    for o in range(start[n], start[n + 1]):
        cost = option_cost(tables, state, prices, k, c, o) + slope * tables.options[o].processing_ns
        if cost < best:
            best, chosen = cost, o
    return best, chosen


@inner_inline
def program_cost(tables: Any, state: Any, prices: Any, k: int, f: int, e: int) -> float:
    """Cost of one program for a flow; infinite where it does not fit."""
    program, rate, line = tables.programs[e], tables.flows[f].rate, tables.chains[k].line
    if rate > program.carries:
        return np.inf
    cost = prices.program[line, e]
    more, once, once_end = 0.0, 0, 0
    if program.opening >= 0:
        cost += prices.load[program.opening] * rate + prices.extra[program.opening]
        more = more_instances(tables, state, program.opening, rate)
        if more == np.inf:
            return np.inf
        once, once_end = tables.openings[program.opening].use, tables.openings[program.opening].use_end
        cost += more * prices.opening[program.opening]
    if not holds(tables, state, line, program.use, program.use_end, once, once_end, more):
        return np.inf
    return cost


@inner_inline
def best_program(tables: Any, state: Any, prices: Any, k: int, f: int, e: int, end: int, slope: float) -> Any:
    """(cost, program, next) of the cheapest alternative from ``e`` on; ``next`` begins those of the next function."""
    number, best, chosen, i = tables.programs[e].function, np.inf, -1, e
    while i < end and tables.programs[i].function == number:
        cost = program_cost(tables, state, prices, k, f, i) + slope * tables.programs[i].processing_ns
        if cost < best:
            best, chosen = cost, i
        i += 1
    return best, chosen, i


@inner_inline
def program_in_use(tables: Any, state: Any, e: int, end: int) -> Any:
    """(program, next) of the alternatives from ``e`` on that serves a flow; ``next`` is as for the cheapest."""
    number, chosen = tables.programs[e].function, -1
    while e < end and tables.programs[e].function == number:
        o = tables.programs[e].opening
        if chosen < 0 and (o < 0 or state.program[tables.openings[o].group] == o):
            chosen = e
        e += 1
    return chosen, e


@inner
def touch_costs(tables: Any, state: Any, prices: Any, k: int, f: int, slope: float, touch: Any) -> None:
    """(nodes,) what the per-hop functions of a flow cost where it touches a node; written like :func:`add_costs`."""
    table, rate, line = tables.flows[f].touch, tables.flows[f].rate, tables.chains[k].line
    touchable, start = tables.touchable[table], tables.touch_start[table]
    function, use, use_end = tables.program_function, tables.program_use, tables.program_use_end
    opening, carries, processing = tables.program_opening, tables.program_carries, tables.program_processing_ns
    uses_row, uses_amount = tables.uses_row, tables.uses_amount
    free, own, price = state.free[0], state.free[line], prices.program[line]
    served, users, in_use = state.load, state.users, state.program
    capacity, group = tables.opening_capacity, tables.opening_group
    load_price, extra = prices.load, prices.extra
    for n in range(len(touch)):
        if not touchable[n]:
            touch[n] = np.inf
            continue
        total = 0.0
        e, end = start[n], start[n + 1]
        while e < end and total < np.inf:
            number, best = function[e], np.inf
            while e < end and function[e] == number:
                o = opening[e]
                cost = price[e] + slope * processing[e]
                fits = rate <= carries[e]
                for i in range(use[e], use_end[e]):
                    if free[uses_row[i]] < uses_amount[i] or own[uses_row[i]] < uses_amount[i]:
                        fits = False
                if o >= 0:
                    cost += load_price[o] * rate + extra[o]
                    if in_use[group[o]] != o or served[o] + rate > capacity[o] or users[o] == 0:
                        # Something would have to be opened.
                        cost = program_cost(tables, state, prices, k, f, e) + slope * processing[e]
                if fits and cost < best:
                    best = cost
                e += 1
            total += best
        touch[n] = total


@inner_making
def spread_flow(
    tables: Any, state: Any, prices: Any, k: int, f: int, start: Any, forth: bool, slope: float,
    touch: Any, dist: Any, last: Any, keys: Any, items: Any,
) -> None:  # fmt: skip
    """Spread labels over the arcs at the prices of one flow."""
    flow, line = tables.flows[f], tables.chains[k].line
    if tables.plain[flow.touch]:
        touch[:] = 0.0
    else:
        touch_costs(tables, state, prices, k, f, slope, touch)
    room = state.free[line, tables.first_arc :] if line > 0 else state.free[0, tables.first_arc :]
    if line > 0:
        room = np.minimum(room, state.free[0, tables.first_arc :])
    spread(tables.net, start, forth, flow.rate, prices.toll[line], prices.arc, prices.link[k], room, slope,
           tables.delays[flow.delay], touch, dist, last, keys, items)  # fmt: skip


@inner
def apply_component(tables: Any, state: Any, k: int, c: int, o: int, merged: bool, sign: int) -> None:
    """Take what a component in an option takes, or give it back; a merged one takes nothing of its own."""
    component, option = tables.components[c], tables.options[o]
    if not merged:
        take(tables, state, tables.chains[k].line, option.use, option.use_end, sign)
    if option.opening >= 0:
        serve(tables, state, option.opening, component.load, sign)
    state.hosted[option.node] += sign


@inner_inline
def merged_before(tables: Any, k: int, c: int, option: Any) -> bool:
    """Whether a component is merged into an earlier one; ``option`` is that of every component."""
    twins = tables.components[c].twins
    if twins < 0:
        return False
    for other in range(tables.chains[k].component, c):
        if tables.components[other].twins == twins and option[other] == option[c]:
            return True
    return False


@outer_inline
def first_node(tables: Any, f: int, option: Any) -> int:
    """The node where a flow begins."""
    tail = tables.flows[f].tail
    component = tables.components[tail]
    return component.node if component.menu < 0 else tables.options[option[tail]].node


@inner_inline
def followed(tables: Any, f: int, length: Any, path: Any) -> int:
    """How many arcs a copy shares with its host from the beginning; 0 for other flows."""
    host = tables.flows[f].copy_of
    if host < 0:
        return 0
    i = 0
    while i < length[f] and i < length[host] and path[f, i] == path[host, i]:
        i += 1
    return i


@inner
def apply_programs(
    tables: Any, state: Any, prices: Any, k: int, f: int, begin: int, length: Any, path: Any, sign: int, limit: int
) -> Any:
    """Let programs serve a flow on the switches that it touches, or end that; at most ``limit`` of them.

    Returns:
        (applied, wanted, cost): how many there were and should have been, and what they cost.
    """
    table, line = tables.flows[f].touch, tables.chains[k].line
    done, wanted, cost = 0, 0, 0.0
    if tables.plain[table]:
        return done, wanted, cost
    for i in range(length[f] + 1):
        n = begin if i == 0 else tables.net.head[path[f, i - 1]]
        e, end = tables.touch_start[table, n], tables.touch_start[table, n + 1]
        while e < end:
            wanted += 1
            chosen, follows, added = -1, e, 0.0
            if sign > 0:
                added, chosen, follows = best_program(tables, state, prices, k, f, e, end, 0.0)
            else:
                chosen, follows = program_in_use(tables, state, e, end)
            e = follows
            if chosen >= 0 and done < limit and done == wanted - 1:
                program = tables.programs[chosen]
                take(tables, state, line, program.use, program.use_end, sign)
                if program.opening >= 0:
                    serve(tables, state, program.opening, tables.flows[f].rate, sign)
                else:
                    state.hosted[n] += sign
                done += 1
                cost += added
    return done, wanted, cost


@inner
def apply_arcs(tables: Any, state: Any, k: int, f: int, length: Any, path: Any, sign: int) -> bool:
    """Take the bandwidth that a flow pays for, or give it back; False, and nothing taken, if there is too little."""
    rate, line, first = tables.flows[f].rate, tables.chains[k].line, tables.first_arc
    begin = followed(tables, f, length, path)
    if sign > 0:
        for i in range(begin, length[f]):
            row = first + path[f, i]
            if state.free[0, row] < rate or (line > 0 and state.free[line, row] < rate):
                return False
    for i in range(begin, length[f]):
        row = first + path[f, i]
        state.free[0, row] -= sign * rate
        if line > 0:
            state.free[line, row] -= sign * rate
    return True


@inner
def apply_flow(tables: Any, state: Any, prices: Any, k: int, f: int, option: Any, length: Any, path: Any) -> Any:
    """Let a flow take its path: (whether it fits, cost); nothing is taken if it does not."""
    if not apply_arcs(tables, state, k, f, length, path, 1):
        return False, 0.0
    begin = first_node(tables, f, option)
    done, wanted, cost = apply_programs(tables, state, prices, k, f, begin, length, path, 1, 1 << 30)
    if done < wanted:
        apply_programs(tables, state, prices, k, f, begin, length, path, -1, done)
        apply_arcs(tables, state, k, f, length, path, -1)
        return False, 0.0
    line, rate = tables.chains[k].line, tables.flows[f].rate
    for i in range(followed(tables, f, length, path), length[f]):
        a = path[f, i]
        cost += rate * (prices.toll[line, a] + prices.link[k] * prices.arc[a])
    return True, cost


@outer
def remove(tables: Any, state: Any, prices: Any, k: int, flows: int, components: int, option: Any, length: Any,
           path: Any) -> None:  # fmt: skip
    """Give back what the first so many flows and components of a chain take."""
    chain = tables.chains[k]
    for f in range(chain.flow + flows - 1, chain.flow - 1, -1):
        begin = first_node(tables, f, option)
        apply_programs(tables, state, prices, k, f, begin, length, path, -1, 1 << 30)
        apply_arcs(tables, state, k, f, length, path, -1)
    for c in range(chain.component + components - 1, chain.component - 1, -1):
        if option[c] >= 0:
            apply_component(tables, state, k, c, option[c], merged_before(tables, k, c, option), -1)


@inner
def flow_ns(tables: Any, state: Any, f: int, option: Any, length: Any, path: Any) -> float:
    """What a flow that is applied takes from the end of its tail to the start of its head."""
    flow = tables.flows[f]
    begin = first_node(tables, f, option)
    total = tables.net.hand_over_ns[begin] if length[f] == 0 else 0.0
    shared, host = length[f], f
    if flow.copy_of >= 0:
        host = flow.copy_of
        shared = followed(tables, f, length, path)
    for i in range(length[f]):
        crossing = host if i < shared else f
        total += tables.delays[tables.flows[crossing].delay, path[f, i]]
    table = tables.flows[host].touch
    if not tables.plain[table]:
        for i in range(shared + 1):
            n = begin if i == 0 else tables.net.head[path[f, i - 1]]
            e, end = tables.touch_start[table, n], tables.touch_start[table, n + 1]
            while e < end:
                chosen, e = program_in_use(tables, state, e, end)
                if chosen >= 0:
                    total += tables.programs[chosen].processing_ns
    return total


@inner_making
def budget_ns(tables: Any, k: int, b: int, option: Any, delay: Any, way: Any) -> float:
    """Latency of a budget; marks the flows of its slowest way.

    Args:
        delay: (flows of the chain,) of each flow.
        way: (flows of the chain,) bool, the result.
    """
    chain, budget = tables.chains[k], tables.budgets[b]
    c0 = chain.component
    size = chain.component_end - c0
    begun, finished, entered = np.zeros(size), np.full(size, -1.0), np.full(size, -1)
    way[:] = False
    finished[budget.tail - c0] = processing_ns(tables, k, budget.tail, option)
    for i in range(budget.flow, budget.flow_end):
        f = tables.budget_flows[i]
        t, h = tables.flows[f].tail - c0, tables.flows[f].head - c0
        if finished[t] < 0:
            continue
        begin = finished[t] + delay[f - chain.flow]
        longest = parallel_ns(tables, k, tables.components[h + c0].group, option) if tables.flows[f].inside else -1.0
        if longest >= 0:
            begin = begun[t]
        else:
            longest = processing_ns(tables, k, h + c0, option)
        if begin + longest > finished[h]:
            begun[h], finished[h] = begin, begin + longest
            entered[h] = f
    c = budget.head - c0
    while entered[c] >= 0:
        way[entered[c] - chain.flow] = True
        c = tables.flows[entered[c]].tail - c0
    return finished[budget.head - c0]


@inner_inline
def processing_ns(tables: Any, k: int, c: int, option: Any) -> float:
    """Time in a component that is placed."""
    if tables.components[c].menu < 0:
        return tables.components[c].processing_ns
    return 0.0 if merged_before(tables, k, c, option) else tables.options[option[c]].processing_ns


@outer
def parallel_ns(tables: Any, k: int, group: int, option: Any) -> float:
    """Time of independent components that run in parallel; -1 where they do not: they stand apart, or it would not pay.

    The same decision as :func:`mosaico_place.latency.rewritten`.
    """
    chain = tables.chains[k]
    node, count = -1, 0
    longest, total, join = 0.0, 0.0, 0.0
    for c in range(chain.component, chain.component_end):
        if tables.components[c].group == group:
            n = tables.options[option[c]].node
            if node >= 0 and n != node:
                return -1.0
            node, join = n, tables.components[c].join_ns
            time = processing_ns(tables, k, c, option)
            longest, total, count = max(longest, time), total + time, count + 1
    return longest + join if longest + join < total + (count - 1) * tables.net.hand_over_ns[node] else -1.0


@inner
def unit_costs(tables: Any, state: Any, prices: Any, k: int, u: int, pay: Any, blocked: Any, total: Any) -> bool:
    """(nodes,) least cost of a unit's components where it may stand, each for itself; time priced with ``pay``.

    False if it can stand nowhere.
    """
    chain = tables.chains[k]
    mask, ruled_out = tables.mask[u], blocked[u - chain.unit]
    for n in range(len(total)):
        total[n] = np.inf if ruled_out[n] or not mask[n] else 0.0
    for c in range(chain.component, chain.component_end):
        component = tables.components[c]
        if component.unit == u and component.menu >= 0:
            slope = 0.0 if component.vanishes else pay[c - chain.component]
            if not add_costs(tables, state, prices, k, c, slope, total):
                return False
    return True


@inner
def add_costs(tables: Any, state: Any, prices: Any, k: int, c: int, slope: float, total: Any) -> bool:
    """Add the cost of a component's cheapest option to every node's total; False if no finite total is left.

    The same as :func:`best_option` on every node. This is the innermost loop of the kernel, so it is one function, and
    all arrays stand in names of their own, which spares compiled code the counting of references.
    """
    component, line = tables.components[c], tables.chains[k].line
    load, share, locked, home = component.load, component.share, component.locked, component.home
    move = prices.move[k] * component.move_price if component.ran else 0.0
    start = tables.menu_start[component.menu]
    option_use, option_end, option_opening = tables.option_use, tables.option_use_end, tables.option_opening
    carries, processing = tables.option_carries, tables.option_processing_ns
    uses_row, uses_amount = tables.uses_row, tables.uses_amount
    free, own, price = state.free[0], state.free[line], prices.option[line]
    left = False
    for n in range(len(total)):
        if total[n] == np.inf:
            continue
        best = np.inf
        for o in range(start[n], start[n + 1]):
            cost = price[o] + slope * processing[o]
            if cost >= best or load > carries[o] or (locked and o != home):
                continue
            fits = True
            for i in range(option_use[o], option_end[o]):
                row, amount = uses_row[i], uses_amount[i]
                if free[row] < amount or own[row] < amount:
                    fits = False
                    break
            if not fits:
                continue
            if o != home:
                cost += move
            if option_opening[o] >= 0:
                cost = option_cost(tables, state, prices, k, c, o) + slope * processing[o]
            if cost < best:
                best = cost
        total[n] += share * best
        left |= best < np.inf
    return left


@inner_inline
def least_place(line: Any) -> int:
    """Where the first least of some numbers stands."""
    best = 0
    for n in range(1, len(line)):
        if line[n] < line[best]:
            best = n
    return best


@inner_inline
def add_to(line: Any, more: Any) -> None:
    """Add numbers to others, in place."""
    for n in range(len(line)):
        line[n] += more[n]


@inner_inline
def fixed_start(start: Any, n: int) -> None:
    """A single label."""
    start[:] = np.inf
    start[n] = 0.0


@inner
def solve_units(
    tables: Any, state: Any, prices: Any, k: int, slope: Any, pay: Any, blocked: Any,
    total: Any, lasts: Any, start: Any, touch: Any, dist: Any, keys: Any, items: Any,
) -> float:  # fmt: skip
    """Least costs of every unit on every node with all that hangs below it; returns the sum over the roots.

    Args:
        slope: (flows of the chain,) price per ns of each flow; pay: (components of the chain,) of each component.
        total: (units of the chain, nodes) results.
        lasts: (flows of the chain, nodes) last arcs of paths, as :func:`spread` leaves them.
    """
    chain = tables.chains[k]
    f0, u0 = chain.flow, chain.unit
    constant = 0.0
    for u in range(chain.unit, chain.unit_end):
        if tables.units[u].node < 0:
            if not unit_costs(tables, state, prices, k, u, pay, blocked, total[u - u0]):
                return np.inf
        else:
            fixed_start(total[u - u0], tables.units[u].node)
            for c in range(chain.component, chain.component_end):
                if tables.components[c].unit == u and tables.components[c].menu >= 0:
                    charge = 0.0 if tables.components[c].vanishes else pay[c - chain.component]
                    one, _ = best_option(tables, state, prices, k, c, tables.units[u].node, charge)
                    constant += one * tables.components[c].share
        if constant == np.inf:
            return np.inf
    for c in range(chain.component, chain.component_end):
        if tables.components[c].menu < 0:
            constant += pay[c - chain.component] * tables.components[c].processing_ns
    for f in range(chain.flow, chain.flow_end):
        flow = tables.flows[f]
        tail, head = tables.components[flow.tail].unit, tables.components[flow.head].unit
        if flow.role == INNER:
            line = total[tail - u0]
            if not tables.plain[flow.touch]:
                touch_costs(tables, state, prices, k, f, slope[f - f0], touch)
                add_to(line, touch)
            if slope[f - f0] > 0:
                for n in range(len(line)):
                    line[n] += slope[f - f0] * tables.net.hand_over_ns[n]
        elif flow.role == PIN_TAIL or flow.role == FIXED:
            fixed_start(start, tables.units[tail].node)
            spread_flow(tables, state, prices, k, f, start, True, slope[f - f0], touch, dist, lasts[f - f0],
                        keys, items)  # fmt: skip
            if flow.role == FIXED:
                constant += dist[tables.units[head].node]
            else:
                add_to(total[head - u0], dist)
        elif flow.role == PIN_HEAD:
            fixed_start(start, tables.units[head].node)
            spread_flow(tables, state, prices, k, f, start, False, slope[f - f0], touch, dist, lasts[f - f0],
                        keys, items)  # fmt: skip
            add_to(total[tail - u0], dist)
    for u in range(chain.unit, chain.unit_end):
        unit = tables.units[u]
        if unit.node >= 0:
            continue
        if unit.parent < 0:
            constant += total[u - u0, least_place(total[u - u0])]
            continue
        f = unit.flow
        forth = tables.components[tables.flows[f].tail].unit == u
        spread_flow(tables, state, prices, k, f, total[u - u0], forth, slope[f - f0], touch, dist,
                    lasts[f - f0], keys, items)  # fmt: skip
        add_to(total[unit.parent - u0], dist)
    return constant


@inner
def path_to_copy(
    tables: Any, state: Any, prices: Any, k: int, f: int, slope: float, length: Any, path: Any, option: Any,
    start: Any, touch: Any, dist: Any, last: Any, keys: Any, items: Any,
) -> None:  # fmt: skip
    """Spread a copy from the path of its host: it may leave at the tail or at any forwarding node of the path."""
    host = tables.flows[f].copy_of
    n = first_node(tables, host, option)
    start[:] = np.inf
    start[n] = 0.0
    time = 0.0
    for i in range(length[host]):
        a = path[host, i]
        n = tables.net.head[a]
        time += tables.delays[tables.flows[host].delay, a]
        # Where the host ends the copy may end too, but not pass through.
        start[n] = slope * time
    spread_flow(tables, state, prices, k, f, start, True, slope, touch, dist, last, keys, items)


@inner
def write_copy(tables: Any, f: int, n: int, last: Any, length: Any, path: Any, option: Any, piece: Any) -> bool:
    """Write the whole path of a copy to node ``n``: its host's up to where it leaves, then its own."""
    host = tables.flows[f].copy_of
    size = trace(tables.net, last, n, True, piece)
    if size < 0:
        return False
    leaves = n if size == 0 else tables.net.tail[piece[0]]
    begin = first_node(tables, host, option)
    shared = 0
    at = begin
    while at != leaves and shared < length[host]:
        path[f, shared] = path[host, shared]
        at = tables.net.head[path[host, shared]]
        shared += 1
    if at != leaves or shared + size > path.shape[1]:
        return False
    for i in range(size):
        path[f, shared + i] = piece[i]
    length[f] = shared + size
    return simple(tables, f, begin, length, path)


@inner
def simple(tables: Any, f: int, begin: int, length: Any, path: Any) -> bool:
    """Whether a path meets no node twice and only forwarding nodes inside."""
    for i in range(length[f]):
        head = tables.net.head[path[f, i]]
        if head == begin or (i + 1 < length[f] and not tables.net.forwards[head]):
            return False
        for j in range(i):
            if tables.net.head[path[f, j]] == head:
                return False
    return True


@inner
def choose_nodes(
    tables: Any, state: Any, prices: Any, k: int, slope: Any, pay: Any, total: Any, lasts: Any, option: Any,
    length: Any, path: Any, at: Any, piece: Any, start: Any, touch: Any, dist: Any, last: Any, keys: Any, items: Any,
) -> bool:  # fmt: skip
    """Read nodes, options and paths back from the costs of units; False if a copy cannot be written down."""
    chain = tables.chains[k]
    f0, u0 = chain.flow, chain.unit
    for u in range(chain.unit, chain.unit_end):
        at[u - u0] = tables.units[u].node
    for f in range(chain.flow, chain.flow_end):
        length[f] = 0
    read_options(tables, state, prices, k, pay, option, at, -1)
    for root in range(chain.unit, chain.unit_end):
        unit = tables.units[root]
        if unit.node >= 0 or unit.parent >= 0:
            continue
        copy = unit.copy
        if copy >= 0:
            path_to_copy(tables, state, prices, k, copy, slope[copy - f0], length, path, option,
                         start, touch, dist, last, keys, items)  # fmt: skip
            for n in range(len(dist)):
                dist[n] += total[root - u0, n]
            at[root - u0] = least_place(dist)
            if dist[at[root - u0]] == np.inf:
                return False
        else:
            at[root - u0] = least_place(total[root - u0])
        u = root - 1
        while u >= chain.unit and tables.units[u].root == root:
            f = tables.units[u].flow
            forth = tables.components[tables.flows[f].tail].unit == u
            n = at[tables.units[u].parent - u0]
            length[f] = trace(tables.net, lasts[f - f0], n, forth, path[f])
            if length[f] < 0:
                return False
            if length[f] > 0:
                n = tables.net.tail[path[f, 0]] if forth else tables.net.head[path[f, length[f] - 1]]
            at[u - u0] = n
            u -= 1
        read_options(tables, state, prices, k, pay, option, at, root)
        for f in range(chain.flow, chain.flow_end):
            flow = tables.flows[f]
            tail, head = tables.components[flow.tail].unit, tables.components[flow.head].unit
            if flow.role == PIN_TAIL and tables.units[head].root == root:
                length[f] = trace(tables.net, lasts[f - f0], at[head - u0], True, path[f])
            elif flow.role == PIN_HEAD and tables.units[tail].root == root:
                length[f] = trace(tables.net, lasts[f - f0], at[tail - u0], False, path[f])
            elif flow.role == FIXED:
                length[f] = trace(tables.net, lasts[f - f0], at[head - u0], True, path[f])
            if length[f] < 0:
                return False
        if copy >= 0 and not write_copy(tables, copy, at[root - u0], last, length, path, option, piece):
            return False
    for f in range(chain.flow, chain.flow_end):
        if tables.flows[f].role == FIXED:
            head = tables.components[tables.flows[f].head].unit
            length[f] = trace(tables.net, lasts[f - f0], at[head - u0], True, path[f])
            if length[f] < 0:
                return False
    return True


@inner
def read_options(tables: Any, state: Any, prices: Any, k: int, pay: Any, option: Any, at: Any, root: int) -> None:
    """Set the options of the units of one tree, or (root -1) of the fixed units."""
    chain = tables.chains[k]
    for c in range(chain.component, chain.component_end):
        component = tables.components[c]
        unit = tables.units[component.unit]
        if component.menu < 0:
            option[c] = -1
        elif (root < 0 and unit.node >= 0) or (root >= 0 and unit.node < 0 and unit.root == root):
            slope = pay[c - chain.component]
            _, option[c] = best_option(tables, state, prices, k, c, at[component.unit - chain.unit], slope)


@inner
def route(
    tables: Any, state: Any, prices: Any, k: int, f: int, slope: float, option: Any, length: Any, path: Any, piece: Any,
    start: Any, touch: Any, dist: Any, last: Any, keys: Any, items: Any,
) -> bool:  # fmt: skip
    """The cheapest path of one flow between nodes that stand; False if there is none."""
    head = tables.components[tables.flows[f].head]
    n = head.node if head.menu < 0 else tables.options[option[tables.flows[f].head]].node
    if tables.flows[f].copy_of >= 0:
        path_to_copy(tables, state, prices, k, f, slope, length, path, option, start, touch, dist, last, keys, items)
        return dist[n] < np.inf and write_copy(tables, f, n, last, length, path, option, piece)
    fixed_start(start, first_node(tables, f, option))
    spread_flow(tables, state, prices, k, f, start, True, slope, touch, dist, last, keys, items)
    if dist[n] == np.inf:
        return False
    length[f] = trace(tables.net, last, n, True, path[f])
    if length[f] < 0:
        length[f] = 0
        return False
    return True


@inner
def try_out(
    tables: Any, state: Any, prices: Any, k: int, slope: Any, pay: Any, option: Any, length: Any, path: Any, at: Any,
    piece: Any, start: Any, touch: Any, dist: Any, last: Any, keys: Any, items: Any,
) -> Any:  # fmt: skip
    """Place the chain on the state for real: (cost, -1), or (infinite, unit that does not fit) and nothing taken."""
    chain = tables.chains[k]
    f0, u0, c0 = chain.flow, chain.unit, chain.component
    total = 0.0
    for c in range(chain.component, chain.component_end):
        if tables.components[c].menu < 0:
            continue
        u = tables.components[c].unit
        cost = np.inf
        if option[c] >= 0 and merged_before(tables, k, c, option):
            cost = merged_cost(tables, state, prices, k, c, option[c])
        if cost == np.inf:
            cost, option[c] = best_option(tables, state, prices, k, c, at[u - u0], pay[c - c0])
            if option[c] < 0:
                remove(tables, state, prices, k, 0, c - c0, option, length, path)
                return np.inf, u
            cost -= pay[c - c0] * tables.options[option[c]].processing_ns
            if merged_before(tables, k, c, option):
                cost = merged_cost(tables, state, prices, k, c, option[c])
        total += cost
        apply_component(tables, state, k, c, option[c], merged_before(tables, k, c, option), 1)
    for f in range(chain.flow, chain.flow_end):
        flow = tables.flows[f]
        routed = flow.role != CHORD and (flow.role != COPY or tables.units[tables.components[flow.head].unit].copy == f)
        fits, cost = False, 0.0
        if routed:
            fits, cost = apply_flow(tables, state, prices, k, f, option, length, path)
        if not fits and flow.role != INNER and route(tables, state, prices, k, f, slope[f - f0], option, length, path,
                                                     piece, start, touch, dist, last, keys, items):  # fmt: skip
            fits, cost = apply_flow(tables, state, prices, k, f, option, length, path)
        if not fits:
            remove(tables, state, prices, k, f - f0, chain.component_end - c0, option, length, path)
            head = tables.components[flow.head].unit
            return np.inf, head if tables.units[head].node < 0 else tables.components[flow.tail].unit
        total += cost
    return total, -1


@inner
def crowded(tables: Any, k: int, at: Any, blocked: Any) -> int:
    """A unit that rule ``apart``, or ``together`` by label, lets not stand where it does; -1 if all is well.

    Units that must share a value of a label are kept, from now on, to the one that the other of the two has.
    """
    chain = tables.chains[k]
    for i in range(chain.apart, chain.apart_end):
        pair = tables.apart[i]
        one, other = at[pair.unit - chain.unit], at[pair.other - chain.unit]
        same = one == other
        if pair.label >= 0:
            same = tables.label_value[pair.label, one] == tables.label_value[pair.label, other]
        if same != (pair.together > 0):
            bad, kept = pair.other, one
            if tables.units[bad].node >= 0:
                bad, kept = pair.unit, other
            if pair.together > 0:
                values = tables.label_value[pair.label]
                for n in range(len(values)):
                    if values[n] != values[kept]:
                        blocked[pair.unit - chain.unit, n] = True
                        blocked[pair.other - chain.unit, n] = True
            return bad
    return -1


@inner
def support(budget: Any, late: float, slope: float) -> float:
    """What a price of time must be reduced by so that it never counts more than the budget's cost.

    The cost of a latency L is late x max(0, L - target), infinite beyond ``within``; the largest of slope x L - cost.
    """
    if budget.target_ns < np.inf and slope <= late:
        return slope * min(budget.target_ns, budget.within_ns)
    cost = late * max(0.0, budget.within_ns - budget.target_ns) if budget.target_ns < np.inf else 0.0
    return slope * budget.within_ns - cost


@outer
def relaxations(tables: Any, k: int) -> int:
    """Which relaxations the bound of a chain uses, whatever the prices."""
    chain = tables.chains[k]
    used = RELAXED_APART if chain.apart_end > chain.apart else EXACT
    for f in range(chain.flow, chain.flow_end):
        if tables.flows[f].role == CHORD:
            used |= RELAXED_JOIN
        elif tables.flows[f].role == COPY:
            used |= RELAXED_COPY
    for c in range(chain.component, chain.component_end):
        if tables.components[c].vanishes or tables.components[c].twins >= 0:
            used |= RELAXED_REWRITE
    return used


@outer
def embed(tables: Any, state: Any, prices: Any, k: int, cutoff: float, draft: Any, out: Any) -> Any:
    """The cheapest embedding of chain ``k`` that the state has room for.

    Args:
        tables: the compiled instance.
        state: what is left; the same after the call.
        prices: what things are worth.
        k: the chain, which must not be placed.
        cutoff: an embedding that costs as much is not wanted; the search ends when the bound reaches it.
        draft: scratch.
        out: where the embedding is written if there is one.

    Returns:
        (lower bound on the cost of every embedding in what is left, cost of the one found): infinite if there is none,
        or if it was given up.
    """
    chain = tables.chains[k]
    count, arcs = tables.mask.shape[1], len(tables.net.tail)
    f0, u0, c0, b0 = chain.flow, chain.unit, chain.component, chain.budget
    flows, units, components = chain.flow_end - f0, chain.unit_end - u0, chain.component_end - c0
    budgets = chain.budget_end - b0
    slope, pay = np.empty(flows), np.empty(components)
    total, lasts = np.empty((units, count)), np.empty((flows, count), np.int32)
    start, touch, dist, last = np.empty(count), np.empty(count), np.empty(count), np.empty(count, np.int32)
    keys, items, piece = np.empty(arcs + count), np.empty(arcs + count, np.int32), np.empty(LONGEST, np.int32)
    blocked, at = np.zeros((units, count), np.bool_), np.empty(units, np.int64)
    ways, delay = np.zeros((budgets, flows), np.bool_), np.zeros(flows)
    rate = np.zeros(budgets)
    low, high = np.zeros((budgets, 4)), np.full((budgets, 3), np.inf)
    low[:, 0] = -1.0
    way = np.zeros(flows, np.bool_)
    option, length, path = draft.option, draft.length, draft.path
    lower, best, free = -np.inf, np.inf, True
    for b in range(budgets):
        if tables.budgets[b0 + b].target_ns < np.inf:
            rate[b] = prices.late[k]
        longest_way(tables, k, b0 + b, ways[b])
    for _ in range(TRIES):
        constant = set_slopes(tables, prices, k, rate, ways, slope, pay)
        value = solve_units(tables, state, prices, k, slope, pay, blocked, total, lasts, start, touch, dist,
                            keys, items) - constant  # fmt: skip
        if free:
            lower = max(lower, value)
        if value == np.inf or lower >= min(cutoff, best):
            break
        if not choose_nodes(tables, state, prices, k, slope, pay, total, lasts, option, length, path, at, piece,
                            start, touch, dist, last, keys, items):  # fmt: skip
            break
        bad = crowded(tables, k, at, blocked)
        cost = np.inf
        if bad < 0:
            cost, bad = try_out(tables, state, prices, k, slope, pay, option, length, path, at, piece,
                                start, touch, dist, last, keys, items)  # fmt: skip
        if bad >= 0:
            if tables.units[bad].node >= 0:
                break
            blocked[bad - u0, at[bad - u0]] = True
            free = False
            continue
        late, broken, again = 0.0, False, False
        for f in range(flows):
            delay[f] = flow_ns(tables, state, f0 + f, option, length, path)
        for b in range(budgets):
            budget = tables.budgets[b0 + b]
            time = budget_ns(tables, k, b0 + b, option, delay, way)
            if time > budget.within_ns:
                broken = True
                if (way != ways[b]).any():
                    ways[b] = way
                    low[b, 0], high[b, 0] = -1.0, np.inf
            if budget.target_ns < np.inf:
                late += max(0.0, time - budget.target_ns)
            again |= next_rate(budget, prices.late[k], time, cost, value, rate, low, high, b)
        remove(tables, state, prices, k, flows, components, option, length, path)
        cost += prices.late[k] * late
        if not broken and cost < best:
            best = cost
            out.option[c0 : chain.component_end] = option[c0 : chain.component_end]
            out.length[f0 : chain.flow_end] = length[f0 : chain.flow_end]
            for f in range(f0, chain.flow_end):
                out.path[f, : length[f]] = path[f, : length[f]]
            out.late_ns[k] = late
        if not again:
            break
    return lower, best


@inner_making
def longest_way(tables: Any, k: int, b: int, way: Any) -> None:
    """Mark the way of a budget with most flows."""
    chain, budget = tables.chains[k], tables.budgets[b]
    c0 = chain.component
    size = chain.component_end - c0
    steps, entered = np.full(size, -1), np.full(size, -1)
    steps[budget.tail - c0] = 0
    for i in range(budget.flow, budget.flow_end):
        f = tables.budget_flows[i]
        t, h = tables.flows[f].tail - c0, tables.flows[f].head - c0
        if steps[t] >= 0 and steps[t] + 1 > steps[h]:
            steps[h] = steps[t] + 1
            entered[h] = f
    way[:] = False
    c = budget.head - c0
    while entered[c] >= 0:
        way[entered[c] - chain.flow] = True
        c = tables.flows[entered[c]].tail - c0


@inner
def set_slopes(tables: Any, prices: Any, k: int, rate: Any, ways: Any, slope: Any, pay: Any) -> float:
    """Price the time of flows and components on the ways of budgets; returns what is to be taken off the total."""
    chain = tables.chains[k]
    slope[:] = 0.0
    pay[:] = 0.0
    constant = 0.0
    for b in range(len(rate)):
        budget = tables.budgets[chain.budget + b]
        if rate[b] <= 0:
            continue
        constant += support(budget, prices.late[k], rate[b])
        pay[budget.head - chain.component] += rate[b]
        for f in range(len(slope)):
            if ways[b, f]:
                flow = tables.flows[chain.flow + f]
                slope[f] += 0.0 if flow.inside else rate[b]
                pay[flow.tail - chain.component] += rate[b]
    return constant


@inner
def next_rate(
    budget: Any, late: float, time: float, cost: float, value: float, rate: Any, low: Any, high: Any, b: int
) -> bool:
    """Set the next price of a budget's time, by the two embeddings on either side; False if it stays.

    ``low`` and ``high`` hold (price, time, cost) of the dearest price known to be too low and of the cheapest that was
    high enough; ``low`` also whether a price has been tried at which nothing but time counts.
    """
    now = rate[b]
    wanted = budget.within_ns
    if now <= late and budget.target_ns < np.inf:
        wanted = min(budget.target_ns, budget.within_ns)
    if time > budget.within_ns or (now < late and time > wanted):
        low[b, 0], low[b, 1], low[b, 2] = now, time, cost
        if high[b, 0] == np.inf:
            if low[b, 3] > 0:
                return False
            low[b, 3] = 1.0
            rate[b] = max(1e3 * (abs(value) + 1.0) / max(budget.within_ns, 1.0), 4 * late)
            return True
    elif now > 0 and time < wanted:
        high[b, 0], high[b, 1], high[b, 2] = now, time, cost
        if low[b, 0] < 0:
            rate[b] = 0.0
            return True
    else:
        return False
    if high[b, 1] >= low[b, 1] or high[b, 2] <= low[b, 2]:
        return False
    between = (high[b, 2] - low[b, 2]) / (low[b, 1] - high[b, 1])
    if between <= low[b, 0] * (1 + 1e-6) or between >= high[b, 0] * (1 - 1e-6):
        return False
    rate[b] = between
    return True
