"""The instance as the kernel sees it: one bundle of arrays, compiled once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile import Problem
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.kernel.levels import Levels, compile_levels
from mosaico_place.kernel.offers import OPENING, OPTION, PROGRAM, Offers
from mosaico_place.kernel.reach import prune
from mosaico_place.kernel.rows import Rows, compile_rows
from mosaico_place.kernel.shapes import APART, BUDGET, CHAIN, COMPONENT, FLOW, UNIT, Shapes
from mosaico_place.kernel.spread import Net, compile_net
from mosaico_place.latency import order

IntArray = NDArray[np.int32]


class Tables(NamedTuple):
    """Arrays for compiled code; the record types are those of :mod:`.offers` and :mod:`.shapes`.

    Attributes:
        net: the arcs.
        first_arc: row of arc 0.
        options, openings, programs: records; option_... and so on: their
            fields one by one, for the innermost loops.
        menu_start: (menus, nodes + 1), touch_start: (touch tables, nodes + 1), touchable: (touch tables, nodes),
            plain: (touch tables,) whether flows may touch everything and meet no programs.
        uses_row, uses_amount: what slices of uses refer to.
        chains, components, flows, units, budgets, apart: records.
        budget_flows: flows on some way of each budget, in topological order.
        mask: (units, nodes) where a unit may stand.
        delays: (delay tables, arcs) in ns.
        label_value: (labels, nodes) number of the node's value.
    """

    net: Net
    first_arc: int
    options: Any
    option_use: IntArray
    option_use_end: IntArray
    option_opening: IntArray
    option_carries: FloatArray
    option_processing_ns: FloatArray
    program_function: IntArray
    program_use: IntArray
    program_use_end: IntArray
    program_opening: IntArray
    program_carries: FloatArray
    program_processing_ns: FloatArray
    opening_group: IntArray
    opening_capacity: FloatArray
    openings: Any
    programs: Any
    menu_start: IntArray
    touch_start: IntArray
    touchable: BoolArray
    plain: BoolArray
    uses_row: IntArray
    uses_amount: FloatArray
    chains: Any
    components: Any
    flows: Any
    units: Any
    budgets: Any
    apart: Any
    budget_flows: IntArray
    mask: BoolArray
    delays: FloatArray
    label_value: IntArray


@dataclass(frozen=True, slots=True)
class Compiled:
    """A problem compiled for the kernel.

    Attributes:
        problem: where it came from.
        names: the chains, by index.
        rows: what they compete for.
        offers: what options, openings and programs are, by name.
        tables: the arrays.
        levels: what everything costs, level by level.
        component_names: per chain, its components in the order of the arrays.
        opening_function: (openings,) number of the function, in the instance's order.
        users: (chains, functions) how many components and flows of a chain instances for many may serve.
    """

    problem: Problem
    names: tuple[str, ...]
    rows: Rows
    offers: Offers
    tables: Tables
    levels: Levels
    component_names: tuple[tuple[str, ...], ...]
    opening_function: IntArray
    users: IntArray


def compile_tables(problem: Problem) -> Compiled:
    """Compile every chain; those that fit nowhere whatever the others do are marked as impossible."""
    instance, infrastructure = problem.instance, problem.infrastructure
    rows = compile_rows(instance, infrastructure)
    offers = Offers(instance, infrastructure, rows)
    shapes = Shapes(offers)
    before = {} if problem.previous is None else problem.previous.chains
    for name, chain in instance.chains.items():
        shapes.add(chain, before.get(name))
    net = compile_net(infrastructure)
    count = len(infrastructure.nodes)
    masks = np.array(shapes.masks).reshape(-1, count)
    options, programs = _records(offers.options, OPTION), _records(offers.programs, PROGRAM)
    openings = _records(offers.opening_records, OPENING)
    tables = Tables(
        net=net,
        first_arc=rows.first_arc,
        options=options,
        **_fields("option", options, ("use", "use_end", "opening", "carries", "processing_ns")),
        **_fields("program", programs, PROGRAM.names or ()),
        **_fields("opening", openings, ("group", "capacity")),
        openings=openings,
        programs=programs,
        menu_start=np.array(offers.menu_start, dtype=np.int32).reshape(-1, count + 1),
        touch_start=np.array(offers.touch_start, dtype=np.int32).reshape(-1, count + 1),
        touchable=np.array(offers.touchable, dtype=np.bool_).reshape(-1, count),
        plain=np.array([not key.per_hop and not key.strict for key in offers.touches], dtype=np.bool_),
        uses_row=np.array(offers.uses_row, dtype=np.int32),
        uses_amount=np.array(offers.uses_amount, dtype=np.float64),
        chains=_records(shapes.chains, CHAIN),
        components=_records(shapes.components, COMPONENT),
        flows=_records(shapes.flows, FLOW),
        units=_records(shapes.units, UNIT),
        budgets=_records(shapes.budgets, BUDGET),
        apart=_records(shapes.aparts, APART),
        budget_flows=np.array(shapes.budget_flows, dtype=np.int32),
        mask=np.ones((len(shapes.units), count), dtype=np.bool_),
        delays=np.array(shapes.delays, dtype=np.float64).reshape(-1, len(infrastructure.tail)),
        label_value=_label_values(problem, shapes.labels),
    )
    prune(problem, tables, masks, rows.room()[0, rows.first_arc :])
    levels = compile_levels(problem, rows, offers)
    functions = {name: i for i, name in enumerate(instance.functions)}
    names = tuple(order(chain) for chain in instance.chains.values())
    opened = np.array([functions[key.function] for key in offers.openings], dtype=np.int32)
    return Compiled(
        problem, tuple(instance.chains), rows, offers, tables, levels, names, opened, _users(problem, functions)
    )


def _users(problem: Problem, functions: dict[str, int]) -> IntArray:
    found = np.zeros((len(problem.instance.chains), len(functions)), dtype=np.int32)
    for k, chain in enumerate(problem.instance.chains.values()):
        for component in chain.components.values():
            if component.function is not None:
                found[k, functions[component.function]] += not component.private
        for flow in chain.flows:
            for name in flow.per_hop:
                found[k, functions[name]] += not flow.private
    return found


def _fields(name: str, records: Any, fields: Sequence[str]) -> dict[str, Any]:
    return {f"{name}_{field}": np.ascontiguousarray(records[field]) for field in fields}


def _records(lines: Sequence[tuple[float, ...]], kind: np.dtype[Any]) -> Any:
    return np.array([tuple(line) for line in lines], dtype=kind)


def _label_values(problem: Problem, labels: dict[str, int]) -> IntArray:
    found = np.zeros((max(len(labels), 1), len(problem.infrastructure.nodes)), dtype=np.int32)
    for label, line in labels.items():
        numbers: dict[tuple[str, str], int] = {}
        values = [node.value(label) for node in problem.infrastructure.nodes]
        found[line] = [numbers.setdefault(value, len(numbers)) for value in values]
    return found
