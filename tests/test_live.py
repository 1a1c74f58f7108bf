"""The live placement: what follows its instance event by event is what a new compilation would give."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place import check, parse_instance
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.tables import compile_tables
from mosaico_place.costing import cost
from mosaico_place.dynamics.classic import classic, classic_first
from mosaico_place.dynamics.restructure import Restructure
from mosaico_place.dynamics.strategy import Setting
from mosaico_place.events import NodeDown, apply
from mosaico_place.generating import generate
from mosaico_place.instance import Flow, Instance
from mosaico_place.kernel.prices import price
from mosaico_place.moves import moved
from mosaico_place.placement import EMPTY, ChainPlacement, Placement, Spot
from mosaico_place.result import Violation
from mosaico_place.rules import Rule
from mosaico_place.solution.incremental import Live
from mosaico_place.solution.solution import Solution
from mosaico_place.solving import solve
from tests.depth import dear
from tests.strategies import tiny_instances
from tests.test_events import random_event

SEEDS = st.integers(0, 2**32)


def follow(live: Live, queue: list[int]) -> None:
    """Place chains where there is room."""
    live.solution.insert(queue, live.prices, np.full(len(live.compiled.names), np.inf))
    live.dirty.update(queue)


def broken(instance: Instance, placement: Placement, before: Placement) -> list[Violation]:
    """What is wrong but for chains that must be accepted and are not, which an event may make impossible."""
    return [
        violation
        for violation in check(instance, placement, before)
        if violation.rule is not Rule.PLACED or "must be accepted" not in violation.message
    ]


def same_as_new(live: Live, placement: Placement) -> None:
    """The live placement takes and allows what a new compilation of its instance and placement does."""
    new = compile_tables(compile_instance(live.instance))
    solution = Solution(new)
    solution.load(placement, price(new, np.zeros_like(new.rows.capacity)))
    assert solution.placed.sum() == len(placement.chains) == live.solution.placed.sum()
    possible = {new.names[k] for k in np.flatnonzero(new.tables.chains["possible"])}
    assert possible <= {live.compiled.names[k] for k in np.flatnonzero(live.compiled.tables.chains["possible"])}
    for row, name in enumerate(new.rows.names):
        mine = live.compiled.rows.index[name]
        kind = ("link",) if name[0] == "link" else (name[0], name[-1])
        had = (new.rows.capacity[0, row] - solution.state.free[0, row]) * new.rows.quantum[kind]
        has = live.compiled.rows.capacity[0, mine] - live.solution.state.free[0, mine]
        assert (
            had + new.rows.closed[row] * new.rows.quantum[kind] * -1
            == pytest.approx(
                has * live.compiled.rows.quantum[kind]
                - live.compiled.rows.closed[mine] * live.compiled.rows.quantum[kind]
            )
            or new.rows.closed[row] == live.compiled.rows.closed[mine] == 1
        )


def test_follows_every_event() -> None:
    """Tests that after any events the placement is valid, costs what it should, and equals a new compilation."""
    rebuilt: Counter[str] = Counter()
    kinds: Counter[str] = Counter()

    @dear(40)  # 25 events each, and all is compiled anew after every sixth
    @given(tiny_instances(chains=5), SEEDS)
    def follows(instance: Instance, seed: int) -> None:
        rng, spare = Random(seed), list(instance.chains.values())
        live = Live(instance)
        follow(live, live.waiting())
        before = live.placement()
        for step in range(25):
            event = random_event(rng, live.instance, spare)
            kinds[type(event).__name__] += 1
            disturbed = live.update(apply(live.instance, event))
            rebuilt[disturbed.rebuilt.split(" ")[0]] += 1
            stays = live.placement()
            assert broken(live.instance, stays, before) == []
            follow(live, [*disturbed.out, *disturbed.new, *(live.waiting() if disturbed.relieved else [])])
            now = live.placement()
            assert broken(live.instance, now, before) == []
            expected = [float(value) for value in cost(live.instance, now, before).levels]
            assert live.solution.values() == pytest.approx(expected, rel=1e-6, abs=1e-6)
            if step % 6 == 0:
                same_as_new(live, now)
            before = now

    follows()
    assert len(kinds) == 16
    assert rebuilt[""] > rebuilt.total() / 2


def test_what_may_stay_stays() -> None:
    """Tests that an update takes out only chains that cannot stand as they did."""

    @dear(40)
    @given(tiny_instances(chains=4), SEEDS)
    def stays(instance: Instance, seed: int) -> None:
        rng, spare = Random(seed), list(instance.chains.values())
        live = Live(instance)
        follow(live, live.waiting())
        for _ in range(10):
            before = live.placement()
            disturbed = live.update(apply(live.instance, random_event(rng, live.instance, spare)))
            stood = live.placement()
            for k in disturbed.out:
                name = live.compiled.names[k]
                with_it = Placement(
                    {**stood.chains, name: before.chains[name]}, {**before.instances, **stood.instances}
                )
                assert check(live.instance, with_it, before) != []
            for name, placed in stood.chains.items():
                assert placed == before.chains[name]

    stays()


def test_arrival_and_departure_leave_nothing() -> None:
    """Tests that a chain that comes and goes leaves every number as it was."""
    instance = generate(6, 2, 24, 1.1, 3)
    *known, last = instance.chains
    without = instance.without_chain(last)
    live = Live(without)
    follow(live, live.waiting())
    free, placement = live.solution.state.free.copy(), live.placement()
    for _ in range(5):
        disturbed = live.update(instance)
        assert not disturbed.rebuilt
        follow(live, [*disturbed.new])
        live.update(without)
        assert (live.solution.state.free == free).all()
        assert live.placement() == placement
    assert len(known) == len(live.slot)


@pytest.mark.parametrize("seed", range(4))
def test_an_arrival_compiles_nothing_else(seed: int) -> None:
    """Tests that chains of any function of the catalogue come to none at all without a new compilation."""
    instance = generate(4, 2, 16, 1.1, seed)
    live = Live(replace(instance, chains={}))
    plain = [one for one in instance.chains.values() if all(_usual(flow) for flow in one.flows)]
    assert len(plain) > 2
    for number, chain in enumerate(plain, start=1):
        disturbed = live.update(replace(instance, chains={one.name: one for one in plain[:number]}))
        assert not disturbed.rebuilt
        assert [live.compiled.names[k] for k in disturbed.new] == [chain.name]
        follow(live, [*disturbed.new])
    same_as_new(live, live.placement())
    assert live.placement().chains


def _usual(flow: Flow) -> bool:
    """Whether a flow is of a kind that is compiled before any chain has one."""
    return len(flow.per_hop) < 2 and not (flow.strict or flow.private or flow.burst_bytes or flow.copy_of)


@pytest.mark.parametrize("maker", [classic, classic_first])
def test_classic_moves_nothing_else(maker: object) -> None:
    """Tests that only chains that an event took out, or new ones, are placed anew."""
    instance = generate(6, 2, 30, 1.2, 4)
    strategy = maker(Setting(instance, EMPTY))  # type: ignore[operator]
    strategy.stand(instance, EMPTY)
    now = strategy.answer(instance).placement
    rng, spare = Random(2), list(instance.chains.values())
    for _ in range(30):
        before, after = now, apply(instance, random_event(rng, instance, spare))
        strategy.stand(instance, before)
        now, instance = strategy.answer(after).placement, after
        assert broken(instance, now, before) == []
        for move in moved(instance, now, before):
            stood = {**now.chains, move.chain.name: before.chains[move.chain.name]}
            openings = {**before.instances, **now.instances}
            assert check(instance, Placement(stood, openings), before) != []
    if maker is classic_first:
        for name, placed in now.chains.items():
            for component, spot in placed.components.items():
                function = instance.functions[instance.chains[name].components[component].function or ""]
                assert spot.implementation == next(iter(function.implementations))


def test_restructure_is_never_worse_than_classic() -> None:
    """Tests, from the same state at every event, the whole list of levels; and that its bounds hold."""

    @dear(15)
    @given(tiny_instances(chains=5), SEEDS)
    def never_worse(instance: Instance, seed: int) -> None:
        rng, spare = Random(seed), list(instance.chains.values())
        ours, plain = Restructure(Setting(instance, seed=1), learning_s=0.2), classic(Setting(instance))
        before, now = EMPTY, instance
        for _ in range(8):
            after = apply(now, random_event(rng, now, spare))
            for strategy in (ours, plain):
                strategy.stand(now, before)
            mine, theirs = ours.answer(after), plain.answer(after).placement
            assert broken(after, mine.placement, before) == []
            required = [name for name, chain in after.chains.items() if after.must_accept(chain)]
            missing = [sum(name not in placed.chains for name in required) for placed in (mine.placement, theirs)]
            values = [cost(after, placed, before).levels for placed in (mine.placement, theirs)]
            assert (missing[0], *values[0]) <= (missing[1], *values[1])
            best = solve(after, method="exact", previous=before)
            if best.placement is not None and not any(missing):
                for bound, level in zip(mine.bounds[:1], best.levels[:1], strict=False):
                    assert bound is None or level.value is None or bound <= level.value + 1e-6
            before, now = mine.placement, after

    never_worse()


STAIRS = """
format: 1
objective: [{dropped: 1}, {rejected: 1, moves: 0.02}]
infrastructure:
  nodes:
    gnb: {kind: access}
    sw: {kind: p4-switch, stages: 1}
    one: {kind: server, cpu: 1}
    two: {kind: server, cpu: 1}
    three: {kind: server, cpu: 1}
    four: {kind: server, cpu: 1}
  links:
    - {between: [gnb, sw], bandwidth: 1 Gbps, latency: 1 us}
    - {between: [sw, one], bandwidth: 1 Gbps, latency: 1 us}
    - {between: [sw, two], bandwidth: 1 Gbps, latency: 1 us}
    - {between: [sw, three], bandwidth: 1 Gbps, latency: 1 us}
    - {between: [sw, four], bandwidth: 1 Gbps, latency: 1 us}
functions:
  work: {implementations: {vnf: {cpu: 1}}}
chains:
  first:
    components: {user: {at: gnb}, work: work}
    flows: [{from: user, to: work, rate: 1 Mbps}]
    only: {work: [one, two]}
  second:
    components: {user: {at: gnb}, work: work}
    flows: [{from: user, to: work, rate: 1 Mbps}]
    only: {work: [two, three]}
  third:
    components: {user: {at: gnb}, work: work}
    flows: [{from: user, to: work, rate: 1 Mbps}]
    only: {work: [three, four]}
"""


def test_restructure_moves_one_after_the_other() -> None:
    """Tests that a chain is kept for which two others must move, of which none can before the next has."""
    instance = parse_instance(STAIRS)
    stands = {"first": "one", "second": "two", "third": "three"}
    before = Placement(
        {
            name: ChainPlacement({"work": Spot(node, "vnf")}, {("user", "work"): ("gnb", "sw", node)})
            for name, node in stands.items()
        }
    )
    assert check(instance, before) == []
    after = apply(instance, NodeDown("one"))
    strategy = Restructure(Setting(instance, before), learning_s=0.2)
    strategy.stand(instance, before)
    now = strategy.answer(after).placement
    assert {name: chain.components["work"].node for name, chain in now.chains.items()} == {
        "first": "two",
        "second": "three",
        "third": "four",
    }
    assert check(after, now, before) == []


def test_of_equally_cheap_ways_the_smallest() -> None:
    """Tests that where nothing has a price yet, a component runs as what takes least, whichever is listed first."""
    ways = ["large: {level: vnf, cpu: 2}", "small: {level: vnf, cpu: 1}"]
    for listed in (ways, ways[::-1]):
        live = Live(
            parse_instance(
                "format: 1\n"
                "infrastructure:\n"
                "  nodes: {a: {kind: access}, edge: {kind: server, cpu: 2}}\n"
                "  links: [{between: [a, edge], bandwidth: 1 Gbps, latency: 1 ms}]\n"
                f"functions: {{work: {{implementations: {{{', '.join(listed)}}}}}}}\n"
                "chains: {one: {line: {from: a, through: [work], to: a}, rate: 1 Mbps}}\n"
            )
        )
        follow(live, live.waiting())
        assert live.placement().chains["one"].components["work"].implementation == "small"
