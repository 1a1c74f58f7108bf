"""Which chains a move sets free: those around a node, those in the way of one that is left out, or some by chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from mosaico_place.compile import Problem
from mosaico_place.exact.symbols import Symbols
from mosaico_place.placement import Placement

KINDS = ("around", "rejected", "nodes", "chance")
"""Chains on a node and those nearest to it; a chain that is left out and those on nodes where it could stand; those on
nodes anywhere; any chains."""

WAITING = 3
"""Chains that are left out which are tried together at most."""


class Release:
    """Chooses chains.

    Args:
        problem: the compiled instance.
        symbols: of its model.
        sizes: chain -> number of its variables; of all chains that can be accepted.
    """

    def __init__(self, problem: Problem, symbols: Symbols, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        names = [node.name for node in problem.infrastructure.nodes]
        self._hosts: dict[str, list[str]] = defaultdict(list)
        for (chain, component), options in symbols.options.items():
            if problem.instance.chains[chain].components[component].function is not None:
                self._hosts[chain] += [names[node] for node in options]
        self._nodes = sorted({node for nodes in self._hosts.values() for node in nodes})
        self._beside: dict[str, list[str]] = {name: [] for name in names}
        for link in problem.instance.links:
            one, other = link.ends
            self._beside[one].append(other)
            self._beside[other].append(one)

    def __call__(self, kind: str, placement: Placement, most: int, random: np.random.Generator) -> list[str]:
        """Chains with about ``most`` variables, at least one."""
        left_out = [name for name in self._sizes if name not in placement.chains]
        order: Iterable[str]
        if kind == "chance" or not self._nodes:
            order = [list(self._sizes)[i] for i in random.permutation(len(self._sizes))]
        elif kind == "rejected" and left_out:
            waiting = [left_out[i] for i in random.permutation(len(left_out))[:WAITING]]
            hosts = self._hosts[waiting[0]] or self._nodes
            nodes = [hosts[i] for i in random.permutation(len(hosts))]
            order = [*waiting, *self._on(nodes, placement)]
        elif kind == "nodes":
            order = self._on([self._nodes[i] for i in random.permutation(len(self._nodes))], placement)
        else:
            order = self._on(self._outwards(self._nodes[int(random.integers(len(self._nodes)))], random), placement)
        return self._within(order, most)

    def _within(self, order: Iterable[str], most: int) -> list[str]:
        chosen: dict[str, None] = {}
        total = 0
        for name in order:
            if name in chosen or name not in self._sizes:
                continue
            if chosen and total + self._sizes[name] > most:
                break
            chosen[name] = None
            total += self._sizes[name]
        return list(chosen)

    def _on(self, nodes: Iterable[str], placement: Placement) -> list[str]:
        """The chains that stand on some nodes, node by node."""
        here: dict[str, list[str]] = defaultdict(list)
        for name, chain in placement.chains.items():
            for spot in chain.components.values():
                here[spot.node].append(name)
        return [name for node in nodes for name in here[node]]

    def _outwards(self, centre: str, random: np.random.Generator) -> list[str]:
        """All nodes that are joined with one, the nearest first; of equally near ones, any first."""
        order, seen = [centre], {centre}
        for node in order:
            beside = self._beside[node]
            for other in (beside[i] for i in random.permutation(len(beside))):
                if other not in seen:
                    seen.add(other)
                    order.append(other)
        return order
