"""The kernel: the cheapest embedding of one chain at given prices and remaining capacities, with a lower bound.

The units of a chain (components that share a node) form trees; costs spread from unit to unit over the arcs, leaves
first, and the cheapest nodes are read back from the roots (:mod:`.units`). Latency budgets enter with a price per ns
(:mod:`.multipliers`): every such price gives a lower bound, the best is kept. An embedding is tried on the state for
real, component by component and flow by flow (:mod:`.attempt`), so it keeps every rule jointly.

The bound ignores (see :func:`relaxations`): joint use of one capacity by several parts of the chain, ``apart`` and
``together`` by label, flows that close circles of units (role CHORD), what copies cost, and what merging or parallel
running saves is granted in full. None of these lowers the cost of an embedding, so the bound is valid; where nothing of
it applies, it is exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.kernel.attempt import crowded, try_out
from mosaico_place.kernel.compiled import inner, inner_inline, outer
from mosaico_place.kernel.multipliers import first_rates, next_rates, set_slopes
from mosaico_place.kernel.shapes import CHORD, COPY
from mosaico_place.kernel.taking import remove_chain
from mosaico_place.kernel.times import measure_times
from mosaico_place.kernel.units import choose_nodes, solve_units
from mosaico_place.kernel.vectors import fill, fill_but_one

TRIES = 12
"""Rounds of prices for latency, and of nodes that are ruled out because the whole does not fit."""

MANY, FEW = 200, 3
"""How often units are kept to single nodes where all that fails: of a chain that must be placed, and of others that are
to be placed; of those that are only priced, never."""

EXACT, RELAXED_JOIN, RELAXED_COPY, RELAXED_REWRITE, RELAXED_APART = 0, 1, 2, 4, 8
"""What a bound leaves out, added up; joint use and the gap of latency prices show as cost above the bound."""


@outer
def relaxations(tables: Any, k: int) -> int:
    """Which relaxations the bound of a chain uses, whatever the prices."""
    chain = tables.chains[k]
    used = RELAXED_APART if chain.apart_end > chain.apart else EXACT
    for f in range(chain.flow, chain.flow_end):
        if tables.flows[f].role == CHORD:
            used |= RELAXED_JOIN
        elif tables.flows[f].role == COPY:
            used |= RELAXED_COPY
    for c in range(chain.component, chain.component_end):
        if tables.components[c].vanishes or tables.components[c].twins >= 0:
            used |= RELAXED_REWRITE
    return used


@outer
def embed(tables: Any, state: Any, prices: Any, k: int, cutoff: float, work: Any, out: Any) -> Any:
    """The cheapest embedding of chain ``k`` that the state has room for; the state is the same after the call.

    Arguments and results are those of :func:`find`, without ``few``, which is 0, and whether it stands.
    """
    lower, best, stands = find(tables, state, prices, k, cutoff, 0, work, out)
    if stands:
        remove_chain(tables, state, prices, k, out.option, out.length, out.path)
    return lower, best


@inner
def find(tables: Any, state: Any, prices: Any, k: int, cutoff: float, few: int, work: Any, out: Any) -> Any:
    """The cheapest embedding of chain ``k`` that the state has room for, and often left standing in it.

    Args:
        tables: the compiled instance.
        state: what is left.
        prices: what things are worth.
        k: the chain, which must not be placed.
        cutoff: an embedding that costs as much is not wanted; the search ends when the bound reaches it.
        few: how often units are kept to single nodes where nothing fits; :data:`MANY` of a chain that must be placed.
        work: scratch.
        out: where the embedding is written if there is one.

    Returns:
        (lower bound on the cost of every embedding in what is left, ``cutoff`` at most where one might cost as much;
        cost of the one found, infinite if there is none or if it was given up; whether it is placed in the state now).
    """
    lower, depth, left = -np.inf, -1, MANY if tables.chains[k].required else few
    while True:
        begin(tables, prices, k, work)
        u = keep_parts(depth, work)
        bound, best, stands, node = rounds(tables, state, prices, k, cutoff, u, work, out)
        if depth < 0:
            lower = bound
        if best < np.inf or left == 0:
            return lower, best, stands
        depth = next_part(tables, k, depth, node, bound < cutoff, work)
        left -= 1
        if depth < 0:
            return lower, best, stands


@inner
def rounds(tables: Any, state: Any, prices: Any, k: int, cutoff: float, u: int, work: Any, out: Any) -> Any:
    """The same with what ``work.blocked`` rules out, and unit ``u`` (-1: none) kept to the node where it is put first.

    Returns:
        (lower bound, cost, whether it stands, that node or -1).
    """
    chain = tables.chains[k]
    option, length, path = work.option, work.length, work.path
    lower, best, free, stands, node = -np.inf, np.inf, True, False, -1
    for _ in range(TRIES):
        constant, wanted = set_slopes(tables, prices, k, work), min(cutoff, best)
        limit = wanted + constant
        total = solve_units(tables, state, prices, k, limit, work)
        # Where nothing is wanted, the costs of units say nothing; less the constant, the limit may round to below it.
        value = total - constant if total < limit else wanted
        if free:
            lower = max(lower, value)
        if total >= limit or lower >= wanted:
            break
        if not choose_nodes(tables, state, prices, k, work):
            break
        if u >= 0 and node < 0:
            node = work.at[u]
            fill_but_one(work.blocked[u], True, node, False)
        bad = crowded(tables, k, work.at, work.blocked)
        cost = np.inf
        if bad < 0:
            cost, bad = try_out(tables, state, prices, k, work)
        if bad >= 0:
            if tables.units[bad].node >= 0:
                break
            work.blocked[bad - chain.unit, work.at[bad - chain.unit]] = True
            free = False
            continue
        kept, late = measure_times(tables, state, k, option, length, path, work)
        again = next_rates(tables, prices, k, cost, value, work)
        cost += prices.late[k] * late
        stands = kept and cost < best
        if stands:
            best = cost
            write(tables, k, work, late, out)
            if not again:
                break
        remove_chain(tables, state, prices, k, option, length, path)
        stands = False
        if not again:
            break
    return lower, best, stands, node


@inner
def begin(tables: Any, prices: Any, k: int, work: Any) -> None:
    """Rule nothing out, and price time as in the first round."""
    chain = tables.chains[k]
    for u in range(chain.unit_end - chain.unit):
        fill(work.blocked[u], False)
    first_rates(tables, prices, k, work)


@inner_inline
def keep_parts(depth: int, work: Any) -> int:
    """Keep units to their nodes, the last one off the nodes that were tried; returns that unit (-1: none)."""
    if depth < 0:
        return -1
    for d in range(depth):
        fill_but_one(work.blocked[work.turn[d]], True, work.kept[d], False)
    u = work.turn[depth]
    for n in range(work.tried.shape[1]):
        work.blocked[u, n] = work.tried[depth, n]
    return u


@inner
def next_part(tables: Any, k: int, depth: int, node: int, more: bool, work: Any) -> int:
    """How many units are to be kept to single nodes next, before the one that is to be put somewhere; -1 to end.

    What does not fit on a node may do so beside other units elsewhere; ruling out one node after the other loses that.
    So units are kept to nodes, depth first, the unit with fewest nodes first, its nodes in the order of their bounds.

    Args:
        tables, k, work: as above.
        depth: how many were kept; -1 for none, in the first call.
        node: where the next one was put; -1 if there was no node left.
        more: whether the bound allows that anything is found there.
    """
    if depth < 0:
        order_units(tables, k, work)
    elif node < 0:
        return depth - 1
    else:
        work.kept[depth] = node
        work.tried[depth, node] = True
    if more and work.turn[depth + 1] >= 0:
        depth += 1
        fill(work.tried[depth], False)
    return depth


@inner
def order_units(tables: Any, k: int, work: Any) -> None:
    """Write the units that have a choice to ``work.turn``, those with fewest nodes first, and -1 after the last."""
    chain, count = tables.chains[k], 0
    for u in range(chain.unit, chain.unit_end):
        size = tables.mask[u].sum()
        if tables.units[u].node < 0 and size > 1:
            i = count
            while i > 0 and tables.mask[chain.unit + work.turn[i - 1]].sum() > size:
                work.turn[i] = work.turn[i - 1]
                i -= 1
            work.turn[i] = u - chain.unit
            count += 1
    work.turn[count] = -1


@inner
def write(tables: Any, k: int, work: Any, late: float, out: Any) -> None:
    """Keep the embedding that was tried."""
    chain = tables.chains[k]
    for c in range(chain.component, chain.component_end):
        out.option[c] = work.option[c]
    for f in range(chain.flow, chain.flow_end):
        out.length[f] = work.length[f]
        for i in range(work.length[f]):
            out.path[f, i] = work.path[f, i]
    out.late_ns[k] = late
