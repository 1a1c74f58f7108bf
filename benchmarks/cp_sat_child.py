"""Solves a model in whole numbers with CP-SAT, in a process of its own: OR-Tools and highspy do not share one.

    uv run --no-project --with ortools --with numpy python cp_sat_child.py IN.npz OUT.json [--time-limit 60]
                                                                            [--threads 2]

IN.npz holds the arrays of :class:`benchmarks.whole_model.WholeModel`. OUT.json gets CP-SAT's status, value and bound in
steps of the objective (null where there is none), the solution, seconds to load the model and to solve it, the peak
memory of this process in bytes, and the version of OR-Tools. ``--version`` prints that version and does nothing else.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import ortools  # type: ignore[import-not-found]
from ortools.sat.python import cp_model  # type: ignore[import-not-found]


def load(arrays: Mapping[str, Any]) -> Any:
    """The model in CP-SAT; rows go in as they are, for the Python expressions of a large model take minutes."""
    model = cp_model.CpModel()
    bounds = zip(arrays["lower"].tolist(), arrays["upper"].tolist(), strict=True)
    variables = [model.new_int_var(lower, upper, "") for lower, upper in bounds]
    starts, columns, coefficients = (arrays[name].tolist() for name in ("starts", "columns", "coefficients"))
    limits = zip(arrays["low"].tolist(), arrays["high"].tolist(), strict=True)
    for row, limit in enumerate(limits):
        span = slice(starts[row], starts[row + 1])
        linear = model.proto.constraints.add().linear
        linear.vars.extend(columns[span])
        linear.coeffs.extend(coefficients[span])
        linear.domain.extend(limit)
    counted = np.flatnonzero(arrays["costs"])
    costs = arrays["costs"][counted].tolist()
    total = cp_model.LinearExpr.weighted_sum([variables[i] for i in counted.tolist()], costs)
    model.minimize(total + int(arrays["offset"]))
    return model


def solve(model: Any, time_limit_s: float, threads: int) -> dict[str, Any]:
    """What CP-SAT finds and proves, in steps of the objective."""
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit_s
    solver.parameters.num_workers = threads
    solver.parameters.random_seed = 0
    status = solver.status_name(solver.solve(model))
    if status not in ("OPTIMAL", "FEASIBLE", "UNKNOWN", "INFEASIBLE"):
        raise ValueError(f"CP-SAT ended with {status}: {model.validate()}")
    found = status in ("OPTIMAL", "FEASIBLE")
    return {
        "status": status,
        "value": round(solver.objective_value) if found else None,
        "bound": None if status == "INFEASIBLE" else solver.best_objective_bound,
        "solution": list(solver.response_proto.solution) if found else None,
    }


def main() -> None:
    """Read, solve, write."""
    parser = argparse.ArgumentParser(description="solve a model in whole numbers with CP-SAT")
    parser.add_argument("model", type=Path)
    parser.add_argument("answer", type=Path)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--version", action="version", version=ortools.__version__)
    asked = parser.parse_args()
    began = time.perf_counter()
    with np.load(asked.model) as arrays:
        model = load(dict(arrays))
    loaded = time.perf_counter()
    answer = solve(model, asked.time_limit, asked.threads)
    answer |= {
        "load_s": loaded - began,
        "solve_s": time.perf_counter() - loaded,
        "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "version": ortools.__version__,
    }
    asked.answer.write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
