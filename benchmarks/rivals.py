"""What one big model gives: HiGHS and CP-SAT on the exact formulation, for accepted weight alone.

    uv run python -m benchmarks.rivals INSTANCE.yaml [--time-limit 60] [--threads 2]

The objective is replaced by the one level ``rejected``, the first of most instances, so that neither solver carries
variables or rows of later levels. HiGHS runs through ``solve(..., method="exact")``. CP-SAT gets the very same arrays
in whole numbers (:mod:`benchmarks.whole_model`), in a process of its own (``cp_sat_child.py``, fetched with ``uv``;
without a network HiGHS stands alone), and its placement is decoded and checked like any other. The time limit is that
of each solver: building the Pyomo model comes on top and is shown beside it.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine
from benchmarks.whole_model import WholeModel, whole_model
from mosaico_place import CostTerm, Instance, Options, Term, Termination, check, cost, load_instance, solve
from mosaico_place.compile import compile_instance
from mosaico_place.exact.highs import running
from mosaico_place.exact.model import Formulation, Matrix, build, decode, transfer

CHILD = Path(__file__).with_name("cp_sat_child.py")
_POLL_S = 0.02
_ENDED = {"OPTIMAL": Termination.OPTIMAL, "INFEASIBLE": Termination.INFEASIBLE}


@dataclass(frozen=True, slots=True)
class Row:
    """What one solver gave.

    Attributes:
        solver: with its version.
        ended: why it stopped; "killed" where the system ran out of memory.
        accepted: weight of the chains of its placement, which is checked; None if there is none.
        at_most: proven bound on the accepted weight; None if none was handed back.
        build_s: seconds to compile, write the Pyomo model, make arrays of it and load these into the solver.
        solve_s: seconds that the solver had.
        build_bytes: peak memory of building.
        memory_bytes: peak memory of the process of the solver. HiGHS shares it with building, CP-SAT does not.
        columns, integers, rows, nonzeros: of the model; ``integers`` are those of the formulation, None if not known.
        loosened: rows that were rounded, so that the bound holds but the placement may break a rule.
        violations: rules that the placement breaks.
    """

    solver: str
    ended: str
    accepted: float | None = None
    at_most: float | None = None
    build_s: float = 0.0
    solve_s: float = 0.0
    build_bytes: int = 0
    memory_bytes: int = 0
    columns: int = 0
    integers: int | None = None
    rows: int = 0
    nonzeros: int = 0
    loosened: int = 0
    violations: int = 0


def accepted_alone(instance: Instance) -> Instance:
    """The instance with one level that counts rejected weight."""
    return replace(instance, objective=({Term(CostTerm.REJECTED): Fraction(1)},))


def rivals(instance: Instance, limit_s: float, threads: int) -> list[Row]:
    """Solve the instance for accepted weight with HiGHS and, where OR-Tools can be fetched, CP-SAT.

    Args:
        instance: its objective plays no part.
        limit_s: seconds for each solver, building not counted.
        threads: of each solver.

    Raises:
        RuntimeError: a solver's process failed; its traceback is on stderr.
    """
    alone = accepted_alone(instance)
    rows = [_in_process("HiGHS", highs, alone, limit_s, threads)]
    if cp_sat_version() is not None:
        rows.append(_in_process("CP-SAT", cp_sat, alone, limit_s, threads))
        rows[0] = replace(rows[0], integers=rows[1].integers)  # the same model
    return rows


def highs(instance: Instance, limit_s: float, threads: int) -> Row:
    """The project's own exact method, here and now."""
    stop, built = threading.Event(), [0]
    threading.Thread(target=_stop_later, args=(stop, limit_s, built), daemon=True).start()
    result = solve(instance, method="exact", options=Options(gap=0.0, threads=threads, stop=stop))
    stop.set()
    timed_out = result.termination is Termination.INTERRUPTED
    return Row(
        solver=f"HiGHS {version('highspy')}",
        ended=Termination.TIME_LIMIT if timed_out else result.termination,
        accepted=result.accepted_weight,
        at_most=result.accepted_weight_bound,
        build_s=sum(result.runtime_s.get(phase, 0.0) for phase in ("compile", "build", "transfer")),
        solve_s=result.runtime_s.get("solve", 0.0),
        build_bytes=built[0] or _peak_bytes(),
        memory_bytes=_peak_bytes(),
        columns=result.model.variables,
        rows=result.model.rows,
        nonzeros=result.model.nonzeros,
    )


def _stop_later(stop: threading.Event, limit_s: float, built: list[int]) -> None:
    """Stop the solve so many seconds after HiGHS has started; note the peak memory of building, in bytes."""
    while not running():
        if stop.wait(_POLL_S):
            return
    built[0] = _peak_bytes()
    if not stop.wait(limit_s):
        stop.set()


def cp_sat(instance: Instance, limit_s: float, threads: int) -> Row:
    """CP-SAT on the arrays of the exact formulation, in a process of its own."""
    began = time.perf_counter()
    problem = compile_instance(instance)
    if any(block.why is not None and instance.must_accept(block.chain) for block in problem.blocks.values()):
        return Row("CP-SAT", Termination.INFEASIBLE)
    formulation = build(problem)
    matrix = transfer(formulation)
    step = formulation.levels[0].step or Fraction(1)
    model = whole_model(matrix, step)
    row = Row(
        solver="CP-SAT",
        ended="killed",
        build_s=time.perf_counter() - began,
        build_bytes=_peak_bytes(),
        columns=len(matrix.columns),
        integers=int(matrix.integer.sum()),
        rows=matrix.rows.shape[0],
        nonzeros=matrix.rows.nnz,
        loosened=model.loosened,
    )
    answer = _answer(model, limit_s, threads)
    return row if answer is None else _judged(row, formulation, matrix, step, answer)


def _judged(row: Row, formulation: Formulation, matrix: Matrix, step: Fraction, answer: dict[str, Any]) -> Row:
    """The row with what CP-SAT answered, its placement decoded and checked."""
    instance = formulation.instance
    total = sum((chain.weight for chain in instance.chains.values()), Fraction(0))
    row = replace(
        row,
        solver=f"CP-SAT {answer['version']}",
        ended=_ENDED.get(answer["status"], Termination.TIME_LIMIT),
        at_most=None if answer["bound"] is None else float(total - max(math.ceil(answer["bound"] - 1e-6), 0) * step),
        build_s=row.build_s + answer["load_s"],
        solve_s=answer["solve_s"],
        memory_bytes=answer["memory_bytes"],
    )
    if answer["solution"] is None:
        return row
    placement = decode(formulation, matrix, np.array(answer["solution"], dtype=np.float64))
    rejected = cost(instance, placement).levels[0]
    if rejected != answer["value"] * step:
        raise RuntimeError(f"CP-SAT rejects {answer['value'] * step}, the placement decoded from it {rejected}")
    return replace(row, accepted=float(total - rejected), violations=len(check(instance, placement)))


def _answer(model: WholeModel, limit_s: float, threads: int) -> dict[str, Any] | None:
    """What the child process wrote; None if it was killed."""
    with tempfile.TemporaryDirectory() as folder:
        given, taken = Path(folder, "model.npz"), Path(folder, "answer.json")
        np.savez(given, **{field.name: getattr(model, field.name) for field in fields(model)})
        options = ["--time-limit", str(limit_s), "--threads", str(threads)]
        ended = _child(str(given), str(taken), *options)
        if ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL):
            return None
        if ended.returncode != 0:
            raise RuntimeError(f"CP-SAT's process ended with {ended.returncode}: {ended.stderr[-2000:]}")
        answer: dict[str, Any] = json.loads(taken.read_text(encoding="utf-8"))
        return answer


def cp_sat_version() -> str | None:
    """The version of OR-Tools that uv provides; None if it cannot be fetched."""
    try:
        ended = _child("--version")
    except FileNotFoundError:  # no uv
        return None
    return ended.stdout.strip() if ended.returncode == 0 else None


def _child(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script outside of the project, so that none of its packages is in the way."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["uv", "run", "--no-project", "--python", python, "--with", "ortools", "--with", "numpy", "python"]
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    with tempfile.TemporaryDirectory() as nowhere:  # uv takes an environment that it finds in the working folder
        return subprocess.run(
            [*command, str(CHILD), *arguments],
            cwd=nowhere, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip


def _in_process(solver: str, function: Callable[..., Row], *arguments: Any) -> Row:
    """Run the function in a process of its own, so that its memory is its own, and end the process after it."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sending, function, arguments))
    process.start()
    sending.close()
    try:
        row: Row = receiving.recv()
    except EOFError:
        process.join()
        if process.exitcode != -signal.SIGKILL:
            raise RuntimeError(f"{solver}: its process ended with {process.exitcode}") from None
        return Row(solver, "killed")
    finally:
        process.kill()  # a solve that was given up may still run in it
    return row


def _send(sending: Connection, function: Callable[..., Row], arguments: tuple[Any, ...]) -> None:
    sending.send(function(*arguments))


def _peak_bytes() -> int:
    """Peak memory of this process so far; Linux counts it in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def table(rows: list[Row]) -> list[str]:
    """The rows as lines of at most 80 characters."""
    lines = [f"{'solver':<18} {'ended':<10} {'accepted':>9} {'at most':>9} {'build s':>7} {'solve s':>7} {'GiB':>11}"]
    for row in rows:
        memory = f"{row.build_bytes / 2**30:.2f}, {row.memory_bytes / 2**30:.2f}"
        lines.append(
            f"{row.solver:<18} {row.ended:<10} {_weight(row.accepted):>9} {_weight(row.at_most):>9} "
            f"{row.build_s:>7.1f} {row.solve_s:>7.1f} {memory:>11}"
        )
        if row.loosened or row.violations:
            lines.append(f"  {row.loosened} rows loosened, {row.violations} rules broken by the placement")
    return lines


def _weight(value: float | None) -> str:
    return "-" if value is None else f"{value:.8g}"


def main() -> None:
    """Solve and print."""
    parser = argparse.ArgumentParser(description="HiGHS and CP-SAT on the exact formulation, for accepted weight")
    parser.add_argument("instance", type=Path)
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds for each solver, building not counted")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    instance = load_instance(asked.instance)
    for line in report(instance, asked.time_limit, asked.threads):
        print(line, flush=True)


def report(instance: Instance, limit_s: float, threads: int) -> Iterator[str]:
    """The lines that ``main`` prints; the first come before anything is solved."""
    weight = sum((chain.weight for chain in instance.chains.values()), Fraction(0))
    yield from textwrap.wrap(machine(), 80)
    yield f"{instance.name}: {len(instance.nodes)} nodes, {len(instance.chains)} chains of weight {float(weight):g}"
    yield f"for accepted weight alone; {limit_s:g} s for each solver, {threads} threads"
    rows = rivals(instance, limit_s, threads)
    if len(rows) == 1:
        yield "OR-Tools cannot be fetched with uv, so HiGHS stands alone"
    size = max(rows, key=lambda row: row.columns)  # a solver that was killed may have told nothing
    integers = "" if size.integers is None else f" ({size.integers:,} integer)"
    yield f"model: {size.columns:,} columns{integers}, {size.rows:,} rows, {size.nonzeros:,} nonzeros"
    yield ""
    yield from table(rows)
    yield "GiB: peak of building, and of the solver's process (HiGHS: building included)"


if __name__ == "__main__":
    main()
