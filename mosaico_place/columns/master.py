"""The restricted master problem: which mix of known embeddings is best, as a linear program that HiGHS holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from mosaico_place.columns.activation import Activation
from mosaico_place.columns.noderows import NodeRows
from mosaico_place.columns.packing import Cut
from mosaico_place.columns.ties import Ties, ties_of
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.errors import SolverError
from mosaico_place.kernel.pricing import Column
from mosaico_place.solver import SilentHighs

TIE_ROUNDS = 3
"""How often rows for broken ties are added before the next columns."""


@dataclass(frozen=True, slots=True)
class Duals:
    """Shadow prices of every row, none negative.

    Attributes:
        shadow: (1 + classes, rows) of capacities, per quantum.
        load: (openings,) of what instances carry, per rate quantum.
        served: (rows that tie a chain to an opening,) in their order.
        cuts: (rows of single nodes,) in their order.
        balance: (rows,) of the largest share, for each capacity that may be it, per quantum.
        levels: (levels,) what costs of each level count: 1 for the one that is minimised, the shadow price of its value
            for each before it, 0 for those after it.
    """

    shadow: FloatArray
    load: FloatArray
    served: FloatArray
    cuts: FloatArray
    balance: FloatArray
    levels: FloatArray

    @property
    def charged(self) -> FloatArray:
        """(1 + classes, rows) what whoever takes a quantum of a capacity is charged for it."""
        if not len(self.balance):
            return self.shadow
        charged = self.shadow.copy()
        charged[0] += self.balance
        return charged


@dataclass(frozen=True, slots=True)
class Mix:
    """A solution of the master.

    Attributes:
        value: of the level that is minimised.
        duals: shadow prices.
        shares: (columns,) how much of each.
        active: (variables of :mod:`.activation`,) their values.
        settled: whether every tie that it breaks was already a row.
    """

    value: float
    duals: Duals
    shares: FloatArray
    active: FloatArray
    settled: bool


class Master:
    """Columns, and rows for all that they compete for.

    Per chain: its columns and its rejection add up to 1. Per capacity: use by columns, and by opened instances, within
    it. Per opening: loads within what its instances carry; no user is served more than is opened (added where broken,
    see :mod:`.ties`). Per node: what stands there is a packing of it (added where broken, see :mod:`.packing`). A node
    whose activation costs has all that only as far as it is active; and no use is above the largest share (see
    :mod:`.activation`).

    Attributes:
        columns: in the order in which they came.
        first_opening, first_column: variables of the linear program: rejections come first, then what is opened, then
            which nodes are active, and the largest share; then the shares of columns.
        first_active: of what :mod:`.activation` lists.
        ties, nodes: the rows that were added where mixes broke them.
        activation: what of the nodes is variable.
    """

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self.columns: list[Column] = []
        self._known: dict[tuple[int, bytes, bytes], int] = {}
        self.ties, self.nodes, self.activation = Ties(compiled), NodeRows(compiled), Activation(compiled)
        self._level = 0
        self._fixed: list[int] = []
        self._highs: Any = SilentHighs()  # type: ignore[no-untyped-call]
        self._highs.setOptionValue("parallel", "off")
        # Duals from the middle of the optimal face hardly jump from round to round, so nothing else has to steady them
        # (Gondzio, Gonzalez-Brevis, Munari, "New developments in the primal-dual column generation technique", EJOR
        # 224, 2013); and on large masters they take a tenth of the time of simplex.
        self._highs.setOptionValue("solver", "ipm")
        self._highs.setOptionValue("run_crossover", "off")
        self._highs.setOptionValue("ipm_optimality_tolerance", 1e-6)
        self._build()

    def _build(self) -> None:
        tables, levels, rows = self._compiled.tables, self._compiled.levels, self._compiled.rows
        chains, openings = len(tables.chains), len(tables.openings)
        self._first_row = chains
        self._first_load = chains + rows.capacity.size
        self._first_group = self._first_load + openings
        groups = len(self._compiled.offers.groups)
        self._first_balance = self._first_group + groups
        shared = np.where(rows.amount > 0, 0.0, highspy.kHighsInf)[: len(rows.amount) * self.activation.largest]
        # What a variable gives room for has none without it.
        variable = self.activation.column[self.activation.worth.node] >= 0
        capacity = np.where(variable, 0.0, rows.capacity).ravel()
        high = np.concatenate([np.ones(chains), capacity, np.zeros(openings), np.ones(groups), shared])
        low = np.full(len(high), -highspy.kHighsInf)
        low[:chains] = 1.0
        empty = np.zeros(0)
        self._highs.addRows(len(low), low, high, 0, np.zeros(len(low), np.int32), empty.astype(np.int32), empty)
        self._penalty = 1e4 * (1.0 + levels.reject.max(initial=1.0))
        index = np.arange(chains, dtype=np.int32)
        self._highs.addCols(
            chains, self._reject(), np.zeros(chains), np.ones(chains), chains, index, index, np.ones(chains)
        )
        starts: list[int] = []
        indices: list[int] = []
        values: list[float] = []
        for o, opening in enumerate(tables.openings):
            starts.append(len(indices))
            uses = range(opening["use"], opening["use_end"])
            indices += [self._first_row + int(tables.uses_row[i]) for i in uses]
            values += [float(tables.uses_amount[i]) for i in uses]
            if self.activation.largest:
                indices += [self._first_balance + int(tables.uses_row[i]) for i in uses]
                values += [float(tables.uses_amount[i]) for i in uses]
            if np.isfinite(opening["capacity"]):
                indices.append(self._first_load + o)
                values.append(-float(opening["capacity"]))
            if opening["group"] >= 0:
                indices.append(self._first_group + int(opening["group"]))
                values.append(1.0)
        self.first_opening = chains
        if openings:
            self._highs.addCols(
                openings, levels.opening[0], np.zeros(openings), tables.openings["most"].astype(np.float64),
                len(indices), np.array(starts, np.int32), np.array(indices, np.int32), np.array(values),
            )  # fmt: skip
        self.first_active = chains + openings
        self.first_column = self.first_active + self.activation.count
        given = self.activation.entries(self._first_row, self._first_balance)
        for cost, (at, amounts) in zip(self.activation.costs(0).tolist(), given, strict=True):
            self._highs.addCol(cost, 0.0, 1.0, len(at), np.array(at, np.int32), np.array(amounts))
        self._rows = len(low)

    def _reject(self) -> FloatArray:
        cost: FloatArray = self._compiled.levels.reject[self._level].copy()
        cost[self._compiled.tables.chains["required"] > 0] += self._penalty
        return cost

    def add(self, columns: Sequence[Column]) -> int:
        """Add those that are new; how many they are."""
        fresh: list[Column] = []
        for column in columns:
            key = _key(column)
            if key not in self._known:
                self._known[key] = len(self.columns) + len(fresh)
                fresh.append(column)
        if not fresh:
            return 0
        starts: list[int] = []
        indices: list[int] = []
        values: list[float] = []
        for j, column in enumerate(fresh, start=len(self.columns)):
            starts.append(len(indices))
            more = self._entries(j, column)
            indices += more[0]
            values += more[1]
        costs = np.array([column.costs[self._level] for column in fresh])
        count = len(fresh)
        self._highs.addCols(
            count, costs, np.zeros(count), np.full(count, highspy.kHighsInf), len(indices),
            np.array(starts, np.int32), np.array(indices, np.int32), np.array(values),
        )  # fmt: skip
        self.columns += fresh
        return count

    def _entries(self, j: int, column: Column) -> tuple[list[int], list[float]]:
        capacity = self._compiled.tables.openings["capacity"]
        indices, values = [column.chain, *(self._first_row + column.rows).tolist()], [1.0, *column.amounts.tolist()]
        if self.activation.largest:
            whole = column.rows < self._compiled.rows.capacity.shape[1]
            indices += (self._first_balance + column.rows[whole]).tolist()
            values += column.amounts[whole].tolist()
        for o, load in zip(column.openings.tolist(), column.loads.tolist(), strict=True):
            if np.isfinite(capacity[o]) and load:
                indices.append(self._first_load + o)
                values.append(load)
        for tie in ties_of(column):
            if (row := self.ties.row(tie)) is not None:
                indices.append(row)
                values.append(1.0)
        for row, share in self.nodes.entries(j, column).items():
            indices.append(row)
            values.append(share)
        for level, row in enumerate(self._fixed):
            shift = float(column.costs[level] - self._compiled.levels.reject[level, column.chain])
            if shift:
                indices.append(row)
                values.append(shift)
        return indices, values

    def index(self, column: Column) -> int:
        """Which of the columns embeds its chain as this one does, which was added."""
        return self._known[_key(column)]

    def model(self) -> Any:
        """The linear program as it is, for HiGHS."""
        return self._highs.getLp()

    def use(self, mix: Mix) -> FloatArray:
        """(options,) how many components run in each."""
        return self.nodes.use(self.columns, mix.shares)

    def activity(self, mix: Mix) -> dict[int, float]:
        """How far each node is active whose activation costs."""
        return dict(zip(self.activation.nodes.tolist(), mix.active.tolist(), strict=False))

    def cut(self, cuts: Sequence[Cut]) -> None:
        """Add rows of nodes."""
        first = self._rows
        self.nodes.add(cuts, first)
        self._rows += len(cuts)
        entries: list[list[tuple[int, float]]] = [[] for _ in cuts]
        for j, column in enumerate(self.columns):
            for row, share in self.nodes.entries(j, column).items():
                if row >= first:
                    entries[row - first].append((self.first_column + j, share))
        for cut, line in zip(cuts, entries, strict=True):
            variable = self.activation.column[cut.node]
            if variable >= 0:
                line.append((self.first_active + int(variable), -1.0))
            self._highs.addRow(
                -highspy.kHighsInf, 0.0 if variable >= 0 else 1.0, len(line),
                np.array([j for j, _ in line], np.int32), np.array([share for _, share in line]),
            )  # fmt: skip

    def solve(self) -> Mix:
        """The best mix of what is known, after rows for broken ties have been added.

        Raises:
            SolverError: HiGHS cannot solve it.
        """
        settled, rounds = False, 0
        while not settled and rounds < TIE_ROUNDS:
            self._run()
            solution = self._highs.getSolution()
            value = float(self._highs.getInfo().objective_function_value)
            values = np.array(solution.col_value)
            active = values[self.first_active : self.first_column]
            settled = not self._tie(values)
            if len(self.activation.nodes):
                links = self.activation.broken(self.nodes.use(self.columns, values[self.first_column :]), active)
                settled = settled and not links
                if links:
                    self.cut(links)
            rounds += 1
        duals = np.zeros(self._rows)
        duals[: len(solution.row_dual)] = -np.array(solution.row_dual)  # ties that were just added count nothing yet
        tables, rows = self._compiled.tables, self._compiled.rows
        positive = np.maximum(duals, 0.0)
        weights = np.zeros(self._compiled.levels.count)
        weights[self._level] = 1.0
        weights[: self._level] = positive[self._fixed]
        found = Duals(
            positive[self._first_row : self._first_load].reshape(rows.capacity.shape),
            positive[self._first_load : self._first_load + len(tables.openings)],
            positive[self.ties.rows],
            positive[self.nodes.rows],
            positive[self._first_balance : self._first_balance + len(rows.amount) * self.activation.largest],
            weights,
        )
        return Mix(value, found, values[self.first_column :], active, settled)

    def _run(self) -> None:
        """Solve by interior points; by simplex where these end without an optimum."""
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self._highs.setOptionValue("solver", "simplex")
            self._highs.run()
            self._highs.setOptionValue("solver", "ipm")
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"the master problem ended {self._highs.getModelStatus()}")

    def _tie(self, values: FloatArray) -> bool:
        """Add rows for users that are served more than is opened; False if there are none."""
        opened, shares = values[self.first_opening : self.first_active], values[self.first_column :]
        members = self.ties.broken(self.columns, shares, opened)
        if not members:
            return False
        starts: list[int] = []
        indices: list[int] = []
        entries: list[float] = []
        for tie, columns in members.items():
            starts.append(len(indices))
            indices += [self.first_opening + tie.opening, *(self.first_column + j for j in columns)]
            entries += [-1.0, *[1.0] * len(columns)]
        count = len(members)
        self.ties.add(list(members), self._rows)
        self._rows += count
        self._highs.addRows(
            count, np.full(count, -highspy.kHighsInf), np.zeros(count), len(indices),
            np.array(starts, np.int32), np.array(indices, np.int32), np.array(entries),
        )  # fmt: skip
        return True

    def next_level(self, value: float) -> None:
        """Keep the present level at ``value`` or below, and minimise the next."""
        levels = self._compiled.levels
        reject = levels.reject[self._level]
        opening = levels.opening[self._level]
        constant = float(reject.sum())
        indices: list[int] = []
        values: list[float] = []
        for o in np.flatnonzero(opening):
            indices.append(self.first_opening + int(o))
            values.append(float(opening[o]))
        for i, cost in enumerate(self.activation.costs(self._level).tolist(), start=self.first_active):
            indices.append(i)
            values.append(cost)
        for j, column in enumerate(self.columns):
            shift = float(column.costs[self._level] - reject[column.chain])
            if shift:
                indices.append(self.first_column + j)
                values.append(shift)
        self._highs.addRows(
            1, np.array([-highspy.kHighsInf]), np.array([value - constant]), len(indices),
            np.zeros(1, np.int32), np.array(indices, np.int32), np.array(values),
        )  # fmt: skip
        self._fixed.append(self._rows)
        self._rows += 1
        self._level += 1
        costs = np.concatenate(
            [
                self._reject(), levels.opening[self._level], self.activation.costs(self._level),
                [column.costs[self._level] for column in self.columns],
            ]
        )  # fmt: skip
        self._highs.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)


def _key(column: Column) -> tuple[int, bytes, bytes]:
    """The same for columns that embed a chain the same way."""
    steps = (path[:size].tobytes() for path, size in zip(column.path, column.length, strict=True))
    return column.chain, column.option.tobytes(), column.length.tobytes() + b"".join(steps)
