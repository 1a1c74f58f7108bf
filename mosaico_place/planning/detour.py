"""Temporary spots: where one component can stand for a while so that others, or its own chain, can change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product

from mosaico_place.checking import check_chain
from mosaico_place.instance import Component, Implementation, Node
from mosaico_place.placement import ChainPlacement, Opening, Spot
from mosaico_place.planning.changes import Change, Scenery, changed_programs, other_counts
from mosaico_place.planning.ordering import close_surplus
from mosaico_place.planning.paths import Ways
from mosaico_place.planning.relief import Short, helped, relief_by_one
from mosaico_place.planning.rerouting import Rerouting
from mosaico_place.planning.stage import Stage
from mosaico_place.usage import Scene

MOST_TRIED = 40
"""So many temporary spots are tried for one plan."""


class Detours:
    """Looks for the temporary spots of one plan.

    Args:
        scenery: what the plan leads through.
        ways: through its infrastructure.
    """

    def __init__(self, scenery: Scenery, ways: Ways) -> None:
        self._scenery, self._ways = scenery, ways
        self._instance = scenery.transition.instance
        self._tries = iter(range(MOST_TRIED))
        self._hosts: dict[str, list[tuple[Implementation, Node]]] = {}

    def first(
        self, stage: Stage, changes: Iterable[Change], short: Sequence[Short]
    ) -> tuple[Change, Change, Change] | None:
        """The first of some changes for which there is a temporary spot, as it leads there, and as it leads on.

        The temporary placement keeps the chain's own rules, needs nothing opened, fits beside the old one, and lets the
        chain itself or another one change that could not before.

        Args:
            stage: what is taken and opened at the moment.
            changes: of chains that run.
            short: all changes that do not fit.
        """
        scene = self._seen(stage)
        for change in changes:
            found = self._detour(stage, scene, change, short)
            if found is not None:
                return change, *found
        return None

    def _detour(
        self, stage: Stage, scene: Scene, change: Change, short: Sequence[Short]
    ) -> tuple[Change, Change] | None:
        """A change to a placement with one component on a temporary spot, and the change from there on."""
        scenery = self._scenery
        for placed, others in self._candidates(stage, scene, change, short):
            if check_chain(self._instance, change.name, placed, scene):
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

    def _seen(self, stage: Stage) -> Scene:
        """Links, and the programs that are opened at a moment."""
        transition, programs = self._scenery.transition, self._scenery.ledger.scene.programs
        changed = other_counts(transition.before.instances, stage.counts)
        return Scene(self._scenery.before.hops, changed_programs(self._instance, programs, changed, stage.counts))

    def _candidates(
        self, stage: Stage, scene: Scene, change: Change, short: Sequence[Short]
    ) -> Iterator[tuple[ChainPlacement, list[Change]]]:
        """Placements of a chain with one component that has to move anyway somewhere else than before and after.

        With each, the changes that it could help.
        """
        assert change.placed is not None, "only what runs can take another spot"
        assert change.target is not None, "what leaves needs none"
        placed, target = change.placed, change.target
        merged = {name for group in placed.merged for name in group}
        rerouting = Rerouting(self._instance, scene, stage, self._ways, change)
        for name, spot in placed.components.items():
            component = change.form.components.get(name)
            wanted = target.components.get(name)
            if component is None or not component.movable or name in merged or wanted in (None, spot):
                continue
            if not helped(relief_by_one(stage, change, name), short):
                continue
            spots = [other for other in self._spots(stage, component) if other not in (spot, wanted)]
            for other in rerouting.in_time(name, spots):
                flows = rerouting.paths(name, other)
                helps = [] if flows is None else helped(relief_by_one(stage, change, name, flows), short)
                if flows is not None and helps:
                    if next(self._tries, None) is None:
                        return
                    parallel = tuple(group for group in placed.parallel if name not in group)
                    components = {**placed.components, name: other}
                    yield replace(placed, components=components, flows=flows, parallel=parallel), helps

    def _spots(self, stage: Stage, component: Component) -> Iterator[Spot]:
        """Where a component could run with what is opened."""
        function = self._instance.functions[component.function or ""]
        if function.name not in self._hosts:
            each = product(function.implementations.values(), self._instance.nodes.values())
            self._hosts[function.name] = [(one, node) for one, node in each if one.runs_on(node)]
        shared = function.shared_by(component)
        for one, node in self._hosts[function.name]:
            if shared and not stage.counts.get(Opening(node.name, function.name, one.name)):
                continue
            taken = ((("node", node.name, resource), amount) for resource, amount in one.demand.items())
            if all(stage.used(name) + amount <= stage.limit(name) for name, amount in taken):
                for devices in one.devices_on(node):
                    yield Spot.on(node.name, one.name, devices)
