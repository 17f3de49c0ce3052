"""From a map of counts to a layer: search, fit, and the same without a layer for comparison."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import CHI2_95, Interval
from interlayer.eds import fit as fitting
from interlayer.eds import search
from interlayer.eds.fit import Fit, Problem
from interlayer.eds.geometry import DepthMap, Orientation, gather, orient
from interlayer.eds.model import Basis, basis, layout

Floats = NDArray[np.float64]

#: shortest period of waviness that is modelled, pixels along the layer
SHORTEST = 14.0


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

    @property
    def tangent_stddev(self) -> float:
        """Return the standard deviation of the tangent: of the fit, and of the plane behind a wavy segment.

        The second part is what waves longer than the map, of the power that the longest waves in it show
        (falling with the wave number), add to the slope of a segment as long as the map.
        """
        lay, shape = self.problem.lay, self.problem.shape
        if not lay.sloped:
            return 0.0
        fitted = float(self.fit.covariance[lay.slope, lay.slope])
        groups = shape.along.size
        number = np.arange(1, lay.waves + 2)
        cosines = np.sqrt(2.0) * np.cos(np.pi * np.outer(np.arange(groups) + 0.5, number) / groups)
        leverage = (shape.along @ cosines) / float(shape.along @ shape.along)
        longest = self.fit.theta[lay.wave][:3] ** 2 * number[1:4][: lay.waves]
        waves = float(longest.mean() * np.sum(leverage**2 / number))
        return float(np.sqrt(fitted + waves)) / shape.scale

    @property
    def cosine(self) -> float:
        """Return the cosine of the angle between the layer and the map's rows (or columns)."""
        return float(np.cos(np.arctan(self.tangent)))

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
    along = abs(float(np.median(np.diff(data.position)))) if data.position.size > 1 else data.pitch
    shape = basis(data, max(SHORTEST * data.pitch, 2.0 * along))
    lay = layout(shape, len(found.edges))
    span = found.edges[1] - found.edges[0] if len(found.edges) == 2 else 20 * data.pitch
    guess = blur if blur is not None else max(0.12 * span, data.pitch)
    theta = start(data, shape, found, guess)
    held = tuple(range(lay.blurs.start, lay.blurs.stop)) if blur is not None else ()
    problem = Problem(data, lay, shape, held)
    straight = problem.holding(*range(lay.wave.start, lay.swell.stop))
    return problem, fitting.maximise(straight, theta, (1.0, 1.0), iterations=40, tolerance=1e-2)


def bend(problem: Problem, straight: Fit) -> Fit:
    """Return the fit with waviness, from the one without; the roughness is found from the data."""
    lay = problem.lay
    if lay.waves == 0:
        return straight
    sigma = float(np.mean(straight.theta[lay.blurs]))
    first = (max(0.25 * sigma**2, 4 * fitting.SMOOTH), max(0.02 * sigma**2, 4 * fitting.SMOOTH))
    return fitting.maximise(problem, straight.theta, first, adapt=True, iterations=80, tolerance=1e-2)


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
    across = step[::-1] if where.transposed else step
    data = gather(
        turned(counts, where), across, where.slope, None if offset is None else turned(offset, where)
    )
    found = search.double(data)
    if found is None:
        return None
    problem, straight = fit_straight(data, found, blur)
    return Layered(problem, bend(problem, straight), where, across)


def width_interval(layered: Layered, scale: float = 1.0) -> Interval:
    """Return the profile-likelihood interval of the width across the rows, nm (not yet times cosine).

    The ends are where the deviance has risen by 3.84 times ``scale``; the lower end is 0 when a layer
    of vanishing thickness cannot be excluded, the upper may be the whole map.
    """
    problem, best = layered.problem, layered.fit
    index = problem.lay.width
    levels = problem.lay.levels

    def couple(theta: Floats, value: float) -> Floats:
        side = 0.5 * (theta[levels.start] + theta[levels.stop - 1])
        theta = theta.copy()
        theta[levels.start + 1] = side + (theta[levels.start + 1] - side) * theta[index] / max(value, 1e-9)
        return theta

    deviance = fitting.profiler(problem, best, index, couple)
    value = float(best.theta[index])
    stddev = float(np.sqrt(best.covariance[index, index] * scale))
    rise = CHI2_95 * scale
    floor = -2.0 * best.objective
    low = _end(deviance, floor, value, -stddev, rise, 0.1 * problem.data.pitch)
    high = _end(deviance, floor, value, stddev, rise, float(np.ptp(problem.data.depth)))
    return Interval(value, stddev, low, high)


def _end(
    deviance: Callable[[float], float], floor: float, value: float, stddev: float, rise: float, bound: float
) -> float:
    """Return where the deviance has risen by ``rise``; ``stddev`` is signed and points to the end.

    Works on the square root of the rise, which is nearly straight.
    """
    want = float(np.sqrt(rise))
    sign = 1.0 if stddev > 0 else -1.0
    inside, inside_z = value, 0.0
    outside: tuple[float, float] | None = None
    trial = value + want * stddev
    for _ in range(14):
        if (trial - bound) * sign >= 0:
            trial = bound
        z = float(np.sqrt(max(deviance(trial) - floor, 0.0)))
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
