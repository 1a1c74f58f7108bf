"""What components and flows cost at prices in what is left, one by one and on all nodes."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np

from mosaico_place.compile.infrastructure import FloatArray

if not cython.compiled:
    from math import ceil, inf

    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.kernel.merging import rest_amount, rest_holds, saved_price
    from mosaico_place.kernel.problem import Embeddings, Pricing, State


def holds(tables: Tables, state: State, line: int, use: int, use_end: int, o: int, times: float) -> bool:
    """Whether a use, and ``times`` that of opening ``o``, which no class counts, fit into what is left."""
    for i in range(use, use_end):
        row, amount = tables.uses_row[i], tables.uses_amount[i]
        if state.free[0, row] < amount or (line > 0 and state.free[line, row] < amount):
            return False
    if times > 0:
        for i in range(tables.openings[o].use, tables.openings[o].use_end):
            row, amount = tables.uses_row[i], times * tables.uses_amount[i]
            for j in range(use, use_end):
                if tables.uses_row[j] == row:
                    amount += tables.uses_amount[j]
            if state.free[0, row] < amount:
                return False
    return True


def needed(opening: Any, load: float) -> float:
    """The fewest instances, at least one, that carry a load."""
    if load <= opening.capacity:
        return 1.0
    return ceil(load / opening.capacity) if opening.capacity > 0 else inf


def more_instances(tables: Tables, state: State, o: int, load: float) -> float:
    """How many more must be opened to serve one more load; infinite where that cannot be."""
    opening = tables.openings[o]
    if opening.group >= 0 and state.program[opening.group] >= 0 and state.program[opening.group] != o:
        return inf
    count = needed(opening, state.load[o] + load)
    return inf if count > opening.most else count - state.opened[o]


def flow_user(tables: Tables, k: int, f: int) -> int:
    """Number of a flow among all that openings may serve of its chain: components come first, then flows."""
    chain = tables.chains[k]
    return f - chain.flow + chain.component_end - chain.component


def _with_opening(
    pricing: Pricing, line: int, use: int, use_end: int, o: int, user: int, load: float, cost: float
) -> float:
    """A cost, and what opening ``o`` (-1: none) adds to serve a load; infinite where that and the use do not fit.

    ``user``: number of the component or flow that is served, as :func:`flow_user` counts.
    """
    more = 0.0
    if o >= 0:
        more = more_instances(pricing.tables, pricing.state, o, load)
        if more == inf:
            return inf
        cost += pricing.prices.load[o] * load + pricing.prices.extra[user, o]
        cost += more * pricing.prices.opening[o]
    if not holds(pricing.tables, pricing.state, line, use, use_end, o, more):
        return inf
    return cost


def bars(component: Any, option: Any, o: int) -> bool:
    """Whether a component cannot run in an option, whatever is left."""
    return component.load > option.carries or (component.locked and o != component.home)


def _move_cost(component: Any, factor: float, o: int) -> float:
    """What it costs that a component runs in an option where it did not run before."""
    return factor * component.move_price if component.ran and o != component.home else 0.0


def _activation_cost(pricing: Pricing, n: int) -> float:
    """What it costs that something runs on a node."""
    return pricing.prices.node[n] if pricing.state.hosted[n] == 0 else 0.0


def option_cost(pricing: Pricing, k: int, c: int, o: int) -> float:
    """Cost of a component in one option; infinite where it does not fit."""
    component, option, chain = pricing.tables.components[c], pricing.tables.options[o], pricing.tables.chains[k]
    if bars(component, option, o):
        return inf
    cost = pricing.prices.option[chain.line, o] + _move_cost(component, pricing.prices.move[k], o)
    cost += _activation_cost(pricing, option.node)
    return _with_opening(
        pricing, chain.line, option.use, option.use_end, option.opening, c - chain.component, component.load, cost
    )


def merged_cost(pricing: Pricing, k: int, c: int, where: Embeddings) -> float:
    """Cost of a component that is merged into earlier ones, given the option of each; infinite where it does not fit.

    It takes and pays what is above the largest of their demands, but moves and loads instances like any other.
    """
    o = where.option[c]
    component, one, line = pricing.tables.components[c], pricing.tables.options[o], pricing.tables.chains[k].line
    if bars(component, one, o):
        return inf
    cost = pricing.prices.option[line, o] - pricing.prices.resources * saved_price(pricing.tables, k, c, where)
    for i in range(one.use, one.use_end):
        shared = pricing.tables.uses_amount[i] - rest_amount(pricing.tables, k, c, where, i)
        cost -= pricing.prices.row[line, pricing.tables.uses_row[i]] * shared
    cost = max(cost, 0.0) + _move_cost(component, pricing.prices.move[k], o)
    more = 0.0
    if one.opening >= 0:
        more = more_instances(pricing.tables, pricing.state, one.opening, component.load)
        if more == inf:
            return inf
        cost += (
            pricing.prices.load[one.opening] * component.load
            + pricing.prices.extra[c - pricing.tables.chains[k].component, one.opening]
            + more * pricing.prices.opening[one.opening]
        )
    return cost if rest_holds(pricing.tables, pricing.state, k, c, where, more) else inf


def best_option(pricing: Pricing, k: int, c: int, n: int, slope: float) -> tuple[float, int]:
    """(cost, option) of the cheapest option of a component on a node, time priced with the slope; -1 if none."""
    best, chosen = inf, -1
    menu = pricing.tables.components[c].menu
    for o in range(pricing.tables.menu_start[menu, n], pricing.tables.menu_start[menu, n + 1]):
        cost = option_cost(pricing, k, c, o) + slope * pricing.tables.options[o].processing_ns
        if cost < best:
            best, chosen = cost, o
    return best, chosen


def add_costs(pricing: Pricing, k: int, c: int, slope: float, total: Any, u: int) -> bool:
    """Add the cost of a component's cheapest option to every node's in row ``u``; False if no finite one is left."""
    left = False
    share = pricing.tables.components[c].share
    for n in range(total.shape[1]):
        if total[u, n] < inf:
            best, _ = best_option(pricing, k, c, n, slope)
            total[u, n] += share * best
            if best < inf:
                left = True
    return left


def _program_cost(pricing: Pricing, k: int, f: int, e: int) -> float:
    """Cost of one program for a flow; infinite where it does not fit."""
    program, rate, line = pricing.tables.programs[e], pricing.tables.flows[f].rate, pricing.tables.chains[k].line
    if rate > program.carries:
        return inf
    cost, user = pricing.prices.program[line, e], flow_user(pricing.tables, k, f)
    cost += _activation_cost(pricing, program.node)
    return _with_opening(pricing, line, program.use, program.use_end, program.opening, user, rate, cost)


def best_program(pricing: Pricing, k: int, f: int, e: int, end: int, slope: float) -> tuple[float, int, int]:
    """(cost, program, next) of the cheapest alternative from ``e`` on; ``next`` begins those of the next function."""
    number, best, chosen, i = pricing.tables.programs[e].function, inf, -1, e
    while i < end and pricing.tables.programs[i].function == number:
        cost = _program_cost(pricing, k, f, i) + slope * pricing.tables.programs[i].processing_ns
        if cost < best:
            best, chosen = cost, i
        i += 1
    return best, chosen, i


def touch_costs(pricing: Pricing, k: int, f: int, slope: float) -> None:
    """Write what the per-hop functions of a flow cost where it touches a node to what touching costs: (nodes,)."""
    table = pricing.tables.flows[f].touch
    for n in range(pricing.tables.touchable.shape[1]):
        total = 0.0 if pricing.tables.touchable[table, n] else inf
        e, end = pricing.tables.touch_start[table, n], pricing.tables.touch_start[table, n + 1]
        while e < end and total < inf:
            cost, _, e = best_program(pricing, k, f, e, end, slope)
            total += cost
        pricing.work.labels.touch[n] = total


def spread_over(tables: Tables, lines: FloatArray, begin: Any, end: Any) -> FloatArray:
    """(lines, slices) of the price of every slice of uses, at (lines, rows) prices of a quantum."""
    total = np.zeros((len(lines), len(begin)))
    _add_up(tables, lines, begin, end, total)
    return total


def _add_up(tables: Tables, lines: FloatArray, begin: Any, end: Any, total: FloatArray) -> None:
    for line in range(lines.shape[0]):
        for j in range(begin.shape[0]):
            for i in range(begin[j], end[j]):
                total[line, j] += lines[line, tables.uses_row[i]] * tables.uses_amount[i]
