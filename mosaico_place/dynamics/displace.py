"""Which chains stand in the way of another one."""

from __future__ import annotations

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
        self._left: dict[int, float] = {}
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
        self._left.clear()
        self._weights = compiled.levels.reject.sum(axis=0)
        bare = self._bare() if keep_opened else empty_state(compiled)
        pricing = Pricing(compiled.tables, bare, prices, self._work)
        _, cost = embed(pricing, k, np.inf, out)
        if not np.isfinite(cost) or not place(pricing, k, out):
            return None
        wanted = self._measure(k, prices, out, bare)
        leaving = self._leaving(wanted, prices, random)
        return None if leaving is None else Ruin(leaving, np.array([k], dtype=np.int64))

    def measure(self, prices: Prices) -> None:
        """Measure what every placed chain takes, so that nothing is left to measure while an answer is awaited."""
        for k in np.flatnonzero(self._live.solution.placed).tolist():
            self._taking(k, prices)

    def _leaving(self, wanted: Column, prices: Prices, random: Generator) -> NDArray[np.int64] | None:
        """Chains without which there is room for a column; None if too many would have to leave."""
        state, tables = self._live.solution.state, self._live.compiled.tables
        lacking = wanted.amounts - state.free.ravel()[wanted.rows]
        missing = {int(row): float(lack) for row, lack in zip(wanted.rows, lacking, strict=True)}
        out: list[int] = []
        for o in wanted.openings:
            opening = tables.openings[o]
            if opening["group"] >= 0 and state.program[opening["group"]] not in (-1, o):
                out += self._users(int(state.program[opening["group"]]), prices)
            if state.opened[o] == 0:
                for i in range(opening["use"], opening["use_end"]):
                    row = int(tables.uses_row[i])
                    missing[row] = missing.get(row, -float(state.free[0, row])) + float(tables.uses_amount[i])
        out = list(dict.fromkeys(out))
        for k in out:
            self._give_back(k, missing, prices)
        missing = {row: lack for row, lack in missing.items() if lack > 0}
        while missing:
            row = max(missing, key=missing.__getitem__)
            found = self._holder(row, missing[row], out, prices, random)
            if not found or len(out) + len(found) > MOST:
                return None
            for k in found:
                self._give_back(k, missing, prices)
            out += found
            missing = {row: lack for row, lack in missing.items() if lack > 0}
        return np.array(out, dtype=np.int64) if len(out) <= MOST else None

    def _give_back(self, k: int, missing: dict[int, float], prices: Prices) -> None:
        """Count what a chain frees when it leaves, and what the instances take that nobody uses then."""
        taking, tables, state = self._taking(k, prices), self._live.compiled.tables, self._live.solution.state
        for row in missing:
            missing[row] -= taking.amounts.get(row, 0.0)
        for o, load in taking.loads.items():
            self._left[o] = self._left.get(o, float(state.load[o])) - load
            if self._left[o] <= 0:
                for i in range(tables.openings[o]["use"], tables.openings[o]["use_end"]):
                    row = int(tables.uses_row[i])
                    if row in missing:
                        missing[row] -= float(state.opened[o] * tables.uses_amount[i])

    def _holder(self, row: int, lack: float, out: list[int], prices: Prices, random: Generator) -> list[int]:
        """Chains to take off a row: the one that frees most for its weight, else all users of an instance on it."""
        live = self._live
        count = live.solution.state.free.shape[1]
        holders = [
            (k, frees) for k in np.flatnonzero(live.on_row(row % count) & live.solution.placed).tolist()
            if k not in out and (frees := self._taking(k, prices).amounts.get(row, 0.0)) > 0
        ]  # fmt: skip
        if holders:
            chains, amounts = (np.array(one) for one in zip(*holders, strict=True))
            value = np.minimum(amounts / lack, 1.0) / np.maximum(self._weights[chains], 1e-9)
            return [int(chains[np.argmax(value * np.exp(_NOISE * random.standard_normal(len(chains))))])]
        parties = []
        for o in np.flatnonzero(live.solution.state.opened > 0).tolist():
            if row in self._uses[o]:
                users = [k for k in self._users(o, prices) if k not in out]
                if users:
                    parties.append((len(users) * float(np.exp(_NOISE * random.standard_normal())), users))
        return min(parties)[1] if parties else []

    def _users(self, o: int, prices: Prices) -> list[int]:
        """The chains that an opened instance serves."""
        live = self._live
        here = live.solution.here[live.compiled.tables.openings[o]["node"]] & live.solution.placed
        return [k for k in np.flatnonzero(here).tolist() if o in self._taking(k, prices).loads]

    def _taking(self, k: int, prices: Prices) -> Taking:
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
