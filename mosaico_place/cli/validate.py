"""``mosaico-place validate``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mosaico_place.cli.arguments import Json
from mosaico_place.cli.ending import Code
from mosaico_place.cli.giving import give
from mosaico_place.cli.reading import called, is_stdin, load_quietly
from mosaico_place.cli.values import readable
from mosaico_place.errors import Fault, InputError
from mosaico_place.terminal import complain

if TYPE_CHECKING:
    from mosaico_place.instance import Instance
    from mosaico_place.scenario import Scenario

Files = Annotated[list[Path], typer.Argument(metavar="FILE", help="YAML or JSON files; - for stdin.", parser=readable)]


def validate(files: Files, as_json: Json = False) -> None:
    """Say what is wrong with instances and scenarios, and what would mend it."""
    from mosaico_place.document import dumps, validate_document
    from mosaico_place.report import valid

    found = [(called(file), *_findings(file)) for file in files]
    if as_json:
        give(dumps(validate_document([(name, faults, warnings) for name, _, faults, warnings in found])))
    else:
        for name, what, faults, warnings in found:
            complain([str(fault) for fault in faults] + [f"{name}: warning: {text}" for text in warnings])
            if what is not None:
                give(valid(name, what))
    raise typer.Exit(Code.BAD_INPUT if any(faults for _, _, faults, _ in found) else Code.DONE)


def _findings(path: Path) -> tuple[Instance | Scenario | None, Sequence[Fault], Sequence[str]]:
    """The instance or scenario if it has no faults, its faults, the warnings of an instance."""
    from mosaico_place.instance import Instance
    from mosaico_place.scenario import load_file
    from mosaico_place.validate import warnings

    try:
        found = load_quietly(path) if is_stdin(path) else load_file(path)
    except InputError as error:
        return None, error.faults, ()
    return found, (), [str(warning) for warning in warnings(found)] if isinstance(found, Instance) else ()
