"""The body of ``watch``: requests in, answers out, a JSON document on every line."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mosaico_place.document import level_document, placement_document, plain, read_placement, violation_document
from mosaico_place.dynamics.documents import decision_document
from mosaico_place.dynamics.orchestrator import COOL_DOWN_S, Orchestrator
from mosaico_place.errors import Fault, InputError, SolverError, shown, unknown_name
from mosaico_place.events import WORDS, Event
from mosaico_place.events.reading import read_event
from mosaico_place.instance import Instance
from mosaico_place.method import Options
from mosaico_place.placement import EMPTY, Placement
from mosaico_place.quantities import Dimension, format_quantity
from mosaico_place.schema.events import EventModel
from mosaico_place.schema.faults import findings
from mosaico_place.schema.placement import PlacementDocument
from mosaico_place.schema.watching import RequestModel, StepFailed
from mosaico_place.solving import solve
from mosaico_place.source import MAX_BYTES, decoded, from_data
from mosaico_place.terminal import complain, interruptible, put

Line = dict[str, object]
"""A line of the answer."""

REQUESTS = ("events", "done", "failed", "sync", "query", "what-if", "metrics")
"""What a line may hold besides an event."""

_PART = 1 << 16
_PATIENCE_S = 0.2


@dataclass
class Desk:
    """Answers lines, one after the other.

    Attributes:
        orchestrator: who decides.
        crashed: told of a bug; whoever made the request is told too, and the work goes on.
        line: number of the last line.
        rejected: how many lines could not be used.
    """

    orchestrator: Orchestrator
    crashed: Callable[[SolverError], None]
    line: int = 0
    rejected: int = 0

    def answer(self, text: bytes) -> Line | None:
        """The answer to a line; None to one that is empty."""
        self.line += 1
        if not text.strip():
            return None
        name: Line = {}
        try:
            data = from_data(_parsed(text)).data
            if not isinstance(data, dict):
                raise InputError([Fault((), f"expected a mapping such as {{'depart': NAME}}, found {shown(data)}")])
            if isinstance(data.get("id"), str | int):
                name = {"id": str(data["id"])}
            return name | self._answered(self._request(data), data)
        except InputError as error:
            return self._refused(name, [(fault.path, fault.message) for fault in error.faults])
        except SolverError as error:
            self.crashed(error)
            return self._refused(name, [((), f"this is a bug in mosaico-place, nothing has changed: {error}")])
        except OSError as error:
            return self._refused(name, [((), f"the journal cannot be written, nothing has changed: {error.strerror}")])

    def _refused(self, name: Line, faults: list[tuple[tuple[str | int, ...], str]]) -> Line:
        self.rejected += 1
        told = [{"path": ".".join(str(part) for part in path), "message": message} for path, message in faults]
        return {**name, "line": self.line, "error": told}

    def _request(self, data: Mapping[str, Any]) -> RequestModel:
        try:
            return RequestModel.model_validate(data, context=dict(self.orchestrator.instance.resources))
        except ValidationError as error:
            found = [Fault(one.path, one.message) for one in findings(error, data) if not one.follows]
            raise InputError(found) from None

    def _answered(self, asked: RequestModel, data: Mapping[str, Any]) -> Line:
        said = [word for word in (*WORDS.values(), *REQUESTS) if word in data and data[word] is not False]
        if len(said) != 1:
            named = f"names {' and '.join(said)}; write a line for each" if said else "says nothing to do"
            raise InputError([Fault((), f"{named}; a line holds one event, or one of {', '.join(REQUESTS)}")])
        orchestrator, at_ns, name = self.orchestrator, asked.at, asked.id
        if asked.done is not None:
            orchestrator.done(asked.done.version, asked.done.step)
            return {"done": {key: value for key, value in asked.done.model_dump().items() if value is not None}}
        if asked.failed is not None:
            actual = _actual(asked.failed)
            return decision_document(orchestrator.failed(asked.failed.version, actual, at_ns=at_ns, event_id=name))
        if asked.sync is not None:
            report = orchestrator.sync(read_placement(asked.sync), at_ns=at_ns, event_id=name)
            differs = {"differs": list(report.differs), "unknown": list(report.unknown)}
            return {**decision_document(report.decision), "sync": differs}
        if asked.query is not None:
            return {"query": self._standing() if asked.query.chain is None else self._of_chain(asked.query.chain)}
        if asked.what_if is not None:
            event = _event(asked.what_if, ("what-if",))
            with _within("what-if"):
                return {"what-if": decision_document(orchestrator.what_if(event, at_ns=at_ns))}
        if asked.metrics:
            return {"metrics": self._metrics()}
        if asked.events is not None:
            if not asked.events:
                raise InputError([Fault(("events",), "expected at least one event")])
            several = [_event(model, ("events", position)) for position, model in enumerate(asked.events)]
            with _within("events", *([0] if len(several) == 1 else [])):
                return decision_document(orchestrator.apply(several, at_ns=at_ns, event_id=name))
        return decision_document(orchestrator.apply(_event(asked, ()), at_ns=at_ns, event_id=name))

    def _standing(self) -> Line:
        it = self.orchestrator
        standing, last = it.standing, it.last
        return {
            "version": it.version,
            "at": format_quantity(standing.clock_ns, Dimension.TIME),
            "waiting": list(it.waiting),
            "lost": sorted(standing.lost),
            "pending": [{"version": version, "steps": sorted(steps)} for version, steps in standing.pending.items()],
            "objective": [level_document(level) for level in last.levels],
            "unmet": [violation_document(violation) for violation in last.unmet],
            "placement": placement_document(it.placement),
        }

    def _of_chain(self, name: str) -> Line:
        it = self.orchestrator
        placed = it.placement.chains.get(name)
        if name in it.standing.lost:
            state = "lost"
        elif name in it.instance.chains:
            state = "waiting" if placed is None else "accepted"
        else:
            raise InputError([unknown_name("chain", name, it.instance.chains, ("query", "chain"))])
        part = Placement({} if placed is None else {name: placed})
        return {"chain": name, "version": it.version, "state": state, "placement": placement_document(part)}

    def _metrics(self) -> Line:
        metrics = self.orchestrator.metrics
        figures = {key: value for key, value in asdict(metrics).items() if key != "levels"}
        times = {name: plain(round(value, 3)) for name, value in metrics.time_ms.items()}
        levels = [level_document(level) for level in metrics.levels]
        return {**figures, "rejected": self.rejected, "time_ms": times, "objective": levels}


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


def serve(
    desk: Desk, file: int, put: Callable[[Line], None], stop: threading.Event, resolve_s: float | None = None
) -> None:
    """Answer the lines of a file, until it ends or ``stop`` is set."""
    lines = _lines_of(file)
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


def _lines_of(file: int) -> queue.Queue[bytes | None]:
    """The lines of a file as they come, then None; read in a thread, so that nothing waits for them."""
    lines: queue.Queue[bytes | None] = queue.Queue(maxsize=10_000)

    def read() -> None:
        for line in _split(file):
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines


def _split(file: int) -> Iterator[bytes]:
    """Whole lines, and what is left at the end; of a line that is too long, no more than shows that."""
    rest, too_long = b"", False
    while True:
        try:
            part = os.read(file, _PART)
        except OSError:
            part = b""
        if not part:
            break
        *whole, rest = (rest + part).split(b"\n") if b"\n" in part else (rest + part,)
        for line in whole:
            if not too_long:
                yield line
            too_long = False
        if len(rest) > MAX_BYTES:
            if not too_long:
                yield rest
            rest, too_long = b"", True
    if rest and not too_long:
        yield rest


def _parsed(text: bytes) -> object:
    """The JSON of a line, exactly."""
    try:
        return json.loads(
            decoded(text, ""), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once_each
        )
    except json.JSONDecodeError as error:
        raise InputError([Fault((), f"is no JSON: {error.msg}, at column {error.colno}")]) from None
    except RecursionError:
        raise InputError([Fault((), "is nested too deep")]) from None


def _no_number(text: str) -> object:
    raise InputError([Fault((), f"is no JSON: {text} is no number")])


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise InputError([Fault((), f"the key {shown(key)} is given twice")])
        found[key] = value
    return found


@contextmanager
def _within(*path: str | int) -> Iterator[None]:
    """Say of faults of events where in the line those stand."""
    try:
        yield
    except InputError as error:
        raise InputError([
            fault if fault.path[:1] == ("id",) else replace(fault, path=(*path, *fault.path)) for fault in error.faults
        ]) from None  # fmt: skip


def _event(model: EventModel, path: tuple[str | int, ...]) -> Event:
    reading = read_event(model, path, {})
    if reading.event is None or reading.faults:
        raise InputError(reading.faults)
    return reading.event


def _actual(failed: StepFailed) -> dict[str, Any]:
    told = failed.actual
    standing = {name: entry for name, entry in told.chains.items() if entry is not None}
    document = PlacementDocument.model_construct(chains=standing, instances={}, rewrites=told.rewrites)
    return {**dict.fromkeys(told.chains), **read_placement(document).chains}
