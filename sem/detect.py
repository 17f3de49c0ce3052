"""Are there particles at all, and which outlines are more than chance."""

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

#: outlines of the right polarity for each one of the wrong polarity above a threshold, and their least number
_RATIO, _COUNT = 5.0, 8
#: share seen times score that texture does not reach
_CRISP = 0.55
#: local share of chance outlines above which an outline is left out
_DOUBT = 0.5


def confidence(worth: F64, null: F64) -> F64:
    """Return for each outline the probability that it is no chance outline.

    Outlines of the other polarity are decoys (Elias and Gygi 2007): texture and noise close as many dark as
    bright outlines, so at a given worth the share of chance outlines is decoys over outlines, made monotonic.
    """
    if worth.size == 0:
        return np.empty(0)
    grid = np.linspace(0.0, 1.0, 101)
    width = 0.05
    found = _density(worth, grid, width)
    decoy = _density(null, grid, width)
    chance = np.minimum.accumulate(np.minimum(1.0, (decoy + 1e-3) / (found + 1e-3)))
    return np.asarray(1.0 - np.interp(worth, grid, chance))


def _density(values: F64, grid: F64, width: float) -> F64:
    if values.size == 0:
        return np.zeros_like(grid)
    return np.asarray(np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).sum(axis=1))


def present(worth: F64, null: F64) -> bool:
    """Tell whether the image holds particles: far more closed outlines of one polarity than of the other."""
    if worth.size == 0:
        return False
    if worth.max() > _CRISP and (null.size == 0 or null.max() < _CRISP):
        return True
    levels = np.sort(worth)[::-1]
    found = np.arange(1, levels.size + 1)
    decoys = np.array([np.sum(null >= level) for level in levels])
    return bool(np.any((found >= _COUNT) & (found >= _RATIO * (decoys + 0.5))))


def believable(worth: F64, null: F64) -> NDArray[np.bool_]:
    """Return which outlines are more likely particles than chance."""
    return confidence(worth, null) >= _DOUBT
