"""What nodes and links have at the moment, written into arrays that were compiled for the best that they ever had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mosaico_place.compile import compile_infrastructure
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import BoolArray, IntArray
from mosaico_place.instance import Instance, Link, Node
from mosaico_place.usage import NO_CAPACITY, Capacity

CLOSED = -1.0
"""A load limit that rules an option or a program out."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a change of figures was about.

    Attributes:
        worse_nodes: names of nodes on which something may not be able to stay.
        worse_links: links, as they are now, over which something may not be able to go on as it did.
        hosts: whether other nodes run something, or are up, than before.
        timing: whether links take another time than before.
    """

    worse_nodes: tuple[str, ...]
    worse_links: tuple[Link, ...]
    hosts: bool
    timing: bool


class Figures:
    """Keeps the arrays of an infrastructure as it is.

    Args:
        base: of everything up and at its best; read.
        compiled: the same as it is; written, and it shares the chains' records with ``base``.

    Attributes:
        up: (nodes,) which are up.
        owner: (units,) slot of the chain that each is of; -1 for none. Kept by whoever writes chains.
    """

    def __init__(self, base: Compiled, compiled: Compiled) -> None:
        self._base, self._compiled = base, compiled
        self._index = base.problem.infrastructure.index
        self._belongings = _belongings(base)
        self.up: BoolArray = np.ones(len(self._index), dtype=np.bool_)
        self._hosts = self.up
        self.owner: IntArray = np.full(len(base.tables.units), -1, dtype=np.int32)

    def write(self, instance: Instance, *, timing: bool) -> None:
        """Write all of them; the times of links only if ``timing``."""
        for node in instance.nodes.values():
            self._open_node(instance, node)
        for number in range(len(instance.links)):
            self._open_link(instance, number)
        self._redo_masks(instance)
        if timing:
            self._redo_delays(instance)

    def change(self, before: Instance, now: Instance, nodes: Sequence[Node], links: Sequence[int]) -> Written:
        """Write those of nodes, and of links by number, that are others than before."""
        worse_nodes, worse_links, hosts, timing = list[str](), list[Link](), False, False
        for node in nodes:
            self._open_node(now, node)
            was = before.nodes[node.name]
            other = node.runs != was.runs or node.up != was.up
            hosts |= other
            if other or node.devices_down != was.devices_down:
                worse_nodes.append(node.name)
        names = {node.name for node in nodes}
        beside = [i for i, link in enumerate(now.links) if names and not names.isdisjoint(link.ends)]
        for i in {*links, *beside}:
            link, was_link = now.links[i], before.links[i]
            self._open_link(now, i)
            slower = _waits(link, self._base.shapes.bursts) != _waits(was_link, self._base.shapes.bursts)
            timing |= slower
            if slower or (before.link_up(was_link) and not now.link_up(link)):
                worse_links.append(link)
        if hosts:
            self._redo_masks(now)
        if timing:
            self._redo_delays(now)
        return Written(tuple(worse_nodes), tuple(worse_links), hosts, timing)

    def _open_node(self, instance: Instance, node: Node) -> None:
        """Write what a node has and runs now."""
        has = self._belongings[self._index[node.name]]
        for row, resource in has.capacities:
            there = Capacity(node.capacity.get(resource, 0), node.reserved.get(resource, 0))
            self._compiled.rows.write(row, instance, there if node.up else NO_CAPACITY)
        for row, device, resource in has.of_devices:
            there = Capacity(node.working.get(device, {}).get(resource, 0))
            self._compiled.rows.write(row, instance, there if node.up else NO_CAPACITY)
        tables, best = self._compiled.tables, self._base.tables
        for records, known, numbers in (
            (tables.options, best.options, has.options),
            (tables.programs, best.programs, has.programs),
        ):
            records["carries"][numbers] = known["carries"][numbers] if node.runs else CLOSED
        for device in node.devices_down:
            tables.options["carries"][has.devices.get(device, [])] = CLOSED

    def _open_link(self, instance: Instance, number: int) -> None:
        """Write what a link carries now."""
        link, rows = instance.links[number], self._compiled.rows
        up = instance.link_up(link)
        for row, way in enumerate((link.forth, link.back), start=rows.first_arc + 2 * number):
            rows.write(row, instance, Capacity(way.bandwidth_bps, way.reserved_bps) if up else NO_CAPACITY)
            rows.closed[row] = not up

    def mask(self, units: slice) -> None:
        """Rule out, for units, nodes that run nothing."""
        fixed = self._base.tables.units["node"][units] >= 0
        open_ = np.where(fixed[:, None], self.up[None, :], self._hosts[None, :])
        np.logical_and(self._base.tables.mask[units], open_, out=self._compiled.tables.mask[units])

    def _redo_masks(self, instance: Instance) -> None:
        """Rule out nodes that run nothing, and chains that have no place left."""
        nodes = instance.nodes.values()
        self.up = np.fromiter((node.up for node in nodes), dtype=np.bool_)
        self._hosts = np.fromiter((bool(node.runs) for node in nodes), dtype=np.bool_)
        tables = self._compiled.tables
        self.mask(slice(None))
        nowhere = self.owner[~tables.mask.any(axis=1) & (self.owner >= 0)]
        tables.chains["possible"] = self._base.tables.chains["possible"]
        tables.chains["possible"][nowhere] = 0

    def _redo_delays(self, instance: Instance) -> None:
        """Write what every arc takes now."""
        self._base.shapes.write_delays(compile_infrastructure(instance), self._compiled.tables.delays)


@dataclass(slots=True)
class _Belongings:
    """What of the arrays speaks of one node: rows of capacities; numbers of options, also by device; of programs."""

    capacities: list[tuple[int, str]] = field(default_factory=list)
    of_devices: list[tuple[int, str, str]] = field(default_factory=list)
    options: list[int] = field(default_factory=list)
    devices: dict[str, list[int]] = field(default_factory=dict)
    programs: list[int] = field(default_factory=list)


def _belongings(compiled: Compiled) -> list[_Belongings]:
    """By node."""
    index = compiled.problem.infrastructure.index
    found = [_Belongings() for _ in index]
    for row, name in enumerate(compiled.rows.names):
        if name[0] == "node":
            found[index[name[1]]].capacities.append((row, name[2]))
        elif name[0] == "device":
            found[index[name[1]]].of_devices.append((row, name[2], name[3]))
    for option, run in enumerate(compiled.offers.runs):
        has = found[run.candidate.node]
        has.options.append(option)
        for device in run.candidate.devices:
            has.devices.setdefault(device, []).append(option)
    for program, (node, *_) in enumerate(compiled.offers.program_runs):
        found[node].programs.append(program)
    return found


def _waits(link: Link, bursts: bool) -> tuple[tuple[int, ...], ...]:
    """What decides the time that traffic takes on a link; its bandwidth only where there are bursts."""
    ways = (link.forth, link.back)
    return tuple((way.latency_ns, way.classic_ns, way.l4s_ns, way.bandwidth_bps * bursts) for way in ways)
