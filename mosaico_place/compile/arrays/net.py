"""The infrastructure as arcs for compiled code."""

from __future__ import annotations

import numpy as np

from mosaico_place.compile.arrays.records import Net
from mosaico_place.compile.infrastructure import Infrastructure


def compile_net(infrastructure: Infrastructure) -> Net:
    """Index the arcs."""
    count, sides = len(infrastructure.nodes), (infrastructure.tail, infrastructure.head)
    arcs = np.stack([np.argsort(ends, kind="stable") for ends in sides])
    begins = np.zeros((2, count + 1), dtype=np.int32)
    for side, ends in enumerate(sides):
        begins[side, 1:] = np.cumsum(np.bincount(ends, minlength=count))
    return Net(
        infrastructure.tail.astype(np.int32),
        infrastructure.head.astype(np.int32),
        infrastructure.forwards,
        infrastructure.hand_over_ns.astype(np.float64),
        arcs.astype(np.int32),
        begins,
        np.stack([infrastructure.head[arcs[0]], infrastructure.tail[arcs[1]]]).astype(np.int32),
        _leaves(infrastructure),
    )


def _leaves(infrastructure: Infrastructure) -> bool:
    ends = np.stack([infrastructure.tail, infrastructure.head])
    pairs = np.unique(np.hstack([ends, ends[::-1]]), axis=1)
    neighbours = np.bincount(pairs[0], minlength=len(infrastructure.nodes))
    return bool((neighbours[~infrastructure.forwards] <= 1).all())
