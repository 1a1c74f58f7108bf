"""A placement that follows its instance: what changed is compiled, what it disturbs is taken out, the rest stays.

The arrays are compiled once for the best that the infrastructure has ever been (:mod:`.envelope`). What is down or
full, and which chains there are, are numbers written into them. A change that they cannot express, such as a new
price or a larger machine, leads to a new compilation; nothing else differs (the tests compare the two).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosaico_place.compile import Problem, compile_instance
from mosaico_place.compile.arrays.envelope import widened
from mosaico_place.compile.arrays.rows import BANDWIDTH
from mosaico_place.compile.arrays.shapes import Sizes
from mosaico_place.compile.arrays.slots import Slots
from mosaico_place.compile.arrays.tables import compile_tables
from mosaico_place.compile.infrastructure import BoolArray
from mosaico_place.differences import changed_chains, changed_nodes
from mosaico_place.instance import Chain, Instance, Link, Node
from mosaico_place.kernel.prices import falling_weights, price_to_place, reprice_chains
from mosaico_place.latency import order
from mosaico_place.placement import EMPTY, ChainPlacement, Placement, differing
from mosaico_place.solution.capacity_update import CLOSED, Figures
from mosaico_place.solution.previous import Homes
from mosaico_place.solution.quick_check import quick_check
from mosaico_place.solution.rebuild import beyond
from mosaico_place.solution.solution import Encoder, Solution

SPARE = 1.0
"""Room for chains that come, in parts of the room that those at hand need."""

FINEST_BPS = 1000
"""Rates are counted in no larger units than this, so that a new one rarely asks for another."""


@dataclass(frozen=True, slots=True)
class Disturbed:
    """What a change of the instance did to the placement.

    Attributes:
        out: slots of chains that stood and had to leave.
        new: slots of chains that are new and do not stand yet.
        written: slots of chains that were compiled, new ones or new forms of others.
        relieved: whether anything became free, so that waiting chains may have room now.
        rebuilt: why everything was compiled anew; empty if it was not.
    """

    out: tuple[int, ...]
    new: tuple[int, ...]
    written: tuple[int, ...]
    relieved: bool
    rebuilt: str = ""


class Live:
    """An instance and a placement of it, both changing.

    Attributes:
        instance: as it is now.
        compiled: the same for the kernel; its arrays change in place.
        base: with everything up and at its best, sharing the records of chains; what bounds are taken on.
        solution: where the chains stand.
        slot: chain -> index in the arrays.
        used: (slots,) whether a chain is in it.
        dirty: slots whose placement may have changed since :meth:`placement` was last called.
        written: slots that hold another chain, or another form of it, since whoever keeps figures of chains cleared it.
        first_only: whether components run in the first implementation of their function only.
    """

    def __init__(self, instance: Instance, placement: Placement = EMPTY, *, first_only: bool = False) -> None:
        self.first_only = first_only
        self._before = placement
        self._unsettled: dict[str, ChainPlacement] = {}
        self._compile(instance, widened(instance))
        self._stand(placement)
        self._remember()

    def _compile(self, instance: Instance, best: Instance) -> None:
        """Compile everything; nothing is placed."""
        self.instance = instance
        self.base = compile_tables(compile_instance(best), SPARE, {BANDWIDTH: FINEST_BPS})
        tables, rows = self.base.tables, self.base.rows
        if self.first_only:
            self._close_all_but_first()
        sizes = Sizes(*(len(getattr(tables, name)) for name in Sizes._fields))
        self._places: dict[int, tuple[Sizes, Sizes]] = {}
        start = Sizes()
        for k in range(len(best.chains)):
            self._places[k] = (start, _sizes(tables, k))
            start = start.after(self._places[k][1])
        self._slots = Slots((len(best.chains), start), (len(tables.chains), sizes))
        self.slot = {name: k for k, name in enumerate(best.chains)}
        written = ("options", "programs", "mask", "delays", "chains", "components")
        own = tables.replace(**{name: getattr(tables, name).copy() for name in written})
        rows = replace(rows, capacity=rows.capacity.copy(), amount=rows.amount.copy(), closed=rows.closed.copy())
        self._infrastructure = self.base.problem.infrastructure
        problem = Problem(instance, self._infrastructure, {})
        self.compiled = replace(self.base, problem=problem, tables=own, rows=rows)
        self.solution = Solution(self.compiled)
        self._encoder = Encoder(self.compiled)
        self.used = np.arange(len(tables.chains)) < len(best.chains)
        self._figures = Figures(self.base, self.compiled)
        self._homes = Homes(self.solution, self._figures)
        for k, chain in enumerate(best.chains.values()):
            self._note_chain(k, chain)
        self.dirty: set[int] = set()
        self._changed: set[int] = set()
        self._departed: set[str] = set()
        self.written: set[int] = set(range(len(best.chains)))
        as_before = all(one is two for one, two in zip(instance.links, best.links, strict=True))
        self._figures.write(instance, timing=not as_before)
        self.solution.state.free[...] = rows.room()
        self._weights = falling_weights(self.compiled.levels.count)
        self.prices = price_to_place(self.compiled, np.zeros_like(rows.capacity), self._weights)

    # What is where

    def placement(self) -> Placement:
        """The placement by name; chains that did not change are the objects that they were."""
        if not self.dirty and not self._departed:
            return self._before
        chains = dict(self._before.chains)
        for k in self.dirty:
            name = self.compiled.names[k]
            if name and self.solution.placed[k]:
                now = self.solution.chain(k)
                if chains.get(name) != now:
                    chains[name] = now
            elif name:
                chains.pop(name, None)
        for name in self._departed:
            if name not in self.slot:
                chains.pop(name, None)
        self._changed |= self.dirty
        self.dirty.clear()
        self._departed.clear()
        self._before = Placement(chains, self.solution.openings())
        return self._before

    def stood(self, k: int) -> ChainPlacement | None:
        """Where a chain stood when :meth:`placement` was last called, if it surely still does."""
        return None if k in self.dirty else self._before.chains.get(self.compiled.names[k])

    def waiting(self) -> list[int]:
        """Slots of chains that do not stand, in the instance's order."""
        placed = self.solution.placed.tolist()
        return [k for name in self.instance.chains if not placed[k := self.slot[name]]]

    def in_order(self, chains: Collection[int]) -> list[int]:
        """Slots as the instance has them, chains that must be accepted first."""
        if len(chains) < 2:
            return list(chains)
        required, names = self.compiled.tables.chains["required"], self.compiled.names
        order = {name: i for i, name in enumerate(self.instance.chains)}
        return sorted(chains, key=lambda k: (-required[k], order[names[k]]))

    def with_room(self, chains: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the chains that could have room as far as a glance tells."""
        found = np.zeros(len(chains), dtype=np.bool_)
        quick_check(self.compiled.tables, self.solution.state, chains, found)
        return chains[found]

    # Following the instance

    def update(self, instance: Instance) -> Disturbed:
        """Take on a changed instance: compile what differs, take out what cannot stay as it stands.

        The placement before, which ``dropped`` and ``moves`` compare with, is the one that stands now.
        """
        placed_before, before = self.placement(), self.instance
        self._remember()
        unsettled = {name: placed for name, placed in self._unsettled.items() if name in instance.chains}
        self._unsettled = {}
        if unsettled:
            placed_before = replace(placed_before, chains={**placed_before.chains, **unsettled})
        others = changed_chains(before, instance)
        gone = [name for name in others if name not in instance.chains]
        changed = [instance.chains[name] for name in others if name in instance.chains]
        if why := beyond(self.base, before, instance, changed):
            return self._rebuild(instance, placed_before, why)
        self.instance = instance
        self.compiled = replace(self.compiled, problem=Problem(instance, self._infrastructure, {}))
        self.solution.compiled = self.compiled
        nodes = [node for _, node in changed_nodes(before, instance)]
        links = [i for i, link in enumerate(instance.links) if link is not before.links[i]]
        opened = self.solution.state.opened > 0
        out: list[int] = []
        freed = bool(gone or unsettled)
        stood: dict[str, ChainPlacement] = {}
        for name in gone:
            self._drop(self.slot.pop(name))
            self._departed.add(name)
        for chain in changed:
            if (k := self.slot.pop(chain.name, None)) is not None:
                freed = True
                if self.solution.placed[k] or chain.name in unsettled:
                    stood[chain.name] = placed_before.chains[chain.name]
                self._drop(k)
        if nodes or links:
            worse, better = self._change_infrastructure(before, nodes, links)
            freed |= better
            out += self._settle(worse, opened)
        new: list[int] = []
        written = []
        for chain in changed:
            if (taken := self._add(chain)) is None:
                self.instance = before
                return self._rebuild(instance, placed_before, "there is no room in the arrays for another chain")
            written.append(taken)
            if chain.name in stood:
                self._remember_chain(taken, stood[chain.name])
                if not self._put(taken, stood[chain.name], opened):
                    out.append(taken)
            else:
                new.append(taken)
        for name in unsettled.keys() - stood.keys():
            self._remember_chain(self.slot[name], unsettled[name])
            out.append(self.slot[name])
        reprice_chains(self.prices, self.compiled, self._weights)
        return Disturbed(tuple(out), tuple(new), tuple(written), freed)

    def sync(self, placement: Placement) -> None:
        """Let exactly this placement stand; what cannot is left out, and is among what the next change disturbs."""
        self._unsettled = {}
        others = differing(self.placement(), placement)
        differs = [name for name in self.slot if name in others]
        self.solution.remove([self.slot[name] for name in differs], self.prices)
        self.dirty.update(self.slot[name] for name in differs)
        opened = np.array(
            [placement.instances.get(key, 0) > 0 for key in self.compiled.offers.openings], dtype=np.bool_
        )
        for name in differs:
            if name in placement.chains and not self._put(self.slot[name], placement.chains[name], opened):
                self._unsettled[name] = placement.chains[name]
        self.placement()

    def _rebuild(self, instance: Instance, before: Placement, why: str) -> Disturbed:
        """Compile anew and let everything stand as it did, as far as it can."""
        known = self.instance.chains
        self._compile(instance, widened(instance, self.base.problem.instance))
        self._stand(before)
        for name, placement in before.chains.items():
            if name in self.slot:
                self._remember_chain(self.slot[name], placement)
        placed = self.solution.placed
        out = tuple(self.slot[name] for name in before.chains if name in self.slot and not placed[self.slot[name]])
        self.dirty.update(self.slot.values())
        new = tuple(k for name, k in self.slot.items() if name not in before.chains and name not in known)
        return Disturbed(out, new, tuple(self.slot.values()), True, why)

    # Chains

    def _add(self, chain: Chain) -> int | None:
        """Write a chain into a free slot; None if there is none that is large enough."""
        block = self.base.shapes.block(chain, None)
        sizes = block.sizes
        if any(one > most for one, most in zip(sizes, self.base.tables.largest, strict=True)):
            return None  # the kernel's scratch is made for the largest
        if (place := self._slots.take(sizes)) is None:
            return None
        k, start = place
        self._places[k] = (start, sizes)
        self.slot[chain.name] = k
        self.base.names[k] = chain.name
        self.used[k] = True
        self.base.component_names[k] = order(chain)
        self.base.write(k, chain, block, start)
        self._note_chain(k, chain)
        tables, base = self.compiled.tables, self.base.tables
        tables.chains[k] = base.chains[k]
        mine = self._components(k)
        tables.components[mine] = base.components[mine]
        units = slice(start.units, start.units + sizes.units)
        self._figures.mask(units)
        if tables.chains[k]["possible"] and not tables.mask[units].any(axis=1).all():
            tables.chains[k]["possible"] = 0
        embeddings = self.solution.embeddings
        embeddings.option[mine] = -1
        embeddings.placed[k] = False
        self.solution.chain_costs[k] = self.compiled.levels.reject[:, k]
        self.dirty.add(k)
        self.written.add(k)
        return k

    def _drop(self, k: int) -> None:
        """Take a chain out for good."""
        if self.solution.placed[k]:
            self.solution.remove([k], self.prices)
        self._homes.end(self._components(k))
        start, sizes = self._places.pop(k)
        self._slots.give(k, start, sizes)
        self.base.names[k] = ""
        self.used[k] = False
        self.base.levels.clear(k)
        self.solution.chain_costs[k] = 0.0
        self._figures.owner[start.units : start.units + sizes.units] = -1
        for tables in (self.base.tables, self.compiled.tables):
            tables.chains[k]["possible"] = 0
            tables.chains[k]["required"] = 0
        self.dirty.discard(k)
        self.written.discard(k)

    def _note_chain(self, k: int, chain: Chain) -> None:
        start, sizes = self._places[k]
        self._figures.owner[start.units : start.units + sizes.units] = k
        self._homes.begin(self._components(k), chain, self.base.component_names[k])

    def _components(self, k: int) -> slice:
        """Where the components of a chain stand in the arrays."""
        start, sizes = self._places[k]
        return slice(start.components, start.components + sizes.components)

    def _stand(self, placement: Placement) -> None:
        """Place what a placement says, as far as it has room."""
        self.solution.load(placement, self.prices)
        self._before = Placement(placement.chains, self.solution.openings())
        self.dirty.update(self.slot.values())
        self._departed = placement.chains.keys() - self.slot.keys()

    def _put(self, k: int, placement: ChainPlacement, opened: BoolArray) -> bool:
        """Let a chain stand as it did; False if it cannot."""
        prices = self.solution.serving(self.prices, opened)
        return self._encoder(k, placement, self.solution.embeddings) and self.solution.put(k, prices)

    def _remember(self) -> None:
        """Make what stands now the placement before; nothing else than what changed since it was done last."""
        away = self._homes.settle([k for k in self._changed | self.dirty if k in self._places])
        self._changed.clear()
        if away:  # what they paid for moving is paid
            self._again(away, self.solution.state.opened > 0)

    def _remember_chain(self, k: int, placement: ChainPlacement) -> None:
        """Say of a chain that was written anew where it stood before."""
        self._homes.remember(self.instance, k, self.compiled.component_names[k], placement)

    # The infrastructure

    def _change_infrastructure(
        self, before: Instance, nodes: Sequence[Node], links: Sequence[int]
    ) -> tuple[NDArray[np.int64], bool]:
        """Write what changed; (placed chains that may not be able to stay, whether anything became free)."""
        solution, room = self.solution, self.compiled.rows.room
        had = room()
        found = self._figures.change(before, self.instance, nodes, links)
        if found.hosts:
            self._homes.unlock()
        affected = np.zeros(len(self.compiled.tables.chains), dtype=np.bool_)
        for node in found.worse_nodes:
            affected |= solution.here[self._infrastructure.index[node]]
        for link in found.worse_links:
            affected |= self._using(link)
        now = room()
        solution.state.free[...] += now - had
        for row in np.flatnonzero((solution.state.free < np.minimum(now, 0)).any(axis=0)):
            affected |= self.on_row(int(row))
        worse = np.flatnonzero(affected & solution.placed)
        return worse, bool((now > had).any()) or found.hosts or found.timing

    def _settle(self, affected: Iterable[int], opened: BoolArray) -> list[int]:
        """Take chains out and put back those that can stay as they stand, the weightiest first; the others."""
        weights, required = self.compiled.levels.rejected.sum(axis=0), self.compiled.tables.chains["required"]
        queue = self.in_order([int(k) for k in affected])
        return self._again(sorted(queue, key=lambda k: (-required[k], -weights[k])), opened)

    def _again(self, queue: list[int], opened: BoolArray) -> list[int]:
        """Take chains out and put each back as it stood; those that cannot."""
        option, prices = self.solution.embeddings.option, self.solution.serving(self.prices, opened)
        ranges = [self._components(k) for k in queue]
        stood = [option[part].copy() for part in ranges]
        self.solution.remove(queue, self.prices)
        out = []
        for k, part, before in zip(queue, ranges, stood, strict=True):
            option[part] = before
            if not self.compiled.tables.chains[k]["possible"] or not self.solution.put(k, prices):
                out.append(k)
        self.dirty.update(queue)
        return out

    def _using(self, link: Link) -> BoolArray:
        one, other = (self._infrastructure.index[name] for name in link.ends)
        both: BoolArray = self.solution.here[one] & self.solution.here[other]
        return both

    def on_row(self, row: int) -> BoolArray:
        """(chains,) which may use a capacity."""
        name, index = self.compiled.rows.names[row], self._infrastructure.index
        here = self.solution.here
        if name[0] == "link":
            both: BoolArray = here[index[name[1]]] & here[index[name[2]]]
            return both
        on: BoolArray = here[index[name[1]]]
        return on

    def _close_all_but_first(self) -> None:
        """Rule out every implementation but the first that its function lists."""
        tables, offers = self.base.tables, self.base.offers
        later = [o for o, run in enumerate(offers.runs) if run.candidate.implementation is not None
                 and run.candidate.implementation.name != next(iter(run.function.implementations))]  # fmt: skip
        tables.options["carries"][later] = CLOSED


def _sizes(tables: Any, k: int) -> Sizes:
    """How many records chain ``k`` has."""
    chain = tables.chains[k]
    count = {name: int(chain[f"{name}_end"] - chain[name]) for name in ("component", "flow", "unit", "budget", "apart")}
    budgets = tables.budgets[chain["budget"] : chain["budget_end"]]
    steps = int((budgets["flow_end"] - budgets["flow"]).sum())
    return Sizes(count["component"], count["flow"], count["unit"], count["budget"], steps, count["apart"])
