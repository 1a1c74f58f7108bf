"""How good answers to events are, how fast, and what a full re-solve would have given (docs/restructuring.md).

    uv run python -m benchmarks.restructuring large [--events 300] [--resolve 30] [--resolve-limit 60] [--seed 0]
    uv run python -m benchmarks.restructuring small [--events 60] [--resolve-limit 120] [--seed 0]

``large``: 150 nodes, 400 chains at the beginning and 80 more that come and go, contended; nodes, links and GPUs fail
and are repaired. Every event is answered by ``restructure`` and, from the same state, by ``classic``; at some of them
the whole is solved again from that state with column generation, with the price of moves and without.

``small``: 36 nodes, 60 chains. Events that ask for a placement are answered, then the exact model, started from that
answer, proves how much weight could be served at most, whatever that would move or drop. That is no less than the
optimum of the objective serves, which drops as little as can be and counts a little for every move, so the ratios
told are the least that they can be; and no bound of ours may lie above it.

Times are from the event object in to the checked plan out. Because other work may share the machine, the CPU time of
the answering thread is printed beside wall-clock time. All else depends on the seed alone, but for the first shadow
prices and the re-solves, which are limited by the clock.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from random import Random

from benchmarks.machine import machine
from mosaico_place.dynamics.classic import classic
from mosaico_place.dynamics.judge import Judge, Judged
from mosaico_place.dynamics.quantiles import quantile
from mosaico_place.dynamics.replay import weight_of
from mosaico_place.dynamics.resolve import resolve, resolve_free_moves
from mosaico_place.dynamics.restructure import restructure
from mosaico_place.dynamics.strategy import Setting
from mosaico_place.events import (
    Arrive,
    Depart,
    DeviceDown,
    DeviceUp,
    Event,
    Handover,
    LinkDown,
    LinkLatency,
    LinkUp,
    NodeDown,
    NodeUp,
    RateChange,
    apply,
    describe,
)
from mosaico_place.generating import generate
from mosaico_place.instance import Chain, Instance, Kind, Term
from mosaico_place.method import Options
from mosaico_place.placement import EMPTY, Placement
from mosaico_place.rules import CostTerm
from mosaico_place.scenario.parts import default_objective
from mosaico_place.solving import solve

MOST_TOUCHED = 50
"""Chains that an event may touch."""
REPAIRED_AFTER = 6
"""Events until what failed works again."""
TRIES = 60

MOST_SERVED = ({Term(CostTerm.REJECTED): Fraction(1)},)
"""As much served as can be, whatever it moves or drops."""

KINDS = {"depart": 40, "arrive": 40, "fail": 6, "handover": 6, "rate": 4, "latency": 4}
"""What happens, and how often in a hundred."""


@dataclass
class Course:
    """Seeded events, each drawn when its time has come, so that it touches neither nothing nor too much.

    Attributes:
        random: what they are drawn with.
        spare: chains that may arrive.
        most: chains that there are at most.
        broken: (events until then, what repairs it).
    """

    random: Random
    spare: list[Chain]
    most: int
    broken: list[tuple[int, Event]]

    def next(self, instance: Instance, placement: Placement) -> Event:
        """What happens now."""
        self.broken = [(left - 1, repair) for left, repair in self.broken]
        if self.broken and self.broken[0][0] <= 0:
            return self.broken.pop(0)[1]
        while True:
            (kind,) = self.random.choices(list(KINDS), list(KINDS.values()))
            event = _DRAW[kind](self, instance, placement)
            if event is not None:
                return event

    def depart(self, instance: Instance, _: Placement) -> Event | None:
        """A chain goes, and may come back."""
        if len(instance.chains) < self.most - len(self.spare) // 2:
            return None
        chain = instance.chains[self.random.choice(list(instance.chains))]
        self.spare.append(chain)
        return Depart(chain.name)

    def arrive(self, instance: Instance, _: Placement) -> Event | None:
        """A chain comes."""
        if not self.spare or len(instance.chains) >= self.most:
            return None
        return Arrive(self.spare.pop(self.random.randrange(len(self.spare))))

    def fail(self, instance: Instance, placement: Placement) -> Event | None:
        """A server, a link or a GPU fails that some chains use."""
        servers = [node for node in instance.nodes.values() if node.kind is Kind.SERVER and node.up]
        for _ in range(TRIES):
            node, link = self.random.choice(servers), self.random.choice(instance.links)
            pairs: list[tuple[Event, Event]] = [(NodeDown(node.name), NodeUp(node.name))]
            if link.up:
                pairs.append((LinkDown(link.ends), LinkUp(link.ends)))
            if node.working:
                device = self.random.choice(list(node.working))
                pairs.append((DeviceDown(node.name, device), DeviceUp(node.name, device)))
            down, up = self.random.choice(pairs)
            if 1 <= len(touched(placement, down)) <= MOST_TOUCHED:
                self.broken.append((REPAIRED_AFTER, up))
                return down
        return None

    def handover(self, instance: Instance, placement: Placement) -> Event | None:
        """The user of a chain that runs goes to another access node."""
        access = [node.name for node in instance.nodes.values() if node.kind is Kind.ACCESS]
        name = self.random.choice(list(placement.chains))
        ends = [one for one in instance.chains[name].components.values() if one.at in access]
        if not ends or len(access) < 2:
            return None
        end = self.random.choice(ends)
        return Handover(name, end.name, self.random.choice([node for node in access if node != end.at]))

    def rate(self, instance: Instance, placement: Placement) -> Event | None:
        """A flow grows or shrinks by half."""
        name = self.random.choice(list(placement.chains))
        flows = [flow for flow in instance.chains[name].flows if flow.copy_of is None and flow.rate_bps >= 10**6]
        if not flows:
            return None
        flow = self.random.choice(flows)
        rate = flow.rate_bps * self.random.choice([1, 3]) // 2 // 1000 * 1000
        return RateChange(name, flow.ends, rate)

    def latency(self, instance: Instance, placement: Placement) -> Event | None:
        """A link becomes slow, and healthy again."""
        for _ in range(TRIES):
            link = self.random.choice(instance.links)
            down = LinkLatency(link.ends, link.forth.latency_ns + 10**6, link.back.latency_ns + 10**6)
            if 1 <= len(touched(placement, down)) <= MOST_TOUCHED:
                self.broken.append(
                    (REPAIRED_AFTER, LinkLatency(link.ends, link.forth.latency_ns, link.back.latency_ns))
                )
                return down
        return None


_DRAW: dict[str, Callable[[Course, Instance, Placement], Event | None]] = {
    "depart": Course.depart,
    "arrive": Course.arrive,
    "fail": Course.fail,
    "handover": Course.handover,
    "rate": Course.rate,
    "latency": Course.latency,
}


def touched(placement: Placement, event: Event) -> set[str]:
    """The chains that an event speaks of, or that use what it changes."""
    match event:
        case Arrive(chain):
            return {chain.name}
        case Depart(name) | RateChange(name) | Handover(name):
            return {name}
        case NodeDown(node):
            return {
                name
                for name, placed in placement.chains.items()
                if any(node in path for path in placed.flows.values())
                or any(spot.node == node for spot in placed.components.values())
            }
        case DeviceDown(node, device):
            return {
                name
                for name, placed in placement.chains.items()
                if any((spot.node, spot.device) == (node, device) for spot in placed.components.values())
            }
        case LinkDown(ends) | LinkLatency(ends):
            return {
                name
                for name, placed in placement.chains.items()
                if any(set(ends) == set(step) for path in placed.flows.values() for step in pairwise(path))
            }
    return set()


def made(sites: int, live: int, spare: int, load: float, seed: int) -> tuple[Instance, list[Chain]]:
    """A generated instance with the objective of scenarios, and chains that may come to it."""
    instance = generate(sites, 2, live + spare, load, seed)
    names = list(instance.chains)
    Random(seed).shuffle(names)
    waiting = [instance.chains[name] for name in names[live:]]
    chains = {name: chain for name, chain in instance.chains.items() if name in set(names[:live])}
    prices = instance.prices if instance.prices.move is not None else replace(instance.prices, move=Fraction(1))
    objective = default_objective(preempt=False)
    return replace(instance, chains=chains, prices=prices, objective=objective), waiting


@dataclass(frozen=True)
class Answer:
    """One answer: what came of it, in wall-clock and CPU seconds."""

    event: Event
    touched: int
    earlier: Instance
    instance: Instance
    before: Placement
    judged: Judged
    wall_s: float
    cpu_s: float

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
    judged = judge.answer(instance)
    wall_s, cpu_s = time.perf_counter() - wall, time.thread_time() - cpu
    assert not judged.violations, judged.violations[:3]
    return Answer(event, count, earlier, instance, before, judged, wall_s, cpu_s)


def course(setting: Setting, spare: list[Chain], count: int) -> Iterator[tuple[Answer, Answer]]:
    """Answers of ``restructure``, which leads, and of ``classic`` from the same states."""
    ours, plain = (Judge(maker(setting), setting.instance, setting.placement, None) for maker in (restructure, classic))
    events = Course(Random(setting.seed), spare, len(setting.instance.chains), [])
    for judge in (ours, plain):
        judge.stand(setting.instance, setting.placement)
    for _ in range(count):
        plain.stand(ours.instance, ours.placement)
        event = events.next(ours.instance, ours.placement)
        theirs = answered(plain, event)
        yield answered(ours, event), theirs


def told(times: Sequence[float]) -> str:
    """Quantiles of seconds, in milliseconds."""
    cells = [
        f"{name} {1000 * quantile(times, share):.2f}" for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    ]
    return ", ".join([*cells, f"max {1000 * max(times):.2f} ms"])


def start(instance: Instance, method: str, limit_s: float, seed: int) -> Placement:
    """What stands in the beginning."""
    result = solve(instance, method=method, options=Options(time_limit_s=limit_s, seed=seed))
    served = f"{result.accepted_weight:g} of at most {result.accepted_weight_bound}"
    print(f"beginning: weight {served}, {method}, {limit_s:g} s, {result.termination}", flush=True)
    return result.placement or EMPTY


def large(arguments: argparse.Namespace) -> None:
    """150 nodes, 400 chains."""
    instance, spare = made(arguments.sites, arguments.chains, arguments.chains // 5, arguments.load, arguments.seed)
    print(f"{len(instance.nodes)} nodes, {len(instance.chains)} chains, {len(spare)} more that come and go")
    placement = start(instance, "columns", arguments.start_limit, arguments.seed)
    setting = Setting(instance, placement, arguments.seed, method="columns", resolve_limit_s=arguments.resolve_limit)
    chosen = set(Random(arguments.seed).sample(range(arguments.events), min(arguments.resolve, arguments.events)))
    mine, theirs, kept = [], [], []
    for position, (ours, plain) in enumerate(course(setting, spare, arguments.events)):
        mine.append(ours)
        theirs.append(plain)
        if position in chosen:
            kept.append(ours)
    of_size = [one for one in mine if one.touched <= MOST_TOUCHED]
    failures = sum(isinstance(one.event, NodeDown | LinkDown | DeviceDown) for one in mine)
    refused = sum(isinstance(one.event, Arrive) and one.event.chain.name not in one.judged.reply.placement.chains
                  for one in mine)  # fmt: skip
    better, worse = (sum(sign * one.values[k] < sign * two.values[k] for one, two, k in differing(mine, theirs))
                     for sign in (1, -1))  # fmt: skip
    print(f"\n{len(mine)} events, {failures} failures, {refused} arrivals refused (the network is full)")
    print(f"restructure, wall: {told([one.wall_s for one in of_size])}")
    print(f"restructure, CPU:  {told([one.cpu_s for one in of_size])}")
    print(f"classic, wall:     {told([one.wall_s for one in theirs])}")
    print(f"from the same state: better than classic at {better}, worse at {worse}")
    moves, others = (sum(one.judged.changes.moves for one in each) for each in (mine, theirs))
    print(f"moves {moves}, classic {others}; interruptions {sum(len(one.judged.plan.interruptions) for one in mine)}")
    for name, maker in (("resolve", resolve), ("resolve-free-moves", resolve_free_moves)):
        if kept:
            _resolved(name, Judge(maker(setting), instance, EMPTY, None), kept)


def differing(mine: Sequence[Answer], theirs: Sequence[Answer]) -> Iterator[tuple[Answer, Answer, int]]:
    """Pairs of answers that differ, with the first value in which they do by more than rounding."""
    for one, two in zip(mine, theirs, strict=True):
        for k, (a, b) in enumerate(zip(one.values, two.values, strict=True)):
            if abs(a - b) > 1e-9 * max(1.0, abs(a)):
                yield one, two, k
                break


def _resolved(name: str, judge: Judge, kept: Sequence[Answer]) -> None:
    """Solve again at some events, from the same states, and compare."""
    pairs = []
    for one in kept:
        judge.stand(one.earlier, one.before)
        again = answered(judge, one.event)
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
    print(f"  faster by: median {statistics.median(faster):,.0f}, best {max(faster):,.0f}")


def small(arguments: argparse.Namespace) -> None:
    """36 nodes, 60 chains, against the proven optimum."""
    instance, spare = made(arguments.sites, arguments.chains, arguments.chains // 5, arguments.load, arguments.seed)
    print(f"{len(instance.nodes)} nodes, {len(instance.chains)} chains, {len(spare)} more that come and go")
    setting = Setting(instance, start(instance, "columns", arguments.start_limit, arguments.seed), arguments.seed)
    shares, faster = list[float](), list[float]()
    times, cpu, ours_wrong, unproven = list[float](), list[float](), 0, list[float]()
    limits = f"{arguments.resolve_limit:g} s each"
    for ours, _ in course(setting, spare, 100 * arguments.events):
        if len(times) >= arguments.events:
            break
        if isinstance(ours.event, Depart) or not touched(ours.before, ours.event):
            continue
        times.append(ours.wall_s)
        cpu.append(ours.cpu_s)
        first = replace(ours.instance, objective=MOST_SERVED)
        began = time.perf_counter()
        options = Options(time_limit_s=arguments.resolve_limit, gap=0.0, seed=arguments.seed)
        best = solve(first, method="exact", options=options, previous=ours.judged.reply.placement)
        took = time.perf_counter() - began
        if best.placement is None or best.levels[0].value is None or any(level.gap != 0 for level in best.levels):
            requested = float(sum(chain.weight for chain in first.chains.values()))
            least = best.levels[0].bound or 0.0
            unproven.append(ours.accepted / (requested - least))
            found = [(level.value, level.bound) for level in best.levels]
            print(f"  {describe(ours.event)}: not proven after {took:.1f} s, (value, bound): {found}", flush=True)
            continue
        optimum = float(weight_of(first, best.placement))
        shares.append(ours.accepted / optimum)
        faster.append(took / ours.wall_s)
        bound = ours.judged.reply.bounds[1]
        ours_wrong += bound is not None and bound > best.levels[0].value + 1e-6
        told_by = f"exact {took:.1f} s; level 2 {ours.values[2]:g}, optimum {best.levels[0].value:g}, bound {bound}"
        served = f"ours {ours.accepted:g} of {optimum:g} in {1000 * ours.wall_s:.2f} ms"
        print(f"  {describe(ours.event)}: {served}, {told_by}", flush=True)
    print(f"\nexact with our answer as its start, {limits}: {len(shares)} proven, {len(unproven)} not within the limit")
    print(f"restructure, wall: {told(times)}\nrestructure, CPU:  {told(cpu)}")
    if unproven:
        print(f"accepted weight by the bound where the optimum is not proven: least {min(unproven):.4f}, "
              f"median {statistics.median(unproven):.4f}")  # fmt: skip
    if shares:
        least, middle = min(shares), statistics.median(shares)
        print(f"accepted weight by the proven optimum: least {least:.4f}, median {middle:.4f}, "
              f"below 1 at {sum(share < 1 for share in shares)}")  # fmt: skip
        print(f"faster by: median {statistics.median(faster):,.0f}, best {max(faster):,.0f}")
        print(f"bounds above the optimum: {ours_wrong}")


def main() -> None:
    """Print one of the two parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    for name, sites, chains, events, limit_s, load in (
        ("large", 50, 400, 300, 60.0, 1.2),
        ("small", 12, 60, 60, 120.0, 1.5),
    ):
        part = parts.add_parser(name)
        part.add_argument("--sites", type=int, default=sites)
        part.add_argument("--chains", type=int, default=chains, help="in the beginning; a fifth more come and go")
        part.add_argument("--events", type=int, default=events)
        part.add_argument("--resolve-limit", type=float, default=limit_s, help="seconds for each full re-solve")
        part.add_argument("--start-limit", type=float, default=60.0, help="seconds for the placement in the beginning")
        part.add_argument("--load", type=float, default=load, help="demand of all by capacity, as of generate")
        part.add_argument("--seed", type=int, default=0)
    parts.choices["large"].add_argument("--resolve", type=int, default=30, help="at how many of the events")
    arguments = parser.parse_args()
    busy = f", load of the machine {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{machine()}{busy}\n{vars(arguments)}", flush=True)
    {"large": large, "small": small}[arguments.part](arguments)


if __name__ == "__main__":
    main()
