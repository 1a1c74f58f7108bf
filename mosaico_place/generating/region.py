"""A topology with what chains need to know of it: delays between sites, where GPUs are, where users live."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from mosaico_place.generating.topology import Topology

Delays = NDArray[np.int64]
"""[from site, to site] in ns."""

FORWARDING_NS = 1_000
HAND_OVER_NS = 2_000
ACCESS_NS = 5_000
"""From a switch to a server of its site."""
L4S_NS = 10_000
"""What a flow waits for a link between sites where an L4S queue serves it."""
PER_HOP_NS = 2_000
"""What the programs of an L4S queue and of telemetry take together in every switch."""
_NS_PER_M = 5
_SHORTEST_NS = 5_000
_MICROSECOND = 1_000
_CLASSIC_US = (40, 60, 80, 100, 120, 160)
_POPULARITY = (2, 3, 3, 4, 4, 5, 6, 8)


@dataclass(frozen=True, slots=True)
class Road:
    """A link between two sites: indices, and per direction the same latency and queues, in ns."""

    ends: tuple[int, int]
    latency_ns: int
    classic_ns: int


@dataclass(frozen=True, slots=True)
class Region:
    """Sites and what lies between them.

    Attributes:
        sites: names.
        roads: the links between sites.
        popularity: weight of each site among those where users are.
        gpus: per site, one truth value per server: whether it has GPUs.
        centres: sites with an operation centre.
        classic: least delays of flows that wait in classic queues.
        l4s: least delays of flows that L4S queues serve.
    """

    sites: tuple[str, ...]
    roads: tuple[Road, ...]
    popularity: tuple[int, ...]
    gpus: tuple[tuple[bool, ...], ...]
    centres: tuple[int, ...]
    classic: Delays
    l4s: Delays

    @property
    def gpu_sites(self) -> list[int]:
        """Sites that have a server with GPUs."""
        return [site for site, servers in enumerate(self.gpus) if any(servers)]


def make_region(topology: Topology, servers_per_site: int, random: Random) -> Region:
    """Draw what the topology does not say."""
    count = len(topology.sites)
    roads = tuple(
        Road((a, b), _latency_ns(metres), random.choice(_CLASSIC_US) * _MICROSECOND) for a, b, metres in topology.links
    )
    popularity = tuple(random.choice(_POPULARITY) for _ in range(count))
    ranked = sorted(range(count), key=lambda site: (-popularity[site], site))
    return Region(
        topology.sites,
        roads,
        popularity,
        _gpus(count, servers_per_site, random),
        tuple(sorted(ranked[: max(1, count // 8)])),
        _delays(count, [(road, road.classic_ns) for road in roads]),
        _delays(count, [(road, L4S_NS + PER_HOP_NS) for road in roads]),
    )


def _latency_ns(metres: int) -> int:
    """5 us per km, in whole us."""
    whole = (metres * _NS_PER_M + _MICROSECOND // 2) // _MICROSECOND * _MICROSECOND
    return max(_SHORTEST_NS, whole)


def _gpus(sites: int, servers_per_site: int, random: Random) -> tuple[tuple[bool, ...], ...]:
    """Three servers in ten have GPUs, and at least one."""
    total = sites * servers_per_site
    chosen = frozenset(random.sample(range(total), max(1, total * 3 // 10)))
    return tuple(
        tuple(site * servers_per_site + server in chosen for server in range(servers_per_site)) for site in range(sites)
    )


def _delays(count: int, roads: list[tuple[Road, int]]) -> Delays:
    """Least delays between all sites, forwarding of every switch entered included."""
    ends = np.array([road.ends for road, _ in roads], dtype=np.int64).reshape(-1, 2)
    delay = np.array([road.latency_ns + waiting + FORWARDING_NS for road, waiting in roads], dtype=np.float64)
    matrix = csr_array((delay, (ends[:, 0], ends[:, 1])), shape=(count, count))
    return np.asarray(dijkstra(matrix, directed=False)).astype(np.int64)  # whole numbers below 2**53 are exact
