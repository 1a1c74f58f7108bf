"""Compiled code over many chains: pricing them in turn, and measuring what embeddings take and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cython
import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile.arrays.records import IntArray
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.kernel.problem import room_for_programs

if TYPE_CHECKING:
    from mosaico_place.compile.arrays.levels import Levels
    from mosaico_place.compile.arrays.tables import Compiled

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import Bundle, Tables
    from mosaico_place.kernel.costs import flow_user
    from mosaico_place.kernel.embed import embed
    from mosaico_place.kernel.merging import merged_before, rest_amount, saved_price
    from mosaico_place.kernel.placing import followed, programs_of
    from mosaico_place.kernel.problem import Embeddings, Pricing, State

    EVERYONE = -1
"""Instead of a single user: every component and flow of the chain."""


class Surcharges(Bundle):
    """What chains pay for each component or flow that an opening serves, besides its load; sparse, by chain.

    Attributes:
        start: (chains + 1,) slices of the others.
        user: number of the component or flow, in the order of :func:`.costs.flow_user`; or EVERYONE.
        opening: which.
        amount: how much.
    """

    def __init__(self, start: NDArray[np.int64], user: IntArray, opening: IntArray, amount: FloatArray) -> None:
        self.start, self.user, self.opening, self.amount = start, user, opening, amount
        self.keep(start=start, user=user, opening=opening, amount=amount)


def no_surcharges(chains: int) -> Surcharges:
    """Nothing extra."""
    none = np.zeros(0, dtype=np.int32)
    return Surcharges(np.zeros(chains + 1, dtype=np.int64), none, none, np.zeros(0))


class Costs(Bundle):
    """The costs of levels for compiled code, as in :class:`mosaico_place.compile.arrays.levels.Levels`."""

    def __init__(
        self,
        late: FloatArray,
        move: FloatArray,
        link: FloatArray,
        arc: FloatArray,
        option: FloatArray,
        program: FloatArray,
        resources: FloatArray,
        reject: FloatArray,
        opening: FloatArray,
        active: FloatArray,
        node: FloatArray,
        balance: FloatArray,
        counting: BoolArray,
    ) -> None:
        self.late, self.move, self.link, self.arc, self.option = late, move, link, arc, option
        self.program, self.resources, self.reject, self.opening = program, resources, reject, opening
        self.active, self.node, self.balance, self.counting = active, node, balance, counting
        self.keep(
            late=late, move=move, link=link, arc=arc, option=option, program=program, resources=resources,
            reject=reject, opening=opening, active=active, node=node, balance=balance, counting=counting,
        )  # fmt: skip


def costs_of(levels: Levels) -> Costs:
    """The costs of some levels."""
    return Costs(
        levels.late, levels.move, levels.link, levels.arc, levels.option, levels.program, levels.resources,
        levels.reject, levels.opening, levels.active, levels.node, levels.balance, levels.counting,
    )  # fmt: skip


class Measure:
    """What one embedding takes, and room to find out.

    Attributes:
        taken: (1 + classes, rows) quanta; rows: flat indices of those that are not 0, the first ``found``.
        served: (openings,) load that each serves; openings: those that serve something, the first ``opened``.
        costs: (levels,) what it costs.
    """

    def __init__(self, compiled: Compiled) -> None:
        openings, taken = len(compiled.tables.openings), np.zeros_like(compiled.rows.capacity)
        arrays: dict[str, Any] = {
            "taken": taken,
            "rows": np.empty(taken.size, dtype=np.int64),
            "served": np.zeros(openings),
            "openings": np.empty(openings, dtype=np.int64),
            "costs": np.empty(compiled.levels.count),
        }
        self.arrays = arrays
        self.found = self.opened = 0
        self.taken, self.rows = arrays["taken"], arrays["rows"]
        self.served, self.openings, self.costs = arrays["served"], arrays["openings"], arrays["costs"]
        self.serving = room_for_programs(compiled.tables)
        self._compiled = compiled

    def __reduce__(self) -> tuple[Any, ...]:
        return Measure, (self._compiled,)


def price_chains(
    pricing: Pricing, surcharges: Surcharges, chains: Any, out: Embeddings, lower: FloatArray, cost: FloatArray
) -> None:
    """Embed some chains in what is left of a state: lower bounds and costs by chain, embeddings in ``out``.

    Other threads run meanwhile.
    """
    with cython.nogil:
        _price_chains(pricing, surcharges, chains, out, lower, cost)


def _price_chains(
    pricing: Pricing, surcharges: Surcharges, chains: Any, out: Embeddings, lower: FloatArray, cost: FloatArray
) -> None:
    for i in range(chains.shape[0]):
        k = chains[i]
        charge(pricing.prices.extra, surcharges, k, 1.0)
        cutoff = inf if pricing.tables.chains[k].required else pricing.prices.reject[k]
        lower[k], cost[k] = embed(pricing, k, cutoff, out)
        charge(pricing.prices.extra, surcharges, k, 0.0)


def charge(extra: FloatArray, surcharges: Surcharges, k: int, factor: float) -> None:
    """Write what a chain is charged, times a factor, to ``extra``: (users, openings)."""
    for i in range(surcharges.start[k], surcharges.start[k + 1]):
        o, amount = surcharges.opening[i], surcharges.amount[i] * factor
        if surcharges.user[i] == EVERYONE:
            for each in range(extra.shape[0]):
                extra[each, o] = amount
        else:
            extra[surcharges.user[i], o] = amount


def measure(tables: Tables, state: State, costs: Costs, k: int, where: Embeddings, into: Measure) -> None:
    """What a placed chain takes by itself and costs on every level.

    Args:
        tables, state, costs: the instance, what is left, and what things cost.
        k, where: the chain and where it stands.
        into: all zeros; what it takes and costs afterwards.
    """
    into.found, into.opened = 0, 0
    for level in range(into.costs.shape[0]):
        into.costs[level] = 0.0
    _add_levels(costs.late, k, where.late_ns[k], into)
    _measure_components(tables, costs, k, where, into)
    for f in range(tables.chains[k].flow, tables.chains[k].flow_end):
        _measure_flow(tables, state, costs, k, f, where, into)


def _measure_components(tables: Tables, costs: Costs, k: int, where: Embeddings, into: Measure) -> None:
    """What the components of a chain take and cost."""
    chain = tables.chains[k]
    for c in range(chain.component, chain.component_end):
        o = where.option[c]
        if o < 0:
            continue
        component, one = tables.components[c], tables.options[o]
        if component.ran and o != component.home:
            _add_levels(costs.move, k, component.move_price, into)
        _add_levels(costs.option, o, 1.0, into)
        if merged_before(tables, k, c, where):
            for i in range(one.use, one.use_end):
                _note_row(into, chain.line, tables.uses_row[i], rest_amount(tables, k, c, where, i))
            saved = saved_price(tables, k, c, where)
            for level in range(into.costs.shape[0]):
                into.costs[level] -= costs.resources[level] * saved
        else:
            _note_use(tables, into, chain.line, one.use, one.use_end)
        if one.opening >= 0:
            _note_opening(into, one.opening, component.load)


def _measure_flow(tables: Tables, state: State, costs: Costs, k: int, f: int, where: Embeddings, into: Measure) -> None:
    """What a flow takes and costs."""
    rate, line = tables.flows[f].rate, tables.chains[k].line
    for i in range(followed(tables, f, where), where.length[f]):
        a = where.path[f, i]
        _add_levels(costs.link, k, costs.arc[a] * rate, into)
        _note_row(into, line, tables.first_arc + a, rate)
    count = programs_of(tables, state, f, where.length[f], where, into.serving)
    for i in range(count):
        program = tables.programs[into.serving[i]]
        _note_use(tables, into, line, program.use, program.use_end)
        _add_levels(costs.program, into.serving[i], 1.0, into)
        if program.opening >= 0:
            _note_opening(into, program.opening, rate)


def forget(into: Measure) -> None:
    """Make all zeros again."""
    columns = into.taken.shape[1]
    for i in range(into.found):
        into.taken[into.rows[i] // columns, into.rows[i] % columns] = 0.0
    for i in range(into.opened):
        into.served[into.openings[i]] = 0.0


def _add_levels(costs: Any, i: int, factor: float, into: Measure) -> None:
    """Add what something costs on every level."""
    for level in range(into.costs.shape[0]):
        into.costs[level] += costs[level, i] * factor


def _note_row(into: Measure, line: int, row: int, amount: float) -> None:
    if amount > 0:
        if into.taken[0, row] == 0:
            into.rows[into.found] = row
            into.found += 1
            if line > 0:
                into.rows[into.found] = line * into.taken.shape[1] + row
                into.found += 1
        into.taken[0, row] += amount
        if line > 0:
            into.taken[line, row] += amount


def _note_use(tables: Tables, into: Measure, line: int, use: int, use_end: int) -> None:
    for i in range(use, use_end):
        _note_row(into, line, tables.uses_row[i], tables.uses_amount[i])


def _note_opening(into: Measure, o: int, load: float) -> None:
    for i in range(into.opened):
        if into.openings[i] == o:
            into.served[o] += load
            return
    into.openings[into.opened] = o
    into.opened += 1
    into.served[o] = load


def find_servers(
    tables: Tables, state: State, k: int, where: Embeddings, serving: Any, users: Any, servers: Any
) -> int:
    """Write which component or flow of a placed chain is served by which opening; how many are.

    Args:
        tables, state, k, where: the instance, what is left, the chain and where it stands.
        serving: scratch for the programs of a flow.
        users, servers: results.
    """
    chain, found = tables.chains[k], 0
    for c in range(chain.component, chain.component_end):
        o = where.option[c]
        if o >= 0 and tables.options[o].opening >= 0:
            users[found], servers[found] = c - chain.component, tables.options[o].opening
            found += 1
    for f in range(chain.flow, chain.flow_end):
        count = programs_of(tables, state, f, where.length[f], where, serving)
        for i in range(count):
            if tables.programs[serving[i]].opening >= 0:
                users[found], servers[found] = flow_user(tables, k, f), tables.programs[serving[i]].opening
                found += 1
    return found
