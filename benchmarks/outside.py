"""Other people's problems: published sets and instances like them, against published optima.

    uv run python -m benchmarks.outside [SET...] [--method auto] [--time-limit 20] [--seed 1] [--threads N]
        [--data FOLDER] [--only PATTERN]

Sets are ``facility-location``, ``tasks``, ``traffic``, ``assignment``, ``assignment-large``, ``packing``, and, made up
by the seed, ``large-facility-location``, ``large-packing``, ``lines`` and ``apart``; all but those that are made up are
solved if none is named. Each instance is solved in a fresh process; the time limit is that of the whole call. Compiled
code is loaded before the clock starts. The value is that of the first level, or the accepted weight where that level
counts rejected chains; the bound is given the same way.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from benchmarks.machine import machine
from benchmarks.outside_made import made_cases
from benchmarks.outside_sets import DATA, Case, cases
from mosaico_place import Options, solve
from mosaico_place.warming import warm_up


class Line(NamedTuple):
    """What a method made of one instance; what it does not know is None."""

    name: str
    optimum: int | None
    value: float | None
    bound: float | None
    seconds: float
    termination: str
    why: str


def solved(case: Case, method: str, limit_s: float, threads: int | None) -> Line:
    """Solve one instance."""
    instance = case.make()
    warm_up()
    began = time.monotonic()
    result = solve(instance, method=method, options=Options(time_limit_s=limit_s, threads=threads))
    seconds = time.monotonic() - began
    value, bound = result.levels[0].value, result.levels[0].bound
    if result.accepted_weight_bound is not None:
        value, bound = result.accepted_weight, result.accepted_weight_bound
    return Line(case.name, case.optimum, value, bound, seconds, str(result.termination), result.method_why)


def row(line: Line) -> str:
    """The line of the table for one instance."""
    optimum, value, bound = (_shown(number) for number in (line.optimum, line.value, line.bound))
    told = f"{line.name} | {optimum} | {value} | {bound} | {line.seconds:.1f} | {line.termination}"
    return f"| {told} | {line.why} |"


def summary(lines: Sequence[Line]) -> str:
    """How many reached the optimum, and how many were proven, in one line."""
    reached = sum(line.optimum is not None and line.value is not None and line.value <= line.optimum + 1e-6
                  for line in lines)  # fmt: skip
    proven = sum(line.termination == "optimal" for line in lines)
    return f"{len(lines)} instances: {reached} at the published optimum, {proven} proven"


def _shown(number: float | None) -> str:
    return "-" if number is None else f"{number:,.2f}".rstrip("0").rstrip(".")


def main() -> None:
    """Solve and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET")
    parser.add_argument("--method", default="auto")
    parser.add_argument("--time-limit", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1, help="of what is made up")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--only", default="*", help="names of instances, with * and ?")
    asked = parser.parse_args()
    all_cases = [*cases(asked.data), *made_cases(asked.seed, asked.data)]
    wanted = asked.sets or [*dict.fromkeys(case.set for case in cases(asked.data))]
    print(machine())
    print(f"method {asked.method}, {asked.time_limit:g} s, seed {asked.seed}")
    context = multiprocessing.get_context("spawn")
    for name in wanted:
        print(f"\n{name}\n\n| instance | optimum | value | bound | s | ended | by |\n|---|---|---|---|---|---|---|")
        lines = []
        for case in all_cases:
            if case.set == name and fnmatch(case.name, asked.only):
                with ProcessPoolExecutor(1, mp_context=context) as pool:
                    job = pool.submit(solved, case, asked.method, asked.time_limit, asked.threads)
                    lines.append(job.result())
                print(row(lines[-1]), flush=True)
        print(f"\n{summary(lines)}")


if __name__ == "__main__":
    main()
