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
    from math import exp, inf

    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.kernel.problem import Pricing
    from mosaico_place.solution.updates import Standing

    MOST = 8
    MOST_OF_A_NODE = 40
    KIND, SIZE, WHO, UNIT, NODE, NOISE, PICKS = range(7)
    NUMBERS = PICKS + MOST_OF_A_NODE
    _WAITING, _NODE, _WHOLE, _ANYWHERE, _SITE, _DEAREST = range(6)
"""MOST: chains that leave in one turn, at most; MOST_OF_A_NODE: the same where a whole node is emptied.

KIND to PICKS: what the first numbers of a row decide: the kind of ruin, how many leave, around which waiting chain,
which of its units and which node, where noise begins; the numbers from PICKS on choose those who leave. NUMBERS: how
many these are.
"""

Chains = NDArray[np.int64]

_UP_TO = np.cumsum(
    [[0.6, 0.22, 0.03, 0.15, 0, 0], [0.05, 0.3, 0.2, 0.2, 0, 0.25], [0.05, 0.15, 0.25, 0.2, 0.2, 0.15]], axis=1
)
"""How often each of the kinds is chosen, and those before it: on the first level, on others, if nodes cost."""

_CLOSED = 0.7
"""How often a node that is emptied stays closed for the turn, where nodes in use cost."""


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
        site: a node that is closed in this turn, or opened for nothing if ``opens``; -1 for none.
    """

    def __init__(self, chains: int) -> None:
        names = ("changed", "order", "waiting", "marked")
        arrays: dict[str, Any] = {name: np.empty(chains, dtype=np.int64) for name in names}
        self.arrays = arrays
        self.changed, self.order, self.waiting, self.marked = (arrays[name] for name in names)
        self.size, self.site, self.opens = np.empty(chains), -1, False


def around(standing: Standing, random: Generator, k: int, most: int) -> Ruin:
    """At most so many of those on a node where a chain that is not placed could stand, which then comes first."""
    lists = Lists(max(len(standing.tables.chains), most))
    draws = Draws(random.random((1, NUMBERS)), np.zeros(1))
    count = leave_around(standing, lists, k, most, draws, 0)
    return Ruin(lists.arrays["changed"][:count].copy(), np.array([k], dtype=np.int64))


def choose(
    standing: Standing, pricing: Pricing, lists: Lists, waiting: int, level: int, draws: Draws
) -> tuple[int, int]:
    """Choose a ruin by chance.

    Args:
        standing: the placement.
        pricing: the prices at which chains come back.
        lists: ``waiting`` has the first so many chains that are possible and not placed; to ``changed`` those are
            written that should be placed first, then those that leave.
        waiting: how many are waiting.
        level: that is minimised.
        draws: chance.

    Returns:
        (how many are to be placed first, how many leave).
    """
    kind, sites = 0, standing.costs.active[level] > 0
    row = 2 if sites and waiting == 0 else 1 if level > 0 or waiting == 0 else 0
    lists.site = -1
    while kind < _DEAREST and draws.numbers[draws.turn, KIND] >= _UP_TO[row, kind]:
        kind += 1
    if kind == _WAITING and waiting > 0:
        lists.changed[0] = lists.waiting[cython.cast(cython.int, draws.numbers[draws.turn, WHO] * waiting)]
        return 1, leave_around(standing, lists, lists.changed[0], MOST, draws, 1)
    if kind == _ANYWHERE:
        count = _list_placed(standing, lists)
        return 0, pick(lists, count, _size(draws.numbers[draws.turn, SIZE], MOST), draws, PICKS, 0)
    if kind == _DEAREST:
        return 0, _dearest(standing, lists, level, draws)
    if kind == _SITE:
        return 0, _open_site(standing, pricing, lists, draws)
    n = _any_site(standing, draws.numbers[draws.turn, NODE], sites)
    if kind == _WHOLE:
        if sites and draws.numbers[draws.turn, UNIT] < _CLOSED:
            lists.site, lists.opens = n, False
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


def _any_site(standing: Standing, number: float, hosting: bool) -> int:
    """Any node; of those on which something runs, if wanted."""
    count = standing.here.shape[0]
    if hosting:
        nth, count = 0, _count_sites(standing, True)
        for n in range(standing.here.shape[0]):
            if standing.state.hosted[n] > 0:
                if nth == cython.cast(cython.int, number * count):
                    return n
                nth += 1
    return cython.cast(cython.int, number * standing.here.shape[0])


def _count_sites(standing: Standing, hosting: bool) -> int:
    """How many nodes there are on which something runs, or nothing runs."""
    count = 0
    for n in range(standing.here.shape[0]):
        if (standing.state.hosted[n] > 0) == hosting:
            count += 1
    return count


def _open_site(standing: Standing, pricing: Pricing, lists: Lists, draws: Draws) -> int:
    """Those that gain most if a node on which nothing runs cost nothing; how many they are.

    What they gain is counted on the prices of options alone. Each costs as much there as where it runs, or less.
    """
    count, nth = 0, cython.cast(cython.int, draws.numbers[draws.turn, NODE] * _count_sites(standing, False))
    site = -1
    for n in range(standing.here.shape[0]):
        if standing.state.hosted[n] == 0:
            if nth == 0:
                site = n
                break
            nth -= 1
    if site < 0:
        return 0
    lists.site, lists.opens = site, True
    pool = draws.noise.shape[0]
    begin = cython.cast(cython.int, draws.numbers[draws.turn, NOISE] * pool)
    for k in range(standing.embeddings.placed.shape[0]):
        if standing.embeddings.placed[k]:
            gain = _gain(standing, pricing, k, site)
            if gain >= 0:
                lists.marked[count] = k
                lists.size[count] = gain * (1.0 + 0.3 * draws.noise[(begin + k) % pool])
                count += 1
    return _largest(lists, count, _size(draws.numbers[draws.turn, SIZE], MOST_OF_A_NODE))


def _gain(standing: Standing, pricing: Pricing, k: int, n: int) -> float:
    """How much cheaper components of a placed chain are in their cheapest options on a node; -1 if none may run there.

    Only those count that are no dearer there.
    """
    chain, total = standing.tables.chains[k], -1.0
    for c in range(chain.component, chain.component_end):
        component = standing.tables.components[c]
        if component.menu < 0 or not standing.tables.mask[component.unit, n]:
            continue
        best, now = inf, pricing.prices.option[chain.line, standing.embeddings.option[c]]
        for o in range(
            standing.tables.menu_start[component.menu, n], standing.tables.menu_start[component.menu, n + 1]
        ):
            best = min(best, pricing.prices.option[chain.line, o])
        if best <= now:
            total = max(total, 0.0) + now - best
    return total


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


def _dearest(standing: Standing, lists: Lists, at: int, draws: Draws) -> int:
    """Those that cost most on a level, and on all after the first, more or less."""
    count = _list_placed(standing, lists)
    pool = draws.noise.shape[0]
    begin = cython.cast(cython.int, draws.numbers[draws.turn, NOISE] * pool)
    for i in range(count):
        lists.size[i] = 0.0
        for level in range(min(at, 1), standing.chain_costs.shape[1]):
            lists.size[i] += standing.chain_costs[lists.marked[i], level]
        lists.size[i] *= exp(draws.noise[(begin + i) % pool])
    return _largest(lists, count, _size(draws.numbers[draws.turn, SIZE], MOST))


def _largest(lists: Lists, count: int, most: int) -> int:
    """Write the largest of the first so many that are marked to ``lists.changed``; how many they are."""
    most = min(most, count)
    for i in range(most):
        best = i
        for j in range(i + 1, count):
            if lists.size[j] > lists.size[best]:
                best = j
        lists.marked[i], lists.marked[best] = lists.marked[best], lists.marked[i]
        lists.size[i], lists.size[best] = lists.size[best], lists.size[i]
        lists.changed[i] = lists.marked[i]
    return most
