"""Pruning: where components can stand in time, as far as rules about one chain alone tell, for compiled code.

The same reasoning as :mod:`mosaico_place.compile.timing`, whose tables between all pairs of nodes grow with the square
of the infrastructure; here times spread from node to node over the arcs.
"""

from __future__ import annotations

from typing import Any

import cython
import numpy as np

from mosaico_place.compile.infrastructure import BoolArray, FloatArray, Infrastructure
from mosaico_place.instance import Chain
from mosaico_place.latency import order

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.dijkstra import Labels, spread
    from mosaico_place.compile.arrays.records import Tables


def prune(
    infrastructure: Infrastructure, tables: Tables, k: int, chain: Chain, masks: BoolArray, room: FloatArray
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
    passing = Passing(masks, np.ascontiguousarray(room))
    while True:
        size = np.count_nonzero(masks)
        _share_labels(infrastructure, chain, position, masks)
        keep_reachable(tables, k, passing)
        if np.count_nonzero(masks) == size:
            break
    record = tables.chains[k]
    possible = tables.mask[record["unit"] : record["unit_end"]].any(axis=1).all()
    tables.chains[k]["possible"] = possible


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


class Passing:
    """What it takes to pass times on.

    Attributes:
        mask: (components of the chain, nodes) where each could stand; changed.
        room: (arcs,) bandwidth in quanta.
        start, last: (1, nodes) and labels of a spreading.
        least: (components, nodes) the least time that each takes; nothing: (1, nodes) zeros.
        early, late: (components, nodes) the least times before and after each.
    """

    def __init__(self, masks: BoolArray, room: FloatArray) -> None:
        nodes = masks.shape[1]
        self.mask, self.room = masks, room
        self.labels = Labels(nodes, len(room))
        self.start, self.last = np.empty((1, nodes)), np.empty((1, nodes), dtype=np.int32)
        self.least, self.nothing = np.empty(masks.shape), np.zeros((1, nodes))
        self.early, self.late = np.empty(masks.shape), np.empty(masks.shape)


def keep_reachable(tables: Tables, k: int, passing: Passing) -> None:
    """One pass over a chain: units, budgets, flows."""
    chain = tables.chains[k]
    _agree(tables, k, passing)
    for c in range(chain.component, chain.component_end):
        _least_processing(tables, c, c - chain.component, passing)
    for b in range(chain.budget, chain.budget_end):
        _keep_budget(tables, b, chain.component, passing)
    _agree(tables, k, passing)
    for f in range(chain.flow, chain.flow_end):
        _keep_flow(tables, f, passing)
    _as_units(tables, k, passing)


def _agree(tables: Tables, k: int, passing: Passing) -> None:
    """A unit can stand where all of its components can, and they stand where it can."""
    chain = tables.chains[k]
    for u in range(chain.unit, chain.unit_end):
        for n in range(passing.mask.shape[1]):
            tables.mask[u, n] = True
    for c in range(chain.component, chain.component_end):
        for n in range(passing.mask.shape[1]):
            if not passing.mask[c - chain.component, n]:
                tables.mask[tables.components[c].unit, n] = False
    _as_units(tables, k, passing)


def _as_units(tables: Tables, k: int, passing: Passing) -> None:
    """Components stand where their units can."""
    chain = tables.chains[k]
    for c in range(chain.component, chain.component_end):
        for n in range(passing.mask.shape[1]):
            passing.mask[c - chain.component, n] = tables.mask[tables.components[c].unit, n]


def _keep_budget(tables: Tables, b: int, first: int, passing: Passing) -> None:
    """Where the components of a budget can be passed within it; ``first``: of the chain."""
    budget = tables.budgets[b]
    if budget.within_ns == inf:
        return
    for i in range(passing.mask.shape[0]):
        for n in range(passing.mask.shape[1]):
            passing.early[i, n] = 0.0 if passing.mask[i, n] else inf
            passing.late[i, n] = passing.early[i, n]
    for i in range(budget.flow, budget.flow_end):
        f = tables.budget_flows[i]
        t, h = tables.flows[f].tail - first, tables.flows[f].head - first
        _pass_on(tables, f, passing.early, t, passing.least, t, True, passing)
        _keep_later(passing.early, h, passing.labels)
    for i in range(budget.flow_end - 1, budget.flow - 1, -1):
        f = tables.budget_flows[i]
        t, h = tables.flows[f].tail - first, tables.flows[f].head - first
        _pass_on(tables, f, passing.late, h, passing.least, h, False, passing)
        _keep_later(passing.late, t, passing.labels)
    _keep_within(budget.within_ns, budget.tail - first, passing)
    _keep_within(budget.within_ns, budget.head - first, passing)
    for i in range(budget.flow, budget.flow_end):
        flow = tables.flows[tables.budget_flows[i]]
        _keep_within(budget.within_ns, flow.tail - first, passing)
        _keep_within(budget.within_ns, flow.head - first, passing)


def _keep_later(times: Any, i: int, labels: Labels) -> None:
    """Elementwise largest of a row of times and what was passed on."""
    for n in range(times.shape[1]):
        times[i, n] = max(times[i, n], labels.dist[n])


def _keep_within(within_ns: float, i: int, passing: Passing) -> None:
    """The nodes at which a component is in time."""
    for n in range(passing.mask.shape[1]):
        if passing.early[i, n] + passing.least[i, n] + passing.late[i, n] > within_ns:
            passing.mask[i, n] = False


def _keep_flow(tables: Tables, f: int, passing: Passing) -> None:
    """The nodes between which a flow finds a path."""
    tail, head = tables.components[tables.flows[f].tail].unit, tables.components[tables.flows[f].head].unit
    _keep_ends(tables, f, tail, head, True, passing)
    _keep_ends(tables, f, head, tail, False, passing)


def _keep_ends(tables: Tables, f: int, begin: int, end: int, forth: bool, passing: Passing) -> None:
    """The nodes of unit ``end`` that a flow reaches from those of unit ``begin``."""
    for n in range(passing.mask.shape[1]):
        passing.start[0, n] = 0.0 if tables.mask[begin, n] else inf
    _pass_on(tables, f, passing.start, 0, passing.nothing, 0, forth, passing)
    for n in range(passing.mask.shape[1]):
        if passing.labels.dist[n] == inf:
            tables.mask[end, n] = False


def _least_processing(tables: Tables, c: int, i: int, passing: Passing) -> None:
    """(nodes,) the least time that a component takes where it may stand; 0 if it may be merged away."""
    component = tables.components[c]
    for n in range(passing.mask.shape[1]):
        passing.least[i, n] = inf
    if component.menu < 0:
        passing.least[i, component.node] = component.processing_ns
        return
    for n in range(passing.mask.shape[1]):
        if passing.mask[i, n]:
            for o in range(tables.menu_start[component.menu, n], tables.menu_start[component.menu, n + 1]):
                if component.load <= tables.options[o].carries and (not component.locked or o == component.home):
                    time = 0.0 if component.vanishes else tables.options[o].processing_ns
                    passing.least[i, n] = min(passing.least[i, n], time)


def _pass_on(tables: Tables, f: int, times: Any, i: int, least: Any, j: int, forth: bool, passing: Passing) -> None:
    """Least times that a flow takes on from row ``i`` of ``times`` and what its end takes, row ``j`` of ``least``.

    They go to the distances of ``passing.labels``.
    """
    flow = tables.flows[f]
    table = tables.flows[flow.copy_of].touch if flow.copy_of >= 0 else flow.touch
    for n in range(times.shape[1]):
        passing.start[0, n] = times[i, n] + least[j, n]
        passing.labels.touch[n] = 0.0 if flow.copy_of >= 0 else least_touch_ns(tables, table, n)
        passing.labels.dist[n] = inf
    rate = 0.0 if flow.copy_of >= 0 else flow.rate
    for a in range(passing.room.shape[0]):
        passing.labels.weight[a] = tables.delays[flow.least, a] if passing.room[a] >= rate else inf
    spread(tables.net, passing.start, 0, forth, 1.0, passing.labels, passing.last, 0)
    if flow.inside:
        for n in range(times.shape[1]):
            passing.labels.dist[n] = min(passing.labels.dist[n], passing.start[0, n] + passing.labels.touch[n])


def least_touch_ns(tables: Tables, table: int, n: int) -> float:
    """Least time in per-hop functions at a node; infinite where the flow must not touch it."""
    if not tables.touchable[table, n]:
        return inf
    total = 0.0
    e, end = tables.touch_start[table, n], tables.touch_start[table, n + 1]
    while e < end:
        number, least = tables.programs[e].function, inf
        while e < end and tables.programs[e].function == number:
            least = min(least, tables.programs[e].processing_ns)
            e += 1
        total += least
    return total
