"""How commands give their answers out: on stdout, or as a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from mosaico_place.cli.ending import Code
from mosaico_place.terminal import complain, put, write_file

PROGRAM = "mosaico-place"


@contextmanager
def writing(what: object) -> Iterator[None]:
    """End the program in plain words if something cannot be written."""
    try:
        yield
    except OSError as error:
        complain([f"{PROGRAM}: {what} cannot be written: {error.strerror or error}"])
        raise typer.Exit(Code.USAGE) from None


def give(content: str) -> None:
    """Write to stdout."""
    with writing("the answer"):
        put(content)


def save(path: Path, content: str) -> None:
    """Write a file."""
    with writing(path):
        write_file(path, content)


def give_instance(content: str, output: Path | None) -> None:
    """Write an instance to a file and say what to do with it, or to stdout if there is none."""
    if output is None:
        give(content)
        return
    save(output, content)
    complain([f"wrote {output}; next: {PROGRAM} solve {output}"])
