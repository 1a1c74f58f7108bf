"""What violations are told in."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from mosaico_place.errors import suggestion
from mosaico_place.instance import Implementation, Node
from mosaico_place.quantities import Dimension, format_quantity
from mosaico_place.result import Violation
from mosaico_place.rules import Rule
from mosaico_place.usage import CapacityName

NAMED_USERS = 5
"""How many of the chains that over-fill something are named, the largest first."""
_SUGGEST_AMONG = 100
"""Among more names, looking for one that was meant takes too long for a file with thousands of wrong ones."""


def where(name: CapacityName) -> str:
    """Where a capacity is, as a violation says it."""
    kind, *rest = name
    if kind == "node":
        return f"node {rest[0]}, {rest[1]}"
    return f"node {rest[0]}, device {rest[1]}, {rest[2]}" if kind == "device" else f"link {rest[0]} -> {rest[1]}"


def lacks(implementation: Implementation, node: Node) -> str:
    """What a node does not have of what an implementation needs."""
    wanted = [
        f"{label}: {' or '.join(values)}"
        for label, values in implementation.needs.items()
        if node.labels.get(label) not in values
    ]
    return f"implementation {implementation.name!r} needs {', '.join(wanted)}, which node {node.name!r} does not have"


def overfull(
    rule: Rule, where: str, used: int, has: tuple[int, int], unit: Dimension, shares: Mapping[str, int]
) -> Violation:
    """A violation of use + reserved <= capacity; ``has`` is (capacity, reserved), ``shares`` per chain."""
    over = used + has[1] - has[0]
    users = sorted((name for name in shares if shares[name]), key=lambda name: (-shares[name], *in_order(name)))
    named = [f"{name} ({format_quantity(shares[name], unit)})" for name in users[:NAMED_USERS]]
    more = f" and {len(users) - NAMED_USERS} more" if len(users) > NAMED_USERS else ""
    reserved = f" with {format_quantity(has[1], unit)} reserved" if has[1] else ""
    message = (
        f"{format_quantity(used, unit)} used of {format_quantity(has[0], unit)}{reserved}, "
        f"{format_quantity(over, unit)} too much, by {', '.join(named)}{more}"
    )
    return Violation(rule, where, message, base_units(over, unit))


def in_order(name: str) -> tuple[int, str]:
    """What to sort names by so that player-2 comes before player-10, whatever order chains came in."""
    return len(name), name


def overload(load_bps: int, carries_bps: int) -> tuple[str, float]:
    """What to say of a load that is too large, and by how much it is."""
    over = load_bps - carries_bps
    rates = [format_quantity(rate, Dimension.RATE) for rate in (load_bps, carries_bps, over)]
    return "has a load of {}, but its implementation carries {}, {} less".format(*rates), float(over)


def base_units(amount: int, unit: Dimension) -> float:
    """Smallest units as base units (cores, seconds, ...)."""
    return float(Fraction(amount, unit.scale))


@lru_cache(maxsize=256)
def did_you_mean(name: str, known: tuple[str, ...]) -> str:
    """A suggestion to append, such as ``; did you mean 'edge-1'?``, or nothing."""
    close = suggestion(name, known) if len(known) <= _SUGGEST_AMONG else ""
    return f"; did you mean {close!r}?" if close else ""
