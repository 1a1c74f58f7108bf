"""The heaviest packing of one node: an integer knapsack with several rows, in compiled code."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np

from mosaico_place.compile.infrastructure import FloatArray

if not cython.compiled:
    from math import inf


def heaviest(weight: FloatArray, amount: FloatArray, room: FloatArray, limit: Any, most: int, best: Any) -> float:
    """The most weight of a packing, whose counts are written to ``best``; -1 if that takes more steps than ``most``.

    Branch and bound over the counts of one pattern after the other, from many to none. What may still be gained is
    bounded row by row, and by a fractional knapsack over the sum of all rows, each relative to its room (Dantzig,
    "Discrete-variable extremum problems", Operations Research 5, 1957). All numbers are whole.

    Args:
        weight: (patterns,) of one of each.
        amount: (patterns, rows) what one of each takes.
        room: (rows,) what there is.
        limit: (patterns,) int64, how many of each there are.
        most: number of steps.
        best: (patterns,) int64, the counts.
    """
    patterns, rows = amount.shape
    part = np.array(1.0 / np.maximum(room, 0.5))
    order = np.argsort(-weight / np.maximum(amount @ part, 1e-12), kind="stable")
    weight, amount, limit = weight[order], np.ascontiguousarray(amount[order]), limit[order]
    size, found = amount @ part, np.zeros(patterns, dtype=np.int64)
    counts, worth = np.zeros(patterns, dtype=np.int64), np.zeros((patterns + 1, rows))
    _rate(weight, amount, worth)
    value = _fill(weight, amount, room.copy(), limit, most, found, counts, worth, size, part)
    best[order] = found
    return value


def _rate(weight: FloatArray, amount: FloatArray, worth: FloatArray) -> None:
    """Write what a unit of each row can bring at most, with the patterns from one on: (patterns + 1, rows)."""
    for j in range(weight.shape[0] - 1, -1, -1):
        for r in range(amount.shape[1]):
            each = weight[j] / amount[j, r] if amount[j, r] > 0 else inf
            worth[j, r] = max(worth[j + 1, r], each)


def _fill(
    weight: FloatArray,
    amount: FloatArray,
    left: FloatArray,
    limit: Any,
    most: int,
    best: Any,
    counts: Any,
    worth: FloatArray,
    size: FloatArray,
    part: FloatArray,
) -> float:
    """The branch and bound over patterns whose weight relative to their size falls.

    Args:
        weight, amount, limit, most, best: as above; left: what there is.
        counts: zeros; worth: as :func:`_rate` writes it.
        size: (patterns,) what one of each takes of all rows, as parts of them; part: (rows,) what a unit of each is.
    """
    value, most_value, steps, j = 0.0, 0.0, 0, 0
    while True:
        steps += 1
        if steps > most:
            return -1.0
        bound = value
        if j < weight.shape[0]:
            bound += min(_what_fits(worth, j, left), _fraction(weight, size, limit, j, left, part))
        if j < weight.shape[0] and bound > most_value + 0.5:
            fits = _how_many(amount, j, left, limit[j])
            counts[j] = fits
            for r in range(left.shape[0]):
                left[r] -= fits * amount[j, r]
            value += fits * weight[j]
            j += 1
            continue
        if j == weight.shape[0] and value > most_value:
            most_value = value
            for i in range(counts.shape[0]):
                best[i] = counts[i]
        # The last pattern of which there is one gives one up.
        j -= 1
        while j >= 0 and counts[j] == 0:
            j -= 1
        if j < 0:
            return most_value
        counts[j] -= 1
        for r in range(left.shape[0]):
            left[r] += amount[j, r]
        value -= weight[j]
        j += 1


def _what_fits(worth: FloatArray, j: int, left: FloatArray) -> float:
    """What may still be gained by the patterns from ``j`` on in what is left."""
    more = inf
    for r in range(left.shape[0]):
        if worth[j, r] < inf:
            more = min(more, left[r] * worth[j, r])
    return more


def _fraction(weight: FloatArray, size: FloatArray, limit: Any, j: int, left: FloatArray, part: FloatArray) -> float:
    """The most that patterns from ``j`` on weigh, the last of them in part, in the sum of what is left of all rows."""
    whole, total = 0.0, 0.0
    for r in range(left.shape[0]):
        whole += left[r] * part[r]
    for i in range(j, weight.shape[0]):
        if limit[i] * size[i] >= whole:
            return total + whole * weight[i] / size[i] if size[i] > 0 else inf
        whole -= limit[i] * size[i]
        total += limit[i] * weight[i]
    return total


def _how_many(amount: FloatArray, j: int, left: FloatArray, most: int) -> int:
    """How many of a pattern fit into what is left; ``most`` at most."""
    fits = most
    for r in range(left.shape[0]):
        if amount[j, r] > 0 and left[r] // amount[j, r] < fits:
            fits = cython.cast(cython.longlong, left[r] // amount[j, r])
    return fits
