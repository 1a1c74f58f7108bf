"""Nodes and links with capacities that the total demand overfills by the load that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random

from mosaico_place.generating.apportion import apportion
from mosaico_place.generating.catalogue import GBPS, GIB, MBPS, MIB
from mosaico_place.generating.demand import Demand
from mosaico_place.generating.region import ACCESS_NS, FORWARDING_NS, HAND_OVER_NS, L4S_NS, Region
from mosaico_place.generating.services import server, switch
from mosaico_place.instance import WHOLE_DEVICE, Direction, Kind, Link, Node, Prices

TIGHTNESS: Mapping[str, Fraction] = {
    "share": Fraction(1),
    "cpu": Fraction(97, 100),
    "bandwidth": Fraction(1),
    "stages": Fraction(90, 100),
    "memory": Fraction(85, 100),
    "sram": Fraction(85, 100),
    "device memory": Fraction(85, 100),
}
"""Total demand over total capacity of each kind, in parts of the load that is asked for."""

_CORE = 1000
_LEAST = {"cpu": (3, 3), "memory": (8, 12)}
"""Cores and GiB of any server, and of one with GPUs: enough for any group of components of one chain."""
_SHARE_STEP, _LEAST_SHARE = 50, 400
_LEAST_DEVICE_GIB = 8
_LEAST_STAGES, _LEAST_SRAM_MIB = 6, 4
_BASE_STAGES = 2
"""What the base program of a switch takes at least."""
_STAGES = (12, 20, 24, 40, 48, 60, 80, 100, 120)
"""Stages of switches, some with several pipes."""
_SRAM_PER_STAGE = 5 * MIB // 4
_RATE_STEP, _LEAST_RATE = 50 * MBPS, 4
_ACCESS_BPS = 10 * GBPS


def make_nodes(region: Region, demand: Demand, load: Fraction, random: Random) -> dict[str, Node]:
    """A switch and its servers for every site."""
    count = len(region.sites)
    stages = _spread(_units(demand.resources, "stages", 1, load), [1] * count, [_LEAST_STAGES] * count, random)
    sram = _spread(_units(demand.resources, "sram", MIB, load), [1] * count, [_LEAST_SRAM_MIB] * count, random)
    servers = iter(_servers(region, demand, load, random))
    nodes = {}
    for site, name in enumerate(region.sites):
        nodes[switch(name)] = _switch(name, stages[site], sram[site] * MIB)
        for _ in region.gpus[site]:
            node = next(servers)
            nodes[node.name] = node
    return nodes


def _switch(site: str, free_stages: int, free_sram: int) -> Node:
    """A switch of a usual size; what is not free is reserved for its base program."""
    least = max(free_stages + _BASE_STAGES, -(-free_sram // _SRAM_PER_STAGE))
    stages = next((size for size in _STAGES if size >= least), least)
    sram = stages * _SRAM_PER_STAGE
    return Node(
        switch(site),
        Kind.P4_SWITCH,
        {"stages": stages, "sram": sram},
        {"stages": stages - free_stages, "sram": sram - free_sram},
        forwarding_ns=FORWARDING_NS,
        labels={"site": site},
    )


def _servers(region: Region, demand: Demand, load: Fraction, random: Random) -> list[Node]:
    """All servers, site by site; those of popular sites cost more."""
    gpus = [has for servers in region.gpus for has in servers]
    cores = _shared_out(demand, "cpu", _CORE, gpus, load, random)
    memory = _shared_out(demand, "memory", GIB, gpus, load, random)
    devices = iter(_devices(gpus.count(True), demand, load, random))
    nodes: list[Node] = []
    for site, servers in enumerate(region.gpus):
        for number, has in enumerate(servers, start=1):
            price = Fraction(8 + region.popularity[site] + random.randrange(4), 10)
            nodes.append(
                Node(
                    server(region.sites[site], number),
                    Kind.SERVER,
                    {"cpu": cores[len(nodes)] * _CORE, "memory": memory[len(nodes)] * GIB},
                    devices=next(devices) if has else {},
                    hand_over_ns=HAND_OVER_NS,
                    labels={"site": region.sites[site]},
                    prices=_prices(price, has),
                )
            )
    return nodes


def _shared_out(
    demand: Demand, resource: str, unit: int, gpus: Sequence[bool], load: Fraction, random: Random
) -> list[int]:
    """Units per server: what runs on GPUs is asked of the servers that have some, the rest of all servers."""
    everywhere = demand.resources.get(resource, 0) - demand.accelerated.get(resource, 0)
    beside_gpus = demand.accelerated.get(resource, 0) // gpus.count(True)
    weights = [everywhere // len(gpus) + (beside_gpus if has else 0) + 1 for has in gpus]
    least = [_LEAST[resource][has] for has in gpus]
    return _spread(_units(demand.resources, resource, unit, load), weights, least, random)


def _prices(price: Fraction, gpus: bool) -> Prices:
    """Of a core, and of a GPU at ten times that."""
    return Prices({"cpu": price / _CORE}, {"share": price * 10 / WHOLE_DEVICE} if gpus else {})


def _devices(servers: int, demand: Demand, load: Fraction, random: Random) -> list[dict[str, dict[str, int]]]:
    """Per server with GPUs its devices; what other tenants hold of a device is not part of it."""
    steps = _units(demand.device, "share", _SHARE_STEP, load)
    count = max(servers, -(-steps * _SHARE_STEP * 10 // (WHOLE_DEVICE * 8)))
    shares = _spread(steps, [1] * count, [_LEAST_SHARE // _SHARE_STEP] * count, random, WHOLE_DEVICE // _SHARE_STEP)
    memory = _units(demand.device, "memory", GIB, load, "device memory")
    sizes = _spread(memory, shares, [_LEAST_DEVICE_GIB] * count, random)
    found: list[dict[str, dict[str, int]]] = [{} for _ in range(servers)]
    for number in range(count):
        here = found[number % servers]
        here[f"gpu-{len(here)}"] = {"share": shares[number] * _SHARE_STEP, "memory": sizes[number] * GIB}
    return found


def make_links(region: Region, demand: Demand, load: Fraction, random: Random) -> tuple[Link, ...]:
    """The links between sites, as wide as the traffic that they would see asks for, and those to the servers."""
    links = []
    for road in region.roads:
        one, other = road.ends
        busier = max(demand.roads.get((one, other), 0), demand.roads.get((other, one), 0))
        wanted = Fraction(busier) * random.randint(80, 120) / 100 / (load * TIGHTNESS["bandwidth"])
        bandwidth = max(_LEAST_RATE, round(wanted / _RATE_STEP)) * _RATE_STEP
        direction = Direction(bandwidth, road.latency_ns, classic_ns=road.classic_ns, l4s_ns=L4S_NS)
        links.append(Link((switch(region.sites[one]), switch(region.sites[other])), direction, direction))
    access = Direction(_ACCESS_BPS, ACCESS_NS)
    for site, servers in zip(region.sites, region.gpus, strict=True):
        links += [Link((switch(site), server(site, number)), access, access) for number in range(1, len(servers) + 1)]
    return tuple(links)


def _units(demand: Mapping[str, int], resource: str, unit: int, load: Fraction, kind: str = "") -> int:
    """Whole units of a resource to be had in all, for what is asked of it."""
    return round(Fraction(demand.get(resource, 0), unit) / (load * TIGHTNESS[kind or resource]))


def _spread(
    units: int, weights: Sequence[int], least: Sequence[int], random: Random, most: int | None = None
) -> list[int]:
    """Units per holder, in proportion to weights that are made uneven by up to 25 %."""
    return apportion(units, [weight * random.randint(75, 125) for weight in weights], least, most)
