"""Particles of one image: every level of the pyramid, both polarities until one is clear."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment import complete, rays, seeds, select
from interlayer.sem.segment.level import R_MAX, R_MIN, Level, level, pyramid
from interlayer.sem.segment.rays import Outlines

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
Polarity = Literal["bright", "dark"]

#: finer levels are left out when less than this share of the particles found is smaller than 1.4 R_MIN
_FEW = 0.10
#: ... and when outlines explain more than this share of the edge pixels
_EXPLAINED = 0.3
#: relative distance of an outline from an ellipse at which it counts half
_MISFIT = 0.10
#: score times support after the first look below which an outline is given up
_HOPELESS = 0.015
#: a polarity leads when it explains this many times more than the other, with this many particles
_LEAD, _ENOUGH = 3.0, 20
#: share seen times edge gain that texture seldom reaches
_OBVIOUS = 0.4


@dataclass(frozen=True, slots=True)
class Particles:
    """The particles of an image; lengths in image columns (width of a pixel), y scaled to match.

    Parameters
    ----------
    centre
        (n, 2) x and y from the top left corner of the image.
    radius
        (n, RAYS) whole outline around ``centre``.
    own
        (n, RAYS) True where the outline is seen.
    score
        (n,) mean edge gain, 0 to 1.
    visible
        (n,) visible area.
    labels
        (rows, columns) visible parts on the canvas, 0 is ground.
    step
        Width of a canvas pixel.
    polarity
        Whether the particles are bright or dark.
    worth, null
        (n,) share of the outline seen times score, and the same for the outlines of the other polarity
        at the level with most particles: chance and texture close as many outlines of both.
    """

    centre: F64
    radius: F64
    own: NDArray[np.bool_]
    score: F64
    visible: F64
    labels: NDArray[np.int32]
    step: float
    polarity: Polarity
    worth: F64
    null: F64

    def none(self) -> "Particles":
        """Return the same without any particle."""
        empty = {
            name: getattr(self, name)[:0] for name in ("centre", "radius", "own", "score", "visible", "worth")
        }
        return replace(self, **empty, labels=np.zeros_like(self.labels))


@dataclass(slots=True)
class _Found:
    """What one level and polarity gave; ``small``: the share that a finer level sees better."""

    level: Level
    outlines: Outlines
    score: NDArray[np.float32]
    evidence: float
    small: float
    explained: float
    worth: F64


def particles(
    image: NDArray[np.generic],
    *,
    aspect: float = 1.0,
    polarity: str = "auto",
    smallest: float = 0.0,
    largest: float = math.inf,
) -> Particles:
    """Return the particles of an image.

    Parameters
    ----------
    image
        (rows, columns) grey levels without the data bar.
    aspect
        Height over width of a pixel.
    polarity
        "bright", "dark", or "auto": whichever closes more outlines.
    smallest, largest
        Range of radii in pixels (of width).
    """
    cv2.setNumThreads(1)
    images = pyramid(image, aspect, 3.2 * R_MAX)
    steps = [k for k in range(len(images)) if R_MAX * 2**k >= smallest and R_MIN * 2**k <= largest]
    signs: tuple[int, ...] = {"bright": (1,), "dark": (-1,)}.get(polarity, (1, -1))
    found: dict[int, list[_Found]] = {1: [], -1: []}
    for k in reversed(steps or [0]):
        at = level(images[k], image.shape)
        for sign in signs:
            found[sign].append(_search(at, sign))
        signs = _leading(signs, found)
        if all(_exhausted(found[sign]) for sign in signs):
            break
    best = max(signs, key=lambda sign: max(each.evidence for each in found[sign]))
    top = int(np.argmax([each.evidence for each in found[best]]))
    # levels finer than the one with most evidence see noise and texture only
    levels = found[best][: top + 1]
    name: Polarity = "bright" if best > 0 else "dark"
    if len(found[-best]) > top:
        null = found[-best][top].worth
    elif np.sum(levels[-1].worth > _OBVIOUS) >= _ENOUGH:
        null = np.empty(0)  # so many crisp outlines need no comparison
    else:
        null = _search(levels[-1].level, -best).worth
    merged = _merge(levels, name, (smallest, largest), null)
    below = (steps or [0])[::-1][top] - 1
    if below < 0 or not len(merged.centre):
        return merged
    return _sharpened(merged, level(images[below], image.shape), best)


def _sharpened(coarse: Particles, finer: Level, sign: int) -> Particles:
    """Return the outlines followed once more at twice the resolution, within a fifth of their radius."""
    centre = (coarse.centre / finer.step_x - 0.5).astype(np.float32)
    base = (coarse.radius / finer.step_x).astype(np.float32)
    exact = rays.trace(finer, centre, base, sign, rays.EXACT)
    seen = coarse.own & select.support(exact)
    radius = np.where(seen, exact.radius, base)
    outlines = Outlines(centre, radius.astype(np.float32), exact.strength)
    return replace(coarse, radius=complete.whole(outlines, coarse.own) * finer.step_x)


def _leading(signs: tuple[int, ...], found: dict[int, list[_Found]]) -> tuple[int, ...]:
    """Return the polarities worth following: one alone once it explains far more than the other."""
    last = {sign: found[sign][-1] for sign in signs}
    first = max(signs, key=lambda sign: last[sign].evidence)
    strong = last[first].worth.size >= _ENOUGH and last[first].explained > _EXPLAINED
    if strong and all(last[first].evidence > _LEAD * last[sign].evidence for sign in signs if sign != first):
        return (first,)
    return signs


def _search(at: Level, sign: int) -> _Found:
    outlines, score = _trace(at, sign)
    chosen = select.choose(outlines, score, at, sign)
    radius = chosen.outlines.radius.mean(axis=1)
    seen = chosen.own.mean(axis=1)
    arcs = seen * chosen.score**2 * radius
    small = float(arcs[radius < 1.4 * R_MIN].sum() / max(arcs.sum(), 1e-9))
    explained = float(np.sum(seen * radius)) * 2 * np.pi / max(len(at.edges), 1)
    worth = (seen * select.gain(chosen.outlines)).astype(np.float64)
    return _Found(at, outlines, score, float(arcs.sum()) * at.step_x, small, explained, worth)


def _trace(at: Level, sign: int) -> tuple[Outlines, F32]:
    """Return outlines and scores of one level, the surest first: a first look, then around its ellipses."""
    seed = seeds.find(at, sign)
    base = np.repeat(seed[:, 2:], rays.COARSE.rays, axis=1)
    first = rays.trace(at, seed[:, :2], base, sign, rays.COARSE)
    look = select.scores(first) * select.support(first).mean(axis=1)
    first, look = first.take(look > _HOPELESS), look[look > _HOPELESS]
    first = first.take(select.thin(first, look))
    centre, base = complete.ellipses(first, select.support(first), rays.FINE.rays)
    mean = base.mean(axis=1)
    size = (mean > 0.75 * R_MIN) & (mean < 1.3 * R_MAX)
    outlines = rays.trace(at, centre[size], base[size], sign)
    seen = select.support(outlines)
    shape = (0.4 + 0.6 * seen.mean(axis=1)) / (1 + (complete.misfit(outlines, seen) / _MISFIT) ** 2)
    score = (
        select.scores(outlines)
        * _solid(select.inside(at, outlines, sign).mean(axis=(1, 2)))
        * shape.astype(np.float32)
    )
    order = select.thin(outlines, score)
    return outlines.take(order), score[order]


def _solid(fill: F64) -> F32:
    return np.asarray(0.2 + 0.8 * np.clip((fill - 0.4) / 0.4, 0.0, 1.0), np.float32)


def _exhausted(levels: list[_Found]) -> bool:
    """Tell whether finer levels can be left out: the particles are larger than what those see."""
    best, last = max(levels, key=lambda each: each.evidence), levels[-1]
    declines = last.evidence < best.evidence and best.explained > _EXPLAINED / 2
    return declines or (last.explained > _EXPLAINED and last.small < _FEW)


def _merge(levels: list[_Found], polarity: Polarity, limits: tuple[float, float], null: F64) -> Particles:
    finest = levels[-1].level
    parts, scores = [], []
    for each in levels:
        ratio = each.level.step_x / finest.step_x
        scaled = Outlines(
            ((each.outlines.centre + 0.5) * ratio - 0.5).astype(np.float32),
            (each.outlines.radius * ratio).astype(np.float32),
            each.outlines.strength,
        )
        mean = scaled.radius.mean(axis=1) * finest.step_x
        inside = (mean >= limits[0]) & (mean <= limits[1])
        parts.append(scaled.take(inside))
        scores.append(each.score[inside])
    outlines, score = rays.join(parts), np.concatenate(scores)
    order = select.thin(outlines, score)
    chosen = select.without_weak(
        select.choose(outlines.take(order), score[order], finest, 1 if polarity == "bright" else -1)
    )
    radius = complete.whole(chosen.outlines, chosen.own)
    counts = np.bincount(chosen.labels.ravel(), minlength=len(radius) + 1)[1:]
    return Particles(
        centre=(chosen.outlines.centre.astype(np.float64) + 0.5) * finest.step_x,
        radius=radius * finest.step_x,
        own=chosen.own,
        score=chosen.score.astype(np.float64),
        visible=counts.astype(np.float64) * finest.step_x**2,
        labels=chosen.labels,
        step=finest.step_x,
        polarity=polarity,
        worth=(chosen.own.mean(axis=1) * select.gain(chosen.outlines)).astype(np.float64),
        null=null,
    )
