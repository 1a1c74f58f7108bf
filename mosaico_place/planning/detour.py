"""Temporary spots: where one component can stand for a while so that others, or its own chain, can change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from mosaico_place.checking import check_chain
from mosaico_place.instance import Component, Flow, Instance, Level
from mosaico_place.placement import ChainPlacement, FlowPath, Opening, Spot
from mosaico_place.planning.changes import Change, Scenery, changed_programs, other_counts
from mosaico_place.planning.ordering import close_surplus
from mosaico_place.planning.paths import Ways, along
from mosaico_place.planning.relief import Short, freed_by_one, helped
from mosaico_place.planning.stage import Stage
from mosaico_place.usage import Scene, hops_of

MOST_TRIED = 100
"""So many temporary spots are tried for one plan."""


def detour(
    scenery: Scenery,
    stage: Stage,
    scene: Scene,
    ways: Ways,
    change: Change,
    short: Sequence[Short],
    tries: Iterator[int],
) -> tuple[Change, Change] | None:
    """A change to a placement with one component on a temporary spot, and the change from there to what is wanted.

    The temporary placement keeps the chain's own rules, needs nothing opened, fits beside the old one, and lets the
    chain itself or another one change that could not before. None if no such spot is found; every spot that is tried
    takes one of the ``tries``. The ``scene`` is that of the stage (:func:`seen`); all that do not fit are ``short``.
    """
    instance = scenery.transition.instance
    for placed, others in _candidates(scenery, stage, ways, change, short, tries):
        if check_chain(instance, change.name, placed, scene):
            continue
        runs = change.placed, change.items
        there = scenery.onwards(change.name, runs, placed, change.carried, scene=scene)
        if stage.growth(there) != {}:
            continue
        after = stage.copy()
        after.settle(there)
        close_surplus(after)
        onwards = scenery.onwards(change.name, (placed, there.wanted), change.target, placed.components)
        if any(after.growth(onwards if other is change else other) is not None for other in others):
            return there, onwards
    return None


def seen(scenery: Scenery, stage: Stage) -> Scene:
    """Links, and the programs that are opened at a moment."""
    transition, programs = scenery.transition, scenery.ledger.scene.programs
    changed = other_counts(transition.before.instances, stage.counts)
    return Scene(scenery.before.hops, changed_programs(transition.instance, programs, changed, stage.counts))


def _candidates(
    scenery: Scenery,
    stage: Stage,
    ways: Ways,
    change: Change,
    short: Sequence[Short],
    tries: Iterator[int],
) -> Iterator[tuple[ChainPlacement, list[Change]]]:
    """Placements of a chain with one component that has to move anyway somewhere else than before and after.

    With each, the changes that it could help.
    """
    assert change.placed is not None, "only what runs can take another spot"
    assert change.target is not None, "what leaves needs none"
    placed, target = change.placed, change.target
    merged = {name for group in placed.merged for name in group}
    rerouted = _Rerouting(stage, ways, change)
    for name, spot in placed.components.items():
        component = change.form.components.get(name)
        wanted = target.components.get(name)
        if component is None or not component.movable or name in merged or wanted in (None, spot):
            continue
        others = helped(freed_by_one(stage, change, name), short)
        if not others:
            continue
        for other in _spots(scenery.transition.instance, stage, component, ways.around(spot.node)):
            if other not in (spot, wanted):
                if next(tries, None) is None:
                    return
                flows = rerouted(name, other.node)
                if flows is not None:
                    parallel = tuple(group for group in placed.parallel if name not in group)
                    components = {**placed.components, name: other}
                    yield replace(placed, components=components, flows=flows, parallel=parallel), others


def _spots(instance: Instance, stage: Stage, component: Component, names: Iterable[str]) -> Iterator[Spot]:
    """Where a component could run with what is opened, on nodes in this order."""
    function = instance.functions[component.function or ""]
    shared = function.shared_by(component)
    for node in (instance.nodes[name] for name in names):
        for implementation in function.implementations.values():
            if shared and not stage.counts.get(Opening(node.name, function.name, implementation.name)):
                continue
            taken = {("node", node.name, resource): amount for resource, amount in implementation.demand.items()}
            full = any(stage.used(name) + amount > stage.limit(name) for name, amount in taken.items())
            if not full and implementation.runs_on(node):
                for device in node.working if implementation.level is Level.GPU else (None,):
                    yield Spot(node.name, implementation.name, device)


class _Rerouting:
    """Paths for a chain with one component on another spot, over links that have room while nothing else changes."""

    def __init__(self, stage: Stage, ways: Ways, change: Change) -> None:
        self._stage = stage
        self._ways = ways
        self._change = change
        self._fans: dict[tuple[tuple[str, str], bool], dict[str, str]] = {}

    def __call__(self, name: str, node: str) -> dict[tuple[str, str], FlowPath] | None:
        """The paths of the chain with a component on another node; None if there are none."""
        assert self._change.placed is not None, "only what runs can be routed anew"
        flows = dict(self._change.placed.flows)
        for flow in self._change.form.flows:
            if name in flow.ends:
                path = self._path(flow, node, backwards=name == flow.tail)
                if path is None:
                    return None
                flows[flow.ends] = path
        return flows

    def _path(self, flow: Flow, node: str, *, backwards: bool) -> FlowPath | None:
        """The path of a flow whose tail (or, forwards, head) is on another node."""
        assert self._change.placed is not None, "only what runs can be routed anew"
        stays = flow.head if backwards else flow.tail
        spot = self._change.placed.components.get(stays)
        other = spot.node if spot is not None else self._change.form.components[stays].at or ""
        if other == node:
            return (node,)
        if (flow.ends, backwards) not in self._fans:
            already = set(hops_of(self._change.placed.flows.get(flow.ends, ())))
            stage, rate = self._stage, flow.rate_bps

            def has_room(tail: str, head: str) -> bool:
                link = ("link", tail, head)
                return (tail, head) in already or stage.used(link) + rate <= stage.limit(link)

            self._fans[flow.ends, backwards] = self._ways.fan(other, has_room, backwards=backwards)
        return along(self._fans[flow.ends, backwards], node, backwards=backwards)
