"""What is taken at one moment of a plan, and what still fits beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import dataclass

from mosaico_place.instance import Implementation, Kind
from mosaico_place.placement import Opening
from mosaico_place.planning.changes import Change, Scenery, other_counts
from mosaico_place.planning.charges import Amounts, Charge
from mosaico_place.usage import CapacityName, capacity_of, opening_takes


@dataclass(frozen=True, slots=True)
class Shortage:
    """What keeps a change from fitting: only where all of it is given back can the change fit.

    Attributes:
        amounts: how much of which capacities is lacking.
        opens: instances of which more have to be opened, which is part of that; less load on them could spare it.
    """

    amounts: Amounts
    opens: Collection[Opening]


class Stage:
    """What is taken and opened at one moment; begins with what runs before the plan.

    Only what differs from the ledger is kept, so that a stage is cheap to make and to copy.

    Attributes:
        counts: how many instances are opened.
    """

    def __init__(self, scenery: Scenery) -> None:
        self._scenery = scenery
        self._ledger = scenery.ledger
        self._more: Amounts = {}
        self._class_more: dict[str, Amounts] = {}
        self._load: dict[Opening, tuple[int, int]] = {}
        transition = scenery.transition
        before, after = transition.before.instances, transition.after.instances
        alive = {key: count for key, count in before.items() if count > 0 and transition.instance.node_up(key.node)}
        self.counts = dict(alive)
        self._alive = alive
        self._target = after
        self._above = dict.fromkeys(key for key in other_counts(alive, after) if alive.get(key, 0) > after.get(key, 0))
        if scenery.transit is not transition.instance:
            for opening, count in alive.items():
                if transition.instance.nodes[opening.node].drained:
                    self._open(opening, count)
        self._limits: dict[CapacityName, int] = {}

    def copy(self) -> Stage:
        """A stage that changes by itself."""
        other = copy(self)
        vars(other).update(
            _more=dict(self._more),
            _class_more={name: dict(more) for name, more in self._class_more.items()},
            _load=dict(self._load),
            counts=dict(self.counts),
            _above=dict(self._above),
        )
        return other

    def begin(self, change: Change) -> None:
        """Charge a chain what it takes as it runs, in the place of what the ledger says of its form by now."""
        ledger, class_name = self._ledger, change.form.class_name
        part = ledger.parts.get(change.name)
        now = ledger.instance.chains.get(change.name)
        if part is not None and now is not None:
            self._add(Charge(ledger.charged(change.name), part.loads), -1, now.class_name)
        self._add(change.old, 1, class_name)

    def used(self, name: CapacityName) -> int:
        """How much of a capacity is taken."""
        return self._ledger.taken.get(name, 0) + self._more.get(name, 0)

    def limit(self, name: CapacityName) -> int:
        """How much of it may be."""
        if name not in self._limits:
            has = capacity_of(self._ledger.instance, self._ledger.scene.hops, name)
            self._limits[name] = max(has.amount - has.reserved, 0)
        return self._limits[name]

    def load(self, opening: Opening) -> tuple[int, int]:
        """(bit/s, chains) that count on opened instances."""
        if opening not in self._load:
            served = self._ledger.served.get(opening, {})
            self._load[opening] = sum(served.values()), len(served)
        return self._load[opening]

    def growth(self, change: Change) -> dict[Opening, int] | None:
        """How many instances have to be opened before a chain can change; None if it does not fit now at all."""
        needed = self._needed(change)
        if needed is None:
            return None
        grown, more = needed
        fits = all(self.used(name) + amount <= self.limit(name) for name, amount in more.items())
        return grown if fits and self._fits_class(change) else None

    def shortage(self, change: Change) -> Shortage | None:
        """What keeps a change from fitting; None if that is its class, or instances that cannot be opened."""
        needed = self._needed(change)
        if needed is None or not self._fits_class(change):
            return None
        opens, more = needed
        over = {name: self.used(name) + amount - self.limit(name) for name, amount in more.items()}
        return Shortage({name: amount for name, amount in over.items() if amount > 0}, opens.keys())

    def closes(self, openings: Iterable[Opening]) -> bool:
        """Whether some of these instances are closed once fewer chains use them."""
        return any(opening in self._above for opening in openings)

    def _needed(self, change: Change) -> tuple[dict[Opening, int], Amounts] | None:
        """Instances that have to be opened for a change, and what it takes more with them; None if they cannot be."""
        grown: dict[Opening, int] = {}
        more = dict(change.more.takes)
        for opening, added in change.more.loads.items():
            needed = self._implementation(opening).instances_for(self.load(opening)[0] + added)
            count = self.counts.get(opening, 0)
            if needed > count:
                if needed > self._most(opening) or self._other_program(opening):
                    return None
                grown[opening] = needed - count
                for name, amount in self._once(opening, needed - count).items():
                    more[name] = more.get(name, 0) + amount
        return grown, more

    def settle(self, change: Change) -> None:
        """A chain has changed: what it takes is what it is to take."""
        self._add(change.old, -1, change.form.class_name)
        self._add(change.new, 1, change.form.class_name)

    def halt(self, change: Change, rest: Change) -> None:
        """A chain stands still: what it takes is what the rest of its change begins with."""
        self._add(change.old, -1, change.form.class_name)
        self._add(rest.old, 1, change.form.class_name)

    def open(self, opening: Opening, count: int) -> None:
        """Open so many instances more, or, below 0, fewer."""
        self.counts[opening] = self.counts.get(opening, 0) + count
        self._open(opening, count)
        if self.counts[opening] > self._target.get(opening, 0):
            self._above[opening] = None
        else:
            self._above.pop(opening, None)
        if not self.counts[opening]:
            del self.counts[opening]

    def surplus(self) -> dict[Opening, int]:
        """How many instances can be closed by now that are not wanted in the end."""
        found = {}
        for opening in self._above:
            load, users = self.load(opening)
            needed = self._implementation(opening).instances_for(load) if users else 0
            closing = self.counts[opening] - max(needed, self._target.get(opening, 0))
            if closing > 0:
                found[opening] = closing
        return found

    def missing(self) -> dict[Opening, int]:
        """How many instances are wanted in the end and not opened yet."""
        lacking = {opening: count - self.counts.get(opening, 0) for opening, count in self._target.items()}
        return {opening: count for opening, count in lacking.items() if count > 0}

    def _most(self, opening: Opening) -> int:
        return max(self._alive.get(opening, 0), self._target.get(opening, 0))

    def _implementation(self, opening: Opening) -> Implementation:
        return self._ledger.instance.functions[opening.function].implementations[opening.implementation]

    def _other_program(self, opening: Opening) -> bool:
        """Whether a switch has another program of the function, beside which this one cannot be opened."""
        if self._ledger.instance.nodes[opening.node].kind is not Kind.P4_SWITCH:
            return False
        names = self._ledger.instance.functions[opening.function].implementations
        others = (opening._replace(implementation=name) for name in names if name != opening.implementation)
        return any(self.counts.get(other, 0) > 0 for other in others)

    def _once(self, opening: Opening, count: int) -> Amounts:
        taken = opening_takes(self._scenery.transit, opening, abs(count)) or {}
        sign = 1 if count > 0 else -1
        return {("node", opening.node, resource): sign * amount for resource, amount in taken.items()}

    def _open(self, opening: Opening, count: int) -> None:
        for name, amount in self._once(opening, count).items():
            self._more[name] = self._more.get(name, 0) + amount

    def _fits_class(self, change: Change) -> bool:
        """Whether the class of a chain may take so much more."""
        class_name = change.form.class_name or ""
        by_capacity = self._ledger.by_class.get(class_name)
        if by_capacity is None:
            return True
        traffic_class = self._ledger.instance.classes[class_name]
        mine = self._class_more.get(class_name, {})
        for name, amount in change.more.takes.items():
            has = capacity_of(self._ledger.instance, self._ledger.scene.hops, name).amount
            limit = traffic_class.limit(has)
            if limit is not None and by_capacity.get(name, 0) + mine.get(name, 0) + amount > limit:
                return False
        return True

    def _add(self, charged: Charge, sign: int, class_name: str | None) -> None:
        for name, amount in charged.takes.items():
            self._more[name] = self._more.get(name, 0) + sign * amount
        if class_name in self._ledger.by_class:
            mine = self._class_more.setdefault(class_name or "", {})
            for name, amount in charged.takes.items():
                mine[name] = mine.get(name, 0) + sign * amount
        for opening, load in charged.loads.items():
            before, users = self.load(opening)
            self._load[opening] = before + sign * load, users + sign
