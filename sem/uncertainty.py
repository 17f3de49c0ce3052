"""Scatter over an area, and systematic terms of intervals."""

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import Interval

F64 = NDArray[np.float64]


def tiles(counts: F64) -> float:
    """Return the relative standard deviation of the mean over tiles (of one or more images)."""
    total = float(np.sum(counts))
    if counts.size < 2 or total <= 0:
        return 1.0
    return float(np.std(counts, ddof=1) / np.sqrt(counts.size) / (total / counts.size))


def widened(interval: Interval, absolute: float, relative: float) -> Interval:
    """Return an interval with systematic terms: an absolute and a relative standard deviation."""
    wide = interval.with_systematic(float(np.hypot(absolute, relative * interval.value)))
    return Interval(wide.value, wide.stddev, max(wide.low, 0.0), wide.high)
