"""The ``heuristic`` method: shadow prices from a short dual ascent, then ruin and recreate, level by level."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from mosaico_place.compile import Problem, compile_chain
from mosaico_place.compile.arrays.tables import Compiled, compile_tables
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.costing import cost
from mosaico_place.kernel.measuring import no_surcharges
from mosaico_place.kernel.prices import price
from mosaico_place.kernel.pricing import Pricer
from mosaico_place.kernel.summed import find_least, must_stand, sum_up
from mosaico_place.method import Answer, Options, Progress
from mosaico_place.methods.search.dual_ascent import ascend
from mosaico_place.methods.search.ruin_and_recreate import MISSING
from mosaico_place.methods.search.search import Limits, Search
from mosaico_place.placement import Placement
from mosaico_place.result import ModelSize, Termination, gap
from mosaico_place.solution.solution import Solution

TURNS_PER_CHAIN = 60
"""Turns of the search on every level, for each chain, where no time limit is given."""

LATER = 0.01
"""What the first level's prices count on later levels, where they have none of their own."""

MANY_REASONS = 2e7
"""Rejected chains times the square of the nodes from which on each is not looked at by itself any more."""

LOOKING_SHARE = 0.05
"""Part of the time that is left which looking for room for what the first placement leaves out may take."""

FIRST_SHARE = 0.6
"""Part of the time that is left which a level may take, if others follow."""


@dataclass(slots=True)
class Run:
    """One solve under way: the compiled problem, what is known so far, and the clock."""

    problem: Problem
    options: Options
    compiled: Compiled
    pricer: Pricer
    bounds: list[float | None] = field(default_factory=list)
    laps: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def lap(self, phase: str) -> None:
        """End a phase."""
        now = time.perf_counter()
        self.laps[phase] = self.laps.get(phase, 0.0) + now - self._last
        self._last = now

    def stopped(self) -> bool:
        """Whether to end now."""
        return self.options.stop.is_set() or self.options.remaining_s() <= 0

    def share_s(self, level: int) -> float:
        """Seconds that the search on a level may take."""
        last = level + 1 == self.compiled.levels.count
        return self.options.remaining_s() * (0.95 if last else FIRST_SHARE)

    def tell(self, phase: str, level: int, incumbent: float | None, bound: float | None) -> None:
        """Report progress."""
        self.options.progress(
            Progress(phase, self.options.elapsed_s(), level=level + 1, incumbent=incumbent, bound=bound)
        )

    def first_costs(self, shadow: FloatArray) -> FloatArray:
        """(chains,) what the cheapest embedding of each costs where nothing is taken; infinite if none pays."""
        prices = price(self.compiled, shadow)
        free = prices.replace(opening=np.zeros_like(prices.opening), reject=np.full(len(self.compiled.names), np.inf))
        return self.pricer(free, no_surcharges(len(self.compiled.names)))[1]


def solve_heuristic(problem: Problem, options: Options, start: Placement | None = None) -> Answer:
    """Search, guided by prices; the bound of the first level is the one that these prices prove.

    Without a time limit, the seed decides the answer. ``start`` is a placement that keeps every rule, to begin with.
    """
    return run_levels(problem, options, _ascending(), start)


Pricing = Callable[[Run, int, Solution], tuple[FloatArray, float | None]]
"""(run, level, solution so far) -> shadow prices to search a level with, and a bound on it."""


def _ascending() -> Pricing:
    """By ascent on the first level; later levels keep its prices, made small, and the bound of summed capacities."""
    found: list[FloatArray] = []

    def pricing(run: Run, level: int, solution: Solution) -> tuple[FloatArray, float | None]:
        if level > 0:
            forced = must_stand(run.compiled, solution.values()[:level])
            return LATER * found[0], sum_up(run.compiled, find_least(run.compiled), level, forced).bound
        ascent = ascend(run.compiled, run.pricer, 0, stop=run.stopped)
        found.append(ascent.shadow)
        return ascent.shadow, ascent.bound

    return pricing


def run_levels(problem: Problem, options: Options, pricing: Pricing, start: Placement | None = None) -> Answer:
    """Price and search one level after the other, from ``start`` if it is given, else from what ran before."""
    levels = len(problem.instance.objective)
    began = time.perf_counter()
    compiled = compile_tables(problem)
    size = _size(compiled)
    impossible = [name for name, one in zip(compiled.names, compiled.tables.chains, strict=True) if not one["possible"]]
    why = {name: _why_impossible(problem, name) for name in impossible}
    if any(problem.instance.must_accept(problem.instance.chains[name]) for name in impossible):
        return Answer(None, (None,) * levels, Termination.INFEASIBLE, size, why=why)
    pricer = Pricer(compiled, options.worker_threads)
    try:
        run = Run(problem, options, compiled, pricer, laps={"build": time.perf_counter() - began})
        solution = Solution(compiled)
        search, shadow = _search_levels(run, solution, pricing, start)
        if search.value()[0] >= MISSING / 2:
            return Answer(None, (None,) * levels, _ended(run), size, why=why, runtime_s=run.laps)
        placement = solution.placement()
        why |= _why_not(run, placement, shadow)
    finally:
        pricer.close()
    bounds, ended = _proven(run, placement)
    return Answer(placement, bounds, ended, size, why, runtime_s=run.laps)


def _proven(run: Run, placement: Placement) -> tuple[tuple[float | None, ...], Termination]:
    """The bounds, as strong as the exact values make them, and what they say of the search."""
    values = cost(run.problem.instance, placement, run.problem.previous).levels
    padded = [*run.bounds, *[None] * (len(values) - len(run.bounds))]
    bounds = tuple(
        None if bound is None else run.compiled.levels.rounded_up(level, bound, value)
        for level, (bound, value) in enumerate(zip(padded, values, strict=True))
    )
    gaps = [np.inf if bound is None else gap(float(value), bound) for bound, value in zip(bounds, values, strict=True)]
    if max(gaps) <= 0:
        return bounds, Termination.OPTIMAL
    return bounds, Termination.GAP if max(gaps) <= run.options.gap else _ended(run)


def _search_levels(
    run: Run, solution: Solution, pricing: Pricing, start: Placement | None
) -> tuple[Search, FloatArray]:
    """Search every level until time is up; the search, and the first level's prices."""
    problem, options, compiled = run.problem, run.options, run.compiled
    search: Search | None = None
    first: FloatArray = np.zeros_like(compiled.rows.capacity)
    for level in range(compiled.levels.count):
        shadow, bound = pricing(run, level, solution)
        run.bounds.append(bound)
        run.lap("price")
        if search is None:
            first = shadow
            search = Search(solution, shadow, options.seed, problem.max_moves, threads=options.worker_threads)
            if (standing := start or problem.previous) is not None:
                solution.load(standing, search.prices)
            costs = run.first_costs(shadow)
            search.fill(costs)
        search.reprice(shadow, level)
        target = lowest(run, level, bound)
        turns = TURNS_PER_CHAIN * len(compiled.names) if options.time_limit_s is None else 10**9

        def watch(values: FloatArray, level: int = level, bound: float | None = bound) -> None:
            run.tell("search", level, float(values[level]), bound)

        watch(search.value())
        if level == 0:
            _look_again(run, search)
        search.improve(level, costs, Limits(turns, run.share_s(level), run.stopped, target, watch))
        run.lap("search")
        if run.stopped():
            break
    assert search is not None, "an objective has a level"
    return search, first


def _look_again(run: Run, search: Search) -> None:
    """Look for room for what the first placement leaves out, as thoroughly as a small part of the time allows."""
    end = run.options.elapsed_s() + LOOKING_SHARE * run.options.remaining_s()
    search.look_again(lambda: run.stopped() or run.options.elapsed_s() > end)


def lowest(run: Run, level: int, bound: float | None) -> float:
    """The least value that the bound allows, or that is as near to it as was asked for."""
    if bound is None:
        return 0.0
    levels = run.compiled.levels
    raised = levels.rounded_up(level, bound, Fraction(10**12)) if levels.steps[level] else bound
    if levels.counting[level]:
        return raised
    return max(raised, bound / (1 - run.options.gap) if run.options.gap < 1 else np.inf)


def _ended(run: Run) -> Termination:
    if run.options.stop.is_set():
        return Termination.INTERRUPTED
    limited = run.options.time_limit_s is not None
    return Termination.TIME_LIMIT if limited and run.options.remaining_s() <= 0 else Termination.HEURISTIC


def _size(compiled: Compiled) -> ModelSize:
    """How many (component, option) pairs are left; components on one node share the nodes that are left."""
    tables = compiled.tables
    left = offered = 0
    for component in tables.components[tables.components["menu"] >= 0]:
        per_node = np.diff(tables.menu_start[component["menu"]])
        offered += int(per_node.sum())
        left += int(per_node[tables.mask[component["unit"]]].sum())
    return ModelSize(candidates=left, pruned=offered - left)


def _why_impossible(problem: Problem, name: str) -> str:
    chain = problem.instance.chains[name]
    before = None if problem.previous is None else problem.previous.chains.get(name)
    return compile_chain(problem.instance, problem.infrastructure, chain, before).why or "nothing is left of it"


def _why_not(run: Run, placement: Placement, shadow: FloatArray) -> dict[str, str]:
    """What the prices say of chains that are left out; of many in a large network, what the search knows of the rest.

    The others are looked at one by one by :mod:`mosaico_place.reasons`, whose work grows with the square of the nodes.
    """
    costs = run.first_costs(shadow)
    weights = run.compiled.levels.reject[0]
    missing = [k for k, name in enumerate(run.compiled.names) if name not in placement.chains]
    many = len(missing) * len(run.problem.infrastructure.nodes) ** 2 > MANY_REASONS
    why = {}
    for k in missing:
        name = run.compiled.names[k]
        if np.isfinite(costs[k]) and costs[k] > weights[k] > 0:
            why[name] = (
                f"what it needs is worth {costs[k]:.3g} at the shadow prices of what runs out, "
                f"more than rejecting it costs ({weights[k]:.3g})"
            )
        elif many and run.compiled.tables.chains[k]["possible"]:
            why[name] = "the search found no room for all of it beside the accepted chains"
    return why
