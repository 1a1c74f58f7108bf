"""The rows of single nodes in a master: what columns take of them, and what their shadow prices make of options."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mosaico_place.columns.packing import Cut
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.pricing import Column


class NodeRows:
    """What is known of the rows that :mod:`.packing` found.

    Attributes:
        cuts: the rows, in their order.
        rows: number of each in the master.
    """

    def __init__(self, compiled: Compiled) -> None:
        self._tables = compiled.tables
        self.cuts: list[Cut] = []
        self.rows: list[int] = []
        self._shares: dict[int, list[tuple[int, float]]] = {}
        self._processes: dict[int, list[set[int]]] = {}

    def add(self, cuts: Sequence[Cut], first: int) -> None:
        """Know more rows, which are numbered from ``first`` on."""
        for row, cut in enumerate(cuts, start=first):
            for o, share in zip(cut.options.tolist(), cut.shares.tolist(), strict=True):
                self._shares.setdefault(o, []).append((row, share))
            self.cuts.append(cut)
            self.rows.append(row)

    def entries(self, j: int, column: Column) -> dict[int, float]:
        """Row -> what column ``j`` takes of it.

        Merged components count as the one that takes most: what they take together is no less than what that takes
        alone.
        """
        found: dict[int, float] = {}
        if not self._shares:
            return found
        for members in self._of(j, column):
            of_group: dict[int, float] = {}
            for o in members:
                for row, share in self._shares.get(o, ()):
                    of_group[row] = max(share, of_group.get(row, 0.0))
            for row, share in of_group.items():
                found[row] = found.get(row, 0.0) + share
        return found

    def use(self, columns: Sequence[Column], shares: FloatArray) -> FloatArray:
        """(options,) how many components run in each in a mix; of merged ones that run in several, one counts.

        Args:
            columns: those of the master.
            shares: (columns,) how much of each.
        """
        total = np.zeros(len(self._tables.options))
        for j in np.flatnonzero(shares > 0).tolist():
            for members in self._of(j, columns[j]):
                total[min(members)] += shares[j]
        return total

    def worth(self, amounts: FloatArray, nodes: int) -> FloatArray:
        """(nodes,) what the shadow prices of the first rows come to on each."""
        at = np.array([cut.node for cut in self.cuts[: len(amounts)]], dtype=np.int64)
        total: FloatArray = np.bincount(at, weights=amounts, minlength=nodes).astype(np.float64)
        return total

    def prices(self, amounts: FloatArray) -> FloatArray:
        """(options,) what the shadow prices of the first rows make of each component that runs in it."""
        total = np.zeros(len(self._tables.options))
        for cut, amount in zip(self.cuts, amounts.tolist(), strict=False):
            total[cut.options] += amount * cut.shares
        return total

    def _of(self, j: int, column: Column) -> list[set[int]]:
        """The options that the components of column ``j`` run in: of each by itself, of merged ones together."""
        if j not in self._processes:
            self._processes[j] = self._merged(column)
        return self._processes[j]

    def _merged(self, column: Column) -> list[set[int]]:
        tables = self._tables
        chain = tables.chains[column.chain]
        twins = tables.components["twins"][chain["component"] : chain["component_end"]].tolist()
        found: dict[tuple[int, ...], set[int]] = {}
        for c, (o, twin) in enumerate(zip(column.option.tolist(), twins, strict=True)):
            if o >= 0:
                alike = (twin, int(tables.spots[o]["spot"])) if twin >= 0 else (c,)
                found.setdefault(alike, set()).add(o)
        return list(found.values())
