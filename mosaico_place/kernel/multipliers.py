"""Prices of time: what makes the dynamic program mind latency budgets.

A budget enters with a price per ns of its slowest way, raised while the budget is broken: the Lagrangian relaxation of
Handler and Zang, "A dual algorithm for the constrained shortest path problem", Networks 10, 1980.

Of every budget ``work.low`` and ``work.high`` hold (price, time, cost) of the dearest price known to be too low and of
the cheapest that was high enough; ``low`` also whether a price has been tried at which nothing but time counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.kernel.compiled import inner, inner_inline
from mosaico_place.kernel.times import mark_way


@inner_inline
def support(budget: Any, late: float, slope: float) -> float:
    """What a price of time must be reduced by so that it never counts more than the budget's cost.

    The cost of a latency L is late x max(0, L - target), infinite beyond ``within``; the largest of slope x L - cost.
    """
    if budget.target_ns < np.inf and slope <= late:
        return slope * min(budget.target_ns, budget.within_ns)
    cost = late * max(0.0, budget.within_ns - budget.target_ns) if budget.target_ns < np.inf else 0.0
    return slope * budget.within_ns - cost


@inner
def first_rates(tables: Any, prices: Any, k: int, work: Any) -> None:
    """Begin with what time above targets costs, on the ways of budgets with most flows."""
    chain = tables.chains[k]
    for b in range(chain.budget_end - chain.budget):
        work.rate[b] = prices.late[k] if tables.budgets[chain.budget + b].target_ns < np.inf else 0.0
        longest_way(tables, k, chain.budget + b, work.entered, work.finished, work.ways[b])
        forget(work, b)
        work.low[b, 3] = 0.0


@inner_inline
def forget(work: Any, b: int) -> None:
    """Nothing is known about the prices of a budget."""
    work.low[b, 0] = -1.0
    for i in range(3):
        work.high[b, i] = np.inf


@inner
def longest_way(tables: Any, k: int, b: int, entered: Any, steps: Any, way: Any) -> None:
    """Mark the way of a budget with most flows; ``entered`` and ``steps`` are scratch."""
    chain, budget = tables.chains[k], tables.budgets[b]
    c0 = chain.component
    for c in range(chain.component_end - c0):
        entered[c], steps[c] = -1, -1.0
    steps[budget.tail - c0] = 0.0
    for i in range(budget.flow, budget.flow_end):
        f = tables.budget_flows[i]
        t, h = tables.flows[f].tail - c0, tables.flows[f].head - c0
        if steps[t] >= 0 and steps[t] + 1 > steps[h]:
            steps[h] = steps[t] + 1
            entered[h] = f
    mark_way(tables, k, b, entered, way)


@inner
def set_slopes(tables: Any, prices: Any, k: int, work: Any) -> float:
    """Price the time of flows and components on the ways of budgets; returns what is to be taken off the total."""
    chain, slope, pay = tables.chains[k], work.slope, work.pay
    flows = chain.flow_end - chain.flow
    for f in range(flows):
        slope[f] = 0.0
    for c in range(chain.component_end - chain.component):
        pay[c] = 0.0
    constant = 0.0
    for b in range(chain.budget_end - chain.budget):
        budget, rate = tables.budgets[chain.budget + b], work.rate[b]
        if rate <= 0:
            continue
        constant += support(budget, prices.late[k], rate)
        pay[budget.head - chain.component] += rate
        for f in range(flows):
            if work.ways[b, f]:
                flow = tables.flows[chain.flow + f]
                slope[f] += 0.0 if flow.inside else rate
                pay[flow.tail - chain.component] += rate
    return constant


@inner
def next_rates(tables: Any, prices: Any, k: int, cost: float, value: float, work: Any) -> bool:
    """Set the next prices by the embedding that was tried, its times measured; False if all stay.

    Args:
        cost: of the embedding, lateness left out.
        value: the bound at these prices.
    """
    chain = tables.chains[k]
    changed = False
    for b in range(chain.budget_end - chain.budget):
        if work.time[b] > tables.budgets[chain.budget + b].within_ns:
            # The way that is priced is not the one that is too slow.
            other = False
            for f in range(chain.flow_end - chain.flow):
                other |= work.ways[b, f] != work.took[b, f]
                work.ways[b, f] = work.took[b, f]
            if other:
                forget(work, b)
        changed |= next_rate(tables.budgets[chain.budget + b], prices.late[k], cost, value, b, work)
    return changed


@inner
def next_rate(budget: Any, late: float, cost: float, value: float, b: int, work: Any) -> bool:
    """Set the next price of one budget's time, by the two embeddings on either side; False if it stays."""
    time, rate, low, high = work.time[b], work.rate, work.low, work.high
    now = rate[b]
    wanted = budget.within_ns
    if now <= late and budget.target_ns < np.inf:
        wanted = min(budget.target_ns, budget.within_ns)
    if time > budget.within_ns or (now < late and time > wanted):
        low[b, 0], low[b, 1], low[b, 2] = now, time, cost
        if high[b, 0] == np.inf:
            if low[b, 3] > 0:
                return False
            low[b, 3] = 1.0
            rate[b] = max(1e3 * (abs(value) + 1.0) / max(budget.within_ns, 1.0), 4 * late)
            return True
    elif now > 0 and time < wanted:
        high[b, 0], high[b, 1], high[b, 2] = now, time, cost
        if low[b, 0] < 0:
            rate[b] = 0.0
            return True
    else:
        return False
    if high[b, 1] >= low[b, 1] or high[b, 2] <= low[b, 2]:
        return False
    between = (high[b, 2] - low[b, 2]) / (low[b, 1] - high[b, 1])
    if between <= low[b, 0] * (1 + 1e-6) or between >= high[b, 0] * (1 - 1e-6):
        return False
    rate[b] = between
    return True
