"""A drawing of how something grows with size: curves on two logarithmic axes, as SVG by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 170, 20, 50
_COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e5ea2", "#7f7f7f")
_FONT = 'font-family="sans-serif" font-size="12"'


class Curve(NamedTuple):
    """A name and points (x, y), all above 0."""

    name: str
    points: Sequence[tuple[float, float]]


class _Axis(NamedTuple):
    """Powers of ten from ``low`` to ``high``, drawn from ``begin`` to ``end`` in pixels."""

    low: int
    high: int
    begin: float
    end: float

    def at(self, value: float) -> float:
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.begin + part * (self.end - self.begin), 1)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def growth(curves: Sequence[Curve], across: str, up: str) -> str:
    """The drawing.

    Args:
        curves: those without points are only named.
        across: what the horizontal axis shows; up: the vertical one.
    """
    xs = _axis([x for curve in curves for x, _ in curve.points], _LEFT, _WIDTH - _RIGHT)
    ys = _axis([y for curve in curves for _, y in curve.points], _HEIGHT - _BOTTOM, _TOP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT}>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        *_grid(xs, ys),
        f'<text x="{(xs.begin + xs.end) / 2}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(across)}</text>',
        f'<text x="14" y="{(ys.begin + ys.end) / 2}" text-anchor="middle" '
        f'transform="rotate(-90 14 {(ys.begin + ys.end) / 2})">{escape(up)}</text>',
    ]
    for number, curve in enumerate(curves):
        lines += _drawn(curve, _COLOURS[number % len(_COLOURS)], number, xs, ys)
    return "\n".join([*lines, "</svg>", ""])


def _axis(values: Sequence[float], begin: float, end: float) -> _Axis:
    low = math.floor(math.log10(min(values, default=1.0)))
    return _Axis(low, max(math.ceil(math.log10(max(values, default=10.0))), low + 1), begin, end)


def _grid(xs: _Axis, ys: _Axis) -> Iterator[str]:
    """A line and a number for every power of ten."""
    for tick in xs.ticks():
        x = xs.at(tick)
        yield f'<line x1="{x}" y1="{ys.begin}" x2="{x}" y2="{ys.end}" stroke="#ddd"/>'
        yield f'<text x="{x}" y="{ys.begin + 18}" text-anchor="middle">{tick:g}</text>'
    for tick in ys.ticks():
        y = ys.at(tick)
        yield f'<line x1="{xs.begin}" y1="{y}" x2="{xs.end}" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="{xs.begin - 6}" y="{y + 4}" text-anchor="end">{tick:g}</text>'


def _drawn(curve: Curve, colour: str, number: int, xs: _Axis, ys: _Axis) -> Iterator[str]:
    """One curve with its points and its name."""
    points = [(xs.at(x), ys.at(y)) for x, y in curve.points]
    if points:
        path = " ".join(f"{x},{y}" for x, y in points)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for x, y in points:
        yield f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>'
    yield f'<text x="{xs.end + 12}" y="{ys.end + 16 * (number + 1)}" fill="{colour}">{escape(curve.name)}</text>'
