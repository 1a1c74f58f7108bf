"""Placing and removing chains for compiled code, with all that a solution keeps track of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cython
import numpy as np

from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.kernel.measuring import costs_of
from mosaico_place.kernel.problem import empty_state, no_embeddings

if TYPE_CHECKING:
    from mosaico_place.compile.arrays.tables import Compiled

if not cython.compiled:
    from mosaico_place.compile.arrays.records import Bundle, Tables
    from mosaico_place.kernel.embed import MANY, SOME, find
    from mosaico_place.kernel.measuring import Costs, Measure, forget, measure
    from mosaico_place.kernel.placing import first_node, place, remove_chain
    from mosaico_place.kernel.problem import Embeddings, Pricing, State, Work
    from mosaico_place.kernel.times import measure_times


class Standing(Bundle):
    """A placement under way, and what it takes and costs.

    Attributes:
        tables, costs: the instance, and what things cost.
        state: what is left.
        embeddings: where the placed chains stand.
        measure: room to measure chains in.
        chain_costs: (chains, levels) what each adds to the levels that are sums over chains.
        here: (nodes, chains) whether a chain has a component on a node or passes it.
        capacity: (1 + classes, rows) quanta that there are; amount: (rows,) what ``balance`` counts of them, 0 for
            rows that it does not.
    """

    def __init__(
        self,
        tables: Tables,
        costs: Costs,
        state: State,
        embeddings: Embeddings,
        measure: Measure,
        chain_costs: FloatArray,
        here: BoolArray,
        capacity: FloatArray,
        amount: FloatArray,
    ) -> None:
        self.tables, self.costs, self.state, self.embeddings = tables, costs, state, embeddings
        self.measure, self.chain_costs, self.here = measure, chain_costs, here
        self.capacity, self.amount = capacity, amount
        self.keep(
            tables=tables, costs=costs, state=state, embeddings=embeddings, measure=measure, chain_costs=chain_costs,
            here=here, capacity=capacity, amount=amount,
        )  # fmt: skip


def nothing_stands(compiled: Compiled) -> Standing:
    """No chain is placed."""
    nodes, chains = len(compiled.problem.infrastructure.nodes), len(compiled.names)
    return Standing(
        compiled.tables,
        costs_of(compiled.levels),
        empty_state(compiled),
        no_embeddings(compiled.tables),
        Measure(compiled),
        compiled.levels.reject.T.copy(),
        np.zeros((nodes, chains), dtype=np.bool_),
        compiled.rows.capacity,
        compiled.rows.amount,
    )


def insert_all(
    standing: Standing, pricing: Pricing, chains: Any, count: int, cutoff: FloatArray, spare: FloatArray, most: int
) -> int:
    """Embed and place chains in turn; those that are placed, impossible or too dear are passed over.

    Args:
        standing: the placement.
        pricing: the pricing problem, of what the placement leaves.
        chains, count: the first so many of these.
        cutoff: (chains,) what an embedding of each may not cost.
        spare: (levels,) what is left out is taken off it. When a level has none any more, the rest is left out, too.
        most: how many subproblems are branched on for each, see :func:`mosaico_place.kernel.embed.find`; with MANY, the
            cheapest embedding is looked for, else the first will do.

    Returns:
        How many were placed.
    """
    placed = 0
    for i in range(count):
        k = chains[i]
        if standing.embeddings.placed[k] or not standing.tables.chains[k].possible:
            continue
        if _insert(standing, pricing, k, cutoff[k], most):
            placed += 1
            continue
        for level in range(spare.shape[0]):
            spare[level] -= standing.chain_costs[k, level]
            if spare[level] < 0:
                return placed
    return placed


def _insert(standing: Standing, pricing: Pricing, k: int, cutoff: float, most: int) -> bool:
    """Embed and place a chain where it costs less than the cutoff; whether it was."""
    tries = max(most, SOME) if standing.tables.chains[k].required else most
    _, cost, stands = find(pricing, k, cutoff, tries, most < MANY, standing.embeddings)
    if cost >= cutoff:
        if stands:
            remove_chain(pricing, k, standing.embeddings)
        return False
    if not stands and not place(pricing, k, standing.embeddings):
        return False
    _note(standing, k)
    return True


def put(standing: Standing, pricing: Pricing, k: int) -> bool:
    """Place a chain as its embedding says; False, and nothing done, if there is no room."""
    if not place(pricing, k, standing.embeddings):
        return False
    _note(standing, k)
    return True


def _note(standing: Standing, k: int) -> None:
    """Keep track of a chain that has been placed."""
    standing.embeddings.placed[k] = True
    measure(standing.tables, standing.state, standing.costs, k, standing.embeddings, standing.measure)
    for level in range(standing.chain_costs.shape[1]):
        standing.chain_costs[k, level] = standing.measure.costs[level]
    forget(standing.measure)
    _mark(standing, k, True)


def _mark(standing: Standing, k: int, now: bool) -> None:
    """Note on which nodes a chain stands and which it passes."""
    chain = standing.tables.chains[k]
    for c in range(chain.component, chain.component_end):
        if standing.embeddings.option[c] >= 0:
            standing.here[standing.tables.options[standing.embeddings.option[c]].node, k] = now
    for f in range(chain.flow, chain.flow_end):
        standing.here[first_node(standing.tables, f, standing.embeddings), k] = now
        for i in range(standing.embeddings.length[f]):
            standing.here[standing.tables.net.head[standing.embeddings.path[f, i]], k] = now


def remove_all(standing: Standing, pricing: Pricing, chains: Any, begin: int, end: int) -> None:
    """Take placed chains out, those from ``begin`` to ``end`` of a list."""
    for i in range(begin, end):
        k = chains[i]
        if not standing.embeddings.placed[k]:
            continue
        chain = standing.tables.chains[k]
        _mark(standing, k, False)
        remove_chain(pricing, k, standing.embeddings)
        standing.embeddings.placed[k] = False
        for c in range(chain.component, chain.component_end):
            standing.embeddings.option[c] = -1
        for level in range(standing.chain_costs.shape[1]):
            standing.chain_costs[k, level] = standing.costs.reject[level, k]


def keeps_time(standing: Standing, k: int, work: Work) -> bool:
    """Whether a placed chain keeps its budgets; its time above targets is noted."""
    late, kept = measure_times(standing.tables, standing.state, k, standing.embeddings, work)
    if kept:
        standing.embeddings.late_ns[k] = late
    return kept


def sum_up(standing: Standing, total: FloatArray) -> None:
    """Write what a placement costs on every level to ``total``, (levels,), as far as float64 tells."""
    largest, hosting = 0.0, 0.0
    for row in range(standing.amount.shape[0]):
        if standing.amount[row] > 0:
            used = standing.capacity[0, row] - standing.state.free[0, row]
            largest = max(largest, used / standing.amount[row])
    for n in range(standing.state.hosted.shape[0]):
        if standing.state.hosted[n] > 0:
            hosting += standing.costs.node[n]
    for level in range(total.shape[0]):
        total[level] = standing.costs.active[level] * hosting + standing.costs.balance[level] * largest
        for o in range(standing.state.opened.shape[0]):
            total[level] += standing.costs.opening[level, o] * standing.state.opened[o]
    for k in range(standing.chain_costs.shape[0]):
        for level in range(total.shape[0]):
            total[level] += standing.chain_costs[k, level]


def copy_state(state: State, into: State) -> None:
    """Write a state over another."""
    for line in range(state.free.shape[0]):
        for row in range(state.free.shape[1]):
            into.free[line, row] = state.free[line, row]
    for o in range(state.load.shape[0]):
        into.load[o], into.users[o], into.opened[o] = state.load[o], state.users[o], state.opened[o]
    for group in range(state.program.shape[0]):
        into.program[group] = state.program[group]
    for n in range(state.hosted.shape[0]):
        into.hosted[n] = state.hosted[n]


def copy_chain(standing: Standing, k: int, into: Standing) -> None:
    """Write how a chain stands over how it stands in another placement, where ``here`` is not looked after."""
    chain = standing.tables.chains[k]
    for c in range(chain.component, chain.component_end):
        into.embeddings.option[c] = standing.embeddings.option[c]
    for f in range(chain.flow, chain.flow_end):
        into.embeddings.length[f] = standing.embeddings.length[f]
        for i in range(standing.embeddings.path.shape[1]):
            into.embeddings.path[f, i] = standing.embeddings.path[f, i]
    into.embeddings.placed[k] = standing.embeddings.placed[k]
    into.embeddings.late_ns[k] = standing.embeddings.late_ns[k]
    for level in range(standing.chain_costs.shape[1]):
        into.chain_costs[k, level] = standing.chain_costs[k, level]


def bring_back(kept: Standing, chains: Any, count: int, standing: Standing) -> None:
    """Make a placement again what it was when its state, and how these chains stood, were written to ``kept``."""
    copy_state(kept.state, standing.state)
    for i in range(count):
        k = chains[i]
        if standing.embeddings.placed[k]:
            _mark(standing, k, False)
        copy_chain(kept, k, standing)
        if standing.embeddings.placed[k]:
            _mark(standing, k, True)


def copy_all(standing: Standing, into: Standing) -> None:
    """Make a placement the same as another."""
    copy_state(standing.state, into.state)
    for k in range(standing.chain_costs.shape[0]):
        copy_chain(standing, k, into)
    for n in range(standing.here.shape[0]):
        for k in range(standing.here.shape[1]):
            into.here[n, k] = standing.here[n, k]
