"""Where chains stand, and what can be read off that without knowing what is left."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaico_place.kernel.compiled import inner_inline, outer_inline

LONGEST = 64
"""Arcs in a path; longer ones are not considered."""


class Embeddings(NamedTuple):
    """Where chains stand, by number of component and flow.

    Attributes:
        option: (components,) option; -1 for endpoints and chains that are not placed.
        length: (flows,) arcs of the path.
        path: (flows, LONGEST) arcs in the direction of travel, for copies from the tail on.
        placed: (chains,) whether the chain is.
        late_ns: (chains,) time above targets.
    """

    option: NDArray[np.int32]
    length: NDArray[np.int32]
    path: NDArray[np.int32]
    placed: NDArray[np.bool_]
    late_ns: NDArray[np.float64]


def no_embeddings(tables: Any) -> Embeddings:
    """Nothing is placed."""
    return Embeddings(
        np.full(len(tables.components), -1, dtype=np.int32),
        np.zeros(len(tables.flows), dtype=np.int32),
        np.zeros((len(tables.flows), LONGEST), dtype=np.int32),
        np.zeros(len(tables.chains), dtype=np.bool_),
        np.zeros(len(tables.chains)),
    )


@outer_inline
def first_node(tables: Any, f: int, option: Any) -> int:
    """The node where a flow begins."""
    tail = tables.flows[f].tail
    component = tables.components[tail]
    return component.node if component.menu < 0 else tables.options[option[tail]].node


@inner_inline
def followed(tables: Any, f: int, length: Any, path: Any) -> int:
    """How many arcs a copy shares with its host from the beginning; 0 for other flows."""
    host = tables.flows[f].copy_of
    if host < 0:
        return 0
    i = 0
    while i < length[f] and i < length[host] and path[f, i] == path[host, i]:
        i += 1
    return i
