"""Draws plain events from seeded processes, when a scenario is read.

Each process has random numbers of its own, from the seed, its position in the list and, where it has independent parts
(chains that move, nodes that fail), the name of the part: what one of them draws does not depend on the others. Times
are exponential with the mean that the file gives, ``-mean x log(1 - u)``, rounded to whole microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from random import Random

from mosaico_place.errors import Fault, InputError, Path, shown, unknown_name
from mosaico_place.events import (
    Arrive,
    Depart,
    DeviceDown,
    DeviceUp,
    Event,
    Handover,
    LinkDown,
    LinkLatency,
    LinkUp,
    NodeDown,
    NodeUp,
    RateChange,
)
from mosaico_place.instance import Chain
from mosaico_place.scenario.parts import Timed
from mosaico_place.scenario.setting import (
    GRAIN_NS,
    Setting,
    Stay,
    after,
    end_of,
    link_faults,
    node_faults,
    refuse,
    time_faults,
)
from mosaico_place.schema.chains import TemplateChain
from mosaico_place.schema.expand import expand_chain
from mosaico_place.schema.scenario import (
    Alarms,
    Arrivals,
    Departures,
    Failures,
    FlashCrowd,
    Guests,
    Mobility,
    Process,
    Rates,
    Window,
)


def comes_first(process: Process) -> bool:
    """Whether it says which chains are there, of which other processes may speak."""
    return any(one is not None for one in (process.arrivals, process.flash_crowd, process.departures))


def draw(process: Process, path: Path, setting: Setting, seed: str) -> list[Timed]:
    """The events of one process, in no particular order.

    Args:
        process: what to draw from.
        path: where it stands.
        setting: what there is.
        seed: of this process.

    Raises:
        InputError: the process cannot be used; it carries every fault.
    """
    said = [(key, model) for key in type(process).model_fields if (model := getattr(process, key)) is not None]
    if len(said) != 1:
        message = f"needs one of {', '.join(type(process).keys())}"
        if said:
            message = f"names {' and '.join(key.replace('_', '-') for key, _ in said)}; write an entry for each"
        raise InputError([Fault(path, message)])
    ((key, model),) = said
    here = (*path, key.replace("_", "-"))
    refuse(time_faults(model, here, setting))
    kinds: Mapping[type, Callable[..., Iterable[Timed]]] = {
        Arrivals: _arrivals,
        FlashCrowd: _flash_crowd,
        Departures: _departures,
        Failures: _failures,
        Mobility: _mobility,
        Rates: _rates,
        Alarms: _alarms,
    }
    end_ns = math.inf if setting.until_ns is None else setting.until_ns
    return [timed for timed in kinds[type(model)](model, here, setting, seed) if timed.at_ns < end_ns]


def _arrivals(model: Arrivals, path: Path, setting: Setting, seed: str) -> Iterator[Timed]:
    rng, at_ns, number = Random(seed), model.begin, 0
    make = _maker(model, path, setting)
    while (at_ns := at_ns + after(rng, model.every)) < end_of(model, setting):
        number += 1
        yield from make(rng, number, at_ns)


def _flash_crowd(model: FlashCrowd, path: Path, setting: Setting, seed: str) -> Iterator[Timed]:
    rng, make = Random(seed), _maker(model, path, setting)
    times = sorted(int(rng.random() * model.within) // GRAIN_NS * GRAIN_NS for _ in range(model.count))
    for number, after_ns in enumerate(times, start=1):
        yield from make(rng, number, model.begin + after_ns)


def _departures(model: Departures, path: Path, setting: Setting, seed: str) -> Iterator[Timed]:
    for stay in _concerned(model.chains, path, setting):
        if stay.end_ns is None:
            lasts_ns = after(Random(f"{seed}:{stay.chain.name}:{stay.begin_ns}"), model.lifetime)
            yield Timed(stay.begin_ns + lasts_ns, Depart(stay.chain.name))


def _maker(model: Guests, path: Path, setting: Setting) -> Callable[[Random, int, int], Iterator[Timed]]:
    """What makes the arrival and the departure of the chain of a number.

    Raises:
        InputError: there is no such template, or it lacks a node.
    """
    places = {end: [nodes] if isinstance(nodes, str) else nodes for end, nodes in model.at.items()}
    longest = max(map(len, places.values()), default=1)
    own = {key: getattr(model, key) for key in ("weight", "class_name", "required") if key in model.model_fields_set}

    def chain(name: str, position: int) -> Chain:
        at: dict[str, str | list[str]] = {end: nodes[position % len(nodes)] for end, nodes in places.items()}
        form = TemplateChain.model_construct({"template", "at", *own}, template=model.template, at=at, **own)
        chains: dict[str, Chain] = {}
        refuse(expand_chain(name, form, setting.templates, path, chains, {}))
        return chains[name]

    for end, several in places.items():
        refuse(node_faults(several, (*path, "at", end), setting))
    chain("first", 0)

    def make(rng: Random, number: int, at_ns: int) -> Iterator[Timed]:
        made = chain(f"{model.name or model.template}-{number}", rng.randrange(longest))
        yield Timed(at_ns, Arrive(made, model.wait))
        if model.lifetime is not None:
            yield Timed(at_ns + after(rng, model.lifetime), Depart(made.name))

    return make


def _failures(model: Failures, path: Path, setting: Setting, seed: str) -> Iterator[Timed]:
    nodes = setting.instance.nodes
    found = list(node_faults(model.nodes, (*path, "nodes"), setting))
    for i, one in enumerate(model.devices):
        if one.node not in nodes:
            found.append(unknown_name("node", one.node, nodes, (*path, "devices", i, "node")))
        elif one.device not in nodes[one.node].devices:
            found.append(unknown_name("device", one.device, nodes[one.node].devices, (*path, "devices", i, "device")))
    refuse([*found, *link_faults(model.links, path, setting)])
    parts: list[tuple[Event, Event]] = [(NodeDown(name), NodeUp(name)) for name in model.nodes]
    parts += [(DeviceDown(one.node, one.device), DeviceUp(one.node, one.device)) for one in model.devices]
    parts += [(LinkDown((one, other)), LinkUp((one, other))) for one, other in model.links]
    if not parts:
        raise InputError([Fault(path, "needs 'nodes', 'devices' or 'links' that may fail")])
    for down, up in parts:
        yield from _on_and_off(model, setting, Random(f"{seed}:{down}"), (down, model.every), (up, model.repair))


def _on_and_off(
    window: Window, setting: Setting, rng: Random, begins: tuple[Event, int], ends: tuple[Event, int | None]
) -> Iterator[Timed]:
    """Two events in turn: one begins after a random time, the other ends it; what has begun may end later."""
    (first, every_ns), (second, lasts_ns) = begins, ends
    at_ns = window.begin
    while (at_ns := at_ns + after(rng, every_ns)) < end_of(window, setting):
        yield Timed(at_ns, first)
        if lasts_ns is None:
            return
        at_ns += after(rng, lasts_ns)
        yield Timed(at_ns, second)


def _alarms(model: Alarms, path: Path, setting: Setting, seed: str) -> Iterator[Timed]:
    refuse(link_faults(model.links, path, setting))
    latencies = {link.ends: (link.forth.latency_ns, link.back.latency_ns) for link in setting.instance.links}
    latencies |= {ends[::-1]: both[::-1] for ends, both in latencies.items()}
    for one, other in model.links:
        slow = LinkLatency((one, other), model.latency, model.latency)
        healthy = LinkLatency((one, other), *latencies[one, other])
        rng = Random(f"{seed}:{one}:{other}")
        yield from _on_and_off(model, setting, rng, (slow, model.every), (healthy, model.lasts))


def _concerned(patterns: Sequence[str], path: Path, setting: Setting) -> list[Stay]:
    """The stays of chains with such names."""
    names = dict.fromkeys(stay.chain.name for stay in setting.stays)
    idle = [(i, pattern) for i, pattern in enumerate(patterns) if not any(fnmatchcase(name, pattern) for name in names)]
    refuse(Fault((*path, "chains", i), f"there is never a chain {shown(pattern)}") for i, pattern in idle)
    return [stay for stay in setting.stays if any(fnmatchcase(stay.chain.name, pattern) for pattern in patterns)]


def _moments(model: Mobility | Rates, setting: Setting, stay: Stay, rng: Random) -> Iterator[int]:
    """Random times while a chain is there and the process is at work."""
    at_ns, end_ns = max(model.begin, stay.begin_ns), end_of(model, setting)
    while (at_ns := at_ns + after(rng, model.every)) < end_ns and (stay.end_ns is None or at_ns < stay.end_ns):
        yield at_ns


def _mobility(model: Mobility, path: Path, setting: Setting, seed: str) -> Iterator[Timed]:
    found = list(node_faults(model.between, (*path, "between"), setting))
    if len(set(model.between)) < 2:
        found.append(Fault((*path, "between"), "needs at least two nodes"))
    refuse(found)
    for stay in _concerned(model.chains, path, setting):
        own = [stay.chain.components[name] for name in model.endpoints if name in stay.chain.components]
        ends = [component for component in own if component.at is not None]
        rng = Random(f"{seed}:{stay.chain.name}:{stay.begin_ns}")
        here = ends[0].at if ends else None
        for at_ns in _moments(model, setting, stay, rng) if ends else ():
            here = _beside(model.between, here, rng)
            for component in ends:
                yield Timed(at_ns, Handover(stay.chain.name, component.name, here))


def _beside(row: list[str], here: str | None, rng: Random) -> str:
    """A node before or behind another one in a row, or any if that one is not in it."""
    if here not in row:
        return rng.choice(row)
    position = row.index(here)
    return rng.choice(row[max(position - 1, 0) : position] + row[position + 1 : position + 2])


def _rates(model: Rates, path: Path, setting: Setting, seed: str) -> Iterator[Timed]:
    if len(set(model.rates)) < 2:
        raise InputError([Fault((*path, "rates"), "needs at least two rates")])
    ends = (model.flow.tail, model.flow.head)
    for stay in _concerned(model.chains, path, setting):
        rng = Random(f"{seed}:{stay.chain.name}:{stay.begin_ns}")
        flow = next((flow for flow in stay.chain.flows if flow.ends == ends), None)
        rate_bps = None if flow is None else flow.rate_bps
        for at_ns in _moments(model, setting, stay, rng) if flow is not None else ():
            rate_bps = rng.choice([rate for rate in model.rates if rate != rate_bps])
            yield Timed(at_ns, RateChange(stay.chain.name, ends, rate_bps))
