"""Is there a layer? A layer against a single step, and what would have been seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from interlayer.eds import search
from interlayer.eds.fit import Fit, Problem
from interlayer.eds.geometry import DepthMap
from interlayer.eds.layer import fit_straight

Floats = NDArray[np.float64]

#: sigma (after trials) from which a layer counts as detected
THRESHOLD = 3.0


@dataclass(frozen=True, slots=True)
class Detection:
    """Significance of a layer against a single step, in sigma after the number of trials."""

    sigma: float
    straight: tuple[Problem, Fit] | None = None

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
    found = search.double(data)
    if found is None:
        return Detection(0.0)
    problem, two = fit_straight(data, found, blur)
    levels = two.theta[problem.lay.levels]
    if levels[1] <= max(levels[0], levels[2]):
        return Detection(0.0)
    _, one = fit_straight(data, search.single(data), blur)
    deviance = 2 * (two.log_likelihood - one.log_likelihood) / scale
    trials = 5.0 * data.depth.size
    return Detection(significance(deviance, 4, trials), (problem, two))


def thickness_limit(data: DepthMap, scale: float = 1.0) -> float:
    """Return the thickness (nm) above which a layer with twice the counts of its surroundings was excluded.

    For every thickness d and position the excess is estimated and its 95 % upper limit taken; the limit
    is the smallest d at which no position allows an excess as large as the surrounding level. NaN when
    even the thickest allows it.
    """
    ends, counts, pixels, offset = search.profile(data)
    level = float((counts.sum() - offset.sum()) / max(pixels.sum(), 1.0))
    step = search.single(data)
    expected = np.where(ends[1:] <= step.edges[0], *step.levels) * pixels + offset
    excess, area = np.cumsum(np.append(0.0, counts - expected)), np.cumsum(np.append(0.0, pixels))
    noise = np.cumsum(np.append(0.0, expected))
    for size in range(1, len(counts) // 2):
        over = excess[size:] - excess[:-size]
        pixel = np.maximum(area[size:] - area[:-size], 1e-9)
        spread = np.sqrt(scale * np.maximum(noise[size:] - noise[:-size], 1.0))
        whole = pixel > 0.5 * pixel.max()
        if float(((over + 1.645 * spread) / pixel)[whole].max()) <= level:
            return float(size * (ends[1] - ends[0]))
    return float("nan")
