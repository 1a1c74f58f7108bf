"""The instance as compiled code sees it: records, and bundles of arrays of them.

What is compiled has a file of declarations beside it, ``records.pxd`` here: it gives the C types, and says which
functions compiled code calls directly. The Python source is what is read, checked and compiled.
"""

from __future__ import annotations

from typing import Any, Self

import cython
import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile.infrastructure import BoolArray, FloatArray

IntArray = NDArray[np.int32]

if not cython.compiled:
    INNER, PIN_TAIL, PIN_HEAD, FIXED, TREE, CHORD, COPY = range(7)
"""Roles of flows: within a unit; from a fixed node; to a fixed node; between two; optimised with the units; routed
when the units stand, which a bound leaves out; a copy."""

OPTION = np.dtype(
    [("node", "i4"), ("use", "i4"), ("use_end", "i4"), ("opening", "i4"), ("carries", "f8"), ("processing_ns", "f8")],
    align=True,
)
"""How a component can run: its node, its slice of the uses, the opening that serves it (-1:
none), the largest load in rate quanta, the time."""

SPOT = np.dtype([("spot", "i4"), ("charge", "i4"), ("charge_end", "i4")], align=True)
"""What merging asks of an option: a number that options of one node, implementation and devices share, whatever the
function; its slice of the charges."""

CHARGE = np.dtype([("row", "i4"), ("price", "f8")], align=True)
"""The price of all that an option takes of a row (-1: of a private instance)."""

OPENING = np.dtype(
    [("node", "i4"), ("group", "i4"), ("use", "i4"), ("use_end", "i4"), ("capacity", "f8"), ("most", "f8")],
    align=True,
)
"""Instances of a shared function that can be opened: what each takes once, the load that each carries (rate quanta),
how many there can be; openings of one group (>= 0) exclude each other: the programs of one function on a switch."""

PROGRAM = np.dtype(
    [
        ("node", "i4"),
        ("function", "i4"),
        ("use", "i4"),
        ("use_end", "i4"),
        ("opening", "i4"),
        ("carries", "f8"),
        ("processing_ns", "f8"),
    ],
    align=True,
)
"""What may serve a flow that touches a switch; entries of one function are alternatives."""

COMPONENT = np.dtype(
    [
        ("unit", "i4"), ("menu", "i4"), ("node", "i4"), ("load", "f8"), ("processing_ns", "f8"), ("twins", "i4"),
        ("share", "f8"), ("vanishes", "i4"), ("ran", "i4"), ("home", "i4"), ("locked", "i4"), ("move_price", "f8"),
        ("group", "i4"), ("join_ns", "f8"),
    ],
    align=True,
)  # fmt: skip
"""A component. ``menu`` is -1 for an endpoint at ``node``; ``twins`` numbers the components that it may be merged
with (-1: none), ``share`` is 1 / how many these are; ``ran`` says that it ran before, as option ``home`` (-1: that is
no option any more), ``locked`` that it must stay there; ``group`` numbers the components that it may run in parallel
with (-1: none), which takes ``join_ns`` in the end."""

FLOW = np.dtype(
    [
        ("tail", "i4"), ("head", "i4"), ("rate", "f8"), ("delay", "i4"), ("touch", "i4"), ("least", "i4"),
        ("copy_of", "i4"), ("role", "i4"), ("inside", "i4"),
    ],
    align=True,
)  # fmt: skip
"""A flow; ``delay`` and ``touch`` number tables, ``least`` the table of delays that pruning may count on; ``inside``
says that it joins independent components, between which nothing is handed over where they run in parallel."""

UNIT = np.dtype([("node", "i4"), ("parent", "i4"), ("flow", "i4"), ("root", "i4"), ("copy", "i4")], align=True)
"""Components on one node: the node if it is fixed, else -1; its parent in the tree and the flow that joins them; the
root of its tree; the copy that leads to a root. Children come before parents."""

BUDGET = np.dtype(
    [("tail", "i4"), ("head", "i4"), ("within_ns", "f8"), ("target_ns", "f8"), ("flow", "i4"), ("flow_end", "i4")],
    align=True,
)
"""A budget with its slice of ``budget_flows``; infinite where nothing is said."""

CHAIN = np.dtype(
    [
        ("component", "i4"), ("component_end", "i4"), ("flow", "i4"), ("flow_end", "i4"), ("unit", "i4"),
        ("unit_end", "i4"), ("budget", "i4"), ("budget_end", "i4"), ("apart", "i4"), ("apart_end", "i4"),
        ("line", "i4"), ("required", "i4"), ("possible", "i4"),
    ],
    align=True,
)  # fmt: skip
"""Slices of the arrays; ``line`` is the chain's line of capacities (0: of no class with a share)."""

APART = np.dtype([("unit", "i4"), ("other", "i4"), ("label", "i4"), ("together", "i4")], align=True)
"""Two units that must not share a node (label -1) or a value of a label; or, if ``together``, must share the value."""


class Bundle:
    """Arrays that belong together: compiled code sees them as typed views, Python, under the same names, as arrays.

    A bundle does not change; what stands in its arrays may.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self._parts[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no {name}") from None

    def __reduce__(self) -> tuple[Any, ...]:
        return _bundle, (type(self), self._parts)

    def keep(self, **parts: Any) -> None:
        """Remember the arrays as Python gave them; for constructors."""
        self._parts = parts

    def replace(self, **others: Any) -> Self:
        """The same bundle with some other arrays."""
        return type(self)(**{**self._parts, **others})

    def parts(self) -> dict[str, Any]:
        """The arrays by name."""
        return dict(self._parts)


def _bundle(kind: type[Bundle], parts: dict[str, Any]) -> Bundle:
    """A copy of a bundle, of copies of its arrays: views of arrays cannot be copied by themselves."""
    return kind(**parts)


class Net(Bundle):
    """The infrastructure: arcs by tail and by head.

    Attributes:
        tail, head: (arcs,) int32.
        forwards: (nodes,) bool.
        hand_over_ns: (nodes,) float64.
        arcs: (2, arcs) in the first row by the node that they leave, in the second by the node that they enter.
        begins: (2, nodes + 1) where those of each node begin; ends: (2, arcs) the node at the other end of each.
        leaves: whether nodes that do not forward have one neighbour each, so that no way over one is a short cut.
    """

    def __init__(
        self,
        tail: IntArray,
        head: IntArray,
        forwards: BoolArray,
        hand_over_ns: FloatArray,
        arcs: IntArray,
        begins: IntArray,
        ends: IntArray,
        leaves: bool,
    ) -> None:
        self.tail, self.head, self.forwards, self.hand_over_ns = tail, head, forwards, hand_over_ns
        self.arcs, self.begins, self.ends = arcs, begins, ends
        self.leaves = leaves
        self.keep(
            tail=tail, head=head, forwards=forwards, hand_over_ns=hand_over_ns, arcs=arcs, begins=begins, ends=ends,
            leaves=leaves,
        )  # fmt: skip


class Tables(Bundle):
    """All that an instance is to compiled code.

    Attributes:
        net: the arcs.
        first_arc: row of arc 0.
        options, openings, programs: records.
        menu_start: (menus, nodes + 1), touch_start: (touch tables, nodes + 1), touchable: (touch tables, nodes),
            plain: (touch tables,) whether flows may touch everything and meet no programs.
        uses_row, uses_amount: what slices of uses refer to.
        spots: a record for each option; charges: records that these refer to.
        chains, components, flows, units, budgets, apart: records.
        budget_flows: flows on some path of each budget, in topological order.
        mask: (units, nodes) where a unit may stand.
        delays: (delay tables, arcs) in ns.
        label_value: (labels, nodes) number of the node's value.
        largest: how many components, flows, units, budgets, budget flows and pairs apart one chain may have; scratch is
            made for so many. Python alone reads it.
    """

    def __init__(
        self,
        net: Net,
        first_arc: int,
        options: Any,
        openings: Any,
        programs: Any,
        menu_start: IntArray,
        touch_start: IntArray,
        touchable: BoolArray,
        plain: BoolArray,
        uses_row: IntArray,
        uses_amount: FloatArray,
        spots: Any,
        charges: Any,
        chains: Any,
        components: Any,
        flows: Any,
        units: Any,
        budgets: Any,
        apart: Any,
        budget_flows: IntArray,
        mask: BoolArray,
        delays: FloatArray,
        label_value: IntArray,
        largest: tuple[int, ...],
    ) -> None:
        self.net, self.first_arc = net, first_arc
        self.options, self.openings, self.programs = options, openings, programs
        self.menu_start, self.touch_start, self.touchable, self.plain = menu_start, touch_start, touchable, plain
        self.uses_row, self.uses_amount, self.spots, self.charges = uses_row, uses_amount, spots, charges
        self.chains, self.components, self.flows, self.units = chains, components, flows, units
        self.budgets, self.apart, self.budget_flows = budgets, apart, budget_flows
        self.mask, self.delays, self.label_value = mask, delays, label_value
        self.keep(
            net=net, first_arc=first_arc, options=options, openings=openings, programs=programs,
            menu_start=menu_start, touch_start=touch_start, touchable=touchable, plain=plain, uses_row=uses_row,
            uses_amount=uses_amount, spots=spots, charges=charges, chains=chains, components=components, flows=flows,
            units=units, budgets=budgets, apart=apart, budget_flows=budget_flows, mask=mask, delays=delays,
            label_value=label_value, largest=largest,
        )  # fmt: skip


def shift(tables: Tables, k: int, steps: int, steps_end: int) -> None:
    """Make numbers of a chain's own records, in which its budget flows are ``steps``, those of the arrays.

    Negative ones mean nothing and stay.
    """
    chain = tables.chains[k]
    for c in range(chain.component, chain.component_end):
        tables.components[c].unit += chain.unit
    for f in range(chain.flow, chain.flow_end):
        tables.flows[f].tail += chain.component
        tables.flows[f].head += chain.component
        tables.flows[f].copy_of = shifted(tables.flows[f].copy_of, chain.flow)
    for u in range(chain.unit, chain.unit_end):
        tables.units[u].root += chain.unit
        tables.units[u].parent = shifted(tables.units[u].parent, chain.unit)
        tables.units[u].flow = shifted(tables.units[u].flow, chain.flow)
        tables.units[u].copy = shifted(tables.units[u].copy, chain.flow)
    for b in range(chain.budget, chain.budget_end):
        tables.budgets[b].tail += chain.component
        tables.budgets[b].head += chain.component
        tables.budgets[b].flow += steps
        tables.budgets[b].flow_end += steps
    for i in range(steps, steps_end):
        tables.budget_flows[i] += chain.flow
    for a in range(chain.apart, chain.apart_end):
        tables.apart[a].unit += chain.unit
        tables.apart[a].other += chain.unit


def shifted(number: int, by: int) -> int:
    """A number that may mean nothing, shifted."""
    return number + by if number >= 0 else number
