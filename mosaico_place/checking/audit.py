"""Which rules a placement breaks, told anew after every change by judging no more than what the change touched.

An :class:`Audit` applies the very functions that :func:`mosaico_place.checking.check` sums up, and what it finds is
what ``check`` finds, in another order.
"""

from __future__ import annotations

from collections.abc import Iterable

from mosaico_place.checking.capacities import check_capacity, check_class, check_opening
from mosaico_place.checking.chain import check_chain
from mosaico_place.checking.moving import check_moves
from mosaico_place.ledger import Ledger
from mosaico_place.placement import Opening, Placement
from mosaico_place.result import Violation
from mosaico_place.usage import CapacityName


class Audit:
    """Judges the placement of a ledger, again and again.

    What breaks a rule is judged every time until it is mended, so nothing is lost between two calls.

    Args:
        ledger: of the placement; it may change between the calls in any way.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._touched = ledger.watch()

    def violations(self, previous: Placement | None = None, max_moves: int | None = None) -> list[Violation]:
        """Every violation of the placement as it is now.

        Chains, then opened instances, then capacities each with the classes that share it, then moves.

        Args:
            previous: the placement before it, if there was one.
            max_moves: how many components may have moved since; None for any number.
        """
        ledger, touched = self._ledger, self._touched
        if touched.everything:
            touched.clear()
            touched.chains |= dict.fromkeys((*ledger.instance.chains, *ledger.chains))
            touched.openings |= dict.fromkeys((*ledger.instances, *ledger.served))
            touched.capacities |= dict.fromkeys(ledger.taken)
        chains = {name: self._chain(name) for name in touched.chains}
        openings = {opening: self._opening(opening) for opening in touched.openings}
        capacities = {name: self._capacity(name) for name in touched.capacities}
        touched.clear()
        touched.chains |= {name: None for name, found in chains.items() if found}
        touched.openings |= {opening: None for opening, found in openings.items() if found}
        touched.capacities |= {name: None for name, found in capacities.items() if found}
        moving = check_moves(ledger.instance, ledger.placement, previous, max_moves)
        return [*_flat(chains.values()), *_flat(openings.values()), *_flat(capacities.values()), *moving]

    def _chain(self, name: str) -> list[Violation]:
        ledger = self._ledger
        return check_chain(ledger.instance, name, ledger.chains.get(name), ledger.scene)

    def _opening(self, opening: Opening) -> list[Violation]:
        ledger = self._ledger
        if opening not in ledger.instances and opening not in ledger.served:
            return []
        return check_opening(ledger.instance, opening, ledger.instances, ledger.served.get(opening, {}))

    def _capacity(self, name: CapacityName) -> list[Violation]:
        ledger = self._ledger
        used = ledger.taken.get(name, 0)
        if not used:
            return []
        instance, hops, shares = ledger.instance, ledger.scene.hops, ledger.takers[name]
        found = check_capacity(instance, name, used, shares, hops)
        for class_name, by_capacity in ledger.by_class.items():
            if name in by_capacity:
                traffic_class = instance.classes[class_name]
                found += check_class(instance, traffic_class, name, by_capacity[name], shares, hops)
        return found


def _flat(found: Iterable[list[Violation]]) -> list[Violation]:
    return [violation for part in found for violation in part]
