"""The restricted master problem: which mix of known embeddings is best, as a linear program that HiGHS holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from mosaico_place.columns.packing import Cut
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.errors import SolverError
from mosaico_place.kernel.batch import Column, Surcharges
from mosaico_place.kernel.tables import Compiled
from mosaico_place.solver import SilentHighs

TIE_ROUNDS = 3
"""How often rows for broken ties are added before the next columns."""

MANY_SERVED = 2000
"""Rows that tie a chain to an opening, added at most at a time."""

_VIOLATED = 1e-6


@dataclass(frozen=True, slots=True)
class Duals:
    """Shadow prices of every row, none negative.

    Attributes:
        shadow: (1 + classes, rows) of capacities, per quantum.
        load: (openings,) of what instances carry, per rate quantum.
        served: (rows that tie a chain to an opening,) in their order.
        cuts: (rows of single nodes,) in their order.
        levels: (levels,) what costs of each level count: 1 for the one that is minimised, the shadow price of its value
            for each before it, 0 for those after it.
    """

    shadow: FloatArray
    load: FloatArray
    served: FloatArray
    cuts: FloatArray
    levels: FloatArray


@dataclass(frozen=True, slots=True)
class Mix:
    """A solution of the master.

    Attributes:
        value: of the level that is minimised.
        duals: shadow prices.
        shares: (columns,) how much of each.
        settled: whether every tie that it breaks was already a row.
    """

    value: float
    duals: Duals
    shares: FloatArray
    settled: bool


class Master:
    """Columns, and rows for all that they compete for.

    Per chain: its columns and its rejection add up to 1. Per capacity: use by columns, and by opened instances, within
    it. Per opening: loads within what its instances carry; a chain is served no more than it is opened (added where
    broken). Per node: what stands there is a packing of it (added where broken, see :mod:`.packing`).
    """

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self.columns: list[Column] = []
        self._known: set[tuple[int, bytes, bytes]] = set()
        self.tied: dict[tuple[int, int], int] = {}
        """(chain, opening) -> number of the row that ties them."""
        self._ties: list[tuple[int, int]] = []
        self._tie_rows: list[int] = []
        self.cuts: list[Cut] = []
        self._cut_rows: list[int] = []
        self._cut_shares: dict[int, list[tuple[int, float]]] = {}
        self._level = 0
        self._fixed: list[int] = []
        self._highs: Any = SilentHighs()  # type: ignore[no-untyped-call]
        self._highs.setOptionValue("output_flag", False)
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
        low = np.concatenate([np.ones(chains), np.full(rows.capacity.size + openings + groups, -highspy.kHighsInf)])
        high = np.concatenate([np.ones(chains), rows.capacity.ravel(), np.zeros(openings), np.ones(groups)])
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
            if np.isfinite(opening["capacity"]):
                indices.append(self._first_load + o)
                values.append(-float(opening["capacity"]))
            if opening["group"] >= 0:
                indices.append(self._first_group + int(opening["group"]))
                values.append(1.0)
        self._first_opening = chains
        if openings:
            self._highs.addCols(
                openings, levels.opening[0], np.zeros(openings), tables.openings["most"].astype(np.float64),
                len(indices), np.array(starts, np.int32), np.array(indices, np.int32), np.array(values),
            )  # fmt: skip
        self._first_column = chains + openings
        self._rows = len(low)

    def _reject(self) -> FloatArray:
        cost: FloatArray = self._compiled.levels.reject[self._level].copy()
        cost[self._compiled.tables.chains["required"] > 0] += self._penalty
        return cost

    def add(self, columns: Sequence[Column]) -> int:
        """Add those that are new; how many they are."""
        fresh = []
        for column in columns:
            key = (column.chain, column.option.tobytes(), _paths(column))
            if key not in self._known:
                self._known.add(key)
                fresh.append(column)
        if not fresh:
            return 0
        starts: list[int] = []
        indices: list[int] = []
        values: list[float] = []
        for column in fresh:
            starts.append(len(indices))
            more = self._entries(column)
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

    def _entries(self, column: Column) -> tuple[list[int], list[float]]:
        capacity = self._compiled.tables.openings["capacity"]
        indices, values = [column.chain, *(self._first_row + column.rows).tolist()], [1.0, *column.amounts.tolist()]
        for o, load in zip(column.openings.tolist(), column.loads.tolist(), strict=True):
            if np.isfinite(capacity[o]) and load:
                indices.append(self._first_load + o)
                values.append(load)
            tie = self.tied.get((column.chain, o))
            if tie is not None:
                indices.append(self._tie_rows[tie])
                values.append(1.0)
        for row, share in self._cut_entries(column).items():
            indices.append(row)
            values.append(share)
        for level, row in enumerate(self._fixed):
            shift = float(column.costs[level] - self._compiled.levels.reject[level, column.chain])
            if shift:
                indices.append(row)
                values.append(shift)
        return indices, values

    def _cut_entries(self, column: Column) -> dict[int, float]:
        """Row of a node -> what the column takes of it.

        Merged components count as the one that takes most: what they take together is no less than what that takes
        alone.
        """
        found: dict[int, float] = {}
        for members in self._processes(column):
            of_group: dict[int, float] = {}
            for o in members:
                for row, share in self._cut_shares.get(o, ()):
                    of_group[row] = max(share, of_group.get(row, 0.0))
            for row, share in of_group.items():
                found[row] = found.get(row, 0.0) + share
        return found

    def _processes(self, column: Column) -> list[set[int]]:
        """The options that the column's components run in: of each by itself, of merged ones together."""
        tables = self._compiled.tables
        chain = tables.chains[column.chain]
        twins = tables.components["twins"][chain["component"] : chain["component_end"]].tolist()
        found: dict[tuple[int, ...], set[int]] = {}
        for c, (o, twin) in enumerate(zip(column.option.tolist(), twins, strict=True)):
            if o >= 0:
                alike = (twin, int(tables.ways[o]["spot"])) if twin >= 0 else (c,)
                found.setdefault(alike, set()).add(o)
        return list(found.values())

    def use(self, mix: Mix) -> FloatArray:
        """(options,) how many components run in each; of merged ones that run in several, one counts."""
        total = np.zeros(len(self._compiled.tables.options))
        for j in np.flatnonzero(mix.shares > 0).tolist():
            for members in self._processes(self.columns[j]):
                total[min(members)] += mix.shares[j]
        return total

    def cut(self, cuts: Sequence[Cut]) -> None:
        """Add rows of nodes."""
        first = self._rows
        for cut in cuts:
            for o, share in zip(cut.options.tolist(), cut.shares.tolist(), strict=True):
                self._cut_shares.setdefault(o, []).append((self._rows, share))
            self.cuts.append(cut)
            self._cut_rows.append(self._rows)
            self._rows += 1
        entries: list[list[tuple[int, float]]] = [[] for _ in cuts]
        for j, column in enumerate(self.columns):
            for row, share in self._cut_entries(column).items():
                if row >= first:
                    entries[row - first].append((self._first_column + j, share))
        for line in entries:
            self._highs.addRow(
                -highspy.kHighsInf, 1.0, len(line),
                np.array([j for j, _ in line], np.int32), np.array([share for _, share in line]),
            )  # fmt: skip

    def cut_prices(self, duals: Duals) -> FloatArray:
        """(options,) what the shadow prices of nodes' rows make of each component that runs in it."""
        total = np.zeros(len(self._compiled.tables.options))
        for cut, amount in zip(self.cuts, duals.cuts.tolist(), strict=False):
            total[cut.options] += amount * cut.shares
        return total

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
            settled = not self._tie(values)
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
            positive[self._tie_rows],
            positive[self._cut_rows],
            weights,
        )
        return Mix(value, found, values[self._first_column :], settled)

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
        """Add rows for chains that are served more than is opened; False if there are none."""
        opened = values[self._first_opening : self._first_column]
        share = values[self._first_column :]
        use: dict[tuple[int, int], float] = {}
        for j in np.flatnonzero(share > _VIOLATED).tolist():
            column = self.columns[j]
            for o in column.openings.tolist():
                use[column.chain, o] = use.get((column.chain, o), 0.0) + share[j]
        broken = [(used - opened[key[1]], key) for key, used in use.items() if key not in self.tied]
        broken = sorted(((by, key) for by, key in broken if by > 1e-4), reverse=True)[:MANY_SERVED]
        if not broken:
            return False
        members: dict[tuple[int, int], list[int]] = {key: [] for _, key in broken}
        for j, column in enumerate(self.columns):
            for o in column.openings.tolist():
                if (column.chain, o) in members:
                    members[column.chain, o].append(j)
        starts: list[int] = []
        indices: list[int] = []
        entries: list[float] = []
        for key, columns in members.items():
            starts.append(len(indices))
            indices += [self._first_opening + key[1], *(self._first_column + j for j in columns)]
            entries += [-1.0, *[1.0] * len(columns)]
            self.tied[key] = len(self._ties)
            self._ties.append(key)
            self._tie_rows.append(self._rows)
            self._rows += 1
        count = len(members)
        self._highs.addRows(
            count, np.full(count, -highspy.kHighsInf), np.zeros(count), len(indices),
            np.array(starts, np.int32), np.array(indices, np.int32), np.array(entries),
        )  # fmt: skip
        return True

    def surcharges(self, duals: Duals) -> Surcharges:
        """The shadow prices of ties, by chain, for each of the chain's components and flows that may be served.

        A tie counts a chain once, so each of them bears its part.
        """
        functions, users = self._compiled.opening_function, self._compiled.users
        chains = len(self._compiled.names)
        lines: list[list[tuple[int, float]]] = [[] for _ in range(chains)]
        for (k, o), amount in zip(self._ties[: len(duals.served)], duals.served.tolist(), strict=True):
            if amount > 0:
                lines[k].append((o, amount / users[k, functions[o]]))
        start = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
        flat = [entry for line in lines for entry in line]
        return Surcharges(start, np.array([o for o, _ in flat], np.int32), np.array([x for _, x in flat], np.float64))

    def opened_by_ties(self, duals: Duals) -> FloatArray:
        """(openings,) what the shadow prices of ties make of each opened instance."""
        total = np.zeros(len(self._compiled.tables.openings))
        for (_, o), amount in zip(self._ties[: len(duals.served)], duals.served.tolist(), strict=True):
            total[o] += amount
        return total

    def next_level(self, value: float) -> None:
        """Keep the present level at ``value`` or below, and minimise the next."""
        levels = self._compiled.levels
        reject = levels.reject[self._level]
        opening = levels.opening[self._level]
        constant = float(reject.sum())
        indices: list[int] = []
        values: list[float] = []
        for o in np.flatnonzero(opening):
            indices.append(self._first_opening + int(o))
            values.append(float(opening[o]))
        for j, column in enumerate(self.columns):
            shift = float(column.costs[self._level] - reject[column.chain])
            if shift:
                indices.append(self._first_column + j)
                values.append(shift)
        self._highs.addRows(
            1, np.array([-highspy.kHighsInf]), np.array([value - constant]), len(indices),
            np.zeros(1, np.int32), np.array(indices, np.int32), np.array(values),
        )  # fmt: skip
        self._fixed.append(self._rows)
        self._rows += 1
        self._level += 1
        costs = np.concatenate(
            [self._reject(), levels.opening[self._level], [column.costs[self._level] for column in self.columns]]
        )
        self._highs.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)


def _paths(column: Column) -> bytes:
    steps = (path[:size].tobytes() for path, size in zip(column.path, column.length, strict=True))
    return column.length.tobytes() + b"".join(steps)
