"""What a scenario is."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from mosaico_place.events import Event
from mosaico_place.instance import Instance, ObjectiveLevel, Term
from mosaico_place.rules import CostTerm

MOVES_WEIGHT = Fraction(1, 50)
"""What a move of price 1 counts beside the weight of rejected chains, unless a scenario says otherwise."""


@dataclass(frozen=True, slots=True)
class Timed:
    """An event and when it happens, in ns from the scenario's beginning."""

    at_ns: int
    event: Event


@dataclass(frozen=True, slots=True)
class Scenario:
    """Events over one instance.

    Attributes:
        name: of the scenario.
        instance: what there is at its beginning; its objective is the scenario's.
        objective: levels by which every answer is judged.
        max_moves: how many components one answer may move; None for any number.
        preempt: whether a chain that runs may be given up for one that arrives.
        events: in the order in which they happen.
        seed: what its processes were drawn with.
    """

    name: str
    instance: Instance
    objective: tuple[ObjectiveLevel, ...]
    max_moves: int | None = None
    preempt: bool = False
    events: tuple[Timed, ...] = ()
    seed: int = 0

    @property
    def batches(self) -> tuple[tuple[int, tuple[Event, ...]], ...]:
        """(time in ns, its events): what happens at one time gets one answer."""
        groups = groupby(self.events, key=lambda timed: timed.at_ns)
        return tuple((at_ns, tuple(timed.event for timed in group)) for at_ns, group in groups)


def default_objective(*, preempt: bool) -> tuple[ObjectiveLevel, ...]:
    """The levels of a scenario that names none: what runs goes on, then what is asked for; a move must be worth it."""
    levels: tuple[ObjectiveLevel, ...] = (
        {Term(CostTerm.DROPPED): Fraction(1)},
        {Term(CostTerm.REJECTED): Fraction(1), Term(CostTerm.MOVES): MOVES_WEIGHT},
        {Term(CostTerm.LATENCY): Fraction(1)},
        {Term(CostTerm.RESOURCES): Fraction(1)},
    )
    return levels[1:] if preempt else levels
