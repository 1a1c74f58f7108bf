"""The edges of the process: its streams, the files it leaves behind, its signals."""

from __future__ import annotations

import os
import platform
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

_HINT = b"\nstopping with the best answer so far; press Ctrl-C again to give up\n"


def open_streams() -> None:
    """Make sure that stdout and stderr exist and can take any text."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def put(text: str) -> None:
    """Write to stdout; a reader that has gone away is no fault.

    Raises:
        OSError: the text cannot be written for another reason, such as a full disk.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon(sys.stdout)
    except OSError:
        _abandon(sys.stdout)
        raise


def complain(lines: Iterable[str]) -> None:
    """Write lines to stderr, whatever becomes of them."""
    try:
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.flush()
    except OSError:
        _abandon(sys.stderr)


def end_process(code: int) -> NoReturn:
    """Exit; at once if a solve that was given up is still running, which Python would wait for."""
    solver = sys.modules.get("mosaico_place.exact.highs")
    if solver is not None and solver.running():
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    sys.exit(code)


def _abandon(stream: TextIO) -> None:
    """Send what is still in the buffer nowhere: Python would fail on it once more when it exits."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def write_file(path: Path, text: str) -> None:
    """Write a whole file or none: readers see the old content or the new, never half of it.

    Raises:
        OSError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():  # a pipe or a device takes what it is given
        target.write_text(text, encoding="utf-8")
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def report_crash(error: BaseException, program: str) -> None:
    """Say in plain words that the fault is ours, and leave a file from which it can be replayed."""
    from importlib.metadata import version

    details = [
        f"{program} {version(program)}, Python {platform.python_version()}, {platform.platform()}",
        f"arguments: {sys.argv[1:]}",
        "".join(traceback.format_exception(error)),
        getattr(error, "replay", ""),
    ]
    summary = " ".join(f"{type(error).__name__}: {error}".split())
    lines = [f"{program}: this is a bug in {program}, not in your input.", f"  {_short(summary)}"]
    try:
        lines.append(f"Everything needed to replay it is in {_leave(program, chr(10).join(details))}")
    except OSError as failure:
        lines.append(f"What would replay it could not be written to {tempfile.gettempdir()}: {failure.strerror}")
    complain([*lines, "Please send it to the authors."])


def _leave(program: str, text: str) -> Path:
    """Write a file that did not exist, readable by its owner only, since it holds the user's input."""
    path = Path(tempfile.gettempdir()) / f"{program}-crash-{os.getpid()}.txt"
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        file, name = tempfile.mkstemp(prefix=f"{program}-crash-{os.getpid()}-", suffix=".txt")
        path = Path(name)
    with open(file, "w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(text)
    return path


def _short(text: str, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into an event, and the next one into a KeyboardInterrupt."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        if sys.stderr.isatty():
            # Not through sys.stderr: the signal may have come while something was being written there.
            with suppress(OSError):
                os.write(sys.stderr.fileno(), _HINT)

    if threading.current_thread() is not threading.main_thread():  # signals are not ours to take there
        yield stop
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
