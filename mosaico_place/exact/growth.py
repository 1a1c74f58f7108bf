"""Which capacities must grow, and by how much, so that every chain of an instance can be accepted.

An exact elastic model: the rows of ``capacity``, ``device``, ``bandwidth`` and ``class-share`` may be exceeded by what
their capacity grows. First as few capacities as possible grow, then the sum of their relative growths is least; at last
every growth is tried one step smaller, until none can be. So the answer is irreducible: with any one of the growths
lowered by a step, and the others as they are, there is no placement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pyomo.environ as pyo

from mosaico_place.compile import compile_instance
from mosaico_place.exact.exactness import whole_rows
from mosaico_place.exact.highs import Highs, Status
from mosaico_place.exact.level import Solver
from mosaico_place.exact.model import Formulation, Matrix, build, decode, transfer
from mosaico_place.exact.objective import LevelForm
from mosaico_place.instance import Direction, Instance, Link
from mosaico_place.method import Options
from mosaico_place.placement import Placement
from mosaico_place.usage import NO_CAPACITY, CapacityName, amounts, capacities, total_usage, usage, usage_by_chain

_FAR = 100
"""How many times its size a capacity may grow to."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What must grow.

    Attributes:
        by: capacity -> by how many of its smallest units; empty if nothing needs to grow.
        placement: one that then keeps all rules.
        proven: whether it is proven to be irreducible, and its number of capacities the least.
    """

    by: Mapping[CapacityName, int]
    placement: Placement
    proven: bool


def least_growth(instance: Instance, options: Options) -> Growth | None:
    """The least growth with which all chains of the instance are accepted; None if no growth helps.

    Raises:
        TimeoutError: the limit struck, or it was interrupted, before anything was known.
    """
    wide = _widened(instance)
    required = replace(wide, chains={name: replace(chain, required=True) for name, chain in wide.chains.items()})
    problem = compile_instance(required)
    if any(block.why is not None for block in problem.blocks.values()):
        return None
    formulation = _elastic(build(problem, actual=instance), instance)
    matrix = transfer(formulation)
    if not matrix.columns:
        return Growth({}, decode(formulation, matrix, np.zeros(0)), proven=True)
    return _Search(instance, options, formulation, matrix).run()


def _widened(instance: Instance) -> Instance:
    """The instance with all capacities that it has much larger, for what is pruned."""

    def direction(way: Direction) -> Direction:
        # The bandwidth itself says how long a burst takes, so it stays.
        return replace(way, reserved_bps=way.reserved_bps - way.bandwidth_bps * _FAR)

    def link(old: Link) -> Link:
        return replace(old, forth=direction(old.forth), back=direction(old.back))

    nodes = {
        name: replace(
            node,
            capacity={key: amount * _FAR for key, amount in node.capacity.items()},
            devices={
                device: {key: amount * _FAR for key, amount in has.items()} for device, has in node.devices.items()
            },
        )
        for name, node in instance.nodes.items()
    }
    return replace(instance, nodes=nodes, links=tuple(map(link, instance.links)))


def grown(instance: Instance, by: Mapping[CapacityName, int]) -> Instance:
    """The instance with its capacities grown."""
    nodes, links = dict(instance.nodes), list(instance.links)
    for (kind, *rest), amount in by.items():
        if kind == "node":
            node = nodes[rest[0]]
            nodes[node.name] = replace(node, capacity={**node.capacity, rest[1]: node.capacity[rest[1]] + amount})
        elif kind == "device":
            node = nodes[rest[0]]
            has = node.devices[rest[1]]
            more = {**has, rest[2]: has[rest[2]] + amount}
            nodes[node.name] = replace(node, devices={**node.devices, rest[1]: more})
        else:
            for position, link in enumerate(links):
                if link.ends == tuple(rest):
                    links[position] = replace(links[position], forth=_wider(link.forth, amount))
                elif link.ends[::-1] == tuple(rest):
                    links[position] = replace(links[position], back=_wider(link.back, amount))
    return replace(instance, nodes=nodes, links=tuple(links))


def _wider(direction: Direction, by_bps: int) -> Direction:
    return replace(direction, bandwidth_bps=direction.bandwidth_bps + by_bps)


def _elastic(formulation: Formulation, instance: Instance) -> Formulation:
    """The formulation with two levels: how many capacities grow, and the sum of their relative growths."""
    symbols, model = formulation.symbols, formulation.model
    model.grows = pyo.Var(pyo.Any, dense=False, within=pyo.Binary)
    model.growing = pyo.Constraint(pyo.Any)
    shares, has = [], capacities(instance)
    for name, growth in symbols.grown.items():
        capacity = has.get(name, NO_CAPACITY).amount
        growth.var.setub(growth.most if capacity > 0 else 0)
        model.growing[name] = growth.var - growth.most * model.grows[name] <= 0
        shares.append(growth.unit / max(capacity, 1) * growth.var)
    model.del_component(model.level)
    model.level = pyo.Objective(pyo.Any)
    model.level[0] = sum(model.grows.values()) + model.nothing
    model.level[1] = sum(shares) + model.nothing
    return Formulation(symbols, (LevelForm(model.level[0], Fraction(1)), LevelForm(model.level[1], Fraction(0))))


class _Search:
    """The elastic model in its solver."""

    def __init__(self, instance: Instance, options: Options, formulation: Formulation, matrix: Matrix) -> None:
        self._instance = instance
        self._formulation = formulation
        self._matrix = matrix
        self._highs = Highs(
            matrix, threads=options.worker_threads, seed=options.seed, stop=options.stop, watch=lambda _: None
        )
        self._solver = Solver(options, formulation, matrix, self._highs, whole_rows(matrix))

    def run(self) -> Growth | None:
        """Solve both levels, then lower every growth as far as it goes."""
        found: Placement | None = None
        proven = True
        for level in (0, 1):
            outcome, placement = self._solver.minimise(level, gap=0.0)
            if placement is None and found is None:
                if outcome.status is Status.INFEASIBLE:
                    return None
                raise TimeoutError
            found = placement or found
            proven = proven and outcome.status is Status.OPTIMAL
            assert found is not None, "it was found on the first level at the latest"
            if level == 0:
                self._highs.at_most(0, len(exceeded(self._instance, found)) + 0.5, 1.0)
        assert found is not None, "see above"
        return self._lowered(found, proven=proven)

    def _lowered(self, found: Placement, *, proven: bool) -> Growth:
        """Try every growth one step smaller, with the others as they are, until none can be."""
        needed, tried = exceeded(self._instance, found), set[CapacityName]()
        while proven and (open_names := [name for name in needed if name not in tried]):
            name = open_names[0]
            for other, growth in self._formulation.symbols.grown.items():
                if id(growth.var) in self._matrix.position:
                    steps = -(-needed.get(other, 0) // growth.unit) - (1 if other == name else 0)
                    self._highs.bound(self._matrix.position[id(growth.var)], steps)
            outcome, placement = self._solver.minimise(0, gap=0.0)
            if placement is not None:
                found, needed, tried = placement, exceeded(self._instance, placement), set()
            elif outcome.status is Status.INFEASIBLE:
                tried.add(name)
            else:
                proven = False
        return Growth(needed, found, proven)


def exceeded(instance: Instance, placement: Placement) -> dict[CapacityName, int]:
    """Capacity -> by how many of its smallest units it must grow for the placement, class shares included."""
    has = capacities(instance)
    used = amounts(usage(instance, placement))
    needed = {}
    for name, amount in used.items():
        there = has.get(name, NO_CAPACITY)
        needed[name] = amount + there.reserved - there.amount
    parts = usage_by_chain(instance, placement)
    for one in instance.classes.values():
        if one.share:
            own = total_usage(part for name, part in parts.items() if instance.chains[name].class_name == one.name)
            for name, amount in amounts(own).items():
                needed[name] = max(needed[name], math.ceil(amount / one.share) - has.get(name, NO_CAPACITY).amount)
    return {name: amount for name, amount in needed.items() if amount > 0}
