"""What the processes of a scenario have in common: what they draw on, random times, and faults."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from mosaico_place.errors import Fault, InputError, Path, shown, unknown_name
from mosaico_place.events import Arrive, Depart
from mosaico_place.instance import Chain, Instance
from mosaico_place.scenario.parts import Timed
from mosaico_place.schema.expand import Drawn
from mosaico_place.schema.scenario import MOST, Window

GRAIN_NS = 1000
"""Drawn times are whole multiples of it: the last digits of a logarithm differ between machines."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A chain that is requested from one time to another; None for the end."""

    chain: Chain
    begin_ns: int
    end_ns: int | None


@dataclass(frozen=True, slots=True)
class Setting:
    """What processes draw on.

    Attributes:
        instance: at the beginning.
        templates: by name.
        until_ns: end of the scenario, if it has one.
        stays: every chain that is requested at some time, in the order in which they come.
    """

    instance: Instance
    templates: Mapping[str, Drawn]
    until_ns: int | None
    stays: Sequence[Stay] = ()


def stays_of(instance: Instance, events: Iterable[Timed]) -> list[Stay]:
    """When which chains are requested: those of the instance, and those that arrive; events in order of time."""
    begun = {name: (chain, 0) for name, chain in instance.chains.items()}
    stays = []
    for timed in events:
        match timed.event:
            case Arrive(chain):
                begun.setdefault(chain.name, (chain, timed.at_ns))
            case Depart(name) if name in begun:
                chain, begin_ns = begun.pop(name)
                stays.append(Stay(chain, begin_ns, timed.at_ns))
    return stays + [Stay(chain, begin_ns, None) for chain, begin_ns in begun.values()]


def refuse(faults: Iterable[Fault]) -> None:
    """Raise the faults, if there are any."""
    if found := list(faults):
        raise InputError(found)


def time_faults(model: object, path: Path, setting: Setting) -> Iterator[Fault]:
    """Means of 0, a process without an end, and one that would make too many events."""
    for key in ("every", "repair", "lifetime", "lasts"):
        if getattr(model, key, None) == 0:
            yield Fault((*path, key), "must be above 0")
    every_ns = getattr(model, "every", 0)
    if isinstance(model, Window):
        if model.until is None and setting.until_ns is None:
            yield Fault(path, "needs an 'until', here or for the whole scenario")
        elif every_ns and end_of(model, setting) - model.begin > every_ns * MOST:
            yield Fault((*path, "every"), f"makes more than {MOST} events until its end")


def end_of(window: Window, setting: Setting) -> int:
    """The end of a process that has one."""
    ends = [end for end in (window.until, setting.until_ns) if end is not None]
    return min(ends)


def after(rng: Random, mean_ns: int) -> int:
    """A random time, exponential, in whole grains and at least one."""
    return max(round(-math.log(1.0 - rng.random()) * mean_ns / GRAIN_NS), 1) * GRAIN_NS


def link_faults(links: Sequence[Sequence[str]], path: Path, setting: Setting) -> Iterator[Fault]:
    """Links that do not exist."""
    joined = {frozenset(link.ends) for link in setting.instance.links}
    for i, (one, other) in enumerate(links):
        if frozenset((one, other)) not in joined:
            yield Fault((*path, "links", i), f"no link joins {shown(one)} and {shown(other)}")


def node_faults(names: Sequence[str], path: Path, setting: Setting) -> Iterator[Fault]:
    """Nodes that do not exist."""
    nodes = setting.instance.nodes
    return (unknown_name("node", name, nodes, (*path, i)) for i, name in enumerate(names) if name not in nodes)
