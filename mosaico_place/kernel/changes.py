"""Placing and removing chains for compiled code, with all that a solution keeps track of."""

from __future__ import annotations

from typing import Any

from mosaico_place.kernel.batch import measure
from mosaico_place.kernel.compiled import inner, outer
from mosaico_place.kernel.embed import FEW, find
from mosaico_place.kernel.embeddings import first_node
from mosaico_place.kernel.taking import place, remove_chain
from mosaico_place.kernel.times import measure_times


@outer
def insert_all(
    tables: Any, state: Any, prices: Any, costs: Any, chains: Any, cutoff: Any, work: Any, embeddings: Any,
    chain_costs: Any, here: Any, taken: Any, rows: Any, served: Any, openings: Any, spare: Any,
) -> int:  # fmt: skip
    """Embed and place chains in turn; those that are placed, impossible or too dear are passed over.

    What is left out is taken off ``spare``: (levels,). When a level has none any more, the rest is left out too.
    """
    option, length, path = embeddings.option, embeddings.length, embeddings.path
    count = 0
    for k in chains:
        if embeddings.placed[k] or not tables.chains[k].possible:
            continue
        _, cost, stands = find(tables, state, prices, k, cutoff[k], FEW, work, embeddings)
        if cost >= cutoff[k]:
            if stands:
                remove_chain(tables, state, prices, k, option, length, path)
        elif stands or place(tables, state, prices, k, option, length, path):
            note(tables, state, costs, k, embeddings, chain_costs, here, taken, rows, served, openings)
            count += 1
        if not embeddings.placed[k]:
            for level in range(len(spare)):
                spare[level] -= chain_costs[k, level]
                if spare[level] < 0:
                    return count
    return count


@outer
def put(
    tables: Any, state: Any, prices: Any, costs: Any, k: int, embeddings: Any, chain_costs: Any, here: Any,
    taken: Any, rows: Any, served: Any, openings: Any,
) -> bool:  # fmt: skip
    """Place a chain as its embedding says; False, and nothing done, if there is no room."""
    if not place(tables, state, prices, k, embeddings.option, embeddings.length, embeddings.path):
        return False
    note(tables, state, costs, k, embeddings, chain_costs, here, taken, rows, served, openings)
    return True


@inner
def note(
    tables: Any, state: Any, costs: Any, k: int, embeddings: Any, chain_costs: Any, here: Any,
    taken: Any, rows: Any, served: Any, openings: Any,
) -> None:  # fmt: skip
    """Keep track of a chain that has been placed."""
    option, length, path = embeddings.option, embeddings.length, embeddings.path
    embeddings.placed[k] = True
    found, opened = measure(tables, state, costs, k, option, length, path, embeddings.late_ns[k], taken, rows,
                            served, openings, chain_costs[k])  # fmt: skip
    for i in range(found):
        taken[rows[i] // taken.shape[1], rows[i] % taken.shape[1]] = 0.0
    for i in range(opened):
        served[openings[i]] = 0.0
    mark(tables, k, option, length, path, here, True)


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
        remove_chain(tables, state, prices, k, option, length, path)
        embeddings.placed[k] = False
        for c in range(chain.component, chain.component_end):
            option[c] = -1
        for level in range(len(reject)):
            chain_costs[k, level] = reject[level, k]


@outer
def keeps_time(tables: Any, state: Any, k: int, embeddings: Any, work: Any) -> bool:
    """Whether a placed chain keeps its budgets; its time above targets is noted."""
    kept, late = measure_times(tables, state, k, embeddings.option, embeddings.length, embeddings.path, work)
    if kept:
        embeddings.late_ns[k] = late
    return kept
