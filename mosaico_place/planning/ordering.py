"""In which order chains can change, each with its old and its new placement charged together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mosaico_place.placement import Opening
from mosaico_place.planning.changes import Change
from mosaico_place.planning.stage import Stage

SEARCHED = 10
"""Among so many chains an order is searched for exhaustively."""
MOST_STAGES = 2000
"""So many stages are looked at in one search."""


def find_order(stage: Stage, pending: Sequence[Change]) -> list[Change]:
    """An order in which these chains can change; if none is found, of as many as changed one after the other."""
    now = stage.copy()
    first = _as_they_fit(now, pending)
    if len(first) == len(pending) or len(pending) > SEARCHED:
        return first
    return _search(stage, pending) or first


def _as_they_fit(stage: Stage, pending: Iterable[Change]) -> list[Change]:
    """Change whatever fits, again and again; the stage is changed."""
    left, done = list(pending), []
    progress = True
    while left and progress:
        progress = False
        for change in list(left):
            if step(stage, change):
                left.remove(change)
                done.append(change)
                progress = True
    return done


def _search(stage: Stage, pending: Sequence[Change]) -> list[Change]:
    """An order in which all of them change, by trying; empty if there is none, or it is not found in time."""
    dead: set[tuple[frozenset[str], frozenset[tuple[Opening, int]]]] = set()
    everyone = frozenset(change.name for change in pending)
    stack: list[tuple[Stage, list[Change]]] = [(stage.copy(), [])]
    looked = 0
    while stack and looked < MOST_STAGES:
        now, done = stack.pop()
        looked += 1
        names = frozenset(change.name for change in done)
        if names == everyone:
            return done
        # What is opened by now may depend on the order so far, what chains take does not.
        state = names, frozenset(now.counts.items())
        if state in dead:
            continue
        dead.add(state)
        for change in pending:
            if change.name not in names:
                after = now.copy()
                if step(after, change):
                    stack.append((after, [*done, change]))
    return []


def step(stage: Stage, change: Change) -> bool:
    """Let a chain change if it fits; whether it did."""
    grown = stage.growth(change)
    if grown is None:
        return False
    for opening, count in grown.items():
        stage.open(opening, count)
    stage.settle(change)
    close_surplus(stage)
    return True


def close_surplus(stage: Stage) -> dict[Opening, int]:
    """Close all instances that can be closed by now; returns how many."""
    surplus = stage.surplus()
    for opening, count in surplus.items():
        stage.open(opening, -count)
    return surplus
