"""Which outlines are particles: each piece of edge is explained once, the surest outline first."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from interlayer.sem.segment.rays import HALF, SURE, Outlines

F32 = NDArray[np.float32]

#: an outline is a duplicate of a surer one this near (of the radius) with a radius this like
_NEAR, _LIKE = 0.35, 1.35
#: least share of rays with an edge of its own, largest share of the area that others may hide
OWN, HIDDEN = 0.33, 0.70
#: how far inside its edge a particle is looked for, in pixels
_INSIDE = 2.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """The outlines kept, in canvas pixels, the surest first.

    Parameters
    ----------
    outlines
        n outlines.
    own
        (n, RAYS) True where the outline has an edge of its own: it is visible there.
    score
        (n,) mean gain around the outline, 0 to 1.
    labels
        (rows, columns) visible part of each outline, 1 to n; 0 elsewhere.
    """

    outlines: Outlines
    own: NDArray[np.bool_]
    score: F32
    labels: NDArray[np.int32]


def scores(outlines: Outlines) -> F32:
    """Return how well edges support each outline, 0 to 1; ragged outlines count less."""
    strength = np.maximum(outlines.strength, 0)
    valid = np.isfinite(strength)
    gain = np.where(valid, strength / (strength + HALF), 0.0)
    share = valid.mean(axis=1)
    mean = gain.sum(axis=1) / np.maximum(valid.sum(axis=1), 1)
    r = outlines.radius / outlines.radius.mean(axis=1, keepdims=True)
    bend = np.roll(r, 1, axis=1) - 2 * r + np.roll(r, -1, axis=1)
    ragged = np.sqrt(np.mean(bend**2, axis=1))
    return np.asarray(mean * np.minimum(1.0, share / 0.6) / (1 + (ragged / 0.06) ** 2), np.float32)


def support(outlines: Outlines) -> NDArray[np.bool_]:
    """Return (n, RAYS) where an edge is seen: the mean gradient of three neighbouring rays is above noise."""
    strength = np.clip(np.nan_to_num(outlines.strength, nan=0.0), 0.0, 4 * SURE)
    mean = (np.roll(strength, 1, axis=1) + strength + np.roll(strength, -1, axis=1)) / 3
    return (mean > SURE) & (strength > SURE / 2)


def thin(outlines: Outlines, score: F32) -> NDArray[np.intp]:
    """Return the outlines that no surer one duplicates, the surest first."""
    order = np.argsort(-score, kind="stable")
    radius = outlines.radius.mean(axis=1)
    tree = cKDTree(outlines.centre)
    alive = np.ones(len(order), bool)
    kept = []
    for i in order:
        if not alive[i]:
            continue
        kept.append(i)
        near = np.array(tree.query_ball_point(outlines.centre[i], _NEAR * radius[i]))
        alike = (radius[near] < radius[i] * _LIKE) & (radius[near] > radius[i] / _LIKE)
        alive[near[alike]] = False
    return np.array(kept, dtype=np.intp)


def choose(outlines: Outlines, score: F32, shape: tuple[int, int]) -> Chosen:
    """Choose outlines greedily; ``shape`` is the canvas in rows and columns."""
    labels = np.zeros(shape, np.int32)
    supported = support(outlines)
    inner = _inner_points(outlines, shape)
    points = outlines.points()
    kept: list[int] = []
    owns: list[NDArray[np.bool_]] = []
    for i in range(len(score)):
        if supported[i].mean() < OWN:
            continue
        own = supported[i] & (labels[inner[i, :, 1], inner[i, :, 0]] == 0)
        if own.mean() < OWN:
            continue
        if _paint(labels, points[i], len(kept) + 1):
            kept.append(i)
            owns.append(own)
    index = np.array(kept, dtype=np.intp)
    own = np.array(owns, dtype=bool).reshape(len(kept), outlines.radius.shape[1])
    return Chosen(outlines.take(index), own, score[index], labels)


def _inner_points(outlines: Outlines, shape: tuple[int, int]) -> NDArray[np.intp]:
    """Return the pixel inside each outline point that tells whose edge it is."""
    radius = outlines.radius - np.maximum(0.1 * outlines.radius, _INSIDE)
    inside = Outlines(outlines.centre, np.maximum(radius, 0).astype(np.float32), outlines.strength).points()
    return np.asarray(np.clip(np.rint(inside), 0, np.array(shape[::-1]) - 1), np.intp)


def _paint(labels: NDArray[np.int32], points: F32, label: int) -> bool:
    """Paint an outline below what is there already; False (nothing painted) when too much is hidden."""
    rows, columns = labels.shape
    low = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 1, (columns, rows))
    if (high - low < 2).any():
        return False
    part = labels[low[1] : high[1], low[0] : high[0]]
    filled = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(filled, [np.rint((points - low) * 16).astype(np.int32)], 1, shift=4)
    inside = filled > 0
    free = inside & (part == 0)
    if free.sum() < (1 - HIDDEN) * max(1, inside.sum()):
        return False
    part[free] = label
    return True
