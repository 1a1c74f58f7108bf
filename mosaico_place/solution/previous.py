"""Where everything ran before: what moves and drops are counted against, and what must not move.

It stands in the records of components (``ran``, ``home``, ``locked``), and in what it costs to reject a chain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from mosaico_place.instance import Chain, Instance
from mosaico_place.placement import ChainPlacement
from mosaico_place.solution.capacity_update import Figures
from mosaico_place.solution.solution import Solution, ranges


class Homes:
    """Writes of the chains in a solution's arrays where they stood before.

    Args:
        solution: as it stands now.
        figures: of its infrastructure.
    """

    def __init__(self, solution: Solution, figures: Figures) -> None:
        self._solution, self._figures = solution, figures
        self._tables, self._levels = solution.compiled.tables, solution.compiled.levels
        self._offers, self._owner = solution.compiled.offers, solution.compiled.owner
        self._immovable = np.zeros(len(self._tables.components), dtype=np.bool_)

    def begin(self, components: slice, chain: Chain, names: Iterable[str]) -> None:
        """Components of a chain, in the order of these names, are there; they did not run."""
        movable = [chain.components[name].movable for name in names]
        self._immovable[components] = ~np.array(movable, dtype=np.bool_)

    def end(self, components: slice) -> None:
        """These components are gone."""
        self._immovable[components] = False
        self._tables.components["ran"][components] = 0

    def settle(self, chains: Collection[int]) -> list[int]:
        """Where these chains stand now is where they stood before; those of which something had moved."""
        changed = np.array(list(chains), dtype=np.int64)
        if not len(changed):
            self.unlock()
            return []
        tables, levels, solution = self._tables, self._levels, self._solution
        records, placed = tables.chains[changed], solution.placed[changed]
        mine = ranges(records["component"], records["component_end"])
        components, option = tables.components[mine], solution.embeddings.option[mine]
        stands = solution.placed[self._owner[mine]] & (components["menu"] >= 0) & (option >= 0)
        moved = stands & (components["ran"] > 0) & (option != components["home"])
        components["ran"] = stands
        components["home"] = np.where(stands, option, -1)
        components["locked"] = self._immovable[mine] & stands
        tables.components[mine] = components
        self.unlock()
        levels.reject[:, changed] = levels.rejected[:, changed] + levels.dropped[:, changed] * placed
        waiting = changed[~placed]
        solution.chain_costs[waiting] = levels.reject.T[waiting]
        return sorted({*self._owner[mine[moved]].tolist()})

    def unlock(self) -> None:
        """Let components move whose node is down."""
        up = self._figures.up
        if up.all():
            return
        components = self._tables.components
        locked = np.flatnonzero((components["locked"] > 0) & (components["home"] >= 0))
        at = self._tables.options["node"][components["home"][locked]]
        components["locked"][locked[~up[at]]] = 0

    def remember(self, instance: Instance, k: int, names: Sequence[str], placement: ChainPlacement) -> None:
        """Say of chain ``k``, whose components have these names, where it stood before."""
        components = self._tables.components
        for c, name in enumerate(names, start=int(self._tables.chains[k]["component"])):
            spot = placement.components.get(name)
            if spot is not None and components[c]["menu"] >= 0:
                up = spot.node in instance.nodes and instance.nodes[spot.node].up
                components[c]["ran"] = 1
                components[c]["home"] = self._offers.find(int(components[c]["menu"]), spot)
                components[c]["locked"] = self._immovable[c] and up
        levels = self._levels
        levels.reject[:, k] = levels.rejected[:, k] + levels.dropped[:, k]
        if not self._solution.placed[k]:
            self._solution.chain_costs[k] = levels.reject[:, k]
