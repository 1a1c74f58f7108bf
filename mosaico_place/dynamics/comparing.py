"""Strategies compared on a scenario: every answer as a row of figures, and what the rows say about each strategy."""

from __future__ import annotations

import math
import statistics
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from mosaico_place.document import placement_document
from mosaico_place.dumping import dump
from mosaico_place.dynamics.freedoms import scenario_without
from mosaico_place.dynamics.judge import Judged
from mosaico_place.dynamics.replay import Answered, Mode, Recorded, Replay, weight_of
from mosaico_place.dynamics.strategy import Maker, Setting, find_strategy
from mosaico_place.errors import SolverError
from mosaico_place.events import describe
from mosaico_place.levers import Lever
from mosaico_place.method import Options
from mosaico_place.placement import EMPTY, Placement
from mosaico_place.result import CLOSED, Termination, gap
from mosaico_place.rules import Rule
from mosaico_place.scenario import Scenario
from mosaico_place.solving import solve

DEFAULT_STRATEGIES = ("restructure", "classic", "classic-first", "resolve")
RESOLVE = "resolve"
"""What the others are measured by."""
RESOLVES = (RESOLVE, "resolve-free-moves")
"""Those that are asked at every how many changes only."""
FIRST_ONLY = "classic-first"
"""Begins with a placement of its own, and is left out where all start from one: it cannot stand as others stood."""


@dataclass(frozen=True, slots=True)
class Study:
    """What is compared, and under which limits.

    Attributes:
        strategies: names, or name -> maker for those that are not installed; the first one leads where all start from
            the same state.
        modes: what they start from.
        without: freedoms without which the scenario is played back once more each, beside the one with all.
        placement: that stands in the beginning; it is solved for if there is none.
        start_limit_s: seconds for that.
        method, resolve_limit_s, resolve_every: of full re-solves, and how long one may take at every how many changes.
        budget_s: seconds that an answer may take; None for as long as it needs.
        idle_s: seconds for improving after every change.
        max_moves: how many components may move in an answer; None for what the scenario says.
        seed: of everything random but the scenario's events.
        threads: how many to use; None for all.
    """

    strategies: Sequence[str] | Mapping[str, Maker] = DEFAULT_STRATEGIES
    modes: tuple[Mode, ...] = (Mode.SAME, Mode.OWN)
    without: tuple[Lever, ...] = ()
    placement: Placement | None = None
    start_limit_s: float = 20.0
    method: str = "auto"
    resolve_limit_s: float = 10.0
    resolve_every: int = 10
    budget_s: float | None = None
    idle_s: float = 0.0
    max_moves: int | None = None
    seed: int = 0
    threads: int | None = None

    @property
    def makers(self) -> dict[str, Maker]:
        """The strategies by name; ValueError if there is none of a name."""
        given = self.strategies
        return dict(given) if isinstance(given, Mapping) else {name: find_strategy(name) for name in given}


@dataclass(frozen=True, slots=True)
class Counts:
    """What an answer changes.

    Attributes:
        moves, reroutes, rewrites: as of :class:`mosaico_place.dynamics.judge.Changes`.
        interrupted: chains that its plan interrupts, one for each time.
        steps: of its plan.
    """

    moves: int = 0
    reroutes: int = 0
    rewrites: int = 0
    interrupted: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One answer in figures.

    Attributes:
        without: the freedom that was taken away; empty if none was.
        mode: what it started from.
        batch: position of the change in the scenario.
        at_ns: when it happened.
        what: what happened, in words.
        strategy: who answered.
        requested: weight that asks for service, of lost chains as well.
        accepted: weight that is served.
        held: weight that is served after idle time.
        terms: every cost term.
        levels: values of the objective's levels.
        bounds: proven, per level; None where nothing is.
        found: whether it is the answer that the strategy is for, and no substitute.
        proven: whether every level was solved to its optimum.
        counts: what it changes; idle: what idle time changed after it.
        seconds: from the events in to the checked plan out.
        answer_s: of these, what the strategy took for its placement.
    """

    without: str
    mode: Mode
    batch: int
    at_ns: int
    what: str
    strategy: str
    requested: float
    accepted: float
    held: float
    terms: Mapping[str, float]
    levels: tuple[float, ...]
    bounds: tuple[float | None, ...]
    found: bool
    proven: bool
    counts: Counts
    idle: Counts
    seconds: float
    answer_s: float


@dataclass(frozen=True, slots=True)
class Start:
    """The placement in which a scenario begins.

    Attributes:
        without: the freedom that was taken away; empty if none was.
        strategy: for which strategy alone; empty if for all others.
        placement: what stands.
        termination: how solving for it ended; None if it was given.
        requested, accepted: weights.
    """

    without: str
    strategy: str
    placement: Placement
    termination: Termination | None
    requested: float
    accepted: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, 95 % quantile and maximum."""

    mean: float
    p95: float
    max: float


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds."""

    p50: float
    p95: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What the answers of one strategy say, in one mode.

    Attributes:
        strategy, mode, without: whose.
        answers: how many; found: those that are no substitutes; proven: those that were solved to their optimum.
        accepted_ratio: weight x time served by weight x time requested.
        terms: mean of every cost term over its answers; levels: the same of the objective's levels.
        counts: sums over its answers and idle times.
        time_ms: of the answers found; None if there are none.
        gap_to_resolve: per level, (value - that of the re-solve) / the larger of the two, at the changes where one was
            found from the same state and all levels before are equal; None where there is no such change.
        gap_to_bound: per level, (value - bound) / value for the best bound that is proven for that answer.
        speedup: (median, largest) time that a re-solve took for its placement by its own up to the checked plan, at the
            same change.
    """

    strategy: str
    mode: Mode
    without: str
    answers: int
    found: int
    proven: int
    accepted_ratio: float
    terms: Mapping[str, float]
    levels: tuple[float, ...]
    counts: Counts
    time_ms: Times | None
    gap_to_resolve: tuple[Spread | None, ...]
    gap_to_bound: tuple[Spread | None, ...]
    speedup: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found.

    Attributes:
        scenario, study: of what.
        starts: where it began.
        rows: every answer.
        summaries: what they say.
        complete: whether the scenario was played to its end.
    """

    scenario: Scenario
    study: Study
    starts: tuple[Start, ...]
    rows: tuple[Row, ...]
    summaries: tuple[Summary, ...]
    complete: bool


@dataclass(slots=True)
class Known:
    """What an earlier run has found: see :mod:`mosaico_place.dynamics.record`."""

    starts: dict[tuple[str, str], Start] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    recorded: dict[tuple[str, Mode], dict[tuple[int, str], Recorded]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listener:
    """Is told what happens.

    Attributes:
        started: a placement to begin with.
        answered: an answer, and the row that it makes.
        progress: words on what goes on.
    """

    started: Callable[[Start], None] = lambda _: None
    answered: Callable[[Answered, Row], None] = lambda _, __: None
    progress: Callable[[str], None] = lambda _: None


def replay(scenario: Scenario, study: Study = Study(), mode: Mode = Mode.OWN) -> Iterator[Answered]:
    """Play a scenario back and tell every answer, in one mode and with all freedoms.

    Raises:
        ValueError: there is no such strategy or method.
        InputError: the instance is not valid.
        SolverError: an answer breaks a rule or contradicts its own bound.
    """
    played = _Played(scenario, study, threading.Event(), Known(), Listener())
    return played.answers(mode)


def compare(
    scenario: Scenario,
    study: Study = Study(),
    *,
    stop: threading.Event | None = None,
    known: Known | None = None,
    listener: Listener = Listener(),
) -> Comparison:
    """Play a scenario back with all strategies, in all modes, with and without freedoms.

    Args:
        scenario: what happens.
        study: who answers, and how.
        stop: once it is set, the comparison ends with what it has.
        known: what an earlier run of the same study has found; it is not done again.
        listener: is told what happens.

    Raises:
        ValueError: there is no such strategy or method.
        InputError: the instance is not valid.
        SolverError: an answer breaks a rule or contradicts its own bound.
    """
    stop, known = stop or threading.Event(), known or Known()
    rows, batches = list(known.rows), [at_ns for at_ns, _ in scenario.batches]
    starts: list[Start] = []
    summaries: list[Summary] = []
    for lever in (None, *study.without):
        played = _Played(scenario, study, stop, known, listener, lever)
        for mode in study.modes:
            rows += (row for _, row in played.rows(mode))
        starts += played.starts.values()
        mine = [row for row in rows if row.without == played.without]
        for mode in study.modes:
            of_mode = [row for row in mine if row.mode is mode]
            summaries += summarize(of_mode, list(study.makers), batches, list(played.starts.values()))
    return Comparison(scenario, study, tuple(starts), tuple(rows), tuple(summaries), not stop.is_set())


class _Played:
    """A scenario, perhaps without a freedom, that is played in one mode after the other."""

    def __init__(
        self,
        scenario: Scenario,
        study: Study,
        stop: threading.Event,
        known: Known,
        listener: Listener,
        lever: Lever | None = None,
    ) -> None:
        self.scenario = scenario if lever is None else scenario_without(scenario, lever)
        self.without = "" if lever is None else str(lever)
        self.starts: dict[str, Start] = {}
        self._study, self._stop, self._known, self._listener = study, stop, known, listener

    def rows(self, mode: Mode) -> Iterator[tuple[Answered, Row]]:
        """Answers as rows, told to the listener."""
        for answered in self.answers(mode):
            row = row_of(answered, self.without)
            self._listener.answered(answered, row)
            yield answered, row

    def answers(self, mode: Mode) -> Iterator[Answered]:
        """Answers that were not known before, judged."""
        study = self._study
        makers = study.makers
        if mode is Mode.SAME:
            makers = {name: maker for name, maker in makers.items() if name != FIRST_ONLY}
        if not makers:
            return
        starts = {name: self._start(name) for name in makers}
        if self._stop.is_set():
            return
        max_moves = self.scenario.max_moves if study.max_moves is None else study.max_moves
        setting = Setting(
            self.scenario.instance, starts[next(iter(makers))].placement, study.seed, study.budget_s, max_moves,
            study.method, study.resolve_limit_s, study.resolve_every if mode is Mode.OWN else 1, study.threads,
            stop=self._stop,
        )  # fmt: skip
        every = dict.fromkeys(RESOLVES, study.resolve_every)
        recorded = self._known.recorded.get((self.without, mode), {})
        placements = {name: start.placement for name, start in starts.items()}
        self._tell(mode, "start")
        for answered in Replay(self.scenario, setting, makers, mode, every, study.idle_s, placements, recorded):
            _refuse(answered)
            self._tell(mode, f"change {answered.batch.index + 1} of {len(self.scenario.batches)}, {answered.strategy}")
            yield answered

    def _tell(self, mode: Mode, words: str) -> None:
        without = f"without {self.without}, " if self.without else ""
        self._listener.progress(f"{without}{_FROM[mode]}: {words}")

    def _start(self, strategy: str) -> Start:
        """Where a strategy begins."""
        whose = FIRST_ONLY if strategy == FIRST_ONLY else ""
        if whose in self.starts:
            return self.starts[whose]
        known = self._known.starts.get((self.without, whose))
        found = self._solved(whose) if known is None else known
        self.starts[whose] = found
        if known is None and not self._stop.is_set():
            self._listener.started(found)
        return found

    def _solved(self, whose: str) -> Start:
        study, scenario = self._study, self.scenario
        if whose == FIRST_ONLY:
            scenario = scenario_without(scenario, Lever.IMPLEMENTATIONS)
        instance = scenario.instance
        requested = sum((chain.weight for chain in instance.chains.values()), Fraction(0))
        placement, termination = study.placement, None
        if placement is None or whose or self.without:
            self._listener.progress("solving for the placement in the beginning")
            options = Options(study.start_limit_s, seed=study.seed, threads=study.threads, stop=self._stop)
            result = solve(instance, method=study.method, options=options)
            placement, termination = result.placement or EMPTY, result.termination
        accepted = weight_of(instance, placement)
        return Start(self.without, whose, placement, termination, float(requested), float(accepted))


_FROM = {Mode.SAME: "from the same state", Mode.OWN: "on its own"}


def row_of(answered: Answered, without: str = "") -> Row:
    """An answer in figures."""
    judged, batch = answered.judged, answered.batch
    idle = answered.idle
    held = judged.reply.placement if idle is None else idle.reply.placement
    return Row(
        without=without,
        mode=answered.mode,
        batch=batch.index,
        at_ns=batch.at_ns,
        what=", ".join(describe(event) for event in batch.events),
        strategy=answered.strategy,
        requested=float(answered.requested),
        accepted=float(answered.accepted),
        held=float(weight_of(answered.instance, held)),
        terms={str(term): float(value) for term, value in judged.cost.terms.items()},
        levels=tuple(float(value) for value in judged.cost.levels),
        bounds=judged.reply.bounds or (None,) * len(judged.cost.levels),
        found=judged.reply.found,
        proven=judged.reply.proven,
        counts=_counts(judged),
        idle=Counts() if idle is None else _counts(idle),
        seconds=answered.seconds,
        answer_s=answered.judged.answer_s,
    )


def _counts(judged: Judged) -> Counts:
    changes, plan = judged.changes, judged.plan
    return Counts(changes.moves, changes.reroutes, changes.rewrites, len(plan.interruptions), len(plan.steps))


def _refuse(answered: Answered) -> None:
    """Raise if an answer breaks a rule or costs less than its own bound.

    A chain that must be accepted may have no place left after a failure; that is no fault of the answer.
    """
    for judged in (answered.judged, *([answered.idle] if answered.idle is not None else [])):
        broken = [one for one in judged.violations if not _is_lack(one.rule, one.where, answered, judged)]
        told = [f"{one.rule}: {one.where}: {one.message}" for one in broken]
        for level, (value, bound) in enumerate(zip(judged.cost.levels, judged.reply.bounds, strict=False), start=1):
            if bound is not None and bound > float(value) + CLOSED * max(1.0, abs(float(value))):
                told.append(f"level {level} costs {float(value)}, below its bound {bound}")
        if told:
            answers = f"{answered.strategy} answers change {answered.batch.index + 1} with a placement that is wrong"
            replayed = f"# placement: {placement_document(judged.reply.placement)}\n{dump(answered.instance)}"
            raise SolverError("\n".join([f"{answers}:", *told]), replayed)


def _is_lack(rule: Rule, where: str, answered: Answered, judged: Judged) -> bool:
    """Whether a violation says no more than that a chain which must be accepted is not."""
    placed = judged.reply.placement.chains
    return rule is Rule.PLACED and any(
        where == f"chain {name}" for name in answered.instance.chains if name not in placed
    )


# What rows say


def summarize(
    rows: Sequence[Row], strategies: Sequence[str], batches: Sequence[int], starts: Sequence[Start]
) -> list[Summary]:
    """What the rows of one mode say about each strategy.

    Args:
        rows: all of one mode and one scenario.
        strategies: in this order.
        batches: times of all changes, in ns.
        starts: where the strategies began.
    """
    by_batch: dict[int, dict[str, Row]] = {}
    for row in rows:
        by_batch.setdefault(row.batch, {})[row.strategy] = row
    return [
        _summary([row for row in rows if row.strategy == name], by_batch, batches, starts)
        for name in strategies
        if any(row.strategy == name for row in rows)
    ]


def _summary(
    rows: Sequence[Row], by_batch: Mapping[int, Mapping[str, Row]], batches: Sequence[int], starts: Sequence[Start]
) -> Summary:
    first, found = rows[0], [row for row in rows if row.found]
    levels = range(len(first.levels))
    to_resolve: list[list[float]] = [[] for _ in levels]
    to_bound: list[list[float]] = [[] for _ in levels]
    faster = []
    for row in found:
        others = by_batch[row.batch]
        solved = others.get(RESOLVE)
        if solved is not None and solved.found and row.strategy != RESOLVE:
            faster.append(solved.answer_s / max(row.seconds, 1e-9))
            if row.mode is Mode.SAME:
                for j, behind in enumerate(_behind(row.levels, solved.levels)):
                    to_resolve[j].append(behind)
        for j, bound in enumerate(_bounds(row, others.values())):
            if bound is not None:
                to_bound[j].append(gap(row.levels[j], bound))
    counts = [one for row in rows for one in (row.counts, row.idle)]
    return Summary(
        strategy=first.strategy,
        mode=first.mode,
        without=first.without,
        answers=len(rows),
        found=len(found),
        proven=sum(row.proven for row in rows),
        accepted_ratio=accepted_ratio(rows, batches, starts),
        terms={term: statistics.fmean(row.terms[term] for row in rows) for term in first.terms},
        levels=tuple(statistics.fmean(row.levels[j] for row in rows) for j in levels),
        counts=Counts(*(sum(getattr(one, name) for one in counts) for name in Counts.__slots__)),
        time_ms=_times([1000 * row.seconds for row in found]),
        gap_to_resolve=tuple(_spread(values) for values in to_resolve),
        gap_to_bound=tuple(_spread(values) for values in to_bound),
        speedup=(statistics.median(faster), max(faster)) if faster else None,
    )


def accepted_ratio(rows: Sequence[Row], batches: Sequence[int], starts: Sequence[Start]) -> float:
    """Weight x time served by weight x time requested, from the beginning to the last change; 1 if nothing was asked.

    Every answer counts from its change to the next one. Where a strategy was not asked at every change, the changes at
    which it was count alone; the time before the first change counts for those that answered it on their own.
    """
    served = requested = 0.0
    first = rows[0]
    if first.mode is Mode.OWN:
        begun = {start.strategy: start for start in starts}
        start = begun.get(first.strategy) or begun.get("")
        if start is not None:
            served, requested = start.accepted * batches[0], start.requested * batches[0]
    for row in rows:
        span = (batches[row.batch + 1] if row.batch + 1 < len(batches) else row.at_ns) - row.at_ns
        served += row.held * span
        requested += row.requested * span
    return served / requested if requested else 1.0


def _behind(values: Sequence[float], others: Sequence[float]) -> Iterator[float]:
    """Per level how far a value is from another, as long as all levels before are equal; below 0 if it is better."""
    for value, other in zip(values, others, strict=True):
        equal = _equal(value, other)
        yield 0.0 if equal else (value - other) / max(abs(value), abs(other))
        if not equal:
            return


def _bounds(row: Row, others: Iterable[Row]) -> list[float | None]:
    """The best bounds that hold for an answer: its own, and from the same state those of the others.

    A bound of a later level speaks of placements that are as good on all levels before as the answer that it is of.
    """
    best = list(row.bounds)
    for other in others if row.mode is Mode.SAME else ():
        for j, bound in enumerate(other.bounds):
            if bound is not None:
                mine = best[j]
                best[j] = bound if mine is None else max(mine, bound)
            if row.levels[j] > other.levels[j] and not _equal(row.levels[j], other.levels[j]):
                break
    return best


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= CLOSED * max(1.0, abs(other))


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    return Spread(statistics.fmean(values), quantile(values, 0.95), max(values))


def _times(values: Sequence[float]) -> Times | None:
    if not values:
        return None
    return Times(quantile(values, 0.5), quantile(values, 0.95), quantile(values, 0.99), max(values))


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share of the values do not exceed.

    >>> quantile([3, 1, 2], 0.5), quantile([3, 1, 2], 0.99)
    (2, 3)
    """
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered) - 1e-9) - 1, 0)]
