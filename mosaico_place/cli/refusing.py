"""What is refused as wrong usage though every word is a value: before any work is done, with what would be right."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import typer


def check_method(name: str) -> None:
    """Refuse an unknown method before anything is loaded."""
    if name == "auto":  # spares bad input the wait for slow imports
        return
    from mosaico_place.solving import find_method, method_names

    _check_installed(name, method_names(), find_method, "'--method'")


def check_strategy(name: str) -> None:
    """Refuse an unknown strategy before anything is loaded."""
    from mosaico_place.dynamics.strategy import find_strategy, strategy_names

    _check_installed(name, strategy_names(), find_strategy, "'--strategy'")


def _check_installed(name: str, names: Sequence[str], find: Callable[[str], object], hint: str) -> None:
    """Refuse a name that is not installed; one that is, is not imported yet."""
    if name in names:
        return
    try:
        find(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from None


def check_output(output: Path | None, instance: Path | None = None) -> None:
    """Refuse a file that cannot be written before the work is done, not after."""
    if output is None:
        return
    hint = "'--output'"
    if str(output) == "-":
        instead = "leave it out to print" if instance is None else "--json prints the document"
        raise typer.BadParameter(f"names no file; {instead} to stdout", param_hint=hint)
    _check_no_folder(output, hint)
    if instance is not None and output.exists() and instance.exists() and output.samefile(instance):
        raise typer.BadParameter("would overwrite the instance; name another file", param_hint=hint)
    check_folder(output, hint)


def check_journal(journal: Path) -> None:
    """Refuse a journal that cannot be written, before anything is decided."""
    hint = "'--journal'"
    _check_no_folder(journal, hint)
    check_folder(journal, hint)
    if journal.exists() and not os.access(journal, os.R_OK | os.W_OK):
        raise typer.BadParameter(f"{journal} is not yours to read and write", param_hint=hint)


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


def _check_no_folder(path: Path, hint: str) -> None:
    if path.is_dir():
        raise typer.BadParameter(f"{path} is a folder; name a file in it", param_hint=hint)
