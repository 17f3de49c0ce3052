"""One level of the resolution pyramid: smoothed gradients in units of their own noise."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

#: radii in level pixels that a level is responsible for; the next finer level takes the smaller ones
R_MIN, R_MAX = 5.5, 14.0
#: standard deviation of the smoothing at every level, in level pixels
SIGMA = 1.2
#: quantile of the gradient magnitude taken as noise, and its value for Rayleigh-distributed magnitudes
_QUANTILE = 0.4
_RAYLEIGH = math.sqrt(-2.0 * math.log(1.0 - _QUANTILE))


@dataclass(frozen=True, slots=True)
class Level:
    """Gradients of one level.

    Parameters
    ----------
    smooth
        (rows, columns) smoothed grey levels.
    gradient
        (rows, columns, 2) d/dx and d/dy of ``smooth`` in units of the noise of one component.
    step_x, step_y
        Image pixels per level pixel along x and y: a level's pixels are square on the specimen.
    noise
        Standard deviation of one gradient component in grey levels per level pixel.
    """

    smooth: F32
    gradient: F32
    step_x: float
    step_y: float
    noise: float

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""
        return int(self.smooth.shape[0]), int(self.smooth.shape[1])


def pyramid(image: NDArray[np.generic], aspect: float, coarsest: float) -> list[F32]:
    """Return images from fine to coarse, each half the size of the one before.

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
    first: Any = np.ascontiguousarray(image)
    if abs(aspect - 1.0) > 1e-3:
        size = (
            (columns, max(1, round(rows * aspect))) if aspect < 1 else (max(1, round(columns / aspect)), rows)
        )
        first = cv2.resize(first, size, interpolation=cv2.INTER_AREA)
    images: list[Any] = [first]
    while min(images[-1].shape) / 2 >= coarsest:
        last = images[-1]
        images.append(
            cv2.resize(last, (last.shape[1] // 2, last.shape[0] // 2), interpolation=cv2.INTER_AREA)
        )
    return images


def level(image: NDArray[np.generic], shape: tuple[int, int]) -> Level:
    """Return the gradients of one image of the pyramid; ``shape`` is the full image's rows and columns."""
    smooth = cv2.GaussianBlur(np.asarray(image, dtype=np.float32), (0, 0), SIGMA)
    gradient = np.empty((*smooth.shape, 2), np.float32)
    gradient[..., 0] = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=1, scale=0.5)
    gradient[..., 1] = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=1, scale=0.5)
    sample = gradient[::3, ::3].reshape(-1, 2)
    magnitude = np.hypot(sample[:, 0], sample[:, 1])
    noise = float(np.quantile(magnitude, _QUANTILE)) / _RAYLEIGH
    floor = 1e-3 * float(magnitude.max(initial=0.0)) + 1e-12
    noise = max(noise, floor)
    gradient /= noise
    rows, columns = smooth.shape
    return Level(np.asarray(smooth, np.float32), gradient, shape[1] / columns, shape[0] / rows, noise)
