"""The kernel: the cheapest embedding of one chain at given prices and remaining capacities, with a lower bound.

The units of a chain (components that share a node) form trees; costs spread from unit to unit over the arcs, leaves
first, and the cheapest nodes are read back from the roots (:mod:`.tree_dp`). Latency budgets enter with a price per ns
(:mod:`.latency_prices`): every such price gives a lower bound, the best is kept. An embedding is tried on the state for
real, component by component and flow by flow (:mod:`.trying`), so it keeps every rule jointly.

The bound ignores (see :func:`relaxations`): joint use of one capacity by several parts of the chain, ``apart`` and
``together`` by label, flows that close circles of units (role CHORD), what copies cost, and what merging or parallel
running saves is granted in full. None of these lowers the cost of an embedding, so the bound is valid; where nothing of
it applies, it is exact.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import CHORD, COPY, Tables
    from mosaico_place.kernel.latency_prices import first_rates, next_rates, set_slopes
    from mosaico_place.kernel.placing import remove_chain
    from mosaico_place.kernel.problem import Embeddings, Pricing, Work
    from mosaico_place.kernel.times import measure_times
    from mosaico_place.kernel.tree_dp import choose_nodes, solve_units
    from mosaico_place.kernel.trying import crowded, try_out

    TRIES = 12
    MANY, FEW = 200, 3
    EXACT, RELAXED_JOIN, RELAXED_COPY, RELAXED_REWRITE, RELAXED_APART = 0, 1, 2, 4, 8
"""TRIES: rounds of prices for latency, and of nodes that are ruled out because the whole does not fit.

MANY, FEW: how often units are kept to single nodes where all that fails: of a chain that must be placed, and of others
that are to be placed; of those that are only priced, never.

EXACT and the others: what a bound leaves out, added up; joint use and the gap of latency prices show as cost above the
bound.
"""


def relaxations(tables: Tables, k: int) -> int:
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


def embed(pricing: Pricing, k: int, cutoff: float, out: Embeddings) -> tuple[float, float]:
    """The cheapest embedding of chain ``k`` that the state has room for; the state is the same after the call.

    Arguments are those of :func:`find`, without ``few``, which is 0.

    Returns:
        (lower bound on the cost of every embedding in what is left, ``cutoff`` at most where one might cost as much;
        cost of the one found, infinite if there is none or if it was given up).
    """
    lower, cost, stands = find(pricing, k, cutoff, 0, out)
    if stands:
        remove_chain(pricing, k, out)
    return lower, cost


def find(pricing: Pricing, k: int, cutoff: float, few: int, out: Embeddings) -> tuple[float, float, bool]:
    """The cheapest embedding of chain ``k`` that the state has room for, and often left standing in it.

    Args:
        pricing: the instance, what is left of it, and what things are worth.
        k: the chain, which must not be placed.
        cutoff: an embedding that costs as much is not wanted; the search ends when the bound reaches it.
        few: how often units are kept to single nodes where nothing fits; :data:`MANY` of a chain that must be placed.
        out: where the embedding is written if there is one.

    Returns:
        (bound and cost as of :func:`embed`; whether it is placed in the state now).
    """
    depth, left, lower = -1, MANY if pricing.tables.chains[k].required else few, -inf
    while True:
        begin(pricing, k)
        u = _keep_parts(depth, pricing.work)
        bound, cost, stands, node = _rounds(pricing, k, cutoff, u, out)
        if depth < 0:
            lower = bound
        if cost < inf or left == 0:
            return lower, cost, stands
        depth = _next_part(pricing.tables, k, depth, node, bound < cutoff, pricing.work)
        left -= 1
        if depth < 0:
            return lower, cost, stands


def _rounds(pricing: Pricing, k: int, cutoff: float, u: int, out: Embeddings) -> tuple[float, float, bool, int]:
    """The same with what ``work.blocked`` rules out, and unit ``u`` (-1: none) kept to the node where it is put first.

    That node is the last of the results; -1 if there was none.
    """
    unit, lower, best, free, stands, node = pricing.tables.chains[k].unit, -inf, inf, True, False, -1
    for _ in range(TRIES):
        constant, wanted = set_slopes(pricing, k), min(cutoff, best)
        limit = wanted + constant
        total = solve_units(pricing, k, limit)
        # Where nothing is wanted, the costs of units say nothing; less the constant, the limit may round to below it.
        value = total - constant if total < limit else wanted
        if free:
            lower = max(lower, value)
        if total >= limit or lower >= wanted:
            break
        if not choose_nodes(pricing, k):
            break
        if u >= 0 and node < 0:
            node = pricing.work.at[u]
            _keep_to(pricing.work, u, node)
        bad, cost = crowded(pricing.tables, k, pricing.work), inf
        if bad < 0:
            cost, bad = try_out(pricing, k)
        if bad >= 0:
            if pricing.tables.units[bad].node >= 0:
                break
            pricing.work.blocked[bad - unit, pricing.work.at[bad - unit]] = True
            free = False
            continue
        late, kept = measure_times(pricing.tables, pricing.state, k, pricing.work.draft, pricing.work)
        again = next_rates(pricing, k, cost, value)
        cost += pricing.prices.late[k] * late
        stands = kept and cost < best
        if stands:
            best = cost
            _write(pricing.tables, k, pricing.work.draft, late, out)
            if not again:
                break
        remove_chain(pricing, k, pricing.work.draft)
        stands = False
        if not again:
            break
    return lower, best, stands, node


def begin(pricing: Pricing, k: int) -> None:
    """Rule nothing out, and price time as in the first round."""
    chain = pricing.tables.chains[k]
    for u in range(chain.unit_end - chain.unit):
        for n in range(pricing.work.blocked.shape[1]):
            pricing.work.blocked[u, n] = False
    first_rates(pricing, k)


def _keep_to(work: Work, u: int, node: int) -> None:
    """Rule out, for a unit, all nodes but one."""
    for n in range(work.blocked.shape[1]):
        work.blocked[u, n] = True
    work.blocked[u, node] = False


def _keep_parts(depth: int, work: Work) -> int:
    """Keep units to their nodes, the last one off the nodes that were tried; returns that unit (-1: none)."""
    if depth < 0:
        return -1
    for d in range(depth):
        _keep_to(work, work.turn[d], work.kept[d])
    u = work.turn[depth]
    for n in range(work.tried.shape[1]):
        work.blocked[u, n] = work.tried[depth, n]
    return u


def _next_part(tables: Tables, k: int, depth: int, node: int, more: bool, work: Work) -> int:
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
        _order_units(tables, k, work)
    elif node < 0:
        return depth - 1
    else:
        work.kept[depth] = node
        work.tried[depth, node] = True
    if more and work.turn[depth + 1] >= 0:
        depth += 1
        for n in range(work.tried.shape[1]):
            work.tried[depth, n] = False
    return depth


def _places(tables: Tables, u: int) -> int:
    """How many nodes a unit may stand on."""
    count = 0
    for n in range(tables.mask.shape[1]):
        count += tables.mask[u, n]
    return count


def _order_units(tables: Tables, k: int, work: Work) -> None:
    """Write the units that have a choice to ``work.turn``, those with fewest nodes first, and -1 after the last."""
    chain, count = tables.chains[k], 0
    for u in range(chain.unit, chain.unit_end):
        size = _places(tables, u)
        if tables.units[u].node < 0 and size > 1:
            i = count
            while i > 0 and _places(tables, chain.unit + work.turn[i - 1]) > size:
                work.turn[i] = work.turn[i - 1]
                i -= 1
            work.turn[i] = u - chain.unit
            count += 1
    work.turn[count] = -1


def _write(tables: Tables, k: int, draft: Embeddings, late: float, out: Embeddings) -> None:
    """Keep the embedding that was tried."""
    chain = tables.chains[k]
    for c in range(chain.component, chain.component_end):
        out.option[c] = draft.option[c]
    for f in range(chain.flow, chain.flow_end):
        out.length[f] = draft.length[f]
        for i in range(draft.length[f]):
            out.path[f, i] = draft.path[f, i]
    out.late_ns[k] = late
