"""What all capacities are worth at shadow prices, where nodes that host something cost, and how full the fullest is.

A Lagrangian bound takes off what the capacities are worth. A node whose activation a level counts has capacity only
while it is active, so it is worth what its capacities are beyond the price of its activation, and never less than
nothing (the linear relaxation of an opening with linking rows, as in facility location: Guignard, Spielberg, "A direct
dual method for the mixed plant location problem with some side constraints", Math. Programming 17, 1979). Where a level
counts the largest used share of all capacities, that share is a variable in the same way: it costs what the level says,
and all capacities that are priced for it grow with it.
"""

from __future__ import annotations

import numpy as np

from mosaico_place.compile.arrays.tables import Compiled
from mosaico_place.compile.infrastructure import BoolArray, FloatArray, IntArray


class Worth:
    """Adds up what capacities are worth.

    Attributes:
        node: (rows,) the node of each capacity; the number of nodes for link directions.
        counted: (nodes,) whether some level counts the activation of each.
        balanced: whether some level counts the largest used share.
    """

    def __init__(self, compiled: Compiled) -> None:
        nodes, rows = compiled.problem.infrastructure, compiled.rows
        self._compiled, self._levels = compiled, compiled.levels
        self.node: IntArray = np.full(len(rows.names), len(nodes.nodes))
        for row, name in enumerate(rows.names[: rows.first_arc]):
            self.node[row] = nodes.index[name[1]]
        counted: BoolArray = (compiled.levels.node > 0) & bool((compiled.levels.active > 0).any())
        self.counted, self.balanced = counted, bool((compiled.levels.balance > 0).any())

    def activation(self, weights: FloatArray) -> FloatArray:
        """(nodes,) what the activation of each costs, where (levels,) ``weights`` say what each level counts."""
        cost: FloatArray = float(weights @ self._levels.active) * self._levels.node
        return cost

    def __call__(self, weights: FloatArray, shadow: FloatArray, cuts: FloatArray | float = 0.0) -> float:
        """What the capacities, and rows of nodes, are worth at most.

        Args:
            weights: (levels,) what costs of each level count.
            shadow: (1 + classes, rows) prices of capacities.
            cuts: (nodes,) prices of rows that single nodes have besides.
        """
        worth = (shadow * self._compiled.rows.capacity).sum(axis=0)
        of_node = np.bincount(self.node, weights=worth, minlength=len(self.counted) + 1)
        on_nodes = of_node[:-1] + cuts
        beyond = np.maximum(on_nodes - self.activation(weights), 0.0)
        return float(of_node[-1] + np.where(self.counted, beyond, on_nodes).sum())

    def opened(self, weights: FloatArray, shadow: FloatArray) -> FloatArray:
        """(rows,) how much of each capacity there is at prices: none on nodes that are worth less than they cost."""
        worth = (shadow * self._compiled.rows.capacity).sum(axis=0)
        of_node = np.bincount(self.node, weights=worth, minlength=len(self.counted) + 1)[:-1]
        part = np.append(np.where(self.counted & (of_node <= self.activation(weights)), 0.0, 1.0), 1.0)
        found: FloatArray = part[self.node]
        return found

    def spread(self, weights: FloatArray) -> FloatArray:
        """(rows,) what the activation of nodes costs, in equal parts on the capacities of each."""
        has = (self._compiled.rows.capacity[0] > 0).astype(np.float64)
        many = np.bincount(self.node, weights=has, minlength=len(self.counted) + 1)
        cost = np.append(self.activation(weights), 0.0) / np.maximum(many, 1.0)
        found: FloatArray = has * cost[self.node]
        return found

    def of_share(self, weights: FloatArray, balance: FloatArray) -> float:
        """What prices of the largest share, (rows,) for each that may be it, are worth at most."""
        worth = float(balance @ self._compiled.rows.amount)
        return max(worth - float(weights @ self._levels.balance), 0.0)
