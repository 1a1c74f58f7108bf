"""The expressions that rules and cost terms are written in: what the variables of the model mean together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mosaico_place.compile import Candidate, ChainBlock, Problem
from mosaico_place.exact.rewrites import both
from mosaico_place.exact.strengthening import ALL, Strengthening
from mosaico_place.instance import Budget, Chain, Component, Flow, Function, Implementation, Instance
from mosaico_place.latency import budget_flows

Var = Any
"""A Pyomo variable, or the constants 0 and 1 where a value is known beforehand."""

Terms = list[tuple[int, Var]]
"""A linear expression with whole coefficients."""


class Growing(NamedTuple):
    """By how many units a capacity grows, and the most that it may."""

    unit: int
    var: Var
    most: int


class Served(NamedTuple):
    """A program that may serve a flow as a per-hop function on a switch; ``terms`` is 1 if it does."""

    node: int
    function: Function
    program: Implementation
    terms: Terms


@dataclass(frozen=True, slots=True)
class Symbols:
    """Everything that rules and cost terms are written in.

    Attributes:
        model: the Pyomo model.
        problem: the compiled instance.
        accept: chain -> variable or constant.
        options: (chain, component) -> node index -> [(candidate, variable)], endpoints included.
        arcs: (chain, tail, head) -> [(arc index, variable)].
        follows: (chain, tail, head) of a copy -> [(arc index, variable)].
        opened: (node index, function, implementation) -> [variable], the k-th 1 if k or more are opened.
        serves: (chain, tail, head, node index, function) -> [(program, variable)], where there is a choice.
        time_unit: chain -> ns per unit of its ``end`` and ``late``.
        strengthenings: those that the rows use.
        actual: the instance with the capacities as they are, where the problem's may grow beyond them; else None.
        grown: name of a capacity -> its growth.
        merges, vanishes, saves: see :mod:`mosaico_place.exact.rewrites`, which fills them.
    """

    model: Any
    problem: Problem
    accept: Mapping[str, Var]
    options: Mapping[tuple[str, str], Mapping[int, Sequence[tuple[Candidate, Var]]]]
    arcs: Mapping[tuple[str, str, str], Sequence[tuple[int, Var]]]
    follows: Mapping[tuple[str, str, str], Sequence[tuple[int, Var]]]
    opened: Mapping[tuple[int, str, str], Sequence[Var]]
    serves: Mapping[tuple[str, str, str, int, str], Sequence[tuple[Implementation, Var]]]
    time_unit: Mapping[str, int]
    strengthenings: frozenset[Strengthening] = ALL
    actual: Instance | None = None
    grown: dict[tuple[str, ...], Growing] = field(default_factory=dict)
    merges: dict[tuple[int, ...], Var] = field(default_factory=dict)
    vanishes: dict[tuple[str, str], Terms] = field(default_factory=dict)
    saves: dict[tuple[str, str], Terms] = field(default_factory=dict)

    @property
    def instance(self) -> Instance:
        """The instance whose capacities count."""
        return self.problem.instance if self.actual is None else self.actual

    def growth(self, name: tuple[str, ...], amounts: Iterable[int], most: int) -> Terms:
        """What a capacity grows by, in its smallest units; nothing where none may grow.

        It grows in steps of the greatest number that divides the amounts, and by ``most`` at the most.
        """
        if self.actual is None:
            return []
        if name not in self.grown:
            self.grown[name] = Growing(math.gcd(*amounts), self.model.grow[name], 0)
        unit, var, before = self.grown[name]
        self.grown[name] = Growing(unit, var, max(before, -(-most // unit)))
        return [(unit, var)]

    def blocks(self, class_name: str | None = None) -> Iterator[ChainBlock]:
        """The chains that can be accepted, of one class or of all."""
        return (
            block
            for block in self.problem.blocks.values()
            if block.why is None and class_name in (None, block.chain.class_name)
        )

    def functions(self) -> Iterator[tuple[Chain, Component, Function]]:
        """Every component of these chains that is no endpoint, with what it runs."""
        for block in self.blocks():
            for component in block.chain.components.values():
                if component.function is not None:
                    yield block.chain, component, self.problem.instance.functions[component.function]

    def stands(self, chain: Chain, component: str, node: int) -> Terms:
        """1 if the component stands on the node."""
        return [(1, var) for _, var in self.options[chain.name, component].get(node, ())]

    def nodes(self, chain: Chain, component: str) -> set[int]:
        """The nodes where the component could stand."""
        return set(self.options[chain.name, component])

    def processing(self, chain: Chain, component: str) -> Terms:
        """The component's processing time in ns; none of it where it is merged into an earlier one."""
        terms = [
            (candidate.processing_ns, var)
            for options in self.options[chain.name, component].values()
            for candidate, var in options
        ]
        return terms + [(-time_ns, var) for time_ns, var in self.vanishes.get((chain.name, component), ())]

    def ways(self, chain: Chain, flow: Flow) -> list[tuple[int, Var]]:
        """All arcs that the flow may use, with their variables: paid ones, and those on which a copy follows."""
        key = (chain.name, *flow.ends)
        return [*self.arcs[key], *self.follows.get(key, ())]

    def entering(self, chain: Chain, flow: Flow, node: int) -> Terms:
        """1 if the flow's path enters the node."""
        head = self.problem.infrastructure.head
        return [(1, var) for arc, var in self.ways(chain, flow) if head[arc] == node]

    def touching(self, chain: Chain, flow: Flow) -> dict[int, Terms]:
        """Node -> 1 if the flow's path touches it: its tail stands there, or the path enters it."""
        return self._touching(chain, flow, self.ways(chain, flow))

    def following(self, chain: Chain, copy: Flow) -> dict[int, Terms]:
        """Node -> 1 if the copy is still with its host there."""
        return self._touching(chain, copy, self.follows[chain.name, *copy.ends])

    def _touching(self, chain: Chain, flow: Flow, arcs: Iterable[tuple[int, Var]]) -> dict[int, Terms]:
        touch = {node: self.stands(chain, flow.tail, node) for node in sorted(self.nodes(chain, flow.tail))}
        head = self.problem.infrastructure.head
        for arc, var in arcs:
            touch.setdefault(int(head[arc]), []).append((1, var))
        return touch

    def programs(self) -> Iterator[tuple[Chain, Flow, Served]]:
        """Every program that could serve any flow as one of its per-hop functions."""
        for block in self.blocks():
            for flow in block.chain.flows:
                if flow.per_hop:
                    for served in self.served(block.chain, flow, self.touching(block.chain, flow)):
                        yield block.chain, flow, served

    def served(self, chain: Chain, flow: Flow, touch: Mapping[int, Terms]) -> Iterator[Served]:
        """Every program that could serve the flow on a switch that it may touch, with 1 if it does."""
        for node, programs in self.problem.blocks[chain.name].flows[flow.ends].programs.items():
            for name, several in programs.items() if node in touch else ():
                function = self.problem.instance.functions[name]
                choice = self.serves.get((chain.name, *flow.ends, node, name))
                if choice is None:
                    yield Served(node, function, several[0], touch[node])
                for program, var in choice or ():
                    yield Served(node, function, program, [(1, var)])

    def travel(self, chain: Chain, flow: Flow) -> Terms:
        """What the flow takes in ns: links, forwarding and programs, or the hand-over of the node of both ends."""
        blocks = self.problem.blocks[chain.name].flows
        key = (chain.name, *flow.ends)
        terms = [(int(blocks[flow.ends].delay_ns[arc]), var) for arc, var in self.arcs[key]]
        if flow.copy_of is not None:
            terms += [(int(blocks[flow.copy_of].delay_ns[arc]), var) for arc, var in self.follows[key]]
            terms += self.processed(chain, chain.flow(flow.copy_of), self.following(chain, flow), copied=True)
        elif flow.per_hop:
            terms += self.processed(chain, flow, self.touching(chain, flow))
        for node in self.handing_over(chain, flow):
            hand_over = int(self.problem.infrastructure.hand_over_ns[node])
            terms += [(hand_over * sign, var) for sign, var in self.same(chain, flow, node)]
        return terms

    def processed(self, chain: Chain, flow: Flow, touch: Mapping[int, Terms], *, copied: bool = False) -> Terms:
        """What the flow's per-hop functions take in ns on the nodes that it, or a copy of it, touches."""
        terms: Terms = []
        for served in self.served(chain, flow, touch):
            where = served.terms
            if copied and where is not touch[served.node]:
                # The program that serves the host counts only where the copy is still with it.
                where = [(1, both(self, touch[served.node], where[0][1]))]
            terms += [(sign * served.program.processing_ns, var) for sign, var in where]
        return terms

    def handing_over(self, chain: Chain, flow: Flow) -> list[int]:
        """The nodes where both ends of the flow could stand and where that takes time."""
        common = self.nodes(chain, flow.tail) & self.nodes(chain, flow.head)
        return sorted(node for node in common if self.problem.infrastructure.hand_over_ns[node] > 0)

    def same(self, chain: Chain, flow: Flow, node: int) -> Terms:
        """1 if both ends of the flow stand on the node.

        No path leads through a node that does not forward: its head stands there and nothing enters, or something
        enters. A switch may also be crossed, so there it takes a variable of its own.
        """
        if self.splits(chain, flow, node):
            return [(1, self.model.same[chain.name, *flow.ends, node_name(self, node)])]
        entering = [(-1, var) for _, var in self.entering(chain, flow, node)]
        return self.stands(chain, flow.head, node) + entering

    def splits(self, chain: Chain, flow: Flow, node: int) -> bool:
        """Whether ``same`` takes a variable: the node forwards and the flow may go elsewhere."""
        return bool(self.problem.infrastructure.forwards[node]) and bool(self.ways(chain, flow))


def node_name(symbols: Symbols, node: int) -> str:
    """Name of a node by index."""
    return symbols.problem.infrastructure.nodes[node].name


def budget_name(budget: Budget, position: int) -> str:
    """What a budget is called in rows and variables: ``pad>screen``, with its position in the chain."""
    return f"{position}:{budget.tail}>{budget.head}"


def joins(chain: Chain, budget: Budget) -> list[str]:
    """The components of a budget where branches meet: more than one of its flows enters."""
    heads = [flow.head for flow in budget_flows(chain, budget)]
    return sorted({head for head in heads if heads.count(head) > 1})
