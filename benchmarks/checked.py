"""The tests of the kernel on a build with checks: of the bounds of every array, and of the range of whole numbers.

    uv run python -m benchmarks.checked [TEST ...]

The package, tests and shipped instances are copied to a temporary folder and built there, so that the installed
package stays as fast as it is; then pytest runs on the copy. A broken bound in compiled code that cannot raise is
reported as an exception that nobody caught, which the suite's settings make a failure. Cython and setuptools must be
installed: ``uv pip install cython setuptools``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("mosaico_place", "tests", "instances", "scenarios", "benchmarks", "docs")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
TESTS = (
    "tests/test_kernel.py",
    "tests/test_pruning.py",
    "tests/test_search.py",
    "tests/test_columns.py",
    "tests/test_live.py",
    "tests/test_closing.py",
    "tests/test_whole.py",
)


def main() -> None:
    """Copy, build, test."""
    parser = argparse.ArgumentParser(description="the tests of the kernel on a build with checks")
    parser.add_argument("tests", nargs="*", default=TESTS, metavar="TEST")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy, ignored = Path(folder), shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
        for name in FOLDERS:
            shutil.copytree(ROOT / name, copy / name, ignore=ignored)
        for name in FILES:
            shutil.copy(ROOT / name, copy / name)
        surroundings = {**os.environ, "MOSAICO_PLACE_CHECKED": "1", "PYTHONPATH": str(copy)}
        began = time.monotonic()
        build = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
        subprocess.run(build, cwd=copy, env=surroundings, check=True)
        print(f"built with checks in {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
        ended = subprocess.run([sys.executable, "-m", "pytest", *asked.tests], cwd=copy, env=surroundings, check=False)
        print(f"tested in {time.monotonic() - began:.0f} s", flush=True)
    sys.exit(ended.returncode)


if __name__ == "__main__":
    main()
