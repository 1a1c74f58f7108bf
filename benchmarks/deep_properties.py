"""Run the random tests deeply: twenty times as many examples as the suite, drawn afresh every time.

    uv run python -m benchmarks.deep_properties
    uv run python -m benchmarks.deep_properties tests/test_agreement.py

What follows is handed on to pytest. An example that fails is made as small as possible, and is printed with what
repeats it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1] / "tests"


def random_tests() -> list[Path]:
    """The files with tests that draw their examples."""
    return [path for path in sorted(TESTS.glob("test_*.py")) if "from hypothesis import" in path.read_text("utf-8")]


def main(given: Sequence[str]) -> int:
    """Run them, or those given, with the profile ``deep`` of ``tests/conftest.py``; the exit code of pytest."""
    named = any(argument.startswith("tests/") for argument in given)
    return int(pytest.main(["--hypothesis-profile=deep", *([] if named else map(str, random_tests())), *given]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
