"""The ``auto`` method: a portfolio that tries what suits the problem, and says what each part gave.

A portfolio of algorithms is seldom much worse than its best part, without anybody knowing beforehand which that is
(Huberman, Lukose, Hogg, "An economics approach to hard computational problems", Science 275, 1997). The parts run one
after the other. Each starts from the best placement of those before; the best placement and the best bounds of all are
the answer; and as soon as every level is closed, it ends.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mosaico_place.combined import Best
from mosaico_place.compile import Problem
from mosaico_place.method import Answer, Options

if TYPE_CHECKING:
    from mosaico_place.exact.neighbourhood import Ground

ONE_MODEL = 2000
"""Chains times nodes up to which one model is solved to its end where there is no time limit (docs/algorithms.md)."""

TINY, SMALL = 3_000, 20_000
"""Variables up to which one model is mostly proven at once, so that little goes before it; and up to which the proof
has most of the time."""

VARIABLE_S = 1e-4
"""Seconds that it takes to write a variable with its rows and hand it to the solver; measured 0.35e-4 to 1.3e-4."""

BUILD_SHARE = 0.2
"""Part of the time that is left which writing a model may take."""

SEARCH_SHARE, SEARCH_S = 0.1, 10.0
"""Part of the time that is left which the search at the beginning may take, and seconds that it may take at most."""

INSURED = 0.7
"""Part of the time that the columns may take of a large problem in which a chain must be placed: if they find no
placement, the rest is for one model after all."""

LOADING_S = 3.0
"""Seconds in which the library that models are written with is loaded, where it is not yet."""

TINY_SHARE = 0.05
"""Part of the time that a search before a tiny model may take: its placement is there before the solver is loaded,
which takes 1 s on a quiet machine and has taken 12 s on a busy one."""

MANY_PAIRS = 1_000_000
"""Chains times nodes from which on no model of everything is thought of."""


@dataclass(slots=True)
class _Portfolio:
    """The problem, the clock and the best of all parts."""

    problem: Problem
    options: Options
    best: Best
    ground: Ground | None = None

    def over(self) -> bool:
        """Whether nothing is left to do, or no time to do it."""
        return self.best.settled or self.options.stop.is_set() or self.options.remaining_s() <= 0

    def run(
        self, name: str, share: float, part: Callable[[Options], Answer], told: str = "", most_s: float = math.inf
    ) -> None:
        """Let a part run for its share of the time that is left, and so many seconds at most if there is a limit."""
        if self.over():
            return
        began = self.options.elapsed_s()
        limit = self.options.time_limit_s
        if limit is not None:
            limit = began + max(min(share * self.options.remaining_s(), most_s), 1e-3)
        answer = part(replace(self.options, time_limit_s=limit))
        self.best.note(name, answer, told or name)

    def _loads(self) -> bool:
        """Whether there is time to load what models are written with, or no placement without it."""
        loaded = "pyomo.environ" in sys.modules
        return loaded or self.best.placement is None or self.options.remaining_s() > LOADING_S

    def search(self, share: float) -> None:
        """Search for a placement."""
        from mosaico_place.methods.search.method import solve_heuristic

        self.run(
            "heuristic", share, lambda options: solve_heuristic(self.problem, options, self.best.placement),
            most_s=SEARCH_S,
        )  # fmt: skip

    def columns(self, share: float, *, fresh: bool = False) -> None:
        """Generate columns; from the best placement where to find one takes long, else from none, to look elsewhere."""
        from mosaico_place.columns.method import solve_columns

        start = None if fresh else self.best.placement
        self.run("columns", share, lambda options: solve_columns(self.problem, options, start))

    def exact(self, share: float) -> None:
        """Solve one model of everything."""
        if not self._loads():
            return
        from mosaico_place.exact.method import solve_exact

        self.run("exact", share, lambda options: solve_exact(self.problem, options, start=self.best.placement))

    def moves(self, share: float) -> None:
        """Solve small parts of the model, with the rest as it stands."""
        start, bounds = self.best.placement, self.best.bounds
        if start is None or len(self.problem.instance.chains) < 2 or self.over() or not self._loads():
            return
        from mosaico_place.exact.neighbourhood import prepare, solve_neighbourhoods

        if self.ground is None:
            self.ground = prepare(self.problem, self.options)
        if (ground := self.ground) is not None:
            self.run(
                "exact", share, lambda options: solve_neighbourhoods(self.problem, options, ground, start, bounds),
                "exact on parts",
            )  # fmt: skip


def solve_auto(problem: Problem, options: Options) -> Answer:
    """Try what suits the problem, and keep the best of all."""
    portfolio = _Portfolio(problem, options, Best(problem, options))
    # Each part is imported where it is called: it brings libraries that take a second to load.
    if options.time_limit_s is None:
        _without_limit(portfolio)
    else:
        _within(portfolio)
    return portfolio.best.answer()


def _pairs(problem: Problem) -> int:
    return len(problem.instance.chains) * len(problem.instance.nodes)


def _without_limit(portfolio: _Portfolio) -> None:
    """What ends by itself: the proof where one model is small, else columns and a search of so many turns."""
    if _pairs(portfolio.problem) > ONE_MODEL:
        portfolio.columns(1.0)
        if portfolio.best.placement is not None:
            return
    elif _variables(portfolio.problem) > TINY:
        portfolio.search(1.0)
    portfolio.exact(1.0)


def _within(portfolio: _Portfolio) -> None:
    """As many parts as the time allows."""
    problem = portfolio.problem
    count = _variables(problem)
    if count * VARIABLE_S > BUILD_SHARE * portfolio.options.remaining_s():
        sure = not any(problem.instance.must_accept(chain) for chain in problem.instance.chains.values())
        portfolio.columns(1.0 if sure else INSURED)
        if portfolio.best.placement is None:
            portfolio.exact(1.0)
        else:
            portfolio.columns(1.0)
    elif count <= TINY:
        portfolio.search(TINY_SHARE)
        portfolio.exact(0.15)
        if portfolio.best.placement is None:
            portfolio.search(0.3)
        portfolio.columns(0.3, fresh=True)
        portfolio.exact(0.75)
        portfolio.moves(1.0)
    elif count <= SMALL:
        portfolio.columns(0.3, fresh=True)
        portfolio.exact(0.75)
        portfolio.moves(1.0)
    else:
        portfolio.search(SEARCH_SHARE)
        portfolio.columns(0.25)
        portfolio.moves(0.4)
        portfolio.exact(0.7)
        portfolio.moves(1.0)


def _variables(problem: Problem) -> int:
    """About how many variables one model has."""
    if _pairs(problem) > MANY_PAIRS:
        return 10**9
    from mosaico_place.exact.estimate import variables

    return variables(problem)
