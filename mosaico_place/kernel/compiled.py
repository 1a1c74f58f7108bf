"""How functions are compiled: by numba, on first use, kept on disk from then on.

What is kept is of no use any more when anything in the kernel changes, or beside the function in its directory.

:data:`outer` is for functions that Python calls. The others get no door to Python, which for arguments of many arrays
takes longer to compile than the functions; to call them from Python ends the process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit


@cache
def _stamp(directory: Path) -> str:
    """Tells versions of the source in a directory apart."""
    files = sorted(directory.glob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _readable(load: Callable[[], dict[Any, Any]]) -> Callable[[], dict[Any, Any]]:
    """Loads what is kept; nothing if an older version wrote it, with types that are gone."""

    def load_readable() -> dict[Any, Any]:
        try:
            return load()
        except (AttributeError, ImportError):
            return {}

    return load_readable


def _compiler(**flags: Any) -> Callable[[Callable[..., Any]], Any]:
    def compile_function(function: Callable[..., Any]) -> Any:
        dispatcher = njit(cache=True, error_model="numpy", **flags)(function)
        stamps = _stamp(Path(__file__).parent), _stamp(Path(function.__code__.co_filename).parent)
        try:
            # numba looks at a function's own file only, and would run what it compiled into it from others for ever.
            index = dispatcher._cache._cache_file  # noqa: SLF001
            index._source_stamp = (index._source_stamp, *stamps)  # noqa: SLF001
            index._load_index = _readable(index._load_index)  # noqa: SLF001
        except AttributeError:  # this numba keeps its cache another way: better none than a stale one
            return njit(error_model="numpy", **flags)(function)
        return dispatcher

    return compile_function


outer = _compiler(nogil=True, _nrt=False)
"""For functions that Python calls; they count no references to arrays, so they can make none.

A call hands over bundles of some 80 arrays, and numba counts every one of them up and down in one atomic step each,
where functions are not merged: more work than most of the functions do. Arrays live as long as what calls from Python
holds them, so nothing needs to be counted below. Whatever would make an array does not compile.
"""

outer_making = _compiler(nogil=True, _nrt=True)
"""For functions that Python calls and that make arrays."""

inner = _compiler(no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
"""For functions that only compiled code calls."""

inner_inline = _compiler(no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True, _nrt=False)
"""The same, for small ones that it calls most."""

outer_inline = _compiler(forceinline=True, _nrt=False)
"""For small functions that both call."""
