"""Which rules a placement breaks.

Reads the instance and the placement only, never a compiled model: what a method got wrong, this must not
repeat. A sum of per-chain and per-resource parts, so that a change is checked by the parts it touches
(:mod:`mosaico_place.checking.audit`):

=======================  ================================================================================
:func:`check_chain`      ``accepted``, then ``placed``, ``rewritten``, ``devices``, ``dedicated``, ``routed``,
                         ``copied``, ``per_hop``, ``latency``, ``together``, ``apart``, ``only``, ``never``
:func:`check_opening`    ``opened``, ``throughput``
:func:`check_capacity`   ``capacity`` of a node's resource, ``device`` of a device's, ``bandwidth`` of a link direction
:func:`check_class`      ``class_share`` of one capacity
:func:`check_moves`      ``movable``, ``max_moves``
=======================  ================================================================================

Every function is named like its rule; besides, ``accepted`` and ``rewritten`` are the parts of rule ``placed`` that
speak of chains as a whole and of merged and parallel components, ``devices`` the part of rule ``device`` that speaks
of names, ``dedicated`` and ``opened`` those of ``throughput`` that speak of components by themselves and of what may be
opened, ``copied`` the part of ``routed`` that speaks of copies, ``movable`` the part of ``max-moves`` that speaks of
components.

A fault is reported once, where it starts. What cannot be judged because of it is passed over: the path of
a flow whose components stand nowhere, the latency over what does not run or is not routed. What does not run
uses nothing.
"""

from __future__ import annotations

from mosaico_place.checking.capacities import (
    bandwidth,
    capacity,
    check_capacity,
    check_class,
    check_opening,
    class_share,
    device,
    opened,
    throughput,
)
from mosaico_place.checking.chain import (
    accepted,
    apart,
    check_chain,
    copied,
    dedicated,
    devices,
    latency,
    never,
    only,
    per_hop,
    placed,
    rewritten,
    routed,
    together,
)
from mosaico_place.checking.moving import check_moves, max_moves, movable
from mosaico_place.instance import Instance
from mosaico_place.placement import Opening, Placement
from mosaico_place.result import Violation
from mosaico_place.usage import instances_of, instances_usage, survey, takers, usage_by_chain

__all__ = [
    "accepted",
    "apart",
    "bandwidth",
    "capacity",
    "check",
    "check_capacity",
    "check_chain",
    "check_class",
    "check_moves",
    "check_opening",
    "class_share",
    "copied",
    "dedicated",
    "device",
    "devices",
    "latency",
    "max_moves",
    "movable",
    "never",
    "only",
    "opened",
    "per_hop",
    "placed",
    "rewritten",
    "routed",
    "throughput",
    "together",
]

KINDS = ("node", "device", "link")
"""The kinds of capacities, in the order in which they are judged."""


def check(
    instance: Instance, placement: Placement, previous: Placement | None = None, max_moves: int | None = None
) -> list[Violation]:
    """Every violation of a placement; empty if it is valid.

    Chain by chain, then opened instances, nodes, devices, links, classes and moves.

    Args:
        instance: the problem.
        placement: the answer to judge.
        previous: the placement before it, if there was one.
        max_moves: how many components may have moved since; None for any number.
    """
    scene = survey(instance, placement)
    parts = usage_by_chain(instance, placement, scene)
    opened_parts = {instances_of(name): part for name, part in instances_usage(instance, placement).items()}
    served: dict[Opening, dict[str, int]] = {opening: {} for opening in placement.instances}
    for name, part in parts.items():
        for opening, load in part.loads.items():
            served.setdefault(opening, {})[name] = load
    found = []
    for name in dict.fromkeys((*instance.chains, *placement.chains)):
        found += check_chain(instance, name, placement.chains.get(name), scene)
    for opening, loads in served.items():
        found += check_opening(instance, opening, placement.instances, loads)
    shares = takers({**parts, **opened_parts})
    for key in sorted(shares, key=lambda key: KINDS.index(key[0])):
        found += check_capacity(instance, key, sum(shares[key].values()), shares[key], scene.hops)
    for traffic_class in instance.classes.values():
        own = {name: part for name, part in parts.items() if instance.chains[name].class_name == traffic_class.name}
        for key, taken in takers(own).items():
            found += check_class(instance, traffic_class, key, sum(taken.values()), taken, scene.hops)
    return found + check_moves(instance, placement, previous, max_moves)
