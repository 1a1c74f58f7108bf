"""What each freedom of the optimizer is worth: shipped instances solved with and without it.

    uv run python -m benchmarks.levers [--limit 60]

One line per instance and lever: accepted weight, latency above target, cost of resources, and how the solve ended.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.machine import machine
from mosaico_place.instance import Instance
from mosaico_place.levers import Lever, without
from mosaico_place.load import load_instance
from mosaico_place.method import Options
from mosaico_place.solving import solve

FOLDER = Path(__file__).parents[1] / "instances"
INSTANCES = ("cloud-gaming-edge", "cloud-gaming-detection", "cloud-gaming-l4s", "mixed-classes", "tele-robotics")


def line(name: str, what: str, instance: Instance, limit_s: float) -> str:
    """One line of the table."""
    result = solve(instance, options=Options(time_limit_s=limit_s))
    if result.placement is None:
        return f"| {name} | {what} | - | - | - | {result.termination} |"
    terms = [f"{result.terms[key]:.6g}" for key in ("latency", "resources")]
    accepted = f"{len(result.accepted)} of {len(instance.chains)} (weight {result.accepted_weight:g})"
    return f"| {name} | {what} | {accepted} | {' | '.join(terms)} | {result.termination} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=60.0)
    limit_s = parser.parse_args().limit
    print(machine())
    print("| instance | without | accepted | latency (ms above target x weight) | resources | ended |")
    print("|---|---|---|---|---|---|")
    for name in INSTANCES:
        instance = load_instance(FOLDER / f"{name}.yaml")
        print(line(name, "nothing", instance, limit_s), flush=True)
        for lever in Lever:
            print(line(name, str(lever), without(instance, [lever]), limit_s), flush=True)


if __name__ == "__main__":
    main()
