"""What equivalent components take that are merged: of everything the largest demand, so each adds what is above it."""

from __future__ import annotations

from typing import Any

from mosaico_place.kernel.compiled import inner, inner_inline


@inner_inline
def runs_with(tables: Any, c: int, other: int, option: Any) -> bool:
    """Whether two components are equivalent and run the same way: one node, implementation and device."""
    return (
        tables.components[other].twins == tables.components[c].twins
        and option[other] >= 0
        and tables.ways[option[other]].spot == tables.ways[option[c]].spot
    )


@inner_inline
def merged_before(tables: Any, k: int, c: int, option: Any) -> bool:
    """Whether a component is merged into an earlier one; ``option`` is that of every component."""
    if tables.components[c].twins < 0 or option[c] < 0:
        return False
    other = tables.chains[k].component
    while other < c and not runs_with(tables, c, other, option):
        other += 1
    return other < c


@inner
def shared_amount(tables: Any, k: int, c: int, option: Any, row: int) -> float:
    """The most that components which a component is merged into take of a row."""
    most = 0.0
    for other in range(tables.chains[k].component, c):
        if runs_with(tables, c, other, option):
            one = tables.options[option[other]]
            for i in range(one.use, one.use_end):
                if tables.uses_row[i] == row:
                    most = max(most, tables.uses_amount[i])
    return most


@inner
def rest_amount(tables: Any, k: int, c: int, option: Any, i: int) -> float:
    """What a merged component adds to what the others take, of use ``i`` of its option."""
    return max(tables.uses_amount[i] - shared_amount(tables, k, c, option, tables.uses_row[i]), 0.0)


@inner
def saved_price(tables: Any, k: int, c: int, option: Any) -> float:
    """What of the price of its resources a merged component need not pay, as only the largest price of each counts."""
    saved = 0.0
    one = tables.ways[option[c]]
    for i in range(one.charge, one.charge_end):
        most = 0.0
        for other in range(tables.chains[k].component, c):
            if runs_with(tables, c, other, option):
                with_it = tables.ways[option[other]]
                for j in range(with_it.charge, with_it.charge_end):
                    if tables.charges[j].row == tables.charges[i].row:
                        most = max(most, tables.charges[j].price)
        saved += min(most, tables.charges[i].price)
    return saved


@inner
def take_rest(tables: Any, state: Any, k: int, c: int, option: Any, sign: int) -> None:
    """Take what a merged component adds, or give it back."""
    one, line = tables.options[option[c]], tables.chains[k].line
    for i in range(one.use, one.use_end):
        row, amount = tables.uses_row[i], sign * rest_amount(tables, k, c, option, i)
        state.free[0, row] -= amount
        if line > 0:
            state.free[line, row] -= amount


@inner
def rest_holds(tables: Any, state: Any, k: int, c: int, option: Any, more: float) -> bool:
    """Whether what a merged component adds fits, with ``more`` instances of what serves it opened for that."""
    one, line = tables.options[option[c]], tables.chains[k].line
    once, once_end = 0, 0
    if more > 0:
        once, once_end = tables.openings[one.opening].use, tables.openings[one.opening].use_end
    for i in range(one.use, one.use_end):
        row, rest = tables.uses_row[i], rest_amount(tables, k, c, option, i)
        if rest > 0 and line > 0 and state.free[line, row] < rest:
            return False
        for j in range(once, once_end):
            if tables.uses_row[j] == row:
                rest += more * tables.uses_amount[j]
        if rest > 0 and state.free[0, row] < rest:
            return False
    fits = True
    for j in range(once, once_end):
        fits &= state.free[0, tables.uses_row[j]] >= more * tables.uses_amount[j]
    return fits
