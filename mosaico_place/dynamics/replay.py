"""A scenario played back, with strategies answering side by side."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction

from mosaico_place.dynamics.delta import Delta
from mosaico_place.dynamics.judge import Judge, Judged
from mosaico_place.dynamics.strategy import Maker, Setting
from mosaico_place.events import Arrive, Depart, Event, apply
from mosaico_place.instance import Chain, Instance
from mosaico_place.placement import Placement
from mosaico_place.scenario import Scenario


class Mode(StrEnum):
    """What strategies start from at each change."""

    SAME = "same"
    """All from the placement that the first of them left."""
    OWN = "own"
    """Each from its own last answer."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one moment, which get one answer."""

    index: int
    at_ns: int
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """One strategy's answer to one batch.

    Attributes:
        batch: what happened.
        mode: what it started from.
        strategy: name of who answered.
        earlier, instance: before and after the events.
        before: placement that it started from.
        judged: the answer.
        requested: weight of the chains that ask for service, those that were lost among them.
        apply_s: seconds for applying the events.
        idle: what it found in the idle time after it, if that was asked for.
    """

    batch: Batch
    mode: Mode
    strategy: str
    earlier: Instance
    instance: Instance
    before: Placement
    judged: Judged
    requested: Fraction
    apply_s: float
    idle: Judged | None = None

    @property
    def seconds(self) -> float:
        """From the events in to the checked answer."""
        return self.apply_s + self.judged.seconds

    @property
    def accepted(self) -> Fraction:
        """Weight of the chains that it serves."""
        return weight_of(self.instance, self.judged.reply.placement)


def weight_of(instance: Instance, placement: Placement) -> Fraction:
    """Weight of the chains that a placement serves."""
    chains = instance.chains
    return sum((chains[name].weight for name in placement.chains if name in chains), Fraction(0))


@dataclass(frozen=True, slots=True)
class Recorded:
    """An answer of an earlier run.

    Attributes:
        answer: what it changed in the placement before; since it holds all opened instances, in that without any.
        idle: the same of what idle time changed after it, if it did.
    """

    answer: Delta
    idle: Delta | None = None

    def after(self, before: Placement) -> tuple[Placement, Placement]:
        """The answer, and what stands after idle time."""
        answer = self.answer.on(replace(before, instances={}))
        return answer, answer if self.idle is None else self.idle.on(replace(answer, instances={}))


@dataclass(slots=True)
class Track:
    """One trajectory: an instance that changes, and what stands in it.

    Attributes:
        lost: chains that were refused and do not wait, until they would have departed.
    """

    judge: Judge
    instance: Instance
    lost: dict[str, Chain]

    @property
    def requested(self) -> Fraction:
        """Weight of the chains that ask for service, those that were lost among them."""
        return sum((chain.weight for chain in (*self.instance.chains.values(), *self.lost.values())), Fraction(0))

    def after(self, events: Sequence[Event]) -> Instance:
        """The instance after the events; those that speak of a lost chain are passed over."""
        instance = self.instance
        for event in events:
            name = _chain_of(event)
            if name in self.lost:
                if isinstance(event, Depart):
                    del self.lost[name]
                continue
            instance = apply(instance, event)
        return instance

    def settle(self, batch: Batch, instance: Instance, placement: Placement) -> None:
        """Take an answer on; refused arrivals that do not wait are lost."""
        for event in batch.events:
            if not isinstance(event, Arrive) or event.wait:
                continue
            name = event.chain.name
            if name in instance.chains and name not in placement.chains:
                self.lost[name] = instance.chains[name]
                instance = instance.without_chain(name)
        self.instance = instance


def _chain_of(event: Event) -> str | None:
    """The chain that an event speaks of."""
    chain = getattr(event, "chain", None)
    return chain.name if isinstance(chain, Chain) else chain


@dataclass(slots=True)
class Replay:
    """A scenario under way.

    It ends early, between two answers, once the setting's ``stop`` is set; what was cut short by it is not told.

    Args:
        scenario: what happens.
        setting: what every strategy is told; its instance is the scenario's.
        makers: the strategies by name; the first one leads where all start from the same state.
        mode: what they start from.
        every: strategy -> at every how many batches it is asked, where all start from the same state.
        idle_s: seconds of idle time for improving, after each batch.
        starts: strategy -> placement that it begins with, if not the setting's.
        recorded: (batch, strategy) -> its answer in an earlier run, which is taken on and not told again.
        tracks: strategy -> its trajectory, while it goes on and when it has ended.
    """

    scenario: Scenario
    setting: Setting
    makers: Mapping[str, Maker]
    mode: Mode = Mode.OWN
    every: Mapping[str, int] = field(default_factory=dict)
    idle_s: float = 0.0
    starts: Mapping[str, Placement] = field(default_factory=dict)
    recorded: Mapping[tuple[int, str], Recorded] = field(default_factory=dict)
    tracks: dict[str, Track] = field(init=False, default_factory=dict)

    def __iter__(self) -> Iterator[Answered]:
        """Answers, batch by batch, in the order of the strategies."""
        for name, maker in self.makers.items():
            placement = self.starts.get(name, self.setting.placement)
            past = sum(whose == name for _, whose in self.recorded)
            setting = replace(self.setting, placement=placement, answered=past)
            judge = Judge(maker(setting), setting.instance, setting.placement, setting.max_moves)
            judge.stand(setting.instance, setting.placement)
            self.tracks[name] = Track(judge, setting.instance, {})
        for index, (at_ns, events) in enumerate(self.scenario.batches):
            batch = Batch(index, at_ns, events)
            for answered in self._same(batch) if self.mode is Mode.SAME else self._own(batch):
                if self.setting.stop.is_set():
                    return
                if answered is not None:
                    yield answered

    def _own(self, batch: Batch) -> Iterator[Answered | None]:
        for name, track in self.tracks.items():
            yield self._answer(name, track, batch)

    def _same(self, batch: Batch) -> Iterator[Answered | None]:
        leader, *others = self.tracks
        lead = self.tracks[leader]
        instance, placement = lead.instance, lead.judge.placement
        for name in others:
            if (batch.index + 1) % self.every.get(name, 1) == 0 and (batch.index, name) not in self.recorded:
                track = self.tracks[name]
                track.judge.stand(instance, placement)
                track.instance, track.lost = instance, dict(lead.lost)
                yield self._answer(name, track, batch, idle=False)
        yield self._answer(leader, lead, batch)

    def _answer(self, name: str, track: Track, batch: Batch, *, idle: bool = True) -> Answered | None:
        earlier, before = track.instance, track.judge.placement
        started = time.perf_counter()
        instance = track.after(batch.events)
        apply_s = time.perf_counter() - started
        if (known := self.recorded.get((batch.index, name))) is not None:
            answer, stands = known.after(before)
            track.settle(batch, instance, answer)
            track.judge.stand(track.instance, stands)
            return None
        judged = track.judge.answer(instance)
        track.settle(batch, instance, judged.reply.placement)
        if track.instance is not instance:
            track.judge.stand(track.instance, judged.reply.placement)
        improved = track.judge.improve(self.idle_s) if idle and self.idle_s else None
        return Answered(batch, self.mode, name, earlier, instance, before, judged, track.requested, apply_s, improved)
