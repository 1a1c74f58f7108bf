"""Answers as anybody sees them: checked, costed, with the steps that lead there."""

from __future__ import annotations

import time
from dataclasses import dataclass

from mosaico_place.checking.audit import Audit
from mosaico_place.costing import Cost
from mosaico_place.dynamics.strategy import Reply, Strategy
from mosaico_place.instance import Instance
from mosaico_place.ledger import Ledger
from mosaico_place.moves import moved
from mosaico_place.placement import ChainPlacement, Placement, differing
from mosaico_place.planning import Plan, Transition, plan
from mosaico_place.result import Violation
from mosaico_place.tally import Tally


@dataclass(frozen=True, slots=True)
class Changes:
    """How a placement differs from the one before it.

    Attributes:
        moves: components whose node, device or implementation changed.
        reroutes: flows that take another path although both their ends stay.
        rewrites: chains that are merged or run in parallel otherwise, and components that switched their level.
    """

    moves: int = 0
    reroutes: int = 0
    rewrites: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer, judged.

    Attributes:
        reply: the answer.
        cost: of it.
        violations: rules that it breaks.
        plan: the steps that lead to it.
        changes: since what stood.
        seconds: from the changed instance to the checked plan.
        answer_s: of these, what the strategy took for its placement.
    """

    reply: Reply
    cost: Cost
    violations: tuple[Violation, ...]
    plan: Plan
    changes: Changes
    seconds: float
    answer_s: float


class Judge:
    """Follows one strategy's placement and judges its answers.

    Args:
        strategy: whose.
        instance, placement: what stands in the beginning.
        max_moves: how many components may move in one answer.

    Attributes:
        ledger: what the placement takes. Not to be changed.
    """

    def __init__(self, strategy: Strategy, instance: Instance, placement: Placement, max_moves: int | None) -> None:
        self.strategy = strategy
        self._max_moves = max_moves
        self.ledger = Ledger(instance, placement)
        self._audit, self._tally = Audit(self.ledger), Tally(self.ledger)
        self.instance, self.placement = instance, placement

    def stand(self, instance: Instance, placement: Placement) -> None:
        """Let this be what stands, for the judge and for the strategy."""
        self.strategy.stand(instance, placement)
        self.ledger.adopt(instance)
        self.ledger.become(placement)
        self._audit.violations()
        self._tally.cost()
        self.instance, self.placement = instance, placement

    def answer(self, instance: Instance) -> Judged:
        """Ask the strategy about a changed instance, and take its answer on."""
        self.strategy.stand(self.instance, self.placement)
        started = time.perf_counter()
        return self._judged(self.strategy.answer(instance), instance, started)

    def improve(self, seconds: float) -> Judged | None:
        """Let the strategy use idle time; None if it found nothing better."""
        self.strategy.stand(self.instance, self.placement)
        started = time.perf_counter()
        reply = self.strategy.improve(seconds)
        return None if reply is None else self._judged(reply, self.instance, started)

    def offer(self, placement: Placement) -> Judged | None:
        """Let the strategy begin from a placement found elsewhere; None if that ends no better than what stands."""
        started = time.perf_counter()
        instance, before = self.instance, self.placement
        value, broken = self._tally.cost(before).levels, len(self._audit.violations())
        self.strategy.stand(instance, placement)
        judged = self._judged(self.strategy.answer(instance), instance, started)
        if len(judged.violations) <= broken and judged.cost.levels < value:
            return judged
        self.stand(instance, before)
        return None

    def _judged(self, reply: Reply, instance: Instance, started: float) -> Judged:
        answer_s = time.perf_counter() - started
        before, transition = self.placement, Transition(self.instance, instance, self.placement, reply.placement)
        self.ledger.adopt(instance)
        steps = plan(transition, self.ledger)
        self.ledger.become(reply.placement)
        violations = tuple(self._audit.violations(before, self._max_moves))
        seconds = time.perf_counter() - started
        total = self._tally.cost(before)
        self.instance, self.placement = instance, reply.placement
        return Judged(reply, total, violations, steps, changes(instance, before, reply.placement), seconds, answer_s)


def changes(instance: Instance, before: Placement, now: Placement) -> Changes:
    """What differs, counted."""
    moves = list(moved(instance, now, before))
    levels = 0
    for chain, component, old, new in moves:
        function = instance.functions[chain.components[component].function or ""]
        was = function.implementations.get(old.implementation)
        levels += was is None or was.level is not function.implementations[new.implementation].level
    reroutes = rewrites = 0
    for name, placed in differing(before, now).items():
        stood = before.chains.get(name)
        if stood is None or placed is None or name not in instance.chains:
            continue
        reroutes += sum(_rerouted(ends, stood, placed) for ends in placed.flows)
        rewrites += {*stood.merged, *stood.parallel} != {*placed.merged, *placed.parallel}
    return Changes(len(moves), reroutes, rewrites + levels)


def _rerouted(ends: tuple[str, str], stood: ChainPlacement, placed: ChainPlacement) -> bool:
    """Whether a flow takes another path between the same nodes."""
    old, new = stood.flows.get(ends, ()), placed.flows[ends]
    return bool(old) and old != new and (old[0], old[-1]) == (new[0], new[-1])
