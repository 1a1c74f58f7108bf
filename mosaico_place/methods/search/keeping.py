"""Where the units of a chain stand, and units that are kept to nodes for a moment: the kernel looks nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from mosaico_place.compile.arrays.records import Tables
from mosaico_place.solution.solution import Solution

Places = dict[int, int]
"""Unit -> node."""


@contextmanager
def kept(tables: Tables, where: Mapping[int, int]) -> Iterator[None]:
    """Keep units to single nodes; a unit that may not stand on its node has none."""
    before = {u: tables.mask[u].copy() for u in where}
    for u, n in where.items():
        tables.mask[u] = False
        tables.mask[u, n] = before[u][n]
    try:
        yield
    finally:
        for u, row in before.items():
            tables.mask[u] = row


@contextmanager
def barred(tables: Tables, units: Mapping[int, int]) -> Iterator[None]:
    """Keep units off one node each."""
    before = {u: tables.mask[u, n] for u, n in units.items()}
    for u, n in units.items():
        tables.mask[u, n] = False
    try:
        yield
    finally:
        for u, n in units.items():
            tables.mask[u, n] = before[u]


def free_units(tables: Tables, k: int) -> list[int]:
    """The units of a chain that have a choice of nodes."""
    units = range(int(tables.chains[k]["unit"]), int(tables.chains[k]["unit_end"]))
    return [u for u in units if tables.units[u]["node"] < 0]


def nodes_for(tables: Tables, u: int) -> list[int]:
    """The nodes where a unit may stand."""
    found: list[int] = np.flatnonzero(tables.mask[u]).tolist()
    return found


def places(solution: Solution, k: int) -> Places:
    """Where the units of a placed chain stand that have a choice."""
    return _places(solution, k, solution.embeddings.option)


def homes(solution: Solution, k: int) -> Places:
    """Where the units of a chain stood before, as far as they did, and components of one unit stood together."""
    return _places(solution, k, None)


def _places(solution: Solution, k: int, option: np.ndarray | None) -> Places:
    tables, free = solution.compiled.tables, set(free_units(solution.compiled.tables, k))
    found: Places = {}
    for c in range(int(tables.chains[k]["component"]), int(tables.chains[k]["component_end"])):
        component = tables.components[c]
        chosen = int(component["home"] if option is None else option[c])
        if int(component["unit"]) in free and chosen >= 0 and (option is not None or component["ran"] > 0):
            found.setdefault(int(component["unit"]), int(tables.options[chosen]["node"]))
    return found
