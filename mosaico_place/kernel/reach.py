"""Where components can stand in time: what rules about one chain alone leave, for compiled code.

The same reasoning as :mod:`mosaico_place.compile.timing`, whose tables between all pairs of nodes grow with the square
of the infrastructure; here times spread from node to node over the arcs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.compile import Infrastructure
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.instance import Chain
from mosaico_place.kernel.compiled import inner, outer_making
from mosaico_place.kernel.spread import spread, weigh
from mosaico_place.latency import order


def prune(
    infrastructure: Infrastructure, tables: Any, k: int, chain: Chain, masks: BoolArray, room: FloatArray
) -> None:
    """Fill ``tables.mask`` of a chain, and mark it as impossible if nothing is left of it.

    Args:
        infrastructure: its nodes.
        tables: the arrays, all else filled.
        k: the chain's index.
        chain: the chain.
        masks: (components of the chain, nodes) where each could stand by itself; changed.
        room: (arcs,) bandwidth in quanta.
    """
    position = {name: i for i, name in enumerate(order(chain))}
    while True:
        size = masks.sum()
        _share_labels(infrastructure, chain, position, masks)
        _keep_reachable(tables, k, masks, room)
        if masks.sum() == size:
            break
    record = tables.chains[k]
    tables.chains[k]["possible"] = tables.mask[record["unit"] : record["unit_end"]].any(axis=1).all()


def _share_labels(infrastructure: Infrastructure, chain: Chain, position: dict[str, int], masks: BoolArray) -> None:
    """Rule ``together`` by label: only values that all components of the group can reach."""
    for group in chain.together:
        if group.by is None:
            continue
        values = np.array(["\0".join(node.value(group.by)) for node in infrastructure.nodes])
        lines = [position[name] for name in group.components]
        common = set.intersection(*(set(values[masks[line]]) for line in lines))
        fits = np.isin(values, list(common))
        for line in lines:
            masks[line] &= fits


@outer_making
def _keep_reachable(tables: Any, k: int, masks: Any, room: Any) -> None:
    """One pass over a chain: units, flows, budgets."""
    chain = tables.chains[k]
    c0, c1 = chain.component, chain.component_end
    count = masks.shape[1]
    for u in range(chain.unit, chain.unit_end):
        for n in range(count):
            fits = True
            for c in range(c0, c1):
                if tables.components[c].unit == u and not masks[c - c0, n]:
                    fits = False
            tables.mask[u, n] = fits
    for c in range(c0, c1):
        masks[c - c0] = tables.mask[tables.components[c].unit]
    arcs = len(room)
    zero, weight, touch = np.zeros(arcs), np.empty(arcs), np.empty(count)
    keys, items = np.empty(arcs + count), np.empty(arcs + count, np.int32)
    dist, last = np.empty(count), np.empty(count, np.int32)
    least = np.full((c1 - c0, count), np.inf)
    for c in range(c0, c1):
        least_processing(tables, c, masks[c - c0], least[c - c0])
    for b in range(chain.budget, chain.budget_end):
        budget = tables.budgets[b]
        early = np.where(masks, 0.0, np.inf)
        late = early.copy()
        on = np.zeros(c1 - c0, np.bool_)
        on[budget.tail - c0] = True
        on[budget.head - c0] = True
        for i in range(budget.flow, budget.flow_end):
            f = tables.budget_flows[i]
            t, h = tables.flows[f].tail - c0, tables.flows[f].head - c0
            on[t] = True
            on[h] = True
            _pass_on(tables, f, room, zero, early[t] + least[t], True, weight, touch, dist, last, keys, items)
            early[h] = np.maximum(early[h], dist)
        for i in range(budget.flow_end - 1, budget.flow - 1, -1):
            f = tables.budget_flows[i]
            t, h = tables.flows[f].tail - c0, tables.flows[f].head - c0
            _pass_on(tables, f, room, zero, least[h] + late[h], False, weight, touch, dist, last, keys, items)
            late[t] = np.maximum(late[t], dist)
        if budget.within_ns < np.inf:
            for c in range(c0, c1):
                if on[c - c0]:
                    for n in range(count):
                        if early[c - c0, n] + least[c - c0, n] + late[c - c0, n] > budget.within_ns:
                            masks[c - c0, n] = False
    for u in range(chain.unit, chain.unit_end):
        for n in range(count):
            for c in range(c0, c1):
                if tables.components[c].unit == u and not masks[c - c0, n]:
                    tables.mask[u, n] = False
    for f in range(chain.flow, chain.flow_end):
        t, h = tables.components[tables.flows[f].tail].unit, tables.components[tables.flows[f].head].unit
        _pass_on(
            tables, f, room, zero, np.where(tables.mask[t], 0.0, np.inf), True, weight, touch, dist, last, keys, items
        )
        tables.mask[h] &= dist < np.inf
        _pass_on(
            tables, f, room, zero, np.where(tables.mask[h], 0.0, np.inf), False, weight, touch, dist, last, keys, items
        )
        tables.mask[t] &= dist < np.inf
    for c in range(c0, c1):
        masks[c - c0] &= tables.mask[tables.components[c].unit]


@inner
def least_processing(tables: Any, c: int, mask: Any, least: Any) -> None:
    """(nodes,) the least time that a component takes where it may stand; 0 if it may be merged away."""
    component = tables.components[c]
    if component.menu < 0:
        least[component.node] = component.processing_ns
        return
    start = tables.menu_start[component.menu]
    for n in range(len(least)):
        if mask[n]:
            for o in range(start[n], start[n + 1]):
                if component.load <= tables.options[o].carries and (not component.locked or o == component.home):
                    time = 0.0 if component.vanishes else tables.options[o].processing_ns
                    least[n] = min(least[n], time)


@inner
def _pass_on(
    tables: Any, f: int, room: Any, zero: Any, start: Any, forth: bool, weight: Any, touch: Any, dist: Any, last: Any,
    keys: Any, items: Any,
) -> None:  # fmt: skip
    """Least times that a flow takes on from the times of ``start``."""
    flow = tables.flows[f]
    copies = flow.copy_of >= 0
    table = tables.flows[flow.copy_of].touch if copies else flow.touch
    for n in range(len(start)):
        touch[n] = 0.0 if copies else least_touch_ns(tables, table, n)
    weigh(0.0 if copies else flow.rate, zero, zero, 0.0, room, room, 1.0, tables.delays[flow.least], weight)
    spread(tables.net, start, forth, weight, 1.0, touch, dist, last, keys, items)
    if flow.inside:
        for n in range(len(start)):
            dist[n] = min(dist[n], start[n] + touch[n])


@inner
def least_touch_ns(tables: Any, table: int, n: int) -> float:
    """Least time in per-hop functions at a node; infinite where the flow must not touch it."""
    if not tables.touchable[table, n]:
        return np.inf
    total = 0.0
    e, end = tables.touch_start[table, n], tables.touch_start[table, n + 1]
    while e < end:
        number, least = tables.programs[e].function, np.inf
        while e < end and tables.programs[e].function == number:
            least = min(least, tables.programs[e].processing_ns)
            e += 1
        total += least
    return total
