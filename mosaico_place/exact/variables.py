"""The variables of the model, and the expressions that its rules are written in.

=================================  ======================================================================
``accept[chain]``                  1 if the chain is accepted (a constant where it must or cannot be)
``x[chain, component, node, o]``   1 if the component stands on the node; ``o`` = implementation[:device]
``y[chain, tail, head, i, j]``     1 if the flow tail -> head uses the link from node i to node j and pays for it
``follow[chain, t, head, i, j]``   1 if the copy t -> head follows its host from node i to node j
``open[node, function, o, k]``     1 if at least k instances of the shared function are opened on the node
``serve[chain, t, h, node, f, o]`` 1 if program o of per-hop function f serves the flow t -> h on this switch
``same[chain, tail, head, node]``  1 if both ends of the flow stand on this switch (only where that takes time)
``end[chain, budget, component]``  time from the budget's start to the end of a component where branches join
``late[chain, budget]``            time above the budget's target
``hosts[node]``                    1 if the node hosts a component that is no endpoint, or an opened instance
``most``                           the largest used share of all capacities
=================================  ======================================================================

Only candidates and arcs that survived pruning have variables. ``end`` and ``late`` count in a unit of time of their
chain that divides every time it knows, so that the rows hold small whole numbers. The variables of merged and parallel
components stand in :mod:`mosaico_place.exact.rewrites`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyomo.environ as pyo

from mosaico_place.compile import Candidate, ChainBlock, Problem
from mosaico_place.compile.infrastructure import IntArray
from mosaico_place.exact.rewrites import both
from mosaico_place.exact.strengthening import ALL, Strengthening
from mosaico_place.instance import Budget, Chain, Component, Flow, Function, Implementation, Instance, Kind, Node
from mosaico_place.latency import budget_flows
from mosaico_place.rules import CostTerm

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
        touch = {node: self.stands(chain, flow.tail, node) for node in sorted(self.nodes(chain, flow.tail))}
        head = self.problem.infrastructure.head
        for arc, var in self.ways(chain, flow):
            touch.setdefault(int(head[arc]), []).append((1, var))
        return touch

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

    def following(self, chain: Chain, copy: Flow) -> dict[int, Terms]:
        """Node -> 1 if the copy is still with its host there."""
        touch = {node: self.stands(chain, copy.tail, node) for node in sorted(self.nodes(chain, copy.tail))}
        head = self.problem.infrastructure.head
        for arc, var in self.follows[chain.name, *copy.ends]:
            touch.setdefault(int(head[arc]), []).append((1, var))
        return touch

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


def add_variables(
    model: Any, problem: Problem, strengthenings: frozenset[Strengthening] = ALL, actual: Instance | None = None
) -> Symbols:
    """Give the model its variables, but for those of rewrites."""
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
        arcs=_add_routing(model, "y", problem, [(block, block.arcs) for block in blocks]),
        follows=_add_routing(model, "follow", problem, [(block, block.follows) for block in blocks]),
        opened=_add_opened(model, problem, blocks),
        serves=_add_serves(model, problem, blocks),
        time_unit={block.chain.name: _time_unit(problem, block) for block in blocks},
        strengthenings=strengthenings,
        actual=actual,
    )
    model.grow = pyo.Var(pyo.Any, dense=False, within=pyo.NonNegativeIntegers)
    _add_times(symbols)
    _add_active(symbols)
    counted = any(term.cost is CostTerm.BALANCE for level in problem.instance.objective for term in level)
    model.most = pyo.Var([0] if counted else [], within=pyo.NonNegativeReals)
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
    model: Any,
    name: str,
    problem: Problem,
    blocks: Iterable[tuple[ChainBlock, Mapping[tuple[str, str], IntArray]]],
) -> dict[tuple[str, str, str], list[tuple[int, Var]]]:
    """``y``, or ``follow``, for every arc that may carry a flow."""
    infrastructure = problem.infrastructure
    names = [node.name for node in infrastructure.nodes]
    ends = [(names[i], names[j]) for i, j in zip(infrastructure.tail, infrastructure.head, strict=True)]
    flows = [(block.chain.name, *flow, arcs) for block, by_flow in blocks for flow, arcs in by_flow.items()]
    keys = [(chain, tail, head, *ends[arc]) for chain, tail, head, arcs in flows for arc in arcs]
    setattr(model, name, pyo.Var(keys, within=pyo.Binary))
    variables = getattr(model, name)
    return {
        (chain, tail, head): [(int(arc), variables[chain, tail, head, *ends[arc]]) for arc in arcs]
        for chain, tail, head, arcs in flows
    }


def _add_opened(model: Any, problem: Problem, blocks: Iterable[ChainBlock]) -> dict[tuple[int, str, str], list[Var]]:
    """``open`` up to the number of instances that all that could be served there together may need."""
    loads: dict[tuple[int, str, str], int] = defaultdict(int)
    functions, nodes = problem.instance.functions, problem.infrastructure.nodes
    for block in blocks:
        for name, candidates in block.candidates.items():
            component = block.chain.components[name]
            if component.function is None or component.private or not functions[component.function].shared:
                continue
            for key in {
                (one.node, component.function, one.implementation.name) for one in candidates if one.implementation
            }:
                loads[key] += block.chain.load_bps(name)
        for flow in block.chain.flows:
            for node, programs in block.flows[flow.ends].programs.items() if not flow.private else ():
                for function, several in programs.items():
                    for program in several if functions[function].shared else ():
                        loads[node, function, program.name] += flow.rate_bps
    counts = {
        key: _most_instances(nodes[key[0]], functions[key[1]].implementations[key[2]], loads[key]) for key in loads
    }
    keys = [(nodes[i].name, *rest, k) for (i, *rest), count in counts.items() for k in range(1, count + 1)]
    model.open = pyo.Var(keys, within=pyo.Binary)
    return {
        (i, function, name): [model.open[nodes[i].name, function, name, k] for k in range(1, count + 1)]
        for (i, function, name), count in counts.items()
    }


def _most_instances(node: Node, implementation: Implementation, load_bps: int) -> int:
    """So many instances carry all that they could have to, or fill the node."""
    if node.kind is Kind.P4_SWITCH or not implementation.capacity_bps:
        return 1
    needed = -(-load_bps // implementation.capacity_bps)
    room = [node.free(resource) // amount for resource, amount in implementation.once.items() if amount]
    return max(min(needed, *room) if room else needed, 1)


def _add_serves(
    model: Any, problem: Problem, blocks: Iterable[ChainBlock]
) -> dict[tuple[str, str, str, int, str], list[tuple[Implementation, Var]]]:
    """``serve`` where a switch could open one of several programs."""
    nodes = problem.infrastructure.nodes
    choices = [
        ((block.chain.name, *ends), node, function, several)
        for block in blocks
        for ends, flow in block.flows.items()
        for node, programs in flow.programs.items()
        for function, several in programs.items()
        if len(several) > 1
    ]
    keys = [(*flow, nodes[node].name, name, one.name) for flow, node, name, several in choices for one in several]
    model.serve = pyo.Var(keys, within=pyo.Binary)
    return {
        (*flow, node, name): [(one, model.serve[*flow, nodes[node].name, name, one.name]) for one in several]
        for flow, node, name, several in choices
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
    hosts = {node for node, _, _ in symbols.opened}
    for chain, component, _ in symbols.functions():
        hosts |= symbols.nodes(chain, component.name)
    hosts |= {node for block in symbols.blocks() for flow in block.flows.values() for node in flow.programs}
    nodes = symbols.problem.infrastructure.nodes
    priced = [nodes[i].name for i in sorted(hosts) if counted and instance.active_price(nodes[i]) > 0]
    symbols.model.hosts = pyo.Var(priced, within=pyo.Binary)


def _time_unit(problem: Problem, block: ChainBlock) -> int:
    """The largest time that divides every time the chain's budgets are made of, in ns."""
    infrastructure = problem.infrastructure
    times = {time for budget in block.chain.budgets for time in (budget.within_ns, budget.target_ns) if time}
    times |= {group.join_ns for group in block.chain.independent}
    for candidates in block.candidates.values():
        times |= {candidate.processing_ns for candidate in candidates}
        times |= {int(infrastructure.hand_over_ns[candidate.node]) for candidate in candidates}
    for ends, arcs in (*block.arcs.items(), *block.follows.items()):
        for flow in (ends, block.flows[ends].flow.copy_of or ends):
            times |= {int(delay) for delay in block.flows[flow].delay_ns[arcs]}
    for flow_block in block.flows.values():
        for programs in flow_block.programs.values():
            times |= {program.processing_ns for several in programs.values() for program in several}
    return math.gcd(*times) or 1
