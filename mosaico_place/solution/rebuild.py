"""Why a changed instance cannot be written into arrays as they are compiled, so that it has to be compiled anew."""

from __future__ import annotations

from collections.abc import Iterable

from mosaico_place.compile.arrays.envelope import link_within, node_within, same_frame
from mosaico_place.compile.arrays.offers import menu_key, touch_key
from mosaico_place.compile.arrays.rows import BANDWIDTH
from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.differences import changed_nodes, other_part
from mosaico_place.instance import Chain, Instance


def beyond(base: Compiled, before: Instance, now: Instance, changed: Iterable[Chain]) -> str:
    """Why the arrays cannot express an instance; empty if they can.

    Args:
        base: what they were compiled for, with everything up and at its best.
        before: an instance that they do express.
        now: the one that is asked about.
        changed: its chains that are new, or others than before.
    """
    best = base.problem.instance
    if part := other_part(before, now):
        return f"other {part}"
    if not same_frame(now, before):
        return "other nodes or links"
    for _, node in changed_nodes(before, now):
        if not node_within(node, best.nodes[node.name]):
            return f"node {node.name} changed beyond what was compiled"
    for link, other, most in zip(now.links, before.links, best.links, strict=True):
        if link is not other and not link_within(link, most):
            return f"link {link.ends[0]} - {link.ends[1]} is better than what was compiled"
    for chain in changed:
        if why := _unknown(base, now, chain):
            return f"chain {chain.name}: {why}"
    return ""


def _unknown(base: Compiled, instance: Instance, chain: Chain) -> str:
    """What of a chain the arrays have no number for."""
    offers, unit = base.offers, base.rows.quantum[BANDWIDTH]
    if chain.preference:
        return "it has preferences"
    for component in chain.components.values():
        function = instance.functions.get(component.function or "")
        if function is not None and menu_key(function, component) not in offers.menus:
            return f"{function.name} is new"
    for flow in chain.flows:
        if flow.rate_bps % unit:
            return "a rate is finer than those before"
        if not base.shapes.knows(chain, flow) or touch_key(flow) not in offers.touches:
            return f"the flow from {flow.tail} to {flow.head} is of a new kind"
    labels = {group.by for group in (*chain.together, *chain.apart) if group.by is not None}
    return "" if labels <= base.shapes.labels.keys() else "it names a new label"
