"""What depends on frozen things alone is worked out once, though every event asks for it again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from mosaico_place.instance import Chain, Instance

A = TypeVar("A")
T = TypeVar("T")

MOST_CHAINS = 20_000
"""So many chains are remembered at a time, for each function."""


def per_chain(function: Callable[[Chain], T]) -> Callable[[Chain], T]:
    """The function, with its values remembered per chain object; a chain that is equal but another is another."""
    known: dict[int, tuple[Chain, T]] = {}

    @wraps(function)
    def remembered(chain: Chain) -> T:
        found = known.get(id(chain))
        if found is None:
            if len(known) >= MOST_CHAINS:
                known.clear()
            # The chain is kept with its value, so that no other chain can get its id meanwhile.
            found = known[id(chain)] = (chain, function(chain))
        return found[1]

    return remembered


def per_placed(function: Callable[[Instance, Chain, A], T]) -> Callable[[Instance, Chain, A], T]:
    """The function of a chain's placement, with its values remembered per placement object.

    It may read nodes and functions of the instance, besides the chain: a value holds while these are the same objects.
    """
    known: dict[int, tuple[A, Chain, object, object, T]] = {}

    @wraps(function)
    def remembered(instance: Instance, chain: Chain, placed: A) -> T:
        found = known.get(id(placed))
        if (
            found is None
            or found[1] is not chain
            or found[2] is not instance.nodes
            or found[3] is not instance.functions
        ):
            if len(known) >= MOST_CHAINS:
                known.clear()
            value = function(instance, chain, placed)
            found = known[id(placed)] = (placed, chain, instance.nodes, instance.functions, value)
        return found[4]

    return remembered


def of_two(function: Callable[[A, A], T]) -> Callable[[A, A], T]:
    """The function of two frozen objects, with its value remembered for those that it was asked about last."""
    last: tuple[A, A, T] | None = None

    @wraps(function)
    def remembered(one: A, other: A) -> T:
        nonlocal last
        known = last
        if known is None or known[0] is not one or known[1] is not other:
            known = last = (one, other, function(one, other))
        return known[2]

    return remembered
