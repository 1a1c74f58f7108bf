"""Turns of ruin and recreate, in compiled code: some chains leave, come back as prices say, and it is kept or undone.

A turn takes a fraction of a millisecond. Where Python did what is not the kernel's, that was more than half of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cython
import numpy as np
from numpy.random import Generator

from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.solution.updates import nothing_stands

if TYPE_CHECKING:
    from mosaico_place.compile.arrays.tables import Compiled

if not cython.compiled:
    from math import exp, inf, log

    from mosaico_place.kernel.embed import FEW
    from mosaico_place.kernel.problem import Pricing, Work
    from mosaico_place.methods.search.ruin import NUMBERS, Draws, Lists, choose, pick
    from mosaico_place.methods.search.shaking import keep_prices, price_site, restore_prices, shake
    from mosaico_place.solution.updates import (
        Standing,
        bring_back,
        copy_chain,
        copy_state,
        insert_all,
        remove_all,
        sum_up,
    )

    MISSING, NEWCOMERS, ONLY_BETTER = 10**9, 6, -1
    _IS_BLIND, _IS_SHAKEN, _SHAKE, _IS_BY_WEIGHT, _ORDER, _WORSE, _NEW = range(NUMBERS, NUMBERS + 7)
    ALL_NUMBERS = _NEW + NEWCOMERS
"""MISSING: what a required chain that is not placed counts, and a move too many.

NEWCOMERS: waiting chains that are tried in one turn, at most.

ONLY_BETTER: a heat at which a turn is kept only if the placement is better for it.

The others say what the numbers of a turn decide after those of its ruin; ALL_NUMBERS: how many these are.
"""

_NOISE = 0.4
_RETHINK = 0.5
"""How often, on a level that counts opened instances or active nodes, their prices are shaken."""
_BLIND = 0.2
"""How often later levels count nothing. Where capacities are worth little, they alone would say where chains go, always
the same, and chains that come in time are in the way of others that could only come late."""
_BY_WEIGHT = 0.7

_FIRST = 1e12
"""How much more than others, in the order of coming back, a chain counts that must be placed."""

POOL = 1024
"""Normally distributed numbers for some turns; each begins anywhere in them."""


class Desk:
    """Where turns are worked out.

    Attributes:
        standing: the placement.
        before: how things were before a turn, for the chains that it changes; ``here`` is not looked after.
        kept: how they were at the best placement, for the chains that changed since.
        compiled, work: the problem, and scratch of its thread.
        pricing, blind: the pricing problem that chains are embedded in; at prices without later levels.
        now, best, after: (levels,) values of the placement, of the best one, and after a turn; spare: (levels,).
        lists: of chains.
        since: (chains,) those that changed since the best placement, ``far`` of them; has_changed: (chains,).
        touched, is_touched: (chains,) the same since the threads agreed last, ``count`` of them.
        opening, node: (openings,) and (nodes,) prices that are not shaken.
        required, possible: (chains,) what must be placed, and what can.
        anything: (chains,) infinite: what an embedding may cost.
        cost: (chains,) what the cheapest embedding of each costs at the prices, where nothing is taken.
        newcomers: how many waiting chains are tried in one turn.
        max_moves: how many components may have moved; -1 for any number.
        rethinks: whether prices of what is opened are shaken now and then.
    """

    def __init__(self, compiled: Compiled, standing: Standing, work: Work) -> None:
        chains, levels = len(compiled.names), compiled.levels.count
        self.compiled, self.work = compiled, work
        self.standing, self.before, self.kept = standing, nothing_stands(compiled), nothing_stands(compiled)
        arrays: dict[str, Any] = {name: np.empty(levels) for name in ("now", "best", "after")}
        self.arrays = arrays
        self.now, self.best, self.after = arrays["now"], arrays["best"], arrays["after"]
        self.spare, self.lists = np.empty(levels), Lists(chains)
        arrays |= {name: np.zeros(chains, dtype=np.bool_) for name in ("has_changed", "is_touched")}
        self.since, self.has_changed = np.empty(chains, dtype=np.int64), arrays["has_changed"]
        self.touched, self.is_touched = np.empty(chains, dtype=np.int64), arrays["is_touched"]
        self.opening, self.node = np.empty(len(compiled.tables.openings)), np.empty(len(compiled.levels.node))
        self.far = self.count = 0
        self.anything, self.nobody = np.full(chains, np.inf), np.zeros(0, dtype=np.int64)

    def __reduce__(self) -> tuple[Any, ...]:
        return Desk, (self.compiled, self.standing, self.work)

    def follow(
        self,
        pricing: Pricing,
        blind: Pricing,
        required: BoolArray,
        possible: BoolArray,
        cost: FloatArray,
        newcomers: int,
        max_moves: int,
        rethinks: bool,
    ) -> None:
        """Say what turns go by."""
        self.pricing, self.blind = pricing, blind
        self.required, self.possible, self.cost = required, possible, cost
        self.newcomers, self.max_moves, self.rethinks = newcomers, max_moves, rethinks

    def start(self) -> None:
        """Make the placement as it stands the best one so far, from which nothing changed."""
        self.far = self.count = 0
        for names in (self.arrays["has_changed"], self.arrays["is_touched"]):
            names[:] = False
        evaluate(self, self.now)
        write(self.now, self.best)


def draw(random: Generator, turns: int) -> Draws:
    """Chance for so many turns."""
    return Draws(random.random((turns, ALL_NUMBERS)), random.standard_normal(POOL))


def take_turns(desk: Desk, level: int, heat: float, draws: Draws, wanted: Any, out: Any) -> tuple[int, bool, int]:
    """Take turns until chance is used up, or one makes a placement that is the best so far.

    Other threads run meanwhile.

    Args:
        desk: the placement, and what turns work with.
        level: that is minimised; none before it gets worse.
        heat: how much worse a turn may make it, on average; or ONLY_BETTER.
        draws: a row for each turn.
        wanted, out: chains to be placed first, and chains that leave; without any, chance decides.

    Returns:
        (turns taken, whether the last made the best placement, chains placed on the way).
    """
    with cython.nogil:
        turns, found, placed = _take_turns(desk, level, heat, draws, 0, wanted, out)
    return turns, found, placed


def take_round(desk: Desk, level: int, heat: float, draws: Draws) -> None:
    """Take turns by chance until it is used up, whatever they find; other threads run meanwhile."""
    begin = 0
    with cython.nogil:
        while begin < draws.turns:
            turns, _found, _placed = _take_turns(desk, level, heat, draws, begin, desk.nobody, desk.nobody)
            begin += turns


def _take_turns(
    desk: Desk, level: int, heat: float, draws: Draws, begin: int, wanted: Any, out: Any
) -> tuple[int, bool, int]:
    """Take the turns from ``begin`` on, as :func:`take_turns` says."""
    placed, only_better = 0, heat == ONLY_BETTER
    for turn in range(begin, draws.turns):
        draws.turn = turn
        worse = 0.0 if only_better else -heat * log(1.0 - draws.numbers[draws.turn, _WORSE])
        changed, came = _recreate(desk, level, worse, draws, wanted, out)
        placed += came
        evaluate(desk, desk.after)
        if not accepts(desk, level, worse, only_better):
            bring_back(desk.before, desk.lists.changed, changed, desk.standing)
        elif note_kept(desk, changed):
            return turn + 1 - begin, True, placed
    return draws.turns - begin, False, placed


def go_back(desk: Desk) -> None:
    """Make the placement the best one again."""
    if desk.far > 0:
        bring_back(desk.kept, desk.since, desk.far, desk.standing)
    for i in range(desk.far):
        desk.has_changed[desk.since[i]] = False
    desk.far = 0


def evaluate(desk: Desk, total: FloatArray) -> None:
    """Write the values to ``total``: (levels,), with what must not be counted on the first."""
    sum_up(desk.standing, total)
    _add_forbidden(desk, total)


def _add_forbidden(desk: Desk, total: FloatArray) -> None:
    """Count on the first level what must not be: required chains that are missing, moves too many."""
    for k in range(desk.required.shape[0]):
        if desk.required[k] and not desk.standing.embeddings.placed[k]:
            total[0] += MISSING
    if desk.max_moves < 0:
        return
    moves = 0
    for k in range(desk.required.shape[0]):
        if desk.standing.embeddings.placed[k]:
            chain = desk.standing.tables.chains[k]
            for c in range(chain.component, chain.component_end):
                component = desk.standing.tables.components[c]
                if component.ran > 0 and desk.standing.embeddings.option[c] != component.home:
                    moves += 1
    total[0] += cython.cast(cython.double, MISSING) * max(0, moves - desk.max_moves)


def better(after: FloatArray, best: FloatArray) -> bool:
    """Whether values are lexicographically lower, by more than rounding."""
    for level in range(after.shape[0]):
        slack = 1e-9 * max(abs(best[level]), 1.0)
        if after[level] < best[level] - slack:
            return True
        if after[level] > best[level] + slack:
            return False
    return False


def accepts(desk: Desk, level: int, worse: float, only_better: bool) -> bool:
    """Whether no earlier level gets worse and this one by no more than so much; or whether it is ``only_better``."""
    if only_better:
        return better(desk.after, desk.now)
    for j in range(level + 1):
        slack = 1e-9 * max(abs(desk.now[j]), 1.0) + (worse if j == level else 0.0)
        if desk.after[j] > desk.now[j] + slack:
            return False
    return True


def write(values: FloatArray, into: FloatArray) -> None:
    """Write numbers over others."""
    for level in range(values.shape[0]):
        into[level] = values[level]


def _recreate(desk: Desk, level: int, worse: float, draws: Draws, wanted: Any, out: Any) -> tuple[int, int]:
    """Ruin and recreate once: (chains in ``changed`` that it changed, how many it placed).

    It is broken off, with chains left out, as soon as it is certain that it makes a level before this one worse, or
    this one by more than so much.
    """
    waiting, first, leaving = _list_waiting(desk), wanted.shape[0], out.shape[0]
    for i in range(first):
        desk.lists.changed[i] = wanted[i]
    for i in range(leaving):
        desk.lists.changed[first + i] = out[i]
    desk.lists.site = -1
    if first + leaving == 0:
        first, leaving = choose(desk.standing, desk.pricing, desk.lists, waiting, level, draws)
    count = _add_newcomers(desk, first, first + leaving, waiting, draws)
    save(desk, count)
    _set_spare(desk, count, level, worse)
    if draws.numbers[draws.turn, _IS_BLIND] < _BLIND:
        return count, _recreate_at(desk, desk.blind, first, leaving, count, draws)
    return count, _recreate_at(desk, desk.pricing, first, leaving, count, draws)


def save(desk: Desk, count: int) -> None:
    """Remember how things are, for the first so many chains of the list of changes."""
    copy_state(desk.standing.state, desk.before.state)
    for i in range(count):
        copy_chain(desk.standing, desk.lists.changed[i], desk.before)


def _recreate_at(desk: Desk, pricing: Pricing, first: int, leaving: int, count: int, draws: Draws) -> int:
    """Take out those that leave, and embed all that a turn changes at some prices; how many were placed."""
    remove_all(desk.standing, pricing, desk.lists.changed, first, first + leaving)
    _set_order(desk, first, count, draws)
    shaken = desk.rethinks and draws.numbers[draws.turn, _IS_SHAKEN] < _RETHINK
    if shaken or desk.lists.site >= 0:
        keep_prices(pricing.prices, desk.opening, desk.node)
    if shaken:
        shake(pricing.prices, draws, _SHAKE)
    price_site(pricing.prices, desk.lists)
    placed = insert_all(desk.standing, pricing, desk.lists.order, count, desk.anything, desk.spare, FEW)
    if shaken or desk.lists.site >= 0:
        restore_prices(pricing.prices, desk.opening, desk.node)
    return placed


def _add_newcomers(desk: Desk, first: int, count: int, waiting: int, draws: Draws) -> int:
    """Add some waiting chains to those that a turn changes; how many these are now."""
    others = 0
    for i in range(waiting):
        if not _among(desk.lists, first, desk.lists.waiting[i]):
            desk.lists.marked[others] = desk.lists.waiting[i]
            others += 1
    return count + pick(desk.lists, others, desk.newcomers, draws, _NEW, count)


def _list_waiting(desk: Desk) -> int:
    """List the chains that are possible and not placed; how many they are."""
    count = 0
    for k in range(desk.possible.shape[0]):
        if desk.possible[k] and not desk.standing.embeddings.placed[k]:
            desk.lists.waiting[count] = k
            count += 1
    return count


def _among(lists: Lists, first: int, k: int) -> bool:
    """Whether a chain is among those that are placed first."""
    for i in range(first):
        if lists.changed[i] == k:
            return True
    return False


def _set_spare(desk: Desk, count: int, level: int, worse: float) -> None:
    """Write what those of the chains that are left out may cost, where a level counts only that."""
    for j in range(desk.spare.shape[0]):
        desk.spare[j] = inf
        if j > level or not desk.standing.costs.counting[j]:
            continue
        desk.spare[j] = worse if j == level else 0.0
        for i in range(count):
            k = desk.lists.changed[i]
            if not desk.standing.embeddings.placed[k]:
                desk.spare[j] += desk.standing.chain_costs[k, j]
        desk.spare[j] += 1e-9 * max(desk.spare[j], 1.0)


def _set_order(desk: Desk, first: int, count: int, draws: Draws) -> None:
    """Order who comes back: the first ones first, then what must be placed, then what weighs or costs most, nearly."""
    by_weight, pool = draws.numbers[draws.turn, _IS_BY_WEIGHT] < _BY_WEIGHT, draws.noise.shape[0]
    begin = cython.cast(cython.int, draws.numbers[draws.turn, _ORDER] * pool)
    for i in range(count):
        k = desk.lists.changed[i]
        own = desk.standing.costs.reject[0, k] if by_weight else desk.cost[k]
        own = own * exp(_NOISE * draws.noise[(begin + i) % pool]) if own < inf else 0.0
        if desk.required[k]:
            own = _FIRST * (1.0 + own)
        if i < first:
            own = inf
        j = i
        while j > first and desk.lists.size[j - 1] < own:
            desk.lists.order[j], desk.lists.size[j] = desk.lists.order[j - 1], desk.lists.size[j - 1]
            j -= 1
        desk.lists.order[j], desk.lists.size[j] = k, own


def note_kept(desk: Desk, count: int) -> bool:
    """Keep a turn that changed so many chains; whether it made the best placement.

    If it did not, it is remembered how its chains stood at the best placement.
    """
    write(desk.after, desk.now)
    for i in range(count):
        k = desk.lists.changed[i]
        if not desk.is_touched[k]:
            desk.is_touched[k] = True
            desk.touched[desk.count] = k
            desk.count += 1
    if better(desk.after, desk.best):
        write(desk.after, desk.best)
        for i in range(desk.far):
            desk.has_changed[desk.since[i]] = False
        desk.far = 0
        return True
    if desk.far == 0:
        copy_state(desk.before.state, desk.kept.state)
    for i in range(count):
        k = desk.lists.changed[i]
        if not desk.has_changed[k]:
            copy_chain(desk.before, k, desk.kept)
            desk.has_changed[k] = True
            desk.since[desk.far] = k
            desk.far += 1
    return False
