"""The document of ``compare``."""

from __future__ import annotations

from typing import Literal

from mosaico_place.result import Termination
from mosaico_place.schema.parts import CostEntry, Document


class StartEntry(Document):
    """A placement in which a scenario begins."""

    without: str | None
    """The freedom that was taken away; null for none."""
    strategy: str | None
    """The strategy that alone begins there; null for all others."""
    termination: Termination | None
    """How solving for it ended; null if it was given."""
    requested: float
    """Weight of the chains that there are."""
    accepted: float
    """Weight of those that are served."""


class SpreadEntry(Document):
    """How figures are spread."""

    mean: float
    p95: float
    max: float


class TimesEntry(Document):
    """Milliseconds: quantiles, each one that was measured, and the largest."""

    p50: float
    p95: float
    p99: float
    max: float


class SpeedupEntry(Document):
    """Times of full re-solves, their plans left out, by times of answers with their plans to the same changes."""

    median: float
    max: float


class SummaryEntry(Document):
    """What one strategy answered, in one mode."""

    strategy: str
    mode: Literal["same", "own"]
    """`same`: at every change from the placement that the first strategy left; `own`: from its own last answer."""
    without: str | None
    """The freedom that was taken away; null for none."""
    answers: int
    """How many changes it was asked about."""
    found: int
    """Answers of its own, not those that it gives where it is not its turn or its time limit struck first."""
    proven: int
    """Answers that are proven best on every level."""
    accepted_ratio: float
    """Weight x time served by weight x time requested, every answer holding until the next change."""
    objective: list[CostEntry]
    """Mean over its answers of every level, and of every term that the level names."""
    moves: int
    """Components whose node, device or implementation changed while their chains ran on; with those of idle time."""
    reroutes: int
    """Flows that took other paths although their ends stayed; with those of idle time."""
    rewrites: int
    """Chains merged or run in parallel otherwise, and components that changed level; with those of idle time."""
    interrupted: int
    """How often a plan interrupted a chain."""
    steps: int
    """Steps of all its plans."""
    time_ms: TimesEntry | None
    """From the events in to the checked plan out, of the answers found; null if there are none."""
    gap_to_resolve: list[SpreadEntry | None]
    """Per level, (value - value of the re-solve) / the larger of the two, where one answered from the same state and
    all levels before are equal; below 0 where the re-solve is worse. Null where there is no such change."""
    gap_to_bound: list[SpreadEntry | None]
    """Per level, (value - bound) / value, for the best bound that is proven for the answer. Null where none is."""
    speedup: SpeedupEntry | None
    """Against full re-solves at the same changes; null where there are none."""


class LimitsEntry(Document):
    """What every answer was limited by."""

    event_budget_s: float | None
    """Seconds for an answer; null for as long as it needs."""
    idle_s: float
    """Seconds for improving after each change."""
    max_moves: int | None
    """Components that may move in one answer; null for any number."""
    method: str
    """Of full re-solves and of the start."""
    resolve_limit_s: float
    """Seconds for a full re-solve."""
    resolve_every: int
    """At every how many changes there is one."""
    start_limit_s: float
    """Seconds for the placement in the beginning."""


class CompareDocument(Document):
    """What `compare --json` prints."""

    format: Literal[1]
    scenario: str
    instance: str
    changes: int
    """Moments at which something happens; each gets one answer."""
    complete: bool
    """Whether all of them were answered; false if it was interrupted."""
    seed: int
    limits: LimitsEntry
    starts: list[StartEntry]
    strategies: list[SummaryEntry]
