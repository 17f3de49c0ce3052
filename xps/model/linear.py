"""Linear algebra of small scaled systems, compiled."""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]


@njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def dot(a: Floats, b: Floats) -> float:
    """Return the inner product, in any order of summation."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@njit(cache=True, error_model="numpy")
def _factorise(matrix: Floats, n: int) -> bool:
    """Cholesky in place (lower half); False where it is not positive definite."""
    for j in range(n):
        total = matrix[j, j]
        for k in range(j):
            total -= matrix[j, k] * matrix[j, k]
        if not total > 0.0:
            return False
        root = math.sqrt(total)
        matrix[j, j] = root
        for i in range(j + 1, n):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = total / root
    return True


@njit(cache=True, error_model="numpy")
def _substitute(matrix: Floats, n: int, x: Floats) -> None:
    for i in range(n):
        total = x[i]
        for k in range(i):
            total -= matrix[i, k] * x[k]
        x[i] = total / matrix[i, i]
    for i in range(n - 1, -1, -1):
        total = x[i]
        for k in range(i + 1, n):
            total -= matrix[k, i] * x[k]
        x[i] = total / matrix[i, i]


@njit(cache=True, error_model="numpy")
def invert(matrix: Floats, keep: Ints) -> tuple[bool, Floats]:
    """Return the inverse over the kept rows (zero elsewhere), scaled by the diagonal; whether it exists."""
    n = keep.size
    out = np.zeros(matrix.shape)
    inner, scale = np.empty((n, n)), np.empty(n)
    for a in range(n):
        scale[a] = 1.0 / math.sqrt(max(matrix[keep[a], keep[a]], 1e-300))
    for a in range(n):
        for b in range(n):
            inner[a, b] = matrix[keep[a], keep[b]] * scale[a] * scale[b]
        inner[a, a] += 1e-14
    if not _factorise(inner, n):
        return False, out
    column = np.empty(n)
    for a in range(n):
        column[:] = 0.0
        column[a] = 1.0
        _substitute(inner, n, column)
        for b in range(n):
            out[keep[b], keep[a]] = column[b] * scale[a] * scale[b]
    return True, out


@njit(cache=True, error_model="numpy")
def step(
    theta: Floats, limits: Floats, fixed: Floats, gradient: Floats, hessian: Floats, damping: float
) -> tuple[int, float, Floats]:
    """Return how many parameters may move, the gain expected, and the next point inside the limits.

    Parameters
    ----------
    limits
        (2, n) lower and upper bounds.
    fixed
        (n,) 1 where a parameter stays. Those pressed against a bound stay too.
    damping
        Of Levenberg and Marquardt, on the diagonal scaled to one.

    Returns
    -------
    tuple
        The gain is −1 where the information is singular.
    """
    size = theta.size
    free, n = np.empty(size, dtype=np.int64), 0
    for i in range(size):
        low = theta[i] <= limits[0, i] and gradient[i] > 0.0
        high = theta[i] >= limits[1, i] and gradient[i] < 0.0
        if not (low or high or fixed[i] != 0.0):
            free[n] = i
            n += 1
    inner, scale, move = np.empty((n, n)), np.empty(n), np.empty(n)
    for a in range(n):
        scale[a] = 1.0 / math.sqrt(max(hessian[free[a], free[a]], 1e-30))
    for a in range(n):
        for b in range(a + 1):
            inner[a, b] = hessian[free[a], free[b]] * scale[a] * scale[b]
        inner[a, a] += damping + 1e-13
        move[a] = -gradient[free[a]] * scale[a]
    out = theta.copy()
    if not _factorise(inner, n):
        return n, -1.0, out
    _substitute(inner, n, move)
    gain = 0.0
    for a in range(n):
        i = free[a]
        gain -= move[a] * scale[a] * gradient[i]
        out[i] = min(max(theta[i] + move[a] * scale[a], limits[0, i]), limits[1, i])
        if not math.isfinite(out[i]):
            return n, -1.0, out
    return n, gain, out
