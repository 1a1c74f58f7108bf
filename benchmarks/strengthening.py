"""What each strengthening of the exact model brings: LP bound, tree nodes and time, with it and without it.

    uv run python -m benchmarks.strengthening FILE [--level 2] [--limit 100]

FILE is an instance, or a pVNFPC text file. The model is solved with all strengthenings, with each left out, and with
none: same process, one thread. The LP bound is that of one objective level, the levels before fixed at their optimum.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import highspy
import numpy as np

from benchmarks.machine import machine
from mosaico_place.compile import Problem, compile_instance
from mosaico_place.exact.highs import Highs
from mosaico_place.exact.model import build, transfer
from mosaico_place.exact.strengthening import ALL, Strengthening, packs
from mosaico_place.instance import Term
from mosaico_place.load import load_instance
from mosaico_place.method import Options
from mosaico_place.pvnfpc import load_pvnfpc
from mosaico_place.rules import CostTerm


def measure(problem: Problem, strengthenings: frozenset[Strengthening], level: int, limit_s: float) -> str:
    """LP bound, rows, value, bound, nodes and seconds of one objective level; the levels before are solved first."""
    formulation = build(problem, strengthenings=strengthenings)
    matrix = transfer(formulation)
    options = Options(threads=1)
    nodes = [0]
    highs = Highs(matrix, stop=options.stop, watch=lambda glimpse: nodes.__setitem__(0, glimpse.nodes))
    deadline = time.monotonic() + limit_s
    accepted = False
    for before in range(level):
        outcome = highs.minimise(before, gap=0.0, time_limit_s=deadline - time.monotonic())
        highs.at_most(before, outcome.bound + 0.5 * float(formulation.levels[before].step), 1.0)
        accepted = accepted or (outcome.bound == 0 and Term(CostTerm.REJECTED) in problem.instance.objective[before])
    if accepted and Strengthening.PACK in strengthenings:
        for variables, number in packs(formulation.symbols):
            highs.at_least([matrix.position[id(var)] for var in variables], number)
    relaxed = lp_bound(matrix_of(highs), level, matrix.costs, matrix.offsets)
    began = time.perf_counter()
    outcome = highs.minimise(level, gap=0.0, time_limit_s=max(deadline - time.monotonic(), 1.0))
    seconds = time.perf_counter() - began
    value = "-" if outcome.vector is None else f"{matrix.costs[level] @ outcome.vector + matrix.offsets[level]:.6g}"
    size = f"{matrix.rows.shape[0]} | {int((matrix.integer == 1).sum())}"
    return f"{relaxed:.4f} | {size} | {value} | {outcome.bound:.4f} | {nodes[0]} | {seconds:.2f} | {outcome.status}"


def matrix_of(highs: Highs) -> highspy.HighsLp:
    """The model as the solver holds it, rows of earlier levels included."""
    return highs._highs.getLp()  # noqa: SLF001 (a benchmark may look inside)


def lp_bound(model: highspy.HighsLp, level: int, costs: np.ndarray, offsets: np.ndarray) -> float:
    """The optimum of the level without integrality."""
    relaxed = highspy.Highs()  # type: ignore[no-untyped-call]
    relaxed.setOptionValue("output_flag", False)
    relaxed.passModel(model)
    relaxed.setOptionValue("solve_relaxation", True)
    relaxed.changeColsCost(len(costs[level]), np.arange(len(costs[level]), dtype=np.int32), costs[level])
    relaxed.run()
    value: float = relaxed.getInfo().objective_function_value
    return value + float(offsets[level]) - float(model.offset_)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--level", type=int, default=2)
    parser.add_argument("--limit", type=float, default=100.0)
    arguments = parser.parse_args()
    file: Path = arguments.file
    problem = compile_instance(load_pvnfpc(file) if file.suffix == ".txt" else load_instance(file))
    print(machine())
    print("without | LP bound | rows | integers | value | bound | nodes | s | ended")
    choices = [("nothing", ALL), *((str(one), ALL - {one}) for one in Strengthening), ("all of them", frozenset())]
    for name, strengthenings in choices:
        print(f"{name} | {measure(problem, strengthenings, arguments.level - 1, arguments.limit)}", flush=True)


if __name__ == "__main__":
    main()
