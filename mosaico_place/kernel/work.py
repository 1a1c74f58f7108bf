"""Room that the kernel works in: made once, so that no call of compiled code makes an array."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile.infrastructure import BoolArray, FloatArray, IntArray
from mosaico_place.kernel.embeddings import LONGEST, no_embeddings
from mosaico_place.kernel.spread import Front, new_front


class Work(NamedTuple):
    """Scratch of one thread. Units, flows, components and budgets count from the first of the chain at hand.

    Attributes:
        option, length, path: the embedding that is tried, as in :class:`mosaico_place.kernel.embeddings.Embeddings`,
            by number of component and flow.
        slope: (flows,) price per ns of each flow; pay: (components,) of each component.
        total: (units, nodes) least costs with all that hangs below.
        least, goal, ahead: (units,) and (units, nodes), see :mod:`mosaico_place.kernel.pruning`.
        lasts: (flows, nodes) last arcs of paths, as :func:`mosaico_place.kernel.spread.spread` leaves them.
        blocked: (units, nodes) what is ruled out; at: (units,) the nodes that are tried.
        turn: (units + 1,) those that are kept to single nodes, in this order; kept: (units,) to which, as ordered;
            tried: (units, nodes) the same, and those before.
        weight: (arcs,) what one flow pays; start, touch, dist, last: (nodes,) and front of one spreading.
        piece: (LONGEST,) a path.
        delay: (flows,) time of each.
        begun, finished, entered: (components,) of one budget.
        time: (budgets,) time of each; took: (budgets, flows) its slowest way.
        rate: (budgets,) price per ns; ways: (budgets, flows) the way that is priced.
        low, high: (budgets, 4 and 3) what is known about prices, see :mod:`mosaico_place.kernel.multipliers`.
    """

    option: NDArray[np.int32]
    length: NDArray[np.int32]
    path: NDArray[np.int32]
    slope: FloatArray
    pay: FloatArray
    total: FloatArray
    least: FloatArray
    goal: IntArray
    ahead: FloatArray
    lasts: NDArray[np.int32]
    blocked: BoolArray
    at: IntArray
    turn: IntArray
    kept: IntArray
    tried: BoolArray
    weight: FloatArray
    start: FloatArray
    touch: FloatArray
    dist: FloatArray
    last: NDArray[np.int32]
    front: Front
    piece: NDArray[np.int32]
    delay: FloatArray
    begun: FloatArray
    finished: FloatArray
    entered: IntArray
    time: FloatArray
    took: BoolArray
    rate: FloatArray
    ways: BoolArray
    low: FloatArray
    high: FloatArray


def new_work(tables: Any) -> Work:
    """Room for the largest chain."""
    nodes, arcs = tables.mask.shape[1], len(tables.net.tail)
    units, flows, components, budgets = (
        int(np.max(tables.chains[f"{part}_end"] - tables.chains[part], initial=0))
        for part in ("unit", "flow", "component", "budget")
    )
    draft = no_embeddings(tables)
    return Work(
        draft.option,
        draft.length,
        draft.path,
        slope=np.empty(flows),
        pay=np.empty(components),
        total=np.empty((units, nodes)),
        least=np.empty(units),
        goal=np.empty(units, dtype=np.int64),
        ahead=np.empty((units, nodes)),
        lasts=np.empty((flows, nodes), dtype=np.int32),
        blocked=np.empty((units, nodes), dtype=np.bool_),
        at=np.empty(units, dtype=np.int64),
        turn=np.empty(units + 1, dtype=np.int64),
        kept=np.empty(units, dtype=np.int64),
        tried=np.empty((units, nodes), dtype=np.bool_),
        weight=np.empty(arcs),
        start=np.empty(nodes),
        touch=np.empty(nodes),
        dist=np.empty(nodes),
        last=np.empty(nodes, dtype=np.int32),
        front=new_front(nodes),
        piece=np.empty(LONGEST, dtype=np.int32),
        delay=np.empty(flows),
        begun=np.empty(components),
        finished=np.empty(components),
        entered=np.empty(components, dtype=np.int64),
        time=np.empty(budgets),
        took=np.empty((budgets, flows), dtype=np.bool_),
        rate=np.empty(budgets),
        ways=np.empty((budgets, flows), dtype=np.bool_),
        low=np.empty((budgets, 4)),
        high=np.empty((budgets, 3)),
    )
