"""The exact method against brute force on random tiny instances."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

from hypothesis import event, given, reject
from hypothesis import strategies as st

from mosaico_place.checking import check
from mosaico_place.compile import compile_instance
from mosaico_place.costing import cost
from mosaico_place.exact.method import solve_exact
from mosaico_place.instance import Instance, Term
from mosaico_place.method import Options
from mosaico_place.placement import Placement
from mosaico_place.result import Termination
from mosaico_place.rules import OF_PLACEMENTS, CostTerm
from tests.brute_force import Best, TooManyError, brute_force
from tests.depth import EXAMPLES
from tests.strategies import previous_placements, tiny_instances

TOLERANCE = 1e-6
SELDOM = (
    {Term(CostTerm.REJECTED): Fraction(1)},
    {Term(CostTerm.LATENCY): Fraction(1), Term(CostTerm.MOVES): Fraction(1, 2)},
)


def agree(instance: Instance, previous: Placement | None, max_moves: int | None) -> Counter[str]:
    """Solve both ways and compare; returns the rules that ruled something out and the terms that cost something."""
    try:
        expected = brute_force(instance, previous, max_moves)
    except TooManyError:
        reject()
    answer = solve_exact(compile_instance(instance, previous, max_moves), Options(gap=0.0, threads=1))
    if expected.values is None:
        assert answer.termination is Termination.INFEASIBLE
        assert answer.placement is None
        event("infeasible")
        return _refused(expected)
    assert answer.termination is Termination.OPTIMAL
    assert answer.placement is not None
    assert check(instance, answer.placement, previous, max_moves) == []
    found = cost(instance, answer.placement, previous)
    assert found.levels == expected.values
    for value, bound in zip(found.levels, answer.bounds, strict=True):
        assert bound is not None
        assert abs(float(value) - bound) <= TOLERANCE
    named = {term.cost for level in instance.objective for term in level}
    costly = [f"term {term.cost}" for term, value in found.terms.items() if value > 0 and term.cost in named]
    return _refused(expected) + Counter(costly)


def _refused(expected: Best) -> Counter[str]:
    return Counter({f"rule {rule}": count for rule, count in expected.refused.items()})


def test_exact_equals_brute_force() -> None:
    """Tests that exact finds the optimum of random instances in which every rule and every cost term plays a part."""
    seen: Counter[str] = Counter()

    @given(st.data())
    def agrees(chains: int, data: st.DataObject) -> None:
        instance = data.draw(tiny_instances(chains))
        previous = data.draw(st.none() | previous_placements(instance))
        max_moves = data.draw(st.none() | st.integers(0, 2))
        # Which of three random levels names latency and moves is seldom the one that they cost something in.
        instance = data.draw(st.sampled_from([instance, replace(instance, objective=(*SELDOM, *instance.objective))]))
        played = agree(instance, previous, max_moves)
        seen["instances"] += 1
        seen.update(played.keys())

    for chains in (1, 2, 3):  # the fewer there are, the more of the others can be tried
        agrees(chains)
    assert seen["instances"] >= 3 * EXAMPLES
    words = [*(f"rule {rule}" for rule in OF_PLACEMENTS), *(f"term {cost}" for cost in CostTerm)]
    assert [word for word in words if not seen[word]] == []
