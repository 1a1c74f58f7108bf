"""Placing and removing chains for compiled code, with all that a solution keeps track of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mosaico_place.compile.infrastructure import BoolArray, FloatArray, IntArray
from mosaico_place.kernel.batch import measure
from mosaico_place.kernel.compiled import inner, outer
from mosaico_place.kernel.embed import FEW, find
from mosaico_place.kernel.embeddings import Embeddings, first_node, no_embeddings
from mosaico_place.kernel.state import State, empty_state
from mosaico_place.kernel.tables import Compiled
from mosaico_place.kernel.taking import place, remove_chain
from mosaico_place.kernel.times import measure_times
from mosaico_place.kernel.work import Work, new_work


class Standing(NamedTuple):
    """A placement under way, and what it takes and costs.

    Attributes:
        state: what is left.
        embeddings: where the placed chains stand.
        chain_costs: (chains, levels) what each adds to the levels that are sums over chains.
        here: (nodes, chains) whether a chain has a component on a node or passes it.
    """

    state: State
    embeddings: Embeddings
    chain_costs: FloatArray
    here: BoolArray


class Scratch(NamedTuple):
    """Room to measure chains in.

    Attributes:
        work: of the kernel.
        taken: (1 + classes, rows) and served: (openings,) zeros; rows, openings: their places that are not.
    """

    work: Work
    taken: FloatArray
    rows: IntArray
    served: FloatArray
    openings: IntArray


def nothing_stands(compiled: Compiled) -> Standing:
    """No chain is placed."""
    nodes, chains = len(compiled.problem.infrastructure.nodes), len(compiled.names)
    here = np.zeros((nodes, chains), dtype=np.bool_)
    return Standing(empty_state(compiled), no_embeddings(compiled.tables), compiled.levels.reject.T.copy(), here)


def new_scratch(compiled: Compiled) -> Scratch:
    """Room for any chain."""
    openings, taken = len(compiled.tables.openings), np.zeros_like(compiled.rows.capacity)
    rows, served = np.empty(taken.size, dtype=np.int64), np.zeros(openings)
    return Scratch(new_work(compiled.tables), taken, rows, served, np.empty(openings, dtype=np.int64))


@outer
def insert_all(
    tables: Any, standing: Any, prices: Any, costs: Any, chains: Any, cutoff: Any, scratch: Any, spare: Any
) -> int:
    """Embed and place chains in turn; those that are placed, impossible or too dear are passed over.

    What is left out is taken off ``spare``: (levels,). When a level has none any more, the rest is left out too.
    """
    state, embeddings = standing.state, standing.embeddings
    option, length, path = embeddings.option, embeddings.length, embeddings.path
    count = 0
    for k in chains:
        if embeddings.placed[k] or not tables.chains[k].possible:
            continue
        _, cost, stands = find(tables, state, prices, k, cutoff[k], FEW, scratch.work, embeddings)
        if cost >= cutoff[k]:
            if stands:
                remove_chain(tables, state, prices, k, option, length, path)
        elif stands or place(tables, state, prices, k, option, length, path):
            note(tables, standing, costs, k, scratch)
            count += 1
        if not embeddings.placed[k]:
            for level in range(len(spare)):
                spare[level] -= standing.chain_costs[k, level]
                if spare[level] < 0:
                    return count
    return count


@outer
def put(tables: Any, standing: Any, prices: Any, costs: Any, k: int, scratch: Any) -> bool:
    """Place a chain as its embedding says; False, and nothing done, if there is no room."""
    embeddings = standing.embeddings
    if not place(tables, standing.state, prices, k, embeddings.option, embeddings.length, embeddings.path):
        return False
    note(tables, standing, costs, k, scratch)
    return True


@inner
def note(tables: Any, standing: Any, costs: Any, k: int, scratch: Any) -> None:
    """Keep track of a chain that has been placed."""
    embeddings, taken = standing.embeddings, scratch.taken
    option, length, path = embeddings.option, embeddings.length, embeddings.path
    embeddings.placed[k] = True
    found, opened = measure(tables, standing.state, costs, k, option, length, path, embeddings.late_ns[k], taken,
                            scratch.rows, scratch.served, scratch.openings, standing.chain_costs[k])  # fmt: skip
    for i in range(found):
        row = scratch.rows[i]
        taken[row // taken.shape[1], row % taken.shape[1]] = 0.0
    for i in range(opened):
        scratch.served[scratch.openings[i]] = 0.0
    mark(tables, k, option, length, path, standing.here, True)


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
def remove_all(tables: Any, standing: Any, prices: Any, costs: Any, chains: Any) -> None:
    """Take placed chains out."""
    embeddings = standing.embeddings
    option, length, path = embeddings.option, embeddings.length, embeddings.path
    for k in chains:
        if not embeddings.placed[k]:
            continue
        chain = tables.chains[k]
        mark(tables, k, option, length, path, standing.here, False)
        remove_chain(tables, standing.state, prices, k, option, length, path)
        embeddings.placed[k] = False
        for c in range(chain.component, chain.component_end):
            option[c] = -1
        for level in range(len(costs.reject)):
            standing.chain_costs[k, level] = costs.reject[level, k]


@outer
def keeps_time(tables: Any, standing: Any, k: int, scratch: Any) -> bool:
    """Whether a placed chain keeps its budgets; its time above targets is noted."""
    embeddings = standing.embeddings
    option, length, path = embeddings.option, embeddings.length, embeddings.path
    kept, late = measure_times(tables, standing.state, k, option, length, path, scratch.work)
    if kept:
        embeddings.late_ns[k] = late
    return kept


@outer
def sum_up(standing: Any, costs: Any, capacity: Any, amount: Any, total: Any) -> None:
    """Write what a placement costs on every level, as far as float64 tells.

    Args:
        standing, costs: the placement, and what things cost.
        capacity, amount: (rows,) quanta that there are, and of that what balance counts; 0 for rows that it does not.
        total: (levels,).
    """
    state = standing.state
    largest, hosting = 0.0, 0.0
    for row in range(len(amount)):
        if amount[row] > 0:
            largest = max(largest, (capacity[row] - state.free[0, row]) / amount[row])
    for n in range(len(state.hosted)):
        if state.hosted[n] > 0:
            hosting += costs.node[n]
    for level in range(len(total)):
        total[level] = costs.active[level] * hosting + costs.balance[level] * largest
        for o in range(len(state.opened)):
            total[level] += costs.opening[level, o] * state.opened[o]
    for k in range(len(standing.chain_costs)):
        for level in range(len(total)):
            total[level] += standing.chain_costs[k, level]


@inner
def copy_state(state: Any, into: Any) -> None:
    """Write a state over another."""
    for line in range(state.free.shape[0]):
        for row in range(state.free.shape[1]):
            into.free[line, row] = state.free[line, row]
    for o in range(len(state.load)):
        into.load[o], into.users[o], into.opened[o] = state.load[o], state.users[o], state.opened[o]
    for group in range(len(state.program)):
        into.program[group] = state.program[group]
    for n in range(len(state.hosted)):
        into.hosted[n] = state.hosted[n]


@inner
def copy_chain(tables: Any, standing: Any, k: int, into: Any) -> None:
    """Write how a chain stands over how it stands in another placement, where ``here`` is not looked after."""
    one, other, chain = standing.embeddings, into.embeddings, tables.chains[k]
    for c in range(chain.component, chain.component_end):
        other.option[c] = one.option[c]
    for f in range(chain.flow, chain.flow_end):
        other.length[f] = one.length[f]
        for i in range(one.path.shape[1]):
            other.path[f, i] = one.path[f, i]
    other.placed[k], other.late_ns[k] = one.placed[k], one.late_ns[k]
    for level in range(standing.chain_costs.shape[1]):
        into.chain_costs[k, level] = standing.chain_costs[k, level]


@outer
def bring_back(tables: Any, kept: Any, chains: Any, standing: Any) -> None:
    """Make a placement again what it was when its state, and how these chains stood, were written to ``kept``."""
    copy_state(kept.state, standing.state)
    now, here = standing.embeddings, standing.here
    for k in chains:
        if now.placed[k]:
            mark(tables, k, now.option, now.length, now.path, here, False)
        copy_chain(tables, kept, k, standing)
        if now.placed[k]:
            mark(tables, k, now.option, now.length, now.path, here, True)
