"""Which chains have to leave for a wanted one: sets of which none can do without any of its members."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from mosaico_place.dynamics.displace import Displacer, Lack
from mosaico_place.kernel.pricing import Column
from mosaico_place.kernel.problem import Prices
from mosaico_place.solution.incremental import Live

MOST_LEAVING, MOST_COVERS, STEPS = 16, 12, 200
"""Chains that leave for one, at most; sets that are told; steps in which they are looked for."""


class Covers:
    """Finds who has to leave.

    Args:
        live: the placement.
        displacer: knows what chains take.
        prices: by which programs are chosen, and what it costs to reject a chain.
    """

    def __init__(self, live: Live, displacer: Displacer, prices: Prices) -> None:
        self._live, self._displacer, self._prices = live, displacer, prices
        self._steps, self._found = 0, list[tuple[int, ...]]()
        self._like: dict[int, object] = {}

    def begin(self) -> None:
        """Forget where chains stood."""
        self._like.clear()

    def find(self, wanted: Column, staying: Collection[int]) -> list[tuple[int, ...]]:
        """Sets of chains without which there is room for a column, those first that cost least if they are lost.

        Args:
            wanted: the column.
            staying: chains that do not leave.
        """
        lack = self._displacer.lacks(wanted, self._prices)
        self._steps, self._found = STEPS, []
        if not set(staying) & set(lack.out):
            self._grow(lack, tuple(lack.out), frozenset(staying))
        distinct = {frozenset(cover): cover for cover in self._found}
        return sorted(distinct.values(), key=self._loss)[:MOST_COVERS]

    def _loss(self, cover: Collection[int]) -> float:
        return float(self._prices.reject[list(cover)].sum())

    def _grow(self, lack: Lack, chosen: tuple[int, ...], staying: frozenset[int]) -> None:
        """Add whoever frees what is missing most, one after the other; each set of chains is met once."""
        self._steps -= 1
        missing = lack.positive()
        if not missing:
            self._found.append(chosen)
            return
        if len(chosen) >= MOST_LEAVING or self._steps <= 0:
            return
        row = max(missing, key=missing.__getitem__)
        passed, alike = staying, set[object]()
        for party in self._parties(row, missing[row], chosen, staying):
            likeness = self._likeness(party[0]) if len(party) == 1 else party
            if likeness not in alike:
                alike.add(likeness)
                left = lack.copy()
                for k in party:
                    self._displacer.give_back(k, left, self._prices)
                self._grow(left, (*chosen, *party), passed)
            passed |= {*party}

    def _parties(
        self, row: int, lack: float, chosen: Collection[int], staying: Collection[int]
    ) -> Iterator[tuple[int, ...]]:
        """Who may leave to free a row: single chains, those that free most for what they cost; else all users of an
        instance that takes of it.
        """
        reject = self._prices.reject
        holders = [
            (float(reject[k]) / min(frees / lack, 1.0), k)
            for k, frees in self._displacer.holders(row, self._prices)
            if k not in chosen and k not in staying
        ]
        if holders:
            yield from ((k,) for _, k in sorted(holders))
            return
        parties = [tuple(k for k in party if k not in chosen) for party in self._displacer.parties(row, self._prices)]
        for party in sorted(filter(None, parties), key=self._loss):
            if not set(party) & set(staying):
                yield party

    def _likeness(self, k: int) -> object:
        """What two chains share that are as good as each other: of chains without flows whatever counts, else nothing.

        Of those that are alike it is enough to let the first ones leave.
        """
        if k not in self._like:
            self._like[k] = self._find_likeness(k)
        return self._like[k]

    def _find_likeness(self, k: int) -> object:
        compiled = self._live.compiled
        chain = compiled.tables.chains[k]
        if chain["flow_end"] > chain["flow"] or chain["apart_end"] > chain["apart"]:
            return k
        components = compiled.tables.components[chain["component"] : chain["component_end"]].copy()
        components["unit"] -= chain["unit"]
        mask = compiled.tables.mask[chain["unit"] : chain["unit_end"]]
        option = self._live.solution.embeddings.option[chain["component"] : chain["component_end"]]
        levels = compiled.levels
        costs = np.concatenate([levels.reject[:, k], levels.move[:, k]])
        return components.tobytes(), mask.tobytes(), option.tobytes(), costs.tobytes(), int(chain["required"])
