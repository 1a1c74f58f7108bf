"""What a chain is charged while it changes: its old and its new placement, what they share once.

A chain's use is taken apart into what is charged by itself: a component (or merged ones) on its spot, a flow on a link
direction, a program that serves a flow on a switch. Two placements of the chain share what is the same in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mosaico_place.instance import Chain, Instance
from mosaico_place.placement import ChainPlacement, Opening, Spot
from mosaico_place.usage import (
    CapacityName,
    Scene,
    merged_as_one,
    own_demand,
    paid_hops,
    per_hop_programs,
    running,
)

Amounts = dict[CapacityName, int]
Process = tuple[Spot, tuple[str, ...]]
"""A spot, and the component that runs there, or the ones that are merged."""
User = tuple[str, ...]
"""(component,), or (tail, head, switch, function) of a flow that a program serves."""


@dataclass(frozen=True, slots=True)
class Items:
    """What one placement of a chain is charged for.

    Attributes:
        processes: what each process takes of its node and device.
        hops: (flow, link direction) -> bit/s.
        programs: user and implementation -> what the program takes besides what is opened once.
        loads: user and opened instances -> bit/s that count on them.
    """

    processes: dict[Process, Amounts] = field(default_factory=dict)
    hops: dict[tuple[tuple[str, str], tuple[str, str]], int] = field(default_factory=dict)
    programs: dict[tuple[User, str], Amounts] = field(default_factory=dict)
    loads: dict[tuple[User, Opening], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Charge:
    """What is taken of every capacity, and what counts on opened instances."""

    takes: Mapping[CapacityName, int] = field(default_factory=dict)
    loads: Mapping[Opening, int] = field(default_factory=dict)


NOTHING = Charge()


def items_of(instance: Instance, chain: Chain, placed: ChainPlacement, scene: Scene) -> Items:
    """What a placement of a chain is charged for; in sum, what :func:`mosaico_place.usage.chain_usage` says."""
    items = Items()
    runs = running(instance, chain, placed)
    for group in merged_as_one(placed, runs):
        first = runs[group[0]]
        demands: list[Amounts] = []
        for name in group:
            run = runs[name]
            demand = own_demand(chain.components[name], run.function, run.implementation).items()
            taken: Amounts = {("node", first.node.name, resource): amount for resource, amount in demand}
            for device in first.devices:
                if device in first.node.working:
                    for resource, amount in run.implementation.device.items():
                        taken["device", first.node.name, device, resource] = amount
            demands.append(taken)
        items.processes[placed.components[group[0]], tuple(group)] = largest(demands)
    for name, run in runs.items():
        if run.function.shared_by(chain.components[name]):
            opening = Opening(run.node.name, run.function.name, run.implementation.name)
            items.loads[(name,), opening] = chain.load_bps(name)
    for flow in chain.flows:
        for hop in paid_hops(placed, flow):
            if hop in scene.hops:
                items.hops[flow.ends, hop] = flow.rate_bps
        for node, function, served_by in per_hop_programs(instance, flow, placed, scene):
            user = (*flow.ends, node.name, function.name)
            demand = own_demand(flow, function, served_by).items()
            items.programs[user, served_by.name] = {("node", node.name, name): amount for name, amount in demand}
            if function.shared_by(flow):
                items.loads[user, Opening(node.name, function.name, served_by.name)] = flow.rate_bps
    return items


def largest(parts: Iterable[Mapping[CapacityName, int]]) -> Amounts:
    """Elementwise largest."""
    found: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            found[name] = max(amount, found.get(name, 0))
    return found


def added(parts: Iterable[Mapping[CapacityName, int]]) -> Amounts:
    """Elementwise sum."""
    found: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            found[name] = found.get(name, 0) + amount
    return found


def charge(items: Items) -> Charge:
    """What one placement is charged."""
    return _charge(items.processes.values(), items)


def charge_both(old: Items, new: Items) -> Charge:
    """What two placements of one chain are charged together; what they share is charged once, at its larger amount."""
    hops = {key: max(rate, old.hops.get(key, 0)) for key, rate in new.hops.items()}
    programs = {key: largest([taken, old.programs.get(key, {})]) for key, taken in new.programs.items()}
    loads = {key: max(load, old.loads.get(key, 0)) for key, load in new.loads.items()}
    shared = Items({}, {**old.hops, **hops}, {**old.programs, **programs}, {**old.loads, **loads})
    return _charge(_processes(old.processes, new.processes), shared)


def beyond(both: Charge, old: Charge) -> Charge:
    """What of a charge is more than another one, and what counts on instances that the other did not use."""
    takes = {name: more for name, amount in both.takes.items() if (more := amount - old.takes.get(name, 0)) > 0}
    loads = {
        opening: load - old.loads.get(opening, 0)
        for opening, load in both.loads.items()
        if opening not in old.loads or load > old.loads[opening]
    }
    return Charge(takes, loads)


def _charge(processes: Iterable[Amounts], items: Items) -> Charge:
    takes = added([*processes, *items.programs.values()])
    for (_, (tail, head)), rate in items.hops.items():
        takes["link", tail, head] = takes.get(("link", tail, head), 0) + rate
    loads: dict[Opening, int] = {}
    for (_, opening), load in items.loads.items():
        loads[opening] = loads.get(opening, 0) + load
    return Charge(takes, loads)


def _processes(old: Mapping[Process, Amounts], new: Mapping[Process, Amounts]) -> Iterator[Amounts]:
    """What processes of two placements take, each that is in both once.

    A process that merges or parts with others on its spot goes on: it is charged the larger of what it and they take
    before and after.
    """
    for process in old.keys() & new.keys():
        yield largest([old[process], new[process]])
    left = [[process for process in one if process not in other] for one, other in ((old, new), (new, old))]
    while left[0]:
        clusters: tuple[list[Process], list[Process]] = ([left[0].pop()], [])
        growing = True
        while growing:
            growing = False
            for side in (0, 1):
                for process in [process for process in left[side] if _overlap(process, clusters[1 - side])]:
                    left[side].remove(process)
                    clusters[side].append(process)
                    growing = True
        yield largest([added(old[one] for one in clusters[0]), added(new[one] for one in clusters[1])])
    yield from (new[process] for process in left[1])


def _overlap(process: Process, others: Iterable[Process]) -> bool:
    """Whether a process stands on the spot of another one and has a component in common with it."""
    spot, names = process
    return any(spot == other and not set(names).isdisjoint(theirs) for other, theirs in others)
