"""Random events of every kind through the orchestrator: whatever happens, what it says is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mosaico_place.checking import check
from mosaico_place.costing import cost
from mosaico_place.dynamics.decision import Decision
from mosaico_place.dynamics.orchestrator import Orchestrator
from mosaico_place.dynamics.restructure import Restructure
from mosaico_place.events import (
    Arrive,
    CapacityChange,
    Depart,
    DeviceUp,
    Event,
    LinkBandwidth,
    LinkLatency,
    LinkUp,
    NodeUp,
    Undrain,
    Update,
)
from mosaico_place.instance import Chain, Instance
from mosaico_place.ledger import Ledger
from mosaico_place.placement import ChainPlacement, Placement
from mosaico_place.planning import Transition, check_plan
from tests.depth import dear
from tests.strategies import tiny_instances
from tests.test_events import random_event

S = 10**9
SEEDS = st.integers(0, 2**32)
STRATEGIES = ("classic", "restructure")


def lively_event(rng: Random, first: Instance, instance: Instance, spare: list[Chain]) -> Event:
    """Any event, but every second time one that mends what is broken, or lets a chain come that is away."""
    mends: list[Event] = [NodeUp(name) for name, node in instance.nodes.items() if not node.up]
    mends += [Undrain(name) for name, node in instance.nodes.items() if node.drained]
    mends += [LinkUp(link.ends) for link in instance.links if not link.up]
    mends += [DeviceUp(name, one) for name, node in instance.nodes.items() for one in sorted(node.devices_down)]
    for name, node in first.nodes.items():
        if node.capacity and node.capacity != instance.nodes[name].capacity:
            mends.append(CapacityChange(name, node.capacity))
    for old, new in zip(first.links, instance.links, strict=True):
        if (old.forth, old.back) != (new.forth, new.back):
            mends.append(LinkLatency(old.ends, old.forth.latency_ns, old.back.latency_ns))
            mends.append(LinkBandwidth(old.ends, old.forth.bandwidth_bps, old.back.bandwidth_bps))
    mends += [Arrive(chain) for chain in spare if chain.name not in instance.chains]
    mends += [Update(chain) for chain in spare if instance.chains.get(chain.name, chain) != chain]
    return rng.choice(mends) if mends and rng.random() < 0.5 else random_event(rng, instance, spare)


def agrees(orchestrator: Orchestrator, before: Placement, decision: Decision) -> None:
    """Fail if a decision is not what the full check and the full cost say, or the ledger is not the placement's."""
    instance, placement = orchestrator.instance, orchestrator.placement
    found = check(instance, placement, before)
    gone = [f"chain {name}" for name in decision.refused if name not in instance.chains]
    unmet = [violation for violation in decision.unmet if violation.where not in gone]
    assert sorted(map(repr, found)) == sorted(map(repr, unmet)), (found, unmet)
    assert decision.delta.on(before) == placement
    total = cost(instance, placement, before)
    lost = any(isinstance(event, Arrive) and not event.wait for event in decision.events) and decision.refused
    for level, value in zip(decision.levels, total.levels, strict=True):
        assert lost or level.value == float(value)
        assert level.value is not None
        assert level.bound is None or level.bound <= level.value + 1e-6
    judge = orchestrator.judge
    assert judge.placement == placement
    assert (judge.instance.chains.keys(), judge.placement) == (instance.chains.keys(), placement)
    fresh = Ledger(judge.instance, placement)
    ledger = judge.ledger
    assert (ledger.taken, ledger.takers, ledger.served) == (fresh.taken, fresh.takers, fresh.served)
    assert ledger.by_class == fresh.by_class
    if isinstance(judge.strategy, Restructure):
        keeps_its_prices(judge.strategy)


def follows(orchestrator: Orchestrator, earlier: Instance, before: Placement, decision: Decision) -> None:
    """Fail if a step of the plan breaks a rule, or the plan does not lead where it should."""
    if decision.refused and any(name not in orchestrator.instance.chains for name in decision.refused):
        return  # the instance that it was made for is gone
    transition = Transition(earlier, orchestrator.instance, before, orchestrator.placement)
    assert check_plan(transition, decision.plan) == []


def keeps_its_prices(strategy: Restructure) -> None:
    """Fail if what is known of a chain at the kept prices is that of another form of it, or of another chain."""
    live, worth = strategy.live, strategy._worth
    known = [k for k, name in enumerate(live.base.names) if name and k not in live.written]
    if worth._compiled is live.base:
        before = worth.lower.copy()
        worth.note(np.array(known, dtype=np.int64))
        assert np.allclose(before[known], worth.lower[known], rtol=1e-9, atol=1e-9)


class Life(RuleBasedStateMachine):
    """An orchestrator to which everything happens; its journal is read back at the end."""

    strategy = "restructure"

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.at_ns = 0
        self.orchestrator: Orchestrator | None = None

    @initialize(instance=tiny_instances(chains=4), seed=SEEDS)
    def begin(self, instance: Instance, seed: int) -> None:
        """Something to begin with."""
        self.first, self.spare = instance, list(instance.chains.values())
        self.before = Placement()
        self.path = Path(self.folder.name) / "journal"
        self.orchestrator = Orchestrator(instance, strategy=self.strategy, seed=seed % 1000, journal=self.path)
        self.decision = self.orchestrator.last
        self.known: list[tuple[tuple[Event, ...], Decision]] = []

    @property
    def it(self) -> Orchestrator:
        """The orchestrator."""
        assert self.orchestrator is not None
        return self.orchestrator

    def _drawn(self, seed: int, several: bool) -> tuple[Event, ...]:
        rng, events, instance = Random(seed), [], self.it.instance
        for _ in range(rng.randint(2, 4) if several else 1):
            event = lively_event(rng, self.first, instance, self.spare)
            events.append(event)
            instance = replace(self.it.standing, instance=instance).after([event])
        return tuple(events)

    @rule(seed=SEEDS, several=st.booleans(), wait_s=st.integers(0, 12), timed=st.booleans())
    def happen(self, seed: int, several: bool, wait_s: int, timed: bool) -> None:
        """Something happens."""
        events = self._drawn(seed, several)
        self.at_ns += wait_s * S
        self.before, earlier = self.it.placement, self.it.instance
        name = f"e{self.it.version}"
        self.decision = self.it.apply(events, at_ns=self.at_ns if timed else None, event_id=name)
        follows(self.it, earlier, self.before, self.decision)
        self.known.append((events, self.decision))

    @rule(seed=SEEDS, several=st.booleans())
    def ask(self, seed: int, several: bool) -> None:
        """A question changes nothing, and is answered like the event."""
        events, at_ns = self._drawn(seed, several), self.at_ns
        standing = repr(self.it.standing)
        asked = self.it.what_if(events, at_ns=at_ns)
        assert repr(self.it.standing) == standing
        self.before = self.it.placement
        self.decision = self.it.apply(events, at_ns=at_ns)
        assert replace(self.decision, seconds=asked.seconds) == asked

    @rule(seed=SEEDS)
    def repeat(self, seed: int) -> None:
        """A repeat changes nothing."""
        if self.known:
            events, decision = Random(seed).choice(self.known)
            version = self.it.version
            assert self.it.apply(events, event_id=decision.event_id) is decision
            assert self.it.version == version

    @rule(seed=SEEDS, whole=st.booleans())
    def differ(self, seed: int, whole: bool) -> None:
        """The network is not as it was thought to be."""
        rng, placed = Random(seed), self.it.placement
        told: dict[str, ChainPlacement | None] = {}
        for name, chain in placed.chains.items():
            if rng.random() < 0.5:
                told[name] = rng.choice([None, _spoilt(rng, chain)])
        actual = {**placed.chains, **told}
        stood = {name: chain for name, chain in actual.items() if chain is not None}
        if whole:
            self.decision = self.it.sync(Placement(stood, placed.instances), at_ns=self.at_ns).decision
        else:
            self.decision = self.it.failed(self.it.version, told)
        self.before = Placement(stood, placed.instances)

    @rule(seconds=st.sampled_from([0.01, 0.05]))
    def improve(self, seconds: float) -> None:
        """Idle time makes nothing worse."""
        before = self.it.placement
        stood = cost(self.it.instance, before, before).levels
        if (decision := self.it.improve(seconds)) is not None:
            assert cost(self.it.instance, self.it.placement, before).levels <= stood
            self.before, self.decision = before, decision

    @rule(seed=SEEDS)
    def offer(self, seed: int) -> None:
        """What was found elsewhere is taken on only if it is better."""
        rng, before = Random(seed), self.it.placement
        chains = {name: chain for name, chain in before.chains.items() if rng.random() < 0.5}
        stood = cost(self.it.instance, before, before).levels
        decision = self.it.offer(Placement(chains, before.instances))
        if decision is None:
            assert self.it.placement is before
        else:
            assert cost(self.it.instance, self.it.placement, before).levels < stood
            self.before, self.decision = before, decision

    @invariant()
    def holds(self) -> None:
        """What was said last is true."""
        if self.orchestrator is not None:
            agrees(self.it, self.before, self.decision)

    def teardown(self) -> None:
        """Read the journal back."""
        if self.orchestrator is not None:
            self.it.close()
            with Orchestrator(self.first, strategy="classic", journal=self.path) as again:
                assert again.standing == self.it.standing
        self.folder.cleanup()


class ClassicLife(Life):
    """The same for a strategy that moves nothing."""

    strategy = "classic"

    @rule(seed=SEEDS)
    def come_and_go(self, seed: int) -> None:
        """What arrives and departs leaves everything as it was, to the last unit."""
        chain = replace(Random(seed).choice(self.spare), name="guest")
        if self.it.waiting or "guest" in self.it.instance.chains:
            return
        before, taken = self.it.placement, dict(self.it.judge.ledger.taken)
        self.it.apply(Arrive(chain))
        self.before = self.it.placement
        self.decision = self.it.apply(Depart("guest"))
        assert self.it.placement == before
        assert self.it.judge.ledger.taken == taken


def _spoilt(rng: Random, chain: ChainPlacement) -> ChainPlacement:
    """As it stood, or with something missing or elsewhere."""
    spots = dict(chain.components)
    if spots and rng.random() < 0.7:
        name = rng.choice(sorted(spots))
        if rng.random() < 0.5:
            del spots[name]
        else:
            spots[name] = replace(spots[name], node=rng.choice([spot.node for spot in spots.values()]))
    return replace(chain, components=spots, merged=(), parallel=())


def live(life: type[Life], examples: int, steps: int) -> None:
    """Live so many lives of so many steps."""
    run_state_machine_as_test(
        life,
        settings=settings(dear(examples), stateful_step_count=steps, report_multiple_bugs=False),
    )


def test_life_with_restructure() -> None:
    """Tests that whatever happens, answers keep the rules, and the journal brings everything back."""
    live(Life, 12, 25)


def test_life_with_classic() -> None:
    """Tests the same of a strategy that moves nothing, and that what comes and goes leaves no trace."""
    live(ClassicLife, 12, 25)
