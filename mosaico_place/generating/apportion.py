"""Whole units dealt out in proportion."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def apportion(total: int, weights: Sequence[int], least: Sequence[int], most: int | None = None) -> list[int]:
    """Whole parts in proportion to weights, none outside of its limits; together total where the limits allow it.

    Args:
        total: units to deal out.
        weights: above 0.
        least: of each part; together they may be more than total, which is then exceeded.
        most: of every part, not below any least; None for any number.
    """
    ideal = _ideal(total, weights, least, most)
    parts = [int(part) for part in ideal]
    left = total - sum(parts)
    for number in sorted(range(len(parts)), key=lambda number: (parts[number] - ideal[number], number)):
        if left > 0 and (most is None or parts[number] < most):
            parts[number] += 1
            left -= 1
    return parts


def _ideal(total: int, weights: Sequence[int], least: Sequence[int], most: int | None) -> list[Fraction]:
    """Parts that need not be whole: those beyond a limit are set to it, the others share what is left."""
    fixed: dict[int, Fraction] = {}
    while True:
        free = [number for number in range(len(weights)) if number not in fixed]
        scale = (total - sum(fixed.values(), Fraction(0))) / (sum(weights[number] for number in free) or 1)
        parts = {number: weights[number] * scale for number in free}
        below = {number: Fraction(least[number]) for number, part in parts.items() if part < least[number]}
        above = {number: Fraction(most or 0) for number, part in parts.items() if most is not None and part > most}
        if not below and not above:
            return [fixed[number] if number in fixed else parts[number] for number in range(len(weights))]
        fixed |= below or above
