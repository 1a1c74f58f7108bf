"""A quick look at waiting chains: most of those that have no room now show it in one component."""

from __future__ import annotations

from typing import Any

import cython

if not cython.compiled:
    from math import inf

    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.kernel.costs import bars, holds, more_instances
    from mosaico_place.kernel.problem import State


def quick_check(tables: Tables, state: State, chains: Any, found: Any) -> None:
    """Whether each of the chains could have room: every component for itself has an option that fits.

    Args:
        tables, state: the instance and what is left of it.
        chains: (n,) indices.
        found: (n,) bool, written.
    """
    for i in range(chains.shape[0]):
        k = chains[i]
        found[i] = tables.chains[k].possible > 0
        for c in range(tables.chains[k].component, tables.chains[k].component_end):
            if found[i] and tables.components[c].menu >= 0 and not _fits_somewhere(tables, state, k, c):
                found[i] = False


def _fits_somewhere(tables: Tables, state: State, k: int, c: int) -> bool:
    component, line = tables.components[c], tables.chains[k].line
    if component.twins >= 0:  # merged into another, it may take nothing
        return True
    for n in range(tables.mask.shape[1]):
        if not tables.mask[component.unit, n]:
            continue
        for o in range(tables.menu_start[component.menu, n], tables.menu_start[component.menu, n + 1]):
            option = tables.options[o]
            if bars(component, option, o):
                continue
            more = 0.0
            if option.opening >= 0:
                more = more_instances(tables, state, option.opening, component.load)
            if more < inf and holds(tables, state, line, option.use, option.use_end, option.opening, more):
                return True
    return False
