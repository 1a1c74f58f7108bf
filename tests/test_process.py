"""The program as a process: its streams, its files, its signals, its own faults."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path

import pytest

from mosaico_place.document import from_json
from mosaico_place.errors import SolverError
from mosaico_place.load import load_instance
from mosaico_place.method import Options
from mosaico_place.placement import EMPTY
from mosaico_place.result import Result, Termination
from mosaico_place.source import MAX_BYTES
from tests.program import Ended, Run, fake, program, result


def test_program_in_a_process_of_its_own(run: Run, tmp_path: Path) -> None:
    """Tests the way of a new user from end to end: new, solve, check; solve in a process of its own."""
    instance, placement = tmp_path / "mine.yaml", tmp_path / "answer.json"
    created = run("new", instance)
    assert (created.code, created.out) == (0, "")
    solved = program("solve", instance, "--json", "-o", placement)
    assert (solved.returncode, solved.stderr) == (0, "")
    assert placement.read_text(encoding="utf-8") == solved.stdout
    assert from_json(solved.stdout).termination is Termination.OPTIMAL
    checked = run("check", instance, "-", stdin=solved.stdout)
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.startswith("my-first-instance: no rule broken\n")


def test_heavy_imports_are_lazy() -> None:
    """Tests that what ``--help`` imports is light."""
    code = "import mosaico_place.cli, sys; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["pyomo", "highspy", "scipy", "numpy", "pydantic", "networkx", "yaml", "rich"]
    loaded = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    # typer brings pydantic along on its own in some versions.
    assert set(json.loads(loaded.stdout.replace("'", '"'))) <= {"pydantic"}


@pytest.mark.parametrize("error", [RuntimeError("the sky\nfell"), SolverError("the sky\nfell", "replay me")])
def test_our_bugs(run: Run, monkeypatch: pytest.MonkeyPatch, template: Path, tmp_path: Path, error: Exception) -> None:
    """Tests that a bug ends with 1, plain words, and a file that holds what the words leave out."""

    def fail(_: Options) -> Result:
        raise error

    fake(monkeypatch, fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = run("solve", template, "--json")
    assert (ended.code, ended.out) == (1, "")
    assert "this is a bug in mosaico-place" in ended.err
    assert "the sky fell" in ended.err
    assert "Traceback" not in ended.err
    crash = tmp_path / f"mosaico-place-crash-{os.getpid()}.txt"
    assert str(crash) in ended.err
    assert "Traceback" in crash.read_text(encoding="utf-8")
    assert getattr(error, "replay", "") in crash.read_text(encoding="utf-8")
    assert run("solve", template).code == 1
    assert len(list(tmp_path.glob("mosaico-place-crash-*"))) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_keeps_the_best_answer(
    run: Run, monkeypatch: pytest.MonkeyPatch, template: Path, number: signal.Signals
) -> None:
    """Tests that Ctrl-C and SIGTERM ask the solver to stop, and that the old handlers are back afterwards."""
    before = signal.getsignal(number)

    def interrupted(options: Options) -> Result:
        os.kill(os.getpid(), number)
        assert options.stop.wait(5)
        return result(Termination.INTERRUPTED, EMPTY)

    fake(monkeypatch, interrupted)
    ended = run("solve", template, "--json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.json["termination"] == "interrupted"
    assert signal.getsignal(number) is before


def test_second_ctrl_c_gives_up(run: Run, monkeypatch: pytest.MonkeyPatch, template: Path) -> None:
    """Tests that a second Ctrl-C ends at once with 130, nothing on stdout, and the old handler back."""
    before = signal.getsignal(signal.SIGINT)

    def interrupted(options: Options) -> Result:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
        assert options.stop.wait(5)
        raise AssertionError("still there")

    fake(monkeypatch, interrupted)
    assert run("solve", template, "--json") == Ended(130, "", "")
    assert signal.getsignal(signal.SIGINT) is before


def test_answer_is_printed_even_if_the_file_cannot_be_written(
    run: Run, monkeypatch: pytest.MonkeyPatch, template: Path, tmp_path: Path
) -> None:
    """Tests that a full disk costs the file, but neither the answer nor the file that was there."""
    answer = tmp_path / "answer.json"
    answer.write_text("old", encoding="utf-8")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    fake(monkeypatch, lambda _: result(Termination.OPTIMAL, EMPTY))
    monkeypatch.setattr(Path, "replace", full)
    ended = run("solve", template, "--json", "-o", answer)
    assert ended.code == 2
    assert ended.json["termination"] == "optimal"
    assert "answer.json cannot be written: No space left on device" in ended.err
    assert answer.read_text(encoding="utf-8") == "old"
    assert sorted(tmp_path.iterdir()) == [answer, template]


def test_output_follows_links_and_feeds_devices(
    run: Run, monkeypatch: pytest.MonkeyPatch, template: Path, tmp_path: Path
) -> None:
    """Tests that a symbolic link stays one, that a file keeps its rights, and that a device is written to."""
    fake(monkeypatch, lambda _: result(Termination.OPTIMAL, EMPTY))
    answer, link = tmp_path / "answer.json", tmp_path / "link.json"
    answer.write_text("old", encoding="utf-8")
    answer.chmod(0o640)
    link.symlink_to(answer)
    assert run("solve", template, "-o", link).code == 0
    assert link.is_symlink()
    assert answer.read_text(encoding="utf-8").startswith("{")
    assert answer.stat().st_mode & 0o777 == 0o640
    assert run("solve", template, "-o", os.devnull).code == 0


def test_progress_is_for_terminals(run: Run, monkeypatch: pytest.MonkeyPatch, template: Path) -> None:
    """Tests that progress shows on stderr where that is a terminal, while stdout stays one document."""
    ours, theirs = os.openpty()
    with open(theirs, "w", encoding="utf-8") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        ended = run("solve", template, "--json")
    assert ended.code == 0
    assert from_json(ended.out).accepted
    assert b"build: " in os.read(ours, 10_000)
    os.close(ours)


def test_reader_that_goes_away() -> None:
    """Tests that a closed pipe is no fault: no words about it, and no exit code."""
    command = f'{sys.executable} -m mosaico_place schema instance 2>&3 | head -c 1; exit "${{PIPESTATUS[0]}}"'
    ended = subprocess.run(["bash", "-c", f"exec 3>&2; {command}"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "{", "")


def test_names_that_the_terminal_cannot_show(run: Run, template: Path) -> None:
    """Tests that a name outside the encoding of stdout neither crashes nor spoils a document."""
    text = template.read_text(encoding="utf-8").replace("my-first-instance", "Zürich")
    template.write_text(text, encoding="utf-8")
    assert isinstance(sys.stdout, TextIOWrapper)
    sys.stdout.reconfigure(encoding="ascii")
    told = run("solve", template)
    assert told.code == 0
    assert told.out.startswith("Z\\xfcrich: optimal")
    assert run("solve", template, "--json").json["instance"] == "Zürich"


def test_instance_from_stdin(run: Run, template: Path) -> None:
    """Tests that an instance can be piped in."""
    text = template.read_text(encoding="utf-8")
    ended = run("solve", "-", "--json", stdin=text)
    assert ended.code == 0
    assert ended.err == ""
    assert from_json(ended.out).instance == load_instance(template).name
    bad = run("validate", "-", stdin=text.replace("kind: access", "kind: acces"))
    assert bad.code == 3
    assert bad.err.startswith("<stdin>:")


def test_closed_stdin() -> None:
    """Tests that a stdin that the caller has closed is a fault of the input, and no crash."""
    ended = program("validate", "-", preexec_fn=lambda: os.close(0))
    assert (ended.returncode, ended.stderr) == (3, "<stdin>: cannot be read: it is closed\n")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "<stdin>: is empty"),
        (b"format: 1\nname: caf\xe9\n", "<stdin>:2:10: is not UTF-8 text"),
        (b" " * (MAX_BYTES + 1), "<stdin>: is larger than 64 MiB"),
    ],
    ids=["empty", "latin-1", "large"],
)
def test_unusable_stdin(run: Run, content: bytes, fault: str) -> None:
    """Tests that stdin is judged like a file."""
    ended = run("validate", "-", stdin=content)
    assert (ended.code, ended.err) == (3, fault + "\n")


@pytest.mark.parametrize("change", [lambda text: text.replace("\n", "\r\n"), lambda text: "\ufeff" + text])
def test_text_of_windows(run: Run, template: Path, tmp_path: Path, change: Callable[[str], str]) -> None:
    """Tests that Windows line ends and a byte order mark change nothing, from a file and from stdin."""
    path = tmp_path / "windows.yaml"
    path.write_bytes(change(template.read_text(encoding="utf-8")).encode())
    piped = run("validate", "-", stdin=path.read_bytes())
    assert (run("validate", path).code, piped.code, piped.err) == (0, 0, "")
