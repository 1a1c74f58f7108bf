"""Whole columns: the best placement that takes known embeddings as they are, by branch and bound of HiGHS.

Where capacities leave room, what single chains want decides nearly everything, and known embeddings hold a better
placement than a search meets (the restricted master heuristic of Joncour, Michel, Sadykov, Sverdlov, Vanderbeck,
"Column generation based primal heuristics", Electronic Notes in Discrete Mathematics 36, 2010). Where chains crowd one
another out, it ends at its limits with nothing better than what it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import highspy
import numpy as np

from mosaico_place.columns.generation import Generation
from mosaico_place.columns.master import Master
from mosaico_place.compile.infrastructure import BoolArray
from mosaico_place.kernel.pricing import Column
from mosaico_place.kernel.problem import Prices
from mosaico_place.methods.search.ruin_and_recreate import better
from mosaico_place.solution.solution import Solution
from mosaico_place.solver import SilentHighs, bound_below, run_until

MANY_COLUMNS = 10_000
"""Above so many the first linear program alone takes longer than the search needs to be as good."""

MANY_NODES = 500
"""Of the tree, where nothing else limits it."""


def take_whole(
    generation: Generation, solution: Solution, max_moves: int | None, seconds: float, stop: Callable[[], bool]
) -> bool:
    """Let a solution take the columns that are best together on a later level; False, and nothing done, if none are.

    Args:
        generation: what has been generated for the level.
        solution: where branch and bound starts; changed.
        max_moves: how many components may have moved; None for any number.
        seconds: how long it may take.
        stop: whether to end at once.
    """
    assert generation.best is not None, "columns were generated"
    master, prices = generation.master, generation.best.prices
    placed = generation.columns_of(solution)
    master.add(placed)
    if len(master.columns) > MANY_COLUMNS:
        return False
    chosen = _chosen(master, solution, placed, seconds, stop)
    if chosen is None:
        return False
    columns, opened = chosen
    values, before = solution.values(), solution.save(np.arange(len(solution.compiled.names)))
    solution.remove(np.flatnonzero(solution.placed), prices)
    serving = solution.serving(prices, opened)
    stand = all(_put(solution, column, serving) for column in columns)
    if stand and better(solution.values(), values) and (max_moves is None or solution.moves() <= max_moves):
        return True
    before.restore()
    return False


def _put(solution: Solution, column: Column, prices: Prices) -> bool:
    """Place a column's chain as it says."""
    chain, embeddings = solution.compiled.tables.chains[column.chain], solution.embeddings
    flows = slice(chain["flow"], chain["flow_end"])
    embeddings.option[chain["component"] : chain["component_end"]] = column.option
    embeddings.length[flows], embeddings.path[flows] = column.length, column.path
    return solution.put(column.chain, prices)


def _chosen(
    master: Master, solution: Solution, placed: Sequence[Column], seconds: float, stop: Callable[[], bool]
) -> tuple[list[Column], BoolArray] | None:
    """The columns that are best together and, (openings,), what is opened for them; None if none are found."""
    highs: Any = SilentHighs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("parallel", "off")
    highs.setOptionValue("time_limit", min(seconds, 1e9))
    highs.setOptionValue("mip_max_nodes", MANY_NODES)
    opening, active, first = master.first_opening, master.first_active, master.first_column
    count = first + len(master.columns)
    highs.passModel(master.model())
    index = np.arange(count, dtype=np.int32)
    kinds = np.full(count, highspy.HighsVarType.kInteger)
    kinds[first - master.activation.largest : first] = highspy.HighsVarType.kContinuous
    highs.changeColsIntegrality(count, index, kinds)
    highs.changeColsBounds(count - first, index[first:], np.zeros(count - first), np.ones(count - first))
    required = np.flatnonzero(solution.compiled.tables.chains["required"]).astype(np.int32)
    highs.changeColsBounds(len(required), required, np.zeros(len(required)), np.zeros(len(required)))
    for o, columns in _served(master).items():
        # One row for all of them where a tie for each user would be many.
        entries = np.array([opening + o, *(first + j for j in columns)], np.int32)
        highs.addRow(-highspy.kHighsInf, 0.0, len(entries), entries, np.array([-len(columns), *[1.0] * len(columns)]))
    bound_below(highs)
    start = np.zeros(count)
    start[:opening] = 1.0
    start[[column.chain for column in placed]] = 0.0
    start[opening:active] = solution.state.opened[: active - opening]
    start[active:first] = 1.0
    nodes = master.activation.nodes
    start[active : active + len(nodes)] = solution.state.hosted[nodes] > 0
    start[[first + master.index(column) for column in placed]] = 1.0
    highs.setSolution(count, index, start)
    run_until(highs, stop)
    if highs.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    values = np.array(highs.getSolution().col_value)
    return [master.columns[j] for j in np.flatnonzero(values[first:] > 0.5)], values[opening:active] > 0.5


def _served(master: Master) -> dict[int, list[int]]:
    """The columns that each opening serves."""
    served: dict[int, list[int]] = {}
    for j, column in enumerate(master.columns):
        for o in column.openings.tolist():
            served.setdefault(o, []).append(j)
    return served
