"""The dynamic program over the units of a chain: least costs, leaves first, and the nodes that these point to."""

from __future__ import annotations

import cython

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.dijkstra import trace
    from mosaico_place.compile.arrays.records import CHORD, FIXED, INNER, PIN_HEAD, PIN_TAIL, Tables
    from mosaico_place.kernel.bounding import allow, lowest, note_goal, note_least, note_tree
    from mosaico_place.kernel.costs import add_costs, best_option
    from mosaico_place.kernel.problem import Pricing, Work
    from mosaico_place.kernel.routes import path_to_copy, set_touch, spread_flow, start_at, want, write_copy


def _unit_costs(pricing: Pricing, k: int, u: int) -> bool:
    """Write the least cost of a unit's components where it may stand, each for itself, time priced: (nodes,) a total.

    False if it can stand nowhere.
    """
    chain = pricing.tables.chains[k]
    row = u - chain.unit
    for n in range(pricing.work.total.shape[1]):
        closed = pricing.work.blocked[row, n] or not pricing.tables.mask[u, n]
        pricing.work.total[row, n] = inf if closed else 0.0
    for c in range(chain.component, chain.component_end):
        component = pricing.tables.components[c]
        if component.unit == u and component.menu >= 0:
            slope = 0.0 if component.vanishes else pricing.work.pay[c - chain.component]
            if not add_costs(pricing, k, c, slope, pricing.work.total, row):
                return False
    return True


def stands_on(tables: Tables, k: int, u: int, work: Work) -> int:
    """The node of a unit that is fixed, or that has been let stand; -1 of others."""
    node = tables.units[u].node
    return node if node >= 0 else work.stands[u - tables.chains[k].unit]


def components_cost(pricing: Pricing, k: int) -> float:
    """Fill ``work.total`` with the costs of the free units' components; returns the cost of those that stand."""
    chain = pricing.tables.chains[k]
    constant = 0.0
    for u in range(chain.unit, chain.unit_end):
        node = stands_on(pricing.tables, k, u, pricing.work)
        if node >= 0:
            for n in range(pricing.work.total.shape[1]):
                pricing.work.total[u - chain.unit, n] = inf
            pricing.work.total[u - chain.unit, node] = 0.0
        elif not _unit_costs(pricing, k, u):
            return inf
    for c in range(chain.component, chain.component_end):
        component, pay = pricing.tables.components[c], pricing.work.pay[c - chain.component]
        node, option = pricing.tables.units[component.unit].node, pricing.work.settled[c - chain.component]
        if component.menu < 0:
            constant += pay * component.processing_ns
        elif option >= 0:
            time = 0.0 if component.vanishes else pricing.tables.options[option].processing_ns
            constant += (pricing.work.paid[c - chain.component] + pay * time) * component.share
        elif node >= 0:
            one, _ = best_option(pricing, k, c, node, 0.0 if component.vanishes else pay)
            constant += one * component.share
    return constant


def _pinned_cost(pricing: Pricing, k: int, f: int, most: float) -> float:
    """Add a flow that does not join two free units to ``work.total``; returns what it costs if both ends are fixed.

    Where it costs ``most`` or more it is infinite.
    """
    chain, flow = pricing.tables.chains[k], pricing.tables.flows[f]
    tail, head = pricing.tables.components[flow.tail].unit, pricing.tables.components[flow.head].unit
    if flow.role == INNER:
        row, slope = tail - chain.unit, pricing.work.slope[f - chain.flow]
        if not pricing.tables.plain[flow.touch]:
            set_touch(pricing, k, f)
            for n in range(pricing.work.total.shape[1]):
                pricing.work.total[row, n] += pricing.work.labels.touch[n]
        if slope > 0:
            for n in range(pricing.work.total.shape[1]):
                pricing.work.total[row, n] += slope * pricing.tables.net.hand_over_ns[n]
    elif flow.role == PIN_TAIL or flow.role == FIXED or flow.role == PIN_HEAD:
        forth = flow.role != PIN_HEAD
        fixed, other = (tail, head) if forth else (head, tail)
        _spread_from(pricing, k, f, pricing.tables.units[fixed].node, forth, most)
        if flow.role == FIXED:
            return pricing.work.labels.dist[pricing.tables.units[head].node]
        _add_distances(pricing.work, other - chain.unit)
        note_goal(pricing.tables, k, f, other, pricing.work)
    elif flow.role == CHORD:
        forth = pricing.work.stands[tail - chain.unit] >= 0
        fixed, other = (tail, head) if forth else (head, tail)
        if pricing.work.stands[fixed - chain.unit] >= 0:
            _spread_from(pricing, k, f, pricing.work.stands[fixed - chain.unit], forth, most)
            _add_distances(pricing.work, other - chain.unit)
    return 0.0


def _spread_from(pricing: Pricing, k: int, f: int, node: int, forth: bool, most: float) -> None:
    """Find what a flow from a node costs, or (not ``forth``) to it; where it costs ``most`` or more it is infinite."""
    start_at(pricing.work, node)
    want(pricing.work, most)
    row = f - pricing.tables.chains[k].flow
    spread_flow(pricing, k, f, pricing.work.start, 0, forth, pricing.work.lasts, row)


def _add_distances(work: Work, u: int) -> None:
    """Add what a spreading found to the costs of a unit."""
    for n in range(work.total.shape[1]):
        work.total[u, n] += work.labels.dist[n]


def solve_units(pricing: Pricing, k: int, limit: float) -> float:
    """Least costs of every unit on every node with all that hangs below it, time priced with ``slope`` and ``pay``.

    They go to ``work.total``, the arcs of paths to ``work.lasts``; infinite is also what the cheapest nodes cannot be,
    and what is not wanted. The sum over the roots is returned, or ``limit``: at that cost nothing is wanted.
    """
    chain = pricing.tables.chains[k]
    u0 = chain.unit
    constant = components_cost(pricing, k)
    if constant == inf:
        return inf
    for u in range(pricing.work.goal.shape[0]):
        pricing.work.goal[u] = -1
    most = limit - constant - note_least(pricing.tables, k, pricing.work)
    for f in range(chain.flow, chain.flow_end):
        constant += _pinned_cost(pricing, k, f, most)
    constant += note_least(pricing.tables, k, pricing.work)
    if constant == inf:
        return limit
    spare, path = 0.0, 0.0
    for u in range(u0, chain.unit_end):
        unit = pricing.tables.units[u]
        if unit.node >= 0:
            continue
        if u == u0 or pricing.tables.units[u - 1].root != unit.root:
            spare, path = note_tree(pricing.tables, k, u, pricing.work)
            spare = min(spare, limit - constant)
        if unit.parent < 0:
            cheapest = lowest(pricing.work.total, u - u0)
            if cheapest == inf:
                return limit
            constant += cheapest - pricing.work.least[u - u0]
            continue
        forth = pricing.tables.components[pricing.tables.flows[unit.flow].tail].unit == u
        allow(pricing.tables, k, u, spare, path, pricing.work)
        spread_flow(
            pricing, k, unit.flow, pricing.work.total, u - u0, forth, pricing.work.lasts, unit.flow - chain.flow
        )
        _add_distances(pricing.work, unit.parent - u0)
        pricing.work.least[unit.parent - u0] += pricing.work.least[u - u0]
    return min(constant, limit)


def choose_nodes(pricing: Pricing, k: int) -> bool:
    """Read nodes, options and paths back from the costs of units; False if a path cannot be written down."""
    chain = pricing.tables.chains[k]
    for u in range(chain.unit, chain.unit_end):
        pricing.work.at[u - chain.unit] = pricing.tables.units[u].node
    for f in range(chain.flow, chain.flow_end):
        pricing.work.draft.length[f] = 0
        flow = pricing.tables.flows[f]
        if flow.role == FIXED and not _read_path(pricing, k, f, flow.head, True):
            return False
    _read_options(pricing, k, -1)
    for root in range(chain.unit, chain.unit_end):
        unit = pricing.tables.units[root]
        if unit.node < 0 and unit.parent < 0 and not _choose_tree(pricing, k, root, unit.copy):
            return False
    return True


def _choose_tree(pricing: Pricing, k: int, root: int, copy: int) -> bool:
    """The same for one tree of units; ``copy`` (-1: none) leads to its root."""
    chain = pricing.tables.chains[k]
    n = _cheapest_root(pricing, k, root, copy)
    if n < 0:
        return False
    pricing.work.at[root - chain.unit] = n
    if not _choose_below(pricing, k, root):
        return False
    _read_options(pricing, k, root)
    for f in range(chain.flow, chain.flow_end):
        flow = pricing.tables.flows[f]
        forth = flow.role == PIN_TAIL
        if forth or flow.role == PIN_HEAD:
            free = flow.head if forth else flow.tail
            unit = pricing.tables.components[free].unit
            if pricing.tables.units[unit].root == root and not _read_path(pricing, k, f, free, forth):
                return False
    return copy < 0 or write_copy(pricing.tables, copy, n, pricing.work)


def _cheapest_root(pricing: Pricing, k: int, root: int, copy: int) -> int:
    """The node where the root of a tree is cheapest, the first of equals; -1 if it can stand nowhere."""
    row, best, chosen = root - pricing.tables.chains[k].unit, inf, -1
    if copy >= 0:
        path_to_copy(pricing, k, copy)
    for n in range(pricing.work.total.shape[1]):
        cost = pricing.work.total[row, n]
        if copy >= 0:
            cost = pricing.work.labels.dist[n] + cost
        if cost < best:
            best, chosen = cost, n
    return chosen


def _choose_below(pricing: Pricing, k: int, root: int) -> bool:
    """Read the nodes of a tree from its root down, with the paths that join them; False if one is too long."""
    chain, u = pricing.tables.chains[k], root - 1
    while u >= chain.unit and pricing.tables.units[u].root == root:
        f = pricing.tables.units[u].flow
        forth = pricing.tables.components[pricing.tables.flows[f].tail].unit == u
        n = pricing.work.at[pricing.tables.units[u].parent - chain.unit]
        row = f - chain.flow
        size = trace(pricing.tables.net, pricing.work.lasts, row, n, forth, pricing.work.draft.path, f)
        pricing.work.draft.length[f] = size
        if size < 0:
            return False
        if size > 0 and forth:
            n = pricing.tables.net.tail[pricing.work.draft.path[f, 0]]
        elif size > 0:
            n = pricing.tables.net.head[pricing.work.draft.path[f, size - 1]]
        pricing.work.at[u - chain.unit] = n
        u -= 1
    return True


def _read_path(pricing: Pricing, k: int, f: int, c: int, forth: bool) -> bool:
    """Write the path of a flow from a fixed node, or (not ``forth``) to one, to where component ``c`` stands."""
    n = pricing.work.at[pricing.tables.components[c].unit - pricing.tables.chains[k].unit]
    row = f - pricing.tables.chains[k].flow
    size = trace(pricing.tables.net, pricing.work.lasts, row, n, forth, pricing.work.draft.path, f)
    pricing.work.draft.length[f] = size
    return size >= 0


def _read_options(pricing: Pricing, k: int, root: int) -> None:
    """Set the options of the units of one tree, or (root -1) of the fixed units."""
    chain = pricing.tables.chains[k]
    for c in range(chain.component, chain.component_end):
        component = pricing.tables.components[c]
        unit = pricing.tables.units[component.unit]
        if component.menu < 0:
            pricing.work.draft.option[c] = -1
        elif pricing.work.settled[c - chain.component] >= 0:
            pricing.work.draft.option[c] = pricing.work.settled[c - chain.component]
        elif (root < 0 and unit.node >= 0) or (root >= 0 and unit.node < 0 and unit.root == root):
            n, slope = pricing.work.at[component.unit - chain.unit], pricing.work.pay[c - chain.component]
            _, pricing.work.draft.option[c] = best_option(pricing, k, c, n, slope)
