"""Placing and removing chains for compiled code, with all that a solution keeps track of."""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.kernel.batch import measure, place
from mosaico_place.kernel.compiled import inner, outer
from mosaico_place.kernel.embed import budget_ns, embed, first_node, flow_ns, remove


@outer
def insert_all(
    tables: Any, state: Any, prices: Any, costs: Any, chains: Any, cutoff: Any, draft: Any, embeddings: Any,
    chain_costs: Any, here: Any, taken: Any, rows: Any, served: Any, openings: Any,
) -> int:  # fmt: skip
    """Embed and place chains in turn; those that are placed, impossible or too dear are passed over."""
    count = 0
    for k in chains:
        if embeddings.placed[k] or not tables.chains[k].possible:
            continue
        _, cost = embed(tables, state, prices, k, cutoff[k], draft, embeddings)
        if cost < cutoff[k] and put(tables, state, prices, costs, k, embeddings, chain_costs, here, taken, rows,
                                    served, openings):  # fmt: skip
            count += 1
    return count


@outer
def put(
    tables: Any, state: Any, prices: Any, costs: Any, k: int, embeddings: Any, chain_costs: Any, here: Any,
    taken: Any, rows: Any, served: Any, openings: Any,
) -> bool:  # fmt: skip
    """Place a chain as its embedding says; False, and nothing done, if there is no room."""
    option, length, path = embeddings.option, embeddings.length, embeddings.path
    if not place(tables, state, prices, k, option, length, path):
        return False
    embeddings.placed[k] = True
    found, opened = measure(tables, state, costs, k, option, length, path, embeddings.late_ns[k], taken, rows,
                            served, openings, chain_costs[k])  # fmt: skip
    flat = taken.ravel()
    for i in range(found):
        flat[rows[i]] = 0.0
    for i in range(opened):
        served[openings[i]] = 0.0
    mark(tables, k, option, length, path, here, True)
    return True


@inner
def mark(tables: Any, k: int, option: Any, length: Any, path: Any, here: Any, now: bool) -> None:
    """Note on which nodes a chain stands and which it passes."""
    chain = tables.chains[k]
    for c in range(chain.component, chain.component_end):
        if option[c] >= 0:
            here[tables.options[option[c]].node, k] = now
    for f in range(chain.flow, chain.flow_end):
        here[first_node(tables, f, option), k] = now
        for i in range(length[f]):
            here[tables.net.head[path[f, i]], k] = now


@outer
def remove_all(tables: Any, state: Any, prices: Any, chains: Any, embeddings: Any, chain_costs: Any, here: Any,
               reject: Any) -> None:  # fmt: skip
    """Take placed chains out."""
    option, length, path = embeddings.option, embeddings.length, embeddings.path
    for k in chains:
        if not embeddings.placed[k]:
            continue
        chain = tables.chains[k]
        mark(tables, k, option, length, path, here, False)
        flows, components = chain.flow_end - chain.flow, chain.component_end - chain.component
        remove(tables, state, prices, k, flows, components, option, length, path)
        embeddings.placed[k] = False
        option[chain.component : chain.component_end] = -1
        chain_costs[k] = reject[:, k]


@outer
def keeps_time(tables: Any, state: Any, k: int, embeddings: Any) -> bool:
    """Whether a placed chain keeps its budgets; its time above targets is noted."""
    chain = tables.chains[k]
    flows = chain.flow_end - chain.flow
    delay, way = np.zeros(flows), np.zeros(flows, np.bool_)
    for f in range(flows):
        delay[f] = flow_ns(tables, state, chain.flow + f, embeddings.option, embeddings.length, embeddings.path)
    late = 0.0
    for b in range(chain.budget, chain.budget_end):
        budget = tables.budgets[b]
        time = budget_ns(tables, k, b, embeddings.option, delay, way)
        if time > budget.within_ns:
            return False
        if budget.target_ns < np.inf:
            late += max(0.0, time - budget.target_ns)
    embeddings.late_ns[k] = late
    return True
