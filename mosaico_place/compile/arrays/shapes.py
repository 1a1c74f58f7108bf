"""Chains as arrays: units of components that share a node, the trees over which they are optimised, their budgets."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile.arrays.alike import MOST_KINDS, kind_of_chain
from mosaico_place.compile.arrays.offers import Offers
from mosaico_place.compile.arrays.records import (
    APART,
    BUDGET,
    CHORD,
    COMPONENT,
    COPY,
    FIXED,
    FLOW,
    INNER,
    PIN_HEAD,
    PIN_TAIL,
    TREE,
    UNIT,
)
from mosaico_place.compile.arrays.rows import BANDWIDTH
from mosaico_place.compile.infrastructure import BoolArray, FloatArray, Infrastructure
from mosaico_place.compile.timing import may_vanish
from mosaico_place.instance import Chain, Component, Flow, Instance, Level, Where
from mosaico_place.latency import budget_flows, hop_wait_ns, order
from mosaico_place.placement import ChainPlacement


@dataclass(slots=True)
class Block:
    """Alike chains as records whose numbers count from their own first component, flow, unit and budget flow.

    Tables of delays, touches, menus and labels are those of the whole instance.

    Attributes:
        components, flows, units, budgets, apart: records.
        budget_flows: flows of each budget.
        masks: (components, nodes) where each could stand as far as it alone tells; changed by pruning.
        line: the chain's line of capacities.
        required: whether it must be accepted.
        pruned: (units, nodes) where each could stand, and whether all could, once pruning has found it.
    """

    components: Any
    flows: Any
    units: Any
    budgets: Any
    budget_flows: NDArray[np.int32]
    apart: Any
    masks: BoolArray
    line: int
    required: bool
    pruned: tuple[BoolArray, bool] | None = None

    @property
    def sizes(self) -> Sizes:
        """How much room it needs."""
        parts = (self.components, self.flows, self.units, self.budgets, self.budget_flows, self.apart)
        return Sizes(*map(len, parts))


class Sizes(NamedTuple):
    """Numbers of records; or, of a block in arrays for many, where its records begin."""

    components: int = 0
    flows: int = 0
    units: int = 0
    budgets: int = 0
    budget_flows: int = 0
    apart: int = 0

    def after(self, other: Sizes) -> Sizes:
        """Elementwise sum."""
        return Sizes(*(one + two for one, two in zip(self, other, strict=True)))


Tables = Sequence[FloatArray] | FloatArray
"""(delay tables, arcs) in ns; a table may be made of those before it."""


@dataclass(slots=True)
class Shapes:
    """Turns chains into blocks; the tables that these refer to grow."""

    offers: Offers
    delays: list[FloatArray] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    _delay_keys: dict[tuple[object, ...], int] = field(default_factory=dict)
    _delay_makers: list[Callable[[Infrastructure, Tables], FloatArray]] = field(default_factory=list)
    _mask_keys: dict[tuple[int, float], BoolArray] = field(default_factory=dict)
    _layouts: dict[tuple[object, ...], _Layout] = field(default_factory=dict)
    _blocks: dict[Hashable, Block] = field(default_factory=dict)

    def block(self, chain: Chain, before: ChainPlacement | None) -> Block:
        """The block of one chain, which alike chains share; ``before`` is where it stood."""
        kind = kind_of_chain(chain) if before is None else None
        if kind is None:
            return self._compile(chain, before)
        if kind not in self._blocks:
            if len(self._blocks) >= MOST_KINDS:
                self._blocks.clear()
            self._blocks[kind] = self._compile(chain, before)
        return self._blocks[kind]

    def _compile(self, chain: Chain, before: ChainPlacement | None) -> Block:
        names = order(chain)
        number = {name: i for i, name in enumerate(names)}
        layout = self._layout(chain, names, number)
        flows = [chain.flows[i] for i in layout.order]
        by_ends = {flow.ends: i for i, flow in enumerate(flows)}
        components = [self._component(chain, chain.components[name], layout, before) for name in names]
        masks = np.zeros((len(names), len(self.offers.infrastructure.nodes)), dtype=np.bool_)
        for name, mask in zip(names, masks, strict=True):
            self._mask(chain, chain.components[name], before, mask)
        budgets, budget_steps = [], list[int]()
        for budget in chain.budgets:
            first = len(budget_steps)
            budget_steps += [by_ends[flow.ends] for flow in budget_flows(chain, budget)]
            limits = [np.inf if ns is None else float(ns) for ns in (budget.within_ns, budget.target_ns)]
            budgets.append((number[budget.tail], number[budget.head], *limits, first, len(budget_steps)))
        classes = self.offers.rows.classes
        return Block(
            np.array(components, dtype=COMPONENT),
            np.array([self._flow(chain, flow, number, by_ends, layout) for flow in flows], dtype=FLOW),
            np.array(layout.records(chain, self.offers.infrastructure.index), dtype=UNIT),
            np.array(budgets, dtype=BUDGET),
            np.array(budget_steps, dtype=np.int32),
            np.array(self._apart(chain, layout), dtype=APART),
            masks,
            1 + classes.index(chain.class_name) if chain.class_name in classes else 0,
            self.offers.instance.must_accept(chain),
        )

    def declare(self) -> None:
        """List what chains that are yet to come may ask for: any function, alone or at every hop of a plain flow."""
        self.offers.declare()
        at_hops = [
            (one.name,)
            for one in self.offers.instance.functions.values()
            if any(program.level is Level.P4 for program in one.implementations.values())
        ]
        for per_hop in ((), *at_hops):
            flow = Flow("", "", 0, per_hop)
            self._delay(flow)
            self.offers.touch(flow)

    def _layout(self, chain: Chain, names: tuple[str, ...], number: dict[str, int]) -> _Layout:
        """How its units hang together; chains of one kind share that."""
        pinned = tuple(chain.components[name].at is not None for name in names)
        flows = tuple((*flow.ends, flow.rate_bps, flow.copy_of) for flow in chain.flows)
        joined = tuple(group.components for group in chain.together if group.by is None)
        key = (names, pinned, flows, joined)
        if key not in self._layouts:
            self._layouts[key] = _Layout(chain, _groups(chain, names), number)
        return self._layouts[key]

    def _apart(self, chain: Chain, layout: _Layout) -> list[tuple[int, int, int, bool]]:
        found = []
        for group in chain.apart:
            label = -1 if group.by is None else self.labels.setdefault(group.by, len(self.labels))
            units = [layout.unit[name] for name in group.components]
            found += [(one, other, label, False) for i, one in enumerate(units) for other in units[i + 1 :]]
        for group in chain.together:
            if group.by is not None:
                label = self.labels.setdefault(group.by, len(self.labels))
                units = [layout.unit[name] for name in group.components]
                found += [(one, other, label, True) for one, other in pairwise(units) if one != other]
        return found

    def _component(
        self, chain: Chain, component: Component, layout: _Layout, before: ChainPlacement | None
    ) -> tuple[float, ...]:
        unit = layout.unit[component.name]
        index = self.offers.infrastructure.index
        if component.function is None:
            at = index[component.at or ""]
            return (unit, -1, at, 0, component.processing_ns, -1, 1, 0, 0, -1, 0, 0, -1, 0)
        instance = self.offers.instance
        menu = self.offers.menu(chain, component)
        twins = next((i for i, group in enumerate(chain.equivalent) if component.name in group), -1)
        share = 1.0 if twins < 0 else 1 / len(chain.equivalent[twins])
        spot = None if before is None else before.components.get(component.name)
        home = -1 if spot is None else self.offers.find(menu, spot)
        locked = spot is not None and not component.movable and instance.node_up(spot.node)
        load = chain.load_bps(component.name) // self.offers.rows.quantum[BANDWIDTH]
        price = float(instance.move_price(component))
        vanishes = component.name in may_vanish(chain)
        inside = (i for i, part in enumerate(chain.independent) if component.name in part.components)
        group = next(inside, -1)
        join = 0 if group < 0 else chain.independent[group].join_ns
        return (unit, menu, -1, load, 0, twins, share, vanishes, spot is not None, home, locked, price, group, join)

    def _mask(self, chain: Chain, component: Component, before: ChainPlacement | None, into: BoolArray) -> None:
        """(nodes,) Write where the component could stand as far as it alone tells; nothing is marked yet."""
        infrastructure = self.offers.infrastructure
        if component.function is None:
            into[infrastructure.index[component.at or ""]] = self.offers.instance.node_up(component.at or "")
            return
        menu = self.offers.menu(chain, component)
        load = float(chain.load_bps(component.name) // self.offers.rows.quantum[BANDWIDTH])
        if (menu, load) not in self._mask_keys:
            start = self.offers.menu_start[menu]
            options = self.offers.options[int(start[0]) : int(start[-1])]
            mask = np.zeros(len(infrastructure.nodes), dtype=np.bool_)
            mask[list({int(option[0]) for option in options if load <= option[4]})] = True
            self._mask_keys[menu, load] = mask
        into[:] = self._mask_keys[menu, load]
        if component.name in chain.only:
            into &= self._where(chain.only[component.name])
        if component.name in chain.never:
            into &= ~self._where(chain.never[component.name])
        spot = None if before is None else before.components.get(component.name)
        if spot is not None and not component.movable and self.offers.instance.node_up(spot.node):
            home = self.offers.find(menu, spot)
            runs = home >= 0 and load <= self.offers.options[home][4]
            into &= runs & (np.arange(len(into)) == infrastructure.index[spot.node])

    def _where(self, where: Where) -> BoolArray:
        nodes = self.offers.infrastructure.nodes
        return np.fromiter((where.holds(node) for node in nodes), dtype=np.bool_, count=len(nodes))

    def _flow(
        self,
        chain: Chain,
        flow: Flow,
        number: dict[str, int],
        by_ends: dict[tuple[str, str], int],
        layout: _Layout,
    ) -> tuple[float, ...]:
        delay = self._delay(flow)
        least, copy_of = delay, -1
        if flow.copy_of is not None:
            least, copy_of = self._least_of(delay, self._delay(chain.flow(flow.copy_of))), by_ends[flow.copy_of]
        rate = flow.rate_bps // self.offers.rows.quantum[BANDWIDTH]
        ends = (number[flow.tail], number[flow.head])
        inside = any({flow.tail, flow.head} <= set(group.components) for group in chain.independent)
        return (*ends, rate, delay, self.offers.touch(flow), least, copy_of, layout.role[flow.ends], inside)

    def _delay(self, flow: Flow) -> int:
        """Number of the table of what every arc takes the flow: latency, forwarding, waiting, sending."""
        offers = self.offers
        key = self._delay_key(flow)
        return self._delay_table(key, lambda now, _: _arc_delays(offers.instance, now, flow))

    def _least_of(self, one: int, other: int) -> int:
        return self._delay_table(("least", one, other), lambda _, known: np.minimum(known[one], known[other]))

    def _delay_key(self, flow: Flow) -> tuple[object, ...]:
        served = any(self.offers.instance.functions[name].l4s for name in flow.per_hop)
        return ("flow", served, flow.burst_bytes)

    def _delay_table(self, key: tuple[object, ...], make: Callable[[Infrastructure, Tables], FloatArray]) -> int:
        if key not in self._delay_keys:
            self._delay_keys[key] = len(self.delays)
            self._delay_makers.append(make)
            self.delays.append(make(self.offers.infrastructure, self.delays))
        return self._delay_keys[key]

    @property
    def bursts(self) -> bool:
        """Whether any flow so far sends bursts."""
        return any(key[0] == "flow" and key[2] for key in self._delay_keys)

    def knows(self, chain: Chain, flow: Flow) -> bool:
        """Whether the tables of delays hold what a flow of the chain needs."""
        own = self._delay_keys.get(self._delay_key(flow))
        if own is None or flow.copy_of is None:
            return own is not None
        host = self._delay_keys.get(self._delay_key(chain.flow(flow.copy_of)))
        return host is not None and ("least", own, host) in self._delay_keys

    def write_delays(self, infrastructure: Infrastructure, into: FloatArray) -> None:
        """(delay tables, arcs) What the arcs of another state of the infrastructure take, table by table."""
        for table, make in enumerate(self._delay_makers):
            into[table] = make(infrastructure, into)


def _arc_delays(instance: Instance, infrastructure: Infrastructure, flow: Flow) -> FloatArray:
    """(arcs,) latency, forwarding, waiting and sending."""
    tails = (infrastructure.nodes[i] for i in infrastructure.tail)
    arcs = zip(tails, infrastructure.directions, strict=True)
    waits = np.array([hop_wait_ns(instance, flow, *arc) for arc in arcs], dtype=np.float64)
    delays: FloatArray = infrastructure.arc_delay_ns + waits
    return delays


def _groups(chain: Chain, names: Sequence[str]) -> list[list[str]]:
    """The components that ``together`` puts on one node, each other component by itself."""
    joined: nx.Graph[str] = nx.Graph()
    joined.add_nodes_from(names)
    for group in chain.together:
        if group.by is None:
            joined.add_edges_from((group.components[0], name) for name in group.components[1:])
    return [sorted(part, key=names.index) for part in nx.connected_components(joined)]


class _Layout:
    """How the units of a chain hang together.

    Attributes:
        order: positions of the chain's flows, each after those that enter its tail and after what it copies.
        unit: component -> number of its unit.
        role: (tail, head) -> role of the flow.
    """

    def __init__(self, chain: Chain, groups: list[list[str]], number: dict[str, int]) -> None:
        in_order = sorted(enumerate(chain.flows), key=lambda one: (number[one[1].tail], one[1].copy_of is not None))
        self.order = tuple(position for position, _ in in_order)
        self._flows = tuple(flow for _, flow in in_order)
        self.role: dict[tuple[str, str], int] = {}
        of = {name: i for i, group in enumerate(groups) for name in group}
        fixed = [any(chain.components[name].at is not None for name in group) for group in groups]
        tree = self._spanning(of, fixed)
        roots = self._roots(tree, of, fixed)
        self._order: list[tuple[int, int, int]] = []  # group, parent group, root group
        for i in range(len(groups)):
            if fixed[i]:
                self._order.append((i, -1, i))
        for root in roots:
            parents = dict(nx.bfs_predecessors(tree, root))
            walk = [root, *parents]
            self._order += [(i, parents.get(i, -1), root) for i in reversed(walk)]
        place = {group: position for position, (group, _, _) in enumerate(self._order)}
        self.unit = {name: place[i] for name, i in of.items()}
        self._place, self._tree, self._groups = place, tree, groups
        self._give_roles(tree, of, fixed)

    def _spanning(self, of: dict[str, int], fixed: list[bool]) -> nx.Graph[int]:
        """A forest over the free units along the flows that carry most."""
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(i for i, pinned in enumerate(fixed) if not pinned)
        for position, flow in enumerate(self._flows):
            one, other = of[flow.tail], of[flow.head]
            loose = one != other and not fixed[one] and not fixed[other] and flow.copy_of is None
            if loose and not (graph.has_edge(one, other) and graph[one][other]["rate"] >= flow.rate_bps):
                graph.add_edge(one, other, rate=flow.rate_bps, position=position)
        return nx.maximum_spanning_tree(graph, weight="rate")

    def _roots(self, tree: nx.Graph[int], of: dict[str, int], fixed: list[bool]) -> list[int]:
        """A root per tree: where a copy enters if one does; such trees after the others, in the order of the flows."""
        self._copies: dict[int, int] = {}
        for position, flow in enumerate(self._flows):
            head = of[flow.head]
            part = set() if fixed[head] else nx.node_connected_component(tree, head)
            leads = flow.copy_of is not None and not fixed[head] and of[flow.tail] not in part
            if leads and not part & self._copies.keys():
                self._copies[head] = position
        parts = [set(part) for part in nx.connected_components(tree)]
        plain = [min(part) for part in parts if not part & self._copies.keys()]
        return [*plain, *self._copies]

    def _give_roles(self, tree: nx.Graph[int], of: dict[str, int], fixed: list[bool]) -> None:
        for position, flow in enumerate(self._flows):
            one, other = of[flow.tail], of[flow.head]
            if flow.copy_of is not None:
                role = COPY
            elif one == other:
                role = INNER
            elif fixed[one] or fixed[other]:
                role = FIXED if fixed[one] and fixed[other] else PIN_TAIL if fixed[one] else PIN_HEAD
            else:
                role = TREE if tree.has_edge(one, other) and tree[one][other]["position"] == position else CHORD
            self.role[flow.ends] = role

    def records(self, chain: Chain, index: Mapping[str, int]) -> list[tuple[int, ...]]:
        """The units of a chain as records."""
        found: list[tuple[int, ...]] = []
        for group, parent, root in self._order:
            ends = (chain.components[name].at for name in self._groups[group])
            at = next((node for node in ends if node is not None), None)
            flow = self._tree[group][parent]["position"] if parent >= 0 else -1
            copy = self._copies.get(group, -1)
            node = -1 if at is None else index[at]
            above = self._place[parent] if parent >= 0 else -1
            found.append((node, above, flow, self._place[root], copy))
        return found
