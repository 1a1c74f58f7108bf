"""Steps over a number per node, spelt out for compiled code that may make no arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.kernel.compiled import inner_inline


@inner_inline
def fill(vector: Any, value: Any) -> None:
    """Set all numbers to one."""
    for n in range(len(vector)):
        vector[n] = value


@inner_inline
def fill_but_one(vector: Any, value: Any, n: int, other: Any) -> None:
    """Set all numbers to one, but that of one node."""
    fill(vector, value)
    vector[n] = other


@inner_inline
def add_to(vector: Any, more: Any) -> None:
    """Add numbers to others, in place."""
    for n in range(len(vector)):
        vector[n] += more[n]


@inner_inline
def lowest(vector: Any) -> float:
    """The least of some numbers."""
    best = np.inf
    for n in range(len(vector)):
        best = min(best, vector[n])
    return best


@inner_inline
def least_place(vector: Any) -> int:
    """Where the first least of some numbers stands."""
    best = 0
    for n in range(1, len(vector)):
        if vector[n] < vector[best]:
            best = n
    return best
