"""Quantiles of what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share of the values do not exceed.

    >>> quantile([3, 1, 2], 0.5), quantile([3, 1, 2], 0.99)
    (2, 3)
    """
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered) - 1e-9) - 1, 0)]
