"""Compiled loops over outlines: the best closed path through the gradient, ray by ray."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Scalar = float | np.floating[Any]
_REACH = 2
_NONE = np.float32(-1e9)


@numba.njit(cache=True)
def trace(
    dx: Array,
    dy: Array,
    sign: Scalar,
    centre: Array,
    base: Array,
    cosine: Array,
    sine: Array,
    rho: Array,
    cost: Scalar,
    prior: Scalar,
    half: Scalar,
    radius: Array,
    strength: Array,
) -> None:
    """Fill radius and strength (n, rays) of the best closed path around each centre.

    Parameters
    ----------
    dx, dy
        Gradients in units of noise.
    sign
        -1 for bright particles: the gradient points inward.
    cosine, sine
        (rays,) directions.
    rho
        (samples,) relative radii, evenly spaced.
    cost, prior
        Cost of a step of one sample per ray, and of a relative radius unlike 1.
    half
        Gradient at which an edge counts half.
    """
    rays, samples = cosine.size, rho.size
    inward = np.empty((rays, samples), np.float32)
    gain = np.empty((rays, samples), np.float32)
    totals = np.full((rays + rays // 2, samples + 2 * _REACH), _NONE, np.float32)
    path = np.empty(rays + rays // 2, np.int64)
    away = np.empty(samples, np.float32)
    for s in range(samples):
        away[s] = np.float32(prior) * abs(rho[s] - np.float32(1.0))
    for i in range(centre.shape[0]):
        _sample(dx, dy, np.float32(sign), centre[i, 0], centre[i, 1], base[i], cosine, sine, rho, inward)
        for k in range(rays):
            for s in range(samples):
                g = inward[k, s]
                gain[k, s] = (g / (g + np.float32(half)) if g > 0 else np.float32(0.0)) - away[s]
        _forward(gain, np.float32(cost), totals)
        _backward(totals, np.float32(cost), path)
        _crest(inward, path, base[i], rho, radius[i], strength[i])


@numba.njit(cache=True)
def _sample(
    dx: Array,
    dy: Array,
    sign: Scalar,
    x0: Scalar,
    y0: Scalar,
    base: Array,
    cosine: Array,
    sine: Array,
    rho: Array,
    out: Array,
) -> None:
    """Fill the inward gradient along the rays; NaN outside the image."""
    right, bottom = np.float32(dx.shape[1] - 1), np.float32(dx.shape[0] - 1)
    near, far = rho[0], rho[rho.size - 1]
    for k in range(cosine.size):
        c, s = cosine[k] * sign, sine[k] * sign
        step_x, step_y = cosine[k] * base[k], sine[k] * base[k]
        xa, xb, ya, yb = x0 + step_x * near, x0 + step_x * far, y0 + step_y * near, y0 + step_y * far
        line = out[k]
        if min(xa, xb) >= 0 and max(xa, xb) < right and min(ya, yb) >= 0 and max(ya, yb) < bottom:
            for j in range(rho.size):
                line[j] = _bilinear(dx, dy, x0 + step_x * rho[j], y0 + step_y * rho[j], c, s)
            continue
        for j in range(rho.size):
            x, y = x0 + step_x * rho[j], y0 + step_y * rho[j]
            inside = x >= 0 and y >= 0 and x < right and y < bottom
            line[j] = _bilinear(dx, dy, x, y, c, s) if inside else np.float32(np.nan)


@numba.njit(cache=True, inline="always")
def _bilinear(dx: Array, dy: Array, x: Scalar, y: Scalar, c: Scalar, s: Scalar) -> Any:
    """Return c dx + s dy at a point within the image; unsigned indices spare the test for negative ones."""
    column, row = np.int32(x), np.int32(y)
    u, v = x - np.float32(column), y - np.float32(row)
    i, j = np.uint64(column), np.uint64(row)
    right, below = i + np.uint64(1), j + np.uint64(1)
    a, b = dx[j, i] * c + dy[j, i] * s, dx[j, right] * c + dy[j, right] * s
    d, e = dx[below, i] * c + dy[below, i] * s, dx[below, right] * c + dy[below, right] * s
    upper, lower = a + (b - a) * u, d + (e - d) * u
    return upper + (lower - upper) * v


@numba.njit(cache=True)
def _forward(gain: Array, cost: Scalar, totals: Array) -> None:
    """Fill the greatest gain up to each sample, once and a half around."""
    rays, samples = gain.shape
    for s in range(samples):
        totals[0, s + _REACH] = gain[0, s]
    double = cost + cost
    for k in range(1, totals.shape[0]):
        last, now, here = totals[k - 1], totals[k], gain[k % rays]
        for s in range(samples):
            near = last[s + 1] if last[s + 1] > last[s + 3] else last[s + 3]
            far = last[s] if last[s] > last[s + 4] else last[s + 4]
            near -= cost
            far -= double
            best = near if near > far else far
            best = last[s + 2] if last[s + 2] >= best else best
            now[s + _REACH] = best + here[s]


@numba.njit(cache=True)
def _backward(totals: Array, cost: Scalar, path: Array) -> None:
    turns = totals.shape[0]
    path[turns - 1] = np.argmax(totals[turns - 1])
    for k in range(turns - 1, 0, -1):
        at = path[k]
        best, value = at, totals[k - 1, at]
        for shift in (-1, 1, -2, 2):
            other = totals[k - 1, at + shift] - cost * np.float32(abs(shift))
            if other > value:
                best, value = at + shift, other
        path[k - 1] = best


@numba.njit(cache=True)
def _crest(inward: Array, path: Array, base: Array, rho: Array, radius: Array, strength: Array) -> None:
    """Fill radius (refined by a parabola) and height of the gradient at the middle turn of the path.

    The path climbs to the nearest peak within two samples; where there is none it runs along the flank of
    another edge, and the height is 0.
    """
    rays, samples = inward.shape
    quarter, step = rays // 4, rho[1] - rho[0]
    for k in range(rays):
        at = path[k if k >= quarter else k + rays] - _REACH
        line = inward[k]
        m = min(max(at, 1), samples - 2)
        for _ in range(2):
            a, b, c = line[m - 1], line[m], line[m + 1]
            if c > b and c >= a:
                m = min(m + 1, samples - 2)
            elif a > b:
                m = max(m - 1, 1)
        a, b, c = line[m - 1], line[m], line[m + 1]
        bend = a - 2 * b + c
        top = b >= a and b >= c
        offset = np.float32(0.5) * (a - c) / bend if top and bend < 0 else np.float32(0.0)
        radius[k] = (rho[0] + (np.float32(m) + offset) * step) * base[k]
        strength[k] = b if top or np.isnan(b) else np.float32(0.0)
