"""What all chains together take, if each component runs at its cheapest level in a plausible place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import TypeVar

import numpy as np

from mosaico_place.generating.catalogue import CHEAPEST, FUNCTIONS
from mosaico_place.generating.region import FORWARDING_NS, L4S_NS, PER_HOP_NS, Delays, Region, Road
from mosaico_place.generating.services import switch
from mosaico_place.instance import Chain, Flow, Implementation, Level

_Key = TypeVar("_Key")

_L4S_QUEUE = "l4s-queue"
_NEAREST = 4
"""A plausible place is one of so many nearest ones."""


@dataclass
class Demand:
    """Sums over all chains.

    Attributes:
        resources: amount per node resource.
        accelerated: the part of it that components on GPUs take.
        device: amount per device resource.
        roads: rate in bit/s per direction (from site, to site).
    """

    resources: dict[str, int] = field(default_factory=dict)
    accelerated: dict[str, int] = field(default_factory=dict)
    device: dict[str, int] = field(default_factory=dict)
    roads: dict[tuple[int, int], int] = field(default_factory=dict)


def total_demand(chains: Mapping[str, Chain], region: Region, random: Random) -> Demand:
    """Add up what the chains take of nodes, devices and the links between sites."""
    demand = Demand()
    opened: dict[tuple[str, int], None] = {}
    routes = Routes(region)
    index = {switch(site): number for number, site in enumerate(region.sites)}
    for chain in chains.values():
        places = _places(chain, region, index, random)
        for name, function in _functions(chain).items():
            _add_component(demand, CHEAPEST[function])
            if FUNCTIONS[function].shared:
                opened[function, places[name]] = None
        for flow in chain.flows:
            path = routes.path(places[flow.tail], places[flow.head], l4s=_L4S_QUEUE in flow.per_hop)
            opened.update(((function, site), None) for function in flow.per_hop for site in path)
            _add_flow(demand, flow, path)
    for function, _ in opened:
        _add(demand.resources, CHEAPEST[function].once)
    return demand


def _functions(chain: Chain) -> dict[str, str]:
    """Component -> function, endpoints left out."""
    return {name: one.function for name, one in chain.components.items() if one.function is not None}


def _add_component(demand: Demand, way: Implementation) -> None:
    _add(demand.resources, way.demand)
    _add(demand.device, way.device)
    if way.level is Level.GPU:
        _add(demand.accelerated, way.demand)


def _add_flow(demand: Demand, flow: Flow, path: Sequence[int]) -> None:
    """What the flow takes of the switches and links of its path; a copy follows its flow."""
    for function in flow.per_hop:
        _add(demand.resources, {key: amount * len(path) for key, amount in CHEAPEST[function].demand.items()})
    if flow.copy_of is None:
        _add(demand.roads, dict.fromkeys(pairwise(path), flow.rate_bps))


def _add(sums: dict[_Key, int], amounts: Mapping[_Key, int]) -> None:
    for key, amount in amounts.items():
        sums[key] = sums.get(key, 0) + amount


def _places(chain: Chain, region: Region, index: Mapping[str, int], random: Random) -> dict[str, int]:
    """Component -> site: P4 where its traffic comes from, the rest at one of the near sites that could serve it."""
    places = {name: index[one.at] for name, one in chain.components.items() if one.at is not None}
    levels = {name: CHEAPEST[function].level for name, function in _functions(chain).items()}
    sites = np.array(region.gpu_sites if Level.GPU in levels.values() else range(len(region.sites)))
    near = sites[np.argsort(region.classic[list(places.values())].sum(axis=0)[sites], kind="stable")]
    host = int(random.choice(near[:_NEAREST]))
    for name, level in levels.items():
        before = [flow.tail for flow in chain.flows if flow.head == name and flow.tail in places]
        places[name] = places[before[0]] if level is Level.P4 and before else host
    return places


class Routes:
    """Least-delay paths between sites; of several, the one whose next site has the smallest index."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._next: dict[int, list[tuple[int, Road]]] = {}
        for road in region.roads:
            one, other = road.ends
            self._next.setdefault(one, []).append((other, road))
            self._next.setdefault(other, []).append((one, road))
        for neighbours in self._next.values():
            neighbours.sort(key=lambda pair: pair[0])

    def path(self, start: int, end: int, *, l4s: bool) -> list[int]:
        """Sites from start to end, both included."""
        delays = self._region.l4s if l4s else self._region.classic
        path = [start]
        while path[-1] != end:
            path.append(next(self._steps(path[-1], end, delays, l4s)))
        return path

    def _steps(self, here: int, end: int, delays: Delays, l4s: bool) -> Iterator[int]:
        for site, road in self._next[here]:
            waiting = L4S_NS + PER_HOP_NS if l4s else road.classic_ns
            if road.latency_ns + waiting + FORWARDING_NS + int(delays[site, end]) == int(delays[here, end]):
                yield site
