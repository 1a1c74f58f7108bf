"""Bounding: the dynamic program over the units of a chain leaves out costs that no cheapest embedding contains.

Branch and bound inside of a dynamic program (Morin and Marsten, "Branch-and-bound strategies for dynamic programming",
Operations Research 24(4), 1976): a cost of some units on some node goes no further where it, and what all other units
cost at least, is more than one node for all units of the tree costs, or than is wanted. Where every flow on the way to
the root is as dear as the one from there to a fixed node, that one's cheapest path from the node is also still to be
paid (the potential of Hart, Nilsson and Raphael, "A formal basis for the heuristic determination of minimum cost
paths", IEEE Transactions on Systems Science and Cybernetics 4(2), 1968), which keeps paths to where they can lead.
"""

from __future__ import annotations

from typing import Any

import cython

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.kernel.problem import Work

ROUNDING = 1e-9
"""Of 1 and of the cheapest cost known, how much more is let pass: sums differ by the order of their terms."""


def lowest(table: Any, row: int) -> float:
    """The least number of a row."""
    best = inf
    for n in range(table.shape[1]):
        best = min(best, table[row, n])
    return best


def note_least(tables: Tables, k: int, work: Work) -> float:
    """Write the least cost of every free unit by itself to ``work.least``; returns their sum."""
    chain, total = tables.chains[k], 0.0
    for u in range(chain.unit_end - chain.unit):
        if tables.units[chain.unit + u].node < 0:
            work.least[u] = lowest(work.total, u)
            total += work.least[u]
    return total


def note_goal(tables: Tables, k: int, f: int, u: int, work: Work) -> None:
    """Keep what a flow between a root and a fixed node costs from every node: (nodes,) the distances."""
    if tables.units[u].parent < 0 and tables.plain[tables.flows[f].touch] and tables.net.leaves:
        u0 = tables.chains[k].unit
        work.goal[u - u0] = f
        for n in range(work.ahead.shape[1]):
            work.ahead[u - u0, n] = work.labels.dist[n]


def note_tree(tables: Tables, k: int, u: int, work: Work) -> tuple[float, float]:
    """How much dearer than the least of each of its units a tree may be, and how much of it is the path to the goal.

    Args:
        tables, k: the instance and the chain.
        u: the first unit of the tree.
        work: ``least`` and ``total`` of every unit by itself, ``goal`` and ``ahead`` of the root. ``goal`` of the other
            units is set: to that of their parent, if their flow is as dear.

    Returns:
        (what the cheapest single node costs above the least of each unit, infinite if that is not known; what the
        least of the root is without the path to its goal, below that with it).
    """
    chain, root = tables.chains[k], tables.units[u].root
    u0, spare, least = chain.unit, 0.0, 0.0
    for n in range(work.total.shape[1]):
        work.labels.dist[n] = 0.0
    for v in range(root, u - 1, -1):
        for n in range(work.total.shape[1]):
            work.labels.dist[n] += work.total[v - u0, n]
        least += work.least[v - u0]
        if v == root:
            continue
        f = tables.units[v].flow
        flow, slope, goal = tables.flows[f], work.slope[f - chain.flow], work.goal[tables.units[v].parent - u0]
        if goal >= 0:
            aim = tables.flows[goal]
            if flow.rate < aim.rate or slope < work.slope[goal - chain.flow] or flow.delay != aim.delay:
                goal = -1
        work.goal[v - u0] = goal
        if not tables.plain[flow.touch]:
            spare = inf
        if slope > 0:
            for n in range(work.total.shape[1]):
                work.labels.dist[n] += slope * tables.net.hand_over_ns[n]
    if tables.units[root].copy >= 0:
        spare = inf
    best = inf
    for n in range(work.total.shape[1]):
        best = min(best, work.labels.dist[n])
    spare += best - least + ROUNDING * (1.0 + abs(best))
    if work.goal[root - u0] < 0:
        return spare, 0.0
    alone = inf
    for n in range(work.total.shape[1]):
        if work.total[root - u0, n] < inf:
            alone = min(alone, work.total[root - u0, n] - work.ahead[root - u0, n])
    return spare, work.least[root - u0] - alone


def allow(tables: Tables, k: int, u: int, spare: float, path: float, work: Work) -> None:
    """Write what a unit with all below it may cost at most, by node, to the distances: (nodes,).

    Args:
        tables, k: the instance and the chain.
        u: the unit.
        spare: how much more than the least of all units may be paid.
        path: how much of the least of all is the path to the goal.
        work: as above; ``least`` of the unit counts what is below it.
    """
    u0 = tables.chains[k].unit
    most, root = work.least[u - u0] + spare, tables.units[u].root - u0
    for n in range(work.total.shape[1]):
        work.labels.dist[n] = most if work.goal[u - u0] < 0 else most + min(0.0, path - work.ahead[root, n])
