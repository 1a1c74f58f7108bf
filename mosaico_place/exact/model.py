"""The whole problem as one Pyomo model, and the two doors between its variables and placements."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from mosaico_place.compile import Problem
from mosaico_place.exact.constraints import add_constraints
from mosaico_place.exact.objective import LevelForm, add_objective
from mosaico_place.exact.rewrites import add_rewrites
from mosaico_place.exact.strengthening import ALL, Strengthening, loosen
from mosaico_place.exact.symbols import Symbols, Var
from mosaico_place.exact.variables import add_variables
from mosaico_place.instance import Chain, Flow, Instance
from mosaico_place.latency import rewritten
from mosaico_place.placement import ChainPlacement, FlowPath, Opening, Placement, Spot
from mosaico_place.usage import paid_hops, usage

FloatArray = NDArray[np.float64]

_CARRIED = 1e-5
"""A continuous flow below it is a solver's rounding."""


@dataclass(frozen=True, slots=True)
class Formulation:
    """The Pyomo model with its symbols and levels."""

    symbols: Symbols
    levels: tuple[LevelForm, ...]

    @property
    def model(self) -> Any:
        """The Pyomo model."""
        return self.symbols.model

    @property
    def instance(self) -> Instance:
        """The instance it formulates."""
        return self.symbols.problem.instance


@dataclass(frozen=True, slots=True)
class Matrix:
    """The model as arrays: minimise costs[k] x + offsets[k] subject to low <= rows x <= high.

    Attributes:
        columns: (n,) Pyomo variables.
        position: identity of a variable -> its column.
        lower, upper: (n,) bounds.
        integer: (n,) 1 where the variable is integral.
        costs: (levels, n).
        offsets: (levels,).
        rows: (m, n) compressed by column (scipy ``csc_array``).
        low, high: (m,), infinite where open.
    """

    columns: Sequence[Var]
    position: Mapping[int, int]
    lower: FloatArray
    upper: FloatArray
    integer: NDArray[np.int32]
    costs: FloatArray
    offsets: FloatArray
    rows: Any
    low: FloatArray
    high: FloatArray


def build(
    problem: Problem,
    pause: Callable[[], None] = lambda: None,
    strengthenings: frozenset[Strengthening] = ALL,
    actual: Instance | None = None,
) -> Formulation:
    """Write the formulation of a problem whose every must-accept chain can be embedded.

    Args:
        problem: the compiled instance.
        pause: called between the parts of the model; an exception that it raises ends the building.
        strengthenings: what to use; the optimum is the same without.
        actual: the instance with the capacities as they are, if the problem's are only what they may grow to.
    """
    with _no_collection():
        model = pyo.ConcreteModel(name=problem.instance.name)
        symbols = add_variables(model, problem, strengthenings, actual)
        add_rewrites(symbols)
        pause()
        add_constraints(symbols, pause)
        levels = add_objective(symbols)
        if Strengthening.LOOSE in strengthenings:
            loosen(symbols)
        pause()
        return Formulation(symbols, levels)


def transfer(formulation: Formulation) -> Matrix:
    """Compile the model to arrays."""
    with _no_collection():
        form = LinearStandardFormCompiler().write(formulation.model, mixed_form=True)
        sense = np.array([entry.bound_type for entry in form.rows], dtype=np.int64)
        rhs = np.asarray(form.rhs, dtype=np.float64)
        lower = [-np.inf if var.lb is None else var.lb for var in form.columns]
        upper = [np.inf if var.ub is None else var.ub for var in form.columns]
        return Matrix(
            columns=form.columns,
            position={id(var): i for i, var in enumerate(form.columns)},
            lower=np.array(lower, dtype=np.float64),
            upper=np.array(upper, dtype=np.float64),
            integer=np.array([var.is_integer() for var in form.columns], dtype=np.int32),
            costs=form.c.toarray(),
            offsets=np.asarray(form.c_offset, dtype=np.float64),
            rows=form.A,
            low=np.where(sense == 1, -np.inf, rhs),
            high=np.where(sense == -1, np.inf, rhs),
        )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from walking the growing model again and again; nothing here is garbage."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def decode(formulation: Formulation, matrix: Matrix, vector: FloatArray) -> Placement:
    """Read the placement that a solution vector means.

    Circles that no flow needs are dropped, no more instances are opened than are needed, equivalent components that
    meet are merged, and independent ones that meet run in parallel where that is faster.
    """
    on = {id(var) for var, value in zip(matrix.columns, vector, strict=True) if value > 0.5}
    # A loose flow (see strengthening.loosen) may be split over several paths, each of which will do.
    split = np.flatnonzero((matrix.integer == 0) & (vector > _CARRIED))
    carried = on | {id(matrix.columns[int(i)]) for i in split}
    symbols = formulation.symbols
    instance, chains = formulation.instance, {}
    for block in symbols.blocks():
        chain = block.chain
        if _is_on(symbols.accept[chain.name], on):
            spots, nodes = _spots(symbols, chain, on)
            paths = {flow.ends: _path(symbols, chain, flow, nodes, carried) for flow in chain.flows}
            chains[chain.name] = rewritten(instance, chain, ChainPlacement(spots, paths))
    switches = symbols.problem.infrastructure.nodes
    openings = [
        Opening(switches[node].name, *key) for (node, *key), var in symbols.opened.items() if _is_on(var[0], on)
    ]
    loads = usage(instance, Placement(chains, dict.fromkeys(openings, 1))).loads
    return Placement(
        chains,
        {
            opening: instance.functions[opening.function].implementations[opening.implementation].instances_for(load)
            for opening, load in loads.items()
        },
    )


def _is_on(var: Var, on: set[int]) -> bool:
    return bool(var) if isinstance(var, int) else id(var) in on


def _spots(symbols: Symbols, chain: Chain, on: set[int]) -> tuple[dict[str, Spot], dict[str, str]]:
    """The spots of the chain's functions, and the node of every component."""
    spots: dict[str, Spot] = {}
    nodes: dict[str, str] = {}
    for name in chain.components:
        for node, candidates in symbols.options[chain.name, name].items():
            for candidate, var in candidates:
                if not _is_on(var, on):
                    continue
                owner = symbols.problem.infrastructure.nodes[node]
                nodes[name] = owner.name
                if candidate.implementation is not None:
                    spots[name] = candidate.spot(owner)
    return spots, nodes


def _path(symbols: Symbols, chain: Chain, flow: Flow, nodes: Mapping[str, str], carried: set[int]) -> FlowPath:
    """The flow's path with the fewest links among the arcs that carry it, or any part of it."""
    infrastructure = symbols.problem.infrastructure
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from((nodes[flow.tail], nodes[flow.head]))
    for arc, var in symbols.ways(chain, flow):
        if _is_on(var, carried):
            ends = (infrastructure.nodes[i].name for i in (infrastructure.tail[arc], infrastructure.head[arc]))
            graph.add_edge(*ends)
    return tuple(nx.shortest_path(graph, nodes[flow.tail], nodes[flow.head]))


def encode(
    formulation: Formulation, matrix: Matrix, placement: Placement, *, rejected: bool
) -> tuple[list[int], list[float]]:
    """Positions and values of the 0-1 variables that a placement fixes.

    A chain that it places where it can no longer be is left open, and so is a chain that it leaves out, unless
    ``rejected`` says that such chains are to be rejected. Opened instances are fixed if nothing else is left open.
    """
    symbols = formulation.symbols
    values: dict[int, float] = {}
    whole = True
    for block in symbols.blocks():
        chain = block.chain
        placed = placement.chains.get(chain.name)
        chosen = set() if placed is None else _chosen(symbols, chain, placed)
        if chosen is None or (placed is None and not rejected):
            whole = False
            continue
        for var in chain_variables(symbols, chain):
            values[id(var)] = float(id(var) in chosen)
    nodes = symbols.problem.infrastructure.nodes
    for (node, function, name), opened in symbols.opened.items() if whole else ():
        count = placement.instances.get(Opening(nodes[node].name, function, name), 0)
        values |= {id(var): float(k < count) for k, var in enumerate(opened)}
    fixed = [(matrix.position[key], value) for key, value in values.items() if key in matrix.position]
    return [position for position, _ in fixed], [value for _, value in fixed]


def chain_variables(symbols: Symbols, chain: Chain) -> list[Var]:
    """The 0-1 variables that say how the chain is placed, each once."""
    variables = [symbols.accept[chain.name]]
    for name, component in chain.components.items():
        if component.function is not None:
            variables += [var for options in symbols.options[chain.name, name].values() for _, var in options]
    for flow in chain.flows:
        variables += [var for _, var in symbols.ways(chain, flow)]
    return variables


def _chosen(symbols: Symbols, chain: Chain, placed: ChainPlacement) -> set[int] | None:
    """Identities of the variables that are 1 for this chain; None if the model has none for a part of it."""
    nodes = symbols.problem.infrastructure.nodes
    chosen = {id(symbols.accept[chain.name])}
    for name, component in chain.components.items():
        if component.function is None:
            continue
        spot = placed.components.get(name)
        found = {
            candidate.spot(nodes[node]): var
            for node, options in symbols.options[chain.name, name].items()
            for candidate, var in options
            if candidate.implementation is not None
        }
        if spot not in found:
            return None
        chosen.add(id(found[spot]))
    for flow in chain.flows:
        path = placed.flows.get(flow.ends, ())
        paid = set(paid_hops(placed, flow))
        followed = set(pairwise(path)) - paid
        key = (chain.name, *flow.ends)
        own, following = _by_ends(symbols, symbols.arcs[key]), _by_ends(symbols, symbols.follows.get(key, ()))
        if not path or not paid <= own.keys() or not followed <= following.keys():
            return None
        chosen |= {id(own[hop]) for hop in paid} | {id(following[hop]) for hop in followed}
    return chosen


def _by_ends(symbols: Symbols, arcs: Iterable[tuple[int, Var]]) -> dict[tuple[str, str], Var]:
    """(tail, head) -> variable."""
    infrastructure = symbols.problem.infrastructure
    names = [node.name for node in infrastructure.nodes]
    return {(names[infrastructure.tail[arc]], names[infrastructure.head[arc]]): var for arc, var in arcs}
