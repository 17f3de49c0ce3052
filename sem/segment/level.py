"""One level of the resolution pyramid: smoothed gradients in units of their own noise."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment import fields

F32 = NDArray[np.float32]
U16 = NDArray[np.uint16]
I32 = NDArray[np.int32]

#: radii in level pixels that a level is responsible for; the next finer level takes the smaller ones
R_MIN, R_MAX = 5.5, 14.0
#: standard deviation of the smoothing at every level, in level pixels
SIGMA = 1.2
#: counts per noise of the gradients that Canny sees: 16 bit hold up to 1000 times the noise
_UNIT = 32.0
#: quantile of the gradient magnitude taken as noise (low, since in dense packings most pixels lie at edges),
#: and its value for Rayleigh-distributed magnitudes
_QUANTILE = 0.1
_RAYLEIGH = math.sqrt(-2.0 * math.log(1.0 - _QUANTILE))
#: gradient (in noise) of the weakest and of the surest edge pixel, as in Canny's hysteresis
_EDGE_LOW, _EDGE_HIGH = 2.2, 3.8
#: rows worked on at a time, rows around that the smoothing sees, and how many strips tell the noise
_STRIP, _MARGIN, _SAMPLED = 256, 8, 16


@dataclass(frozen=True)
class Level:
    """Gradients of one level, or of some of its rows.

    Parameters
    ----------
    smooth
        (rows, columns) smoothed grey levels, 16 bit.
    dx, dy
        (rows, columns) gradients of ``smooth`` along x and y in units of the noise of one component.
    step_x, step_y
        Image pixels per level pixel along x and y: a level's pixels are square on the specimen.
    noise
        Standard deviation of one gradient component in counts of ``smooth`` per level pixel.
    """

    smooth: U16
    dx: F32
    dy: F32
    step_x: float
    step_y: float
    noise: float

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""
        return int(self.smooth.shape[0]), int(self.smooth.shape[1])

    @cached_property
    def edges(self) -> I32:
        """Return the edge pixels (n, 2), x and y, ordered by row."""
        dx, dy = (fields.counts(each, np.float32(_UNIT)) for each in (self.dx, self.dy))
        found = cv2.Canny(dx, dy, _EDGE_LOW * _UNIT, _EDGE_HIGH * _UNIT, L2gradient=True)
        points = cv2.findNonZero(found)
        none = np.empty((0, 2), np.int32)
        return none if points is None else np.ascontiguousarray(points.reshape(-1, 2), dtype=np.int32)


def pyramid(image: NDArray[np.generic], aspect: float, coarsest: float) -> list[NDArray[np.generic]]:
    """Return images from fine to coarse, each half the size of the one before, in 8 or 16 bit.

    Parameters
    ----------
    image
        (rows, columns) grey levels without the data bar.
    aspect
        Pixel height over pixel width; the images returned have square pixels.
    coarsest
        Shortest side that the coarsest image must keep, in pixels.
    """
    rows, columns = image.shape
    first: Any = _integers(np.ascontiguousarray(image))
    if abs(aspect - 1.0) > 1e-3:
        size = (
            (columns, max(1, round(rows * aspect))) if aspect < 1 else (max(1, round(columns / aspect)), rows)
        )
        first = cv2.resize(first, size, interpolation=cv2.INTER_AREA)
    images: list[Any] = [first]
    while min(images[-1].shape) / 2 >= coarsest:
        images.append(_halved(images[-1]))
    return images


def _integers(image: NDArray[np.generic]) -> NDArray[np.generic]:
    if image.dtype in (np.uint8, np.uint16):
        return image
    values = np.asarray(image, np.float32)
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    return ((values - low) * np.float32(65535.0 / max(high - low, 1e-30))).astype(np.uint16)


def _halved(image: Any) -> Any:
    """Return an image of half the size in 16 bit, so that means of 8-bit pixels keep quarters."""
    rows, columns = image.shape[0] // 2, image.shape[1] // 2
    small = np.empty((rows, columns), np.uint16)
    factor = 64 if image.dtype == np.uint8 else 1
    fields.halve(image, factor, small)
    return small


def strips(rows: int, margin: int, size: int = _STRIP) -> Iterator[tuple[int, int, int, int]]:
    """Yield (first, last, from, to): rows first to last of each strip, and the rows around that it needs."""
    for first in range(0, rows, size):
        last = min(rows, first + size)
        yield first, last, max(0, first - margin), min(rows, last + margin)


def level(
    image: NDArray[np.generic],
    shape: tuple[int, int],
    rows: tuple[int, int] | None = None,
    noise: float = 0.0,
) -> Level:
    """Return the gradients of one image of the pyramid.

    Parameters
    ----------
    image
        8 or 16 bit.
    shape
        Rows and columns of the full image.
    rows
        First and last row wanted; default all.
    noise
        Noise where it is known already (`noise_of`).
    """
    height, columns = image.shape
    first, last = rows or (0, height)
    noise = noise or noise_of(image)
    smooth = np.empty((last - first, columns), np.uint16)
    dx, dy = np.empty(smooth.shape, np.float32), np.empty(smooth.shape, np.float32)
    for low, high, _, _ in strips(last - first, 0):
        blurred, top = _blurred(image, first + low, first + high)
        fields.gradients(blurred, top, np.float32(1.0 / noise), smooth[low:high], dx[low:high], dy[low:high])
    return Level(smooth, dx, dy, shape[1] / columns, shape[0] / height, noise)


def _blurred(image: NDArray[np.generic], low: int, high: int) -> tuple[F32, int]:
    """Return rows low to high smoothed, with at least one row around, and the place of row ``low`` in it."""
    start, end = max(0, low - _MARGIN), min(image.shape[0], high + _MARGIN)
    scale = 257.0 if image.dtype == np.uint8 else 1.0
    part: Any = np.multiply(image[start:end], np.float32(scale), dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(part, (0, 0), SIGMA), np.float32), low - start


def noise_of(image: NDArray[np.generic]) -> float:
    """Return the noise of one gradient component: a low quantile of the magnitudes in sixteen strips."""
    rows = image.shape[0]
    count = max(1, min(_SAMPLED, rows // 24))
    found = []
    for k in range(count):
        low = rows * k // count
        high = min(rows, low + (24 if count == _SAMPLED else rows // count + 1))
        blurred, top = _blurred(image, low, high)
        part = blurred[top : top + high - low]
        dy, dx = (part[2:, 1:-1] - part[:-2, 1:-1])[::2, ::3], (part[1:-1, 2:] - part[1:-1, :-2])[::2, ::3]
        found.append(0.5 * np.hypot(dx, dy).ravel())
    magnitude = np.concatenate(found)
    magnitude = magnitude[magnitude > 0]  # clipped pixels tell nothing of the noise
    if not magnitude.size:
        return 1e-12
    noise = float(np.quantile(magnitude, _QUANTILE)) / _RAYLEIGH
    return max(noise, 1e-3 * float(magnitude.max()) + 1e-12)
