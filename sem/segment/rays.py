"""Closed outlines around seeds: the best path over rays, by dynamic programming."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment.level import Level

F32 = NDArray[np.float32]

#: gradient (in noise) at which an edge counts half, and above which a ray is supported
HALF, SURE = 4.0, 2.5
#: cost of a slope (relative change of radius per 15 degrees), and of a radius unlike the expected one
_STEP, _PRIOR = 2.0, 0.10
_SHIFTS = (0, -1, 1, -2, 2)
_REACH = 2
#: seeds traced at a time, to bound the memory
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Fan:
    """How outlines are sampled: rays around, samples along, from inner to outer times the expected radius."""

    rays: int
    samples: int
    inner: float
    outer: float

    @property
    def rho(self) -> F32:
        """Return the relative radius of each sample."""
        return np.linspace(self.inner, self.outer, self.samples, dtype=np.float32)


#: first look around a seed, second look around the first outline, last look at finer resolution
COARSE, FINE, EXACT = Fan(24, 28, 0.4, 1.8), Fan(48, 32, 0.6, 1.5), Fan(48, 21, 0.82, 1.18)
RAYS = FINE.rays


def angles(count: int = RAYS) -> F32:
    """Return the angles of rays in radians, from x towards y."""
    return (np.arange(count) * (2 * np.pi / count)).astype(np.float32)


ANGLES = angles()


@dataclass(frozen=True, slots=True)
class Outlines:
    """Star-shaped outlines of n seeds in level pixels.

    Parameters
    ----------
    centre
        (n, 2) x and y.
    radius
        (n, rays) distance of the outline along each ray.
    strength
        (n, rays) inward gradient at the outline in units of noise; NaN outside the image.
    """

    centre: F32
    radius: F32
    strength: F32

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "Outlines":
        """Return some of the outlines."""
        return Outlines(self.centre[index], self.radius[index], self.strength[index])

    @property
    def angles(self) -> F32:
        """Return the angles of the rays."""
        return angles(self.radius.shape[1])

    def points(self) -> F32:
        """Return (n, rays, 2) x, y of the outlines."""
        x = self.centre[:, :1] + self.radius * np.cos(self.angles)
        y = self.centre[:, 1:] + self.radius * np.sin(self.angles)
        return np.stack([x, y], axis=-1)


def trace(level: Level, centre: F32, base: F32, sign: int, fan: Fan = FINE) -> Outlines:
    """Return the best closed outlines.

    Parameters
    ----------
    centre
        (n, 2) x and y in level pixels.
    base
        (n, fan.rays) expected radius along each ray.
    sign
        +1 for bright particles, -1 for dark ones.
    """
    if not len(centre):
        none = np.empty((0, fan.rays), np.float32)
        return Outlines(centre.astype(np.float32), none, none)
    starts = range(0, len(centre), _CHUNK)
    return join([_trace(level, centre[k : k + _CHUNK], base[k : k + _CHUNK], sign, fan) for k in starts])


def join(parts: Sequence[Outlines]) -> Outlines:
    """Return several sets of outlines as one."""
    return Outlines(
        *(np.concatenate([getattr(p, n) for p in parts]) for n in ("centre", "radius", "strength"))
    )


def _trace(level: Level, centre: F32, base: F32, sign: int, fan: Fan) -> Outlines:
    inward = _sample(level, centre, base, sign, fan)  # (rays, n, samples)
    gain = np.maximum(inward, 0)
    gain /= gain + HALF
    np.nan_to_num(gain, copy=False, nan=0.0)
    gain -= _PRIOR * np.abs(fan.rho - 1)
    cost = _STEP * (fan.outer - fan.inner) / (fan.samples - 1) * 24 / fan.rays
    position, strength = _peak(inward, _best_path(gain, cost))
    step = (fan.outer - fan.inner) / (fan.samples - 1)
    radius = (fan.inner + position.T * step) * base
    return Outlines(centre.astype(np.float32), radius.astype(np.float32), strength.T.copy())


def _sample(level: Level, centre: F32, base: F32, sign: int, fan: Fan) -> F32:
    """Return the inward gradient along the rays, (rays, n, samples); NaN outside the image."""
    turn = angles(fan.rays)
    cos = np.repeat(np.cos(turn), len(centre))[:, None]
    sin = np.repeat(np.sin(turn), len(centre))[:, None]
    reach = base.T.reshape(-1, 1) * fan.rho
    x = cos * reach + np.tile(centre[:, 0], fan.rays)[:, None]
    y = sin * reach + np.tile(centre[:, 1], fan.rays)[:, None]
    both = cv2.remap(
        level.gradient,
        x,
        y,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(np.nan, np.nan, 0, 0),
    ).reshape(*x.shape, 2)
    inward = both[..., 0] * (cos * -sign) + both[..., 1] * (sin * -sign)
    return np.asarray(inward.reshape(fan.rays, len(centre), fan.samples), np.float32)


def _best_path(gain: F32, cost: float) -> NDArray[np.intp]:
    """Return (rays, n) sample of the closed path of greatest gain.

    The path is run once and a half around; the middle full turn is closed but for one step.
    """
    rays, count, samples = gain.shape
    turns = rays + rays // 2
    totals = np.full((turns, count, samples + 2 * _REACH), -1e9, np.float32)
    inner = slice(_REACH, -_REACH)
    totals[0, :, inner] = gain[0]
    moved = np.empty((count, samples), np.float32)
    for k in range(1, turns):
        last, now = totals[k - 1], totals[k, :, inner]
        now[:] = last[:, inner]
        for shift in _SHIFTS[1:]:
            np.subtract(last[:, _REACH + shift : _REACH + shift + samples], cost * abs(shift), out=moved)
            np.maximum(now, moved, out=now)
        now += gain[k % rays]
    path = _backwards(totals, cost)
    quarter = rays // 4
    return np.roll(path[quarter : quarter + rays] - _REACH, quarter, axis=0)


def _backwards(totals: F32, cost: float) -> NDArray[np.intp]:
    rows = np.arange(totals.shape[1])
    path = np.zeros((len(totals), rows.size), np.intp)
    path[-1] = totals[-1].argmax(axis=1)
    for k in range(len(totals) - 1, 0, -1):
        options = np.stack([totals[k - 1, rows, path[k] + shift] - cost * abs(shift) for shift in _SHIFTS])
        path[k - 1] = path[k] + np.asarray(_SHIFTS)[options.argmax(axis=0)]
    return path


def _peak(inward: F32, path: NDArray[np.intp]) -> tuple[F32, F32]:
    """Return position (in samples, refined by a parabola) and height of the gradient at the path.

    The path climbs to the nearest peak within two samples; where there is none it runs along the flank of
    another edge, and the height is 0.
    """
    rays, rows = np.arange(path.shape[0])[:, None], np.arange(path.shape[1])
    last = inward.shape[2] - 2
    middle = np.clip(path, 1, last)
    for _ in range(2):
        a, b, c = (inward[rays, rows, middle + shift] for shift in (-1, 0, 1))
        middle = np.clip(middle + np.where((c > b) & (c >= a), 1, np.where(a > b, -1, 0)), 1, last)
    a, b, c = (inward[rays, rows, middle + shift] for shift in (-1, 0, 1))
    bend = a - 2 * b + c
    top = (b >= a) & (b >= c)
    with np.errstate(invalid="ignore", divide="ignore"):
        offset = np.where((bend < 0) & top, 0.5 * (a - c) / bend, 0.0)
    height = np.where(top | np.isnan(b), b, 0.0)
    return (middle + np.nan_to_num(offset)).astype(np.float32), height.astype(np.float32)
