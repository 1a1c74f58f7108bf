"""The bounds of column generation: at any prices, and at those that it ends with, never above the optimum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.columns.generation import Generation
from mosaico_place.columns.knapsack import heaviest
from mosaico_place.columns.master import Duals
from mosaico_place.columns.packing import Packings
from mosaico_place.columns.splitting import Splitter
from mosaico_place.columns.ties import ties_of
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.tables import compile_tables
from mosaico_place.compile.infrastructure import FloatArray
from mosaico_place.costing import cost
from mosaico_place.exact.method import solve_exact
from mosaico_place.generating import generate
from mosaico_place.instance import Instance
from mosaico_place.kernel.measuring import Surcharges, no_surcharges
from mosaico_place.kernel.prices import price
from mosaico_place.kernel.pricing import Measurer, Pricer
from mosaico_place.load import load_instance
from mosaico_place.method import Options
from mosaico_place.methods.search.dual_ascent import ascend
from mosaico_place.placement import Placement
from mosaico_place.solution.solution import Solution
from tests.brute_force import TooManyError, brute_force
from tests.strategies import previous_placements, tiny_instances
from tests.test_kernel import roomy

INSTANCES = Path(__file__).parent.parent / "instances"
SMALL = [*sorted((INSTANCES / "tiny").glob("*.yaml")), INSTANCES / "cloud-gaming-edge.yaml"]
SLACK = 1e-6


@contextmanager
def beginning(instance: Instance, previous: Placement | None = None) -> Iterator[Generation]:
    """Column generation that has not begun."""
    compiled = compile_tables(compile_instance(instance, previous))
    pricer = Pricer(compiled, threads=1)
    yield Generation(compiled, pricer)
    pricer.close()


def random_duals(generation: Generation, rng: np.random.Generator) -> Duals:
    """Prices that are not negative, some of them 0; what carries any load has none for it."""
    compiled = generation.compiled
    openings, shape = compiled.tables.openings, compiled.rows.capacity.shape

    def some(*size: int) -> FloatArray:
        drawn: FloatArray = rng.exponential(rng.choice([0.01, 0.1, 1.0]), size) * rng.integers(0, 2, size)
        return drawn

    load = np.where(np.isfinite(openings["capacity"]), some(len(openings)), 0.0)
    levels = np.zeros(compiled.levels.count)
    levels[: generation.level] = some(generation.level)
    levels[generation.level] = 1.0
    balanced = some(len(compiled.rows.amount) if generation.master.activation.largest else 0)
    balanced[compiled.rows.amount[: len(balanced)] == 0] = 0.0
    return Duals(
        some(*shape), load, some(len(generation.master.ties.keys)), some(len(generation.master.nodes.cuts)), balanced,
        levels,
    )  # fmt: skip


def finish(generation: Generation) -> float:
    """Generate all columns and rows of nodes; the value of the master."""

    def closed(value: float, bound: float) -> bool:
        return value - bound < SLACK

    generation.suggest(np.zeros_like(generation.compiled.rows.capacity))
    generation.run(lambda: False, closed)
    mix = generation.run(lambda: False, closed, packed=True)
    assert generation.best is not None
    assert mix.value >= generation.best.bound - SLACK
    return mix.value


def quote_at_random(generation: Generation, rng: np.random.Generator, optimum: float) -> None:
    """Bounds at random prices, of which none is above the optimum, nor lower where chains were split."""
    for _ in range(2):
        duals = random_duals(generation, rng)
        plain, sharp = generation.quote(duals).bound, generation.quote(duals, sharp=True).bound
        assert plain <= sharp + SLACK
        assert sharp <= optimum + SLACK


def settled(generation: Generation, rng: np.random.Generator, optimum: float) -> float:
    """Try random prices, then generate all columns; the best bound, of which none is above the optimum.

    Rows of nodes are added for a random mix first, so that there are some.
    """
    use = rng.exponential(4.0, len(generation.compiled.tables.options))
    generation.master.cut(Packings(generation.compiled)(use, lambda: False))
    quote_at_random(generation, rng, optimum)
    finish(generation)
    quote_at_random(generation, rng, optimum)  # ties are priced from now on
    assert generation.best is not None
    assert generation.best.bound <= optimum + SLACK
    return generation.best.bound


def go_on(generation: Generation, optimum: Placement, value: float) -> bool:
    """To the next level, with this one at the value of the optimum; False if the kernel cannot place it as cheaply.

    The kernel merges only what runs in the same option, so not what has a preference, or an instance, of its own.
    """
    compiled = generation.compiled
    solution = Solution(compiled)
    solution.load(optimum, price(compiled, np.zeros_like(compiled.rows.capacity)))
    if solution.values()[generation.level] > value + SLACK:
        return False
    generation.master.add(generation.columns_of(solution))
    generation.next_level(value)
    return True


def test_bounds_of_tiny_instances() -> None:
    """Tests that no bound of the first two levels is above the optimum of random instances, and that many meet it."""
    seen: Counter[str] = Counter()

    @given(tiny_instances(), st.data())
    def holds(instance: Instance, data: st.DataObject) -> None:
        previous = data.draw(st.none() | previous_placements(instance))
        instance = data.draw(st.sampled_from([instance, roomy(instance, 2)]))
        try:
            best = brute_force(instance, previous)
        except TooManyError:
            return
        if best.values is None:
            return
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        with beginning(instance, previous) as generation:
            for level, optimum in enumerate(map(float, best.values[:2]), start=1):
                bound = settled(generation, rng, optimum)
                seen[f"level {level}"] += 1
                seen[f"tight {level}"] += bound >= optimum - SLACK
                seen["cut"] += len(generation.master.nodes.cuts) > 0
                assert best.placement is not None
                if level == min(len(best.values), 2) or not go_on(generation, best.placement, optimum):
                    break

    holds()
    assert min(seen["level 1"], seen["level 2"]) > 35
    assert seen["cut"] > 0.5 * seen["level 1"]
    assert seen["tight 1"] > 0.6 * seen["level 1"]
    assert seen["tight 2"] > 0.5 * seen["level 2"]


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_bounds_of_instances(path: Path) -> None:
    """Tests that no bound of any level is above the exact optimum of the instances that come with the project."""
    instance = load_instance(path)
    answer = solve_exact(compile_instance(instance), Options(gap=0.0, threads=1))
    assert answer.placement is not None
    values = [float(value) for value in cost(instance, answer.placement).levels]
    rng = np.random.default_rng(0)
    with beginning(instance) as generation:
        for level, value in enumerate(values, start=1):
            settled(generation, rng, value)
            assert level == len(values) or go_on(generation, answer.placement, value)


def test_splitting() -> None:
    """Tests that at prices near those of an ascent splitting closes most of the gaps between bounds and embeddings.

    Latency counts, so the kernel's bounds and embeddings differ. What splitting finds costs what it says.
    """
    compiled = compile_tables(compile_instance(generate(4, 2, 14, 1.2, 5)))
    rng, none = np.random.default_rng(0), no_surcharges(len(compiled.names))
    pricer, splitter, measurer = Pricer(compiled, threads=1), Splitter(compiled), Measurer(compiled)
    ascended = ascend(compiled, pricer, 0).shadow
    before = after = 0.0
    for _ in range(5):
        shadow = ascended * rng.uniform(0.5, 2.0, ascended.shape)
        prices = price(compiled, shadow, weights=np.array([3.0, 1.0, 0.0]))
        prices = prices.replace(opening=np.zeros_like(prices.opening))
        lower, cost = pricer(prices, none)
        sharp_lower, sharp_cost = lower.copy(), cost.copy()
        splitter(prices, none, sharp_lower, sharp_cost, pricer.out, lambda: False)
        assert (sharp_lower >= lower).all()
        assert (sharp_cost <= cost).all()
        for k in np.flatnonzero(np.isfinite(sharp_cost)):
            column = measurer(int(k), prices, pricer.out)
            taken = float((shadow.ravel()[column.rows] * column.amounts).sum())
            assert taken + 3 * column.costs[0] + column.costs[1] == pytest.approx(sharp_cost[k])
        before += float((np.minimum(cost, prices.reject) - np.minimum(lower, prices.reject)).sum())
        after += float((np.minimum(sharp_cost, prices.reject) - np.minimum(sharp_lower, prices.reject)).sum())
    pricer.close()
    assert before > 0.1
    assert after < 0.1 * before, (before, after)


def test_surcharges() -> None:
    """Tests that an embedding is charged for each component and flow, and each opening that serves it, once."""
    compiled = compile_tables(compile_instance(generate(6, 2, 30, 0.8, 5)))
    rng, chains, openings = np.random.default_rng(0), len(compiled.names), len(compiled.tables.openings)
    pricer, measurer = Pricer(compiled, threads=1), Measurer(compiled)
    users, served = (index.ravel() for index in np.indices((compiled.most_users, openings), dtype=np.int32))
    start = np.arange(chains + 1) * users.size
    several = 0
    for _ in range(5):
        amount = rng.exponential(0.01, (chains, compiled.most_users, openings))
        surcharges = Surcharges(start, np.tile(users, chains), np.tile(served, chains), amount.ravel())
        shadow = rng.exponential(0.01, compiled.rows.capacity.shape)
        prices = price(compiled, shadow, weights=np.array([1.0, 1.0, 0.0]))
        prices = prices.replace(opening=np.zeros_like(prices.opening), reject=np.full(chains, np.inf))
        lower, cost = pricer(prices, surcharges)
        for k in np.flatnonzero(np.isfinite(cost)):
            column = measurer(int(k), prices, pricer.out)
            ties = ties_of(column)
            assert len(set(ties)) == len(ties)
            assert {tie.opening for tie in ties} == set(column.openings.tolist())
            charged = sum(amount[tie] for tie in ties)
            taken = float((shadow.ravel()[column.rows] * column.amounts).sum())
            assert taken + column.costs[1] + charged == pytest.approx(cost[k])
            assert lower[k] <= cost[k] + SLACK
            several += len({tie.opening for tie in ties}) < len(ties)
    pricer.close()
    assert several > 3, "some openings serve two of a chain"


def testheaviest() -> None:
    """Tests the heaviest packing against all packings of random nodes, and that too few steps are told."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        patterns, rows = int(rng.integers(1, 5)), int(rng.integers(1, 4))
        amount = rng.integers(0, 4, (patterns, rows)).astype(float)
        amount[:, 0] += 1.0
        room = rng.integers(0, 8, rows).astype(float)
        weight = rng.integers(1, 50, patterns).astype(float)
        best = np.zeros(patterns, dtype=np.int64)
        limit = rng.integers(1, 8, patterns)
        most = heaviest(weight, amount, room, limit, 10**6, best)
        packings = product(*(range(1 + n) for n in limit.tolist()))
        assert most == max(weight @ counts for counts in packings if (counts @ amount <= room).all())
        assert most == weight @ best
        assert (best @ amount <= room).all()
        assert (best <= limit).all()
    hard, some = np.array([7.0, 8.0, 9.0, 10.0]), np.full(4, 9)
    assert heaviest(hard - 1, hard[:, None], np.array([20.0]), some, 4, np.zeros(4, dtype=np.int64)) == -1


def test_cuts() -> None:
    """Tests that rows of nodes are found where units do not fill a node, and that no placement breaks them."""
    compiled = compile_tables(compile_instance(generate(4, 2, 14, 1.5, 5)))
    rng, chains = np.random.default_rng(0), len(compiled.names)
    packings = Packings(compiled)
    shape = len(compiled.tables.options)
    cuts = [cut for _ in range(20) for cut in packings(rng.exponential(1.0, shape), lambda: False)]
    assert len(cuts) > 50
    full = 0
    for _ in range(30):
        solution = Solution(compiled)
        shadow = rng.exponential(0.01, compiled.rows.capacity.shape)
        solution.insert(rng.permutation(chains), price(compiled, shadow), np.full(chains, np.inf))
        placed = solution.placed[compiled.owner]
        standing = solution.embeddings.option[placed]
        use = np.bincount(standing[standing >= 0], minlength=shape)
        for cut in cuts:
            taken = float(use[cut.options] @ cut.shares)
            assert taken <= 1 + 1e-9
            full += taken > 1 - 1e-9
    assert full > 20  # they touch what nodes can hold


def test_rounding() -> None:
    """Tests that what is found at the prices that generation ends with costs no less than its bound."""
    instance = load_instance(INSTANCES / "cloud-gaming-edge.yaml")
    with beginning(instance) as generation:
        value = finish(generation)
        assert generation.best is not None
        solution = Solution(generation.compiled)
        solution.insert(range(len(instance.chains)), generation.best.prices, np.full(len(instance.chains), np.inf))
        assert solution.values()[0] >= generation.best.bound - SLACK
        assert cost(instance, solution.placement()).levels[0] == solution.values()[0]
        assert value == pytest.approx(generation.best.bound)
        known = generation.master.add(generation.columns_of(solution))
        assert known <= len(instance.chains)
        assert generation.master.add(generation.columns_of(solution)) == 0
