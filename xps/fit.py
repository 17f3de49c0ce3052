"""The fit: weights from the model times the measured Fano factor, misfit carried into the variance."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps import noise
from interlayer.xps.model.joint import Joint
from interlayer.xps.noise import Noise
from interlayer.xps.solver import Bools, Floats, Pin, Quantity, Solution, covariance, minimise

_PASSES = 4
_SETTLED = 0.02
#: χ² at a profile's end (3.84) needs no more
_ROUGH = 1e-3


@dataclass
class Fit:
    """A fitted joint model.

    Parameters
    ----------
    joint
        The model.
    theta, covariance
        Estimate and its covariance (curvature; see :mod:`interlayer.xps.intervals` for profiles).
    variances
        Per region (m,): variance of the data used in the cost, misfit included.
    noise
        Per region.
    """

    joint: Joint
    solution: Solution
    variances: list[Floats]
    noise: list[Noise]
    fixed: Bools | None = None
    covariance: NDArray[np.floating[Any]] = field(init=False)

    def __post_init__(self) -> None:
        locked = self.joint.locked
        fixed = locked if self.fixed is None else locked | self.fixed
        self.covariance = covariance(self.solution.normal.hessian, fixed)

    @property
    def theta(self) -> Floats:
        """Return the estimate."""
        return self.solution.theta

    @property
    def cost(self) -> float:
        """Return χ² (of the variances used) plus priors."""
        return self.solution.normal.cost

    def value(self, quantity: Quantity) -> tuple[float, float]:
        """Return a quantity and its standard deviation by linear propagation."""
        value, slope = quantity(self.theta)
        return value, float(np.sqrt(max(float(slope @ self.covariance @ slope), 0.0)))

    def refit(
        self, *, fixed: Bools | None = None, theta: Floats | None = None, pin: Pin | None = None
    ) -> Solution:
        """Minimise again with the same variances: with parameters fixed, or a quantity pinned."""
        hold = fixed if self.fixed is None else self.fixed if fixed is None else fixed | self.fixed
        start = self.theta if theta is None else theta
        return minimise(
            self.joint, start, self.variances, fixed=hold, pin=pin, max_iterations=40, tolerance=_ROUGH
        )


def fit(joint: Joint, theta: Floats | None = None, fixed: Bools | None = None) -> Fit:
    """Fit a joint model: re-weighted quasi-likelihood (variance = Fano × model).

    Notes
    -----
    Weights from the data bias areas low; weights from the model, re-computed at each pass, make the fit
    the quasi-likelihood estimate, which for pure counting noise is the Poisson maximum likelihood.
    """
    start = joint.start() if theta is None else theta
    variances = [noise.floor(smooth(region.values)) for region in joint.regions]
    found = minimise(joint, start, variances, fixed=fixed)
    noises: list[Noise] = []
    scale = np.ones(len(joint.regions))
    for turn in range(_PASSES):
        models = found.normal.model
        residuals = [region.values - model for region, model in zip(joint.regions, models, strict=True)]
        noises = noise.estimate(residuals, models, effective(joint, found, variances))
        fresh = np.array([each.fano * each.misfit * each.correlation for each in noises])
        settled = turn > 0 and bool(np.all(np.abs(fresh / scale - 1.0) < _SETTLED))
        scale = fresh
        variances = [noise.floor(model) * s for model, s in zip(models, scale, strict=True)]
        found = minimise(joint, found.theta, variances, fixed=fixed)
        if settled:
            break
    return Fit(joint, found, variances, noises, fixed)


def smooth(values: Floats, half: int = 3) -> Floats:
    """Return a running mean over 2·half + 1 points (fewer at the ends)."""
    width = min(2 * half + 1, values.size)
    kernel = np.ones(width)
    return np.convolve(values, kernel, "same") / np.convolve(np.ones(values.size), kernel, "same")


def effective(joint: Joint, solution: Solution, variances: list[Floats]) -> list[float]:
    """Return how many parameters each region's data really determine: trace of its share of the Hessian."""
    cov = covariance(solution.normal.hessian, joint.locked)
    out = []
    for r, region in enumerate(joint.regions):
        raw, by = joint.raw(r, solution.theta)
        _, jacobian = region.evaluate(raw)
        inner = by.T @ (jacobian.T @ (jacobian / variances[r][:, None])) @ by
        out.append(float(np.sum(inner * cov)))
    return out
