"""The kernel over many chains at once, and what their embeddings take."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.kernel.compiled import inner, inner_inline, outer
from mosaico_place.kernel.costs import flow_user
from mosaico_place.kernel.embed import embed
from mosaico_place.kernel.embeddings import Embeddings, first_node, followed, no_embeddings
from mosaico_place.kernel.levels import Levels
from mosaico_place.kernel.merging import merged_before, rest_amount, saved_price
from mosaico_place.kernel.prices import Prices
from mosaico_place.kernel.state import State, empty_state
from mosaico_place.kernel.tables import Compiled
from mosaico_place.kernel.taking import place, program_in_use, remove_chain
from mosaico_place.kernel.work import new_work

EVERYONE = -1
"""Instead of a single user: every component and flow of the chain."""


class Surcharges(NamedTuple):
    """What chains pay for each component or flow that an opening serves, besides its load; sparse, by chain.

    Attributes:
        start: (chains + 1,) slices of the others.
        user: number of the component or flow, in the order of :func:`.costs.flow_user`; or EVERYONE.
        opening: which.
        amount: how much.
    """

    start: NDArray[np.int64]
    user: NDArray[np.int32]
    opening: NDArray[np.int32]
    amount: FloatArray


def no_surcharges(chains: int) -> Surcharges:
    """Nothing extra."""
    none = np.zeros(0, dtype=np.int32)
    return Surcharges(np.zeros(chains + 1, dtype=np.int64), none, none, np.zeros(0))


class Column(NamedTuple):
    """One embedding of one chain, as what it takes and costs.

    Attributes:
        chain: index.
        rows: flat indices into (1 + classes, rows); amounts: quanta.
        openings, loads: what serves it, and with which load in rate quanta.
        users, servers: which component or flow is served by which opening, as far as it opens any.
        costs: (levels,).
        option, length, path: the embedding, of the chain's components and flows.
    """

    chain: int
    rows: NDArray[np.int64]
    amounts: FloatArray
    openings: NDArray[np.int64]
    loads: FloatArray
    users: NDArray[np.int32]
    servers: NDArray[np.int32]
    costs: FloatArray
    option: NDArray[np.int32]
    length: NDArray[np.int32]
    path: NDArray[np.int32]


@outer
def price_chains(
    tables: Any, state: Any, prices: Any, surcharges: Any, chains: Any, work: Any, out: Any, lower: Any, cost: Any
) -> None:
    """Embed some chains in what is left of a state: lower bounds and costs by chain, embeddings in ``out``."""
    for k in chains:
        lower[k], cost[k] = np.inf, np.inf
        if not tables.chains[k].possible:
            continue
        charge(prices.extra, surcharges, k, 1.0)
        cutoff = np.inf if tables.chains[k].required else prices.reject[k]
        lower[k], cost[k] = embed(tables, state, prices, k, cutoff, work, out)
        charge(prices.extra, surcharges, k, 0.0)


@outer
def charge(extra: Any, surcharges: Any, k: int, factor: float) -> None:
    """Write what a chain is charged, times a factor, to ``extra``: (users, openings)."""
    for i in range(surcharges.start[k], surcharges.start[k + 1]):
        user, o, amount = surcharges.user[i], surcharges.opening[i], surcharges.amount[i] * factor
        if user == EVERYONE:
            for each in range(len(extra)):
                extra[each, o] = amount
        else:
            extra[user, o] = amount


class Pricer:
    """Prices all chains against the empty infrastructure, on several threads (compiled code runs beside the GIL)."""

    def __init__(self, compiled: Compiled, threads: int) -> None:
        self._compiled = compiled
        self._states = [empty_state(compiled) for _ in range(threads)]
        self._works = [new_work(compiled.tables) for _ in range(threads)]
        self.out = no_embeddings(compiled.tables)
        self._pool = ThreadPoolExecutor(threads)

    def __call__(self, prices: Prices, surcharges: Surcharges) -> tuple[FloatArray, FloatArray]:
        """(chains,) lower bounds and costs of embeddings; these stand in ``out``, where the cost is finite."""
        count = len(self._compiled.names)
        lower, cost = np.empty(count), np.empty(count)
        threads = len(self._states)
        jobs = []
        for i, (state, work) in enumerate(zip(self._states, self._works, strict=True)):
            own = prices._replace(extra=np.zeros_like(prices.extra))
            some = np.arange(i, count, threads)
            jobs.append(
                self._pool.submit(
                    price_chains, self._compiled.tables, state, own, surcharges, some, work, self.out, lower, cost
                )
            )
        for job in jobs:
            job.result()
        return lower, cost

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()


class Costs(NamedTuple):
    """The costs of levels for compiled code, as in :class:`mosaico_place.kernel.levels.Levels`."""

    late: FloatArray
    move: FloatArray
    link: FloatArray
    arc: FloatArray
    option: FloatArray
    program: FloatArray
    resources: FloatArray
    reject: FloatArray
    opening: FloatArray
    active: FloatArray
    node: FloatArray
    balance: FloatArray
    counting: BoolArray

    @classmethod
    def of(cls, levels: Levels) -> Costs:
        """Those of some levels."""
        return cls(*(getattr(levels, name) for name in cls._fields))


@outer
def measure(
    tables: Any, state: Any, costs: Any, k: int, option: Any, length: Any, path: Any, late_ns: float,
    taken: Any, rows: Any, served: Any, openings: Any, total: Any,
) -> Any:  # fmt: skip
    """What a placed chain takes by itself and costs on every level.

    Args:
        taken: (1 + classes, rows) zeros; what it takes afterwards.
        rows: room for the flat indices of what it takes; served: (openings,) zeros, the loads afterwards.
        openings: room for what serves it; total: (levels,) the costs.

    Returns:
        (number of rows, number of openings).
    """
    chain = tables.chains[k]
    line = chain.line
    found, opened = 0, 0
    for level in range(len(total)):
        total[level] = 0.0
    _add_levels(costs.late, k, late_ns, total)
    for c in range(chain.component, chain.component_end):
        o = option[c]
        if o < 0:
            continue
        component, one = tables.components[c], tables.options[o]
        if component.ran and o != component.home:
            _add_levels(costs.move, k, component.move_price, total)
        _add_levels(costs.option, o, 1.0, total)
        if merged_before(tables, k, c, option):
            for i in range(one.use, one.use_end):
                rest = rest_amount(tables, k, c, option, i)
                found = _note_row(line, tables.uses_row[i], rest, taken, rows, found)
            saved = saved_price(tables, k, c, option)
            for level in range(len(total)):
                total[level] -= costs.resources[level] * saved
        else:
            found = _note(tables, line, one.use, one.use_end, taken, rows, found)
        if one.opening >= 0:
            opened = _note_opening(one.opening, component.load, served, openings, opened)
    for f in range(chain.flow, chain.flow_end):
        rate, table = tables.flows[f].rate, tables.flows[f].touch
        for i in range(followed(tables, f, length, path), length[f]):
            a = path[f, i]
            _add_levels(costs.link, k, costs.arc[a] * rate, total)
            found = _note_row(line, tables.first_arc + a, rate, taken, rows, found)
        if tables.plain[table]:
            continue
        for i in range(length[f] + 1):
            n = first_node(tables, f, option) if i == 0 else tables.net.head[path[f, i - 1]]
            e, end = tables.touch_start[table, n], tables.touch_start[table, n + 1]
            while e < end:
                chosen, e = program_in_use(tables, state, e, end)
                program = tables.programs[chosen]
                found = _note(tables, line, program.use, program.use_end, taken, rows, found)
                _add_levels(costs.program, chosen, 1.0, total)
                if program.opening >= 0:
                    opened = _note_opening(program.opening, rate, served, openings, opened)
    return found, opened


@outer
def find_servers(tables: Any, state: Any, k: int, option: Any, length: Any, path: Any, users: Any, servers: Any) -> Any:
    """Write which component or flow of a placed chain is served by which opening; how many are, if there is room."""
    chain, found = tables.chains[k], 0
    for c in range(chain.component, chain.component_end):
        o = option[c]
        if o >= 0 and tables.options[o].opening >= 0:
            users[found], servers[found] = c - chain.component, tables.options[o].opening
            found += 1
    for f in range(chain.flow, chain.flow_end):
        table = tables.flows[f].touch
        if tables.plain[table]:
            continue
        for i in range(length[f] + 1):
            n = first_node(tables, f, option) if i == 0 else tables.net.head[path[f, i - 1]]
            e, end = tables.touch_start[table, n], tables.touch_start[table, n + 1]
            while e < end:
                chosen, e = program_in_use(tables, state, e, end)
                if tables.programs[chosen].opening >= 0:
                    users[found], servers[found] = flow_user(chain, f), tables.programs[chosen].opening
                    found += 1
    return found


@inner_inline
def _add_levels(costs: Any, i: int, factor: float, total: Any) -> None:
    """Add what something costs on every level."""
    for level in range(len(total)):
        total[level] += costs[level, i] * factor


@inner
def _note_row(line: int, row: int, amount: float, taken: Any, rows: Any, found: int) -> int:
    if amount > 0:
        if taken[0, row] == 0:
            rows[found] = row
            found += 1
            if line > 0:
                rows[found] = line * taken.shape[1] + row
                found += 1
        taken[0, row] += amount
        if line > 0:
            taken[line, row] += amount
    return found


@inner
def _note(tables: Any, line: int, use: int, use_end: int, taken: Any, rows: Any, found: int) -> int:
    for i in range(use, use_end):
        found = _note_row(line, tables.uses_row[i], tables.uses_amount[i], taken, rows, found)
    return found


@inner
def _note_opening(o: int, load: float, served: Any, openings: Any, opened: int) -> int:
    for i in range(opened):
        if openings[i] == o:
            served[o] += load
            return opened
    openings[opened] = o
    served[o] = load
    return opened + 1


class Measurer:
    """Turns embeddings into columns, by placing each alone."""

    def __init__(self, compiled: Compiled) -> None:
        tables, levels = compiled.tables, compiled.levels
        self._compiled = compiled
        self._state = empty_state(compiled)
        self._costs = Costs.of(levels)
        self._taken = np.zeros_like(compiled.rows.capacity)
        self._served = np.zeros(len(tables.openings))
        self._rows = np.empty(self._taken.size, dtype=np.int64)
        self._openings = np.empty(len(tables.openings), dtype=np.int64)
        # Every user meets every opening once at most.
        most = compiled.most_users * len(tables.openings)
        self._users, self._servers = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)

    def __call__(self, k: int, prices: Prices, embeddings: Embeddings, state: State | None = None) -> Column:
        """The column of chain ``k`` as it is embedded.

        Args:
            k: the chain.
            prices: by which programs are chosen where nothing is opened yet.
            embeddings: where it stands.
            state: one in which it is placed; None: it is placed alone for the moment.
        """
        tables = self._compiled.tables
        option, length, path = embeddings.option, embeddings.length, embeddings.path
        chain = tables.chains[k]
        if state is None:
            assert place(tables, self._state, prices, k, option, length, path), "a chain alone has room"
        total = np.empty(self._compiled.levels.count)
        standing = self._state if state is None else state
        found, opened = measure(
            tables, standing, self._costs, k, option, length, path,
            embeddings.late_ns[k], self._taken, self._rows, self._served, self._openings, total,
        )  # fmt: skip
        served = find_servers(tables, standing, k, option, length, path, self._users, self._servers)
        rows, openings = self._rows[:found].copy(), self._openings[:opened].copy()
        amounts, loads = self._taken.ravel()[rows], self._served[openings]
        self._taken.ravel()[rows] = 0.0
        self._served[openings] = 0.0
        components, flows = slice(chain["component"], chain["component_end"]), slice(chain["flow"], chain["flow_end"])
        if state is None:
            remove_chain(tables, self._state, prices, k, option, length, path)
        return Column(
            k, rows, amounts, openings, loads, self._users[:served].copy(), self._servers[:served].copy(), total,
            option[components].copy(), length[flows].copy(), path[flows].copy(),
        )  # fmt: skip
