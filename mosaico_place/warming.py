"""Compiled code, ready before a clock starts."""

from __future__ import annotations

from functools import cache

from mosaico_place.columns.method import solve_columns
from mosaico_place.compile import compile_instance
from mosaico_place.generating import generate
from mosaico_place.method import Options


@cache
def warm_up() -> None:
    """Load the kernel, and what searches and generates columns with it.

    That takes a second, which would come off the limit of the first call.
    """
    solve_columns(compile_instance(generate(2, 1, 4, 1.2, 0)), Options())
