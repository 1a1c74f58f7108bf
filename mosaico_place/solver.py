"""HiGHS without its banner: what every module that talks to it begins with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_array


class SilentHighs(highspy.Highs):
    """HiGHS 1.16 prints a banner to stdout with the first call, which is one of its own constructor."""

    def enableCallbacks(self) -> None:  # noqa: N802 (the name is theirs)
        """Say no to the console before anything else, and to all other output."""
        self.setOptionValue("log_to_console", False)
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def run_until(highs: Any, stop: Callable[[], bool]) -> None:
    """Run HiGHS until it ends, or until ``stop``, which it asks in its tree and in linear programs."""

    def poll(event: Any) -> None:
        if stop():
            event.interrupt()

    highs.cbMipInterrupt += poll
    highs.cbSimplexInterrupt += poll
    highs.run()


def bound_below(highs: Any) -> None:
    """Give every row of a program over bounded variables a lower limit, which says nothing new.

    Presolve of HiGHS 1.16 strengthens rows that are limited on one side only, and does not come to an end of it on some
    programs; nor does it look at the clock meanwhile.
    """
    lp = highs.getLp()
    matrix = csc_array((lp.a_matrix_.value_, lp.a_matrix_.index_, lp.a_matrix_.start_), (lp.num_row_, lp.num_col_))
    low, high = np.array(lp.col_lower_), np.array(lp.col_upper_)
    least = matrix.maximum(0) @ low + matrix.minimum(0) @ high
    rows = np.flatnonzero(np.array(lp.row_lower_) == -highspy.kHighsInf).astype(np.int32)
    highs.changeRowsBounds(len(rows), rows, least[rows], np.array(lp.row_upper_)[rows])
