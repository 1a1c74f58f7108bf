"""What everything costs, objective level by objective level, as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import numpy as np

from mosaico_place.compile import Problem
from mosaico_place.compile.arrays.offers import Offers
from mosaico_place.compile.arrays.rows import BANDWIDTH, Rows
from mosaico_place.compile.arrays.steps import step
from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.instance import Chain, Function, Implementation, Instance, Node, ObjectiveLevel, Term
from mosaico_place.placement import Opening
from mosaico_place.result import rounded_up
from mosaico_place.rules import CostTerm

NS_PER_MS = 10**6

MANY_STEPS = 100_000
"""Of a level's value, above which sums of weights are not listed."""

ROUNDING_STEPS = 1e-4
"""More than float64 can err in counting them."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Cost coefficients; the first index is the level.

    Attributes:
        rejected: (levels, chains) of a chain that is not accepted; dropped: what is added if it ran before.
        reject: (levels, chains) what comes of the two.
        late: (levels, chains) per ns above a target.
        move: (levels, chains) factor on the prices of moved components.
        link: (levels, chains) factor on ``arc``.
        arc: (arcs,) per rate quantum.
        option: (levels, options); resources: (levels,) factor on what options charge for resources.
        program: (levels, programs) for each flow that one serves.
        opening: (levels, openings) for each opened instance.
        active: (levels,) factor on ``node``.
        node: (nodes,) price of a node that hosts something.
        balance: (levels,) factor on the largest used share.
        steps: (levels,) of which every value of a level is a multiple; 0 where that is not known.
        counting: (levels,) whether a level counts nothing but chains that are rejected or dropped.
    """

    rejected: FloatArray
    dropped: FloatArray
    reject: FloatArray
    late: FloatArray
    move: FloatArray
    link: FloatArray
    arc: FloatArray
    option: FloatArray
    resources: FloatArray
    program: FloatArray
    opening: FloatArray
    active: FloatArray
    node: FloatArray
    balance: FloatArray
    steps: tuple[Fraction, ...]
    counting: BoolArray
    _factors: Callable[[str | None], Factors] = field(repr=False)

    def write(self, k: int, chain: Chain, ran: bool) -> None:
        """Price a chain in slot ``k``; ``ran`` says whether it ran before."""
        weight, factors = float(chain.weight), self._factors(chain.class_name)
        self.dropped[:, k] = factors.dropped * weight
        self.rejected[:, k] = factors.rejected * weight
        self.reject[:, k] = self.rejected[:, k] + (self.dropped[:, k] if ran else 0.0)
        self.late[:, k] = factors.latency * weight / NS_PER_MS
        self.move[:, k] = factors.moves
        self.link[:, k] = factors.links

    def clear(self, k: int) -> None:
        """Let the chain in slot ``k`` cost nothing."""
        for costs in (self.rejected, self.dropped, self.reject, self.late, self.move, self.link):
            costs[:, k] = 0.0

    @property
    def count(self) -> int:
        """How many levels there are."""
        return len(self.reject)

    def rounded_up(self, level: int, bound: float, value: Fraction) -> float:
        """The strongest bound on a level that follows from one: at least the next multiple of its step.

        Where a level only counts chains, nothing but sums of what some of them cost is a value of it. Never above the
        value itself.
        """
        step = self.steps[level]
        raised = rounded_up(bound, step, value)
        steps = raised / float(step) if step else np.inf
        if steps > MANY_STEPS or not self.counting[level]:
            return raised
        parts = [round(part / float(step)) for part in self.reject[level]]
        least = _least_sum(parts, math.ceil(steps - ROUNDING_STEPS))
        return raised if least is None else max(raised, min(float(least * step), float(value)))


class Factors(NamedTuple):
    """(levels,) each, what the levels multiply cost terms of chains of one class with."""

    rejected: FloatArray
    dropped: FloatArray
    latency: FloatArray
    moves: FloatArray
    links: FloatArray


def compile_levels(problem: Problem, rows: Rows, offers: Offers, slots: int) -> Levels:
    """Price everything but the chains, of which there may be ``slots``."""
    instance, nodes = problem.instance, problem.infrastructure.nodes

    @cache
    def factors(class_name: str | None) -> Factors:
        costs = (CostTerm.REJECTED, CostTerm.DROPPED, CostTerm.LATENCY, CostTerm.MOVES, CostTerm.LINKS)
        return Factors(
            *(np.array([float(_weight(level, cost, class_name)) for level in instance.objective]) for cost in costs)
        )

    def overall(cost: CostTerm) -> FloatArray:
        return np.array([float(level.get(Term(cost), 0)) for level in instance.objective])

    by_chain = [np.zeros((len(instance.objective), slots)) for _ in range(6)]
    resources = overall(CostTerm.RESOURCES)
    option, wishes = np.zeros(len(offers.runs)), np.zeros((len(offers.runs), len(instance.objective)))
    for i, (_, begin, end) in enumerate(offers.spot_records):
        if begin < end:
            option[i] = float(sum(price for _, price in offers.charges[begin:end]))
    for i, run in enumerate(offers.runs):
        if run.key.wish is not None:
            wishes[i] = _wishes(instance, nodes[run.candidate.node], run.key.wish)
    program = np.array([_program_price(offers, *entry) for entry in offers.program_runs])
    openings = np.array([_opening_price(instance, key) for key in offers.openings])
    unit = rows.quantum[BANDWIDTH]
    arc = [float(instance.bandwidth_price(link) * unit) for link in instance.links for _ in range(2)]
    return Levels(
        rejected=by_chain[0],
        dropped=by_chain[1],
        reject=by_chain[2],
        late=by_chain[3],
        move=by_chain[4],
        link=by_chain[5],
        arc=np.array(arc),
        option=np.outer(resources, option) + wishes.T,
        resources=resources,
        program=np.outer(resources, program),
        opening=np.outer(resources, openings),
        active=overall(CostTerm.ACTIVE),
        node=np.array([float(instance.active_price(node)) for node in nodes]),
        balance=overall(CostTerm.BALANCE),
        steps=tuple(step(level, offers) for level in instance.objective),
        counting=np.array([_counts_chains(level) for level in instance.objective], dtype=np.bool_),
        _factors=factors,
    )


def _least_sum(parts: Sequence[int], least: int) -> int | None:
    """The least sum of some of the parts that is not less than ``least``; None if even all are less."""
    enough = [part for part in parts if part >= least]  # each by itself
    kept = (1 << 2 * least + 1) - 1  # no more is needed: the last part that a sum needs is less
    sums = 1  # bit n: some parts add up to n
    for part in parts:
        if part < least:
            sums |= sums << part & kept
    if reached := sums >> least:
        enough.append(least + (reached & -reached).bit_length() - 1)
    return min(enough, default=None)


def _counts_chains(level: ObjectiveLevel) -> bool:
    return all(term.cost in (CostTerm.REJECTED, CostTerm.DROPPED) for term in level)


def _weight(level: ObjectiveLevel, cost: CostTerm, class_name: str | None) -> Fraction:
    """What a level multiplies a cost term of a chain of this class with."""
    terms = [Term(cost, name) for name in {None, class_name}]
    return sum((level.get(term, Fraction(0)) for term in terms), Fraction(0))


def _wishes(instance: Instance, node: Node, wish: tuple[str, str]) -> list[float]:
    """Per level, what the preference of a component of a chain says of the node."""
    chain = instance.chains[wish[0]]
    price = chain.preference[wish[1]].price(node)
    return [float(_weight(level, CostTerm.PREFERENCE, chain.class_name) * price) for level in instance.objective]


def _program_price(offers: Offers, node: int, function: Function, program: Implementation, shared: bool) -> float:
    instance, owner = offers.instance, offers.infrastructure.nodes[node]
    demand = program.demand if shared else program.alone
    total = sum(
        (amount * instance.resource_price(function, owner, resource) for resource, amount in demand.items()),
        Fraction(0),
    )
    return float(total + (instance.opened_price(function, owner) if function.shared and not shared else 0))


def _opening_price(instance: Instance, key: Opening) -> float:
    owner, node = instance.functions[key.function], instance.nodes[key.node]
    once = owner.implementations[key.implementation].once
    total = sum((amount * instance.resource_price(owner, node, name) for name, amount in once.items()), Fraction(0))
    return float(total + instance.opened_price(owner, node))
