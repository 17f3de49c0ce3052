"""A sudden lasting drop of the resistance within one half cycle, against noise, spikes and slopes.

Medians before and after each point are compared over several widths, so that a drop is seen in clean data
with few points and in noisy data with many. What the resistance was falling by anyway is taken off first, and
what the half cycle before it in the same direction does at the same place is no short.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlayer.electrochem.common import Floats, noise
from interlayer.electrochem.segments import Segment

#: a sudden drop below this share of the resistance expected is a short
SOFT = 0.80
#: share of a half cycle that is its first transient
TRANSIENT = 0.08
#: widths of the medians, with the number of standard errors that a drop must have
_WIDTHS = ((3, 7.0), (5, 6.0), (8, 6.0), (13, 6.0), (21, 6.0))
#: below this many points neighbours are compared one by one
_FEW = 15


@dataclass(frozen=True, slots=True)
class HalfCycle:
    """One half cycle of a symmetric cell, thinned by time."""

    segment: Segment
    time: Floats
    resistance: Floats

    @property
    def level(self) -> float:
        """Return the median resistance |V|/|I| after the first transient, in ohm."""
        later = self.time >= self.segment.begin + TRANSIENT * self.segment.duration
        return float(np.median(self.resistance[later] if later.any() else self.resistance))


def find(half: HalfCycle, earlier: HalfCycle | None = None) -> tuple[float, float, float] | None:
    """Return (time before, time after, ratio) of the first sudden lasting drop within a half cycle, or None.

    Parameters
    ----------
    earlier
        The half cycle before it in the same direction (for the first two: the one after), where there is one.
    """
    n = half.resistance.size
    if n < 4:
        return None
    found = []
    for width, sigmas in _WIDTHS if n >= _FEW else ((1, 7.0),):
        if n >= 3 * width:
            place = _first(half, width, sigmas, earlier)
            if place is not None:
                found.append((place, width))
    if not found:
        return None
    place, width = min(found)
    return _described(half, place, width)


def _first(half: HalfCycle, width: int, sigmas: float, earlier: HalfCycle | None) -> int | None:
    """Return the first place of a drop over medians of one width."""
    y, n = half.resistance, half.resistance.size
    begin = half.segment.begin + TRANSIENT * half.segment.duration
    start = max(width, int(np.searchsorted(half.time, begin)))
    places = np.arange(start, n - width + 1)
    if places.size == 0:
        return None
    rolling = _rolling(y, width)
    before, after = rolling[places - width], rolling[places]
    falling = np.minimum(_trend(y, rolling, places, width), 0.0)
    suspects = np.flatnonzero((before > 0) & (after < SOFT * before))
    overall = noise(y)
    for k in suspects:
        place = int(places[k])
        # a short may be noisier than the time before; few points before it tell their noise badly
        sigma = max(noise(y[:place]), 0.7 * overall) * (1 + 4 / place)
        sigma = max(sigma, 1e-4 * float(np.median(np.abs(y))))
        error = 1.25 * sigma * float(np.sqrt(2.0 / width))
        slope = float(falling[k]) if -falling[k] > 2 * error else 0.0
        expected = float(before[k]) + slope
        drop = expected - float(after[k])
        error *= np.sqrt(2.0) if slope else 1.0
        if (
            after[k] < SOFT * expected
            and drop > sigmas * error
            and _abrupt(y, place, width, drop, sigma, -slope / width)
            and _lasting(y, place, expected, width)
            and after[k] < SOFT * expected * _natural(half, earlier, place, width)
        ):
            return place
    return None


def _rolling(y: Floats, width: int) -> Floats:
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(y, width), axis=1))


def _trend(y: Floats, rolling: Floats, places: NDArray[np.intp], width: int) -> Floats:
    """Return how far the resistance moves over one width, from the two widths before each place."""
    if width == 1:
        earlier = np.maximum(places - 2, 0)
        return np.asarray(y[places - 1] - y[earlier])
    half = width // 2
    short = _rolling(y, half)
    near = (short[places - half] - short[places - width]) * width / max(width - half, 1)
    far = rolling[places - width] - rolling[np.maximum(places - 2 * width, 0)]
    return np.where(places >= 2 * width, far, near)


def _abrupt(y: Floats, place: int, width: int, drop: float, sigma: float, slope: float) -> bool:
    """Return True when most of the drop falls between neighbours: two points before, two points after.

    Two on each side, so that one spike makes no drop; noise makes such a fall look smaller by two standard
    deviations at most.
    """
    if width == 1:
        return bool(y[place - 1] - y[place] > max(0.5 * drop, 4 * slope))
    near = y[max(place - width, 0) : place + width + 1]
    high = np.minimum(near[:-3], near[1:-2])
    low = np.maximum(near[2:-1], near[3:])
    largest = float(np.max(high - low))
    return largest > 0.5 * drop - 2 * sigma and largest + 2 * sigma > 4 * slope


def _lasting(y: Floats, place: int, expected: float, width: int) -> bool:
    """Return True when the resistance stays low: in six of ten of five points at least, or to the end."""
    rest = y[place:] if width == 1 else y[place : place + max(width, y.size // 20, 5)]
    return bool(np.quantile(rest, 0.6) < (SOFT + 0.05) * expected)


def _natural(half: HalfCycle, earlier: HalfCycle | None, place: int, width: int) -> float:
    """Return the ratio (at most 1) by which the earlier half cycle falls at the same place."""
    if earlier is None or earlier.resistance.size < 8 or half.segment.duration <= 0:
        return 1.0
    if abs(earlier.segment.duration / half.segment.duration - 1) > 0.05:
        return 1.0
    into = earlier.time - earlier.segment.begin
    at = half.time - half.segment.begin
    same = np.interp(at, into, earlier.resistance)
    before, after = np.median(same[max(place - width, 0) : place]), np.median(same[place : place + width])
    return float(np.clip(after / before, 0.3, 1.0)) if before > 0 else 1.0


def _described(half: HalfCycle, place: int, width: int) -> tuple[float, float, float]:
    """Return the time before and after the drop and the ratio of what is left of the resistance."""
    y, t, n = half.resistance, half.time, half.resistance.size
    before = float(np.median(y[max(place - width, 0) : place]))
    after = float(np.median(y[place : place + width]))
    first = place + int(np.argmax(y[place:] < 0.5 * (before + after)))
    left = float(np.median(y[min(first + width, n - 1) : first + width + max(n // 10, 3)]))
    return float(t[max(first - 1, 0)]), float(t[first]), left / before
