"""Published networks as topologies, from the library ``topohub`` (MIT), which is an optional extra."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from mosaico_place.errors import Fault, InputError, suggestion
from mosaico_place.generating.topology import Topology

INSTALL = "pip install 'mosaico-place[topologies]'"

DRAWN = frozenset(
    f"sndlib/{name}"
    for name in (
        *("atlanta", "di-yuan", "france", "giul39", "india35", "newyork", "norway", "pioro40", "sun", "ta1", "ta2"),
        "zib54",
    )
)
"""Networks whose positions are those of a drawing, so that their lengths are no kilometres."""


def published(name: str, count: int | None = None) -> Topology:
    """A published network; of its sites the first ``count`` met from the best joined one, or all.

    Raises:
        InputError: topohub is not installed, it has no such network, or its lengths mean nothing.
        ValueError: the network has fewer sites than ``count``.
    """
    graph = _graph(name)
    lengths = _lengths(graph)
    order = _outwards([node["id"] for node in graph["nodes"]], lengths)
    if count is not None and count > len(order):
        raise ValueError(f"{name} has {len(order)} sites, {count} are asked for; take fewer, or all without --sites")
    kept = {node: number for number, node in enumerate(order[:count])}
    names = {node["id"]: str(node.get("name") or node["id"]) for node in graph["nodes"]}
    links = sorted(
        (*sorted((kept[one], kept[other])), metres)
        for (one, other), metres in lengths.items()
        if one in kept and other in kept
    )
    return Topology(_names([names[node] for node in kept]), tuple((a, b, metres) for a, b, metres in links))


def _graph(name: str) -> Mapping[str, Any]:
    try:
        topohub = import_module("topohub")
    except ImportError:
        message = f"the topology {name!r} comes from the library topohub, which is not installed: {INSTALL}"
        raise InputError([Fault(("topology",), message)]) from None
    if name in DRAWN:
        message = f"the lengths in {name} are those of a drawing, not kilometres; take sndlib/germany50, for example"
        raise InputError([Fault(("topology",), message)])
    try:
        graph: Mapping[str, Any] = topohub.get(name)
    except (KeyError, OSError, ValueError):
        close = suggestion(name, _KNOWN)
        hint = f"did you mean {close}?" if close else f"there are for example {', '.join(_KNOWN[:4])}"
        raise InputError([Fault(("topology",), f"topohub has no topology {name!r}; {hint}")]) from None
    return graph


_KNOWN = (
    *("sndlib/germany50", "sndlib/geant", "sndlib/nobel-eu", "sndlib/polska", "sndlib/abilene", "sndlib/cost266"),
    *("sndlib/dfn-bwin", "sndlib/dfn-gwin", "sndlib/janos-us", "sndlib/janos-us-ca", "sndlib/nobel-germany"),
    *("sndlib/nobel-us", "sndlib/pdh"),
)


def _lengths(graph: Mapping[str, Any]) -> dict[tuple[Any, Any], int]:
    """Metres per joined pair, the shortest where several links join it; links of a site with itself left out."""
    lengths: dict[tuple[Any, Any], int] = {}
    for edge in graph["edges"]:
        one, other = edge["source"], edge["target"]
        pair = (other, one) if (other, one) in lengths else (one, other)
        metres = round(float(edge["dist"]) * 1000)
        if one != other:
            lengths[pair] = min(metres, lengths.get(pair, metres))
    return lengths


def _outwards(nodes: Iterable[Any], pairs: Iterable[tuple[Any, Any]]) -> list[Any]:
    """The nodes of the part around the best joined node, nearest in hops first."""
    neighbours: dict[Any, list[Any]] = {node: [] for node in nodes}
    for one, other in pairs:
        neighbours[one].append(other)
        neighbours[other].append(one)
    start = max(neighbours, key=lambda node: len(neighbours[node]))
    order, seen = [start], {start}
    for node in order:
        for other in neighbours[node]:
            if other not in seen:
                seen.add(other)
                order.append(other)
    return order


def _names(names: list[str]) -> tuple[str, ...]:
    """Short names in plain small letters; a number is added where two are the same."""
    taken: dict[str, int] = {}
    unique = []
    for name in names:
        letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        plain = re.sub(r"[^a-z0-9]+", "-", letters.lower()).strip("-") or "site"
        taken[plain] = taken.get(plain, 0) + 1
        unique.append(plain if taken[plain] == 1 else f"{plain}-{taken[plain]}")
    return tuple(unique)
