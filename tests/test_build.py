"""What the package is built from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np

from mosaico_place.compile.arrays import records

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mosaico_place"


def compiled_modules() -> set[str]:
    """The Python files that are compiled, from the root of the repository."""
    return {path.with_suffix(".py").relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.pxd")}


def test_a_change_of_any_source_builds_anew() -> None:
    """Tests that the list of what the compiled modules are built from names all of them, and nothing that is gone."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        keys = {key["file"] for key in tomllib.load(file)["tool"]["uv"]["cache-keys"]}
    listed = {key for key in keys if key.startswith("mosaico_place/") and key.endswith(".py")}
    assert listed == compiled_modules()
    assert {"pyproject.toml", "setup.py", "build_backend/*.py", "mosaico_place/**/*.pxd"} <= keys


def test_compiled_modules_run_compiled() -> None:
    """Tests that what is imported is the built module and not its source."""
    assert not str(records.__file__).endswith(".py")


def test_records_are_what_compiled_code_takes_them_for() -> None:
    """Tests that the fields of every record are those of its C struct, one by one."""
    text = (PACKAGE / "compile" / "arrays" / "records.pxd").read_text(encoding="utf-8")
    structs = {}
    for name, body in re.findall(r"cdef struct (\w+):\n((?: {4}.*\n)+)", text):
        structs[name] = [tuple(line.split()) for line in body.splitlines()]
    assert len(structs) == 11
    kinds = {"int": np.dtype("i4"), "double": np.dtype("f8")}
    for name, fields in structs.items():
        dtype = getattr(records, name.upper())
        assert dtype.isalignedstruct
        assert [(field, dtype[field]) for field in dtype.names] == [(field, kinds[kind]) for kind, field in fields]
