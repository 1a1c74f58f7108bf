"""``mosaico-place check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mosaico_place.cli.arguments import InstanceFile, Json, MaxMoves, Previous
from mosaico_place.cli.ending import Code
from mosaico_place.cli.giving import give
from mosaico_place.cli.reading import is_stdin, read_instance, read_placement, read_start
from mosaico_place.cli.refusing import check_moves
from mosaico_place.cli.values import readable

PlacementFile = Annotated[
    Path, typer.Argument(metavar="PLACEMENT", help="Document of solve --json; - for stdin.", parser=readable)
]


def check(
    instance: InstanceFile,
    placement: PlacementFile,
    previous: Previous = None,
    max_moves: MaxMoves = None,
    as_json: Json = False,
) -> None:
    """Judge a placement: which rules it breaks, and what it costs."""
    from mosaico_place.checking import check as check_placement
    from mosaico_place.costing import cost
    from mosaico_place.document import check_document, dumps
    from mosaico_place.report import checked, text

    if sum(map(is_stdin, (instance, placement, previous))) > 1:
        raise typer.BadParameter("only one file can come from stdin", param_hint="'PLACEMENT'")
    check_moves(max_moves, previous)
    problem, answer, before = read_instance(instance), read_placement(placement), read_start(previous)
    violations, total = check_placement(problem, answer, before, max_moves), cost(problem, answer, before)
    if as_json:
        give(dumps(check_document(problem, violations, total)))
    else:
        give(text(checked(problem, violations, total)))
    raise typer.Exit(Code.BREAKS_A_RULE if violations else Code.DONE)
