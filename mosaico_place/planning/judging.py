"""Rule ``transient``: what is wrong with the steps of a plan, found by taking them one by one.

Nothing is believed of how the plan was made: after every step everything that runs is added up anew. The moment of a
step is the fullest one: what a chain leaves is charged until its last stop, what it takes from its first step on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from mosaico_place.checking.words import base_units, where
from mosaico_place.instance import Instance, Kind
from mosaico_place.ledger import Ledger
from mosaico_place.placement import ChainPlacement, Opening, Spot
from mosaico_place.planning.changes import Scenery, changes, is_cut, programs_of, remains
from mosaico_place.planning.charges import Charge, Items, charge, charge_both, items_of
from mosaico_place.planning.paths import Ways, reload_ns
from mosaico_place.planning.steps import Act, Interruption, Plan, Step, Transition
from mosaico_place.quantities import Dimension
from mosaico_place.result import Violation
from mosaico_place.rules import Rule
from mosaico_place.usage import CapacityName, Scene, capacity_of, dimension_of, opening_takes


def check_plan(transition: Transition, plan: Plan) -> list[Violation]:
    """Every way in which a plan breaks rule ``transient``; empty if it is sound.

    No step may break ``capacity``, ``device``, ``throughput``, ``bandwidth`` or ``class-share``, nor make worse what
    the event itself has broken; every step must be possible and needed where it stands; the last one must leave what
    is wanted; and whatever stands still because of the plan must be named, with how long.

    Args:
        transition: what the plan is to lead through.
        plan: its steps.
    """
    replay = _Replay(transition, plan)
    found = list(replay.run())
    return found + list(replay.ended()) + list(replay.interrupted())


@dataclass
class _Course:
    """One chain on its way.

    Attributes:
        placed: how it runs, or, where it changes, how it ran before; None if it does not.
        target: how it is to run after its next switch, once that has begun.
        starting: component -> spot, that still has to be started before the switch.
        stopping: component -> spot, that still has to be stopped after it; None before it.
        halted: position of the step that stopped its traffic; None while it flows.
        sources: component -> where its state can be carried from.
        original: whether it runs in its old form.
        broken: whether the event has interrupted it.
    """

    placed: ChainPlacement | None
    target: ChainPlacement | None = None
    starting: dict[str, Spot] = field(default_factory=dict)
    stopping: dict[str, Spot] | None = None
    halted: int | None = None
    sources: Mapping[str, Spot] = field(default_factory=dict)
    original: bool = True
    broken: bool = False


@dataclass(frozen=True)
class _Totals:
    """Everything that is taken at a moment, and how much there may be."""

    takes: Mapping[CapacityName, int]
    by_class: Mapping[tuple[str, CapacityName], int]
    loads: Mapping[Opening, int]
    counts: Mapping[Opening, int]


class _Replay:
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
        self._courses |= {name: _Course(None) for name in transition.after.chains if name not in self._courses}
        self._courses = {name: one for name, one in self._courses.items() if self._scenery.running_form(name)}
        self._spans: list[Interruption] = []
        self._known: dict[tuple[str, int, bool], tuple[ChainPlacement, Items]] = {}

    def _course(self, placed: ChainPlacement) -> _Course:
        left = remains(self._instance, placed)
        broken = left != placed or is_cut(self._instance, placed, self._hops)
        return _Course(left, sources=left.components, broken=broken)

    def run(self) -> Iterator[Violation]:
        """What is wrong at some step."""
        before = self._totals()
        for position, step in enumerate(self._plan.steps):
            for message in self._take(position, step):
                yield _violation(position, f"{step.act} {step.chain or _named(step)}", message)
            yield from self._compare(position, before, self._totals())
            self._finish(position, step)
            before = self._totals()

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

    # --- one step --------------------------------------------------------------------------------------------

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
        self._known.clear()

    def _begin(self, position: int, name: str, course: _Course) -> None:
        """See what a chain is to be like after its next switch; it is charged from now on."""
        later = self._plan.steps[position:]
        course.target = next((one.placement for one in later if one.act is Act.SWITCH and one.chain == name), None)
        if course.target is not None:
            before = {} if course.placed is None else course.placed.components
            spots = course.target.components.items()
            course.starting = {key: spot for key, spot in spots if before.get(key) != spot}

    def _start(self, step: Step, course: _Course) -> Iterator[str]:
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

    def _transfer(self, step: Step, course: _Course) -> Iterator[str]:
        name, spot = step.component or "", step.spot
        if course.target is None or course.stopping is not None or course.target.components.get(name) != spot:
            yield f"{name} is not on its way there"
            return
        if name in course.starting or step.source is None or spot is None or course.sources.get(name) != step.source:
            yield f"{name} has nothing to carry, or nowhere to carry it"
            return
        function = self._instance.functions[self._instance.chains[step.chain or ""].components[name].function or ""]
        takes = self._ways.transfer_ns(step.source.node, spot.node, function.state_bytes)
        if not function.state_bytes or step.source == spot or step.duration_ns != takes:
            yield f"{name} has no state, or carrying it takes another time"

    def _switch(self, step: Step, course: _Course) -> Iterator[str]:
        if course.stopping is not None or course.starting or course.target != step.placement:
            yield f"what it switches to has not started: {', '.join(course.starting)}"
        if step.chain not in self._changed:
            yield "nothing about it is to change"
        assert course.target is not None, "set when the step began"
        placed = course.placed or ChainPlacement({}, {})
        flows = course.target.flows
        if step.paths != {ends: path for ends, path in flows.items() if placed.flows.get(ends) != path}:
            yield "its paths are not those of the flows that change"
        now, then = placed.components, course.target.components
        course.stopping = {name: spot for name, spot in now.items() if then.get(name) != spot}

    def _stop(self, position: int, step: Step, course: _Course) -> Iterator[str]:
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

    # --- everything added up ---------------------------------------------------------------------------------

    def _totals(self) -> _Totals:
        """What is taken at this moment, by everything that runs."""
        takes: dict[CapacityName, int] = {}
        by_class: dict[tuple[str, CapacityName], int] = {}
        loads: dict[Opening, int] = {}
        for name, course in self._courses.items():
            charged = self._charge(name, course)
            form = self._instance.chains.get(name) or self._scenery.running_form(name)
            for key, amount in charged.takes.items():
                takes[key] = takes.get(key, 0) + amount
                if form is not None and form.class_name in self._instance.classes:
                    mine = (form.class_name or "", key)
                    by_class[mine] = by_class.get(mine, 0) + amount
            for opening, load in charged.loads.items():
                loads[opening] = loads.get(opening, 0) + load
        for opening, count in self._counts.items():
            for resource, amount in (opening_takes(self._scenery.transit, opening, count) or {}).items():
                of_node: CapacityName = ("node", opening.node, resource)
                takes[of_node] = takes.get(of_node, 0) + amount
        return _Totals(takes, by_class, loads, dict(self._counts))

    def _charge(self, name: str, course: _Course) -> Charge:
        """What a chain is charged: as it runs, and as it is to run if it is on its way there."""
        old = self._items(name, course.placed, original=course.original)
        if course.target is None:
            return charge(old)
        new = self._items(name, course.target, original=False)
        return charge_both(old, new) if course.placed is not None else charge(new)

    def _items(self, name: str, placed: ChainPlacement | None, *, original: bool) -> Items:
        if placed is None:
            return Items()
        key = (name, id(placed), original)
        if key not in self._known:
            form = self._scenery.running_form(name) if original else self._instance.chains[name]
            assert form is not None, "chains that nobody knows are left out"
            instance = self._scenery.transit if original else self._instance
            scene = Scene(self._hops, programs_of(self._scenery.transit, self._counts, self._counts))
            self._known[key] = placed, items_of(instance, form, placed, scene)
        return self._known[key][1]

    def _compare(self, position: int, before: _Totals, now: _Totals) -> Iterator[Violation]:
        """What a step breaks or makes worse."""
        for name, used in now.takes.items():
            has = capacity_of(self._instance, self._hops, name)
            limit = max(has.amount - has.reserved, 0)
            if used > limit and used > before.takes.get(name, 0):
                over = base_units(used - limit, dimension_of(self._instance, name))
                yield _violation(position, where(name), "more is taken than there is", over)
        for (class_name, name), used in now.by_class.items():
            amount = capacity_of(self._instance, self._hops, name).amount
            most = self._instance.classes[class_name].limit(amount)
            if most is not None and used > most and used > before.by_class.get((class_name, name), 0):
                over = base_units(used - most, dimension_of(self._instance, name))
                yield _violation(position, f"class {class_name}, {where(name)}", "more is taken than its share", over)
        for opening, load in now.loads.items():
            yield from self._carried(position, opening, load, (before, now))

    def _carried(
        self, position: int, opening: Opening, load: int, moments: tuple[_Totals, _Totals]
    ) -> Iterator[Violation]:
        """Whether opened instances carry their load."""
        before, now = moments
        implementation = self._instance.functions[opening.function].implementations[opening.implementation]
        had, has = (one.counts.get(opening, 0) for one in (before, now))
        worse = has < had or opening not in before.loads or load > before.loads[opening]
        if worse and (not has or not implementation.carries(load, has)):
            over = load - has * (implementation.capacity_bps or 0)
            place = f"node {opening.node}, {opening.function} {opening.implementation}"
            amount = base_units(over, Dimension.RATE) if has else 1.0
            yield _violation(position, place, "no instance is opened, or those that are carry less", amount)


def _opened(instance: Instance, counts: Mapping[Opening, int]) -> dict[Opening, int]:
    """What is opened where nothing is down."""
    return {opening: count for opening, count in counts.items() if count > 0 and instance.node_up(opening.node)}


def _named(step: Step) -> str:
    return "nothing" if step.opening is None else " ".join(step.opening)


def _violation(position: int | None, place: str, message: str, amount: float = 1.0) -> Violation:
    at = "end" if position is None else f"step {position + 1}"
    return Violation(Rule.TRANSIENT, f"{at}, {place}", message, amount)
