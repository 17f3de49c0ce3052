"""The fit: weights from the model times the measured Fano factor, misfit carried into the variance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from interlayer.xps import noise
from interlayer.xps.model.equations import shares
from interlayer.xps.model.joint import Joint
from interlayer.xps.noise import Noise
from interlayer.xps.solver import (
    TOLERANCE,
    Bools,
    Floats,
    Pin,
    Quantity,
    Solution,
    covariance,
    minimise,
)

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
    theta
        Estimate.
    curvature
        Its covariance from the noise (see :mod:`interlayer.xps.intervals` for profiles).
    covariance
        The same with what the model leaves open (`widen`).
    scale
        Per region: variance over the model used in the cost, misfit included.
    noise
        Per region.
    """

    joint: Joint
    solution: Solution
    scale: Floats
    noise: list[Noise]
    fixed: Bools | None = None
    curvature: Floats = field(init=False)
    covariance: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.curvature = covariance(self.joint, self.solution, self.fixed)
        self.covariance = self.curvature

    def widen(self, extra: Floats) -> None:
        """Add what the model leaves open (size, size) to the covariance."""
        self.covariance = self.curvature + extra

    def widening(self, slope: Floats) -> float:
        """Return by how much the standard deviation of a quantity with this gradient exceeds the noise's."""
        noise = float(slope @ self.curvature @ slope)
        return float(np.sqrt(slope @ self.covariance @ slope / noise)) if noise > 0 else 1.0

    @property
    def theta(self) -> Floats:
        """Return the estimate."""
        return self.solution.theta

    @property
    def cost(self) -> float:
        """Return the deviance over its scale plus priors."""
        return self.solution.normal.cost

    @cached_property
    def variances(self) -> list[Floats]:
        """Return the variance of the data per region (m,), misfit included."""
        return [
            np.maximum(model, region.floor) * scale
            for model, region, scale in zip(
                self.solution.normal.model, self.joint.regions, self.scale, strict=True
            )
        ]

    def value(self, quantity: Quantity) -> tuple[float, float]:
        """Return a quantity and its standard deviation by linear propagation."""
        value, slope = quantity(self.theta)
        return value, float(np.sqrt(max(float(slope @ self.covariance @ slope), 0.0)))

    def refit(
        self, *, fixed: Bools | None = None, theta: Floats | None = None, pin: Pin | None = None
    ) -> Solution:
        """Minimise again with the same noise: with parameters fixed, or a quantity pinned."""
        hold = fixed if self.fixed is None else self.fixed if fixed is None else fixed | self.fixed
        start = self.theta if theta is None else theta
        return minimise(
            self.joint, start, self.scale, fixed=hold, pin=pin, max_iterations=40, tolerance=_ROUGH
        )


def fit(
    joint: Joint,
    theta: Floats | None = None,
    fixed: Bools | None = None,
    *,
    scale: Floats | None = None,
    tolerance: float = TOLERANCE,
) -> Fit:
    """Fit a joint model: quasi-likelihood with variance = Fano × model.

    Parameters
    ----------
    theta
        Start values (default: the parameters' own).
    fixed
        Parameters that stay at their start.
    scale
        A guess of the variance over the model, per region (of a spectrum measured in the same way).
    tolerance
        Gain in the deviance below which the minimum counts as found.

    Notes
    -----
    Weights from the data bias areas low. The quasi-likelihood (R. W. M. Wedderburn, Biometrika 61, 439
    (1974)) has its minimum where χ² with weights from the model has zero gradient; for pure counting noise
    it is the Poisson likelihood. The Fano factor does not move the minimum where no prior takes part.
    """
    start = joint.start() if theta is None else theta
    scale = np.ones(len(joint.regions)) if scale is None else scale
    solution = minimise(joint, start, scale, fixed=fixed, tolerance=tolerance)
    noises: list[Noise] = []
    for turn in range(_PASSES):
        noises = _noise(joint, solution, fixed)
        fresh = np.array([each.fano * each.misfit * each.correlation for each in noises])
        if turn > 0 and bool(np.all(np.abs(fresh / scale - 1.0) < _SETTLED)):
            break
        scale = fresh
        solution = minimise(joint, solution.theta, scale, fixed=fixed, tolerance=tolerance)
        if solution.iterations == 0:
            break
    return Fit(joint, solution, scale, noises, fixed)


def _noise(joint: Joint, solution: Solution, fixed: Bools | None) -> list[Noise]:
    models = solution.normal.model
    residuals = [region.values - model for region, model in zip(joint.regions, models, strict=True)]
    floored = [np.maximum(model, region.floor) for region, model in zip(joint.regions, models, strict=True)]
    cov = covariance(joint, solution, fixed)
    used = shares(joint.flat, solution.theta, solution.normal.blocks, cov)
    return noise.estimate(residuals, floored, used)


def carry(found: Fit, model: Joint, former: Mapping[str, str] | None = None) -> Floats:
    """Return start values for another model from a fit, by the parameters' names.

    ``former``: by line, what it was called in the fit.
    """
    theta, names = model.start(), former or {}
    for i, parameter in enumerate(model.parameters):
        kind, colon, line = parameter.name.partition(":")
        name = kind + colon + names.get(line, line)
        if name in found.joint:
            theta[i] = found.theta[found.joint.index(name)]
    return theta


def misfit(found: Fit, r: int) -> float:
    """Return χ² of a region with the noise of its second differences, which no missing line inflates."""
    region, model = found.joint.regions[r], found.solution.normal.model[r]
    expected, residual = noise.floor(model), region.values - model
    return float(np.sum(residual**2 / expected)) / max(noise.differences(residual, expected), 1e-30)


def smooth(values: Floats, half: int = 3) -> Floats:
    """Return a running mean over 2·half + 1 points (fewer at the ends)."""
    width = min(2 * half + 1, values.size)
    kernel = np.ones(width)
    return np.convolve(values, kernel, "same") / np.convolve(np.ones(values.size), kernel, "same")
