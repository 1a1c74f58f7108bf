"""Who was moved for nothing: chains that a search took elsewhere return where they stood if no level loses by it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mosaico_place.methods.search.ruin_and_recreate import better
from mosaico_place.methods.search.search import Search
from mosaico_place.solution.solution import Snapshot

ROUNDS = 2
"""How often all of them try, at most: who returns makes room for others, but after a second time hardly ever."""


def return_home(search: Search, before: Snapshot, stop: Callable[[], bool] = lambda: False) -> set[int]:
    """Let chains stand as they did in ``before`` as far as they fit and no level gets worse; those that do now.

    A search puts chains wherever they cost least while others are out; when all are in, many could as well stand
    where they were, and every one of them that does is a step less in the plan, and often a knot less.
    """
    now, returned = search.value(), set[int]()
    for _ in range(ROUNDS):
        known = len(returned)
        for k in before.moved():
            if stop():
                return returned
            here = search.solution.save(np.array([k], dtype=np.int64))
            search.solution.remove([k], search.prices)
            if before.stand_again(k, search.prices) and not better(now, after := search.value()):
                now = after
                returned.add(k)
            else:
                here.restore()
        if len(returned) == known:
            break
    return returned
