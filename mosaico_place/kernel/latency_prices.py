"""Latency prices (Lagrange multipliers): what makes the dynamic program mind latency budgets.

A budget enters with a price per ns of its slowest way, raised while the budget is broken: the Lagrangian relaxation of
Handler and Zang, "A dual algorithm for the constrained shortest path problem", Networks 10, 1980.

Of every budget ``work.low`` and ``work.high`` hold (price, time, cost) of the dearest price known to be too low and of
the cheapest that was high enough; ``low`` also whether a price has been tried at which nothing but time counts.
"""

from __future__ import annotations

from typing import Any

import cython

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.kernel.problem import Pricing, Work
    from mosaico_place.kernel.times import mark_path


def _support(budget: Any, late: float, slope: float) -> float:
    """What a price of time must be reduced by so that it never counts more than the budget's cost.

    The cost of a latency L is late x max(0, L - target), infinite beyond ``within``; the largest of slope x L - cost.
    """
    if budget.target_ns < inf and slope <= late:
        return slope * min(budget.target_ns, budget.within_ns)
    cost = late * max(0.0, budget.within_ns - budget.target_ns) if budget.target_ns < inf else 0.0
    return slope * budget.within_ns - cost


def first_rates(pricing: Pricing, k: int) -> None:
    """Begin with what time above targets costs, on the paths of budgets with most flows."""
    chain = pricing.tables.chains[k]
    for b in range(chain.budget_end - chain.budget):
        priced = pricing.tables.budgets[chain.budget + b].target_ns < inf
        pricing.work.rate[b] = pricing.prices.late[k] if priced else 0.0
        _longest_path(pricing.tables, k, chain.budget + b, pricing.work)
        _forget(pricing.work, b)
        pricing.work.low[b, 3] = 0.0


def _forget(work: Work, b: int) -> None:
    """Nothing is known about the prices of a budget."""
    work.low[b, 0] = -1.0
    for i in range(3):
        work.high[b, i] = inf


def _longest_path(tables: Tables, k: int, b: int, work: Work) -> None:
    """Mark the path of a budget with most flows."""
    chain, budget = tables.chains[k], tables.budgets[b]
    c0 = chain.component
    for c in range(chain.component_end - c0):
        work.entered[c], work.finished[c] = -1, -1.0
    work.finished[budget.tail - c0] = 0.0
    for i in range(budget.flow, budget.flow_end):
        f = tables.budget_flows[i]
        t, h = tables.flows[f].tail - c0, tables.flows[f].head - c0
        if work.finished[t] >= 0 and work.finished[t] + 1 > work.finished[h]:
            work.finished[h] = work.finished[t] + 1
            work.entered[h] = f
    mark_path(tables, k, b, work.entered, work.longest)


def set_slopes(pricing: Pricing, k: int) -> float:
    """Price the time of flows and components on the paths of budgets; returns what is to be taken off the total."""
    chain = pricing.tables.chains[k]
    flows = chain.flow_end - chain.flow
    for f in range(flows):
        pricing.work.slope[f] = 0.0
    for c in range(chain.component_end - chain.component):
        pricing.work.pay[c] = 0.0
    constant = 0.0
    for b in range(chain.budget_end - chain.budget):
        budget, rate = pricing.tables.budgets[chain.budget + b], pricing.work.rate[b]
        if rate <= 0:
            continue
        constant += _support(budget, pricing.prices.late[k], rate)
        pricing.work.pay[budget.head - chain.component] += rate
        for f in range(flows):
            if pricing.work.longest[b, f]:
                flow = pricing.tables.flows[chain.flow + f]
                pricing.work.slope[f] += 0.0 if flow.inside else rate
                pricing.work.pay[flow.tail - chain.component] += rate
    return constant


def next_rates(pricing: Pricing, k: int, cost: float, value: float) -> bool:
    """Set the next prices by the embedding that was tried, its times measured; False if all stay.

    Args:
        pricing, k: the pricing problem and the chain.
        cost: of the embedding, lateness left out.
        value: the bound at these prices.
    """
    chain = pricing.tables.chains[k]
    changed = False
    for b in range(chain.budget_end - chain.budget):
        budget = pricing.tables.budgets[chain.budget + b]
        if pricing.work.time[b] > budget.within_ns:
            # The path that is priced is not the one that is too slow.
            other = False
            for f in range(chain.flow_end - chain.flow):
                if pricing.work.longest[b, f] != pricing.work.took[b, f]:
                    other = True
                pricing.work.longest[b, f] = pricing.work.took[b, f]
            if other:
                _forget(pricing.work, b)
        if _next_rate(budget, pricing.prices.late[k], cost, value, b, pricing.work):
            changed = True
    return changed


def _next_rate(budget: Any, late: float, cost: float, value: float, b: int, work: Work) -> bool:
    """Set the next price of one budget's time, by the two embeddings on either side; False if it stays."""
    time, now = work.time[b], work.rate[b]
    wanted = budget.within_ns
    if now <= late and budget.target_ns < inf:
        wanted = min(budget.target_ns, budget.within_ns)
    if time > budget.within_ns or (now < late and time > wanted):
        work.low[b, 0], work.low[b, 1], work.low[b, 2] = now, time, cost
        if work.high[b, 0] == inf:
            if work.low[b, 3] > 0:
                return False
            work.low[b, 3] = 1.0
            work.rate[b] = max(1e3 * (abs(value) + 1.0) / max(budget.within_ns, 1.0), 4 * late)
            return True
    elif now > 0 and time < wanted:
        work.high[b, 0], work.high[b, 1], work.high[b, 2] = now, time, cost
        if work.low[b, 0] < 0:
            work.rate[b] = 0.0
            return True
    else:
        return False
    if work.high[b, 1] >= work.low[b, 1] or work.high[b, 2] <= work.low[b, 2]:
        return False
    between = (work.high[b, 2] - work.low[b, 2]) / (work.low[b, 1] - work.high[b, 1])
    if between <= work.low[b, 0] * (1 + 1e-6) or between >= work.high[b, 0] * (1 - 1e-6):
        return False
    work.rate[b] = between
    return True
