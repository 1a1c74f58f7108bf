"""Branch and bound over where the units of a chain stand: what its components take together of one capacity.

The dynamic program (:mod:`.tree_dp`) prices every component as if it were alone, so its cheapest embedding may put more
on a node than fits. Then one of its units is branched on: either it stands where it was put, and what it takes is gone
for the others, or that node is ruled out for it. Every subproblem is solved by the same dynamic program, whose value
bounds it (Land and Doig, "An automatic method of solving discrete programming problems", Econometrica 28(3), 1960).
Rules between units (``apart``, ``together`` by label) rule out nodes as soon as one of them stands (forward checking:
Haralick and Elliott, "Increasing tree search efficiency for constraint satisfaction problems", Artificial Intelligence
14(3), 1980), and flows that close circles are priced as soon as one of their ends stands.

The search goes depth first to the node that the dynamic program prefers. Where it ends within its limit, it has looked
at every choice of nodes and options; paths are chosen one after the other, so an embedding that fails for want of
bandwidth, of a program on a path or of time leaves its subproblem undecided.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.kernel.costs import option_cost
    from mosaico_place.kernel.latency_prices import next_rates, set_slopes
    from mosaico_place.kernel.placing import apply_option, remove_chain
    from mosaico_place.kernel.problem import Embeddings, Pricing, Work, write_embedding
    from mosaico_place.kernel.times import measure_times
    from mosaico_place.kernel.tree_dp import choose_nodes, solve_units
    from mosaico_place.kernel.trying import crowded, try_out

    TRIED, PRUNED = 6, -2

CLOSE = 1e-9
"""TRIED: rounds of latency prices in one subproblem. PRUNED: instead of a unit, that a subproblem is done with. CLOSE:
how near to its bound, relative to it, an embedding counts as cheapest: sums differ by the order of their terms."""


def branch(pricing: Pricing, k: int, cutoff: float, most: int, first: bool, out: Embeddings) -> tuple[float, float]:
    """The cheapest embedding of chain ``k`` below a cost, by branch and bound; nothing may be ruled out when it begins.

    Args:
        pricing: the pricing problem; its state is the same after the call.
        k: the chain, which must not be placed.
        cutoff: an embedding that costs as much is not wanted.
        most: how many subproblems are solved at most.
        first: whether the first embedding that is found is enough.
        out: where the embedding is written if there is one.

    Returns:
        (lower bound on the cost of every embedding that is wanted, the cutoff if there is none; cost of the one found,
        infinite if there is none).
    """
    chain = pricing.tables.chains[k]
    pricing.work.cutoff, pricing.work.found, pricing.work.open = cutoff, inf, inf
    pricing.work.left, pricing.work.first, pricing.work.count = most, first, 0
    for u in range(chain.unit, chain.unit_end):
        if pricing.tables.units[u].node >= 0:
            _check_forward(pricing.tables, k, u, pricing.tables.units[u].node, pricing.work)
    _solve(pricing, k, -1, 0, -inf, out)
    return min(pricing.work.open, pricing.work.found, cutoff), pricing.work.found


def _solve(pricing: Pricing, k: int, u: int, depth: int, bound: float, out: Embeddings) -> None:
    """Solve one subproblem: so many units stand (``depth``), ``u`` last (-1: none); ``bound`` is that of its parent."""
    chain = pricing.tables.chains[k]
    for v in range(chain.unit_end - chain.unit):
        for n in range(pricing.work.blocked.shape[1]):
            pricing.work.ruled[depth, v, n] = pricing.work.blocked[v, n]
    if u >= 0:
        _check_forward(pricing.tables, k, u, pricing.work.stands[u - chain.unit], pricing.work)
    while True:
        if pricing.work.left == 0:
            pricing.work.open = min(pricing.work.open, bound)
            break
        pricing.work.left -= 1
        bad, bound = _relaxation(pricing, k, bound, out)
        if bad == PRUNED:
            break
        v = _next_unit(pricing.tables, k, bad, pricing.work)
        if v < 0:
            pricing.work.open = min(pricing.work.open, bound)
            break
        n = pricing.work.at[v - chain.unit]
        _settle(pricing, k, v, n, chain.component, depth, bound, out)
        if pricing.tables.units[v].node >= 0:
            break  # it can stand nowhere else
        pricing.work.blocked[v - chain.unit, n] = True
    for v in range(chain.unit_end - chain.unit):
        for n in range(pricing.work.blocked.shape[1]):
            pricing.work.blocked[v, n] = pricing.work.ruled[depth, v, n]


def _relaxation(pricing: Pricing, k: int, bound: float, out: Embeddings) -> tuple[int, float]:
    """Solve the relaxation of a subproblem and try what it points to.

    Returns:
        (the unit that does not fit, -1 if all fit but are too slow or cost more than the bound; PRUNED where nothing is
        left to be looked for; the bound of the subproblem).
    """
    for _ in range(TRIED):
        wanted = min(pricing.work.cutoff, pricing.work.found)
        constant = set_slopes(pricing, k)
        total = solve_units(pricing, k, wanted + constant)
        if total >= wanted + constant:
            return PRUNED, bound
        bound = max(bound, total - constant)
        if bound >= wanted:
            return PRUNED, bound
        if not choose_nodes(pricing, k):
            return -1, bound
        bad = crowded(pricing.tables, k, pricing.work, False)
        if bad >= 0:
            return bad, bound
        cost, bad = _try_whole(pricing, k)
        if bad >= 0:
            return bad, bound
        late, kept = measure_times(pricing.tables, pricing.state, k, pricing.work.draft, pricing.work)
        again = next_rates(pricing, k, cost, bound)
        cost += pricing.prices.late[k] * late
        if kept and cost < pricing.work.found:
            pricing.work.found = cost
            write_embedding(pricing.tables, k, pricing.work.draft, late, out)
        remove_chain(pricing, k, pricing.work.draft)
        _stand_again(pricing, k)
        if kept and (pricing.work.first or cost <= bound + CLOSE * (1.0 + abs(bound))):
            if pricing.work.first:
                pricing.work.left = 0
            pricing.work.open = min(pricing.work.open, bound)
            return PRUNED, bound
        if not again:
            break
    return -1, bound


def _try_whole(pricing: Pricing, k: int) -> tuple[float, int]:
    """Place the chain in the order of its components, for what some add depends on the others; as :func:`try_out`."""
    for i in range(pricing.work.count - 1, -1, -1):
        _put(pricing, k, pricing.work.stack[i], -1)
    cost, bad = try_out(pricing, k)
    if bad >= 0:
        _stand_again(pricing, k)
    return cost, bad


def _stand_again(pricing: Pricing, k: int) -> None:
    """Let the settled components take what they took."""
    for i in range(pricing.work.count):
        _put(pricing, k, pricing.work.stack[i], 1)


def _put(pricing: Pricing, k: int, c: int, sign: int) -> None:
    """Let a settled component take what it takes by itself, or give it back; what merging saves is left out."""
    option = pricing.work.settled[c - pricing.tables.chains[k].component]
    apply_option(pricing.tables, pricing.state, k, c, option, sign)


def _next_unit(tables: Tables, k: int, bad: int, work: Work) -> int:
    """The unit to branch on: of those that are put where one does not fit, the first that does not stand yet.

    -1 where all stand.
    """
    chain, other = tables.chains[k], -1
    for c in range(chain.component, chain.component_end):
        u = tables.components[c].unit
        if tables.components[c].menu < 0 or work.settled[c - chain.component] >= 0:
            continue
        if bad >= 0 and work.at[u - chain.unit] == work.at[bad - chain.unit]:
            return u
        if other < 0 or u == bad:
            other = u
    return other


def _settle(pricing: Pricing, k: int, u: int, n: int, c: int, depth: int, bound: float, out: Embeddings) -> None:
    """Let the components of a unit from ``c`` on run on a node, in every way, the cheapest first."""
    chain = pricing.tables.chains[k]
    while c < chain.component_end and (pricing.tables.components[c].unit != u or pricing.tables.components[c].menu < 0):
        c += 1
    if c == chain.component_end:
        pricing.work.stands[u - chain.unit] = n
        _solve(pricing, k, u, depth + 1, bound, out)
        pricing.work.stands[u - chain.unit] = -1
        return
    i = c - chain.component
    cost, option, pay = -inf, -1, pricing.work.pay[i]
    while True:
        cost, option = _next_option(pricing, k, c, n, pay, cost, option)
        if option < 0:
            return
        if pricing.work.left == 0:
            pricing.work.open = min(pricing.work.open, bound)
            return
        pricing.work.settled[i], pricing.work.paid[i] = option, option_cost(pricing, k, c, option)
        pricing.work.stack[pricing.work.count] = c
        pricing.work.count += 1
        _put(pricing, k, c, 1)
        _settle(pricing, k, u, n, c + 1, depth, bound, out)
        _put(pricing, k, c, -1)
        pricing.work.count -= 1
        pricing.work.settled[i] = -1


def _next_option(pricing: Pricing, k: int, c: int, n: int, pay: float, cost: float, option: int) -> tuple[float, int]:
    """(cost, option) of the next option of a component on a node in the order of cost, time priced; -1 after all."""
    best, chosen, menu = inf, -1, pricing.tables.components[c].menu
    for o in range(pricing.tables.menu_start[menu, n], pricing.tables.menu_start[menu, n + 1]):
        one = option_cost(pricing, k, c, o) + pay * pricing.tables.options[o].processing_ns
        if one < best and (one > cost or (one == cost and o > option)):
            best, chosen = one, o
    return best, chosen


def _check_forward(tables: Tables, k: int, u: int, node: int, work: Work) -> None:
    """Rule out, for units that do not stand yet, the nodes that rules between them and unit ``u`` on a node forbid."""
    chain = tables.chains[k]
    for i in range(chain.apart, chain.apart_end):
        pair = tables.apart[i]
        if pair.unit != u and pair.other != u:
            continue
        v = pair.other - chain.unit if pair.unit == u else pair.unit - chain.unit
        for n in range(work.blocked.shape[1]):
            same = n == node
            if pair.label >= 0:
                same = tables.label_value[pair.label, n] == tables.label_value[pair.label, node]
            if same != (pair.together > 0):
                work.blocked[v, n] = True
