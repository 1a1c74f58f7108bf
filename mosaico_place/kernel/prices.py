"""What a unit of everything is worth, spread over options, programs and arcs."""

from __future__ import annotations

import numpy as np

from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.costs import spread_over
from mosaico_place.kernel.problem import Prices


def price(
    compiled: Compiled, shadow: FloatArray, load: FloatArray | None = None, weights: FloatArray | None = None
) -> Prices:
    """Combine shadow prices and costs.

    Args:
        compiled: the problem.
        shadow: (1 + classes, rows) worth of a quantum, of all and in addition for each class; whole numbers are kept
            exactly.
        load: (openings,) worth of a rate quantum of what opened instances carry; None for nothing.
        weights: (levels,) what each level's costs count; None for the first level alone.
    """
    tables, levels = compiled.tables, compiled.levels
    if weights is None:
        weights = np.zeros(levels.count)
        weights[0] = 1.0
    lines = shadow + np.where(np.arange(len(shadow))[:, None] > 0, shadow[0], 0.0)
    return Prices(
        option=spread_over(tables, lines, tables.options["use"], tables.options["use_end"]) + weights @ levels.option,
        program=spread_over(tables, lines, tables.programs["use"], tables.programs["use_end"])
        + weights @ levels.program,
        toll=np.ascontiguousarray(lines[:, tables.first_arc :]),
        opening=spread_over(tables, lines[:1], tables.openings["use"], tables.openings["use_end"])[0]
        + weights @ levels.opening,
        load=np.zeros(len(tables.openings)) if load is None else load,
        extra=np.zeros((compiled.most_users, len(tables.openings))),
        row=lines,
        resources=float(weights @ levels.resources),
        arc=levels.arc,
        node=np.zeros(len(levels.node)),
        reject=weights @ levels.reject,
        late=weights @ levels.late,
        link=weights @ levels.link,
        move=weights @ levels.move,
    )


HURRY = 1e-9
"""What the slowest arc costs the flow of the highest rate, where prices say nothing else."""

THRIFT = 1e-11
"""What the whole of a capacity costs, where prices say nothing else and all paths are as fast."""


def price_to_place(compiled: Compiled, shadow: FloatArray, weights: FloatArray) -> Prices:
    """:func:`price` with that of active nodes, and next to nothing on slow arcs and on nodes and devices.

    The latter decides between equals.

    Of equally cheap paths the fastest is taken: where arcs are free it may be any, and chains whose copies follow such
    paths find no place in time. Of equally cheap options the smallest is taken: where nothing is scarce yet, a chain
    that takes all of a machine is in the way of the next one. Not for bounds, which would rise with it.

    Args:
        compiled, shadow, weights: see :func:`price`.
    """
    capacity = compiled.rows.capacity[0, : compiled.tables.first_arc]
    thrifty = shadow.copy()
    thrifty[0, : len(capacity)] += THRIFT / np.maximum(capacity, 1.0)
    prices = price(compiled, thrifty, weights=weights)
    delay = compiled.tables.delays[:1].sum(axis=0)  # of the first table, if there is any
    rate = float(compiled.tables.flows["rate"].max(initial=0.0))
    scale = max(float(delay.max(initial=0.0)), 1.0) * max(rate, 1.0)
    return prices.replace(
        toll=prices.toll + HURRY * delay / scale, node=float(weights @ compiled.levels.active) * compiled.levels.node
    )


def falling_weights(count: int, level: int = 0) -> FloatArray:
    """(levels,) 1 up to a level, little for those after it: of equally cheap embeddings the better one is taken."""
    return np.array([1.0 if j <= level else 1e-3 ** (j - level) for j in range(count)])


def reprice_chains(prices: Prices, compiled: Compiled, weights: FloatArray) -> None:
    """Write what chains that came since cost at the same prices and ``weights``: (levels,)."""
    levels = compiled.levels
    np.matmul(weights, levels.reject, out=prices.reject)
    np.matmul(weights, levels.late, out=prices.late)
    np.matmul(weights, levels.link, out=prices.link)
    np.matmul(weights, levels.move, out=prices.move)
