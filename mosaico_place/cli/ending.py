"""What the exit code says, and which one an answer ends with."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mosaico_place.result import Termination


class Code(IntEnum):
    """What the exit code says."""

    DONE = 0
    BUG = 1
    USAGE = 2
    BAD_INPUT = 3
    INFEASIBLE = 4
    NOTHING_FOUND = 5
    BREAKS_A_RULE = 6
    INTERRUPTED = 130


def code_of(termination: Termination, *, found: bool) -> Code:
    """What a solve without a placement ends with; one with a placement is an answer, however it came about."""
    from mosaico_place.result import Termination

    if found:
        return Code.DONE
    if termination is Termination.INFEASIBLE:
        return Code.INFEASIBLE
    return Code.INTERRUPTED if termination is Termination.INTERRUPTED else Code.NOTHING_FOUND
