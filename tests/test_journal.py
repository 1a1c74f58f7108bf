"""The journal: what it brings back, what it refuses, and what is left of it whenever the process is killed."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from mosaico_place.dynamics.orchestrator import Orchestrator
from mosaico_place.errors import InputError
from mosaico_place.events import Arrive, CapacityChange, Depart, NodeDown
from mosaico_place.instance import Instance
from mosaico_place.load import parse_instance
from mosaico_place.placement import EMPTY, Placement
from tests.test_orchestrator import TWO_SERVERS, S


@pytest.fixture
def instance() -> Instance:
    """Two servers with room for two chains each."""
    return parse_instance(TWO_SERVERS)


def lived(instance: Instance, path: Path) -> Orchestrator:
    """One that has lived through everything that a journal holds; it is closed."""
    with Orchestrator(instance, strategy="classic", journal=path) as orchestrator:
        orchestrator.apply([Arrive(replace(instance.chains["a"], name=name)) for name in ("c", "d")], event_id="1")
        orchestrator.apply(Arrive(replace(instance.chains["a"], name="e"), wait=False), at_ns=S)
        orchestrator.apply([Depart("a"), NodeDown("one")], at_ns=2 * S, event_id="2")
        orchestrator.failed(3, {"c": None}, event_id="3")
        orchestrator.sync(Placement(), at_ns=S)
        orchestrator.apply(CapacityChange("one", {"cpu": 2500}), at_ns=4 * S, event_id="4")
    return orchestrator


def test_it_brings_everything_back(instance: Instance, tmp_path: Path) -> None:
    """Tests that a restart knows what was known, repeats what was answered, and goes on."""
    path = tmp_path / "journal"
    before = lived(instance, path)
    content = path.read_bytes()
    with Orchestrator(instance, EMPTY, strategy="classic", journal=path) as again:
        assert again.restored
        assert again.standing == before.standing
        assert again.apply([Depart("a"), NodeDown("one")], event_id="2") == before.standing.answers["2"]
        assert again.failed(3, {"c": None}, event_id="3") == before.standing.answers["3"]
        assert path.read_bytes() == content
        assert again.apply(Depart("b")).version == before.version + 1
    assert path.read_bytes().startswith(content)


def test_only_what_changed_is_written(instance: Instance, tmp_path: Path) -> None:
    """Tests that a line holds the chains that an answer placed otherwise, and no others."""
    lived(instance, tmp_path / "journal")
    lines = [json.loads(line) for line in (tmp_path / "journal").read_text().splitlines()]
    assert lines[0].keys() == {"journal", "instance", "digest"}
    assert [set(line["decision"]["chains"]) for line in lines[1:4]] == [{"a", "b"}, {"c", "d"}, set()]
    assert [event.keys() for event in lines[2]["events"]] == [{"arrive"}] * 2


def test_any_torn_end(instance: Instance, tmp_path: Path) -> None:
    """Tests that wherever the writing was cut short, what was written before is what is known."""
    path = tmp_path / "journal"
    lived(instance, path)
    content = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    for cut in [*range(0, ends[0] + 1, 7), *range(ends[2] - 3, len(content), 97), *(end - 1 for end in ends), *ends]:
        path.write_bytes(content[:cut])
        whole = [end for end in ends if end <= cut]
        with Orchestrator(instance, strategy="classic", journal=path) as again:
            assert again.version == max(len(whole) - 1, 1)
            assert again.restored == (len(whole) > 1)
            if again.restored:
                assert path.read_bytes() == content[: whole[-1]]
            again.apply(CapacityChange("two", {"cpu": 9000}))


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda lines: [*lines[:2], b"{", *lines[3:]], "journal:3:1: is broken: "),
        (lambda lines: lines[:2] + lines[3:], "journal:3:1: is broken: holds version 3, not 2"),
        (lambda lines: lines[1:], "journal:1:1: is no journal"),
        (lambda _: [b"format: 1", b"name: x", b""], "journal:1:1: is no journal"),
        (lambda _: [b"format: 1"], "journal: is no journal"),
    ],
)
def test_what_is_no_journal(instance: Instance, tmp_path: Path, spoil: object, fault: str) -> None:
    """Tests that what is broken before its end, or is something else, is refused and left as it is."""
    assert callable(spoil)
    path = tmp_path / "journal"
    lived(instance, path)
    content = b"\n".join(spoil(path.read_bytes().split(b"\n")))
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        Orchestrator(instance, strategy="classic", journal=path)
    assert fault in str(caught.value)
    assert path.read_bytes() == content


def test_of_another_instance(instance: Instance, tmp_path: Path) -> None:
    """Tests that a journal serves no other instance, and no two processes."""
    path = tmp_path / "journal"
    with Orchestrator(instance, strategy="classic", journal=path), pytest.raises(InputError, match="is in use"):
        Orchestrator(instance, strategy="classic", journal=path)
    with pytest.raises(InputError, match="belongs to the instance 'two-servers' as it was"):
        Orchestrator(instance.without_chain("a"), strategy="classic", journal=path)


def test_a_full_disk(instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that what cannot be written is not decided, and leaves the journal as it was."""
    path = tmp_path / "journal"
    with Orchestrator(instance, strategy="classic", journal=path) as orchestrator:
        content, standing = path.read_bytes(), repr(orchestrator.standing)
        write = os.write

        def full(file: int, data: bytes) -> int:
            if len(data) > 20:
                return write(file, bytes(data[:20]))
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(OSError, match="No space"):
                orchestrator.apply(Depart("a"))
        assert path.read_bytes() == content
        assert repr(orchestrator.standing) == standing
        assert orchestrator.apply(Depart("a")).version == 2
