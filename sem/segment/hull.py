"""Compiled loops over outlines: how far what is seen of an outline bends inwards."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@numba.njit(cache=True)
def dents(radius: Array, seen: Array, cosine: Array, sine: Array, out: Array) -> None:
    """Fill ``out`` (n, rays) with the relative depth of each seen ray below the hull of all seen rays.

    Rays that are not seen, and rays at which the hull does not close around the centre, have depth 0.
    """
    rays = cosine.size
    hull = np.empty(2 * rays, np.int64)
    for i in range(radius.shape[0]):
        out[i, :] = 0
        count = _hull(radius[i], seen[i], cosine, sine, hull)
        for j in range(count - 1):
            a, b = hull[j], hull[j + 1]
            if b - a > rays // 2:
                continue
            xa, ya = radius[i, a % rays] * cosine[a % rays], radius[i, a % rays] * sine[a % rays]
            dx = radius[i, b % rays] * cosine[b % rays] - xa
            dy = radius[i, b % rays] * sine[b % rays] - ya
            cross = xa * dy - ya * dx
            for k in range(a + 1, b):
                slope = cosine[k % rays] * dy - sine[k % rays] * dx
                if seen[i, k % rays] and slope > 1e-6 and cross > 0:
                    out[i, k % rays] = max(1 - radius[i, k % rays] * slope / cross, 0.0)


@numba.njit(cache=True)
def _hull(radius: Array, seen: Array, cosine: Array, sine: Array, hull: Array) -> int:
    """Fill the corners of the hull of the seen rays, once around from the longest ray; return how many."""
    rays = cosine.size
    first = 0
    for k in range(rays):
        if seen[k] and (not seen[first] or radius[k] > radius[first]):
            first = k
    if not seen[first]:
        return 0
    count = 0
    for k in range(first, first + rays + 1):
        if not seen[k % rays]:
            continue
        while count >= 2 and not _left(radius, cosine, sine, hull[count - 2], hull[count - 1], k):
            count -= 1
        hull[count] = k
        count += 1
    return count


@numba.njit(cache=True)
def _left(radius: Array, cosine: Array, sine: Array, a: int, b: int, c: int) -> bool:
    """Tell whether three rays turn left at the second one."""
    rays = cosine.size
    a, b, c = a % rays, b % rays, c % rays
    xb, yb = radius[b] * cosine[b], radius[b] * sine[b]
    dx, dy = xb - radius[a] * cosine[a], yb - radius[a] * sine[a]
    return bool(dx * (radius[c] * sine[c] - yb) - dy * (radius[c] * cosine[c] - xb) > 0)
