"""What floating point lets through, whole numbers cut off.

A solver accepts 0.9999999 as 1, and 1e-7 of a flow of 10 Gbps is a kilobit: a solution may overfill a link by a few
bits, or a budget by a nanosecond. Each such solution is cut off, and only such, and the level is solved again. The cuts
hold for every valid placement, so bounds proven before and after them are valid too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosaico_place.checking import check_chain
from mosaico_place.exact.model import FloatArray, Formulation, Matrix, chain_variables
from mosaico_place.placement import Placement
from mosaico_place.usage import survey

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cut:
    """Not all of the 0-1 columns ``ones`` can be 1 while all of ``zeros`` are 0."""

    ones: IntArray
    zeros: IntArray

    @property
    def limit(self) -> int:
        """The right-hand side of: the sum of ``ones`` less the sum of ``zeros`` is at most this."""
        return len(self.ones) - 1


@dataclass(frozen=True, slots=True)
class WholeRows:
    """The rows that bound sums of 0-1 columns from above, in whole numbers.

    Attributes:
        rows: (m, n) int64 compressed by row.
        limit: (m,) int64.
    """

    rows: Any
    limit: IntArray


def whole_rows(matrix: Matrix) -> WholeRows:
    """Pick the rows with whole coefficients on 0-1 columns and an upper limit alone."""
    by_row = matrix.rows.tocsr()
    count = np.diff(by_row.indptr)
    row_of = np.repeat(np.arange(len(count)), count)
    binary = (matrix.integer != 0) & (matrix.upper <= 1)
    odd = ~binary[by_row.indices] | (by_row.data != np.rint(by_row.data))
    plain = np.bincount(row_of, weights=odd, minlength=len(count)) == 0
    picked = np.flatnonzero(plain & np.isneginf(matrix.low) & np.isfinite(matrix.high))
    rows = by_row[picked]
    rows.data = rows.data.astype(np.int64)
    return WholeRows(rows, np.floor(matrix.high[picked]).astype(np.int64))


def cuts(
    formulation: Formulation, matrix: Matrix, whole: WholeRows, vector: FloatArray, placement: Placement
) -> list[Cut]:
    """What cuts off a solution that is not exact; empty if it is."""
    on = vector > 0.5
    return [*_overfull(whole, on), *_broken_chains(formulation, matrix, on, placement)]


def _overfull(whole: WholeRows, on: NDArray[np.bool_]) -> Iterator[Cut]:
    """For each row that is exceeded, a smallest set of its columns that already exceeds it.

    What it counts off (opened instances that carry a load) must stay as it is: those columns may not be switched on.
    """
    use = whole.rows @ on.astype(np.int64)
    for row in np.flatnonzero(use > whole.limit):
        span = slice(whole.rows.indptr[row], whole.rows.indptr[row + 1])
        columns, amounts = whole.rows.indices[span], whole.rows.data[span]
        chosen = [(int(amounts[i]), int(columns[i])) for i in np.flatnonzero(on[columns] & (amounts > 0))]
        excess = int(use[row] - whole.limit[row])
        cover = []
        for amount, column in sorted(chosen):
            if amount < excess:
                excess -= amount
            else:
                cover.append(column)
        zeros = columns[~on[columns] & (amounts < 0)]
        yield Cut(np.array(cover, dtype=np.int64), zeros.astype(np.int64))


def _broken_chains(
    formulation: Formulation, matrix: Matrix, on: NDArray[np.bool_], placement: Placement
) -> Iterator[Cut]:
    """For each chain that breaks a rule of its own, the whole of its placement."""
    instance, symbols = formulation.instance, formulation.symbols
    scene = survey(instance, placement)
    for name, placed in placement.chains.items():
        if not check_chain(instance, name, placed, scene):
            continue
        variables = chain_variables(symbols, instance.chains[name])
        variables += [var for key, choice in symbols.serves.items() if key[0] == name for _, var in choice]
        columns = {matrix.position[id(var)] for var in variables if id(var) in matrix.position}
        # The route of a loose flow is continuous, and part of no rule that speaks of the chain alone.
        yield Cut(
            np.array(sorted(i for i in columns if on[i] and matrix.integer[i]), dtype=np.int64),
            np.empty(0, dtype=np.int64),
        )
