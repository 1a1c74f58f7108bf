"""What equivalent components take that are merged: of everything the largest demand, so each adds what is above it."""

from __future__ import annotations

import cython

if not cython.compiled:
    from mosaico_place.compile.arrays.records import Tables
    from mosaico_place.kernel.problem import Embeddings, State


def _runs_with(tables: Tables, c: int, other: int, where: Embeddings) -> bool:
    """Whether two components are equivalent and run the same way: one node, implementation and device."""
    if tables.components[other].twins != tables.components[c].twins or where.option[other] < 0:
        return False
    return tables.spots[where.option[other]].spot == tables.spots[where.option[c]].spot


def merged_before(tables: Tables, k: int, c: int, where: Embeddings) -> bool:
    """Whether a component is merged into an earlier one; ``where`` has the option of every component."""
    if tables.components[c].twins < 0 or where.option[c] < 0:
        return False
    other = tables.chains[k].component
    while other < c and not _runs_with(tables, c, other, where):
        other += 1
    return other < c


def _shared_amount(tables: Tables, k: int, c: int, where: Embeddings, row: int) -> float:
    """The most that components which a component is merged into take of a row."""
    most = 0.0
    for other in range(tables.chains[k].component, c):
        if _runs_with(tables, c, other, where):
            one = tables.options[where.option[other]]
            for i in range(one.use, one.use_end):
                if tables.uses_row[i] == row:
                    most = max(most, tables.uses_amount[i])
    return most


def rest_amount(tables: Tables, k: int, c: int, where: Embeddings, i: int) -> float:
    """What a merged component adds to what the others take, of use ``i`` of its option."""
    return max(tables.uses_amount[i] - _shared_amount(tables, k, c, where, tables.uses_row[i]), 0.0)


def saved_price(tables: Tables, k: int, c: int, where: Embeddings) -> float:
    """What of the price of its resources a merged component need not pay, as only the largest price of each counts."""
    saved = 0.0
    one = tables.spots[where.option[c]]
    for i in range(one.charge, one.charge_end):
        most = 0.0
        for other in range(tables.chains[k].component, c):
            if _runs_with(tables, c, other, where):
                with_it = tables.spots[where.option[other]]
                for j in range(with_it.charge, with_it.charge_end):
                    if tables.charges[j].row == tables.charges[i].row:
                        most = max(most, tables.charges[j].price)
        saved += min(most, tables.charges[i].price)
    return saved


def take_rest(tables: Tables, state: State, k: int, c: int, where: Embeddings, sign: int) -> None:
    """Take what a merged component adds, or give it back."""
    one, line = tables.options[where.option[c]], tables.chains[k].line
    for i in range(one.use, one.use_end):
        row, amount = tables.uses_row[i], sign * rest_amount(tables, k, c, where, i)
        state.free[0, row] -= amount
        if line > 0:
            state.free[line, row] -= amount


def rest_holds(tables: Tables, state: State, k: int, c: int, where: Embeddings, more: float) -> bool:
    """Whether what a merged component adds fits, with ``more`` instances of what serves it opened for that."""
    one, line = tables.options[where.option[c]], tables.chains[k].line
    once, once_end = 0, 0
    if more > 0:
        once, once_end = tables.openings[one.opening].use, tables.openings[one.opening].use_end
    for i in range(one.use, one.use_end):
        row, rest = tables.uses_row[i], rest_amount(tables, k, c, where, i)
        if rest > 0 and line > 0 and state.free[line, row] < rest:
            return False
        for j in range(once, once_end):
            if tables.uses_row[j] == row:
                rest += more * tables.uses_amount[j]
        if rest > 0 and state.free[0, row] < rest:
            return False
    for j in range(once, once_end):
        if state.free[0, tables.uses_row[j]] < more * tables.uses_amount[j]:
            return False
    return True
