"""A comparison as JSON lines: one for what it is of, one for each beginning, one for each answer with its placement.

A run that was cut short is read back from them and goes on. Nothing here touches a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from mosaico_place.document import FORMAT, placement_document, read_placement
from mosaico_place.dumping import dump
from mosaico_place.dynamics.comparing import Known
from mosaico_place.dynamics.delta import Delta, difference
from mosaico_place.dynamics.replay import Answered, Mode, Recorded
from mosaico_place.dynamics.rows import Counts, Row, Start
from mosaico_place.dynamics.study import Study
from mosaico_place.errors import Fault, InputError
from mosaico_place.events import event_document
from mosaico_place.placement import Placement
from mosaico_place.result import Termination
from mosaico_place.scenario import Scenario

_WHOLE = ("method", "resolve_limit_s", "resolve_every", "budget_s", "idle_s", "max_moves", "seed")
"""What of a study decides about every answer."""


def head_line(scenario: Scenario, study: Study) -> str:
    """What a record is of."""
    return _line(_head(scenario, study))


def start_line(start: Start) -> str:
    """Where strategies begin."""
    document = {name: getattr(start, name) for name in ("without", "strategy", "requested", "accepted")}
    ended = None if start.termination is None else str(start.termination)
    return _line({"start": {**document, "termination": ended, "placement": placement_document(start.placement)}})


def answer_line(answered: Answered, row: Row) -> str:
    """An answer, with what it changed."""
    after = answered.judged.reply.placement
    idle = None if answered.idle is None else _changed(after, answered.idle.reply.placement)
    return _line({"answer": asdict(row), "changed": _changed(answered.before, after), "idle": idle})


def read_record(text: str, scenario: Scenario, study: Study, name: str = "<record>") -> tuple[Known, int]:
    """What a record holds, and how many of its characters are whole lines.

    Args:
        text: the lines; a last one that was cut off is left out.
        scenario, study: what the record must be of.
        name: what faults call it.

    Raises:
        InputError: it is no such record, or one of another scenario or study.
    """
    known, head = Known(), _head(scenario, study)
    whole = text[: text.rfind("\n") + 1]
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            document = json.loads(line)
            if number == 1:
                _compare(document, head, name)
            elif "start" in document:
                start = _start(document["start"])
                known.starts[start.without, start.strategy] = start
            else:
                row = _row(document["answer"])
                idle = None if document["idle"] is None else _delta(document["idle"])
                known.rows.append(row)
                taken = known.recorded.setdefault((row.without, row.mode), {})
                taken[row.batch, row.strategy] = Recorded(_delta(document["changed"]), idle)
        except (ValueError, KeyError, TypeError, AttributeError):
            message = f"line {number} is none of the record of a comparison; name another file"
            raise InputError([Fault((), message, name)]) from None
    return known, len(whole)


def _head(scenario: Scenario, study: Study) -> dict[str, object]:
    resources = scenario.instance.resources
    digest = hashlib.sha256(dump(scenario.instance).encode())
    for timed in scenario.events:
        digest.update(json.dumps([timed.at_ns, event_document(timed.event, resources)], sort_keys=True).encode())
    if study.placement is not None:
        digest.update(json.dumps(placement_document(study.placement), sort_keys=True).encode())
    said = {name.removesuffix("_s"): getattr(study, name) for name in _WHOLE}
    leader = next(iter(study.makers), "")
    return {"format": FORMAT, "compare": scenario.name, "digest": digest.hexdigest(), "leader": leader, **said}


def _compare(found: Mapping[str, Any], wanted: Mapping[str, Any], name: str) -> None:
    if found.keys() != wanted.keys():
        raise ValueError("it is something else")
    for key, value in wanted.items():
        if found[key] != value:
            other = f"a comparison with {key} {found[key]!r}, not {value!r}"
            what = "another scenario, or other events" if key == "digest" else other
            raise InputError([Fault((), f"is the record of {what}; name another file", name)])


def _start(document: Mapping[str, Any]) -> Start:
    placement = _placement(document["placement"])
    ended = None if document["termination"] is None else Termination(document["termination"])
    return Start(
        document["without"], document["strategy"], placement, ended, document["requested"], document["accepted"]
    )


def _row(document: dict[str, Any]) -> Row:
    if document.keys() != {field.name for field in fields(Row)}:
        raise ValueError("it is something else")
    read = {
        "mode": Mode(document["mode"]),
        "levels": tuple(document["levels"]),
        "bounds": tuple(document["bounds"]),
        "counts": Counts(**document["counts"]),
        "idle": Counts(**document["idle"]),
    }
    return Row(**{**document, **read})


def _changed(before: Placement, after: Placement) -> dict[str, object]:
    """The chains that are placed otherwise and all opened instances, then the chains that are placed no more."""
    delta = difference(replace(before, instances={}), after)
    placed = {name: chain for name, chain in delta.chains.items() if chain is not None}
    gone = [name for name, chain in delta.chains.items() if chain is None]
    return {**placement_document(Placement(placed, delta.openings)), "gone": gone}


def _delta(document: Mapping[str, Any]) -> Delta:
    changed = _placement({key: value for key, value in document.items() if key != "gone"})
    return Delta({**changed.chains, **dict.fromkeys(tuple(document["gone"]))}, changed.instances)


def _placement(document: object) -> Placement:
    from mosaico_place.schema.placement import PlacementDocument

    return read_placement(PlacementDocument.model_validate(document))


def _line(document: Mapping[str, object] | Sequence[object]) -> str:
    return json.dumps(document, allow_nan=False, separators=(",", ":")) + "\n"
