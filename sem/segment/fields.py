"""Compiled loops over pixels: halving, gradients, votes, peaks."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Scalar = float | np.floating[Any]


@numba.njit(cache=True)
def halve(image: Array, factor: int, out: Array) -> None:
    """Fill ``out`` with ``factor`` times the mean of two by two pixels, rounded."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            total = np.uint32(image[2 * y, 2 * x]) + np.uint32(image[2 * y, 2 * x + 1])
            total += np.uint32(image[2 * y + 1, 2 * x]) + np.uint32(image[2 * y + 1, 2 * x + 1])
            out[y, x] = np.uint16((total * np.uint32(factor) + np.uint32(2)) // np.uint32(4))


@numba.njit(cache=True)
def gradients(blurred: Array, top: int, factor: Scalar, smooth: Array, dx: Array, dy: Array) -> None:
    """Fill smooth levels and central differences times ``factor``; row 0 of ``out`` is row ``top``."""
    height, columns = blurred.shape
    half = np.float32(0.5) * factor
    for y in range(smooth.shape[0]):
        here = blurred[y + top]
        above, below = blurred[max(y + top - 1, 0)], blurred[min(y + top + 1, height - 1)]
        for x in range(columns):
            smooth[y, x] = np.uint16(
                min(max(here[x] + np.float32(0.5), np.float32(0.0)), np.float32(65535.0))
            )
            dy[y, x] = (below[x] - above[x]) * half
        dx[y, 0] = dx[y, columns - 1] = 0
        for x in range(1, columns - 1):
            dx[y, x] = (here[x + 1] - here[x - 1]) * half
        if y + top == 0 or y + top == height - 1:
            dy[y, :] = 0


@numba.njit(cache=True)
def counts(values: Array, factor: Scalar) -> Array:
    """Return values times a factor in 16 bit, limited."""
    out, most = np.empty(values.shape, np.int16), np.float32(32000.0)
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            out[y, x] = np.int16(min(max(values[y, x] * factor, -most), most))
    return out


@numba.njit(cache=True)
def vote(points: Array, dx: Array, dy: Array, radii: Array, sign: Scalar, first: int, votes: Array) -> None:
    """Let edge pixels vote at the given distances along their gradient; row 0 of votes is row ``first``."""
    rows, columns = votes.shape
    for k in range(points.shape[0]):
        x, y = points[k, 0], points[k, 1]
        gx, gy = dx[y, x], dy[y, x]
        norm = np.float32(sign) / max(np.sqrt(gx * gx + gy * gy), np.float32(1e-6))
        gx, gy = gx * norm, gy * norm
        for r in radii:
            cx = int(np.rint(x + gx * r))
            cy = int(np.rint(y + gy * r)) - first
            if 0 <= cx < columns and 0 <= cy < rows:
                votes[cy, cx] += np.float32(1.0)


@numba.njit(cache=True)
def peaks(field: Array, least: Scalar, reach: int, low: int, high: int, out: Array) -> int:
    """Fill ``out`` (n, 2) with x, y of the maxima within a disc among rows low to high; return how many."""
    rows, columns = field.shape
    found = 0
    for y in range(low, high):
        for x in range(columns):
            value = field[y, x]
            if value < least or found == out.shape[0]:
                continue
            if (x > 0 and field[y, x - 1] > value) or (x + 1 < columns and field[y, x + 1] > value):
                continue
            if _top(field, x, y, value, reach, rows, columns):
                out[found, 0], out[found, 1] = x, y
                found += 1
    return found


@numba.njit(cache=True)
def _top(field: Array, x: int, y: int, value: Scalar, reach: int, rows: int, columns: int) -> bool:
    for j in range(-reach, reach + 1):
        if not 0 <= y + j < rows:
            continue
        span = int(np.sqrt(reach * reach - j * j) + 0.5)
        for i in range(max(-span, -x), min(span, columns - 1 - x) + 1):
            if field[y + j, x + i] > value:
                return False
    return True


@numba.njit(cache=True)
def survivors(count: int, pairs: Array) -> Array:
    """Return which of ``count`` items remain when each surviving first of a pair removes the second."""
    alive = np.ones(count, np.bool_)
    for k in range(pairs.shape[0]):
        if alive[pairs[k, 0]]:
            alive[pairs[k, 1]] = False
    return alive
