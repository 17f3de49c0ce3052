"""Seeds: where outlines close around a centre, and where the mask is widest."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from interlayer.sem.segment import fields
from interlayer.sem.segment.level import R_MAX, R_MIN, Level, strips

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]

#: bands of radius that vote together, in level pixels
_BANDS = ((5.5, 7.0), (7.0, 9.0), (9.0, 11.4), (11.4, 14.5))
#: smallest share of a circle's edge that makes a seed
_SHARE = 0.40
#: rows worked on at a time, and rows around that votes, windows and smoothing reach
_STRIP, _MARGIN = 512, 32
#: window of the local threshold: several particles
_WINDOW = int(8 * R_MAX) | 1


def find(level: Level, sign: int) -> F32:
    """Return seeds (n, 3): x, y and radius in level pixels; ``sign``: +1 for bright ones, -1 for dark."""
    parts = [_voted(level, sign, strip) for strip in strips(level.shape[0], _MARGIN, _STRIP)]
    voted = np.concatenate(parts)
    wide = [
        _widest(level, sign, strip) for strip in strips(level.shape[0], _MARGIN + _WINDOW // 2 + 1, _STRIP)
    ]
    order = np.argsort(-voted[:, 3], kind="stable")
    every = np.concatenate([voted[order, :3], *wide])
    return every[_distinct(every)]


def _distinct(seeds: F32) -> NDArray[np.intp]:
    """Return the seeds that are not beside a better one of like radius (better ones come first)."""
    scaled = np.column_stack([seeds[:, :2], np.log(np.maximum(seeds[:, 2], 1.0)) * 12.0])
    return np.flatnonzero(fields.survivors(len(seeds), ordered_pairs(scaled, 3.2)))


def ordered_pairs(points: NDArray[np.floating], reach: float) -> NDArray[np.intp]:
    """Return the pairs (k, 2) of points within reach, the lower number first, in ascending order."""
    pairs = np.sort(cKDTree(points).query_pairs(reach, output_type="ndarray"), axis=1)
    return np.ascontiguousarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])


def _voted(level: Level, sign: int, strip: tuple[int, int, int, int]) -> F32:
    """Let every edge pixel vote for centres along its gradient (Kimme, Ballard and Sklansky 1975)."""
    first, last, start, end = strip
    ends = np.searchsorted(level.edges[:, 1], (start, end))
    points = level.edges[ends[0] : ends[1]]
    seeds = [np.empty((0, 4), np.float32)]
    for low, high in _BANDS:
        votes = np.zeros((end - start, level.shape[1]), np.float32)
        radii = np.arange(low + 0.5, high, 1.0, dtype=np.float32)
        fields.vote(points, level.dx, level.dy, radii, np.float32(sign), start, votes)
        sigma = 0.16 * (low + high) / 2
        # a full circle whose votes scatter by sigma piles up 2 pi r / (2 pi 2 sigma^2) at its centre
        scale = 4 * np.pi * sigma**2 / (2 * np.pi * (low + high) / 2)
        blurred = np.asarray(cv2.GaussianBlur(votes, (0, 0), sigma), np.float32)
        found = _peaks(blurred, _SHARE / scale, int(low / 2), first - start, last - start)
        worth = blurred[found[:, 1], found[:, 0]] * np.float32(scale)
        middle = np.full(len(found), (low + high) / 2)
        seeds.append(np.column_stack([found[:, 0], found[:, 1] + start, middle, worth]).astype(np.float32))
    return np.concatenate(seeds)


def _peaks(field: F32, least: float, reach: int, low: int, high: int) -> I32:
    """Return x and y (n, 2) of the maxima of a field in its rows low to high."""
    room = np.empty((max(64, field.size // 16), 2), np.int32)
    return room[: fields.peaks(field, np.float32(least), reach, low, high, room)]


def mask(level: Level, sign: int, start: int, end: int) -> NDArray[np.uint8]:
    """Return where some rows are above their surroundings (a window of several particles)."""
    part = level.smooth[start:end]
    around = cv2.blur(part, (_WINDOW, _WINDOW)).astype(np.float32)
    above = (part - around) * np.float32(sign) > 1.5 * level.noise
    closed = cv2.morphologyEx(above.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(closed, np.uint8)


def _widest(level: Level, sign: int, strip: tuple[int, int, int, int]) -> F32:
    first, last, start, end = strip
    distance = cv2.distanceTransform(mask(level, sign, start, end), cv2.DIST_L2, 3)
    smooth = np.asarray(cv2.GaussianBlur(distance, (0, 0), 1.5), np.float32)
    found = _peaks(smooth, 0.6 * R_MIN, int(R_MIN * 0.7), first - start, last - start)
    radius = distance[found[:, 1], found[:, 0]] * 1.1
    seeds = np.column_stack([found[:, 0], found[:, 1] + start, radius]).astype(np.float32)
    return seeds[(radius >= R_MIN * 0.8) & (radius <= R_MAX * 1.1)]
