"""The instance as the kernel sees it: one bundle of arrays, compiled once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile import Problem
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.instance import Chain
from mosaico_place.kernel.compiled import inner_inline, outer
from mosaico_place.kernel.levels import Levels, compile_levels
from mosaico_place.kernel.offers import CHARGE, OPENING, OPTION, PROGRAM, WAY, Offers
from mosaico_place.kernel.reach import prune
from mosaico_place.kernel.rows import Kind, Rows, compile_rows
from mosaico_place.kernel.shapes import APART, BUDGET, CHAIN, COMPONENT, FLOW, UNIT, Block, Shapes, Sizes
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
        ways: a record for each option; charges: records that these refer to.
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
    uses_row: NDArray[np.uint32]
    uses_amount: FloatArray
    ways: Any
    charges: Any
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
        _shift(tables, k, start.budget_flows, end.budget_flows)
        room = self.rows.room()[0, self.rows.first_arc :]
        prune(self.problem.infrastructure, tables, k, chain, block.masks, room)
        previous = self.problem.previous
        self.levels.write(k, chain, previous is not None and chain.name in previous.chains)
        _count_users(chain, self.problem.instance.functions, self.users[k])


@outer
def _shift(tables: Any, k: int, steps: int, steps_end: int) -> None:
    """Make numbers of a chain's own records, in which its budget flows are ``steps``, those of the arrays.

    Negative ones mean nothing and stay.
    """
    chain = tables.chains[k]
    for c in range(chain.component, chain.component_end):
        tables.components[c].unit += chain.unit
    for f in range(chain.flow, chain.flow_end):
        flow = tables.flows[f]
        flow.tail += chain.component
        flow.head += chain.component
        flow.copy_of = _shifted(flow.copy_of, chain.flow)
    for u in range(chain.unit, chain.unit_end):
        unit = tables.units[u]
        unit.root += chain.unit
        unit.parent = _shifted(unit.parent, chain.unit)
        unit.flow = _shifted(unit.flow, chain.flow)
        unit.copy = _shifted(unit.copy, chain.flow)
    for b in range(chain.budget, chain.budget_end):
        budget = tables.budgets[b]
        budget.tail += chain.component
        budget.head += chain.component
        budget.flow += steps
        budget.flow_end += steps
    for i in range(steps, steps_end):
        tables.budget_flows[i] += chain.flow
    for a in range(chain.apart, chain.apart_end):
        tables.apart[a].unit += chain.unit
        tables.apart[a].other += chain.unit


@inner_inline
def _shifted(number: int, by: int) -> int:
    """A number that may mean nothing, shifted."""
    return number + by if number >= 0 else number


def compile_tables(problem: Problem, spare: float = 0.0, finest: Mapping[Kind, int] | None = None) -> Compiled:
    """Compile every chain; those that fit nowhere whatever the others do are marked as impossible.

    Args:
        problem: the instance.
        spare: so many times the room that the chains need is left for others, which :mod:`.live` writes into it.
        finest: see :func:`.rows.compile_rows`.
    """
    instance, infrastructure = problem.instance, problem.infrastructure
    rows = compile_rows(instance, infrastructure, finest or {})
    offers = Offers(instance, infrastructure, rows)
    shapes = Shapes(offers)
    before = {} if problem.previous is None else problem.previous.chains
    blocks = [shapes.block(chain, before.get(name)) for name, chain in instance.chains.items()]
    sizes = [sum(column) for column in zip(*(block.sizes for block in blocks), strict=True)] or Sizes()
    room = Sizes(*(int(size * (1 + spare)) for size in sizes))
    slots = int(len(blocks) * (1 + spare))
    tables = _tables(problem, rows, offers, shapes, room, slots)
    functions = {name: i for i, name in enumerate(instance.functions)}
    opened = np.array([functions[key.function] for key in offers.openings], dtype=np.int32)
    unused = [""] * (slots - len(blocks))
    names = [order(chain) for chain in instance.chains.values()]
    users = np.zeros((slots, len(functions)), dtype=np.int32)
    served = [block.components for block in blocks], [block.flows for block in blocks]
    levels = compile_levels(problem, rows, offers, slots)
    compiled = Compiled(
        problem, [*instance.chains, *unused], rows, offers, shapes, tables, levels, [*names, *((),) * len(unused)],
        np.zeros(room.components, dtype=np.int32),
        opened, users, sum(max((len(part) for part in parts), default=0) for parts in served),
    )  # fmt: skip
    start = Sizes()
    for k, (chain, block) in enumerate(zip(instance.chains.values(), blocks, strict=True)):
        compiled.write(k, chain, block, start)
        start = start.after(block.sizes)
    return compiled


def _tables(problem: Problem, rows: Rows, offers: Offers, shapes: Shapes, room: Sizes, slots: int) -> Tables:
    """The arrays, with room for so many records of chains, which are yet to be written."""
    infrastructure = problem.infrastructure
    count = len(infrastructure.nodes)
    options, programs = _records(offers.options, OPTION), _records(offers.programs, PROGRAM)
    openings = _records(offers.opening_records, OPENING)
    return Tables(
        net=compile_net(infrastructure),
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
        uses_row=np.array(offers.uses_row, dtype=np.uint32),
        uses_amount=np.array(offers.uses_amount, dtype=np.float64),
        ways=_records(offers.ways, WAY),
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
    )


def _count_users(chain: Chain, functions: Mapping[str, Any], into: IntArray) -> None:
    """(functions,) how many components and flows of the chain instances for many may serve."""
    into[:] = 0
    numbers = {name: i for i, name in enumerate(functions)}
    for component in chain.components.values():
        if component.function is not None:
            into[numbers[component.function]] += not component.private
    for flow in chain.flows:
        for name in flow.per_hop:
            into[numbers[name]] += not flow.private


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
