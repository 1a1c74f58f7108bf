"""``restructure``: the plain answer first, then better ones around what changed, as the shadow prices point.

What the event left without a place, and the waiting chains that are worth most beyond what they need, are embedded on
the infrastructure as if it were empty, at the prices; the chains that stand in the way leave, the wanted one comes
first, the others are placed again. A turn that does not make the levels better is taken back. So no answer is worse
than the plain one (:mod:`.classic`), on the whole list of levels.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from mosaico_place.compile.infrastructure import BoolArray, FloatArray
from mosaico_place.dynamics.displace import Displacer
from mosaico_place.dynamics.ejection import TOGETHER, Effort, Ejection
from mosaico_place.dynamics.follower import Follower
from mosaico_place.dynamics.strategy import Reply, Setting
from mosaico_place.dynamics.worth import Worth
from mosaico_place.instance import Instance
from mosaico_place.kernel.problem import Prices
from mosaico_place.methods.search.relocating import Relocation
from mosaico_place.methods.search.ruin import Ruin, around
from mosaico_place.methods.search.search import Limits, Search
from mosaico_place.methods.search.undoing import return_home
from mosaico_place.placement import Placement
from mosaico_place.solution.incremental import Disturbed, Live

TURNS_PER_MISSING, MOST_TURNS = 2, 24
"""Turns for each new chain without a place, and for all of them."""

RESCUE_WORK, LEAST_RESCUE, MOST_RESCUE = 3000, 20, 60
"""Turns for all that ran and has no place any more, times nodes, since the time of a turn grows with them; how many
turns at least and at most."""

EJECTING_WORK, LEAST_EJECTING, EJECTING_SHARE = 3000, 40, 0.5
"""Steps of ejection chains times nodes, for what has no place any more or none yet, and half as many for what waits;
fewer than so many are not begun. Part of the time that is left which they may take where a budget is given instead."""

DISPLACING, RESCUE_RUIN = 0.25, 4
"""Share of them in which those leave who stand where the chain is best, in the others those of some node; how many of
these at most. Small ruins move less, and plans stay short."""

TURNS_FOR_WAITING = 1
"""Turns for waiting chains where an event made room."""

LATER = 0.01
"""What the shadow prices count on levels after the one that they are of."""

LEARNING_SHARE, SEARCH_SHARE, LAST_SHARE = 0.3, 0.6, 0.9
"""Parts of idle time: for the prices, of what is left then for each level, and of what is left for the last one; in the
rest, chains that were moved for nothing return."""

STAYING = 0.06
"""How much a move at the price of 1 counts more than on the levels, in parts of what chains count that are not
accepted: who moves makes plans longer."""

NOISE = 0.3
"""How far the prices are shaken where a chain looks for another place."""

FIRST_LEARNING_S = 2.0
"""Seconds that the first prices may take, before anything happens."""


class Restructure:
    """Improves the plain answer around what changed.

    Args:
        setting: where it begins.
        learning_s: seconds that the first shadow prices may take.
    """

    def __init__(self, setting: Setting, learning_s: float = FIRST_LEARNING_S) -> None:
        self._setting = setting
        self._follower = Follower(setting)
        self._worth = Worth(self.live)
        self._random = np.random.default_rng(setting.seed)
        self._searches: tuple[FloatArray, Search] | None = None
        self._displaces: Displacer | None = None
        self.learn(learning_s)
        self._warm_up()

    @property
    def live(self) -> Live:
        """The placement."""
        return self._follower.live

    def learn(self, seconds: float) -> None:
        """Find shadow prices, and a bound, for the instance as it is."""
        end = time.monotonic() + seconds
        self._worth.learn(1, lambda: time.monotonic() > end)
        self.live.written.clear()  # that was of all chains

    def _warm_up(self) -> None:
        """Take one turn and take it back, so that whatever is compiled or loaded on first use is there."""
        placed = np.flatnonzero(self.live.solution.placed)
        if len(placed):
            search, k = self._search(), int(placed[0])
            self._displacer().ruin(k, search.prices, self._random, keep_opened=True)
            before = self.live.solution.save(placed[:1])
            search.turn(Ruin(placed[:1], placed[:0]), self._worth.cost)
            before.restore()
        self.live.with_room(placed)

    def stand(self, instance: Instance, placement: Placement) -> None:
        """Know what stands."""
        self._follower.stand(instance, placement)

    def answer(self, instance: Instance) -> Reply:
        """Place what the change touches, then improve around it."""
        started = time.monotonic()
        disturbed = self._follower.follow(instance)
        self._notice()
        freed = self._follower.place_plainly(disturbed, self.live.prices)
        budget = self._setting.budget_s
        self._improve(disturbed, freed, np.inf if budget is None else started + budget)
        return self._reply()

    def improve(self, seconds: float) -> Reply | None:
        """Refresh the prices, then search all levels; None if nothing better was found."""
        end = time.monotonic() + seconds
        self.live.update(self.live.instance)
        self._notice()
        self.learn(LEARNING_SHARE * seconds)
        before = self._follower.settled()
        search = Search(
            self.live.solution, self._worth.shadow, int(self._random.integers(2**31)), self._setting.max_moves
        )
        level, count = self._worth.level or 0, self.live.compiled.levels.count
        stood = self.live.solution.save(np.flatnonzero(self.live.solution.placed))
        for j in range(level, count):
            search.reprice(self._worth.shadow * (1.0 if j == level else LATER), j)
            left = (end - time.monotonic()) * (SEARCH_SHARE if j + 1 < count else LAST_SHARE)
            if left > 0:
                search.improve(j, self._worth.cost, Limits(10**9, left))
        return_home(search, stood, lambda: time.monotonic() >= end)
        self.live.dirty.update(self.live.slot.values())
        reply = None if self._follower.settled() is before else self._reply()
        self._prepare()
        return reply

    def _prepare(self) -> None:
        """Do beforehand what the next answer would have to do on account of this idle time."""
        self.live.update(self.live.instance)
        self._displacer().measure(self._search().prices)

    def _improve(self, disturbed: Disturbed, freed: bool, deadline: float) -> None:
        """Make room for what has no place, as long as it may take; then see to what no price tells.

        Args:
            disturbed: what the change did.
            freed: whether what became free is still free as far as is known.
            deadline: by ``time.monotonic()``; infinite for no more than a certain number of steps and turns.
        """
        solution, levels = self.live.solution, self.live.compiled.levels
        touched = [*disturbed.out, *disturbed.new]
        retry = disturbed.relieved or deadline < np.inf
        missing = not solution.placed[touched].all()
        if deadline == np.inf and EJECTING_WORK // len(self.live.instance.nodes) < LEAST_EJECTING:
            if freed or missing:  # in a large network, without a budget, only what is quick
                self._rescue(disturbed.out, deadline)
                self._turns(disturbed, freed, deadline)
        elif (retry and self.live.waiting()) or missing:
            wanted = (self.live.used if retry else solution.placed).copy()
            wanted[touched] = True
            before = solution.save(np.flatnonzero(wanted))
            complete = self._eject(disturbed, deadline)
            self._rescue(disturbed.out, deadline)
            self._turns(disturbed, freed, deadline)
            while time.monotonic() < deadline < np.inf and not complete:
                self._stir(wanted, MOST_RESCUE, deadline)
                complete = self._eject(disturbed, deadline)
            self.live.dirty.update(return_home(self._search(), before, lambda: time.monotonic() >= deadline))
        if (levels.balance > 0).any() or (levels.active > 0).any():
            self._relocate(deadline, None)
        elif disturbed.out:
            self._relocate(deadline, disturbed.out)

    def _turns(self, disturbed: Disturbed, freed: bool, deadline: float) -> None:
        """Turns for what is new, then for what waits if anything is ``freed``."""
        live = self.live
        search, displacer = self._search(), self._displacer()
        weights = live.compiled.levels.reject.sum(axis=0)
        possible = live.compiled.tables.chains["possible"]
        missing = [k for k in disturbed.new if possible[k] and not live.solution.placed[k]]
        missing.sort(key=lambda k: -weights[k])
        turns = [k for k in missing for _ in range(self._tries(k))][:MOST_TURNS]
        if freed:
            turns += self._promising({*missing, *disturbed.out})
        hopeless: set[int] = set()
        for turn, k in enumerate(turns):
            if time.monotonic() >= deadline:
                break
            if live.solution.placed[k] or k in hopeless:
                continue
            prices = self._shaken(search.prices)
            ruin = displacer.ruin(k, prices, self._random, keep_opened=turn % 2 == 0)
            if ruin is None:
                hopeless.add(k)
                continue
            if search.turn(ruin, self._worth.cost):
                live.dirty.update(int(one) for one in (*ruin.out, *ruin.wanted))

    def _eject(self, disturbed: Disturbed, deadline: float) -> bool:
        """Look for ejection chains; whether nothing was left untried.

        They are for what has no place any more, or none yet; and for what waits, if anything became free or there is
        a budget to use.
        """
        live, possible = self.live, self.live.compiled.tables.chains["possible"]
        touched = [k for k in (*disturbed.out, *disturbed.new) if possible[k] and not live.solution.placed[k]]
        retry = disturbed.relieved or deadline < np.inf
        waiting = [k for k in live.waiting() if possible[k] and k not in touched] if retry else []
        queue = [(touched, 1), (waiting, 2)]
        if len(touched) + len(waiting) <= TOGETHER:  # who leaves for one of them may make room for several
            queue = [([*touched, *waiting], 1)]
        ejection, complete, end = Ejection(live, self._search(), self._displacer()), True, deadline
        for wanted, part in queue:
            tries: float = EJECTING_WORK // part // len(live.instance.nodes)
            if deadline < np.inf:
                now = time.monotonic()
                tries, end = np.inf, now + EJECTING_SHARE * (deadline - now)
            if wanted and tries >= LEAST_EJECTING:
                complete &= ejection.run(wanted, Effort(tries, end))
        return complete

    def _relocate(self, deadline: float, some: Sequence[int] | None) -> None:
        """Steps that only levels show which no price tells, of some chains or of all."""
        tries = EJECTING_WORK // len(self.live.instance.nodes) if deadline == np.inf else 10**9
        before = self.live.solution.save(np.flatnonzero(self.live.solution.placed))
        if Relocation(self._search(), tries, lambda: time.monotonic() >= deadline, some).run():
            self.live.dirty.update(before.differing())

    def _rescue(self, out: Sequence[int], deadline: float) -> None:
        """Turns for what ran and has no place any more, and for those who lose theirs to it."""
        wanted = self.live.solution.placed.copy()
        wanted[list(out)] = True
        turns = min(max(RESCUE_WORK // len(self.live.instance.nodes), LEAST_RESCUE), MOST_RESCUE)
        self._stir(wanted, turns, deadline)

    def _stir(self, wanted: BoolArray, turns: int, deadline: float) -> None:
        """Turns for whoever of these chains has no place at the time.

        Few chains find a place at once, for who stands in the way has to find another; so one chain after the other may
        be the one without a place, as long as hardly more is lost by that, and the best of all turns is kept.
        """
        solution, random = self.live.solution, self._random
        wanted = wanted & (self.live.compiled.tables.chains["possible"] > 0)
        if solution.placed[wanted].all():
            return
        search, displacer = self._search(), self._displacer()

        def choose() -> Ruin | None:
            missing = np.flatnonzero(wanted & ~solution.placed)
            if not len(missing) or time.monotonic() >= deadline:
                return None
            k, ruin = int(missing[random.integers(len(missing))]), None
            if random.random() < DISPLACING:
                ruin = displacer.ruin(k, self._shaken(search.prices), random, keep_opened=bool(random.integers(2)))
            return around(solution.standing, random, k, RESCUE_RUIN) if ruin is None else ruin

        before = solution.save(np.flatnonzero(wanted | solution.placed))
        search.improve(0, self._worth.cost, Limits(turns), choose)
        return_home(search, before, lambda: time.monotonic() >= deadline)
        self.live.dirty.update(before.differing())

    def _tries(self, k: int) -> int:
        """Turns for a new chain without a place: one is enough if it is worth less than what it would take."""
        worth = self.live.compiled.levels.rejected[self._worth.level or 0, k]
        return TURNS_PER_MISSING if self._worth.cost[k] <= worth else 1

    def _promising(self, without: set[int]) -> list[int]:
        """Some of the waiting chains that are worth most beyond what they need."""
        waiting = np.array([k for k in self.live.waiting() if k not in without], dtype=np.int64)
        weights = self.live.compiled.levels.reject[self._worth.level or 0, waiting]
        gain = weights - self._worth.cost[waiting]
        gain = np.where(np.isfinite(gain), gain, -np.inf) + 0.1 * weights * self._random.standard_normal(len(waiting))
        best = np.argsort(-gain, kind="stable")[:TURNS_FOR_WAITING]
        return [int(k) for k in waiting[best] if np.isfinite(self._worth.cost[k])]

    def _shaken(self, prices: Prices) -> Prices:
        """Prices of options with some noise, so that every turn looks elsewhere."""
        return prices.replace(option=prices.option * np.exp(NOISE * self._random.standard_normal(prices.option.shape)))

    def _search(self) -> Search:
        """A search with the prices as they are, which tries no waiting chains by itself."""
        solution, shadow = self.live.solution, self._worth.shadow
        if self._searches is None or self._searches[0] is not shadow or self._searches[1].solution is not solution:
            seed, most = int(self._random.integers(2**31)), self._setting.max_moves
            weights = self.live.compiled.levels.reject[self._worth.level or 0]
            stays = STAYING * float(weights[weights > 0].mean()) if weights.any() else 0.0
            self._searches = shadow, Search(solution, shadow, seed, most, newcomers=0, stays=stays)
            self._searches[1].reprice(shadow, self._worth.level or 0)
        self._searches[1].refresh()
        return self._searches[1]

    def _displacer(self) -> Displacer:
        if self._displaces is None or self._displaces.compiled is not self.live.base:
            self._displaces = Displacer(self.live)
        return self._displaces

    def _notice(self) -> None:
        """Price what is new, or has another form: since the last answer, whatever has stood meanwhile."""
        written = np.array(sorted(self.live.written), dtype=np.int64)
        self.live.written.clear()
        self._worth.forget(written)
        self._worth.note(written)

    def _reply(self) -> Reply:
        """The placement, with the bounds that the kept prices prove."""
        levels, level = self.live.compiled.levels, self._worth.level
        bounds: list[float | None] = [None] * levels.count
        bound = self._worth.bound
        if level is not None and bound is not None:
            bounds[:level] = [0.0] * level
            bounds[level] = max(bound, 0.0)
        return Reply(self._follower.settled(), tuple(bounds))


def restructure(setting: Setting) -> Restructure:
    """Ours."""
    return Restructure(setting)
