"""Intervals of a fit: curvature where it was shown to cover, profile likelihood elsewhere; detection."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import Z95, Interval, from_stddev
from interlayer.xps.fit import Fit
from interlayer.xps.model.joint import Joint
from interlayer.xps.model.shapes import width_ratio
from interlayer.xps.solver import Pin, Quantity

Floats = NDArray[np.floating[Any]]

#: one-sided 95 % quantile of the normal distribution
Z95_ONE_SIDED = 1.6448536269514722
#: above this relative standard deviation an area's curvature interval is replaced by the profile's
_CURVED = 0.10
_PIN = 1e-3
#: an amount this many standard deviations above zero needs no refit without it
_OBVIOUS = 8.0
_TRIES = 8


@dataclass(frozen=True, slots=True)
class RawSum:
    """A sum of raw parameters (region, index): an area, an FWHM, a measured position, a sum of areas."""

    joint: Joint
    raws: tuple[tuple[int, int], ...]

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """Return the value and its gradient."""
        value, slope = 0.0, np.zeros(theta.size)
        for region, index in self.raws:
            raw, by = self.joint.raw(region, theta)
            value += float(raw[index])
            slope = slope + by[index]
        return value, slope


def area(fit: Fit, region: int, peak: int) -> RawSum:
    """Return the area of a peak as a quantity."""
    return RawSum(fit.joint, ((region, fit.joint.regions[region].count + peak),))


def fwhm(fit: Fit, region: int, peak: int) -> RawSum:
    """Return the width parameter of a peak as a quantity."""
    return RawSum(fit.joint, ((region, 2 * fit.joint.regions[region].count + peak),))


def width(fit: Fit, region: int, peak: int) -> tuple[float, float]:
    """Return a line's full width at half maximum and its standard deviation (that of the width parameter)."""
    value, stddev = fit.value(fwhm(fit, region, peak))
    one = fit.joint.regions[region]
    raw, _ = fit.joint.raw(region, fit.theta)
    ratio = width_ratio(one.shape, raw[3 * one.count : 3 * one.count + 3])
    return ratio * value, ratio * stddev


def position(fit: Fit, region: int, peak: int) -> RawSum:
    """Return the measured position of a peak (charge shift included) as a quantity."""
    return RawSum(fit.joint, ((region, peak),))


def energy(fit: Fit, region: int, peak: int) -> Quantity:
    """Return the binding energy of a peak after the charge reference as a quantity."""
    place = fit.joint.places[region][peak]

    def quantity(theta: Floats) -> tuple[float, Floats]:
        slope = np.zeros(theta.size)
        if place.energy >= 0:
            slope[place.energy] = 1.0
            return place.offset + float(theta[place.energy]), slope
        return place.offset, slope

    return quantity


def total(*quantities: RawSum) -> RawSum:
    """Return the sum of quantities."""
    return RawSum(quantities[0].joint, tuple(raw for each in quantities for raw in each.raws))


def positive(fit: Fit, quantity: RawSum) -> Interval:
    """Return the 95 % interval of an area (or a sum): curvature when well determined, else profile."""
    value, stddev = fit.value(quantity)
    if stddev <= _CURVED * value:
        return from_stddev(value, stddev)
    return profile(fit, quantity, value, stddev)


def profile(fit: Fit, quantity: RawSum, value: float, stddev: float) -> Interval:
    """Return the profile-likelihood interval of a non-negative quantity (Wilks 1938)."""
    high = _end(fit, quantity, value, stddev, 1.0, Z95)
    low = _end(fit, quantity, value, stddev, -1.0, Z95)
    return Interval(value, max(stddev, (high - low) / (2 * Z95)), min(low, value), max(high, value))


def upper_limit(fit: Fit, quantity: RawSum) -> float:
    """Return the one-sided 95 % upper limit of a non-negative quantity."""
    value, stddev = fit.value(quantity)
    return max(_end(fit, quantity, value, stddev, 1.0, Z95_ONE_SIDED), value)


def _end(fit: Fit, quantity: RawSum, value: float, stddev: float, sign: float, target: float) -> float:
    """Return where the signed root of the cost's rise reaches ``target``; 0 bounds it from below."""
    if stddev <= 0:
        return value
    root = _roots(fit, quantity, stddev)
    previous, reach = (0.0, value), target * stddev
    for _ in range(_TRIES):
        at = value + sign * reach
        if at <= 0:
            at = 0.0
        rise = root(at)
        if at == 0.0 and rise < target:
            return 0.0
        if abs(rise - target) < 0.02:
            return at
        slope = (rise - previous[0]) / (at - previous[1]) if at != previous[1] else 0.0
        previous = (rise, at) if rise < target or previous[0] == 0.0 else previous
        fresh = at + (target - rise) / slope if slope * sign > 0 else value + sign * 2.0 * reach
        reach = float(np.clip(abs(fresh - value), 0.2 * reach, 4.0 * reach))
    return max(value + sign * reach, 0.0)


def _roots(fit: Fit, quantity: RawSum, stddev: float) -> Callable[[float], float]:
    best = fit.cost
    state = {"theta": fit.theta}
    wider = fit.widening(quantity(fit.theta)[1])

    def root(at: float) -> float:
        # where the linear model expects the constrained minimum
        value, slope = quantity(state["theta"])
        along = fit.curvature @ slope
        guess = state["theta"] + along * ((at - value) / max(float(slope @ along), 1e-300))
        found = fit.refit(theta=guess, pin=Pin(quantity, at, _PIN * stddev))
        state["theta"] = found.theta
        reached, _ = quantity(found.theta)
        excess = ((reached - at) / (_PIN * stddev)) ** 2
        return float(np.sqrt(max(found.normal.cost - excess - best, 0.0))) / wider

    return root


def significance(fit: Fit, amount: int) -> float:
    """Return by how many standard deviations an amount differs from zero: root of the cost's rise."""
    wald = float(fit.theta[amount] / np.sqrt(max(fit.covariance[amount, amount], 1e-300)))
    if wald > _OBVIOUS:
        return wald
    fixed = np.zeros(fit.theta.size, dtype=bool)
    fixed[amount] = True
    theta = fit.theta.copy()
    theta[amount] = 0.0
    rise = fit.refit(fixed=fixed, theta=theta).normal.cost - fit.cost
    return float(np.sqrt(max(rise, 0.0))) / fit.widening(np.eye(1, fit.theta.size, amount)[0])
