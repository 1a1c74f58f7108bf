"""How long placed flows and components take, and the budgets over them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.kernel.compiled import inner, inner_inline, outer
from mosaico_place.kernel.embeddings import first_node, followed
from mosaico_place.kernel.merging import merged_before
from mosaico_place.kernel.taking import program_in_use


@inner
def flow_ns(tables: Any, state: Any, f: int, option: Any, length: Any, path: Any) -> float:
    """What a flow that is applied takes from the end of its tail to the start of its head."""
    flow = tables.flows[f]
    begin = first_node(tables, f, option)
    total = tables.net.hand_over_ns[begin] if length[f] == 0 else 0.0
    shared, host = length[f], f
    if flow.copy_of >= 0:
        host = flow.copy_of
        shared = followed(tables, f, length, path)
    for i in range(length[f]):
        crossing = host if i < shared else f
        total += tables.delays[tables.flows[crossing].delay, path[f, i]]
    table = tables.flows[host].touch
    if not tables.plain[table]:
        for i in range(shared + 1):
            n = begin if i == 0 else tables.net.head[path[f, i - 1]]
            e, end = tables.touch_start[table, n], tables.touch_start[table, n + 1]
            while e < end:
                chosen, e = program_in_use(tables, state, e, end)
                if chosen >= 0:
                    total += tables.programs[chosen].processing_ns
    return total


@inner
def budget_ns(tables: Any, k: int, b: int, option: Any, delay: Any, work: Any, way: Any) -> float:
    """Latency of a budget; marks the flows of its slowest way.

    Args:
        delay: (flows of the chain,) of each flow.
        way: (flows of the chain,) bool, the result.
    """
    chain, budget = tables.chains[k], tables.budgets[b]
    begun, finished, entered = work.begun, work.finished, work.entered
    c0 = chain.component
    for c in range(chain.component_end - c0):
        begun[c], finished[c], entered[c] = 0.0, -1.0, -1
    finished[budget.tail - c0] = processing_ns(tables, k, budget.tail, option)
    for i in range(budget.flow, budget.flow_end):
        f = tables.budget_flows[i]
        t, h = tables.flows[f].tail - c0, tables.flows[f].head - c0
        if finished[t] < 0:
            continue
        begin = finished[t] + delay[f - chain.flow]
        longest = parallel_ns(tables, k, tables.components[h + c0].group, option) if tables.flows[f].inside else -1.0
        if longest >= 0:
            begin = begun[t]
        else:
            longest = processing_ns(tables, k, h + c0, option)
        if begin + longest > finished[h]:
            begun[h], finished[h] = begin, begin + longest
            entered[h] = f
    mark_way(tables, k, b, entered, way)
    return finished[budget.head - c0]


@inner_inline
def mark_way(tables: Any, k: int, b: int, entered: Any, way: Any) -> None:
    """Mark the flows of one way of a budget, by the flow over which every component is entered (-1: none)."""
    chain = tables.chains[k]
    for f in range(chain.flow_end - chain.flow):
        way[f] = False
    c = tables.budgets[b].head
    while entered[c - chain.component] >= 0:
        f = entered[c - chain.component]
        way[f - chain.flow] = True
        c = tables.flows[f].tail


@inner
def measure_times(tables: Any, state: Any, k: int, option: Any, length: Any, path: Any, work: Any) -> Any:
    """(kept, late) of a chain that is placed: whether it keeps its budgets, and its time above targets.

    ``work.time`` and ``work.took`` say what every budget comes to, and over which way.
    """
    chain = tables.chains[k]
    kept, late = True, 0.0
    if chain.budget == chain.budget_end:
        return kept, late
    for f in range(chain.flow, chain.flow_end):
        work.delay[f - chain.flow] = flow_ns(tables, state, f, option, length, path)
    for b in range(chain.budget, chain.budget_end):
        budget = tables.budgets[b]
        time = budget_ns(tables, k, b, option, work.delay, work, work.took[b - chain.budget])
        work.time[b - chain.budget] = time
        kept &= time <= budget.within_ns
        if budget.target_ns < np.inf:
            late += max(0.0, time - budget.target_ns)
    return kept, late


@inner_inline
def processing_ns(tables: Any, k: int, c: int, option: Any) -> float:
    """Time in a component that is placed."""
    if tables.components[c].menu < 0:
        return tables.components[c].processing_ns
    return 0.0 if merged_before(tables, k, c, option) else tables.options[option[c]].processing_ns


@outer
def parallel_ns(tables: Any, k: int, group: int, option: Any) -> float:
    """Time of independent components that run in parallel; -1 where they do not: they stand apart, or it would not pay.

    The same decision as :func:`mosaico_place.latency.rewritten`.
    """
    chain = tables.chains[k]
    node, count = -1, 0
    longest, total, join = 0.0, 0.0, 0.0
    for c in range(chain.component, chain.component_end):
        if tables.components[c].group == group:
            n = tables.options[option[c]].node
            if node >= 0 and n != node:
                return -1.0
            node, join = n, tables.components[c].join_ns
            time = processing_ns(tables, k, c, option)
            longest, total, count = max(longest, time), total + time, count + 1
    return longest + join if longest + join < total + (count - 1) * tables.net.hand_over_ns[node] else -1.0
