"""How much a capacity must grow so that one more chain can use it, and what that gains at shadow prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from mosaico_place.compile.arrays.rows import Rows, kind_of
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.explanation import CapacityGain
from mosaico_place.instance import Instance
from mosaico_place.kernel.pricing import Column
from mosaico_place.placement import Placement
from mosaico_place.quantities import Dimension
from mosaico_place.usage import CapacityName, amounts, capacities, dimension_of, total_usage, usage, usage_by_chain

_UNITS = {
    Dimension.CORES: 1000,
    Dimension.SHARE: 100,
    Dimension.BYTES: 2**30,
    Dimension.RATE: 10**8,
    Dimension.TIME: 10**6,
    Dimension.COUNT: 1,
}
_OF_TABLES = 2**20

_COUNTS = 0.01
"""Part of a capacity's price from which a line of it, of all chains or of one class, must have room."""


def natural_unit(instance: Instance, name: CapacityName) -> int:
    """What people add of a capacity at a time, in its smallest units."""
    if name[0] == "node" and name[-1] in ("sram", "tcam"):
        return _OF_TABLES
    return _UNITS[dimension_of(instance, name)]


@dataclass(frozen=True, slots=True)
class Worth:
    """Shadow prices of the first level.

    Attributes:
        compiled: what they are prices of.
        shares: (1 + classes,) of a capacity that each line of the prices speaks of: all of it, and each class's share.
        shadow: (1 + classes, rows) per quantum.
        bound: on the first level, which they prove; None if none.
        columns: embeddings that were met on the way.
    """

    compiled: Compiled
    shares: tuple[Fraction, ...]
    shadow: FloatArray
    bound: float | None
    columns: Sequence[Column]

    @property
    def rows(self) -> Rows:
        """What has a price."""
        return self.compiled.rows

    def per_unit(self, name: CapacityName, unit: int) -> float:
        """What a unit more gains."""
        row = self.rows.index[name]
        total = sum(float(share) * self.shadow[line, row] for line, share in enumerate(self.shares))
        return float(total * unit / self.rows.quantum[kind_of(name)])

    def lines(self, name: CapacityName) -> list[int]:
        """The lines that a capacity's price comes from."""
        row = self.rows.index[name]
        parts = [float(share) * self.shadow[line, row] for line, share in enumerate(self.shares)]
        return [line for line, part in enumerate(parts) if part > _COUNTS * sum(parts)]


class Room:
    """What a placement leaves of every capacity, and how much of it the chains take that wait for it.

    Args:
        instance: the problem.
        worth: its shadow prices.
        placement: what was found; the chains that it rejects wait, or all if it rejects none.
    """

    def __init__(self, instance: Instance, worth: Worth, placement: Placement) -> None:
        self._instance = instance
        self._worth = worth
        self._has = capacities(instance)
        parts = usage_by_chain(instance, placement)
        self._used = [amounts(usage(instance, placement))]
        for class_name in worth.rows.classes:
            own = (part for name, part in parts.items() if instance.chains[name].class_name == class_name)
            self._used.append(amounts(total_usage(own)))
        self._least = _least_uses(worth, placement)

    def gain(self, name: CapacityName, value: float) -> CapacityGain:
        """What more of a capacity gains, not checked yet; never more than ``value``, what the level costs."""
        unit = natural_unit(self._instance, name)
        by = self._growth(name, unit)
        per_unit = min(self._worth.per_unit(name, unit), value)
        return CapacityGain(name, self._has[name].amount, unit, by, per_unit, min(self._promise(name, by), value))

    def _growth(self, name: CapacityName, unit: int) -> int:
        """The fewest whole units that leave room for one chain more, and are one more quantum at least."""
        amount, reserved = self._has[name]
        quantum = self._worth.rows.quantum[kind_of(name)]
        row = self._worth.rows.index[name]
        most = unit
        for line in self._worth.lines(name):
            least = int(self._least[line, row]) * quantum
            target = max(self._used[line].get(name, 0) + least, (self._limit(name, line, 0) // quantum + 1) * quantum)
            lacking = target / self._worth.shares[line] + (0 if line else reserved) - amount
            most = max(most, -(-lacking // unit) * unit)
        return int(most)

    def _promise(self, name: CapacityName, by: int) -> float:
        """What a growth gains at the shadow prices, which count in whole quanta."""
        row, quantum = self._worth.rows.index[name], self._worth.rows.quantum[kind_of(name)]
        return sum(
            float(price) * (self._limit(name, line, by) // quantum - self._limit(name, line, 0) // quantum)
            for line, price in enumerate(self._worth.shadow[:, row].tolist())
        )

    def _limit(self, name: CapacityName, line: int, by: int) -> int:
        """What all chains, or those of a class, may take of a capacity that grows."""
        amount, reserved = self._has[name]
        return int(self._worth.shares[line] * (amount + by)) if line else max(amount + by - reserved, 0)


def _least_uses(worth: Worth, placement: Placement) -> FloatArray:
    """(1 + classes, rows) quanta that a waiting chain takes at least where it takes any; 1 where none does.

    Instances that a chain needs, and that are not opened, are counted with it.
    """
    names, tables, openings = worth.compiled.names, worth.compiled.tables, list(worth.compiled.offers.openings)
    everyone = len(placement.chains) == len(names)
    least = np.full(worth.shadow.size, np.inf)
    for column in worth.columns:
        if names[column.chain] in placement.chains and not everyone:
            continue
        taken = dict.fromkeys(column.rows.tolist(), 0.0)
        uses = list(zip(column.rows.tolist(), column.amounts.tolist(), strict=True))
        for o in column.openings.tolist():
            if openings[o] not in placement.instances:
                begin, end = tables.openings[o]["use"], tables.openings[o]["use_end"]
                uses += zip(tables.uses_row[begin:end].tolist(), tables.uses_amount[begin:end].tolist(), strict=True)
        for row, amount in uses:
            taken[row] = taken.get(row, 0.0) + amount
        for row, amount in taken.items():
            if amount > 0:
                least[row] = min(least[row], amount)
    return np.where(np.isfinite(least), least, 1.0).reshape(worth.shadow.shape)
