"""The integer program over footprints: which ways in which chains can stand are best together.

Capacities of nodes and devices, what is opened, and links that are watched are exact. Other links are left out but for
their shadow prices, which the paths of footprints are charged. Of a chain with too many footprints the options of
components are variables one by one, and patterns say which sorts of them go together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, NamedTuple

import highspy
import numpy as np
from scipy.sparse import csr_array

from mosaico_place.columns.blocks import Blocks, IntArray
from mosaico_place.columns.footprints import Footprints, Met, Patterns, flow_user, option_costs, sorts_of
from mosaico_place.columns.generation import Generation
from mosaico_place.columns.meetings import Meeting
from mosaico_place.columns.ties import Tie
from mosaico_place.compile.arrays.records import Tables
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.kernel.pricing import Column
from mosaico_place.solution.solution import Solution, ranges
from mosaico_place.solver import run_until

WORTHLESS = 1e-6
"""Relative to a level's value, what the whole of a link is worth where prices of interior points mean nothing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is left of one chain.

    Attributes:
        ways: its footprints, or what is known of its components one by one; None if nothing is.
        rejectable: whether it may be rejected.
    """

    ways: Footprints | Patterns | None
    rejectable: bool


class Chosen(NamedTuple):
    """What the program chose for a chain that it accepts.

    Attributes:
        chain: index.
        options: component -> option; of chains that it knows nothing of, none.
        crossed: watched arcs that it crosses.
    """

    chain: int
    options: dict[int, int]
    crossed: set[int]


def link_prices(generation: Generation) -> FloatArray:
    """(1 + classes, arcs) the shadow prices of links, in so far as these are worth anything."""
    assert generation.best is not None, "columns were generated"
    rows, shadow = generation.compiled.rows, generation.best.duals.shadow
    tolls = shadow[:, rows.first_arc :]
    return np.where(
        tolls * rows.capacity[:, rows.first_arc :] > WORTHLESS * max(1.0, generation.best.bound), tolls, 0.0
    )


def _paid(tables: Tables, column: Column, f: int) -> set[int]:
    """The arcs of which a flow takes bandwidth: all that it crosses, or those beyond the path of its host."""
    first, host = tables.chains[column.chain]["flow"], tables.flows[f]["copy_of"]
    path = column.path[f - first, : column.length[f - first]].tolist()
    if host < 0:
        return set(path)
    before = column.path[host - first, : column.length[host - first]].tolist()
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(path, before, strict=False)))
    return set(path[shared:])


_Components = tuple[dict[int, tuple[IntArray, IntArray]], IntArray]
"""Component -> the numbers of its variables, and the options; and the numbers of patterns."""


class Formulation:
    """The integer program over what is left.

    Attributes:
        generation: what is known of the level.
        blocks: the program.
    """

    def __init__(self, generation: Generation, choices: Sequence[Choice], watched: Sequence[int]) -> None:
        assert generation.best is not None, "columns were generated"
        self.generation, self._choices = generation, choices
        self._compiled, self._level = generation.compiled, generation.level
        self.blocks = Blocks()
        levels, tables, rows = self._compiled.levels, self._compiled.tables, self._compiled.rows
        self._nodes = rows.first_arc
        # What links are worth that are not watched is charged to the flows that cross them.
        worth = link_prices(generation) * rows.capacity[:, rows.first_arc :]
        self._constant = -float(np.delete(worth, watched, axis=1).sum())
        self._capacity = self._rows(rows.capacity[:, : rows.first_arc].ravel())
        self._arcs = {a: self._rows(rows.capacity[:, rows.first_arc + a]) for a in watched}
        self._load = self._rows(np.zeros(len(tables.openings)))
        self._cut = self._rows(np.ones(len(generation.master.nodes.cuts)))
        self._before = self._rows(np.array(generation.values))
        groups = self._rows(np.ones(len(self._compiled.offers.groups)))
        self._opened = self._columns(levels.opening, tables.openings["most"].astype(np.float64))
        self._take(0, self._opened, self._uses(tables.openings["use"], tables.openings["use_end"]))
        grouped = np.flatnonzero(tables.openings["group"] >= 0)
        self.blocks.enter(groups[tables.openings["group"][grouped]], self._opened[grouped], 1.0)
        limited = np.flatnonzero(np.isfinite(tables.openings["capacity"]))
        self.blocks.enter(self._load[limited], self._opened[limited], -tables.openings["capacity"][limited])
        self._options = self._uses(tables.options["use"], tables.options["use_end"])
        self._programs = self._uses(tables.programs["use"], tables.programs["use_end"])
        self._shares = self._shares_of_nodes()
        self._sorts = {timed: sorts_of(tables, timed) for timed in (False, True)}
        self._rejected = self._columns(levels.reject, np.array([float(one.rejectable) for one in choices]))
        self._ties: dict[Tie, int] = {}
        self._whole: dict[int, IntArray] = {}
        self._single: dict[int, _Components] = {}
        for k, choice in enumerate(choices):
            if isinstance(choice.ways, Footprints):
                self._whole[k] = self._add_footprints(k, choice.ways)
            elif choice.ways is not None:
                self._single[k] = self._add_components(k, choice.ways)

    def _rows(self, most: FloatArray) -> IntArray:
        return self.blocks.add_rows(np.full(len(most), -np.inf), most)

    def _columns(
        self, costs: FloatArray, most: FloatArray, tolls: FloatArray | float = 0.0, whole: bool = True
    ) -> IntArray:
        """Numbers of new variables: (levels, variables) costs, and what they pay for links besides."""
        own = self.blocks.add_columns(costs[self._level] + tolls, most, whole)
        for before, cost in zip(self._before, costs, strict=False):
            self.blocks.enter(before, own, cost)
        return own

    def _one_of(self, k: int, columns: IntArray) -> None:
        """Chain ``k`` takes one of these, or is rejected."""
        row = self.blocks.add_row(1.0, 1.0)
        self.blocks.enter(row, self._rejected[k], 1.0)
        self.blocks.enter(row, columns, 1.0)

    def _uses(self, begin: Any, end: Any) -> csr_array:
        """(slices, rows of nodes) what each takes."""
        tables = self._compiled.tables
        sizes = end - begin
        index = ranges(begin, end)
        entries = tables.uses_amount[index], (np.repeat(np.arange(len(sizes)), sizes), tables.uses_row[index])
        return csr_array(entries, shape=(len(sizes), self._nodes))

    def _shares_of_nodes(self) -> csr_array:
        """(options, cuts) what a component that runs in each takes of each row of a node."""
        cuts = self.generation.master.nodes.cuts
        sizes = [len(cut.options) for cut in cuts]
        options, shares = (np.concatenate([np.zeros(0), *parts]) for parts in
                           ([cut.options for cut in cuts], [cut.shares for cut in cuts]))  # fmt: skip
        entries = shares, (options.astype(np.int64), np.repeat(np.arange(len(cuts)), sizes))
        return csr_array(entries, shape=(len(self._compiled.tables.options), len(cuts)))

    def _add_footprints(self, k: int, some: Footprints) -> IntArray:
        """One variable for each footprint of a chain; their numbers."""
        tables = self._compiled.tables
        own = self._columns(some.costs, np.ones(len(some.tolls)), some.tolls)
        self._one_of(k, own)
        for c, line in enumerate(some.option.T, start=tables.chains[k]["component"]):
            if tables.components[c]["menu"] >= 0:
                self._run(k, c, own, line)
        self._meet(k, own, some)
        return own

    def _meet(self, k: int, columns: IntArray, some: Footprints | Patterns) -> None:
        """Variables that let flows meet programs and cross watched arcs."""
        tables = self._compiled.tables
        line = tables.chains[k]["line"]
        for number, met in enumerate(some.met):
            having = columns[some.meets == number]
            for f, meeting in met if len(having) else ():
                rate = tables.flows[f]["rate"]
                for e in meeting.programs:
                    self._take(line, having, self._programs[np.full(len(having), e)])
                    self._serve(k, flow_user(tables, k, f), int(tables.programs["opening"][e]), having, rate)
                for a in meeting.arcs:
                    for one in {0, int(line)}:
                        self.blocks.enter(self._arcs[a][one], having, rate)

    def _add_components(self, k: int, some: Patterns) -> _Components:
        """One variable for each option of every component of a chain, and one for each pattern."""
        tables = self._compiled.tables
        at = tables.options["node"]
        added: dict[int, tuple[IntArray, IntArray]] = {}
        lead: dict[int, int] = {}
        for c, options in some.options.items():
            own = self._columns(option_costs(self._compiled, k, c, options), np.ones(len(options)))
            self._one_of(k, own)
            self._run(k, c, own, options)
            added[c] = own, options
            first = lead.setdefault(int(tables.components[c]["unit"]), c)
            if first != c:
                # Components of one unit stand on the same node.
                self._equal(added[first][0], at[added[first][1]], own, at[options])
        patterns = self._columns(some.costs, np.ones(len(some.tolls)), some.tolls, whole=False)
        self._meet(k, patterns, some)
        for c, sorts in zip(some.leads, some.sorts.T, strict=True):
            self._equal(added[c][0], self._sorts[some.timed][added[c][1]], patterns, sorts)
        return added, patterns

    def _equal(self, some: IntArray, where: IntArray, others: IntArray, there: IntArray) -> None:
        """Variables that put something somewhere agree, place by place, with others."""
        places, index = np.unique(np.concatenate([where, there]), return_inverse=True)
        rows = self.blocks.add_rows(np.zeros(len(places)), np.zeros(len(places)))
        self.blocks.enter(rows[index[: len(where)]], some, 1.0)
        self.blocks.enter(rows[index[len(where) :]], others, -1.0)

    def _run(self, k: int, c: int, columns: IntArray, options: IntArray) -> None:
        """Variables that let a component run in these options, one each."""
        tables = self._compiled.tables
        component, served = tables.components[c], tables.options["opening"][options]
        self._take(tables.chains[k]["line"], columns, self._options[options])
        self.blocks.enter_all(self._cut, columns, self._shares[options])
        for o in np.unique(served[served >= 0]).tolist():
            self._serve(k, c - tables.chains[k]["component"], o, columns[served == o], component["load"])

    def _take(self, line: int, columns: IntArray, uses: csr_array) -> None:
        """Variables that take of nodes: (variables, rows of nodes)."""
        for one in {0, int(line)}:
            self.blocks.enter_all(self._capacity[one * self._nodes : (one + 1) * self._nodes], columns, uses)

    def _serve(self, k: int, user: int, o: int, columns: IntArray, load: float) -> None:
        """Variables that let an opening (-1: none is needed) serve a user of a chain."""
        if o < 0:
            return
        if np.isfinite(self._compiled.tables.openings[o]["capacity"]):
            self.blocks.enter(self._load[o], columns, load)
        tie = Tie(k, user, o)
        if tie not in self._ties:
            self._ties[tie] = self.blocks.add_row(-np.inf, 0.0)
            self.blocks.enter(self._ties[tie], self._opened[o], -1.0)
        self.blocks.enter(self._ties[tie], columns, 1.0)

    def solve(
        self, solution: Solution, seconds: float, gap: float, stop: Callable[[], bool]
    ) -> tuple[float, FloatArray | None]:
        """(bound, values of all variables; None if none are found) by branch and bound, from a placement on."""
        highs = self.blocks.highs()
        highs.changeObjectiveOffset(self._constant)  # without it, the relative gap would be that of another value
        highs.setOptionValue("time_limit", min(seconds, 1e9))
        highs.setOptionValue("mip_rel_gap", gap)
        start = self._start(solution)
        if start is not None:
            highs.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)
        run_until(highs, stop)
        if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:  # nothing is better than what is known
            return np.inf, None
        info = highs.getInfo()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        values = np.array(highs.getSolution().col_value) if found else None
        return float(info.mip_dual_bound), values

    def _start(self, solution: Solution) -> FloatArray | None:
        """A placement as values of all variables; None if it is left out."""
        values = np.zeros(self.blocks.columns)
        values[self._opened] = solution.state.opened
        values[self._rejected[~solution.placed]] = 1.0
        for column in self.generation.columns_of(solution):
            some = self._choices[column.chain].ways
            if some is None:
                continue
            first = self._compiled.tables.chains[column.chain]["component"]
            if isinstance(some, Footprints):
                columns, fits = self._whole[column.chain], (some.option == column.option).all(axis=1)
            else:
                own, columns = self._single[column.chain]
                for c, (one, options) in own.items():
                    values[one[options == column.option[c - first]]] = 1.0
                sorts = self._sorts[some.timed][[column.option[c - first] for c in some.leads]]
                fits = (some.sorts == sorts).all(axis=1)
            lines = np.flatnonzero(fits & self._served(column, some.met)[some.meets])
            if not len(lines):
                return None
            values[columns[lines[np.argmin(some.costs[self._level][lines])]]] = 1.0
        return values

    def _served(self, column: Column, met: list[Met]) -> BoolArray:
        """(sets,) whether an embedding meets all of it."""
        tables, k = self._compiled.tables, column.chain
        served = set(zip(column.users.tolist(), column.servers.tolist(), strict=True))

        def meets(f: int, meeting: Meeting) -> bool:
            user = flow_user(tables, k, f)
            openings = (int(tables.programs["opening"][e]) for e in meeting.programs)
            return _paid(tables, column, f).issuperset(meeting.arcs) and all(
                o < 0 or (user, o) in served for o in openings
            )

        return np.array([all(meets(f, meeting) for f, meeting in one) for one in met])

    def opened(self, values: FloatArray) -> BoolArray:
        """(openings,) what is opened, by the values of all variables."""
        found: BoolArray = values[self._opened] > 0.5
        return found

    def chosen(self, values: FloatArray) -> list[Chosen]:
        """What was chosen for the chains that are accepted, by the values of all variables."""
        taken = values > 0.5
        return [self._chosen(k, taken) for k in np.flatnonzero(~taken[self._rejected]).tolist()]

    def _chosen(self, k: int, taken: BoolArray) -> Chosen:
        some = self._choices[k].ways
        if some is None:
            return Chosen(k, {}, set(self._arcs))
        if isinstance(some, Patterns):
            added, patterns = self._single[k]
            option = {c: int(options[taken[own]][0]) for c, (own, options) in added.items()}
            line = np.flatnonzero(taken[patterns])
        else:
            first, line = self._compiled.tables.chains[k]["component"], np.flatnonzero(taken[self._whole[k]])
            option = {c: o for c, o in enumerate(some.option[line[0]].tolist(), start=first) if o >= 0}
        if not len(line):  # several patterns in parts
            return Chosen(k, option, set(self._arcs))
        return Chosen(k, option, {a for _, meeting in some.met[some.meets[line[0]]] for a in meeting.arcs})
