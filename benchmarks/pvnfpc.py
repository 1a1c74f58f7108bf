"""The published pVNFPC instances against the commercial solver's published values and times.

    uv run python -m benchmarks.pvnfpc FOLDER [--nodes 50] [--chains 1,5,10] [--seeds 1,2,3] [--runs 3] [--limit 300]
                                              [--weak] [--method heuristic]

FOLDER holds ``inputs_seed1`` ... and ``results.csv`` of github.com/wevertoncordeiro/programmable-vnfpc. One line per
instance: published value (1000 x accepted - instances), ours and its bound in instances, seconds of the whole solve
(median) beside the published ones. ``--weak`` adds a run per instance without any strengthening, in the same process.
With ``--method heuristic`` (or ``columns``) that method answers instead of the exact one, and takes the whole limit.
"""

from __future__ import annotations

import argparse
import csv
import statistics
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.machine import machine
from mosaico_place.exact.method import solve_exact
from mosaico_place.exact.strengthening import ALL, Strengthening
from mosaico_place.instance import Instance
from mosaico_place.method import Options
from mosaico_place.pvnfpc import load_pvnfpc
from mosaico_place.result import Result
from mosaico_place.solving import solve


def published(folder: Path) -> dict[tuple[int, int, int], tuple[float, float]]:
    """(seed, nodes, chains) -> (value, seconds) of the commercial solver at a gap of 1e-4."""
    with (folder / "results.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["solver_run"] == "gurobi_00001"]
    return {
        (int(row["seed"]), int(row["nodes"]), int(row["sfcs"])): (float(row["objective"]), float(row["elapsed_s"]))
        for row in rows
    }


def load(folder: Path, seed: int, nodes: int, chains: int) -> Instance:
    """One of the instances."""
    name = f"topology_seed{seed}_nodes{nodes:05d}_links04_sfcs{chains:05d}.txt"
    return load_pvnfpc(folder / f"inputs_seed{seed}" / name)


def run(
    instance: Instance, limit_s: float, strengthenings: frozenset[Strengthening], name: str = "exact"
) -> tuple[Result, float]:
    """Solve on one thread to the end; returns the result and the seconds of the method alone."""
    method = partial(solve_exact, strengthenings=strengthenings) if name == "exact" else name
    result = solve(instance, method=method, options=Options(gap=0.0, threads=1, time_limit_s=limit_s))
    return result, sum(result.runtime_s.get(phase, 0.0) for phase in ("solve", "price", "search"))


def in_words(result: Result) -> str:
    """Value and bound as the paper counts: 1000 x accepted - instances."""
    rejected, instances = result.levels
    if rejected.value is None or instances.value is None:
        return "no placement"
    value = 1000 * len(result.accepted) - instances.value
    bound = "-" if instances.bound is None else f"{1000 * len(result.accepted) - instances.bound:.0f}"
    return f"{value:.0f} (at most {bound}, {result.termination})"


def table(arguments: argparse.Namespace) -> Iterator[str]:
    """The lines of the table."""
    folder: Path = arguments.folder
    known = published(folder)
    yield "nodes chains seed | published | ours (bound, ending) | solver s | whole s | published s" + (
        " | weak (bound, ending) | weak s | ratio" if arguments.weak else ""
    )
    for nodes in arguments.nodes:
        for chains in arguments.chains:
            for seed in arguments.seeds:
                instance = load(folder, seed, nodes, chains)
                runs = [run(instance, arguments.limit, ALL, arguments.method) for _ in range(arguments.runs)]
                seconds = statistics.median(each[1] for each in runs)
                whole = statistics.median(sum(each[0].runtime_s.values()) for each in runs)
                value, theirs = known[seed, nodes, chains]
                line = f"{nodes} {chains} {seed} | {value:.0f} | {in_words(runs[0][0])}"
                line += f" | {seconds:.2f} | {whole:.2f} | {theirs:.2f}"
                if arguments.weak:
                    weak, weak_s = run(instance, arguments.limit, frozenset())
                    line += f" | {in_words(weak)} | {weak_s:.2f} | {weak_s / max(seconds, 1e-3):.1f}"
                yield line


def numbers(text: str) -> list[int]:
    """Whole numbers between commas."""
    return [int(part) for part in text.split(",")]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nodes", type=numbers, default=[50])
    parser.add_argument("--chains", type=numbers, default=[1, 5, 10])
    parser.add_argument("--seeds", type=numbers, default=[1, 2, 3])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=300.0)
    parser.add_argument("--weak", action="store_true")
    parser.add_argument("--method", default="exact")
    arguments = parser.parse_args()
    print(machine())
    for line in table(arguments):
        print(line, flush=True)


if __name__ == "__main__":
    main()
