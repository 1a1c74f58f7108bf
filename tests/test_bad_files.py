"""Every broken file beside its exact message: ``data/bad/NAME.yaml`` and ``data/bad/NAME.txt``."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.large import large_instance
from mosaico_place.errors import InputError
from mosaico_place.load import load_instance, parse_instance
from mosaico_place.source import MAX_BYTES
from tests.program import Ended, Run

BAD = Path(__file__).parent / "data" / "bad"
FILES = sorted(path for path in BAD.iterdir() if path.suffix != ".txt")


def messages(text: str) -> list[str]:
    """What is said about a text."""
    with pytest.raises(InputError) as caught:
        parse_instance(text, "x.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_bad_file(path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Tests that a broken file gives exactly the faults beside it, in the order of the file, and exit code 3."""
    monkeypatch.chdir(BAD)
    expected = path.with_suffix(".txt").read_text(encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_instance(path.name)
    assert str(caught.value) + "\n" == expected
    assert run("solve", path.name) == Ended(3, "", expected)


def test_enough_bad_files() -> None:
    """Tests that there are at least 45 of them, and no expectation without its file."""
    assert len(FILES) >= 45
    assert {path.stem for path in FILES} == {path.stem for path in BAD.glob("*.txt")}


@pytest.mark.parametrize("text", ["[" * 50_000, "{a: " * 50_000, "- " * 50_000, "? " * 50_000])
def test_deep_nesting(text: str) -> None:
    """Tests that 50,000 nested brackets are a fault, and no crash of the parser."""
    assert len(messages(text)) == 1


def test_deep_nesting_message() -> None:
    """Tests the words and the position for nesting that is too deep."""
    assert messages("[" * 50_000) == ["x.yaml:1:61: is nested deeper than 60 levels"]


def test_alias_bomb() -> None:
    """Tests that aliases of aliases, ten times ten times ten ..., are stopped where they exceed the limit."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    for name, before in zip("bcdefghij", "abcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]")
    assert messages("\n".join(lines)) == ["x.yaml:6:29: aliases blow this document up by more than 1,000,000 values"]


def test_too_large_file(tmp_path: Path) -> None:
    """Tests that a file above 64 MiB is refused unread."""
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError) as caught:
        load_instance(path)
    assert str(caught.value) == f"{path}: is larger than 64 MiB"


def test_one_fault_in_a_large_file() -> None:
    """Tests that one wrong unit in 2 MB is found, alone and with its place."""
    text = large_instance(5700)
    assert len(text) > 2_000_000
    end = text.rindex("10 ms")
    faulty = text[:end] + "10 mm" + text[end + 5 :]
    line = faulty.count("\n", 0, end) + 1
    assert messages(faulty) == [
        f"x.yaml:{line}:34: chains.c5699.latency.0.within: unknown unit 'mm' here; write for example '250 us'"
    ]


@pytest.mark.parametrize("kind", ["missing", "directory"])
def test_unreadable(tmp_path: Path, kind: str) -> None:
    """Tests that what cannot be read is one plain fault."""
    path = tmp_path if kind == "directory" else tmp_path / "missing.yaml"
    with pytest.raises(InputError) as caught:
        load_instance(path)
    assert str(caught.value).startswith(f"{path}: cannot be read: ")
