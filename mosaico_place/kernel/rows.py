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

    def room(self) -> FloatArray:
        """(1 + classes, rows) what there is to take while nothing is taken: the capacity, or -1 where it is closed."""
        room: FloatArray = np.where(self.closed, -1.0, self.capacity)
        return room


def kind_of(name: CapacityName) -> Kind:
    """The kind of a capacity."""
    return BANDWIDTH if name[0] == "link" else (name[0], name[-1])


def compile_rows(instance: Instance, infrastructure: Infrastructure) -> Rows:
    """A row per capacity of a node or device that some implementation takes of, and one per link direction."""
    quantum = _quanta(instance)
    has = capacities(instance)
    names = [name for name in has if name[0] != "link" and kind_of(name) in quantum]
    first_arc = len(names)
    names += [
        ("link", infrastructure.nodes[tail].name, infrastructure.nodes[head].name)
        for tail, head in zip(infrastructure.tail, infrastructure.head, strict=True)
    ]
    classes = [one for one in instance.classes.values() if one.share is not None]
    capacity = np.zeros((1 + len(classes), len(names)))
    for row, name in enumerate(names):
        unit = quantum[kind_of(name)]
        capacity[0, row] = max(_free(has[name]), 0) // unit
        for line, one in enumerate(classes, start=1):
            limit = one.limit(has[name].amount)
            assert limit is not None, "only classes with a share are listed"
            capacity[line, row] = limit // unit
    amount = np.array([has[name].amount / quantum[kind_of(name)] for name in names])
    index = {name: row for row, name in enumerate(names)}
    closed = np.concatenate([np.zeros(first_arc, dtype=np.bool_), infrastructure.free_bps < 0])
    class_names = tuple(one.name for one in classes)
    return Rows(tuple(names), index, quantum, capacity, amount, first_arc, closed, class_names)


def _free(capacity: Capacity) -> int:
    return capacity.amount - capacity.reserved


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
