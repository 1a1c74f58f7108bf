"""Exact quantities: "250 us", "10 Gbps", "128 GiB" to whole numbers of the smallest unit, and back.

A quantity is a number with an optional unit; without one it counts base units (seconds, bit/s, bytes, cores,
GPUs, pieces). Inside the program everything is an integer: nanoseconds, bit/s, bytes, 1/1000 core,
1/1000 GPU, pieces. A value that is finer than that is an error, never rounded.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

Number = int | float | Decimal | Fraction

_SI = {"n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15}
_IEC = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5}
_PATTERN = re.compile(r"\s*([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([^\d\s].*?)?\s*")
_FRACTION = re.compile(r"[0-9]{1,30}/[1-9][0-9]{0,29}")
_MAX_DIGITS = 30
_MAX_INTEGER = 2**53
"""Larger whole numbers are not exact in a solver's floating-point arrays."""


class Dimension(StrEnum):
    """What is measured; the value is the word used for a declared resource."""

    TIME = "time"
    RATE = "bit/s"
    BYTES = "bytes"
    CORES = "cores"
    SHARE = "gpus"
    COUNT = "count"

    @property
    def scale(self) -> int:
        """Smallest units per base unit: 10**9 ns in a second, 1000 thousandths of a core in a core."""
        return {Dimension.TIME: 10**9, Dimension.CORES: 1000, Dimension.SHARE: 1000}.get(self, 1)

    @property
    def example(self) -> str:
        """A quantity of this dimension, as a user would write it."""
        return _EXAMPLES[self]


_EXAMPLES = {
    Dimension.TIME: "250 us",
    Dimension.RATE: "10 Gbps",
    Dimension.BYTES: "16 GiB",
    Dimension.CORES: "1.5",
    Dimension.SHARE: "0.4",
    Dimension.COUNT: "4",
}
_PRICE_EXAMPLES = {Dimension.RATE: "1 per Gbps", Dimension.BYTES: "0.1 per GiB", Dimension.TIME: "2 per ms"}
_FINEST = {
    Dimension.TIME: "1 ns",
    Dimension.RATE: "1 bit/s",
    Dimension.BYTES: "1 byte",
    Dimension.CORES: "1/1000 of a core",
    Dimension.SHARE: "1/1000 of a GPU",
    Dimension.COUNT: "1",
}


def parse_number(value: object) -> Fraction:
    """Read a plain number exactly: ``10``, ``0.25``, ``1e3``, or a fraction such as ``1/3``.

    Raises:
        ValueError: not a number, not finite, or with more than 30 digits.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | Fraction | str):
        raise ValueError(f"expected a number, found {_shown(value)}")
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, str) and _FRACTION.fullmatch(value):
        return Fraction(value)
    match = _PATTERN.fullmatch(str(value))
    if match is None or match[2] or len(match[1]) > _MAX_DIGITS:
        raise ValueError(f"expected a number, found {_shown(value)}")
    return Fraction(match[1].replace("_", ""))


def parse_quantity(value: object, dimension: Dimension) -> int:
    """Read a quantity as a whole number of the dimension's smallest units.

    Raises:
        ValueError: not a quantity, unknown or wrong unit, negative, too large, or finer than the smallest
            unit. The message says what would be right.
    """
    if isinstance(value, str):
        return _read_text(value, dimension)
    return _whole(value, dimension)


@lru_cache(maxsize=8192)
def _read_text(text: str, dimension: Dimension) -> int:
    """A file says the same few quantities over and over again."""
    return _whole(text, dimension)


def _whole(value: object, dimension: Dimension) -> int:
    """Number of smallest units; ValueError unless it is a whole one in range."""
    amount = _base_units(value, dimension) * dimension.scale
    if amount < 0:
        raise ValueError(f"must not be negative, found {_shown(value)}")
    if amount.denominator != 1:
        raise ValueError(f"{_shown(value)} is finer than {_FINEST[dimension]}, the smallest step there is")
    if amount > _MAX_INTEGER:
        raise ValueError(f"{_shown(value)} is too large; write for example {dimension.example!r}")
    return int(amount)


def parse_price(value: object, dimension: Dimension) -> Fraction:
    """Read a price such as ``0.1 per GiB`` as the exact price of one smallest unit.

    A bare number is the price of one base unit (core, GPU, byte, bit/s, piece).

    Raises:
        ValueError: not a price, or negative.
    """
    number, unit = value, ""
    if isinstance(value, str) and " per " in value:
        number, unit = value.split(" per ", 1)
    example = _PRICE_EXAMPLES.get(dimension, "3")
    try:
        per = _unit_factor(unit.strip(), dimension) * dimension.scale
    except ValueError:
        raise ValueError(f"unknown unit {_shown(unit.strip())} in a price; write for example {example!r}") from None
    try:
        price = parse_number(number)
    except ValueError:
        raise ValueError(f"expected a price such as {example!r}, found {_shown(value)}") from None
    if price < 0:
        raise ValueError(f"a price must not be negative, found {_shown(value)}")
    return price / per


def format_quantity(amount: int, dimension: Dimension) -> str:
    """Write an amount of smallest units so that :func:`parse_quantity` reads exactly the same amount.

    >>> format_quantity(250_000, Dimension.TIME), format_quantity(6_442_450_944, Dimension.BYTES)
    ('250 us', '6 GiB')
    """
    if dimension is Dimension.TIME:
        return _with_unit(amount, [(10**9, "s"), (10**6, "ms"), (10**3, "us"), (1, "ns")])
    if dimension is Dimension.RATE:
        return _with_unit(amount, [(10**9, "Gbps"), (10**6, "Mbps"), (10**3, "kbps"), (1, "bps")])
    if dimension is Dimension.BYTES:
        return _with_unit(amount, [(2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")])
    return decimal_text(Fraction(amount, dimension.scale))


def format_price(price: Fraction, dimension: Dimension) -> str:
    """Write a price per smallest unit so that :func:`parse_price` reads exactly the same price.

    Of the exact ways the shortest is taken; a price that is no decimal fraction per any unit is written as one of
    whole numbers.

    Raises:
        ValueError: it has more digits than can be read.

    >>> format_price(Fraction(1, 10 * 2**30), Dimension.BYTES), format_price(Fraction(1, 3000), Dimension.CORES)
    ('0.1 per GiB', '1/3')
    """
    texts = []
    for unit in ("", *_PRICE_UNITS.get(dimension, ())):
        text = _exact_decimal(price * parse_quantity(f"1 {unit}", dimension))
        if text:
            texts.append(f"{text} per {unit}" if unit else text)
    return min(texts, key=len) if texts else format_number(price * dimension.scale)


def format_number(number: Fraction) -> str:
    """Write a number that is not negative so that :func:`parse_number` reads exactly the same.

    Raises:
        ValueError: it has more digits than can be read.

    >>> format_number(Fraction(1, 4)), format_number(Fraction(1, 3))
    ('0.25', '1/3')
    """
    text = _exact_decimal(number) or f"{number.numerator}/{number.denominator}"
    if len(text) > _MAX_DIGITS and not _FRACTION.fullmatch(text):
        raise ValueError(f"{_shown(text)} has too many digits to be written exactly")
    return text


def _exact_decimal(number: Fraction) -> str:
    """The number in decimals that can be read back, or an empty text."""
    text = decimal_text(number)
    return text if len(text) <= _MAX_DIGITS and "e" not in text and Fraction(text) == number else ""


_PRICE_UNITS = {
    Dimension.BYTES: ("KiB", "MiB", "GiB", "TiB", "kB", "MB", "GB"),
    Dimension.RATE: ("kbps", "Mbps", "Gbps", "Tbps"),
    Dimension.TIME: ("ms", "us", "ns"),
}


def decimal_text(number: Fraction) -> str:
    """Write a number in decimals if that is exact, otherwise as the nearest float.

    >>> decimal_text(Fraction(2, 5)), decimal_text(Fraction(7))
    ('0.4', '7')
    """
    if number.denominator == 1:
        return str(number.numerator)
    text = f"{Decimal(number.numerator) / Decimal(number.denominator):f}"
    return text if Fraction(text) == number else repr(float(number))


def _with_unit(amount: int, units: list[tuple[int, str]]) -> str:
    """Use the largest unit that keeps at most three decimals, all exact."""
    for size, unit in units:
        if amount >= size and (amount * 1000) % size == 0:
            decimals = Fraction(amount, size)
            if size & (size - 1) == 0 and size > 1 and decimals.denominator != 1:
                continue  # 1.5 GiB reads better as 1536 MiB than as an odd decimal fraction
            return f"{decimal_text(decimals)} {unit}"
    return f"{amount} {units[-1][1]}"


def _base_units(value: object, dimension: Dimension) -> Fraction:
    """Value and unit as an exact number of base units."""
    if isinstance(value, str):
        match = _PATTERN.fullmatch(value)
        if match is not None and len(match[1]) > _MAX_DIGITS:
            raise ValueError(f"{_shown(value)} has more than {_MAX_DIGITS} digits")
        if match is None:
            raise ValueError(f"not a quantity: {_shown(value)}; write for example {dimension.example!r}")
        unit = match[2] or ""
        return Fraction(match[1].replace("_", "")) * _unit_factor(unit, dimension)
    try:
        return parse_number(value)
    except ValueError:
        raise ValueError(f"expected a quantity such as {dimension.example!r}, found {_shown(value)}") from None


@lru_cache(maxsize=1024)
def _unit_factor(unit: str, dimension: Dimension) -> Fraction:
    """How many base units one unit is."""
    for suffix, factor in _SUFFIXES[dimension]:
        if not unit.endswith(suffix):
            continue
        prefix = unit[: len(unit) - len(suffix)]
        if prefix in _IEC and dimension in (Dimension.BYTES, Dimension.RATE):
            return factor * Fraction(1024 ** _IEC[prefix])
        if prefix in _SI and _allowed(prefix, suffix, dimension):
            return Fraction(factor * Fraction(10) ** _SI[prefix])
    raise ValueError(f"unknown unit {_shown(unit)} here; write for example {dimension.example!r}")


def _allowed(prefix: str, suffix: str, dimension: Dimension) -> bool:
    """Small prefixes for seconds and cores only, large ones for bytes and bit/s only."""
    small = prefix in ("n", "u", "µ", "μ", "m")
    if dimension is Dimension.TIME:
        return prefix == "" or (small and suffix == "s")
    if dimension is Dimension.CORES:
        return prefix in ("", "m")
    if dimension in (Dimension.SHARE, Dimension.COUNT):
        return prefix == ""
    return not small


_SUFFIXES: dict[Dimension, list[tuple[str, Fraction]]] = {
    Dimension.TIME: [("s", Fraction(1)), ("min", Fraction(60)), ("h", Fraction(3600)), ("", Fraction(1))],
    Dimension.RATE: [("bit/s", Fraction(1)), ("bps", Fraction(1)), ("b/s", Fraction(1)), ("B/s", Fraction(8)),
                     ("", Fraction(1))],
    Dimension.BYTES: [("bytes", Fraction(1)), ("byte", Fraction(1)), ("B", Fraction(1)), ("", Fraction(1))],
    Dimension.CORES: [("cores", Fraction(1)), ("core", Fraction(1)), ("", Fraction(1))],
    Dimension.SHARE: [("gpus", Fraction(1)), ("gpu", Fraction(1)), ("", Fraction(1))],
    Dimension.COUNT: [("", Fraction(1))],
}  # fmt: skip


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:37] + "...")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
