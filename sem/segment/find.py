"""Particles of one image: every level of the pyramid, both polarities until one is clear."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment import complete, rays, scoring, seeds, select
from interlayer.sem.segment.level import R_MAX, R_MIN, SIGMA, Level, level, pyramid
from interlayer.sem.segment.rays import Outlines

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
Polarity = Literal["bright", "dark"]

#: finer levels are left out when less than this share of the particles found is smaller than 1.4 R_MIN
_FEW = 0.10
#: ... and when outlines explain more than this share of the edge pixels
_EXPLAINED = 0.3
#: ... and when the outlines are at least this sure: the hulls of agglomerates are not
_SURE = 0.8
#: mean score above which rims need not be looked for: plain outlines explain the image
_OBVIOUS = 0.9
#: share of an inner outline that must be seen for another one to be sought around it
_CLOSED = 0.4
#: quantile of the widths of a rim over its rays that is taken for all, and least number of rays that show it
_RIM_WIDTH, _RIM_RAYS = 0.35, 8
#: score times support after the first look below which an outline is given up
_HOPELESS = 0.015
#: a polarity leads when it covers this many times more than the other
_LEAD = 3.0
#: share of the chosen outlines that lie beyond rims, below which rims are no longer looked for
_RIMMED = 0.1


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
        (n,) expected overlap with a particle, 0 to 1 (`scoring`).
    visible
        (n,) visible area.
    labels
        (rows, columns) visible parts on the canvas, 0 is ground.
    step
        Width of a canvas pixel.
    polarity
        Whether the particles are bright or dark.
    null
        The scores of the outlines of the other polarity: chance and texture close as many of both.
    """

    centre: F64
    radius: F64
    own: NDArray[np.bool_]
    score: F64
    visible: F64
    labels: NDArray[np.int32]
    step: float
    polarity: Polarity
    null: F64

    @property
    def evidence(self) -> float:
        """Return the area seen of all particles, each times its score."""
        return float(np.sum(self.visible * self.score))

    def none(self) -> "Particles":
        """Return the same without any particle."""
        empty = {name: getattr(self, name)[:0] for name in ("centre", "radius", "own", "score", "visible")}
        return replace(self, **empty, labels=np.zeros_like(self.labels))


@dataclass(slots=True)
class _Found:
    """What one level and polarity gave.

    ``evidence``: area covered times score; ``sure``: the score, a mean over the area; ``small``: the share
    that a finer level sees better; ``explained``: the share of the level's edge pixels on outlines;
    ``rimmed``: whether outlines beyond bright rims are among those chosen.
    """

    level: Level
    outlines: Outlines
    score: NDArray[np.float32]
    evidence: float
    sure: float
    small: float
    explained: float
    rimmed: bool


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
    steps = [k for k in range(len(images)) if R_MAX * 2**k >= smallest and R_MIN * 2**k <= largest] or [0]
    signs: tuple[int, ...] = {"bright": (1,), "dark": (-1,)}.get(polarity, (1, -1))
    found: dict[int, list[_Found]] = {1: [], -1: []}
    for k in reversed(steps):
        at = level(images[k], image.shape)
        for sign, each in _search(at, signs, found).items():
            found[sign].append(each)
        signs = _leading(signs, found)
        if all(_exhausted(found[sign]) for sign in signs):
            break
    limits = (smallest, largest)
    merged = {sign: _merge(found[sign], sign, limits) for sign in (1, -1) if found[sign]}
    best = max(signs, key=lambda sign: merged[sign].evidence)
    result = merged[best]
    if -best in merged:
        result = replace(result, null=merged[-best].score)
    if not len(result.centre):
        return result
    finest = steps[-len(found[best])]
    sharpest = level(images[finest - 1], image.shape) if finest else found[best][-1].level
    return _sharpened(result, sharpest, best)


def _sharpened(coarse: Particles, finer: Level, sign: int) -> Particles:
    """Return the outlines followed once more at the finest resolution, within a fifth of their radius.

    Smoothing by sigma moves the steepest point of a circle of radius r inwards by sigma^2 / 2 r, which is put
    back. A ray counts as seen, too, that shows its edge only now and lies where no other particle is on top.
    """
    centre = (coarse.centre / finer.step_x - 0.5).astype(np.float32)
    base = (coarse.radius / finer.step_x).astype(np.float32)
    exact = rays.trace(finer, centre, base, sign, rays.EXACT)
    found = select.support(exact)
    own = coarse.own | (found & _uppermost(coarse))
    shift = SIGMA**2 / (2 * np.maximum(base.mean(axis=1, keepdims=True), 1.0))
    radius = np.where(own & found, exact.radius + shift, base)
    outlines = Outlines(centre, radius.astype(np.float32), exact.strength)
    return replace(coarse, radius=complete.whole(outlines, own) * finer.step_x, own=own)


def _uppermost(found: Particles) -> NDArray[np.bool_]:
    """Return (n, RAYS) where a point just within the outline belongs to the particle's visible part."""
    reach = 0.85 * found.radius
    x = ((found.centre[:, :1] + reach * np.cos(rays.ANGLES)) / found.step).astype(int)
    y = ((found.centre[:, 1:] + reach * np.sin(rays.ANGLES)) / found.step).astype(int)
    rows, columns = found.labels.shape
    own = found.labels[np.clip(y, 0, rows - 1), np.clip(x, 0, columns - 1)]
    return np.asarray(own == np.arange(1, len(own) + 1)[:, None], np.bool_)


def _leading(signs: tuple[int, ...], found: dict[int, list[_Found]]) -> tuple[int, ...]:
    """Return the polarities worth following: one alone once it explains far more than the other."""
    most = {sign: max(each.evidence * each.sure**2 for each in found[sign]) for sign in signs}
    first = max(signs, key=lambda sign: most[sign])
    strong = found[first][-1].explained > _EXPLAINED
    if strong and all(most[first] > _LEAD * most[sign] for sign in signs if sign != first):
        return (first,)
    return signs


def _search(at: Level, signs: tuple[int, ...], found: dict[int, list[_Found]]) -> dict[int, _Found]:
    """Return what one level holds of each polarity; rims are looked for where plain outlines fail."""
    rims = {sign: not found[sign] or found[sign][-1].rimmed for sign in signs}
    needed = {sign for sign in (1, -1) if sign in signs or rims.get(-sign)}
    traced = {sign: _traced(at, sign) for sign in needed}
    plain = {sign: _judged(at, traced[sign], None, sign) for sign in signs}
    if any(each.sure >= _OBVIOUS and each.explained > _EXPLAINED for each in plain.values()):
        return {sign: replace(each, rimmed=False) for sign, each in plain.items()}
    for sign in signs:
        if rims[sign]:
            plain[sign] = _judged(at, traced[sign], _beyond_rim(at, traced[-sign], sign), sign)
    return plain


def _judged(at: Level, seeded: Outlines, beyond: Outlines | None, sign: int) -> _Found:
    outlines = seeded if beyond is None else rays.join([seeded, beyond])
    score = scoring.score(at, outlines, sign)
    order = select.thin(outlines, score)
    outlines, score = outlines.take(order), score[order]
    chosen = select.choose(outlines, score, at.shape)
    radius, seen = chosen.outlines.radius.mean(axis=1), chosen.own.mean(axis=1)
    area = np.bincount(chosen.labels.ravel(), minlength=len(radius) + 1)[1:]
    arcs = seen * chosen.score * radius
    return _Found(
        level=at,
        outlines=outlines,
        score=score,
        evidence=float(np.sum(area * chosen.score)) * at.step_x**2,
        sure=float(np.sum(area * chosen.score) / max(area.sum(), 1)),
        small=float(arcs[radius < 1.4 * R_MIN].sum() / max(arcs.sum(), 1e-9)),
        explained=float(np.sum(seen * radius)) * 2 * np.pi / max(len(at.edges), 1),
        rimmed=_rimmed(order[chosen.index] >= len(seeded.centre)) if beyond is not None else False,
    )


def _rimmed(beyond: NDArray[np.bool_]) -> bool:
    """Tell whether rims may matter at finer levels: they do here, or nothing was found."""
    return not beyond.size or bool(np.mean(beyond) > _RIMMED)


def candidates(at: Level, sign: int) -> Outlines:
    """Return the closed outlines of one level: those around seeds, and those beyond bright rims."""
    inner = _traced(at, -sign)
    return rays.join([_traced(at, sign), _beyond_rim(at, inner, sign)])


def _traced(at: Level, sign: int) -> Outlines:
    """Return outlines around seeds: a first look, then around its ellipses."""
    seed = seeds.find(at, sign)
    base = np.repeat(seed[:, 2:], rays.COARSE.rays, axis=1)
    first = rays.trace(at, seed[:, :2], base, sign, rays.COARSE)
    look = select.scores(first) * select.support(first).mean(axis=1)
    first, look = first.take(look > _HOPELESS), look[look > _HOPELESS]
    first = first.take(select.thin(first, look))
    centre, base = complete.ellipses(first, select.support(first), rays.FINE.rays)
    mean = base.mean(axis=1)
    size = (mean > 0.75 * R_MIN) & (mean < 1.3 * R_MAX)
    return rays.trace(at, centre[size], base[size], sign)


def _beyond_rim(at: Level, inner: Outlines, sign: int) -> Outlines:
    """Return outlines just outside those of the other polarity: a rim's inner side is seen better."""
    inner = inner.take(select.support(inner).mean(axis=1) > _CLOSED)
    outer = rays.trace(at, inner.centre, inner.radius, sign, rays.RIM)
    # where two rims touch the next falling edge is the neighbour's: one width of the rim for all rays
    ratio = np.where(select.support(outer), outer.radius / inner.radius, np.nan)
    seen = np.isfinite(ratio).sum(axis=1) >= _RIM_RAYS
    width = np.nanquantile(ratio[seen], _RIM_WIDTH, axis=1)[:, None]
    even = inner.take(seen)
    smooth = np.asarray(complete.smooth(even.radius.astype(np.float64), 4), np.float32)
    narrow = rays.trace(at, even.centre, (smooth * width).astype(np.float32), sign, rays.NARROW)
    return rays.join([outer, narrow])


def _exhausted(levels: list[_Found]) -> bool:
    """Tell whether finer levels can be left out: the particles are larger than what those see."""
    best, last = max(levels, key=lambda each: each.evidence), levels[-1]
    if best.sure < _SURE:
        return False
    declines = last.evidence < best.evidence and best.explained > _EXPLAINED / 2
    return declines or (last.explained > _EXPLAINED and last.small < _FEW)


def _merge(levels: list[_Found], sign: int, limits: tuple[float, float]) -> Particles:
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
    outlines, score = outlines.take(order), score[order]
    chosen = select.choose(outlines, score, finest.shape)
    least = select.demanded(
        *(each.radius.mean(axis=1).astype(np.float64) for each in (outlines, chosen.outlines))
    )
    chosen = select.choose(outlines, score, finest.shape, least)
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
        polarity="bright" if sign > 0 else "dark",
        null=np.empty(0),
    )
