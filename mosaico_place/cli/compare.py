"""``mosaico-place compare``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mosaico_place.cli.arguments import (
    ANY_NUMBER,
    LARGEST_SEED,
    LEVERS,
    EventBudget,
    Json,
    MethodName,
    StartLimit,
    Threads,
)
from mosaico_place.cli.ending import Code
from mosaico_place.cli.giving import give, writing
from mosaico_place.cli.reading import read_start
from mosaico_place.cli.refusing import check_method, check_output, check_strategy
from mosaico_place.cli.values import lever, readable, seconds, whole
from mosaico_place.errors import Fault, InputError
from mosaico_place.levers import Lever
from mosaico_place.terminal import interruptible

if TYPE_CHECKING:
    from mosaico_place.dynamics.comparing import Known, Listener
    from mosaico_place.dynamics.study import Study
    from mosaico_place.scenario import Scenario


class Starts(StrEnum):
    """What strategies that are compared start from at each change."""

    SAME = "same"
    OWN = "own"
    BOTH = "both"


ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="YAML or JSON file.", parser=readable)]
Strategies = Annotated[
    list[str] | None,
    typer.Option(
        "--strategy",
        metavar="NAME",
        help="May be repeated, the first one leads; if absent, restructure, classic, classic-first, resolve.",
    ),
]
ModeName = Annotated[
    Starts,
    typer.Option(
        "--mode",
        metavar="MODE",
        help="same: all start from the state that the first one left; own: each from its own; both.",
    ),
]
ResolveEvery = Annotated[
    int, typer.Option(parser=whole(1, ANY_NUMBER), metavar="NUMBER", help="A full re-solve at every so many changes.")
]
ResolveLimit = Annotated[float, typer.Option(parser=seconds, metavar="TIME", help="For each full re-solve.")]
Idle = Annotated[
    float | None,
    typer.Option(parser=seconds, metavar="TIME", help="For improving after each change, e.g. 1s; none if absent."),
]
MovesEach = Annotated[
    int | None,
    typer.Option(
        "--max-moves",
        parser=whole(0, ANY_NUMBER),
        metavar="NUMBER",
        help="How many components one answer may move; what the scenario says if absent.",
    ),
]
Beside = Annotated[
    list[Lever] | None,
    typer.Option(
        "--without",
        metavar="LEVER",
        help=f"Beside it, compare without a freedom; may be repeated: {LEVERS}.",
        parser=lever,
    ),
]
StartPlacement = Annotated[
    Path | None,
    typer.Option(
        "--placement", metavar="PLACEMENT", help="What stands in the beginning; solved for if absent.", parser=readable
    ),
]
ScenarioSeed = Annotated[
    int | None,
    typer.Option(
        "--seed", parser=whole(0, LARGEST_SEED), metavar="NUMBER", help="Of everything; the scenario's if absent."
    ),
]
Record = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Write every answer as a JSON line; goes on with what is there already."
    ),
]


def compare(
    scenario: ScenarioFile,
    strategy: Strategies = None,
    mode: ModeName = Starts.BOTH,
    method: MethodName = "auto",
    resolve_every: ResolveEvery = 10,
    resolve_limit: ResolveLimit = 10.0,
    event_budget: EventBudget = None,
    idle: Idle = None,
    max_moves: MovesEach = None,
    levers: Beside = None,
    placement: StartPlacement = None,
    time_limit: StartLimit = 20.0,
    seed: ScenarioSeed = None,
    threads: Threads = None,
    output: Record = None,
    as_json: Json = False,
) -> None:
    """Play a scenario back with several strategies; Ctrl-C ends with what has been answered."""
    check_output(output, scenario)
    check_method(method)
    _check_strategies(strategy or [])
    from mosaico_place.document import dumps
    from mosaico_place.dynamics.comparing import compare as compare_strategies
    from mosaico_place.dynamics.comparison_document import compare_document
    from mosaico_place.dynamics.replay import Mode
    from mosaico_place.dynamics.study import DEFAULT_STRATEGIES, Study
    from mosaico_place.progress import told
    from mosaico_place.report.comparing import compared
    from mosaico_place.report.tables import text
    from mosaico_place.scenario import load_scenario

    played = load_scenario(scenario, seed)
    study = Study(
        strategies=strategy or DEFAULT_STRATEGIES,
        modes=(Mode.SAME, Mode.OWN) if mode is Starts.BOTH else (Mode(mode),),
        without=tuple(dict.fromkeys(levers or ())),
        placement=read_start(placement),
        start_limit_s=time_limit,
        method=method,
        resolve_limit_s=resolve_limit,
        resolve_every=resolve_every,
        budget_s=event_budget,
        idle_s=idle or 0.0,
        max_moves=max_moves,
        seed=played.seed,
        threads=threads,
    )
    with _recorded(output, played, study) as (known, listener), interruptible() as stop, told() as progress:
        comparison = compare_strategies(
            played, study, stop=stop, known=known, listener=replace(listener, progress=progress)
        )
    give(dumps(compare_document(comparison)) if as_json else text(compared(comparison)))
    raise typer.Exit(Code.DONE if comparison.rows else Code.INTERRUPTED)


def _check_strategies(names: list[str]) -> None:
    """Refuse an unknown strategy, or one named twice, before anything is loaded."""
    for name in names:
        check_strategy(name)
        if names.count(name) > 1:
            raise typer.BadParameter(f"{name} is named twice", param_hint="'--strategy'")


@contextmanager
def _recorded(output: Path | None, scenario: Scenario, study: Study) -> Iterator[tuple[Known, Listener]]:
    """What a file of earlier answers holds, and a listener that writes there what is new."""
    from mosaico_place.dynamics.comparing import Known, Listener
    from mosaico_place.dynamics.record import answer_line, head_line, read_record, start_line

    if output is None:
        yield Known(), Listener()
        return
    try:
        with writing(output), output.open("a+", encoding="utf-8") as file:
            file.seek(0)
            known, kept = read_record(file.read(), scenario, study, str(output))
            file.truncate(kept)  # a last line that was cut off; everything in it is ASCII

            def write(line: str) -> None:
                file.write(line)
                file.flush()

            if not kept:
                write(head_line(scenario, study))
            yield (
                known,
                Listener(
                    started=lambda start: write(start_line(start)),
                    answered=lambda answered, row: write(answer_line(answered, row)),
                ),
            )
    except UnicodeDecodeError:
        raise InputError([Fault((), "is not the record of a comparison; name another file", str(output))]) from None
