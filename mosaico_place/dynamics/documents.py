"""Decisions as JSON documents, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from pydantic import TypeAdapter

from mosaico_place.document import level_document, placement_document, plain, read_chain, violation_document
from mosaico_place.dynamics.decision import Cause, Decision, Done
from mosaico_place.dynamics.delta import Delta
from mosaico_place.dynamics.judge import Changes
from mosaico_place.errors import Fault, InputError
from mosaico_place.events import event_document, event_from_dict
from mosaico_place.placement import ChainPlacement, Opening, Placement, Spot
from mosaico_place.planning import Act, Interruption, Plan, Step, plan_document
from mosaico_place.quantities import Dimension, format_quantity, parse_quantity
from mosaico_place.result import LevelResult, Violation
from mosaico_place.schema.decision import DecisionDocument, DecisionLine, DeltaDocument, DoneLine
from mosaico_place.schema.parts import SpotEntry
from mosaico_place.schema.plan import StepEntry

_LINES: TypeAdapter[DecisionLine | DoneLine] = TypeAdapter(DecisionLine | DoneLine)


def decision_document(decision: Decision) -> dict[str, object]:
    """What ``watch`` prints of a decision."""
    document: dict[str, object] = {} if decision.event_id is None else {"id": decision.event_id}
    document |= {"version": decision.version, "cause": str(decision.cause)}
    if decision.at_ns is not None:
        document["at"] = format_quantity(decision.at_ns, Dimension.TIME)
    if decision.about is not None:
        document["about"] = decision.about
    changes, plan = decision.changes, plan_document(decision.plan)
    return {
        **document,
        "steps": plan["steps"],
        "interruptions": plan["interruptions"],
        **delta_document(decision.delta),
        "objective": [level_document(level) for level in decision.levels],
        "changes": {"moves": changes.moves, "reroutes": changes.reroutes, "rewrites": changes.rewrites},
        "refused": list(decision.refused),
        "dropped": list(decision.dropped),
        "admitted": list(decision.admitted),
        "unmet": [violation_document(violation) for violation in decision.unmet],
        "time_ms": plain(round(1000 * decision.seconds, 3)),
    }


def delta_document(delta: Delta) -> dict[str, object]:
    """The chains that are placed otherwise, and the instances."""
    placed = {name: chain for name, chain in delta.chains.items() if chain is not None}
    written = placement_document(Placement(placed))
    chains = written["chains"]
    assert isinstance(chains, dict), "of every placement"
    return {
        "chains": {name: chains.get(name) for name in delta.chains},
        "rewrites": written["rewrites"],
        "instances": [
            {
                "node": opening.node,
                "function": opening.function,
                "implementation": opening.implementation,
                "count": count,
            }
            for opening, count in delta.openings.items()
        ],
    }


def decision_line(decision: Decision, resources: Mapping[str, Dimension]) -> dict[str, object]:
    """What a journal holds of a decision."""
    line: dict[str, object] = {"decision": decision_document(decision)}
    if decision.events:
        line["events"] = [event_document(event, resources) for event in decision.events]
    if decision.actual is not None:
        line["actual"] = delta_document(decision.actual)
    detours = {
        str(position): delta_document(Delta({step.chain: step.placement}))
        for position, step in enumerate(decision.plan.steps, start=1)
        if step.chain is not None
        and step.placement is not None
        and step.placement != decision.delta.chains.get(step.chain)
    }
    return {**line, "detours": detours} if detours else line


def done_line(done: Done) -> dict[str, object]:
    """What a journal holds of a step that is done."""
    return {"done": {"version": done.version} if done.step is None else {"version": done.version, "step": done.step}}


def read_line(text: bytes, resources: Mapping[str, Dimension]) -> Decision | Done:
    """The decision that a line of a journal holds, or what it says of a step.

    Raises:
        InputError: it holds none.
    """
    from pydantic import ValidationError

    try:
        line = _LINES.validate_json(text)
    except ValidationError as error:
        raise InputError([Fault(item["loc"], item["msg"]) for item in error.errors()]) from None
    if isinstance(line, DoneLine):
        return Done(line.done.version, line.done.step)
    document = line.decision
    events = json.loads(text, parse_float=Decimal).get("events", ())  # pydantic's floats are not what was written
    return Decision(
        version=document.version,
        cause=Cause(document.cause),
        at_ns=None if document.at is None else parse_quantity(document.at, Dimension.TIME),
        event_id=document.id,
        about=document.about,
        events=tuple(event_from_dict(event, resources) for event in events),
        actual=None if line.actual is None else _delta(line.actual),
        delta=_delta(document),
        plan=_plan(line),
        levels=tuple(LevelResult(level.terms, level.value, level.bound, level.gap) for level in document.objective),
        changes=Changes(document.changes.moves, document.changes.reroutes, document.changes.rewrites),
        refused=tuple(document.refused),
        dropped=tuple(document.dropped),
        admitted=tuple(document.admitted),
        unmet=tuple(Violation(found.rule, found.where, found.message, found.amount) for found in document.unmet),
        seconds=round(document.time_ms / 1000, 6),
    )


def _plan(line: DecisionLine) -> Plan:
    wanted = _delta(line.decision).chains
    detours = {int(position): _delta(delta).chains for position, delta in line.detours.items()}
    steps = [
        _step(entry, detours.get(position, wanted).get(entry.chain or ""))
        for position, entry in enumerate(line.decision.steps, start=1)
    ]
    stopped = [
        Interruption(one.chain, tuple(one.components), one.first - 1, one.last - 1, _ns(one.length_us))
        for one in line.decision.interruptions
    ]
    return Plan(tuple(steps), tuple(stopped))


def _step(entry: StepEntry, placement: ChainPlacement | None) -> Step:
    """A step; ``placement`` is how its chain is placed once it is switched."""
    act, duration_ns = Act(entry.step), _ns(entry.duration_us)
    node, implementation = entry.node or "", entry.implementation or ""
    if entry.function is not None:
        opening = Opening(node, entry.function, implementation)
        return Step(act, entry.chain, opening=opening, count=entry.count or 0, duration_ns=duration_ns)
    if act is Act.SWITCH:
        paths = {(flow.tail, flow.head): tuple(flow.path) for flow in entry.flows or ()}
        return Step(act, entry.chain, placement=placement, paths=paths, duration_ns=duration_ns)
    spot = None if entry.node is None else _spot(entry, node, implementation)
    source = None if entry.source is None else _spot(entry.source, entry.source.node, entry.source.implementation)
    return Step(act, entry.chain, entry.component, spot, source, duration_ns=duration_ns)


def _spot(entry: StepEntry | SpotEntry, node: str, implementation: str) -> Spot:
    return Spot(node, implementation, entry.device, tuple(entry.devices or ()))


def _ns(us: float | None) -> int | None:
    return None if us is None else round(us * 1000)


def _delta(document: DeltaDocument | DecisionDocument) -> Delta:
    chains = {
        name: None if entry is None else read_chain(entry, [one for one in document.rewrites if one.chain == name])
        for name, entry in document.chains.items()
    }
    openings = {Opening(one.node, one.function, one.implementation): one.count for one in document.instances}
    return Delta(chains, openings)
