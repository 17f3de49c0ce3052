"""What an outline looks like: numbers without units from which its score follows."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment import complete, select
from interlayer.sem.segment.level import Level
from interlayer.sem.segment.rays import HALF, SURE, Outlines

Array = NDArray[Any]
F32 = NDArray[np.float32]

#: relative radii at which the grey level is looked at; the edge is at 1
RHO = np.array([0.15, 0.35, 0.55, 0.7, 0.8, 0.87, 0.93, 1.0, 1.07, 1.14, 1.22, 1.35, 1.5], np.float32)
_EDGE, _WITHIN, _BEYOND = 7, slice(5, 7), slice(8, 10)
#: quantiles of the grey level that stand for the darkest and the brightest parts of an image
_DARK, _BRIGHT = 0.03, 0.97
_PROFILES = ("seen", "unseen", "scatter")
#: names of the columns of `table`
NAMES: tuple[str, ...] = (
    *(f"{kind} {rho:g}" for kind in _PROFILES for rho in RHO),
    "contrast to range",
    "contrast to noise",
    "place of edge in range",
    "inside in range",
    "outside in range",
    "seen",
    "gain",
    "strength",
    "strength scatter",
    "longest gap",
    "misfit",
    "ragged",
    "dented",
    "elongation",
    "radius",
    "within frame",
    "contrast to others",
    "strength to others",
    "gain to others",
    "brightness to others",
    "twins",
    "others within",
    "seen around",
)


def table(at: Level, outlines: Outlines, sign: int) -> F32:
    """Return the features (n, len(NAMES)) of outlines of one level.

    Parameters
    ----------
    at
        The level that the outlines were traced in.
    sign
        +1 for particles brighter than their ground, -1 for darker ones; grey levels are reckoned with this
        sign, so that a particle of either polarity looks the same.
    """
    n = len(outlines.centre)
    seen = select.support(outlines)
    raw = np.empty((n, 3, RHO.size), np.float32)
    cosine, sine = outlines.directions
    profiles(at.smooth, float(sign), outlines.centre, outlines.radius, seen, cosine, sine, RHO, raw)
    dark, bright = _range(at, sign)
    edge = raw[:, 0, _EDGE]
    inside, outside = raw[:, 0, _WITHIN].mean(axis=1), raw[:, 0, _BEYOND].mean(axis=1)
    contrast = np.maximum(inside - outside, at.noise)
    edges = _edges(outlines, seen)
    relative = raw / contrast[:, None, None]
    relative[:, :2] -= (edge / contrast)[:, None, None]
    span = max(bright - dark, at.noise)
    return np.column_stack(
        [
            np.clip(relative.reshape(n, 3 * RHO.size), -8, 8),
            contrast / span,
            np.log(contrast / at.noise),
            (edge - dark) / span,
            (inside - dark) / span,
            (outside - dark) / span,
            *edges,
            *_shapes(outlines, seen),
            *_context(contrast, inside, edges),
            *_company(outlines, edges[0]),
        ]
    ).astype(np.float32)


def _range(at: Level, sign: int) -> tuple[float, float]:
    low, high = np.quantile(at.smooth[::4, ::4], [_DARK, _BRIGHT])
    return (float(low), float(high)) if sign > 0 else (-float(high), -float(low))


def _edges(outlines: Outlines, seen: NDArray[np.bool_]) -> list[F32]:
    strength = np.nan_to_num(np.maximum(outlines.strength, 0))
    count = np.maximum(seen.sum(axis=1), 1)
    mean = (strength * seen).sum(axis=1) / count
    spread = np.sqrt(((strength - mean[:, None]) ** 2 * seen).sum(axis=1) / count)
    gain = (strength / (strength + HALF)).mean(axis=1)
    return [
        seen.mean(axis=1),
        gain,
        np.log(np.maximum(mean, SURE)),
        spread / np.maximum(mean, SURE),
        _gap(seen),
    ]


def _gap(seen: NDArray[np.bool_]) -> F32:
    """Return the longest run of rays that are not seen, as a share of all."""
    run, longest = np.zeros(len(seen)), np.zeros(len(seen))
    for k in range(2 * seen.shape[1]):
        run = np.where(seen[:, k % seen.shape[1]], 0, run + 1)
        longest = np.maximum(longest, run)
    return np.asarray(np.minimum(longest / seen.shape[1], 1), np.float32)


def _shapes(outlines: Outlines, seen: NDArray[np.bool_]) -> list[Array]:
    relative = outlines.radius / outlines.radius.mean(axis=1, keepdims=True)
    bend = np.roll(relative, 1, axis=1) - 2 * relative + np.roll(relative, -1, axis=1)
    second = np.abs(np.fft.rfft(relative, axis=1)[:, 2]) * 2 / relative.shape[1]
    return [
        complete.misfit(outlines, seen),
        np.sqrt(np.mean(bend**2, axis=1)),
        select.dented(outlines, seen),
        second,
        outlines.radius.mean(axis=1),
        np.isfinite(outlines.strength).mean(axis=1),
    ]


def _context(contrast: F32, inside: F32, edges: list[F32]) -> list[Array]:
    """Compare outlines with those of the same level that are seen best."""
    share, gain, strength = edges[:3]
    order = np.argsort(-share * gain, kind="stable")[: max(1, len(share) // 5)]
    usual = [np.median(each[order]) if len(order) else 0.0 for each in (contrast, strength, gain, inside)]
    return [
        np.log(contrast / max(usual[0], 1e-9)),
        strength - usual[1],
        gain / max(usual[2], 1e-9),
        np.clip((inside - usual[3]) / max(usual[0], 1e-9), -8, 8),
    ]


def _company(outlines: Outlines, share: F32) -> Array:
    """Return (3, n): outlines that are the same, share that others fill, how well one around is seen."""
    order = np.argsort(outlines.centre[:, 1], kind="stable")
    found = np.empty((3, len(order)))
    ranked = np.empty_like(found)
    centre, radius = outlines.centre[order], outlines.radius.mean(axis=1)[order]
    company(centre, radius, share[order], float(radius.max(initial=0.0)), ranked)
    found[:, order] = ranked
    return found


@numba.njit(cache=True)
def company(centre: Array, radius: Array, share: Array, largest: float, out: Array) -> None:
    """Fill ``out`` (3, n) for circles in the order of their rows."""
    n, first = radius.size, 0
    out[:] = 0
    for i in range(n):
        while centre[i, 1] - centre[first, 1] > largest:
            first += 1
        for j in range(first, i):
            dx, dy = centre[i, 0] - centre[j, 0], centre[i, 1] - centre[j, 1]
            apart = np.sqrt(dx * dx + dy * dy)
            small, large = (i, j) if radius[i] < radius[j] else (j, i)
            if apart > radius[large]:
                continue
            if radius[small] > 0.75 * radius[large]:
                if apart < 0.35 * radius[small]:
                    out[0, i] += 1
                    out[0, j] += 1
            elif apart + 0.7 * radius[small] < radius[large]:
                out[1, large] += (share[small] * radius[small] / radius[large]) ** 2
                out[2, small] = max(out[2, small], share[large])


@numba.njit(cache=True)
def profiles(
    smooth: Array,
    sign: float,
    centre: Array,
    radius: Array,
    seen: Array,
    cosine: Array,
    sine: Array,
    rho: Array,
    out: Array,
) -> None:
    """Fill ``out`` (n, 3, samples): mean grey level over the rays seen, over the others, and the scatter.

    Where there is no ray of a kind the mean over all stands in.
    """
    rows, columns = smooth.shape
    for i in range(centre.shape[0]):
        for j in range(rho.size):
            count = np.zeros(2)
            total = np.zeros(2)
            square = 0.0
            for k in range(cosine.size):
                x = int(np.rint(centre[i, 0] + radius[i, k] * rho[j] * cosine[k]))
                y = int(np.rint(centre[i, 1] + radius[i, k] * rho[j] * sine[k]))
                if 0 <= x < columns and 0 <= y < rows:
                    value = sign * np.float64(smooth[y, x])
                    which = 0 if seen[i, k] else 1
                    count[which] += 1
                    total[which] += value
                    square += value * value
            every = max(count[0] + count[1], 1.0)
            mean = (total[0] + total[1]) / every
            out[i, 0, j] = total[0] / count[0] if count[0] > 0 else mean
            out[i, 1, j] = total[1] / count[1] if count[1] > 0 else mean
            out[i, 2, j] = np.sqrt(max(square / every - mean * mean, 0.0))
