"""Intervals of every statistic of a size distribution at once, number- and volume-weighted.

Particles of one image are not independent. With one image its particles are drawn with replacement
(bootstrap), and the scatter between images cannot be known. With several, the variance is that of a
delete-one-image jackknife (Efron and Stein 1981), moderated towards the bootstrap variance plus 5 % scatter
between images with the weight of one image (Smyth 2004), and the interval is Student's t with as many degrees
of freedom. A replicate is a line of weights for particles in order of size, so that one product of matrices
gives all moments and quantiles of many replicates: 300 particles take milliseconds, 30,000 of 100 images half
a second.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from interlayer.core.intervals import Interval
from interlayer.sem.distribution import STATISTICS

F64 = NDArray[np.float64]

#: most and least replicates of the bootstrap, numbers that all replicates hold, and that are held at a time
_MOST, _LEAST, _BUDGET, _HELD = 400, 60, 2**22, 2**19
#: groups that the jackknife deletes: images, of more than these several at a time
_GROUPS = 100
#: relative scatter between images believed before seeing any, and how many images that belief is worth
_SCATTER, _PRIOR_IMAGES = 0.05, 1.0
_QUANTILES = {"diameter_d10": 0.1, "diameter_d50": 0.5, "diameter_d90": 0.9}


def intervals(values: Sequence[F64], weights: Sequence[F64], seed: int = 0) -> dict[str, Interval]:
    """Return the 95 % intervals of all statistics, on the log scale, without systematic terms.

    Parameters
    ----------
    values, weights
        One array per image: diameters, and what each counts.
    """
    pairs = [(v, w) for v, w in zip(values, weights, strict=True) if np.sum(w) > 0]
    sizes, shares = np.concatenate([v for v, _ in pairs]), np.concatenate([w for _, w in pairs])
    image = np.repeat(np.arange(len(pairs)), [v.size for v, _ in pairs])
    order = np.argsort(sizes, kind="stable")
    within = _within(sizes[order], shares[order], image[order], seed)
    spread, dof = within, float(max(sizes.size - 1, 1))
    if len(pairs) > 1:
        spread, dof = _between(sizes[order], shares[order], image[order], within)
    reach = float(special.stdtrit(dof, 0.975))
    return {name: _interval(each(sizes, shares), spread[name], reach) for name, each in STATISTICS.items()}


def _interval(value: float, spread: float, reach: float) -> Interval:
    if not (value > 0 and np.isfinite(spread)):
        return Interval(value, np.inf, -np.inf, np.inf)
    factor = float(np.exp(reach * spread))
    return Interval(value, value * spread, value / factor, value * factor)


def _within(values: F64, weights: F64, image: NDArray[np.int64], seed: int) -> dict[str, float]:
    """Return the standard deviation of the logarithms when particles are drawn anew within their images."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(image == k) for k in range(int(image.max()) + 1)]
    left = int(np.clip(_BUDGET // values.size, _LEAST, _MOST))
    step = max(1, _HELD // values.size)
    drawn: list[dict[str, F64]] = []
    while left > 0:
        counts = np.empty((min(step, left), values.size))
        for own in members:
            counts[:, own] = rng.multinomial(own.size, np.full(own.size, 1 / own.size), len(counts))
        drawn.append(_statistics(values, counts * weights, weights))
        left -= len(counts)
    return {name: _scatter(np.concatenate([each[name] for each in drawn])) for name in STATISTICS}


def _scatter(drawn: F64) -> float:
    good = drawn[np.isfinite(drawn) & (drawn > 0)]
    return float(np.std(np.log(good), ddof=1)) if good.size > 10 else np.inf


def _between(
    values: F64, weights: F64, image: NDArray[np.int64], within: dict[str, float]
) -> tuple[dict[str, float], float]:
    """Return standard deviations of the logarithms with scatter between images, and degrees of freedom."""
    images = int(image.max()) + 1
    count = min(images, _GROUPS)
    group = image % count
    step = max(1, _HELD // values.size)
    parts = [
        _statistics(
            values, np.where(group == np.arange(k, min(k + step, count))[:, None], 0.0, weights), weights
        )
        for k in range(0, count, step)
    ]
    dof = count - 1 + _PRIOR_IMAGES
    found = {}
    for name in STATISTICS:
        logs = np.log(np.maximum(np.concatenate([each[name] for each in parts]), 1e-12))
        jackknife = (count - 1) / count * float(np.sum((logs - logs.mean()) ** 2))
        prior = within[name] ** 2 + _SCATTER**2 / images
        found[name] = float(np.sqrt(((count - 1) * jackknife + _PRIOR_IMAGES * prior) / dof))
    return found, dof


def _statistics(values: F64, weights: F64, single: F64) -> dict[str, F64]:
    """Return every statistic for each line of weights of ascending values; ``single``: of one particle."""
    total = weights.sum(axis=1)
    effective = total**2 / np.maximum(weights @ single, 1e-300)  # c copies of w: the sum of squares is c w^2
    logs = np.log(values)
    rank = (np.cumsum(weights, axis=1) - 0.5 * weights) / total[:, None]
    quantiles = {name: _interpolated(rank, values, level) for name, level in _QUANTILES.items()}
    return {
        "diameter_mean": weights @ values / total,
        "diameter_sd": _sd(values, weights, total, effective),
        **quantiles,
        "diameter_geometric_mean": np.exp(weights @ logs / total),
        "diameter_geometric_sd": np.exp(_sd(logs, weights, total, effective)),
    }


def _interpolated(rank: F64, values: F64, level: float) -> F64:
    """Return where each line of ascending ranks reaches a level, linear between values."""
    last = values.size - 1
    above = np.minimum(np.count_nonzero(rank < level, axis=1), last)
    below = np.maximum(above - 1, 0)
    line = np.arange(len(rank))
    low, high = rank[line, below], rank[line, above]
    share = np.clip((level - low) / np.maximum(high - low, 1e-300), 0.0, 1.0)
    return np.asarray(values[below] + share * (values[above] - values[below]))


def _sd(values: F64, weights: F64, total: F64, effective: F64) -> F64:
    middle = values - values.mean()
    mean = weights @ middle / total
    variance = np.maximum(weights @ middle**2 / total - mean**2, 0.0)
    return np.asarray(np.sqrt(variance * effective / np.maximum(effective - 1, 1e-9)))
