"""The README shows what really happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mosaico_place.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def without_seconds(text: str) -> str:
    """The text with running times made equal."""
    return re.sub(r"\d+(\.\d+)? s\b", "N s", text).rstrip()


def test_shown_output_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that a command's output in the README is what the command prints, seconds apart."""
    monkeypatch.chdir(ROOT)
    shown = [block for block in blocks("console") if block.count("$ ") == 1]
    assert shown
    for block in shown:
        command, _, output = block.partition("\n")
        words = shlex.split(command.removeprefix("$ uv run "))
        assert words[0] == "mosaico-place"
        result = CliRunner().invoke(app, words[1:])
        assert result.exit_code == 0
        assert without_seconds(result.stdout) == without_seconds(output)


def test_python_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Tests that the README's Python code runs."""
    monkeypatch.chdir(ROOT)
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})
    assert "optimal" in capsys.readouterr().out


def test_front_door_is_named() -> None:
    """Tests that the README gives the two commands that set everything up."""
    assert "pip install uv && uv run mosaico-place solve instances/cloud-gaming-edge.yaml" in README
    assert "pip install uv && uv run pytest" in README
