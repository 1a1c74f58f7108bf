"""Instances like other people's, made up by a seed: published sets ten times as large, and networks with heavy chains.

The large ones are ten copies of a published instance side by side, with costs and sizes shaken by up to a tenth, so
that no two copies are alike; every customer may be served from every copy's sites.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

from benchmarks.outside_sets import (
    DATA,
    Assignment,
    Case,
    Packing,
    assignment,
    packing,
    read_facility_location,
    read_packing,
)
from mosaico_place.errors import InputError
from mosaico_place.generating.published import published
from mosaico_place.generating.topology import Topology
from mosaico_place.instance import Chain, Component, Direction, Flow, Group, Instance, Kind, Link, Node, Term
from mosaico_place.rules import CostTerm
from tests.test_classics import function

COPIES = 10
SHAKEN = 10
"""Per cent by which costs and sizes differ from the published ones at most."""

NETWORKS = ("sndlib/germany50", "sndlib/geant", "topozoo/Arnes", "topozoo/Belnet2007", "topozoo/BtEurope")
CORES, CHAINS, VNFS, VNF_CORES = 8, 40, 3, 3
VIRTUAL_NETWORKS, FEWEST, MOST = 40, 3, 10
RATE, WIDE = 10**6, Direction(10**9, 10**6)


def large_facility(path: Path, seed: int) -> Instance:
    """Ten copies of a facility location."""
    told, random = read_facility_location(path), Random(seed)
    sites, customers = len(told.rooms) * COPIES, len(told.sizes[0]) * COPIES
    rooms = [told.rooms[i % len(told.rooms)] for i in range(sites)]
    opening = [_shaken(told.opening[i % len(told.rooms)], random) for i in range(sites)]
    demand = [round(_shaken(Fraction(told.sizes[0][j % len(told.sizes[0])]), random)) for j in range(customers)]
    costs = [
        [_shaken(told.costs[i % len(told.rooms)][j % len(told.sizes[0])], random) for j in range(customers)]
        for i in range(sites)
    ]
    large = Assignment(rooms, opening, costs, [demand] * sites)
    return assignment(f"{path.stem}-x{COPIES}-seed-{seed}", large)


def large_packing(path: Path, seed: int) -> Instance:
    """Ten copies of a vector packing."""
    told, random = read_packing(path), Random(seed)
    items = [
        [min(round(_shaken(Fraction(size), random)), room) for size, room in zip(sizes, told.room, strict=True)]
        for _ in range(COPIES)
        for sizes in told.items
    ]
    return packing(f"{path.stem}-x{COPIES}-seed-{seed}", Packing(told.room, items))


def _shaken(amount: Fraction, random: Random) -> Fraction:
    return Fraction(round(amount * random.randint(100 - SHAKEN, 100 + SHAKEN) / 100))


def heavy_lines(network: str, data: Path, seed: int) -> Instance:
    """Lines of three functions, of which two fill most of a server, between two sites of a network."""
    nodes, links, sites = _network(_topology(network, data))
    random = Random(seed)
    chains = {}
    for k in range(CHAINS):
        tail, head = random.sample(sites, 2)
        inner = [f"vnf-{i + 1}" for i in range(VNFS)]
        components = {"from": Component("from", at=tail), **{name: Component(name, "vnf") for name in inner}}
        components["to"] = Component("to", at=head)
        order = [*components]
        flows = tuple(Flow(*ends, RATE) for ends in pairwise(order))
        chains[f"line-{k + 1}"] = Chain(f"line-{k + 1}", components, flows)
    return _rejecting(f"{network}-lines-seed-{seed}", nodes, links, chains, VNF_CORES)


def virtual_networks(network: str, data: Path, seed: int) -> Instance:
    """Virtual networks whose components all stand on different servers."""
    nodes, links, _ = _network(_topology(network, data))
    random = Random(seed)
    chains = {}
    for k in range(VIRTUAL_NETWORKS):
        size = random.randint(FEWEST, MOST)
        names = [f"v-{i + 1}" for i in range(size)]
        pairs = {(random.randrange(j), j) for j in range(1, size)}
        pairs |= {(i, j) for j in range(size) for i in range(j) if random.random() < 1 / size}
        flows = tuple(Flow(names[i], names[j], RATE) for i, j in sorted(pairs))
        components = {name: Component(name, "vnf") for name in names}
        chains[f"net-{k + 1}"] = Chain(f"net-{k + 1}", components, flows, apart=(Group(tuple(names)),))
    return _rejecting(f"{network}-apart-seed-{seed}", nodes, links, chains, 1)


def _rejecting(
    name: str, nodes: dict[str, Node], links: tuple[Link, ...], chains: dict[str, Chain], cores: int
) -> Instance:
    objective = ({Term(CostTerm.REJECTED): Fraction(1)},)
    return Instance(name.replace("/", "-"), nodes, links, {"vnf": function("vnf", cores)}, chains, objective=objective)


def _network(topology: Topology) -> tuple[dict[str, Node], tuple[Link, ...], list[str]]:
    """A router and a server at every site; the routers."""
    nodes: dict[str, Node] = {}
    links = []
    for site in topology.sites:
        nodes[f"r-{site}"] = Node(f"r-{site}", Kind.ROUTER)
        nodes[f"s-{site}"] = Node(f"s-{site}", Kind.SERVER, {"cpu": 1000 * CORES})
        links.append(Link((f"r-{site}", f"s-{site}"), WIDE, WIDE))
    for a, b, metres in topology.links:
        way = Direction(WIDE.bandwidth_bps, 5 * metres)
        links.append(Link((f"r-{topology.sites[a]}", f"r-{topology.sites[b]}"), way, way))
    return nodes, tuple(links), [f"r-{site}" for site in topology.sites]


def _topology(network: str, data: Path) -> Topology:
    """A network from its file in SNDlib's format, else from the library ``topohub``."""
    path = data / "sndlib" / f"{Path(network).name}.txt"
    if not path.exists():
        return published(network)
    text = path.read_text(encoding="latin-1")
    part = dict(re.findall(r"^(NODES|LINKS) \((.*?)^\)", text, re.S | re.M))
    sites = tuple(re.findall(r"^\s*(\S+) \(", part["NODES"], re.M))
    index = {site: i for i, site in enumerate(sites)}
    pairs = re.findall(r"^\s*\S+ \( (\S+) (\S+) \)", part["LINKS"], re.M)
    joined = {(min(index[a], index[b]), max(index[a], index[b])) for a, b in pairs}
    return Topology(tuple(re.sub(r"[^a-z0-9]+", "-", site.lower()) for site in sites),
                    tuple((a, b, 100_000) for a, b in sorted(joined)))  # fmt: skip


def made_cases(seed: int, data: Path = DATA) -> Iterator[Case]:
    """Every made-up instance, but of networks that are neither in the folder nor known to an installed library."""
    for path in sorted((data / "facility-location").glob("p[0-9]*")):
        yield Case("large-facility-location", f"{path.name} x {COPIES}", None, partial(large_facility, path, seed))
    for path in sorted((data / "vector-packing").glob("*.vbp")):
        yield Case("large-packing", f"{path.stem} x {COPIES}", None, partial(large_packing, path, seed))
    for network in NETWORKS:
        try:
            _topology(network, data)
        except InputError:
            continue
        yield Case("lines", network, None, partial(heavy_lines, network, data, seed))
        yield Case("apart", network, None, partial(virtual_networks, network, data, seed))
