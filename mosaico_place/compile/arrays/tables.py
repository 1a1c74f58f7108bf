"""The instance as the kernel sees it: one bundle of arrays, compiled once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile import Problem
from mosaico_place.compile.arrays.levels import Levels, compile_levels
from mosaico_place.compile.arrays.net import compile_net
from mosaico_place.compile.arrays.offers import Offers
from mosaico_place.compile.arrays.pruning import prune
from mosaico_place.compile.arrays.records import (
    APART,
    BUDGET,
    CHAIN,
    CHARGE,
    COMPONENT,
    FLOW,
    OPENING,
    OPTION,
    PROGRAM,
    SPOT,
    UNIT,
    Tables,
    shift,
)
from mosaico_place.compile.arrays.rows import Kind, Rows, compile_rows
from mosaico_place.compile.arrays.shapes import Block, Shapes, Sizes
from mosaico_place.instance import Chain
from mosaico_place.latency import order

IntArray = NDArray[np.int32]

FEW = 16
"""Chains for which there is room in any case where others may come, so that the first do not each ask for more."""

USUAL = Sizes(components=12, flows=16, units=12, budgets=6, budget_flows=32, apart=24)
"""Chains of so many parts may come to any others; larger ones as far as there is spare room for their parts."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A problem compiled for the kernel.

    Attributes:
        problem: where it came from.
        names: the chains, by index; "" for slots that no chain uses.
        rows: what they compete for.
        offers: what options, openings and programs are, by name.
        shapes: what turned the chains into records.
        tables: the arrays.
        levels: what everything costs, level by level.
        component_names: per chain, its components in the order of the arrays.
        owner: (components,) the chain.
        opening_function: (openings,) number of the function, in the instance's order.
        users: (chains, functions) how many components and flows of a chain instances for many may serve.
        most_users: components and flows that a chain may have.
        functions: function -> its number, in the instance's order.
    """

    problem: Problem
    names: list[str]
    rows: Rows
    offers: Offers
    shapes: Shapes
    tables: Tables
    levels: Levels
    component_names: list[tuple[str, ...]]
    owner: IntArray
    opening_function: IntArray
    users: IntArray
    most_users: int
    functions: Mapping[str, int]

    def write(self, k: int, chain: Chain, block: Block, start: Sizes) -> None:
        """Write a chain into slot ``k``, its records from ``start`` on, and prune where it may stand."""
        tables = self.tables
        end = start.after(block.sizes)
        for name, first, last in zip(Sizes._fields, start, end, strict=True):
            if last > first:
                getattr(tables, name)[first:last] = getattr(block, name)
        ranges = [(first, last) for name, first, last in zip(Sizes._fields, start, end, strict=True)
                  if name != "budget_flows"]  # fmt: skip
        self.owner[start.components : end.components] = k
        tables.chains[k] = (*(number for pair in ranges for number in pair), block.line, block.required, True)
        shift(tables, k, start.budget_flows, end.budget_flows)
        self._prune(k, chain, block, slice(start.units, end.units))
        previous = self.problem.previous
        self.levels.write(k, chain, previous is not None and chain.name in previous.chains)
        _count_users(chain, self.functions, self.users[k])

    def _prune(self, k: int, chain: Chain, block: Block, units: slice) -> None:
        """Write where the units of a chain may stand; for alike chains that is found once."""
        tables = self.tables
        if block.pruned is None:
            room = self.rows.room()[0, self.rows.first_arc :]
            prune(self.problem.infrastructure, tables, k, chain, block.masks, room)
            block.pruned = tables.mask[units].copy(), bool(tables.chains[k]["possible"])
        else:
            tables.mask[units], tables.chains[k]["possible"] = block.pruned


def compile_tables(problem: Problem, spare: float = 0.0, finest: Mapping[Kind, int] | None = None) -> Compiled:
    """Compile every chain; those that fit nowhere whatever the others do are marked as impossible.

    Args:
        problem: the instance.
        spare: so many times the room that the chains need, and room for at least a few, is left for others, which
            :mod:`mosaico_place.solution.incremental` writes into it; they may use any function of the catalogue.
        finest: see :func:`.rows.compile_rows`.
    """
    instance, infrastructure = problem.instance, problem.infrastructure
    rows = compile_rows(instance, infrastructure, finest or {})
    offers = Offers(instance, infrastructure, rows)
    shapes = Shapes(offers)
    before = {} if problem.previous is None else problem.previous.chains
    blocks = [shapes.block(chain, before.get(name)) for name, chain in instance.chains.items()]
    if spare:
        shapes.declare()
    slots, room, largest = _room([block.sizes for block in blocks], spare)
    tables = _tables(problem, rows, offers, shapes, room, slots, largest)
    functions = {name: i for i, name in enumerate(instance.functions)}
    opened = np.array([functions[key.function] for key in offers.openings], dtype=np.int32)
    unused = [""] * (slots - len(blocks))
    names = [order(chain) for chain in instance.chains.values()]
    users = np.zeros((slots, len(functions)), dtype=np.int32)
    levels = compile_levels(problem, rows, offers, slots)
    compiled = Compiled(
        problem, [*instance.chains, *unused], rows, offers, shapes, tables, levels, [*names, *((),) * len(unused)],
        np.zeros(room.components, dtype=np.int32),
        opened, users, largest.components + largest.flows, functions,
    )  # fmt: skip
    start = Sizes()
    for k, (chain, block) in enumerate(zip(instance.chains.values(), blocks, strict=True)):
        compiled.write(k, chain, block, start)
        start = start.after(block.sizes)
    return compiled


def _room(blocks: Sequence[Sizes], spare: float) -> tuple[int, Sizes, Sizes]:
    """How many chains there is room for, for how many records of theirs, and how many of them one chain may have."""
    largest = Sizes(*map(max, zip(Sizes(), *blocks, strict=True)))
    room = Sizes(*map(sum, zip(Sizes(), *blocks, strict=True)))
    if not spare:
        return len(blocks), room, largest
    largest = Sizes(*(max(int(most * (1 + spare)), usual) for most, usual in zip(largest, USUAL, strict=True)))
    room = Sizes(*(int(size * (1 + spare)) for size in room)).after(Sizes(*(FEW * most for most in largest)))
    return int(len(blocks) * (1 + spare)) + FEW, room, largest


def _tables(
    problem: Problem, rows: Rows, offers: Offers, shapes: Shapes, room: Sizes, slots: int, largest: Sizes
) -> Tables:
    """The arrays, with room for so many records of chains, which are yet to be written."""
    infrastructure = problem.infrastructure
    count = len(infrastructure.nodes)
    return Tables(
        net=compile_net(infrastructure),
        first_arc=rows.first_arc,
        options=_records(offers.options, OPTION),
        openings=_records(offers.opening_records, OPENING),
        programs=_records(offers.programs, PROGRAM),
        menu_start=np.array(offers.menu_start, dtype=np.int32).reshape(-1, count + 1),
        touch_start=np.array(offers.touch_start, dtype=np.int32).reshape(-1, count + 1),
        touchable=np.array(offers.touchable, dtype=np.bool_).reshape(-1, count),
        plain=np.array([not key.per_hop and not key.strict for key in offers.touches], dtype=np.bool_),
        uses_row=np.array(offers.uses_row, dtype=np.int32),
        uses_amount=np.array(offers.uses_amount, dtype=np.float64),
        spots=_records(offers.spot_records, SPOT),
        charges=_records([(row, float(price)) for row, price in offers.charges], CHARGE),
        chains=np.zeros(slots, dtype=CHAIN),
        components=np.zeros(room.components, dtype=COMPONENT),
        flows=np.zeros(room.flows, dtype=FLOW),
        units=np.zeros(room.units, dtype=UNIT),
        budgets=np.zeros(room.budgets, dtype=BUDGET),
        apart=np.zeros(room.apart, dtype=APART),
        budget_flows=np.zeros(room.budget_flows, dtype=np.int32),
        mask=np.zeros((room.units, count), dtype=np.bool_),
        delays=np.array(shapes.delays, dtype=np.float64).reshape(len(shapes.delays), len(infrastructure.tail)),
        label_value=_label_values(problem, shapes.labels),
        largest=tuple(largest),
    )


def _count_users(chain: Chain, numbers: Mapping[str, int], into: IntArray) -> None:
    """(functions,) how many components and flows of the chain instances for many may serve."""
    into[:] = 0
    for component in chain.components.values():
        if component.function is not None:
            into[numbers[component.function]] += not component.private
    for flow in chain.flows:
        for name in flow.per_hop:
            into[numbers[name]] += not flow.private


def _records(lines: Sequence[tuple[float, ...]], kind: np.dtype[Any]) -> Any:
    return np.array([tuple(line) for line in lines], dtype=kind)


def _label_values(problem: Problem, labels: dict[str, int]) -> IntArray:
    found = np.zeros((max(len(labels), 1), len(problem.infrastructure.nodes)), dtype=np.int32)
    for label, line in labels.items():
        numbers: dict[tuple[str, str], int] = {}
        values = [node.value(label) for node in problem.infrastructure.nodes]
        found[line] = [numbers.setdefault(value, len(numbers)) for value in values]
    return found
