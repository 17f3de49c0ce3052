"""Compiled loops over the canvas of visible parts: greedy choice, painting, outlines within others."""

import heapq
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Scalar = float | np.floating[Any]
_MOST, _RINGS = 16, 5


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
    score: Array,
    least: Array,
    cosine: Array,
    sine: Array,
    limits: Array,
    kept: Array,
    own: Array,
) -> int:
    """Choose outlines, the one that explains most of what is left first, and paint them; return their number.

    Parameters
    ----------
    labels
        (rows, columns) canvas, filled with 1 to n.
    seen
        (n, rays) where an edge is seen.
    score, least
        (n,) score of each outline, and what must be left of it once others are chosen.
    limits
        Least share of rays with an edge of its own, largest share hidden, inset in pixels,
        intersection over union with an outline chosen before at which nothing is left of the worth.
    kept, own
        Filled: numbers of the outlines chosen, and where they are seen.
    """
    worth = score.astype(np.float64)
    area = np.zeros(score.size + 1)
    queue = [(-worth[i], i) for i in range(score.size)]
    heapq.heapify(queue)
    count, mine = 0, np.empty(cosine.size, np.bool_)
    px, py = np.empty(cosine.size, np.float32), np.empty(cosine.size, np.float32)
    while len(queue) > 0:
        _, i = heapq.heappop(queue)
        share = _look(labels, centre[i], radius[i], seen[i], cosine, sine, limits[2], mine)
        if share < limits[0]:
            continue
        now = worth[i] * (0.4 + 0.6 * share) / (0.4 + 0.6 * np.mean(seen[i]))
        now *= max(0.0, 1 - (_overlap(labels, area, centre[i], radius[i], cosine, sine) / limits[3]) ** 2)
        if len(queue) > 0 and now < -queue[0][0]:
            heapq.heappush(queue, (-now, i))
            continue
        if now < least[i]:
            continue
        for k in range(cosine.size):
            reach = radius[i, k] + np.float32(0.5)  # a pixel counts that the outline touches
            px[k], py[k] = centre[i, 0] + reach * cosine[k], centre[i, 1] + reach * sine[k]
        if paint(labels, px, py, count + 1, 1 - limits[1]):
            kept[count], own[count] = i, mine
            count += 1
            area[count] = np.pi * np.mean(radius[i] ** 2)
    return count


@numba.njit(cache=True)
def _look(
    labels: Array,
    centre: Array,
    radius: Array,
    seen: Array,
    cosine: Array,
    sine: Array,
    inset: Scalar,
    mine: Array,
) -> float:
    """Return the share of rays with an edge that no outline chosen before explains; fill ``mine``."""
    rows, columns = labels.shape
    rays = cosine.size
    share = 0
    for k in range(rays):
        within = max(radius[k] - max(np.float32(0.1) * radius[k], np.float32(inset)), np.float32(0.0))
        x, y = _pixel(centre, within, cosine[k], sine[k], rows, columns)
        mine[k] = seen[k] and labels[y, x] == 0
        share += mine[k]
    return share / rays


@numba.njit(cache=True)
def _overlap(labels: Array, area: Array, centre: Array, radius: Array, cosine: Array, sine: Array) -> float:
    """Return the greatest intersection over union with an outline painted before, from 120 points within."""
    rows, columns = labels.shape
    rays = cosine.size // 2
    number, hits = np.zeros(_MOST, np.int64), np.zeros(_MOST, np.int64)
    for k in range(rays):
        for j in range(_RINGS):
            reach = radius[2 * k] * np.float32(np.sqrt((j + 0.5) / _RINGS))
            x, y = _pixel(centre, reach, cosine[2 * k], sine[2 * k], rows, columns)
            label = labels[y, x]
            if label == 0:
                continue
            for m in range(_MOST):
                if number[m] == label or hits[m] == 0:
                    number[m] = label
                    hits[m] += 1
                    break
    own, most = np.pi * np.mean(radius**2), 0.0
    for m in range(_MOST):
        if hits[m] == 0:
            break
        common = own * hits[m] / (rays * _RINGS)
        most = max(most, common / max(own + area[number[m]] - common, 1e-9))
    return most


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
