"""``mosaico-place new``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mosaico_place.cli.giving import give_instance
from mosaico_place.cli.refusing import check_folder

NewFile = Annotated[Path, typer.Argument(metavar="PATH", help="File to create; - for stdout.")]


def new(path: NewFile = Path("-")) -> None:
    """Write a small commented instance to start from."""
    from importlib.resources import files

    output = None if str(path) == "-" else path
    if output is not None:
        if output.exists():
            raise typer.BadParameter(
                f"{output} exists already and is left alone; name another file", param_hint="'PATH'"
            )
        check_folder(output, "'PATH'")
    give_instance(files("mosaico_place").joinpath("data/new.yaml").read_text(encoding="utf-8"), output)
