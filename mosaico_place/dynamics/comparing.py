"""Strategies compared on a scenario: runs them, judges what they answer, and gathers what the answers say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from mosaico_place.document import placement_document
from mosaico_place.dumping import dump
from mosaico_place.dynamics.freedoms import scenario_without
from mosaico_place.dynamics.judge import Judged
from mosaico_place.dynamics.replay import Answered, Mode, Recorded, Replay, weight_of
from mosaico_place.dynamics.rows import Row, Start, row_of
from mosaico_place.dynamics.strategy import Setting
from mosaico_place.dynamics.study import AS_USUAL, FIRST_ONLY, RESOLVES, Study
from mosaico_place.dynamics.summaries import Summary, summarize
from mosaico_place.errors import SolverError
from mosaico_place.levers import Lever
from mosaico_place.method import Options
from mosaico_place.placement import EMPTY
from mosaico_place.result import contradicts
from mosaico_place.rules import Rule
from mosaico_place.scenario import Scenario
from mosaico_place.solving import solve
from mosaico_place.warming import warm_up

_FROM = {Mode.SAME: "from the same state", Mode.OWN: "on its own"}


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


def replay(scenario: Scenario, study: Study = AS_USUAL, mode: Mode = Mode.OWN) -> Iterator[Answered]:
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
    study: Study = AS_USUAL,
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
            warm_up()
            options = Options(study.start_limit_s, seed=study.seed, threads=study.threads, stop=self._stop)
            result = solve(instance, method=study.method, options=options)
            placement, termination = result.placement or EMPTY, result.termination
        accepted = weight_of(instance, placement)
        return Start(self.without, whose, placement, termination, float(requested), float(accepted))


def _refuse(answered: Answered) -> None:
    """Raise if an answer breaks a rule or costs less than its own bound.

    A chain that must be accepted may have no place left after a failure; that is no fault of the answer.
    """
    for judged in (answered.judged, *([answered.idle] if answered.idle is not None else [])):
        broken = [one for one in judged.violations if not _is_lack(one.rule, one.where, answered, judged)]
        told = [f"{one.rule}: {one.where}: {one.message}" for one in broken]
        for level, (value, bound) in enumerate(zip(judged.cost.levels, judged.reply.bounds, strict=False), start=1):
            if contradicts(bound, float(value)):
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
