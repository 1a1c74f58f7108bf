"""Chains whose components are large beside the machines: where exact finds room for one, so does the kernel."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from mosaico_place.checking import check
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.tables import Compiled, compile_tables
from mosaico_place.exact.method import solve_exact
from mosaico_place.instance import Instance
from mosaico_place.kernel.embed import SOME
from mosaico_place.kernel.measuring import no_surcharges
from mosaico_place.kernel.prices import price
from mosaico_place.kernel.pricing import Pricer
from mosaico_place.load import parse_instance
from mosaico_place.method import Options
from mosaico_place.result import Termination
from mosaico_place.solution.solution import Solution

HEADER = "format: 1\nname: heavy\ninfrastructure:\n"


def heavy(seed: int, joined: bool = False) -> Instance:
    """One line or tree of components of a third to the whole of a machine; some of the machines are partly taken.

    Args:
        seed: of everything.
        joined: whether there may be flows that close circles, and components that must stand apart.
    """
    rng = random.Random(seed)
    servers, components = rng.randint(2, 5), rng.randint(2, 6)
    lines = [HEADER + "  nodes:", "    in: {kind: access}", "    sw-0: {kind: router}", "    sw-1: {kind: router}"]
    for n in range(servers):
        taken = rng.choice([0, 0, 0, 2, 4])
        lines.append(f"    s{n}: {{kind: server, cpu: 12, memory: 12 GiB, reserved: {{cpu: {taken}}}}}")
    lines += ["  links:", "    - {between: [in, sw-0], bandwidth: 10 Gbps, latency: 100 us}"]
    lines.append("    - {between: [sw-0, sw-1], bandwidth: 10 Gbps, latency: 1 ms}")
    lines += [
        f"    - {{between: [sw-{n % 2}, s{n}], bandwidth: 10 Gbps, latency: {rng.randint(10, 90)} us}}"
        for n in range(servers)
    ]
    lines.append("functions:")
    for c in range(components):
        cpu, memory = rng.randint(4, 12), rng.randint(1, 12)
        other = f", small: {{level: vnf, cpu: {max(cpu - 2, 1)}, memory: 12 GiB}}" if rng.random() < 0.3 else ""
        lines.append(f"  f{c}: {{implementations: {{vnf: {{cpu: {cpu}, memory: {memory} GiB}}{other}}}}}")
    lines += ["chains:", "  one:", "    components:", "      pad: {at: in}"]
    lines += [f"      c{c}: f{c}" for c in range(components)]
    lines += ["    flows:", "      - {from: pad, to: c0, rate: 10 Mbps}"]
    is_line = rng.random() < 0.5
    for c in range(1, components):
        above = c - 1 if is_line else rng.randrange(c)
        lines.append(f"      - {{from: c{above}, to: c{c}, rate: {rng.randint(1, 100)} Mbps}}")
    if joined and components > 2:
        lines.append(f"      - {{from: pad, to: c{components - 1}, rate: 50 Mbps}}")
        if not is_line:
            lines.append(f"    apart: [[c{components - 2}, c{components - 1}]]")
    lines += [
        "objective:",
        "  - {rejected: 1}",
        "  - {resources: 1, links: 1}",
        "prices: {cpu: 1, bandwidth: 1 per Gbps}",
    ]
    return parse_instance("\n".join(lines) + "\n")


def exact_values(instance: Instance) -> tuple[bool, float]:
    """Whether the chain is accepted, proven, and what the second level then is."""
    answer = solve_exact(compile_instance(instance), Options(threads=1, gap=0.0))
    assert answer.termination in {Termination.OPTIMAL, Termination.GAP}
    assert answer.placement is not None
    return bool(answer.placement.chains), float(answer.bounds[1] or 0.0)


def priced(compiled: Compiled) -> tuple[float, float]:
    """Bound and cost of the chain at the prices of the second level, wanted at any cost."""
    weights = np.array([0.0, 1.0])
    prices = price(compiled, np.zeros_like(compiled.rows.capacity), weights=weights)
    pricer = Pricer(compiled, 1)
    lower, found = pricer(prices.replace(reject=np.full_like(prices.reject, np.inf)), no_surcharges(1))
    pricer.close()
    return float(lower[0]), float(found[0])


@pytest.mark.parametrize("joined", [False, True])
def test_what_exact_places_is_found(joined: bool) -> None:
    """Tests that the kernel finds room wherever there is some, and calls nothing impossible that is not."""
    seen: Counter[str] = Counter()
    for seed in range(60):
        instance = heavy(seed, joined)
        compiled = compile_tables(compile_instance(instance))
        accepted, least = exact_values(instance)
        if not compiled.tables.chains[0]["possible"]:
            assert not accepted
            seen["impossible"] += 1
            continue
        lower, found = priced(compiled)
        assert (found < np.inf) == accepted, seed
        assert lower <= (least if accepted else np.inf) + 1e-6
        seen["accepted" if accepted else "rejected"] += 1
        seen["no room, proven"] += lower == np.inf
        if accepted:
            seen["cheapest"] += found <= least + 1e-6
            seen["tight"] += lower >= least - 1e-6
            solution = Solution(compiled)
            prices = price(compiled, np.zeros_like(compiled.rows.capacity))
            assert solution.insert([0], prices, np.array([np.inf]), SOME) == 1
            assert check(instance, solution.placement()) == []
    assert seen["accepted"] > 15
    assert seen["rejected"] > 5
    assert seen["no room, proven"] > 0.8 * seen["rejected"]
    assert seen["cheapest"] > 0.9 * seen["accepted"]
    assert seen["tight"] > 0.6 * seen["accepted"]
