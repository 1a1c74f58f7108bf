"""What differs between two forms of an instance, found by what they do not share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mosaico_place.instance import Chain, Instance, Link, Node
from mosaico_place.remembered import of_two, per_chain


def other_part(before: Instance, now: Instance) -> str:
    """What has changed beside chains, and figures of nodes and links; empty if nothing has."""
    for name in ("functions", "resources", "prices", "objective", "classes"):
        one, other = getattr(before, name), getattr(now, name)
        if one is not other and one != other:
            return name
    return "nodes" if before.nodes is not now.nodes and before.nodes.keys() != now.nodes.keys() else ""


def changed_nodes(before: Instance, now: Instance) -> list[tuple[Node, Node]]:
    """(before, now) of every node that is another one than before; both have the same names."""
    if before.nodes is now.nodes:
        return []
    return [(before.nodes[name], node) for name, node in now.nodes.items() if node is not before.nodes[name]]


def same_but_for_amounts(old: Node, new: Node) -> bool:
    """Whether two forms of a node differ in nothing but how much they have, which no chain notices by itself."""
    if old.devices.keys() != new.devices.keys():
        return False
    return replace(new, capacity=old.capacity, reserved=old.reserved, devices=old.devices) == old


def same_but_for_bandwidth(old: Link, new: Link) -> bool:
    """Whether two forms of a link differ in nothing but bandwidth, which no chain without bursts notices by itself."""
    if old.ends != new.ends:
        return False
    forth, back = (
        replace(way, bandwidth_bps=other.bandwidth_bps, reserved_bps=other.reserved_bps)
        for way, other in ((new.forth, old.forth), (new.back, old.back))
    )
    return replace(new, forth=forth, back=back) == old


def changed_links(before: Instance, now: Instance, nodes: set[str]) -> list[tuple[Link | None, Link | None]]:
    """(before, now) of every link that is another one than before, or ends at one of the nodes."""
    if before.links is now.links and not nodes:
        return []
    same = {id(link) for link in now.links} & {id(link) for link in before.links}
    changed: dict[frozenset[str], list[Link | None]] = {}
    for position, links in enumerate((before.links, now.links)):
        for link in links:
            if id(link) not in same or not nodes.isdisjoint(link.ends):
                changed.setdefault(frozenset(link.ends), [None, None])[position] = link
    return [(old, new) for old, new in changed.values()]


@of_two
def changed_chains(before: Instance, now: Instance) -> Mapping[str, None]:
    """The names of chains that are others than before, new or gone."""
    if before.chains is now.chains:
        return {}
    changed = {name: None for name, chain in now.chains.items() if before.chains.get(name) is not chain}
    if len(before.chains) + len(changed) > len(now.chains):
        changed |= {name: None for name in before.chains if name not in now.chains}
    return changed


@per_chain
def _hop_functions(chain: Chain) -> frozenset[str]:
    return frozenset(function for flow in chain.flows for function in flow.per_hop)


def hop_functions(chain: Chain | None) -> frozenset[str]:
    """The functions that flows of a chain ask for on every hop."""
    return frozenset() if chain is None else _hop_functions(chain)


@per_chain
def _sends_bursts(chain: Chain) -> bool:
    return any(flow.burst_bytes for flow in chain.flows)


def sends_bursts(chain: Chain | None) -> bool:
    """Whether the time that a chain's traffic takes on a link depends on the link's bandwidth."""
    return chain is not None and _sends_bursts(chain)
