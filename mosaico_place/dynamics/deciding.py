"""How decisions are taken: a strategy is asked, the judge checks what it answers, the journal writes it down."""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from mosaico_place.checking import accepted
from mosaico_place.describe import level_results
from mosaico_place.document import placement_document
from mosaico_place.dumping import dump
from mosaico_place.dynamics.decision import Cause, Decision
from mosaico_place.dynamics.delta import Delta, difference
from mosaico_place.dynamics.hold import Hold
from mosaico_place.dynamics.journal import Journal
from mosaico_place.dynamics.judge import Judge, Judged
from mosaico_place.dynamics.metrics import Meter
from mosaico_place.dynamics.standing import Standing
from mosaico_place.dynamics.strategy import Maker, Setting
from mosaico_place.errors import SolverError
from mosaico_place.events import Arrive, Event
from mosaico_place.instance import Instance
from mosaico_place.placement import Placement
from mosaico_place.result import Violation, contradicts


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be decided about.

    Attributes:
        cause, at_ns, event_id, events, about, actual: see :class:`.decision.Decision`.
        after: the instance after the events.
        started_s: ``time.perf_counter()`` when it was asked for.
    """

    cause: Cause
    after: Instance
    started_s: float
    at_ns: int | None = None
    event_id: str | None = None
    events: tuple[Event, ...] = ()
    about: int | None = None
    actual: Delta | None = None


class Decider:
    """Takes one decision after the other: all of each, or nothing.

    Args:
        maker, setting: of the strategy; its instance and placement are those that stand.
        hold: which components are to stay for a while after a move.
        standing: what is known, such as a journal brings back.
        journal: where decisions are written down before anyone sees them, if anywhere.
        meter: counts them.
    """

    def __init__(
        self, maker: Maker, setting: Setting, hold: Hold, standing: Standing, journal: Journal | None, meter: Meter
    ) -> None:
        self._maker, self._setting, self._hold = maker, setting, hold
        self._standing, self._journal, self._meter = standing, journal, meter
        self._judge: Judge | None = None
        self.ready()

    def ready(self) -> Judge:
        """The judge of the strategy, in step with what stands; made anew if something went wrong before."""
        if self._judge is None:
            instance, placement = self._standing.instance, self._standing.placement
            strategy = self._maker(replace(self._setting, instance=instance, placement=placement))
            self._judge = Judge(strategy, instance, placement, self._setting.max_moves)
        return self._judge

    def decide(self, asked: Asked) -> Decision:
        """Decide, write it down, take it on."""
        try:
            return self._commit(self._answered(self.ready(), asked, self._hold), asked.after)
        except BaseException:
            self._judge = None  # whatever state the strategy is in, it is not that of what stands
            raise

    def decide_from(
        self, cause: Cause, actual: Delta, at_ns: int | None, event_id: str | None, about: int | None = None
    ) -> Decision:
        """Decide after what really runs was told: what should run and does not is placed like what is new."""
        started, judge, instance = time.perf_counter(), self.ready(), self._standing.instance
        at_ns = self._standing.time(at_ns)
        missing = {name for name, placed in actual.chains.items() if placed is None}
        rest = {name: chain for name, chain in instance.chains.items() if name not in missing}
        known = replace(instance, chains=rest) if missing else instance
        try:
            judge.stand(known, actual.on(self._standing.placement))
        except BaseException:
            self._judge = None
            raise
        return self.decide(Asked(cause, instance, started, at_ns, event_id, about=about, actual=actual))

    def better(self, found: Callable[[Judge], Judged | None]) -> Decision | None:
        """Decide for something better, if it is found."""
        started, judge, instance = time.perf_counter(), self.ready(), self._standing.instance
        before = judge.placement
        try:
            judged = found(judge)
            if judged is None:
                return None
            return self._commit(self._told(judged, before, Asked(Cause.IMPROVED, instance, started)), instance)
        except BaseException:
            self._judge = None
            raise

    def what_if(self, asked: Asked) -> Decision:
        """What :meth:`decide` would decide; all that it would change is copied, so that nothing changes."""
        return self._answered(_twin(self.ready(), self._setting.stop), asked, self._hold.twin())

    def _answered(self, judge: Judge, asked: Asked, hold: Hold) -> Decision:
        """Ask the strategy, which is to leave alone what moved a moment ago; unless a chain could not go on then."""
        stood, before = judge.instance, judge.placement
        held = hold.held(self._standing, asked.at_ns)
        judge.strategy.stand(stood, before)
        while True:
            judged = judge.answer(hold.on(asked.after, held))
            ends = {name for name in held if name in before.chains and name not in judged.reply.placement.chains}
            if not held or not (ends or judged.violations):
                return self._told(judged, before, asked)
            held = {name: parts for name, parts in held.items() if ends and name not in ends}
            judge.stand(stood, before)

    def _told(self, judged: Judged, before: Placement, asked: Asked) -> Decision:
        """A judged answer as a decision.

        Raises:
            SolverError: it breaks a rule that can be kept, or contradicts its bounds.
        """
        after, now = asked.after, judged.reply.placement
        unmet = _unmet(after, now, judged.violations)
        if wrong := [str(violation.message) for violation in judged.violations if violation not in unmet]:
            raise SolverError(f"the answer breaks a rule: {'; '.join(wrong)}", self._replay(asked, before))
        levels = level_results(after, judged.cost, judged.reply.bounds or (None,) * len(after.objective))
        for level in levels:
            value = level.value or 0.0
            if contradicts(level.bound, value):
                raise SolverError(f"a level costs {value}, below its bound {level.bound}", self._replay(asked, before))
        arrived = dict.fromkeys(event.chain.name for event in asked.events if isinstance(event, Arrive))
        earlier = self._standing.instance.chains
        return Decision(
            version=self._standing.version + 1,
            cause=asked.cause,
            at_ns=asked.at_ns,
            event_id=asked.event_id,
            events=asked.events,
            about=asked.about,
            actual=asked.actual,
            delta=difference(before, now),
            plan=judged.plan,
            levels=levels,
            changes=judged.changes,
            refused=tuple(name for name in arrived if name in after.chains and name not in now.chains),
            dropped=tuple(name for name in after.chains if name in before.chains and name not in now.chains),
            admitted=tuple(
                name
                for name in after.chains
                if name in now.chains and name not in before.chains and name in earlier and name not in arrived
            ),
            unmet=unmet,
            seconds=round(time.perf_counter() - asked.started_s, 6),
        )

    def _commit(self, decision: Decision, after: Instance) -> Decision:
        """Write a decision down, then know of it."""
        if self._journal is not None:
            self._journal.append(decision)
        standing = self._standing
        standing.take(decision, after)
        self._meter.note(decision)
        if standing.instance is not after:  # chains were lost
            judge = self.ready()
            judge.stand(standing.instance, judge.placement)
        return decision

    def _replay(self, asked: Asked, before: Placement) -> str:
        """Everything needed to see a failure again."""
        told = f"seed {self._setting.seed}, budget {self._setting.budget_s}, max moves {self._setting.max_moves}"
        return f"# {told}\n# before: {json.dumps(placement_document(before))}\n{dump(asked.after)}"


def _unmet(instance: Instance, placement: Placement, violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """The violations that say that a chain is not accepted which must be: the instance may allow no better."""
    found = tuple(violations)
    if not found:
        return ()
    missing = [name for name in instance.chains if name not in placement.chains]
    known = [violation for name in missing for violation in accepted(instance, name, None)]
    return tuple(violation for violation in found if violation in known)


def _twin(judge: Judge, stop: threading.Event) -> Judge:
    """A copy of a judge and its strategy; values that never change are shared, and so is what stops them."""
    instance, placement = judge.instance, judge.placement
    shared = (
        instance, *instance.nodes.values(), *instance.links, *instance.functions.values(), *instance.chains.values(),
        placement, *placement.chains.values(), stop,
    )  # fmt: skip
    return copy.deepcopy(judge, {id(value): value for value in shared})
