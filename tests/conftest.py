"""Fixtures of more than one file."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from hypothesis import HealthCheck, Phase, settings

from mosaico_place.cli import main
from tests.depth import EXAMPLES
from tests.program import TEMPLATE, Ended, Run

settings.register_profile(
    "suite",
    max_examples=EXAMPLES,
    derandomize=True,  # the same everywhere, so that a change that fails has itself to blame
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # shrinking would take minutes
    # How long it takes to draw says more of what else the machine does than of a strategy. Placements are nested
    # deeply, and what is passed over, such as instances with too much to try, is counted where it matters.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.register_profile(
    "deep",
    settings.get_profile("suite"),
    max_examples=20 * EXAMPLES,
    derandomize=False,
    phases=tuple(Phase),
    print_blob=True,
)
settings.load_profile("suite")

if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    # The program is started a hundred times, and would compile everything that it imports as often.
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the program in this process; ``stdin`` is what it finds there."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # the program sets its own

    def call(*arguments: object, stdin: str | bytes | None = None) -> Ended:
        monkeypatch.setattr(sys, "argv", ["mosaico-place", *map(str, arguments)])
        with TextIOWrapper(TemporaryFile(), encoding="utf-8") as given, monkeypatch.context() as patch:
            if stdin is not None:
                given.buffer.write(stdin.encode() if isinstance(stdin, str) else stdin)
                given.seek(0)
                patch.setattr(sys, "stdin", given)
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
