"""The kernel: the cheapest embedding of one chain at given prices and remaining capacities, with a lower bound.

The units of a chain (components that share a node) form trees; costs spread from unit to unit over the arcs, leaves
first, and the cheapest nodes are read back from the roots (:mod:`.tree_dp`). Latency budgets enter with a price per ns
(:mod:`.latency_prices`): every such price gives a lower bound, the best is kept. An embedding is tried on the state for
real, component by component and flow by flow (:mod:`.trying`), so it keeps every rule jointly. Where it does not fit,
because several of its components want the same, where they stand is branched on (:mod:`.branching`).

Without that, the bound ignores (see :func:`relaxations`): joint use of one capacity by several parts of the chain,
``apart`` and ``together`` by label, flows that close circles of units (role CHORD), what copies cost, and what merging
or parallel running saves is granted in full. None of these lowers the cost of an embedding, so the bound is valid;
where nothing of it applies, it is exact.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import CHORD, COPY, Tables
    from mosaico_place.kernel.branching import branch
    from mosaico_place.kernel.latency_prices import first_rates, next_rates, set_slopes
    from mosaico_place.kernel.placing import remove_chain
    from mosaico_place.kernel.problem import Embeddings, Pricing, write_embedding
    from mosaico_place.kernel.times import measure_times
    from mosaico_place.kernel.tree_dp import choose_nodes, solve_units
    from mosaico_place.kernel.trying import crowded, try_out

    TRIES = 12
    MANY, SOME, FEW, PRICED = 3000, 400, 24, 100
    EXACT, RELAXED_JOIN, RELAXED_COPY, RELAXED_REWRITE, RELAXED_APART = 0, 1, 2, 4, 8
"""TRIES: rounds of prices for latency, and of nodes that are ruled out because the whole does not fit.

MANY, SOME, FEW, PRICED: how many subproblems are branched on where all that fails: in the first placement of a chain
that must be placed, in its turns and in a last look at one that would be left out, in turns of others, in pricing.

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

    Arguments are those of :func:`find`.

    Returns:
        (lower bound on the cost of every embedding in what is left, ``cutoff`` at most where one might cost as much;
        cost of the one found, infinite if there is none or if it was given up).
    """
    most = PRICED + MANY // pricing.tables.chains.shape[0]  # of few chains, each may take longer
    lower, cost, stands = find(pricing, k, cutoff, most, False, out)
    if stands:
        remove_chain(pricing, k, out)
    return lower, cost


def find(pricing: Pricing, k: int, cutoff: float, most: int, first: bool, out: Embeddings) -> tuple[float, float, bool]:
    """The cheapest embedding of chain ``k`` that the state has room for, and often left standing in it.

    Args:
        pricing: the instance, what is left of it, and what things are worth.
        k: the chain, which must not be placed.
        cutoff: an embedding that costs as much is not wanted; the search ends when the bound reaches it.
        most: how many subproblems are branched on where its components are in one another's way.
        first: whether any embedding will do; else the bound is to be as good as it can be, too.
        out: where the embedding is written if there is one.

    Returns:
        (bound and cost as of :func:`embed`; whether it is placed in the state now).
    """
    begin(pricing, k)
    lower, cost, stands, free = _rounds(pricing, k, cutoff, out)
    if most == 0 or lower >= cutoff or (cost < inf and (first or free or cost <= lower)):
        return lower, cost, stands
    if stands:
        remove_chain(pricing, k, out)
    begin(pricing, k)
    bound, found = branch(pricing, k, min(cutoff, cost), most, first, out)
    if not relaxations(pricing.tables, k) & RELAXED_REWRITE:
        lower = max(lower, bound)
    return lower, min(cost, found), False


def _rounds(pricing: Pricing, k: int, cutoff: float, out: Embeddings) -> tuple[float, float, bool, bool]:
    """The same by prices of time, and by ruling out, for a unit that does not fit, the node where it was put.

    The last of the results says whether nothing was ruled out.
    """
    unit, lower, best, free, stands = pricing.tables.chains[k].unit, -inf, inf, True, False
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
        bad, cost = crowded(pricing.tables, k, pricing.work, True), inf
        if bad < 0:
            cost, bad = try_out(pricing, k)
        if bad >= 0:
            free = False
            if pricing.tables.units[bad].node >= 0:
                break
            pricing.work.blocked[bad - unit, pricing.work.at[bad - unit]] = True
            continue
        late, kept = measure_times(pricing.tables, pricing.state, k, pricing.work.draft, pricing.work)
        again = next_rates(pricing, k, cost, value)
        cost += pricing.prices.late[k] * late
        stands = kept and cost < best
        if stands:
            best = cost
            write_embedding(pricing.tables, k, pricing.work.draft, late, out)
            if not again:
                break
        remove_chain(pricing, k, pricing.work.draft)
        stands = False
        if not again:
            break
    return lower, best, stands, free


def begin(pricing: Pricing, k: int) -> None:
    """Rule nothing out, and price time as in the first round."""
    chain = pricing.tables.chains[k]
    for u in range(chain.unit_end - chain.unit):
        for n in range(pricing.work.blocked.shape[1]):
            pricing.work.blocked[u, n] = False
    first_rates(pricing, k)
