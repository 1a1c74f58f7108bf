"""What the rows of a comparison say about each strategy."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mosaico_place.dynamics.quantiles import quantile
from mosaico_place.dynamics.replay import Mode
from mosaico_place.dynamics.rows import Counts, Row, Start
from mosaico_place.dynamics.study import RESOLVE
from mosaico_place.result import CLOSED, gap


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, 95 % quantile and maximum."""

    mean: float
    p95: float
    max: float


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds."""

    p50: float
    p95: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What the answers of one strategy say, in one mode.

    Attributes:
        strategy, mode, without: whose.
        answers: how many; found: those that are no substitutes; proven: those that were solved to their optimum.
        accepted_ratio: weight x time served by weight x time requested.
        terms: mean of every cost term over its answers; levels: the same of the objective's levels.
        counts: sums over its answers and idle times.
        time_ms: of the answers found; None if there are none.
        gap_to_resolve: per level, (value - that of the re-solve) / the larger of the two, at the changes where one was
            found from the same state and all levels before are equal; None where there is no such change.
        gap_to_bound: per level, (value - bound) / value for the best bound that is proven for that answer.
        speedup: (median, largest) time that a re-solve took for its placement by its own up to the checked plan, at the
            same change.
    """

    strategy: str
    mode: Mode
    without: str
    answers: int
    found: int
    proven: int
    accepted_ratio: float
    terms: Mapping[str, float]
    levels: tuple[float, ...]
    counts: Counts
    time_ms: Times | None
    gap_to_resolve: tuple[Spread | None, ...]
    gap_to_bound: tuple[Spread | None, ...]
    speedup: tuple[float, float] | None


def summarize(
    rows: Sequence[Row], strategies: Sequence[str], batches: Sequence[int], starts: Sequence[Start]
) -> list[Summary]:
    """What the rows of one mode say about each strategy.

    Args:
        rows: all of one mode and one scenario.
        strategies: in this order.
        batches: times of all changes, in ns.
        starts: where the strategies began.
    """
    by_batch: dict[int, dict[str, Row]] = {}
    for row in rows:
        by_batch.setdefault(row.batch, {})[row.strategy] = row
    return [
        _summary([row for row in rows if row.strategy == name], by_batch, batches, starts)
        for name in strategies
        if any(row.strategy == name for row in rows)
    ]


def _summary(
    rows: Sequence[Row], by_batch: Mapping[int, Mapping[str, Row]], batches: Sequence[int], starts: Sequence[Start]
) -> Summary:
    first, found = rows[0], [row for row in rows if row.found]
    levels = range(len(first.levels))
    to_resolve: list[list[float]] = [[] for _ in levels]
    to_bound: list[list[float]] = [[] for _ in levels]
    faster = []
    for row in found:
        others = by_batch[row.batch]
        solved = others.get(RESOLVE)
        if solved is not None and solved.found and row.strategy != RESOLVE:
            faster.append(solved.answer_s / max(row.seconds, 1e-9))
            if row.mode is Mode.SAME:
                for j, behind in enumerate(_behind(row.levels, solved.levels)):
                    to_resolve[j].append(behind)
        for j, bound in enumerate(_bounds(row, others.values())):
            if bound is not None:
                to_bound[j].append(gap(row.levels[j], bound))
    counts = [one for row in rows for one in (row.counts, row.idle)]
    return Summary(
        strategy=first.strategy,
        mode=first.mode,
        without=first.without,
        answers=len(rows),
        found=len(found),
        proven=sum(row.proven for row in rows),
        accepted_ratio=accepted_ratio(rows, batches, starts),
        terms={term: statistics.fmean(row.terms[term] for row in rows) for term in first.terms},
        levels=tuple(statistics.fmean(row.levels[j] for row in rows) for j in levels),
        counts=Counts(*(sum(getattr(one, name) for one in counts) for name in Counts.__slots__)),
        time_ms=_times([1000 * row.seconds for row in found]),
        gap_to_resolve=tuple(_spread(values) for values in to_resolve),
        gap_to_bound=tuple(_spread(values) for values in to_bound),
        speedup=(statistics.median(faster), max(faster)) if faster else None,
    )


def accepted_ratio(rows: Sequence[Row], batches: Sequence[int], starts: Sequence[Start]) -> float:
    """Weight x time served by weight x time requested, from the beginning to the last change; 1 if nothing was asked.

    Every answer counts from its change to the next one. Where a strategy was not asked at every change, the changes at
    which it was count alone; the time before the first change counts for those that answered it on their own.
    """
    served = requested = 0.0
    first = rows[0]
    if first.mode is Mode.OWN:
        begun = {start.strategy: start for start in starts}
        start = begun.get(first.strategy) or begun.get("")
        if start is not None:
            served, requested = start.accepted * batches[0], start.requested * batches[0]
    for row in rows:
        span = (batches[row.batch + 1] if row.batch + 1 < len(batches) else row.at_ns) - row.at_ns
        served += row.held * span
        requested += row.requested * span
    return served / requested if requested else 1.0


def _behind(values: Sequence[float], others: Sequence[float]) -> Iterator[float]:
    """Per level how far a value is from another, as long as all levels before are equal; below 0 if it is better."""
    for value, other in zip(values, others, strict=True):
        equal = _equal(value, other)
        yield 0.0 if equal else (value - other) / max(abs(value), abs(other))
        if not equal:
            return


def _bounds(row: Row, others: Iterable[Row]) -> list[float | None]:
    """The best bounds that hold for an answer: its own, and from the same state those of the others.

    A bound of a later level speaks of placements that are as good on all levels before as the answer that it is of.
    """
    best = list(row.bounds)
    for other in others if row.mode is Mode.SAME else ():
        for j, bound in enumerate(other.bounds):
            if bound is not None:
                mine = best[j]
                best[j] = bound if mine is None else max(mine, bound)
            if row.levels[j] > other.levels[j] and not _equal(row.levels[j], other.levels[j]):
                break
    return best


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= CLOSED * max(1.0, abs(other))


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    return Spread(statistics.fmean(values), quantile(values, 0.95), max(values))


def _times(values: Sequence[float]) -> Times | None:
    if not values:
        return None
    return Times(quantile(values, 0.5), quantile(values, 0.95), quantile(values, 0.99), max(values))
