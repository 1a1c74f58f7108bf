"""How many turns of ruin and recreate the search takes in a second, and what they bring.

    uv run python -m benchmarks.turns [--sites 25 50 200 667] [--chains 200 400 1600 5000] [--turns 20000] [--seeds 11]
        [--threads 1 2]

Rejection alone counts; prices come from the ascent. Every size takes so many turns, so runs of one seed and number of
threads do the same work whatever the machine does beside it. On one thread, seconds are those of the process; on
several, they are wall-clock seconds, which need an idle machine. Compiled code is loaded before.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks.machine import machine, pace_ms
from benchmarks.rivals import accepted_alone
from mosaico_place import Instance
from mosaico_place.compile import compile_instance
from mosaico_place.compile.arrays.tables import compile_tables
from mosaico_place.generating import generate
from mosaico_place.kernel.pricing import Pricer
from mosaico_place.methods.search.dual_ascent import ascend
from mosaico_place.methods.search.search import Limits, Search
from mosaico_place.solution.solution import Solution
from mosaico_place.warming import warm_up

LOAD = 1.2


def line(instance: Instance, turns: int, threads: int) -> str:
    """What is printed of one instance."""
    compiled = compile_tables(compile_instance(accepted_alone(instance)))
    pricer = Pricer(compiled, 1)
    shadow = ascend(compiled, pricer, 0).shadow
    pricer.close()
    search, cost = Search(Solution(compiled), shadow, seed=0, threads=threads), np.ones(len(compiled.names))
    search.fill(cost)
    weight = compiled.levels.reject[0].sum()
    first = weight - search.value()[0]
    clock = time.process_time if threads == 1 else time.perf_counter
    begun = clock()
    last = weight - search.improve(0, cost, Limits(turns))[0]
    seconds = clock() - begun
    size = f"{len(instance.nodes):5d} nodes {len(instance.chains):5d} chains {threads:2d} threads"
    return f"{size}  {turns / seconds:7.0f} turns/s  accepted {first:.0f} -> {last:.0f} of {weight:.0f}"


def main() -> None:
    """Read the arguments, search, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, nargs="+", default=[25, 50, 200, 667])
    parser.add_argument("--chains", type=int, nargs="+", default=[200, 400, 1600, 5000])
    parser.add_argument("--turns", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11])
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()
    warm_up()
    print(f"{machine()}, load {LOAD}; a million additions take {pace_ms():.0f} ms", flush=True)
    for sites, chains in zip(arguments.sites, arguments.chains, strict=True):
        for seed in arguments.seeds:
            instance = generate(sites, 2, chains, LOAD, seed)
            for threads in arguments.threads:
                print(line(instance, arguments.turns, threads), f"(seed {seed})", flush=True)


if __name__ == "__main__":
    main()
