"""The lines of a stream as they come, and the JSON of each."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Iterator
from decimal import Decimal

from mosaico_place.errors import Fault, InputError, shown
from mosaico_place.source import MAX_BYTES, decoded

_PART = 1 << 16


def lines_of(file: int) -> queue.Queue[bytes | None]:
    """The lines of a file as they come, then None; read in a thread, so that nothing waits for them."""
    lines: queue.Queue[bytes | None] = queue.Queue(maxsize=10_000)

    def read() -> None:
        for line in _split(file):
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines


def _split(file: int) -> Iterator[bytes]:
    """Whole lines, and what is left at the end; of a line that is too long, no more than shows that."""
    rest, too_long = bytearray(), False
    while part := _read(file):
        rest += part
        *whole, rest = rest.split(b"\n") if b"\n" in part else [rest]
        for line in whole:
            if not too_long:
                yield bytes(line)
            too_long = False
        if len(rest) > MAX_BYTES:
            if not too_long:
                yield bytes(rest)
            rest, too_long = bytearray(), True
    if rest and not too_long:
        yield bytes(rest)


def _read(file: int) -> bytes:
    """What has come by now, nothing at the end."""
    try:
        return os.read(file, _PART)
    except OSError:
        return b""


def parsed(text: bytes) -> object:
    """The JSON of a line, exactly."""
    try:
        return json.loads(
            decoded(text, ""), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once_each
        )
    except json.JSONDecodeError as error:
        raise InputError([Fault((), f"is no JSON: {error.msg}, at column {error.colno}")]) from None
    except RecursionError:
        raise InputError([Fault((), "is nested too deep")]) from None


def _no_number(text: str) -> object:
    raise InputError([Fault((), f"is no JSON: {text} is no number")])


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise InputError([Fault((), f"the key {shown(key)} is given twice")])
        found[key] = value
    return found
