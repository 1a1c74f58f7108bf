"""Turns of ruin and recreate, in compiled code: some chains leave, come back as prices say, and it is kept or undone.

A turn takes a fraction of a millisecond. Where Python did what is not the kernel's, that was more than half of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from mosaico_place.compile.infrastructure import BoolArray, FloatArray, IntArray
from mosaico_place.kernel.changes import (
    Standing,
    bring_back,
    copy_chain,
    copy_state,
    insert_all,
    nothing_stands,
    remove_all,
    sum_up,
)
from mosaico_place.kernel.compiled import inner, outer
from mosaico_place.kernel.prices import Prices
from mosaico_place.kernel.tables import Compiled
from mosaico_place.search.ruin import NUMBERS, choose, pick

MISSING = 1e9
"""What a required chain that is not placed counts, and a move too many."""

NEWCOMERS = 6
"""Waiting chains that are tried in one turn, at most."""

ONLY_BETTER = -1.0
"""A heat at which a turn is kept only if the placement is better for it."""

_NOISE = 0.4
_RETHINK = 0.5
"""How often, on a level that counts opened instances, their prices are shaken."""
_BLIND = 0.2
"""How often later levels count nothing. Where capacities are worth little, they alone would say where chains go, always
the same, and chains that come in time are in the way of others that could only come late."""
_BY_WEIGHT = 0.7

_IS_BLIND, _IS_SHAKEN, _SHAKE, _IS_BY_WEIGHT, _ORDER, _WORSE, _NEW = range(NUMBERS, NUMBERS + 7)
"""What the numbers of a turn decide after those of its ruin."""

_POOL = 1024
"""Normally distributed numbers for some turns; each begins anywhere in them."""


class Guide(NamedTuple):
    """What turns go by.

    Attributes:
        prices, blind: to embed chains at; without later levels.
        required, possible: (chains,) what must be placed, and what can.
        anything: (chains,) infinite: what an embedding may cost.
        cost: (chains,) what the cheapest embedding of each costs at the prices, where nothing is taken.
        capacity, amount: (rows,) see :func:`.changes.sum_up`.
        newcomers: how many waiting chains are tried in one turn.
        max_moves: how many components may have moved; -1 for any number.
        rethinks: whether prices of openings are shaken now and then.
    """

    prices: Prices
    blind: Prices
    required: BoolArray
    possible: BoolArray
    anything: FloatArray
    cost: FloatArray
    capacity: FloatArray
    amount: FloatArray
    newcomers: int
    max_moves: int
    rethinks: bool


class Draws(NamedTuple):
    """Chance: (turns, numbers) between 0 and 1, and normally distributed noise."""

    numbers: FloatArray
    noise: FloatArray


class Desk(NamedTuple):
    """Where turns are worked out.

    Attributes:
        now, best, after: (levels,) values of the placement, of the best one, and after a turn; spare: (levels,).
        before: how things were before a turn, for the chains that it changes; ``here`` is not looked after.
        kept: how they were at the best placement, for the chains that changed since.
        changed, order: (chains,) of a turn; waiting, marked: (chains,) scratch; size: (chains,) by which they come.
        since: (chains,) those that changed since the best placement; has_changed: (chains,) whether each did.
        opening: (openings,) prices that are not shaken.
    """

    now: FloatArray
    best: FloatArray
    after: FloatArray
    spare: FloatArray
    before: Standing
    kept: Standing
    changed: IntArray
    order: IntArray
    waiting: IntArray
    marked: IntArray
    size: FloatArray
    since: IntArray
    has_changed: BoolArray
    opening: FloatArray


def new_desk(compiled: Compiled) -> Desk:
    """Room for any turn."""
    chains, levels = len(compiled.names), compiled.levels.count
    now, best, after, spare = (np.empty(levels) for _ in range(4))
    changed, order, waiting, marked, since = (np.empty(chains, dtype=np.int64) for _ in range(5))
    before, kept = nothing_stands(compiled), nothing_stands(compiled)
    has_changed, opening = np.zeros(chains, dtype=np.bool_), np.empty(len(compiled.tables.openings))
    return Desk(
        now, best, after, spare, before, kept, changed, order, waiting, marked, np.empty(chains), since, has_changed,
        opening,
    )  # fmt: skip


def draw(random: Generator, turns: int) -> Draws:
    """Chance for so many turns."""
    return Draws(random.random((turns, _NEW + NEWCOMERS)), random.standard_normal(_POOL))


@outer
def take_turns(
    tables: Any, standing: Any, costs: Any, guide: Any, scratch: Any, desk: Any, level: int, heat: float, draws: Any,
    ruin: Any, far: int,
) -> Any:  # fmt: skip
    """Take turns until chance is used up, or one makes a placement that is the best so far.

    Args:
        tables, standing, costs, guide, scratch, desk: the problem, the placement, and what turns work with.
        level: that is minimised; none before it gets worse.
        heat: how much worse a turn may make it, on average; or ONLY_BETTER.
        draws: a row for each turn.
        ruin: what leaves and what is placed first; without any, chance decides.
        far: how many chains changed since the best placement.

    Returns:
        (turns taken, whether the last made the best placement, ``far`` now, chains placed on the way).
    """
    placed = 0
    for turn in range(len(draws.numbers)):
        numbers = draws.numbers[turn]
        worse = 0.0 if heat == ONLY_BETTER else -heat * np.log(1.0 - numbers[_WORSE])
        count, tried = _recreate(
            tables, standing, costs, guide, scratch, desk, level, worse, numbers, draws.noise, ruin
        )
        placed += tried
        evaluate(tables, standing, costs, guide, desk.after)
        if not _accepts(desk.now, desk.after, level, worse, heat == ONLY_BETTER):
            bring_back(tables, desk.before, desk.changed[:count], standing)
            continue
        _write(desk.after, desk.now)
        if better(desk.after, desk.best):
            _write(desk.after, desk.best)
            for k in desk.since[:far]:
                desk.has_changed[k] = False
            return turn + 1, True, 0, placed
        far = _note_way_back(tables, desk, count, far)
    return len(draws.numbers), False, far, placed


@outer
def go_back(tables: Any, standing: Any, desk: Any, far: int) -> None:
    """Make the placement the best one again."""
    if far > 0:
        bring_back(tables, desk.kept, desk.since[:far], standing)
    for k in desk.since[:far]:
        desk.has_changed[k] = False


@outer
def evaluate(tables: Any, standing: Any, costs: Any, guide: Any, total: Any) -> None:
    """Write the values to ``total``: (levels,), with what must not be counted on the first."""
    sum_up(standing, costs, guide.capacity, guide.amount, total)
    embeddings = standing.embeddings
    for k in range(len(guide.required)):
        if guide.required[k] and not embeddings.placed[k]:
            total[0] += MISSING
    if guide.max_moves < 0:
        return
    moves = 0
    for k in range(len(guide.required)):
        if embeddings.placed[k]:
            for c in range(tables.chains[k].component, tables.chains[k].component_end):
                component = tables.components[c]
                moves += component.ran > 0 and embeddings.option[c] != component.home
    total[0] += MISSING * max(0, moves - guide.max_moves)


@outer
def better(after: Any, best: Any) -> bool:
    """Whether values are lexicographically lower, by more than rounding."""
    for level in range(len(after)):
        slack = 1e-9 * max(abs(best[level]), 1.0)
        if after[level] < best[level] - slack:
            return True
        if after[level] > best[level] + slack:
            return False
    return False


@inner
def _accepts(now: Any, after: Any, level: int, worse: float, only_better: bool) -> bool:
    """Whether no earlier level gets worse and this one by no more than so much; or whether it is ``only_better``."""
    if only_better:
        return better(after, now)
    for j in range(level + 1):
        slack = 1e-9 * max(abs(now[j]), 1.0) + (worse if j == level else 0.0)
        if after[j] > now[j] + slack:
            return False
    return True


@inner
def _write(values: Any, into: Any) -> None:
    for level in range(len(values)):
        into[level] = values[level]


@inner
def _recreate(
    tables: Any, standing: Any, costs: Any, guide: Any, scratch: Any, desk: Any, level: int, worse: float, numbers: Any,
    noise: Any, ruin: Any,
) -> Any:  # fmt: skip
    """Ruin and recreate once: (chains in ``desk.changed`` that it changed, how many it placed).

    It is broken off, with chains left out, as soon as it is certain that it makes a level before this one worse, or
    this one by more than so much.
    """
    changed, waiting = desk.changed, _waiting(standing, guide, desk.waiting)
    first, leaving = len(ruin.wanted), len(ruin.out)
    for i in range(first):
        changed[i] = ruin.wanted[i]
    for i in range(leaving):
        changed[first + i] = ruin.out[i]
    if first + leaving == 0:
        some, marked = desk.waiting[:waiting], desk.marked
        first, leaving = choose(tables, standing, some, level > 0, numbers, noise, marked, desk.size, changed)
    count, others = first + leaving, 0
    for i in range(waiting):
        if not _holds(changed, first, desk.waiting[i]):
            desk.marked[others] = desk.waiting[i]
            others += 1
    count += pick(others, guide.newcomers, numbers, _NEW, desk.marked, changed[count:])
    copy_state(standing.state, desk.before.state)
    for k in changed[:count]:
        copy_chain(tables, standing, k, desk.before)
    _spare(standing, costs, changed[:count], level, worse, desk.spare)
    blind = numbers[_IS_BLIND] < _BLIND
    prices = guide.blind if blind else guide.prices
    remove_all(tables, standing, prices, costs, changed[first : first + leaving])
    _set_order(guide, costs, desk, first, count, numbers, noise)
    shaken = guide.rethinks and numbers[_IS_SHAKEN] < _RETHINK
    if shaken:
        # New instances are tried where they look dear, and old ones given up.
        begin = int(numbers[_SHAKE] * len(noise))
        for o in range(len(desk.opening)):
            desk.opening[o] = prices.opening[o]
            prices.opening[o] *= np.exp(noise[(begin + o) % len(noise)])
    placed = insert_all(tables, standing, prices, costs, desk.order[:count], guide.anything, scratch, desk.spare)
    if shaken:
        for o in range(len(desk.opening)):
            prices.opening[o] = desk.opening[o]
    return count, placed


@inner
def _waiting(standing: Any, guide: Any, into: Any) -> int:
    """List the chains that are possible and not placed; how many they are."""
    count = 0
    for k in range(len(guide.possible)):
        if guide.possible[k] and not standing.embeddings.placed[k]:
            into[count] = k
            count += 1
    return count


@inner
def _holds(chains: Any, count: int, k: int) -> bool:
    found = False
    for i in range(count):
        found |= chains[i] == k
    return found


@inner
def _spare(standing: Any, costs: Any, changed: Any, level: int, worse: float, spare: Any) -> None:
    """Write what those of the chains that are left out may cost, where a level counts only that, to ``spare``."""
    for j in range(len(spare)):
        spare[j] = np.inf
        if j > level or not costs.counting[j]:
            continue
        spare[j] = worse if j == level else 0.0
        for k in changed:
            if not standing.embeddings.placed[k]:
                spare[j] += standing.chain_costs[k, j]
        spare[j] += 1e-9 * max(spare[j], 1.0)


@inner
def _set_order(guide: Any, costs: Any, desk: Any, first: int, count: int, numbers: Any, noise: Any) -> None:
    """Order who comes back: the first ones first, then what must be placed, then what weighs or costs most, nearly."""
    order, size = desk.order, desk.size
    by_weight = numbers[_IS_BY_WEIGHT] < _BY_WEIGHT
    begin = int(numbers[_ORDER] * len(noise))
    for i in range(count):
        k = desk.changed[i]
        own = costs.reject[0, k] if by_weight else guide.cost[k]
        own = own * np.exp(_NOISE * noise[(begin + i) % len(noise)]) if own < np.inf else 0.0
        if i < first or guide.required[k]:
            own = np.inf
        j = i
        while j > first and size[j - 1] < own:
            order[j], size[j] = order[j - 1], size[j - 1]
            j -= 1
        order[j], size[j] = k, own


@inner
def _note_way_back(tables: Any, desk: Any, count: int, far: int) -> int:
    """Remember how the chains of a turn that was kept stood at the best placement; how many changed since."""
    if far == 0:
        copy_state(desk.before.state, desk.kept.state)
    for k in desk.changed[:count]:
        if not desk.has_changed[k]:
            copy_chain(tables, desk.before, k, desk.kept)
            desk.has_changed[k] = True
            desk.since[far] = k
            far += 1
    return far
