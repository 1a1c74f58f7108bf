"""Requests: components, the flows between them, and what must hold of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from mosaico_place.instance.infrastructure import Node


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
