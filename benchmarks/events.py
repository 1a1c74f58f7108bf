"""How long each kind of event takes to apply: ``uv run python -m benchmarks.events``."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from benchmarks.machine import machine
from mosaico_place.events import (
    Arrive,
    CapacityChange,
    Depart,
    DeviceDown,
    Drain,
    Event,
    Handover,
    LinkBandwidth,
    LinkDown,
    LinkLatency,
    NodeDown,
    RateChange,
    Update,
    apply,
)
from mosaico_place.generating import generate
from mosaico_place.instance import Instance

RUNS = 2000
"""How often each event is applied."""


def events_on(instance: Instance) -> Iterator[Event]:
    """One event of each kind, each at the end of what is searched."""
    chain = max(instance.chains.values(), key=lambda chain: len(chain.components))
    endpoint = next(name for name, component in chain.components.items() if component.at is not None)
    node, link = list(instance.nodes)[-1], instance.links[-1]
    server = [node for node in instance.nodes.values() if node.devices][-1]
    device = next(iter(server.devices))
    yield Arrive(replace(chain, name="new"))
    yield Depart(chain.name)
    yield Update(replace(chain, weight=chain.weight + Fraction(1)))
    yield RateChange(chain.name, chain.flows[-1].ends, chain.flows[-1].rate_bps + 1)
    yield Handover(chain.name, endpoint, node)
    yield NodeDown(node)
    yield Drain(node)
    yield DeviceDown(server.name, device)
    yield LinkDown(link.ends)
    yield LinkLatency(link.ends[::-1], link.back.latency_ns + 1)
    yield LinkBandwidth(link.ends, link.forth.bandwidth_bps + 1)
    yield CapacityChange(node, {"cpu": instance.nodes[node].capacity["cpu"] + 1})


def times_us(instance: Instance, event: Event) -> list[float]:
    """Thread CPU time of applying the event, again and again."""
    found = []
    for _ in range(RUNS):
        started = time.thread_time_ns()
        apply(instance, event)
        found.append((time.thread_time_ns() - started) / 1000)
    return found


def main() -> None:
    """Print a table."""
    instance = generate(50, 2, 400, 1.2, 0)
    counts = f"{len(instance.nodes)} nodes, {len(instance.links)} links, {len(instance.chains)} chains"
    print(machine())
    print(f"{counts}; us, {RUNS} runs each")
    for event in events_on(instance):
        times = sorted(times_us(instance, event))
        print(f"{type(event).__name__:16} median {statistics.median(times):6.1f}   99 % {times[-RUNS // 100]:6.1f}")


if __name__ == "__main__":
    main()
