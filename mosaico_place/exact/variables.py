"""The variables of the model, and the expressions that its rules are written in.

=================================  ======================================================================
``accept[chain]``                  1 if the chain is accepted (a constant where it must or cannot be)
``x[chain, component, node, o]``   1 if the component stands on the node; ``o`` = implementation[:device]
``y[chain, tail, head, i, j]``     1 if the flow tail -> head uses the link from node i to node j
``same[chain, tail, head, node]``  1 if both ends of the flow stand on this switch (only where that takes time)
``end[chain, budget, component]``  time from the budget's start to the end of a component where branches join
``late[chain, budget]``            time above the budget's target
``hosts[node]``                    1 if the node hosts a component that is no endpoint
=================================  ======================================================================

Only candidates and arcs that survived pruning have variables. ``end`` and ``late`` count in a unit of time of their
chain that divides every time it knows, so that the rows hold small whole numbers.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from mosaico_place.compile import Candidate, ChainBlock, Problem
from mosaico_place.instance import Budget, Chain, Flow
from mosaico_place.latency import budget_flows
from mosaico_place.rules import CostTerm

Var = Any
"""A Pyomo variable, or the constants 0 and 1 where a value is known beforehand."""

Terms = list[tuple[int, Var]]
"""A linear expression with whole coefficients."""


@dataclass(frozen=True, slots=True)
class Symbols:
    """Everything that rules and cost terms are written in.

    Attributes:
        model: the Pyomo model.
        problem: the compiled instance.
        accept: chain -> variable or constant.
        options: (chain, component) -> node index -> [(candidate, variable)], endpoints included.
        arcs: (chain, tail, head) -> [(arc index, variable)].
        time_unit: chain -> ns per unit of its ``end`` and ``late``.
    """

    model: Any
    problem: Problem
    accept: Mapping[str, Var]
    options: Mapping[tuple[str, str], Mapping[int, Sequence[tuple[Candidate, Var]]]]
    arcs: Mapping[tuple[str, str, str], Sequence[tuple[int, Var]]]
    time_unit: Mapping[str, int]

    def blocks(self) -> Iterator[ChainBlock]:
        """The chains that can be accepted."""
        return (block for block in self.problem.blocks.values() if block.why is None)

    def stands(self, chain: Chain, component: str, node: int) -> Terms:
        """1 if the component stands on the node."""
        return [(1, var) for _, var in self.options[chain.name, component].get(node, ())]

    def nodes(self, chain: Chain, component: str) -> set[int]:
        """The nodes where the component could stand."""
        return set(self.options[chain.name, component])

    def processing(self, chain: Chain, component: str) -> Terms:
        """The component's processing time in ns."""
        return [
            (candidate.processing_ns, var)
            for options in self.options[chain.name, component].values()
            for candidate, var in options
        ]

    def entering(self, chain: Chain, flow: Flow, node: int) -> Terms:
        """1 if the flow's path enters the node."""
        head = self.problem.infrastructure.head
        return [(1, var) for arc, var in self.arcs[chain.name, *flow.ends] if head[arc] == node]

    def travel(self, chain: Chain, flow: Flow) -> Terms:
        """What the flow takes in ns: links and forwarding, or the hand-over of the node where both ends stand."""
        delay = self.problem.infrastructure.arc_delay_ns
        terms = [(int(delay[arc]), var) for arc, var in self.arcs[chain.name, *flow.ends]]
        for node in self.handing_over(chain, flow):
            hand_over = int(self.problem.infrastructure.hand_over_ns[node])
            terms += [(hand_over * sign, var) for sign, var in self.same(chain, flow, node)]
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
        return bool(self.problem.infrastructure.forwards[node]) and bool(self.arcs[chain.name, *flow.ends])


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


def add_variables(model: Any, problem: Problem) -> Symbols:
    """Give the model its variables."""
    blocks = [block for block in problem.blocks.values() if block.why is None]
    optional = [block.chain.name for block in blocks if not problem.instance.must_accept(block.chain)]
    model.accept = pyo.Var(optional, within=pyo.Binary)
    model.nothing = pyo.Var(bounds=(0, 0))
    accept = dict.fromkeys(problem.blocks, 0) | dict.fromkeys([block.chain.name for block in blocks], 1)
    accept |= {name: model.accept[name] for name in optional}
    symbols = Symbols(
        model=model,
        problem=problem,
        accept=accept,
        options=_add_placement(model, problem, blocks, accept),
        arcs=_add_routing(model, problem, blocks),
        time_unit={block.chain.name: _time_unit(problem, block) for block in blocks},
    )
    _add_times(symbols)
    _add_active(symbols)
    return symbols


def _add_placement(
    model: Any, problem: Problem, blocks: Iterable[ChainBlock], accept: Mapping[str, Var]
) -> dict[tuple[str, str], dict[int, list[tuple[Candidate, Var]]]]:
    """``x`` for every candidate; an endpoint stands where it stands if its chain is accepted."""
    nodes = problem.infrastructure.nodes
    keys = [
        (block.chain.name, name, nodes[candidate.node].name, candidate.option)
        for block in blocks
        for name, candidates in block.candidates.items()
        for candidate in candidates
        if candidate.implementation is not None
    ]
    model.x = pyo.Var(keys, within=pyo.Binary)
    options: dict[tuple[str, str], dict[int, list[tuple[Candidate, Var]]]] = {}
    for block in blocks:
        chain = block.chain.name
        for name, candidates in block.candidates.items():
            by_node: dict[int, list[tuple[Candidate, Var]]] = defaultdict(list)
            for candidate in candidates:
                key = (chain, name, nodes[candidate.node].name, candidate.option)
                var = accept[chain] if candidate.implementation is None else model.x[key]
                by_node[candidate.node].append((candidate, var))
            options[chain, name] = dict(by_node)
    return options


def _add_routing(
    model: Any, problem: Problem, blocks: Iterable[ChainBlock]
) -> dict[tuple[str, str, str], list[tuple[int, Var]]]:
    """``y`` for every arc that may carry a flow."""
    infrastructure = problem.infrastructure
    names = [node.name for node in infrastructure.nodes]
    ends = [(names[i], names[j]) for i, j in zip(infrastructure.tail, infrastructure.head, strict=True)]
    flows = [(block.chain.name, *flow, arcs) for block in blocks for flow, arcs in block.arcs.items()]
    keys = [(chain, tail, head, *ends[arc]) for chain, tail, head, arcs in flows for arc in arcs]
    model.y = pyo.Var(keys, within=pyo.Binary)
    return {
        (chain, tail, head): [(int(arc), model.y[chain, tail, head, *ends[arc]]) for arc in arcs]
        for chain, tail, head, arcs in flows
    }


def _add_times(symbols: Symbols) -> None:
    """``end`` where branches join, ``late`` where a target is counted, ``same`` where a hand-over needs it."""
    model, instance = symbols.model, symbols.problem.instance
    counted = any(term.cost is CostTerm.LATENCY for level in instance.objective for term in level)
    end, late, same = [], [], []
    for block in symbols.blocks():
        chain = block.chain
        for position, budget in enumerate(chain.budgets):
            name = budget_name(budget, position)
            if budget.within_ns is not None or counted:
                end += [(chain.name, name, component) for component in joins(chain, budget)]
            if budget.target_ns is not None and counted:
                late.append((chain.name, name))
        for flow in chain.flows:
            same += [
                (chain.name, *flow.ends, node_name(symbols, node))
                for node in symbols.handing_over(chain, flow)
                if symbols.splits(chain, flow, node)
            ]
    model.end = pyo.Var(end, within=pyo.NonNegativeReals)
    model.late = pyo.Var(late, within=pyo.NonNegativeReals)
    model.same = pyo.Var(same, within=pyo.Binary)


def _add_active(symbols: Symbols) -> None:
    """``hosts`` for the nodes whose use is priced and counted."""
    instance = symbols.problem.instance
    counted = any(term.cost is CostTerm.ACTIVE for level in instance.objective for term in level)
    hosts = {
        candidate.node
        for block in symbols.blocks()
        for candidates in block.candidates.values()
        for candidate in candidates
        if candidate.implementation is not None
    }
    nodes = symbols.problem.infrastructure.nodes
    priced = [nodes[i].name for i in sorted(hosts) if counted and instance.active_price(nodes[i]) > 0]
    symbols.model.hosts = pyo.Var(priced, within=pyo.Binary)


def _time_unit(problem: Problem, block: ChainBlock) -> int:
    """The largest time that divides every time the chain's budgets are made of, in ns."""
    infrastructure = problem.infrastructure
    times = {time for budget in block.chain.budgets for time in (budget.within_ns, budget.target_ns) if time}
    for candidates in block.candidates.values():
        times |= {candidate.processing_ns for candidate in candidates}
        times |= {int(infrastructure.hand_over_ns[candidate.node]) for candidate in candidates}
    for arcs in block.arcs.values():
        times |= {int(delay) for delay in infrastructure.arc_delay_ns[arcs]}
    return math.gcd(*times) or 1
