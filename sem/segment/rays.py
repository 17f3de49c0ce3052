"""Closed outlines around seeds: the best path over rays, by dynamic programming."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlayer.sem.segment import paths
from interlayer.sem.segment.level import Level

F32 = NDArray[np.float32]

#: gradient (in noise) at which an edge counts half, and above which a ray is supported
HALF, SURE = 4.0, 2.5
#: cost of a slope (relative change of radius per 15 degrees), and of a radius unlike the expected one
_STEP, _PRIOR = 2.0, 0.10


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
#: look beyond the rim of an outline of the other polarity, and again where its width is known
RIM = Fan(48, 24, 0.97, 1.6)
NARROW = Fan(48, 15, 0.9, 1.1)
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

    @property
    def directions(self) -> tuple[F32, F32]:
        """Return cosine and sine of the rays."""
        return np.cos(self.angles), np.sin(self.angles)

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
    centre, base = np.ascontiguousarray(centre, np.float32), np.ascontiguousarray(base, np.float32)
    radius, strength = np.empty(base.shape, np.float32), np.empty(base.shape, np.float32)
    turn = angles(fan.rays)
    cost = _STEP * (fan.outer - fan.inner) / (fan.samples - 1) * 24 / fan.rays
    paths.trace(
        level.dx,
        level.dy,
        -sign,
        centre,
        base,
        np.cos(turn),
        np.sin(turn),
        fan.rho,
        cost,
        _PRIOR,
        HALF,
        radius,
        strength,
    )
    return Outlines(centre, radius, strength)


def join(parts: Sequence[Outlines]) -> Outlines:
    """Return several sets of outlines as one."""
    return Outlines(
        *(np.concatenate([getattr(p, n) for p in parts]) for n in ("centre", "radius", "strength"))
    )
