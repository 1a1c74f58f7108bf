"""HiGHS: the only module that knows it. A model goes in once; levels are solved, and rows added, one by one.

HiGHS polls for interruption in its tree search, but not within a linear program of it, which may take minutes. So it
runs in a thread of its own, which is left behind if it does not end when it should: the best solution and bound that
it has told of are the answer, and the thread ends by itself at its next poll.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import highspy
import numpy as np

from mosaico_place.errors import SolverError
from mosaico_place.exact.exactness import Cut
from mosaico_place.exact.model import FloatArray, Matrix
from mosaico_place.solver import SilentHighs

_INFINITE = highspy.kHighsInf


class Status(StrEnum):
    """Why HiGHS stopped; whether it holds a solution is a question apart."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    TIME_LIMIT = "time-limit"
    ITERATION_LIMIT = "iteration-limit"
    MEMORY_LIMIT = "memory-limit"
    INTERRUPTED = "interrupted"


_STATUS = {
    highspy.HighsModelStatus.kOptimal: Status.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Status.INFEASIBLE,
    # Every variable of the model that costs anything is bounded below, so this can only mean infeasible.
    highspy.HighsModelStatus.kUnboundedOrInfeasible: Status.INFEASIBLE,
    highspy.HighsModelStatus.kTimeLimit: Status.TIME_LIMIT,
    highspy.HighsModelStatus.kIterationLimit: Status.ITERATION_LIMIT,
    highspy.HighsModelStatus.kSolutionLimit: Status.ITERATION_LIMIT,
    highspy.HighsModelStatus.kMemoryLimit: Status.MEMORY_LIMIT,
    highspy.HighsModelStatus.kInterrupt: Status.INTERRUPTED,
}

GRACE_S = 0.7
"""How long HiGHS may take to end once it should."""

_POLL_S = 0.05
_THREAD = "mosaico-place HiGHS"


def running() -> list[threading.Thread]:
    """Threads in which HiGHS runs: at the end of a process, solves that were given up and have not heard of it."""
    return [thread for thread in threading.enumerate() if thread.name == _THREAD]


@atexit.register
def _await_running() -> None:
    """Python must not be taken down under a running solve."""
    for thread in running():
        thread.join()


_scheduler_lock = threading.Lock()
_scheduler_threads: list[int] = []
"""HiGHS has one scheduler per process, with a fixed number of threads; it is reset when another number is asked for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one level.

    Attributes:
        vector: (n,) the best solution; None if there is none.
        bound: proven lower bound of the level, infinite if infeasible, minus infinite if nothing is known.
    """

    status: Status
    vector: FloatArray | None
    bound: float


@dataclass(frozen=True, slots=True)
class Glimpse:
    """State of a running solve; infinite where nothing is known."""

    incumbent: float
    bound: float
    nodes: int


class Highs:
    """One model in HiGHS.

    Args:
        matrix: the model.
        threads: how many to use; more than one searches the tree in parallel.
        seed: of its random choices.
        stop: when set, the running solve ends within about a second and keeps its incumbent.
        watch: called now and then with a glimpse.

    Raises:
        SolverError: HiGHS does not take the model or an option.
    """

    def __init__(
        self,
        matrix: Matrix,
        *,
        threads: int = 1,
        seed: int = 0,
        stop: threading.Event,
        watch: Callable[[Glimpse], None],
    ) -> None:
        self._matrix = matrix
        self._stop = stop
        self._watch = watch
        self._ended = threading.Event()
        self._told = Outcome(Status.INTERRUPTED, None, -np.inf)
        self._highs = SilentHighs()  # type: ignore[no-untyped-call]
        self._set("threads", threads)
        self._set("parallel", "on" if threads > 1 else "off")
        self._set("random_seed", seed)
        self._set("mip_feasibility_tolerance", 1e-7)
        self._set("large_matrix_value", 1e17)  # whole numbers up to 2**53 are data, no mistake
        _share_scheduler(threads)
        self._pass_model()
        self._listen()

    def minimise(
        self,
        level: int,
        *,
        gap: float,
        time_limit_s: float,
        start: tuple[Sequence[int], Sequence[float]] | None = None,
    ) -> Outcome:
        """Minimise one level from an optional start: (positions, values) of some variables."""
        highs, matrix = self._highs, self._matrix
        count = len(matrix.columns)
        highs.changeColsCost(count, np.arange(count, dtype=np.int32), matrix.costs[level])
        highs.changeObjectiveOffset(float(matrix.offsets[level]))
        self._set("mip_rel_gap", gap)
        self._set("presolve", "choose")
        self._start(start)
        deadline = time.monotonic() + time_limit_s
        outcome = self._run(deadline)
        if outcome.status is Status.INFEASIBLE:
            # Presolve has wrongly claimed this in some releases; it is believed only when found without it too.
            self._set("presolve", "off")
            outcome = self._run(deadline)
        if outcome.status is Status.OPTIMAL and self._doubtful(outcome, level, gap):
            self._start(None)
            self._set("presolve", "off")
            outcome = self._run(deadline)
        return outcome

    def _doubtful(self, outcome: Outcome, level: int, gap: float) -> bool:
        """Whether HiGHS calls optimal what its own figures do not carry.

        HiGHS 1.16 has handed back its start while it spoke of a better solution that presolve made of it, and has left
        its bound at 0 where presolve solved all.
        """
        if outcome.vector is None:
            return False
        value = float(self._matrix.costs[level] @ outcome.vector + self._matrix.offsets[level])
        said: float = self._highs.getInfo().objective_function_value
        tolerance = 1e-5 * max(1.0, abs(value))
        return value > said + tolerance or value > outcome.bound + gap * abs(value) + tolerance

    def at_most(self, level: int, value: float, scale: float) -> None:
        """Keep a level's value at or below the given one; ``scale`` multiplies the row, for well-sized numbers."""
        costs = self._matrix.costs[level]
        positions = np.flatnonzero(costs).astype(np.int32)
        if len(positions):
            upper = (value - float(self._matrix.offsets[level])) * scale
            self._highs.addRow(-_INFINITE, upper, len(positions), positions, costs[positions] * scale)

    def at_least(self, positions: Sequence[int], number: int) -> None:
        """Keep the sum of some 0-1 variables at or above a number, for good."""
        index = np.array(positions, dtype=np.int32)
        self._highs.addRow(number, _INFINITE, len(index), index, np.ones(len(index)))

    def bound(self, position: int, upper: float) -> None:
        """Keep a variable at or below the given value, for good."""
        self._highs.changeColBounds(position, float(self._matrix.lower[position]), upper)

    def cut(self, cut: Cut) -> None:
        """Add a cut for good."""
        columns = np.concatenate([cut.ones, cut.zeros]).astype(np.int32)
        signs = np.concatenate([np.ones(len(cut.ones)), -np.ones(len(cut.zeros))])
        self._highs.addRow(-_INFINITE, cut.limit, len(columns), columns, signs)

    def _pass_model(self) -> None:
        matrix = self._matrix
        count, rows = len(matrix.columns), matrix.rows
        status = self._highs.passModel(
            count, rows.shape[0], rows.nnz, int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMinimize), 0.0,
            np.zeros(count), _finite(matrix.lower), _finite(matrix.upper), _finite(matrix.low), _finite(matrix.high),
            rows.indptr.astype(np.int32), rows.indices.astype(np.int32), rows.data.astype(np.float64), matrix.integer,
        )  # fmt: skip
        if status == highspy.HighsStatus.kError:
            raise SolverError("HiGHS does not take the model")

    def _listen(self) -> None:
        """Hear of progress and of better solutions, and answer when HiGHS asks whether to go on."""

        def poll(event: Any) -> None:
            if self._ended.is_set() or self._stop.is_set():
                event.interrupt()

        def poll_tree(event: Any) -> None:
            data = event.data_out
            self._told = replace(self._told, bound=data.mip_dual_bound)
            self._watch(Glimpse(data.mip_primal_bound, data.mip_dual_bound, data.mip_node_count))
            poll(event)

        def improve(event: Any) -> None:
            self._told = replace(self._told, vector=np.array(event.data_out.mip_solution, dtype=np.float64))

        self._highs.cbMipInterrupt += poll_tree
        self._highs.cbMipImprovingSolution += improve
        self._highs.cbSimplexInterrupt += poll
        self._highs.cbIpmInterrupt += poll

    def _start(self, start: tuple[Sequence[int], Sequence[float]] | None) -> None:
        self._highs.clearSolver()
        if start is not None:
            positions, values = start
            index = np.array(positions, dtype=np.int32)
            self._highs.setSolution(len(index), index, np.array(values, dtype=np.float64))

    def _run(self, deadline: float) -> Outcome:
        """Run HiGHS in its thread until it ends, or until it is left behind; ``deadline`` is monotonic time."""
        self._set("time_limit", min(max(deadline - time.monotonic(), 0.0), 1e9))
        self._told = Outcome(Status.INTERRUPTED, None, -np.inf)
        failures: list[BaseException] = []

        def run() -> None:
            try:
                self._highs.run()
            except BaseException as failure:  # raised again where the caller can see it
                failures.append(failure)

        thread = threading.Thread(target=run, name=_THREAD, daemon=True)
        thread.start()
        patience = deadline + GRACE_S
        try:
            while thread.is_alive() and time.monotonic() < patience:
                thread.join(_POLL_S)
                if self._stop.is_set():
                    patience = min(patience, time.monotonic() + GRACE_S)
        finally:
            if thread.is_alive():  # too late, or the caller was torn out of waiting
                self._ended.set()
        if failures:
            raise failures[0]
        if self._ended.is_set():
            return replace(self._told, status=Status.INTERRUPTED if self._stop.is_set() else Status.TIME_LIMIT)
        return self._outcome()

    def _outcome(self) -> Outcome:
        native = self._highs.getModelStatus()
        if native not in _STATUS:
            raise SolverError(f"HiGHS ended with {self._highs.modelStatusToString(native)!r}")
        status = _STATUS[native]
        info = self._highs.getInfo()
        feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        vector = np.array(self._highs.getSolution().col_value) if feasible else None
        if status is Status.INFEASIBLE:
            return Outcome(status, None, np.inf)
        is_mip = bool(self._matrix.integer.any())
        proven = info.mip_dual_bound if is_mip else info.objective_function_value
        known = is_mip or status is Status.OPTIMAL
        return Outcome(status, vector, proven if known and abs(proven) < _INFINITE else -np.inf)

    def _set(self, option: str, value: Any) -> None:
        if self._highs.setOptionValue(option, value) != highspy.HighsStatus.kOk:
            raise SolverError(f"HiGHS does not take {option} = {value!r}")


def _share_scheduler(threads: int) -> None:
    with _scheduler_lock:
        if _scheduler_threads != [threads]:
            highspy.Highs.resetGlobalScheduler(True)
            _scheduler_threads[:] = [threads]


def _finite(bounds: FloatArray) -> FloatArray:
    return np.clip(bounds, -_INFINITE, _INFINITE)
