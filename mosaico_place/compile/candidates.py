"""Where each component of one chain could stand: every rule that concerns one component or one group alone.

A candidate that is dropped here never becomes a variable. Nothing is dropped that a feasible placement of the
chain could use, whatever the other chains do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mosaico_place.compile.infrastructure import Infrastructure
from mosaico_place.instance import Chain, Component, Group, Implementation, Instance, Level, Node


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to place one component.

    Attributes:
        node: index of the node.
        implementation: how it runs; None for an endpoint.
        device: name of the device it uses; None below level ``gpu``.
        processing_ns: time that traffic spends in it.
    """

    node: int
    implementation: Implementation | None
    device: str | None
    processing_ns: int

    @property
    def option(self) -> str:
        """Implementation and device in one word, e.g. ``gpu:gpu-0``; empty for an endpoint."""
        if self.implementation is None:
            return ""
        name = self.implementation.name
        return name if self.device is None else f"{name}:{self.device}"


Candidates = Mapping[str, tuple[Candidate, ...]]
"""Component -> candidates."""


class NoCandidateError(Exception):
    """A chain cannot be accepted, whatever the others do; the message says why."""


def offered(instance: Instance, infrastructure: Infrastructure, component: Component) -> list[Candidate]:
    """Every node that runs the component's function, with every implementation and device; an endpoint's node."""
    if component.function is None:
        assert component.at is not None, "validation lets no endpoint without a node pass"
        at = infrastructure.index[component.at]
        return [Candidate(at, None, None, component.processing_ns)]
    function = instance.functions[component.function]
    return [
        Candidate(i, implementation, device, implementation.processing_ns)
        for i, node in enumerate(infrastructure.nodes)
        for implementation in function.implementations.values()
        if implementation.level in node.runs
        for device in (node.devices if implementation.level is Level.GPU else (None,))
    ]


def only(chain: Chain, component: str, node: Node) -> bool:
    """Whether rule ``only`` lets the component stand there."""
    return component not in chain.only or chain.only[component].holds(node)


def never(chain: Chain, component: str, node: Node) -> bool:
    """Whether rule ``never`` lets the component stand there."""
    return component not in chain.never or not chain.never[component].holds(node)


def fits(node: Node, candidate: Candidate) -> bool:
    """Whether the empty node, and its empty device, could hold the candidate."""
    implementation = candidate.implementation
    if implementation is None:
        return True
    if any(amount > node.free(resource) for resource, amount in implementation.demand.items()):
        return False
    device = node.devices[candidate.device] if candidate.device is not None else {}
    return all(amount <= device.get(resource, 0) for resource, amount in implementation.device.items())


def own_candidates(
    instance: Instance, infrastructure: Infrastructure, chain: Chain, component: Component
) -> tuple[Candidate, ...]:
    """Candidates of one component on its own.

    Raises:
        NoCandidateError: there is none.
    """
    reasons = {"runs": 0, "allowed": 0}
    kept = []
    for candidate in offered(instance, infrastructure, component):
        node = infrastructure.nodes[candidate.node]
        reasons["runs"] += 1
        if only(chain, component.name, node) and never(chain, component.name, node):
            reasons["allowed"] += 1
            if fits(node, candidate):
                kept.append(candidate)
    if kept:
        return tuple(kept)
    if not reasons["runs"]:
        why = f"no node runs {component.function!r}"
    elif not reasons["allowed"]:
        why = f"'only' and 'never' leave no node that runs {component.function!r}"
    else:
        why = f"no node that runs {component.function!r} has the resources for it, even when empty"
    raise NoCandidateError(f"component {component.name!r}: {why}")


def common_places(infrastructure: Infrastructure, group: Group, candidates: Candidates) -> dict[str, set[int]]:
    """The nodes that rule ``together`` leaves to each component of a group.

    By node: the nodes where all of them could stand, and that could hold the least that they need at once. By label:
    the nodes whose value all of them can reach.
    """
    nodes = {name: {candidate.node for candidate in candidates[name]} for name in group.components}
    if group.by is not None:
        label = group.by
        values = [{infrastructure.nodes[i].value(label) for i in places} for places in nodes.values()]
        common = set.intersection(*values)
        return {
            name: {i for i in places if infrastructure.nodes[i].value(label) in common}
            for name, places in nodes.items()
        }
    shared = {i for i in set.intersection(*nodes.values()) if _holds_all(infrastructure, i, group, candidates)}
    return dict.fromkeys(group.components, shared)


def _holds_all(infrastructure: Infrastructure, node: int, group: Group, candidates: Candidates) -> bool:
    """Whether the empty node could hold the least demand of every component of the group at once."""
    total: dict[str, int] = {}
    for name in group.components:
        demands = [dict(demand) for demand in _demands(candidates[name], node)]
        for resource in set.union(*(set(demand) for demand in demands)):
            total[resource] = total.get(resource, 0) + min(demand.get(resource, 0) for demand in demands)
    return all(amount <= infrastructure.nodes[node].free(resource) for resource, amount in total.items())


def _demands(candidates: tuple[Candidate, ...], node: int) -> Iterator[Mapping[str, int]]:
    for candidate in candidates:
        if candidate.node == node:
            yield candidate.implementation.demand if candidate.implementation is not None else {}
