"""The rows that tie chains to openings in a master: a chain is served no more than is opened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.batch import Column, Surcharges
from mosaico_place.kernel.tables import Compiled

MANY_SERVED = 2000
"""Rows that tie a chain to an opening, added at most at a time."""

_VIOLATED = 1e-6

Tie = tuple[int, int]
"""A chain and an opening."""


class Ties:
    """Which chains are tied to which openings.

    Attributes:
        keys: the ties, in their order.
        rows: number of the row of each in the master.
    """

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self.keys: list[Tie] = []
        self.rows: list[int] = []
        self._row: dict[Tie, int] = {}

    def row(self, tie: Tie) -> int | None:
        """Number of the row of a tie; None if there is none."""
        return self._row.get(tie)

    def add(self, ties: Sequence[Tie], first: int) -> None:
        """Know more ties, whose rows are numbered from ``first`` on."""
        for row, tie in enumerate(ties, start=first):
            self._row[tie] = row
            self.keys.append(tie)
            self.rows.append(row)

    def broken(self, columns: Sequence[Column], shares: FloatArray, opened: FloatArray) -> dict[Tie, list[int]]:
        """Ties without a row that a mix breaks, the most broken first, with the columns that each counts.

        Args:
            columns: those of the master.
            shares: (columns,) how much of each.
            opened: (openings,) how many instances.
        """
        use: dict[Tie, float] = {}
        for j in np.flatnonzero(shares > _VIOLATED).tolist():
            column = columns[j]
            for o in column.openings.tolist():
                use[column.chain, o] = use.get((column.chain, o), 0.0) + shares[j]
        by = [(used - opened[tie[1]], tie) for tie, used in use.items() if tie not in self._row]
        worst = sorted(((much, tie) for much, tie in by if much > 1e-4), reverse=True)[:MANY_SERVED]
        members: dict[Tie, list[int]] = {tie: [] for _, tie in worst}
        for j, column in enumerate(columns) if members else ():
            for o in column.openings.tolist():
                if (column.chain, o) in members:
                    members[column.chain, o].append(j)
        return members

    def surcharges(self, served: FloatArray) -> Surcharges:
        """The shadow prices of ties, by chain, for each of the chain's components and flows that may be served.

        A tie counts a chain once, so each of them bears its part.

        Args:
            served: (ties,) shadow prices of the first so many.
        """
        functions, users = self._compiled.opening_function, self._compiled.users
        lines: list[list[tuple[int, float]]] = [[] for _ in self._compiled.names]
        for (k, o), amount in zip(self.keys[: len(served)], served.tolist(), strict=True):
            if amount > 0:
                lines[k].append((o, amount / users[k, functions[o]]))
        start = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
        flat = [entry for line in lines for entry in line]
        return Surcharges(start, np.array([o for o, _ in flat], np.int32), np.array([x for _, x in flat], np.float64))

    def opened(self, served: FloatArray) -> FloatArray:
        """(openings,) what the shadow prices of the first ties make of each opened instance."""
        total = np.zeros(len(self._compiled.tables.openings))
        for (_, o), amount in zip(self.keys[: len(served)], served.tolist(), strict=True):
            total[o] += amount
        return total
