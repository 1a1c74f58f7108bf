"""Which chains stand in the way of another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.embed import embed
from mosaico_place.kernel.placing import place, take_opened
from mosaico_place.kernel.pricing import Column, Measurer
from mosaico_place.kernel.problem import Prices, Pricing, State, Work, empty_state, no_embeddings
from mosaico_place.methods.search.ruin import Ruin
from mosaico_place.placement import ChainPlacement
from mosaico_place.solution.incremental import Live

MOST = 2
"""Chains that make room for one, at most; where more have to leave, they hardly ever all find another place."""

_NOISE = 0.5


class Taking(NamedTuple):
    """What a chain takes: row of capacity -> quanta, opening -> load."""

    amounts: dict[int, float]
    loads: dict[int, float]


class Lack(NamedTuple):
    """What is missing for a column.

    Attributes:
        rows: row of capacity -> quanta; where there is enough, not above 0.
        left: opening -> load that remains of what those leave who give back.
        out: chains that have to leave in any case, since another program takes their place.
    """

    rows: dict[int, float]
    left: dict[int, float]
    out: Sequence[int] = ()

    def positive(self) -> dict[int, float]:
        """The rows of which anything is missing."""
        return {row: amount for row, amount in self.rows.items() if amount > 0}

    def copy(self) -> Lack:
        """The same, to count on."""
        return Lack(dict(self.rows), dict(self.left), self.out)


class Displacer:
    """Makes room for wanted chains in a live placement.

    Attributes:
        compiled: what it was made for; after a new compilation of the placement another one is needed.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self.compiled = live.base
        self._work, self._out = Work(live.compiled.tables), no_embeddings(live.compiled.tables)
        self._measure = Measurer(live.compiled)
        self._takings: dict[int, tuple[ChainPlacement | None, Taking]] = {}
        tables = live.compiled.tables
        self._uses = [frozenset(tables.uses_row[one["use"] : one["use_end"]].tolist()) for one in tables.openings]

    def ruin(self, k: int, prices: Prices, random: Generator, *, keep_opened: bool) -> Ruin | None:
        """The chains that leave so that chain ``k`` can stand where it is best at the prices; None if it cannot.

        Args:
            k: the chain that is wanted.
            prices: what things are worth.
            random: those that leave are chosen by little weight for what they free, and by chance.
            keep_opened: whether the instances that are opened stay; else whoever uses those in the way leaves.
        """
        compiled, out = self._live.compiled, self._out
        self._weights = compiled.levels.reject.sum(axis=0)
        bare = self._bare() if keep_opened else empty_state(compiled)
        pricing = Pricing(compiled.tables, bare, prices, self._work)
        _, cost = embed(pricing, k, np.inf, out)
        if not np.isfinite(cost) or not place(pricing, k, out):
            return None
        leaving = self._leaving(self._measure(k, prices, out, bare), prices, random)
        return None if leaving is None else Ruin(leaving, np.array([k], dtype=np.int64))

    def measure(self, prices: Prices) -> None:
        """Measure what every placed chain takes, so that nothing is left to measure while an answer is awaited."""
        for k in np.flatnonzero(self._live.solution.placed).tolist():
            self.taking(k, prices)

    def wanted(self, k: int, prices: Prices, standing: Iterable[int]) -> Column | None:
        """What a chain takes where it is best beside those few that stay; None if there is no room for it."""
        compiled, out, embeddings = self._live.compiled, self._out, self._live.solution.embeddings
        pricing = Pricing(compiled.tables, empty_state(compiled), prices, self._work)
        for other in standing:
            place(pricing, other, embeddings)
        _, cost = embed(pricing, k, np.inf, out)
        if not np.isfinite(cost) or not place(pricing, k, out):
            return None
        return self._measure(k, prices, out, pricing.state)

    def lacks(self, wanted: Column, prices: Prices) -> Lack:
        """What is missing for a column."""
        state, tables = self._live.solution.state, self._live.compiled.tables
        lacking = wanted.amounts - state.free.ravel()[wanted.rows]
        missing = {int(row): float(lack) for row, lack in zip(wanted.rows, lacking, strict=True)}
        out: list[int] = []
        for o in wanted.openings:
            opening = tables.openings[o]
            if opening["group"] >= 0 and state.program[opening["group"]] not in (-1, o):
                out += self.users(int(state.program[opening["group"]]), prices)
            if state.opened[o] == 0:
                for i in range(opening["use"], opening["use_end"]):
                    row = int(tables.uses_row[i])
                    missing[row] = missing.get(row, -float(state.free[0, row])) + float(tables.uses_amount[i])
        lack = Lack(missing, {})
        for k in (leaving := list(dict.fromkeys(out))):
            self.give_back(k, lack, prices)
        return lack._replace(out=leaving)

    def _leaving(self, wanted: Column, prices: Prices, random: Generator) -> NDArray[np.int64] | None:
        """Chains without which there is room for a column; None if too many would have to leave."""
        lack = self.lacks(wanted, prices)
        out = list(lack.out)
        missing = lack.positive()
        while missing:
            row = max(missing, key=missing.__getitem__)
            found = self._holder(row, missing[row], out, prices, random)
            if not found or len(out) + len(found) > MOST:
                return None
            for k in found:
                self.give_back(k, lack, prices)
            out += found
            missing = lack.positive()
        return np.array(out, dtype=np.int64) if len(out) <= MOST else None

    def give_back(self, k: int, lack: Lack, prices: Prices) -> None:
        """Count what a chain frees when it leaves, and what the instances take that nobody uses then."""
        taking, tables, state = self.taking(k, prices), self._live.compiled.tables, self._live.solution.state
        for row in lack.rows:
            lack.rows[row] -= taking.amounts.get(row, 0.0)
        for o, load in taking.loads.items():
            lack.left[o] = lack.left.get(o, float(state.load[o])) - load
            if lack.left[o] <= 0:
                for i in range(tables.openings[o]["use"], tables.openings[o]["use_end"]):
                    row = int(tables.uses_row[i])
                    if row in lack.rows:
                        lack.rows[row] -= float(state.opened[o] * tables.uses_amount[i])

    def parties(self, row: int, prices: Prices) -> list[list[int]]:
        """The users of each opened instance that takes of a row."""
        opened = np.flatnonzero(self._live.solution.state.opened > 0).tolist()
        return [users for o in opened if row in self._uses[o] and (users := self.users(o, prices))]

    def holders(self, row: int, prices: Prices) -> list[tuple[int, float]]:
        """The chains that take of a row themselves, and how much."""
        live, count = self._live, self._live.solution.state.free.shape[1]
        there = np.flatnonzero(live.on_row(row % count) & live.solution.placed).tolist()
        return [(k, frees) for k in there if (frees := self.taking(k, prices).amounts.get(row, 0.0)) > 0]

    def _holder(self, row: int, lack: float, out: list[int], prices: Prices, random: Generator) -> list[int]:
        """Chains to take off a row: the one that frees most for its weight, else all users of an instance on it."""
        holders = [(k, frees) for k, frees in self.holders(row, prices) if k not in out]
        if holders:
            chains, amounts = (np.array(one) for one in zip(*holders, strict=True))
            value = np.minimum(amounts / lack, 1.0) / np.maximum(self._weights[chains], 1e-9)
            return [int(chains[np.argmax(value * np.exp(_NOISE * random.standard_normal(len(chains))))])]
        parties = [
            (len(users) * float(np.exp(_NOISE * random.standard_normal())), users)
            for party in self.parties(row, prices)
            if (users := [k for k in party if k not in out])
        ]
        return min(parties)[1] if parties else []

    def users(self, o: int, prices: Prices) -> list[int]:
        """The chains that an opened instance serves."""
        live = self._live
        here = live.solution.here[live.compiled.tables.openings[o]["node"]] & live.solution.placed
        return [k for k in np.flatnonzero(here).tolist() if o in self.taking(k, prices).loads]

    def taking(self, k: int, prices: Prices) -> Taking:
        """What a placed chain takes; measured again once it stands elsewhere."""
        stood = self._live.stood(k)
        known = self._takings.get(k)
        if known is None or stood is None or known[0] is not stood:
            solution = self._live.solution
            known = self._takings[k] = stood, _taking(self._measure(k, prices, solution.embeddings, solution.state))
        return known[1]

    def _bare(self) -> State:
        """What is left where no chain stands, but all that is opened stays."""
        live = self._live
        state: State = live.solution.state
        free: FloatArray = live.compiled.rows.room()
        take_opened(live.compiled.tables, state.opened, free)
        return State(
            free, state.load.copy(), state.users.copy(), state.opened.copy(), state.program.copy(), state.hosted.copy()
        )


def _taking(column: Column) -> Taking:
    return Taking(
        dict(zip(column.rows.tolist(), column.amounts.tolist(), strict=True)),
        dict(zip(column.openings.tolist(), column.loads.tolist(), strict=True)),
    )
