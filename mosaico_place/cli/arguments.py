"""The arguments that several commands take; what only one takes stands beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mosaico_place.cli.values import readable, seconds, whole
from mosaico_place.levers import Lever

ANY_NUMBER = 10**9
LARGEST_SEED = 2**31 - 1
LEVERS = " | ".join(Lever)
_MOST_THREADS = 1024

InstanceFile = Annotated[
    Path, typer.Argument(metavar="INSTANCE", help="YAML or JSON file; - for stdin.", parser=readable)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
MethodName = Annotated[str, typer.Option(metavar="NAME", help="auto, or the name of a method.")]
TimeLimit = Annotated[
    float | None,
    typer.Option(parser=seconds, metavar="TIME", help="For the whole command, e.g. 60s; no limit if absent."),
]
StartLimit = Annotated[
    float, typer.Option("--time-limit", parser=seconds, metavar="TIME", help="For the solve at the start.")
]
EventBudget = Annotated[
    float | None,
    typer.Option(parser=seconds, metavar="TIME", help="For one answer, e.g. 10ms; as long as it takes if absent."),
]
Seed = Annotated[int, typer.Option(parser=whole(0, LARGEST_SEED), metavar="NUMBER", help="Of everything random.")]
Threads = Annotated[
    int | None,
    typer.Option(parser=whole(1, _MOST_THREADS), metavar="NUMBER", help="As many as may be used, if absent."),
]
Previous = Annotated[Path | None, typer.Option(metavar="PLACEMENT", help="A placement to start from.", parser=readable)]
MaxMoves = Annotated[
    int | None,
    typer.Option(parser=whole(0, ANY_NUMBER), metavar="NUMBER", help="How many components may move since --previous."),
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the JSON document to a file.")
]
