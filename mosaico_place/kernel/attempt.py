"""Trying out on the state what the costs of the units point to."""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.kernel.compiled import inner, inner_inline
from mosaico_place.kernel.costs import best_option, merged_cost, option_cost
from mosaico_place.kernel.merging import merged_before
from mosaico_place.kernel.routes import route
from mosaico_place.kernel.shapes import CHORD, COPY, INNER
from mosaico_place.kernel.taking import apply_component, apply_flow, remove


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
def try_out(tables: Any, state: Any, prices: Any, k: int, work: Any) -> Any:
    """Place the chain on the state for real: (cost, -1), or (infinite, unit that does not fit) and nothing taken."""
    chain = tables.chains[k]
    c0, option, length, path = chain.component, work.option, work.length, work.path
    total = 0.0
    for c in range(chain.component, chain.component_end):
        if tables.components[c].menu < 0:
            continue
        cost = place_component(tables, state, prices, k, c, work.at, work.pay[c - c0], option)
        if cost == np.inf:
            remove(tables, state, prices, k, 0, c - c0, option, length, path)
            return np.inf, tables.components[c].unit
        total += cost
    for f in range(chain.flow, chain.flow_end):
        flow = tables.flows[f]
        routed = flow.role != CHORD and (flow.role != COPY or tables.units[tables.components[flow.head].unit].copy == f)
        fits, cost = False, 0.0
        if routed:
            fits, cost = apply_flow(tables, state, prices, k, f, option, length, path)
        if not fits and flow.role != INNER and route(tables, state, prices, k, f, work):
            fits, cost = apply_flow(tables, state, prices, k, f, option, length, path)
        if not fits:
            remove(tables, state, prices, k, f - chain.flow, chain.component_end - c0, option, length, path)
            head = tables.components[flow.head].unit
            return np.inf, head if tables.units[head].node < 0 else tables.components[flow.tail].unit
        total += cost
    return total, -1


@inner_inline
def place_component(tables: Any, state: Any, prices: Any, k: int, c: int, at: Any, pay: float, option: Any) -> float:
    """Place a component on the node of its unit, in the way that is cheapest there; infinite if it does not fit."""
    n = at[tables.components[c].unit - tables.chains[k].unit]
    if tables.components[c].twins >= 0:
        cost = best_beside(tables, state, prices, k, c, n, pay, option)
    else:
        cost, option[c] = best_option(tables, state, prices, k, c, n, pay)
        cost -= pay * tables.options[option[c]].processing_ns if option[c] >= 0 else 0.0
    if option[c] < 0:
        return np.inf
    apply_component(tables, state, k, c, option, 1)
    return cost


@inner
def best_beside(tables: Any, state: Any, prices: Any, k: int, c: int, n: int, pay: float, option: Any) -> float:
    """Set the cheapest option on a node, time priced, of a component that earlier ones may let merge; its cost."""
    best, chosen, worth = np.inf, -1, np.inf
    start = tables.menu_start[tables.components[c].menu]
    for o in range(start[n], start[n + 1]):
        option[c] = o
        if merged_before(tables, k, c, option):
            cost, time = merged_cost(tables, state, prices, k, c, option), 0.0
        else:
            cost, time = option_cost(tables, state, prices, k, c, o), tables.options[o].processing_ns
        if cost + pay * time < worth:
            best, chosen, worth = cost, o, cost + pay * time
    option[c] = chosen
    return best
