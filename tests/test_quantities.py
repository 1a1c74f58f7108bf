"""Tests of exact quantities and prices."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place.quantities import (
    Dimension,
    decimal_text,
    format_number,
    format_price,
    format_quantity,
    parse_number,
    parse_price,
    parse_quantity,
)

dimensions = st.sampled_from(list(Dimension))


@pytest.mark.parametrize(
    ("value", "dimension", "amount"),
    [
        ("250 us", Dimension.TIME, 250_000),
        ("250 µs", Dimension.TIME, 250_000),
        ("0.25ms", Dimension.TIME, 250_000),
        ("1.5 min", Dimension.TIME, 90 * 10**9),
        ("1e-3", Dimension.TIME, 10**6),
        (2, Dimension.TIME, 2 * 10**9),
        ("10 Gbps", Dimension.RATE, 10**10),
        ("1.25 GB/s", Dimension.RATE, 10**10),
        ("30 Mbit/s", Dimension.RATE, 30 * 10**6),
        ("128 GiB", Dimension.BYTES, 128 * 2**30),
        ("16Gi", Dimension.BYTES, 16 * 2**30),
        ("1 GB", Dimension.BYTES, 10**9),
        (Decimal("0.4"), Dimension.SHARE, 400),
        (0.4, Dimension.SHARE, 400),
        ("500m", Dimension.CORES, 500),
        ("1.5", Dimension.CORES, 1500),
        ("1_000", Dimension.COUNT, 1000),
        ("+7", Dimension.COUNT, 7),
        (Fraction(1, 2), Dimension.CORES, 500),
    ],
)
def test_quantities(value: object, dimension: Dimension, amount: int) -> None:
    """Tests that numbers and units give exact whole amounts."""
    assert parse_quantity(value, dimension) == amount


@pytest.mark.parametrize(
    ("value", "dimension", "message"),
    [
        ("5 parsec", Dimension.TIME, "unknown unit 'parsec' here; write for example '250 us'"),
        ("5 kB", Dimension.TIME, "unknown unit 'kB' here; write for example '250 us'"),
        ("5 ms", Dimension.RATE, "unknown unit 'ms' here; write for example '10 Gbps'"),
        ("5 mB", Dimension.BYTES, "unknown unit 'mB' here; write for example '16 GiB'"),
        ("5 k", Dimension.COUNT, "unknown unit 'k' here; write for example '4'"),
        ("-1 ms", Dimension.TIME, "must not be negative, found '-1 ms'"),
        ("0.5 ns", Dimension.TIME, "'0.5 ns' is finer than 1 ns, the smallest step there is"),
        ("0.3", Dimension.BYTES, "'0.3' is finer than 1 byte, the smallest step there is"),
        (True, Dimension.COUNT, "expected a quantity such as '4', found true"),
        (float("nan"), Dimension.COUNT, "expected a quantity such as '4', found nan"),
        (float("inf"), Dimension.COUNT, "expected a quantity such as '4', found inf"),
        (None, Dimension.COUNT, "expected a quantity such as '4', found None"),
        ("", Dimension.COUNT, "not a quantity: ''; write for example '4'"),
        ("ms", Dimension.TIME, "not a quantity: 'ms'; write for example '250 us'"),
        ("1 2", Dimension.COUNT, "not a quantity: '1 2'; write for example '4'"),
        ("1e400", Dimension.RATE, "'1e400' is too large; write for example '10 Gbps'"),
        ("1" * 31, Dimension.RATE, f"'{'1' * 31}' has more than 30 digits"),
    ],
)
def test_faulty_quantities(value: object, dimension: Dimension, message: str) -> None:
    """Tests that what is no quantity is refused in words that say what would be right."""
    with pytest.raises(ValueError, match=r"^") as caught:
        parse_quantity(value, dimension)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, Fraction(3)),
        ("0.1", Fraction(1, 10)),
        ("1/3", Fraction(1, 3)),
        ("1e2", Fraction(100)),
        (0.1, Fraction("0.1")),
    ],
)
def test_numbers(value: object, number: Fraction) -> None:
    """Tests that plain numbers are read exactly, fractions included."""
    assert parse_number(value) == number


@pytest.mark.parametrize("value", ["", "x", "1 s", "1/0", "1/-3", True, None, [], "nan", float("inf")])
def test_faulty_numbers(value: object) -> None:
    """Tests that what is no plain number is refused."""
    with pytest.raises(ValueError, match="expected a number"):
        parse_number(value)


@pytest.mark.parametrize(
    ("value", "dimension", "price"),
    [
        ("0.1 per GiB", Dimension.BYTES, Fraction(1, 10 * 2**30)),
        ("1 per Gbps", Dimension.RATE, Fraction(1, 10**9)),
        (3, Dimension.CORES, Fraction(3, 1000)),
        ("1/3", Dimension.COUNT, Fraction(1, 3)),
        ("2 per ms", Dimension.TIME, Fraction(2, 10**6)),
    ],
)
def test_prices(value: object, dimension: Dimension, price: Fraction) -> None:
    """Tests that prices are exact per smallest unit."""
    assert parse_price(value, dimension) == price


@pytest.mark.parametrize(
    ("value", "dimension", "message"),
    [
        (-1, Dimension.COUNT, "a price must not be negative, found -1"),
        ("1 per Gbps", Dimension.BYTES, "unknown unit 'Gbps' in a price; write for example '0.1 per GiB'"),
        ("1 per 2 GiB", Dimension.BYTES, "unknown unit '2 GiB' in a price; write for example '0.1 per GiB'"),
        ("much per GiB", Dimension.BYTES, "expected a price such as '0.1 per GiB', found 'much per GiB'"),
        (False, Dimension.CORES, "expected a price such as '3', found false"),
    ],
)
def test_faulty_prices(value: object, dimension: Dimension, message: str) -> None:
    """Tests that what is no price is refused in words that say what would be right."""
    with pytest.raises(ValueError, match=r"^") as caught:
        parse_price(value, dimension)
    assert str(caught.value) == message


@given(st.integers(0, 2**53), dimensions)
def test_quantity_round_trip(amount: int, dimension: Dimension) -> None:
    """Tests that every amount is written so that it is read back exactly."""
    assert parse_quantity(format_quantity(amount, dimension), dimension) == amount


@given(st.fractions(0, 10**9, max_denominator=10**9), dimensions)
def test_price_round_trip(price: Fraction, dimension: Dimension) -> None:
    """Tests that every price is written so that it is read back exactly, or refused where digits run out."""
    assert parse_price(format_price(price, dimension), dimension) == price


@pytest.mark.parametrize(
    ("price", "dimension", "text"),
    [
        (Fraction(1, 10 * 2**30), Dimension.BYTES, "0.1 per GiB"),
        (Fraction(1, 10**9), Dimension.RATE, "1 per Gbps"),
        (Fraction(3, 1000), Dimension.CORES, "3"),
        (Fraction(1, 3000), Dimension.CORES, "1/3"),
        (Fraction(0), Dimension.BYTES, "0"),
    ],
)
def test_prices_read_well(price: Fraction, dimension: Dimension, text: str) -> None:
    """Tests that a price is written in the unit that makes it shortest."""
    assert format_price(price, dimension) == text


def test_price_with_too_many_digits() -> None:
    """Tests that a price that cannot be written exactly is refused instead of rounded."""
    with pytest.raises(ValueError, match="too many digits"):
        format_price(Fraction(10**40 + 1, 3), Dimension.COUNT)


@given(st.integers(-(10**12), 10**12), st.integers(0, 12))
def test_decimal_text(digits: int, places: int) -> None:
    """Tests that what is a decimal fraction is written as exactly that."""
    number = Fraction(digits, 10**places)
    assert Fraction(decimal_text(number)) == number


@given(st.fractions(0, 10**12, max_denominator=10**12))
def test_number_round_trip(number: Fraction) -> None:
    """Tests that every number is written so that it is read back exactly."""
    assert parse_number(format_number(number)) == number
