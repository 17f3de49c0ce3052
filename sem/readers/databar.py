"""The data bar below a micrograph, found from the image where no metadata state it."""

import numpy as np
from numpy.typing import NDArray

#: share of a row that must lie at the bar's own level, and the same for the image rows above
_FLAT, _BUSY = 0.30, 0.25
#: largest share of the image's rows that a bar takes
_LARGEST = 0.25


def rows(image: NDArray[np.generic]) -> int:
    """Return the number of rows of the data bar at the bottom (0: none).

    A bar's background has one grey level over most of each row, also between its letters; a micrograph's
    rows have noise. A line drawn above the bar belongs to it.
    """
    height = image.shape[0]
    tail = np.asarray(image[height - int(height * _LARGEST) - 8 :], dtype=np.float32)
    span = float(image.max()) - float(image.min())
    if tail.shape[0] < 12 or span <= 0:
        return 0
    levels = np.rint((tail - float(image.min())) * (255.0 / span)).astype(np.int16)
    ground = _ground(levels)
    flat = np.mean(np.abs(levels - ground) <= 3, axis=1)
    busy = flat < _FLAT
    line = np.mean(np.abs(levels - np.median(levels, axis=1, keepdims=True)) <= 3, axis=1) > 0.9
    above = np.flatnonzero(busy & ~line)
    if above.size == 0 or above[-1] > tail.shape[0] - 4:
        return 0
    top = int(above[-1]) + 1
    found = tail.shape[0] - top
    context = flat[max(0, top - 40) : top]
    if (
        found < max(6, 0.012 * height)
        or top < 8
        or np.median(context) > _BUSY
        or flat[top + 2 :].mean() < 0.5
    ):
        return 0
    return int(found)


def _ground(levels: NDArray[np.int16]) -> int:
    bottom = levels[-max(6, levels.shape[0] // 40) :]
    return int(np.argmax(np.bincount(bottom.ravel(), minlength=256)))
