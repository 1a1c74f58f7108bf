"""Small exact models as moves: never worse, every rule kept, and the optimum where all may move."""

from __future__ import annotations

import pytest

from mosaico_place.checking import check
from mosaico_place.compile import Problem, compile_instance
from mosaico_place.costing import cost
from mosaico_place.exact.neighbourhood import prepare, solve_neighbourhoods
from mosaico_place.generating import generate
from mosaico_place.instance import Instance
from mosaico_place.method import Options
from mosaico_place.methods.search.method import solve_heuristic
from mosaico_place.placement import EMPTY, Placement
from mosaico_place.solving import solve


@pytest.fixture(scope="module")
def instance() -> Instance:
    """A dozen chains that do not all fit."""
    return generate(4, 2, 12, 1.4, 5)


def improved(problem: Problem, start: Placement, seconds: float) -> Placement:
    """What moves make of a placement."""
    options = Options(threads=1, time_limit_s=seconds)
    ground = prepare(problem, options)
    assert ground is not None
    answer = solve_neighbourhoods(problem, options, ground, start, (None,) * len(problem.instance.objective))
    assert answer.placement is not None
    return answer.placement


def test_moves_from_nothing(instance: Instance) -> None:
    """Tests that moves place chains, keep every rule, and reach the first level's optimum of a small instance."""
    problem = compile_instance(instance)
    found = improved(problem, EMPTY, 8)
    assert check(instance, found) == []
    best = solve(instance, method="exact", options=Options(threads=1)).levels[0].value
    assert cost(instance, found).levels[0] == best


def test_moves_are_never_worse(instance: Instance) -> None:
    """Tests that a placement that a search found is kept or made better."""
    problem = compile_instance(instance)
    start = solve_heuristic(problem, Options(threads=1, seed=3)).placement
    assert start is not None
    found = improved(problem, start, 3)
    assert check(instance, found) == []
    assert cost(instance, found).levels <= cost(instance, start).levels


def test_no_time_no_model(instance: Instance) -> None:
    """Tests that a model is not written where time is up."""
    options = Options(threads=1, time_limit_s=1e-9)
    assert prepare(compile_instance(instance), options) is None
