"""The minimum of a joint model: Levenberg–Marquardt with bounds, fixed parameters, pinned quantities."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps.model.equations import evaluate
from interlayer.xps.model.joint import Joint
from interlayer.xps.model.kernels import ROWS
from interlayer.xps.model.linear import invert, step

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
#: a quantity of the parameters: its value and gradient
Quantity = Callable[[Floats], tuple[float, Floats]]

#: a smaller gain in χ² moves no parameter by a hundredth of its standard deviation
TOLERANCE = 1e-5
_MAX_ITERATIONS = 100
#: steps tried, each shorter, before a point counts as the minimum
_TRIES = 14


@dataclass(slots=True)
class Normal:
    """The cost and its quadratic form at a point; ``model`` holds the curve of each region.

    The gradient is half of the cost's; gradient and information are those of the free parameters.
    ``blocks`` (regions, rows, rows), lower half: the information about each region's raw parameters.
    """

    theta: Floats
    cost: float
    gradient: Floats
    hessian: Floats
    curve: Floats
    model: list[Floats]
    blocks: Floats


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


class Equations:
    """The normal equations of a joint model at any point."""

    def __init__(self, joint: Joint, scale: Sequence[float] | Floats, pin: Pin | None = None) -> None:
        self.joint, self.pin = joint, pin
        self.scale = np.asarray(scale, dtype=np.float64)
        self.rows = max(ROWS, *(region.size for region in joint.regions))
        widest = max(region.energy.size for region in joint.regions)
        self.work = np.zeros((len(joint.regions), 3, self.rows, widest))

    def at(self, theta: Floats) -> Normal:
        """Return the equations; parameters that are expressions of others are set first."""
        joint, size = self.joint, self.joint.size
        point = joint.completed(theta)
        out = (
            np.empty(joint.flat.energy.size),
            np.empty(size),
            np.empty((size, size)),
            np.empty((len(joint.regions), self.rows, self.rows)),
        )
        joint.fill_rare(point, self.work)
        cost = evaluate(joint.flat, point, self.scale, self.work, out)
        curve, gradient, hessian, blocks = out
        if self.pin is not None:
            value, slope = self.pin.quantity(point)
            excess = (value - self.pin.target) / self.pin.sigma
            cost += excess * excess
            gradient += slope * (excess / self.pin.sigma)
            hessian += np.outer(slope, slope) / self.pin.sigma**2
        if joint.bound[0]:
            by = joint.dependence(point)
            gradient, hessian = by.T @ gradient, by.T @ hessian @ by
        places = joint.flat.points_at
        curves: list[Floats] = [curve[places[r] : places[r + 1]] for r in range(len(joint.regions))]
        return Normal(point, cost, gradient, hessian, curve, curves, blocks)


def normal(joint: Joint, theta: Floats, scale: Sequence[float] | Floats) -> Normal:
    """Return deviance / scale + priors with gradient and Fisher information; see `minimise`."""
    return Equations(joint, scale).at(theta)


def minimise(
    joint: Joint,
    theta: Floats,
    scale: Sequence[float] | Floats,
    *,
    fixed: Bools | None = None,
    pin: Pin | None = None,
    max_iterations: int = _MAX_ITERATIONS,
    tolerance: float = TOLERANCE,
) -> Solution:
    """Minimise deviance / scale + priors inside the bounds.

    Parameters
    ----------
    theta
        Start; parameters in ``fixed`` stay as they are.
    scale
        Per region: variance over the model (Fano factor, with misfit).
    tolerance
        Gain in the cost below which the minimum counts as found.

    Returns
    -------
    Solution
        ``converged`` is False when the iterations ran out.
    """
    hold = joint.locked if fixed is None else joint.locked | fixed
    equations, limits, held = Equations(joint, scale, pin), joint.limits, hold.astype(np.float64)
    now = equations.at(np.where(hold, theta, np.clip(theta, joint.lower, joint.upper)))
    damping, tries, iteration = 1e-3, 0, 0
    while iteration < max_iterations:
        free, expected, point = step(now.theta, limits, held, now.gradient, now.hessian, damping)
        if free == 0 or (0.0 <= expected < 0.1 * tolerance and damping < 1e-2):
            return Solution(now.theta, now, iteration, True)
        trial = equations.at(point) if expected >= 0.0 else None
        if trial is None or not trial.cost <= now.cost:
            tries, damping = tries + 1, max(damping * 8.0, 1e-6)
            if tries == _TRIES:
                return Solution(now.theta, now, iteration, True)
            continue
        gain, now = now.cost - trial.cost, trial
        iteration, tries = iteration + 1, 0
        if gain < tolerance * max(1.0, 1e-3 * now.cost) and damping < 1e-2:
            return Solution(now.theta, now, iteration, True)
        damping = max(damping * 0.1, 1e-9)
    return Solution(now.theta, now, iteration, False)


def covariance(joint: Joint, solution: Solution, fixed: Bools | None = None) -> Floats:
    """Return the inverse of the information over the free parameters; expressions follow, others are zero."""
    hold = joint.locked if fixed is None else joint.locked | fixed
    inner = inverse(solution.normal.hessian, hold)
    if not joint.bound[0]:
        return inner
    by = joint.dependence(solution.theta)
    return np.asarray(by @ inner @ by.T)


def inverse(hessian: Floats, fixed: Bools) -> Floats:
    """Return the inverse of the information over what is not fixed; the pseudo-inverse where singular."""
    good, out = invert(hessian, np.flatnonzero(~fixed))
    if good:
        return out
    keep = ~fixed
    inner = hessian[np.ix_(keep, keep)]
    scale = np.sqrt(np.maximum(np.diag(inner), 1e-300))
    out = np.zeros_like(hessian)
    out[np.ix_(keep, keep)] = (
        np.linalg.pinv(inner / scale / scale[:, None], rcond=1e-13, hermitian=True) / scale / scale[:, None]
    )
    return out
