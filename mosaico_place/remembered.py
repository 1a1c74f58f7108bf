"""What depends on a chain alone is worked out once: a chain is frozen, and judged again at every event."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from mosaico_place.instance import Chain

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
