"""How contended made-up instances are: what budgets rule out, which capacities are worth something, what greed gets.

    uv run python -m benchmarks.contention [--sites 25] [--chains 200] [--seeds 11 12 13]

Pairs are those of a component that runs a function and a node where it could stand without any latency budget; removed
are those that budgets rule out. A capacity binds if its shadow price is positive in the last master of column
generation on accepted weight, whose bound is the one that is shown. Greedy takes the chains in the order of the file
and gives each the cheapest embedding that is left, capacities being worth nothing and resources what the file says.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from benchmarks.machine import machine
from benchmarks.rivals import accepted_alone
from mosaico_place import CostTerm, Instance, Options, Term
from mosaico_place.columns.generation import Generation, is_close
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.rows import Kind, kind_of
from mosaico_place.compile.arrays.tables import Compiled, compile_tables
from mosaico_place.generating import generate
from mosaico_place.kernel.prices import price
from mosaico_place.kernel.pricing import Pricer
from mosaico_place.methods.search.dual_ascent import ascend
from mosaico_place.result import rounded_up
from mosaico_place.solution.solution import Solution

WORTH = 1e-7
"""A whole capacity that is worth no more than this part of all weight has no shadow price but a rounding error."""

_TINY = 1e-6
"""What resources count beside accepted weight, so that greed prefers what is cheap and still takes every chain."""

_NAMES: dict[Kind, str] = {
    ("node", "cpu"): "cores",
    ("device", "share"): "GPU share",
    ("device", "memory"): "GPU memory",
    ("link",): "bandwidth",
}


@dataclass(frozen=True, slots=True)
class Contention:
    """What was measured of one instance.

    Attributes:
        possible: pairs of component and node that could be without budgets; kept: those that budgets leave.
        binding: kind of capacity -> how many of them have a shadow price.
        capacities: kind -> how many there are.
        weight: of all chains; at_most: proven bound on what can be accepted; greedy: what greed accepts.
        greedy_chains: how many chains that is.
    """

    possible: int
    kept: int
    binding: Counter[str]
    capacities: Counter[str]
    weight: float
    at_most: float
    greedy: float
    greedy_chains: int


def contention(instance: Instance) -> Contention:
    """Measure one instance."""
    compiled = compile_tables(compile_instance(accepted_alone(instance)))
    binding, at_most = _binding(compiled)
    greedy = greedily(instance)
    chains = instance.chains.values()
    without = replace(instance, chains={chain.name: replace(chain, budgets=()) for chain in chains})
    return Contention(
        possible=_pairs(compile_tables(compile_instance(without))),
        kept=_pairs(compiled),
        binding=binding,
        capacities=Counter(_name(kind_of(name)) for name in compiled.rows.names),
        weight=float(sum((chain.weight for chain in chains), Fraction(0))),
        at_most=at_most,
        greedy=float(sum((instance.chains[name].weight for name in greedy), Fraction(0))),
        greedy_chains=len(greedy),
    )


def _pairs(compiled: Compiled) -> int:
    """(component, node) pairs that rules about one chain alone leave; endpoints are not counted."""
    tables = compiled.tables
    runs = tables.components["menu"] >= 0
    return int(tables.mask[tables.components["unit"][runs]].sum())


def _binding(compiled: Compiled) -> tuple[Counter[str], float]:
    """Capacities with a shadow price by kind, and the bound on accepted weight."""
    pricer = Pricer(compiled, Options().worker_threads)
    try:
        generation = Generation(compiled, pricer)
        ascent = ascend(compiled, pricer, 0)
        generation.master.add(ascent.columns)
        generation.suggest(ascent.shadow)
        mix = generation.run(lambda: False, is_close)
    finally:
        pricer.close()
    total = sum((chain.weight for chain in compiled.problem.instance.chains.values()), Fraction(0))
    worth = mix.duals.shadow[0] * compiled.rows.capacity[0]
    names = (compiled.rows.names[row] for row in np.flatnonzero(worth > WORTH * float(total)))
    assert generation.bound is not None, "it ran until the bound was close"
    bound = rounded_up(generation.bound, compiled.levels.steps[0], total)
    return Counter(_name(kind_of(name)) for name in names), float(total) - bound


def greedily(instance: Instance) -> list[str]:
    """Which chains find room, each taking what costs fewest priced resources where those before it stand."""
    level = {Term(CostTerm.REJECTED): Fraction(1)}, {Term(CostTerm.RESOURCES): Fraction(1)}
    compiled = compile_tables(compile_instance(replace(instance, objective=level)))
    solution = Solution(compiled)
    prices = price(compiled, np.zeros_like(compiled.rows.capacity), weights=np.array([1.0, _TINY]))
    count = len(compiled.names)
    solution.insert(np.arange(count), prices, np.full(count, np.inf))
    return [compiled.names[k] for k in np.flatnonzero(solution.placed)]


def _name(kind: Kind) -> str:
    return _NAMES.get(kind, kind[-1])


def lines(one: Contention) -> list[str]:
    """The measurement in words."""
    removed = 100 * (1 - one.kept / one.possible)
    binding = ", ".join(f"{kind} {count} of {one.capacities[kind]}" for kind, count in one.binding.most_common())
    return [
        f"  pairs of component and node: {one.possible:,}; budgets remove {removed:.0f} %",
        f"  with a shadow price: {binding or 'nothing'} ({len(one.binding)} kinds)",
        f"  weight {one.weight:g}, at most {one.at_most:g} can be accepted ({one.at_most / one.weight:.1%})",
        f"  greedy accepts {one.greedy:g} ({one.greedy_chains} chains), {one.greedy / one.at_most:.1%} of the bound",
    ]


def main() -> None:
    """Print the figures of every seed."""
    parser = argparse.ArgumentParser(description="how contended made-up instances are")
    parser.add_argument("--sites", type=int, default=25)
    parser.add_argument("--chains", type=int, default=200)
    parser.add_argument("--load", type=float, default=1.2)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    asked = parser.parse_args()
    print(machine())
    for seed in asked.seeds:
        instance = generate(asked.sites, 2, asked.chains, asked.load, seed)
        print(f"{instance.name}: {len(instance.nodes)} nodes, {len(instance.links)} links")
        print("\n".join(lines(contention(instance))), flush=True)


if __name__ == "__main__":
    main()
