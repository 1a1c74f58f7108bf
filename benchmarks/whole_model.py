"""The exact formulation in whole numbers, as CP-SAT wants it.

The formulation writes every row in whole numbers, so rows pass as they are. One that is not whole is multiplied by the
common denominator of its coefficients; if floats or 64 bits do not carry that exactly, its coefficients are rounded so
that it lets in no less than before (counted as ``loosened``): the model is then a relaxation, whose bound holds.

Integer columns stay. The continuous ones become whole too, which costs nothing at the optimum:

* ``y`` (routes of loose flows) and ``both``, between 0 and 1, become 0-1: no placement splits a flow, and each path
  that a loose flow takes a part of would do alone; ``both`` is free to be the least 0-1 value that its rows allow;
* ``end`` and ``saved`` count in the unit of time of their chain, of which every time is a multiple;
* ``nothing`` is 0.

A model with any other is refused: ``most`` is a true fraction, and ``late`` has no bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mosaico_place.exact.model import FloatArray, Matrix

IntArray = NDArray[np.int64]

WHOLE = frozenset({"y", "both", "end", "saved", "nothing"})
"""Continuous variables that may be made whole without losing the optimum."""

MOST = 2**60
"""No row may reach more than this; CP-SAT wants some room below 2**63."""

_LOOSENED_TO = 2**50
_DENOMINATOR = 10**6
_OPEN = np.iinfo(np.int64)


@dataclass(frozen=True, slots=True)
class WholeModel:
    """Minimise ``costs x + offset`` subject to ``low <= rows x <= high``, all in whole numbers.

    Attributes:
        lower, upper: (n,) bounds, none below 0.
        starts, columns, coefficients: the rows, (m + 1,), (k,), (k,): row i has the columns from starts[i] on.
        low, high: (m,), the smallest or largest int64 where open.
        costs, offset: (n,) and one number, in steps of the level.
        loosened: how many rows let in more than those of the formulation.
    """

    lower: IntArray
    upper: IntArray
    starts: IntArray
    columns: IntArray
    coefficients: IntArray
    low: IntArray
    high: IntArray
    costs: IntArray
    offset: int
    loosened: int


class WholeRow(NamedTuple):
    """One row in whole numbers, open where the limit is None; ``loosened`` if it lets in more than it should."""

    coefficients: list[int]
    low: int | None
    high: int | None
    loosened: bool


def whole_model(matrix: Matrix, step: Fraction) -> WholeModel:
    """The model in whole numbers, its first level in steps of the given size.

    Raises:
        ValueError: a column has no finite bound or may not be made whole, or the level is not in such steps.
    """
    odd = {
        var.parent_component().local_name
        for var, integer in zip(matrix.columns, matrix.integer, strict=True)
        if not integer
    } - WHOLE
    if odd:
        raise ValueError(f"the variables {', '.join(sorted(odd))} cannot be made whole")
    by_row = csr_array(matrix.rows)
    lower, upper = np.ceil(matrix.lower), np.floor(_finite_upper(matrix, by_row))
    if (lower < 0).any():
        raise ValueError("a variable may be below 0")
    rows, low, high, loosened = whole_rows(by_row, matrix.low, matrix.high, upper)
    return WholeModel(
        lower=lower.astype(np.int64),
        upper=upper.astype(np.int64),
        starts=rows.indptr.astype(np.int64),
        columns=rows.indices.astype(np.int64),
        coefficients=rows.data,
        low=low,
        high=high,
        costs=_in_steps(matrix.costs[0], step),
        offset=int(_in_steps(matrix.offsets[:1], step)[0]),
        loosened=loosened,
    )


def _in_steps(values: FloatArray, step: Fraction) -> IntArray:
    """The values as whole multiples of the step, which they are."""
    multiples = [round(Fraction(value) / step) for value in values.tolist()]
    if any(float(multiple * step) != value for multiple, value in zip(multiples, values.tolist(), strict=True)):
        raise ValueError(f"the level is not in steps of {step}")
    return np.array(multiples, dtype=np.int64)


def _finite_upper(matrix: Matrix, by_row: Any) -> FloatArray:
    """Upper bounds; a column that has none gets the one that its rows imply, in as many rounds as it takes.

    Raises:
        ValueError: no row bounds a column.
    """
    upper = matrix.upper.copy()
    missing = np.flatnonzero(np.isinf(upper))
    while len(missing):
        for column in missing.tolist():
            span = slice(matrix.rows.indptr[column], matrix.rows.indptr[column + 1])
            # Any number that is not too small will do; the 1 covers the rounding of floats.
            upper[column] = 1 + min(
                (_implied(matrix, by_row, upper, i, column) for i in matrix.rows.indices[span]), default=np.inf
            )
        before, missing = len(missing), missing[np.isinf(upper[missing])]
        if len(missing) == before:
            raise ValueError(f"nothing bounds {matrix.columns[missing[0]].name}")
    return upper


def _implied(matrix: Matrix, by_row: Any, upper: FloatArray, row: int, column: int) -> float:
    """The largest value that one row leaves to a column, the other columns being where they leave it most."""
    span = slice(by_row.indptr[row], by_row.indptr[row + 1])
    columns, amounts = by_row.indices[span], by_row.data[span]
    own = amounts[columns == column][0]
    limit = matrix.high[row] if own > 0 else -matrix.low[row]
    others = columns != column
    towards = amounts[others] * np.sign(own)
    ends = np.where(towards > 0, matrix.lower[columns[others]], upper[columns[others]])
    least = float((towards * ends).sum())
    return float((limit - least) / abs(own))


def whole_rows(
    by_row: Any, low: FloatArray, high: FloatArray, upper: FloatArray
) -> tuple[Any, IntArray, IntArray, int]:
    """Rows and limits in whole numbers, for columns between 0 and ``upper``, and how many had to be loosened.

    Rows that are whole already come first, the others after them.
    """
    plain = _reach(by_row, upper) <= MOST
    row_of = np.repeat(np.arange(len(plain)), np.diff(by_row.indptr))
    plain[row_of[by_row.data != np.rint(by_row.data)]] = False
    kept = by_row[np.flatnonzero(plain)]
    kept.data = np.rint(kept.data).astype(np.int64)
    lows, highs = _limits(np.ceil(low[plain])), _limits(np.floor(high[plain]))
    starts, columns, coefficients = kept.indptr.tolist(), [kept.indices], [kept.data]
    others: list[WholeRow] = []
    for i in np.flatnonzero(~plain):
        span = slice(by_row.indptr[i], by_row.indptr[i + 1])
        for row in whole_row(by_row.data[span].tolist(), low[i], high[i], upper[by_row.indices[span]]):
            others.append(row)
            starts.append(starts[-1] + len(row.coefficients))
            columns.append(by_row.indices[span])
            coefficients.append(np.array(row.coefficients, dtype=np.int64))
    rows = csr_array(
        (np.concatenate(coefficients), np.concatenate(columns), starts), shape=(len(starts) - 1, len(upper))
    )
    other_lows = np.array([_OPEN.min if row.low is None else row.low for row in others], dtype=np.int64)
    other_highs = np.array([_OPEN.max if row.high is None else row.high for row in others], dtype=np.int64)
    loosened = sum(row.loosened for row in others)
    return rows, np.concatenate([lows, other_lows]), np.concatenate([highs, other_highs]), loosened


def _reach(by_row: Any, upper: FloatArray) -> FloatArray:
    """(m,) the largest absolute value that any part of a row takes."""
    reach: FloatArray = abs(by_row) @ upper
    return reach


def _limits(limits: FloatArray) -> IntArray:
    """Limits as int64."""
    whole = np.clip(limits, -(2.0**62), 2.0**62).astype(np.int64)
    whole[np.isneginf(limits)], whole[np.isposinf(limits)] = _OPEN.min, _OPEN.max
    return whole


def whole_row(coefficients: list[float], low: float, high: float, upper: FloatArray) -> Iterator[WholeRow]:
    """A row that is not whole, as one that is: exactly, or as one or two that let in no less.

    Args:
        coefficients: of its columns.
        low: minus infinity where open.
        high: infinity where open.
        upper: bounds of its columns, which are not below 0.
    """
    exact = [_plain(coefficient) for coefficient in coefficients]
    least = _plain(low) if math.isfinite(low) else None
    most = _plain(high) if math.isfinite(high) else None
    reach = sum(abs(coefficient) * int(bound) for coefficient, bound in zip(exact, upper.tolist(), strict=True))
    factor = math.lcm(*(coefficient.denominator for coefficient in exact))
    if factor * reach <= MOST:
        bottom = None if least is None else math.ceil(factor * least)
        top = None if most is None else math.floor(factor * most)
        yield WholeRow([int(factor * one) for one in exact], _held(bottom), _held(top), loosened=False)
        return
    smaller = _LOOSENED_TO / reach
    if least is not None:
        yield WholeRow([math.ceil(smaller * one) for one in exact], _held(math.floor(smaller * least)), None, True)
    if most is not None:
        yield WholeRow([math.floor(smaller * one) for one in exact], None, _held(math.ceil(smaller * most)), True)


def _plain(value: float) -> Fraction:
    """The fraction with a small denominator that the float stands for, or the float as it is."""
    short = Fraction(value).limit_denominator(_DENOMINATOR)
    return short if float(short) == value else Fraction(value)


def _held(limit: int | None) -> int | None:
    """A limit within 64 bits; what is beyond lies beyond the reach of every row as well."""
    return None if limit is None else min(max(limit, -4 * MOST), 4 * MOST - 1)
