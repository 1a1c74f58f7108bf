"""Closing the gap of a level: which footprints are best together, as one integer program.

Shadow prices say of most footprints that no placement which is better than the best known one has them: what they cost
beyond the least of their chain is more than what lies between bound and value (Baldacci, Christofides, Mingozzi, "An
exact algorithm for the vehicle routing problem based on the set partitioning formulation with additional cuts",
Mathematical Programming 115, 2008). All others are handed to HiGHS at once, with every capacity of nodes, so what it
proves holds for every placement. Links are left out but for their shadow prices. Of chains with too many footprints
components count one by one, and what they do in time is left out too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csr_array

from mosaico_place.columns.between import Between, Meeting
from mosaico_place.columns.blocks import Blocks, IntArray
from mosaico_place.columns.footprints import (
    Footprints,
    Lister,
    Met,
    Patterns,
    flow_user,
    option_costs,
    places_of,
)
from mosaico_place.columns.generation import Generation
from mosaico_place.columns.ties import Tie
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.kernel.batch import Column, Measurer, charge
from mosaico_place.kernel.embed import embed
from mosaico_place.kernel.embeddings import no_embeddings
from mosaico_place.kernel.prices import Prices, falling_weights, price_to_place
from mosaico_place.kernel.solution import LAST_CHOICE, Solution, ranges
from mosaico_place.kernel.state import empty_state
from mosaico_place.kernel.tables import Compiled
from mosaico_place.kernel.work import new_work

MANY_FOOTPRINTS = 1_000
"""Of one chain, above which its components count one by one."""

MANY = 60_000
"""Of all chains, above which those with most count one by one as well."""

NEARLY_FULL, MANY_WATCHED = 0.25, 12
"""Arcs of which less is free are watched from the first round on, so many at most."""

LISTING_SHARE = 0.3
"""Part of a round's time that listing footprints may take."""

WORTHLESS = 1e-6
"""Relative to a level's value, what the whole of a link is worth where prices of interior points mean nothing."""

SLACK = 1e-7
"""Relative to a level's value, more than float64 can err in what footprints cost at prices."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What is left of one chain.

    Attributes:
        ways: its footprints, or what is known of its components one by one; None if nothing is.
        rejectable: whether it may be rejected.
    """

    ways: Footprints | Patterns | None
    rejectable: bool


class Closing:
    """Raises the bound of a later level round by round, and lets the master know the footprints that are best together.

    Attributes:
        generation: what has been generated for the level.
        watched: arcs of which the program knows that flows cross them; more in every round.
        ended: whether another round says nothing more.
    """

    def __init__(self, generation: Generation, solution: Solution) -> None:
        self.generation, self.watched, self.ended = generation, _nearly_full(solution), False

    def round(self, solution: Solution, seconds: float, gap: float, stop: Callable[[], bool]) -> float:
        """The bound that one round proves.

        Args:
            solution: the best one known.
            seconds: how long it may take.
            gap: relative gap at which branch and bound may end.
            stop: whether to end at once.
        """
        generation = self.generation
        assert generation.bound is not None, "a finite bound was found"
        began = time.perf_counter()

        def late() -> bool:
            return stop() or time.perf_counter() - began > LISTING_SHARE * seconds

        choices, bound = _choices(generation, solution, self.watched, late)
        many = sum(len(one.ways.priced) for one in choices if isinstance(one.ways, Footprints)) > MANY
        if many or not choices:
            self.ended = True
            return generation.bound
        formulation = _Formulation(generation, choices, self.watched)
        said, found = formulation.solve(solution, seconds - (time.perf_counter() - began), gap, stop)
        value = float(solution.values()[generation.level])
        columns = [] if found is None else formulation.columns(solution, found)
        generation.master.add(columns)
        more = _overfull(generation, columns) - set(self.watched)
        self.watched = [*self.watched, *sorted(more)]
        self.ended = not more
        return max(generation.bound, bound, min(said - SLACK * max(1.0, value), value))


def _nearly_full(solution: Solution) -> list[int]:
    """The arcs of which most is taken, the fullest first."""
    rows = solution.compiled.rows
    capacity = np.maximum(rows.capacity[0, rows.first_arc :], 1.0)
    free: FloatArray = solution.state.free[0, rows.first_arc :] / capacity
    order = np.argsort(free, kind="stable")[:MANY_WATCHED]
    return [int(a) for a in order if free[a] < NEARLY_FULL]


def _overfull(generation: Generation, columns: list[Column]) -> set[int]:
    """The arcs for which some columns together are too much."""
    rows = generation.compiled.rows
    taken = np.zeros(rows.capacity.size)
    for column in columns:
        np.add.at(taken, column.rows, column.amounts)
    over = np.flatnonzero((taken.reshape(rows.capacity.shape) > rows.capacity).any(axis=0))
    return {int(row) - rows.first_arc for row in over if row >= rows.first_arc}


def _tolls(generation: Generation) -> FloatArray:
    """(1 + classes, arcs) the shadow prices of links, in so far as these are worth anything."""
    assert generation.best is not None, "columns were generated"
    rows, shadow = generation.compiled.rows, generation.best.duals.shadow
    tolls = shadow[:, rows.first_arc :]
    return np.where(
        tolls * rows.capacity[:, rows.first_arc :] > WORTHLESS * max(1.0, generation.best.bound), tolls, 0.0
    )


def _choices(
    generation: Generation, solution: Solution, watched: list[int], stop: Callable[[], bool]
) -> tuple[list[_Choice], float]:
    """What is left of every chain, and a bound that says no less."""
    quote, compiled = generation.best, generation.compiled
    assert quote is not None, "columns were generated"
    value = float(solution.values()[generation.level])
    tables, prices, spare = compiled.tables, quote.prices, value - quote.bound
    slack = SLACK * max(1.0, abs(value), quote.size)
    tolls = _tolls(generation)
    tolls[1:] += tolls[0]
    lister = Lister(compiled, Between(compiled, watched), prices._replace(toll=tolls))
    surcharges = generation.master.ties.surcharges(quote.duals.served)
    extra = np.zeros_like(prices.extra)
    least = quote.least.copy()
    found: list[Footprints | Patterns | None] = []
    for k in range(len(compiled.names)):
        if stop():
            return [], quote.bound
        charge(extra, surcharges, k, 1.0)
        some = lister(k, extra, least[k] + spare + slack, MANY_FOOTPRINTS)
        charge(extra, surcharges, k, 0.0)
        if isinstance(some, Footprints):
            required = tables.chains[k]["required"]
            cheapest = min(some.priced.min(initial=np.inf), np.inf if required else prices.reject[k])
            least[k] = max(least[k], min(cheapest, least[k] + spare))
        found.append(some)
    spare = max(spare - float((least - quote.least).sum()), 0.0)
    choices = []
    for k, some in enumerate(found):
        within = least[k] + spare + slack
        kept = some.keep(some.priced <= within) if isinstance(some, Footprints) else some
        choices.append(_Choice(kept, not tables.chains[k]["required"] and prices.reject[k] <= within))
    return choices, value - spare


_Components = tuple[dict[int, tuple[IntArray, IntArray]], IntArray]
"""Component -> the numbers of its variables, and the options; and the numbers of patterns."""


class _Formulation:
    """The integer program over what is left.

    Attributes:
        blocks: the program.
        constant: what is to be added to its values.
    """

    def __init__(self, generation: Generation, choices: list[_Choice], watched: list[int]) -> None:
        assert generation.best is not None, "columns were generated"
        self._generation, self._choices = generation, choices
        self._compiled, self._level = generation.compiled, generation.level
        self.blocks = Blocks()
        compiled, levels, tables, rows = (
            self._compiled,
            self._compiled.levels,
            self._compiled.tables,
            self._compiled.rows,
        )
        self._lines, self._nodes = len(rows.capacity), rows.first_arc
        # What links are worth is charged to the flows that cross them.
        self.constant = -float((_tolls(generation) * rows.capacity[:, rows.first_arc :]).sum())
        self._capacity = self._rows(rows.capacity[:, : rows.first_arc].ravel())
        self._arcs = {a: self._rows(rows.capacity[:, rows.first_arc + a]) for a in watched}
        self._load = self._rows(np.zeros(len(tables.openings)))
        self._cut = self._rows(np.ones(len(generation.master.nodes.cuts)))
        self._before = self._rows(np.array(generation.values))
        groups = self._rows(np.ones(len(compiled.offers.groups)))
        self._opened = self.blocks.add_columns(levels.opening[self._level], tables.openings["most"].astype(np.float64))
        for o, opening in enumerate(tables.openings):
            uses = slice(opening["use"], opening["use_end"])
            self.blocks.enter(self._capacity[tables.uses_row[uses]], self._opened[o], tables.uses_amount[uses])
            if opening["group"] >= 0:
                self.blocks.enter(groups[opening["group"]], self._opened[o], 1.0)
        limited = np.flatnonzero(np.isfinite(tables.openings["capacity"]))
        self.blocks.enter(self._load[limited], self._opened[limited], -tables.openings["capacity"][limited])
        for row, cost in zip(self._before, levels.opening, strict=False):
            self.blocks.enter(row, self._opened, cost)
        self._options = self._uses(tables.option_use, tables.option_use_end)
        self._programs = self._uses(tables.program_use, tables.program_use_end)
        self._shares, self._places = self._shares_of_nodes(), places_of(tables)
        self._rejected = self.blocks.add_columns(
            levels.reject[self._level], np.array([float(one.rejectable) for one in choices])
        )
        for row, cost in zip(self._before, levels.reject, strict=False):
            self.blocks.enter(row, self._rejected, cost)
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

    def _uses(self, begin: Any, end: Any) -> csr_array:
        """(slices, rows of nodes) what each takes."""
        tables = self._compiled.tables
        sizes = end - begin
        index = ranges(begin, end)
        entries = tables.uses_amount[index], (np.repeat(np.arange(len(sizes)), sizes), tables.uses_row[index])
        return csr_array(entries, shape=(len(sizes), self._nodes))

    def _shares_of_nodes(self) -> csr_array:
        """(options, cuts) what a component that runs in each takes of each row of a node."""
        cuts = self._generation.master.nodes.cuts
        sizes = [len(cut.options) for cut in cuts]
        options, shares = (np.concatenate([np.zeros(0), *parts]) for parts in
                           ([cut.options for cut in cuts], [cut.shares for cut in cuts]))  # fmt: skip
        entries = shares, (options.astype(np.int64), np.repeat(np.arange(len(cuts)), sizes))
        return csr_array(entries, shape=(len(self._compiled.tables.options), len(cuts)))

    def _add_footprints(self, k: int, some: Footprints) -> IntArray:
        """One variable for each footprint of a chain; their numbers."""
        tables, blocks = self._compiled.tables, self.blocks
        chain = tables.chains[k]
        own = blocks.add_columns(some.costs[self._level] + some.tolls, np.ones(len(some.priced)))
        row = blocks.add_row(1.0, 1.0)
        blocks.enter(row, self._rejected[k], 1.0)
        blocks.enter(row, own, 1.0)
        for before, cost in zip(self._before, some.costs, strict=False):
            blocks.enter(before, own, cost)
        for c, line in enumerate(some.option.T, start=chain["component"]):
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
                    self._serve(k, flow_user(tables, k, f), int(tables.program_opening[e]), having, rate)
                for a in meeting.arcs:
                    for one in {0, int(line)}:
                        self.blocks.enter(self._arcs[a][one], having, rate)

    def _add_components(self, k: int, some: Patterns) -> _Components:
        """One variable for each option of every component of a chain, and one for each pattern."""
        tables, blocks = self._compiled.tables, self.blocks
        at = tables.options["node"]
        added: dict[int, tuple[IntArray, IntArray]] = {}
        lead: dict[int, int] = {}
        for c, options in some.options.items():
            cost = option_costs(self._compiled, k, c, options)
            own = blocks.add_columns(cost[self._level], np.ones(len(options)))
            row = blocks.add_row(1.0, 1.0)
            blocks.enter(row, self._rejected[k], 1.0)
            blocks.enter(row, own, 1.0)
            for before, costs in zip(self._before, cost, strict=False):
                blocks.enter(before, own, costs)
            self._run(k, c, own, options)
            added[c] = own, options
            first = lead.setdefault(int(tables.components[c]["unit"]), c)
            if first != c:
                # Components of one unit stand on the same node.
                self._equal(added[first][0], at[added[first][1]], own, at[options])
        patterns = blocks.add_columns(some.costs[self._level] + some.tolls, np.ones(len(some.tolls)), whole=False)
        for before, cost in zip(self._before, some.costs, strict=False):
            blocks.enter(before, patterns, cost)
        self._meet(k, patterns, some)
        for c, places in zip(some.leads, some.places.T, strict=True):
            self._equal(added[c][0], self._places[at[added[c][1]]], patterns, places)
        return added, patterns

    def _equal(self, some: IntArray, where: IntArray, others: IntArray, there: IntArray) -> None:
        """Variables that put something somewhere agree, node by node, with others."""
        nodes, index = np.unique(np.concatenate([where, there]), return_inverse=True)
        rows = self.blocks.add_rows(np.zeros(len(nodes)), np.zeros(len(nodes)))
        self.blocks.enter(rows[index[: len(where)]], some, 1.0)
        self.blocks.enter(rows[index[len(where) :]], others, -1.0)

    def _run(self, k: int, c: int, columns: IntArray, options: IntArray) -> None:
        """Variables that let a component run in these options, one each."""
        tables = self._compiled.tables
        component, served = tables.components[c], tables.option_opening[options]
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
        highs.setOptionValue("time_limit", min(seconds, 1e9))
        highs.setOptionValue("mip_rel_gap", gap)
        start = self._start(solution)
        if start is not None:
            highs.setSolution(len(start), np.arange(len(start), dtype=np.int32), start)

        def poll(event: Any) -> None:
            if stop():
                event.interrupt()

        highs.cbMipInterrupt += poll
        highs.cbSimplexInterrupt += poll
        highs.run()
        if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:  # nothing is better than what is known
            return np.inf, None
        info = highs.getInfo()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        values = np.array(highs.getSolution().col_value) if found else None
        return float(info.mip_dual_bound) + self.constant, values

    def _start(self, solution: Solution) -> FloatArray | None:
        """A placement as values of all variables; None if it is left out."""
        values = np.zeros(self.blocks.columns)
        values[self._opened] = solution.state.opened
        values[self._rejected[~solution.placed]] = 1.0
        for column in self._generation.columns_of(solution):
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
                at = self._compiled.tables.options["node"][[column.option[c - first] for c in some.leads]]
                fits = (some.places == self._places[at]).all(axis=1)
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
            line, user = f - tables.chains[k]["flow"], flow_user(tables, k, f)
            openings = (int(tables.program_opening[e]) for e in meeting.programs)
            crossed = set(column.path[line, : column.length[line]].tolist())
            return crossed.issuperset(meeting.arcs) and all(o < 0 or (user, o) in served for o in openings)

        return np.array([all(meets(f, meeting) for f, meeting in one) for one in met])

    def columns(self, solution: Solution, values: FloatArray) -> list[Column]:
        """Embeddings with the footprints that were chosen, each as it is best by itself; those that find no way miss.

        Args:
            solution: one that knows prices of what serves.
            values: of the variables.
        """
        compiled, taken = self._compiled, values > 0.5
        weights = falling_weights(compiled.levels.count, self._level)
        weights[: self._level] = 1.0
        prices = price_to_place(compiled, np.zeros_like(compiled.rows.capacity), weights)
        prices = solution.serving(prices, taken[self._opened])
        embedder = _Embedder(compiled)
        found = []
        for k in np.flatnonzero(~taken[self._rejected]).tolist():
            chosen, crossed = self._chosen(k, taken)
            shut = [a for a in self._arcs if a not in crossed]
            found.append(embedder(k, chosen, shut, prices))
        return [column for column in found if column is not None]

    def _chosen(self, k: int, taken: BoolArray) -> tuple[dict[int, int], set[int]]:
        """Component -> option that was chosen for it; and the watched arcs that the chain crosses."""
        some = self._choices[k].ways
        if some is None:
            return {}, set(self._arcs)
        if isinstance(some, Patterns):
            added, patterns = self._single[k]
            option = {c: int(options[taken[own]][0]) for c, (own, options) in added.items()}
            line = np.flatnonzero(taken[patterns])
        else:
            first, line = self._compiled.tables.chains[k]["component"], np.flatnonzero(taken[self._whole[k]])
            option = {c: o for c, o in enumerate(some.option[line[0]].tolist(), start=first) if o >= 0}
        if not len(line):  # several patterns in parts
            return option, set(self._arcs)
        return option, {a for _, meeting in some.met[some.meets[line[0]]] for a in meeting.arcs}


class _Embedder:
    """Embeds single chains on the empty infrastructure, with options that are given."""

    def __init__(self, compiled: Compiled) -> None:
        # Masks of its own, for they change with every chain.
        self._tables = compiled.tables._replace(mask=compiled.tables.mask.copy())
        self._state, self._measurer = empty_state(compiled), Measurer(compiled)
        self._work, self._out = new_work(self._tables), no_embeddings(self._tables)

    def __call__(self, k: int, chosen: dict[int, int], shut: list[int], prices: Prices) -> Column | None:
        """The cheapest embedding with these options that stays off some arcs; None if none finds its way."""
        tables, option, toll = self._tables, prices.option.copy(), prices.toll.copy()
        toll[:, shut] = LAST_CHOICE
        for c, o in chosen.items():
            n, start = tables.options["node"][o], tables.menu_start[tables.components[c]["menu"]]
            others = np.setdiff1d(np.arange(start[n], start[n + 1]), [*chosen.values()])
            option[:, others] = np.inf
            tables.mask[tables.components[c]["unit"]] = np.arange(tables.mask.shape[1]) == n
        prices = prices._replace(option=option, toll=toll)
        _, cost = embed(tables, self._state, prices, k, np.inf, self._work, self._out)
        return self._measurer(k, prices, self._out) if cost < np.inf else None
