"""First positions of the interfaces: the best steps through the profile across the layer, all pairs tried."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from interlayer.eds.geometry import DepthMap

Floats = NDArray[np.float64]

#: depth bins at most in the search over all pairs of interfaces
BINS = 240


@dataclass(frozen=True, slots=True)
class Start:
    """Sharp steps: depth of the interfaces (nm), levels between, and the log likelihood."""

    edges: tuple[float, ...]
    levels: tuple[float, ...]
    log_likelihood: float


def profile(data: DepthMap) -> tuple[Floats, Floats, Floats, Floats]:
    """Return depth edges, counts, pixels and offset summed along the layer, in at most `BINS` bins."""
    size = max(1, -(-data.depth.size // BINS))
    starts = np.arange(0, data.depth.size, size)

    def summed(values: Floats) -> Floats:
        return np.add.reduceat(values.sum(axis=1), starts)

    ends = data.depth[0] + (np.append(starts, data.depth.size) - 0.5) * data.pitch
    return ends, summed(data.counts), summed(data.pixels), summed(data.offset)


def _gain(counts: Floats, pixels: Floats, offset: Floats) -> tuple[Floats, Floats]:
    level = np.maximum(counts - offset, 0.0) / np.maximum(pixels, 1e-9)
    per_pixel = level + offset / np.maximum(pixels, 1e-9)
    return xlogy(counts, np.maximum(per_pixel, 1e-12)) - per_pixel * pixels, level


def single(data: DepthMap) -> Start:
    """Return the best single step."""
    ends, *sums = profile(data)
    left = [np.cumsum(each)[:-1] for each in sums]
    right = [each.sum() - part for each, part in zip(sums, left, strict=True)]
    gain_left, level_left = _gain(*left)
    gain_right, level_right = _gain(*right)
    total = gain_left + gain_right
    i = int(np.argmax(total))
    return Start((float(ends[i + 1]),), (float(level_left[i]), float(level_right[i])), float(total[i]))


def double(data: DepthMap) -> Start | None:
    """Return the best pair of steps with a layer above both sides, or None when there is none."""
    ends, *sums = profile(data)
    runs = [np.concatenate([[0.0], np.cumsum(each)]) for each in sums]
    count = len(runs[0]) - 1
    if count < 5:
        return None
    top, bottom = np.triu_indices(count + 1, k=1)
    inside = (top > 0) & (bottom < count)
    top, bottom = top[inside], bottom[inside]
    gain_a, level_a = _gain(*[run[top] for run in runs])
    gain_m, level_m = _gain(*[run[bottom] - run[top] for run in runs])
    gain_b, level_b = _gain(*[run[-1] - run[bottom] for run in runs])
    total = np.where(level_m > np.maximum(level_a, level_b), gain_a + gain_m + gain_b, -np.inf)
    i = int(np.argmax(total))
    if not np.isfinite(total[i]):
        return None
    return Start(
        (float(ends[top[i]]), float(ends[bottom[i]])),
        (float(level_a[i]), float(level_m[i]), float(level_b[i])),
        float(total[i]),
    )
