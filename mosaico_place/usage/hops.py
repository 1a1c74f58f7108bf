"""Links as what flows cross: each of them walked one way or the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from mosaico_place.instance import Direction, Instance, Kind, Link, Node
from mosaico_place.placement import FlowPath


class Hop(NamedTuple):
    """A link walked one way."""

    link: Link
    direction: Direction


Hops = Mapping[tuple[str, str], Hop]
"""(tail, head) -> the hop between these two nodes, if it is up; an index, so that nobody scans the links."""


def index_hops(instance: Instance) -> Hops:
    """Index both directions of every link that is up. Build it once and pass it on: it costs a walk over all links."""
    hops: dict[tuple[str, str], Hop] = {}
    for link in instance.links:
        hops |= hops_of_link(instance, link)
    return hops


def hops_of_link(instance: Instance, link: Link) -> dict[tuple[str, str], Hop]:
    """The two hops that a link makes; none if it is down, or one of its nodes is."""
    if not instance.link_up(link):
        return {}
    one, other = link.ends
    return {(one, other): Hop(link, link.forth), (other, one): Hop(link, link.back)}


def hops_of(path: FlowPath) -> Iterable[tuple[str, str]]:
    """(tail, head) of each step of a path; nothing for a path of one node."""
    return pairwise(path)


def touched(instance: Instance, path: FlowPath) -> list[Node]:
    """The P4 switches on a path, its ends included: where per-hop functions are asked for."""
    nodes = (instance.nodes.get(name) for name in path)
    return [node for node in nodes if node is not None and node.kind is Kind.P4_SWITCH]
