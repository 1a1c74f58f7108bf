"""What to take out: some chains around one spot, or a whole node, or the dearest ones; compiled code.

Chance comes in as numbers between 0 and 1, one row of them for a turn, so that the seed decides everything.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cython
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mosaico_place.compile.infrastructure import FloatArray

if not cython.compiled:
    from math import exp

    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.solution.updates import Standing

    MOST = 8
    MOST_OF_A_NODE = 40
    KIND, SIZE, WHO, UNIT, NODE, NOISE, PICKS = range(7)
    NUMBERS = PICKS + MOST_OF_A_NODE
    _WAITING, _NODE, _WHOLE, _ANYWHERE, _DEAREST = range(5)
"""MOST: chains that leave in one turn, at most; MOST_OF_A_NODE: the same where a whole node is emptied.

KIND to PICKS: what the first numbers of a row decide: the kind of ruin, how many leave, around which waiting chain,
which of its units and which node, where noise begins; the numbers from PICKS on choose those who leave. NUMBERS: how
many these are.
"""

Chains = NDArray[np.int64]

_UP_TO = np.cumsum([[0.6, 0.22, 0.03, 0.15, 0.0], [0.05, 0.3, 0.2, 0.2, 0.25]], axis=1)
"""How often each of the kinds is chosen, and those before it: on the first level, on later ones."""


class Ruin(NamedTuple):
    """Chains that leave, and waiting chains that are to be placed before these come back."""

    out: Chains
    wanted: Chains


class Draws:
    """Chance for some turns.

    Attributes:
        turns: how many; turn: the one at hand.
        numbers: (turns, numbers) between 0 and 1; noise: normally distributed numbers.
    """

    def __init__(self, numbers: FloatArray, noise: FloatArray) -> None:
        self.turns, self.turn = len(numbers), 0
        self.numbers, self.noise = numbers, noise


class Lists:
    """Lists of chains, all (chains,).

    Attributes:
        changed: that a turn changes: those to be placed first, those that leave, waiting ones that are tried.
        order: the same in the order in which they come back.
        waiting: those that are possible and not placed; marked: scratch; size: by which they are ordered.
    """

    def __init__(self, chains: int) -> None:
        names = ("changed", "order", "waiting", "marked")
        arrays: dict[str, Any] = {name: np.empty(chains, dtype=np.int64) for name in names}
        self.arrays = arrays
        self.changed, self.order, self.waiting, self.marked = (arrays[name] for name in names)
        self.size = np.empty(chains)


def around(standing: Standing, random: Generator, k: int, most: int) -> Ruin:
    """At most so many of those on a node where a chain that is not placed could stand, which then comes first."""
    lists = Lists(max(len(standing.tables.chains), most))
    draws = Draws(random.random((1, NUMBERS)), np.zeros(1))
    count = leave_around(standing, lists, k, most, draws, 0)
    return Ruin(lists.arrays["changed"][:count].copy(), np.array([k], dtype=np.int64))


def choose(standing: Standing, lists: Lists, waiting: int, later: bool, draws: Draws) -> tuple[int, int]:
    """Choose a ruin by chance.

    Args:
        standing: the placement.
        lists: ``waiting`` has the first so many chains that are possible and not placed; to ``changed`` those are
            written that should be placed first, then those that leave.
        waiting: how many are waiting.
        later: whether it is for another level than the first.
        draws: chance.

    Returns:
        (how many are to be placed first, how many leave).
    """
    kind, row = 0, 1 if later else 0
    while kind < _DEAREST and draws.numbers[draws.turn, KIND] >= _UP_TO[row, kind]:
        kind += 1
    if kind == _WAITING and waiting > 0:
        lists.changed[0] = lists.waiting[cython.cast(cython.int, draws.numbers[draws.turn, WHO] * waiting)]
        return 1, leave_around(standing, lists, lists.changed[0], MOST, draws, 1)
    if kind == _ANYWHERE:
        count = _list_placed(standing, lists)
        return 0, pick(lists, count, _size(draws.numbers[draws.turn, SIZE], MOST), draws, PICKS, 0)
    if kind == _DEAREST:
        return 0, _dearest(standing, lists, draws)
    n = cython.cast(cython.int, draws.numbers[draws.turn, NODE] * standing.here.shape[0])
    if kind == _WHOLE:
        return 0, pick(lists, _list_on(standing, lists, n), MOST_OF_A_NODE, draws, PICKS, 0)
    return 0, _some_on(standing, lists, n, MOST, draws, 0)


def leave_around(standing: Standing, lists: Lists, k: int, most: int, draws: Draws, start: int) -> int:
    """Write some of those on a node where a chain could stand to ``lists.changed``; how many they are."""
    chain, free = standing.tables.chains[k], 0
    for u in range(chain.unit, chain.unit_end):
        if standing.tables.units[u].node < 0:
            free += 1
    nth = cython.cast(cython.int, draws.numbers[draws.turn, UNIT] * free)
    for u in range(chain.unit, chain.unit_end):
        if standing.tables.units[u].node >= 0:
            continue
        if nth == 0:
            n = _any_node(standing.tables, u, draws.numbers[draws.turn, NODE])
            return 0 if n < 0 else _some_on(standing, lists, n, most, draws, start)
        nth -= 1
    return 0


def pick(lists: Lists, count: int, most: int, draws: Draws, number: int, start: int) -> int:
    """Write some of the first so many that are marked to ``lists.changed``, none twice; how many they are.

    Args:
        lists, count: what is marked, and how many of it.
        most: how many to take at most.
        draws, number: chance, and from which of its numbers on.
        start: where they are written.
    """
    size = min(most, count)
    for i in range(size):
        j = i + cython.cast(cython.int, draws.numbers[draws.turn, number + i] * (count - i))
        lists.marked[i], lists.marked[j] = lists.marked[j], lists.marked[i]
        lists.changed[start + i] = lists.marked[i]
    return size


def _some_on(standing: Standing, lists: Lists, n: int, most: int, draws: Draws, start: int) -> int:
    """A few of those on a node."""
    size = _size(draws.numbers[draws.turn, SIZE], most)
    return pick(lists, _list_on(standing, lists, n), size, draws, PICKS, start)


def _size(number: float, most: int) -> int:
    """How many to take."""
    return 1 + cython.cast(cython.int, number * most)


def _list_on(standing: Standing, lists: Lists, n: int) -> int:
    """Mark the chains on a node; how many they are."""
    count = 0
    for k in range(standing.here.shape[1]):
        if standing.here[n, k]:
            lists.marked[count] = k
            count += 1
    return count


def _list_placed(standing: Standing, lists: Lists) -> int:
    """Mark the chains that are placed; how many they are."""
    count = 0
    for k in range(standing.embeddings.placed.shape[0]):
        if standing.embeddings.placed[k]:
            lists.marked[count] = k
            count += 1
    return count


def _any_node(tables: Tables, u: int, number: float) -> int:
    """Any of the nodes where a unit may stand, -1 if there is none."""
    count = 0
    for n in range(tables.mask.shape[1]):
        count += tables.mask[u, n]
    nth = cython.cast(cython.int, number * count)
    for n in range(tables.mask.shape[1]):
        if tables.mask[u, n]:
            if nth == 0:
                return n
            nth -= 1
    return -1


def _dearest(standing: Standing, lists: Lists, draws: Draws) -> int:
    """Those that cost most on the levels after the first, more or less."""
    count = _list_placed(standing, lists)
    pool = draws.noise.shape[0]
    begin = cython.cast(cython.int, draws.numbers[draws.turn, NOISE] * pool)
    for i in range(count):
        lists.size[i] = 0.0
        for level in range(1, standing.chain_costs.shape[1]):
            lists.size[i] += standing.chain_costs[lists.marked[i], level]
        lists.size[i] *= exp(draws.noise[(begin + i) % pool])
    most = min(_size(draws.numbers[draws.turn, SIZE], MOST), count)
    for i in range(most):
        best = i
        for j in range(i + 1, count):
            if lists.size[j] > lists.size[best]:
                best = j
        lists.marked[i], lists.marked[best] = lists.marked[best], lists.marked[i]
        lists.size[i], lists.size[best] = lists.size[best], lists.size[i]
        lists.changed[i] = lists.marked[i]
    return most
