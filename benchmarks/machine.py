"""What a measurement was made on."""

from __future__ import annotations

import datetime
import os
import platform
import time
from importlib.metadata import version


def machine() -> str:
    """Date, versions and machine size, in one line."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("mosaico-place", "pyomo", "highspy"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return f"{today}, Python {platform.python_version()}, {packages}, {cores} cores, {memory_gib:.0f} GiB"


def pace_ms() -> float:
    """Milliseconds of the thread for a million additions in Python: what a machine that others share is worth now."""
    begun, total = time.thread_time(), 0
    for number in range(10**6):
        total += number
    return 1000 * (time.thread_time() - begun)
