"""Bounds and searches against proven optima: 180 tiny instances of all rules, and contended ones of 36 nodes.

    uv run python -m benchmarks.proven [--tiny 180] [--contended 20] [--first 11] [--sites 12] [--chains 60]
        [--load 1.2] [--levels 2] [--limit 240] [--start 20] [--threads 1] [--optima FILE.json]

The tiny ones are the shipped instances that one model answers at once, made-up ones of 2 to 4 sites and 4 to 10 chains,
and random ones of the tests' strategies, with previous placements and limits on moves, all with a placement. ``exact``
proves each without any start; ``heuristic`` and ``columns`` run to their own end.

The contended ones are made up: 12 sites with 2 servers each, seeds from ``--first`` on. ``columns`` gets ``--start``
seconds, and ``exact`` starts from its placement with ``--limit`` seconds for all levels together. What is not proven in
that time is listed and counts nowhere. With ``--levels 1`` the objective ends after rejection, which is easier to
prove.

A bound on a level speaks of all placements that are no worse on the levels before than the method's own. So it is held
against the optimum where the optimum is such a placement; a bound above it is a violation, of which there must be none.
What is not proven has an optimum between the method's placement and its bound, so how close these two are says what the
bound is worth at least.

With ``--optima`` proven optima are kept in a file and not proven again: with it, a run after a change to the bounds or
to the search takes minutes. What a run could not prove in its limit, another with a longer limit tries again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.machine import machine
from mosaico_place import Instance, Options, Placement, load_instance
from mosaico_place.columns.method import solve_columns
from mosaico_place.compile import Problem, compile_instance
from mosaico_place.costing import cost
from mosaico_place.dumping import dump
from mosaico_place.exact.highs import running
from mosaico_place.exact.method import solve_exact
from mosaico_place.generating import generate
from mosaico_place.instance import Term
from mosaico_place.method import Answer
from mosaico_place.methods.search.method import solve_heuristic
from mosaico_place.result import Termination
from mosaico_place.rules import CostTerm
from mosaico_place.warming import warm_up
from tests.strategies import previous_placements, tiny_instances

INSTANCES = Path(__file__).parent.parent / "instances"
SHIPPED = ("cloud-gaming-detection", "cloud-gaming-edge", "tele-robotics")
LOADS = (0.8, 1.0, 1.2, 1.5)
FIRST_TINY_SEED = 100
FIRST_SEED = 11
DRAWN_SEED = 20261124
TINY_LIMIT_S = 60.0
CLOSED = 1e-6
"""Relative difference below which two values, or a value and its bound, are the same."""


class Case(NamedTuple):
    """An instance with what ran before, under a name."""

    name: str
    problem: Problem

    @property
    def key(self) -> str:
        """Tells it apart from every other, whatever their names."""
        told = (dump(self.problem.instance), repr(self.problem.previous), str(self.problem.max_moves))
        return f"{self.name} {hashlib.sha256('|'.join(told).encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Optimum:
    """What ``exact`` proved.

    Attributes:
        values: of the levels that are proven, from the first on.
        feasible: whether there is a placement; None if not even that is known.
        solve_s: seconds until the end; limit_s: what it had.
    """

    values: tuple[float, ...]
    feasible: bool | None
    solve_s: float
    limit_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a method without that proof gave: values of its placement, if it found one, and its bounds."""

    values: tuple[float, ...] | None
    bounds: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """One method on one instance, against the optimum.

    Attributes:
        case: name of the instance.
        weights: of all chains, where the first level counts rejected chains alone; else 0.
        lightest: smallest weight of a chain.
    """

    case: str
    weights: float
    lightest: float
    optimum: Optimum
    found: Found

    @property
    def violated(self) -> list[int]:
        """Levels (from 1) whose bound lies above what a placement costs for which it should hold."""
        best, bounds = self.optimum.values, self.found.bounds
        values = self.found.values or ()
        levels = []
        for level, (value, bound) in enumerate(zip(best, bounds, strict=False)):
            # Without a placement only the first level has a bound that speaks of the optimum.
            if level > 0 and (
                len(values) < level or any(_above(least, own) for least, own in zip(best, values[:level], strict=False))
            ):
                break
            if bound is not None and _above(bound, value):
                levels.append(level + 1)
        return levels

    @property
    def miss(self) -> float | None:
        """How far the first level is from the optimum; infinite without a placement, None if nothing is proven."""
        if not self.optimum.values:
            return None
        if self.found.values is None:
            return float("inf")
        own, best = self.found.values[0], self.optimum.values[0]
        return own - best if _above(own, best) else 0.0

    def ratio(self, level: int) -> float | None:
        """The bound over the optimum: of accepted weight on the first level (at least 1), else of the cost."""
        if len(self.optimum.values) <= level or self.found.bounds[level] is None:
            return None
        best, bound = self.optimum.values[level], self.found.bounds[level] or 0.0
        if level == 0 and self.weights:
            best, bound = self.weights - best, self.weights - bound
        if best == 0:
            return 1.0 if bound == 0 else None
        return bound / best

    @property
    def certified(self) -> float | None:
        """The bound over the accepted weight of the own placement: over that of an optimum, it is no more."""
        if not self.weights or not self.found.values or self.found.bounds[0] is None:
            return None
        own = self.weights - self.found.values[0]
        return (self.weights - self.found.bounds[0]) / own if own > 0 else None


def _above(one: float, other: float) -> bool:
    return one > other + CLOSED * max(1.0, abs(other))


def proven(problem: Problem, limit_s: float, threads: int, start: Placement | None = None) -> Optimum:
    """What ``exact`` proves in a time."""
    options = Options(gap=0.0, threads=threads, time_limit_s=limit_s)
    answer = solve_exact(problem, options, start=start)
    spent = options.elapsed_s()
    for thread in running():  # one that was given up must not slow down what follows
        thread.join()
    if answer.termination is Termination.INFEASIBLE:
        return Optimum((), False, spent, limit_s)
    found = described(problem, answer)
    values: list[float] = []
    for value, bound in zip(found.values or (), found.bounds, strict=False):
        if bound is None or _above(value, bound):
            break
        values.append(value)
    return Optimum(tuple(values), None if found.values is None else True, spent, limit_s)


def described(problem: Problem, answer: Answer) -> Found:
    """An answer in figures."""
    if answer.placement is None:
        return Found(None, answer.bounds)
    levels = cost(problem.instance, answer.placement, problem.previous).levels
    return Found(tuple(float(value) for value in levels), answer.bounds)


def compared(case: Case, optimum: Optimum, answer: Answer) -> Compared:
    """A method's answer against the optimum.

    Raises:
        RuntimeError: it has a placement where exact has proven that there is none.
    """
    instance = case.problem.instance
    if optimum.feasible is False and answer.placement is not None:
        raise RuntimeError(f"{case.name} is called infeasible, but a placement is known")
    weights = [one.weight for one in instance.chains.values()]
    alone = instance.objective[0] == {Term(CostTerm.REJECTED): Fraction(1)}
    return Compared(
        case.name, float(sum(weights)) if alone else 0.0, float(min(weights)), optimum, described(case.problem, answer)
    )


def tiny_cases(count: int) -> Iterator[Case]:
    """Tiny instances without end: shipped ones while there are any, made-up ones, and up to so many random ones."""
    files = [*sorted((INSTANCES / "tiny").glob("*.yaml")), *(INSTANCES / f"{name}.yaml" for name in SHIPPED)]
    shipped = (Case(path.stem, compile_instance(load_instance(path))) for path in files)
    turns = zip_longest(shipped, made_up_cases(), drawn_cases(count))
    return (case for turn in turns for case in turn if case is not None)


def made_up_cases() -> Iterator[Case]:
    """Instances of 2 to 4 sites and 4 to 10 chains, of several loads, each with a seed of its own."""
    number = 0
    while True:
        instance = generate(
            2 + number % 3, 1 + number // 4 % 2, 4 + number % 7, LOADS[number % 4], FIRST_TINY_SEED + number
        )
        yield Case(instance.name, compile_instance(instance))
        number += 1


def drawn_cases(count: int) -> list[Case]:
    """So many random draws in which every rule and every cost term plays a part; of draws that are alike, one."""
    cases: dict[str, Case] = {}

    @seed(DRAWN_SEED)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(tiny_instances(), st.data())
    def collect(instance: Instance, data: st.DataObject) -> None:
        previous = data.draw(st.none() | previous_placements(instance))
        max_moves = None if previous is None else data.draw(st.none() | st.integers(0, 2))
        problem = compile_instance(instance, previous, max_moves)
        cases.setdefault(Case("drawn", problem).key, Case(f"drawn-{len(cases) + 1}", problem))

    collect()
    return list(cases.values())


class Optima:
    """Proven optima by key of the case, kept in a file if there is one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Optimum] = {}
        if path is not None and path.exists():
            for key, told in json.loads(path.read_text(encoding="utf-8")).items():
                self._known[key] = Optimum(**told | {"values": tuple(told["values"])})

    def known(self, case: Case, limit_s: float) -> Optimum | None:
        """What was proven before, unless more time might prove more levels."""
        found, levels = self._known.get(case.key), len(case.problem.instance.objective)
        if found is None or (found.feasible is not False and len(found.values) < levels and found.limit_s < limit_s):
            return None
        return found

    def keep(self, case: Case, optimum: Optimum) -> None:
        """Remember it."""
        self._known[case.key] = optimum
        if self._path is not None:
            told = {key: asdict(known) for key, known in self._known.items()}
            self._path.write_text(json.dumps(told, indent=1), encoding="utf-8")


def tiny(count: int, threads: int, optima: Optima) -> Mapping[str, list[Compared]]:
    """Both methods on so many tiny instances that have a placement; of the others, none may be found."""
    results: dict[str, list[Compared]] = {"heuristic": [], "columns": []}
    for case in tiny_cases(2 * count):
        optimum = optima.known(case, TINY_LIMIT_S)
        if optimum is None:
            optimum = proven(case.problem, TINY_LIMIT_S, threads)
            optima.keep(case, optimum)
        for method, solve in (("heuristic", solve_heuristic), ("columns", solve_columns)):
            one = compared(case, optimum, solve(case.problem, Options(threads=threads)))
            if optimum.feasible is not False:
                results[method].append(one)
        if len(results["columns"]) == count:
            break
    return results


def contended(
    instances: Iterable[Instance], limit_s: float, start_s: float, threads: int, optima: Optima
) -> Iterator[Compared]:
    """``columns`` on instances that take long to prove, one after the other."""
    for instance in instances:
        case = Case(instance.name, compile_instance(instance))
        answer = solve_columns(case.problem, Options(gap=0.0, threads=threads, time_limit_s=start_s))
        optimum = optima.known(case, limit_s)
        if optimum is None:
            optimum = proven(case.problem, limit_s, threads, answer.placement)
            optima.keep(case, optimum)
        yield compared(case, optimum, answer)


def summary(results: Sequence[Compared]) -> list[str]:
    """What is printed of one method on a group of instances."""
    proved = [one for one in results if one.miss is not None]
    reached = sum(one.miss == 0 for one in proved)
    share = f" ({reached / len(proved):.1%})" if proved else ""
    found = [
        f"  instances {len(results)}, first level proven {len(proved)}, "
        f"all levels proven {sum(_whole(one) for one in results)}",
        f"  bounds above the optimum: {sum(len(one.violated) for one in results)}",
        f"  first level reached: {reached} of {len(proved)}{share}",
    ]
    found += [f"    {one.case}: by {one.miss:g}, lightest chain {one.lightest:g}" for one in proved if one.miss]
    for level, words in ((0, "accepted weight, bound over optimum"), (1, "second level, bound over optimum")):
        weighed = [one for one in proved if level > 0 or one.weights]
        ratios = [ratio for one in weighed if (ratio := one.ratio(level)) is not None]
        if ratios:
            found.append(
                f"  {words}: median {statistics.median(ratios):.2%}, "
                f"from {min(ratios):.2%} to {max(ratios):.2%} ({len(ratios)} instances)"
            )
    certified = [ratio for one in results if (ratio := one.certified) is not None]
    if certified:
        found.append(
            f"  accepted weight, bound over own placement: median {statistics.median(certified):.2%}, "
            f"at most {max(certified):.2%}, within 1 % {sum(ratio <= 1.01 for ratio in certified)} of {len(certified)}"
        )
    if open_ := [one.case for one in results if one.miss is None]:
        found.append(f"  not proven: {', '.join(open_)}")
    if open_ := [one.case for one in proved if not _whole(one)]:
        found.append(f"  proven on the first level only, or not to the last: {', '.join(open_)}")
    return found


def _whole(one: Compared) -> bool:
    return len(one.optimum.values) == len(one.found.bounds)


def row(one: Compared) -> str:
    """One contended instance as a row of a table: proven optimum, what columns reached and proved, and the ratios."""
    best = [f"{value:.6g}" for value in one.optimum.values]
    own = [f"{value:.6g}" for value in one.found.values or ()]
    bounds = ["-" if bound is None else f"{bound:.6g}" for bound in one.found.bounds]
    ratios = ["-" if (ratio := one.ratio(level)) is None else f"{ratio:.2%}" for level in (0, 1)]
    levels = [" / ".join([*told, *["-"] * (2 - len(told))]) for told in (best, own, bounds)]
    return f"| {' | '.join([one.case, *levels, *ratios, f'{one.optimum.solve_s:.0f}'])} |"


def main() -> None:
    """Prove, compare and print."""
    parser = argparse.ArgumentParser(description="bounds and searches against proven optima")
    parser.add_argument("--tiny", type=int, default=180)
    parser.add_argument("--contended", type=int, default=20)
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="seed of the contended instances")
    parser.add_argument("--sites", type=int, default=12)
    parser.add_argument("--chains", type=int, default=60)
    parser.add_argument("--load", type=float, default=1.2)
    parser.add_argument("--levels", type=int, default=2, help="of the objective, on contended instances")
    parser.add_argument("--limit", type=float, default=240.0, help="seconds for exact on a contended instance")
    parser.add_argument("--start", type=float, default=20.0, help="seconds for columns on a contended instance")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--optima", type=Path, metavar="FILE.json")
    asked = parser.parse_args()
    print(f"{machine()}; load average of the machine {os.getloadavg()[0]:.1f}")
    print(f"threads: {asked.threads}; exact: gap 0, {TINY_LIMIT_S:g} s for a tiny instance, {asked.limit:g} s for a "
          f"contended one; columns: {asked.start:g} s for a contended one")  # fmt: skip
    optima = Optima(asked.optima)
    warm_up()
    if asked.tiny:
        for method, results in tiny(asked.tiny, asked.threads, optima).items():
            print("\n".join([f"tiny, {method}", *summary(results)]), flush=True)
    if asked.contended:
        print("| instance | optimum | columns | its bounds | accepted weight | second level | exact s |", flush=True)
        print("|---|---|---|---|---|---|---|")
        seeds = range(asked.first, asked.first + asked.contended)
        made = (generate(asked.sites, 2, asked.chains, asked.load, number) for number in seeds)
        instances = (replace(one, objective=one.objective[: asked.levels]) for one in made)
        found = []
        for one in contended(instances, asked.limit, asked.start, asked.threads, optima):
            found.append(one)
            print(row(one), flush=True)
        print("\n".join(["contended, columns", *summary(found)]))


if __name__ == "__main__":
    main()
