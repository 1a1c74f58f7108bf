"""The rows that tie users to openings in a master: none is served by an instance more than is opened.

A user is a component or flow of a chain. One row for all users of a chain would say a little more, but what it is
worth could not be charged where it is due: of a chain of which two flows may meet a program, each would have to bear
half, and an embedding in which only one does would pay too little, which weakens the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.measuring import Surcharges
from mosaico_place.kernel.pricing import Column

MANY_SERVED = 2000
"""Rows that tie a user to an opening, added at most at a time."""

_VIOLATED = 1e-6


class Tie(NamedTuple):
    """A component or flow of a chain, by its number among them, and an opening that may serve it."""

    chain: int
    user: int
    opening: int


def ties_of(column: Column) -> list[Tie]:
    """What an embedding ties."""
    served = zip(column.users.tolist(), column.servers.tolist(), strict=True)
    return [Tie(column.chain, user, opening) for user, opening in served]


class Ties:
    """Which users are tied to which openings.

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
            for tie in ties_of(columns[j]):
                use[tie] = use.get(tie, 0.0) + shares[j]
        by = [(used - opened[tie.opening], tie) for tie, used in use.items() if tie not in self._row]
        worst = sorted(((much, tie) for much, tie in by if much > 1e-4), reverse=True)[:MANY_SERVED]
        members: dict[Tie, list[int]] = {tie: [] for _, tie in worst}
        for j, column in enumerate(columns) if members else ():
            for tie in ties_of(column):
                if tie in members:
                    members[tie].append(j)
        return members

    def surcharges(self, served: FloatArray) -> Surcharges:
        """The shadow prices of ties, by chain.

        Args:
            served: (ties,) shadow prices of the first so many.
        """
        lines: list[list[tuple[int, int, float]]] = [[] for _ in self._compiled.names]
        for tie, amount in zip(self.keys[: len(served)], served.tolist(), strict=True):
            if amount > 0:
                lines[tie.chain].append((tie.user, tie.opening, amount))
        start = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
        users, openings, amounts = np.array([entry for line in lines for entry in line]).reshape(-1, 3).T
        return Surcharges(start, users.astype(np.int32), openings.astype(np.int32), amounts.astype(np.float64))

    def opened(self, served: FloatArray) -> FloatArray:
        """(openings,) what the shadow prices of the first ties make of each opened instance."""
        total = np.zeros(len(self._compiled.tables.openings))
        for tie, amount in zip(self.keys[: len(served)], served.tolist(), strict=True):
            total[tie.opening] += amount
        return total
