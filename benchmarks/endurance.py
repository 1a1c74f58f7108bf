"""Random events of every kind through the orchestrator: on tiny instances that every rule gets in the way of, half of
them, and on made-up networks of 3 sites with 16 chains.

    uv run python -m benchmarks.endurance [--events 10000] [--strategy restructure] [--seed 1]

After every event the answer is judged by the full check and the full cost beside the audit's, the ledger is compared
with a new one, every step of its plan is judged, and the bound may not exceed the value. Every life is lived twice with
the same seed, the second time with questions in between that must change nothing; its journal is read back at the end.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.machine import machine
from mosaico_place.dynamics.metrics import spread
from mosaico_place.dynamics.orchestrator import Orchestrator
from mosaico_place.events import WORDS
from mosaico_place.generating import generate
from mosaico_place.instance import Instance
from mosaico_place.scenario import default_objective
from tests.strategies import tiny_instances
from tests.test_endurance import agrees, follows, lively_event

EVENTS_PER_LIFE = 50
SITES, SERVERS_PER_SITE, CHAINS, LOAD = 3, 2, 16, 1.2


def main() -> None:
    """Live until there were enough events."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--strategy", default="restructure")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(machine())
    kinds, causes, times = Counter[str](), Counter[str](), list[float]()
    started = time.monotonic()

    def live(instance: Instance, number: int) -> None:
        rng, spare = Random(number), list(instance.chains.values())
        with TemporaryDirectory() as folder:
            path = Path(folder) / "journal"
            with (
                Orchestrator(instance, strategy=arguments.strategy, journal=path) as one,
                Orchestrator(instance, strategy=arguments.strategy) as other,
            ):
                for moment in range(EVENTS_PER_LIFE):
                    event, at_ns = lively_event(rng, instance, one.instance, spare), moment * 2 * 10**9
                    before, earlier = one.placement, one.instance
                    decision = one.apply(event, at_ns=at_ns)
                    agrees(one, before, decision)
                    follows(one, earlier, before, decision)
                    if rng.random() < 0.1:
                        other.what_if(event, at_ns=at_ns)
                    again = other.apply(event, at_ns=at_ns)
                    assert (again.delta, again.plan, again.version) == (decision.delta, decision.plan, decision.version)
                    kinds[WORDS[type(event)]] += 1
                    causes.update(changed=bool(decision.delta.chains), moves=decision.changes.moves)
                    causes.update(refused=len(decision.refused), dropped=len(decision.dropped))
                    causes.update(admitted=len(decision.admitted), interruptions=len(decision.plan.interruptions))
                    times.append(1000 * decision.seconds)
            with Orchestrator(instance, strategy="classic", journal=path) as restored:
                assert restored.standing == one.standing

    lives = -(-arguments.events // (2 * EVENTS_PER_LIFE))
    quiet = settings(
        max_examples=lives, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )  # fmt: skip
    seed(arguments.seed)(quiet(given(tiny_instances(chains=4), st.integers(0, 2**32))(live)))()
    for number in range(lives):
        first = generate(SITES, SERVERS_PER_SITE, CHAINS, LOAD, arguments.seed * 10**4 + number)
        live(replace(first, objective=default_objective(preempt=False)), number)
    print(
        f"{arguments.strategy}: {sum(kinds.values())} events in {2 * lives} lives, {time.monotonic() - started:.0f} s"
    )
    print(", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    print(", ".join(f"{what} {count}" for what, count in causes.items()))
    print("ms: " + ", ".join(f"{name} {value:.2f}" for name, value in spread(times).items()))
    print("no violation; audit, ledger, plans, bounds, repetitions and journals as they must be")


if __name__ == "__main__":
    main()
