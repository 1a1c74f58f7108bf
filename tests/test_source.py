"""Tests of reading YAML and JSON text with positions."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mosaico_place import source as source_module
from mosaico_place.errors import InputError
from mosaico_place.source import from_data, read_file, read_text


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("0.1", Decimal("0.1")),
        ("-1.50", Decimal("-1.50")),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("True", "True"),
        ("014", "014"),
        ("0x1F", "0x1F"),
        ("1e3", "1e3"),
        ("12:30:45", "12:30:45"),
        ("2026-01-02", "2026-01-02"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("-0", "-0"),
        ("0.0000001", "0.0000001"),
        ("1_000", "1_000"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("|-\n  5", "5"),
    ],
)
def test_scalars(written: str, value: object) -> None:
    """Tests that a scalar is what YAML 1.2 says, exactly, and text where a number would not show as it is written."""
    read = read_text(f"key: {written}\n").data
    assert isinstance(read, dict)
    assert read["key"] == value
    assert type(read["key"]) is type(value)


def test_keys_are_text() -> None:
    """Tests that keys stay as written, whatever they look like."""
    assert read_text("{1: a, true: b, 014: c, null: d, 1.10: e}").data == {
        "1": "a",
        "true": "b",
        "014": "c",
        "null": "d",
        "1.10": "e",
    }


def test_json() -> None:
    """Tests that JSON is read, with its escapes beyond 16 bits."""
    text = '{"a": [1, 2.5, true, null, "\\u00e9", "\\ud83d\\ude00", "\\\\ud83d\\\\ude00"]}'
    assert read_text(text).data == {"a": [1, Decimal("2.5"), True, None, "é", "😀", "\\ud83d\\ude00"]}


def test_aliases_are_shared() -> None:
    """Tests that an alias stands for the very thing that its anchor names."""
    data = read_text("a: &x {b: 1}\nc: *x\nd: [&y 5, *y]\n").data
    assert data == {"a": {"b": 1}, "c": {"b": 1}, "d": [5, 5]}


TEXT = """\
top:
  inner: {a: 1, b: [x, {c: 2}]}
  list:
  - one
  -  two
"""


@pytest.mark.parametrize(
    ("path", "key", "position"),
    [
        ((), False, (1, 1)),
        (("top",), False, (1, 1)),
        (("top", "inner"), False, (2, 3)),
        (("top", "inner", "a"), False, (2, 14)),
        (("top", "inner", "a"), True, (2, 11)),
        (("top", "inner", "b"), False, (2, 17)),
        (("top", "inner", "b", 1), False, (2, 24)),
        (("top", "inner", "b", 1, "c"), False, (2, 28)),
        (("top", "list", 1), False, (5, 6)),
        (("top", "list", 7), False, (3, 3)),
        (("top", "nothing", "deeper"), False, (1, 1)),
    ],
)
def test_positions(path: tuple[str | int, ...], key: bool, position: tuple[int, int]) -> None:
    """Tests that a single value is located itself, a mapping or list at its key, and a missing part at its parent."""
    assert read_text(TEXT).locate(path, key=key) == position


def test_columns_count_characters() -> None:
    """Tests that a column counts characters and not bytes."""
    assert read_text("é: {ü: ß, x: 1}").locate(("é", "x")) == (1, 14)


def test_all_duplicates_at_once() -> None:
    """Tests that all duplicate keys are collected, with the first value kept, and what follows is still read."""
    source = read_text("a: 1\nb: {c: 1, c: {d: [1, 2]}}\na: 2\ne: 3\n", "f")
    assert source.data == {"a": 1, "b": {"c": 1}, "e": 3}
    assert [str(fault) for fault in source.faults] == [
        "f:2:11: b.c: duplicate key 'c', given before in line 2",
        "f:3:1: a: duplicate key 'a', given before in line 1",
    ]


def test_byte_order_mark_and_line_ends(tmp_path: Path) -> None:
    """Tests that a file may begin with a byte order mark and end its lines like Windows does."""
    path = tmp_path / "x.yaml"
    path.write_bytes("\ufeffa: é\r\nb: 2\r\n".encode())
    source = read_file(path)
    assert source.data == {"a": "é", "b": 2}
    assert source.locate(("b",)) == (2, 4)


def test_data_without_text() -> None:
    """Tests that data in memory is copied with text keys, and has an order but no positions."""
    source = from_data({7: (1, 2), True: {"b": 3}})
    assert source.data == {"7": [1, 2], "true": {"b": 3}}
    assert source.locate(("7", 0)) is None
    assert source.order(("7", 1)) < source.order(("true", "b"))


def test_data_in_a_circle() -> None:
    """Tests that data which contains itself is a fault."""
    data: dict[str, object] = {}
    data["self"] = data
    with pytest.raises(InputError, match="nested deeper"):
        from_data(data)


def test_pure_python_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that everything reads the same where PyYAML was built without its C parser."""
    monkeypatch.setattr(source_module, "_LOADER", yaml.SafeLoader)
    source = read_text(TEXT)
    assert source.data == {"top": {"inner": {"a": 1, "b": ["x", {"c": 2}]}, "list": ["one", "two"]}}
    assert source.locate(("top", "inner", "a")) == (2, 14)
    with pytest.raises(InputError, match="nested deeper than 60 levels"):
        read_text("[" * 1000)


texts = st.text(max_size=15).filter(str.isprintable)
scalars = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | texts
trees = st.recursive(scalars, lambda below: st.lists(below, max_size=4) | st.dictionaries(texts, below, max_size=4))


@given(trees)
def test_reads_what_pyyaml_writes(tree: object) -> None:
    """Tests that data survives being written by PyYAML and read here."""
    source = read_text(yaml.safe_dump(tree, allow_unicode=True))
    assert source.data == tree
    assert not source.faults


@given(st.text(max_size=60))
def test_no_text_crashes(text: str) -> None:
    """Tests that any text is read or refused, with nothing else raised."""
    with contextlib.suppress(InputError):
        read_text(text)
