"""Where each component of one chain could stand: every rule that concerns one component or one group alone.

A candidate that is dropped here never becomes a variable. Nothing is dropped that a feasible placement of the
chain could use, whatever the other chains do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mosaico_place.compile.infrastructure import Infrastructure
from mosaico_place.instance import Chain, Component, Function, Group, Implementation, Instance, Kind, Node
from mosaico_place.placement import Spot
from mosaico_place.quantities import Dimension, format_quantity


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to place one component.

    Attributes:
        node: index of the node.
        implementation: how it runs; None for an endpoint.
        devices: names of the devices it uses; none below level ``gpu``.
        processing_ns: time that traffic spends in it.
    """

    node: int
    implementation: Implementation | None
    devices: tuple[str, ...]
    processing_ns: int

    @property
    def option(self) -> str:
        """Implementation and devices in one word, e.g. ``gpu:gpu-0+gpu-3``; empty for an endpoint."""
        if self.implementation is None:
            return ""
        name = self.implementation.name
        if len(self.devices) < 2:
            return ":".join((name, *self.devices))
        # A name may contain a plus sign; different sets have different words.
        return f"{name}:{'+'.join(device.replace('~', '~~').replace('+', '~+') for device in self.devices)}"

    def spot(self, node: Node) -> Spot:
        """What it is in a placement, on its node; it must be no endpoint."""
        assert self.implementation is not None, "an endpoint has no spot"
        return Spot.on(node.name, self.implementation.name, self.devices)


Candidates = Mapping[str, tuple[Candidate, ...]]
"""Component -> candidates."""


class NoCandidateError(Exception):
    """A chain cannot be accepted, whatever the others do; the message says why."""


def offered(instance: Instance, infrastructure: Infrastructure, component: Component) -> list[Candidate]:
    """Every node that runs the component's function, with every implementation and devices; an endpoint's node."""
    if component.function is None:
        assert component.at is not None, "validation lets no endpoint without a node pass"
        at = infrastructure.index[component.at]
        return [Candidate(at, None, (), component.processing_ns)]
    function = instance.functions[component.function]
    return [
        Candidate(i, implementation, devices, implementation.processing_ns)
        for i, node in enumerate(infrastructure.nodes)
        for implementation in function.implementations.values()
        if implementation.runs_on(node)
        for devices in implementation.devices_on(node)
    ]


def only(chain: Chain, component: str, node: Node) -> bool:
    """Whether rule ``only`` lets the component stand there."""
    return component not in chain.only or chain.only[component].holds(node)


def never(chain: Chain, component: str, node: Node) -> bool:
    """Whether rule ``never`` lets the component stand there."""
    return component not in chain.never or not chain.never[component].holds(node)


def throughput(chain: Chain, component: Component, function: Function, node: Node, candidate: Candidate) -> bool:
    """Whether the candidate could carry the component's load: alone, or with all instances that could be opened."""
    implementation = candidate.implementation
    assert implementation is not None, "endpoints have no load"
    several = function.shared_by(component) and node.kind is not Kind.P4_SWITCH
    load = chain.load_bps(component.name)
    return implementation.carries(load) or (several and bool(implementation.capacity_bps))


def max_moves(component: Component, before: Spot | None, node: Node, candidate: Candidate, up: bool) -> bool:
    """Whether rule ``max-moves`` lets the component run there: one that is not movable stays while its node is up."""
    if component.movable or before is None or not up or candidate.implementation is None:
        return True
    return before == candidate.spot(node)


def fits(node: Node, candidate: Candidate) -> bool:
    """Whether the empty node, and its empty devices, could hold the candidate, with an instance opened for it."""
    implementation = candidate.implementation
    if implementation is None:
        return True
    if any(amount > node.free(resource) for resource, amount in implementation.alone.items()):
        return False
    return all(
        amount <= node.devices[device].get(resource, 0)
        for device in candidate.devices
        for resource, amount in implementation.device.items()
    )


def own_candidates(
    instance: Instance,
    infrastructure: Infrastructure,
    chain: Chain,
    component: Component,
    before: Spot | None = None,
) -> tuple[Candidate, ...]:
    """Candidates of one component on its own; ``before`` is its spot in a previous placement.

    Raises:
        NoCandidateError: there is none.
    """
    found = offered(instance, infrastructure, component)
    if component.function is None:
        if not instance.node_up(component.at or ""):
            raise NoCandidateError(f"endpoint {component.name!r} stands on {component.at!r}, which is down")
        return tuple(found)
    function = instance.functions[component.function]
    up = before is not None and instance.node_up(before.node)
    tests: list[tuple[Callable[[Node, Candidate], bool], str]] = [
        (
            lambda node, _: only(chain, component.name, node) and never(chain, component.name, node),
            f"'only' and 'never' leave no node that runs {component.function!r}",
        ),
        (
            lambda node, candidate: throughput(chain, component, function, node, candidate),
            f"no implementation of {component.function!r} that is left carries its load of "
            f"{format_quantity(chain.load_bps(component.name), Dimension.RATE)}",
        ),
        (
            lambda node, candidate: max_moves(component, before, node, candidate, up),
            "it is not movable, and cannot run any more where it ran before",
        ),
        (
            lambda node, candidate: fits(node, candidate),
            f"no node that runs {component.function!r} has the resources for it, even when empty",
        ),
    ]
    why = "" if found else _why_nowhere(infrastructure, function)
    for keeps, otherwise in tests:
        if found:
            found = [candidate for candidate in found if keeps(infrastructure.nodes[candidate.node], candidate)]
            why = otherwise
    if not found:
        raise NoCandidateError(f"component {component.name!r}: {why}")
    return tuple(found)


def _why_nowhere(infrastructure: Infrastructure, function: Function) -> str:
    """Why no node runs a function."""
    repaired = [node.repaired for node in infrastructure.nodes]
    running = [(one, node) for node in repaired for one in function.implementations.values() if one.runs_on(node)]
    if any(next(one.devices_on(node), None) is not None for one, node in running):
        return f"every node that runs {function.name!r} is down or drained, or its GPUs are down"
    if running:
        return f"no node that runs {function.name!r} has as many GPUs as it takes"
    return f"no node runs {function.name!r}"


def common_places(
    infrastructure: Infrastructure, chain: Chain, group: Group, candidates: Candidates
) -> dict[str, set[int]]:
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
    units = _units(chain, group)
    shared = {i for i in set.intersection(*nodes.values()) if _holds_all(infrastructure, i, units, candidates)}
    return dict.fromkeys(group.components, shared)


def _units(chain: Chain, group: Group) -> list[set[str]]:
    """The components of a group, those together that may be merged and so be charged once."""
    units: list[set[str]] = [{name} for name in group.components]
    for equivalent in chain.equivalent:
        meeting = [unit for unit in units if unit & set(equivalent)]
        units = [unit for unit in units if unit not in meeting] + [set().union(*meeting)]
    return [unit for unit in units if unit]


def _holds_all(
    infrastructure: Infrastructure, node: int, units: Sequence[Collection[str]], candidates: Candidates
) -> bool:
    """Whether the empty node could hold the least demand of every unit at once."""
    total: dict[str, int] = {}
    for unit in units:
        least: dict[str, int] = {}
        for name in unit:
            demands = [dict(demand) for demand in _demands(candidates[name], node)]
            for resource in set.union(*(set(demand) for demand in demands)):
                smallest = min(demand.get(resource, 0) for demand in demands)
                least[resource] = max(smallest, least.get(resource, 0))
        for resource, amount in least.items():
            total[resource] = total.get(resource, 0) + amount
    return all(amount <= infrastructure.nodes[node].free(resource) for resource, amount in total.items())


def _demands(candidates: tuple[Candidate, ...], node: int) -> Iterator[Mapping[str, int]]:
    for candidate in candidates:
        if candidate.node == node:
            yield candidate.implementation.demand if candidate.implementation is not None else {}
