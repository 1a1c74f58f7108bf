"""What is read from single words of the command line; what is no such value is refused, with what would be right."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import typer

from mosaico_place.errors import suggestion
from mosaico_place.levers import Lever


def lever(text: str) -> Lever:
    """A freedom by name."""
    if text in set(Lever):
        return Lever(text)
    close = suggestion(text, list(Lever))
    hint = f"did you mean {close}?" if close else f"there are {', '.join(Lever)}"
    raise typer.BadParameter(f"no lever {text!r}; {hint}")


def readable(text: str) -> Path:
    """A file that is there, or ``-`` for stdin."""
    path = Path(text)
    if os.path.isdir(text):
        raise typer.BadParameter(f"{text} is a folder; name a file in it")
    if text == "-" or os.path.exists(text):  # unlike Path.exists, never raises
        return path
    with suppress(OSError):
        beside = [other.name for other in path.parent.iterdir() if other.is_file()]
        if close := suggestion(path.name, beside):
            raise typer.BadParameter(f"there is no file {text}; did you mean {path.with_name(close)}?")
    raise typer.BadParameter(f"there is no file {text}")


def seconds(text: str) -> float:
    """Seconds from a quantity such as ``60s``."""
    from mosaico_place.quantities import Dimension, parse_quantity

    time_ns = 0
    with suppress(ValueError):
        time_ns = parse_quantity(text, Dimension.TIME)
    if time_ns == 0:
        raise typer.BadParameter(f"must be a time above 0, found {text!r}; write for example 60s or 5min")
    return time_ns / 1e9


def seconds_or_none_at_all(text: str) -> float:
    """Seconds from a quantity such as ``10s``, or 0."""
    return 0.0 if text in ("0", "0.0", "0s", "0 s") else seconds(text)


def share(text: str) -> float:
    """A number from 0 up, such as a relative gap."""
    with suppress(ValueError):
        if 0 <= float(text) < float("inf"):
            return float(text)
    raise typer.BadParameter(f"must be a number from 0 up, found {text!r}; write for example 1e-4")


def whole(least: int, most: int) -> Callable[[str], int]:
    """Reads whole numbers in a range."""

    def number(text: str) -> int:
        with suppress(ValueError):
            if least <= int(text) <= most:
                return int(text)
        raise typer.BadParameter(f"must be a whole number from {least} to {most}, found {text!r}")

    return number
