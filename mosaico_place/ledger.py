"""What a placement takes, by capacity, kept up to date as chains, instances and the infrastructure change.

A :class:`Ledger` adds up what :mod:`mosaico_place.usage` says of each chain and of what is opened, in whole numbers,
and takes out and puts in again only what a change can reach. Whoever follows a placement (:class:`.checking.Audit`,
:class:`.tally.Tally`) asks the ledger what was touched since it last looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mosaico_place.differences import (
    changed_chains,
    changed_links,
    changed_nodes,
    hop_functions,
    other_part,
    same_but_for_amounts,
    same_but_for_bandwidth,
    sends_bursts,
)
from mosaico_place.instance import Instance, Link, Node
from mosaico_place.placement import EMPTY, ChainPlacement, Opening, Placement, differing
from mosaico_place.usage import (
    CapacityName,
    Hop,
    Scene,
    Usage,
    amounts,
    chain_usage,
    hops_of,
    hops_of_link,
    instances_of,
    opening_takes,
    program_opened,
    survey,
)


@dataclass(slots=True)
class Touched:
    """What has changed since somebody looked, as ordered sets.

    Attributes:
        everything: all of it may have changed, whatever the sets say.
        chains: names of chains whose placement, or whatever their rules and costs speak of, may have changed.
        openings: instances whose number, load or price may have changed.
        capacities: of which more or less is taken, or of which there is more or less.
    """

    everything: bool = False
    chains: dict[str, None] = field(default_factory=dict)
    openings: dict[Opening, None] = field(default_factory=dict)
    capacities: dict[CapacityName, None] = field(default_factory=dict)

    def clear(self) -> None:
        """Nothing has changed."""
        self.everything = False
        self.chains.clear()
        self.openings.clear()
        self.capacities.clear()


class Ledger:
    """What a placement takes of an instance. Read its attributes; change it through its methods alone.

    Attributes:
        instance: the problem.
        chains: the accepted chains by name, known to the instance or not.
        instances: how many instances are opened.
        scene: links by direction and programs opened, kept up to date.
        parts: chain -> what it takes; of the chains that the instance knows.
        taken: how much is taken of every capacity of which anything is.
        takers: capacity -> who takes how much of it; for instances see :func:`mosaico_place.usage.instances_of`.
        served: opening -> chain -> bit/s that count on it.
        by_class: class with a share -> capacity -> how much its chains take together.
    """

    def __init__(self, instance: Instance, placement: Placement = EMPTY) -> None:
        self._watching: list[Touched] = []
        self._load(instance, placement)

    def _load(self, instance: Instance, placement: Placement) -> None:
        """Begin anew."""
        self.instance = instance
        self.chains: dict[str, ChainPlacement] = {}
        self.instances: dict[Opening, int] = {}
        scene = survey(instance)
        self._hops: dict[tuple[str, str], Hop] = dict(scene.hops)
        self._programs = dict(scene.programs)
        self.scene = Scene(self._hops, self._programs)
        self.parts: dict[str, Usage] = {}
        self.taken: dict[CapacityName, int] = {}
        self.takers: dict[CapacityName, dict[str, int]] = {}
        self.served: dict[Opening, dict[str, int]] = {}
        self.by_class: dict[str, dict[CapacityName, int]] = _classes_with_share(instance)
        self._charged: dict[str, tuple[str | None, dict[CapacityName, int]]] = {}
        self._visitors: dict[str, dict[str, None]] = {}
        self._visited: dict[str, dict[str, None]] = {}
        self._placement: Placement | None = None
        self.become(placement)
        for touched in self._watching:
            touched.everything = True

    @property
    def placement(self) -> Placement:
        """The placement as it is now; it does not change with the ledger, and is one object until that changes."""
        if self._placement is None:
            self._placement = Placement(dict(self.chains), dict(self.instances))
        return self._placement

    def watch(self) -> Touched:
        """What is touched from now on; it begins with everything, and whoever asked for it clears it."""
        touched = Touched(everything=True)
        self._watching.append(touched)
        return touched

    def visitors(self, node: str) -> tuple[str, ...]:
        """The accepted chains that stand on a node or pass it."""
        return tuple(self._visitors.get(node, ()))

    def charged(self, name: str) -> Mapping[CapacityName, int]:
        """What a chain takes of every capacity that it takes anything of; nothing if it is not accepted or known."""
        return self._charged[name][1] if name in self._charged else {}

    def place(self, name: str, chain_placement: ChainPlacement | None) -> None:
        """Add a chain, or put it in another place; with None it is not accepted any more."""
        self._change({name: chain_placement}, {})

    def open(self, opening: Opening, count: int) -> None:
        """Say how many instances are opened; with 0 none is."""
        self._change({}, {opening: count})

    def become(self, placement: Placement) -> None:
        """Take on another placement; only what differs costs anything but a look."""
        chains = differing(self.placement, placement)
        counts: dict[Opening, int] = {}
        if self.instances != placement.instances:
            counts |= {opening: n for opening, n in placement.instances.items() if self.instances.get(opening) != n}
            counts |= dict.fromkeys((opening for opening in self.instances if opening not in placement.instances), 0)
        if chains or counts:
            self._change(chains, counts, entries=placement.instances)
        self._placement = placement

    def adopt(self, instance: Instance) -> None:
        """Take on a changed instance, found by what it does not share with the one before.

        A chain that departs from the instance stays in the placement until it is taken out of it.
        """
        before = self.instance
        if instance is before:
            return
        if other_part(before, instance):
            self._load(instance, self.placement)
            return
        nodes = changed_nodes(before, instance)
        affecting = {new.name for old, new in nodes if not same_but_for_amounts(old, new)}
        links = changed_links(before, instance, affecting)
        reached = {name: None for node in affecting for name in self._visitors.get(node, ())}
        reached |= {name: None for old, new in links for name in self._crossing(old, new)}
        changed = changed_chains(before, instance)
        for touched in self._watching:
            touched.chains.update(changed)
        reached |= {name: None for name in changed if name in self.chains}
        known = {**self.instances, **self.served} if affecting else {}
        openings = [opening for opening in known if opening.node in affecting]
        # What these take is taken out as the instance was, and put in as it is.
        for name in reached:
            self._take_out(name)
        for opening in openings:
            self._charge_opening(opening, -1)
        self.instance = instance
        self._set_links(links)
        self._touch_capacities(nodes, links)
        for opening in openings:
            self._charge_opening(opening, 1)
            self._set_program(opening)
        for name in reached:
            self._put_in(name)

    def _change(
        self,
        chains: Mapping[str, ChainPlacement | None],
        counts: Mapping[Opening, int],
        entries: Iterable[Opening] = (),
    ) -> None:
        """Change placements of chains and numbers of instances at once; an entry stays even if it opens none."""
        self._placement = None
        reached = dict.fromkeys(chains)
        for name in chains:
            self._take_out(name)
        for opening, count in counts.items():
            self._charge_opening(opening, -1)
            if count or opening in entries:
                self.instances[opening] = count
            else:
                self.instances.pop(opening, None)
            self._charge_opening(opening, 1)
            if self._set_program(opening):
                for name in self._visitors.get(opening.node, ()):
                    if opening.function in hop_functions(self.instance.chains.get(name)) and name not in reached:
                        reached[name] = None
        for name in reached:
            if name not in chains:
                self._take_out(name)
        for name, chain_placement in chains.items():
            if chain_placement is None:
                self.chains.pop(name, None)
            else:
                self.chains[name] = chain_placement
        for name in reached:
            if name in self.chains:
                self._put_in(name)

    def _put_in(self, name: str) -> None:
        """Charge what an accepted chain takes."""
        placed, chain = self.chains[name], self.instance.chains.get(name)
        visited = dict.fromkeys(node for path in placed.flows.values() for node in path)
        visited |= {spot.node: None for spot in placed.components.values()}
        if chain is not None:
            visited |= {part.at: None for part in chain.components.values() if part.at is not None}
            part = self.parts[name] = chain_usage(self.instance, chain, placed, self.scene)
            own = amounts(part)
            self._charged[name] = chain.class_name, own
            self._charge(name, own, 1)
            self._charge_class(name, 1)
            for opening, load in part.loads.items():
                self.served.setdefault(opening, {})[name] = load
                self._touch_opening(opening)
        for node in visited:
            self._visitors.setdefault(node, {})[name] = None
        self._visited[name] = visited
        for touched in self._watching:
            touched.chains[name] = None

    def _take_out(self, name: str) -> None:
        """Take back what a chain was charged, if it was."""
        for node in self._visited.pop(name, ()):
            self._visitors[node].pop(name, None)
        part = self.parts.pop(name, None)
        if part is not None:
            self._charge_class(name, -1)
            _, own = self._charged.pop(name)
            self._charge(name, own, -1)
            for opening in part.loads:
                del self.served[opening][name]
                if not self.served[opening]:
                    del self.served[opening]
                self._touch_opening(opening)
        for touched in self._watching:
            touched.chains[name] = None

    def _charge(self, user: str, own: Mapping[CapacityName, int], sign: int) -> None:
        """Add (or with -1 take back) what a user takes."""
        for name, amount in own.items():
            shares = self.takers.setdefault(name, {})
            shares[user] = shares.get(user, 0) + sign * amount
            self.taken[name] = self.taken.get(name, 0) + sign * amount
            if not shares[user]:
                del shares[user]
                if not shares:
                    del self.takers[name], self.taken[name]
        for touched in self._watching:
            touched.capacities.update(dict.fromkeys(own))

    def _charge_class(self, name: str, sign: int) -> None:
        """Add (or with -1 take back) what a chain takes to what its class takes, if that has a share."""
        class_name, own = self._charged[name]
        by_capacity = self.by_class.get(class_name or "")
        if by_capacity is not None:
            for key, amount in own.items():
                by_capacity[key] = by_capacity.get(key, 0) + sign * amount
                if not by_capacity[key]:
                    del by_capacity[key]

    def _charge_opening(self, opening: Opening, sign: int) -> None:
        """Add (or with -1 take back) what opened instances take once."""
        taken = opening_takes(self.instance, opening, self.instances.get(opening, 0)) or {}
        own: dict[CapacityName, int] = {("node", opening.node, name): amount for name, amount in taken.items()}
        self._charge(instances_of(opening.function), own, sign)
        self._touch_opening(opening)

    def _touch_opening(self, opening: Opening) -> None:
        """Touch instances, and those of the same function that may not be opened beside them."""
        function = self.instance.functions.get(opening.function)
        for touched in self._watching:
            touched.openings[opening] = None
            for name in function.implementations if function is not None else ():
                other = opening._replace(implementation=name)
                if other in self.instances:
                    touched.openings[other] = None

    def _set_program(self, opening: Opening) -> bool:
        """See which program of a function a switch has; whether that is another one than before."""
        key = (opening.node, opening.function)
        before = self._programs.get(key)
        now = program_opened(self.instance, self.instances, *key)
        if now is None:
            self._programs.pop(key, None)
        else:
            self._programs[key] = now
        return now is not before

    def _set_links(self, links: Iterable[tuple[Link | None, Link | None]]) -> None:
        """Take changed links on."""
        for old, _ in links:
            for ends in (old.ends, old.ends[::-1]) if old is not None else ():
                self._hops.pop(ends, None)
        for _, new in links:
            if new is not None:
                self._hops |= hops_of_link(self.instance, new)

    def _touch_capacities(
        self, nodes: Iterable[tuple[Node, Node]], links: Iterable[tuple[Link | None, Link | None]]
    ) -> None:
        """Touch all capacities of nodes and links that have changed."""
        names: dict[CapacityName, None] = {}
        for old, new in nodes:
            for node in (old, new):
                names |= {("node", node.name, resource): None for resource in (*node.capacity, *node.reserved)}
                for device, has in node.devices.items():
                    names |= {("device", node.name, device, resource): None for resource in has}
        for both in links:
            for link in both:
                if link is not None:
                    names |= {("link", *link.ends): None, ("link", *reversed(link.ends)): None}
        for touched in self._watching:
            touched.capacities.update(names)

    def _crossing(self, old: Link | None, new: Link | None) -> list[str]:
        """The chains whose flows cross a link that has changed in what they can notice."""
        one, other = (old or new).ends  # type: ignore[union-attr]
        noticed = old is None or new is None or not same_but_for_bandwidth(old, new)
        both = {(one, other), (other, one)}
        return [
            name
            for name in self._visitors.get(one, ())
            if name in self._visitors.get(other, ())
            and (noticed or sends_bursts(self.instance.chains.get(name)))
            and any(not both.isdisjoint(hops_of(path)) for path in self.chains[name].flows.values())
        ]


def _classes_with_share(instance: Instance) -> dict[str, dict[CapacityName, int]]:
    return {name: {} for name, one in instance.classes.items() if one.share is not None}
