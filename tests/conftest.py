"""Fixtures of more than one file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mosaico_place.cli import main
from tests.program import TEMPLATE, Ended, Run

if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    # The program is started a hundred times, and would compile everything that it imports as often.
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the program in this process."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # the program sets its own

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["mosaico-place", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The template of ``new`` in a folder of its own."""
    path = tmp_path / "edge.yaml"
    path.write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    return path
