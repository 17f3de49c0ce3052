"""The mean counts of a map with parallel or wavy interfaces, and their derivatives.

Between two interfaces the element's level is constant; each interface is blurred by a Gaussian of its own:

    λ(u, x) = n(u, x) [L0 + Σ_i (L_i − L_{i−1}) Φ((u − e_i(x)) / s_i)] + offset(u, x)

u is depth, e_i(x) the depth of interface i at position x, Φ the normal distribution function. A step
convolved with a Gaussian is exactly this, and the sum of two is exact when both blurs are equal.
With two interfaces e = c(x) ∓ w(x)/2; with one, e = c(x).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from interlayer.eds.geometry import DepthMap

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each parameter stands in the vector.

    Order: levels (n + 1), blurs (n), centre, slope (if any), width (two interfaces), waviness of the
    centre (waves), variation of the width (swells).
    """

    interfaces: int
    sloped: bool
    waves: int
    swells: int

    @property
    def levels(self) -> slice:
        """Return the place of the levels."""
        return slice(0, self.interfaces + 1)

    @property
    def blurs(self) -> slice:
        """Return the place of the blurs."""
        return slice(self.interfaces + 1, 2 * self.interfaces + 1)

    @property
    def centre(self) -> int:
        """Return the place of the centre."""
        return 2 * self.interfaces + 1

    @property
    def slope(self) -> int:
        """Return the place of the slope (valid only when sloped)."""
        return self.centre + 1

    @property
    def width(self) -> int:
        """Return the place of the width (valid only with two interfaces)."""
        return self.centre + 1 + int(self.sloped)

    @property
    def wave(self) -> slice:
        """Return the place of the waviness coefficients."""
        start = self.width + int(self.interfaces == 2)
        return slice(start, start + self.waves)

    @property
    def swell(self) -> slice:
        """Return the place of the coefficients of the width's variation."""
        return slice(self.wave.stop, self.wave.stop + self.swells)

    @property
    def size(self) -> int:
        """Return the number of parameters."""
        return int(self.swell.stop)


@dataclass(frozen=True, slots=True)
class Basis:
    """Shapes along the layer: cosines, for the centre made orthogonal to the slope.

    Parameters
    ----------
    along
        (group,) position scaled to unit standard deviation.
    scale
        nm of position per unit of ``along``.
    wave, swell
        (group, k) columns.
    wave_prior, swell_prior
        (k,) variance of each coefficient for unit roughness: falls with the square of the wave number,
        as for a random walk.
    """

    along: Floats
    scale: float
    wave: Floats
    swell: Floats
    wave_prior: Floats
    swell_prior: Floats


def basis(data: DepthMap, shortest: float) -> Basis:
    """Return the basis for a depth map; ``shortest`` is the shortest period that is modelled, nm."""
    groups = data.position.size
    if groups < 6:
        empty = np.empty((groups, 0))
        return Basis(np.zeros(groups), 1.0, empty, empty, np.empty(0), np.empty(0))
    span = float(data.position[-1] - data.position[0]) * groups / (groups - 1)
    count = int(np.clip(2 * span / shortest, 2, groups // 2))
    number = np.arange(1, count + 1)
    cosines = np.sqrt(2.0) * np.cos(np.pi * np.outer(np.arange(groups) + 0.5, number) / groups)
    scale = float(data.position.std())
    along = (data.position - data.position.mean()) / scale
    wave = cosines - np.outer(along, along @ cosines) / float(along @ along)
    prior = 1.0 / number.astype(np.float64) ** 2
    return Basis(along, scale, wave[:, 1:], cosines, prior[1:], prior)


def layout(shape: Basis, interfaces: int) -> Layout:
    """Return the layout of the parameters for a basis and a number of interfaces."""
    sloped = shape.wave.shape[1] > 0
    return Layout(interfaces, sloped, shape.wave.shape[1], shape.swell.shape[1] if interfaces == 2 else 0)


def edges(theta: Floats, lay: Layout, shape: Basis) -> Floats:
    """Return the depth of each interface at each group, nm: (interface, group)."""
    centre = theta[lay.centre] + shape.wave @ theta[lay.wave]
    if lay.sloped:
        centre = centre + theta[lay.slope] * shape.along
    if lay.interfaces == 1:
        return np.asarray(centre[None, :])
    half = 0.5 * (theta[lay.width] + shape.swell @ theta[lay.swell])
    return np.stack([centre - half, centre + half])


def mean_counts(theta: Floats, lay: Layout, shape: Basis, data: DepthMap) -> Floats:
    """Return the expected counts: (depth, group)."""
    levels, blurs = theta[lay.levels], theta[lay.blurs]
    value = np.full(data.counts.shape, levels[0])
    for i, edge in enumerate(edges(theta, lay, shape)):
        sigma = np.sqrt(blurs[i] ** 2 + data.smear)
        value += (levels[i + 1] - levels[i]) * ndtr((data.depth[:, None] - edge[None, :]) / sigma)
    return np.asarray(data.pixels * value + data.offset)


def gradients(theta: Floats, lay: Layout, shape: Basis, data: DepthMap) -> tuple[Floats, Floats]:
    """Return the expected counts and their base derivatives.

    Returns
    -------
    (depth, group) counts, and (base, depth, group) derivatives by levels, blurs, centre and width; every
    other parameter is one of the last two times a function of position.
    """
    levels, blurs = theta[lay.levels], theta[lay.blurs]
    count = lay.interfaces
    base = np.empty((2 * count + 1 + count, *data.counts.shape))
    steps, moves = [], []
    for i, edge in enumerate(edges(theta, lay, shape)):
        sigma = float(np.sqrt(blurs[i] ** 2 + data.smear))
        z = (data.depth[:, None] - edge[None, :]) / sigma
        steps.append(ndtr(z) * data.pixels)
        density = data.pixels * np.exp(-0.5 * z * z) * (1.0 / (sigma * np.sqrt(2 * np.pi)))
        move = -(levels[i + 1] - levels[i]) * density
        moves.append(move)
        base[count + 1 + i] = move * z * (blurs[i] / sigma)
    base[0] = data.pixels - steps[0]
    for i in range(1, count):
        base[i] = steps[i - 1] - steps[i]
    base[count] = steps[-1]
    base[2 * count + 1] = sum(moves)
    if count == 2:
        base[2 * count + 2] = 0.5 * (moves[1] - moves[0])
    mean = np.tensordot(levels, base[: count + 1], axes=1) + data.offset
    return mean, base


def design(lay: Layout, shape: Basis) -> Floats:
    """Return how the parameters act through the base derivatives: (group, base, parameter)."""
    groups = shape.along.size
    count = lay.interfaces
    phi = np.zeros((groups, 3 * count + 1, lay.size))
    for i in range(2 * count + 1):
        phi[:, i, i] = 1.0
    centre = 2 * count + 1
    phi[:, centre, lay.centre] = 1.0
    if lay.sloped:
        phi[:, centre, lay.slope] = shape.along
    phi[:, centre, lay.wave] = shape.wave
    if count == 2:
        phi[:, centre + 1, lay.width] = 1.0
        phi[:, centre + 1, lay.swell] = shape.swell
    return phi
