"""What an orchestrator decided: small enough to keep for every event."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mosaico_place.dynamics.delta import Delta
from mosaico_place.dynamics.judge import Changes
from mosaico_place.events import Event
from mosaico_place.planning import Plan
from mosaico_place.result import LevelResult, Violation


class Cause(StrEnum):
    """Why something was decided."""

    START = "start"
    """The orchestrator took up its work."""
    EVENTS = "events"
    """Something happened."""
    FAILED = "failed"
    """A step of a plan could not be carried out."""
    SYNC = "sync"
    """The network told what really runs."""
    IMPROVED = "improved"
    """Something better was found in idle time."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to stand from now on, and how to get there.

    Attributes:
        version: counts the decisions from 1.
        cause: why it was taken.
        at_ns: when, by the clock of the events; None if they did not say.
        event_id: under which the request is known; None if it has no id.
        events: that happened, at one moment.
        about: the version whose plan went wrong, if one did.
        actual: how what really ran before differed from what was thought.
        delta: how the placement differs from the one before.
        plan: the steps that lead there.
        levels: of the objective, with bounds where they are proven.
        changes: moves, re-routes and rewrites, counted.
        refused: chains that arrived and found no place; dropped: that ran and do so no more, though wanted.
        admitted: chains that had been waiting.
        unmet: rules that cannot be kept: chains that must be accepted and are not.
        seconds: from the event to the checked answer.
    """

    version: int
    cause: Cause
    at_ns: int | None = None
    event_id: str | None = None
    events: tuple[Event, ...] = ()
    about: int | None = None
    actual: Delta | None = None
    delta: Delta = field(default_factory=Delta)
    plan: Plan = field(default_factory=Plan)
    levels: tuple[LevelResult, ...] = ()
    changes: Changes = field(default_factory=Changes)
    refused: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    admitted: tuple[str, ...] = ()
    unmet: tuple[Violation, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Done:
    """A step of a plan has been carried out.

    Attributes:
        version: whose plan.
        step: which, counted from 1; None for all of them.
    """

    version: int
    step: int | None = None
