"""What real lines have that no model line has: the spread it adds to the parameters."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps.fit import Fit
from interlayer.xps.model.region import Region

Floats = NDArray[np.floating[Any]]

#: standard deviation of a real line from the model's, of its height
SHAPE_KNOWN = 0.01
#: the deviation is smooth over this distance, and falls off from the middle with this width, FWHM
_SMOOTH, _WIDE = 0.35, 1.0
#: where its knots are, FWHM from the middle
_KNOTS = np.arange(-2.0, 2.01, 0.25)


def covariance(fit: Fit) -> Floats:
    """Return the covariance that unknown line shapes add to the parameters (size, size).

    Notes
    -----
    The lines of a region share one deviation δ(t), t in FWHM from the line's middle: a Gaussian process of
    standard deviation ``SHAPE_KNOWN`` of the height (M. C. Kennedy, A. O'Hagan, J. R. Stat. Soc. B 63, 425
    (2001)). A small deviation moves the estimate by C Jᵀ V⁻¹ δ; what width, Lorentzian fraction and skew can
    take up of it moves these.
    """
    total = np.zeros_like(fit.covariance)
    for r, region in enumerate(fit.joint.regions):
        raw, by = fit.joint.raw(r, fit.theta)
        slopes = region.evaluate(raw)[1] @ by
        moved = fit.covariance @ slopes.T @ (_deviations(region, raw) / fit.variances[r][:, None])
        total += moved @ moved.T
    return total


def _deviations(region: Region, raw: Floats) -> Floats:
    """Return independent deviations of a region's curve (m, knots), each of one standard deviation."""
    n = region.count
    out = np.zeros((region.energy.size, _KNOTS.size))
    for p, offset, weight in zip(*region.partners, strict=True):
        width = raw[2 * n + p]
        t = (region.energy - raw[p] - offset) / width
        height = SHAPE_KNOWN * weight * raw[n + p] / width
        bumps = np.exp(-0.5 * ((t[:, None] - _KNOTS) / _SMOOTH) ** 2)
        out += height * np.exp(-0.5 * (t / _WIDE) ** 2)[:, None] * bumps / _ROOT
    return out


#: of the sum of the squares of all bumps at one place: their variances add up to one
_ROOT = float(np.sqrt(np.sum(np.exp(-((_KNOTS / _SMOOTH) ** 2)))))
