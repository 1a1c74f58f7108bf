"""One live line on stderr that shows how a solve is getting on, if stderr is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mosaico_place.method import Progress

if TYPE_CHECKING:
    from rich.text import Text

_PER_SECOND = 4


@contextmanager
def shown(levels: int) -> Iterator[Callable[[Progress], None]]:
    """Show how a solve gets on while the block runs; the line is gone afterwards.

    Args:
        levels: how many levels the objective has.

    Yields:
        What to give to :class:`mosaico_place.method.Options` as ``progress``. It may be called from any thread.
    """
    line = Line(levels)
    with _drawn(line.text):
        yield line.update


@contextmanager
def told() -> Iterator[Callable[[str], None]]:
    """Show the words that were told last, and for how long the block has run; the line is gone afterwards."""
    words, started = ["start"], time.monotonic()

    def text() -> Text:
        from rich.text import Text

        return Text(f"{words[0]}, {time.monotonic() - started:.0f} s", no_wrap=True, overflow="ellipsis")

    def tell(latest: str) -> None:
        words[0] = latest

    with _drawn(text):
        yield tell


@contextmanager
def _drawn(text: Callable[[], Text]) -> Iterator[None]:
    """Draw a line on stderr again and again, if that is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    # Whatever else is written meanwhile goes where it was sent: stdout holds the answer and nothing else.
    with Live(
        get_renderable=text,
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        refresh_per_second=_PER_SECOND,
    ):
        yield


class Line:
    """The latest news, and how it reads.

    Attributes:
        levels: how many levels the objective has.
    """

    def __init__(self, levels: int) -> None:
        self.levels = levels
        self._latest = Progress(phase="start", elapsed_s=0.0)
        self._heard = time.monotonic()

    def update(self, latest: Progress) -> None:
        """Take the news in; they are drawn at the next refresh."""
        self._latest, self._heard = latest, time.monotonic()

    def text(self) -> Text:
        """The line as of now: between two pieces of news only the time goes on."""
        from rich.text import Text

        since = time.monotonic() - self._heard
        return Text(describe(self._latest, self.levels, since), no_wrap=True, overflow="ellipsis")


def describe(latest: Progress, levels: int, since_s: float = 0.0) -> str:
    """Progress in words, ``since_s`` seconds after it was told.

    >>> describe(Progress("solve", 2.0, level=1, incumbent=10.0, bound=9.0, nodes=7), levels=3)
    'solve, level 2 of 3: value 10, bound 9, gap 10 %, 7 nodes, 2 s'
    """
    facts = []
    if latest.incumbent is not None:
        facts.append(f"value {latest.incumbent:.6g}")
    if latest.bound is not None:
        facts.append(f"bound {latest.bound:.6g}")
    if latest.incumbent is not None and latest.bound is not None:
        facts.append(f"gap {_gap_percent(latest.incumbent, latest.bound):.3g} %")
    if latest.nodes is not None:
        facts.append(f"{latest.nodes} nodes")
    facts.append(f"{latest.elapsed_s + since_s:.0f} s")
    level = f", level {latest.level} of {levels}" if latest.level is not None else ""
    return f"{latest.phase}{level}: {', '.join(facts)}"


def _gap_percent(value: float, bound: float) -> float:
    if value - bound <= 1e-6:
        return 0.0
    return min(100.0 * (value - bound) / max(abs(value), 1e-6), 999.0)
