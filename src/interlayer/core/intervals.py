"""Intervals: from a covariance, a profile likelihood, or a bootstrap clustered by group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special  # scipy.stats takes 0.4 s to import

Floats = NDArray[np.float64]

#: two-sided 95 % quantile of the normal distribution, and its square (χ² of one degree of freedom)
Z95 = float(special.ndtri(0.975))
CHI2_95 = Z95**2


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its standard deviation and the ends of its 95 % interval."""

    value: float
    stddev: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Interval":
        """Return the interval in another unit (a negative factor swaps the ends)."""
        ends = sorted((self.low * factor, self.high * factor))
        return Interval(self.value * factor, self.stddev * abs(factor), ends[0], ends[1])

    def with_systematic(self, stddev: float) -> "Interval":
        """Widen by an independent systematic part, side by side with each half width."""
        extra = Z95 * stddev
        return Interval(
            self.value,
            float(np.hypot(self.stddev, stddev)),
            self.value - float(np.hypot(self.value - self.low, extra)),
            self.value + float(np.hypot(self.high - self.value, extra)),
        )


def from_stddev(value: float, stddev: float, dof: float | None = None) -> Interval:
    """Return the symmetric 95 % interval of a normal (or, with ``dof``, Student-t) estimate.

    Examples
    --------
    >>> round(from_stddev(10.0, 1.0).high, 3)
    11.96
    """
    reach = (Z95 if dof is None else float(special.stdtrit(max(dof, 1.0), 0.975))) * stddev
    return Interval(float(value), float(stddev), float(value - reach), float(value + reach))


def from_log(log_value: float, log_stddev: float, dof: float | None = None) -> Interval:
    """Return the interval of a positive quantity estimated on the natural-log scale.

    Examples
    --------
    >>> interval = from_log(0.0, 0.1)
    >>> round(interval.low * interval.high, 12)
    1.0
    """
    inner = from_stddev(log_value, log_stddev, dof)
    value = float(np.exp(log_value))
    return Interval(value, value * log_stddev, float(np.exp(inner.low)), float(np.exp(inner.high)))


def profile(
    deviance: Callable[[float], float],
    best: float,
    stddev: float,
    *,
    lower: float = -np.inf,
    upper: float = np.inf,
    scale: float = 1.0,
) -> Interval:
    """Return the profile-likelihood interval of one parameter.

    Parameters
    ----------
    deviance
        −2 log likelihood (or χ²), minimised over every other parameter, as a function of this one.
    best, stddev
        The estimate, and a first guess of its standard deviation.
    lower, upper
        Bounds of the parameter; an end that reaches its bound stays there.
    scale
        Inflation of the threshold for a misfit (a reduced χ² above one).

    Notes
    -----
    The ends are where the deviance has risen by 3.84 times ``scale`` (Wilks 1938).
    """
    from scipy import optimize

    target = deviance(best) + CHI2_95 * scale

    def end(sign: float, bound: float) -> float:
        step = Z95 * stddev * float(np.sqrt(scale))
        inside = best
        for _ in range(40):
            outside = best + sign * step
            if (outside - bound) * sign >= 0:
                outside = bound
            if deviance(outside) >= target:
                return float(optimize.brentq(lambda v: deviance(v) - target, inside, outside, rtol=1e-6))
            if outside == bound:
                return bound
            inside, step = outside, step * 1.6
        return sign * float(np.inf)

    return Interval(best, stddev, end(-1.0, lower), end(1.0, upper))


def cluster_bootstrap(
    groups: Sequence[Floats],
    statistic: Callable[[Floats], float],
    *,
    replicates: int = 1000,
    seed: int = 0,
) -> Interval:
    """Return the percentile interval of a statistic, groups and then members drawn with replacement.

    Particles of one image, or cycles of one cell, are not independent: the groups are drawn first.

    Parameters
    ----------
    groups
        One array of values per group (image, cell …); with a single group its members are drawn alone.
    statistic
        A number from all drawn values.
    """
    rng = np.random.default_rng(seed)
    pooled = np.concatenate(list(groups))
    draws = np.empty(replicates)
    for index in range(replicates):
        chosen = rng.integers(0, len(groups), len(groups))
        values = [groups[k][rng.integers(0, groups[k].size, groups[k].size)] for k in chosen]
        draws[index] = statistic(np.concatenate(values))
    low, high = np.quantile(draws, [0.025, 0.975])
    value = float(statistic(pooled))
    return Interval(value, float(np.std(draws, ddof=1)), min(float(low), value), max(float(high), value))


def misfit_factor(chi_square: float, dof: float) -> float:
    """Return the factor (never below one) by which a misfit widens an interval: √(χ²/dof), after Birge."""
    return float(np.sqrt(max(chi_square / dof, 1.0))) if dof > 0 else 1.0
