"""Where components can stand in time: what rules about one chain alone leave, for compiled code.

The same reasoning as :mod:`mosaico_place.compile.timing`, whose tables between all pairs of nodes grow with the square
of the infrastructure; here times spread from node to node over the arcs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mosaico_place.compile import Infrastructure
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.instance import Chain
from mosaico_place.kernel.compiled import inner, outer_making
from mosaico_place.kernel.spread import new_front, spread, weigh
from mosaico_place.kernel.vectors import fill
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
        size = np.count_nonzero(masks)
        _share_labels(infrastructure, chain, position, masks)
        _keep_reachable(tables, k, masks, room)
        if np.count_nonzero(masks) == size:
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


class _Passing(NamedTuple):
    """What it takes to pass times on: (arcs,) bandwidth in quanta, zeros, and room to work in."""

    room: Any
    nothing: Any
    weight: Any
    touch: Any
    start: Any
    dist: Any
    last: Any
    front: Any


@outer_making
def _keep_reachable(tables: Any, k: int, masks: Any, room: Any) -> None:
    """One pass over a chain: units, budgets, flows."""
    chain = tables.chains[k]
    arcs, count = len(room), masks.shape[1]
    passing = _Passing(
        room, np.zeros(max(arcs, count)), np.empty(arcs), np.empty(count), np.empty(count), np.empty(count),
        np.empty(count, np.int32), new_front(count),
    )  # fmt: skip
    least, early, late = np.full(masks.shape, np.inf), np.empty(masks.shape), np.empty(masks.shape)
    _agree(tables, chain, masks)
    for c in range(chain.component, chain.component_end):
        least_processing(tables, c, masks[c - chain.component], least[c - chain.component])
    for b in range(chain.budget, chain.budget_end):
        _keep_budget(tables, b, chain.component, masks, least, early, late, passing)
    _agree(tables, chain, masks)
    for f in range(chain.flow, chain.flow_end):
        _keep_flow(tables, f, passing)
    _as_units(tables, chain, masks)


@inner
def _agree(tables: Any, chain: Any, masks: Any) -> None:
    """A unit can stand where all of its components can, and they stand where it can."""
    for u in range(chain.unit, chain.unit_end):
        fill(tables.mask[u], True)
    for c in range(chain.component, chain.component_end):
        u = tables.components[c].unit
        for n in range(masks.shape[1]):
            if not masks[c - chain.component, n]:
                tables.mask[u, n] = False
    _as_units(tables, chain, masks)


@inner
def _as_units(tables: Any, chain: Any, masks: Any) -> None:
    """Components stand where their units can."""
    for c in range(chain.component, chain.component_end):
        for n in range(masks.shape[1]):
            masks[c - chain.component, n] = tables.mask[tables.components[c].unit, n]


@inner
def _keep_budget(tables: Any, b: int, first: int, masks: Any, least: Any, early: Any, late: Any, passing: Any) -> None:
    """Where the components of a budget can be passed within it; ``first``: of the chain.

    Args:
        least: (components, nodes) the least time that each takes.
        early, late: (components, nodes) room for the least times before and after each.
    """
    budget = tables.budgets[b]
    if budget.within_ns == np.inf:
        return
    for i in range(masks.shape[0]):
        for n in range(masks.shape[1]):
            early[i, n] = late[i, n] = 0.0 if masks[i, n] else np.inf
    for i in range(budget.flow, budget.flow_end):
        f = tables.budget_flows[i]
        t, h = tables.flows[f].tail - first, tables.flows[f].head - first
        _pass_on(tables, f, early[t], least[t], True, passing)
        _keep_later(early[h], passing.dist)
    for i in range(budget.flow_end - 1, budget.flow - 1, -1):
        f = tables.budget_flows[i]
        t, h = tables.flows[f].tail - first, tables.flows[f].head - first
        _pass_on(tables, f, late[h], least[h], False, passing)
        _keep_later(late[t], passing.dist)
    _keep_within(budget.within_ns, budget.tail - first, masks, early, least, late)
    _keep_within(budget.within_ns, budget.head - first, masks, early, least, late)
    for i in range(budget.flow, budget.flow_end):
        flow = tables.flows[tables.budget_flows[i]]
        _keep_within(budget.within_ns, flow.tail - first, masks, early, least, late)
        _keep_within(budget.within_ns, flow.head - first, masks, early, least, late)


@inner
def _keep_later(times: Any, other: Any) -> None:
    """Elementwise largest."""
    for n in range(len(times)):
        times[n] = max(times[n], other[n])


@inner
def _keep_within(within_ns: float, i: int, masks: Any, early: Any, least: Any, late: Any) -> None:
    """The nodes at which a component is in time."""
    for n in range(masks.shape[1]):
        if early[i, n] + least[i, n] + late[i, n] > within_ns:
            masks[i, n] = False


@inner
def _keep_flow(tables: Any, f: int, passing: Any) -> None:
    """The nodes between which a flow finds a way."""
    tail, head = tables.components[tables.flows[f].tail].unit, tables.components[tables.flows[f].head].unit
    for begin, end, forth in ((tail, head, True), (head, tail, False)):
        for n in range(len(passing.start)):
            passing.start[n] = 0.0 if tables.mask[begin, n] else np.inf
        _pass_on(tables, f, passing.start, passing.nothing, forth, passing)
        for n in range(len(passing.start)):
            tables.mask[end, n] &= passing.dist[n] < np.inf


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
def _pass_on(tables: Any, f: int, times: Any, least: Any, forth: bool, passing: Any) -> None:
    """Least times that a flow takes on from ``times`` and what its end takes ``least``, into ``passing.dist``."""
    flow, start, touch, dist = tables.flows[f], passing.start, passing.touch, passing.dist
    copies = flow.copy_of >= 0
    table = tables.flows[flow.copy_of].touch if copies else flow.touch
    for n in range(len(start)):
        start[n] = times[n] + least[n]
        touch[n] = 0.0 if copies else least_touch_ns(tables, table, n)
        dist[n] = np.inf
    room, nothing = passing.room, passing.nothing
    rate = 0.0 if copies else flow.rate
    weigh(rate, nothing, nothing, 0.0, room, room, 1.0, tables.delays[flow.least], passing.weight)
    spread(tables.net, start, forth, passing.weight, 1.0, touch, dist, passing.last, passing.front)
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
