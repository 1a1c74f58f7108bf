"""Results as JSON documents, and back.

Whole numbers are written as whole numbers, what was not given is left out, what is not known is ``null``
(:mod:`mosaico_place.schema.result` lists every key).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mosaico_place.errors import Fault, InputError
from mosaico_place.placement import ChainPlacement, Opening, Placement, Spot
from mosaico_place.result import (
    BudgetResult,
    LevelResult,
    LinkUse,
    ModelSize,
    Rejection,
    Result,
    Use,
    Violation,
)

if TYPE_CHECKING:
    from mosaico_place.costing import Cost
    from mosaico_place.explanation import CapacityAdvice, CapacityGain, Explanation
    from mosaico_place.instance import Instance
    from mosaico_place.schema.decision import PlacedEntry
    from mosaico_place.schema.parts import RewriteEntry
    from mosaico_place.schema.placement import ChainEntry as PlacementChainEntry
    from mosaico_place.schema.placement import OpenedEntry, PlacementDocument
    from mosaico_place.schema.placement import RewriteEntry as PlacementRewriteEntry
    from mosaico_place.schema.result import ChainEntry, ResultDocument, UseEntry
    from mosaico_place.schema.result import OpenedEntry as ResultOpenedEntry

FORMAT = 1
"""Version of every document."""

_LINE_WIDTH = 110
_LARGEST_EXACT = 2**53


def to_json(result: Result) -> str:
    """Write the document of ``solve --json``; :func:`from_json` reads exactly the same result from it.

    Raises:
        ValueError: a number in the result is infinite or not a number.
    """
    return dumps(to_dict(result))


def to_dict(result: Result) -> dict[str, object]:
    """The document of ``solve --json`` as plain dictionaries, lists, strings and numbers."""
    return {
        "format": FORMAT,
        "instance": result.instance,
        "method": result.method,
        "method_why": result.method_why,
        "termination": str(result.termination),
        "objective": [level_document(level) for level in result.levels],
        "terms": _numbers(result.terms),
        "accepted": list(result.accepted),
        "accepted_weight": plain(result.accepted_weight),
        "accepted_weight_bound": plain(result.accepted_weight_bound),
        "rejected": [{"chain": rejection.chain, "why": rejection.why} for rejection in result.rejected],
        "chains": _chains(result),
        "instances": {} if result.placement is None else _instances(result.placement, result.loads),
        "rewrites": [] if result.placement is None else _rewrites(result.placement),
        "nodes": {node: _uses(uses) for node, uses in result.nodes.items()},
        "devices": {
            node: {device: _uses(uses) for device, uses in devices.items()} for node, devices in result.devices.items()
        },
        "links": [_link(link) for link in result.links],
        "model": {
            "candidates": result.model.candidates,
            "pruned": result.model.pruned,
            "variables": result.model.variables,
            "rows": result.model.rows,
            "nonzeros": result.model.nonzeros,
        },
        "violations": [violation_document(violation) for violation in result.violations],
        "runtime_s": _numbers(result.runtime_s),
        "seed": result.seed,
    }


def placement_document(placement: Placement) -> dict[str, object]:
    """A placement alone, as every command reads it."""
    return {
        "chains": {name: _chain(chain) for name, chain in placement.chains.items()},
        "instances": _instances(placement, {}),
        "rewrites": _rewrites(placement),
    }


def check_document(instance: Instance, violations: Sequence[Violation], total: Cost) -> dict[str, object]:
    """The document of ``check --json``."""
    return {
        "format": FORMAT,
        "instance": instance.name,
        "violations": [violation_document(violation) for violation in violations],
        "objective": [
            {
                "terms": {str(term): plain(float(total.terms[term])) for term in level},
                "value": plain(float(value)),
            }
            for level, value in zip(instance.objective, total.levels, strict=True)
        ],
        "terms": {str(term): plain(float(value)) for term, value in total.terms.items()},
    }


def explain_document(explanation: Explanation) -> dict[str, object]:
    """The document of ``explain --json``."""
    return {
        "format": FORMAT,
        "instance": explanation.instance,
        "termination": str(explanation.termination),
        "chains": [
            {
                "chains": list(entry.chains),
                "accepted": entry.accepted,
                "reasons": [{"kind": str(reason.kind), "message": reason.message} for reason in entry.reasons],
                "growth": [{"capacity": list(name), "by": amount} for name, amount in entry.growth.items()],
                "proven": entry.proven,
            }
            for entry in explanation.chains
        ],
    }


def advice_document(advice: CapacityAdvice) -> dict[str, object]:
    """The document of ``explain --capacity --json``."""
    return {
        "format": FORMAT,
        "instance": advice.instance,
        "method": advice.method,
        "termination": str(advice.termination),
        "value": plain(advice.value),
        "bound": plain(advice.bound),
        "limited": advice.limited,
        "capacities": [_gain(gain) for gain in advice.gains],
    }


def validate_document(files: Sequence[tuple[str, Sequence[Fault], Sequence[str]]]) -> dict[str, object]:
    """The document of ``validate --json``, from (file, faults, warnings) per file."""
    return {
        "format": FORMAT,
        "files": [
            {
                "file": file,
                "ok": not faults,
                "faults": [_fault(fault) for fault in faults],
                "warnings": list(warnings),
            }
            for file, faults, warnings in files
        ],
    }


def dumps(document: object) -> str:
    """Write JSON with one entry per line, and on one line what fits there; plain ASCII, ends with a newline.

    Raises:
        ValueError: a number in it is infinite or not a number.
    """
    return _layout(document, "", 0) + "\n"


def from_json(text: str) -> Result:
    """Read the document of ``solve --json``.

    Raises:
        InputError: the text is no such document; every fault says where.
    """
    from pydantic import ValidationError

    from mosaico_place.schema.result import ResultDocument

    try:
        document = ResultDocument.model_validate_json(text)
    except ValidationError as error:
        raise InputError([Fault(item["loc"], item["msg"]) for item in error.errors()]) from None
    return _result(document)


def level_document(level: LevelResult) -> dict[str, object]:
    """One objective level."""
    return {
        "terms": _numbers(level.terms),
        "value": plain(level.value),
        "bound": plain(level.bound),
        "gap": plain(level.gap),
    }


def _chains(result: Result) -> dict[str, object] | None:
    if result.placement is None:
        return None
    return {
        name: {**_chain(chain), "latency": [_budget(budget) for budget in result.budgets.get(name, ())]}
        for name, chain in result.placement.chains.items()
    }


def _chain(chain: ChainPlacement) -> dict[str, object]:
    return {
        "components": {component: _spot(spot) for component, spot in chain.components.items()},
        "flows": [{"from": tail, "to": head, "path": list(path)} for (tail, head), path in chain.flows.items()],
    }


def _instances(placement: Placement, loads: Mapping[Opening, int]) -> dict[str, object]:
    """Node -> function -> what is opened of it there; a list where it is opened in several implementations."""
    entries: dict[str, dict[str, list[dict[str, object]]]] = {}
    for opening, count in placement.instances.items():
        entry: dict[str, object] = {"implementation": opening.implementation, "count": count}
        if opening in loads:
            entry["load_bps"] = loads[opening]
        entries.setdefault(opening.node, {}).setdefault(opening.function, []).append(entry)
    return {
        node: {function: several[0] if len(several) == 1 else several for function, several in functions.items()}
        for node, functions in entries.items()
    }


def _rewrites(placement: Placement) -> list[object]:
    """What is merged and what runs in parallel."""
    entries: list[object] = []
    for name, chain in placement.chains.items():
        for what, groups in (("merged", chain.merged), ("parallel", chain.parallel)):
            entries += [{"chain": name, "rewrite": what, "components": list(group)} for group in groups]
    return entries


def _spot(spot: Spot) -> dict[str, object]:
    entry: dict[str, object] = {"node": spot.node, "implementation": spot.implementation}
    if spot.further:
        return {**entry, "devices": list(spot.devices)}
    return entry if spot.device is None else {**entry, "device": spot.device}


def _budget(budget: BudgetResult) -> dict[str, object]:
    entry: dict[str, object] = {
        "from": budget.tail,
        "to": budget.head,
        "actual_us": plain(budget.actual_us),
    }
    if budget.within_us is not None:
        entry["within_us"] = plain(budget.within_us)
    if budget.target_us is not None:
        entry["target_us"] = plain(budget.target_us)
    return entry


def _uses(uses: Mapping[str, Use]) -> dict[str, object]:
    entries: dict[str, object] = {}
    for resource, use in uses.items():
        entry = {"used": plain(use.used), "capacity": plain(use.capacity)}
        entries[resource] = {**entry, "reserved": plain(use.reserved)} if use.reserved else entry
    return entries


def _link(link: LinkUse) -> dict[str, object]:
    entry: dict[str, object] = {
        "from": link.tail,
        "to": link.head,
        "used_bps": link.used_bps,
        "bandwidth_bps": link.bandwidth_bps,
    }
    return {**entry, "reserved_bps": link.reserved_bps} if link.reserved_bps else entry


def violation_document(violation: Violation) -> dict[str, object]:
    """One violation."""
    return {
        "rule": str(violation.rule),
        "where": violation.where,
        "message": violation.message,
        "amount": plain(violation.amount),
    }


def _gain(gain: CapacityGain) -> dict[str, object]:
    return {
        "capacity": list(gain.capacity),
        "of": gain.of,
        "unit": gain.unit,
        "by": gain.by,
        "per_unit": plain(gain.per_unit),
        "promised": plain(gain.promised),
        "value": plain(gain.value),
        "bound": plain(gain.bound),
        "termination": None if gain.termination is None else str(gain.termination),
        "verdict": str(gain.verdict),
    }


def _fault(fault: Fault) -> dict[str, object]:
    parts = fault.source.rsplit(":", 2)
    placed = len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit()
    return {
        "line": int(parts[1]) if placed else None,
        "column": int(parts[2]) if placed else None,
        "path": ".".join(str(part) for part in fault.path),
        "message": fault.message,
    }


def _numbers(values: Mapping[str, float]) -> dict[str, object]:
    return {name: plain(value) for name, value in values.items()}


def plain(value: float | None) -> float | None:
    """Whole numbers as int; beyond 2**53 a float is whole by accident only."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST_EXACT:
        return int(value)
    return value


def _layout(value: object, indent: str, used: int) -> str:
    """One line if that fits beside what the line already holds, otherwise one line per entry."""
    line = json.dumps(value, allow_nan=False)
    if len(indent) + used + len(line) <= _LINE_WIDTH or not isinstance(value, dict | list):
        return line
    inner = indent + "  "
    if isinstance(value, list):
        entries = [inner + _layout(item, inner, 0) for item in value]
        return "[\n" + ",\n".join(entries) + f"\n{indent}]"
    keys = [json.dumps(key) + ": " for key in value]
    entries = [inner + key + _layout(item, inner, len(key)) for key, item in zip(keys, value.values(), strict=True)]
    return "{\n" + ",\n".join(entries) + f"\n{indent}}}"


def _result(document: ResultDocument) -> Result:
    chains = document.chains
    return Result(
        instance=document.instance,
        method=document.method,
        method_why=document.method_why,
        termination=document.termination,
        levels=tuple(LevelResult(level.terms, level.value, level.bound, level.gap) for level in document.objective),
        placement=None if chains is None else read_placement(document),
        terms=document.terms,
        accepted=tuple(document.accepted),
        accepted_weight=document.accepted_weight,
        accepted_weight_bound=document.accepted_weight_bound,
        rejected=tuple(Rejection(entry.chain, entry.why) for entry in document.rejected),
        budgets={name: _budgets(chain) for name, chain in (chains or {}).items()},
        nodes={node: _used(uses) for node, uses in document.nodes.items()},
        devices={
            node: {device: _used(uses) for device, uses in devices.items()}
            for node, devices in document.devices.items()
        },
        links=tuple(
            LinkUse(link.tail, link.head, link.used_bps, link.bandwidth_bps, link.reserved_bps)
            for link in document.links
        ),
        loads={opening: entry.load_bps for opening, entry in _openings(document) if entry.load_bps is not None},
        model=ModelSize(**document.model.model_dump()),
        violations=tuple(Violation(v.rule, v.where, v.message, v.amount) for v in document.violations),
        runtime_s=document.runtime_s,
        seed=document.seed,
    )


def read_placement(document: PlacementDocument | ResultDocument) -> Placement:
    """The placement in a document that holds one."""
    chains = {
        name: read_chain(chain, [entry for entry in document.rewrites if entry.chain == name])
        for name, chain in (document.chains or {}).items()
    }
    instances = {opening: entry.count for opening, entry in _openings(document)}
    return Placement(chains, instances)


def read_chain(
    chain: ChainEntry | PlacementChainEntry | PlacedEntry, rewrites: Sequence[RewriteEntry | PlacementRewriteEntry]
) -> ChainPlacement:
    """How a chain is placed, from its entry and what is rewritten of it."""
    return ChainPlacement(
        components={
            part: Spot(spot.node, spot.implementation, spot.device, tuple(spot.devices or ()))
            for part, spot in chain.components.items()
        },
        flows={(flow.tail, flow.head): tuple(flow.path) for flow in chain.flows},
        **{
            what: tuple(tuple(entry.components) for entry in rewrites if entry.rewrite == what)
            for what in ("merged", "parallel")
        },
    )


def _openings(
    document: PlacementDocument | ResultDocument,
) -> Iterator[tuple[Opening, OpenedEntry | ResultOpenedEntry]]:
    for node, functions in document.instances.items():
        for function, entries in functions.items():
            for entry in entries if isinstance(entries, list) else [entries]:
                yield Opening(node, function, entry.implementation), entry


def _budgets(chain: ChainEntry) -> tuple[BudgetResult, ...]:
    return tuple(
        BudgetResult(entry.tail, entry.head, entry.actual_us, entry.within_us, entry.target_us)
        for entry in chain.latency
    )


def _used(uses: Mapping[str, UseEntry]) -> dict[str, Use]:
    return {resource: Use(use.used, use.capacity, use.reserved) for resource, use in uses.items()}
