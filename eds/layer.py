"""From a map of counts to a layer: search, fit, and the same without a layer for comparison."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import CHI2_95, Z95, Interval
from interlayer.eds import fit as fitting
from interlayer.eds import search
from interlayer.eds.fit import Fit, Problem, maximise
from interlayer.eds.geometry import DepthMap, Orientation, gather, orient, swapped, thin
from interlayer.eds.model import Basis, basis, layout

Floats = NDArray[np.float64]

#: shortest period of waviness that is modelled, pixels along the layer
SHORTEST = 14.0
#: rows are added up to this share of the smaller blur
SAMPLING = 0.4
#: rise of the deviance at which resolution is judged: 99 % two-sided, 99.5 % to one side
JUDGED = 2.576**2


@dataclass(frozen=True, slots=True)
class Layered:
    """A fitted layer with the data it was fitted to."""

    problem: Problem
    fit: Fit
    where: Orientation
    step: tuple[float, float]

    @property
    def transposed(self) -> bool:
        """Return whether depth runs along the map's x."""
        return self.where.transposed

    @property
    def data(self) -> DepthMap:
        """Return the gathered counts."""
        return self.problem.data

    def tangent_stddev(self, scale: float = 1.0) -> float:
        """Return the standard deviation of the tangent: of the fit, and of the plane behind a wavy segment.

        ``scale`` is the misfit that widens the first part. The second is what waves longer than the map, of
        the power that the longest waves in it show (falling with the wave number), add to the slope of a
        segment as long as the map.
        """
        # three coefficients know their variance badly: their t quantile over the normal one
        fitted, waves = self._tangent_variances()
        return float(np.sqrt(fitted * scale + waves * (3.18 / Z95) ** 2))

    def _tangent_variances(self) -> tuple[float, float]:
        """Return the variance of the tangent from the fit, and from the waves' own slope."""
        lay, shape = self.problem.lay, self.problem.shape
        if not lay.sloped:
            return 0.0, 0.0
        groups = shape.along.size
        number = np.arange(1, lay.waves + 2)
        cosines = np.sqrt(2.0) * np.cos(np.pi * np.outer(np.arange(groups) + 0.5, number) / groups)
        leverage = (shape.along @ cosines) / float(shape.along @ shape.along)
        longest = self.fit.theta[lay.wave][:3] ** 2 * number[1:4][: lay.waves]
        waves = float(longest.mean() * np.sum(leverage**2 / number))
        return float(self.fit.covariance[lay.slope, lay.slope]) / shape.scale**2, waves / shape.scale**2

    @property
    def _slope_squared(self) -> float:
        """Return the square of the tangent without what its error adds to it (never below zero)."""
        return max(self.tangent**2 - sum(self._tangent_variances()), 0.0)

    @property
    def cosine(self) -> float:
        """Return the cosine of the angle between the layer and the map's rows (or columns).

        The waves' own slope makes the angle uncertain, and the cosine of an uncertain angle too small.
        """
        return float(1.0 / np.sqrt(1.0 + self._slope_squared))

    def cosine_stddev(self, scale: float = 1.0) -> float:
        """Return the standard deviation of the cosine, to second order in the tangent's."""
        # the slope as it was found: that the waves made it steeper is likely, not certain
        first = self.tangent**2 * self.tangent_stddev(scale) ** 2
        second = 0.5 * sum(self._tangent_variances()) ** 2
        return float(np.sqrt(first + second) * self.cosine**3)

    @property
    def tangent(self) -> float:
        """Return nm of depth per nm along the map."""
        lay, shape = self.problem.lay, self.problem.shape
        rest = self.fit.theta[lay.slope] / shape.scale if lay.sloped else 0.0
        return self.data.slope + float(rest)


def start(data: DepthMap, shape: Basis, found: search.Start, blur: float) -> Floats:
    """Return starting parameters from sharp steps."""
    lay = layout(shape, len(found.edges))
    theta = np.zeros(lay.size)
    theta[lay.levels] = found.levels
    theta[lay.blurs] = blur
    theta[lay.centre] = float(np.mean(found.edges))
    if lay.interfaces == 2:
        theta[lay.width] = found.edges[1] - found.edges[0]
    return theta


def fit_straight(data: DepthMap, found: search.Start, blur: float | None = None) -> tuple[Problem, Fit]:
    """Return the fit of straight interfaces from sharp starting steps.

    Parameters
    ----------
    blur
        Fixed σ of all interfaces, nm; free without it.
    """
    span = found.edges[1] - found.edges[0] if len(found.edges) == 2 else 20 * data.pitch
    shape = basis(data, np.inf)
    problem = _problem(data, shape, len(found.edges), blur is not None)
    theta = start(data, shape, found, blur if blur is not None else max(0.12 * span, data.pitch))
    straight = problem.holding(*range(problem.lay.wave.start, problem.lay.swell.stop))
    return straight, maximise(straight, theta, (1.0, 1.0), iterations=40, tolerance=1e-2)


def _problem(data: DepthMap, shape: Basis, interfaces: int, blur_fixed: bool) -> Problem:
    lay = layout(shape, interfaces)
    return Problem(data, lay, shape, tuple(range(lay.blurs.start, lay.blurs.stop)) if blur_fixed else ())


def bend(data: DepthMap, straight: tuple[Problem, Fit]) -> tuple[Problem, Fit]:
    """Return the fit with waviness, from the one without; the roughness is found from the data.

    Rows are added up as long as the blur stays finely sampled.
    """
    old, best = straight
    sigma = np.sqrt(best.theta[old.lay.blurs] ** 2 + old.data.smear)
    data = thin(data, int(SAMPLING * float(sigma.min()) / data.pitch), 1)
    along = abs(float(np.median(np.diff(data.position)))) if data.position.size > 1 else data.pitch
    shape = basis(data, max(SHORTEST * data.width, 2.0 * along))
    fixed = old.lay.blurs.start in old.fixed
    problem = _problem(data, shape, old.lay.interfaces, fixed)
    theta = np.zeros(problem.lay.size)
    shared = old.lay.centre + 1
    theta[:shared] = best.theta[:shared]
    if problem.lay.interfaces == 2:
        theta[problem.lay.width] = best.theta[old.lay.width]
    if problem.lay.sloped and old.lay.sloped:
        theta[problem.lay.slope] = best.theta[old.lay.slope] * shape.scale / old.shape.scale
    first = float(np.mean(sigma)) ** 2
    rough = (max(0.25 * first, 4 * fitting.SMOOTH), max(0.02 * first, 4 * fitting.SMOOTH))
    return problem, maximise(problem, theta, rough, adapt=True, iterations=80, tolerance=1e-2)


def turned(values: Floats, where: Orientation) -> Floats:
    """Return a map with depth down its rows."""
    return values.T if where.transposed else values


def fit_layer(
    counts: Floats, step: tuple[float, float], offset: Floats | None = None, blur: float | None = None
) -> Layered | None:
    """Return the layer of a map of counts, or None when no pair of steps encloses a maximum.

    Parameters
    ----------
    counts
        (y, x) raw counts.
    step
        Pixel height and width, nm.
    offset
        (y, x) expected counts of everything else in the window.
    blur
        Fixed σ of both interfaces, nm.
    """
    where = orient(counts, step)
    across = swapped(step, where.transposed)
    data = gather(
        turned(counts, where), across, where.slope, None if offset is None else turned(offset, where)
    )
    found = search.double(data)
    if found is None:
        return None
    problem, best = bend(data, fit_straight(data, found, blur))
    return Layered(problem, best, where, across)


@dataclass(slots=True)
class WidthProfile:
    """The likelihood of the width (across the rows, not yet times cosine), all else maximised.

    Parameters
    ----------
    scale
        Inflation of the thresholds for a misfit.
    """

    layered: Layered
    scale: float = 1.0
    known: dict[float, Fit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known[self.value] = self.layered.fit

    @property
    def value(self) -> float:
        """Return the best width, nm."""
        return float(self.layered.fit.theta[self.layered.problem.lay.width])

    @property
    def stddev(self) -> float:
        """Return the standard deviation by curvature, nm."""
        index = self.layered.problem.lay.width
        return float(np.sqrt(self.layered.fit.covariance[index, index] * self.scale))

    def fit_at(self, width: float) -> Fit:
        """Return the fit with the width held, started from the nearest one known."""
        if width in self.known:
            return self.known[width]
        problem, nearest = self.layered.problem, min(self.known, key=lambda other: abs(other - width))
        lay = problem.lay
        theta = self.known[nearest].theta.copy()
        levels = theta[lay.levels]
        side = 0.5 * (levels[0] + levels[2])
        theta[lay.levels.start + 1] = side + (levels[1] - side) * nearest / max(width, 1e-9)
        theta[lay.width] = width
        held = problem.holding(lay.width)
        found = maximise(held, theta, self.layered.fit.roughness, iterations=25, tolerance=2e-3)
        self.known[width] = found
        return found

    def rise(self, width: float) -> float:
        """Return the rise of the deviance over its minimum."""
        return 2.0 * (self.layered.fit.objective - self.fit_at(width).objective)

    def end(self, threshold: float, *, upper: bool) -> float:
        """Return where the deviance has risen by a threshold; 0 or the whole map where it never does."""
        bound = float(np.ptp(self.layered.data.depth)) if upper else 0.1 * self.layered.data.pitch
        return _end(
            self.rise, self.value, self.stddev if upper else -self.stddev, threshold * self.scale, bound
        )

    def interval(self) -> Interval:
        """Return the 95 % interval: the deviance has risen by 3.84 times ``scale`` at its ends.

        The value is the middle of the 99 % interval. The profile is skewed where blur and width trade, and
        of the widths that pass as resolved the maxima are too large by half a standard deviation; where
        nothing trades the middle is the maximum.
        """
        low, high = self.end(CHI2_95, upper=False), self.end(CHI2_95, upper=True)
        middle = 0.5 * (self.end(JUDGED, upper=False) + self.end(JUDGED, upper=True))
        return Interval(float(np.clip(middle, low, high)), self.stddev, low, high)

    def blur_share(self) -> float:
        """Return the larger blur over the width at the lower end of the 99 % interval."""
        lay = self.layered.problem.lay
        width = self.end(JUDGED, upper=False)
        return float(self.fit_at(width).theta[lay.blurs].max() / width)


def _end(
    rise: Callable[[float], float], value: float, stddev: float, threshold: float, bound: float
) -> float:
    """Return where ``rise`` reaches a threshold; ``stddev`` is signed and points to the end.

    Works on the square root of the rise, which is nearly straight.
    """
    want = float(np.sqrt(threshold))
    sign = 1.0 if stddev > 0 else -1.0
    inside, inside_z = value, 0.0
    outside: tuple[float, float] | None = None
    trial = value + want * stddev
    for _ in range(14):
        if (trial - bound) * sign >= 0:
            trial = bound
        z = float(np.sqrt(max(rise(trial), 0.0)))
        if abs(z - want) < 0.01 * want:
            return trial
        if z < want:
            if trial == bound:
                return bound
            inside, inside_z = trial, z
        else:
            outside = trial, z
        if outside is None:
            gain = want / z if z > 0 else 2.0
            trial = value + (trial - value) * float(np.clip(gain, 1.1, 2.0))
        else:
            share = (want - inside_z) / (outside[1] - inside_z)
            trial = inside + (outside[0] - inside) * float(np.clip(share, 0.05, 0.95))
    return trial
