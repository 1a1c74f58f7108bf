"""The best of several answers to one problem: placement, bounds, and what each of them gave in words."""

from __future__ import annotations

from fractions import Fraction

from mosaico_place.compile import Problem
from mosaico_place.costing import cost
from mosaico_place.errors import SolverError
from mosaico_place.method import Answer, Options
from mosaico_place.placement import Placement
from mosaico_place.result import ModelSize, Termination, gap

_PROVEN = (Termination.OPTIMAL, Termination.GAP, Termination.INFEASIBLE)


class Best:
    """What is known so far.

    Attributes:
        placement: the best one of all answers; None if there is none.
        bounds: per level, the best that holds for the placement.
    """

    def __init__(self, problem: Problem, options: Options) -> None:
        self._problem, self._options = problem, options
        self._levels = len(problem.instance.objective)
        self.placement: Placement | None = None
        self._values: tuple[Fraction, ...] = ()
        self._answers: list[tuple[tuple[Fraction, ...] | None, Answer]] = []
        self._told: list[str] = []
        self._kept: tuple[str, Answer] | None = None
        self._proved: str | None = None
        self._infeasible = False

    def note(self, name: str, answer: Answer, told: str) -> None:
        """Take over what an answer has that is better.

        Args:
            name: the method that gave it.
            answer: keeps every rule, and its bounds are valid.
            told: how its part is called.
        """
        values = None
        if answer.placement is not None:
            values = cost(self._problem.instance, answer.placement, self._problem.previous).levels
        self._answers.append((values, answer))
        gained = values is not None and (self.placement is None or values < self._values)
        if answer.placement is not None and values is not None and gained:
            self.placement, self._values = answer.placement, values
        if gained or self._kept is None or (self._kept[1].placement is None and answer.placement is None):
            self._kept = name, answer
        if answer.termination is Termination.INFEASIBLE and answer.placement is None:
            if self.placement is not None:
                raise SolverError(f"{told} says that there is no placement, although one is known")
            self._infeasible = True
        if self._proved is None and self.settled:
            self._proved = name
        self._told.append(f"{told} {self._gave(values, answer, gained)}")

    @property
    def bounds(self) -> tuple[float | None, ...]:
        """Per level the greatest bound that is proven of placements like the best one.

        A bound of a later level speaks of placements whose levels before are no worse than those of the answer that it
        came with. So it is taken over where none of these levels of the best placement is above those.
        """
        best: list[float | None] = [None] * self._levels
        for values, answer in self._answers:
            for level, bound in enumerate(answer.bounds):
                holds = level == 0 or (
                    values is not None
                    and self.placement is not None
                    and all(now <= then for now, then in zip(self._values[:level], values[:level], strict=True))
                )
                known = best[level]
                if bound is not None and holds and (known is None or bound > known):
                    best[level] = bound
        return tuple(best)

    @property
    def settled(self) -> bool:
        """Whether every level is as near to its bound as was asked for, or it is proven that no placement exists."""
        if self._infeasible:
            return True
        return self.placement is not None and max(self._gaps()) <= self._options.gap

    def answer(self) -> Answer:
        """The best of all."""
        if self._kept is None:
            ended = Termination.INTERRUPTED if self._options.stop.is_set() else Termination.TIME_LIMIT
            return Answer(None, (None,) * self._levels, ended, chosen=("auto", "no part had any time"))
        name, kept = self._kept
        size = max((answer.model for _, answer in self._answers), key=lambda model: model.nonzeros)
        runtime_s: dict[str, float] = {}
        for _, answer in self._answers:
            for phase, seconds in answer.runtime_s.items():
                runtime_s[phase] = runtime_s.get(phase, 0.0) + seconds
        return Answer(
            placement=self.placement,
            bounds=(None,) * self._levels if self.placement is None else self.bounds,
            termination=self._termination(),
            model=size if size.nonzeros else ModelSize(kept.model.candidates, kept.model.pruned),
            why=kept.why,
            chosen=(self._proved or name, "; ".join(self._told)),
            runtime_s=runtime_s,
        )

    def _gaps(self) -> list[float]:
        return [
            float("inf") if bound is None else gap(float(value), bound)
            for value, bound in zip(self._values, self.bounds, strict=True)
        ]

    def _termination(self) -> Termination:
        if self._infeasible:
            return Termination.INFEASIBLE
        if self.placement is not None and max(self._gaps()) <= 0:
            return Termination.OPTIMAL
        if self.settled:
            return Termination.GAP
        if self._options.stop.is_set():
            return Termination.INTERRUPTED
        if self._options.time_limit_s is not None and self._options.remaining_s() <= 0:
            return Termination.TIME_LIMIT
        others = [one.termination for _, one in self._answers if one.termination not in _PROVEN]
        return others[-1] if others else Termination.HEURISTIC

    def _gave(self, values: tuple[Fraction, ...] | None, answer: Answer, gained: bool) -> str:
        """What an answer brought, in words."""
        if values is None:
            return "proved that there is no placement" if self._infeasible else "found no placement"
        shown = ", ".join(f"{float(value):.6g}" for value in values)
        found = f"found {shown}" if gained else "found nothing better"
        return f"{found}, proven" if answer.termination is Termination.OPTIMAL else found
