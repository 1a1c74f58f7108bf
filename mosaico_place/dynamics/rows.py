"""Every answer of a comparison as a row of figures, and where the answers began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mosaico_place.dynamics.judge import Judged
from mosaico_place.dynamics.replay import Answered, Mode, weight_of
from mosaico_place.events import describe
from mosaico_place.placement import Placement
from mosaico_place.result import Termination


@dataclass(frozen=True, slots=True)
class Counts:
    """What an answer changes.

    Attributes:
        moves, reroutes, rewrites: as of :class:`mosaico_place.dynamics.judge.Changes`.
        interrupted: chains that its plan interrupts, one for each time.
        steps: of its plan.
    """

    moves: int = 0
    reroutes: int = 0
    rewrites: int = 0
    interrupted: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One answer in figures.

    Attributes:
        without: the freedom that was taken away; empty if none was.
        mode: what it started from.
        batch: position of the change in the scenario.
        at_ns: when it happened.
        what: what happened, in words.
        strategy: who answered.
        requested: weight that asks for service, of lost chains as well.
        accepted: weight that is served.
        held: weight that is served after idle time.
        terms: every cost term.
        levels: values of the objective's levels.
        bounds: proven, per level; None where nothing is.
        found: whether it is the answer that the strategy is for, and no substitute.
        proven: whether every level was solved to its optimum.
        counts: what it changes; idle: what idle time changed after it.
        seconds: from the events in to the checked plan out.
        answer_s: of these, what the strategy took for its placement.
    """

    without: str
    mode: Mode
    batch: int
    at_ns: int
    what: str
    strategy: str
    requested: float
    accepted: float
    held: float
    terms: Mapping[str, float]
    levels: tuple[float, ...]
    bounds: tuple[float | None, ...]
    found: bool
    proven: bool
    counts: Counts
    idle: Counts
    seconds: float
    answer_s: float


@dataclass(frozen=True, slots=True)
class Start:
    """The placement in which a scenario begins.

    Attributes:
        without: the freedom that was taken away; empty if none was.
        strategy: for which strategy alone; empty if for all others.
        placement: what stands.
        termination: how solving for it ended; None if it was given.
        requested, accepted: weights.
    """

    without: str
    strategy: str
    placement: Placement
    termination: Termination | None
    requested: float
    accepted: float


def row_of(answered: Answered, without: str = "") -> Row:
    """An answer in figures."""
    judged, batch = answered.judged, answered.batch
    idle = answered.idle
    held = judged.reply.placement if idle is None else idle.reply.placement
    return Row(
        without=without,
        mode=answered.mode,
        batch=batch.index,
        at_ns=batch.at_ns,
        what=", ".join(describe(event) for event in batch.events),
        strategy=answered.strategy,
        requested=float(answered.requested),
        accepted=float(answered.accepted),
        held=float(weight_of(answered.instance, held)),
        terms={str(term): float(value) for term, value in judged.cost.terms.items()},
        levels=tuple(float(value) for value in judged.cost.levels),
        bounds=judged.reply.bounds or (None,) * len(judged.cost.levels),
        found=judged.reply.found,
        proven=judged.reply.proven,
        counts=_counts(judged),
        idle=Counts() if idle is None else _counts(idle),
        seconds=answered.seconds,
        answer_s=answered.judged.answer_s,
    )


def _counts(judged: Judged) -> Counts:
    changes, plan = judged.changes, judged.plan
    return Counts(changes.moves, changes.reroutes, changes.rewrites, len(plan.interruptions), len(plan.steps))
