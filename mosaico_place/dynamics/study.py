"""What a comparison of strategies is of: who answers, how, and within which limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mosaico_place.dynamics.replay import Mode
from mosaico_place.dynamics.strategy import Maker, find_strategy
from mosaico_place.levers import Lever
from mosaico_place.placement import Placement

DEFAULT_STRATEGIES = ("restructure", "classic", "classic-first", "resolve")
RESOLVE = "resolve"
"""What the others are measured by."""
RESOLVES = (RESOLVE, "resolve-free-moves")
"""Those that are asked at every how many changes only."""
FIRST_ONLY = "classic-first"
"""Begins with a placement of its own, and is left out where all start from one: it cannot stand as others stood."""


@dataclass(frozen=True, slots=True)
class Study:
    """What is compared, and under which limits.

    Attributes:
        strategies: names, or name -> maker for those that are not installed; the first one leads where all start from
            the same state.
        modes: what they start from.
        without: freedoms without which the scenario is played back once more each, beside the one with all.
        placement: that stands in the beginning; it is solved for if there is none.
        start_limit_s: seconds for that.
        method, resolve_limit_s, resolve_every: of full re-solves, and how long one may take at every how many changes.
        budget_s: seconds that an answer may take; None for as long as it needs.
        idle_s: seconds for improving after every change.
        max_moves: how many components may move in an answer; None for what the scenario says.
        seed: of everything random but the scenario's events.
        threads: how many to use; None for all.
    """

    strategies: Sequence[str] | Mapping[str, Maker] = DEFAULT_STRATEGIES
    modes: tuple[Mode, ...] = (Mode.SAME, Mode.OWN)
    without: tuple[Lever, ...] = ()
    placement: Placement | None = None
    start_limit_s: float = 20.0
    method: str = "auto"
    resolve_limit_s: float = 10.0
    resolve_every: int = 10
    budget_s: float | None = None
    idle_s: float = 0.0
    max_moves: int | None = None
    seed: int = 0
    threads: int | None = None

    @property
    def makers(self) -> dict[str, Maker]:
        """The strategies by name; ValueError if there is none of a name."""
        given = self.strategies
        return dict(given) if isinstance(given, Mapping) else {name: find_strategy(name) for name in given}


AS_USUAL = Study()
"""The installed strategies with their usual limits."""
