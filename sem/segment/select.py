"""Which outlines are particles: each piece of edge is explained once, the surest outline first."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from interlayer.sem.segment.level import Level
from interlayer.sem.segment.rays import HALF, SURE, Outlines

F32 = NDArray[np.float32]

#: an outline is a duplicate of a surer one this near (of the radius) with a radius this like
_NEAR, _LIKE = 0.35, 1.35
#: least share of rays with an edge of its own, largest share of the area that others may hide
OWN, HIDDEN = 0.28, 0.75
#: relative bend from ray to ray at which an outline counts half
_RAGGED = 0.09
#: least share of the part that is not hidden by others which must be unlike the ground
_OPEN = 0.35
#: worth and score below these shares of the image's upper quartile are chance
_WEAK, _POOR = 0.15, 0.04
#: how far inside its edge a particle is looked for, in pixels
_INSIDE = 2.0
#: an outline this much within a larger one needs this share of rays with an edge that is not the larger one's
_WITHIN, _PRIVATE = 0.9, 0.15


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


def gain(outlines: Outlines) -> F32:
    """Return the mean edge gain around each outline, 0 to 1; less where the frame cuts it."""
    strength = np.maximum(outlines.strength, 0)
    valid = np.isfinite(strength)
    total = np.where(valid, strength / (strength + HALF), 0.0).sum(axis=1)
    share = valid.mean(axis=1)
    return np.asarray(total / np.maximum(valid.sum(axis=1), 1) * np.minimum(1.0, share / 0.6), np.float32)


def scores(outlines: Outlines) -> F32:
    """Return how well edges support each outline, 0 to 1; ragged outlines count less."""
    r = outlines.radius / outlines.radius.mean(axis=1, keepdims=True)
    bend = np.roll(r, 1, axis=1) - 2 * r + np.roll(r, -1, axis=1)
    ragged = np.sqrt(np.mean(bend**2, axis=1)) / _RAGGED
    return np.asarray(gain(outlines) / (1 + ragged**2), np.float32)


@dataclass(frozen=True, slots=True)
class Inside:
    """Points within outlines: where they are, and whether they are like the inside of the visible edge.

    Parameters
    ----------
    row, column
        (n, points) pixels.
    like
        (n, points) True where the level is nearer to the inside than to the outside of the visible edge.
    """

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    like: NDArray[np.bool_]


def inside(level: Level, outlines: Outlines, sign: int) -> Inside:
    """Return points within outlines; an outline that ties several particles together has ground there."""
    rho = np.array([0.2, 0.45, 0.65, 0.8, 1.25], np.float32)
    reach = outlines.radius[..., None] * rho
    turn = outlines.angles[None, :, None]
    x = outlines.centre[:, 0, None, None] + reach * np.cos(turn)
    y = outlines.centre[:, 1, None, None] + reach * np.sin(turn)
    rows, columns = level.shape
    row = np.clip(np.rint(y), 0, rows - 1).astype(np.intp)
    column = np.clip(np.rint(x), 0, columns - 1).astype(np.intp)
    values = level.smooth[row, column] * np.float32(sign)  # (n, rays, 5)
    seen = support(outlines)[..., None]
    weight = seen / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    middle = 0.5 * np.sum(weight * (values[..., 3:4] + values[..., 4:5]), axis=1, keepdims=True)
    like = values[..., :4] > middle
    shape = (len(like), like.shape[1] * like.shape[2])
    return Inside(row[..., :4].reshape(shape), column[..., :4].reshape(shape), like.reshape(shape))


def support(outlines: Outlines) -> NDArray[np.bool_]:
    """Return (n, RAYS) where an edge is seen: the mean gradient of three neighbouring rays is above noise."""
    strength = np.clip(np.nan_to_num(outlines.strength, nan=0.0), 0.0, 4 * SURE)
    mean = (np.roll(strength, 1, axis=1) + strength + np.roll(strength, -1, axis=1)) / 3
    return (mean > SURE) & (strength > SURE / 2)


def thin(outlines: Outlines, score: F32) -> NDArray[np.intp]:
    """Return the outlines that no surer one duplicates, the surest first."""
    order = np.argsort(-score, kind="stable")
    radius = outlines.radius.mean(axis=1)[order]
    reach = _NEAR * float(radius.max(initial=0.0))
    pairs = (
        cKDTree(outlines.centre[order]).query_pairs(reach, output_type="ndarray")
        if reach
        else np.empty((0, 2), int)
    )
    pairs = np.sort(pairs, axis=1)
    apart = np.hypot(*(outlines.centre[order][pairs[:, 0]] - outlines.centre[order][pairs[:, 1]]).T)
    ratio = radius[pairs[:, 0]] / radius[pairs[:, 1]]
    pairs = pairs[(apart < _NEAR * radius[pairs[:, 0]]) & (ratio < _LIKE) & (ratio > 1 / _LIKE)]
    alive = np.ones(len(order), bool)
    for better, worse in pairs[np.argsort(pairs[:, 0], kind="stable")].tolist():
        if alive[better]:
            alive[worse] = False
    return order[alive]


def choose(outlines: Outlines, score: F32, level: Level, sign: int) -> Chosen:
    """Choose outlines greedily, the surest first, on the canvas of a level."""
    shape = level.shape
    labels = np.zeros(shape, np.int32)
    within = inside(level, outlines, sign)
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
        free = labels[within.row[i], within.column[i]] == 0
        if within.like[i][free].sum() < _OPEN * free.sum():
            continue
        if _paint(labels, points[i], len(kept) + 1):
            kept.append(i)
            owns.append(own)
    index = np.array(kept, dtype=np.intp)
    own = np.array(owns, dtype=bool).reshape(len(kept), outlines.radius.shape[1])
    return _without_shadows(Chosen(outlines.take(index), own, score[index], labels))


def _without_shadows(chosen: Chosen) -> Chosen:
    """Drop outlines that lie within another one and have hardly an edge that is not that one's."""
    outlines = chosen.outlines
    count = len(chosen.score)
    radius = outlines.radius.mean(axis=1)
    points = outlines.points()
    heir = np.zeros(count + 1, np.int32)
    heir[1:] = np.arange(1, count + 1)
    for a, b in sorted(cKDTree(outlines.centre).query_pairs(1.2 * float(radius.max(initial=1.0)))):
        small, large = (a, b) if radius[a] < radius[b] else (b, a)
        if heir[small + 1] != small + 1 or heir[large + 1] != large + 1:
            continue
        depth, at = _depth(outlines, points[small], large)
        if np.mean(depth > -np.maximum(0.1 * at, 1.5)) < _WITHIN:
            continue
        private = chosen.own[small] & (depth > np.maximum(0.15 * at, 1.5))
        if private.mean() < _PRIVATE:
            heir[small + 1] = large + 1
    return _bequeath(chosen, heir)


def without_weak(chosen: Chosen) -> Chosen:
    """Drop outlines far weaker than the sure ones of the same image."""
    if not len(chosen.score):
        return chosen
    worth = chosen.own.mean(axis=1) * gain(chosen.outlines)
    weak = (worth < _WEAK * np.quantile(worth, 0.75)) | (
        chosen.score < _POOR * np.quantile(chosen.score, 0.75)
    )
    heir = np.concatenate([[0], np.where(weak, 0, np.arange(1, len(worth) + 1))]).astype(np.int32)
    return _bequeath(chosen, heir)


def _depth(outlines: Outlines, points: F32, other: int) -> tuple[F32, F32]:
    """Return how far points lie inside another outline, and that outline's radius there."""
    away = points - outlines.centre[other]
    rays = outlines.radius.shape[1]
    turn = np.rint(np.arctan2(away[:, 1], away[:, 0]) * rays / (2 * np.pi)).astype(np.intp) % rays
    at = outlines.radius[other, turn]
    return at - np.hypot(away[:, 0], away[:, 1]), at


def _bequeath(chosen: Chosen, heir: NDArray[np.int32]) -> Chosen:
    alive = heir[1:] == np.arange(1, heir.size)
    if alive.all():
        return chosen
    for _ in range(3):
        heir = heir[heir]
    number = np.concatenate([[0], np.cumsum(alive)]).astype(np.int32)
    labels = number[heir][chosen.labels]
    return Chosen(chosen.outlines.take(alive), chosen.own[alive], chosen.score[alive], labels)


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
