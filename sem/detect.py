"""Are there particles at all: closed outlines of one polarity against those of the other."""

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

#: outlines of the right polarity for each one of the wrong polarity above a threshold, and their least number
_RATIO, _COUNT = 5.0, 8
#: share seen times score that texture seldom reaches
CRISP = 0.55


def present(worth: F64, null: F64) -> bool:
    """Tell whether the image holds particles: far more closed outlines of one polarity than of the other.

    Texture and noise close as many dark as bright outlines, so those of the other polarity are decoys (as in
    Elias and Gygi 2007): some threshold must leave at least eight outlines and five for each decoy. A few
    particles pass when they are crisp and no decoy is.
    """
    if worth.size == 0:
        return False
    if worth.max() > CRISP and (null.size == 0 or null.max() < 0.8 * CRISP):
        return True
    levels = np.sort(worth)[::-1]
    found = np.arange(1, levels.size + 1)
    decoys = np.array([np.sum(null >= level) for level in levels])
    return bool(np.any((found >= _COUNT) & (found >= _RATIO * (decoys + 0.5))))


def confidence(worth: F64) -> F64:
    """Return a confidence from 0 to 1: share of the outline seen times mean edge gain, 1 for crisp ones."""
    return np.clip(worth / CRISP, 0.0, 1.0)
