"""Compiled loops over the canvas of visible parts: greedy choice, painting, outlines within others."""

import heapq
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Scalar = float | np.floating[Any]
_MOST = 16


@numba.njit(cache=True)
def levels_inside(
    smooth: Array,
    sign: Scalar,
    centre: Array,
    radius: Array,
    seen: Array,
    cosine: Array,
    sine: Array,
    rho: Array,
    like: Array,
) -> None:
    """Fill ``like`` (n, rays, inner): is the level nearer to the inside than to the outside of the edge seen.

    ``rho`` are relative radii; the last two are just inside and just outside the edge.
    """
    rows, columns = smooth.shape
    rays, depths = cosine.size, rho.size
    values = np.empty((rays, depths), np.float32)
    for i in range(centre.shape[0]):
        total, count = np.float32(0.0), 0
        for k in range(rays):
            for j in range(depths):
                x, y = _pixel(centre[i], radius[i, k] * rho[j], cosine[k], sine[k], rows, columns)
                values[k, j] = np.float32(smooth[y, x]) * np.float32(sign)
            if seen[i, k]:
                total += values[k, depths - 2] + values[k, depths - 1]
                count += 1
        middle = np.float32(0.5) * total / np.float32(max(count, 1))
        for k in range(rays):
            for j in range(depths - 1):
                like[i, k, j] = values[k, j] > middle


@numba.njit(cache=True)
def _pixel(
    centre: Array, reach: Scalar, cosine: Scalar, sine: Scalar, rows: int, columns: int
) -> tuple[int, int]:
    x = int(np.rint(centre[0] + reach * cosine))
    y = int(np.rint(centre[1] + reach * sine))
    return min(max(x, 0), columns - 1), min(max(y, 0), rows - 1)


@numba.njit(cache=True)
def greedy(
    labels: Array,
    centre: Array,
    radius: Array,
    seen: Array,
    like: Array,
    score: Array,
    cosine: Array,
    sine: Array,
    rho: Array,
    limits: Array,
    kept: Array,
    own: Array,
) -> int:
    """Choose outlines, the one that explains most of what is left first, and paint them; return their number.

    Parameters
    ----------
    labels
        (rows, columns) canvas, filled with 1 to n.
    seen, like
        As `select.support` and `levels_inside` give them.
    limits
        Least share of rays with an edge of its own, least share of open points that are unlike the ground,
        largest share hidden, inset in pixels.
    kept, own
        Filled: numbers of the outlines chosen, and where they are seen.
    """
    worth = score.astype(np.float64)
    queue = [(-worth[i], i) for i in range(score.size)]
    heapq.heapify(queue)
    count, mine = 0, np.empty(cosine.size, np.bool_)
    px, py = np.empty(cosine.size, np.float32), np.empty(cosine.size, np.float32)
    while len(queue) > 0:
        _, i = heapq.heappop(queue)
        share, alike = _look(labels, centre[i], radius[i], seen[i], like[i], cosine, sine, rho, limits, mine)
        if share < limits[0] or alike < limits[1]:
            continue
        now = worth[i] * (0.4 + 0.6 * share) / (0.4 + 0.6 * np.mean(seen[i]))
        if len(queue) > 0 and now < -queue[0][0]:
            heapq.heappush(queue, (-now, i))
            continue
        for k in range(cosine.size):
            reach = radius[i, k] + np.float32(0.5)  # a pixel counts that the outline touches
            px[k], py[k] = centre[i, 0] + reach * cosine[k], centre[i, 1] + reach * sine[k]
        if paint(labels, px, py, count + 1, 1 - limits[2]):
            kept[count], own[count] = i, mine
            count += 1
    return count


@numba.njit(cache=True)
def _look(
    labels: Array,
    centre: Array,
    radius: Array,
    seen: Array,
    like: Array,
    cosine: Array,
    sine: Array,
    rho: Array,
    limits: Array,
    mine: Array,
) -> tuple[float, float]:
    """Return shares: edge of its own, open points unlike the ground; fill ``mine``."""
    rows, columns = labels.shape
    rays = cosine.size
    share, free, alike = 0, 0, 0
    for k in range(rays):
        inset = max(radius[k] - max(np.float32(0.1) * radius[k], np.float32(limits[3])), np.float32(0.0))
        x, y = _pixel(centre, inset, cosine[k], sine[k], rows, columns)
        mine[k] = seen[k] and labels[y, x] == 0
        share += mine[k]
        for j in range(rho.size - 1):
            x, y = _pixel(centre, radius[k] * rho[j], cosine[k], sine[k], rows, columns)
            if labels[y, x] == 0:
                free += 1
                alike += like[k, j]
    return share / rays, alike / max(free, 1)


@numba.njit(cache=True)
def paint(labels: Array, px: Array, py: Array, label: int, least: Scalar) -> bool:
    """Paint an outline below what is there already; False (nothing painted) when too much is hidden."""
    rows, columns = labels.shape
    low, high = max(int(np.ceil(py.min())), 0), min(int(np.floor(py.max())), rows - 1)
    crossing = np.empty(_MOST, np.float32)
    for stage in range(2):
        inside, free = 0, 0
        for y in range(low, high + 1):
            count = _crossings(px, py, np.float32(y), crossing)
            for c in range(0, count - 1, 2):
                left = max(int(np.ceil(crossing[c])), 0)
                right = min(int(np.ceil(crossing[c + 1])), columns)
                for x in range(left, right):
                    inside += 1
                    if labels[y, x] == 0:
                        free += 1
                        if stage == 1:
                            labels[y, x] = label
        if stage == 0 and (free < least * max(1, inside) or inside == 0):
            return False
    return True


@numba.njit(cache=True)
def _crossings(px: Array, py: Array, y: Scalar, out: Array) -> int:
    """Fill where a polygon crosses a row, in ascending order; return how often."""
    count, last = 0, px.size - 1
    for k in range(px.size):
        if (py[k] <= y) != (py[last] <= y) and count < _MOST:
            x = px[last] + (y - py[last]) / (py[k] - py[last]) * (px[k] - px[last])
            at = count
            while at > 0 and out[at - 1] > x:
                out[at] = out[at - 1]
                at -= 1
            out[at] = x
            count += 1
        last = k
    return count


@numba.njit(cache=True)
def shadows(
    pairs: Array,
    centre: Array,
    radius: Array,
    own: Array,
    cosine: Array,
    sine: Array,
    within: Scalar,
    private: Scalar,
) -> Array:
    """Return the heir of each label (0 is ground): outlines within others without an edge of their own.

    Parameters
    ----------
    within
        Share of an outline that lies within the other one.
    private
        Least share of rays with an edge seen well within the other one.
    """
    count, rays = radius.shape
    heir = np.arange(count + 1).astype(np.int32)
    mean = np.empty(count, np.float64)
    for i in range(count):
        mean[i] = radius[i].mean()
    for p in range(pairs.shape[0]):
        small, large = pairs[p, 0], pairs[p, 1]
        if mean[small] >= mean[large]:
            small, large = large, small
        if heir[small + 1] != small + 1 or heir[large + 1] != large + 1:
            continue
        contained, seen = 0, 0
        for k in range(rays):
            x = centre[small, 0] + radius[small, k] * cosine[k] - centre[large, 0]
            y = centre[small, 1] + radius[small, k] * sine[k] - centre[large, 1]
            at = radius[large, int(np.rint(np.arctan2(y, x) * rays / (2 * np.pi))) % rays]
            depth = at - np.sqrt(x * x + y * y)
            contained += depth > -max(0.1 * at, 1.5)
            if depth > max(0.15 * at, 1.5):
                seen += own[small, k]
        if contained >= within * rays and seen < private * rays:
            heir[small + 1] = large + 1
    return heir
