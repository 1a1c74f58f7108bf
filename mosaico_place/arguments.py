"""What the commands of the command line take, and what they refuse as wrong usage.

A refusal says what would be right; it comes before any work is done.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mosaico_place.errors import suggestion
from mosaico_place.levers import Lever

_LARGEST_SEED = 2**31 - 1
_MOST_THREADS = 1024
_LEAST_LOAD, _LARGEST_LOAD = 0.1, 100
_MOST_SITES, _MOST_SERVERS, _MOST_CHAINS = 2500, 100, 100_000


class Which(StrEnum):
    """The documents that have a JSON Schema."""

    INSTANCE = "instance"
    PLACEMENT = "placement"
    RESULT = "result"
    CHECK = "check"
    EXPLAIN = "explain"
    ADVICE = "advice"
    VALIDATE = "validate"
    SCENARIO = "scenario"
    COMPARE = "compare"


class Starts(StrEnum):
    """What strategies that are compared start from at each change."""

    SAME = "same"
    OWN = "own"
    BOTH = "both"


class ForeignFormat(StrEnum):
    """Formats of others that are read."""

    PVNFPC = "pvnfpc"


def _lever(text: str) -> Lever:
    """A freedom by name."""
    if text in set(Lever):
        return Lever(text)
    close = suggestion(text, list(Lever))
    hint = f"did you mean {close}?" if close else f"there are {', '.join(Lever)}"
    raise typer.BadParameter(f"no lever {text!r}; {hint}")


def _readable(text: str) -> Path:
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


def _time_limit(text: str) -> float:
    """Seconds from a quantity such as ``60s``."""
    from mosaico_place.quantities import Dimension, parse_quantity

    limit_ns = 0
    with suppress(ValueError):
        limit_ns = parse_quantity(text, Dimension.TIME)
    if limit_ns == 0:
        raise typer.BadParameter(f"must be a time above 0, found {text!r}; write for example 60s or 5min")
    return limit_ns / 1e9


def _gap(text: str) -> float:
    """A relative gap."""
    with suppress(ValueError):
        if 0 <= float(text) < float("inf"):
            return float(text)
    raise typer.BadParameter(f"must be a number from 0 up, found {text!r}; write for example 1e-4")


def _load(text: str) -> float:
    """A load of generated instances."""
    with suppress(ValueError):
        if _LEAST_LOAD <= float(text) <= _LARGEST_LOAD:
            return float(text)
    raise typer.BadParameter(f"must be a number from {_LEAST_LOAD} to {_LARGEST_LOAD}, found {text!r}; write 1.2")


def _whole(least: int, most: int) -> Callable[[str], int]:
    """Reads whole numbers in a range."""

    def number(text: str) -> int:
        with suppress(ValueError):
            if least <= int(text) <= most:
                return int(text)
        raise typer.BadParameter(f"must be a whole number from {least} to {most}, found {text!r}")

    return number


InstanceFile = Annotated[
    Path, typer.Argument(metavar="INSTANCE", help="YAML or JSON file; - for stdin.", parser=_readable)
]
InstanceFiles = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="YAML or JSON files; - for stdin.", parser=_readable)
]
PlacementFile = Annotated[
    Path, typer.Argument(metavar="PLACEMENT", help="Document of solve --json; - for stdin.", parser=_readable)
]
NewFile = Annotated[Path, typer.Argument(metavar="PATH", help="File to create; - for stdout.")]
WhichSchema = Annotated[Which, typer.Argument(metavar="WHICH", help=" | ".join(Which))]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
MethodName = Annotated[str, typer.Option(metavar="NAME", help="auto, or the name of a method.")]
TimeLimit = Annotated[
    float | None,
    typer.Option(parser=_time_limit, metavar="TIME", help="For the whole command, e.g. 60s; no limit if absent."),
]
Gap = Annotated[
    float, typer.Option(parser=_gap, metavar="SHARE", help="Relative gap that is good enough, on every level.")
]
Seed = Annotated[int, typer.Option(parser=_whole(0, _LARGEST_SEED), metavar="NUMBER", help="Of everything random.")]
Threads = Annotated[
    int | None,
    typer.Option(parser=_whole(1, _MOST_THREADS), metavar="NUMBER", help="As many as may be used, if absent."),
]
Previous = Annotated[
    Path | None, typer.Option(metavar="PLACEMENT", help="A placement to start from.", parser=_readable)
]
MaxMoves = Annotated[
    int | None,
    typer.Option(parser=_whole(0, 10**9), metavar="NUMBER", help="How many components may move since --previous."),
]
Without = Annotated[
    list[Lever] | None,
    typer.Option(
        "--without",
        metavar="LEVER",
        help=f"Solve without a freedom; may be repeated: {' | '.join(Lever)}.",
        parser=_lever,
    ),
]
OneChain = Annotated[str | None, typer.Option("--chain", metavar="NAME", help="The only chain to explain.")]
Capacity = Annotated[
    bool, typer.Option("--capacity", help="Say instead which capacities would gain most if there were more of them.")
]
Format = Annotated[ForeignFormat, typer.Argument(metavar="FORMAT", help=" | ".join(ForeignFormat))]
ForeignFile = Annotated[Path, typer.Argument(metavar="FILE", help="A file in that format.", parser=_readable)]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the JSON document to a file.")
]
Sites = Annotated[
    int | None,
    typer.Option(
        parser=_whole(1, _MOST_SITES),
        metavar="NUMBER",
        help="One P4 switch each; 25 if absent, or all of the topology.",
    ),
]
ServersPerSite = Annotated[int, typer.Option(parser=_whole(1, _MOST_SERVERS), metavar="NUMBER", help="At every site.")]
HowManyChains = Annotated[
    int, typer.Option("--chains", parser=_whole(1, _MOST_CHAINS), metavar="NUMBER", help="Of five kinds.")
]
Load = Annotated[
    float, typer.Option(parser=_load, metavar="NUMBER", help="Demand over capacity of what is scarcest, e.g. 1.2.")
]
TopologyName = Annotated[
    str | None, typer.Option(metavar="NAME", help="A network of topohub, e.g. sndlib/germany50; made up if absent.")
]
InstanceOutput = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to a file instead of stdout.")
]


ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="YAML or JSON file.", parser=_readable)]
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
    int, typer.Option(parser=_whole(1, 10**9), metavar="NUMBER", help="A full re-solve at every so many changes.")
]
ResolveLimit = Annotated[float, typer.Option(parser=_time_limit, metavar="TIME", help="For each full re-solve.")]
EventBudget = Annotated[
    float | None,
    typer.Option(parser=_time_limit, metavar="TIME", help="For improving an answer, e.g. 10ms; no limit if absent."),
]
Idle = Annotated[
    float | None,
    typer.Option(parser=_time_limit, metavar="TIME", help="For improving after each change, e.g. 1s; none if absent."),
]
ScenarioSeed = Annotated[
    int | None,
    typer.Option(
        "--seed", parser=_whole(0, _LARGEST_SEED), metavar="NUMBER", help="Of everything; the scenario's if absent."
    ),
]
MovesEach = Annotated[
    int | None,
    typer.Option(
        "--max-moves",
        parser=_whole(0, 10**9),
        metavar="NUMBER",
        help="How many components one answer may move; what the scenario says if absent.",
    ),
]
Beside = Annotated[
    list[Lever] | None,
    typer.Option(
        "--without",
        metavar="LEVER",
        help=f"Beside it, compare without a freedom; may be repeated: {' | '.join(Lever)}.",
        parser=_lever,
    ),
]
StartPlacement = Annotated[
    Path | None,
    typer.Option(
        "--placement", metavar="PLACEMENT", help="What stands in the beginning; solved for if absent.", parser=_readable
    ),
]
StartLimit = Annotated[
    float, typer.Option("--time-limit", parser=_time_limit, metavar="TIME", help="For solving the beginning.")
]
Record = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Write every answer as a JSON line; goes on with what is there already."
    ),
]


def check_method(name: str) -> None:
    """Refuse an unknown method before anything is loaded."""
    if name == "auto":  # spares bad input the wait for slow imports
        return
    from mosaico_place.solving import find_method, method_names

    if name in method_names():
        return
    try:
        find_method(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'--method'") from None


def check_strategies(names: list[str]) -> None:
    """Refuse an unknown strategy, or one named twice, before anything is loaded."""
    from mosaico_place.dynamics.strategy import find_strategy

    for name in names:
        try:
            find_strategy(name)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="'--strategy'") from None
        if names.count(name) > 1:
            raise typer.BadParameter(f"{name} is named twice", param_hint="'--strategy'")


def check_output(output: Path | None, instance: Path | None = None) -> None:
    """Refuse a file that cannot be written before the work is done, not after."""
    if output is None:
        return
    if str(output) == "-":
        instead = "leave it out to print" if instance is None else "--json prints the document"
        raise typer.BadParameter(f"names no file; {instead} to stdout", param_hint="'--output'")
    if output.is_dir():
        raise typer.BadParameter(f"{output} is a folder; name a file in it", param_hint="'--output'")
    if instance is not None and output.exists() and instance.exists() and output.samefile(instance):
        raise typer.BadParameter("would overwrite the instance; name another file", param_hint="'--output'")
    check_folder(output, "'--output'")


def check_moves(max_moves: int | None, previous: Path | None) -> None:
    """Refuse a number of moves where nothing could have moved."""
    if max_moves is not None and previous is None:
        raise typer.BadParameter("counts moves since a placement; give it with --previous", param_hint="'--max-moves'")


def check_folder(path: Path, hint: str) -> None:
    """Refuse a file whose folder cannot take it; ``hint`` is what the user calls the file."""
    folder = path.resolve().parent
    if not folder.is_dir():
        raise typer.BadParameter(f"the folder {folder} does not exist; create it first", param_hint=hint)
    if not os.access(folder, os.W_OK):
        raise typer.BadParameter(f"the folder {folder} is not yours to write in; name another", param_hint=hint)
