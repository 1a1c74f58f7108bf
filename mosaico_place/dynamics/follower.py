"""What ``classic`` and ``restructure`` share: a placement that follows the instance, and its first, plain answer."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mosaico_place.dynamics.strategy import Setting
from mosaico_place.instance import Instance
from mosaico_place.kernel.embed import FEW, SOME
from mosaico_place.kernel.problem import Prices
from mosaico_place.placement import Placement
from mosaico_place.solution.incremental import Disturbed, Live


class Follower:
    """Keeps a :class:`Live` placement in step with what stands.

    Attributes:
        live: the placement.
        max_moves: how many components may move in one answer.
    """

    def __init__(self, setting: Setting, *, first_only: bool = False) -> None:
        self.live = Live(setting.instance, setting.placement, first_only=first_only)
        self.max_moves = setting.max_moves
        self._placement = self.live.placement()

    def stand(self, instance: Instance, placement: Placement) -> None:
        """Let exactly this instance and placement be what stands."""
        if instance is not self.live.instance:
            self.live.update(instance)
        if placement is not self._placement:
            self.live.sync(placement)
        self._placement = placement

    def follow(self, instance: Instance) -> Disturbed:
        """Take on a changed instance: see :meth:`Live.update`."""
        return self.live.update(instance)

    def settled(self) -> Placement:
        """The placement as it stands now, which is what stands from now on; the same object if it is as it was."""
        now = self.live.placement()
        if now != self._placement:
            self._placement = now
        return self._placement

    def place_plainly(self, disturbed: Disturbed, prices: Prices) -> bool:
        """Place what was disturbed, then what is new; where anything became free, what waits. Nothing else moves.

        Whether what became free is still free as far as is known: nothing that waits found a place there.
        """
        live = self.live
        for group in (disturbed.out, disturbed.new):
            self.insert(live.in_order(group), prices, SOME)
        tried = {*disturbed.out, *disturbed.new}
        return disturbed.relieved and not self.insert([k for k in live.waiting() if k not in tried], prices)

    def insert(self, queue: Iterable[int], prices: Prices, most: int = FEW) -> int:
        """Place chains in turn where there is room, and where no more components move than may; how many were.

        ``most``: how many subproblems are branched on for each, see :func:`mosaico_place.kernel.embed.find`.
        """
        live, solution = self.live, self.live.solution
        chains = np.fromiter(queue, dtype=np.int64)
        if not len(chains):
            return 0
        anything = np.full(len(live.compiled.names), np.inf)
        if self.max_moves is None:
            solution.insert(live.with_room(chains), prices, anything, most)
        else:
            for k in chains:
                solution.insert([int(k)], prices, anything, most)
                if solution.moves() > self.max_moves:
                    solution.remove([int(k)], prices)
        placed = chains[solution.placed[chains]].tolist()
        live.dirty.update(placed)
        return len(placed)
