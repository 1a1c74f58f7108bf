"""Builds the package with setuptools; where the machine has no C compiler, with the one of the ziglang wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping

from setuptools import build_meta
from setuptools.build_meta import get_requires_for_build_sdist, prepare_metadata_for_build_wheel

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable

Settings = Mapping[str, str | list[str] | None] | None


def _has_compiler() -> bool:
    """Whether the machine has a C compiler, or the user names one."""
    return bool(os.environ.get("CC")) or any(shutil.which(name) for name in ("cc", "gcc", "clang", "cl"))


def _requires(known: list[str]) -> list[str]:
    return known if _has_compiler() else [*known, "ziglang>=0.13"]


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """What a wheel is built with, beside what pyproject.toml says."""
    return _requires(build_meta.get_requires_for_build_wheel(config_settings))


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """The same for a package that runs from its source tree."""
    return _requires(build_meta.get_requires_for_build_editable(config_settings))


def _choose_compiler() -> None:
    """Let setuptools compile with zig where there is nothing else."""
    if not _has_compiler() and importlib.util.find_spec("ziglang") is not None:
        compiler = f"{sys.executable} -m ziglang cc"
        os.environ["CC"] = compiler
        os.environ["LDSHARED"] = f"{compiler} -shared"


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """Build a wheel; its name."""
    _choose_compiler()
    return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Compile into the source tree, and build a wheel that points to it; its name."""
    _choose_compiler()
    return str(build_meta.build_editable(wheel_directory, config_settings, metadata_directory))


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build a source distribution; its name."""
    return str(build_meta.build_sdist(sdist_directory, config_settings))
