"""First shadow prices, without a linear program: demand that exceeds a capacity raises its price, slack lowers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.measuring import EVERYONE, Surcharges
from mosaico_place.kernel.prices import price
from mosaico_place.kernel.pricing import Column, Measurer, Pricer
from mosaico_place.kernel.summed import find_least, sum_up
from mosaico_place.kernel.worth import Worth

ROUNDS = 40
"""Rounds of prices after which little more is gained."""

_FIRST_WORTH = 0.4
_FIRST_STEP, _STEP_HALF = 0.3, 20
_MEMORY = 0.3
_RARE = 1e-3


@dataclass(frozen=True, slots=True)
class Ascent:
    """Where the prices ended.

    Attributes:
        shadow: (1 + classes, rows) the prices of the best bound.
        bound: the Lagrangian bound on the level at these prices.
        columns: embeddings that were met, newest last.
    """

    shadow: FloatArray
    bound: float
    columns: list[Column]


def ascend(
    compiled: Compiled,
    pricer: Pricer,
    level: int,
    rounds: int = ROUNDS,
    stop: Callable[[], bool] = lambda: False,
    keep: int = 6,
    measurer: Measurer | None = None,
) -> Ascent:
    """Raise and lower prices until demand at them meets the capacities, by factors (exponentiated gradient).

    The method is that of multiplicative weights for packing problems (Plotkin, Shmoys, Tardos, "Fast approximation
    algorithms for fractional packing and covering problems", Math. Oper. Res. 20, 1995): no bound is guaranteed to be
    reached, every bound on the way is valid, and none is weaker than that of summed capacities
    (:mod:`mosaico_place.kernel.summed`). What opening an instance costs is shared among those that used it of late,
    and a node whose activation costs has its capacities while they are worth more than that.

    Args:
        compiled: the problem.
        pricer: what prices all chains.
        level: the objective level that is minimised.
        rounds: how many times prices change.
        stop: whether to end early.
        keep: the columns of so many last rounds are handed on.
        measurer: what measures the embeddings found; None for one of the problem.
    """
    capacity = compiled.rows.capacity
    whole = np.maximum(capacity, 1.0)
    weights = np.zeros(compiled.levels.count)
    weights[level] = 1.0
    total = max(float(compiled.levels.reject[level].sum()), 1.0)
    worth = np.where(capacity > 0, _FIRST_WORTH * total / max(int((capacity > 0).sum()), 1), 0.0)
    all_worth = Worth(compiled)
    worth[0] = np.maximum(worth[0], all_worth.spread(weights))
    opened = np.ones(capacity.shape[1])
    demand: FloatArray | None = None
    use = np.full((len(compiled.names), len(compiled.tables.openings)), _RARE)
    measurer = measurer or Measurer(compiled)
    best, bound = worth / whole, -np.inf
    history: list[list[Column]] = []
    for turn in range(rounds):
        if stop():
            break
        shadow = worth / whole
        prices = price(compiled, shadow, weights=weights)
        surcharges = _shared_costs(compiled, use, prices.opening)
        prices = prices.replace(opening=np.zeros_like(prices.opening))
        lower, cost = pricer(prices, surcharges)
        required = compiled.tables.chains["required"] > 0
        reached = float(np.where(required, lower, np.minimum(lower, prices.reject)).sum())
        reached -= all_worth(weights, shadow)
        if reached > bound:
            best, bound = shadow, reached
        columns = [measurer(int(k), prices, pricer.out) for k in np.flatnonzero(np.isfinite(cost))]
        history = [*history, columns][-keep:]
        taken, now = _demand(compiled, columns, use)
        demand = taken if demand is None else _MEMORY * taken + (1 - _MEMORY) * demand
        use = _MEMORY * now + (1 - _MEMORY) * use
        step = _FIRST_STEP / (1 + turn / _STEP_HALF)
        opened = _MEMORY * all_worth.opened(weights, shadow) + (1 - _MEMORY) * opened
        worth = worth * np.exp(np.clip(step * (demand / whole - opened), -1, 1))
    # Of capacities that are alike, one price for all says more at once than one price for each in the end.
    summed = sum_up(compiled, find_least(compiled), level, compiled.tables.chains["required"] > 0)
    if summed.bound > bound:
        best, bound = summed.shadow if summed.shadow.any() else best, summed.bound
    return Ascent(best, bound, [column for columns in history for column in columns])


def _shared_costs(compiled: Compiled, use: FloatArray, opening: FloatArray) -> Surcharges:
    """What one opened instance costs, divided among the chains by how much they used it of late.

    Together they pay for one instance, never more, so the bound stays valid.
    """
    part = use / np.maximum(use.sum(axis=0), _RARE) * opening
    part /= np.maximum(compiled.users[:, compiled.opening_function], 1)
    chains, openings = np.nonzero(part > 1e-9)
    start = np.concatenate([[0], np.cumsum(np.bincount(chains, minlength=len(use)))]).astype(np.int64)
    everyone = np.full(len(chains), EVERYONE, dtype=np.int32)
    return Surcharges(start, everyone, openings.astype(np.int32), part[chains, openings])


def _demand(compiled: Compiled, columns: list[Column], use: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What the columns take of every row, opened instances included, and which openings they use."""
    tables = compiled.tables
    taken = np.zeros(compiled.rows.capacity.size)
    now = np.zeros_like(use)
    for column in columns:
        taken[column.rows] += column.amounts
        now[column.chain, column.openings] = 1.0
    opened = np.minimum(use.max(axis=0, initial=0.0), 1.0)
    for o in np.flatnonzero(opened > 0.01):
        begin, end = tables.openings[o]["use"], tables.openings[o]["use_end"]
        taken[tables.uses_row[begin:end]] += opened[o] * tables.uses_amount[begin:end]
    return taken.reshape(compiled.rows.capacity.shape), now
