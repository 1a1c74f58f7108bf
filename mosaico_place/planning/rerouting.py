"""Where one component of a chain could stand for a while, as its flows see it: in time, and over links with room."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from mosaico_place.instance import Flow, Instance
from mosaico_place.latency import flow_latency_ns, longest_way_ns, processing_ns
from mosaico_place.placement import FlowPath, Spot
from mosaico_place.planning.changes import Change
from mosaico_place.planning.paths import Fan, Ways
from mosaico_place.planning.stage import Stage
from mosaico_place.usage import Scene, hops_of


class Rerouting:
    """Paths for a chain with one component on another spot, while nothing else changes.

    Args:
        instance: the problem.
        scene: its links, and the programs opened at the moment.
        stage: what is taken at the moment.
        ways: through the infrastructure.
        change: of the chain, which runs.
    """

    def __init__(self, instance: Instance, scene: Scene, stage: Stage, ways: Ways, change: Change) -> None:
        assert change.placed is not None, "only what runs can be routed anew"
        self._instance, self._stage, self._ways = instance, stage, ways
        self._form, self._placed = change.form, change.placed
        seen = instance, self._form, self._placed
        self._processing = processing_ns(*seen)
        self._delays = {flow.ends: flow_latency_ns(*seen, flow, scene) for flow in self._form.flows}

    def in_time(self, name: str, spots: Collection[Spot]) -> Iterator[Spot]:
        """Those of the spots that a component could take as far as time goes, by what its flows take at least."""
        fans = {flow.ends: self._fastest(flow, backwards=backwards) for flow, backwards in self._flows(name)}
        far_ns = {}
        for spot in spots:
            if spot.node not in far_ns and all(spot.node in fan.far_ns for fan in fans.values()):
                far_ns[spot.node] = sum(fan.far_ns[spot.node] for fan in fans.values())
        for spot in sorted((spot for spot in spots if spot.node in far_ns), key=lambda spot: far_ns[spot.node]):
            if self._keeps_time(name, spot, {ends: fan.far_ns[spot.node] for ends, fan in fans.items()}):
                yield spot

    def _keeps_time(self, name: str, spot: Spot, flows_ns: Mapping[tuple[str, str], int]) -> bool:
        """Whether all budgets could be kept with a component on a spot if flows took so long; False if they cannot."""
        function = self._instance.functions[self._form.components[name].function or ""]
        processing = {**self._processing, name: function.implementations[spot.implementation].processing_ns}
        delays = {**self._delays, **flows_ns}
        together = [group for group in self._placed.parallel if name not in group]
        for budget in self._form.budgets:
            takes_ns = longest_way_ns(self._form, budget, processing, delays, together)
            if budget.within_ns is not None and takes_ns is not None and takes_ns > budget.within_ns:
                return False
        return True

    def paths(self, name: str, spot: Spot) -> dict[tuple[str, str], FlowPath] | None:
        """The paths of the chain with a component on another spot; None if there is no room for them, or no time."""
        flows, times_ns = dict(self._placed.flows), {}
        for flow, backwards in self._flows(name):
            fan = self._fan(flow, spot.node, backwards=backwards)
            path = fan.path(spot.node)
            if path is None:
                return None
            flows[flow.ends], times_ns[flow.ends] = path, fan.far_ns[spot.node]
        return flows if self._keeps_time(name, spot, times_ns) else None

    def _flows(self, name: str) -> Iterator[tuple[Flow, bool]]:
        """The flows of a component, and whether it is the tail of each."""
        return ((flow, name == flow.tail) for flow in self._form.flows if name in flow.ends)

    def _fan(self, flow: Flow, node: str, *, backwards: bool) -> Fan:
        """Fastest paths over links with room, as far as a node, of a flow whose head (or, backwards, tail) is there."""
        already = set(hops_of(self._placed.flows.get(flow.ends, ())))
        stage, rate = self._stage, flow.rate_bps

        def has_room(tail: str, head: str) -> bool:
            link = ("link", tail, head)
            return (tail, head) in already or stage.used(link) + rate <= stage.limit(link)

        fastest = self._fastest(flow, backwards=backwards)
        if all(has_room(*hop) for hop in hops_of(fastest.path(node) or ())):
            return fastest
        end, waits = self._end(flow, backwards), self._waits(flow)
        return self._ways.fan(end, has_room, backwards=backwards, waits=waits, goal=node)

    def _fastest(self, flow: Flow, *, backwards: bool) -> Fan:
        """The same over any links."""
        return self._ways.fastest_of(self._end(flow, backwards), backwards=backwards, waits=self._waits(flow))

    def _waits(self, flow: Flow) -> bool:
        """Whether a flow surely waits in classic queues: as a copy it may wait as its host does."""
        return flow.copy_of is None and not any(self._instance.functions[name].l4s for name in flow.per_hop)

    def _end(self, flow: Flow, backwards: bool) -> str:
        """The node of the end of a flow that stays: its head if it is ``backwards``, else its tail."""
        name = flow.head if backwards else flow.tail
        spot = self._placed.components.get(name)
        return spot.node if spot is not None else self._form.components[name].at or ""
