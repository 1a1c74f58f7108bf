"""Figures for the eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mosaico_place.quantities import Dimension

UNKNOWN = "-"
"""Stands for a figure that is not known."""

_UNITS: Mapping[Dimension, Sequence[tuple[float, str]]] = {
    Dimension.TIME: ((1, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")),
    Dimension.RATE: ((1e12, "Tbps"), (1e9, "Gbps"), (1e6, "Mbps"), (1e3, "kbps"), (1, "bps")),
    Dimension.BYTES: ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")),
}


def quantity(amount: float, dimension: Dimension) -> str:
    """An amount of base units for the eye, in three digits.

    >>> quantity(0.021, Dimension.TIME), quantity(1e10, Dimension.RATE), quantity(2**37, Dimension.BYTES)
    ('21.0 ms', '10 Gbps', '128 GiB')
    """
    if dimension not in _UNITS:
        return _short(_digits(amount))
    if not amount:
        return "0"
    units = _UNITS[dimension]
    # 0.9995 of a unit already reads as 1 of it.
    size, unit = next((each for each in units if abs(amount) >= 0.9995 * each[0]), units[-1])
    digits = _digits(amount / size)
    return f"{digits if dimension is Dimension.TIME else _short(digits)} {unit}"


def _digits(number: float) -> str:
    """Three digits, more where there are more before the point."""
    before = len(str(int(abs(number))))
    return f"{number:.{max(0, 3 - before)}f}" if abs(number) >= 0.995 else f"{number:.3g}"


def _short(digits: str) -> str:
    """Without zeros behind the point; only times keep them, since they stand below each other."""
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def micros(amount_us: float | None) -> str:
    """A time in microseconds."""
    return UNKNOWN if amount_us is None else quantity(amount_us / 1e6, Dimension.TIME)


def plain(number: float | None) -> str:
    """A figure of a level or term."""
    if number is None:
        return UNKNOWN
    return f"{number:.6g}" if abs(number) < 1e6 else f"{number:.0f}"


def in_percent(share: float | None) -> str:
    """A share of 1."""
    return UNKNOWN if share is None else f"{100 * share:.{2 if share < 0.995 else 4}g} %"
