"""What one node can hold: rows that every placement keeps, though mixes of embeddings within all capacities break them.

Take a server with 19 GiB for games of 6 GiB, each with its encoder of 1 GiB on the same node. Capacities allow mixes
with 2.7 games on it, while no placement has more than 2. The counts of components by option on a node, over all that it
can hold, span a polytope; a row that holds for all of its whole points gives every option a share of the node, and what
stands there never takes more than 1 of it. Such rows are found by a linear program over the shares, to which packings
are added that a knapsack problem finds to break them (Boccia, Sforza, Sterle, Vasilyev, "A cut and branch approach for
the capacitated p-median problem based on Fenchel cutting planes", J. Math. Model. Algorithms 7, 2008). To the kernel
they are prices of options, so its bounds on chains need nothing new.

A row is turned into whole weights, and the most weight of what the node holds is counted again exactly, so no tolerance
of a solver can make it cut off a placement. What instances take once, and programs that flows meet, is left out, which
only makes rows weaker.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from mosaico_place.columns.knapsack import heaviest
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.solver import SilentHighs

VIOLATED = 1e-3
"""What a row must gain, relative to what it allows."""

WHOLE = 5040
"""Weight of a node: shares become multiples of one part of it."""

MANY_STEPS = 10**6
"""Of the search for the heaviest packing of a node; where that is not enough, it gets no rows."""

MANY_PATTERNS = 100
"""Ways to put one unit on a node, above which its components count one by one."""

HARDLY_ACTIVE = 1e-3
"""Nodes that are active to a smaller part get no rows: what runs there is too little to tell."""

_LITTLE = 1e-4
"""What options count that the mix does not use, so that they get shares too."""


class Cut(NamedTuple):
    """A row of one node.

    Attributes:
        node: which.
        options: indices of options there.
        shares: what a component that runs in each takes of the node; together never more than 1, and nothing where the
            node hosts nothing.
    """

    node: int
    options: NDArray[np.int64]
    shares: FloatArray


class Packings:
    """Finds the rows of all nodes."""

    def __init__(self, compiled: Compiled) -> None:
        offered = _offered(compiled)
        self._nodes = {
            n: _Node(compiled, n, found, here)
            for n, (found, here) in enumerate(zip(_patterns(compiled), offered, strict=True)) if found
        }  # fmt: skip

    def __call__(
        self, use: FloatArray, stop: Callable[[], bool], activity: Mapping[int, float] | None = None
    ) -> list[Cut]:
        """Rows that a mix breaks, one of a node at most.

        A node that is active in part has room for as much of a packing: what runs there, divided by that part, is held
        against the rows.

        Args:
            use: (options,) how many components run in each.
            stop: whether to end early.
            activity: node -> how far it is active; 1 where nothing is said.
        """
        found: list[Cut] = []
        for n, node in self._nodes.items():
            if stop():
                break
            part = 1.0 if activity is None else activity.get(n, 1.0)
            cut = node.separate(use, part) if part > HARDLY_ACTIVE else None
            if cut is not None:
                found.append(cut)
        return found


Item = tuple[str, int, int, int]
"""Options that are alike: function, slice of the uses, opening."""

Pattern = tuple[Item, ...]
"""How the components of a unit can run on a node."""


def _patterns(compiled: Compiled) -> list[Counter[Pattern]]:
    """Per node, the patterns of all units, and how many units have each.

    Units with components that may be merged, and thus take nothing, fall into single components.
    """
    tables = compiled.tables
    members: dict[int, list[int]] = {}
    for c in np.flatnonzero(tables.components["menu"] >= 0).tolist():
        members.setdefault(int(tables.components[c]["unit"]), []).append(c)
    # Menus of components that share a node -> where they may stand.
    stands: dict[tuple[int, ...], NDArray[np.int64]] = {}
    for unit, components in members.items():
        merge = any(tables.components[c]["twins"] >= 0 for c in components)
        menus = tuple(int(tables.components[c]["menu"]) for c in components)
        for some in [(menu,) for menu in menus] if merge else [menus]:
            stands[some] = stands.get(some, 0) + tables.mask[unit].astype(np.int64)
    found: list[Counter[Pattern]] = [Counter() for _ in compiled.problem.infrastructure.nodes]
    for some, where in stands.items():
        for n in np.flatnonzero(where).tolist():
            for way in _ways(compiled, some, n):
                found[n][way] += int(where[n])
    return found


def _offered(compiled: Compiled) -> list[list[tuple[int, Item]]]:
    """Per node, its options and what each is."""
    found: list[list[tuple[int, Item]]] = [[] for _ in compiled.problem.infrastructure.nodes]
    for o, n in enumerate(compiled.tables.options["node"].tolist()):
        found[n].append((o, item_of(compiled, o)))
    return found


def _ways(compiled: Compiled, menus: Sequence[int], n: int) -> list[Pattern]:
    """How components with these menus can run on a node together; what several of them can be comes as often."""
    offered = [[item_of(compiled, o) for o in _menu(compiled, menu, n)] for menu in menus]
    offered = [list(dict.fromkeys(items)) for items in offered]
    if math.prod(len(items) for items in offered) > MANY_PATTERNS:
        ways: list[Pattern] = [(item,) for items in offered for item in items]
    else:
        ways = [tuple(sorted(items)) for items in product(*offered)]
    # What takes nothing is none of a node's business, and without it a pattern may be empty.
    taking = [tuple(item for item in way if item[1] < item[2]) for way in ways]
    return [way for way in (taking if ways and len(ways[0]) == 1 else dict.fromkeys(taking)) if way]


def _menu(compiled: Compiled, menu: int, n: int) -> range:
    start = compiled.tables.menu_start[menu]
    return range(int(start[n]), int(start[n + 1]))


def item_of(compiled: Compiled, option: int) -> Item:
    """What tells an option from others of its node."""
    record = compiled.tables.options[option]
    function = compiled.offers.runs[option].function.name
    return function, int(record["use"]), int(record["use_end"]), int(record["opening"])


class _Node:
    """One node, with packings of it that are known.

    Args of the constructor: the node, the patterns of units there, and its options with what each is.
    """

    def __init__(
        self, compiled: Compiled, n: int, patterns: Mapping[Pattern, int], offered: Sequence[tuple[int, Item]]
    ) -> None:
        tables, self._node = compiled.tables, n
        used = {pattern: _used(tables, pattern) for pattern in patterns}
        rows = sorted({row for amounts in used.values() for row in amounts})
        self._room = compiled.rows.capacity[0, rows]
        whole = [[amounts.get(row, 0.0) for row in rows] for amounts in used.values()]
        fits = [bool((np.array(amounts) <= self._room).all()) for amounts in whole]
        kept = [pattern for pattern, fit in zip(used, fits, strict=True) if fit]
        items = sorted({item for pattern in kept for item in pattern})
        number = {item: i for i, item in enumerate(items)}
        self._limit = np.array([patterns[pattern] for pattern in kept], dtype=np.int64)
        self._amounts = np.array([amounts for amounts, fit in zip(whole, fits, strict=True) if fit])
        self._counts = np.zeros((len(kept), len(items)))
        for p, pattern in enumerate(kept):
            for item in pattern:
                self._counts[p, number[item]] += 1
        here = [(o, number[item]) for o, item in offered if item in number]
        self._options = np.array([o for o, _ in here], dtype=np.int64)
        self._item = np.array([i for _, i in here], dtype=np.int64)
        self._hopeless = not kept
        self._highs: Any = SilentHighs()  # type: ignore[no-untyped-call]
        self._highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        for _ in items:
            self._highs.addVar(0.0, 1.0)
        for counts in self._counts:
            self._know(counts)

    def _know(self, counts: FloatArray) -> None:
        """Let shares be such that a packing with so many of each item takes no more than 1."""
        some = np.flatnonzero(counts)
        self._highs.addRow(-highspy.kHighsInf, 1.0, len(some), some.astype(np.int32), counts[some])

    def separate(self, use: FloatArray, part: float) -> Cut | None:
        """The row that a mix breaks most, if there is one, where the node is active to some ``part``."""
        if self._hopeless:
            return None
        stands = np.bincount(self._item, weights=use[self._options], minlength=self._counts.shape[1]) / part
        count = len(stands)
        self._highs.changeColsCost(count, np.arange(count, dtype=np.int32), stands + _LITTLE)
        while True:
            self._highs.run()
            if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
            shares = np.array(self._highs.getSolution().col_value)
            if shares @ stands <= 1 + VIOLATED:
                return None
            weights = np.floor(shares * WHOLE + 0.5)
            most, counts = self._heaviest(weights)
            if most < 0:
                self._hopeless = True
                return None
            if counts @ shares <= 1 + 1e-6:
                break
            self._know(counts)
        if most <= 0 or weights @ stands <= most * (1 + VIOLATED):
            return None
        of_options = weights[self._item] / most
        some = np.flatnonzero(of_options)
        return Cut(self._node, self._options[some], of_options[some])

    def _heaviest(self, weights: FloatArray) -> tuple[float, FloatArray]:
        """The most weight that the node holds, -1 if that takes too long to tell; and (items,) counts with it."""
        of_patterns = self._counts @ weights
        some = np.flatnonzero(of_patterns > 0)
        taken = np.zeros(len(some), dtype=np.int64)
        most = heaviest(of_patterns[some], self._amounts[some], self._room, self._limit[some], MANY_STEPS, taken)
        return most, taken @ self._counts[some]


def _used(tables: Any, pattern: Pattern) -> dict[int, float]:
    """Row -> what the components take of it."""
    total: dict[int, float] = {}
    for _, begin, end, _ in pattern:
        for i in range(begin, end):
            row = int(tables.uses_row[i])
            total[row] = total.get(row, 0.0) + float(tables.uses_amount[i])
    return total
