"""The parts of benchmarks that could be wrong without anybody noticing."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.course import MOST_TOUCHED, Course, made, touched
from benchmarks.growth import Curve, growth
from benchmarks.kernel import COMPONENTS, layered, numpy_line, plain_lines
from benchmarks.proven import Case, Compared, Found, Optima, Optimum, compared, proven, row, summary, tiny_cases
from benchmarks.scale import Glimpse, Solved, curves, lines
from mosaico_place import (
    Arrive,
    ChainPlacement,
    Depart,
    DeviceDown,
    Event,
    LinkDown,
    NodeDown,
    Options,
    Placement,
    Spot,
    apply,
    faults,
    solve,
)
from mosaico_place.compile import compile_instance
from mosaico_place.compile.infrastructure import compile_infrastructure
from mosaico_place.generating import generate
from mosaico_place.methods.search.method import solve_heuristic


def test_plain_lines_are_plain() -> None:
    """Tests that the lines of the kernel's benchmark have five components in a row and no budget."""
    instance = plain_lines(4, 10, 1)
    assert faults(instance) == []
    for chain in instance.chains.values():
        assert [one.at is None for one in chain.components.values()] == [False, *[True] * COMPONENTS, False]
        assert len(chain.flows) == COMPONENTS + 1
        assert chain.budgets == ()


def test_layered_graph_finds_the_same_line() -> None:
    """Tests that ways to embed a line which are compared with the kernel's agree."""
    infrastructure = compile_infrastructure(plain_lines(4, 10, 1))
    random = np.random.default_rng(0)
    count = len(infrastructure.nodes)
    tolls = random.uniform(1, 2, len(infrastructure.tail))
    costs = np.where(infrastructure.forwards, np.inf, random.uniform(1, 9, (COMPONENTS, count)))
    travel = np.asarray(dijkstra(csr_array((tolls, (infrastructure.tail, infrastructure.head)), shape=(count, count))))
    graph = layered(infrastructure, tolls, COMPONENTS + 1)
    graph.graph.data[graph.position] = np.where(np.isinf(costs), 1e9, costs)
    found = np.asarray(dijkstra(graph.graph, indices=0))[COMPONENTS * count :]
    expected = (numpy_line(travel, costs, 0)[:, None] + travel).min(axis=0)
    assert found == pytest.approx(expected)


def test_scale_reads_the_progress() -> None:
    """Tests which moments of a solve are told."""
    glimpses = [
        Glimpse(1.0, None, None),
        Glimpse(2.0, None, 120.0),
        Glimpse(3.0, None, 100.0),
        Glimpse(4.0, 95.0, 100.0),
        Glimpse(9.0, 98.0, 100.0),
    ]
    one = Solved("made-up", 36, 60, 130.0, "time-limit", 10.0, 98.0, 100.0, glimpses)
    assert (one.first_bound_s, one.last_bound_s) == (2.0, 3.0)
    assert [one.reached_s(part) for part in (0.95, 0.97, 0.98, 0.99)] == [4.0, 9.0, 9.0, None]
    # Nothing for 4 s; then 95 of 100 for 5 s, and 98 for a second.
    assert one.area_s == pytest.approx(4.0 + 5 * 0.05 + 0.02)
    told = "  95% after 4.00 s, 97% after 9.00 s, 98% after 9.00 s; area between placement and bound 4.27 s"
    assert told in lines(one)
    assert [curve.points for curve in curves([one])] == [
        [(36.0, 2.0)],
        [(36.0, 3.0)],
        [(36.0, 4.0)],
        [(36.0, 9.0)],
        [],
    ]


def test_events_of_the_study() -> None:
    """Tests that what happens is the same for the same seed, can happen, and touches what stands, but not too much."""
    instance, spare = made(4, 20, 6, 1.2, 3)
    placement = solve(instance, method="heuristic", options=Options(time_limit_s=2)).placement
    assert placement is not None
    drawn: list[list[Event]] = []
    for _ in range(2):
        events, now = Course(Random(1), list(spare), len(instance.chains), []), instance
        drawn.append([])
        for _ in range(60):
            standing = Placement({name: one for name, one in placement.chains.items() if name in now.chains})
            event = events.next(now, standing)
            if isinstance(event, NodeDown | LinkDown | DeviceDown):
                assert 1 <= len(touched(standing, event)) <= MOST_TOUCHED
            now = apply(now, event)
            drawn[-1].append(event)
    assert drawn[0] == drawn[1]
    assert {type(event) for event in drawn[0]} >= {Arrive, Depart}


def test_what_an_event_touches() -> None:
    """Tests who uses a node, a device or a link, in either direction."""
    spots = {"x": Spot("edge", "gpu", "gpu-0")}
    placement = Placement(
        {"one": ChainPlacement(spots, {("in", "x"): ("a", "sw", "edge")}), "two": ChainPlacement({}, {})}
    )
    for event, expected in (
        (NodeDown("sw"), {"one"}),
        (NodeDown("b"), set()),
        (DeviceDown("edge", "gpu-0"), {"one"}),
        (DeviceDown("edge", "gpu-1"), set()),
        (LinkDown(("edge", "sw")), {"one"}),
        (LinkDown(("a", "edge")), set()),
        (Depart("two"), {"two"}),
    ):
        assert touched(placement, event) == expected


def test_growth_is_a_drawing() -> None:
    """Tests that the drawing is well-formed, and that larger figures lie further right and further up."""
    root = ElementTree.fromstring(
        growth([Curve("a & b", [(10, 0.1), (1000, 20)]), Curve("none", [])], "nodes", "seconds")
    )
    circles = root.findall("{http://www.w3.org/2000/svg}circle")
    (x1, y1), (x2, y2) = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in circles]
    assert x1 < x2
    assert y1 > y2


def made_up() -> Case:
    """A small instance of three levels, too small for all of its chains."""
    return Case("made up", compile_instance(generate(3, 1, 6, 1.5, 3)))


def against(values: tuple[float, ...], bounds: tuple[float | None, ...], best: tuple[float, ...]) -> Compared:
    """Values and bounds of a method, against an optimum; all chains weigh 20, the lightest 2."""
    return Compared("one", 20.0, 2.0, Optimum(best, True, 1.0, 60.0), Found(values, bounds))


def test_proofs_know_a_wrong_bound() -> None:
    """Tests that a bound counts as wrong where it speaks of the optimum, and only there."""
    assert against((4, 7), (4.0, 7.0), (4, 7)).violated == []
    assert against((4, 7), (4.1, 7.1), (4, 7)).violated == [1, 2]
    assert against((4, 7), (None, 7.1), (4, 7)).violated == [2]
    assert against((5, 9), (3.0, 8.0), (4, 7)).violated == [2]  # the optimum is one of those it speaks of
    assert against((4, 9, 2), (4.0, 5.0, 3.0), (4, 7, 2)).violated == [3]
    assert against((5, 6, 2), (4.0, 5.0, 3.0), (4, 7, 2)).violated == []  # it speaks of second levels of at most 6
    assert against((4, 7), (4.0, 9.0), (4,)).violated == []  # nothing is proven of the second level


def test_proofs_measure_misses_and_bounds() -> None:
    """Tests how far a first level is called missed, and a bound from the optimum."""
    one = against((5, 9), (3.0, 6.0), (4, 8))
    assert one.miss == 1
    assert (one.ratio(0), one.ratio(1)) == (17 / 16, 6 / 8)
    assert against((4, 9), (3.0, None), (4, 8)).ratio(1) is None
    assert against((4, 9), (3.0, 1.0), (4,)).ratio(1) is None
    unproven = against((5, 9), (3.0, 6.0), ())
    assert unproven.miss is None
    assert unproven.certified == 17 / 15
    told = "  accepted weight, bound over own placement: median 113.33%, at most 113.33%, within 1 % 0 of 1"
    assert told in summary([unproven])
    assert "  not proven: one" in summary([unproven])
    assert "    one: by 1, lightest chain 2" in summary([one])
    assert "  first level reached: 1 of 2 (50.0%)" in summary([one, against((4, 8), (4.0, 8.0), (4, 8))])
    assert row(one).startswith("| one | 4 / 8 | 5 / 9 | 3 / 6 | 106.25% | 75.00% |")


def test_proofs_are_kept(tmp_path: Path) -> None:
    """Tests that an optimum is proven once, and again only where more time might prove more of the same instance."""
    kept, case = tmp_path / "optima.json", made_up()
    optimum = proven(case.problem, 60.0, 1)
    assert len(optimum.values) == 3
    Optima(kept).keep(case, optimum)
    assert Optima(kept).known(case, 600.0) == optimum
    assert Optima(kept).known(Case(case.name, compile_instance(generate(3, 1, 6, 1.5, 4))), 60.0) is None
    Optima(kept).keep(case, replace(optimum, values=optimum.values[:1]))
    assert Optima(kept).known(case, 60.0) is not None
    assert Optima(kept).known(case, 61.0) is None


def test_tiny_cases_are_of_every_kind() -> None:
    """Tests that shipped, made-up and random instances take turns, no two alike, and the same ones again."""
    cases, again = (list(islice(tiny_cases(30), 60)) for _ in range(2))
    assert [case.key for case in again] == [case.key for case in cases]
    assert len({case.key.split()[-1] for case in cases}) == 60
    assert sum(case.name.startswith("drawn") for case in cases) >= 15
    assert sum(case.name.startswith("region") for case in cases) >= 20
    assert "capacity" in {case.name for case in cases}
    assert any(case.problem.previous is not None for case in cases)


def test_a_search_where_nothing_can_be_found() -> None:
    """Tests that a placement of an instance that is called infeasible ends the benchmark."""
    answer = solve_heuristic(made_up().problem, Options(threads=1))
    with pytest.raises(RuntimeError, match="called infeasible"):
        compared(made_up(), Optimum((), False, 1.0, 60.0), answer)
