"""Are there particles at all: closed outlines of one polarity against those of the other."""

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

#: outlines of the right polarity for each one of the wrong polarity above a threshold, and their least number
_RATIO, _COUNT = 5.0, 8
#: expected overlap below which an outline says nothing, and which texture does not reach
_FLOOR, _CRISP = 0.4, 0.85
#: median of the expected overlap of sure outlines, below which it is said that they are doubtful, and the
#: relative standard deviation of diameters per missing overlap
_SURE, _DOUBTFUL, _SHARE = 0.85, 0.75, 0.5


def present(score: F64, null: F64) -> bool:
    """Tell whether the image holds particles: far more closed outlines of one polarity than of the other.

    Texture and noise close as many dark as bright outlines, so those of the other polarity are decoys (as in
    Elias and Gygi 2007): some threshold must leave at least eight outlines and five for each decoy. A few
    particles pass when they are crisp and no decoy is.
    """
    if score.size == 0:
        return False
    if score.max() > _CRISP and (null.size == 0 or null.max() < 0.6 * _CRISP):
        return True
    levels = np.sort(score[score >= _FLOOR])[::-1]
    found = np.arange(1, levels.size + 1)
    decoys = np.array([np.sum(null >= level) for level in levels])
    return bool(np.any((found >= _COUNT) & (found >= _RATIO * (decoys + 0.5))))


def confidence(score: F64) -> F64:
    """Return a confidence from 0 to 1: the overlap with a particle that is expected of an outline."""
    return np.clip(score, 0.0, 1.0)


def doubt(score: F64) -> float:
    """Return the relative standard deviation of all diameters together because outlines are doubtful.

    On simulated piles the mean diameter was off by half of what the median score lacks to a sure one.
    """
    return _SHARE * max(0.0, _SURE - float(np.median(score))) if score.size else 0.0


def doubts(score: F64) -> list[str]:
    """Return what a reader must know of doubtful outlines, or nothing."""
    if not score.size or (middle := float(np.median(score))) >= _DOUBTFUL:
        return []
    return [
        f"doubtful outlines: half of them are expected to share less than {100 * middle:.0f} % with a"
        " particle;"
        f" {100 * doubt(score):.0f} % was added to the uncertainty of diameters"
    ]
