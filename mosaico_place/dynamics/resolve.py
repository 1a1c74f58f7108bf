"""``resolve``: the whole instance solved again after a change, from what stands; what the others are measured by."""

from __future__ import annotations

from dataclasses import replace

from mosaico_place.dynamics.follower import Follower
from mosaico_place.dynamics.strategy import Reply, Setting
from mosaico_place.instance import Instance
from mosaico_place.method import Options
from mosaico_place.placement import Placement
from mosaico_place.result import Termination
from mosaico_place.rules import CostTerm
from mosaico_place.solving import solve


class Resolve:
    """Solves again with a method and a time limit.

    Args:
        setting: the method, its limits and its seed.
        moves_cost: whether moves count as the objective says; else they are free.
    """

    def __init__(self, setting: Setting, *, moves_cost: bool = True) -> None:
        self._setting = setting
        self._moves_cost = moves_cost
        self._follower = Follower(setting)
        self._changes = setting.answered

    def stand(self, instance: Instance, placement: Placement) -> None:
        """Know what stands."""
        self._follower.stand(instance, placement)

    def answer(self, instance: Instance) -> Reply:
        """Solve the changed instance; if it is not the turn, or nothing is found in time, answer plainly."""
        setting, before = self._setting, self._follower.settled()
        self._follower.place_plainly(self._follower.follow(instance), self._follower.live.prices)
        plain = self._follower.settled()
        self._changes += 1
        if self._changes % setting.resolve_every:
            return Reply(plain, found=False)
        asked = instance if self._moves_cost else without_move_prices(instance)
        options = Options(
            time_limit_s=setting.resolve_limit_s, seed=setting.seed, threads=setting.threads, stop=setting.stop
        )
        result = solve(asked, method=setting.method, options=options, previous=before, max_moves=setting.max_moves)
        if result.placement is None:
            return Reply(plain, found=False)
        bounds = tuple(level.bound for level in result.levels)
        if not self._moves_cost:
            bounds = _bounds_with_moves(instance, bounds)
        return Reply(result.placement, bounds, proven=result.termination is Termination.OPTIMAL)

    def improve(self, seconds: float) -> None:
        """A re-solve has used its time."""


def without_move_prices(instance: Instance) -> Instance:
    """The instance with moves left out of its objective; a level of nothing else is left out."""
    levels = [
        {term: weight for term, weight in level.items() if term.cost is not CostTerm.MOVES}
        for level in instance.objective
    ]
    return replace(instance, objective=tuple(level for level in levels if level))


def _bounds_with_moves(instance: Instance, bounds: tuple[float | None, ...]) -> tuple[float | None, ...]:
    """The bounds of a solve in which moves are free that hold where they are not.

    A level that counts moves costs no less than without them. Bounds of later ones hold for placements whose levels
    before cost no more than was found, which with moves are others.
    """
    first = next(
        (j for j, level in enumerate(instance.objective) if any(term.cost is CostTerm.MOVES for term in level)),
        len(instance.objective),
    )
    alone = first < len(instance.objective) and len(instance.objective[first]) == 1
    known = bounds[: first + (not alone)]
    return known + (None,) * (len(instance.objective) - len(known))


def resolve(setting: Setting) -> Resolve:
    """With the price of moves."""
    return Resolve(setting)


def resolve_free_moves(setting: Setting) -> Resolve:
    """As if moves cost nothing."""
    return Resolve(setting, moves_cost=False)
