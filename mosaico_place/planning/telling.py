"""Plans as JSON documents, and as lines to read."""

from __future__ import annotations

from mosaico_place.placement import Spot
from mosaico_place.planning.steps import Act, Interruption, Plan, Step

FORMAT = 1
"""Version of the document."""
NS_PER_US = 1000
_UNITS = (("s", 10**9), ("ms", 10**6), ("us", 10**3))


def plan_document(plan: Plan) -> dict[str, object]:
    """A plan as plain dictionaries, lists, strings and numbers; its JSON Schema is ``docs/schema/plan.json``."""
    return {
        "format": FORMAT,
        "steps": [_step(step) for step in plan.steps],
        "interruptions": [
            {
                "chain": one.chain,
                "components": list(one.components),
                "first": one.first + 1,
                "last": one.last + 1,
                "length_us": _us(one.length_ns),
            }
            for one in plan.interruptions
        ],
    }


def _step(step: Step) -> dict[str, object]:
    entry: dict[str, object] = {"step": str(step.act)}
    if step.chain is not None:
        entry["chain"] = step.chain
    if step.component is not None:
        entry["component"] = step.component
    if step.opening is not None:
        node, function, implementation = step.opening
        entry |= {"function": function, "count": step.count, "node": node, "implementation": implementation}
    if step.spot is not None:
        entry |= _spot(step.spot)
    if step.source is not None:
        entry["from"] = _spot(step.source)
    if step.placement is not None:
        flows = [{"from": tail, "to": head, "path": list(path)} for (tail, head), path in step.paths.items()]
        rewrites = [{"rewrite": "merged", "components": list(group)} for group in step.placement.merged]
        rewrites += [{"rewrite": "parallel", "components": list(group)} for group in step.placement.parallel]
        entry |= {"flows": flows, "rewrites": rewrites}
    return {**entry, "duration_us": _us(step.duration_ns)}


def _spot(spot: Spot) -> dict[str, object]:
    entry: dict[str, object] = {"node": spot.node, "implementation": spot.implementation}
    if spot.further:
        return {**entry, "devices": list(spot.devices)}
    return entry if spot.device is None else {**entry, "device": spot.device}


def _us(duration_ns: int | None) -> float | int | None:
    """Microseconds, as a whole number where they are whole."""
    if duration_ns is None:
        return None
    return duration_ns // NS_PER_US if duration_ns % NS_PER_US == 0 else duration_ns / NS_PER_US


def plan_lines(plan: Plan) -> list[str]:
    """A plan in words: a line per step, counted from 1, then a line per interruption."""
    lines = [f"{position}. {_in_words(step)}" for position, step in enumerate(plan.steps, 1)]
    return lines + [_interruption_in_words(one) for one in plan.interruptions]


def _in_words(step: Step) -> str:
    takes = ""
    if step.duration_ns is None:
        takes = ", which takes a time that cannot be told"
    elif step.duration_ns:
        takes = f", {_time(step.duration_ns)}"
    if step.opening is not None:
        node, function, implementation = step.opening
        instances = "1 instance" if step.count == 1 else f"{step.count} instances"
        return f"{step.act} {instances} of {function} ({implementation}) on {node}{takes}"
    if step.act is Act.SWITCH:
        paths = "; ".join(f"{tail} -> {head} over {', '.join(path)}" for (tail, head), path in step.paths.items())
        return f"switch {step.chain}{': ' if paths else ''}{paths}"
    if step.component is None:
        return f"stop the traffic of {step.chain}"
    what = f"{step.component} of {step.chain}"
    if step.act is Act.TRANSFER and step.source is not None:
        return f"transfer {what} from {_place(step.source)} to {_place(step.spot)}{takes}"
    return f"{step.act} {what} on {_place(step.spot)}{takes}"


def _place(spot: Spot | None) -> str:
    if spot is None:
        return "nowhere"
    return f"{spot.node} ({', '.join((spot.implementation, *spot.devices))})"


def _interruption_in_words(one: Interruption) -> str:
    length = "a time that cannot be told" if one.length_ns is None else _time(one.length_ns)
    what = f", moving {', '.join(one.components)}" if one.components else ""
    return f"{one.chain} is interrupted from step {one.first + 1} to {one.last + 1}, for {length}{what}"


def _time(duration_ns: int) -> str:
    """A time as people say it, to four digits."""
    unit, size = next(((unit, size) for unit, size in _UNITS if duration_ns >= size), ("ns", 1))
    return f"{duration_ns / size:.4g} {unit}"
