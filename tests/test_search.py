"""The methods ``heuristic``, ``columns`` and ``auto``: sound answers, valid bounds, the same for the same seed."""

from __future__ import annotations

import threading
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mosaico_place import Options, Term, automatic, check, load_instance, solve
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.tables import compile_tables
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.exact.estimate import variables
from mosaico_place.generating import generate
from mosaico_place.instance import Instance
from mosaico_place.kernel.pricing import Pricer
from mosaico_place.method import Progress
from mosaico_place.methods.search.dual_ascent import ascend
from mosaico_place.methods.search.ruin import Ruin
from mosaico_place.methods.search.ruin_and_recreate import better, take_turns
from mosaico_place.methods.search.search import Limits, Search
from mosaico_place.methods.search.undoing import return_home
from mosaico_place.placement import Placement
from mosaico_place.result import Termination
from mosaico_place.rules import CostTerm
from mosaico_place.solution.incremental import Live
from mosaico_place.solution.solution import Solution

INSTANCES = Path(__file__).parent.parent / "instances"
SMALL = sorted([*(INSTANCES / "tiny").glob("*.yaml"), INSTANCES / "mixed-classes.yaml"])


@pytest.fixture(scope="module")
def made_up() -> Instance:
    """Contended: 12 nodes, 14 chains, rejection alone counts."""
    return replace(generate(4, 2, 14, 1.4, 5), objective=({Term(CostTerm.REJECTED): Fraction(1)},))


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
@pytest.mark.parametrize("method", ["heuristic", "columns"])
def test_against_the_optimum(path: Path, method: str) -> None:
    """Tests that no bound lies above the optimum, and that the first level reaches it on instances solved by hand."""
    instance = load_instance(path)
    best = solve(instance, method="exact", options=Options(gap=0))
    found = solve(instance, method=method, options=Options(seed=1))
    assert found.placement is not None
    assert check(instance, found.placement) == []
    first, optimum = found.levels[0], best.levels[0].value
    assert optimum is not None
    assert first.value == pytest.approx(optimum)
    assert first.bound is None or first.bound <= optimum + 1e-6


@given(
    st.lists(st.fractions(Fraction(1, 4), 9, max_denominator=4) | st.just(Fraction(10**12)), min_size=5, max_size=5),
    st.sampled_from([Fraction(1), Fraction(3, 2)]),
    st.fractions(-1, 40, max_denominator=7),
)
def test_bounds_on_rejection(made_up: Instance, weights: list[Fraction], factor: Fraction, least: Fraction) -> None:
    """Tests that a bound is raised to the least that rejecting some chains costs, of all sets of them."""
    chains = [replace(one, weight=weight) for one, weight in zip(made_up.chains.values(), weights, strict=False)]
    instance = replace(
        made_up, chains={chain.name: chain for chain in chains}, objective=({Term(CostTerm.REJECTED): factor},)
    )
    levels = compile_tables(compile_instance(instance)).levels
    sums = [factor * sum(some) for n in range(6) for some in combinations(weights, n)]
    reached = [one for one in sums if one >= least]
    if reached:
        assert levels.rounded_up(0, float(least), max(sums)) == pytest.approx(float(min(reached)))
        assert levels.rounded_up(0, float(least), min(reached)) == pytest.approx(float(min(reached)))
    else:
        assert levels.rounded_up(0, float(least), max(sums)) == pytest.approx(float(max(sums)))


def test_columns_on_contention(made_up: Instance) -> None:
    """Tests that bound <= optimum <= value on a contended instance, and that the two are close."""
    best = solve(made_up, method="exact", options=Options(gap=0, time_limit_s=60))
    found = solve(made_up, method="columns", options=Options(time_limit_s=5))
    assert best.termination is Termination.OPTIMAL
    (level,), optimum = found.levels, best.levels[0].value
    assert level.bound is not None
    assert level.value is not None
    assert optimum is not None
    assert level.bound <= optimum <= level.value
    assert found.accepted_weight is not None
    assert best.accepted_weight is not None
    assert found.accepted_weight >= 0.95 * best.accepted_weight


@pytest.mark.parametrize("method", ["heuristic", "columns"])
def test_same_seed_same_answer(made_up: Instance, method: str) -> None:
    """Tests that without a time limit the seed decides everything."""
    one, other = (solve(made_up, method=method, options=Options(seed=3)) for _ in range(2))
    assert one.placement == other.placement
    assert [level.bound for level in one.levels] == [level.bound for level in other.levels]


def test_interrupted(made_up: Instance) -> None:
    """Tests that an interruption keeps the best placement so far."""
    stop = threading.Event()

    def watch(progress: Progress) -> None:
        if progress.phase == "search":
            stop.set()

    found = solve(made_up, method="heuristic", options=Options(stop=stop, progress=watch))
    assert found.termination is Termination.INTERRUPTED
    assert found.placement is not None


def test_later_levels_never_cost_earlier_ones() -> None:
    """Tests that a level is only improved where those before it do not get worse."""
    compiled = compile_tables(compile_instance(generate(4, 2, 14, 1.2, 5)))
    pricer = Pricer(compiled, 1)
    shadow = ascend(compiled, pricer, 0).shadow
    pricer.close()
    search = Search(Solution(compiled), shadow, seed=0)
    cost = np.ones(len(compiled.names))
    search.fill(cost)
    search.improve(0, cost, Limits(turns=300))
    before = search.value()
    for level in (1, 2):
        search.reprice(0.01 * shadow, level)
        after = search.improve(level, cost, Limits(turns=300))
        assert tuple(after) <= tuple(before)
        before = after


def test_broken_off_turns_would_have_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that a search that breaks off hopeless turns places fewer chains on its way to the same placement."""
    placed = 0

    def counted(*arguments: Any) -> Any:
        nonlocal placed
        taken = take_turns(*arguments)
        placed += taken[2]
        return taken

    def found(counting: bool) -> tuple[Placement, int]:
        nonlocal placed
        placed = 0
        compiled = compile_tables(compile_instance(generate(4, 2, 24, 1.6, 3)))
        compiled.levels.counting[:] &= counting
        search = Search(Solution(compiled), np.zeros_like(compiled.rows.capacity), seed=2)
        cost = np.ones(len(compiled.names))
        search.fill(cost)
        for level in range(3):
            search.improve(level, cost, Limits(turns=150))
        return search.solution.placement(), placed

    monkeypatch.setattr("mosaico_place.methods.search.search.take_turns", counted)
    early, fewer = found(True)
    late, more = found(False)
    assert early == late
    assert fewer < more


def _parts(solution: Solution) -> list[NDArray[Any]]:
    return [*solution.state.parts().values()]


@pytest.mark.parametrize("level", [0, 1])
def test_turns_are_undone_exactly(made_up: Instance, level: int) -> None:
    """Tests that turns that are not kept leave no trace, and that the search ends where it was best."""
    compiled = compile_tables(compile_instance(replace(made_up, objective=generate(4, 2, 14, 1.4, 5).objective)))
    search = Search(Solution(compiled), np.zeros_like(compiled.rows.capacity), seed=4)
    solution, cost, random = search.solution, np.ones(len(compiled.names)), np.random.default_rng(level)
    search.fill(cost)
    undone = 0
    for _ in range(60):
        stood, state = solution.placement(), [part.copy() for part in _parts(solution)]
        costs, here = solution.chain_costs.copy(), solution.here.copy()
        out = random.permutation(np.flatnonzero(solution.placed))[:4]
        if search.turn(Ruin(out, out[:0]), cost):
            continue
        undone += 1
        assert solution.placement() == stood
        assert all(np.array_equal(now, before) for now, before in zip(_parts(solution), state, strict=True))
        assert np.array_equal(solution.chain_costs, costs)
        assert np.array_equal(solution.here, here)
    assert undone
    search.reprice(np.zeros_like(compiled.rows.capacity), level)
    best: list[FloatArray] = []
    told = search.improve(level, cost, Limits(turns=400, watch=best.append))
    assert best
    assert np.array_equal(told, best[-1])
    assert np.allclose(search.value(), told)
    again = Solution(compiled)
    again.load(solution.placement(), search.prices)
    assert all(np.array_equal(now, afresh) for now, afresh in zip(_parts(solution), _parts(again), strict=True))
    assert np.array_equal(solution.here, again.here)
    assert np.allclose(solution.chain_costs, again.chain_costs)


def test_max_moves_and_required() -> None:
    """Tests that a previous placement is kept where nothing may move, and required chains are placed."""
    instance = generate(4, 2, 14, 1.2, 5)
    before = solve(instance, method="heuristic", options=Options(seed=1, time_limit_s=1)).placement
    assert before is not None
    chains = {name: replace(chain, required=name in before.chains) for name, chain in instance.chains.items()}
    instance = replace(instance, chains=chains)
    after = solve(instance, method="heuristic", options=Options(time_limit_s=1), previous=before, max_moves=0)
    assert after.placement is not None
    assert set(before.chains) <= set(after.accepted)
    assert all(after.placement.chains[name].components == one.components for name, one in before.chains.items())


def test_impossible_chains_are_told() -> None:
    """Tests that a chain that fits nowhere is rejected with the reason that pruning knows, or makes all infeasible."""
    instance = generate(3, 1, 4, 1.0, 1)
    name = next(iter(instance.chains))
    chain = instance.chains[name]
    hurried = replace(chain, budgets=tuple(replace(budget, within_ns=1, target_ns=None) for budget in chain.budgets))
    found = solve(instance.with_chain(hurried), method="columns", options=Options(time_limit_s=2))
    (why,) = [rejection.why for rejection in found.rejected if rejection.chain == name]
    assert "latency" in why
    found = solve(instance.with_chain(replace(hurried, required=True)), method="columns")
    assert found.termination is Termination.INFEASIBLE


def test_auto_goes_by_size() -> None:
    """Tests how large a model is told to be, that the result names the method, and what it gave."""
    small, large = generate(3, 1, 4, 1.0, 1), generate(25, 2, 200, 1.2, 1)
    assert variables(compile_instance(small)) <= automatic.TINY
    assert variables(compile_instance(large)) > automatic.SMALL
    result = solve(small, options=Options(time_limit_s=20))
    assert result.method == "exact"
    assert "exact found" in result.method_why


def test_snapshot_tells_what_changed(made_up: Instance) -> None:
    """Tests that a snapshot names the chains that stand otherwise, and that none does once it is restored."""
    compiled = compile_tables(compile_instance(made_up))
    solution = Solution(compiled)
    search = Search(solution, np.zeros_like(compiled.rows.capacity), seed=1)
    everything = np.arange(len(compiled.names))
    search.fill(np.ones(len(everything)))
    before, stood = solution.save(everything), solution.placement()
    assert before.differing() == []
    search.improve(0, np.ones(len(everything)), Limits(turns=40))
    now = solution.placement()
    changed = {name for name in compiled.names if stood.chains.get(name) != now.chains.get(name)}
    assert changed
    assert changed <= {compiled.names[k] for k in before.differing()}
    before.restore()
    assert before.differing() == []
    assert solution.placement() == stood


def test_who_moved_for_nothing_returns(made_up: Instance) -> None:
    """Tests that chains return until none can without a loss, that some do, and that no level gets worse."""
    compiled = compile_tables(compile_instance(made_up))
    everything, returned = np.arange(len(compiled.names)), 0
    for seed in range(6):
        search = Search(Solution(compiled), np.zeros_like(compiled.rows.capacity), seed=1, newcomers=0)
        solution, random = search.solution, np.random.default_rng(seed)
        search.fill(np.ones(len(everything)))
        before, stood = solution.save(everything), solution.placement().chains
        for _ in range(5):
            out = random.permutation(np.flatnonzero(solution.here[int(random.integers(len(solution.here)))]))[:8]
            solution.remove(out, search.prices)
            solution.insert(out, search.prices, np.full(len(everything), np.inf))
        value, moved = search.value(), {*before.moved()}
        for _ in moved:
            return_home(search, before)
        assert not better(value, search.value())
        left = {*before.moved()}
        assert left <= moved
        returned += len(moved - left)
        now = solution.placement().chains
        assert all(now[compiled.names[k]] == stood[compiled.names[k]] for k in moved - left)
        value = search.value()
        for k in left:
            here = solution.save(np.array([k]))
            solution.remove([k], search.prices)
            assert not before.stand_again(k, search.prices) or better(value, search.value())
            here.restore()
    assert returned


def test_who_stays_is_preferred(made_up: Instance) -> None:
    """Tests that nothing moves of a chain that leaves alone and comes back if moving is dear; if not, some does."""
    made_up = replace(made_up, prices=replace(made_up.prices, move=Fraction(1)))
    filled = Live(made_up)
    search = Search(filled.solution, np.zeros_like(filled.compiled.rows.capacity), seed=1)
    search.fill(np.ones(len(filled.compiled.names)))
    placement = filled.solution.placement()
    moves = {}
    for stays in (0.0, 1e6):
        live = Live(made_up, placement)
        shadow = np.random.default_rng(1).uniform(0.0, 0.01, live.compiled.rows.capacity.shape)
        search = Search(live.solution, shadow, seed=1, newcomers=0, stays=stays)
        for k in np.flatnonzero(live.solution.placed).tolist():
            live.solution.remove([k], search.prices)
            live.solution.insert([k], search.prices, np.full(len(live.compiled.names), np.inf))
        moves[stays] = live.solution.moves()
    assert moves[1e6] == 0
    assert moves[0.0] > 0


def searched(threads: int, seed: int = 0) -> tuple[Placement, list[float], list[float]]:
    """Where a search by so many threads ends, its values, and those of the same placement set up anew."""
    compiled = compile_tables(compile_instance(generate(5, 2, 40, 1.3, 5)))
    search = Search(Solution(compiled), np.zeros_like(compiled.rows.capacity), seed=seed, threads=threads)
    cost = np.ones(len(compiled.names))
    search.fill(cost)
    told = []
    for level in range(2):
        search.reprice(np.zeros_like(compiled.rows.capacity), level)
        told = search.improve(level, cost, Limits(turns=900)).tolist()
    assert np.allclose(search.value(), told)
    again = Solution(compiled)
    again.load(search.solution.placement(), search.prices)
    return search.solution.placement(), search.value().tolist(), again.values().tolist()


def test_threads_search_together() -> None:
    """Tests that the seed and the number of threads decide the answer, and that several threads keep exact books."""
    alone, together = searched(threads=1), searched(threads=2)
    assert searched(threads=1) == alone
    assert searched(threads=2) == together
    assert searched(threads=2, seed=1)[0] != together[0]
    assert together[0] != alone[0]
    for _, values, anew in (alone, together, searched(threads=3)):
        assert values == pytest.approx(anew)


def test_few_chains_are_searched_by_one_thread() -> None:
    """Tests that threads that would be in each other's way are left out."""
    compiled = compile_tables(compile_instance(generate(4, 2, 14, 1.2, 5)))
    found = []
    for threads in (1, 4):
        search = Search(Solution(compiled), np.zeros_like(compiled.rows.capacity), seed=3, threads=threads)
        search.fill(np.ones(len(compiled.names)))
        search.improve(0, np.ones(len(compiled.names)), Limits(turns=200))
        found.append(search.solution.placement())
    assert found[0] == found[1]
