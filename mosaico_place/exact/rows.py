"""Rows of the model in whole numbers: what all rules are written with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pyomo.core.expr.numeric_expr import LinearExpression

from mosaico_place.exact.symbols import Symbols, Terms
from mosaico_place.exact.use import Part

Row = tuple[int | None, Any, int | None]
"""(lower bound, Pyomo expression, upper bound), as :class:`pyomo.environ.Constraint` takes it."""

Rows = dict[tuple[str, ...], Row]


def minus(terms: Terms) -> Terms:
    """The terms with the opposite sign."""
    return [(-coefficient, var) for coefficient, var in terms]


def equal(rows: Rows, key: tuple[str, ...], terms: Terms) -> None:
    """Add the row terms == 0, unless nothing is left of it."""
    constant, linear = _collect(terms)
    if linear:
        rows[key] = (-constant, _linear(linear), -constant)
    elif constant:
        rows[key] = _NEVER


def at_most(rows: Rows, key: tuple[str, ...], terms: Terms, limit: int) -> None:
    """Add the row terms <= limit in its smallest whole numbers, unless nothing is left of it."""
    constant, linear = _collect(terms)
    limit -= constant
    if linear:
        divisor = math.gcd(*(coefficient for coefficient, _ in linear))
        small = [(coefficient // divisor, var) for coefficient, var in linear]
        rows[key] = (None, _linear(small), limit // divisor)
    elif limit < 0:
        rows[key] = _NEVER


_NEVER: Row = (1, None, None)
"""A row that nothing satisfies: two endpoints that must be apart and stand on one node."""


def _collect(terms: Terms) -> tuple[int, Terms]:
    """The constant, and one term per variable."""
    constant = 0
    total: dict[int, list[Any]] = {}
    for coefficient, var in terms:
        if isinstance(var, int):
            constant += coefficient * var
        else:
            total.setdefault(id(var), [0, var])[0] += coefficient
    return constant, [(coefficient, var) for coefficient, var in total.values() if coefficient]


def _linear(terms: Terms) -> Any:
    return LinearExpression(
        linear_coefs=[coefficient for coefficient, _ in terms], linear_vars=[var for _, var in terms]
    )


def fits(symbols: Symbols, rows: Rows, name: tuple[str, ...], parts: Sequence[Part], free: int) -> None:
    """Add the row "what all parts take of a capacity <= what is free of it", unless all of them fit at once."""
    most = sum(part.most for part in parts)
    if most > free:
        terms = [term for part in parts for term in part.terms]
        growth = symbols.growth(name, (amount for amount, _ in terms), most - free)
        at_most(rows, name[1:], terms + minus(growth), free)
