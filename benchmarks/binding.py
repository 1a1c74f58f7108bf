"""Which resources bind: the optimum of an instance with ten times as much of one kind at a time.

    uv run python -m benchmarks.binding [--time-limit 120] [INSTANCE]

A kind binds if more of it makes a level better. Prints value and bound per level.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.metro import METRO
from mosaico_place import Direction, Instance, Link, Options, Result, load_instance, solve

FACTOR = 10


def main() -> None:
    """Relax one kind after the other."""
    parser = argparse.ArgumentParser(description="which resources bind in one instance")
    parser.add_argument("instance", nargs="?", type=Path, default=METRO)
    parser.add_argument("--time-limit", type=float, default=120.0)
    asked = parser.parse_args()
    instance = load_instance(asked.instance)
    print(machine())
    print(f"{instance.name}, value (bound) per level, with {FACTOR} times as much of")
    _show("nothing", instance, asked.time_limit)
    for resource in sorted({name for node in instance.nodes.values() for name in node.capacity}):
        _show(resource, _more(instance, resource), asked.time_limit)
    devices = [device for node in instance.nodes.values() for device in node.devices.values()]
    for resource in sorted({name for device in devices for name in device}):
        _show(f"device {resource}", _more_on_devices(instance, resource), asked.time_limit)
    _show("bandwidth", _more_bandwidth(instance), asked.time_limit)


def _show(what: str, instance: Instance, time_limit_s: float) -> None:
    result: Result = solve(instance, method="exact", options=Options(time_limit_s=time_limit_s))
    levels = ", ".join(
        f"{level.value:g} ({'unknown' if level.bound is None else f'{level.bound:g}'})" for level in result.levels
    )
    print(f"  {what:<14} {levels}", flush=True)


def _larger(amounts: Mapping[str, int], resource: str) -> dict[str, int]:
    return {name: amount * FACTOR if name == resource else amount for name, amount in amounts.items()}


def _more(instance: Instance, resource: str) -> Instance:
    nodes = {name: replace(node, capacity=_larger(node.capacity, resource)) for name, node in instance.nodes.items()}
    return replace(instance, nodes=nodes)


def _more_on_devices(instance: Instance, resource: str) -> Instance:
    nodes = {
        name: replace(node, devices={device: _larger(has, resource) for device, has in node.devices.items()})
        for name, node in instance.nodes.items()
    }
    return replace(instance, nodes=nodes)


def _more_bandwidth(instance: Instance) -> Instance:
    def wider(direction: Direction) -> Direction:
        return replace(direction, bandwidth_bps=direction.bandwidth_bps * FACTOR)

    links = (Link(link.ends, wider(link.forth), wider(link.back), link.prices) for link in instance.links)
    return replace(instance, links=tuple(links))


if __name__ == "__main__":
    main()
