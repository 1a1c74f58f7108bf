"""``classic``: what an orchestrator without shadow prices does.

The same kernel and the same rules. What an event touches is placed where it is cheapest just now, waiting chains are
tried again in the order in which they came, and nothing else moves.
"""

from __future__ import annotations

from mosaico_place.dynamics.follower import Follower
from mosaico_place.dynamics.strategy import Reply, Setting
from mosaico_place.instance import Instance
from mosaico_place.placement import Placement


class Classic:
    """Places what an event touches, and nothing else.

    Args:
        setting: where it begins.
        first_only: whether every component runs in the first implementation that its function lists.
    """

    def __init__(self, setting: Setting, *, first_only: bool = False) -> None:
        self._follower = Follower(setting, first_only=first_only)

    def stand(self, instance: Instance, placement: Placement) -> None:
        """Know what stands."""
        self._follower.stand(instance, placement)

    def answer(self, instance: Instance) -> Reply:
        """Place what the change touches."""
        disturbed = self._follower.follow(instance)
        self._follower.place_plainly(disturbed, self._follower.live.prices)
        return Reply(self._follower.settled())

    def improve(self, seconds: float) -> None:
        """Nothing is done in idle time."""


def classic(setting: Setting) -> Classic:
    """With a free choice of implementations."""
    return Classic(setting)


def classic_first(setting: Setting) -> Classic:
    """With the first implementation that each function lists."""
    return Classic(setting, first_only=True)
