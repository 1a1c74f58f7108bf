"""Runs the program as its users do, or with something else in the place of the solver."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import mosaico_place
from mosaico_place.method import Options
from mosaico_place.placement import Placement
from mosaico_place.result import LevelResult, Result, Termination

TEMPLATE = Path(mosaico_place.__file__).parent / "data" / "new.yaml"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


Run = Callable[..., Ended]


def program(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs the program in a process of its own, for what only a process has; the fixture ``run`` does the rest."""
    command = [sys.executable, "-m", "mosaico_place", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def fake(monkeypatch: pytest.MonkeyPatch, answer: Callable[[Options], Result]) -> None:
    """Put something else in the place of the solver."""

    def solve(
        instance: object,
        *,
        method: str,
        options: Options,
        previous: Placement | None,
        max_moves: int | None,
    ) -> Result:
        del instance, method, previous, max_moves
        return answer(options)

    # The package has a function of the module's name, so the module is asked for by name.
    monkeypatch.setattr(importlib.import_module("mosaico_place.solving"), "solve", solve)


def result(termination: Termination, placement: Placement | None = None) -> Result:
    """A result without chains, for the objective of the template."""
    levels = (LevelResult({}, None, None, None),) * 3
    return Result("my-first-instance", "exact", termination, levels, placement)
