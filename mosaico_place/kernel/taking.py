"""Placing components and flows on the state, and giving back what they take."""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.kernel.compiled import inner, inner_inline, outer
from mosaico_place.kernel.costs import best_program, merged_cost, option_cost
from mosaico_place.kernel.embeddings import first_node, followed
from mosaico_place.kernel.merging import merged_before, take_rest
from mosaico_place.kernel.state import serve, take


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


@inner_inline
def apply_component(tables: Any, state: Any, k: int, c: int, option: Any, sign: int) -> None:
    """Take what a component takes in its option, or give it back; a merged one takes what it adds to the others."""
    component, one = tables.components[c], tables.options[option[c]]
    if merged_before(tables, k, c, option):
        take_rest(tables, state, k, c, option, sign)
    else:
        take(tables, state, tables.chains[k].line, one.use, one.use_end, sign)
    if one.opening >= 0:
        serve(tables, state, one.opening, component.load, sign)
    state.hosted[one.node] += sign


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


@inner
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
            apply_component(tables, state, k, c, option, -1)


@outer
def remove_chain(tables: Any, state: Any, prices: Any, k: int, option: Any, length: Any, path: Any) -> None:
    """Give back what a placed chain takes."""
    chain = tables.chains[k]
    flows, components = chain.flow_end - chain.flow, chain.component_end - chain.component
    remove(tables, state, prices, k, flows, components, option, length, path)


@outer
def place(tables: Any, state: Any, prices: Any, k: int, option: Any, length: Any, path: Any) -> bool:
    """Place a chain as it is written; False, and nothing taken, if it does not fit."""
    chain = tables.chains[k]
    for c in range(chain.component, chain.component_end):
        if option[c] >= 0:
            if merged_before(tables, k, c, option):
                cost = merged_cost(tables, state, prices, k, c, option)
            else:
                cost = option_cost(tables, state, prices, k, c, option[c])
            if cost == np.inf:
                remove(tables, state, prices, k, 0, c - chain.component, option, length, path)
                return False
            apply_component(tables, state, k, c, option, 1)
    components = chain.component_end - chain.component
    for f in range(chain.flow, chain.flow_end):
        fits, _ = apply_flow(tables, state, prices, k, f, option, length, path)
        if not fits:
            remove(tables, state, prices, k, f - chain.flow, components, option, length, path)
            return False
    return True
