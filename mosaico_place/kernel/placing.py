"""Placing components and flows on the state, and giving back what they take."""

from __future__ import annotations

from typing import Any

import cython

from mosaico_place.compile.infrastructure import FloatArray

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.kernel.costs import best_program, merged_cost, needed, option_cost
    from mosaico_place.kernel.merging import merged_before, take_rest
    from mosaico_place.kernel.problem import Embeddings, Pricing, State


def first_node(tables: Tables, f: int, where: Embeddings) -> int:
    """The node where a flow begins."""
    tail = tables.flows[f].tail
    if tables.components[tail].menu < 0:
        return tables.components[tail].node
    return tables.options[where.option[tail]].node


def followed(tables: Tables, f: int, where: Embeddings) -> int:
    """How many arcs a copy shares with its host from the beginning; 0 for other flows."""
    host = tables.flows[f].copy_of
    if host < 0:
        return 0
    i = 0
    while i < where.length[f] and i < where.length[host] and where.path[f, i] == where.path[host, i]:
        i += 1
    return i


def programs_of(tables: Tables, state: State, f: int, arcs: int, where: Embeddings, serving: Any) -> int:
    """List the programs that serve a placed flow on the first so many arcs, in their order; how many they are.

    Of the alternatives of one function on a switch, the one that is opened serves, or the flow's own.

    Args:
        tables, state, f, where: the instance, what is left, the flow and its path.
        arcs: how much of the path counts, the nodes at both ends included.
        serving: where the programs are written.
    """
    table, count = tables.flows[f].touch, 0
    if tables.plain[table]:
        return 0
    for i in range(arcs + 1):
        n = first_node(tables, f, where) if i == 0 else tables.net.head[where.path[f, i - 1]]
        e, end = tables.touch_start[table, n], tables.touch_start[table, n + 1]
        while e < end:
            number, chosen = tables.programs[e].function, -1
            while e < end and tables.programs[e].function == number:
                o = tables.programs[e].opening
                if chosen < 0 and (o < 0 or state.program[tables.openings[o].group] == o):
                    chosen = e
                e += 1
            if chosen >= 0:
                serving[count] = chosen
                count += 1
    return count


def _take(tables: Tables, state: State, line: int, use: int, use_end: int, times: float) -> None:
    """Take a use ``times`` times; give it back if that is negative."""
    for i in range(use, use_end):
        row, amount = tables.uses_row[i], times * tables.uses_amount[i]
        state.free[0, row] -= amount
        if line > 0:
            state.free[line, row] -= amount


def _serve(tables: Tables, state: State, o: int, load: float, sign: int) -> None:
    """Serve one more component or flow (sign 1), or one less (-1)."""
    opening = tables.openings[o]
    state.load[o] += sign * load
    state.users[o] += sign
    count = needed(opening, state.load[o]) if state.users[o] > 0 else 0.0
    _take(tables, state, 0, opening.use, opening.use_end, count - state.opened[o])
    if (count > 0) != (state.opened[o] > 0):
        state.hosted[opening.node] += sign
    state.opened[o] = count
    if opening.group >= 0:
        state.program[opening.group] = o if count > 0 else -1


def apply_component(tables: Tables, state: State, k: int, c: int, where: Embeddings, sign: int) -> None:
    """Take what a component takes in its option, or give it back; a merged one takes what it adds to the others."""
    if merged_before(tables, k, c, where):
        take_rest(tables, state, k, c, where, sign)
        _host(tables, state, c, where.option[c], sign)
    else:
        apply_option(tables, state, k, c, where.option[c], sign)


def apply_option(tables: Tables, state: State, k: int, c: int, o: int, sign: int) -> None:
    """Take what a component takes by itself in an option, or give it back."""
    _take(tables, state, tables.chains[k].line, tables.options[o].use, tables.options[o].use_end, sign)
    _host(tables, state, c, o, sign)


def _host(tables: Tables, state: State, c: int, o: int, sign: int) -> None:
    """Note that a component stands on the node of an option and is served there, or no more."""
    if tables.options[o].opening >= 0:
        _serve(tables, state, tables.options[o].opening, tables.components[c].load, sign)
    state.hosted[tables.options[o].node] += sign


def _apply_program(tables: Tables, state: State, k: int, f: int, e: int, sign: int) -> None:
    """Let a program serve a flow (sign 1), or no more (-1)."""
    program = tables.programs[e]
    _take(tables, state, tables.chains[k].line, program.use, program.use_end, sign)
    if program.opening >= 0:
        _serve(tables, state, program.opening, tables.flows[f].rate, sign)
    else:
        state.hosted[program.node] += sign


def _take_arcs(tables: Tables, state: State, k: int, f: int, where: Embeddings) -> bool:
    """Take the bandwidth that a flow pays for; False, and nothing taken, if there is too little."""
    rate, line = tables.flows[f].rate, tables.chains[k].line
    for i in range(followed(tables, f, where), where.length[f]):
        row = tables.first_arc + where.path[f, i]
        if state.free[0, row] < rate or (line > 0 and state.free[line, row] < rate):
            return False
    _give_arcs(tables, state, k, f, where, -rate)
    return True


def _give_arcs(tables: Tables, state: State, k: int, f: int, where: Embeddings, rate: float) -> None:
    """Give back the bandwidth that a flow of this rate pays for."""
    line = tables.chains[k].line
    for i in range(followed(tables, f, where), where.length[f]):
        row = tables.first_arc + where.path[f, i]
        state.free[0, row] += rate
        if line > 0:
            state.free[line, row] += rate


def _choose_programs(pricing: Pricing, k: int, f: int, where: Embeddings) -> float:
    """Let the cheapest programs serve a flow on the switches that it touches: what they cost.

    Infinite, and nothing taken, where one is missing.
    """
    table, count, cost = pricing.tables.flows[f].touch, 0, 0.0
    if pricing.tables.plain[table]:
        return 0.0
    for i in range(where.length[f] + 1):
        n = first_node(pricing.tables, f, where) if i == 0 else pricing.tables.net.head[where.path[f, i - 1]]
        e, end = pricing.tables.touch_start[table, n], pricing.tables.touch_start[table, n + 1]
        while e < end:
            added, chosen, e = best_program(pricing, k, f, e, end, 0.0)
            if chosen < 0:
                for j in range(count):
                    _apply_program(pricing.tables, pricing.state, k, f, pricing.work.serving[j], -1)
                return inf
            _apply_program(pricing.tables, pricing.state, k, f, chosen, 1)
            pricing.work.serving[count] = chosen
            count += 1
            cost += added
    return cost


def apply_flow(pricing: Pricing, k: int, f: int, where: Embeddings) -> float:
    """Let a flow take its path: what it costs; infinite, and nothing taken, if it does not fit."""
    if not _take_arcs(pricing.tables, pricing.state, k, f, where):
        return inf
    rate, line = pricing.tables.flows[f].rate, pricing.tables.chains[k].line
    cost = _choose_programs(pricing, k, f, where)
    if cost == inf:
        _give_arcs(pricing.tables, pricing.state, k, f, where, rate)
        return inf
    for i in range(followed(pricing.tables, f, where), where.length[f]):
        a = where.path[f, i]
        cost += rate * (pricing.prices.toll[line, a] + pricing.prices.link[k] * pricing.prices.arc[a])
    return cost


def remove_parts(pricing: Pricing, k: int, flows: int, components: int, where: Embeddings) -> None:
    """Give back what the first so many flows and components of a chain take."""
    chain = pricing.tables.chains[k]
    for f in range(chain.flow + flows - 1, chain.flow - 1, -1):
        count = programs_of(pricing.tables, pricing.state, f, where.length[f], where, pricing.work.serving)
        for i in range(count):
            _apply_program(pricing.tables, pricing.state, k, f, pricing.work.serving[i], -1)
        _give_arcs(pricing.tables, pricing.state, k, f, where, pricing.tables.flows[f].rate)
    for c in range(chain.component + components - 1, chain.component - 1, -1):
        if where.option[c] >= 0:
            apply_component(pricing.tables, pricing.state, k, c, where, -1)


def remove_chain(pricing: Pricing, k: int, where: Embeddings) -> None:
    """Give back what a placed chain takes."""
    chain = pricing.tables.chains[k]
    remove_parts(pricing, k, chain.flow_end - chain.flow, chain.component_end - chain.component, where)


def place(pricing: Pricing, k: int, where: Embeddings) -> bool:
    """Place a chain as it is written; False, and nothing taken, if it does not fit."""
    chain = pricing.tables.chains[k]
    for c in range(chain.component, chain.component_end):
        if where.option[c] >= 0:
            if merged_before(pricing.tables, k, c, where):
                cost = merged_cost(pricing, k, c, where)
            else:
                cost = option_cost(pricing, k, c, where.option[c])
            if cost == inf:
                remove_parts(pricing, k, 0, c - chain.component, where)
                return False
            apply_component(pricing.tables, pricing.state, k, c, where, 1)
    for f in range(chain.flow, chain.flow_end):
        if apply_flow(pricing, k, f, where) == inf:
            remove_parts(pricing, k, f - chain.flow, chain.component_end - chain.component, where)
            return False
    return True


def take_opened(tables: Tables, opened: FloatArray, free: FloatArray) -> None:
    """Take what opened instances take once off ``free``: (1 + classes, rows)."""
    for o in range(opened.shape[0]):
        if opened[o] > 0:
            for i in range(tables.openings[o].use, tables.openings[o].use_end):
                free[0, tables.uses_row[i]] -= opened[o] * tables.uses_amount[i]
