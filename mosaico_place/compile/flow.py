"""What one flow may touch and what that takes it, whatever the other flows do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mosaico_place.compile.infrastructure import BoolArray, FloatArray, Infrastructure, IntArray
from mosaico_place.instance import Flow, Implementation, Instance, Kind, Node
from mosaico_place.latency import hop_wait_ns

Programs = Mapping[str, tuple[Implementation, ...]]
"""Per-hop function -> the programs that could serve the flow on one switch."""


@dataclass(frozen=True, slots=True)
class FlowBlock:
    """One flow by the nodes and arcs of the infrastructure.

    Attributes:
        flow: the flow.
        usable: (arcs,) wide enough, between nodes that it may touch.
        delay_ns: (arcs,) latency, waiting and sending, and the forwarding of the node that the arc enters.
        programs: switch index -> what may serve the flow there; only switches that it may touch.
        touch_ns: (nodes,) least processing by per-hop functions where the flow touches a node.
        touchable: (nodes,) whether its path may touch the node.
    """

    flow: Flow
    usable: BoolArray
    delay_ns: IntArray
    programs: Mapping[int, Programs]
    touch_ns: IntArray
    touchable: BoolArray

    def least_delays(self, infrastructure: Infrastructure) -> FloatArray:
        """Least delay between all pairs of nodes, without what the first node takes."""
        return infrastructure.least_delays(self.usable, self.delay_ns + self.touch_ns[infrastructure.head])


def compile_flow(instance: Instance, infrastructure: Infrastructure, flow: Flow) -> FlowBlock:
    """Look at every node and arc with the eyes of one flow."""
    nodes = infrastructure.nodes
    touchable = np.ones(len(nodes), dtype=np.bool_)
    touch_ns = np.zeros(len(nodes), dtype=np.int64)
    programs: dict[int, Programs] = {}
    for i, node in enumerate(nodes):
        if not node.up or (flow.strict and node.kind is Kind.ROUTER):
            touchable[i] = False
        elif flow.per_hop and node.kind is Kind.P4_SWITCH:
            programs[i] = {function: _programs(instance, flow, function, node) for function in flow.per_hop}
            touchable[i] = all(programs[i].values())
            if touchable[i]:
                touch_ns[i] = sum(min(one.processing_ns for one in several) for several in programs[i].values())
    usable = infrastructure.free_bps >= flow.rate_bps
    usable &= touchable[infrastructure.tail] & touchable[infrastructure.head]
    programs = {i: several for i, several in programs.items() if touchable[i]}
    return FlowBlock(flow, usable, _delay_ns(instance, infrastructure, flow), programs, touch_ns, touchable)


def _programs(instance: Instance, flow: Flow, function: str, node: Node) -> tuple[Implementation, ...]:
    """Those that the switch could open for the flow; a flow with its own programs takes the first that it can run."""
    shared = instance.functions[function].shared_by(flow)
    offered = instance.programs(function, node)
    return tuple(
        one
        for one in (offered if shared else offered[:1])
        if one.carries(flow.rate_bps) and all(amount <= node.free(key) for key, amount in one.alone.items())
    )


def _delay_ns(instance: Instance, infrastructure: Infrastructure, flow: Flow) -> IntArray:
    if not flow.burst_bytes and not any(arc.classic_ns or arc.l4s_ns for arc in infrastructure.directions):
        return infrastructure.arc_delay_ns
    tails = (infrastructure.nodes[i] for i in infrastructure.tail)
    waits = [hop_wait_ns(instance, flow, *arc) for arc in zip(tails, infrastructure.directions, strict=True)]
    delay: IntArray = infrastructure.arc_delay_ns + np.array(waits, dtype=np.int64)
    return delay
