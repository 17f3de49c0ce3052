"""Seeds: where outlines close around a centre, and where the mask is widest."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from interlayer.sem.segment.level import R_MAX, R_MIN, Level

F32 = NDArray[np.float32]

#: gradient (in noise) of the weakest and of the surest edge pixel, as in Canny's hysteresis
_EDGE_LOW, _EDGE_HIGH = 2.2, 3.8
#: bands of radius that vote together, in level pixels
_BANDS = ((5.5, 7.0), (7.0, 9.0), (9.0, 11.4), (11.4, 14.5))
#: smallest share of a circle's edge that makes a seed
_SHARE = 0.40


def find(level: Level, sign: int) -> F32:
    """Return seeds (n, 3): x, y and radius in level pixels; ``sign``: +1 for bright ones, -1 for dark."""
    voted, wide = _voted(level, sign), _widest(level, sign)
    order = np.argsort(-voted[:, 3], kind="stable")
    every = np.concatenate([voted[order, :3], wide])
    return every[_distinct(every)]


def _distinct(seeds: F32) -> NDArray[np.intp]:
    """Return the seeds that are not beside a better one of like radius (better ones come first)."""
    scaled = np.column_stack([seeds[:, :2], np.log(np.maximum(seeds[:, 2], 1.0)) * 12.0])
    neighbours = cKDTree(scaled).query_pairs(3.2, output_type="ndarray")
    alive = np.ones(len(seeds), bool)
    neighbours = np.sort(neighbours, axis=1)
    for better, worse in neighbours[np.lexsort((neighbours[:, 1], neighbours[:, 0]))].tolist():
        if alive[better]:
            alive[worse] = False
    return np.flatnonzero(alive)


def edges(level: Level) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the edge pixels."""
    dx = np.clip(level.gradient[..., 0] * 64, -32000, 32000).astype(np.int16)
    dy = np.clip(level.gradient[..., 1] * 64, -32000, 32000).astype(np.int16)
    found = cv2.Canny(dx, dy, _EDGE_LOW * 64, _EDGE_HIGH * 64, L2gradient=True)
    y, x = np.nonzero(found)
    return y, x


def _voted(level: Level, sign: int) -> F32:
    """Let every edge pixel vote for centres along its gradient (Kimme, Ballard and Sklansky 1975)."""
    rows, columns = level.shape
    y, x = edges(level)
    normal = level.gradient[y, x] * sign
    normal /= np.maximum(np.hypot(normal[:, 0], normal[:, 1]), 1e-6)[:, None]
    seeds = []
    for low, high in _BANDS:
        votes = np.zeros(rows * columns, np.float32)
        steps = np.arange(low + 0.5, high, 1.0)
        for r in steps:
            cx = np.rint(x + normal[:, 0] * r).astype(np.int64)
            cy = np.rint(y + normal[:, 1] * r).astype(np.int64)
            inside = (cx >= 0) & (cx < columns) & (cy >= 0) & (cy < rows)
            votes += np.bincount(cy[inside] * columns + cx[inside], minlength=votes.size).astype(np.float32)
        sigma = 0.16 * (low + high) / 2
        share = np.asarray(cv2.GaussianBlur(votes.reshape(rows, columns), (0, 0), sigma), np.float32)
        # a full circle whose votes scatter by sigma piles up 2 pi r / (2 pi 2 sigma^2) at its centre
        share *= np.float32(4 * np.pi * sigma**2 / (2 * np.pi * (low + high) / 2))
        peaks = _peaks(share, _SHARE, (low + high) / 2, int(low / 2))
        worth = share[peaks[:, 1].astype(int), peaks[:, 0].astype(int)]
        seeds.append(np.column_stack([peaks, worth]))
    return np.concatenate(seeds)


def _peaks(field: F32, least: float, radius: float, reach: int) -> F32:
    size = 2 * reach + 1
    top = cv2.dilate(field, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    y, x = np.nonzero((field >= top) & (field >= least))
    return np.stack([x, y, np.full(x.size, radius)], axis=1).astype(np.float32)


def mask(level: Level, sign: int) -> NDArray[np.uint8]:
    """Return where the image is above its surroundings (a window of several particles)."""
    size = int(8 * R_MAX) | 1
    around = cv2.blur(level.smooth, (size, size))
    above = (level.smooth - around) * np.float32(sign) > 1.5 * level.noise
    closed = cv2.morphologyEx(above.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(closed, np.uint8)


def _widest(level: Level, sign: int) -> F32:
    distance = cv2.distanceTransform(mask(level, sign), cv2.DIST_L2, 3)
    smooth = np.asarray(cv2.GaussianBlur(distance, (0, 0), 1.5), np.float32)
    peaks = _peaks(smooth, 0.6 * R_MIN, 0.0, int(R_MIN * 0.7))
    peaks[:, 2] = distance[peaks[:, 1].astype(int), peaks[:, 0].astype(int)] * 1.1
    return peaks[(peaks[:, 2] >= R_MIN * 0.8) & (peaks[:, 2] <= R_MAX * 1.1)]
