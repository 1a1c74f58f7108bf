"""``mosaico-place solve``."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mosaico_place.cli.arguments import (
    LEVERS,
    InstanceFile,
    Json,
    MaxMoves,
    MethodName,
    Output,
    Previous,
    Seed,
    Threads,
    TimeLimit,
)
from mosaico_place.cli.ending import code_of
from mosaico_place.cli.giving import give, save
from mosaico_place.cli.reading import read_instance, read_start
from mosaico_place.cli.refusing import check_method, check_moves, check_output
from mosaico_place.cli.values import lever, share
from mosaico_place.levers import Lever, without
from mosaico_place.terminal import interruptible

if TYPE_CHECKING:
    from mosaico_place.instance import Instance
    from mosaico_place.result import Result

Gap = Annotated[
    float, typer.Option(parser=share, metavar="SHARE", help="Relative gap that is good enough, on every level.")
]
Without = Annotated[
    list[Lever] | None,
    typer.Option(
        "--without",
        metavar="LEVER",
        help=f"Solve without a freedom; may be repeated: {LEVERS}.",
        parser=lever,
    ),
]


def solve(
    instance: InstanceFile,
    method: MethodName = "auto",
    time_limit: TimeLimit = None,
    gap: Gap = 1e-4,
    seed: Seed = 0,
    threads: Threads = None,
    previous: Previous = None,
    max_moves: MaxMoves = None,
    levers: Without = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Find the best placement; Ctrl-C keeps the best so far."""
    started_s = time.monotonic()
    check_output(output, instance)
    check_method(method)
    check_moves(max_moves, previous)
    problem = without(read_instance(instance), levers or ())
    start = read_start(previous)
    from mosaico_place.method import Options
    from mosaico_place.progress import shown
    from mosaico_place.solving import solve as solve_instance

    load_s = time.monotonic() - started_s  # with the imports, which the user waits for as well
    with interruptible() as stop, shown(len(problem.objective)) as progress:
        options = Options(time_limit, gap, threads, seed, stop, progress, started_s)
        result = solve_instance(problem, method=method, options=options, previous=start, max_moves=max_moves)
    result = replace(result, runtime_s={"load": load_s, **result.runtime_s})
    _answer(result, problem, output, as_json=as_json)
    raise typer.Exit(code_of(result.termination, found=result.placement is not None))


def _answer(result: Result, instance: Instance, output: Path | None, *, as_json: bool) -> None:
    """Give the answer out; it is printed even where the file cannot be written."""
    from mosaico_place.document import to_json
    from mosaico_place.report import solved, text

    document = to_json(result)
    try:
        if output is not None:
            save(output, document)
    finally:
        give(document if as_json else text(solved(result, instance)))
