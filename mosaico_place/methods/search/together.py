"""Threads that search together: each takes turns on a placement of its own, and from time to time they agree on one.

Turns change a few chains around one spot, so what two threads found since they last agreed seldom meets: the better
placement takes over the changes of the others as far as they fit and make nothing worse, and all go on from there.
With a fixed number of turns between two agreements, the seed and the number of threads decide everything.
"""

from __future__ import annotations

import cython

if not cython.compiled:
    from mosaico_place.kernel.embed import FEW
    from mosaico_place.kernel.problem import write_embedding
    from mosaico_place.methods.search.ruin_and_recreate import Desk, accepts, evaluate, note_kept, save
    from mosaico_place.solution.updates import (
        Standing,
        bring_back,
        insert_all,
        keeps_time,
        put,
        remove_all,
    )


def adopt(desk: Desk, other: Desk, level: int) -> None:
    """Take over what another desk changed since both agreed, of chains that this one left alone, if nothing is worse.

    Chains that fit as they stand there stand so; the others are embedded anew where there is room.
    """
    count = _list_new(desk, other)
    if count == 0:
        return
    save(desk, count)
    remove_all(desk.standing, desk.pricing, desk.lists.changed, 0, count)
    for i in range(count):
        _stand_as(desk, other, desk.lists.changed[i])
    for j in range(desk.spare.shape[0]):
        desk.spare[j] = desk.anything[0]
    insert_all(desk.standing, desk.pricing, desk.lists.changed, count, desk.anything, desk.spare, FEW)
    evaluate(desk, desk.after)
    if accepts(desk, level, 0.0, False):
        note_kept(desk, count)
    else:
        bring_back(desk.before, desk.lists.changed, count, desk.standing)


def _list_new(desk: Desk, other: Desk) -> int:
    """List the chains that another desk changed and this one did not; how many they are."""
    count = 0
    for i in range(other.count):
        k = other.touched[i]
        if not desk.is_touched[k] and not _stands_alike(desk.standing, other.standing, k):
            desk.lists.changed[count] = k
            count += 1
    return count


def _stands_alike(one: Standing, other: Standing, k: int) -> bool:
    """Whether a chain stands the same way in two placements."""
    if one.embeddings.placed[k] != other.embeddings.placed[k]:
        return False
    if not one.embeddings.placed[k]:
        return True
    chain, same = one.tables.chains[k], True
    for c in range(chain.component, chain.component_end):
        if one.embeddings.option[c] != other.embeddings.option[c]:
            same = False
    for f in range(chain.flow, chain.flow_end):
        if one.embeddings.length[f] != other.embeddings.length[f]:
            return False
        for i in range(one.embeddings.length[f]):
            if one.embeddings.path[f, i] != other.embeddings.path[f, i]:
                same = False
    return same


def _stand_as(desk: Desk, other: Desk, k: int) -> None:
    """Let a chain that is out stand as it does at another desk, if it fits and is in time."""
    if not other.standing.embeddings.placed[k]:
        return
    late = other.standing.embeddings.late_ns[k]
    write_embedding(desk.standing.tables, k, other.standing.embeddings, late, desk.standing.embeddings)
    if not put(desk.standing, desk.pricing, k):
        return
    # Where another program serves one of its flows, it may take longer.
    in_time = keeps_time(desk.standing, k, desk.pricing.work)
    if not in_time or desk.standing.embeddings.late_ns[k] != late:
        desk.lists.marked[0] = k
        remove_all(desk.standing, desk.pricing, desk.lists.marked, 0, 1)


def follow(desk: Desk, leader: Desk) -> None:
    """Make a desk's placement that of the leader: in all chains that one of the two changed since both agreed."""
    count = 0
    for i in range(desk.count):
        desk.lists.changed[count] = desk.touched[i]
        count += 1
    for i in range(leader.count):
        if not desk.is_touched[leader.touched[i]]:
            desk.lists.changed[count] = leader.touched[i]
            count += 1
    save(desk, count)
    bring_back(leader.standing, desk.lists.changed, count, desk.standing)
    for level in range(desk.after.shape[0]):
        desk.after[level] = leader.now[level]
    note_kept(desk, count)


def agree(desk: Desk) -> None:
    """Let a desk forget what it changed: all desks have the same placement now."""
    for i in range(desk.count):
        desk.is_touched[desk.touched[i]] = False
    desk.count = 0
