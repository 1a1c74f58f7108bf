"""How commands get at their input: files by name, ``-`` for stdin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mosaico_place.errors import Fault, InputError
from mosaico_place.terminal import complain

if TYPE_CHECKING:
    from mosaico_place.instance import Instance
    from mosaico_place.placement import Placement

_STDIN = "<stdin>"


def is_stdin(path: Path | None) -> bool:
    """Whether the input is to come from stdin."""
    return str(path) == "-"


def called(path: Path) -> str:
    """What messages call a file."""
    return _STDIN if is_stdin(path) else str(path)


def read_instance(path: Path) -> Instance:
    """Load an instance and say what is odd about it."""
    from mosaico_place.validate import warnings

    instance = load_quietly(path)
    complain(f"{called(path)}: warning: {warning}" for warning in warnings(instance))
    return instance


def load_quietly(path: Path) -> Instance:
    """Load an instance; nobody is told what is odd about it."""
    from mosaico_place.load import load_instance, parse_instance

    return parse_instance(*_stdin()) if is_stdin(path) else load_instance(path)


def read_placement(path: Path) -> Placement:
    """Load a placement."""
    from mosaico_place.load import load_placement, parse_placement

    return parse_placement(*_stdin()) if is_stdin(path) else load_placement(path)


def read_start(path: Path | None) -> Placement | None:
    """Load the placement to begin with, if there is one."""
    return None if path is None else read_placement(path)


def _stdin() -> tuple[str, str]:
    """All of stdin, and what faults call it."""
    from mosaico_place.source import MAX_BYTES, decoded

    if sys.stdin is None:
        raise InputError([Fault((), "cannot be read: it is closed", _STDIN)])
    try:
        return decoded(sys.stdin.buffer.read(MAX_BYTES + 1), _STDIN), _STDIN
    except OSError as error:
        raise InputError([Fault((), f"cannot be read: {error.strerror or error}", _STDIN)]) from None
