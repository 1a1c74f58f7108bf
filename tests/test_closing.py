"""Footprints and the program over them: no embedding costs less than its footprint, no bound is above an optimum."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.columns import closing, meetings
from mosaico_place.columns.closing import Closing
from mosaico_place.columns.footprints import Footprints, Lister, Patterns, flow_user, option_costs, sorts_of
from mosaico_place.columns.generation import Generation
from mosaico_place.columns.method import solve_columns
from mosaico_place.columns.ties import ties_of
from mosaico_place.columns.whole import take_whole
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.tables import Compiled, compile_tables
from mosaico_place.costing import cost
from mosaico_place.exact.method import solve_exact
from mosaico_place.generating import generate
from mosaico_place.instance import Instance
from mosaico_place.kernel.measuring import charge
from mosaico_place.kernel.pricing import Column, Pricer
from mosaico_place.method import Options
from mosaico_place.placement import ChainPlacement, Placement
from mosaico_place.usage import paid_hops
from tests.strategies import previous_placements, tiny_instances
from tests.test_columns import random_duals
from tests.test_whole import filled, level_values, never

SLACK = 1e-6


def paid(compiled: Compiled, column: Column, f: int) -> set[int]:
    """The arcs whose bandwidth a flow takes, by the judges' account of the paths."""
    tables, instance = compiled.tables, compiled.problem.instance
    chain, first = instance.chains[compiled.names[column.chain]], int(tables.chains[column.chain]["flow"])
    names = list(instance.nodes)
    ends = [(names[t], names[h]) for t, h in zip(tables.net.tail.tolist(), tables.net.head.tolist(), strict=True)]
    flows = {}
    for flow, path, length in zip(chain.flows, column.path, column.length, strict=False):
        hops = [ends[a] for a in path[:length].tolist()]
        flows[flow.ends] = (*(tail for tail, _ in hops), *(head for _, head in hops[-1:]))
    arcs = {hop: a for a, hop in enumerate(ends)}
    return {arcs[hop] for hop in paid_hops(ChainPlacement({}, flows), chain.flows[f - first])}


def is_met(compiled: Compiled, column: Column, some: Footprints | Patterns, line: int) -> bool:
    """Whether an embedding meets what a footprint or pattern says."""
    tables = compiled.tables
    served = {(tie.user, tie.opening) for tie in ties_of(column)}
    for f, meeting in some.met[some.meets[line]]:
        openings = [int(tables.programs["opening"][e]) for e in meeting.programs]
        if not paid(compiled, column, f).issuperset(meeting.arcs) or any(
            o >= 0 and (flow_user(tables, column.chain, f), o) not in served for o in openings
        ):
            return False
    return True


def priced_at_least(generation: Generation, column: Column, some: Footprints | Patterns) -> bool:
    """Whether a footprint or a pattern stands for an embedding that costs no less on any level."""
    tables = generation.compiled.tables
    first = int(tables.chains[column.chain]["component"])
    if isinstance(some, Footprints):
        fits = (some.option == column.option).all(axis=1)
        extra = np.zeros(generation.compiled.levels.count)
    else:
        sorts = sorts_of(tables, some.timed)[[column.option[c - first] for c in some.leads]]
        fits = (some.sorts == sorts).all(axis=1)
        assert all(column.option[c - first] in options for c, options in some.options.items())
        alone = [
            option_costs(generation.compiled, column.chain, c, np.array([column.option[c - first]]))[:, 0]
            for c in some.options
        ]
        extra = np.sum(alone, axis=0) if alone else np.zeros(generation.compiled.levels.count)
    return any(
        is_met(generation.compiled, column, some, line) and (some.costs[:, line] + extra <= column.costs + SLACK).all()
        for line in np.flatnonzero(fits).tolist()
    )


def test_every_embedding_has_a_footprint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests on random instances, prices and watched links that no embedding costs less than its footprint."""
    seen: Counter[str] = Counter()

    @given(tiny_instances(), st.data())
    def holds(instance: Instance, data: st.DataObject) -> None:
        previous = data.draw(st.none() | previous_placements(instance))
        compiled = compile_tables(compile_instance(instance, previous))
        pricer = Pricer(compiled, threads=1)
        generation = Generation(compiled, pricer)
        rng = np.random.default_rng(data.draw(st.integers(0, 999)))
        quotes = [generation.quote(random_duals(generation, rng)) for _ in range(4)]
        pricer.close()
        arcs = len(compiled.tables.net.tail)
        watched = np.flatnonzero(rng.integers(0, 2, arcs)).tolist()
        most = data.draw(st.sampled_from([0, 10**6]))
        monkeypatch.setattr(meetings, "MANY_CHOICES", data.draw(st.sampled_from([0, 160])))
        for quote in quotes:
            lister = Lister(compiled, quote.prices, watched)
            for column in quote.columns:
                some = lister(column.chain, np.zeros_like(quote.prices.extra), np.inf, most)
                seen[type(some).__name__] += 1
                assert some is None or priced_at_least(generation, column, some)

    holds()
    assert seen["Footprints"] > 10, seen
    assert seen["Patterns"] > 10, seen


def test_copies_take_links() -> None:
    """Tests that the footprint of an embedding crosses the watched links that its copy takes bandwidth of."""
    compiled = compile_tables(compile_instance(generate(4, 2, 20, 1.0, 1)))
    tables = compiled.tables
    pricer = Pricer(compiled, threads=1)
    generation = Generation(compiled, pricer)
    rng = np.random.default_rng(7)
    watched = [
        int(a)
        for a in range(len(tables.net.tail))
        if tables.net.forwards[[tables.net.tail[a], tables.net.head[a]]].all()
    ]
    copied = exact = 0
    for _ in range(30):
        quote = generation.quote(random_duals(generation, rng))
        lister = Lister(compiled, quote.prices, watched)
        for column in quote.columns:
            chain = tables.chains[column.chain]
            copies = [f for f in range(chain["flow"], chain["flow_end"]) if tables.flows[f]["copy_of"] >= 0]
            taken = {f: paid(compiled, column, f).intersection(watched) for f in copies}
            if any(taken.values()):
                some = lister(column.chain, np.zeros_like(quote.prices.extra), np.inf, 10**6)
                assert isinstance(some, Footprints)
                lines = np.flatnonzero((some.option == column.option).all(axis=1)).tolist()
                met = [dict(some.met[some.meets[line]]) for line in lines if is_met(compiled, column, some, line)]
                copied += 1
                exact += any(all(f in one and set(one[f].arcs) == taken[f] for f in copies) for one in met)
    pricer.close()
    assert copied > 20
    assert exact > 0.9 * copied


def test_prices_bound_the_kernel() -> None:
    """Tests that what footprints cost at prices is no more than what the kernel finds, and no less than its bound."""
    instance = generate(5, 2, 18, 0.8, 3)
    compiled = compile_tables(compile_instance(instance))
    pricer = Pricer(compiled, threads=1)
    generation = Generation(compiled, pricer)
    rng = np.random.default_rng(5)
    close = 0
    for _ in range(6):
        quote = generation.quote(random_duals(generation, rng))
        surcharges = generation.master.ties.surcharges(quote.duals.served)
        lower, found = pricer(quote.prices, surcharges)
        lister, extra = Lister(compiled, quote.prices), np.zeros_like(quote.prices.extra)
        for k in np.flatnonzero(np.isfinite(found)).tolist():
            charge(extra, surcharges, k, 1.0)
            some = lister(k, extra, np.inf, 10**6)
            charge(extra, surcharges, k, 0.0)
            assert isinstance(some, Footprints)
            least = some.priced.min()
            assert least <= found[k] + SLACK
            close += least >= lower[k] - SLACK
    pricer.close()
    assert close > 50


def optimum(instance: Instance, previous: Placement | None) -> list[float]:
    """Its values, level by level; none if there is no placement."""
    answer = solve_exact(compile_instance(instance, previous), Options(gap=0.0, threads=1))
    if answer.placement is None:
        return []
    return [float(value) for value in cost(instance, answer.placement, previous).levels]


@pytest.mark.parametrize("most", [0, closing.MANY_FOOTPRINTS])
def test_bounds(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests on random instances that no round's bound is above the optimum, and what it finds keeps all rules."""
    monkeypatch.setattr(closing, "MANY_FOOTPRINTS", most)
    seen: Counter[str] = Counter()

    @given(tiny_instances(), st.data())
    def holds(instance: Instance, data: st.DataObject) -> None:
        previous = data.draw(st.none() | previous_placements(instance))
        if len(instance.objective) == 1:
            return
        generation, solution = filled(instance, previous, data.draw(st.integers(0, 99)))
        if not solution.placed[solution.compiled.tables.chains["required"] > 0].all():
            return
        best = optimum(instance, previous)
        values = level_values(instance, solution, previous)
        if not best or values[0] > best[0] + SLACK or generation.bound is None:
            return
        rounds = Closing(generation, solution)
        bound = rounds.round(solution, np.inf, 0.0, never)
        seen["bounds"] += 1
        assert bound <= best[1] + SLACK
        if take_whole(generation, solution, None, np.inf, never):
            after = level_values(instance, solution, previous)
            assert best[1] - SLACK <= after[1] < values[1]

    holds()
    assert seen["bounds"] > 15, seen


def test_closes() -> None:
    """Tests that bound and placement meet where generating columns leaves a gap (optima proven by ``exact``)."""
    for seed, best in ((15, 0.693), (31, 0.740), (32, 2.532)):
        instance = generate(5, 2, 20, 0.7, seed)
        generation, solution = filled(instance)
        rounds, bound = Closing(generation, solution), generation.bound
        assert bound is not None
        assert bound < 0.9 * best
        take_whole(generation, solution, None, np.inf, never)
        while not rounds.ended:
            bound = max(bound, rounds.round(solution, np.inf, 0.0, never))
            take_whole(generation, solution, None, np.inf, never)
        assert level_values(instance, solution)[:2] == pytest.approx([0, best])
        assert bound == pytest.approx(best, abs=1e-5)


def test_closes_where_a_chain_is_left_out() -> None:
    """Tests that what chains weigh proves the first level (its bound is about 0.5), and then the next is closed."""
    instance = generate(4, 2, 20, 1.0, 2)
    problem = compile_instance(replace(instance, objective=instance.objective[:2]))
    answer = solve_columns(problem, Options(gap=0.0))
    assert answer.placement is not None
    assert cost(instance, answer.placement).levels[:2] == pytest.approx((2, 2.505))  # proven by exact
    assert answer.bounds == pytest.approx((2, 2.505), abs=1e-5)


def test_stop() -> None:
    """Tests that nothing is claimed once it has to end."""
    instance = generate(5, 2, 18, 0.8, 4)
    generation, solution = filled(instance)
    rounds = Closing(generation, solution)
    assert rounds.round(solution, np.inf, 0.0, lambda: True) == generation.bound
    assert rounds.ended
