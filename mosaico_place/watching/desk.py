"""Requests of ``watch``, answered one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from pydantic import ValidationError

from mosaico_place.document import level_document, placement_document, plain, read_placement, violation_document
from mosaico_place.dynamics.documents import decision_document
from mosaico_place.dynamics.orchestrator import Orchestrator
from mosaico_place.errors import Fault, InputError, SolverError, shown, unknown_name
from mosaico_place.events import WORDS, Event
from mosaico_place.events.reading import read_event
from mosaico_place.placement import Placement
from mosaico_place.quantities import Dimension, format_quantity
from mosaico_place.schema.events import EventModel
from mosaico_place.schema.faults import findings
from mosaico_place.schema.placement import PlacementDocument
from mosaico_place.schema.watching import RequestModel, StepFailed
from mosaico_place.source import from_data
from mosaico_place.watching.lines import parsed

Line = dict[str, object]
"""A line of the answer."""

REQUESTS = ("events", "done", "failed", "sync", "query", "what-if", "metrics")
"""What a line may hold besides an event."""


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
            data = from_data(parsed(text)).data
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
