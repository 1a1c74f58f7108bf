"""What to take out: some chains around one spot, or a whole node, or the dearest ones; compiled code.

Chance comes in as numbers between 0 and 1, one row of them for a turn, so that the seed decides everything.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mosaico_place.kernel.compiled import inner, outer
from mosaico_place.kernel.solution import Solution

Chains = NDArray[np.int64]

MOST = 8
"""Chains that leave in one turn, at most."""

MOST_OF_A_NODE = 40
"""The same where a whole node is emptied."""

KIND, SIZE, WHO, UNIT, NODE, NOISE, PICKS = range(7)
"""What the first numbers of a row decide: the kind of ruin, how many leave, around which waiting chain, which of its
units and which node, where noise begins; the numbers from PICKS on choose those who leave.
"""

NUMBERS = PICKS + MOST_OF_A_NODE
"""In a row."""

_WAITING, _NODE, _WHOLE, _ANYWHERE, _DEAREST = range(5)
_UP_TO = np.cumsum([[0.6, 0.22, 0.03, 0.15, 0.0], [0.05, 0.3, 0.2, 0.2, 0.25]], axis=1)
"""How often each of the kinds is chosen, and those before it: on the first level, on later ones."""


class Ruin(NamedTuple):
    """Chains that leave, and waiting chains that are to be placed before these come back."""

    out: Chains
    wanted: Chains


def around(solution: Solution, random: Generator, k: int, most: int) -> Ruin:
    """At most so many of those on a node where a chain that is not placed could stand, which then comes first."""
    tables, numbers = solution.compiled.tables, random.random(NUMBERS)
    marked, out = np.empty(len(tables.chains), dtype=np.int64), np.empty(most, dtype=np.int64)
    count = leave_around(tables, solution.here, k, most, numbers, marked, out)
    return Ruin(out[:count], np.array([k], dtype=np.int64))


@inner
def choose(
    tables: Any, standing: Any, waiting: Any, later: bool, numbers: Any, noise: Any, marked: Any, size: Any, into: Any
) -> Any:
    """Choose a ruin by chance.

    Args:
        tables, standing: the problem, and the placement.
        waiting: chains that are possible and not placed.
        later: whether it is for another level than the first.
        numbers: (NUMBERS,) between 0 and 1; noise: normally distributed.
        marked, size: (chains,) scratch.
        into: (chains,) where those are written that should be placed first, then those that leave.

    Returns:
        (how many are to be placed first, how many leave).
    """
    kind, here, placed = 0, standing.here, standing.embeddings.placed
    while kind < _DEAREST and numbers[KIND] >= _UP_TO[int(later), kind]:
        kind += 1
    if kind == _WAITING and len(waiting):
        into[0] = waiting[int(numbers[WHO] * len(waiting))]
        return 1, leave_around(tables, here, into[0], MOST, numbers, marked, into[1:])
    if kind == _ANYWHERE:
        return 0, _some(placed, MOST, numbers, marked, into)
    if kind == _DEAREST:
        return 0, _dearest(standing, numbers, noise, marked, size, into)
    n = int(numbers[NODE] * len(here))
    if kind == _WHOLE:
        return 0, pick(_all(here[n], marked), MOST_OF_A_NODE, numbers, PICKS, marked, into)
    return 0, _some(here[n], MOST, numbers, marked, into)


@outer
def leave_around(tables: Any, here: Any, k: int, most: int, numbers: Any, marked: Any, out: Any) -> int:
    """Write some of those on a node where a chain could stand to ``out``; how many they are."""
    chain, free = tables.chains[k], 0
    for u in range(chain.unit, chain.unit_end):
        free += tables.units[u].node < 0
    nth = int(numbers[UNIT] * free)
    for u in range(chain.unit, chain.unit_end):
        if tables.units[u].node >= 0:
            continue
        if nth == 0:
            n = _any_marked(tables.mask[u], numbers[NODE])
            return 0 if n < 0 else _some(here[n], most, numbers, marked, out)
        nth -= 1
    return 0


@inner
def pick(count: int, most: int, numbers: Any, first: int, marked: Any, into: Any) -> int:
    """Write some of the first so many that are marked to ``into``, none twice; how many they are."""
    size = min(most, count)
    for i in range(size):
        j = i + int(numbers[first + i] * (count - i))
        marked[i], marked[j] = marked[j], marked[i]
        into[i] = marked[i]
    return size


@inner
def _some(among: Any, most: int, numbers: Any, marked: Any, into: Any) -> int:
    """A few of those that hold."""
    return pick(_all(among, marked), 1 + int(numbers[SIZE] * most), numbers, PICKS, marked, into)


@inner
def _all(among: Any, marked: Any) -> int:
    """List those that hold; how many they are."""
    count = 0
    for k in range(len(among)):
        if among[k]:
            marked[count] = k
            count += 1
    return count


@inner
def _any_marked(among: Any, number: float) -> int:
    """Any of those that hold, -1 if none does."""
    count = 0
    for n in range(len(among)):
        count += among[n]
    nth = int(number * count)
    for n in range(len(among)):
        if among[n]:
            if nth == 0:
                return n
            nth -= 1
    return -1


@inner
def _dearest(standing: Any, numbers: Any, noise: Any, marked: Any, size: Any, into: Any) -> int:
    """Those that cost most on the levels after the first, more or less."""
    count, costs = _all(standing.embeddings.placed, marked), standing.chain_costs
    begin = int(numbers[NOISE] * len(noise))
    for i in range(count):
        size[i] = 0.0
        for level in range(1, costs.shape[1]):
            size[i] += costs[marked[i], level]
        size[i] *= np.exp(noise[(begin + i) % len(noise)])
    most = min(1 + int(numbers[SIZE] * MOST), count)
    for i in range(most):
        best = i
        for j in range(i + 1, count):
            if size[j] > size[best]:
                best = j
        marked[i], marked[best] = marked[best], marked[i]
        size[i], size[best] = size[best], size[i]
        into[i] = marked[i]
    return most
