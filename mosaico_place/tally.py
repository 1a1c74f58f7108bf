"""What a placement costs, kept up to date: only what a change touched is costed again, by the functions of costing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction

from mosaico_place.costing import (
    Cost,
    active,
    dropped,
    hosts,
    latency,
    levels_of,
    links,
    moves,
    opened,
    preference,
    priced,
    rejected,
    resources,
)
from mosaico_place.instance import Node, Term
from mosaico_place.ledger import Ledger
from mosaico_place.placement import Opening, Placement, differing
from mosaico_place.rules import CostTerm
from mosaico_place.usage import CapacityName, capacity_of


class Tally:
    """Costs the placement of a ledger, again and again; exactly what :func:`mosaico_place.costing.cost` gives.

    Args:
        ledger: of the placement; it may change between the calls in any way.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._touched = ledger.watch()
        self._begin()

    def _begin(self) -> None:
        """Nothing is costed yet."""
        objective = self._ledger.instance.objective
        self._terms = {Term(term): Fraction(0) for term in CostTerm}
        self._terms |= {term: Fraction(0) for level in objective for term in level}
        self._chains: dict[str, tuple[str | None, dict[CostTerm, Fraction], set[str]]] = {}
        self._openings: dict[Opening, tuple[Fraction, str | None]] = {}
        self._hosting: Counter[str] = Counter()
        self._active: Fraction | None = None
        self._nodes: Mapping[str, Node] = {}
        self._shares: dict[CapacityName, tuple[float, int, int]] = {}
        self._leaders: dict[CapacityName, tuple[float, int, int]] = {}
        self._leading = 0.0
        self._largest: Fraction | None = None

    def cost(self, previous: Placement | None = None) -> Cost:
        """Cost of the placement as it is now; ``previous`` is the one before it, for ``dropped`` and ``moves``."""
        ledger, touched = self._ledger, self._touched
        if touched.everything:
            self._begin()
            touched.chains |= dict.fromkeys(ledger.instance.chains)
            touched.openings |= dict.fromkeys(ledger.instances)
            touched.capacities |= dict.fromkeys(ledger.taken)
        for name in touched.chains:
            self._cost_chain(name)
        for opening in touched.openings:
            self._cost_opening(opening)
        for key in touched.capacities:
            self._share(key)
        touched.clear()
        terms = dict(self._terms)
        terms[Term(CostTerm.ACTIVE)] = self._active_price()
        terms[Term(CostTerm.BALANCE)] = self._balance()
        if previous is not None:
            self._add_changes(terms, previous)
        return Cost(terms, levels_of(ledger.instance, terms))

    def _cost_chain(self, name: str) -> None:
        """Cost a chain anew, but for what it was before."""
        ledger = self._ledger
        class_name, costs, hosting = self._chains.pop(name, (None, {}, set()))
        self._add(self._terms, class_name, {term: -value for term, value in costs.items()})
        self._host(hosting, -1)
        chain, placed = ledger.instance.chains.get(name), ledger.chains.get(name)
        if chain is None:
            return
        costs, hosting = {CostTerm.REJECTED: rejected(chain, placed)}, set()
        if placed is not None:
            costs[CostTerm.LATENCY] = latency(ledger.instance, chain, placed, ledger.scene)
            costs[CostTerm.RESOURCES] = resources(ledger.instance, chain, placed, ledger.scene)
            costs[CostTerm.LINKS] = links(ledger.instance, chain, placed, ledger.scene)
            costs[CostTerm.PREFERENCE] = preference(ledger.instance, chain, placed)
            hosting = hosts(ledger.instance, chain, placed, ledger.scene)
        self._chains[name] = chain.class_name, costs, hosting
        self._add(self._terms, chain.class_name, costs)
        self._host(hosting, 1)

    def _cost_opening(self, opening: Opening) -> None:
        """Cost opened instances anew."""
        instance, count = self._ledger.instance, self._ledger.instances.get(opening, 0)
        value, hosting = self._openings.pop(opening, (Fraction(0), None))
        now = opened(instance, opening, count)
        self._terms[Term(CostTerm.RESOURCES)] += now - value
        self._host({hosting} if hosting is not None else set(), -1)
        here = opening.node if count > 0 and opening.node in instance.nodes else None
        self._host({here} if here is not None else set(), 1)
        if count > 0:
            self._openings[opening] = now, here

    def _host(self, nodes: set[str], by: int) -> None:
        for node in nodes:
            before = self._hosting[node]
            self._hosting[node] = before + by
            if not before + by:
                del self._hosting[node]
            if not before or not before + by:
                self._active = None

    def _active_price(self) -> Fraction:
        """Price of all nodes that host something; neither these nor the nodes change often."""
        instance = self._ledger.instance
        if self._active is None or self._nodes is not instance.nodes:
            self._active = priced((1, active(instance, node)) for node in self._hosting)
            self._nodes = instance.nodes
        return self._active

    def _share(self, name: CapacityName) -> None:
        """See anew which share of a capacity is taken."""
        amount = capacity_of(self._ledger.instance, self._ledger.scene.hops, name).amount
        used = self._ledger.taken.get(name, 0)
        if self._leaders.pop(name, None) is not None:
            self._largest = None
        if not used or not amount:
            self._shares.pop(name, None)
            return
        share = self._shares[name] = used / amount, used, amount
        if share[0] > self._leading:
            self._leaders.clear()
            self._leading = share[0]
        if share[0] == self._leading:
            self._leaders[name] = share
            self._largest = None

    def _balance(self) -> Fraction:
        """The largest share, exactly: rounding keeps the order, so it is among those that round to the largest."""
        if not self._leaders:
            self._leading, _, _ = max(self._shares.values(), default=(0.0, 0, 1))
            self._leaders = {name: share for name, share in self._shares.items() if share[0] == self._leading}
            self._largest = None
        if self._largest is None:
            equal = {(used, amount) for _, used, amount in self._leaders.values()}
            self._largest = max((Fraction(used, amount) for used, amount in equal), default=Fraction(0))
        return self._largest

    def _add_changes(self, terms: dict[Term, Fraction], previous: Placement) -> None:
        """Add what chains that ran before cost besides."""
        ledger = self._ledger
        for name, now in differing(previous, ledger.placement).items():
            chain = ledger.instance.chains.get(name)
            if name not in previous.chains or chain is None:
                continue
            costs = {CostTerm.DROPPED: dropped(chain, now, previous)}
            if now is not None:
                costs[CostTerm.MOVES] = moves(ledger.instance, chain, now, previous)
            self._add(terms, chain.class_name, costs)

    def _add(self, terms: dict[Term, Fraction], class_name: str | None, costs: Mapping[CostTerm, Fraction]) -> None:
        for term, value in costs.items():
            if value:
                terms[Term(term)] += value
                if class_name is not None and Term(term, class_name) in terms:
                    terms[Term(term, class_name)] += value
