"""What components run: functions, and the ways to run each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from mosaico_place.instance.chains import Component, Flow
from mosaico_place.instance.infrastructure import Level, Node
from mosaico_place.instance.prices import NO_PRICES, Prices


@dataclass(frozen=True, slots=True)
class Implementation:
    """One way to run a function.

    Attributes:
        name: unique in its function.
        level: ``p4``, ``vnf`` or ``gpu``.
        demand: amount per node resource, for each component (or per-hop flow) that it serves.
        device: amount per device resource, all taken from one device; empty unless the level is ``gpu``.
        device_count: how many different devices of one server give that much each.
        processing_ns: time that traffic spends in it.
        once: amount per node resource, for each opened instance; empty unless the function is shared.
        capacity_bps: load that it carries (of a shared function: each instance); None for any load.
        needs: label -> values, one of which its node must have.
    """

    name: str
    level: Level
    demand: Mapping[str, int] = field(default_factory=dict)
    device: Mapping[str, int] = field(default_factory=dict)
    device_count: int = field(default=1, kw_only=True)
    processing_ns: int = 0
    once: Mapping[str, int] = field(default_factory=dict)
    capacity_bps: int | None = None
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def alone(self) -> Mapping[str, int]:
        """What it takes of a node with an instance that serves nobody else: ``once`` and ``demand``."""
        if not self.once:
            return self.demand
        return {
            resource: self.once.get(resource, 0) + self.demand.get(resource, 0)
            for resource in dict.fromkeys((*self.once, *self.demand))
        }

    def runs_on(self, node: Node) -> bool:
        """Whether the node offers its level and has what it needs."""
        return self.level in node.runs and all(node.labels.get(label) in values for label, values in self.needs.items())

    def devices_on(self, node: Node) -> Iterator[tuple[str, ...]]:
        """Every set of working devices of the node that it could use, each by name; the empty one below ``gpu``."""
        if self.level is not Level.GPU:
            yield ()
            return
        for chosen in combinations(node.working, self.device_count):
            yield tuple(sorted(chosen))

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
