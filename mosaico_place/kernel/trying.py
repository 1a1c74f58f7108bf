"""Trying out on the state what the costs of the units point to."""

from __future__ import annotations

import cython

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import CHORD, COPY, INNER, Tables
    from mosaico_place.kernel.costs import best_option, merged_cost, option_cost
    from mosaico_place.kernel.merging import merged_before
    from mosaico_place.kernel.placing import apply_component, apply_flow, remove_parts
    from mosaico_place.kernel.problem import Pricing, Work
    from mosaico_place.kernel.routes import route


def crowded(tables: Tables, k: int, work: Work, keeps: bool) -> int:
    """A unit that rule ``apart``, or ``together`` by label, lets not stand where it does; -1 if all is well.

    With ``keeps``, units that must share a value of a label are kept, from now on, to that of the other of the two.
    """
    chain = tables.chains[k]
    for i in range(chain.apart, chain.apart_end):
        pair = tables.apart[i]
        one, other = work.at[pair.unit - chain.unit], work.at[pair.other - chain.unit]
        same = one == other
        if pair.label >= 0:
            same = tables.label_value[pair.label, one] == tables.label_value[pair.label, other]
        if same != (pair.together > 0):
            bad, kept = pair.other, one
            if tables.units[bad].node >= 0:
                bad, kept = pair.unit, other
            if keeps and pair.together > 0:
                _keep_value(tables, pair.label, kept, pair.unit - chain.unit, work)
                _keep_value(tables, pair.label, kept, pair.other - chain.unit, work)
            return bad
    return -1


def _keep_value(tables: Tables, label: int, kept: int, u: int, work: Work) -> None:
    """Rule out, for a unit, all nodes but those that have the value of a label that node ``kept`` has."""
    for n in range(tables.label_value.shape[1]):
        if tables.label_value[label, n] != tables.label_value[label, kept]:
            work.blocked[u, n] = True


def try_out(pricing: Pricing, k: int) -> tuple[float, int]:
    """Place the chain on the state for real: (cost, -1), or (infinite, unit that does not fit) and nothing taken."""
    chain = pricing.tables.chains[k]
    c0 = chain.component
    total = 0.0
    for c in range(c0, chain.component_end):
        if pricing.tables.components[c].menu < 0:
            continue
        cost = _place_component(pricing, k, c)
        if cost == inf:
            remove_parts(pricing, k, 0, c - c0, pricing.work.draft)
            return inf, pricing.tables.components[c].unit
        total += cost
    for f in range(chain.flow, chain.flow_end):
        cost = _try_flow(pricing, k, f)
        if cost == inf:
            remove_parts(pricing, k, f - chain.flow, chain.component_end - c0, pricing.work.draft)
            head = pricing.tables.components[pricing.tables.flows[f].head].unit
            if pricing.tables.units[head].node >= 0:
                head = pricing.tables.components[pricing.tables.flows[f].tail].unit
            return inf, head
        total += cost
    return total, -1


def _try_flow(pricing: Pricing, k: int, f: int) -> float:
    """Let a flow take the path that was read back, or else the cheapest that there is; infinite if there is none."""
    flow, cost = pricing.tables.flows[f], inf
    read_back = flow.role != CHORD
    if flow.role == COPY:
        read_back = pricing.tables.units[pricing.tables.components[flow.head].unit].copy == f
    if read_back:
        cost = apply_flow(pricing, k, f, pricing.work.draft)
    if cost == inf and flow.role != INNER and route(pricing, k, f):
        cost = apply_flow(pricing, k, f, pricing.work.draft)
    return cost


def _place_component(pricing: Pricing, k: int, c: int) -> float:
    """Place a component on the node of its unit, as it is settled or as is cheapest; infinite if it has no room."""
    chain = pricing.tables.chains[k]
    n, pay = pricing.work.at[pricing.tables.components[c].unit - chain.unit], pricing.work.pay[c - chain.component]
    if pricing.work.settled[c - chain.component] >= 0:
        cost = _cost_as_settled(pricing, k, c)
        if cost == inf:
            return inf
    elif pricing.tables.components[c].twins >= 0:
        cost = _best_beside(pricing, k, c, n, pay)
    else:
        cost, chosen = best_option(pricing, k, c, n, pay)
        pricing.work.draft.option[c] = chosen
        if chosen >= 0:
            cost -= pay * pricing.tables.options[chosen].processing_ns
    if pricing.work.draft.option[c] < 0:
        return inf
    apply_component(pricing.tables, pricing.state, k, c, pricing.work.draft, 1)
    return cost


def _cost_as_settled(pricing: Pricing, k: int, c: int) -> float:
    """Cost of a component in the option that it is settled in, merged where it can be; infinite if it does not fit."""
    option = pricing.work.settled[c - pricing.tables.chains[k].component]
    pricing.work.draft.option[c] = option
    if merged_before(pricing.tables, k, c, pricing.work.draft):
        return merged_cost(pricing, k, c, pricing.work.draft)
    return option_cost(pricing, k, c, option)


def _best_beside(pricing: Pricing, k: int, c: int, n: int, pay: float) -> float:
    """Set the cheapest option on a node, time priced, of a component that earlier ones may let merge; its cost."""
    best, chosen, worth = inf, -1, inf
    menu = pricing.tables.components[c].menu
    for o in range(pricing.tables.menu_start[menu, n], pricing.tables.menu_start[menu, n + 1]):
        pricing.work.draft.option[c] = o
        if merged_before(pricing.tables, k, c, pricing.work.draft):
            cost, time = merged_cost(pricing, k, c, pricing.work.draft), 0.0
        else:
            cost, time = option_cost(pricing, k, c, o), pricing.tables.options[o].processing_ns
        if cost + pay * time < worth:
            best, chosen, worth = cost, o, cost + pay * time
    pricing.work.draft.option[c] = chosen
    return best
