"""``mosaico-place import``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mosaico_place.cli.arguments import Output
from mosaico_place.cli.giving import give_instance
from mosaico_place.cli.refusing import check_output
from mosaico_place.cli.values import readable


class ForeignFormat(StrEnum):
    """Formats of others that are read."""

    PVNFPC = "pvnfpc"


Format = Annotated[ForeignFormat, typer.Argument(metavar="FORMAT", help=" | ".join(ForeignFormat))]
ForeignFile = Annotated[Path, typer.Argument(metavar="FILE", help="A file in that format.", parser=readable)]


def import_(form: Format, file: ForeignFile, output: Output = None) -> None:
    """Turn a file in another format into an instance."""
    from mosaico_place.dumping import dump
    from mosaico_place.pvnfpc import load_pvnfpc

    check_output(output, file)
    readers = {ForeignFormat.PVNFPC: load_pvnfpc}
    give_instance(dump(readers[form](file)), output)
