"""The pricing problems of all chains at once, and columns: embeddings as what they take and cost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.kernel.measuring import (
    Measure,
    Surcharges,
    costs_of,
    find_servers,
    forget,
    measure,
    price_chains,
)
from mosaico_place.kernel.placing import place, remove_chain
from mosaico_place.kernel.problem import (
    Embeddings,
    Prices,
    Pricing,
    State,
    Work,
    empty_state,
    no_embeddings,
    room_for_programs,
)


class Column(NamedTuple):
    """One embedding of one chain, as what it takes and costs.

    Attributes:
        chain: index.
        rows: flat indices into (1 + classes, rows); amounts: quanta.
        openings, loads: what serves it, and with which load in rate quanta.
        users, servers: which component or flow is served by which opening, as far as it opens any.
        costs: (levels,).
        option, length, path: the embedding, of the chain's components and flows.
    """

    chain: int
    rows: NDArray[np.int64]
    amounts: FloatArray
    openings: NDArray[np.int64]
    loads: FloatArray
    users: NDArray[np.int32]
    servers: NDArray[np.int32]
    costs: FloatArray
    option: NDArray[np.int32]
    length: NDArray[np.int32]
    path: NDArray[np.int32]


class Pricer:
    """Prices all chains against the empty infrastructure, on several threads (compiled code runs beside the GIL)."""

    def __init__(self, compiled: Compiled, threads: int) -> None:
        self._compiled = compiled
        self._states = [empty_state(compiled) for _ in range(threads)]
        self._works = [Work(compiled.tables) for _ in range(threads)]
        self.out = no_embeddings(compiled.tables)
        self._pool = ThreadPoolExecutor(threads)

    def __call__(self, prices: Prices, surcharges: Surcharges) -> tuple[FloatArray, FloatArray]:
        """(chains,) lower bounds and costs of embeddings; these stand in ``out``, where the cost is finite."""
        count = len(self._compiled.names)
        lower, cost = np.empty(count), np.empty(count)
        threads = len(self._states)
        jobs = []
        for i, (state, work) in enumerate(zip(self._states, self._works, strict=True)):
            own = Pricing(self._compiled.tables, state, prices.replace(extra=np.zeros_like(prices.extra)), work)
            some = np.arange(i, count, threads)
            jobs.append(self._pool.submit(price_chains, own, surcharges, some, self.out, lower, cost))
        for job in jobs:
            job.result()
        return lower, cost

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()


class Measurer:
    """Turns embeddings into columns, by placing each alone."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._state, self._work = empty_state(compiled), Work(compiled.tables)
        self._costs, self._measure = costs_of(compiled.levels), Measure(compiled)
        # Every user meets every opening once at most.
        most = compiled.most_users * len(compiled.tables.openings)
        self._users, self._servers = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
        self._serving = room_for_programs(compiled.tables)

    def __call__(self, k: int, prices: Prices, embeddings: Embeddings, state: State | None = None) -> Column:
        """The column of chain ``k`` as it is embedded.

        Args:
            k: the chain.
            prices: by which programs are chosen where nothing is opened yet.
            embeddings: where it stands.
            state: one in which it is placed; None: it is placed alone for the moment.
        """
        tables, found = self._compiled.tables, self._measure
        chain = tables.chains[k]
        alone = Pricing(tables, self._state, prices, self._work)
        if state is None:
            assert place(alone, k, embeddings), "a chain alone has room"
        standing = self._state if state is None else state
        measure(tables, standing, self._costs, k, embeddings, found)
        served = find_servers(tables, standing, k, embeddings, self._serving, self._users, self._servers)
        rows = found.arrays["rows"][: found.found].copy()
        openings = found.arrays["openings"][: found.opened].copy()
        amounts, loads = found.arrays["taken"].ravel()[rows], found.arrays["served"][openings]
        forget(found)
        components, flows = slice(chain["component"], chain["component_end"]), slice(chain["flow"], chain["flow_end"])
        if state is None:
            remove_chain(alone, k, embeddings)
        return Column(
            k, rows, amounts, openings, loads, self._users[:served].copy(), self._servers[:served].copy(),
            found.arrays["costs"].copy(), embeddings.option[components].copy(), embeddings.length[flows].copy(),
            embeddings.path[flows].copy(),
        )  # fmt: skip
