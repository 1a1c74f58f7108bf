"""An integer program that is put together from blocks of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.solver import SilentHighs

IntArray = NDArray[np.int64]


@dataclass(slots=True)
class Blocks:
    """An integer program under construction."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    cost: list[FloatArray] = field(default_factory=list)
    most: list[FloatArray] = field(default_factory=list)
    whole: list[BoolArray] = field(default_factory=list)
    columns: int = 0
    entries: list[tuple[IntArray, IntArray, FloatArray]] = field(default_factory=list)

    def add_rows(self, low: Sequence[float] | FloatArray, high: Sequence[float] | FloatArray) -> IntArray:
        """Numbers of new rows."""
        first = len(self.low)
        self.low += list(low)
        self.high += list(high)
        return np.arange(first, len(self.low))

    def add_row(self, low: float, high: float) -> int:
        """Number of a new row."""
        return int(self.add_rows([low], [high])[0])

    def add_columns(self, cost: FloatArray, most: FloatArray, whole: bool = True) -> IntArray:
        """Numbers of new variables, ``whole`` or not, between 0 and ``most``."""
        first = self.columns
        self.whole.append(np.full(len(cost), whole))
        self.cost.append(cost)
        self.most.append(most)
        self.columns += len(cost)
        return np.arange(first, self.columns)

    def enter(self, rows: IntArray | int, columns: IntArray | int, values: FloatArray | float) -> None:
        """Add coefficients, one for each triple."""
        found = np.broadcast_arrays(np.asarray(rows), np.asarray(columns), np.asarray(values, dtype=np.float64))
        self.entries.append((found[0].ravel(), found[1].ravel(), found[2].ravel()))

    def enter_all(self, rows: IntArray, columns: IntArray, values: Any) -> None:
        """Add a sparse (columns, rows) block of coefficients."""
        block = values.tocoo()
        self.enter(rows[block.coords[1]], columns[block.coords[0]], block.data)

    def highs(self) -> Any:
        """HiGHS with it."""
        highs: Any = SilentHighs()  # type: ignore[no-untyped-call]
        highs.setOptionValue("parallel", "off")
        highs.setOptionValue("presolve", "off")  # that of HiGHS 1.16 strengthens rows for ever at times
        rows, columns, values = (np.concatenate(parts) for parts in zip(*self.entries, strict=True))
        matrix = coo_array((values, (rows, columns)), shape=(len(self.low), self.columns)).tocsc()
        empty = np.zeros(0)
        highs.addRows(
            len(self.low), np.array(self.low), np.array(self.high), 0, np.zeros(len(self.low), np.int32),
            empty.astype(np.int32), empty,
        )  # fmt: skip
        highs.addCols(
            self.columns, np.concatenate(self.cost), np.zeros(self.columns), np.concatenate(self.most), matrix.nnz,
            matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32), matrix.data,
        )  # fmt: skip
        index = np.flatnonzero(np.concatenate(self.whole)).astype(np.int32)
        highs.changeColsIntegrality(len(index), index, np.full(len(index), highspy.HighsVarType.kInteger))
        return highs
