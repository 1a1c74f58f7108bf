"""Pydantic's errors in the words of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from mosaico_place.errors import Path, shown
from mosaico_place.instance import Kind
from mosaico_place.schema.base import Unknown

_NEEDED = {
    "format": "'format: 1' at its beginning",
    "infrastructure": "an 'infrastructure' with 'nodes' and 'links'",
    "nodes": "'nodes': the machines, switches and attachment points by name",
    "kind": "a 'kind': " + ", ".join(Kind).replace(", access", " or access"),
    "between": "a 'between': the two nodes, such as [edge-1, switch-1]",
    "bandwidth": "a 'bandwidth', such as 10 Gbps",
    "latency": "a 'latency', such as 250 us",
    "forth": "a 'forth': the figure from the first node to the second",
    "back": "a 'back': the figure from the second node to the first",
    "implementations": "'implementations': at least one of p4, vnf and gpu",
    "device": "a 'device': what it takes of one GPU, such as {share: 0.4, memory: 6 GiB}",
    "from": "a 'from': the component where it begins",
    "to": "a 'to': the component where it ends",
    "rate": "a 'rate', such as 30 Mbps",
    "through": "a 'through': the functions in order, such as [firewall, nat]",
    "node": "a 'node'",
    "implementation": "an 'implementation', such as vnf",
    "path": "a 'path': the nodes from its tail to its head",
    "chains": "'chains'",
    "instance": "an 'instance': the file that it is over, such as cloud-gaming-edge.yaml",
}
_CHAINS = ("chains", "templates", "arrive", "update")
"""What holds chains by name."""
_OF_EVENTS: Mapping[tuple[object, str], str] = {
    ("rate", "chain"): "a 'chain': whose flow it is",
    ("handover", "chain"): "a 'chain': whose endpoint it is",
    ("handover", "component"): "a 'component': the endpoint that is handed over",
    ("handover", "at"): "an 'at': the node that it goes to",
    ("device-down", "device"): "a 'device', such as gpu-0",
    ("device-up", "device"): "a 'device', such as gpu-0",
}
"""(where in an event, key) -> what is needed, where other mappings have other words for that key."""
_EXPECTED = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
}


@dataclass(frozen=True)
class Finding:
    """One structural fault.

    Attributes:
        path: where, in the document.
        message: what is wrong.
        at_key: whether it is about the key that the path ends with, and not about its value.
        unknown: whether that key does not exist here.
        meant: for an unknown key, the one that was probably meant; otherwise empty.
        needed: the key that is missing below the path; otherwise empty.
        follows: whether it only follows from a misspelt key, so that nobody needs to hear of it.
    """

    path: Path
    message: str
    at_key: bool = False
    unknown: bool = False
    meant: str = ""
    needed: str = ""
    follows: bool = False


def settle(data: object, path: Path) -> Path:
    """A path without the parts that lead nowhere in the data: what pydantic or a short form put in between."""
    here: Any = data
    kept: list[str | int] = []
    for part in path:
        is_key = isinstance(here, dict) and part in here
        is_position = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if is_key or is_position:
            here = here[part]
            kept.append(part)
    return tuple(kept)


def findings(error: ValidationError, data: object) -> list[Finding]:
    """Every fault in a validation error of ``data``."""
    found = [_finding(item, data) for item in error.errors(include_url=False)]
    mended = {(finding.path[:-1], finding.meant) for finding in found if finding.meant}
    return [replace(finding, follows=(finding.path, finding.needed) in mended) for finding in found]


def _finding(item: Any, data: object) -> Finding:
    loc: Path = item["loc"]
    kind, value = item["type"], item["input"]
    if isinstance(value, Unknown):
        key = str(loc[-1])
        return Finding(settle(data, loc), value.message(key), at_key=True, unknown=True, meant=value.meant(key))
    if kind == "missing":
        key = str(loc[-1])
        path = settle(data, loc[:-1])
        return Finding(path, f"needs {_needed(key, path)}", needed=key)
    if kind in _EXPECTED:
        return Finding(settle(data, loc), f"expected {_EXPECTED[kind]}, found {shown(value)}")
    message = str(item["ctx"]["error"]) if kind == "value_error" else str(item["msg"])
    return Finding(settle(data, loc), message, at_key=loc[-1:] == ("[key]",))


def _needed(key: str, path: Path) -> str:
    section = path[-2] if len(path) > 1 else ""
    if key == "components":
        if section in _CHAINS:
            return "'components', a 'line'" + ("" if section == "templates" else " or a 'template'")
        return "'components': a list of at least two"
    if path and (path[-1], key) in _OF_EVENTS:
        return _OF_EVENTS[path[-1], key]
    if section == "events" and key == "at":
        return "an 'at': when it happens, such as 12 s"
    return _NEEDED.get(key, f"a '{key}'")
