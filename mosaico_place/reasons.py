"""Why a chain is not accepted, as far as it can be said without solving anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from mosaico_place.compile import Problem, compile_chain, compile_infrastructure
from mosaico_place.instance import Direction, Instance, Link, Node
from mosaico_place.placement import Placement
from mosaico_place.usage import Usage

ELSEWHERE = "the best answer found leaves it out: what it needs serves the objective better elsewhere"
"""What is left to say where nothing that the chain needs is lacking by itself."""

NOTHING: Mapping[str, str] = MappingProxyType({})


def quick_reasons(
    problem: Problem, placement: Placement, used: Usage, known: Mapping[str, str] = NOTHING
) -> dict[str, str]:
    """Rejected chain -> reason, for every chain that a placement leaves out.

    First what rules the chain out whatever the others do; then what it lacks beside the others, as these are placed:
    ``used`` is all that the placement takes. Reasons that are ``known`` stay as they are.
    """
    missing = [name for name in problem.blocks if name not in placement.chains]
    why = {name: known[name] for name in missing if name in known}
    why |= {name: reason for name in missing if name not in why and (reason := problem.blocks[name].why) is not None}
    if any(name not in why for name in missing):
        left = what_is_left(problem.instance, used)
        infrastructure = compile_infrastructure(left)
        for name in missing:
            if name not in why:
                block = compile_chain(left, infrastructure, problem.instance.chains[name])
                why[name] = ELSEWHERE if block.why is None else f"with what the accepted chains leave: {block.why}"
    return {name: why[name] for name in missing}


def what_is_left(instance: Instance, used: Usage) -> Instance:
    """The instance with all that is used reserved; what shared functions take once counts as taken already."""
    functions = {
        name: replace(
            function,
            implementations={key: replace(one, once={}) for key, one in function.implementations.items()},
        )
        for name, function in instance.functions.items()
    }
    return replace(
        instance,
        functions=functions,
        nodes={name: _node(node, used) for name, node in instance.nodes.items()},
        links=tuple(_link(link, used) for link in instance.links),
    )


def _node(node: Node, used: Usage) -> Node:
    taken, devices = used.nodes.get(node.name, {}), used.devices.get(node.name, {})
    return replace(
        node,
        reserved=_sum(node.reserved, taken),
        devices={name: _less(has, devices.get(name, {})) for name, has in node.devices.items()},
    )


def _link(link: Link, used: Usage) -> Link:
    def left(direction: Direction, ends: tuple[str, str]) -> Direction:
        return replace(direction, reserved_bps=direction.reserved_bps + used.links.get(ends, 0))

    return replace(link, forth=left(link.forth, link.ends), back=left(link.back, link.ends[::-1]))


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in dict.fromkeys((*one, *other))}


def _less(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: amount - other.get(key, 0) for key, amount in one.items()}
