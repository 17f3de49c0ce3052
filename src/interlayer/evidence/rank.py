"""Rank correlation of a few samples: exact or by permutation, with limits that order only what they can."""

import math
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: up to this many samples every permutation is tried
_EXACT = 8
_DRAWS = 20_000


def order(low: Floats, high: Floats) -> Floats:
    """Return the signs of all differences, (n, n): 1 where the row is surely above the column, 0 unknown.

    Parameters
    ----------
    low, high
        (n,): equal for a value; ±inf at the open side of a limit.
    """
    above = np.asarray(low[:, None] > high[None, :], dtype=np.float64)
    return above - above.T


def tau(x: Floats, y: Floats) -> float:
    """Return Kendall's τ_b of two matrices of signs; NaN where either orders nothing.

    Notes
    -----
    M. G. Kendall, Biometrika 33, 239 (1945); with unknown orders as ties after Brown, Hollander and Korwar
    (1974).
    """
    scale = math.sqrt(float((x**2).sum()) * float((y**2).sum()))
    return float((x * y).sum()) / scale if scale > 0 else math.nan


def p_value(x: Floats, y: Floats) -> tuple[float, float]:
    """Return the two-sided p-value of independence, and the least that these samples could give.

    Every permutation up to 8 samples, 20,000 random ones above (with the observed one counted, so that p is
    never zero).

    Examples
    --------
    >>> signs = order(np.arange(4.0), np.arange(4.0))
    >>> [round(p, 4) for p in p_value(signs, signs)]
    [0.0833, 0.0833]
    """
    found = _permuted(x, y)
    observed = abs(float((x * y).sum()))
    if found.size == 0 or found.max() == 0:
        return math.nan, math.nan
    exact = x.shape[0] <= _EXACT
    extra = 0 if exact else 1
    count = found.size + extra
    p = (int((found >= observed - 1e-9).sum()) + extra) / count
    # all samples in one order (and in the opposite one) is the most that can be seen
    most = max(float(found.max()), observed)
    least = (int((found >= most - 1e-9).sum()) + (0 if exact else int(observed >= most - 1e-9))) / count
    return p, max(least, 1 / count)


def _permuted(x: Floats, y: Floats) -> Floats:
    """Return |Σ xᵢⱼ yᵢⱼ| with the rows of y in every (or many a) other order."""
    n = x.shape[0]
    if n < 2:
        return np.empty(0)
    if n <= _EXACT:
        orders = np.array(list(permutations(range(n))))
    else:
        rng = np.random.default_rng(0)
        orders = np.argsort(rng.random((_DRAWS, n)), axis=1)
    totals = [
        np.einsum("ij,kij->k", x, y[part[:, :, None], part[:, None, :]])
        for part in np.array_split(orders, max(1, orders.shape[0] * n * n // 2_000_000))
    ]
    return np.asarray(np.abs(np.concatenate(totals)), dtype=np.float64)
