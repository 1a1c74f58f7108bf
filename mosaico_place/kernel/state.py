"""What is taken and what is left while chains come and go, for compiled code.

Every amount is a whole number of quanta held in float64, so taking and giving back restores a state exactly.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaico_place.kernel.compiled import inner_inline, outer
from mosaico_place.kernel.tables import Compiled


class State(NamedTuple):
    """What a partial placement leaves.

    Attributes:
        free: (1 + classes, rows) quanta left for all chains, and for those of each class; -1 where a link is down.
        load: (openings,) rate quanta served.
        users: (openings,) how many components and flows are served.
        opened: (openings,) instances opened.
        program: (groups,) opening that is in use, -1 for none.
        hosted: (nodes,) how many components stand there, endpoints left out, and opened instances.
    """

    free: NDArray[np.float64]
    load: NDArray[np.float64]
    users: NDArray[np.int32]
    opened: NDArray[np.float64]
    program: NDArray[np.int32]
    hosted: NDArray[np.int32]


def empty_state(compiled: Compiled) -> State:
    """Nothing is taken."""
    openings = len(compiled.tables.openings)
    return State(
        compiled.rows.room(),
        np.zeros(openings),
        np.zeros(openings, dtype=np.int32),
        np.zeros(openings),
        np.full(len(compiled.offers.groups), -1, dtype=np.int32),
        np.zeros(len(compiled.problem.infrastructure.nodes), dtype=np.int32),
    )


@inner_inline
def holds(tables: Any, state: Any, line: int, use: int, use_end: int, once: int, once_end: int, times: float) -> bool:
    """Whether a use, and ``times`` another that no class counts, fit into what is left."""
    for i in range(use, use_end):
        row, amount = tables.uses_row[i], tables.uses_amount[i]
        if state.free[0, row] < amount or (line > 0 and state.free[line, row] < amount):
            return False
    if times > 0:
        for i in range(once, once_end):
            row, amount = tables.uses_row[i], times * tables.uses_amount[i]
            for j in range(use, use_end):
                if tables.uses_row[j] == row:
                    amount += tables.uses_amount[j]
            if state.free[0, row] < amount:
                return False
    return True


@inner_inline
def take(tables: Any, state: Any, line: int, use: int, use_end: int, times: float) -> None:
    """Take a use ``times`` times; give it back if that is negative."""
    for i in range(use, use_end):
        row, amount = tables.uses_row[i], times * tables.uses_amount[i]
        state.free[0, row] -= amount
        if line > 0:
            state.free[line, row] -= amount


@inner_inline
def needed(opening: Any, load: float) -> float:
    """The fewest instances, at least one, that carry a load."""
    if load <= opening.capacity:
        return 1.0
    return np.ceil(load / opening.capacity) if opening.capacity > 0 else np.inf


@inner_inline
def more_instances(tables: Any, state: Any, o: int, load: float) -> float:
    """How many more must be opened to serve one more load; infinite where that cannot be."""
    opening = tables.openings[o]
    if opening.group >= 0 and state.program[opening.group] >= 0 and state.program[opening.group] != o:
        return np.inf
    count = needed(opening, state.load[o] + load)
    return np.inf if count > opening.most else count - state.opened[o]


@inner_inline
def serve(tables: Any, state: Any, o: int, load: float, sign: int) -> None:
    """Serve one more component or flow (sign 1), or one less (-1)."""
    opening = tables.openings[o]
    state.load[o] += sign * load
    state.users[o] += sign
    count = needed(opening, state.load[o]) if state.users[o] > 0 else 0.0
    take(tables, state, 0, opening.use, opening.use_end, count - state.opened[o])
    if (count > 0) != (state.opened[o] > 0):
        state.hosted[opening.node] += sign
    state.opened[o] = count
    if opening.group >= 0:
        state.program[opening.group] = o if count > 0 else -1


@outer
def opened_use(tables: Any, opened: Any, free: Any) -> None:
    """Take what opened instances take once off ``free``: (1 + classes, rows)."""
    for o in range(len(opened)):
        if opened[o] > 0:
            for i in range(tables.openings[o].use, tables.openings[o].use_end):
                free[0, tables.uses_row[i]] -= opened[o] * tables.uses_amount[i]
