"""How large one model of everything would be, before it is written.

Variables are counted on a sample of the chains: to prune every chain of a large instance takes as long as a short
search, and says little more.
"""

from __future__ import annotations

from mosaico_place.compile import Problem

SAMPLE = 40
"""Chains that are looked at, evenly spread over the instance's order."""


def variables(problem: Problem) -> int:
    """About how many 0-1 variables the model has: candidates of components and arcs of flows that pruning leaves."""
    names = list(problem.blocks)
    step = max(len(names) / SAMPLE, 1.0)
    sample = [names[int(i * step)] for i in range(min(len(names), SAMPLE))]
    count = 0
    for name in sample:
        block = problem.blocks[name]
        if block.why is None:
            count += block.kept + sum(len(arcs) for arcs in (*block.arcs.values(), *block.follows.values()))
    return round(count * len(names) / max(len(sample), 1))
