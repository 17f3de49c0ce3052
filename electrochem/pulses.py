"""Pulses between rests: equilibrium voltages, slopes against the root of time, ohmic jumps."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.intervals import from_log
from interlayer.core.summary import Row, Rows
from interlayer.electrochem import segments
from interlayer.electrochem.common import (
    Floats,
    noise,
)
from interlayer.electrochem.segments import Segment

#: part of a pulse, from its begin, that is never used for the slope (ohmic jump, charge transfer), in s
SKIP = 1.0
SKIP_SHARE = 0.05
#: end of the part of a pulse that is used, in units of L²/D
_WINDOW = 0.25


@dataclass(frozen=True, slots=True)
class Pulse:
    """One pulse and the rests around it.

    Parameters
    ----------
    begin, rest_end, duration
        In s, the end of the rest after it; ``charge`` in Ah since the first pulse, at the middle of this one.
    delta_s, delta_t
        ΔEs and ΔEt in V, with their standard deviations.
    jump
        Ohmic (and charge-transfer) jump in V.
    """

    begin: float
    rest_end: float
    duration: float
    current: float
    charge: float
    equilibrium: float
    delta_s: float
    delta_s_stddev: float
    delta_t: float
    delta_t_stddev: float
    jump: float
    window: float

    @property
    def log_ratio(self) -> tuple[float, float]:
        """Return ln (ΔEs/ΔEt)² and its standard deviation."""
        a, b = abs(self.delta_s), abs(self.delta_t)
        relative = np.hypot(self.delta_s_stddev / max(a, 1e-12), self.delta_t_stddev / max(b, 1e-12))
        return 2.0 * float(np.log(max(a, 1e-12) / max(b, 1e-12))), 2.0 * float(relative)


def find(raw: xr.Dataset, time: Floats, voltage: Floats, current: Floats) -> list[Pulse]:
    """Return every pulse that has a rest before and after it."""
    steps = [each for each in segments.find(raw, time) if each.duration > 0]
    found: list[Pulse] = []
    charge = 0.0
    for before, pulse, after in zip(steps[:-2], steps[1:-1], steps[2:], strict=True):
        if pulse.sign == 0 or before.sign != 0 or after.sign != 0 or pulse.last - pulse.first < 5:
            continue
        passed = segments.integral(time, current, pulse) / 3600.0
        found.append(_pulse(before, pulse, after, time, voltage, charge + 0.5 * passed))
        charge += passed
    return found


def _relaxed(segment: Segment, time: Floats, voltage: Floats) -> tuple[float, float]:
    """Return the voltage at the end of a rest and its standard deviation: noise, and what may still relax."""
    t, v = time[segment.rows], voltage[segment.rows]
    tail = t >= t[-1] - 0.1 * segment.duration
    if tail.sum() < 4:
        return float(v[-1]), max(noise(v), 1e-6)
    line = np.polyfit(t[tail] - t[-1], v[tail], 1)
    sigma = max(float(np.std(v[tail] - np.polyval(line, t[tail] - t[-1]), ddof=2)), 1e-9)
    # a relaxation that goes like a root of time has about as much to go as it did over the last tenth
    remaining = abs(line[0]) * 0.1 * segment.duration
    significant = remaining if remaining > 3 * sigma * np.sqrt(12.0 / tail.sum()) else 0.0
    return float(np.mean(v[tail] - line[0] * (t[tail] - t[-1]))), float(
        np.hypot(sigma / np.sqrt(tail.sum()), significant / np.sqrt(3))
    )


def _pulse(
    before: Segment, pulse: Segment, after: Segment, time: Floats, voltage: Floats, charge: float
) -> Pulse:
    first, first_stddev = _relaxed(before, time, voltage)
    last, last_stddev = _relaxed(after, time, voltage)
    t, v = time[pulse.rows] - pulse.begin, voltage[pulse.rows]
    slope, stddev, intercept, window = _slope(t, v, pulse.duration, last - first)
    root = float(np.sqrt(pulse.duration))
    return Pulse(
        pulse.begin,
        after.end,
        pulse.duration,
        pulse.current,
        charge,
        last,
        last - first,
        float(np.hypot(first_stddev, last_stddev)),
        slope * root,
        stddev * root,
        intercept - first,
        window,
    )


def _slope(t: Floats, v: Floats, duration: float, delta_s: float) -> tuple[float, float, float, float]:
    """Return slope against √t, its standard deviation, intercept and window end.

    The law V ~ √t holds for t << L²/D only, and (ΔEs/ΔEt)² itself says how long L²/D is: the window, which
    begins after the ohmic jump, ends at a quarter of it, found by repetition.
    """
    skip = min(max(SKIP_SHARE * duration, t[0]), max(SKIP, t[0]))
    end = duration
    found = (0.0, 0.0, 0.0, end)
    for _ in range(8):
        rows = (t >= skip) & (t <= end)
        if rows.sum() < 8:
            rows = t <= np.sort(t)[min(7, t.size - 1)]
        found = straight(np.sqrt(t[rows]), v[rows], float(end))
        delta_t = found[0] * np.sqrt(duration)
        reduced = 4.0 / np.pi * (delta_s / delta_t) ** 2 if delta_t else np.inf
        limit = max(min(duration, _WINDOW * duration / max(reduced, 1e-12)), 4 * skip)
        if abs(limit / end - 1) < 0.01:
            break
        end = limit
    return found


def straight(root: Floats, v: Floats, end: float) -> tuple[float, float, float, float]:
    """Return (slope, stddev, intercept, window end) of a line; a significant bend widens the error."""
    centre, spread = root.mean(), max(float(np.ptp(root)), 1e-12)
    x = (root - centre) / spread
    line, line_cov = _fit(x, v, 1)
    curve, curve_cov = _fit(x, v, 2)
    size = max(abs(float(line[1])), 1e-15)
    bend = float(curve[2] * np.sign(line[1])) / size
    clear = abs(curve[2]) > 2 * float(np.sqrt(curve_cov[2, 2]))
    # the slope at the window's ends differs by this bend: a quarter of it is the error of the mean slope
    stddev = float(np.hypot(np.sqrt(line_cov[1, 1]), 0.25 * abs(bend) * size if clear else 0.0)) / spread
    slope = float(line[1]) / spread
    return slope, stddev, float(line[0] - slope * centre), end


def _fit(x: Floats, y: Floats, degree: int) -> tuple[Floats, Floats]:
    design = np.vander(x, degree + 1, increasing=True)
    solution, *_ = np.linalg.lstsq(design, y, rcond=None)
    rest = y - design @ solution
    variance = float(rest @ rest) / max(y.size - degree - 1, 1)
    covariance = np.asarray(np.linalg.pinv(design.T @ design) * variance, dtype=np.float64)
    return np.asarray(solution, dtype=np.float64), covariance


def diffusion_columns(log_d: Floats, reach: Floats) -> dict[str, tuple[Floats, str, str]]:
    """Return the columns of a table that hold D in cm^2/s, from ln D and half its 95 % interval."""
    return {
        "diffusion_coefficient": (np.exp(log_d), "cm^2/s", "D"),
        "diffusion_coefficient_low": (np.exp(log_d - reach), "cm^2/s", "lower end of the 95 % interval"),
        "diffusion_coefficient_high": (np.exp(log_d + reach), "cm^2/s", "upper end of the 95 % interval"),
    }


def extreme_rows(
    rows: Rows,
    log_d: Floats,
    spread: Floats,
    usable: NDArray[np.intp],
    method: str,
    why_none: str,
    note: Callable[[int], str],
) -> list[Row]:
    """Return the smallest and the largest D among the usable pulses, each with the note of its place.

    The parameters of L are taken as exact; noise, relaxation and straightness are in ``spread`` (of ln D).
    """
    name, unit = "diffusion_coefficient", "cm^2/s"
    if usable.size == 0:
        return [rows.absent("not resolved", name, end, unit, method, why_none) for end in ("min", "max")]
    result = []
    for end, pick in (("min", np.argmin), ("max", np.argmax)):
        place = int(usable[pick(log_d[usable])])
        interval = from_log(float(log_d[place]), float(max(spread[place], 1e-3)))
        result.append(rows.measured(name, end, interval, unit, method, note(place)))
    return result
