"""Steps of a cycler test: stretches of one direction (and level) of the current."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.electrochem.common import Floats

#: a current below this share of the largest is rest
_REST_SHARE = 2e-3
#: a jump of the current's level larger than this begins a new step (symmetric cells)
_LEVEL_SHARE = 0.05
#: a gap before a step of more than this many of its mean row distances is an interruption
_INTERRUPTION = 10.0
#: rows that are looked at for the scale of the current
_SAMPLE = 100_000
_LONG = 1000


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows ``first`` … ``last`` (inclusive) of one step.

    Parameters
    ----------
    sign
        +1 charge, −1 discharge, 0 rest.
    begin, end
        Time in s; ``begin`` is when the step began, which may be before its first row.
    current
        Time-weighted median of the current in A.
    """

    first: int
    last: int
    sign: int
    begin: float
    end: float
    current: float

    @property
    def rows(self) -> slice:
        """Return the rows as a slice."""
        return slice(self.first, self.last + 1)

    @property
    def duration(self) -> float:
        """Return the duration in s."""
        return self.end - self.begin


def signs(current: Floats, mode: NDArray[np.generic] | None = None) -> NDArray[np.int8]:
    """Return +1, −1 or 0 (rest) per row; mode 3 is rest where the current is small too."""
    # of a long test every so many rows tell the scale
    some = np.abs(current[:: max(current.size // _SAMPLE, 1)])
    largest = float(np.quantile(some, 0.999)) if current.size else 0.0
    found = (current > _REST_SHARE * largest).astype(np.int8)
    found -= current < -_REST_SHARE * largest
    if mode is not None:
        found[(mode == 3) & (np.abs(current) < 0.05 * largest)] = 0
    return found


def find(raw: xr.Dataset, time: Floats, *, levels: bool = False) -> list[Segment]:
    """Return the steps of a test in order.

    Parameters
    ----------
    time
        Running time in s (`common.clock`).
    levels
        Also split where the level of the current jumps (CCD staircases without rests).
    """
    current = np.asarray(raw["current"].values, dtype=np.float64)
    sign = signs(current, raw["mode"].values if "mode" in raw else None)
    change = np.diff(sign) != 0
    if levels:
        size = np.abs(current)
        change |= np.abs(np.diff(size)) > _LEVEL_SHARE * np.maximum(np.maximum(size[1:], size[:-1]), 1e-15)
        change &= ~((sign[1:] == 0) & (sign[:-1] == 0))
    starts = np.concatenate([[0], np.flatnonzero(change) + 1])
    ends = np.concatenate([starts[1:] - 1, [current.size - 1]])
    begins = _begins(raw, time, starts)
    return [
        Segment(int(a), int(b), int(sign[a]), float(t), float(time[b]), _median(current[a : b + 1]))
        for a, b, t in zip(starts, ends, begins, strict=True)
    ]


def _median(values: Floats) -> float:
    """Return the median; of a long step every so many rows tell it."""
    return float(np.median(values[:: max(values.size // _LONG, 1)]))


def _begins(raw: xr.Dataset, time: Floats, starts: NDArray[np.intp]) -> Floats:
    """Return when each step began: by its step time where that fits, else at the row before.

    A gap before the first row that is long against the rows of the step is an interruption without rows (a
    power cut): the step began with its first row then. The first step begins at the test's time zero, where
    that is no further away than two rows.
    """
    before = time[np.maximum(starts - 1, 0)]
    gap = time[starts] - before
    ends = np.append(starts[1:], time.size)
    usual = (time[ends - 1] - time[starts]) / np.maximum(ends - starts - 1, 1)
    interrupted = (gap > _INTERRUPTION * usual) & (ends - starts > 3) & (gap > 1.0)
    before = np.where(interrupted, time[starts], before)
    # a logger that waits one interval before its first row: the test's time says how long it ran before
    waited = float(raw["time"].values[0]) if "time" in raw else 0.0
    if 0 < waited <= 2 * usual[0]:
        before[0] -= waited
    if "step_time" not in raw:
        return before
    into = np.asarray(raw["step_time"].values, dtype=np.float64)[starts]
    begun = time[starts] - into
    fits = (begun >= before - 1e-6) & (begun <= time[starts])
    return np.where(fits, begun, before)


def integral(time: Floats, values: Floats, segment: Segment) -> float:
    """Return ∫ values dt over a step: trapezoids, and the first value held back to the step's begin."""
    t, y = time[segment.rows], values[segment.rows]
    return float(np.trapezoid(y, t) + y[0] * (t[0] - segment.begin))


def mean(time: Floats, values: Floats, segment: Segment, skip: float = 0.0) -> float:
    """Return the time-weighted mean over a step, leaving out its first share ``skip``."""
    t, y = time[segment.rows], values[segment.rows]
    keep = t >= segment.begin + skip * segment.duration
    t, y = (t[keep], y[keep]) if keep.sum() > 1 else (t, y)
    if t.size < 2 or t[-1] <= t[0]:
        return float(np.mean(y))
    return float(np.trapezoid(y, t) / (t[-1] - t[0]))
