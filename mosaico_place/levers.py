"""Freedoms of the optimizer that can be taken away, to see what each is worth: an instance to an instance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

from mosaico_place.instance import Chain, Function, Group, Implementation, Instance, Level


class Lever(StrEnum):
    """A freedom."""

    SHARING = "sharing"
    """Instances of shared functions serve more than one component or flow."""
    MERGING = "merging"
    """Equivalent components that meet are merged."""
    PARALLEL = "parallel"
    """Independent components that meet run at the same time."""
    P4 = "p4"
    """Functions that can run at another level may run as P4 programs."""
    GPU = "gpu"
    """Functions that can run at another level may run on GPUs."""
    COLOCATION = "colocation"
    """Components of a chain may share a node although ``together`` does not ask for it."""
    IMPLEMENTATIONS = "implementations"
    """Components run in any implementation of their function, not just the first one listed."""
    REWRITING = "rewriting"
    """Chains are rewritten at all: merging, parallel and the choice of implementations."""
    JOINT_REWRITING = "joint-rewriting"
    """Chains are rewritten where the infrastructure makes it pay, not each by itself and before it is placed."""


def without(instance: Instance, levers: Iterable[Lever]) -> Instance:
    """The instance with the freedoms removed."""
    for lever in levers:
        instance = _REMOVERS[lever](instance)
    return instance


def _sharing(instance: Instance) -> Instance:
    """Every component and flow has instances to itself."""

    def alone(chain: Chain) -> Chain:
        components = {
            name: replace(component, private=True)
            if component.function is not None and instance.functions[component.function].shared
            else component
            for name, component in chain.components.items()
        }
        flows = tuple(replace(flow, private=True) if flow.per_hop else flow for flow in chain.flows)
        return replace(chain, components=components, flows=flows)

    return _each_chain(instance, alone)


def _merging(instance: Instance) -> Instance:
    return _each_chain(instance, lambda chain: replace(chain, equivalent=()))


def _parallel(instance: Instance) -> Instance:
    return _each_chain(instance, lambda chain: replace(chain, independent=()))


def _colocation(instance: Instance) -> Instance:
    """One component of every group that must stand together is kept apart from all the others."""

    def spread(chain: Chain) -> Chain:
        heads = {name: name for name, component in chain.components.items() if component.function is not None}
        for group in chain.together:
            if group.by is None:
                joined = {heads[name] for name in group.components if name in heads}
                first = min(joined, key=list(heads).index, default="")
                heads = {name: first if head in joined else head for name, head in heads.items()}
        alone = tuple(dict.fromkeys(heads.values()))
        return replace(chain, apart=(*chain.apart, Group(alone))) if len(alone) > 1 else chain

    return _each_chain(instance, spread)


def _implementations(instance: Instance) -> Instance:
    return _one_implementation(instance, lambda several: several[0])


def _rewriting(instance: Instance) -> Instance:
    return _implementations(_parallel(_merging(instance)))


def _joint_rewriting(instance: Instance) -> Instance:
    """Whatever may be merged or run in parallel must meet, and the fastest implementation of every function is taken.

    This is decided from the chains and functions alone: neither what nodes have left nor where they are plays a part.
    """
    fastest = _one_implementation(instance, lambda several: min(several, key=lambda one: one.processing_ns))

    def runs(chain: Chain, name: str) -> Implementation:
        function = fastest.functions[chain.components[name].function or ""]
        return next(iter(function.implementations.values()))

    def decided(chain: Chain) -> Chain:
        merged = [group for group in chain.equivalent if len({runs(chain, name).name for name in group}) == 1]
        groups = [*merged, *(group.components for group in chain.independent)]
        joined = [
            Group(tuple(group))
            for group in groups
            if len({runs(chain, name).level is Level.P4 for name in group}) == 1 and _may_meet(chain, group)
        ]
        return replace(chain, together=(*chain.together, *joined)) if joined else chain

    return _each_chain(fastest, decided)


def _may_meet(chain: Chain, components: Iterable[str]) -> bool:
    """Whether the chain's own rules let components stand on one node, as far as they name nodes."""
    names = set(components)
    if any(len(names.intersection(group.components)) > 1 for group in chain.apart):
        return False
    allowed = [set(chain.only[name].nodes) for name in names if name in chain.only and chain.only[name].nodes]
    barred = {node for name in names if name in chain.never for node in chain.never[name].nodes}
    return not allowed or bool(set.intersection(*allowed) - barred)


def _one_implementation(instance: Instance, chosen: Callable[[list[Implementation]], Implementation]) -> Instance:
    """One implementation of every function, and beside it P4 programs of those that flows look for on their way."""
    per_hop = {name for chain in instance.chains.values() for flow in chain.flows for name in flow.per_hop}

    def only(function: Function) -> Function:
        keep = {chosen(list(function.implementations.values())).name}
        if function.name in per_hop:
            keep |= {name for name, one in function.implementations.items() if one.level is Level.P4}
        kept = {name: one for name, one in function.implementations.items() if name in keep}
        return replace(function, implementations=kept)

    return replace(instance, functions={name: only(function) for name, function in instance.functions.items()})


def _without_level(instance: Instance, level: Level) -> Instance:
    """No implementations at a level, except of functions that have no other."""

    def rest(function: Function) -> Function:
        others = {name: one for name, one in function.implementations.items() if one.level is not level}
        return replace(function, implementations=others) if others else function

    return replace(instance, functions={name: rest(function) for name, function in instance.functions.items()})


def _each_chain(instance: Instance, change: Callable[[Chain], Chain]) -> Instance:
    return replace(instance, chains={name: change(chain) for name, chain in instance.chains.items()})


_REMOVERS: Mapping[Lever, Callable[[Instance], Instance]] = {
    Lever.SHARING: _sharing,
    Lever.MERGING: _merging,
    Lever.PARALLEL: _parallel,
    Lever.P4: lambda instance: _without_level(instance, Level.P4),
    Lever.GPU: lambda instance: _without_level(instance, Level.GPU),
    Lever.COLOCATION: _colocation,
    Lever.IMPLEMENTATIONS: _implementations,
    Lever.REWRITING: _rewriting,
    Lever.JOINT_REWRITING: _joint_rewriting,
}
