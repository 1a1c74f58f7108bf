"""Which capacities would gain most if there were more of them: shadow prices say where, solving again says how much.

Only the first objective level is looked at. Its shadow prices come from column generation; they see chains in parts, so
what they promise is an estimate, and every growth that is advised is tried.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from fractions import Fraction

from mosaico_place.checking import check
from mosaico_place.columns.generation import Generation
from mosaico_place.compile import Problem, compile_instance
from mosaico_place.compile.arrays.rows import kind_of
from mosaico_place.compile.arrays.tables import compile_tables
from mosaico_place.costing import cost
from mosaico_place.exact.growth import grown
from mosaico_place.explanation import CapacityAdvice, CapacityGain, Verdict
from mosaico_place.instance import Instance
from mosaico_place.kernel.pricing import Pricer
from mosaico_place.method import Method, Options
from mosaico_place.placement import Placement
from mosaico_place.result import CLOSED, Result
from mosaico_place.room import Room, Worth, natural_unit
from mosaico_place.rules import CostTerm
from mosaico_place.solving import solve
from mosaico_place.usage import CapacityName

CLOSE = 1e-4
"""Relative distance of the prices' bound from the best there is at which they are good enough, and what is noise."""

_PRICING_SHARE = 0.15
"""Part of the time that the prices may take; solving, and again for every growth, take equal parts of the rest."""


def advise(
    instance: Instance,
    *,
    method: str | Method = "auto",
    options: Options | None = None,
    count: int = 5,
    previous: Placement | None = None,
    max_moves: int | None = None,
) -> CapacityAdvice:
    """Say which capacities would gain most on the first objective level if there were more of them.

    A capacity's natural unit is 1 core, 0.1 of a GPU, 1 GiB of memory, 1 MiB of a switch's tables (sram, tcam),
    100 Mbit/s of one direction of a link, 1 ms, and 1 stage or piece of what is counted. Capacities are ranked by what
    one more unit gains at the shadow prices; the best of every kind comes first, so that not all that is listed is of
    one kind. Each that is listed grows by the fewest whole units that leave room, beside the placement that was found,
    for what one rejected chain takes of it, and the instance is solved again: same method, seed and limits.

    The prices know the options that there are: of a machine that is smaller than a component, more has no price. What
    a chain lacks that is impossible for that reason is found by :func:`mosaico_place.explaining.explain`.

    Args:
        instance: the problem.
        method: what solves, as for :func:`mosaico_place.solving.solve`.
        options: limits, seed, threads, interruption; the time limit is for everything together, and each solve gets
            an equal part of it.
        count: how many capacities to list and check, at least 1.
        previous: the placement before, as for ``solve``.
        max_moves: how many components may move since.

    Raises:
        InputError: the instance is not valid, with every fault.
        ValueError: there is no such method, or ``count`` or ``max_moves`` is out of range.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    options = options or Options()
    inquiry = _Inquiry(_first_level(instance), method, options, *_shares_s(options, count + 1), previous, max_moves)
    result = inquiry.solve(inquiry.instance, previous)
    level = result.levels[0]
    advice = CapacityAdvice(instance.name, result.method, result.termination, level.value, level.bound)
    if result.placement is None or level.value is None or level.value <= CLOSED:
        return advice
    worth = inquiry.price(level.value)
    bound = max((bound for bound in (level.bound, worth.bound) if bound is not None), default=None)
    found = _Found(result.placement, level.value, bound)
    names = _ranked(inquiry.instance, worth, level.value)[:count]
    room = Room(inquiry.instance, worth, result.placement)
    gains = [room.gain(name, level.value) for name in names]
    return replace(advice, bound=bound, gains=tuple(inquiry.checked(gain, found) for gain in gains))


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found without any growth: the placement, its first level, and the bound on that."""

    placement: Placement
    value: float
    bound: float | None


@dataclass(frozen=True, slots=True)
class _Inquiry:
    """What is asked: the instance with its first level alone, and how it is solved."""

    instance: Instance
    method: str | Method
    options: Options
    solving_s: float | None
    pricing_s: float | None
    previous: Placement | None
    max_moves: int | None

    def solve(self, instance: Instance, previous: Placement | None) -> Result:
        """Solve within one part of the time."""
        limits = replace(self.options, time_limit_s=self.solving_s, started_s=time.monotonic())
        return solve(instance, method=self.method, options=limits, previous=previous, max_moves=self.max_moves)

    def price(self, value: float) -> Worth:
        """The shadow prices of the first level, whose value is known."""
        problem = compile_instance(self.instance, self.previous, self.max_moves)
        limits = replace(self.options, time_limit_s=self.pricing_s, started_s=time.monotonic())
        return _prices(problem, limits, value)

    def checked(self, gain: CapacityGain, found: _Found) -> CapacityGain:
        """Solve again with the growth."""
        if self.options.stop.is_set() or self.options.remaining_s() <= 0:
            return gain
        larger = grown(self.instance, {gain.capacity: gain.by})
        result = self.solve(larger, self._start(found))
        level = result.levels[0]
        values = [value for value in (level.value, self._kept(larger, found)) if value is not None]
        value = min(values, default=None)
        verdict = _verdict(found, value, level.bound)
        return replace(gain, value=value, bound=level.bound, termination=result.termination, verdict=verdict)

    def _start(self, found: _Found) -> Placement | None:
        """Where solving again starts: from what was found, where nothing is compared with a previous placement."""
        chains = self.instance.chains.values()
        compared = any(
            term.cost in (CostTerm.DROPPED, CostTerm.MOVES) for level in self.instance.objective for term in level
        ) or any(not component.movable for chain in chains for component in chain.components.values())
        free = self.previous is None and self.max_moves is None and not compared
        return found.placement if free else self.previous

    def _kept(self, larger: Instance, found: _Found) -> float | None:
        """The first level of what was found, with the growth; None if it breaks a rule there."""
        if check(larger, found.placement, self.previous, self.max_moves):
            return None
        return float(cost(larger, found.placement, self.previous).levels[0])


def _shares_s(options: Options, solves: int) -> tuple[float | None, float | None]:
    """Seconds for each solve, and for the prices."""
    if options.time_limit_s is None:
        return None, None
    left_s = max(options.remaining_s(), 1e-6)
    return left_s * (1 - _PRICING_SHARE) / solves, left_s * _PRICING_SHARE


def _first_level(instance: Instance) -> Instance:
    """The instance with its first level alone, unless that changes which chains must be accepted."""
    first = replace(instance, objective=instance.objective[:1])
    same = all(first.must_accept(chain) == instance.must_accept(chain) for chain in instance.chains.values())
    return first if same else instance


def _prices(problem: Problem, options: Options, value: float) -> Worth:
    """Column generation on the first level, until its bound is close or the time is up."""

    def stop() -> bool:
        return options.stop.is_set() or options.remaining_s() <= 0

    def closed(master: float, bound: float) -> bool:
        return master - bound <= CLOSE * max(abs(master), 1e-6)

    compiled = compile_tables(problem)
    pricer = Pricer(compiled, options.worker_threads)
    try:
        generation = Generation.begun(compiled, pricer, stop)
        generation.run(stop, closed)
    finally:
        pricer.close()
    assert generation.best is not None, "a run prices at least once"
    bound = generation.bound
    if bound is not None:
        bound = compiled.levels.rounded_up(0, bound, Fraction(value))
    shares = [problem.instance.classes[name].share or Fraction(0) for name in compiled.rows.classes]
    shadow = generation.best.duals.shadow
    return Worth(compiled, (Fraction(1), *shares), shadow, bound, generation.master.columns)


def _ranked(instance: Instance, worth: Worth, value: float) -> list[CapacityName]:
    """Capacities with a price: the best of every kind, then the others, each by what one more unit gains."""
    found = []
    for name in worth.rows.names:
        # In six digits, so that what is worth the same stays in the order of the file.
        per_unit = float(f"{worth.per_unit(name, natural_unit(instance, name)):.6g}")
        if per_unit > CLOSE * value:
            found.append((per_unit, name))
    found.sort(key=lambda each: (-min(each[0], value), -each[0]))
    best = {kind_of(name): name for _, name in reversed(found)}
    return [name for _, name in sorted(found, key=lambda each: best[kind_of(each[1])] != each[1])]


def _verdict(found: _Found, value: float | None, bound: float | None) -> Verdict:
    """What a value and a bound with a growth say beside those without it."""
    slack = CLOSED * max(1.0, found.value)
    if value is not None and found.bound is not None and value < found.bound - slack:
        return Verdict.CONFIRMED
    if bound is not None and bound >= found.value - slack:
        return Verdict.NO_GAIN
    return Verdict.BETTER if value is not None and value < found.value - slack else Verdict.NOT_CONFIRMED
