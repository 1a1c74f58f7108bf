"""The door for methods: ours, and a user's own.

A method is any callable ``(problem, options) -> Answer``. It is found by name under the entry-point
group ``mosaico_place.methods``, and whatever it returns is checked and costed like ours before anyone sees it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mosaico_place.compile import Problem
from mosaico_place.placement import Placement
from mosaico_place.result import ModelSize, Termination


@dataclass(frozen=True, slots=True)
class Progress:
    """A glimpse of a running method; None where nothing is known yet."""

    phase: str
    elapsed_s: float
    level: int | None = None
    incumbent: float | None = None
    bound: float | None = None
    nodes: int | None = None


def _silent(_: Progress) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class Options:
    """What every method is told.

    Attributes:
        time_limit_s: seconds for the whole call, or None.
        gap: relative gap per level at which it is good enough.
        threads: how many to use; None: all that the process may run on.
        seed: of everything random; the same seed and threads give the same answer unless a time limit strikes.
        stop: set it from anywhere to interrupt; the best answer so far is returned.
        progress: called now and then, from the thread that solves.
        started_s: ``time.monotonic()`` from which the time limit counts.

    Raises:
        ValueError: an attribute is out of range.
    """

    time_limit_s: float | None = None
    gap: float = 1e-4
    threads: int | None = None
    seed: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    progress: Callable[[Progress], None] = _silent
    started_s: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.time_limit_s is not None and not self.time_limit_s > 0:
            raise ValueError(f"time_limit_s must be above 0, not {self.time_limit_s}")
        if not 0 <= self.gap < float("inf"):
            raise ValueError(f"gap must be at least 0, not {self.gap}")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"seed must lie between 0 and 2**31 - 1, not {self.seed}")

    @property
    def worker_threads(self) -> int:
        """Threads to use."""
        if self.threads is not None:
            return self.threads
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def elapsed_s(self) -> float:
        """Seconds since the call began."""
        return time.monotonic() - self.started_s

    def remaining_s(self) -> float:
        """Seconds left; infinite without a limit, never negative."""
        if self.time_limit_s is None:
            return float("inf")
        return max(0.0, self.time_limit_s - self.elapsed_s())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method found and proved.

    Attributes:
        placement: the best one found; None if none.
        bounds: per objective level, see :class:`mosaico_place.result.LevelResult`; None where unproven.
        termination: why it stopped; ``optimal`` and ``gap`` are claims that the bounds must carry.
        model: size of what was solved.
        why: rejected chain -> reason in words, where the method knows one.
        chosen: of a method that leaves the work to another: its name, and why that one.
        runtime_s: phase -> seconds, for the method's own phases.
    """

    placement: Placement | None
    bounds: tuple[float | None, ...]
    termination: Termination
    model: ModelSize = field(default_factory=ModelSize)
    why: Mapping[str, str] = field(default_factory=dict)
    chosen: tuple[str, str] | None = None
    runtime_s: Mapping[str, float] = field(default_factory=dict)


class Method(Protocol):
    """A way to solve a problem."""

    def __call__(self, problem: Problem, options: Options) -> Answer:
        """Answer the problem, starting from its previous placement where that helps."""
        ...
