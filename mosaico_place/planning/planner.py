"""Plans: the steps from one placement to the next, make before break wherever that is possible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from mosaico_place.latency import order
from mosaico_place.ledger import Ledger
from mosaico_place.placement import Opening, Spot
from mosaico_place.planning.changes import Change, Scenery, changes
from mosaico_place.planning.detour import Detours
from mosaico_place.planning.ordering import close_surplus, find_order
from mosaico_place.planning.paths import Ways, reload_ns
from mosaico_place.planning.relief import Short, helped, relief_by_all
from mosaico_place.planning.stage import Stage
from mosaico_place.planning.steps import Act, Interruption, Plan, Step, Transition

ENOUGH = 6
"""Of so many chains that are in the way, one is chosen."""


def plan(transition: Transition, ledger: Ledger | None = None) -> Plan:
    """The steps from the placement that runs to the one that is wanted.

    What leaves stops first. Then whatever fits with its old and its new placement charged together changes, in an
    order in which all of it does, if one is found. If not, one chain takes a temporary spot, or stands still for a
    while, which the plan names. What arrives comes last.

    Args:
        transition: what to lead through. The placement that is wanted keeps all rules; if it does not, the plan leads
            there nevertheless, and its steps do not fit.
        ledger: of the instance after the event and the placement before, if the caller has it; it is not changed.
    """
    if ledger is None:
        ledger = Ledger(transition.instance, transition.before)
    return Planner(Scenery(transition, ledger)).plan()


class Planner:
    """Collects the steps of one plan.

    Args:
        scenery: what the plan leads through.
    """

    def __init__(self, scenery: Scenery) -> None:
        self._scenery = scenery
        self._stage = Stage(scenery)
        self._ways: Ways | None = None
        self._steps: list[Step] = []
        self._interruptions: list[Interruption] = []
        self._stopped: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._detours: Detours | None = None

    def plan(self) -> Plan:
        """All steps."""
        found = list(changes(self._scenery))
        for change in found:
            self._stage.begin(change)
        for change in found:
            if change.target is None:
                self._leave(change)
        self._close_surplus()
        self._change([change for change in found if change.placed is not None and change.target is not None])
        for change in found:
            if change.placed is None:
                self._perform(change)
        self._close_surplus()
        for opening, count in self._stage.missing().items():
            self._open(opening, count)
        return Plan(tuple(self._steps), tuple(self._interruptions))

    def _change(self, pending: list[Change]) -> None:
        """Change all of them, one way or another."""
        detoured: set[str] = set()
        while pending:
            ordered = find_order(self._stage, pending)
            for change in ordered:
                self._perform(change)
            done = {change.name for change in ordered}
            pending = [change for change in pending if change.name not in done]
            if pending:
                pending = self._make_way(pending, detoured)

    def _make_way(self, pending: list[Change], detoured: set[str]) -> list[Change]:
        """Let one chain that is in the way leave its place before it can take the one it is to have."""
        running = [change for change in pending if change.name not in self._stopped]
        short = [(change, self._stage.shortage(change)) for change in pending]
        broken = next((change for change in running if change.down), None)
        ranked = [broken] if broken is not None else self._in_the_way(running, short)
        tried = [change for change in ranked if change.name not in detoured] if broken is None else []
        if tried:
            if self._detours is None:
                self._detours = Detours(self._scenery, self._all_ways())
            found = self._detours.first(self._stage, tried, short)
            if found is not None:
                change, there, onwards = found
                detoured.add(change.name)
                self._perform(there)
                return [onwards if other is change else other for other in pending]
        chosen = next(iter(ranked or running), None)
        if chosen is None:
            # The placement that is wanted breaks a rule: it is led to all the same, and the judge says so.
            self._perform(pending[0])
            return pending[1:]
        return [self._stop(chosen) if other is chosen else other for other in pending]

    def _in_the_way(self, running: Sequence[Change], short: Sequence[Short]) -> list[Change]:
        """The chains that could go on, or let others go on, if they left their place; the cheapest to stop first.

        Those that could go on at once come first. Light ones are looked at first, and when enough have been found,
        no others.
        """
        ranked: list[tuple[tuple[bool, Fraction, Fraction, int], Change]] = []
        for position, change in enumerate(sorted(running, key=lambda change: change.form.weight)):
            if len(ranked) >= ENOUGH:
                break
            others = helped(relief_by_all(self._stage, change), short)
            if not others:
                continue
            stage = self._stage.copy()
            rest = self._scenery.stopped(change)
            stage.halt(change, rest)
            close_surplus(stage)
            alone = stage.growth(rest) is not None
            if alone or any(stage.growth(other) is not None for other in others if other is not change):
                weight = change.form.weight
                ranked.append(((not alone, weight * self._pause_ns(change), weight, position), change))
        return [change for _, change in sorted(ranked, key=lambda pair: pair[0])]

    def _perform(self, change: Change) -> None:
        """Start what is new, carry state over, switch, stop what is old."""
        grown = self._stage.growth(change)
        for opening, count in (grown if grown is not None else self._lacking(change)).items():
            self._open(opening, count)
        target, old = change.target, change.placed
        assert target is not None, "what leaves does not change"
        before = {} if old is None else old.components
        moving = [name for name in order(change.form) if name in target.components]
        moving = [name for name in moving if before.get(name) != target.components[name]]
        for name in moving:
            self._start(change, name, target.components[name])
        for name in moving:
            self._carry(change, name, change.carried.get(name), target.components[name])
        paths = {ends: path for ends, path in target.flows.items() if old is None or old.flows.get(ends) != path}
        self._steps.append(Step(Act.SWITCH, change.name, placement=target, paths=paths))
        self._stage.settle(change)
        for name, spot in before.items():
            if target.components.get(name) != spot:
                self._steps.append(Step(Act.STOP, change.name, name, spot))
        if change.name in self._stopped:
            self._interrupted(change.name)
        self._close_surplus()

    def _lacking(self, change: Change) -> dict[Opening, int]:
        """What a change needs opened though it does not fit: so much of what is wanted in the end."""
        missing = self._stage.missing()
        return {opening: missing[opening] for opening in change.new.loads if opening in missing}

    def _start(self, change: Change, name: str, spot: Spot) -> None:
        instance = self._scenery.transition.instance
        component = change.form.components[name]
        function = instance.functions[component.function or ""]
        takes = 0 if function.shared_by(component) else reload_ns(instance, function, spot.node)
        self._steps.append(Step(Act.START, change.name, name, spot, duration_ns=takes))

    def _carry(self, change: Change, name: str, source: Spot | None, spot: Spot) -> None:
        """Carry the state of a component over, if it has any and something of it is left."""
        if source is not None and source != spot and (size := self._state_bytes(change, name)):
            takes = self._all_ways().transfer_ns(source.node, spot.node, size)
            self._steps.append(Step(Act.TRANSFER, change.name, name, spot, source, duration_ns=takes))

    def _state_bytes(self, change: Change, name: str) -> int:
        """The state of a component; none if it ran another function before."""
        function = change.form.components[name].function or ""
        running = self._scenery.running_form(change.name)
        before = None if running is None else running.components.get(name)
        same = before is not None and before.function == function
        return self._scenery.transition.instance.functions[function].state_bytes if same else 0

    def _pause_ns(self, change: Change) -> int:
        """How long a chain stands still at least if it stops now, as far as it can be told."""
        instance, target = self._scenery.transition.instance, change.target
        total = 0
        for name, spot in target.components.items() if target is not None else ():
            source = change.carried.get(name)
            if source is not None and source != spot:
                size = self._state_bytes(change, name)
                total += self._all_ways().transfer_ns(source.node, spot.node, size) or 0
                total += reload_ns(instance, instance.functions[change.form.components[name].function or ""], spot.node)
        return total

    def _leave(self, change: Change) -> None:
        """Stop a chain for good."""
        self._steps.append(Step(Act.STOP, change.name))
        for name, spot in change.placed.components.items() if change.placed is not None else ():
            self._steps.append(Step(Act.STOP, change.name, name, spot))
        self._stage.settle(change)

    def _stop(self, change: Change) -> Change:
        """Stop a chain for a while; returns the rest of its change."""
        rest = self._scenery.stopped(change)
        assert change.placed is not None, "what has not arrived cannot be stopped"
        assert rest.placed is not None, "something of it stays"
        moving = tuple(name for name in change.placed.components if name not in rest.placed.components)
        self._stopped[change.name] = len(self._steps), moving
        if change.down:
            self._stopped[change.name] = -1, moving
        self._steps.append(Step(Act.STOP, change.name))
        for name in moving:
            self._steps.append(Step(Act.STOP, change.name, name, change.placed.components[name]))
        self._stage.halt(change, rest)
        self._close_surplus()
        return rest

    def _interrupted(self, name: str) -> None:
        """Name the interruption that has just ended; what the event interrupted is none of ours."""
        first, moving = self._stopped.pop(name)
        last = max(position for position, step in enumerate(self._steps) if step.act is Act.SWITCH)
        if first >= 0:
            length = total_ns(self._steps[first : last + 1])
            self._interruptions.append(Interruption(name, moving, first, last, length))

    def _open(self, opening: Opening, count: int) -> None:
        instance = self._scenery.transition.instance
        takes = reload_ns(instance, instance.functions[opening.function], opening.node)
        self._steps.append(Step(Act.START, opening=opening, count=count, duration_ns=takes))
        self._stage.open(opening, count)

    def _close_surplus(self) -> None:
        for opening, count in close_surplus(self._stage).items():
            self._steps.append(Step(Act.STOP, opening=opening, count=count))

    def _all_ways(self) -> Ways:
        if self._ways is None:
            self._ways = Ways(self._scenery.transition.instance, self._scenery.before.hops)
        return self._ways


def total_ns(steps: Iterable[Step]) -> int | None:
    """How long steps take together; None if that cannot be told of one of them."""
    total = 0
    for one in steps:
        if one.duration_ns is None:
            return None
        total += one.duration_ns
    return total
