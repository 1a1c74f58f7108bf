"""What ``solve`` returns: a frozen, typed twin of the JSON document of ``solve --json``.

Numbers are in the document's units (cores, GPUs, bytes, bit/s, microseconds), so that a result that went
through JSON and back equals itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from mosaico_place.placement import Opening, Placement
from mosaico_place.rules import Rule

CLOSED = 1e-6
"""Value and bound of a level that differ by no more are equal."""


def gap(value: float, bound: float) -> float:
    """Relative distance of a level's value from its bound; 0 where the two are equal."""
    return 0.0 if value - bound <= CLOSED else (value - bound) / max(abs(value), 1e-6)


def contradicts(bound: float | None, value: float) -> bool:
    """Whether a level costs less than what is said to be its bound."""
    return bound is not None and bound > value + CLOSED * max(1.0, abs(value))


def rounded_up(bound: float, step: Fraction, value: Fraction) -> float:
    """The strongest bound that follows from a solver's bound.

    Nothing lies below 0, and every value is a multiple of ``step``, so a bound between two multiples can be raised to
    the upper one. A small tolerance keeps the solver's own rounding from raising it too far; a step within that
    tolerance is not used. Never above the value itself.
    """
    bound = max(bound, 0.0)
    tolerance = CLOSED * max(1.0, abs(bound))
    if step > 2 * tolerance:
        bound = float(math.ceil((Fraction(bound) - Fraction(tolerance)) / step) * step)
    return min(bound, float(value))


class Termination(StrEnum):
    """Why the method stopped. Whether there is a placement is a question apart."""

    OPTIMAL = "optimal"
    """Every level is closed, to 1e-6 or because no value lies between."""
    GAP = "gap"
    """Every level is within the gap that was asked for."""
    TIME_LIMIT = "time-limit"
    ITERATION_LIMIT = "iteration-limit"
    MEMORY_LIMIT = "memory-limit"
    INFEASIBLE = "infeasible"
    """Proven: no placement keeps all rules."""
    INTERRUPTED = "interrupted"
    HEURISTIC = "heuristic"
    """The method ended by itself and proves nothing."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule broken by a placement.

    Attributes:
        rule: which one.
        where: what breaks it, by name: ``chain player-1, component game`` or ``node edge-1, cpu``.
        message: what is wrong, in a sentence, with the figures.
        amount: by how much, in base units of what the rule counts (cores, bytes, bit/s, seconds); 1 per fault
            for rules that count nothing.
    """

    rule: Rule
    where: str
    message: str
    amount: float = 1.0


@dataclass(frozen=True, slots=True)
class LevelResult:
    """One objective level.

    Attributes:
        terms: term -> its value, not multiplied by its weight.
        value: weighted sum of the terms; None without a placement.
        bound: proven: no placement whose levels before are all <= the reported values has this level below
            it; None when nothing is proven.
        gap: (value - bound) / max(\\|value\\|, 1e-6), 0 if value - bound <= 1e-6; None if either is.
    """

    terms: Mapping[str, float]
    value: float | None
    bound: float | None
    gap: float | None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A chain that is not accepted, and why."""

    chain: str
    why: str


@dataclass(frozen=True, slots=True)
class BudgetResult:
    """The latency of one budget of an accepted chain, in microseconds."""

    tail: str
    head: str
    actual_us: float
    within_us: float | None
    target_us: float | None


@dataclass(frozen=True, slots=True)
class Use:
    """Use of one resource in base units; use + reserved <= capacity."""

    used: float
    capacity: float
    reserved: float = 0


@dataclass(frozen=True, slots=True)
class LinkUse:
    """Use of one link direction that carries flows, in bit/s."""

    tail: str
    head: str
    used_bps: int
    bandwidth_bps: int
    reserved_bps: int = 0


@dataclass(frozen=True, slots=True)
class ModelSize:
    """How large the problem was.

    Attributes:
        candidates: (component, node, implementation[, devices]) left after pruning.
        pruned: how many more there were before.
        variables, rows, nonzeros: of the model that the solver was given; 0 if there was none.
    """

    candidates: int = 0
    pruned: int = 0
    variables: int = 0
    rows: int = 0
    nonzeros: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """Outcome of one solve; every placement in it has passed the checker.

    Attributes:
        instance: name of the instance.
        method: the method that answered.
        levels: the objective, best level first.
        terms: every cost term of the placement, whether the objective names it or not.
        placement: None if none was found.
        accepted: names of accepted chains, in the instance's order.
        accepted_weight: sum of their weights.
        accepted_weight_bound: proven upper bound on it; None when nothing is proven.
        budgets: accepted chain -> one entry per latency budget.
        nodes: node -> resource -> use, for every node with a capacity.
        devices: node -> device -> resource -> use.
        links: link directions in use.
        loads: opened instances -> bit/s that they serve.
        runtime_s: phase -> wall-clock seconds.
        method_why: what each part of ``auto`` gave; empty if the method was asked for.
    """

    instance: str
    method: str
    termination: Termination
    levels: tuple[LevelResult, ...]
    placement: Placement | None
    terms: Mapping[str, float] = field(default_factory=dict)
    accepted: tuple[str, ...] = ()
    accepted_weight: float | None = None
    accepted_weight_bound: float | None = None
    rejected: tuple[Rejection, ...] = ()
    budgets: Mapping[str, tuple[BudgetResult, ...]] = field(default_factory=dict)
    nodes: Mapping[str, Mapping[str, Use]] = field(default_factory=dict)
    devices: Mapping[str, Mapping[str, Mapping[str, Use]]] = field(default_factory=dict)
    links: tuple[LinkUse, ...] = ()
    loads: Mapping[Opening, int] = field(default_factory=dict)
    model: ModelSize = field(default_factory=ModelSize)
    violations: tuple[Violation, ...] = ()
    runtime_s: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    method_why: str = ""
