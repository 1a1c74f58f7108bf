"""``mosaico-place watch``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mosaico_place.cli.arguments import ANY_NUMBER, EventBudget, InstanceFile, Seed, StartLimit
from mosaico_place.cli.giving import PROGRAM
from mosaico_place.cli.reading import is_stdin, read_instance, read_start
from mosaico_place.cli.refusing import check_journal, check_strategy
from mosaico_place.cli.values import readable, seconds, seconds_or_none_at_all, whole
from mosaico_place.terminal import report_crash

Given = Annotated[
    Path | None,
    typer.Option("--placement", metavar="PLACEMENT", help="What runs; solved for if absent.", parser=readable),
]
JournalFile = Annotated[
    Path | None,
    typer.Option("--journal", metavar="FILE", help="Write everything down, and go on from there if it exists."),
]
StrategyName = Annotated[str, typer.Option("--strategy", metavar="NAME", help="How events are answered.")]
MovesPerAnswer = Annotated[
    int | None,
    typer.Option(
        "--max-moves", parser=whole(0, ANY_NUMBER), metavar="NUMBER", help="Components that one answer may move."
    ),
]
CoolDown = Annotated[
    float,
    typer.Option(
        parser=seconds_or_none_at_all, metavar="TIME", help="For so long what moved stays, unless its chain would end."
    ),
]
ResolvePeriod = Annotated[
    float | None,
    typer.Option(parser=seconds, metavar="TIME", help="Solve anew in idle time, in another process; e.g. 60s."),
]


def watch(
    instance: InstanceFile,
    placement: Given = None,
    time_limit: StartLimit = 10.0,
    journal: JournalFile = None,
    strategy: StrategyName = "restructure",
    event_budget: EventBudget = None,
    max_moves: MovesPerAnswer = None,
    cool_down: CoolDown = 10.0,
    resolve_every: ResolvePeriod = None,
    seed: Seed = 0,
) -> None:
    """Answer events on stdin with plans on stdout, a JSON document on every line."""
    if is_stdin(instance) or is_stdin(placement):
        raise typer.BadParameter("stdin is where events come from; name a file", param_hint="'INSTANCE'")
    check_strategy(strategy)
    if journal is not None:
        check_journal(journal)
    problem = read_instance(instance)
    start = read_start(placement)
    from mosaico_place.watching import Limits, side_car

    limits = Limits(time_limit, event_budget, cool_down, resolve_every, max_moves, seed)
    side_car(problem, start, strategy, journal, limits, lambda error: report_crash(error, PROGRAM))
