"""Solving one objective level until its solution is exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from mosaico_place.exact.exactness import WholeRows, cuts
from mosaico_place.exact.highs import Highs, Outcome, Status
from mosaico_place.exact.model import Formulation, Matrix, decode
from mosaico_place.method import Options
from mosaico_place.placement import Placement


@dataclass(frozen=True, slots=True)
class Solver:
    """A model in its solver, with what tells exact solutions from others."""

    options: Options
    formulation: Formulation
    matrix: Matrix
    highs: Highs
    whole: WholeRows

    def minimise(
        self, level: int, gap: float, start: tuple[list[int], list[float]] | None = None
    ) -> tuple[Outcome, Placement | None]:
        """Minimise one level, cutting off what is not exact; the placement is that of the outcome's solution."""
        while True:
            if status := stopped(self.options):
                return Outcome(status, None, -math.inf), None
            outcome = self.highs.minimise(level, gap=gap, time_limit_s=self.options.remaining_s(), start=start)
            if outcome.vector is None:
                return outcome, None
            placement = decode(self.formulation, self.matrix, outcome.vector)
            broken = cuts(self.formulation, self.matrix, self.whole, outcome.vector, placement)
            if not broken:
                return outcome, placement
            for cut in broken:
                self.highs.cut(cut)


def stopped(options: Options) -> Status | None:
    """Whether there is a reason to stop here and now."""
    if options.stop.is_set():
        return Status.INTERRUPTED
    return Status.TIME_LIMIT if options.remaining_s() <= 0 else None


def keep(highs: Highs, level: int, value: Fraction, step: Fraction) -> None:
    """Fix a level at its value where its steps are coarse enough to tell, at +1e-9 relative elsewhere.

    No placement has a value between one step and the next, so half a step more lets none in. It is there because a
    row without any slack has led HiGHS 1.15.1 to a false optimum (docs/design-notes.md).
    """
    if step > 0 and value / step < 10**8:
        highs.at_most(level, float(value + step / 2), float(1 / step))
    else:
        highs.at_most(level, float(value) * (1 + 1e-9), 1.0)
