"""How good answers to events are, how fast, and what a full re-solve would have given (docs/restructuring.md).

    uv run python -m benchmarks.restructuring large [--events 300] [--idle 0] [--resolve 30] [--free-moves 30]
        [--resolve-limit 60] [--seed 0] [--plot FILE.svg]
    uv run python -m benchmarks.restructuring small [--events 60] [--idle 0] [--resolve-limit 120] [--seed 0]

``large``: 150 nodes, 400 chains at the beginning and 80 more that come and go, contended; nodes, links and GPUs fail
and are repaired. Every event is answered by ``restructure`` and, from the same state, by ``classic``; at some of them
the whole is solved again from that state with column generation, with the price of moves and without.

``small``: 36 nodes, 60 chains. Events that ask for a placement are answered, then the exact model, started from that
answer, proves how much weight could be served at most, whatever that would move or drop. That is no less than the
optimum of the objective serves, which drops as little as can be and counts a little for every move, so the ratios
told are the least that they can be; and no bound of ours may lie above it.

Times are from the event object in to the checked plan out; beside them stands what it takes until the answer is costed
too and, because other work may share the machine, the CPU time of the answering thread for all of that. With ``--idle``
so many seconds pass between two events, which ``restructure`` uses. All events are answered first; then come the
re-solves, on one thread each and as many at a time as there are cores. All but what is limited by the clock (first
shadow prices, idle time, re-solves) depends on the seed alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

from benchmarks.course import MOST_TOUCHED, Course, made, touched
from benchmarks.growth import Curve, growth
from benchmarks.machine import machine, pace_ms
from mosaico_place.dynamics.classic import classic
from mosaico_place.dynamics.judge import Judge, Judged
from mosaico_place.dynamics.quantiles import quantile
from mosaico_place.dynamics.replay import weight_of
from mosaico_place.dynamics.resolve import resolve, resolve_free_moves
from mosaico_place.dynamics.restructure import restructure
from mosaico_place.dynamics.strategy import Maker, Setting
from mosaico_place.events import Arrive, Depart, DeviceDown, Event, LinkDown, NodeDown, apply, describe
from mosaico_place.instance import Chain, Instance, Term
from mosaico_place.method import Options
from mosaico_place.placement import EMPTY, Placement
from mosaico_place.rules import CostTerm
from mosaico_place.solving import solve
from mosaico_place.warming import warm_up
from mosaico_place.watching.serving import keep_for_good

MOST_SERVED = ({Term(CostTerm.REJECTED): Fraction(1)},)
"""As much served as can be, whatever it moves or drops."""

Found = TypeVar("Found")

SHARES = (0.01, 0.05, *(tenth / 10 for tenth in range(1, 10)), 0.95, 0.99, 1.0)
"""Shares of the answers whose longest time is drawn."""

PACE_EVERY = 5
"""Events between two looks at the machine's pace."""


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes:
        plan_s: from the event to the checked plan.
        wall_s: from the event to the costed answer; cpu_s: CPU seconds of that.
        idle_moves: moves of the idle time after it.
    """

    event: Event
    touched: int
    earlier: Instance
    instance: Instance
    before: Placement
    judged: Judged
    plan_s: float
    wall_s: float
    cpu_s: float
    idle_moves: int = 0

    @property
    def accepted(self) -> float:
        """Weight that is served."""
        return float(weight_of(self.instance, self.judged.reply.placement))

    @property
    def values(self) -> tuple[float, ...]:
        """Chains missing that must be there, then the levels."""
        placed = self.judged.reply.placement.chains
        instance = self.instance
        missing = sum(instance.must_accept(chain) and name not in placed for name, chain in instance.chains.items())
        return (float(missing), *(float(value) for value in self.judged.cost.levels))


def answered(judge: Judge, event: Event) -> Answer:
    """What a strategy makes of an event."""
    earlier, before = judge.instance, judge.placement
    count = len(touched(before, event))
    wall, cpu = time.perf_counter(), time.thread_time()
    instance = apply(earlier, event)
    applied_s = time.perf_counter() - wall
    judged = judge.answer(instance)
    wall_s, cpu_s = time.perf_counter() - wall, time.thread_time() - cpu
    assert not judged.violations, judged.violations[:3]
    return Answer(event, count, earlier, instance, before, judged, applied_s + judged.seconds, wall_s, cpu_s)


def course(
    setting: Setting, spare: list[Chain], count: int, idle_s: float, paces: list[float]
) -> Iterator[tuple[Answer, Answer]]:
    """Answers of ``restructure``, which leads, and of ``classic`` from the same states.

    Now and then between two events, what the machine is worth is added to ``paces``.
    """
    ours, plain = (Judge(maker(setting), setting.instance, setting.placement, None) for maker in (restructure, classic))
    events = Course(Random(setting.seed), spare, len(setting.instance.chains), [])
    for judge in (ours, plain):
        judge.stand(setting.instance, setting.placement)
    keep_for_good()
    for number in range(count):
        plain.stand(ours.instance, ours.placement)
        event = events.next(ours.instance, ours.placement)
        theirs = answered(plain, event)
        mine = answered(ours, event)
        better = ours.improve(idle_s) if idle_s else None
        if better is not None:
            assert not better.violations, better.violations[:3]
            mine = replace(mine, idle_moves=better.changes.moves)
        if number % PACE_EVERY == 0:
            paces.append(pace_ms())
        yield mine, theirs


def told(times: Sequence[float]) -> str:
    """Quantiles of seconds, in milliseconds."""
    cells = [
        f"{name} {1000 * quantile(times, share):.2f}" for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    ]
    return ", ".join([*cells, f"max {1000 * max(times):.2f} ms"])


def tell_times(name: str, each: Sequence[Answer]) -> None:
    """Print how long answers took."""
    print(f"{name}, to the checked plan: {told([one.plan_s for one in each])}")
    print(f"{name}, with its cost:       {told([one.wall_s for one in each])}")
    print(f"{name}, CPU of that:         {told([one.cpu_s for one in each])}", flush=True)


def worth(paces: Sequence[float]) -> str:
    """What the machine was worth meanwhile."""
    least, middle, most = min(paces), statistics.median(paces), max(paces)
    return f"a million additions in Python meanwhile: median {middle:.0f} ms, {least:.0f} to {most:.0f}"


def drawn(mine: Sequence[Answer], theirs: Sequence[Answer]) -> str:
    """How long which share of the answers takes at most."""
    curves = [
        Curve(name, [(100 * share, 1000 * quantile([one.plan_s for one in each], share)) for share in SHARES])
        for name, each in (("restructure", mine), ("classic", theirs))
    ]
    return growth(curves, "share of the answers (%)", "at most (ms)")


def start(instance: Instance, method: str, limit_s: float, seed: int) -> Placement:
    """What stands in the beginning."""
    result = solve(instance, method=method, options=Options(time_limit_s=limit_s, seed=seed))
    served = f"{result.accepted_weight:g} of at most {result.accepted_weight_bound}"
    print(f"beginning: weight {served}, {method}, {limit_s:g} s, {result.termination}", flush=True)
    return result.placement or EMPTY


def at_once(job: Callable[[Answer], Found], each: Sequence[Answer]) -> Iterator[Found]:
    """What a job makes of each, as many at a time as there are cores."""
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(job, each)


def large(arguments: argparse.Namespace) -> None:
    """150 nodes, 400 chains."""
    instance, spare = made(arguments.sites, arguments.chains, arguments.chains // 5, arguments.load, arguments.seed)
    print(f"{len(instance.nodes)} nodes, {len(instance.chains)} chains, {len(spare)} more that come and go")
    placement = start(instance, "columns", arguments.start_limit, arguments.seed)
    setting = Setting(instance, placement, arguments.seed)
    chosen = set(Random(arguments.seed).sample(range(arguments.events), min(arguments.resolve, arguments.events)))
    paces: list[float] = []
    pairs = list(course(setting, spare, arguments.events, arguments.idle, paces))
    mine, theirs = [one for one, _ in pairs], [one for _, one in pairs]
    of_size = [one for one in mine if one.touched <= MOST_TOUCHED]
    failures = sum(isinstance(one.event, NodeDown | LinkDown | DeviceDown) for one in mine)
    refused = sum(isinstance(one.event, Arrive) and one.event.chain.name not in one.judged.reply.placement.chains
                  for one in mine)  # fmt: skip
    better, worse = (sum(sign * one.values[k] < sign * two.values[k] for one, two, k in differing(mine, theirs))
                     for sign in (1, -1))  # fmt: skip
    print(f"\n{worth(paces)}")
    print(f"{len(mine)} events, {failures} failures, {refused} arrivals refused (the network is full)")
    tell_times("restructure", of_size)
    tell_times("classic", theirs)
    print(f"from the same state: better than classic at {better}, worse at {worse}")
    moves, others = (sum(one.judged.changes.moves for one in each) for each in (mine, theirs))
    idle = f" and {sum(one.idle_moves for one in mine)} in idle time" if arguments.idle else ""
    cut = sum(len(one.judged.plan.interruptions) for one in mine)
    print(f"moves {moves}{idle}, classic {others}; interruptions {cut}", flush=True)
    if arguments.plot is not None:
        arguments.plot.write_text(drawn(of_size, theirs), encoding="utf-8")
    kept = [mine[position] for position in sorted(chosen)]
    for name, maker, some in (
        ("resolve", resolve, kept),
        ("resolve-free-moves", resolve_free_moves, kept[: arguments.free_moves]),
    ):
        if some:
            _compared(name, some, at_once(partial(resolved, maker, arguments.resolve_limit, arguments.seed), some))


def differing(mine: Sequence[Answer], theirs: Sequence[Answer]) -> Iterator[tuple[Answer, Answer, int]]:
    """Pairs of answers that differ, with the first value in which they do by more than rounding."""
    for one, two in zip(mine, theirs, strict=True):
        for k, (a, b) in enumerate(zip(one.values, two.values, strict=True)):
            if abs(a - b) > 1e-9 * max(1.0, abs(a)):
                yield one, two, k
                break


def resolved(maker: Maker, limit_s: float, seed: int, one: Answer) -> Answer:
    """What a full re-solve makes of the same event in the same state."""
    setting = Setting(one.earlier, one.before, seed, method="columns", resolve_limit_s=limit_s, threads=1)
    judge = Judge(maker(setting), one.earlier, one.before, None)
    judge.stand(one.earlier, one.before)
    return answered(judge, one.event)


def _compared(name: str, kept: Sequence[Answer], re_solves: Iterator[Answer]) -> None:
    """Put re-solves beside our answers."""
    pairs = []
    for one, again in zip(kept, re_solves, strict=True):
        pairs.append((one, again))
        took, planned = again.judged.answer_s, again.wall_s - again.judged.answer_s
        print(f"  {describe(one.event)}: ours {one.accepted:g}, {name} {again.accepted:g} in {took:.1f} s "
              f"and {planned:.1f} s for its plan, "
              f"levels {one.values[1:]} and {again.values[1:]}", flush=True)  # fmt: skip
    shares = [one.accepted / again.accepted for one, again in pairs]
    tied = [(one, again) for one, again in pairs if one.values[1] == again.values[1] and one.accepted == again.accepted]
    later = [one.values[3] / again.values[3] for one, again in tied if again.values[3]]
    moves = [sum(each.judged.changes.moves for each in side) for side in zip(*pairs, strict=True)]
    print(f"{name} at {len(pairs)} events: accepted weight ours / re-solve mean {statistics.fmean(shares):.4f}, "
          f"least {min(shares):.4f}, best {max(shares):.4f}")  # fmt: skip
    if later:
        print(f"  where the weight ties ({len(tied)}): latency ours / re-solve mean {statistics.fmean(later):.4f}, "
              f"largest {max(later):.4f}")  # fmt: skip
    print(f"  moves: ours {moves[0]}, {name} {moves[1]}; "
          f"re-routes {sum(a.judged.changes.reroutes for _, a in pairs)} against "
          f"{sum(one.judged.changes.reroutes for one, _ in pairs)} of ours; "
          f"chains interrupted {sum(len(a.judged.plan.interruptions) for _, a in pairs)}")  # fmt: skip
    faster = [again.judged.answer_s / one.wall_s for one, again in pairs]
    print(f"  faster by: median {statistics.median(faster):,.0f}, best {max(faster):,.0f}", flush=True)


class Optimum(NamedTuple):
    """What the exact model proved of an event: the most that can be served, as far as it is known.

    Attributes:
        rejected: weight of the placement found; None without one.
        bound: least weight that must be rejected; None if nothing is known.
        took_s: seconds that it took.
    """

    rejected: float | None
    bound: float | None
    took_s: float

    @property
    def proven(self) -> bool:
        """Whether it is the optimum."""
        return self.rejected is not None and self.bound is not None and self.rejected <= self.bound + 1e-6


def optimum(limit_s: float, seed: int, one: Answer) -> Optimum:
    """The most that can be served after an event."""
    instance = replace(one.instance, objective=MOST_SERVED)
    options = Options(time_limit_s=limit_s, gap=0.0, seed=seed, threads=1)
    result = solve(instance, method="exact", options=options, previous=one.judged.reply.placement)
    (level,) = result.levels
    return Optimum(level.value, level.bound, options.elapsed_s())


def small(arguments: argparse.Namespace) -> None:
    """36 nodes, 60 chains, against the proven optimum."""
    instance, spare = made(arguments.sites, arguments.chains, arguments.chains // 5, arguments.load, arguments.seed)
    print(f"{len(instance.nodes)} nodes, {len(instance.chains)} chains, {len(spare)} more that come and go")
    setting = Setting(instance, start(instance, "columns", arguments.start_limit, arguments.seed), arguments.seed)
    mine: list[Answer] = []
    paces: list[float] = []
    for ours, _ in course(setting, spare, 100 * arguments.events, arguments.idle, paces):
        if not isinstance(ours.event, Depart) and touched(ours.before, ours.event):
            mine.append(ours)
        if len(mine) == arguments.events:
            break
    print(worth(paces))
    tell_times("restructure", mine)
    shares, least, faster, took, wrong = [], [], [], [], 0
    best = at_once(partial(optimum, arguments.resolve_limit, arguments.seed), mine)
    for ours, found in zip(mine, best, strict=True):
        requested = float(sum(chain.weight for chain in ours.instance.chains.values()))
        most = requested - (found.bound or 0.0)
        said = f"  {describe(ours.event)}: ours {ours.accepted:g} in {1000 * ours.wall_s:.2f} ms, exact "
        if not found.proven:
            least.append(ours.accepted / most)
            print(f"{said}at most {most:g}, not proven after {found.took_s:.1f} s", flush=True)
            continue
        shares.append(ours.accepted / most)
        took.append(found.took_s)
        faster.append(found.took_s / ours.wall_s)
        bound = ours.judged.reply.bounds[1]
        wrong += bound is not None and bound > requested - most + 1e-6
        print(f"{said}{most:g} in {found.took_s:.1f} s; bound on rejected of ours {bound}", flush=True)
    limits = f"{arguments.resolve_limit:g} s each"
    print(f"\nexact with our answer as its start, {limits}: {len(shares)} proven, {len(least)} not within the limit")
    if least:
        print(f"accepted weight by the bound where the optimum is not proven: least {min(least):.4f}, "
              f"median {statistics.median(least):.4f}")  # fmt: skip
    if shares:
        print(f"accepted weight by the proven optimum: least {min(shares):.4f}, "
              f"median {statistics.median(shares):.4f}, below 1 at {sum(share < 1 for share in shares)}")  # fmt: skip
        print(f"seconds of exact: median {statistics.median(took):.2f}, most {max(took):.1f}; "
              f"faster by: median {statistics.median(faster):,.0f}, best {max(faster):,.0f}")  # fmt: skip
        print(f"bounds above the optimum: {wrong}")


def main() -> None:
    """Print one of the two parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    for name, sites, chains, events, limit_s, load in (
        ("large", 50, 400, 300, 60.0, 1.2),
        ("small", 12, 60, 60, 120.0, 1.0),
    ):
        part = parts.add_parser(name)
        part.add_argument("--sites", type=int, default=sites)
        part.add_argument("--chains", type=int, default=chains, help="in the beginning; a fifth more come and go")
        part.add_argument("--events", type=int, default=events)
        part.add_argument("--idle", type=float, default=0.0, help="seconds between two events")
        part.add_argument("--resolve-limit", type=float, default=limit_s, help="seconds for each full re-solve")
        part.add_argument("--start-limit", type=float, default=60.0, help="seconds for the placement in the beginning")
        part.add_argument("--load", type=float, default=load, help="demand of all by capacity, as of generate")
        part.add_argument("--seed", type=int, default=0)
    parts.choices["large"].add_argument("--resolve", type=int, default=30, help="at how many of the events")
    parts.choices["large"].add_argument(
        "--free-moves", type=int, default=30, help="the same with moves that cost nothing"
    )
    parts.choices["large"].add_argument("--plot", type=Path, metavar="FILE.svg", help="of the times of answers")
    arguments = parser.parse_args()
    busy = f", load of the machine {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{machine()}{busy}\n{vars(arguments)}", flush=True)
    warm_up()
    {"large": large, "small": small}[arguments.part](arguments)


if __name__ == "__main__":
    main()
