"""The dynamic program over the units of a chain: least costs, leaves first, and the nodes that these point to."""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.kernel.compiled import inner, inner_inline
from mosaico_place.kernel.costs import add_costs, best_option, touch_costs
from mosaico_place.kernel.pruning import allow, note_goal, note_least, note_tree
from mosaico_place.kernel.routes import path_to_copy, spread_flow, write_copy
from mosaico_place.kernel.shapes import FIXED, INNER, PIN_HEAD, PIN_TAIL
from mosaico_place.kernel.spread import trace
from mosaico_place.kernel.vectors import add_to, fill, fill_but_one, least_place, lowest


@inner
def unit_costs(tables: Any, state: Any, prices: Any, k: int, u: int, work: Any, total: Any) -> bool:
    """(nodes,) least cost of a unit's components where it may stand, each for itself, time priced.

    False if it can stand nowhere.
    """
    chain = tables.chains[k]
    mask, ruled_out = tables.mask[u], work.blocked[u - chain.unit]
    for n in range(len(total)):
        total[n] = np.inf if ruled_out[n] or not mask[n] else 0.0
    for c in range(chain.component, chain.component_end):
        component = tables.components[c]
        if component.unit == u and component.menu >= 0:
            slope = 0.0 if component.vanishes else work.pay[c - chain.component]
            if not add_costs(tables, state, prices, k, c, slope, total):
                return False
    return True


@inner
def components_cost(tables: Any, state: Any, prices: Any, k: int, work: Any) -> float:
    """Fill ``work.total`` with the costs of the free units' components; returns the cost of the fixed ones'."""
    chain = tables.chains[k]
    constant = 0.0
    for u in range(chain.unit, chain.unit_end):
        if tables.units[u].node >= 0:
            fill_but_one(work.total[u - chain.unit], np.inf, tables.units[u].node, 0.0)
        elif not unit_costs(tables, state, prices, k, u, work, work.total[u - chain.unit]):
            return np.inf
    for c in range(chain.component, chain.component_end):
        component, pay = tables.components[c], work.pay[c - chain.component]
        node = tables.units[component.unit].node
        if component.menu < 0:
            constant += pay * component.processing_ns
        elif node >= 0:
            one, _ = best_option(tables, state, prices, k, c, node, 0.0 if component.vanishes else pay)
            constant += one * component.share
    return constant


@inner
def pinned_cost(tables: Any, state: Any, prices: Any, k: int, f: int, most: float, work: Any) -> float:
    """Add a flow that does not join two free units to ``work.total``; returns what it costs if both ends are fixed.

    Where it costs ``most`` or more it is infinite.
    """
    chain, flow = tables.chains[k], tables.flows[f]
    f0, total = chain.flow, work.total
    tail, head = tables.components[flow.tail].unit, tables.components[flow.head].unit
    if flow.role == INNER:
        line, slope = total[tail - chain.unit], work.slope[f - f0]
        if not tables.plain[flow.touch]:
            touch_costs(tables, state, prices, k, f, slope, work.touch)
            add_to(line, work.touch)
        if slope > 0:
            for n in range(len(line)):
                line[n] += slope * tables.net.hand_over_ns[n]
    elif flow.role == PIN_TAIL or flow.role == FIXED or flow.role == PIN_HEAD:
        forth = flow.role != PIN_HEAD
        fixed, other = (tail, head) if forth else (head, tail)
        fill_but_one(work.start, np.inf, tables.units[fixed].node, 0.0)
        fill(work.dist, most)
        spread_flow(tables, state, prices, k, f, work.start, forth, work, work.lasts[f - f0])
        if flow.role == FIXED:
            return work.dist[tables.units[head].node]
        add_to(total[other - chain.unit], work.dist)
        note_goal(tables, k, f, other, work)
    return 0.0


@inner
def solve_units(tables: Any, state: Any, prices: Any, k: int, limit: float, work: Any) -> float:
    """Least costs of every unit on every node with all that hangs below it, time priced with ``slope`` and ``pay``.

    They go to ``work.total``, the arcs of paths to ``work.lasts``; infinite is also what the cheapest nodes cannot be,
    and what is not wanted. The sum over the roots is returned, or ``limit``: at that cost nothing is wanted.
    """
    chain = tables.chains[k]
    f0, u0, total, least = chain.flow, chain.unit, work.total, work.least
    constant = components_cost(tables, state, prices, k, work)
    if constant == np.inf:
        return np.inf
    fill(work.goal, -1)
    most = limit - constant - note_least(tables, k, work)
    for f in range(chain.flow, chain.flow_end):
        constant += pinned_cost(tables, state, prices, k, f, most, work)
    constant += note_least(tables, k, work)
    if constant == np.inf:
        return limit
    spare, way = 0.0, 0.0
    for u in range(u0, chain.unit_end):
        unit = tables.units[u]
        if unit.node >= 0:
            continue
        if u == u0 or tables.units[u - 1].root != unit.root:
            spare, way = note_tree(tables, k, u, work)
            spare = min(spare, limit - constant)
        if unit.parent < 0:
            cheapest = lowest(total[u - u0])
            if cheapest == np.inf:
                return limit
            constant += cheapest - least[u - u0]
            continue
        f = unit.flow
        forth = tables.components[tables.flows[f].tail].unit == u
        allow(tables, k, u, spare, way, work)
        spread_flow(tables, state, prices, k, f, total[u - u0], forth, work, work.lasts[f - f0])
        add_to(total[unit.parent - u0], work.dist)
        least[unit.parent - u0] += least[u - u0]
    return min(constant, limit)


@inner
def choose_nodes(tables: Any, state: Any, prices: Any, k: int, work: Any) -> bool:
    """Read nodes, options and paths back from the costs of units; False if a path cannot be written down."""
    chain = tables.chains[k]
    for u in range(chain.unit, chain.unit_end):
        work.at[u - chain.unit] = tables.units[u].node
    for f in range(chain.flow, chain.flow_end):
        work.length[f] = 0
        if tables.flows[f].role == FIXED and not read_path(tables, k, f, tables.flows[f].head, True, work):
            return False
    read_options(tables, state, prices, k, work, -1)
    for root in range(chain.unit, chain.unit_end):
        unit = tables.units[root]
        if unit.node < 0 and unit.parent < 0 and not choose_tree(tables, state, prices, k, root, unit.copy, work):
            return False
    return True


@inner
def choose_tree(tables: Any, state: Any, prices: Any, k: int, root: int, copy: int, work: Any) -> bool:
    """The same for one tree of units; ``copy`` (-1: none) leads to its root."""
    chain, net = tables.chains[k], tables.net
    f0, u0, at, length, path = chain.flow, chain.unit, work.at, work.length, work.path
    costs = work.total[root - u0]
    if copy >= 0:
        path_to_copy(tables, state, prices, k, copy, work)
        costs = work.dist
        add_to(costs, work.total[root - u0])
    at[root - u0] = least_place(costs)
    if costs[at[root - u0]] == np.inf:
        return False
    u = root - 1
    while u >= chain.unit and tables.units[u].root == root:
        f = tables.units[u].flow
        forth = tables.components[tables.flows[f].tail].unit == u
        n = at[tables.units[u].parent - u0]
        length[f] = trace(net, work.lasts[f - f0], n, forth, path[f])
        if length[f] < 0:
            return False
        if length[f] > 0:
            n = net.tail[path[f, 0]] if forth else net.head[path[f, length[f] - 1]]
        at[u - u0] = n
        u -= 1
    read_options(tables, state, prices, k, work, root)
    for f in range(chain.flow, chain.flow_end):
        flow = tables.flows[f]
        forth = flow.role == PIN_TAIL
        if forth or flow.role == PIN_HEAD:
            free = flow.head if forth else flow.tail
            if tables.units[tables.components[free].unit].root == root and not read_path(
                tables, k, f, free, forth, work
            ):
                return False
    return copy < 0 or write_copy(tables, copy, at[root - u0], work)


@inner_inline
def read_path(tables: Any, k: int, f: int, c: int, forth: bool, work: Any) -> bool:
    """Write the path of a flow from a fixed node, or (not ``forth``) to one, to where component ``c`` stands."""
    n = work.at[tables.components[c].unit - tables.chains[k].unit]
    work.length[f] = trace(tables.net, work.lasts[f - tables.chains[k].flow], n, forth, work.path[f])
    return work.length[f] >= 0


@inner
def read_options(tables: Any, state: Any, prices: Any, k: int, work: Any, root: int) -> None:
    """Set the options of the units of one tree, or (root -1) of the fixed units."""
    chain = tables.chains[k]
    for c in range(chain.component, chain.component_end):
        component = tables.components[c]
        unit = tables.units[component.unit]
        if component.menu < 0:
            work.option[c] = -1
        elif (root < 0 and unit.node >= 0) or (root >= 0 and unit.node < 0 and unit.root == root):
            n, slope = work.at[component.unit - chain.unit], work.pay[c - chain.component]
            _, work.option[c] = best_option(tables, state, prices, k, c, n, slope)
