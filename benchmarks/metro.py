"""The metro instance: exact beside first fit, and what each phase takes.

    uv run python -m benchmarks.metro [--runs 3] [--time-limit 300] [INSTANCE]

Prints the machine, the size of the model, seconds per phase (median of the runs), microseconds per nonzero of building
and transfer, and per level value, bound and gap beside the value that first fit reaches under the same checker.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from benchmarks.first_fit import first_fit
from benchmarks.machine import machine
from mosaico_place import Options, Result, load_instance, solve

METRO = Path(__file__).parent.parent / "instances" / "cloud-gaming-metro.yaml"
PHASES = ("compile", "build", "transfer", "solve", "check")


def main() -> None:
    """Solve and print."""
    parser = argparse.ArgumentParser(description="exact beside first fit on one instance")
    parser.add_argument("instance", nargs="?", type=Path, default=METRO)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--time-limit", type=float, default=300.0)
    asked = parser.parse_args()
    instance = load_instance(asked.instance)
    print(machine())
    print(f"{instance.name}: {len(instance.nodes)} nodes, {len(instance.links)} links, {len(instance.chains)} chains")
    results = [
        solve(instance, method="exact", options=Options(time_limit_s=asked.time_limit)) for _ in range(asked.runs)
    ]
    _print_exact(results)
    _print_levels(results[0], solve(instance, method=first_fit))


def _print_exact(results: list[Result]) -> None:
    model = results[0].model
    print(
        f"{model.candidates} candidates ({model.pruned} pruned), {model.variables} variables, {model.rows} rows, "
        f"{model.nonzeros} nonzeros"
    )
    median = {phase: statistics.median(result.runtime_s[phase] for result in results) for phase in PHASES}
    print(f"median of {len(results)} runs, s: " + ", ".join(f"{name} {median[name]:.2f}" for name in PHASES))
    solving = ", ".join(f"{result.runtime_s['solve']:.1f}" for result in results)
    per_nonzero_us = 1e6 * (median["build"] + median["transfer"]) / model.nonzeros
    print(f"solve, every run, s: {solving}; build and transfer {per_nonzero_us:.1f} us per nonzero")


def _print_levels(exact: Result, simple: Result) -> None:
    print(f"exact: {exact.termination}, accepts {len(exact.accepted)}; first fit accepts {len(simple.accepted)}")
    print(f"{'level':>5} {'exact':>12} {'bound':>12} {'gap':>9} {'first fit':>12}")
    for k, (ours, theirs) in enumerate(zip(exact.levels, simple.levels, strict=True), start=1):
        gap = "unknown" if ours.gap is None else f"{ours.gap:.1e}"
        bound = "unknown" if ours.bound is None else f"{ours.bound:.4f}"
        print(f"{k:>5} {ours.value:>12.4f} {bound:>12} {gap:>9} {theirs.value:>12.4f}")


if __name__ == "__main__":
    main()
