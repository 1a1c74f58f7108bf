"""What an orchestrator counts while it works."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from mosaico_place.describe import plain_number
from mosaico_place.dynamics.decision import Decision
from mosaico_place.dynamics.quantiles import quantile
from mosaico_place.dynamics.standing import Standing
from mosaico_place.events import WORDS
from mosaico_place.result import LevelResult

LATEST = 10_000
"""So many answers are behind the times that are told."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Counts since an orchestrator was made, and how things stand.

    Attributes:
        version: of the last decision.
        decisions: by cause; events: by kind.
        repeats: requests whose id was known; what_ifs: questions.
        moves, reroutes, rewrites: of all decisions together.
        refused, dropped, admitted: chains, likewise; interruptions: of all plans.
        time_ms: p50, p99 and max over the latest decisions about events; empty before the first.
        chains: wanted; accepted: of which have a place; accepted_weight: of those; unmet: that must have one.
        levels: of the last decision.
    """

    version: int
    decisions: Mapping[str, int]
    events: Mapping[str, int]
    repeats: int
    what_ifs: int
    moves: int
    reroutes: int
    rewrites: int
    refused: int
    dropped: int
    admitted: int
    interruptions: int
    time_ms: Mapping[str, float]
    chains: int
    accepted: int
    accepted_weight: float
    unmet: int
    levels: tuple[LevelResult, ...]


@dataclass(slots=True)
class Meter:
    """Counts."""

    decisions: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    times: deque[float] = field(default_factory=lambda: deque(maxlen=LATEST))

    def note(self, decision: Decision) -> None:
        """Count a decision."""
        self.decisions[str(decision.cause)] += 1
        self.events.update(WORDS[type(event)] for event in decision.events)
        for what in ("moves", "reroutes", "rewrites"):
            self.totals[what] += getattr(decision.changes, what)
        for what in ("refused", "dropped", "admitted"):
            self.totals[what] += len(getattr(decision, what))
        self.totals["interruptions"] += len(decision.plan.interruptions)
        if decision.events:
            self.times.append(decision.seconds)

    def read(self, standing: Standing) -> Metrics:
        """What there is to tell."""
        instance, placement, last = standing.instance, standing.placement, standing.last
        weight = sum((instance.chains[name].weight for name in placement.chains), Fraction(0))
        names = (
            "repeats",
            "what_ifs",
            "interruptions",
            "moves",
            "reroutes",
            "rewrites",
            "refused",
            "dropped",
            "admitted",
        )
        return Metrics(
            version=standing.version,
            decisions=dict(self.decisions),
            events=dict(self.events),
            **{name: self.totals[name] for name in names},
            time_ms=spread([1000 * seconds for seconds in self.times]),
            chains=len(instance.chains),
            accepted=len(placement.chains),
            accepted_weight=plain_number(weight),
            unmet=0 if last is None else len(last.unmet),
            levels=() if last is None else last.levels,
        )


def spread(values: list[float]) -> dict[str, float]:
    """Median, 99th percentile (nearest rank) and the largest."""
    return {"p50": quantile(values, 0.5), "p99": quantile(values, 0.99), "max": max(values)} if values else {}
