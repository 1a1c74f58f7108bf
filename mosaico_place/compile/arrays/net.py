"""The infrastructure as arcs for compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np

from mosaico_place.compile.arrays.records import Net
from mosaico_place.compile.infrastructure import Infrastructure


def compile_net(infrastructure: Infrastructure) -> Net:
    """Index the arcs."""
    count = len(infrastructure.nodes)

    def by(ends: Any) -> tuple[Any, Any]:
        start = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=count))]).astype(np.int32)
        return start, np.argsort(ends, kind="stable").astype(np.int32)

    return Net(
        infrastructure.tail.astype(np.int32),
        infrastructure.head.astype(np.int32),
        infrastructure.forwards,
        infrastructure.hand_over_ns.astype(np.float64),
        *by(infrastructure.tail),
        *by(infrastructure.head),
        _leaves(infrastructure),
    )


def _leaves(infrastructure: Infrastructure) -> bool:
    ends = np.stack([infrastructure.tail, infrastructure.head])
    pairs = np.unique(np.hstack([ends, ends[::-1]]), axis=1)
    neighbours = np.bincount(pairs[0], minlength=len(infrastructure.nodes))
    return bool((neighbours[~infrastructure.forwards] <= 1).all())
