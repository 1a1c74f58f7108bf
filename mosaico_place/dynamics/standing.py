"""What an orchestrator knows, as a fold over what happened: the same whether it lived through it or read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mosaico_place.dynamics.decision import Cause, Decision, Done
from mosaico_place.errors import Fault, InputError
from mosaico_place.events import Arrive, Depart, Event, Handover, RateChange, Update, apply
from mosaico_place.instance import Instance
from mosaico_place.moves import moved
from mosaico_place.placement import EMPTY, Placement


@dataclass(slots=True)
class Standing:
    """The instance, the placement, and what else later decisions depend on.

    Attributes:
        instance: as it is now.
        placement: that was decided on.
        version: of the last decision; 0 before the first.
        clock_ns: the latest time that an event named.
        moved_ns: (chain, component) -> when it last moved, the latest last.
        lost: chains that were refused and did not want to wait.
        pending: version -> steps of its plan, counted from 1, of which nobody has said that they are done.
        answers: id -> what was decided.
        last: the last decision.
    """

    instance: Instance
    placement: Placement = EMPTY
    version: int = 0
    clock_ns: int = 0
    moved_ns: dict[tuple[str, str], int] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    pending: dict[int, set[int]] = field(default_factory=dict)
    answers: dict[str, Decision] = field(default_factory=dict)
    last: Decision | None = None

    def after(self, events: Iterable[Event]) -> Instance:
        """The instance after events of one moment; what happens to a chain that is lost changes nothing.

        Raises:
            InputError: an event does not fit; with several events, paths begin with its position.
        """
        instance, several = self.instance, tuple(events)
        for position, event in enumerate(several):
            if self._is_of_lost(event, instance):
                continue
            try:
                instance = apply(instance, event)
            except InputError as error:
                if len(several) == 1:
                    raise
                raise InputError([_at(position, fault) for fault in error.faults]) from None
        return instance

    def time(self, at_ns: int | None) -> int | None:
        """When something happens that names a time: the clock never runs back."""
        return None if at_ns is None else max(at_ns, self.clock_ns)

    def take(self, decision: Decision, after: Instance | None = None) -> None:
        """Know of one decision more.

        Args:
            decision: which.
            after: the instance after its events, if the caller has it.
        """
        instance = self.after(decision.events) if after is None else after
        before = self.placement if decision.actual is None else decision.actual.on(self.placement)
        now = decision.delta.on(before)
        if decision.at_ns is not None:
            self.clock_ns = decision.at_ns
            for chain, component, *_ in moved(instance, now, before):
                self.moved_ns.pop((chain.name, component), None)
                self.moved_ns[chain.name, component] = decision.at_ns
        for event in decision.events:
            match event:
                case Depart(name):
                    self.lost.discard(name)
                case Arrive(chain, wait):
                    self.lost.discard(chain.name)
                    if not wait and chain.name in instance.chains and chain.name not in now.chains:
                        self.lost.add(chain.name)
                        instance = apply(instance, Depart(chain.name))
        if any(isinstance(event, Depart) for event in decision.events):
            self.moved_ns = {key: at for key, at in self.moved_ns.items() if key[0] in instance.chains}
        if decision.cause is Cause.SYNC:
            self.pending.clear()
        self.pending.pop(decision.about or 0, None)
        if decision.plan.steps:
            self.pending[decision.version] = set(range(1, len(decision.plan.steps) + 1))
        self.instance, self.placement = instance, now
        self.version, self.last = decision.version, decision
        if decision.event_id is not None:
            self.answers[decision.event_id] = decision

    def tick(self, done: Done) -> None:
        """Know that a step is carried out."""
        steps = self.pending.get(done.version, set())
        steps -= steps.copy() if done.step is None else {done.step}
        if not steps:
            self.pending.pop(done.version, None)

    def _is_of_lost(self, event: Event, instance: Instance) -> bool:
        match event:
            case Depart(name) | RateChange(name) | Handover(name):
                return name in self.lost and name not in instance.chains
            case Update(chain):
                return chain.name in self.lost and chain.name not in instance.chains
        return False


def _at(position: int, fault: Fault) -> Fault:
    return Fault((position, *fault.path), fault.message, fault.source, fault.missing)
