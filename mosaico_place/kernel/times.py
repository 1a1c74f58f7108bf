"""How long placed flows and components take, and the budgets over them."""

from __future__ import annotations

from typing import Any

import cython

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.kernel.merging import merged_before
    from mosaico_place.kernel.placing import first_node, followed, programs_of
    from mosaico_place.kernel.problem import Embeddings, State, Work


def _flow_ns(tables: Tables, state: State, f: int, where: Embeddings, work: Work) -> float:
    """What a flow that is applied takes from the end of its tail to the start of its head."""
    total = tables.net.hand_over_ns[first_node(tables, f, where)] if where.length[f] == 0 else 0.0
    shared, host = where.length[f], f
    if tables.flows[f].copy_of >= 0:
        host = tables.flows[f].copy_of
        shared = followed(tables, f, where)
    for i in range(where.length[f]):
        crossing = host if i < shared else f
        total += tables.delays[tables.flows[crossing].delay, where.path[f, i]]
    # A copy waits for the programs of its host as far as it follows it.
    count = programs_of(tables, state, host, shared, where, work.serving)
    for i in range(count):
        total += tables.programs[work.serving[i]].processing_ns
    return total


def _budget_ns(tables: Tables, k: int, b: int, where: Embeddings, work: Work) -> float:
    """Latency of a budget of a chain whose flows take ``work.delay``; marks the flows of its slowest path as taken."""
    chain, budget = tables.chains[k], tables.budgets[b]
    c0 = chain.component
    for c in range(chain.component_end - c0):
        work.begun[c], work.finished[c], work.entered[c] = 0.0, -1.0, -1
    work.finished[budget.tail - c0] = _processing_ns(tables, k, budget.tail, where)
    for i in range(budget.flow, budget.flow_end):
        f = tables.budget_flows[i]
        t, h = tables.flows[f].tail - c0, tables.flows[f].head - c0
        if work.finished[t] < 0:
            continue
        begin, longest = work.finished[t] + work.delay[f - chain.flow], -1.0
        if tables.flows[f].inside:
            longest = parallel_ns(tables, k, tables.components[h + c0].group, where)
        if longest >= 0:
            begin = work.begun[t]
        else:
            longest = _processing_ns(tables, k, h + c0, where)
        if begin + longest > work.finished[h]:
            work.begun[h], work.finished[h] = begin, begin + longest
            work.entered[h] = f
    mark_path(tables, k, b, work.entered, work.took)
    return work.finished[budget.head - c0]


def mark_path(tables: Tables, k: int, b: int, entered: Any, marks: Any) -> None:
    """Mark the flows of one path of a budget, by the flow over which every component is entered (-1: none).

    Args:
        tables, k, b: the instance, the chain and its budget.
        entered: (components of the chain,).
        marks: (budgets of the chain, flows of the chain).
    """
    chain = tables.chains[k]
    row = b - chain.budget
    for f in range(chain.flow_end - chain.flow):
        marks[row, f] = False
    c = tables.budgets[b].head
    while entered[c - chain.component] >= 0:
        f = entered[c - chain.component]
        marks[row, f - chain.flow] = True
        c = tables.flows[f].tail


def measure_times(tables: Tables, state: State, k: int, where: Embeddings, work: Work) -> tuple[float, bool]:
    """(late, kept) of a chain that is placed: its time above targets, and whether it keeps its budgets.

    ``work.time`` and ``work.took`` say what every budget comes to, and over which path.
    """
    chain = tables.chains[k]
    kept, late = True, 0.0
    if chain.budget == chain.budget_end:
        return late, kept
    for f in range(chain.flow, chain.flow_end):
        work.delay[f - chain.flow] = _flow_ns(tables, state, f, where, work)
    for b in range(chain.budget, chain.budget_end):
        budget = tables.budgets[b]
        time = _budget_ns(tables, k, b, where, work)
        work.time[b - chain.budget] = time
        if time > budget.within_ns:
            kept = False
        if budget.target_ns < inf:
            late += max(0.0, time - budget.target_ns)
    return late, kept


def _processing_ns(tables: Tables, k: int, c: int, where: Embeddings) -> float:
    """Time in a component that is placed."""
    if tables.components[c].menu < 0:
        return tables.components[c].processing_ns
    return 0.0 if merged_before(tables, k, c, where) else tables.options[where.option[c]].processing_ns


def parallel_ns(tables: Tables, k: int, group: int, where: Embeddings) -> float:
    """Time of independent components that run in parallel; -1 where they do not: they stand apart, or it would not pay.

    The same decision as :func:`mosaico_place.latency.rewritten`.
    """
    chain = tables.chains[k]
    node, count = -1, 0
    longest, total, join = 0.0, 0.0, 0.0
    for c in range(chain.component, chain.component_end):
        if tables.components[c].group == group:
            n = tables.options[where.option[c]].node
            if node >= 0 and n != node:
                return -1.0
            node, join = n, tables.components[c].join_ns
            time = _processing_ns(tables, k, c, where)
            longest, total, count = max(longest, time), total + time, count + 1
    return longest + join if longest + join < total + (count - 1) * tables.net.hand_over_ns[node] else -1.0
