"""The journal: every decision on a line of its own, on the disk before anyone is told of it.

The first line names the instance that the journal belongs to. A process may be killed at any moment: a last line that
is torn belongs to a decision that nobody was told of, and is taken away when the journal is opened again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mosaico_place.dumping import dump
from mosaico_place.dynamics.decision import Decision, Done
from mosaico_place.dynamics.documents import decision_line, done_line, read_line
from mosaico_place.errors import Fault, InputError
from mosaico_place.instance import Instance

FORMAT = 1

_BEGIN = b'{"journal":'


class Journal:
    """A file that only grows, held by one process at a time.

    Args:
        path: made if it does not exist.
        instance: what it is to be of.

    Raises:
        InputError: it is of another instance, no journal, broken before its last line, or in use.
        OSError: it cannot be read or written.
    """

    def __init__(self, path: Path, instance: Instance) -> None:
        self.path = path
        self._resources = instance.resources
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            self._lock()
            self._lines = self._read()
            digest = hashlib.sha256(dump(instance).encode()).hexdigest()
            if self._lines:
                self._check_head(self._lines.pop(0), digest)
            else:
                self._write({"journal": FORMAT, "instance": instance.name, "digest": digest})
                _keep_name(path)
        except BaseException:
            self.close()
            raise

    def entries(self) -> Iterator[Decision | Done]:
        """What was written before the journal was opened, once."""
        lines, self._lines = self._lines, []
        version = 0
        for number, line in enumerate(lines, start=2):
            try:
                entry = read_line(line, self._resources)
            except InputError as error:
                raise self._broken(number, error.faults[0].message) from None
            if isinstance(entry, Decision):
                version += 1
                if entry.version != version:
                    raise self._broken(number, f"holds version {entry.version}, not {version}")
            yield entry

    def append(self, entry: Decision | Done) -> None:
        """Write what was decided or done, and wait until the disk has it.

        Raises:
            OSError: it cannot be written; the journal is as it was.
        """
        self._write(done_line(entry) if isinstance(entry, Done) else decision_line(entry, self._resources))

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _read(self) -> list[bytes]:
        """All whole lines; what comes after the last of them is cut off."""
        content = b"".join(iter(lambda: os.read(self._file, 1 << 20), b""))
        self._end = content.rfind(b"\n") + 1
        if self._end < len(content):
            if not self._end and not _BEGIN.startswith(content[: len(_BEGIN)]):
                raise InputError([Fault((), "is no journal", str(self.path))])
            os.ftruncate(self._file, self._end)
        return content[: self._end].splitlines()

    def _check_head(self, line: bytes, digest: str) -> None:
        try:
            head = json.loads(line)
        except ValueError:
            head = None
        if not isinstance(head, dict) or head.get("journal") != FORMAT:
            raise InputError([Fault((), "is no journal", f"{self.path}:1:1")])
        if head.get("digest") != digest:
            message = f"belongs to the instance {head.get('instance')!r} as it was; name another file for this one"
            raise InputError([Fault((), message, f"{self.path}:1:1")])

    def _write(self, line: object) -> None:
        text = json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n"
        rest = memoryview(text.encode())
        try:
            os.lseek(self._file, self._end, os.SEEK_SET)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise
        self._end += len(text)

    def _lock(self) -> None:
        """Refuse a journal that another process goes on with; where the system knows no locks, trust the user."""
        try:
            import fcntl
        except ImportError:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError([Fault((), "is in use by another process", str(self.path))]) from None

    def _broken(self, line: int, why: str) -> InputError:
        return InputError([Fault((), f"is broken: {why}", f"{self.path}:{line}:1")])


def _keep_name(path: Path) -> None:
    """Wait until the disk knows that the file exists."""
    with suppress(OSError):  # not every system lets a folder be opened
        folder = os.open(path.resolve().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
