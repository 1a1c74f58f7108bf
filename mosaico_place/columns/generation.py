"""Column generation: shadow prices for everything, and a lower bound that holds at every moment.

The bound at any prices is the Lagrangian one: every chain pays for what it takes and embeds itself as cheaply as it
can, or is rejected; what the capacities are worth is taken off again. The kernel's lower bounds stand in for chains
that it cannot embed exactly, so heuristics in it never make the bound invalid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mosaico_place.columns.master import Duals, Master, Mix
from mosaico_place.columns.packing import Packings
from mosaico_place.columns.splitting import Splitter
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.prices import price
from mosaico_place.kernel.pricing import Column, Measurer, Pricer
from mosaico_place.kernel.problem import Prices
from mosaico_place.methods.search.dual_ascent import ascend
from mosaico_place.solution.solution import Solution

WORTHWHILE, CUT_PATIENCE, SHORT_PATIENCE, PATIENCE = 0.01, 2, 3, 6
"""Rounds that close less than so much of what lies between master and bound are idle; after so many of them rows of
nodes are looked for, after more than so many chains are split, and after so many more it ends."""

CLOSE = 1e-4
"""Relative distance of the master's value from the bound at which more columns are not worth their time."""

ROUNDING = 1e-11
"""Relative to the sum of a bound's terms, more than float64 can err in adding them up."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What the kernel says at some prices.

    Attributes:
        duals: the prices.
        prices: the same for the kernel.
        bound: on the level that is minimised, the values of the levels before it given.
        columns: the embeddings found.
        least: (chains,) what each pays at least, embedded or rejected.
        size: of the terms that the bound adds up.
    """

    duals: Duals
    prices: Prices
    bound: float
    columns: list[Column]
    least: FloatArray
    size: float


def is_close(value: float, bound: float) -> bool:
    """Whether the master's value is so near the bound that more columns are not worth their time."""
    return value - bound <= CLOSE * max(abs(value), 1e-6)


class Generation:
    """One master and what feeds it."""

    def __init__(self, compiled: Compiled, pricer: Pricer, measurer: Measurer | None = None) -> None:
        self.compiled = compiled
        self.master = Master(compiled)
        self.level = 0
        self.values: list[float] = []
        """Of the levels before, at which they are kept."""
        self.best: Quote | None = None
        self._pricer = pricer
        self._measurer = measurer or Measurer(compiled)
        self._splitter = Splitter(compiled)
        self._packings: Packings | None = None
        self._sharp = False

    @classmethod
    def begun(
        cls, compiled: Compiled, pricer: Pricer, stop: Callable[[], bool], measurer: Measurer | None = None
    ) -> Generation:
        """One that knows the embeddings and prices of a dual ascent on the first level.

        Args:
            compiled: the problem.
            pricer: what prices all chains.
            stop: whether to end early.
            measurer: of what the pricer prices on, where that is an infrastructure with more room; else None.
        """
        generation = cls(compiled, pricer, measurer)
        ascent = ascend(compiled, pricer, 0, stop=stop, measurer=measurer)
        generation.master.add(ascent.columns)
        generation.suggest(ascent.shadow)
        return generation

    def quote(self, duals: Duals, sharp: bool = False, stop: Callable[[], bool] = lambda: False) -> Quote:
        """Price all chains; if ``sharp``, split those whose embedding costs more than their bound, until ``stop``."""
        prices = price(self.compiled, duals.charged, duals.load, duals.levels)
        opened = self.opened(duals, prices)
        prices = prices.replace(
            opening=np.zeros_like(prices.opening), option=prices.option + self.master.nodes.prices(duals.cuts)
        )
        surcharges = self.master.ties.surcharges(duals.served)
        lower, cost = self._pricer(prices, surcharges)
        if sharp:
            self._splitter(prices, surcharges, lower, cost, self._pricer.out, stop)
        required = self.compiled.tables.chains["required"] > 0
        least = np.where(required, lower, np.minimum(lower, prices.reject))
        bound = float(least.sum())
        worth, nodes = self.master.activation.worth, len(self.compiled.levels.node)
        bound -= worth(duals.levels, duals.shadow, self.master.nodes.worth(duals.cuts, nodes))
        if worth.balanced:
            bound -= worth.of_share(duals.levels, duals.balance)
        bound += opened
        bound -= float(np.dot(duals.levels[: self.level], self.values))
        out = self._pricer.out
        columns = [self._measurer(int(k), prices, out) for k in np.flatnonzero(np.isfinite(cost))]
        size = float((duals.shadow * self.compiled.rows.capacity).sum() + duals.cuts.sum() + prices.reject.sum())
        size += float(duals.balance @ self.compiled.rows.amount) if worth.balanced else 0.0
        return Quote(duals, prices, bound, columns, least, size)

    def opened(self, duals: Duals, prices: Prices | None = None) -> float:
        """What opened instances cost at least: as many as there can be where one costs less than nothing."""
        openings = self.compiled.tables.openings
        prices = price(self.compiled, duals.charged, duals.load, duals.levels) if prices is None else prices
        carried = duals.load * np.where(np.isfinite(openings["capacity"]), openings["capacity"], 0.0)
        rate = np.minimum(prices.opening - carried - self.master.ties.opened(duals.served), 0.0)
        grouped = openings["group"] >= 0
        total = float((rate * openings["most"])[~grouped].sum())
        least = np.zeros(len(self.compiled.offers.groups))
        np.minimum.at(least, openings["group"][grouped], rate[grouped])
        return total + float(least.sum())

    def note(self, quote: Quote) -> None:
        """Keep the best bound."""
        if self.best is None or quote.bound > self.best.bound:
            self.best = quote

    def suggest(self, shadow: FloatArray) -> None:
        """Let these shadow prices of capacities be the first to be tried."""
        weights = np.zeros(self.compiled.levels.count)
        weights[self.level] = 1.0
        openings = np.zeros(len(self.compiled.tables.openings))
        none, balance = np.zeros(0), np.zeros(shadow.shape[1] * self.master.activation.largest)
        self.note(self.quote(Duals(shadow, openings, none, none, balance, weights)))

    def columns_of(self, solution: Solution) -> list[Column]:
        """The columns of what is placed."""
        prices = price(self.compiled, np.zeros_like(self.compiled.rows.capacity))
        placed = np.flatnonzero(solution.placed)
        return [self._measurer(int(k), prices, solution.embeddings, solution.state) for k in placed]

    @property
    def bound(self) -> float | None:
        """The best bound, less what rounding in its sums could have added."""
        if self.best is None or not np.isfinite(self.best.bound):
            return None
        return self.best.bound - ROUNDING * max(1.0, self.best.size)

    def round(self, sharp: bool, stop: Callable[[], bool]) -> tuple[Mix, int]:
        """Solve the master, price at its duals, add columns; how many were new."""
        mix = self.master.solve()
        quote = self.quote(mix.duals, sharp, stop)
        self.note(quote)
        return mix, self.master.add(quote.columns)

    def run(self, stop: Callable[[], bool], closed: Callable[[float, float], bool], packed: bool = False) -> Mix:
        """Generate columns until ``closed(value of the master, bound)``, or little new comes, or it must stop.

        Chains are split after the first idle rounds: before, other prices gain more in the same time. If ``packed``,
        rows of nodes are added between rounds, and it goes on as long as there are any.
        """
        idle = 0
        while True:
            before = -np.inf if self.best is None else self.best.bound
            mix, new = self.round(self._sharp, stop)
            assert self.best is not None, "a round prices"
            bound = self.best.bound
            idle = 0 if bound - before > WORTHWHILE * max(mix.value - bound, 0.0) else idle + 1
            done, near = mix.settled and not new, closed(mix.value, bound)
            if stop():
                return mix
            if packed and (near or done or idle >= CUT_PATIENCE) and self._cut(mix, stop):
                idle = 0
            elif near or (self._sharp and (done or idle > PATIENCE)):
                return mix
            elif not self._sharp and (done or idle > SHORT_PATIENCE):
                idle, self._sharp = 0, True

    def _cut(self, mix: Mix, stop: Callable[[], bool]) -> bool:
        """Add rows of nodes that the mix breaks; False if there are none."""
        if self._packings is None:
            self._packings = Packings(self.compiled)
        cuts = self._packings(self.master.use(mix), stop, self.master.activity(mix))
        if cuts:  # adding rows walks all columns
            self.master.cut(cuts)
        return bool(cuts)

    def next_level(self, value: float) -> None:
        """Go on to the next level, keeping this one at ``value``."""
        self.master.next_level(value)
        self.values.append(value)
        self.level += 1
        self._sharp = False
        self.best = None
