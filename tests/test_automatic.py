"""The method ``auto``: it keeps the best of its parts, claims no more than they prove, and says what each gave."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from mosaico_place import Instance, Options, Placement, automatic, load_instance, solve
from mosaico_place.combined import Best
from mosaico_place.compile import Problem, compile_instance
from mosaico_place.costing import cost
from mosaico_place.errors import SolverError
from mosaico_place.exact.estimate import variables
from mosaico_place.exact.method import solve_exact
from mosaico_place.exact.model import build, transfer
from mosaico_place.generating import generate
from mosaico_place.load import parse_instance
from mosaico_place.method import Answer
from mosaico_place.methods.search.method import solve_heuristic
from mosaico_place.placement import EMPTY
from mosaico_place.result import Termination

CASES = Path(__file__).parent.parent.parent / "shared" / "cases"
NO_ROOM = """
format: 1
infrastructure: {nodes: {s: {kind: server, cpu: 3}}, links: []}
functions: {f: {implementations: {vnf: {cpu: 2}}}}
chains:
  c: {components: {f: f}, required: true}
  d: {components: {f: f}, required: true}
"""
TINY_S = 6


@pytest.fixture(scope="module")
def crowded() -> Instance:
    """One in which chains are rejected, and every level counts."""
    return generate(4, 2, 12, 1.4, 5)


def scripted(
    problem: Problem, answers: Sequence[tuple[Placement | None, tuple[float | None, ...]]], gap: float = 0.0
) -> Best:
    """What is known after some answers."""
    best = Best(problem, Options(gap=gap))
    for placement, bounds in answers:
        best.note("exact", Answer(placement, bounds, Termination.HEURISTIC), "exact")
    return best


def test_small_is_proven_as_by_exact(crowded: Instance) -> None:
    """Tests that without a limit, values and bounds are those of the exact method, the same every time."""
    plain, found, again = solve(crowded, method="exact"), solve(crowded), solve(crowded)
    assert (found.method, found.termination) == ("exact", plain.termination)
    assert [level.value for level in found.levels] == pytest.approx([level.value for level in plain.levels], rel=1e-4)
    assert found.placement == again.placement
    assert found.method_why.startswith("exact found ")


@pytest.mark.parametrize(
    ("tiny", "small", "first"), [(10**9, 10**9, "heuristic"), (0, 10**9, "columns"), (0, 0, "heuristic")]
)
def test_every_order_is_sound(
    crowded: Instance, tiny: int, small: int, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests that whichever parts go first, the first level is the optimum, and no bound is above one."""
    best = solve(crowded, method="exact").levels[0].value
    monkeypatch.setattr(automatic, "TINY", tiny)
    monkeypatch.setattr(automatic, "SMALL", small)
    found = solve(crowded, options=Options(time_limit_s=TINY_S))
    assert found.levels[0].value == best
    assert found.levels[0].bound is not None
    assert best is not None
    assert found.levels[0].bound <= best
    assert found.method_why.startswith(f"{first} found")


def test_large_takes_columns(monkeypatch: pytest.MonkeyPatch, crowded: Instance) -> None:
    """Tests that where one model takes too long to write, columns answer, with the bound that is theirs."""
    monkeypatch.setattr(automatic, "VARIABLE_S", 1.0)
    found = solve(crowded, options=Options(time_limit_s=3))
    assert found.method == "columns"
    assert found.placement is not None
    assert found.levels[0].bound is not None


def test_a_part_that_finds_nothing_is_not_the_end(monkeypatch: pytest.MonkeyPatch, crowded: Instance) -> None:
    """Tests that another part answers where one has nothing, and that both are told of."""

    def nothing(problem: Problem, *_: object, **__: object) -> Answer:
        return Answer(None, (None,) * len(problem.instance.objective), Termination.TIME_LIMIT)

    monkeypatch.setattr("mosaico_place.exact.method.solve_exact", nothing)
    found = solve(crowded, options=Options(time_limit_s=3))
    assert found.placement is not None
    assert found.method_why.startswith("heuristic found ")
    assert "; exact found no placement; " in found.method_why


def test_no_room_is_proven() -> None:
    """Tests that what cannot be answered is said to be so, once it is proven, with a limit and without."""
    instance = parse_instance(NO_ROOM)
    for options in (Options(), Options(time_limit_s=TINY_S)):
        result = solve(instance, options=options)
        assert (result.termination, result.placement) == (Termination.INFEASIBLE, None)
        assert result.method_why.endswith("exact proved that there is no placement")


def test_errors_of_parts_are_not_hidden(monkeypatch: pytest.MonkeyPatch, crowded: Instance) -> None:
    """Tests that a part which contradicts itself, or another, ends in an error."""

    def broken(*_: object, **__: object) -> Answer:
        raise SolverError("made up")

    monkeypatch.setattr("mosaico_place.exact.method.solve_exact", broken)
    with pytest.raises(SolverError, match="made up"):
        solve(crowded, options=Options(time_limit_s=3))
    problem = compile_instance(crowded)
    best = scripted(problem, [(solve_heuristic(problem, Options()).placement, (None,) * 3)])
    with pytest.raises(SolverError, match="although one is known"):
        best.note("exact", Answer(None, (None,) * 3, Termination.INFEASIBLE), "exact")


def test_bounds_of_later_levels_need_the_levels_before(crowded: Instance) -> None:
    """Tests that a bound counts where the placement is no worse on the levels before, and only there."""
    problem = compile_instance(crowded)
    good = solve_exact(problem, Options(gap=0.0)).placement
    assert good is not None
    less, more = cost(crowded, good).levels, cost(crowded, EMPTY).levels
    assert less[0] < more[0]
    assert less[1] > more[1]
    known = [(good, (1.0, 3.0, None)), (EMPTY, (0.5, 4.0, 6.0))]
    assert scripted(problem, known).bounds == (1.0, 4.0, None)
    assert scripted(problem, known[::-1]).bounds == (1.0, 4.0, None)
    assert scripted(problem, known[1:]).bounds == (0.5, 4.0, 6.0)


def test_optimal_needs_every_level(crowded: Instance) -> None:
    """Tests that levels closed by different parts make the whole optimal, and a gap is called one."""
    problem = compile_instance(crowded)
    good = solve_exact(problem, Options(gap=0.0)).placement
    assert good is not None
    values = [float(value) for value in cost(crowded, good).levels]
    whole = [(good, (values[0], None, None)), (good, (None, values[1], values[2]))]
    assert scripted(problem, whole).answer().termination is Termination.OPTIMAL
    near = [*whole[:1], (good, (None, values[1], 0.9999 * values[2]))]
    assert scripted(problem, near, gap=1e-3).answer().termination is Termination.GAP
    assert not scripted(problem, near).settled


def test_size_is_judged_before_it_is_built() -> None:
    """Tests that the estimate is close to the number of variables that the model has for candidates and arcs."""
    for seed in range(3):
        problem = compile_instance(generate(5, 2, 60, 1.2, seed))
        count = len(transfer(build(problem)).columns)
        assert count / 2 < variables(problem) < 1.2 * count


@pytest.mark.parametrize(
    ("name", "accepted", "seconds"), [("six", 20, 20), ("auto-70", 18, 20), ("two-servers", 1, 5), ("gang-10", 1, 5)]
)
def test_cases_of_others(name: str, accepted: int, seconds: float) -> None:
    """Tests that what others sent in is accepted."""
    path = CASES / f"{name}.yaml"
    if not path.exists():
        pytest.skip("the cases of others are not beside the project")
    limited = Options(time_limit_s=seconds, gap=1.0)
    assert sum(chain.weight for chain in load_instance(path).chains.values()) >= Fraction(1)
    assert len(solve(load_instance(path), options=limited).accepted) == accepted
