"""Intervals of the size distribution: particles of one image are not independent."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from interlayer.core.intervals import Interval
from interlayer.sem.distribution import Statistic

F64 = NDArray[np.float64]

#: replicates of the bootstrap
_REPLICATES = 400
#: relative scatter between images believed before seeing any, and how many images that belief is worth
_SCATTER, _PRIOR_IMAGES = 0.05, 1.0


def interval(values: Sequence[F64], weights: Sequence[F64], statistic: Statistic, seed: int = 0) -> Interval:
    """Return a statistic of all particles with its 95 % interval on the log scale.

    Parameters
    ----------
    values, weights
        One array per image.

    Notes
    -----
    With one image its particles are drawn with replacement (bootstrap), and the scatter between images
    cannot be known. With several, the variance is that of a delete-one-image jackknife (Efron and Stein
    1981), moderated towards the bootstrap variance plus 5 % scatter between images with the weight of one
    image (Smyth 2004), and the interval is Student's t with as many degrees of freedom.
    """
    pairs = [(v, w) for v, w in zip(values, weights, strict=True) if np.sum(w) > 0]
    all_values = np.concatenate([v for v, _ in pairs])
    all_weights = np.concatenate([w for _, w in pairs])
    value = statistic(all_values, all_weights)
    within = _bootstrap(pairs, statistic, seed)
    spread, dof = within, float(max(all_values.size - 1, 1))
    if len(pairs) > 1:
        spread, dof = _between(pairs, statistic, within)
    if not (value > 0 and np.isfinite(spread)):
        return Interval(value, np.inf, -np.inf, np.inf)
    reach = float(stats.t.ppf(0.975, dof)) * spread
    return Interval(value, value * spread, value * float(np.exp(-reach)), value * float(np.exp(reach)))


def _bootstrap(pairs: list[tuple[F64, F64]], statistic: Statistic, seed: int) -> float:
    """Return the relative standard deviation when particles are drawn anew within each image."""
    rng = np.random.default_rng(seed)
    draws = np.empty(_REPLICATES)
    for k in range(_REPLICATES):
        picks = [rng.integers(0, v.size, v.size) for v, _ in pairs]
        drawn = [(v[i], w[i]) for (v, w), i in zip(pairs, picks, strict=True)]
        draws[k] = statistic(np.concatenate([v for v, _ in drawn]), np.concatenate([w for _, w in drawn]))
    good = draws[np.isfinite(draws) & (draws > 0)]
    return float(np.std(np.log(good), ddof=1)) if good.size > 10 else np.inf


def _between(pairs: list[tuple[F64, F64]], statistic: Statistic, within: float) -> tuple[float, float]:
    count = len(pairs)
    left = []
    for k in range(count):
        rest = pairs[:k] + pairs[k + 1 :]
        left.append(statistic(np.concatenate([v for v, _ in rest]), np.concatenate([w for _, w in rest])))
    logs = np.log(np.maximum(left, 1e-12))
    jackknife = (count - 1) / count * float(np.sum((logs - logs.mean()) ** 2))
    prior = within**2 + _SCATTER**2 / count
    dof = count - 1 + _PRIOR_IMAGES
    return float(np.sqrt(((count - 1) * jackknife + _PRIOR_IMAGES * prior) / dof)), dof


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
