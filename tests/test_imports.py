"""Imports run downwards only."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "mosaico_place"

LAYERS = [
    {"__main__"},
    {"cli"},
    {"watching"},
    {"progress", "report", "terminal"},
    {"__init__"},
    {"advising", "explaining"},
    {"room"},
    {"dynamics"},
    {"solving"},
    {"levers"},
    {"automatic", "warming"},
    {"combined"},
    {"columns", "exact"},
    {"methods"},
    {"solution"},
    {"kernel"},
    {"installed", "method", "reasons"},
    {"compile"},
    {"scenario"},
    {"events"},
    {"dumping", "generating", "load", "pvnfpc"},
    {"document"},
    {"schema", "source", "validate"},
    {"describe"},
    {"planning", "tally"},
    {"checking", "costing"},
    {"explanation", "latency", "ledger"},
    {"moves", "usage"},
    {"result"},
    {"differences", "placement"},
    {"remembered"},
    {"instance"},
    {"quantities", "rules", "errors", "solver"},
]
"""Modules and packages of the project from top to bottom; one may import only what stands below its own line."""

HEIGHT = {name: -height for height, layer in enumerate(LAYERS) for name in layer}
JUDGES = {"checking", "costing", "differences", "latency", "ledger", "moves", "remembered", "tally", "usage"}
WHAT_JUDGES_READ = JUDGES | {"instance", "placement", "result", "quantities", "rules", "errors"}


def imports() -> list[tuple[Path, str, str]]:
    """(file, its module or package, what it imports of the project), imports inside functions included."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                assert node.level == 0, f"{path}: imports are written in full"
                names = [node.module]
                if node.module == "mosaico_place":
                    names = [f"mosaico_place.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            found += [(path, own, name.split(".")[1]) for name in names if name.startswith("mosaico_place.")]
    return found


def test_every_module_has_a_layer() -> None:
    """Tests that no module stands outside the list of layers, and that the list names no module that is gone."""
    modules = {path.name.removesuffix(".py") for path in PACKAGE.glob("*.py")}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert modules | packages == set(HEIGHT)


def test_imports_run_downwards() -> None:
    """Tests that a module imports only what stands below it."""
    upwards = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path, own, other in imports()
        if own != other and HEIGHT.get(other, 1) >= HEIGHT[own]
    ]
    assert upwards == []


def test_judges_stand_alone() -> None:
    """Tests that what judges an answer reads the instance and the placement, never what the methods work on."""
    leaning = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path, own, other in imports()
        if own in JUDGES and other not in WHAT_JUDGES_READ
    ]
    assert leaning == []
