"""Which chains stand in the way of another one."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.batch import Column, Measurer
from mosaico_place.kernel.embed import embed
from mosaico_place.kernel.embeddings import no_embeddings
from mosaico_place.kernel.live import Live
from mosaico_place.kernel.prices import Prices
from mosaico_place.kernel.state import State, opened_use
from mosaico_place.kernel.taking import place
from mosaico_place.kernel.work import new_work
from mosaico_place.search.ruin import Ruin

MOST = 8
"""Chains that make room for one, at most."""

_NOISE = 0.5


class Displacer:
    """Makes room for wanted chains in a live placement.

    Attributes:
        compiled: what it was made for; after a new compilation of the placement another one is needed.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self.compiled = live.base
        self._work, self._out = new_work(live.compiled.tables), no_embeddings(live.compiled.tables)
        self._measure = Measurer(live.compiled)

    def ruin(self, k: int, prices: Prices, random: Generator) -> Ruin | None:
        """The chains that leave so that chain ``k`` can stand where it is best at the prices; None if it cannot.

        Instances that are opened stay; those that stand in the way are chosen by little weight, and by chance.
        """
        live, compiled = self._live, self._live.compiled
        bare, out = self._bare(), self._out
        _, cost = embed(compiled.tables, bare, prices, k, np.inf, self._work, out)
        if not np.isfinite(cost) or not place(compiled.tables, bare, prices, k, out.option, out.length, out.path):
            return None
        wanted = self._measure(k, prices, out, bare)
        lacking = wanted.amounts - live.solution.state.free.ravel()[wanted.rows]
        missing = {int(row): float(lack) for row, lack in zip(wanted.rows, lacking, strict=True) if lack > 0}
        leaving = self._leaving(missing, prices, random)
        return None if leaving is None else Ruin(leaving, np.array([k], dtype=np.int64))

    def _leaving(self, missing: dict[int, float], prices: Prices, random: Generator) -> NDArray[np.int64] | None:
        """Chains that free so much of these rows; None if too many would have to."""
        live, out, columns = self._live, list[int](), dict[int, Column]()
        weights = live.compiled.levels.reject.sum(axis=0)
        count = live.solution.state.free.shape[1]
        while missing:
            row = max(missing, key=missing.__getitem__)
            best, chosen = -np.inf, -1
            for k in np.flatnonzero(live.on_row(row % count) & live.solution.placed):
                if int(k) in out:
                    continue
                if int(k) not in columns:
                    columns[int(k)] = self._measure(int(k), prices, live.solution.embeddings, live.solution.state)
                frees = float(columns[int(k)].amounts[columns[int(k)].rows == row].sum())
                if frees > 0:
                    value = min(frees / missing[row], 1.0) / max(float(weights[k]), 1e-9)
                    value *= float(np.exp(_NOISE * random.standard_normal()))
                    if value > best:
                        best, chosen = value, int(k)
            if chosen < 0 or len(out) == MOST:
                return None
            out.append(chosen)
            for one, amount in zip(columns[chosen].rows.tolist(), columns[chosen].amounts.tolist(), strict=True):
                if one in missing:
                    missing[one] -= amount
                    if missing[one] <= 0:
                        del missing[one]
        return np.array(out, dtype=np.int64)

    def _bare(self) -> State:
        """What is left where no chain stands, but all that is opened stays."""
        live = self._live
        state: State = live.solution.state
        free: FloatArray = live.compiled.rows.room()
        opened_use(live.compiled.tables, state.opened, free)
        return State(
            free, state.load.copy(), state.users.copy(), state.opened.copy(), state.program.copy(), state.hosted.copy()
        )
