"""Validates a document; from a faulty one it saves what can still be checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from mosaico_place.errors import Fault, Path, name_fault, shown
from mosaico_place.quantities import Dimension
from mosaico_place.rules import CostTerm
from mosaico_place.schema.document import FORMAT, InstanceDocument, parse_dimension
from mosaico_place.schema.faults import Finding, findings
from mosaico_place.schema.placement import AnswerDocument, PlacementDocument

_HARMLESS = {
    "nodes": frozenset({"forwarding", "hand-over", "runs", "prices", "down", "drained", "hitless"}),
    "links": frozenset({"prices", "queue", "down"}),
    "functions": frozenset({"queue", "prices", "state", "reload"}),
    "classes": frozenset({"share"}),
    "chains": frozenset(
        {
            "weight",
            "class",
            "required",
            "latency",
            "within",
            "target",
            "together",
            "apart",
            "only",
            "never",
            "preference",
            "equivalent",
            "independent",
        }
    ),
}
"""Keys whose loss makes nothing else look wrong; any other takes its node, link, function or chain with it."""
_HARMLESS["templates"] = _HARMLESS["chains"]
_EVERYTHING = "*"


@dataclass
class Salvage:
    """What is left of a document.

    Attributes:
        data: the document as it was read.
        document: None if nothing is.
        findings: structural faults.
        lost: (kind, name) of what faulty parts would have defined; the name ``*`` stands for all of a kind.
        link_positions: position in the file of each link that is left.
    """

    data: dict[str, Any] = field(default_factory=dict)
    document: InstanceDocument | None = None
    findings: list[Finding] = field(default_factory=list)
    lost: set[tuple[str, str]] = field(default_factory=set)
    link_positions: list[int] | None = None

    def explains(self, fault: Fault) -> bool:
        """Whether a fault only follows from what was left out."""
        if fault.missing is None:
            return False
        return fault.missing in self.lost or (fault.missing[0], _EVERYTHING) in self.lost

    def forgive_classes(self) -> None:
        """Count every class that a chain or template names as lost, for chains that could not be made."""
        for section in ("chains", "templates"):
            chains = self.data.get(section)
            for chain in chains.values() if isinstance(chains, dict) else ():
                if isinstance(chain, dict) and "class" in chain:
                    self.lost.add(("class", str(chain["class"])))

    def written(self, path: Path) -> Path:
        """The file's path to what stands at a path of the document that is left."""
        if self.link_positions is None or path[:2] != ("infrastructure", "links") or len(path) < 3:
            return path
        return (*path[:2], self.link_positions[int(path[2])], *path[3:])


def salvage_instance(data: object) -> Salvage:
    """Validate an instance document, as a whole or, if that fails, what is left of it."""
    if not isinstance(data, dict):
        message = f"expected an instance with 'format', 'infrastructure', 'chains', ..., found {shown(data)}"
        return Salvage(findings=[Finding((), message)])
    context = _declared(data)
    try:
        return Salvage(data, InstanceDocument.model_validate(data, context=context))
    except ValidationError as error:
        found = findings(error, data)
    salvage = Salvage(data, findings=found)
    if foreign := of_the_format(data, found):
        salvage.findings = foreign
        return salvage
    rest = _without_faulty(data, found, salvage)
    try:
        salvage.document = InstanceDocument.model_validate(rest, context=context)
    except ValidationError:
        salvage.document = None
    return salvage


def placement_document(data: object) -> tuple[PlacementDocument | None, list[Finding]]:
    """Validate a placement document."""
    if not isinstance(data, dict):
        return None, [Finding((), f"expected a placement with 'chains', found {shown(data)}")]
    model = AnswerDocument if "format" in data else PlacementDocument
    try:
        document = model.model_validate(data)
    except ValidationError as error:
        found = findings(error, data)
        if foreign := of_the_format(data, found):
            return None, foreign
        if data.get("chains", 0) is None:
            return None, [Finding(("chains",), "this answer holds no placement")]
        return None, found
    twice: list[Finding] = []
    for name, chain in document.chains.items():
        seen = set()
        for position, flow in enumerate(chain.flows):
            if (flow.tail, flow.head) in seen:
                message = f"the flow from '{flow.tail}' to '{flow.head}' is given twice"
                twice.append(Finding(("chains", name, "flows", position), message))
            seen.add((flow.tail, flow.head))
    for node, functions in document.instances.items():
        for function, entries in functions.items():
            names = [entry.implementation for entry in entries] if isinstance(entries, list) else []
            for position, name in enumerate(names):
                if name in names[:position]:
                    message = f"implementation {shown(name)} is given twice; add up the counts"
                    twice.append(Finding(("instances", node, function, position), message))
    for position, entry in enumerate(document.rewrites):
        if entry.chain not in document.chains:
            message = f"chain {shown(entry.chain)} is not among the accepted chains"
            twice.append(Finding(("rewrites", position, "chain"), message))
    return document, twice


def of_the_format(data: Mapping[str, Any], found: list[Finding]) -> list[Finding]:
    """The fault of a format that is not ours, of whose document nothing else can be said; else nothing."""
    return [finding for finding in found if finding.path == ("format",)] if "format" in data else []


def _declared(data: Mapping[str, Any]) -> dict[str, Dimension | None]:
    """Declared resource -> its dimension, or None where the declaration is faulty."""
    resources = data.get("resources")
    declared: dict[str, Dimension | None] = {}
    for name, value in resources.items() if isinstance(resources, dict) else ():
        try:
            declared[name] = parse_dimension(value)
        except ValueError:
            declared[name] = None
    return declared


def _without_faulty(data: dict[str, Any], found: list[Finding], salvage: Salvage) -> dict[str, Any]:
    """The data without its faulty parts; what they would have defined goes to ``salvage.lost``."""
    doomed = {_doomed(finding) for finding in found}
    rest: dict[str, Any] = pruned(data, tree_of(doomed))
    nodes = rest.setdefault("infrastructure", {}).setdefault("nodes", {})
    rest.setdefault("format", FORMAT)
    for path in doomed:
        # Shells keep the names, for those who refer to them and for suggestions.
        if path[:2] == ("infrastructure", "nodes") and len(path) == 3 and not name_fault(str(path[2])):
            nodes[path[2]] = {"kind": "server"}
        elif path[:1] == ("functions",) and len(path) == 2 and not name_fault(str(path[1])):
            rest["functions"][path[1]] = {"implementations": {"vnf": {}}}
        elif path[:1] == ("classes",) and len(path) == 2 and not name_fault(str(path[1])):
            rest["classes"][path[1]] = {}
    for position in sorted(int(path[1]) for path in doomed if path[:1] == ("objective",) and len(path) == 2):
        rest["objective"].insert(position, {str(CostTerm.REJECTED): 1})  # the other levels keep their positions
    for path in {*doomed, *((*finding.path[:-1], finding.meant) for finding in found if finding.meant)}:
        salvage.lost |= _lost(data, path)
    if "infrastructure" not in data:
        salvage.lost |= _lost(data, ("infrastructure",))
    salvage.forgive_classes()
    links = data["infrastructure"].get("links") if isinstance(data.get("infrastructure"), dict) else None
    if isinstance(links, list):
        gone = {path[2] for path in doomed if path[:2] == ("infrastructure", "links") and len(path) == 3}
        salvage.link_positions = [position for position in range(len(links)) if position not in gone]
    return rest


def _doomed(finding: Finding) -> Path:
    """The part to leave out because of a fault: as little as makes nothing else look wrong."""
    path = finding.path
    if not finding.unknown:
        return _part(path)
    # What an unknown key stands for is lost, if we know what that is.
    part = _part((*path[:-1], finding.meant)) if finding.meant else path
    return part if len(part) < len(path) else path


def _part(path: Path) -> Path:
    """The smallest part around a path that can be left out."""
    depth = 3 if path[:1] == ("infrastructure",) else 2
    if len(path) <= depth:
        return path
    section = str(path[depth - 2])
    if section == "prices":
        return path[:1]
    return path[: depth + 1] if path[depth] in _HARMLESS.get(section, ()) else path[:depth]


def tree_of(paths: Iterable[Path]) -> dict[Any, Any]:
    """Paths as nested mappings from a key to what lies below it; empty where a path ends."""
    tree: dict[Any, Any] = {}
    for path in sorted(paths, key=len, reverse=True):  # a short path overrides the longer ones below it
        here = tree
        for part in path[:-1]:
            here = here.setdefault(part, {})
        if path:
            here[path[-1]] = {}
    return tree


def pruned(value: Any, tree: dict[Any, Any]) -> Any:
    """A copy without what the tree's paths lead to; shares what is untouched."""
    if not tree:
        return value
    if isinstance(value, dict):
        return {key: pruned(below, tree.get(key, {})) for key, below in value.items() if tree.get(key) != {}}
    return [pruned(value[i], tree.get(i, {})) for i in range(len(value)) if tree.get(i) != {}]


_KINDS = {
    ("infrastructure", "nodes"): ("node", "label", "device"),
    ("functions",): ("function",),
    ("templates",): ("template", "class"),
    ("chains",): ("class",),
    ("classes",): ("class",),
    ("resources",): ("resource",),
}


def _lost(data: dict[str, Any], path: Path) -> set[tuple[str, str]]:
    """What a part that is left out would have defined."""
    lost: set[tuple[str, str]] = set()
    for section, kinds in _KINDS.items():
        if section[: len(path)] == path:
            lost |= {(kind, _EVERYTHING) for kind in kinds}
        elif path[: len(section)] == section and len(path) == len(section) + 1:
            lost |= {(kinds[0], str(path[-1])), (kinds[0], str(path[-1]).strip())}
    if path[:2] == ("infrastructure", "nodes") and len(path) == 3:
        node = data["infrastructure"]["nodes"][path[2]]
        if isinstance(node, dict):
            labels = node.get("labels")
            lost |= {("label", label) for label in labels} if isinstance(labels, dict) else set()
            lost |= {("device", _EVERYTHING)} if "gpus" in node else set()
    return lost
