"""The bound of summed capacities: one price for all capacities of a kind, as if all nodes were one.

At such a price every chain takes the least that it can, wherever it stands, and the Lagrangian bound is that of a
fractional knapsack over the chains; where nodes cost when they host something, also of a fractional covering of what
they take by the cheapest nodes. It needs no embeddings, so it is there at once, and where capacities are alike, prices
that rise and fall one by one take long to say as much.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mosaico_place.compile.arrays.rows import kind_of
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import BoolArray, FloatArray, IntArray
from mosaico_place.kernel.costs import spread_over
from mosaico_place.kernel.worth import Worth


class Summed(NamedTuple):
    """What sums of capacities prove.

    Attributes:
        bound: on the level.
        shadow: (1 + classes, rows) prices of capacities that prove it, or as much of it as they can: those of the
            largest share are not among them.
    """

    bound: float
    shadow: FloatArray


class Least(NamedTuple):
    """What chains take and cost at least.

    Attributes:
        kind: (rows,) the number of each capacity's kind; -1 for link directions.
        demand: (kinds, chains) quanta.
        cost: (levels, chains) of the options of components.
    """

    kind: IntArray
    demand: FloatArray
    cost: FloatArray


def find_least(compiled: Compiled) -> Least:
    """What chains take and cost at least; components that may be merged or left out count nothing."""
    tables, rows, levels = compiled.tables, compiled.rows, compiled.levels
    number: dict[tuple[str, ...], int] = {}
    kind = np.full(len(rows.names), -1)
    for row, name in enumerate(rows.names[: rows.first_arc]):
        kind[row] = number.setdefault(kind_of(name), len(number))
    lines = (kind == np.arange(len(number))[:, None]).astype(np.float64)
    of_option = spread_over(tables, lines, tables.options["use"], tables.options["use_end"])
    of_option = np.vstack([of_option, levels.option])
    at, known = tables.options["node"], dict[tuple[int, bytes], FloatArray]()
    total = np.zeros((len(of_option), len(tables.chains)))
    for k, chain in enumerate(tables.chains):
        for component in tables.components[chain["component"] : chain["component_end"]]:
            if component["menu"] < 0 or component["twins"] >= 0 or component["vanishes"]:
                continue
            mask = tables.mask[component["unit"]]
            key = int(component["menu"]), mask.tobytes()
            if key not in known:
                start = tables.menu_start[component["menu"]]
                some = np.arange(start[0], start[-1])
                some = some[mask[at[some]]]
                known[key] = of_option[:, some].min(axis=1) if len(some) else np.zeros(len(of_option))
            total[:, k] += known[key]
    return Least(kind, total[: len(number)], total[len(number) :])


def sum_up(compiled: Compiled, least: Least, level: int, forced: BoolArray) -> Summed:
    """The best bound of one kind of capacity.

    Args:
        compiled: the problem.
        least: what its chains take and cost at least.
        level: which is minimised.
        forced: (chains,) which cannot be rejected.
    """
    rows, levels, worth = compiled.rows, compiled.levels, Worth(compiled)
    weights = np.zeros(levels.count)
    weights[level] = 1.0
    reject = np.where(forced, np.inf, levels.reject[level])
    price = np.append(np.where(worth.counted, worth.activation(weights), 0.0), 0.0)
    best = Summed(float(np.minimum(reject, least.cost[level]).sum()), np.zeros_like(rows.capacity))
    for kind, demand in enumerate(least.demand):
        some = np.flatnonzero(least.kind == kind)
        has = np.bincount(worth.node[some], weights=rows.capacity[0, some], minlength=len(price)).astype(np.float64)
        rate, bound = _best_price(reject, least.cost[level], demand, has, price)
        if bound > best.bound:
            shadow = np.zeros_like(rows.capacity)
            shadow[0, some] = rate
            best = Summed(bound, shadow)
        whole = np.array([rows.amount[some].sum()])
        _, share = _best_price(reject, least.cost[level], demand, whole, levels.balance[level : level + 1])
        best = best._replace(bound=max(best.bound, share))
    return best


def must_stand(compiled: Compiled, values: FloatArray) -> BoolArray:
    """(chains,) which cannot be rejected where the levels before are no worse than these (levels,) ``values``."""
    required: BoolArray = compiled.tables.chains["required"] > 0
    costly = compiled.levels.reject[: len(values)] > values[:, None] * (1 + 1e-6) + 1e-6
    found: BoolArray = required | costly.any(axis=0)
    return found


def _best_price(
    reject: FloatArray, cost: FloatArray, demand: FloatArray, has: FloatArray, price: FloatArray
) -> tuple[float, float]:
    """The price of a quantum at which the bound is best, and the bound.

    The bound is concave in the price, and bends where a chain would rather be rejected, or a node is worth its price.

    Args:
        reject, cost, demand: (chains,) of each.
        has, price: (nodes,) what each has, and what that costs.
    """

    def bound(rate: float) -> float:
        return float(np.minimum(reject, cost + rate * demand).sum() - np.maximum(rate * has - price, 0.0).sum())

    takes, gives = (demand > 0) & np.isfinite(reject) & (reject > cost), has > 0
    bends = np.concatenate([[0.0], (reject - cost)[takes] / demand[takes], price[gives] / has[gives]])
    bends = np.unique(bends)
    low, high = 0, len(bends) - 1
    while low < high:
        middle = (low + high) // 2
        if bound(bends[middle]) < bound(bends[middle + 1]):
            low = middle + 1
        else:
            high = middle
    return float(bends[low]), bound(bends[low])
