"""The problem as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from mosaico_place.instance.chains import Chain, Component
from mosaico_place.instance.functions import Function, Implementation
from mosaico_place.instance.infrastructure import DEVICE_RESOURCES, NODE_RESOURCES, Level, Link, Node
from mosaico_place.instance.objective import DEFAULT_OBJECTIVE, ObjectiveLevel
from mosaico_place.instance.prices import NO_PRICES, Prices
from mosaico_place.quantities import Dimension
from mosaico_place.rules import CostTerm

FREE = Fraction(0)
"""The price of what nobody gave a price."""


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
        return FREE

    def device_price(self, function: Function, node: Node, resource: str) -> Fraction:
        """Price per smallest unit of a device resource: function's, else node's, else instance's."""
        for prices in (function.prices, node.prices, self.prices):
            if resource in prices.device:
                return prices.device[resource]
        return FREE

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
    return next((price for price in prices if price is not None), FREE)
