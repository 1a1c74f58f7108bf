"""Plans: every one passes its judge, and says the shortest way that there is."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import permutations, product
from pathlib import Path

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mosaico_place.checking import check, check_chain
from mosaico_place.compile import compile_instance
from mosaico_place.exact.method import solve_exact
from mosaico_place.instance import Instance, Level, Term
from mosaico_place.ledger import Ledger
from mosaico_place.method import Options
from mosaico_place.placement import Placement, Spot
from mosaico_place.planning import Act, Plan, Transition, check_plan, detour, plan, plan_document, plan_lines, planner
from mosaico_place.planning.changes import Change, Scenery, changes
from mosaico_place.planning.charges import charge, charge_both, items_of
from mosaico_place.planning.judging import Replay
from mosaico_place.planning.ordering import close_surplus, find_order, step
from mosaico_place.planning.paths import Ways
from mosaico_place.planning.relief import Short
from mosaico_place.planning.rerouting import Rerouting
from mosaico_place.planning.stage import Stage
from mosaico_place.rules import CostTerm, Rule
from mosaico_place.usage import amounts, chain_usage, survey
from tests.depth import dear, most_examples
from tests.packing import transition
from tests.strategies import tiny_instances
from tests.test_ledger import SEEDS, anyhow, changed

SCHEMA = Draft202012Validator(
    json.loads((Path(__file__).parents[1] / "docs" / "schema" / "plan.json").read_text(encoding="utf-8"))
)


def solved(instance: Instance) -> Placement | None:
    """An optimum."""
    return solve_exact(compile_instance(instance), Options(gap=0.01, threads=1)).placement


OBJECTIVES = (
    ({Term(CostTerm.REJECTED): Fraction(1)}, {Term(CostTerm.RESOURCES): Fraction(1)}),
    ({Term(CostTerm.REJECTED): Fraction(1)}, {Term(CostTerm.BALANCE): Fraction(1)}),
    ({Term(CostTerm.REJECTED): Fraction(1)}, {Term(CostTerm.ACTIVE): Fraction(1), Term(CostTerm.LINKS): Fraction(1)}),
)


@st.composite
def transitions(draw: st.DrawFn) -> Transition:
    """From an optimum to the optimum for something else, perhaps of an instance in which something has changed."""
    rng = draw(SEEDS)
    earlier = draw(tiny_instances())
    chains = {name: replace(chain, required=False) for name, chain in earlier.chains.items()}
    functions = {
        name: replace(one, state_bytes=rng.choice([0, 10**6]), reload_ns=rng.choice([0, 10**9]))
        for name, one in earlier.functions.items()
    }
    objectives = rng.sample(OBJECTIVES, 2)
    earlier = replace(earlier, chains=chains, functions=functions, objective=objectives[0])
    before = solved(earlier)
    assume(before is not None)
    assert before is not None
    instance = earlier
    for _ in range(rng.randint(0, 2)):
        now = changed(instance, rng)
        instance = now if now.nodes.keys() == earlier.nodes.keys() and now.objective == earlier.objective else instance
    after = solved(replace(instance, objective=objectives[1]))
    assume(after is not None)
    assert after is not None
    return Transition(earlier, instance, before, after)


@cache
def crowd(number: int) -> Transition:
    """From one random placement of a crowded network to another."""
    return transition(random.Random(number))


def crowds() -> st.SearchStrategy[Transition]:
    """The same for all tests, as many as examples: it takes longer to make them up than to plan them."""
    return st.sampled_from(range(most_examples())).map(crowd)


@dear(50)  # every one takes two optima
@given(transitions())
def test_every_plan_passes_its_judge(there: Transition) -> None:
    """Tests that the plan from any optimum to any other breaks nothing, with a ledger or without."""
    assert check(there.instance, there.after) == []
    found = plan(there)
    assert check_plan(there, found) == []
    assert plan(there, Ledger(there.instance, there.before)) == found
    event(f"{min(len(found.steps), 5)} steps, {len(found.interruptions)} interruptions")


@given(crowds())
def test_every_plan_of_a_crowd_passes_its_judge(there: Transition) -> None:
    """Tests the same where there is little room and much to change."""
    found = plan(there)
    assert check_plan(there, found) == []
    detours = sum(1 for one in found.steps if one.act is Act.SWITCH) - len(
        {one.chain for one in found.steps if one.act is Act.SWITCH}
    )
    event(f"{len(found.interruptions)} interruptions, {detours} detours")


@given(crowds())
def test_nobody_who_could_help_is_passed_over(there: Transition) -> None:
    """Tests that plans are the same when all are tried, whether or not that could help anybody or be in time."""

    def everybody(_: object, short: Iterable[Short]) -> list[Change]:
        return [change for change, _ in short]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detour, "MOST_TRIED", 10**6)
        found = plan(there)
        patch.setattr(planner, "helped", everybody)
        patch.setattr(detour, "helped", everybody)
        patch.setattr(Rerouting, "_keeps_time", lambda *_: True)
        assert plan(there) == found


@given(crowds(), SEEDS)
def test_spots_that_are_refused_for_time_are_late(there: Transition, rng: random.Random) -> None:
    """Tests that a temporary spot which is passed over although there is room for its paths breaks a budget."""
    instance, scenery = there.instance, Scenery(there, Ledger(there.instance, there.before))
    stage, ways = Stage(scenery), Ways(instance, scenery.before.hops)
    for change in changes(scenery):
        placed = change.placed
        if placed is None or change.target is None or placed.merged or change.form.name not in instance.chains:
            continue
        rerouting = Rerouting(instance, scenery.before, stage, ways, change)
        for name in placed.components:
            function = instance.functions[change.form.components[name].function or ""]
            each = product(function.implementations.values(), instance.nodes.values())
            runs = [Spot(node.name, one.name) for one, node in each if one.runs_on(node) and one.level is not Level.GPU]
            spot = rng.choice(runs or [placed.components[name]])
            taken = list(rerouting.in_time(name, [spot])) == [spot] and rerouting.paths(name, spot) is not None
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Rerouting, "_keeps_time", lambda *_: True)
                flows = rerouting.paths(name, spot)
            if flows is not None and not taken:
                late = replace(placed, components={**placed.components, name: spot}, flows=flows)
                rules = {fault.rule for fault in check_chain(instance, change.name, late, scenery.before)}
                assert Rule.LATENCY in rules
                event("refused")


@given(tiny_instances(), SEEDS)
def test_charges_are_use(instance: Instance, rng: random.Random) -> None:
    """Tests that what a placement is charged for is its use in sum, and two of a chain at least the larger."""
    one, other = anyhow(instance, rng), anyhow(instance, rng)
    scene = survey(instance, one)
    for name in one.chains.keys() & other.chains.keys():
        chain = instance.chains[name]
        paths = [path for each in (one, other) for path in each.chains[name].flows.values()]
        if any(len(set(path)) < len(path) for path in paths):
            continue  # a path that meets a node twice is none
        old, new = (items_of(instance, chain, each.chains[name], scene) for each in (one, other))
        for placed, items in ((one.chains[name], old), (other.chains[name], new)):
            use = chain_usage(instance, chain, placed, scene)
            assert dict(charge(items).takes) == amounts(use)
            assert charge(items).loads == use.loads
            assert charge_both(items, items) == charge(items)
        both, singly = charge_both(old, new), (charge(old), charge(new))
        assert both == charge_both(new, old)
        for capacity, taken in both.takes.items():
            parts = [each.takes.get(capacity, 0) for each in singly]
            assert max(parts) <= taken <= sum(parts)
        for opening, load in both.loads.items():
            parts = [each.loads.get(opening, 0) for each in singly]
            assert max(parts) <= load <= sum(parts)


@given(crowds())
def test_an_order_is_found_if_there_is_one(there: Transition) -> None:
    """Tests that chains change without a detour or an interruption whenever some order of them allows it."""
    scenery = Scenery(there, Ledger(there.instance, there.before))
    found = list(changes(scenery))
    stage = Stage(scenery)
    for change in found:
        stage.begin(change)
    for change in found:
        if change.target is None:
            stage.settle(change)
    close_surplus(stage)
    moving = [change for change in found if change.placed is not None and change.target is not None]

    def possible(order: tuple[object, ...]) -> bool:
        now = stage.copy()
        return all(step(now, change) for change in order)  # type: ignore[arg-type]

    exists = any(possible(order) for order in permutations(moving))
    assert exists == (len(find_order(stage, moving)) == len(moving))
    if exists:
        assert plan(there).interruptions == ()
    event(f"{len(moving)} change, order {'exists' if exists else 'does not exist'}")


@given(crowds())
def test_every_step_is_needed(there: Transition) -> None:
    """Tests that the judge refuses a plan that lacks a step, or that takes one twice."""
    found = plan(there)
    for position in range(len(found.steps)):
        steps = list(found.steps)
        assert check_plan(there, replace(found, steps=(*steps[:position], *steps[position + 1 :])))
        assert check_plan(there, replace(found, steps=(*steps[: position + 1], *steps[position:])))


@given(crowds())
def test_the_judge_ends_where_the_ledger_is(there: Transition) -> None:
    """Tests that what the judge adds up before and after a plan is what the placements take."""
    for instance, placement in ((there.earlier, there.before), (there.instance, there.after)):
        same = Replay(Transition(instance, instance, placement, placement), Plan())
        totals = same.totals()
        ledger = Ledger(instance, placement)
        assert {name: amount for name, amount in totals.takes.items() if amount} == ledger.taken
        assert totals.loads == {opening: sum(loads.values()) for opening, loads in ledger.served.items()}
        assert {key: taken for key, taken in totals.by_class.items() if taken} == {
            (name, key): amount for name, by_capacity in ledger.by_class.items() for key, amount in by_capacity.items()
        }
    replay = Replay(there, plan(there))
    assert list(replay.run()) == []
    done = Transition(there.instance, there.instance, there.after, there.after)
    assert replay.totals() == Replay(done, Plan()).totals()


@given(crowds())
def test_documents_keep_to_their_schema(there: Transition) -> None:
    """Tests that the document of any plan is what the published schema says, and that every step has its line."""
    found = plan(there)
    document = plan_document(found)
    SCHEMA.validate(json.loads(json.dumps(document)))
    assert len(document["steps"]) == len(found.steps)  # type: ignore[arg-type]
    assert len(plan_lines(found)) == len(found.steps) + len(found.interruptions)
