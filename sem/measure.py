"""Measurands of outlines: equivalent and Feret diameters, area, perimeter, shape."""

import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment.complete import smooth
from interlayer.sem.segment.find import Particles
from interlayer.sem.segment.rays import ANGLES

F64 = NDArray[np.float64]
_DIRECTIONS = np.arange(0, 180, 5) * np.pi / 180


def columns(particles: Particles, size: tuple[float, float]) -> dict[str, F64]:
    """Return the measurands of particles, lengths in image columns.

    Parameters
    ----------
    particles
        Outlines in image columns.
    size
        Width and height of the image in image columns.

    Notes
    -----
    Area = ½ ∫ r² dt over the whole (completed) outline; equivalent circular diameter = √(4 area / π) and
    circularity = 4 π area / perimeter² (ISO 9276-6); aspect = least over greatest Feret diameter. The
    perimeter and the Feret diameters leave out harmonics above the 8th, which are noise of single rays.
    """
    radius = particles.radius
    even = smooth(radius)
    area = np.pi * np.mean(radius**2, axis=1)
    middle = centroid(particles.centre, radius)
    slope = np.gradient(np.concatenate([even[:, -1:], even, even[:, :1]], axis=1), axis=1)[:, 1:-1]
    step = 2 * np.pi / radius.shape[1]
    perimeter = np.sum(np.hypot(even, slope / step), axis=1) * step
    x, y = boundary(particles.centre, even)
    widths = np.stack([np.ptp(x * np.cos(a) + y * np.sin(a), axis=1) for a in _DIRECTIONS], axis=1)
    wide, high = np.ptp(x, axis=1), np.ptp(y, axis=1)
    cut = (x.min(axis=1) < 0.5) | (y.min(axis=1) < 0.5)
    cut |= (x.max(axis=1) > size[0] - 0.5) | (y.max(axis=1) > size[1] - 0.5)
    longest, shortest = _extremes(widths)
    return {
        "x": middle[:, 0],
        "y": middle[:, 1],
        "equivalent_diameter": np.sqrt(4 * area / np.pi),
        "feret_max": longest,
        "feret_min": shortest,
        "area": area,
        "perimeter": perimeter,
        "circularity": np.minimum(1.0, 4 * np.pi * area / perimeter**2),
        "aspect": shortest / longest,
        "completeness": np.minimum(1.0, particles.visible / area),
        "touches_edge": cut.astype(np.float64),
        "width": wide,
        "height": high,
    }


def boundary(centre: F64, radius: F64) -> tuple[F64, F64]:
    """Return x and y (n, rays) of outlines."""
    return centre[:, :1] + radius * np.cos(ANGLES), centre[:, 1:] + radius * np.sin(ANGLES)


def centroid(centre: F64, radius: F64) -> F64:
    """Return (n, 2) centroids of outlines around ``centre``."""
    area = np.mean(radius**2, axis=1) / 2
    shift = [np.mean(radius**3 * wave(ANGLES), axis=1) / (3 * area) for wave in (np.cos, np.sin)]
    return np.asarray(centre + np.stack(shift, axis=1))


def _extremes(widths: F64) -> tuple[F64, F64]:
    if widths.shape[0] == 0:
        return np.empty(0), np.empty(0)
    return widths.max(axis=1), widths.min(axis=1)
