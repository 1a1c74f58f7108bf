"""The variables of the model, and the expressions that its rules are written in.

=================================  ======================================================================
``accept[chain]``                  1 if the chain is accepted (a constant where it must or cannot be)
``x[chain, component, node, o]``   1 if the component stands on the node; ``o`` = implementation[:devices]
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
from collections.abc import Iterable, Mapping
from typing import Any

import pyomo.environ as pyo

from mosaico_place.compile import Candidate, ChainBlock, Problem
from mosaico_place.compile.infrastructure import IntArray
from mosaico_place.exact.strengthening import ALL, Strengthening
from mosaico_place.exact.symbols import Symbols, Var, budget_name, joins, node_name
from mosaico_place.instance import Implementation, Instance, Kind, Node
from mosaico_place.rules import CostTerm


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
            if component.function is None or not functions[component.function].shared_by(component):
                continue
            for key in {
                (one.node, component.function, one.implementation.name) for one in candidates if one.implementation
            }:
                loads[key] += block.chain.load_bps(name)
        for flow in block.chain.flows:
            for node, programs in block.flows[flow.ends].programs.items():
                for function, several in programs.items():
                    for program in several if functions[function].shared_by(flow) else ():
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
