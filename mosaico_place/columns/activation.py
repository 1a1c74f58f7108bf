"""The variables of a master for levels that count active nodes or the largest share, and rows that tie options to them.

A node hosts something or not: as far as it is active, it has room. For its capacities, and for the rows of
:mod:`.packing`, that is the whole of it. Besides, a component runs there only as far as the node is active (the
disaggregated linking rows of facility location). Components that can run in the same option share one row, so that
what it is worth is a price of the option, and the kernel needs nothing new: where an option is that of one component,
as with a preference, nothing is lost by that.
"""

from __future__ import annotations

import numpy as np

from mosaico_place.columns.packing import Cut
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import FloatArray, IntArray
from mosaico_place.kernel.worth import Worth

MANY_LINKED = 2000
"""Rows that tie options to their nodes, added at most at a time."""

_VIOLATED = 1e-4


class Activation:
    """What of the nodes is variable.

    Attributes:
        worth: what says which nodes and capacities count.
        nodes: those with a variable, in the order of these.
        column: node -> position of its variable among all; -1 for none.
        largest: 1 if there is a variable for the largest share, else 0.
    """

    def __init__(self, compiled: Compiled) -> None:
        self._compiled, self.worth = compiled, Worth(compiled)
        self.nodes: IntArray = np.flatnonzero(self.worth.counted)
        self.column: IntArray = np.full(len(self.worth.counted) + 1, -1)
        self.column[self.nodes] = np.arange(len(self.nodes))
        self.largest = int(self.worth.balanced)
        self._linked = np.zeros(len(compiled.tables.options), dtype=np.bool_)
        self._able: FloatArray | None = None

    @property
    def count(self) -> int:
        """How many variables there are: nodes come first, then the largest share."""
        return len(self.nodes) + self.largest

    def costs(self, level: int) -> FloatArray:
        """(variables,) what each costs on a level."""
        levels = self._compiled.levels
        return np.concatenate(
            [levels.active[level] * levels.node[self.nodes], np.full(self.largest, levels.balance[level])]
        )

    def entries(self, first_row: int, first_balance: int) -> list[tuple[list[int], list[float]]]:
        """Per variable, the rows where it gives room, and how much.

        Args:
            first_row: of all capacities, line by line.
            first_balance: of the largest share, by capacity.
        """
        rows = self._compiled.rows
        found: list[tuple[list[int], list[float]]] = [([], []) for _ in range(self.count)]
        of_row = self.column[self.worth.node]
        for line, row in np.argwhere((rows.capacity > 0) & (of_row >= 0)).tolist():
            index, values = found[of_row[row]]
            index.append(first_row + line * rows.capacity.shape[1] + row)
            values.append(-float(rows.capacity[line, row]))
        if self.largest:
            some = np.flatnonzero(rows.amount > 0)
            found[-1] = (first_balance + some).tolist(), (-rows.amount[some]).tolist()
        return found

    def broken(self, use: FloatArray, active: FloatArray) -> list[Cut]:
        """Rows that tie options to nodes where a mix breaks them, the most broken first.

        Args:
            use: (options,) how many components run in each.
            active: (variables,) how far each node is active.
        """
        if not len(self.nodes):
            return []
        able, at = self._count(), self._compiled.tables.options["node"]
        variable = self.column[at]
        part = np.where(variable >= 0, active[np.maximum(variable, 0)], 1.0)
        much = np.where((variable >= 0) & ~self._linked & (able > 0), use / np.maximum(able, 1.0) - part, 0.0)
        some = np.argsort(-much, kind="stable")[:MANY_LINKED]
        some = some[much[some] > _VIOLATED]
        self._linked[some] = True
        return [Cut(int(at[o]), np.array([o]), np.array([1.0 / able[o]])) for o in some.tolist()]

    def _count(self) -> FloatArray:
        """(options,) how many components can run in each."""
        if self._able is None:
            tables = self._compiled.tables
            able = np.zeros(len(tables.options))
            stand = np.zeros((len(tables.menu_start), len(self.worth.counted)))
            for component in tables.components[tables.components["menu"] >= 0]:
                stand[component["menu"]] += tables.mask[component["unit"]]
            for menu, start in enumerate(tables.menu_start):
                for n in np.flatnonzero(stand[menu]).tolist():
                    able[start[n] : start[n + 1]] += stand[menu, n]
            self._able = able
        return self._able
