"""Closing the gap of a level: all that could be better than the best known placement, as one integer program.

Shadow prices say of most footprints that no better placement has them: what they cost beyond the least of their chain
is more than what lies between bound and value (Baldacci, Christofides, Mingozzi, "An exact algorithm for the vehicle
routing problem based on the set partitioning formulation with additional cuts", Mathematical Programming 115, 2008).
All others are handed to HiGHS at once, so what it proves holds for every placement. What it chooses becomes columns;
where these are too much for a link together, the next round watches it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from mosaico_place.columns.footprints import Footprints, Lister, Patterns
from mosaico_place.columns.formulation import Choice, Formulation, link_prices
from mosaico_place.columns.generation import Generation
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.embed import embed
from mosaico_place.kernel.measuring import charge
from mosaico_place.kernel.prices import falling_weights, price_to_place
from mosaico_place.kernel.pricing import Column, Measurer
from mosaico_place.kernel.problem import Prices, Pricing, Work, empty_state, no_embeddings
from mosaico_place.solution.solution import LAST_CHOICE, Solution

MANY_FOOTPRINTS = 1_000
"""Of one chain, above which its components count one by one."""

MANY = 60_000
"""Of all chains, above which there is no program."""

NEARLY_FULL, MANY_WATCHED = 0.4, 12
"""Arcs of which less is free are watched from the first round on, so many at most."""

LISTING_SHARE = 0.5
"""Part of a round's time that listing footprints may take."""

SLACK = 1e-7
"""Relative to a level's value, more than float64 can err in what footprints cost at prices."""


class Closing:
    """Raises the bound of a later level round by round, and lets the master know the footprints that are best together.

    Attributes:
        generation: what has been generated for the level.
        watched: arcs of which the program knows that flows cross them; more in every round.
        ended: whether another round says nothing more.
    """

    def __init__(self, generation: Generation, solution: Solution) -> None:
        self.generation, self.ended = generation, False
        priced = np.flatnonzero(link_prices(generation).any(axis=0)).tolist()
        self.watched = sorted({*_nearly_full(solution), *priced})

    def round(self, solution: Solution, seconds: float, gap: float, stop: Callable[[], bool]) -> float:
        """The bound that one round proves.

        Args:
            solution: the best one known.
            seconds: how long it may take.
            gap: relative gap at which branch and bound may end.
            stop: whether to end at once.
        """
        generation = self.generation
        assert generation.bound is not None, "a finite bound was found"
        began = time.perf_counter()

        def late() -> bool:
            return stop() or time.perf_counter() - began > LISTING_SHARE * seconds

        value = float(solution.values()[generation.level])
        choices, bound = _choices(generation, value, self.watched, late)
        many = sum(len(one.ways.priced) for one in choices if isinstance(one.ways, Footprints)) > MANY
        if many or not choices:
            self.ended = True
            return generation.bound
        formulation = Formulation(generation, choices, self.watched)
        said, found = formulation.solve(solution, seconds - (time.perf_counter() - began), gap, stop)
        columns = [] if found is None else _embedded(formulation, solution, found, self.watched)
        generation.master.add(columns)
        more = _overfull(generation, columns) - set(self.watched)
        self.watched = [*self.watched, *sorted(more)]
        self.ended = not more
        return max(generation.bound, bound, min(said - SLACK * max(1.0, value), value))


def _nearly_full(solution: Solution) -> list[int]:
    """The arcs of which most is taken, the fullest first."""
    rows = solution.compiled.rows
    capacity = np.maximum(rows.capacity[0, rows.first_arc :], 1.0)
    free: FloatArray = solution.state.free[0, rows.first_arc :] / capacity
    order = np.argsort(free, kind="stable")[:MANY_WATCHED]
    return [int(a) for a in order if free[a] < NEARLY_FULL]


def _embedded(formulation: Formulation, solution: Solution, values: FloatArray, watched: Sequence[int]) -> list[Column]:
    """Embeddings with what was chosen, each as it is best by itself; those that find no way are left out.

    Args:
        formulation: the program.
        solution: any of the problem.
        values: of the variables.
        watched: arcs that those shun of which the program does not say that they cross them.
    """
    compiled, level = formulation.generation.compiled, formulation.generation.level
    weights = falling_weights(compiled.levels.count, level)
    prices = price_to_place(compiled, np.zeros_like(compiled.rows.capacity), weights)
    prices = solution.serving(prices, formulation.opened(values))
    embedder = _Embedder(compiled)
    found = (
        embedder(one.chain, one.options, [a for a in watched if a not in one.crossed], prices)
        for one in formulation.chosen(values)
    )
    return [column for column in found if column is not None]


def _overfull(generation: Generation, columns: list[Column]) -> set[int]:
    """The arcs for which some columns together are too much."""
    rows = generation.compiled.rows
    taken = np.zeros(rows.capacity.size)
    for column in columns:
        np.add.at(taken, column.rows, column.amounts)
    over = np.flatnonzero((taken.reshape(rows.capacity.shape) > rows.capacity).any(axis=0))
    return {int(row) - rows.first_arc for row in over if row >= rows.first_arc}


def _choices(
    generation: Generation, value: float, watched: list[int], stop: Callable[[], bool]
) -> tuple[list[Choice], float]:
    """What could be better than a value leaves of every chain, and a bound that says no less."""
    quote, compiled = generation.best, generation.compiled
    assert quote is not None, "columns were generated"
    prices, spare = quote.prices, value - quote.bound
    reject = np.where(compiled.tables.chains["required"] > 0, np.inf, prices.reject)
    slack = SLACK * max(1.0, abs(value), quote.size)
    tolls = link_prices(generation)
    tolls[1:] += tolls[0]
    lister = Lister(compiled, prices.replace(toll=tolls), watched)
    surcharges = generation.master.ties.surcharges(quote.duals.served)
    extra = np.zeros_like(prices.extra)
    least = quote.least.copy()
    found: list[Footprints | Patterns | None] = []
    for k in range(len(compiled.names)):
        if stop():
            return [], quote.bound
        charge(extra, surcharges, k, 1.0)
        some = lister(k, extra, least[k] + spare + slack, MANY_FOOTPRINTS, stop)
        charge(extra, surcharges, k, 0.0)
        if isinstance(some, Footprints):
            cheapest = min(some.priced.min(initial=np.inf), reject[k])
            least[k] = max(least[k], min(cheapest, least[k] + spare))
        found.append(some)
    if stop():
        return [], quote.bound
    spare = max(spare - float((least - quote.least).sum()), 0.0)
    choices = []
    for k, some in enumerate(found):
        within = least[k] + spare + slack
        kept = some.keep(some.priced <= within) if isinstance(some, Footprints) else some
        choices.append(Choice(kept, bool(reject[k] <= within)))
    return choices, value - spare


class _Embedder:
    """Embeds single chains on the empty infrastructure, with options that are given."""

    def __init__(self, compiled: Compiled) -> None:
        # Masks of its own, for they change with every chain.
        self._tables = compiled.tables.replace(mask=compiled.tables.mask.copy())
        self._state, self._measurer = empty_state(compiled), Measurer(compiled)
        self._work, self._out = Work(self._tables), no_embeddings(self._tables)

    def __call__(self, k: int, chosen: dict[int, int], shut: list[int], prices: Prices) -> Column | None:
        """The cheapest embedding with these options that stays off some arcs; None if none finds its way."""
        tables, option, toll = self._tables, prices.option.copy(), prices.toll.copy()
        toll[:, shut] = LAST_CHOICE
        for c, o in chosen.items():
            n, start = tables.options["node"][o], tables.menu_start[tables.components[c]["menu"]]
            others = np.setdiff1d(np.arange(start[n], start[n + 1]), [*chosen.values()])
            option[:, others] = np.inf
            tables.mask[tables.components[c]["unit"]] = np.arange(tables.mask.shape[1]) == n
        prices = prices.replace(option=option, toll=toll)
        _, cost = embed(Pricing(tables, self._state, prices, self._work), k, np.inf, self._out)
        return self._measurer(k, prices, self._out) if cost < np.inf else None
