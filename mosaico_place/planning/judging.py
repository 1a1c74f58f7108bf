"""Rule ``transient``: what is wrong with the steps of a plan, found by taking them one by one.

Nothing is believed of how the plan was made: after every step everything that runs is added up anew. The moment of a
step is the fullest one: what a chain leaves is charged until its last stop, what it takes from its first step on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from mosaico_place.instance import Instance, Kind
from mosaico_place.ledger import Ledger
from mosaico_place.placement import ChainPlacement, Opening
from mosaico_place.planning.changes import Scenery, changes, is_cut, programs_of, remains
from mosaico_place.planning.charges import Items, charge, charge_both, items_of
from mosaico_place.planning.paths import Ways, reload_ns
from mosaico_place.planning.steps import Act, Interruption, Plan, Step, Transition
from mosaico_place.planning.totals import Charged, Course, Totals, worse
from mosaico_place.result import Violation
from mosaico_place.rules import Rule
from mosaico_place.usage import Scene, opening_takes, program, touched


def check_plan(transition: Transition, plan: Plan) -> list[Violation]:
    """Every way in which a plan breaks rule ``transient``; empty if it is sound.

    No step may break ``capacity``, ``device``, ``throughput``, ``bandwidth`` or ``class-share``, nor make worse what
    the event itself has broken; every step must be possible and needed where it stands; the last one must leave what
    is wanted; and whatever stands still because of the plan must be named, with how long.

    Args:
        transition: what the plan is to lead through.
        plan: its steps.
    """
    replay = Replay(transition, plan)
    found = list(replay.run())
    return found + list(replay.ended()) + list(replay.interrupted())


class Replay:
    """Takes the steps of a plan one by one."""

    def __init__(self, transition: Transition, plan: Plan) -> None:
        self._plan = plan
        self._transition = transition
        self._instance = transition.instance
        self._scenery = Scenery(transition, Ledger(transition.instance, transition.before))
        self._hops = self._scenery.before.hops
        self._ways = Ways(self._instance, self._hops)
        self._changed = {change.name for change in changes(self._scenery)}
        self._counts = _opened(self._instance, transition.before.instances)
        self._courses = {name: self._course(placed) for name, placed in transition.before.chains.items()}
        self._courses |= {name: Course(None) for name in transition.after.chains if name not in self._courses}
        self._courses = {name: one for name, one in self._courses.items() if self._scenery.running_form(name)}
        self._spans: list[Interruption] = []
        self._programs = programs_of(self._scenery.transit, self._counts, self._counts)
        self._charged: dict[tuple[str, int, int, bool], tuple[object, object, Charged]] = {}

    def _course(self, placed: ChainPlacement) -> Course:
        left = remains(self._instance, placed)
        broken = left != placed or is_cut(self._instance, placed, self._hops)
        return Course(left, sources=left.components, broken=broken)

    def run(self) -> Iterator[Violation]:
        """What is wrong at some step."""
        before = self.totals()
        for position, step in enumerate(self._plan.steps):
            for message in self._take(position, step):
                yield _violation(position, f"{step.act} {step.chain or _named(step)}", message)
            for place, message, amount in worse(self._instance, self._hops, before, self.totals()):
                yield _violation(position, place, message, amount)
            self._finish(position, step)
            before = self.totals()

    def ended(self) -> Iterator[Violation]:
        """What is not as it is wanted after the last step."""
        after = self._transition.after
        for name, course in self._courses.items():
            wanted = after.chains.get(name) if name in self._instance.chains else None
            gone = course.placed is None or (course.halted is not None and not course.placed.components)
            if course.target is not None or (not gone if wanted is None else course.placed != wanted):
                yield _violation(None, f"chain {name}", "does not run as it is to run after the last step")
            elif name in self._changed and wanted is not None and course.original:
                yield _violation(None, f"chain {name}", "is never switched, though other programs serve it")
        if self._counts != {opening: count for opening, count in after.instances.items() if count > 0}:
            yield _violation(None, "instances", "other instances are opened after the last step than are wanted")

    def interrupted(self) -> Iterator[Violation]:
        """What stands still and is not named as it is, or is named and does not."""
        for span in self._spans:
            if span not in self._plan.interruptions:
                message = "stands still because of the plan, which does not say so, or says it otherwise"
                yield _violation(span.first, f"chain {span.chain}", message)
        for named in self._plan.interruptions:
            if named not in self._spans:
                yield _violation(named.first, f"chain {named.chain}", "is named as interrupted, but is not like this")

    def _take(self, position: int, step: Step) -> Iterator[str]:
        """Take a step as far as its fullest moment; what is wrong with it where it stands."""
        if step.opening is not None:
            yield from self._count(step, step.opening)
            return
        course = self._courses.get(step.chain or "")
        if course is None:
            yield "there is no such chain"
            return
        if step.act is Act.SWITCH or (step.act is Act.START and step.component is not None):
            if course.target is None:
                self._begin(position, step.chain or "", course)
            if course.target is None:
                yield "no switch follows"
                return
        if step.act is Act.START:
            yield from self._start(step, course)
        elif step.act is Act.TRANSFER:
            yield from self._transfer(step, course)
        elif step.act is Act.SWITCH:
            yield from self._switch(step, course)
        else:
            yield from self._stop(position, step, course)

    def _count(self, step: Step, opening: Opening) -> Iterator[str]:
        """Open or close instances."""
        if step.count < 1 or step.act not in (Act.START, Act.STOP):
            yield f"{step.count} instances are not to be counted"
        before = self._counts.get(opening, 0)
        self._counts[opening] = before + (step.count if step.act is Act.START else -step.count)
        if step.act is Act.START:
            if opening_takes(self._instance, opening, step.count) is None:
                yield "it does not run there"
                return
            if step.duration_ns != reload_ns(self._instance, self._instance.functions[opening.function], opening.node):
                yield "takes another time"
            if self._instance.nodes[opening.node].kind is Kind.P4_SWITCH:
                programs = [count for key, count in self._counts.items() if key[:2] == opening[:2] and count > 0]
                if sum(programs) > 1:
                    yield "a program is opened at most once per switch"
        if self._counts[opening] < 0:
            yield f"only {before} are opened"
        if not self._counts[opening]:
            del self._counts[opening]
        self._programs = programs_of(self._scenery.transit, self._counts, self._counts)
        self._charged.clear()

    def _begin(self, position: int, name: str, course: Course) -> None:
        """See what a chain is to be like after its next switch; it is charged from now on."""
        later = self._plan.steps[position:]
        course.target = next((one.placement for one in later if one.act is Act.SWITCH and one.chain == name), None)
        if course.target is not None:
            before = {} if course.placed is None else course.placed.components
            spots = course.target.components.items()
            course.starting = {key: spot for key, spot in spots if before.get(key) != spot}
            moved = ((key, spot) for key, spot in spots if course.sources.get(key, spot) != spot)
            course.carrying = {key: spot for key, spot in moved if self._state_bytes(name, key, course)}

    def _state_bytes(self, name: str, component: str, course: Course) -> int:
        """What is to be carried of a component; nothing if it ran another function before."""
        now = self._instance.chains[name].components[component].function or ""
        form = self._scenery.running_form(name) if course.original else self._instance.chains[name]
        before = None if form is None else form.components.get(component)
        same = before is not None and before.function == now
        return self._instance.functions[now].state_bytes if same else 0

    def _start(self, step: Step, course: Course) -> Iterator[str]:
        name = step.component or ""
        if course.stopping is not None or course.starting.get(name) != step.spot or step.spot is None:
            yield f"{name} is not to start there"
            return
        del course.starting[name]
        component = self._instance.chains[step.chain or ""].components[name]
        function = self._instance.functions[component.function or ""]
        takes = 0 if function.shared_by(component) else reload_ns(self._instance, function, step.spot.node)
        if step.duration_ns != takes:
            yield "takes another time"

    def _transfer(self, step: Step, course: Course) -> Iterator[str]:
        name, spot = step.component or "", step.spot
        if course.target is None or course.stopping is not None or course.target.components.get(name) != spot:
            yield f"{name} is not on its way there"
            return
        if name in course.starting or step.source is None or spot is None or course.sources.get(name) != step.source:
            yield f"{name} has nothing to carry, or nowhere to carry it"
            return
        if course.carrying.pop(name, None) is None:
            yield f"{name} has no state to carry, or it is there by now"
        size = self._state_bytes(step.chain or "", name, course)
        if step.duration_ns != self._ways.transfer_ns(step.source.node, spot.node, size):
            yield "takes another time"

    def _switch(self, step: Step, course: Course) -> Iterator[str]:
        if course.stopping is not None or course.starting or course.target != step.placement:
            yield f"what it switches to has not started: {', '.join(course.starting)}"
        if course.carrying:
            yield f"state is left behind: {', '.join(course.carrying)}"
        same = course.placed == course.target and course.halted is None
        if step.chain not in self._changed or (same and not course.original):
            yield "nothing about it is to change"
        assert course.target is not None, "set when the step began"
        placed = course.placed or ChainPlacement({}, {})
        flows = course.target.flows
        if step.paths != {ends: path for ends, path in flows.items() if placed.flows.get(ends) != path}:
            yield "its paths are not those of the flows that change"
        now, then = placed.components, course.target.components
        course.stopping = {name: spot for name, spot in now.items() if then.get(name) != spot}

    def _stop(self, position: int, step: Step, course: Course) -> Iterator[str]:
        if course.placed is None or (step.component is None and (course.halted is not None or course.target)):
            yield "nothing of it is to be stopped now"
        elif step.component is None:
            course.halted = position
            course.placed = replace(course.placed, flows={}, parallel=())
        elif course.stopping is not None:
            if course.stopping.pop(step.component, None) != step.spot:
                yield f"{step.component} is not to stop there"
        elif course.halted is None or course.placed.components.get(step.component) != step.spot:
            yield f"{step.component} still carries traffic, or does not run there"
        else:
            later = self._plan.steps[position:]
            then = next((one.placement for one in later if one.act is Act.SWITCH and one.chain == step.chain), None)
            if then is not None and then.components.get(step.component) == step.spot:
                yield f"{step.component} is to stay"
            rest = {name: spot for name, spot in course.placed.components.items() if name != step.component}
            merged = (tuple(name for name in group if name in rest) for group in course.placed.merged)
            course.placed = ChainPlacement(rest, {}, tuple(group for group in merged if group))

    def _finish(self, position: int, step: Step) -> None:
        """A chain that has switched, and of which nothing old is left, runs as it is to run."""
        course = self._courses.get(step.chain or "")
        if course is None:
            return
        if step.act is Act.SWITCH and course.halted is not None:
            if not course.broken:
                self._spans.append(self._span(step.chain or "", course.halted, position))
            course.halted = None
        if course.stopping is not None and not course.stopping:
            assert course.target is not None, "only what has switched stops what is old"
            course.placed, course.target, course.stopping = course.target, None, None
            course.sources, course.original = course.placed.components, False

    def _span(self, name: str, first: int, last: int) -> Interruption:
        steps = self._plan.steps[first : last + 1]
        stopped = tuple(one.component for one in steps if one.chain == name and one.act is Act.STOP and one.component)
        durations = [one.duration_ns for one in steps]
        known = [duration for duration in durations if duration is not None]
        return Interruption(name, stopped, first, last, sum(known) if len(known) == len(durations) else None)

    def totals(self) -> Totals:
        """What is taken at this moment, by everything that runs."""
        found = Totals(dict(self._counts))
        for name, course in self._courses.items():
            form = self._instance.chains.get(name) or self._scenery.running_form(name)
            found.add(name, self._charge(name, course), None if form is None else form.class_name)
        for opening, count in self._counts.items():
            found.open(opening, opening_takes(self._scenery.transit, opening, count) or {})
        return found

    def _charge(self, name: str, course: Course) -> Charged:
        """What a chain is charged: as it runs, and as it is to run if it is on its way there."""
        key = (name, id(course.placed), id(course.target), course.original)
        if key not in self._charged:
            old, lacks = self._items(name, course.placed, original=course.original)
            charged = charge(old)
            if course.target is not None:
                new, lacks_then = self._items(name, course.target, original=False)
                charged = charge_both(old, new) if course.placed is not None else charge(new)
                lacks = lacks | lacks_then
            # Both are kept with it, so that no other placement gets their ids meanwhile.
            self._charged[key] = course.placed, course.target, (charged, lacks)
        return self._charged[key][2]

    def _items(
        self, name: str, placed: ChainPlacement | None, *, original: bool
    ) -> tuple[Items, frozenset[tuple[str, ...]]]:
        """What a placement is charged for, and (tail, head, switch, function) of every program that it lacks."""
        if placed is None:
            return Items(), frozenset()
        form = self._scenery.running_form(name) if original else self._instance.chains[name]
        assert form is not None, "chains that nobody knows are left out"
        instance = self._scenery.transit if original else self._instance
        scene = Scene(self._hops, self._programs)
        lacks = frozenset(
            (*flow.ends, node.name, function)
            for flow in form.flows
            for function in flow.per_hop
            for node in touched(instance, placed.flows.get(flow.ends, ()))
            if program(instance, scene, flow, function, node) is None
        )
        return items_of(instance, form, placed, scene), lacks


def _opened(instance: Instance, counts: Mapping[Opening, int]) -> dict[Opening, int]:
    """What is opened where nothing is down."""
    return {opening: count for opening, count in counts.items() if count > 0 and instance.node_up(opening.node)}


def _named(step: Step) -> str:
    return "nothing" if step.opening is None else " ".join(step.opening)


def _violation(position: int | None, place: str, message: str, amount: float = 1.0) -> Violation:
    at = "end" if position is None else f"step {position + 1}"
    return Violation(Rule.TRANSIENT, f"{at}, {place}", message, amount)
