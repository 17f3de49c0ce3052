"""Sweeps of a voltammogram and what one cycle of it shows: anodic peak, onset of plating, charges."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interlayer.electrochem.common import (
    Floats,
    noise,
)

#: the flank of the cathodic wave that is extrapolated to the baseline, as shares of its largest current
FLANK = (0.08, 0.5)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One monotonic sweep of the potential: rows, direction (+1 anodic), speed in V/s."""

    first: int
    last: int
    direction: int
    rate: float

    @property
    def rows(self) -> slice:
        """Return the rows as a slice."""
        return slice(self.first, self.last + 1)


@dataclass(slots=True)
class Cycle:
    """The numbers of one cycle; NaN where there is no such feature."""

    number: int
    rate: float = np.nan
    peak_current: float = np.nan
    peak_current_stddev: float = np.nan
    peak_potential: float = np.nan
    overpotential: float = np.nan
    overpotential_stddev: float = np.nan
    plated: float = np.nan
    stripped: float = np.nan


def sweeps(time: Floats, voltage: Floats) -> list[Sweep]:
    """Return the monotonic sweeps between turning points, without stubs below 5 % of the range."""
    span = float(np.ptp(voltage))
    if span <= 0 or voltage.size < 10:
        return []
    turns = _turning_points(voltage, 0.02 * span)
    found = []
    for a, b in itertools.pairwise(turns):
        change = float(voltage[b] - voltage[a])
        if abs(change) > 0.05 * span and b - a > 5:
            found.append(Sweep(a, b, int(np.sign(change)), abs(change) / max(float(time[b] - time[a]), 1e-9)))
    return found


def _turning_points(voltage: Floats, hysteresis: float) -> list[int]:
    """Return rows of the extremes, by a zigzag filter."""
    points = [0]
    direction, extreme = 0, 0
    for row in range(1, voltage.size):
        move = voltage[row] - voltage[extreme]
        if direction == 0:
            if abs(voltage[row] - voltage[0]) > hysteresis:
                direction = 1 if voltage[row] > voltage[0] else -1
                extreme = row
        elif move * direction >= 0:
            extreme = row
        elif abs(move) > hysteresis:
            points.append(extreme)
            direction, extreme = -direction, row
    points.append(voltage.size - 1 if extreme < voltage.size - 1 and direction == 0 else extreme)
    return points


def pairs(found: Sequence[Sweep]) -> list[tuple[Sweep | None, Sweep | None]]:
    """Return (cathodic, anodic) sweeps of each cycle: a cathodic sweep and the anodic one after it."""
    pairs: list[tuple[Sweep | None, Sweep | None]] = []
    waiting: Sweep | None = None
    for sweep in found:
        if sweep.direction < 0:
            if waiting is not None:
                pairs.append((waiting, None))
            waiting = sweep
        else:
            pairs.append((waiting, sweep))
            waiting = None
    if waiting is not None:
        pairs.append((waiting, None))
    return pairs


def measure(
    number: int, pair: tuple[Sweep | None, Sweep | None], time: Floats, voltage: Floats, current: Floats
) -> Cycle:
    """Return the numbers of one cycle from its cathodic and anodic sweep."""
    cathodic, anodic = pair
    cycle = Cycle(number)
    for sweep in (cathodic, anodic):
        if sweep is not None:
            cycle.rate = sweep.rate
            t, i = time[sweep.rows], current[sweep.rows]
            negative, positive = (
                np.trapezoid(np.minimum(i, 0), t) / 3600,
                np.trapezoid(np.maximum(i, 0), t) / 3600,
            )
            cycle.plated = float(np.nan_to_num(cycle.plated)) - float(negative)
            cycle.stripped = float(np.nan_to_num(cycle.stripped)) + float(positive)
    if anodic is not None:
        _anodic_peak(cycle, voltage[anodic.rows], current[anodic.rows])
    if cathodic is not None:
        _overpotential(cycle, voltage[cathodic.rows], current[cathodic.rows])
    if not cycle.peak_current > 3 * cycle.peak_current_stddev:
        cycle.peak_current = cycle.peak_current_stddev = cycle.peak_potential = np.nan
    if not cycle.overpotential > 3 * cycle.overpotential_stddev:
        cycle.overpotential = cycle.overpotential_stddev = np.nan
    return cycle


def _anodic_peak(cycle: Cycle, v: Floats, i: Floats) -> None:
    """Fit a parabola to the top 8 % of the largest anodic peak; subtract the level after the peak."""
    width = max(3, i.size // 200)
    smooth = np.convolve(i, np.ones(width) / width, mode="same")
    edge = width
    top = edge + int(np.argmax(smooth[edge : -edge or None]))
    height = float(smooth[top])
    sigma = noise(i)
    if height <= 6 * sigma / np.sqrt(width) or top <= edge or top >= i.size - 1 - edge:
        return
    after = np.flatnonzero((np.arange(i.size) > top) & (np.abs(smooth) < 0.03 * height))
    quiet = i[after[edge : -edge or None]] if after.size > 4 * width else np.empty(0)
    base = float(np.median(quiet)) if quiet.size > 5 else 0.0
    drift = float(np.ptp(_halves(quiet))) if quiet.size > 5 else 0.01 * height
    near = np.flatnonzero(smooth > base + 0.92 * (height - base))
    near = near[(near >= top - (top - near[0])) & (np.abs(near - top) <= i.size // 6)]
    if near.size < 5:
        near = np.arange(max(top - 3, 0), min(top + 4, i.size))
    x = (v[near] - v[top]) / max(float(np.ptp(v[near])), 1e-12)
    coefficients, covariance = _polynomial(x, i[near], 3 if near.size > 8 else 2, sigma)
    grid = np.linspace(x.min(), x.max(), 201)
    curve = np.polynomial.polynomial.polyval(grid, coefficients)
    highest = int(np.argmax(curve))
    if highest in (0, grid.size - 1):  # it goes on rising at an end of what was fitted: noise, no peak
        return
    best = float(grid[highest])
    powers = best ** np.arange(coefficients.size)
    cycle.peak_current = float(curve.max()) - base
    cycle.peak_potential = float(v[top] + best * np.ptp(v[near]))
    cycle.peak_current_stddev = float(np.sqrt(powers @ covariance @ powers + (0.5 * drift) ** 2))


def _halves(values: Floats) -> Floats:
    half = values.size // 2
    return np.array([np.median(values[:half]), np.median(values[half:])])


def _polynomial(x: Floats, y: Floats, degree: int, sigma: float) -> tuple[Floats, Floats]:
    """Return least-squares coefficients (ascending), and their covariance by noise or misfit."""
    design = np.vander(x, degree + 1, increasing=True)
    solution, *_ = np.linalg.lstsq(design, y, rcond=None)
    rest = y - design @ solution
    variance = max(float(rest @ rest) / max(y.size - degree - 1, 1), sigma**2)
    covariance = np.asarray(np.linalg.pinv(design.T @ design) * variance, dtype=np.float64)
    return np.asarray(solution, dtype=np.float64), covariance


def _overpotential(cycle: Cycle, v: Floats, i: Floats) -> None:
    """Extrapolate the flank of the cathodic wave below 0 V to the baseline above 0 V."""
    largest = -float(np.min(i))
    sigma = noise(i)
    below = v < 0
    if below.sum() < 10 or largest < 10 * max(sigma, 1e-15):
        return
    before = (v > 0.02) & (v < 0.02 + 0.3 * max(float(v.max()), 0.1))
    base = float(np.median(i[before])) if before.sum() > 5 else 0.0
    wave = -(i - base)
    peak = int(np.argmax(wave))
    inside = np.arange(v.size) <= peak
    flank = below & inside & (wave > FLANK[0] * wave[peak]) & (wave < FLANK[1] * wave[peak])
    if flank.sum() < 4:
        return
    coefficients, covariance = _polynomial(v[flank], wave[flank], 1, sigma)
    if coefficients[1] >= 0:
        return
    onset = -coefficients[0] / coefficients[1]
    # dV = d(intercept)/slope …: the baseline's error moves the crossing too
    slope = np.array([-1.0 / coefficients[1], coefficients[0] / coefficients[1] ** 2])
    base_error = sigma / np.sqrt(max(before.sum(), 1)) / abs(coefficients[1])
    if onset >= 0:
        return
    cycle.overpotential = -float(onset)
    cycle.overpotential_stddev = float(np.sqrt(slope @ covariance @ slope + base_error**2))
