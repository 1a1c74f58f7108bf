"""Every strengthening leaves the optimum where it is."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.checking import check
from mosaico_place.compile import compile_instance
from mosaico_place.costing import cost
from mosaico_place.exact.method import solve_exact
from mosaico_place.exact.model import build
from mosaico_place.exact.strengthening import ALL, Strengthening, arranged, packs
from mosaico_place.instance import Instance
from mosaico_place.load import parse_instance
from mosaico_place.method import Options
from mosaico_place.methods.search.method import solve_heuristic
from mosaico_place.placement import ChainPlacement, Placement, Spot
from tests.depth import dear
from tests.strategies import previous_placements, tiny_instances


def test_optimum_stays() -> None:
    """Tests that the model without any one strengthening, or without all of them, has the same optimum."""

    @dear(30)  # every one takes a proven optimum per strengthening and two more
    @given(tiny_instances())
    def stays(instance: Instance) -> None:
        problem = compile_instance(instance)
        values = {}
        for used in (ALL, *(ALL - {one} for one in Strengthening), frozenset[Strengthening]()):
            answer = solve_exact(problem, Options(gap=0.0, threads=1), used)
            values[used] = None if answer.placement is None else cost(instance, answer.placement).levels
        assert len(set(values.values())) == 1, values

    stays()


TWINS = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    sw: {kind: p4-switch, stages: 4}
    one: {kind: server, cpu: 4, gpus: {gpu-0: {memory: 8 GiB}, gpu-1: {memory: 8 GiB}}}
    two: {kind: server, cpu: 4, gpus: {gpu-0: {memory: 8 GiB}, gpu-1: {memory: 8 GiB}}}
    other: {kind: server, cpu: 8, gpus: {gpu-0: {memory: 8 GiB}, gpu-1: {memory: 4 GiB}}}
  links:
    - {between: [gnb, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [one, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [sw, two], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [sw, other], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  game: {implementations: {gpu: {cpu: 1, device: {share: 0.5}}}}
chains:
  a: {line: {from: gnb, through: [game], to: gnb}, rate: 1 Mbps}
  b: {line: {from: gnb, through: [game], to: gnb}, rate: 1 Mbps}
"""


def test_a_start_is_put_in_order() -> None:
    """Tests that a placement which breaks the order of what is alike becomes one that keeps it and costs the same."""
    instance = parse_instance(TWINS)
    problem = compile_instance(instance)
    formulation = build(problem)
    answer = solve_exact(problem, Options())
    assert answer.placement is not None
    chains = {
        name: ChainPlacement(
            {component: Spot("two", "gpu", "gpu-1") for component in chain.components},
            {ends: tuple("two" if node == "one" else node for node in path) for ends, path in chain.flows.items()},
        )
        for name, chain in answer.placement.chains.items()
    }
    start = Placement(chains)
    assert check(instance, start) == []
    found = arranged(formulation.symbols, start)
    assert check(instance, found) == []
    assert cost(instance, found).levels == cost(instance, start).levels
    spots = {spot for chain in found.chains.values() for spot in chain.components.values()}
    assert spots == {Spot("one", "gpu", "gpu-0")}


def test_optimum_stays_whatever_the_start() -> None:
    """Tests that the optimum is the same from whatever placement the search finds, and lets none count as better."""

    @dear(40)  # every one takes a search and two proven optima
    @given(tiny_instances(), st.data())
    def stays(instance: Instance, data: st.DataObject) -> None:
        previous = data.draw(st.none() | previous_placements(instance))
        problem = compile_instance(instance, previous, data.draw(st.none() | st.integers(0, 2)))
        begun = solve_heuristic(problem, Options(threads=1))
        best = solve_exact(problem, Options(gap=0.0, threads=1))
        found = solve_exact(problem, Options(gap=0.0, threads=1), start=begun.placement)
        assert found.termination is best.termination
        if best.placement is not None and found.placement is not None:
            assert cost(instance, found.placement, previous).levels == cost(instance, best.placement, previous).levels

    stays()


def orders(text: str) -> Counter[tuple[str, ...]]:
    """Names of the rows that order what is alike."""
    model = build(compile_instance(parse_instance(text))).model
    return Counter(tuple(key) for key in model.symmetry)


def test_what_is_alike_is_ordered() -> None:
    """Tests that equal servers and equal GPUs are put in order, also where a link is written the other way round."""
    assert orders(TWINS) == Counter([("one", "two"), ("one", "gpu-0", "gpu-1"), ("two", "gpu-0", "gpu-1")])


def test_what_is_named_is_not_ordered() -> None:
    """Tests that a server that a chain speaks of is like no other."""
    named = TWINS.replace(
        "through: [game], to: gnb}, rate: 1 Mbps}", "through: [game], to: gnb}, rate: 1 Mbps, never: {game: one}}", 1
    )
    assert orders(named) == Counter([("two", "gpu-0", "gpu-1")])


BINS = """
format: 1
infrastructure:
  nodes:
    gnb: {kind: access}
    sw: {kind: p4-switch}
    one: {kind: server, cpu: 5}
    two: {kind: server, cpu: 4}
    three: {kind: server, cpu: 3}
  links:
    - {between: [gnb, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [one, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [two, sw], bandwidth: 1 Gbps, latency: 1 ms}
    - {between: [three, sw], bandwidth: 1 Gbps, latency: 1 ms}
functions:
  scan:
    shared: true
    implementations:
      vnf: {each: {cpu: 2}, capacity: 20 Mbps}
      slim: {level: vnf, each: {cpu: 1.5}, capacity: 10 Mbps}
chains:
  flow: {template: scanned, at: {from: gnb, to: gnb}, count: 5}
templates:
  scanned: {line: {through: [scan]}, rate: 12 Mbps}
prices: {opened: 1}
objective: [{rejected: 1}, {resources: 1}]
"""


def test_packing_bounds() -> None:
    """Tests that five users of at least 1.5 cores need two of 5, 4 and 3 cores, and 60 Mbps three times 20 Mbps."""
    symbols = build(compile_instance(parse_instance(BINS))).symbols
    found = [({var.index()[:1] + var.index()[2:] for var in variables}, number) for variables, number in packs(symbols)]
    first = {(node, name, 1) for node in ("one", "two", "three") for name in ("vnf", "slim")}
    assert found[0] == (first, 2)
    assert found[1][1] == 3
    assert found[1][0] >= first
