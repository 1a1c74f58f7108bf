"""A scenario played back, with strategies answering side by side."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

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
        instance: after the events.
        before: placement that it started from.
        judged: the answer.
        apply_s: seconds for applying the events.
        idle: what it found in the idle time after it, if that was asked for.
    """

    batch: Batch
    mode: Mode
    strategy: str
    instance: Instance
    before: Placement
    judged: Judged
    apply_s: float
    idle: Judged | None = None

    @property
    def seconds(self) -> float:
        """From the events in to the checked answer."""
        return self.apply_s + self.judged.seconds

    @property
    def accepted(self) -> Fraction:
        """Weight of the chains that it serves."""
        chains = self.instance.chains
        return sum((chains[name].weight for name in self.judged.reply.placement.chains), Fraction(0))


@dataclass(slots=True)
class Track:
    """One trajectory: an instance that changes, and what stands in it.

    Attributes:
        lost: chains that were refused and do not wait, until they would have departed.
        requested, served: weight times ns so far, of chains that asked for service and of those that had it.
    """

    judge: Judge
    instance: Instance
    lost: dict[str, Chain]
    at_ns: int = 0
    requested: Fraction = Fraction(0)
    served: Fraction = Fraction(0)

    def pass_time(self, at_ns: int) -> None:
        """Count service up to a moment."""
        span, chains = at_ns - self.at_ns, self.instance.chains
        served = sum((chains[name].weight for name in self.judge.placement.chains if name in chains), Fraction(0))
        asked = sum((chain.weight for chain in (*chains.values(), *self.lost.values())), Fraction(0))
        self.served += served * span
        self.requested += asked * span
        self.at_ns = at_ns

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

    @property
    def accepted_ratio(self) -> float:
        """Weight x time served by weight x time requested; 1 if nothing was requested."""
        return float(self.served / self.requested) if self.requested else 1.0


def _chain_of(event: Event) -> str | None:
    """The chain that an event speaks of."""
    chain = getattr(event, "chain", None)
    return chain.name if isinstance(chain, Chain) else chain


@dataclass(slots=True)
class Replay:
    """A scenario under way.

    Args:
        scenario: what happens.
        setting: what every strategy is told; its instance is the scenario's.
        makers: the strategies by name; the first one leads where all start from the same state.
        mode: what they start from.
        every: strategy -> at every how many batches it is asked, where all start from the same state.
        idle_s: seconds of idle time for improving, after each batch.
        tracks: strategy -> its trajectory, while it goes on and when it has ended.
    """

    scenario: Scenario
    setting: Setting
    makers: Mapping[str, Maker]
    mode: Mode = Mode.OWN
    every: Mapping[str, int] | None = None
    idle_s: float = 0.0
    tracks: dict[str, Track] = field(init=False, default_factory=dict)

    def __iter__(self) -> Iterator[Answered]:
        """Answers, batch by batch, in the order of the strategies."""
        for name, maker in self.makers.items():
            strategy = maker(self.setting)
            judge = Judge(strategy, self.setting.instance, self.setting.placement, self.setting.max_moves)
            judge.stand(self.setting.instance, self.setting.placement)
            self.tracks[name] = Track(judge, self.setting.instance, {})
        for index, (at_ns, events) in enumerate(self.scenario.batches):
            batch = Batch(index, at_ns, events)
            yield from self._same(batch) if self.mode is Mode.SAME else self._own(batch)

    def _own(self, batch: Batch) -> Iterator[Answered]:
        for name, track in self.tracks.items():
            yield self._answer(name, track, batch)

    def _same(self, batch: Batch) -> Iterator[Answered]:
        leader, *others = self.tracks
        lead = self.tracks[leader]
        instance, placement = lead.instance, lead.judge.placement
        for name in others:
            if batch.index % (self.every or {}).get(name, 1) == 0:
                track = self.tracks[name]
                track.judge.stand(instance, placement)
                track.instance, track.lost = instance, dict(lead.lost)
                yield self._answer(name, track, batch, idle=False)
        yield self._answer(leader, lead, batch)

    def _answer(self, name: str, track: Track, batch: Batch, *, idle: bool = True) -> Answered:
        track.pass_time(batch.at_ns)
        before = track.judge.placement
        started = time.perf_counter()
        instance = track.after(batch.events)
        apply_s = time.perf_counter() - started
        judged = track.judge.answer(instance)
        track.settle(batch, instance, judged.reply.placement)
        if track.instance is not instance:
            track.judge.stand(track.instance, judged.reply.placement)
        improved = track.judge.improve(self.idle_s) if idle and self.idle_s else None
        return Answered(batch, self.mode, name, instance, before, judged, apply_s, improved)
