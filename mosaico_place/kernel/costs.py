"""What components and flows cost at prices in what is left, one by one and on all nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.kernel.compiled import inner, inner_inline
from mosaico_place.kernel.merging import rest_amount, rest_holds, saved_price
from mosaico_place.kernel.state import holds, more_instances


@inner_inline
def flow_user(chain: Any, f: int) -> int:
    """Number of a flow among all that openings may serve of its chain: components come first, then flows."""
    return f - chain.flow + chain.component_end - chain.component


@inner_inline
def with_opening(
    tables: Any, state: Any, prices: Any, line: int, use: int, use_end: int, o: int, user: int, load: float, cost: float
) -> float:
    """A cost, and what opening ``o`` (-1: none) adds to serve a load; infinite where that and the use do not fit.

    ``user``: number of the component or flow that is served, as :func:`flow_user` counts.
    """
    more, once, once_end = 0.0, 0, 0
    if o >= 0:
        more = more_instances(tables, state, o, load)
        if more == np.inf:
            return np.inf
        once, once_end = tables.openings[o].use, tables.openings[o].use_end
        cost += prices.load[o] * load + prices.extra[user, o]
        cost += more * prices.opening[o]
    if not holds(tables, state, line, use, use_end, once, once_end, more):
        return np.inf
    return cost


@inner_inline
def bars(component: Any, option: Any, o: int) -> bool:
    """Whether a component cannot run in an option, whatever is left."""
    return component.load > option.carries or (component.locked and o != component.home)


@inner_inline
def move_cost(component: Any, factor: float, o: int) -> float:
    """What it costs that a component runs in an option where it did not run before."""
    return factor * component.move_price if component.ran and o != component.home else 0.0


@inner_inline
def option_cost(tables: Any, state: Any, prices: Any, k: int, c: int, o: int) -> float:
    """Cost of a component in one option; infinite where it does not fit."""
    component, option, chain = tables.components[c], tables.options[o], tables.chains[k]
    if bars(component, option, o):
        return np.inf
    cost = prices.option[chain.line, o] + move_cost(component, prices.move[k], o)
    return with_opening(
        tables, state, prices, chain.line, option.use, option.use_end, option.opening, c - chain.component,
        component.load, cost,
    )  # fmt: skip


@inner
def merged_cost(tables: Any, state: Any, prices: Any, k: int, c: int, option: Any) -> float:
    """Cost of a component that is merged into earlier ones, given the option of each; infinite where it does not fit.

    It takes and pays what is above the largest of their demands, but moves and loads instances like any other.
    """
    o = option[c]
    component, one, line = tables.components[c], tables.options[o], tables.chains[k].line
    if bars(component, one, o):
        return np.inf
    cost = prices.option[line, o] - prices.resources[0] * saved_price(tables, k, c, option)
    for i in range(one.use, one.use_end):
        shared = tables.uses_amount[i] - rest_amount(tables, k, c, option, i)
        cost -= prices.row[line, tables.uses_row[i]] * shared
    cost = max(cost, 0.0) + move_cost(component, prices.move[k], o)
    more = 0.0
    if one.opening >= 0:
        more = more_instances(tables, state, one.opening, component.load)
        if more == np.inf:
            return np.inf
        cost += (
            prices.load[one.opening] * component.load
            + prices.extra[c - tables.chains[k].component, one.opening]
            + more * prices.opening[one.opening]
        )
    return cost if rest_holds(tables, state, k, c, option, more) else np.inf


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


@inner
def add_costs(tables: Any, state: Any, prices: Any, k: int, c: int, slope: float, total: Any) -> bool:
    """Add the cost of a component's cheapest option to every node's total; False if no finite total is left."""
    left = False
    share = tables.components[c].share
    for n in range(len(total)):
        if total[n] < np.inf:
            best, _ = best_option(tables, state, prices, k, c, n, slope)
            total[n] += share * best
            left |= best < np.inf
    return left


@inner_inline
def program_cost(tables: Any, state: Any, prices: Any, k: int, f: int, e: int) -> float:
    """Cost of one program for a flow; infinite where it does not fit."""
    program, rate, chain = tables.programs[e], tables.flows[f].rate, tables.chains[k]
    if rate > program.carries:
        return np.inf
    cost, user = prices.program[chain.line, e], flow_user(chain, f)
    return with_opening(
        tables, state, prices, chain.line, program.use, program.use_end, program.opening, user, rate, cost
    )


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


@inner
def touch_costs(tables: Any, state: Any, prices: Any, k: int, f: int, slope: float, touch: Any) -> None:
    """(nodes,) what the per-hop functions of a flow cost where it touches a node."""
    table = tables.flows[f].touch
    touchable, start = tables.touchable[table], tables.touch_start[table]
    for n in range(len(touch)):
        total = 0.0 if touchable[n] else np.inf
        e, end = start[n], start[n + 1]
        while e < end and total < np.inf:
            cost, _, e = best_program(tables, state, prices, k, f, e, end, slope)
            total += cost
        touch[n] = total
