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

TRIES = 12
"""Rounds of prices for latency, and of nodes that are ruled out because the whole does not fit."""

FIXED_MOST, FIXED_FEW = 200, 3
"""How often units are kept to single nodes where all that fails: of a chain that must be placed, and of others."""

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

    Arguments and results are those of :func:`find`, without whether it stands.
    """
    lower, best, stands = find(tables, state, prices, k, cutoff, work, out)
    if stands:
        remove_chain(tables, state, prices, k, out.option, out.length, out.path)
    return lower, best


@inner
def find(tables: Any, state: Any, prices: Any, k: int, cutoff: float, work: Any, out: Any) -> Any:
    """The cheapest embedding of chain ``k`` that the state has room for, and often left standing in it.

    Args:
        tables: the compiled instance.
        state: what is left.
        prices: what things are worth.
        k: the chain, which must not be placed.
        cutoff: an embedding that costs as much is not wanted; the search ends when the bound reaches it.
        work: scratch.
        out: where the embedding is written if there is one.

    Returns:
        (lower bound on the cost of every embedding in what is left, cost of the one found, whether it is placed in the
        state now): infinite if there is none, or if it was given up.
    """
    begin(tables, prices, k, work)
    lower, best, stands = rounds(tables, state, prices, k, cutoff, work, out)
    if best == np.inf and lower < cutoff:
        best, stands = fix_units(tables, state, prices, k, cutoff, work, out)
    return lower, best, stands


@inner
def rounds(tables: Any, state: Any, prices: Any, k: int, cutoff: float, work: Any, out: Any) -> Any:
    """The same with what ``work.blocked`` rules out; where that is nothing, the bound holds for the chain."""
    chain = tables.chains[k]
    option, length, path = work.option, work.length, work.path
    lower, best, free, stands = -np.inf, np.inf, True, False
    for _ in range(TRIES):
        constant = set_slopes(tables, prices, k, work)
        value = solve_units(tables, state, prices, k, work) - constant
        if free:
            lower = max(lower, value)
        if value == np.inf or lower >= min(cutoff, best):
            break
        if not choose_nodes(tables, state, prices, k, work):
            break
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
    return lower, best, stands


@inner
def begin(tables: Any, prices: Any, k: int, work: Any) -> None:
    """Rule nothing out, and price time as in the first round."""
    chain = tables.chains[k]
    for u in range(chain.unit_end - chain.unit):
        allow_all(work.blocked[u])
    first_rates(tables, prices, k, work)


@inner_inline
def allow_all(blocked: Any) -> None:
    """Rule no node out."""
    for n in range(len(blocked)):
        blocked[n] = False


@inner_inline
def allow_one(blocked: Any, one: int) -> None:
    """Rule out all nodes but one."""
    for n in range(len(blocked)):
        blocked[n] = n != one


@inner
def fix_units(tables: Any, state: Any, prices: Any, k: int, cutoff: float, work: Any, out: Any) -> Any:
    """Look for an embedding by keeping units to single nodes, one unit after the other: (its cost, whether it stands).

    What does not fit on a node may do so beside other units elsewhere; ruling out one node after the other loses that.
    Depth first, the unit with fewest nodes first, its nodes in the order of the bounds.
    """
    chain = tables.chains[k]
    count, depth, left = order_units(tables, k, work), 0, FIXED_MOST if chain.required else FIXED_FEW
    if count > 0:
        allow_all(work.tried[0])
    while 0 <= depth < count and left > 0:
        begin(tables, prices, k, work)
        for d in range(depth):
            allow_one(work.blocked[work.turn[d]], work.kept[d])
        u = work.turn[depth]
        for n in range(work.tried.shape[1]):
            work.blocked[u, n] = work.tried[depth, n]
        constant = set_slopes(tables, prices, k, work)
        value = solve_units(tables, state, prices, k, work) - constant
        if value >= cutoff or value == np.inf or not choose_nodes(tables, state, prices, k, work):
            depth -= 1
            continue
        work.kept[depth] = work.at[u]
        work.tried[depth, work.at[u]] = True
        allow_one(work.blocked[u], work.at[u])
        lower, best, stands = rounds(tables, state, prices, k, cutoff, work, out)
        left -= 1
        if best < np.inf:
            return best, stands
        if lower < cutoff and depth + 1 < count:
            depth += 1
            allow_all(work.tried[depth])
    return np.inf, False


@inner
def order_units(tables: Any, k: int, work: Any) -> int:
    """Write the units that are not fixed to ``work.turn``, those with fewest nodes first; how many there are."""
    chain, count = tables.chains[k], 0
    for u in range(chain.unit, chain.unit_end):
        if tables.units[u].node >= 0:
            continue
        i, size = count, tables.mask[u].sum()
        while i > 0 and tables.mask[chain.unit + work.turn[i - 1]].sum() > size:
            work.turn[i] = work.turn[i - 1]
            i -= 1
        work.turn[i] = u - chain.unit
        count += 1
    return count


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
