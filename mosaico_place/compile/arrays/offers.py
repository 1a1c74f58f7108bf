"""What nodes offer, as arrays: options of components, instances that can be opened, programs that flows touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile import Candidate, Infrastructure
from mosaico_place.compile.arrays.rows import BANDWIDTH, Rows
from mosaico_place.instance import (
    Chain,
    Component,
    Flow,
    Function,
    Implementation,
    Instance,
    Kind,
    Node,
)
from mosaico_place.placement import Opening, Spot
from mosaico_place.usage import CapacityName, own_demand, private


class MenuKey(NamedTuple):
    """Components with equal keys have equal options; ``wish`` is (chain, component) where it has a preference."""

    function: str
    private: bool
    wish: tuple[str, str] | None


class TouchKey(NamedTuple):
    """Flows with equal keys meet equal programs."""

    per_hop: tuple[str, ...]
    strict: bool
    private: bool


def menu_key(function: Function, component: Component, wish: tuple[str, str] | None = None) -> MenuKey:
    """Which menu a component that runs the function has."""
    return MenuKey(function.name, function.shared and component.private, wish)


def touch_key(flow: Flow) -> TouchKey:
    """Which table of programs a flow meets."""
    return TouchKey(flow.per_hop, flow.strict, flow.private)


class Run(NamedTuple):
    """An option by name."""

    function: Function
    candidate: Candidate
    key: MenuKey


@dataclass(slots=True)
class Offers:
    """All that nodes offer, growing while chains are compiled; indices never change.

    Attributes:
        menus: key -> number of the menu.
        menu_start: per menu, option of every node: options of node n are ``menu_start[m][n] : menu_start[m][n + 1]``.
        runs: per option, what it is.
        openings: opening -> number.
        touches: key -> number of the touch table.
        touch_start: per table, programs of every node, like ``menu_start``; touchable: whether a flow may touch it.
        uses: rows and amounts that slices of options, openings and programs refer to.
        spot_records: what merging asks of every option; charges: what their slices refer to.
    """

    instance: Instance
    infrastructure: Infrastructure
    rows: Rows
    menus: dict[MenuKey, int] = field(default_factory=dict)
    menu_start: list[NDArray[np.int32]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    options: list[tuple[float, ...]] = field(default_factory=list)
    openings: dict[Opening, int] = field(default_factory=dict)
    opening_records: list[tuple[float, ...]] = field(default_factory=list)
    groups: dict[tuple[str, str], int] = field(default_factory=dict)
    touches: dict[TouchKey, int] = field(default_factory=dict)
    touch_start: list[NDArray[np.int32]] = field(default_factory=list)
    touchable: list[NDArray[np.bool_]] = field(default_factory=list)
    programs: list[tuple[float, ...]] = field(default_factory=list)
    program_runs: list[tuple[int, Function, Implementation, bool]] = field(default_factory=list)
    uses_row: list[int] = field(default_factory=list)
    uses_amount: list[float] = field(default_factory=list)
    charges: list[tuple[int, Fraction]] = field(default_factory=list)
    spot_records: list[tuple[int, int, int]] = field(default_factory=list)
    spots: dict[Spot, int] = field(default_factory=dict)
    _slices: dict[tuple[tuple[int, float], ...], tuple[int, int]] = field(default_factory=dict)

    @property
    def opening_keys(self) -> list[Opening]:
        """The openings, by number."""
        return list(self.openings)

    def menu(self, chain: Chain, component: Component) -> int:
        """Number of the component's menu."""
        assert component.function is not None, "endpoints have no options"
        function = self.instance.functions[component.function]
        wish = (chain.name, component.name) if component.name in chain.preference else None
        return self._menu(component, function, menu_key(function, component, wish))

    def declare(self) -> None:
        """List the options of all functions, also of those that no chain uses yet."""
        for function in self.instance.functions.values():
            for alone in (False, True) if function.shared else (False,):
                component = Component("", function.name, private=alone)
                self._menu(component, function, menu_key(function, component))

    def _menu(self, component: Component, function: Function, key: MenuKey) -> int:
        if key not in self.menus:
            self.menus[key] = len(self.menu_start)
            self.menu_start.append(self._list_options(component, function, key))
        return self.menus[key]

    def find(self, menu: int, spot: Spot) -> int:
        """The option of a menu that a spot is, or -1."""
        node = self.infrastructure.index.get(spot.node)
        start = self.menu_start[menu]
        for option in range(int(start[node]), int(start[node + 1])) if node is not None else ():
            candidate = self.runs[option].candidate
            assert candidate.implementation is not None, "functions have implementations"
            if (candidate.implementation.name, candidate.devices) == (spot.implementation, spot.devices):
                return option
        return -1

    def _list_options(self, component: Component, function: Function, key: MenuKey) -> NDArray[np.int32]:
        start = [len(self.options)]
        shared = function.shared_by(component)
        for i, node in enumerate(self.infrastructure.nodes):
            known: Implementation | None = None
            for candidate in _candidates(i, node, function):
                implementation = candidate.implementation
                assert implementation is not None, "functions have implementations"
                if implementation is not known:  # what follows is the same for all devices of a node
                    known = implementation
                    opening = self.opening(i, function, implementation) if shared else -1
                    demand = own_demand(component, function, implementation)
                    taken = _of_node(node, demand)
                    carries = self._carries(implementation, opening)
                    charges = self._charges_of_node(component, function, node, demand)
                uses = self._slice(taken + _of_devices(node, candidate))
                spot = self.spots.setdefault(candidate.spot(node), len(self.spots))
                charge = len(self.charges)
                self.charges += charges
                self.charges += self._charges_of_devices(function, node, candidate)
                self.options.append((i, *uses, opening, carries, candidate.processing_ns))
                self.spot_records.append((spot, charge, len(self.charges)))
                self.runs.append(Run(function, candidate, key))
            start.append(len(self.options))
        return np.array(start, dtype=np.int32)

    def _charges_of_node(
        self, component: Component, function: Function, node: Node, demand: Mapping[str, int]
    ) -> list[tuple[int, Fraction]]:
        """(row, or -1 for a private instance; price) of everything that the component takes of a node by itself."""
        found = []
        for resource, amount in demand.items():
            if amount and (price := self.instance.resource_price(function, node, resource)):
                found.append((self.rows.index["node", node.name, resource], amount * price))
        if private(component, function) and (price := self.instance.opened_price(function, node)):
            found.append((-1, price))
        return found

    def _charges_of_devices(
        self, function: Function, node: Node, candidate: Candidate
    ) -> Iterable[tuple[int, Fraction]]:
        """(row; price) of everything that the component takes of devices."""
        if candidate.devices and candidate.implementation is not None:
            for resource, amount in candidate.implementation.device.items():
                if amount and (price := self.instance.device_price(function, node, resource)):
                    for device in candidate.devices:
                        yield self.rows.index["device", node.name, device, resource], amount * price

    def _carries(self, implementation: Implementation, opening: int) -> float:
        most = 1.0 if opening < 0 else self.opening_records[opening][5]
        return _load(self.rows, implementation) * most

    def opening(self, node: int, function: Function, implementation: Implementation) -> int:
        """Number of what can be opened there."""
        owner = self.infrastructure.nodes[node]
        key = Opening(owner.name, function.name, implementation.name)
        if key not in self.openings:
            switch = owner.kind is Kind.P4_SWITCH
            group = self.groups.setdefault((owner.name, function.name), len(self.groups)) if switch else -1
            once = self._slice(_of_node(owner, implementation.once))
            most = 1.0 if switch else _most(owner, implementation)
            self.openings[key] = len(self.openings)
            self.opening_records.append((node, group, *once, _load(self.rows, implementation), most))
        return self.openings[key]

    def touch(self, flow: Flow) -> int:
        """Number of the table of programs that the flow meets."""
        key = touch_key(flow)
        if key not in self.touches:
            self.touches[key] = len(self.touch_start)
            start, touchable = [len(self.programs)], []
            for i, node in enumerate(self.infrastructure.nodes):
                touchable.append(self._list_programs(i, node, flow))
                start.append(len(self.programs))
            self.touch_start.append(np.array(start, dtype=np.int32))
            self.touchable.append(np.array(touchable, dtype=np.bool_))
        return self.touches[key]

    def _list_programs(self, i: int, node: Node, flow: Flow) -> bool:
        """Append what serves the flow on a node; False if it cannot touch the node."""
        if not node.up or (flow.strict and node.kind is Kind.ROUTER):
            return False
        if node.kind is not Kind.P4_SWITCH:
            return True
        for number, name in enumerate(flow.per_hop):
            function = self.instance.functions[name]
            shared = function.shared_by(flow)
            offered = self.instance.programs(name, node)
            found = [one for one in (offered if shared else offered[:1]) if _holds(node, one.alone)]
            for one in found:
                opening = self.opening(i, function, one) if shared else -1
                demand = self._slice(_of_node(node, own_demand(flow, function, one)))
                self.programs.append((i, number, *demand, opening, _load(self.rows, one), one.processing_ns))
                self.program_runs.append((i, function, one, shared))
            if not found:
                return False
        return True

    def _slice(self, taken: Sequence[tuple[CapacityName, int]]) -> tuple[int, int]:
        """Where the uses stand that amounts of capacities come to."""
        index, quantum = self.rows.index, self.rows.quantum
        # A list is made faster than a generator is run: this is done for every option.
        key = tuple([(index[name], float(amount // quantum[name[0], name[-1]])) for name, amount in taken])
        if key not in self._slices:
            start = len(self.uses_row)
            self.uses_row += [row for row, _ in key]
            self.uses_amount += [amount for _, amount in key]
            self._slices[key] = (start, len(self.uses_row))
        return self._slices[key]


def _of_node(node: Node, amounts: Mapping[str, int]) -> list[tuple[CapacityName, int]]:
    """The capacities that amounts of a node's resources are taken of."""
    return [(("node", node.name, resource), amount) for resource, amount in amounts.items() if amount]


def _of_devices(node: Node, candidate: Candidate) -> list[tuple[CapacityName, int]]:
    """The same of each of the candidate's devices."""
    if not candidate.devices or candidate.implementation is None:
        return []
    of_device = [(name, amount) for name, amount in candidate.implementation.device.items() if amount]
    return [(("device", node.name, device, name), amount) for device in candidate.devices for name, amount in of_device]


def _candidates(i: int, node: Node, function: Function) -> Iterable[Candidate]:
    """Every way to run the function on the node that the empty node, and its empty devices, could hold."""
    for implementation in function.implementations.values():
        if implementation.runs_on(node) and _holds(node, implementation.alone):
            large = {
                name
                for name, has in node.devices.items()
                if all(amount <= has.get(resource, 0) for resource, amount in implementation.device.items())
            }
            for devices in implementation.devices_on(node):
                if large.issuperset(devices):
                    yield Candidate(i, implementation, devices, implementation.processing_ns)


def _holds(node: Node, amounts: Mapping[str, int]) -> bool:
    return all(amount <= node.free(resource) for resource, amount in amounts.items())


def _load(rows: Rows, implementation: Implementation) -> float:
    """What one instance carries, in rate quanta; infinite for any load."""
    capacity = implementation.capacity_bps
    return np.inf if capacity is None else float(capacity // rows.quantum[BANDWIDTH])


def _most(node: Node, implementation: Implementation) -> float:
    """How many instances the empty node could hold."""
    counts = [node.free(resource) // amount for resource, amount in implementation.once.items() if amount]
    return float(min(counts, default=10**6))
