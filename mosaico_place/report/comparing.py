"""The answer of ``compare`` for people: how much each strategy served and moved, how fast, how far from the best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mosaico_place.dynamics.comparing import Comparison
from mosaico_place.dynamics.replay import Mode
from mosaico_place.dynamics.rows import Row, Start
from mosaico_place.dynamics.summaries import Spread, Summary
from mosaico_place.instance import Instance
from mosaico_place.quantities import Dimension
from mosaico_place.report.figures import in_percent, plain, quantity
from mosaico_place.report.tables import new_table, titled
from mosaico_place.report.words import counted, summed

_CHANGES = 12
_WORDS = 34

_MODES = {
    Mode.SAME: "All from the same state at every change",
    Mode.OWN: "Each from its own last answer",
}


def compared(comparison: Comparison) -> RenderableType:
    """The tables of a comparison."""
    scenario, study = comparison.scenario, comparison.study
    answered = len({row.batch for row in comparison.rows})
    changes = len(scenario.batches)
    done = "" if comparison.complete else f"; interrupted after {answered}"
    headline = f"{scenario.name} on {scenario.instance.name}: {counted(changes, 'change')}, seed {study.seed}{done}"
    parts: list[RenderableType] = [Text(headline, style="bold"), *map(_start, comparison.starts)]
    parts.append(Text(_limits(comparison), style="dim"))
    for mode in study.modes:
        of_mode = [summary for summary in comparison.summaries if summary.mode is mode]
        if of_mode:
            parts += _mode(mode, of_mode, [row for row in comparison.rows if row.mode is mode], scenario.instance)
    return Group(*parts)


def _start(start: Start) -> Text:
    """Where strategies begin."""
    whose = f" of {start.strategy}" if start.strategy else ""
    without = f" without {start.without}" if start.without else ""
    served = f"{plain(start.accepted)} of {plain(start.requested)} served"
    ended = "given" if start.termination is None else str(start.termination)
    return Text(f"beginning{whose}{without}: weight {served} ({ended})")


def _limits(comparison: Comparison) -> str:
    study = comparison.study
    told = []
    if any(summary.strategy.startswith("resolve") for summary in comparison.summaries):
        limit = quantity(study.resolve_limit_s, Dimension.TIME)
        told.append(f"re-solves: method {study.method}, {limit} each, at every {study.resolve_every}th change")
    if study.budget_s is not None:
        told.append(f"budget {quantity(study.budget_s, Dimension.TIME)}")
    if study.idle_s:
        told.append(f"idle {quantity(study.idle_s, Dimension.TIME)}")
    return "; ".join(told)


def _mode(
    mode: Mode, summaries: Sequence[Summary], rows: Sequence[Row], instance: Instance
) -> Iterator[RenderableType]:
    leader = f", which {summaries[0].strategy} leads" if mode is Mode.SAME else ""
    header = (
        "answers",
        *(("served",) if mode is Mode.OWN else ()),
        "moves",
        "re-routes",
        "rewrites",
        "cut",
        "p50 ms",
        "p99 ms",
        "faster",
    )
    main = new_table("strategy", *(f">{word}" for word in header))
    for one in summaries:
        counts, times = one.counts, one.time_ms
        main.add_row(
            _name(one),
            str(one.found),
            *((in_percent(one.accepted_ratio),) if mode is Mode.OWN else ()),
            *map(str, (counts.moves, counts.reroutes, counts.rewrites, counts.interrupted)),
            *(("-", "-") if times is None else (_figure(times.p50), _figure(times.p99))),
            "-" if one.speedup is None else _figure(one.speedup[0]),
        )
    yield from titled(f"{_MODES[mode]}{leader}", _narrow(main))
    yield from _levels(summaries, instance)
    yield from _changes(summaries, rows)


def _levels(summaries: Sequence[Summary], instance: Instance) -> Iterator[RenderableType]:
    """Per level and strategy: mean, how far behind the re-solves, how far above the bounds."""
    measured = any(spread for one in summaries for spread in one.gap_to_resolve)
    behind = (">behind resolve", ">at most") if measured else ()
    levels = new_table("level", ">mean", *behind, ">above bound", ">at most")
    for j, level in enumerate(instance.objective):
        levels.add_row(f"{j + 1}: {summed(level)}", *[""] * (len(levels.columns) - 1), style="bold")
        for one in summaries:
            cells = _cells(one.gap_to_resolve[j]) if measured else ()
            levels.add_row(f"  {_name(one)}", plain(round(one.levels[j], 6)), *cells, *_cells(one.gap_to_bound[j]))
    yield Text()
    yield _narrow(levels)


def _changes(summaries: Sequence[Summary], rows: Sequence[Row]) -> Iterator[RenderableType]:
    """The weight that each serves after the changes at which they come apart, or together again, by most."""
    names = [(one.without, one.strategy) for one in summaries]
    by_batch: dict[int, dict[tuple[str, str], Row]] = {}
    for row in rows:
        by_batch.setdefault(row.batch, {})[row.without, row.strategy] = row
    news: dict[int, float] = {}
    before: dict[tuple[str, str], float] = {}
    for batch, of_batch in sorted(by_batch.items()):
        leading = of_batch[names[0]].accepted if names[0] in of_batch else 0.0
        apart = {name: row.accepted - leading for name, row in of_batch.items()}
        news[batch] = max(abs(there - before.get(name, 0.0)) for name, there in apart.items())
        before |= apart
    differing = {batch: of_batch for batch, of_batch in by_batch.items() if news[batch]}
    most = sorted(differing, key=lambda batch: (-news[batch], batch))[:_CHANGES]
    changes = new_table(">at", "what happens", *(f">{_name(one)}" for one in summaries))
    for batch in sorted(most):
        of_batch = differing[batch]
        first = next(iter(of_batch.values()))
        words = first.what if len(first.what) <= _WORDS else f"{first.what[: _WORDS - 3]}..."
        served = [plain(of_batch[name].accepted) if name in of_batch else "-" for name in names]
        changes.add_row(quantity(first.at_ns / 1e9, Dimension.TIME), words, *served)
    if most:
        yield from titled(
            "Weight served, where they come apart most", _narrow(changes), len(differing) - len(most), "-o"
        )


def _name(summary: Summary) -> str:
    return f"{summary.strategy}, no {summary.without}" if summary.without else summary.strategy


def _cells(spread: Spread | None) -> tuple[str, str]:
    return ("-", "-") if spread is None else (_signed(spread.mean), _signed(spread.max))


def _signed(share: float) -> str:
    """A share that may be below 0.

    >>> _signed(-0.0123), _signed(0.0)
    ('-1.2 %', '0 %')
    """
    return f"-{in_percent(-share)}" if share < 0 else in_percent(share)


def _figure(number: float) -> str:
    """A number in three digits, never with an exponent.

    >>> _figure(0.438), _figure(12.345), _figure(18643.2)
    ('0.438', '12.3', '18,643')
    """
    return f"{number:.3g}" if number < 999.5 else f"{number:,.0f}"


def _narrow(table: Table) -> Table:
    """The table with little between its columns, which may take several lines but for times, and tear no word."""
    table.padding = (0, 0)
    for column in table.columns:
        words = [word for text in (column.header, *column.cells) for word in str(text).split()]
        column.min_width = max(map(len, words), default=0)
        column.no_wrap = column.header == "at"
    return table
