"""Is there a layer? A layer against a single step, and what would have been seen."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from interlayer.eds import search
from interlayer.eds.fit import Fit, Problem, log_likelihood
from interlayer.eds.geometry import DepthMap, thin
from interlayer.eds.layer import fit_straight
from interlayer.eds.model import basis, layout, mean_counts

Floats = NDArray[np.float64]

#: sigma (after trials) from which a layer counts as detected
THRESHOLD = 3.0
#: groups along the layer that a straight fit needs
GROUPS = 16


@dataclass(frozen=True, slots=True)
class Detection:
    """Significance of a layer against a single step, in sigma after the number of trials; both fits."""

    sigma: float
    straight: tuple[Problem, Fit] | None = None
    step: tuple[Problem, Fit] | None = None

    @property
    def step_blur(self) -> float:
        """Return the blur (nm) of the single step where it is one (5 σ), else 0."""
        if self.step is None:
            return 0.0
        problem, fit = self.step
        low, high = range(problem.lay.levels.start, problem.lay.levels.stop)
        rise = float(fit.theta[high] - fit.theta[low])
        cover = fit.covariance
        noise = float(np.sqrt(max(cover[low, low] + cover[high, high] - 2 * cover[low, high], 0.0)))
        return float(fit.theta[problem.lay.blurs][0]) if abs(rise) > 5 * noise else 0.0

    @property
    def detected(self) -> bool:
        """Return whether the layer counts as detected."""
        return self.sigma >= THRESHOLD


def significance(deviance: float, dof: int, trials: float) -> float:
    """Return the one-sided sigma of a deviance after trials.

    Examples
    --------
    >>> round(significance(25.0, 1, 1.0), 1)
    5.0
    """
    if deviance <= 0:
        return 0.0
    log_p = float(np.log(trials) + _log_chi2_sf(deviance, dof))
    if log_p >= np.log(0.5):
        return 0.0
    # two-sided convention for one degree of freedom: a deviance of z² is z sigma
    return float(-special.ndtri_exp(log_p - np.log(2.0)))


def _log_chi2_sf(value: float, dof: int) -> float:
    tail = float(stats.chi2.logsf(value, dof))
    if np.isfinite(tail):
        return tail
    half = 0.5 * value
    return float(-half + (0.5 * dof - 1) * np.log(half) - special.gammaln(0.5 * dof))


def detect(data: DepthMap, blur: float | None = None, scale: float = 1.0) -> Detection:
    """Return the significance of a straight layer against a straight single step, both blurred.

    Parameters
    ----------
    scale
        Overdispersion by which the deviance is divided.

    Notes
    -----
    The layer has four parameters more (place, width, level, blur); the number of trials is that of the
    independent orientations and places that the search had.
    """
    data = thin(data, 1, data.position.size // GROUPS)
    step = fit_straight(data, search.single(data), blur)
    found = search.double(data)
    if found is None:
        return Detection(0.0, None, step)
    problem, two = fit_straight(data, found, blur)
    levels = two.theta[problem.lay.levels]
    if levels[1] <= max(levels[0], levels[2]):
        return Detection(0.0, None, step)
    deviance = 2 * (two.log_likelihood - step[1].log_likelihood) / scale
    trials = 5.0 * data.depth.size
    return Detection(significance(deviance, 4, trials), (problem, two), step)


def thickness_limit(data: DepthMap, blur: float, scale: float = 1.0, *, stepped: bool = False) -> float:
    """Return the thickness (nm) above which a layer would have been detected with 95 % probability.

    The layer is one that stands above its surroundings by the mean counts of the map: at the step where
    there is one, else in the middle. NaN when no thickness up to half of the map would do.

    Parameters
    ----------
    blur
        nm, Gaussian σ that such a layer is assumed to have.
    stepped
        Whether the map has a step.

    Notes
    -----
    The deviance of a single step against the expected counts of the layer (an "Asimov" map: G. Cowan et al.,
    Eur. Phys. J. C 71 (2011) 1554) is the square of the expected significance.
    """
    line = thin(data, 1, data.position.size)
    needed = (float(np.sqrt(_needed_deviance(5.0 * data.depth.size))) + 1.645) ** 2
    low, high = 0.25 * data.pitch, 0.5 * float(np.ptp(data.depth))
    if _expected_deviance(line, high, blur, stepped) < needed * scale:
        return float("nan")
    for _ in range(12):
        middle = float(np.sqrt(low * high))
        if _expected_deviance(line, middle, blur, stepped) < needed * scale:
            low = middle
        else:
            high = middle
    return high


def _expected_deviance(line: DepthMap, thickness: float, blur: float, stepped: bool) -> float:
    """Return the deviance of a single step against the expected counts of a layer."""
    mean = float((line.counts.sum() - line.offset.sum()) / max(line.pixels.sum(), 1.0))
    levels, place = (mean, mean), float(np.median(line.depth))
    if stepped:
        step = search.single(line)
        levels, place = (step.levels[0], step.levels[1]), step.edges[0]
    shape = basis(line, np.inf)
    lay = layout(shape, 2)
    theta = np.zeros(lay.size)
    theta[lay.levels] = levels[0], max(levels) + mean, levels[1]
    theta[lay.blurs], theta[lay.centre], theta[lay.width] = blur, place, thickness
    counts = mean_counts(theta, lay, shape, line)
    expected = replace(line, counts=counts)
    _, fit = fit_straight(expected, search.single(expected))
    return 2 * (log_likelihood(counts, counts) - fit.log_likelihood)


def _needed_deviance(trials: float) -> float:
    """Return the deviance of a layer that counts as detected."""
    grid = np.arange(15.0, 80.0, 0.25)
    return float(next(value for value in grid if significance(float(value), 4, trials) >= THRESHOLD))
