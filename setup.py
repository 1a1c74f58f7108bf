"""How the compiled modules are built: Cython makes C of the Python files that have a ``.pxd`` beside them."""

from __future__ import annotations

import os
from pathlib import Path

from Cython import __version__ as cython_version
from Cython.Build import cythonize
from Cython.Build.SharedModule import generate_shared_module
from Cython.Compiler.Main import CompilationOptions
from setuptools import Extension, setup

CHECKED = bool(os.environ.get("MOSAICO_PLACE_CHECKED"))
"""Whether views check their bounds and whole numbers their range: slow, for the tests of the kernel."""

DIRECTIVES = {
    "language_level": 3,
    "annotation_typing": False,  # the .pxd files give the C types
    "infer_types": True,
    "boundscheck": CHECKED,
    "wraparound": False,
    "initializedcheck": CHECKED,
    "overflowcheck": CHECKED,
    "cdivision": not CHECKED,
    "freethreading_compatible": True,
    "show_performance_hints": False,
}

# Sums must not depend on whether a processor multiplies and adds in one step.
COMPILE = ["-O2" if CHECKED else "-O3", "-g0", "-ffp-contract=off", "-Wno-unused-function", "-Wno-sign-compare"]

# What one release of Cython wrote does not fit what another one writes.
BUILD = Path("build") / f"cython-{cython_version}{'-checked' if CHECKED else ''}"
SHARED = "mosaico_place._views"


def shared() -> Extension:
    """What all compiled modules need for views of arrays, compiled once."""
    target = BUILD / "mosaico_place" / "_views.c"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        generate_shared_module(CompilationOptions(shared_c_file_path=str(target), module_name=SHARED))
    return Extension(SHARED, [str(target)], extra_compile_args=["-O1", *COMPILE[1:]])


def modules() -> list[Extension]:
    """The modules that have declarations."""
    sources = [path.with_suffix(".py") for path in sorted(Path("mosaico_place").rglob("*.pxd"))]
    return [
        Extension(".".join(source.with_suffix("").parts), [str(source)], extra_compile_args=COMPILE)
        for source in sources
    ]


setup(
    ext_modules=[
        *cythonize(
            modules(),
            build_dir=str(BUILD),
            compiler_directives=DIRECTIVES,
            shared_utility_qualified_name=SHARED,
            nthreads=os.cpu_count() or 1,
        ),
        shared(),
    ],
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
)
