"""One problem, as everything behind the loader sees it: frozen, plain, in exact integers, linked by name.

Nothing here knows of files, solvers or answers. Every amount is a whole number of the smallest unit of its
dimension (:mod:`mosaico_place.quantities`): ns, bit/s, bytes, 1/1000 core, 1/1000 GPU, pieces. Weights and
prices are exact fractions.

Instances are values: never change the mappings inside one; :func:`dataclasses.replace` (or the ``with_*`` and
``without_*`` methods) gives a changed copy that shares everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction

from mosaico_place.quantities import Dimension
from mosaico_place.rules import CostTerm

NODE_RESOURCES: Mapping[str, Dimension] = {
    "cpu": Dimension.CORES,
    "memory": Dimension.BYTES,
    "stages": Dimension.COUNT,
    "sram": Dimension.BYTES,
    "tcam": Dimension.BYTES,
}
"""Node resources that need no declaration."""

DEVICE_RESOURCES: Mapping[str, Dimension] = {
    "share": Dimension.SHARE,
    "memory": Dimension.BYTES,
    "nvenc": Dimension.COUNT,
}
"""Device resources that need no declaration."""

WHOLE_DEVICE = 1000
"""The ``share`` that a device has when it gives no other: the whole of it, in 1/1000."""


class Kind(StrEnum):
    """What a node is."""

    SERVER = "server"
    P4_SWITCH = "p4-switch"
    ROUTER = "router"
    ACCESS = "access"

    @property
    def forwards(self) -> bool:
        """Whether such a node may lie inside a path."""
        return self in (Kind.P4_SWITCH, Kind.ROUTER)


class Level(StrEnum):
    """Where an implementation runs."""

    P4 = "p4"
    VNF = "vnf"
    GPU = "gpu"


@dataclass(frozen=True, slots=True)
class Prices:
    """What a unit costs; what is absent costs nothing, or what the next wider prices say.

    Attributes:
        resources: price per smallest unit of a node resource.
        device: price per smallest unit of a device resource.
        bandwidth: price per bit/s on one link.
        active: price of a node in use.
        opened: price of one opened instance of a shared function.
        move: price of one moved component.
    """

    resources: Mapping[str, Fraction] = field(default_factory=dict)
    device: Mapping[str, Fraction] = field(default_factory=dict)
    bandwidth: Fraction | None = None
    active: Fraction | None = None
    opened: Fraction | None = None
    move: Fraction | None = None


NO_PRICES = Prices()


@dataclass(frozen=True, slots=True)
class Node:
    """A machine, switch or attachment point.

    Attributes:
        name: unique among the nodes.
        kind: decides what it runs and whether it forwards.
        capacity: amount per resource; a resource without a figure has 0.
        reserved: amount per resource that placements may not use.
        devices: device name -> amount per device resource (``share`` included).
        forwarding_ns: delay of every flow that enters it (switches and routers only).
        hand_over_ns: delay between two components that both stand on it.
        labels: label -> value, e.g. site -> rennes.
        prices: overrides of the instance's prices.
        offers: the levels it runs; None for those that its kind runs.
        up: whether it works; a node that is down runs and forwards nothing, and all its links are down with it.
        drained: whether it is to be emptied: it runs nothing, but forwards, and keeps the endpoints that stand on it.
        devices_down: the devices that hold nothing.
        hitless: whether a switch goes on forwarding while a program is loaded.
    """

    name: str
    kind: Kind
    capacity: Mapping[str, int] = field(default_factory=dict)
    reserved: Mapping[str, int] = field(default_factory=dict)
    devices: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    forwarding_ns: int = 0
    hand_over_ns: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    prices: Prices = NO_PRICES
    offers: frozenset[Level] | None = None
    up: bool = True
    drained: bool = False
    devices_down: frozenset[str] = frozenset()
    hitless: bool = False

    @property
    def runs(self) -> frozenset[Level]:
        """The levels it runs now: none if it is down or drained; else as it says, else by its kind."""
        if not self.up or self.drained:
            return frozenset()
        if self.offers is not None:
            return self.offers
        if self.kind is Kind.SERVER:
            return frozenset({Level.VNF, Level.GPU}) if self.devices else frozenset({Level.VNF})
        return frozenset({Level.P4}) if self.kind is Kind.P4_SWITCH else frozenset()

    @property
    def trouble(self) -> str:
        """Why it runs nothing, in a word: ``down`` or ``drained``; empty if neither."""
        return "down" if not self.up else "drained" if self.drained else ""

    @property
    def working(self) -> Mapping[str, Mapping[str, int]]:
        """Its devices that are up."""
        if not self.devices_down:
            return self.devices
        return {name: has for name, has in self.devices.items() if name not in self.devices_down}

    @property
    def repaired(self) -> Node:
        """The node with nothing down or drained."""
        if self.up and not self.drained and not self.devices_down:
            return self
        return replace(self, up=True, drained=False, devices_down=frozenset())

    def free(self, resource: str) -> int:
        """Capacity net of what is reserved."""
        return self.capacity.get(resource, 0) - self.reserved.get(resource, 0)

    def value(self, label: str) -> tuple[str, str]:
        """Its value of a label; a node without that label is a value of its own.

        The pair tells the two apart: ``("value", "rennes")`` or ``("node", "edge-1")``.
        """
        return ("value", self.labels[label]) if label in self.labels else ("node", self.name)


@dataclass(frozen=True, slots=True)
class Direction:
    """One direction of a link: bandwidth and reserved in bit/s, latency and waiting times in ns.

    ``classic_ns`` is what a flow waits in its queue, ``l4s_ns`` what it waits where an L4S queue serves it.
    """

    bandwidth_bps: int
    latency_ns: int
    reserved_bps: int = 0
    classic_ns: int = 0
    l4s_ns: int = 0

    @property
    def free_bps(self) -> int:
        """Bandwidth net of what is reserved."""
        return self.bandwidth_bps - self.reserved_bps


@dataclass(frozen=True, slots=True)
class Link:
    """Two nodes joined; ``forth`` runs from ``ends[0]`` to ``ends[1]``, ``back`` the other way.

    ``up`` is what is known of the link itself; :meth:`Instance.link_up` says whether it carries anything.
    """

    ends: tuple[str, str]
    forth: Direction
    back: Direction
    prices: Prices = NO_PRICES
    up: bool = True


@dataclass(frozen=True, slots=True)
class Implementation:
    """One way to run a function.

    Attributes:
        name: unique in its function.
        level: ``p4``, ``vnf`` or ``gpu``.
        demand: amount per node resource, for each component (or per-hop flow) that it serves.
        device: amount per device resource, all taken from one device; empty unless the level is ``gpu``.
        processing_ns: time that traffic spends in it.
        once: amount per node resource, for each opened instance; empty unless the function is shared.
        capacity_bps: load that it carries (of a shared function: each instance); None for any load.
        needs: label -> values, one of which its node must have.
    """

    name: str
    level: Level
    demand: Mapping[str, int] = field(default_factory=dict)
    device: Mapping[str, int] = field(default_factory=dict)
    processing_ns: int = 0
    once: Mapping[str, int] = field(default_factory=dict)
    capacity_bps: int | None = None
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def alone(self) -> Mapping[str, int]:
        """What it takes of a node with an instance that serves nobody else: ``once`` and ``demand``."""
        return {
            resource: self.once.get(resource, 0) + self.demand.get(resource, 0)
            for resource in dict.fromkeys((*self.once, *self.demand))
        }

    def runs_on(self, node: Node) -> bool:
        """Whether the node offers its level and has what it needs."""
        return self.level in node.runs and all(node.labels.get(label) in values for label, values in self.needs.items())

    def carries(self, load_bps: int, count: int = 1) -> bool:
        """Whether so many instances carry the load."""
        return self.capacity_bps is None or load_bps <= count * self.capacity_bps

    def instances_for(self, load_bps: int) -> int:
        """The fewest instances, at least one, that carry the load; it must be one that some number carries."""
        return max(-(-load_bps // self.capacity_bps), 1) if self.capacity_bps else 1


@dataclass(frozen=True, slots=True)
class Function:
    """A kind of micro-service.

    Attributes:
        name: unique among the functions.
        implementations: one or more, by name.
        prices: overrides of the instance's and the nodes' prices.
        shared: whether components are served by instances that are opened per node and implementation.
        l4s: whether it is an L4S queue: what it serves waits less at the links of its switch.
        state_bytes: what has to be carried over where a component of it moves.
        reload_ns: how long loading its program takes on a switch that is not hitless.
    """

    name: str
    implementations: Mapping[str, Implementation]
    prices: Prices = NO_PRICES
    shared: bool = False
    l4s: bool = False
    state_bytes: int = 0
    reload_ns: int = 0

    def shared_by(self, user: Component | Flow) -> bool:
        """Whether instances that are opened for many serve the user, a component or a flow with per-hop functions."""
        return self.shared and not user.private


@dataclass(frozen=True, slots=True)
class Component:
    """One micro-service of a chain: either runs a function, or is an endpoint pinned ``at`` a node.

    Attributes:
        name: unique in its chain.
        function: name of the function; None for an endpoint.
        at: the endpoint's node; None otherwise.
        processing_ns: time that traffic spends in an endpoint (a decoder, a display); 0 for others.
        private: it has an instance of its shared function to itself.
        movable: whether it may leave the spot of a previous placement while its node is up.
    """

    name: str
    function: str | None = None
    at: str | None = None
    processing_ns: int = 0
    private: bool = False
    movable: bool = True


@dataclass(frozen=True, slots=True)
class Flow:
    """Traffic from one component (tail) to another (head); at most one flow per ordered pair.

    Attributes:
        tail, head: components.
        rate_bps: what it takes of every link that it pays for, and adds to the load of its head.
        per_hop: functions that it must find on every switch that its path touches.
        strict: no router may lie on its path.
        private: it has instances of its per-hop functions to itself.
        burst_bytes: what it sends at once, which every link takes time to pass on.
        copy_of: (tail, head) of the flow that it copies; its tail is that flow's.
    """

    tail: str
    head: str
    rate_bps: int
    per_hop: tuple[str, ...] = ()
    strict: bool = False
    private: bool = False
    burst_bytes: int = 0
    copy_of: tuple[str, str] | None = None

    @property
    def ends(self) -> tuple[str, str]:
        """(tail, head), which names the flow within its chain."""
        return (self.tail, self.head)


@dataclass(frozen=True, slots=True)
class Budget:
    """A latency limit from the start of ``tail`` to the end of ``head``, in ns: hard, soft or both."""

    tail: str
    head: str
    within_ns: int | None = None
    target_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Components that ``together`` or ``apart`` speaks of; by node, or by the value of a label."""

    components: tuple[str, ...]
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Independent:
    """Consecutive components of a line that may run in parallel on one node; ``join_ns`` is what joining takes."""

    components: tuple[str, ...]
    join_ns: int = 0


@dataclass(frozen=True, slots=True)
class Where:
    """A set of nodes: the named ones, and those that have one of the values for every label given.

    ``Where(nodes=("a",))`` is node a; ``Where(labels={"site": ("rennes", "paris")})`` is all of two sites.
    Exactly one of the two is given.
    """

    nodes: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def holds(self, node: Node) -> bool:
        """Whether the node belongs to the set."""
        if self.nodes:
            return node.name in self.nodes
        return bool(self.labels) and all(node.labels.get(label) in values for label, values in self.labels.items())


@dataclass(frozen=True, slots=True)
class Preference:
    """A price for each component and node, or component and label value, that come together.

    Attributes:
        nodes: node -> price.
        labels: label -> value -> price; prices of several matches add up.
    """

    nodes: Mapping[str, Fraction] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, Fraction]] = field(default_factory=dict)

    def price(self, node: Node) -> Fraction:
        """What standing on this node costs."""
        total = self.nodes.get(node.name, Fraction(0))
        for label, prices in self.labels.items():
            total += prices.get(node.labels.get(label, ""), Fraction(0))
        return total


@dataclass(frozen=True, slots=True)
class Chain:
    """A request: accepted whole or not at all.

    Attributes:
        weight: what rejecting it costs; also scales its latency term.
        class_name: the class it belongs to, if any.
        required: must be accepted.
        components: by name, in the order written.
        flows: edges of an acyclic graph over the components.
        budgets: latency limits.
        together, apart: groups of components.
        only, never: component -> where it may, or may not, stand.
        preference: component -> prices of where it stands.
        equivalent: groups of components that may be merged where they meet in one implementation.
        independent: groups of components that may run in parallel where they meet.
    """

    name: str
    components: Mapping[str, Component]
    flows: tuple[Flow, ...] = ()
    weight: Fraction = Fraction(1)
    class_name: str | None = None
    required: bool = False
    budgets: tuple[Budget, ...] = ()
    together: tuple[Group, ...] = ()
    apart: tuple[Group, ...] = ()
    only: Mapping[str, Where] = field(default_factory=dict)
    never: Mapping[str, Where] = field(default_factory=dict)
    preference: Mapping[str, Preference] = field(default_factory=dict)
    equivalent: tuple[tuple[str, ...], ...] = ()
    independent: tuple[Independent, ...] = ()

    def flow(self, ends: tuple[str, str]) -> Flow:
        """The flow between two components; KeyError if there is none."""
        for flow in self.flows:
            if flow.ends == ends:
                return flow
        raise KeyError(ends)

    def may_merge(self, component: str) -> bool:
        """Whether the component may be merged with others, so that they are charged once."""
        return any(component in group for group in self.equivalent)

    def meets_copies(self, flow: Flow) -> bool:
        """Whether the flow is a copy or is copied."""
        return flow.copy_of is not None or any(other.copy_of == flow.ends for other in self.flows)

    def load_bps(self, component: str) -> int:
        """Load of a component: the rates that enter it, or, where nothing enters, those that leave it."""
        entering = [flow.rate_bps for flow in self.flows if flow.head == component]
        return sum(entering or [flow.rate_bps for flow in self.flows if flow.tail == component])


@dataclass(frozen=True, slots=True)
class TrafficClass:
    """A class of chains.

    Attributes:
        name: what chains name as their class.
        share: the part of every capacity and bandwidth that its chains may use at most; None for all.
    """

    name: str
    share: Fraction | None = None

    def limit(self, capacity: int) -> int | None:
        """The most that its chains may use of a capacity, in whole units; None for any amount."""
        return None if self.share is None else int(self.share * capacity)


@dataclass(frozen=True, slots=True)
class Term:
    """A cost term in an objective level; ``class_name`` narrows a sum over chains to one class."""

    cost: CostTerm
    class_name: str | None = None

    def __str__(self) -> str:
        return f"{self.cost}.{self.class_name}" if self.class_name is not None else str(self.cost)


ObjectiveLevel = Mapping[Term, Fraction]
"""A weighted sum: term -> positive weight."""

DEFAULT_OBJECTIVE: tuple[ObjectiveLevel, ...] = (
    {Term(CostTerm.REJECTED): Fraction(1)},
    {Term(CostTerm.LATENCY): Fraction(1)},
    {Term(CostTerm.RESOURCES): Fraction(1)},
)


@dataclass(frozen=True, slots=True)
class Instance:
    """Infrastructure + functions + chains + prices + objective.

    Attributes:
        resources: dimension of each declared node or device resource.
        objective: levels, best first (lexicographic).
        classes: those that say more than their name.
    """

    name: str
    nodes: Mapping[str, Node]
    links: tuple[Link, ...]
    functions: Mapping[str, Function]
    chains: Mapping[str, Chain]
    resources: Mapping[str, Dimension] = field(default_factory=dict)
    prices: Prices = NO_PRICES
    objective: tuple[ObjectiveLevel, ...] = DEFAULT_OBJECTIVE
    classes: Mapping[str, TrafficClass] = field(default_factory=dict)

    def dimension(self, resource: str) -> Dimension:
        """Dimension of a node resource; KeyError if it is neither known nor declared."""
        return NODE_RESOURCES.get(resource) or self.resources[resource]

    def device_dimension(self, resource: str) -> Dimension:
        """Dimension of a device resource; KeyError if it is neither known nor declared."""
        return DEVICE_RESOURCES.get(resource) or self.resources[resource]

    def node_up(self, name: str) -> bool:
        """Whether there is a node of that name, and it is up."""
        node = self.nodes.get(name)
        return node is not None and node.up

    def link_up(self, link: Link) -> bool:
        """Whether a link carries anything: it is up, and so are both its nodes. A flow of rate 0 needs that too."""
        return link.up and self.node_up(link.ends[0]) and self.node_up(link.ends[1])

    def must_accept(self, chain: Chain) -> bool:
        """Whether rejecting the chain is no option: it is required, or no level counts its rejection."""
        return chain.required or not any(
            term.cost is CostTerm.REJECTED and term.class_name in (None, chain.class_name)
            for level in self.objective
            for term in level
        )

    def resource_price(self, function: Function, node: Node, resource: str) -> Fraction:
        """Price per smallest unit of a node resource: function's, else node's, else instance's."""
        for prices in (function.prices, node.prices, self.prices):
            if resource in prices.resources:
                return prices.resources[resource]
        return Fraction(0)

    def device_price(self, function: Function, node: Node, resource: str) -> Fraction:
        """Price per smallest unit of a device resource: function's, else node's, else instance's."""
        for prices in (function.prices, node.prices, self.prices):
            if resource in prices.device:
                return prices.device[resource]
        return Fraction(0)

    def active_price(self, node: Node) -> Fraction:
        """Price of a node in use: its own, else the instance's."""
        return _first(node.prices.active, self.prices.active)

    def opened_price(self, function: Function, node: Node) -> Fraction:
        """Price of one opened instance: function's, else node's, else instance's."""
        return _first(function.prices.opened, node.prices.opened, self.prices.opened)

    def move_price(self, component: Component) -> Fraction:
        """Price of moving a component: its function's, else the instance's."""
        function = self.functions.get(component.function or "")
        return _first(function.prices.move if function is not None else None, self.prices.move)

    def programs(self, function: str, node: Node) -> list[Implementation]:
        """The P4 programs of a per-hop function that a switch can run, in the order of the file."""
        return [
            implementation
            for implementation in self.functions[function].implementations.values()
            if implementation.level is Level.P4 and implementation.runs_on(node)
        ]

    def bandwidth_price(self, link: Link) -> Fraction:
        """Price per bit/s on a link: its own, else the instance's."""
        return _first(link.prices.bandwidth, self.prices.bandwidth)

    def with_node(self, node: Node) -> Instance:
        """A copy in which the node is added, or replaces the one of its name."""
        return replace(self, nodes={**self.nodes, node.name: node})

    def with_link(self, link: Link) -> Instance:
        """A copy in which the link is added, or replaces the one between the same nodes."""
        others = tuple(other for other in self.links if set(other.ends) != set(link.ends))
        return replace(self, links=(*others, link))

    def with_chain(self, chain: Chain) -> Instance:
        """A copy in which the chain is added, or replaces the one of its name."""
        return replace(self, chains={**self.chains, chain.name: chain})

    def without_chain(self, name: str) -> Instance:
        """A copy without the chain of that name; KeyError if there is none."""
        rest = dict(self.chains)
        del rest[name]
        return replace(self, chains=rest)


def _first(*prices: Fraction | None) -> Fraction:
    return next((price for price in prices if price is not None), Fraction(0))
