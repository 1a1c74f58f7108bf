"""The orchestrator: events in, checked decisions out, one after the other, for as long as the service lives.

It knows what must survive a restart (:mod:`.standing`), refuses what does not fit that, and has decisions taken
(:mod:`.deciding`) about the rest.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mosaico_place.dynamics.deciding import Asked, Decider
from mosaico_place.dynamics.decision import Cause, Decision, Done
from mosaico_place.dynamics.delta import Delta, difference
from mosaico_place.dynamics.hold import Hold
from mosaico_place.dynamics.idle import Child, Errand, still_holding
from mosaico_place.dynamics.journal import Journal
from mosaico_place.dynamics.judge import Judge
from mosaico_place.dynamics.metrics import Meter, Metrics
from mosaico_place.dynamics.standing import Standing
from mosaico_place.dynamics.strategy import Maker, Setting, find_strategy
from mosaico_place.errors import Fault, InputError, shown, unknown_name
from mosaico_place.events import Event
from mosaico_place.instance import Instance
from mosaico_place.placement import EMPTY, ChainPlacement, Placement
from mosaico_place.validate import faults

COOL_DOWN_S = 10.0
"""A component that moved less than so many seconds ago stays where it is, if it can."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a placement that the network told means.

    Attributes:
        decision: what follows from it.
        differs: chains that stood otherwise than was thought.
        unknown: chains that run, but are none of the instance; nothing is decided about them.
    """

    decision: Decision
    differs: tuple[str, ...]
    unknown: tuple[str, ...]


class Orchestrator:
    """Keeps the chains of an instance placed while things happen.

    Args:
        instance: as it is in the beginning; never changed.
        placement: what runs in the beginning, :data:`mosaico_place.placement.EMPTY` for nothing; None lets the
            strategy place the chains of the instance.
        strategy: a name, or what makes one.
        seed: of everything random.
        budget_s: seconds that an answer may take; None for as long as the strategy needs.
        max_moves: how many components may move in one answer; None for any number.
        cool_down_s: a component that moved less than so many seconds ago stays where it is, unless its chain could not
            go on otherwise. Only events that say when they happen count.
        journal: a file that holds everything since the beginning; if it exists already, the orchestrator goes on
            where it ends, whatever ``placement`` says.
        method, resolve_limit_s, threads: see :class:`.strategy.Setting`.

    Attributes:
        restored: whether it goes on from a journal.
        solved: the last version that a child process has solved, or has found; 0 for none.

    Raises:
        InputError: the instance is not valid, or the journal is of another one, broken or in use.
        ValueError: there is no such strategy.
        OSError: the journal cannot be read or written.
    """

    def __init__(
        self,
        instance: Instance,
        placement: Placement | None = None,
        *,
        strategy: str | Maker = "restructure",
        seed: int = 0,
        budget_s: float | None = None,
        max_moves: int | None = None,
        cool_down_s: float = COOL_DOWN_S,
        journal: str | Path | None = None,
        method: str = "auto",
        resolve_limit_s: float = 60.0,
        threads: int | None = None,
    ) -> None:
        if found := faults(instance):
            raise InputError(found)
        maker = find_strategy(strategy) if isinstance(strategy, str) else strategy
        self._setting = Setting(
            instance, EMPTY, seed, budget_s, max_moves, method=method, resolve_limit_s=resolve_limit_s, threads=threads
        )
        self._meter = Meter()
        self._standing = Standing(instance)
        self._journal: Journal | None = None
        self._child: Child | None = None
        self.solved = 0
        if journal is not None:
            self._journal = Journal(Path(journal), instance)
            for entry in self._journal.entries():
                if isinstance(entry, Done):
                    self._standing.tick(entry)
                else:
                    self._standing.take(entry)
        self.restored = self._standing.version > 0
        try:
            hold = Hold(round(cool_down_s * 1e9))
            self._decider = Decider(maker, self._setting, hold, self._standing, self._journal, self._meter)
            if not self.restored:
                self._begin(placement)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End a solve that is under way, and let go of the journal; nothing can be decided any more."""
        if self._child is not None:
            self._child.close()
            self._child = None
        if self._journal is not None:
            self._journal.close()

    def __enter__(self) -> Orchestrator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What stands

    @property
    def instance(self) -> Instance:
        """The instance as it is now."""
        return self._standing.instance

    @property
    def placement(self) -> Placement:
        """What was decided last."""
        return self._standing.placement

    @property
    def version(self) -> int:
        """Of the last decision."""
        return self._standing.version

    @property
    def last(self) -> Decision:
        """The last decision."""
        assert self._standing.last is not None, "it begins with a decision"
        return self._standing.last

    @property
    def waiting(self) -> tuple[str, ...]:
        """Chains that are wanted and have no place."""
        return tuple(name for name in self.instance.chains if name not in self.placement.chains)

    @property
    def standing(self) -> Standing:
        """Everything that a restart from a journal brings back. Not to be changed."""
        return self._standing

    @property
    def judge(self) -> Judge:
        """The judge of the next answer, with the strategy and all that is taken. Not to be changed."""
        return self._decider.ready()

    @property
    def metrics(self) -> Metrics:
        """Counts, times and values since this object was made."""
        return self._meter.read(self._standing)

    # What happens

    def apply(
        self, event: Event | Sequence[Event], *, at_ns: int | None = None, event_id: str | None = None
    ) -> Decision:
        """Answer an event, or several of one moment.

        Args:
            event: what happened.
            at_ns: when, by the clock of the events.
            event_id: a repeat of an id changes nothing and gives the same decision again.

        Raises:
            InputError: an event does not fit the instance, or the id was that of another; nothing has changed.
            SolverError: the strategy's answer breaks a rule; nothing has changed.
            OSError: the journal cannot be written; nothing has changed.
        """
        events = tuple(event) if isinstance(event, Sequence) else (event,)
        if (known := self._known(event_id, Cause.EVENTS, events)) is not None:
            return known
        started = time.perf_counter()
        after = self._standing.after(events)
        asked = Asked(Cause.EVENTS, after, started, self._standing.time(at_ns), event_id, events)
        return self._decider.decide(asked)

    def what_if(self, event: Event | Sequence[Event], *, at_ns: int | None = None) -> Decision:
        """What :meth:`apply` would answer now, with the version that it would have; nothing changes.

        The strategy and all that it keeps are copied, so that later answers are what they would have been.
        """
        events = tuple(event) if isinstance(event, Sequence) else (event,)
        started = time.perf_counter()
        after = self._standing.after(events)
        asked = Asked(Cause.EVENTS, after, started, self._standing.time(at_ns), None, events)
        decision = self._decider.what_if(asked)
        self._meter.totals["what_ifs"] += 1
        return decision

    def sync(self, placement: Placement, *, at_ns: int | None = None, event_id: str | None = None) -> Report:
        """Take on the placement that the network reports, and decide from there."""
        known = self._known(event_id, Cause.SYNC, ())
        unknown = tuple(name for name in placement.chains if name not in self.instance.chains)
        if known is not None:
            return Report(known, tuple((known.actual or Delta()).chains), unknown)
        ours = {name: placed for name, placed in placement.chains.items() if name in self.instance.chains}
        actual = difference(self.placement, Placement(ours, placement.instances))
        decision = self._decider.decide_from(Cause.SYNC, actual, at_ns, event_id)
        return Report(decision, tuple(actual.chains), unknown)

    def done(self, version: int, step: int | None = None) -> None:
        """Know that a step of a plan is carried out, counted from 1; without ``step``, that all of them are.

        Raises:
            InputError: there is no such version.
        """
        self._check_version(version)
        done = Done(version, step)
        if self._journal is not None:
            self._journal.append(done)
        self._standing.tick(done)

    def failed(
        self,
        version: int,
        actual: Mapping[str, ChainPlacement | None],
        *,
        at_ns: int | None = None,
        event_id: str | None = None,
    ) -> Decision:
        """Decide anew from what really runs after a plan went wrong.

        Args:
            version: whose plan.
            actual: where the chains stand that are not where they should be; None for those that do not run.
            at_ns, event_id: as of :meth:`apply`.
        """
        if (known := self._known(event_id, Cause.FAILED, ())) is not None:
            return known
        self._check_version(version)
        self._check_chains(actual, ("actual", "chains"))
        differs = {name: placed for name, placed in actual.items() if self.placement.chains.get(name) != placed}
        return self._decider.decide_from(Cause.FAILED, Delta(differs), at_ns, event_id, about=version)

    def improve(self, seconds: float) -> Decision | None:
        """Let the strategy use idle time; None if it found nothing better."""
        return self._decider.better(lambda judge: judge.improve(seconds))

    def offer(self, placement: Placement) -> Decision | None:
        """Take on a placement from elsewhere, such as a solve of what stood a while ago, as far as it is still valid.

        The strategy mends what does not fit any more. None, and nothing changed, if that is not better on the levels
        than what stands, with its moves counted.
        """
        ours = {name: placed for name, placed in placement.chains.items() if name in self.instance.chains}
        return self._decider.better(lambda judge: judge.offer(replace(placement, chains=ours)))

    def resolve(self, seconds: float) -> None:
        """Send a child process to solve what stands; :meth:`poll` tells what came of it. One at a time."""
        if self._child is not None:
            return
        judge, setting = self._decider.ready(), self._setting
        errand = Errand(judge.instance, judge.placement, seconds, setting.method, setting.seed, setting.max_moves)
        self._child = Child(errand)

    @property
    def resolving(self) -> bool:
        """Whether there is a child whose answer has not been looked at."""
        return self._child is not None

    def poll(self, wait_s: float = 0.0) -> Decision | None:
        """Take on what the child has found, if it has ended and that is still valid and better; never waits longer."""
        child = self._child
        if child is None or not child.wait(wait_s):
            return None
        self._child = None
        if child.placement is None:
            return None
        judge = self._decider.ready()
        stood = judge.placement is child.errand.placement
        decision = self.offer(still_holding(child.errand, child.placement, judge.instance, judge.placement))
        if stood or decision is not None:
            self.solved = self.version
        return decision

    def _begin(self, placement: Placement | None) -> None:
        """Take the first decision."""
        started, judge = time.perf_counter(), self._decider.ready()
        if placement is None:
            judge.stand(replace(self.instance, chains={}), EMPTY)
            self._decider.decide(Asked(Cause.START, self.instance, started))
            return
        self._check_chains(placement.chains, ("chains",))
        self._decider.decide_from(Cause.START, difference(EMPTY, placement), None, None)

    def _known(self, event_id: str | None, cause: Cause, events: tuple[Event, ...]) -> Decision | None:
        """What was decided under an id; None if it is new.

        Raises:
            InputError: something else was asked for under the id.
        """
        known = None if event_id is None else self._standing.answers.get(event_id)
        if known is None:
            return None
        if (known.cause, known.events) != (cause, events):
            raise InputError(
                [Fault(("id",), f"{shown(event_id)} is the id of another request, version {known.version}")]
            )
        self._meter.totals["repeats"] += 1
        return known

    def _check_chains(self, names: Iterable[str], path: tuple[str, ...]) -> None:
        chains = self.instance.chains
        if unknown := [name for name in names if name not in chains]:
            raise InputError([unknown_name("chain", name, chains, (*path, name)) for name in unknown])

    def _check_version(self, version: int) -> None:
        if not 1 <= version <= self.version:
            raise InputError([Fault(("version",), f"there is no version {version}; the last one is {self.version}")])
