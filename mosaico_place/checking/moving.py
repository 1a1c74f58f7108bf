"""The rule of how a placement may differ from the one before it: :func:`check_moves`."""

from __future__ import annotations

from collections.abc import Iterator

from mosaico_place.instance import Instance
from mosaico_place.moves import moved
from mosaico_place.placement import Placement
from mosaico_place.result import Violation
from mosaico_place.rules import Rule


def check_moves(
    instance: Instance, placement: Placement, previous: Placement | None, most: int | None
) -> list[Violation]:
    """What is wrong with how a placement differs from the one before it; ``most`` is how many components may move."""
    return [*movable(instance, placement, previous), *max_moves(instance, placement, previous, most)]


def movable(instance: Instance, placement: Placement, previous: Placement | None) -> Iterator[Violation]:
    """Rule ``max-moves``, of components: one that is not movable stays while its node is up."""
    for chain, name, before, now in moved(instance, placement, previous):
        if not chain.components[name].movable and instance.node_up(before.node):
            message = f"is not movable and stood on {before.node!r}, but is placed on {now.node!r}"
            if before.node == now.node:
                message = f"is not movable, but runs another way on {now.node!r} than before"
            yield Violation(Rule.MAX_MOVES, f"chain {chain.name}, component {name}", message)


def max_moves(
    instance: Instance, placement: Placement, previous: Placement | None, most: int | None
) -> Iterator[Violation]:
    """No more components move than may."""
    count = sum(1 for _ in moved(instance, placement, previous))
    if most is not None and count > most:
        message = f"{count} components move, {count - most} more than the {most} that may"
        yield Violation(Rule.MAX_MOVES, "all chains", message, float(count - most))
