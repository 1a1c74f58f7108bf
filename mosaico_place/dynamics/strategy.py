"""The door for strategies: ours, and a user's own.

A strategy answers changes of an instance with placements. It is found by name under the entry-point group
``mosaico_place.strategies``; what it answers is judged like ours before anyone sees it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from mosaico_place.installed import installed, load_installed
from mosaico_place.instance import Instance
from mosaico_place.placement import EMPTY, Placement

STRATEGIES = "mosaico_place.strategies"
"""The entry-point group where strategies are found."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a strategy answers.

    Attributes:
        placement: the next one.
        bounds: per objective level, as of :class:`mosaico_place.method.Answer`; empty or None where nothing is proven.
        proven: whether every level was solved to its optimum, as the method says; only such are called optimal.
        found: whether it is the answer that the strategy is for; False of a substitute, where a limit ended first.
    """

    placement: Placement
    bounds: tuple[float | None, ...] = ()
    proven: bool = False
    found: bool = True


@dataclass(frozen=True, slots=True)
class Setting:
    """What every strategy is told in the beginning.

    Attributes:
        instance: before the first change.
        placement: that stands then.
        seed: of everything random.
        budget_s: seconds that an answer may take; None for as long as it needs.
        max_moves: how many components may move in an answer; None for any number.
        method: what a full re-solve uses; resolve_limit_s: seconds that each may take; resolve_every: at every how
            many changes there is one, with plain answers between.
        threads: how many to use; None for all.
        answered: how many changes were answered before, in a run that goes on from here.
        stop: once it is set, an answer that takes long is to end with what it has.
    """

    instance: Instance
    placement: Placement = EMPTY
    seed: int = 0
    budget_s: float | None = None
    max_moves: int | None = None
    method: str = "auto"
    resolve_limit_s: float = 60.0
    resolve_every: int = 1
    threads: int | None = None
    answered: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def __deepcopy__(self, memo: object) -> Setting:
        """The same: a setting never changes, and copies of a strategy stop with it."""
        return self


class Strategy(Protocol):
    """A way to answer changes, one after the other."""

    def stand(self, instance: Instance, placement: Placement) -> None:
        """Know what stands, whatever was answered before. Called before every answer; not timed."""

    def answer(self, instance: Instance) -> Reply:
        """Place the changed instance, starting from what stands."""
        ...

    def improve(self, seconds: float) -> Reply | None:
        """Use idle time to do better in the same instance; None for nothing better."""


Maker = Callable[[Setting], Strategy]
"""What an entry point names."""


@dataclass(slots=True)
class Stateless:
    """A strategy made of a function (instance, placement before) -> placement."""

    place: Callable[[Instance, Placement], Placement]
    _before: Placement = EMPTY

    def stand(self, instance: Instance, placement: Placement) -> None:
        """Remember the placement."""
        del instance  # the answer is told the changed one
        self._before = placement

    def answer(self, instance: Instance) -> Reply:
        """Ask the function."""
        return Reply(self.place(instance, self._before))

    def improve(self, seconds: float) -> None:
        """Nothing is done in idle time."""


def strategy_names() -> list[str]:
    """Names of the strategies that are installed."""
    return installed(STRATEGIES)


def find_strategy(name: str) -> Maker:
    """The strategy of that name.

    Raises:
        ValueError: there is no such strategy; the message names those that exist.
    """
    maker: Maker = load_installed(STRATEGIES, "strategy", name)
    return maker
