"""Column generation and search on made-up instances of any size: bounds, placements, seconds, memory.

    uv run python -m benchmarks.scale [--sites 25] [--chains 200] [--time-limit 60] [--seeds 11 12 13] [--rivals]
        [--objective rejected] [--plot FILE.svg]

Each instance is solved with ``method="columns"`` in a process of its own, so that its peak memory is its own. The
objective is ``rejected`` alone, or with ``--objective all`` what the generator writes. The time limit is that of the
whole call. Compiled code is loaded, or compiled, by a tiny solve in the same process before the clock starts: a first
call on a new machine takes minutes longer. Printed are the seconds until a first valid bound and until the bound that
was reached in the end, and until the placement was worth 95, 97 and 98 % of it, as the method's progress tells them.

With ``--rivals`` the two big models of :mod:`benchmarks.rivals` follow, with as much time for each solver. Several
sizes (``--sites 12 25 50 --chains 60 200 400 --time-limit 20 60 90``) are solved one after the other; ``--plot`` draws
how seconds and memory grow.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import resource
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.growth import Curve, growth
from benchmarks.machine import machine
from benchmarks.rivals import accepted_alone, rivals, table
from mosaico_place import Instance, Options, solve
from mosaico_place.generating import generate
from mosaico_place.method import Progress
from mosaico_place.result import rounded_up
from mosaico_place.warming import warm_up

PARTS = (0.95, 0.97, 0.98)
"""Parts of the bound that a placement is worth."""

LOAD = 1.2
_REJECTED, _ALL = "rejected", "all"


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What the method told of the first level.

    Attributes:
        elapsed_s: seconds since its call began.
        accepted: weight that it accepts; at_most: weight that can be accepted; None where it said nothing.
    """

    elapsed_s: float
    accepted: float | None
    at_most: float | None


@dataclass(frozen=True, slots=True)
class Solved:
    """What one solve gave.

    Attributes:
        name: of the instance; nodes, chains: how many; weight: of all chains.
        ended: why it stopped; solve_s: seconds for the whole call.
        accepted: weight of the accepted chains, by the judges; at_most: the proven bound on it.
        glimpses: in the order of time.
        levels: per level (value, bound or None).
        peak_bytes: memory of the process.
    """

    name: str
    nodes: int
    chains: int
    weight: float
    ended: str
    solve_s: float
    accepted: float
    at_most: float | None
    glimpses: Sequence[Glimpse] = field(repr=False)
    levels: Sequence[tuple[float | None, float | None]] = ()
    peak_bytes: int = 0

    @property
    def first_bound_s(self) -> float | None:
        """Seconds until a bound was known."""
        return next((one.elapsed_s for one in self.glimpses if one.at_most is not None), None)

    @property
    def last_bound_s(self) -> float | None:
        """Seconds until the bound that was reached in the end."""
        told = ((one.elapsed_s, one.at_most) for one in self.glimpses)
        return next((s for s, at_most in told if at_most is not None and at_most <= (self.at_most or 0.0) + 1e-6), None)

    @property
    def area_s(self) -> float:
        """Seconds: the area between what was accepted and the bound, as parts of the bound, over time.

        The primal integral of Berthold ("Measuring the impact of primal heuristics", Operations Research Letters 41,
        2013), with the bound of the moment in place of the optimum: until one is known, the weight of all chains.
        """
        accepted, at_most, last_s, area = 0.0, self.weight, 0.0, 0.0
        for one in self.glimpses:
            area += (one.elapsed_s - last_s) * max(1 - accepted / at_most, 0.0)
            accepted = max(accepted, one.accepted or 0.0)
            at_most, last_s = min(at_most, self.weight if one.at_most is None else one.at_most), one.elapsed_s
        return area + max(self.solve_s - last_s, 0.0) * max(1 - self.accepted / at_most, 0.0)

    def reached_s(self, part: float) -> float | None:
        """Seconds until a placement was worth that part of the last bound."""
        if self.at_most is None:
            return None
        wanted = part * self.at_most - 1e-9
        found = (one.elapsed_s for one in self.glimpses if one.accepted is not None and one.accepted >= wanted)
        return next(found, self.solve_s if self.accepted >= wanted else None)


def solved(instance: Instance, limit_s: float, threads: int | None, seed: int) -> Solved:
    """Solve it here and now, after a tiny solve that warms compiled code up."""
    warm_up()
    total = sum((chain.weight for chain in instance.chains.values()), Fraction(0))
    step = Fraction(math.gcd(*(int(chain.weight) for chain in instance.chains.values())))
    glimpses: list[Glimpse] = []

    def note(news: Progress) -> None:
        if news.level == 1:
            accepted = None if news.incumbent is None else float(total) - news.incumbent
            at_most = None if news.bound is None else float(total) - rounded_up(news.bound, step, total)
            glimpses.append(Glimpse(news.elapsed_s, accepted, at_most))

    options = Options(time_limit_s=limit_s, threads=threads, seed=seed, gap=0.0, progress=note)
    result = solve(instance, method="columns", options=options)
    return Solved(
        name=instance.name,
        nodes=len(instance.nodes),
        chains=len(instance.chains),
        weight=float(total),
        ended=result.termination,
        solve_s=options.elapsed_s(),
        accepted=result.accepted_weight or 0.0,
        at_most=result.accepted_weight_bound,
        glimpses=glimpses,
        levels=[(level.value, level.bound) for level in result.levels],
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def in_process(instance: Instance, limit_s: float, threads: int | None, seed: int) -> Solved:
    """The same in a process of its own.

    Raises:
        RuntimeError: it ended without an answer; what it said is on stderr.
    """
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sending, instance, limit_s, threads, seed))
    process.start()
    sending.close()
    try:
        found: Solved = receiving.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"{instance.name}: its process ended with {process.exitcode}") from None
    process.join()
    return found


def _send(sending: Connection, instance: Instance, limit_s: float, threads: int | None, seed: int) -> None:
    sending.send(solved(instance, limit_s, threads, seed))


def lines(one: Solved) -> list[str]:
    """What is printed of one solve."""
    reached = ", ".join(f"{part:.0%} after {_seconds(one.reached_s(part))}" for part in PARTS)
    bound = "unknown" if one.at_most is None else f"{one.at_most:g}"
    ratio = "" if not one.at_most else f", {one.accepted / one.at_most:.2%} of the bound"
    found = [
        f"  bound: first after {_seconds(one.first_bound_s)}, last after {_seconds(one.last_bound_s)}",
        f"  accepted weight {one.accepted:g} of {one.weight:g}, at most {bound}{ratio}",
        f"  {reached}; area between placement and bound {one.area_s:.2f} s",
        f"  {one.ended} after {one.solve_s:.1f} s, {one.peak_bytes / 2**30:.2f} GiB",
    ]
    if len(one.levels) > 1:
        shown = (
            f"{number}: {_number(value)} ({_number(least)})" for number, (value, least) in enumerate(one.levels, 1)
        )
        found.append(f"  levels, with bounds: {'; '.join(shown)}")
    return found


def _seconds(time_s: float | None) -> str:
    return "-" if time_s is None else f"{time_s:.2f} s"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def curves(results: Sequence[Solved]) -> list[Curve]:
    """How seconds and memory grow with the number of nodes: medians over seeds."""
    told: dict[str, Callable[[Solved], float | None]] = {
        "first bound, s": lambda one: one.first_bound_s,
        "last bound, s": lambda one: one.last_bound_s,
        "95 % of it placed, s": lambda one: one.reached_s(0.95),
        "97 % of it placed, s": lambda one: one.reached_s(0.97),
        "peak memory, GiB": lambda one: one.peak_bytes / 2**30 or None,
    }
    sizes = sorted({one.nodes for one in results})
    found = []
    for name, seconds in told.items():
        points = []
        for nodes in sizes:
            known = [seconds(one) for one in results if one.nodes == nodes]
            reached = [time_s for time_s in known if time_s is not None]
            if len(reached) == len(known):
                points.append((float(nodes), statistics.median(reached)))
        found.append(Curve(name, points))
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="column generation and search on made-up instances of any size")
    parser.add_argument("--sites", type=int, nargs="+", default=[25])
    parser.add_argument("--chains", type=int, nargs="+", default=[200], help="one number for each of --sites")
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13], help="of the instances")
    parser.add_argument("--time-limit", type=float, nargs="+", default=[60.0], help="one number for all, or for each")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=0, help="of the search")
    parser.add_argument("--objective", choices=[_REJECTED, _ALL], default=_REJECTED)
    parser.add_argument("--rivals", action="store_true", help="HiGHS and CP-SAT on the whole model beside it")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    asked = parser.parse_args()
    if len(asked.sites) != len(asked.chains):
        parser.error("--sites and --chains need equally many numbers")
    if len(asked.time_limit) == 1:
        asked.time_limit *= len(asked.sites)
    if len(asked.time_limit) != len(asked.sites):
        parser.error("--time-limit needs one number, or as many as --sites")
    return asked


def main() -> None:
    """Solve and print."""
    asked = _arguments()
    print(f"{machine()}; load average of the machine {os.getloadavg()[0]:.1f}")
    print(f"columns, {asked.threads} threads, warm; objective: {asked.objective}")
    results = []
    for sites, chains, limit_s in zip(asked.sites, asked.chains, asked.time_limit, strict=True):
        for seed in asked.seeds:
            instance = generate(sites, 2, chains, LOAD, seed)
            size = f"{len(instance.nodes)} nodes, {len(instance.chains)} chains"
            print(f"{instance.name}: {size}, at most {limit_s:g} s", flush=True)
            alone = accepted_alone(instance) if asked.objective == _REJECTED else instance
            results.append(in_process(alone, limit_s, asked.threads, asked.seed))
            print("\n".join(lines(results[-1])), flush=True)
            if asked.rivals:
                print("\n".join(table(rivals(instance, limit_s, asked.threads))), flush=True)
    if asked.plot is not None:
        asked.plot.write_text(growth(curves(results), "nodes", "seconds, GiB"), encoding="utf-8")


if __name__ == "__main__":
    main()
