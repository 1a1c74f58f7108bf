"""What to take out: functions from a solution to the chains that leave it, and those that should come first then."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mosaico_place.compile.infrastructure import BoolArray
from mosaico_place.kernel.solution import Solution

Chains = NDArray[np.int64]

MOST = 8
"""Chains that leave in one turn, at most."""

MOST_OF_A_NODE = 40
"""The same where a whole node is emptied."""


class Ruin(NamedTuple):
    """Chains that leave, and waiting chains that are to be placed before these come back."""

    out: Chains
    wanted: Chains


_NOBODY = np.zeros(0, dtype=np.int64)


def around(solution: Solution, random: Generator, k: int, most: int = MOST) -> Ruin:
    """Some of those on a node where a chain that is not placed could stand, which then comes first."""
    tables = solution.compiled.tables
    chain = tables.chains[k]
    units = np.arange(chain["unit"], chain["unit_end"])
    free = units[tables.units["node"][units] < 0]
    if not len(free):
        return Ruin(_NOBODY, np.array([k], dtype=np.int64))
    nodes = np.flatnonzero(tables.mask[one_of(free, random)])
    return Ruin(_some(solution.here[one_of(nodes, random)], random, most), np.array([k], dtype=np.int64))


def around_waiting(solution: Solution, random: Generator, possible: BoolArray) -> Ruin:
    """The same for any of the waiting chains."""
    waiting = np.flatnonzero(~solution.placed & possible)
    if not len(waiting):
        return around_node(solution, random, possible)
    return around(solution, random, one_of(waiting, random))


def around_node(solution: Solution, random: Generator, _: BoolArray) -> Ruin:
    """Some of those that stand on a node or pass it."""
    return Ruin(_some(solution.here[int(random.integers(len(solution.here)))], random), _NOBODY)


def whole_node(solution: Solution, random: Generator, _: BoolArray) -> Ruin:
    """All that stand on a node or pass it, so that what is opened there can be given up."""
    marked = np.flatnonzero(solution.here[int(random.integers(len(solution.here)))])
    return Ruin(random.permutation(marked)[:MOST_OF_A_NODE], _NOBODY)


def anywhere(solution: Solution, random: Generator, _: BoolArray) -> Ruin:
    """Any placed chains."""
    return Ruin(_some(solution.placed, random), _NOBODY)


def dearest(solution: Solution, random: Generator, _: BoolArray) -> Ruin:
    """Those that cost most on the levels after the first, more or less."""
    placed = np.flatnonzero(solution.placed)
    costs = solution.chain_costs[placed, 1:].sum(axis=1) * np.exp(random.standard_normal(len(placed)))
    size = int(random.integers(1, MOST + 1))
    return Ruin(placed[np.argsort(-costs, kind="stable")[:size]], _NOBODY)


RUINS: tuple[Callable[[Solution, Generator, BoolArray], Ruin], ...] = (
    around_waiting,
    around_node,
    whole_node,
    anywhere,
    dearest,
)


def one_of(among: NDArray[np.int64], random: Generator) -> int:
    """Any of them; ``Generator.choice`` takes four times as long."""
    return int(among[random.integers(len(among))])


def _some(among: BoolArray, random: Generator, most: int = MOST) -> Chains:
    """A few of the chains that are marked."""
    marked = np.flatnonzero(among)
    size = min(int(random.integers(1, most + 1)), len(marked))
    return random.choice(marked, size, replace=False) if size else _NOBODY
