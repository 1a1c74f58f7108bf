"""Bounds on levels that count active nodes and the largest share: never above the optimum, and near it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.columns.generation import Generation
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.tables import compile_tables
from mosaico_place.costing import cost
from mosaico_place.exact.method import solve_exact
from mosaico_place.instance import (
    Chain,
    Component,
    Function,
    Implementation,
    Instance,
    Kind,
    Level,
    Node,
    ObjectiveLevel,
    Preference,
    Term,
)
from mosaico_place.kernel.pricing import Pricer
from mosaico_place.kernel.summed import find_least, must_stand, sum_up
from mosaico_place.method import Options
from mosaico_place.methods.search.dual_ascent import ascend
from mosaico_place.placement import Placement
from mosaico_place.rules import CostTerm
from tests.brute_force import TooManyError, brute_force
from tests.strategies import previous_placements, tiny_instances
from tests.test_classics import function, star
from tests.test_columns import beginning, finish, go_on, settled

SLACK = 1e-6
ACTIVE, BALANCE = Term(CostTerm.ACTIVE), Term(CostTerm.BALANCE)
OTHERS = [
    Term(term) for term in (CostTerm.REJECTED, CostTerm.RESOURCES, CostTerm.LINKS, CostTerm.MOVES, CostTerm.PREFERENCE)
]


@st.composite
def objectives(draw: st.DrawFn) -> tuple[ObjectiveLevel, ...]:
    """One or two levels, of which one counts active nodes or the largest share, and perhaps other things."""
    weight = st.sampled_from([Fraction(1), Fraction(3), Fraction(1, 10)])
    counted = draw(st.dictionaries(st.sampled_from([ACTIVE, BALANCE]), weight, min_size=1))
    level = counted | draw(st.dictionaries(st.sampled_from(OTHERS), weight, max_size=2))
    rejected: list[ObjectiveLevel] = [{Term(CostTerm.REJECTED): Fraction(1)}]
    return tuple(
        draw(st.sampled_from([[level], [*rejected, level], [{**level, **rejected[0]}, {BALANCE: Fraction(1)}]]))
    )


def ascended(instance: Instance) -> float:
    """The bound of the dual ascent."""
    compiled = compile_tables(compile_instance(instance))
    pricer = Pricer(compiled, threads=1)
    found = ascend(compiled, pricer, 0, rounds=8).bound
    pricer.close()
    return found


def steps(instance: Instance, previous: Placement | None) -> tuple[Fraction, ...]:
    """Of which the values of all levels are multiples."""
    return compile_tables(compile_instance(instance, previous)).levels.steps


def summed(instance: Instance, previous: Placement | None, values: list[float]) -> list[float]:
    """The bounds of summed capacities on all levels, those before kept at these values."""
    compiled = compile_tables(compile_instance(instance, previous))
    least = find_least(compiled)
    return [
        sum_up(compiled, least, level, must_stand(compiled, np.array(values[:level]))).bound
        for level in range(len(values))
    ]


def test_bounds_with_activation() -> None:
    """Tests that no bound of either level is above the optimum of random instances, and that many are close."""
    seen: Counter[str] = Counter()

    def compared(generation: Generation, rng: np.random.Generator, optimum: float, level: ObjectiveLevel) -> None:
        bound = settled(generation, rng, optimum)
        kind = "balance" if BALANCE in level else "active" if ACTIVE in level else "rejected"
        seen[kind] += optimum > 0 and bound > 0

    @given(tiny_instances(), objectives(), st.data())
    def holds(instance: Instance, objective: tuple[ObjectiveLevel, ...], data: st.DataObject) -> None:
        instance = replace(instance, objective=objective)
        previous = data.draw(st.none() | previous_placements(instance))
        try:
            best = brute_force(instance, previous)
        except TooManyError:
            return
        if best.values is None:
            return
        for value, step in zip(best.values, steps(instance, previous), strict=True):
            seen["steps"] += step > 0 and value > 0
            assert value % step == 0 if step else True
        values = [float(value) for value in best.values]
        for optimum, bound in zip(values, summed(instance, previous, values), strict=True):
            assert bound <= optimum + SLACK
            seen["summed"] += bound > 0.5 * optimum > 0
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        if previous is None:
            assert ascended(instance) <= float(best.values[0]) + SLACK
        with beginning(instance, previous) as generation:
            compared(generation, rng, float(best.values[0]), objective[0])
            assert best.placement is not None
            if len(objective) > 1 and go_on(generation, best.placement, float(best.values[0])):
                compared(generation, rng, float(best.values[1]), objective[1])

    holds()
    assert seen["steps"] > 10, seen
    assert seen["summed"] > 0, seen
    assert min(seen["active"], seen["balance"]) > 3, seen


def places(sizes: Mapping[str, int], rooms: Mapping[str, int], level: ObjectiveLevel) -> Instance:
    """Items of these cores that must all go to servers with so many, whose use costs as much as ten of them."""
    nodes, links = star(rooms, {name: 10 * cores for name, cores in rooms.items()})
    functions = {item: function(item, cores) for item, cores in sizes.items()}
    far = {item: {name: Fraction((3 * i + 5 * j) % 7) for j, name in enumerate(rooms)} for i, item in enumerate(sizes)}
    chains = {
        item: Chain(item, {"stands": Component("stands", item)}, preference={"stands": Preference(far[item])})
        for item in sizes
    }
    return Instance("places", nodes, links, functions, chains, objective=(level,))


SIZES = {"a": 4, "b": 3, "c": 3, "d": 2, "e": 4, "f": 3}
ROOMS = {"x": 8, "y": 7, "z": 9, "w": 6}


@pytest.mark.parametrize(
    ("level", "part"),
    [
        ({ACTIVE: Fraction(1)}, 0.9),
        ({ACTIVE: Fraction(1), Term(CostTerm.PREFERENCE): Fraction(1)}, 0.9),
        ({BALANCE: Fraction(1)}, 0.75),
        ({BALANCE: Fraction(50), ACTIVE: Fraction(1)}, 0.85),
    ],
)
def test_bounds_are_near(level: ObjectiveLevel, part: float) -> None:
    """Tests that the bound comes near the optimum where items fill servers, and that summed capacities say much."""
    instance = places(SIZES, ROOMS, level)
    answer = solve_exact(compile_instance(instance), Options(gap=0.0, threads=1))
    assert answer.placement is not None
    optimum = float(cost(instance, answer.placement).levels[0])
    with beginning(instance) as generation:
        finish(generation)
        assert generation.bound is not None
        assert part * optimum <= generation.bound <= optimum + SLACK
    assert 0.6 * optimum <= summed(instance, None, [optimum])[0] <= optimum + SLACK


def test_gpus_alike() -> None:
    """Tests that of GPUs that are alike no more may be accepted than there are, by the bound of the ascent."""
    gpus = {f"gpu-{i}": {"share": 1000} for i in range(4)}
    nodes = {name: Node(name, Kind.SERVER, {"cpu": 64_000}, devices=gpus) for name in ("one", "other")}
    run = Function("run", {"gpu": Implementation("gpu", Level.GPU, {"cpu": 1000}, device={"share": 500})})
    chains = {f"pod-{i}": Chain(f"pod-{i}", {"runs": Component("runs", "run")}) for i in range(25)}
    level: ObjectiveLevel = {Term(CostTerm.REJECTED): Fraction(1)}
    instance = Instance("gpus", nodes, (), {"run": run}, chains, objective=(level,))
    assert ascended(instance) == pytest.approx(25 - 16)
