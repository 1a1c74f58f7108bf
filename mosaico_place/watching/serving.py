"""The side car: stdin answered on stdout, until it ends."""

from __future__ import annotations

import gc
import json
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mosaico_place.dynamics.documents import decision_document
from mosaico_place.dynamics.orchestrator import COOL_DOWN_S, Orchestrator
from mosaico_place.errors import SolverError
from mosaico_place.instance import Instance
from mosaico_place.method import Options
from mosaico_place.placement import EMPTY, Placement
from mosaico_place.solving import solve
from mosaico_place.terminal import complain, interruptible, put
from mosaico_place.watching.desk import Desk, Line
from mosaico_place.watching.lines import lines_of

_PATIENCE_S = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    """What the side car may take, in seconds.

    Attributes:
        start_s: for the solve at the start.
        event_s: for one answer; None for as long as it needs.
        cool_down_s: how long what moved stays.
        resolve_s: from one solve in idle time to the next, and for each of them; None for none.
        max_moves: how many components may move in one answer.
        seed: of everything random.
    """

    start_s: float = 10.0
    event_s: float | None = None
    cool_down_s: float = COOL_DOWN_S
    resolve_s: float | None = None
    max_moves: int | None = None
    seed: int = 0


def side_car(
    instance: Instance,
    placement: Placement | None,
    strategy: str,
    journal: Path | None,
    limits: Limits,
    crashed: Callable[[SolverError], None],
) -> None:
    """Answer stdin on stdout until it ends, or the user stops it.

    Raises:
        InputError: the placement or the journal is of another instance.
        OSError: the journal cannot be used, or stdout cannot be written.
    """
    with (
        interruptible() as stop,
        Orchestrator(
            instance, placement or EMPTY, strategy=strategy, seed=limits.seed, budget_s=limits.event_s,
            max_moves=limits.max_moves, cool_down_s=limits.cool_down_s, journal=journal,
        ) as orchestrator,
    ):  # fmt: skip
        if not orchestrator.restored:
            _put(decision_document(orchestrator.last))
        if placement is None and orchestrator.version == 1:
            if sys.stderr.isatty():
                complain([f"solving for at most {limits.start_s:g} s"])
            options = Options(time_limit_s=limits.start_s, seed=limits.seed, stop=stop)
            found = solve(instance, options=options).placement
            decision = None if found is None else orchestrator.offer(found)
            if decision is not None:
                _put(decision_document(decision))
        ready = {"instance": instance.name, "version": orchestrator.version, "restored": orchestrator.restored}
        _put({"ready": ready})
        if sys.stderr.isatty():
            complain(["ready: reading a JSON document per line; Ctrl-C or the end of input ends it"])
        serve(Desk(orchestrator, crashed), sys.stdin.fileno(), _put, stop, limits.resolve_s)


def keep_for_good() -> None:
    """Let the garbage collector pass over all that is there by now.

    A full collection looks at every object, which takes longer than an answer may; most are there from the beginning.
    """
    gc.collect()
    gc.freeze()


def serve(
    desk: Desk, file: int, put: Callable[[Line], None], stop: threading.Event, resolve_s: float | None = None
) -> None:
    """Answer the lines of a file, until it ends or ``stop`` is set."""
    keep_for_good()
    lines = lines_of(file)
    it, since_s = desk.orchestrator, time.monotonic()
    while not stop.is_set():
        if (decision := it.poll()) is not None:
            put(decision_document(decision))
        now_s = time.monotonic()
        if resolve_s is not None and not it.resolving and it.solved != it.version and now_s - since_s >= resolve_s:
            since_s = now_s
            it.resolve(resolve_s)
        try:
            line = lines.get(timeout=_PATIENCE_S)
        except queue.Empty:
            continue
        if line is None:
            return
        answer = desk.answer(line)
        if answer is not None:
            put(answer)


def _put(line: Line) -> None:
    put(json.dumps(line, allow_nan=False) + "\n")
