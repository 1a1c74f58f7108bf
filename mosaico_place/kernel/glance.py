"""A quick look at waiting chains: most of those that have no room now show it in one component."""

from __future__ import annotations

from typing import Any

from mosaico_place.kernel.compiled import inner, outer
from mosaico_place.kernel.state import holds, more_instances


@outer
def glance(tables: Any, state: Any, chains: Any, found: Any) -> None:
    """Whether each of the chains could have room: every component for itself has an option that fits.

    Args:
        tables, state: the instance and what is left of it.
        chains: (n,) indices.
        found: (n,) bool, written.
    """
    for i in range(len(chains)):
        k = chains[i]
        found[i] = tables.chains[k].possible > 0
        for c in range(tables.chains[k].component, tables.chains[k].component_end):
            if found[i] and tables.components[c].menu >= 0 and not _fits_somewhere(tables, state, k, c):
                found[i] = False


@inner
def _fits_somewhere(tables: Any, state: Any, k: int, c: int) -> bool:
    component, line = tables.components[c], tables.chains[k].line
    if component.twins >= 0:  # merged into another, it may take nothing
        return True
    start, mask = tables.menu_start[component.menu], tables.mask[component.unit]
    for n in range(len(mask)):
        if not mask[n]:
            continue
        for o in range(start[n], start[n + 1]):
            option = tables.options[o]
            if component.load > option.carries or (component.locked and o != component.home):
                continue
            more, once, once_end = 0.0, 0, 0
            if option.opening >= 0:
                more = more_instances(tables, state, option.opening, component.load)
                if not more < 1e300:
                    continue
                once, once_end = tables.openings[option.opening].use, tables.openings[option.opening].use_end
            if holds(tables, state, line, option.use, option.use_end, once, once_end, more):
                return True
    return False
