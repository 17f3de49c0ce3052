"""Which outlines are particles: each piece of edge is explained once, the surest outline first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment import canvas, fields, hull, seeds
from interlayer.sem.segment.rays import HALF, SURE, Outlines

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

#: an outline is a duplicate of a surer one this near (of the radius) with a radius this like
_NEAR, _LIKE = 0.35, 1.35
#: least share of rays with an edge of its own, largest share of the area that others may hide
OWN, HIDDEN = 0.15, 0.75
#: relative bend from ray to ray at which an outline counts half
_RAGGED = 0.09
#: least score of an outline: the overlap with a particle that its looks foretell
_LEAST = 0.4
#: score asked of outlines unlike the others in size, least scatter of log radius reckoned with, and how many
#: particles tell what is usual
_SURER, _SCATTER, _POPULATION = 0.85, 0.2, 12
#: intersection over union at which two outlines are one particle (equal circles half a diameter apart: 0.24)
_TWICE = 0.45
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
    index
        (n,) which of the outlines offered they are.
    """

    outlines: Outlines
    own: NDArray[np.bool_]
    score: F32
    labels: NDArray[np.int32]
    index: NDArray[np.intp]


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


def support(outlines: Outlines) -> NDArray[np.bool_]:
    """Return (n, RAYS) where an edge is seen: the mean gradient of three neighbouring rays is above noise."""
    strength = np.clip(np.nan_to_num(outlines.strength, nan=0.0), 0.0, 4 * SURE)
    mean = (np.roll(strength, 1, axis=1) + strength + np.roll(strength, -1, axis=1)) / 3
    return (mean > SURE) & (strength > SURE / 2)


def dented(outlines: Outlines, seen: NDArray[np.bool_]) -> F32:
    """Return the share of what is seen of each outline that bends inwards, as between two in touch."""
    depth = np.empty(outlines.radius.shape, np.float32)
    cosine, sine = outlines.directions
    hull.dents(outlines.radius, seen, cosine, sine, depth)
    share = np.minimum(depth / 0.1, 1.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return np.asarray(share, np.float32)


def thin(outlines: Outlines, score: F32) -> NDArray[np.intp]:
    """Return the outlines that no surer one duplicates, the surest first."""
    order = np.argsort(-score, kind="stable")
    radius = outlines.radius.mean(axis=1)[order]
    reach = _NEAR * float(radius.max(initial=0.0))
    if not reach:
        return order
    centre = outlines.centre[order]
    pairs = seeds.ordered_pairs(centre, reach)
    apart = np.hypot(*(centre[pairs[:, 0]] - centre[pairs[:, 1]]).T)
    ratio = radius[pairs[:, 0]] / radius[pairs[:, 1]]
    pairs = pairs[(apart < _NEAR * radius[pairs[:, 0]]) & (ratio < _LIKE) & (ratio > 1 / _LIKE)]
    return order[fields.survivors(len(order), pairs)]


def choose(outlines: Outlines, score: F32, shape: tuple[int, int], least: F64 | None = None) -> Chosen:
    """Choose outlines greedily, the one that explains most of what is left first."""
    labels = np.zeros(shape, np.int32)
    kept = np.empty(len(score), np.intp)
    own = np.empty(outlines.radius.shape, np.bool_)
    limits = np.array([OWN, HIDDEN, _INSIDE, _TWICE])
    cosine, sine = outlines.directions
    count = canvas.greedy(
        labels,
        outlines.centre,
        outlines.radius,
        support(outlines),
        score,
        np.full(len(score), _LEAST) if least is None else least,
        cosine,
        sine,
        limits,
        kept,
        own,
    )
    index = kept[:count]
    return _without_shadows(Chosen(outlines.take(index), own[:count], score[index], labels, index))


def demanded(radius: F64, chosen: F64) -> F64:
    """Return the least score of outlines by their radius: those unlike the others in size must be surer.

    Parameters
    ----------
    radius
        (n,) mean radii of the outlines offered.
    chosen
        (m,) mean radii of those chosen so far, which tell the usual size and its scatter.
    """
    if chosen.size < _POPULATION:
        return np.full(radius.size, _LEAST)
    logs = np.log(chosen)
    middle = float(np.median(logs))
    scatter = max(_SCATTER, 1.4826 * float(np.median(np.abs(logs - middle))))
    beyond = np.maximum(np.abs(np.log(radius) - middle) / scatter - 2.0, 0.0)
    return np.asarray(_LEAST + (_SURER - _LEAST) * (1 - np.exp(-0.5 * beyond**2)))


def _without_shadows(chosen: Chosen) -> Chosen:
    """Drop outlines that lie within another one and have hardly an edge that is not that one's."""
    outlines = chosen.outlines
    if not len(chosen.score):
        return chosen
    pairs = seeds.ordered_pairs(outlines.centre, 1.2 * float(outlines.radius.mean(axis=1).max()))
    cosine, sine = outlines.directions
    heir = canvas.shadows(
        pairs, outlines.centre, outlines.radius, chosen.own, cosine, sine, _WITHIN, _PRIVATE
    )
    return _bequeath(chosen, heir)


def _bequeath(chosen: Chosen, heir: NDArray[np.int32]) -> Chosen:
    alive = heir[1:] == np.arange(1, heir.size)
    if alive.all():
        return chosen
    for _ in range(3):
        heir = heir[heir]
    number = np.concatenate([[0], np.cumsum(alive)]).astype(np.int32)
    labels = number[heir][chosen.labels]
    return Chosen(
        chosen.outlines.take(alive), chosen.own[alive], chosen.score[alive], labels, chosen.index[alive]
    )
