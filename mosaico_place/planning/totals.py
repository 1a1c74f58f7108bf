"""Everything that is taken at one moment of a plan, and what is worse at the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mosaico_place.checking.words import base_units, where
from mosaico_place.instance import Instance
from mosaico_place.placement import ChainPlacement, Opening, Spot
from mosaico_place.planning.charges import Charge
from mosaico_place.quantities import Dimension
from mosaico_place.usage import CapacityName, Hops, capacity_of, dimension_of

Charged = tuple[Charge, frozenset[tuple[str, ...]]]
"""What a chain is charged, and (tail, head, switch, function) of every program that it asks for and does not find."""


@dataclass
class Course:
    """One chain on its way.

    Attributes:
        placed: how it runs, or, where it changes, how it ran before; None if it does not.
        target: how it is to run after its next switch, once that has begun.
        starting: component -> spot, that still has to be started before the switch.
        carrying: component -> spot, whose state still has to be carried there before the switch.
        stopping: component -> spot, that still has to be stopped after it; None before it.
        halted: position of the step that stopped its traffic; None while it flows.
        sources: component -> where its state can be carried from.
        original: whether it runs in its old form.
        broken: whether the event has interrupted it.
    """

    placed: ChainPlacement | None
    target: ChainPlacement | None = None
    starting: dict[str, Spot] = field(default_factory=dict)
    carrying: dict[str, Spot] = field(default_factory=dict)
    stopping: dict[str, Spot] | None = None
    halted: int | None = None
    sources: Mapping[str, Spot] = field(default_factory=dict)
    original: bool = True
    broken: bool = False


@dataclass
class Totals:
    """Everything that is taken at a moment.

    Attributes:
        counts: how many instances are opened.
        takes: how much is taken of every capacity.
        by_class: (class, capacity) -> how much its chains take.
        loads: what counts on opened instances, in bit/s.
        lacking: chain, flow, switch and function of every program that is asked for and is not there.
    """

    counts: Mapping[Opening, int]
    takes: dict[CapacityName, int] = field(default_factory=dict)
    by_class: dict[tuple[str, CapacityName], int] = field(default_factory=dict)
    loads: dict[Opening, int] = field(default_factory=dict)
    lacking: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, name: str, charged: Charged, class_name: str | None) -> None:
        """Add what a chain is charged."""
        charge, lacks = charged
        for key, amount in charge.takes.items():
            self.takes[key] = self.takes.get(key, 0) + amount
            if class_name is not None:
                self.by_class[class_name, key] = self.by_class.get((class_name, key), 0) + amount
        for opening, load in charge.loads.items():
            self.loads[opening] = self.loads.get(opening, 0) + load
        self.lacking |= {(name, *program) for program in lacks}

    def open(self, opening: Opening, once: Mapping[str, int]) -> None:
        """Add what opened instances take."""
        for resource, amount in once.items():
            name: CapacityName = ("node", opening.node, resource)
            self.takes[name] = self.takes.get(name, 0) + amount


def worse(instance: Instance, hops: Hops, before: Totals, now: Totals) -> Iterator[tuple[str, str, float]]:
    """(where, what, by how much) of everything that is broken now, and was not before or less so."""
    for name, used in now.takes.items():
        has = capacity_of(instance, hops, name)
        limit = max(has.amount - has.reserved, 0)
        if used > limit and used > before.takes.get(name, 0):
            over = base_units(used - limit, dimension_of(instance, name))
            yield where(name), "more is taken than there is", over
    for (class_name, name), used in now.by_class.items():
        share = instance.classes.get(class_name)
        most = None if share is None else share.limit(capacity_of(instance, hops, name).amount)
        if most is not None and used > most and used > before.by_class.get((class_name, name), 0):
            over = base_units(used - most, dimension_of(instance, name))
            yield f"class {class_name}, {where(name)}", "more is taken than its share", over
    for opening, load in now.loads.items():
        implementation = instance.functions[opening.function].implementations[opening.implementation]
        had, has_now = (one.counts.get(opening, 0) for one in (before, now))
        more = has_now < had or opening not in before.loads or load > before.loads[opening]
        if more and (not has_now or not implementation.carries(load, has_now)):
            over = base_units(load - has_now * (implementation.capacity_bps or 0), Dimension.RATE)
            place = f"node {opening.node}, {opening.function} {opening.implementation}"
            yield place, "no instance is opened, or those that are carry less", over if has_now else 1.0
    for chain, tail, head, node, function in sorted(now.lacking - before.lacking):
        yield f"chain {chain}, flow {tail} -> {head}", f"{function!r} is not opened on {node}", 1.0
