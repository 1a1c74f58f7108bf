"""How the kernel's functions are compiled: by numba, on first use, kept on disk from then on.

Functions that Python itself calls are plain ``njit(cache=True)``. The others get no door to Python, which for arguments
of many arrays takes longer to compile than the functions.
"""

from __future__ import annotations

from numba import njit

inner = njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""For functions that only compiled code calls."""

inner_inline = njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)
"""The same, for small ones that it calls most."""
