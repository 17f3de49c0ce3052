"""Rank correlation of samples: exact for few, with limits that order only what they can."""

import math
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

#: up to so many samples every permutation is tried; up to so many, random ones; above, a normal distribution
_EXACT, _RANDOM = 8, 12
#: from so many samples on, counting in n log n is quicker
_MANY = 60
_PERMUTATIONS = 20_000
#: numbers that are held at a time
_HELD = 2_000_000


def order(low: Floats, high: Floats) -> Floats:
    """Return the signs of all differences, (…, n, n): 1 where the row is surely above the column, 0 unknown.

    Parameters
    ----------
    low, high
        (…, n): equal for a value; ±inf at the open side of a limit.
    """
    above = np.asarray(low[..., :, None] > high[..., None, :], dtype=np.float64)
    return above - np.swapaxes(above, -1, -2)


def tau(x: Floats, y: Floats) -> Floats:
    """Return Kendall's τ_b of matrices of signs, (…); NaN where either orders nothing.

    Notes
    -----
    M. G. Kendall, Biometrika 33, 239 (1945); with unknown orders as ties after Brown, Hollander and Korwar
    (1974).
    """
    scale = np.sqrt((x**2).sum(axis=(-1, -2)) * (y**2).sum(axis=(-1, -2)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(scale > 0, (x * y).sum(axis=(-1, -2)) / scale, np.nan), dtype=np.float64)


def p_value(x: Floats, y: Floats) -> tuple[float, float]:
    """Return the two-sided p-value of independence, and the least that these samples could give.

    Parameters
    ----------
    x, y
        Matrices of signs, (n, n).

    Notes
    -----
    Every permutation up to 8 samples; 20,000 random ones up to 12, the observed one counted, so that p is
    never zero; above, the normal distribution with the variance of all permutations (Daniels, Biometrika 33,
    129 (1944)), which needs no values without ties.

    Examples
    --------
    >>> signs = order(np.arange(4.0), np.arange(4.0))
    >>> [round(p, 4) for p in p_value(signs, signs)]
    [0.0833, 0.0833]
    """
    n = x.shape[0]
    observed = abs(float((x * y).sum()))
    if n < 2 or not x.any() or not y.any():
        return math.nan, math.nan
    if n > _RANDOM:
        return float(2 * stats.norm.sf(observed / math.sqrt(_variance(x, y)))), 0.0
    found = _permuted(x, y)
    extra = 0 if n <= _EXACT else 1
    count = found.size + extra
    p = (int((found >= observed - 1e-9).sum()) + extra) / count
    most = max(float(found.max()), observed)
    least = (int((found >= most - 1e-9).sum()) + extra * int(observed >= most - 1e-9)) / count
    return p, max(least, 1 / count)


def _variance(x: Floats, y: Floats) -> float:
    """Return the variance of Σ xᵢⱼ yᵢⱼ over all permutations."""
    n = x.shape[0]
    threes = [float((each.sum(axis=1) ** 2).sum() - (each**2).sum()) for each in (x, y)]
    twos = [float((each**2).sum()) for each in (x, y)]
    pairs = float(n * (n - 1))
    return float(4 * threes[0] * threes[1] / (pairs * (n - 2)) + 2 * twos[0] * twos[1] / pairs)


def _permuted(x: Floats, y: Floats) -> Floats:
    """Return |Σ xᵢⱼ yᵢⱼ| with the rows of y in every (or many a) other order."""
    n = x.shape[0]
    if n <= _EXACT:
        orders = np.array(list(permutations(range(n))))
    else:
        rng = np.random.default_rng(0)
        orders = np.argsort(rng.random((_PERMUTATIONS, n)), axis=1)
    totals = [
        np.einsum("ij,kij->k", x, y[part[:, :, None], part[:, None, :]])
        for part in np.array_split(orders, max(1, orders.shape[0] * n * n // _HELD))
    ]
    return np.asarray(np.abs(np.concatenate(totals)), dtype=np.float64)


def scattered(a: Floats, b: Floats) -> Floats:
    """Return τ of many draws of two metrics, each (2, draws, n) of low and high ends.

    Values without limits are counted in n log n, limits in n².
    """
    draws, n = a.shape[1:]
    plain = n >= _MANY and bool((a[0] == a[1]).all() and (b[0] == b[1]).all())
    if plain:
        return np.array([stats.kendalltau(a[0, k], b[0, k]).statistic for k in range(draws)])
    parts = np.array_split(np.arange(draws), max(1, draws * n * n // _HELD))
    return np.concatenate([tau(order(*a[:, part]), order(*b[:, part])) for part in parts if part.size])
