"""The heaviest packing of one node: an integer knapsack with several rows, in compiled code."""

from __future__ import annotations

from typing import Any

import cython
import numpy as np

from mosaico_place.compile.infrastructure import FloatArray

if not cython.compiled:
    from math import inf


def heaviest(weight: FloatArray, amount: FloatArray, room: FloatArray, most: int, best: Any) -> float:
    """The most weight of a packing, whose counts are written to ``best``; -1 if that takes more steps than ``most``.

    Branch and bound over the counts of one pattern after the other, from many to none. All numbers are whole.

    Args:
        weight: (patterns,) of one of each.
        amount: (patterns, rows) what one of each takes.
        room: (rows,) what there is.
        most: number of steps.
        best: (patterns,) int64, the counts.
    """
    patterns, rows = amount.shape
    counts, worth = np.zeros(patterns, dtype=np.int64), np.zeros((patterns + 1, rows))
    _rate(weight, amount, worth)
    return _fill(weight, amount, room.copy(), most, best, counts, worth)


def _rate(weight: FloatArray, amount: FloatArray, worth: FloatArray) -> None:
    """Write what a unit of each row can bring at most, with the patterns from one on: (patterns + 1, rows)."""
    for j in range(weight.shape[0] - 1, -1, -1):
        for r in range(amount.shape[1]):
            each = weight[j] / amount[j, r] if amount[j, r] > 0 else inf
            worth[j, r] = max(worth[j + 1, r], each)


def _fill(
    weight: FloatArray, amount: FloatArray, left: FloatArray, most: int, best: Any, counts: Any, worth: FloatArray
) -> float:
    """The branch and bound; ``left`` is what there is, ``counts`` zeros, ``worth`` as :func:`_rate` writes it."""
    value, most_value, steps, j = 0.0, 0.0, 0, 0
    while True:
        steps += 1
        if steps > most:
            return -1.0
        bound = value
        if j < weight.shape[0]:
            bound += _what_fits(worth, j, left)
        if j < weight.shape[0] and bound > most_value + 0.5:
            fits = _how_many(amount, j, left)
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


def _how_many(amount: FloatArray, j: int, left: FloatArray) -> int:
    """How many of a pattern fit into what is left; a million at most."""
    fits = 10**6
    for r in range(left.shape[0]):
        if amount[j, r] > 0 and left[r] // amount[j, r] < fits:
            fits = cython.cast(cython.longlong, left[r] // amount[j, r])
    return fits
