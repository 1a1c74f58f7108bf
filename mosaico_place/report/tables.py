"""Tables, and the characters that they make for stdout."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

_WIDEST = 100
_WITHOUT_TERMINAL = 80


def text(content: RenderableType) -> str:
    """The content as written to stdout: as wide as its terminal, with colours only where they are seen."""
    terminal = sys.stdout.isatty()
    width = min(shutil.get_terminal_size().columns, _WIDEST) if terminal else _WITHOUT_TERMINAL
    # Names come from the user: without this "[red]" or ":smile:" in one would be taken for markup.
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as capture:
        console.print(content)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def titled(title: str, table: Table, more: int = 0, where: str = "--json") -> Iterator[RenderableType]:
    """A table under its title; ``more`` rows are left out, which ``where`` has."""
    yield Text(f"\n{title}", style="bold")
    yield table
    if more > 0:
        yield Text(f" ... and {more} more; {where} shows them all", style="dim")


def new_table(*headers: str) -> Table:
    """A table without frame; ``>`` before a header aligns its column to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for header in headers:
        right = header.startswith(">")
        table.add_column(header.lstrip(">"), justify="right" if right else "left", overflow="fold")
    return table
