"""The data bar below a micrograph, found from the image where no metadata state it."""

import numpy as np
from numpy.typing import NDArray

#: share of a row that must lie at the bar's own level, and on average over the bar
_FLAT, _MEAN = 0.30, 0.5
#: distance in grey levels of 255 up to which a pixel has the bar's level (JPEG rings), and beyond which not
_NEAR, _FAR = 12, 24
#: share of what ends at the bar's first row, and the least share of the width that ends; without letters
_END, _WIDE, _PLAIN = 0.85, 0.03, 0.3
#: largest share of the image's rows that a bar takes, and most rows of a line drawn above it
_LARGEST, _LINE = 0.25, 8


def rows(image: NDArray[np.generic]) -> int:
    """Return the number of rows of the data bar at the bottom (0: none).

    A bar's background has one grey level over much of each row, also between its letters, and at its first
    row everything of the micrograph ends at once, over the whole width. Nothing in a micrograph does that. A
    line drawn above the bar belongs to it.
    """
    height = image.shape[0]
    tail = np.asarray(image[height - int(height * _LARGEST) - 8 :], dtype=np.float32)
    low, span = float(image.min()), float(image.max()) - float(image.min())
    if tail.shape[0] < 12 or span <= 0:
        return 0
    levels = np.rint((tail - low) * (255.0 / span)).astype(np.int16)
    away = np.abs(levels - _ground(levels))
    lines = _lines(levels, _ground(levels))
    top = _top(away, lines)
    if top is None or height - tail.shape[0] + top < 8:
        return 0
    found = tail.shape[0] - top + _line(levels, lines, top)
    return int(found) if found >= max(6, 0.012 * height) else 0


def _ground(levels: NDArray[np.int16]) -> int:
    bottom = levels[-max(6, levels.shape[0] // 40) :]
    return int(np.argmax(np.bincount(bottom.ravel(), minlength=256)))


def _lines(levels: NDArray[np.int16], ground: int) -> NDArray[np.bool_]:
    """Tell which rows are drawn lines: of one level, unlike the bar's."""
    middle = np.median(levels, axis=1, keepdims=True)
    same = np.mean(np.abs(levels - middle) <= _NEAR, axis=1) > 0.97
    return np.asarray(same & (np.abs(middle[:, 0] - ground) > _FAR))


def _line(levels: NDArray[np.int16], lines: NDArray[np.bool_], top: int) -> int:
    """Return the rows of a line above the bar; it ends at its upper side, too, as empty ground does not."""
    for count in range(1, min(_LINE, top - 1) + 1):
        if not lines[top - count]:
            return 0
        above = np.abs(levels[top - count - 1] - np.median(levels[top - count])) > _FAR
        if above.mean() >= _MEAN:
            return count
    return 0


def _top(away: NDArray[np.int16], lines: NDArray[np.bool_]) -> int | None:
    """Return the first row of the bar below its line, in the tail of the image."""
    near, far = away <= _NEAR, away > _FAR
    flat = near.mean(axis=1)
    broken = np.flatnonzero((flat < _FLAT) & ~lines)
    start = int(broken[-1]) + 1 if broken.size else 1
    ending = far[:-1].mean(axis=1)
    ended = (far[:-1] & near[1:]).mean(axis=1) / np.maximum(ending, 1e-9)
    for at in np.flatnonzero((ended >= _END) & (ending >= _WIDE)) + 1:
        inked = np.count_nonzero(far[at:].mean(axis=1) > 0.002)
        if at >= start and flat[at:].mean() >= _MEAN and (inked >= 3 or ending[at - 1] >= _PLAIN):
            return int(at)
    return None
