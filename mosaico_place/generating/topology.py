"""Sites and the links between them: a made-up region, or a published network from the library ``topohub``.

The made-up region is computed in whole metres, so that it is the same on every machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

_SPACING_M = 40_000
"""Side of the square that one site has to itself, on average."""
_CLOSEST_M = 8_000
"""Two sites are no closer than this."""
_NEIGHBOURS = 12
"""So many nearest sites are looked at for links; longer links only tie parts together."""


@dataclass(frozen=True, slots=True)
class Topology:
    """Sites by index, and the links between them.

    Attributes:
        sites: names.
        links: (site, site, length in metres), the smaller index first; at most one per pair; connected.
    """

    sites: tuple[str, ...]
    links: tuple[tuple[int, int, int], ...]


def geometric(count: int, random: Random) -> Topology:
    """A region of so many sites, one per 40 km x 40 km, joined where no third site lies between (Gabriel graph)."""
    points = _points(count, random)
    squares = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    pairs = sorted(_gabriel(squares) | _spanning_tree(squares))
    width = len(str(count))
    names = tuple(f"s{number:0{width}}" for number in range(1, count + 1))
    return Topology(names, tuple((a, b, math.isqrt(int(squares[a, b]))) for a, b in pairs))


def _points(count: int, random: Random) -> IntArray:
    """Positions in metres, none closer to another than allowed."""
    side = math.isqrt(count * _SPACING_M**2)
    points: IntArray = np.empty((count, 2), dtype=np.int64)
    for number in range(count):
        while True:
            point = np.array([random.randrange(side), random.randrange(side)], dtype=np.int64)
            if number == 0 or int(((points[:number] - point) ** 2).sum(axis=1).min()) >= _CLOSEST_M**2:
                break
        points[number] = point
    return points


def _gabriel(squares: IntArray) -> set[tuple[int, int]]:
    """Pairs of near sites in whose circle (the pair is its diameter) no other site lies; squared distances."""
    order = np.argsort(squares, axis=1, kind="stable")[:, 1 : _NEIGHBOURS + 1]
    pairs = set()
    for one, near in enumerate(order):
        for rank, other in enumerate(near):
            between = near[:rank]
            if (squares[one, between] + squares[other, between] > squares[one, other]).all():
                pairs.add((min(one, int(other)), max(one, int(other))))
    return pairs


def _spanning_tree(squares: IntArray) -> set[tuple[int, int]]:
    """The pairs of a shortest tree over all sites (Prim)."""
    count = len(squares)
    nearest = squares[0].copy()
    parent = np.zeros(count, dtype=np.int64)
    outside = np.ones(count, dtype=np.bool_)
    outside[0] = False
    pairs = set()
    for _ in range(count - 1):
        new = int(np.flatnonzero(outside)[np.argmin(nearest[outside])])
        pairs.add((min(new, int(parent[new])), max(new, int(parent[new]))))
        outside[new] = False
        closer = squares[new] < nearest
        nearest[closer], parent[closer] = squares[new][closer], new
    return pairs
