"""Whole columns: what branch and bound makes of known embeddings keeps all rules and is never worse."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place import check
from mosaico_place.columns.generation import Generation, is_close
from mosaico_place.columns.whole import take_whole
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.tables import compile_tables
from mosaico_place.costing import cost
from mosaico_place.generating import generate
from mosaico_place.instance import Instance
from mosaico_place.kernel.prices import price
from mosaico_place.kernel.pricing import Pricer
from mosaico_place.moves import moved
from mosaico_place.placement import Placement
from mosaico_place.solution.solution import Solution
from tests.strategies import previous_placements, tiny_instances

SLACK = 1e-6


def never() -> bool:
    """Go on."""
    return False


def filled(instance: Instance, previous: Placement | None = None, seed: int = 0) -> tuple[Generation, Solution]:
    """All chains placed where they find room, in any order, and the columns of the second level beside that."""
    compiled = compile_tables(compile_instance(instance, previous))
    pricer = Pricer(compiled, threads=1)
    chains = len(compiled.names)
    solution = Solution(compiled)
    order = np.random.default_rng(seed).permutation(chains)
    solution.insert(order, price(compiled, np.zeros_like(compiled.rows.capacity)), np.full(chains, np.inf))
    generation = Generation.begun(compiled, pricer, never)
    generation.master.add(generation.columns_of(solution))
    generation.next_level(float(solution.values()[0]))
    generation.run(never, is_close)
    pricer.close()
    return generation, solution


def level_values(instance: Instance, solution: Solution, previous: Placement | None = None) -> list[float]:
    """What the placement costs, which keeps all rules."""
    placement = solution.placement()
    assert check(instance, placement, previous) == []
    values = [float(value) for value in cost(instance, placement, previous).levels]
    assert solution.values() == pytest.approx(values)
    return values


def test_optimum() -> None:
    """Tests that where all fits the second level comes to its bound in one step."""
    for seed in (2, 3, 4):
        instance = generate(5, 2, 18, 0.6, seed)
        generation, solution = filled(instance)
        before = level_values(instance, solution)
        assert take_whole(generation, solution, None, np.inf, never)
        after = level_values(instance, solution)
        assert before[0] == after[0] == 0
        assert generation.bound is not None
        assert generation.bound <= after[1] + SLACK
        assert after[1] <= generation.bound + SLACK < before[1]


def test_random_instances() -> None:
    """Tests on random instances that no rule is broken, no level made worse and no move made too many."""
    seen: Counter[bool] = Counter()

    @given(tiny_instances(), st.data())
    def holds(instance: Instance, data: st.DataObject) -> None:
        previous = data.draw(st.none() | previous_placements(instance))
        if len(instance.objective) == 1:
            return
        generation, solution = filled(instance, previous, data.draw(st.integers(0, 99)))
        if not solution.placed[solution.compiled.tables.chains["required"] > 0].all():
            return
        before, stood = level_values(instance, solution, previous), solution.placement()
        max_moves = data.draw(st.none() | st.integers(0, 2))
        taken = take_whole(generation, solution, max_moves, np.inf, never)
        seen[taken] += 1
        if not taken:
            assert solution.placement() == stood
            return
        after = level_values(instance, solution, previous)
        assert after[0] <= before[0] + SLACK
        assert after[:2] < before[:2]
        assert max_moves is None or sum(1 for _ in moved(instance, solution.placement(), previous)) <= max_moves

    holds()
    assert min(seen.values()) > 10, seen


def test_stop() -> None:
    """Tests that nothing happens once it has to end, or has no time."""
    instance = generate(5, 2, 18, 0.6, 4)
    generation, solution = filled(instance)
    stood = solution.placement()
    assert not take_whole(generation, solution, None, np.inf, lambda: True)
    assert not take_whole(generation, solution, None, 0.0, never)
    assert solution.placement() == stood
