"""Seeded events that happen to a generated instance, for :mod:`benchmarks.restructuring`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from random import Random

from mosaico_place.events import (
    Arrive,
    Depart,
    DeviceDown,
    DeviceUp,
    Event,
    Handover,
    LinkDown,
    LinkLatency,
    LinkUp,
    NodeDown,
    NodeUp,
    RateChange,
)
from mosaico_place.generating import generate
from mosaico_place.instance import Chain, Instance, Kind
from mosaico_place.placement import Placement
from mosaico_place.scenario.parts import default_objective

MOST_TOUCHED = 50
"""Chains that an event may touch."""
REPAIRED_AFTER = 6
"""Events until what failed works again."""
TRIES = 60

KINDS = {"depart": 40, "arrive": 40, "fail": 6, "handover": 6, "rate": 4, "latency": 4}
"""What happens, and how often in a hundred."""


@dataclass
class Course:
    """Seeded events, each drawn when its time has come, so that it touches neither nothing nor too much.

    Attributes:
        random: what they are drawn with.
        spare: chains that may arrive.
        most: chains that there are at most.
        broken: (events until then, what repairs it).
    """

    random: Random
    spare: list[Chain]
    most: int
    broken: list[tuple[int, Event]]

    def next(self, instance: Instance, placement: Placement) -> Event:
        """What happens now."""
        self.broken = [(left - 1, repair) for left, repair in self.broken]
        if self.broken and self.broken[0][0] <= 0:
            return self.broken.pop(0)[1]
        while True:
            (kind,) = self.random.choices(list(KINDS), list(KINDS.values()))
            event = _DRAW[kind](self, instance, placement)
            if event is not None:
                return event

    def depart(self, instance: Instance, _: Placement) -> Event | None:
        """A chain goes, and may come back."""
        if len(instance.chains) < self.most - len(self.spare) // 2:
            return None
        chain = instance.chains[self.random.choice(list(instance.chains))]
        self.spare.append(chain)
        return Depart(chain.name)

    def arrive(self, instance: Instance, _: Placement) -> Event | None:
        """A chain comes."""
        if not self.spare or len(instance.chains) >= self.most:
            return None
        return Arrive(self.spare.pop(self.random.randrange(len(self.spare))))

    def fail(self, instance: Instance, placement: Placement) -> Event | None:
        """A server, a link or a GPU fails that some chains use."""
        servers = [node for node in instance.nodes.values() if node.kind is Kind.SERVER and node.up]
        for _ in range(TRIES):
            node, link = self.random.choice(servers), self.random.choice(instance.links)
            pairs: list[tuple[Event, Event]] = [(NodeDown(node.name), NodeUp(node.name))]
            if link.up:
                pairs.append((LinkDown(link.ends), LinkUp(link.ends)))
            if node.working:
                device = self.random.choice(list(node.working))
                pairs.append((DeviceDown(node.name, device), DeviceUp(node.name, device)))
            down, up = self.random.choice(pairs)
            if 1 <= len(touched(placement, down)) <= MOST_TOUCHED:
                self.broken.append((REPAIRED_AFTER, up))
                return down
        return None

    def handover(self, instance: Instance, placement: Placement) -> Event | None:
        """The user of a chain that runs goes to another access node."""
        access = [node.name for node in instance.nodes.values() if node.kind is Kind.ACCESS]
        name = self.random.choice(list(placement.chains))
        ends = [one for one in instance.chains[name].components.values() if one.at in access]
        if not ends or len(access) < 2:
            return None
        end = self.random.choice(ends)
        return Handover(name, end.name, self.random.choice([node for node in access if node != end.at]))

    def rate(self, instance: Instance, placement: Placement) -> Event | None:
        """A flow grows or shrinks by half."""
        name = self.random.choice(list(placement.chains))
        flows = [flow for flow in instance.chains[name].flows if flow.copy_of is None and flow.rate_bps >= 10**6]
        if not flows:
            return None
        flow = self.random.choice(flows)
        rate = flow.rate_bps * self.random.choice([1, 3]) // 2 // 1000 * 1000
        return RateChange(name, flow.ends, rate)

    def latency(self, instance: Instance, placement: Placement) -> Event | None:
        """A link becomes slow, and healthy again."""
        for _ in range(TRIES):
            link = self.random.choice(instance.links)
            down = LinkLatency(link.ends, link.forth.latency_ns + 10**6, link.back.latency_ns + 10**6)
            if 1 <= len(touched(placement, down)) <= MOST_TOUCHED:
                self.broken.append(
                    (REPAIRED_AFTER, LinkLatency(link.ends, link.forth.latency_ns, link.back.latency_ns))
                )
                return down
        return None


_DRAW: dict[str, Callable[[Course, Instance, Placement], Event | None]] = {
    "depart": Course.depart,
    "arrive": Course.arrive,
    "fail": Course.fail,
    "handover": Course.handover,
    "rate": Course.rate,
    "latency": Course.latency,
}


def touched(placement: Placement, event: Event) -> set[str]:
    """The chains that an event speaks of, or that use what it changes."""
    match event:
        case Arrive(chain):
            return {chain.name}
        case Depart(name) | RateChange(name) | Handover(name):
            return {name}
        case NodeDown(node):
            return {
                name
                for name, placed in placement.chains.items()
                if any(node in path for path in placed.flows.values())
                or any(spot.node == node for spot in placed.components.values())
            }
        case DeviceDown(node, device):
            return {
                name
                for name, placed in placement.chains.items()
                if any(spot.node == node and device in spot.devices for spot in placed.components.values())
            }
        case LinkDown(ends) | LinkLatency(ends):
            return {
                name
                for name, placed in placement.chains.items()
                if any(set(ends) == set(step) for path in placed.flows.values() for step in pairwise(path))
            }
    return set()


def made(sites: int, live: int, spare: int, load: float, seed: int) -> tuple[Instance, list[Chain]]:
    """A generated instance with the objective of scenarios, and chains that may come to it."""
    instance = generate(sites, 2, live + spare, load, seed)
    names = list(instance.chains)
    Random(seed).shuffle(names)
    waiting = [instance.chains[name] for name in names[live:]]
    chains = {name: chain for name, chain in instance.chains.items() if name in set(names[:live])}
    prices = instance.prices if instance.prices.move is not None else replace(instance.prices, move=Fraction(1))
    objective = default_objective(preempt=False)
    return replace(instance, chains=chains, prices=prices, objective=objective), waiting
