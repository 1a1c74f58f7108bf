"""What chains compete for, as rows of numbers: one row per capacity, in whole quanta.

A quantum is the largest amount that divides every demand on a kind of resource, so that amounts are small whole
numbers, which float64 adds up exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from mosaico_place.compile import Infrastructure
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.instance import Flow, Implementation, Instance
from mosaico_place.usage import Capacity, CapacityName, capacities

BANDWIDTH = ("link",)
"""The kind of every link direction; ("node", resource) and ("device", resource) are the others."""

Kind = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Every capacity that something could take.

    Attributes:
        names: (rows,) of capacities; the last ``arcs`` of them are the link directions, by index of the arc.
        index: name -> row.
        quantum: kind -> smallest units in one quantum.
        capacity: (1 + classes, rows) whole quanta that all chains, or those of a class, may take.
        amount: (rows,) quanta that there are, what is reserved included; not always whole.
        first_arc: row of arc 0.
        closed: (rows,) bool, link directions that are down; their capacity is 0, so that a bound counts nothing for
            them, but even a flow of rate 0 must not take them (:meth:`room`).
        classes: names of the classes with a share, in the order of the lines of ``capacity`` after the first.
    """

    names: tuple[CapacityName, ...]
    index: Mapping[CapacityName, int]
    quantum: Mapping[Kind, int]
    capacity: FloatArray
    amount: FloatArray
    first_arc: int
    closed: BoolArray
    classes: tuple[str, ...]

    def write(self, row: int, instance: Instance, has: Capacity) -> None:
        """Say how much there is of a capacity now."""
        unit = self.quantum[kind_of(self.names[row])]
        self.capacity[0, row] = max(has.amount - has.reserved, 0) // unit
        for line, name in enumerate(self.classes, start=1):
            limit = instance.classes[name].limit(has.amount)
            assert limit is not None, "only classes with a share are listed"
            self.capacity[line, row] = limit // unit
        self.amount[row] = has.amount / unit

    def room(self) -> FloatArray:
        """(1 + classes, rows) what there is to take while nothing is taken: the capacity, or -1 where it is closed."""
        room: FloatArray = np.where(self.closed, -1.0, self.capacity)
        return room


def kind_of(name: CapacityName) -> Kind:
    """The kind of a capacity."""
    return BANDWIDTH if name[0] == "link" else (name[0], name[-1])


def compile_rows(instance: Instance, infrastructure: Infrastructure, finest: Mapping[Kind, int]) -> Rows:
    """A row per capacity of a node or device that some implementation takes of, and one per link direction.

    Quanta are divisors of what ``finest`` says of their kinds, so that amounts that come later are whole too.
    """
    quantum = _quanta(instance)
    quantum = {kind: math.gcd(amount, finest.get(kind, 0)) for kind, amount in quantum.items()}
    has = capacities(instance)
    names = [name for name in has if name[0] != "link" and kind_of(name) in quantum]
    first_arc = len(names)
    names += [
        ("link", infrastructure.nodes[tail].name, infrastructure.nodes[head].name)
        for tail, head in zip(infrastructure.tail, infrastructure.head, strict=True)
    ]
    classes = [one for one in instance.classes.values() if one.share is not None]
    rows = Rows(
        tuple(names),
        {name: row for row, name in enumerate(names)},
        quantum,
        np.zeros((1 + len(classes), len(names))),
        np.zeros(len(names)),
        first_arc,
        np.concatenate([np.zeros(first_arc, dtype=np.bool_), infrastructure.free_bps < 0]),
        tuple(one.name for one in classes),
    )
    for row, name in enumerate(names):
        rows.write(row, instance, has[name])
    return rows


def _quanta(instance: Instance) -> dict[Kind, int]:
    """Kind -> the largest amount that divides every demand."""
    demands: dict[Kind, set[int]] = {BANDWIDTH: {flow.rate_bps for flow in _flows(instance)}}
    for implementation in _implementations(instance):
        for amounts, what in ((implementation.demand, "node"), (implementation.once, "node")):
            for resource, amount in amounts.items():
                demands.setdefault((what, resource), set()).add(amount)
        for resource, amount in implementation.device.items():
            demands.setdefault(("device", resource), set()).add(amount)
        if implementation.capacity_bps is not None:
            demands[BANDWIDTH].add(implementation.capacity_bps)
    return {kind: max(math.gcd(*amounts), 1) for kind, amounts in demands.items()}


def _implementations(instance: Instance) -> Iterable[Implementation]:
    return (one for function in instance.functions.values() for one in function.implementations.values())


def _flows(instance: Instance) -> Iterable[Flow]:
    return (flow for chain in instance.chains.values() for flow in chain.flows)
