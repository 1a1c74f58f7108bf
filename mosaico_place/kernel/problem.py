"""The data of the pricing problem: what is left, where chains stand, what things are worth, and scratch.

Every amount is a whole number of quanta held in float64, so taking and giving back restores a state exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cython
import numpy as np

from mosaico_place.compile.arrays.records import IntArray
from mosaico_place.compile.infrastructure import BoolArray, FloatArray

if TYPE_CHECKING:
    from mosaico_place.compile.arrays.tables import Compiled

if not cython.compiled:
    from mosaico_place.compile.arrays.dijkstra import Labels
    from mosaico_place.compile.arrays.records import Bundle, Tables

    LONGEST = 64
"""Arcs in a path; longer ones are not considered."""


class State(Bundle):
    """What a partial placement leaves.

    Attributes:
        free: (1 + classes, rows) quanta left for all chains, and for those of each class; -1 where a link is down.
        load: (openings,) rate quanta served.
        users: (openings,) how many components and flows are served.
        opened: (openings,) instances opened.
        program: (groups,) opening that is in use, -1 for none.
        hosted: (nodes,) how many components stand there, endpoints left out, and opened instances.
    """

    def __init__(
        self,
        free: FloatArray,
        load: FloatArray,
        users: IntArray,
        opened: FloatArray,
        program: IntArray,
        hosted: IntArray,
    ) -> None:
        self.free, self.load, self.users, self.opened = free, load, users, opened
        self.program, self.hosted = program, hosted
        self.keep(free=free, load=load, users=users, opened=opened, program=program, hosted=hosted)


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


class Embeddings(Bundle):
    """Where chains stand, by number of component and flow.

    Attributes:
        option: (components,) option; -1 for endpoints and chains that are not placed.
        length: (flows,) arcs of the path.
        path: (flows, LONGEST) arcs in the direction of travel, for copies from the tail on.
        placed: (chains,) whether the chain is.
        late_ns: (chains,) time above targets.
    """

    def __init__(
        self, option: IntArray, length: IntArray, path: IntArray, placed: BoolArray, late_ns: FloatArray
    ) -> None:
        self.option, self.length, self.path, self.placed, self.late_ns = option, length, path, placed, late_ns
        self.keep(option=option, length=length, path=path, placed=placed, late_ns=late_ns)


def no_embeddings(tables: Tables) -> Embeddings:
    """Nothing is placed."""
    return Embeddings(
        np.full(len(tables.components), -1, dtype=np.int32),
        np.zeros(len(tables.flows), dtype=np.int32),
        np.zeros((len(tables.flows), LONGEST), dtype=np.int32),
        np.zeros(len(tables.chains), dtype=np.bool_),
        np.zeros(len(tables.chains)),
    )


class Prices(Bundle):
    """What things are worth; the first index of some is the line of capacities (0: of no class with a share).

    Attributes:
        option: (1 + classes, options), program: (1 + classes, programs), toll: (1 + classes, arcs) per rate quantum.
        opening: (openings,) of one more instance.
        load: (openings,) per rate quantum served.
        extra: (users, openings) for each component or flow of the chain at hand that is served, in the order of
            :func:`.costs.flow_user`; scratch of a batch.
        row: (1 + classes, rows) per quantum; resources: factor on the prices of resources that options charge.
        arc: (arcs,) what a rate quantum costs directly; times ``link`` of the chain.
        node: (nodes,) of running anything where nothing runs yet; each component or program is charged for it that
            comes before anything runs there, so bounds leave it out.
        reject, late, link, move: (chains,) of not accepting it, per ns late, factors on ``arc`` and on moves.
    """

    def __init__(
        self,
        option: FloatArray,
        program: FloatArray,
        toll: FloatArray,
        opening: FloatArray,
        load: FloatArray,
        extra: FloatArray,
        row: FloatArray,
        resources: float,
        arc: FloatArray,
        node: FloatArray,
        reject: FloatArray,
        late: FloatArray,
        link: FloatArray,
        move: FloatArray,
    ) -> None:
        self.option, self.program, self.toll, self.opening, self.load = option, program, toll, opening, load
        self.extra, self.row, self.resources, self.arc, self.node = extra, row, resources, arc, node
        self.reject, self.late, self.link, self.move = reject, late, link, move
        self.keep(
            option=option, program=program, toll=toll, opening=opening, load=load, extra=extra, row=row,
            resources=resources, arc=arc, node=node, reject=reject, late=late, link=link, move=move,
        )  # fmt: skip


class Work:
    """Scratch of one thread, made once, so that no call of compiled code makes an array.

    Units, flows, components and budgets count from the first of the chain at hand.

    Attributes:
        draft: the embedding that is tried, by number of component and flow.
        slope: (flows,) price per ns of each flow; pay: (components,) of each component.
        total: (units, nodes) least costs with all that hangs below.
        least, goal, ahead: (units,) and (units, nodes), see :mod:`mosaico_place.kernel.bounding`.
        lasts: (flows, nodes) last arcs of paths, as :func:`mosaico_place.compile.arrays.dijkstra.spread` leaves them.
        blocked: (units, nodes) what is ruled out; at: (units,) the nodes that are tried.
        stands: (units,) where :mod:`mosaico_place.kernel.branching` has let them stand, -1 for not at all; settled:
            (components,) in which option, -1 for none, and paid: (components,) at what cost without their time; stack:
            the first ``count`` of these, in order.
        ruled: (units + 1, units, nodes) what was ruled out when so many stood.
        cutoff, found, open: what is not wanted, the cost of the best found, the least bound of what was left open;
            left: how many subproblems may still be solved; first: whether the first embedding is enough.
        labels, start, last: of one spreading; (1, nodes).
        piece: (1, LONGEST) a path.
        serving: programs that serve one flow.
        delay: (flows,) time of each.
        begun, finished, entered: (components,) of one budget.
        time: (budgets,) time of each; took: (budgets, flows) its slowest path.
        rate: (budgets,) price per ns; longest: (budgets, flows) the path that is priced.
        low, high: (budgets, 4 and 3) what is known about prices, see :mod:`mosaico_place.kernel.latency_prices`.
    """

    def __init__(self, tables: Tables) -> None:
        nodes, arcs = tables.mask.shape[1], len(tables.net.tail)
        components, flows, units, budgets = tables.largest[:4]
        self._tables, self.draft = tables, no_embeddings(tables)
        self.labels = Labels(nodes, arcs)
        self.slope, self.pay = np.empty(flows), np.empty(components)
        self.total, self.least = np.empty((units, nodes)), np.empty(units)
        self.goal, self.ahead = _numbers(units), np.empty((units, nodes))
        self.lasts = np.empty((flows, nodes), dtype=np.int32)
        self.blocked, self.at = np.empty((units, nodes), dtype=np.bool_), _numbers(units)
        self.stands, self.settled = np.full(units, -1, dtype=np.int32), np.full(components, -1, dtype=np.int32)
        self.paid, self.stack, self.count = np.empty(components), _numbers(components), 0
        self.ruled = np.empty((units + 1, units, nodes), dtype=np.bool_)
        self.cutoff = self.found = self.open = np.inf
        self.left, self.first = 0, False
        self.start, self.last = np.empty((1, nodes)), np.empty((1, nodes), dtype=np.int32)
        self.piece, self.serving = np.empty((1, LONGEST), dtype=np.int32), room_for_programs(tables)
        self.delay, self.begun, self.finished = np.empty(flows), np.empty(components), np.empty(components)
        self.entered = _numbers(components)
        self.time, self.took = np.empty(budgets), np.empty((budgets, flows), dtype=np.bool_)
        self.rate, self.longest = np.empty(budgets), np.empty((budgets, flows), dtype=np.bool_)
        self.low, self.high = np.empty((budgets, 4)), np.empty((budgets, 3))

    def __reduce__(self) -> tuple[Any, ...]:
        return Work, (self._tables,)


def write_embedding(tables: Tables, k: int, draft: Embeddings, late: float, out: Embeddings) -> None:
    """Write where a chain stands, and its time above targets, over an embedding."""
    chain = tables.chains[k]
    for c in range(chain.component, chain.component_end):
        out.option[c] = draft.option[c]
    for f in range(chain.flow, chain.flow_end):
        out.length[f] = draft.length[f]
        for i in range(draft.length[f]):
            out.path[f, i] = draft.path[f, i]
    out.late_ns[k] = late


def _numbers(count: int) -> IntArray:
    return np.empty(count, dtype=np.int32)


def room_for_programs(tables: Tables) -> IntArray:
    """Room for all programs that may serve one flow: one of each function on every node of its path."""
    functions = 1 + int(np.max(tables.programs["function"], initial=-1))
    return _numbers((LONGEST + 1) * functions)


class Pricing:
    """The pricing problem: the instance, what is left of it, what it is worth, and scratch to solve it in.

    Attributes:
        tables: the compiled instance.
        state: what is left; changed by placing and removing.
        prices: what things are worth.
        work: scratch.
    """

    def __init__(self, tables: Tables, state: State, prices: Prices, work: Work) -> None:
        self.tables, self.state, self.prices, self.work = tables, state, prices, work

    def __reduce__(self) -> tuple[Any, ...]:
        return Pricing, (self.tables, self.state, self.prices, self.work)
