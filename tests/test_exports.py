"""The public names of the package."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import mosaico_place


def test_every_public_name_exists() -> None:
    """Tests that each name in ``__all__`` can be had, and is the one that type checkers see."""
    tree = ast.parse(Path(mosaico_place.__file__).read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("mosaico_place.")
        for alias in node.names
    }
    assert sorted(mosaico_place.__all__) == mosaico_place.__all__
    assert imported == set(mosaico_place.__all__)
    assert all(getattr(mosaico_place, name) is not None for name in mosaico_place.__all__)


def test_submodules_do_not_hide_functions() -> None:
    """Tests that the functions named like their modules stay functions once the modules are loaded."""
    for name in ("check", "cost", "dump", "solve"):
        assert callable(getattr(mosaico_place, name)), name


def test_importing_costs_nothing() -> None:
    """Tests that neither solver nor numerical libraries are loaded by the import alone."""
    heavy = "{'pyomo', 'highspy', 'numpy', 'scipy', 'pydantic'}"
    code = f"import sys, mosaico_place; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
