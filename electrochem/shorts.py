"""Short circuits of symmetric cells: hard, soft, or none.

A hard short leaves a small ohmic resistance for good; a soft short is a sudden partial drop that may recover.
A slowly falling overpotential is neither (activation). Bursts of logged points are thinned by time first, so
that statistics are by time and not by the number of points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interlayer.electrochem.common import Floats, noise
from interlayer.electrochem.segments import Segment

#: a sudden drop below this share of the voltage before is a short; below `HARD` and lasting it is a hard one
SOFT = 0.80
HARD = 0.30
#: from one half cycle to the next the apparent resistance must fall below this share
BETWEEN = 0.55
#: bins per half cycle for thinning, and the share of it that is its first transient
_BINS = 120
_TRANSIENT = 0.08
_SIGMAS = 7.0


@dataclass(frozen=True, slots=True)
class HalfCycle:
    """One half cycle of a symmetric cell, thinned by time."""

    segment: Segment
    time: Floats
    resistance: Floats

    @property
    def level(self) -> float:
        """Return the median resistance |V|/|I| after the first transient, in ohm."""
        later = self.time >= self.segment.begin + _TRANSIENT * self.segment.duration
        return float(np.median(self.resistance[later] if later.any() else self.resistance))


@dataclass(frozen=True, slots=True)
class Short:
    """A short circuit: where it was seen, between which times, and of which kind.

    Parameters
    ----------
    index
        Half cycle in which it happened.
    before, after
        Time in s of the last point before and the first point after the drop.
    ratio
        Resistance after over before.
    """

    index: int
    before: float
    after: float
    ratio: float
    kind: str


def half_cycle(segment: Segment, time: Floats, voltage: Floats, current: Floats) -> HalfCycle:
    """Return a half cycle with at most `_BINS` points: medians over equal stretches of time."""
    t, v, i = time[segment.rows], voltage[segment.rows], current[segment.rows]
    size = np.where(np.abs(i) > 0, np.abs(i), abs(segment.current))
    resistance = v * np.sign(segment.current) / size
    if t.size <= 8 or segment.duration <= 0:
        return HalfCycle(segment, t, resistance)
    bins = np.minimum(((t - segment.begin) / segment.duration * _BINS).astype(np.intp), _BINS - 1)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(bins)) + 1, [t.size]])
    if edges.size - 1 == t.size:
        return HalfCycle(segment, t, resistance)
    starts, counts = edges[:-1], np.diff(edges)
    order = np.lexsort((resistance, bins))
    ranked = resistance[order]
    medians = 0.5 * (ranked[starts + (counts - 1) // 2] + ranked[starts + counts // 2])
    return HalfCycle(segment, t[starts + (counts - 1) // 2], medians)


def first_short(halves: Sequence[HalfCycle], *, same_level: bool) -> Short | None:
    """Return the first short circuit of a test, or None.

    Parameters
    ----------
    same_level
        The half cycles have one current density (cycling); else it rises (CCD), where the apparent
        resistance may fall from step to step by itself.
    """
    levels = np.array([half.level for half in halves])
    for index, half in enumerate(halves):
        inside = _inside(half)
        if inside is not None:
            before, after, ratio = inside
            return Short(index, before, after, ratio, _kind(levels, index, ratio, half))
        between = _between(levels, index, same_level)
        if between is not None:
            begin = halves[index - 1].segment.end
            after = float(half.time[min(1, half.time.size - 1)])
            return Short(index, begin, after, between, _kind(levels, index, between, half))
    return None


def _inside(half: HalfCycle) -> tuple[float, float, float] | None:
    """Return (time before, time after, ratio) of the first sudden lasting drop within a half cycle.

    Medians over three bins are compared first; where the voltage is not large against its noise, over more.
    """
    n = half.resistance.size
    for width in (3, 8) if n >= 15 else (1,):
        found = _drop(half, width) if n >= 4 * width else None
        if found is not None:
            return found
    return None


def _drop(half: HalfCycle, width: int) -> tuple[float, float, float] | None:
    y, t = half.resistance, half.time
    n = y.size
    start = max(width, int(np.searchsorted(t, half.segment.begin + _TRANSIENT * half.segment.duration)))
    if n < start + width + 1:
        return None
    scatter = max(noise(y), 1e-4 * float(np.median(np.abs(y))))
    # the standard deviation of a difference of two medians of `width` values
    threshold = _SIGMAS * scatter * 1.25 * np.sqrt(2.0 / width)
    rolling = np.median(np.lib.stride_tricks.sliding_window_view(y, width), axis=1)
    places = np.arange(start, n - width + 1)
    befores, afters = rolling[places - width], rolling[places]
    low = (befores > 0) & (afters < SOFT * befores) & (befores - afters >= threshold)
    for k in places[low]:
        before, after = float(befores[k - start]), float(afters[k - start])
        if _abrupt(y, int(k), width, before, after) and _lasting(y, int(k), before, n, width):
            # the drop lies before the first low point
            first = int(k) + int(np.argmax(y[k:] < 0.5 * (before + after)))
            left = float(np.median(y[min(first + width, n - 1) : first + width + max(n // 10, 3)]))
            return float(t[max(first - 1, 0)]), float(t[first]), left / before
    return None


def _abrupt(y: Floats, k: int, width: int, before: float, after: float) -> bool:
    """Return True when most of the drop falls between neighbours, not along a slope that was there before."""
    steps = np.diff(y[max(k - width, 0) : k + width])
    largest = -float(steps.min())
    slope = max(-float(np.median(np.diff(y[max(k - 4 * width, 0) : k]))), 0.0) if k > 2 else 0.0
    return largest > 0.5 * (before - after) and largest > 4.0 * slope


def _lasting(y: Floats, k: int, before: float, n: int, width: int) -> bool:
    """Return True when the voltage stays low: three bins, or to the end where points are few."""
    rest = y[k:] if width == 1 else y[k : k + max(width, n // 30)]
    return bool(np.median(rest) < (SOFT + 0.05) * before)


def _between(levels: Floats, index: int, same_level: bool) -> float | None:
    """Return the ratio when the resistance fell suddenly from the half cycles before, and stays."""
    if index < 2 or (same_level and index < 4):
        return None
    reference = (
        float(np.median(levels[max(index - 4, 0) : index])) if same_level else float(levels[index - 1])
    )
    limit = SOFT - 0.05 if same_level else BETWEEN
    now = float(levels[index])
    if reference <= 0 or now >= limit * reference:
        return None
    # one odd half cycle is an interruption; a short stays, unless the run ends
    later = levels[index : index + 3]
    return now / reference if float(np.median(later)) < (limit + 0.05) * reference else None


def _kind(levels: Floats, index: int, ratio: float, half: HalfCycle) -> str:
    """Return "hard" when what is left is small and stays so, else "soft"."""
    before = float(np.median(levels[max(index - 4, 0) : index])) if index > 0 else float("nan")
    later = levels[index + 1 : index + 6]
    low = ratio < HARD
    if later.size and np.isfinite(before) and before > 0:
        return "hard" if low and float(np.median(later)) < (HARD + 0.1) * before else "soft"
    tail = half.resistance[-max(half.resistance.size // 10, 1) :]
    reference = before if np.isfinite(before) and before > 0 else float(np.max(half.resistance))
    return "hard" if low and float(np.median(tail)) < (HARD + 0.1) * reference else "soft"
