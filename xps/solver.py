"""Bounded Levenberg–Marquardt on the joint normal equations, with an analytic Jacobian."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from interlayer.xps.model.joint import Joint

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
#: a quantity of the parameters: its value and gradient
Quantity = Callable[[Floats], tuple[float, Floats]]

#: a smaller gain in χ² moves no parameter by a hundredth of its standard deviation
_TOLERANCE = 1e-5
_MAX_ITERATIONS = 100


@dataclass(slots=True)
class Normal:
    """The cost and its quadratic form at a point; ``model`` holds the curve of each region."""

    cost: float
    gradient: Floats
    hessian: Floats
    model: list[Floats]


@dataclass(frozen=True, slots=True)
class Pin:
    """Holds a quantity at a target, as a row of weight far above its information."""

    quantity: Quantity
    target: float
    sigma: float


@dataclass(slots=True)
class Solution:
    """Where the minimisation ended."""

    theta: Floats
    normal: Normal
    iterations: int
    converged: bool


def normal(joint: Joint, theta: Floats, variances: Sequence[Floats], pin: Pin | None = None) -> Normal:
    """Return χ² + priors + pin with gradient and Gauss–Newton Hessian."""
    gap = theta - joint.mean
    cost = float(np.sum(joint.precision * gap * gap))
    gradient = joint.precision * gap
    hessian = np.diag(joint.precision)
    models = []
    for r, region in enumerate(joint.regions):
        raw, by = joint.raw(r, theta)
        model, jacobian = region.evaluate(raw)
        models.append(model)
        residual = model - region.values
        weighted = residual / variances[r]
        cost += float(residual @ weighted)
        inner = jacobian.T @ (jacobian / variances[r][:, None])
        gradient = gradient + (jacobian.T @ weighted) @ by
        hessian = hessian + by.T @ inner @ by
    if pin is not None:
        value, slope = pin.quantity(theta)
        excess = (value - pin.target) / pin.sigma
        cost += excess * excess
        gradient = gradient + slope * (excess / pin.sigma)
        hessian = hessian + np.outer(slope, slope) / pin.sigma**2
    return Normal(cost, gradient, hessian, models)


def minimise(
    joint: Joint,
    theta: Floats,
    variances: Sequence[Floats],
    *,
    fixed: Bools | None = None,
    pin: Pin | None = None,
    max_iterations: int = _MAX_ITERATIONS,
    tolerance: float = _TOLERANCE,
) -> Solution:
    """Minimise χ² + priors inside the bounds.

    Parameters
    ----------
    theta
        Start; parameters in ``fixed`` stay as they are.
    variances
        Per region, (m,): variance of each value, held fixed.
    tolerance
        Gain in χ² below which the minimum counts as found.

    Returns
    -------
    Solution
        ``converged`` is False when the iterations ran out.
    """
    theta = (
        np.clip(theta, joint.lower, joint.upper)
        if fixed is None
        else np.where(fixed, theta, np.clip(theta, joint.lower, joint.upper))
    )
    now = normal(joint, theta, variances, pin)
    damping, iteration = 1e-3, 0
    while iteration < max_iterations:
        iteration += 1
        free = _free(joint, theta, now.gradient, fixed)
        if not free.any():
            return Solution(theta, now, iteration, True)
        better = None
        for _ in range(12):
            candidate = _step(joint, theta, now, free, damping)
            trial = normal(joint, candidate, variances, pin) if candidate is not None else None
            if trial is not None and candidate is not None and trial.cost <= now.cost:
                better = (candidate, trial)
                break
            damping = max(damping * 8.0, 1e-6)
        if better is None:
            return Solution(theta, now, iteration, True)
        gain = now.cost - better[1].cost
        theta, now = better
        if gain < tolerance * max(1.0, 1e-3 * now.cost) and damping < 1e-2:
            return Solution(theta, now, iteration, True)
        damping = max(damping * 0.1, 1e-9)
    return Solution(theta, now, iteration, False)


def _free(joint: Joint, theta: Floats, gradient: Floats, fixed: Bools | None) -> Bools:
    held = ((theta <= joint.lower) & (gradient > 0)) | ((theta >= joint.upper) & (gradient < 0))
    free: Bools = ~held
    return free if fixed is None else free & ~fixed


def _step(joint: Joint, theta: Floats, now: Normal, free: Bools, damping: float) -> Floats | None:
    hessian = now.hessian[np.ix_(free, free)]
    scale = np.sqrt(np.maximum(np.diag(hessian), 1e-30))
    scaled = hessian / scale / scale[:, None]
    scaled[np.diag_indices_from(scaled)] += damping + 1e-13
    try:
        move = (
            cho_solve(cho_factor(scaled, check_finite=False), -now.gradient[free] / scale, check_finite=False)
            / scale
        )
    except LinAlgError:
        return None
    candidate = theta.copy()
    candidate[free] = np.clip(theta[free] + move, joint.lower[free], joint.upper[free])
    return candidate if bool(np.isfinite(candidate).all()) else None


def covariance(hessian: Floats, fixed: Bools | None = None) -> Floats:
    """Return the inverse of the Hessian over the parameters that are not fixed; zero elsewhere."""
    keep = np.ones(hessian.shape[0], dtype=bool) if fixed is None else ~fixed
    inner = hessian[np.ix_(keep, keep)]
    scale = np.sqrt(np.maximum(np.diag(inner), 1e-300))
    out = np.zeros_like(hessian)
    out[np.ix_(keep, keep)] = (
        np.linalg.pinv(inner / scale / scale[:, None], rcond=1e-13, hermitian=True) / scale / scale[:, None]
    )
    return out
