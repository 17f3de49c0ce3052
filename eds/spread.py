"""The spread of the thickness along the layer, told apart from the noise of its estimate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlayer.core.intervals import Interval
from interlayer.eds import fit as fitting
from interlayer.eds.layer import Layered

Floats = NDArray[np.float64]

#: draws per roughness
DRAWS = 400


@dataclass(frozen=True, slots=True)
class Spread:
    """Interval of the spread (nm); ``resolved`` is False when zero cannot be excluded."""

    interval: Interval
    resolved: bool


def spread(layered: Layered, scale: float = 1.0, seed: int = 0) -> Spread | None:
    """Return the standard deviation of the local thickness along the layer, or None for too few columns.

    Notes
    -----
    The width's coefficients are drawn from their distribution at each roughness, the roughnesses weighed
    with their marginal likelihood (Laplace) and a flat prior in nm. The cosines have unit mean square, so
    the variance of the thickness is the sum of the squared coefficients.
    """
    problem, best = layered.problem, layered.fit
    lay = problem.lay
    if lay.swells == 0:
        return None
    centre = max(
        float(np.sqrt(best.roughness[1])), 0.1 * float(np.sqrt(best.covariance[lay.width, lay.width])), 1.0
    )
    grid = np.array([0.03, 0.35, 0.7, 1.0, 1.4, 2.0, 3.5]) * centre
    rng = np.random.default_rng(seed)
    draws, weights, theta = [], [], best.theta
    for tau in grid:
        fit = fitting.maximise(
            problem, theta, (best.roughness[0], float(tau**2)), iterations=6, tolerance=0.02
        )
        prior = lay.swells * np.log(tau**2)
        weights.append(fit.objective / scale - 0.5 * fit.log_determinant - 0.5 * prior)
        cover = fit.covariance[lay.swell, lay.swell] * scale
        values = rng.multivariate_normal(
            fit.theta[lay.swell], cover, DRAWS, method="eigh", check_valid="ignore"
        )
        draws.append(np.sqrt(np.sum(values**2, axis=1)))
        theta = fit.theta
    log_weights = np.array(weights)
    cell = np.gradient(grid)
    weight = np.exp(log_weights - log_weights.max()) * cell
    low, middle, high = _quantiles(np.concatenate(draws), np.repeat(weight, DRAWS), (0.025, 0.5, 0.975))
    resolved = bool(log_weights.max() - log_weights[0] > 1.92)
    stddev = (high - low) / 3.92
    interval = Interval(middle, stddev, low, high).scaled(layered.cosine)
    return Spread(interval, resolved)


def _quantiles(values: Floats, weights: Floats, wanted: tuple[float, ...]) -> list[float]:
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return [float(np.interp(q, share, values[order])) for q in wanted]


def along(layered: Layered, scale: float = 1.0) -> tuple[Floats, Floats, Floats]:
    """Return position along the rows (nm), local thickness perpendicular to the layer and its sd: nm."""
    problem, best = layered.problem, layered.fit
    lay, shape = problem.lay, problem.shape
    rows = np.zeros((shape.along.size, lay.size))
    rows[:, lay.width] = 1.0
    if lay.swells:
        rows[:, lay.swell] = shape.swell
    value = rows @ best.theta
    variance = np.einsum("jp,pq,jq->j", rows, best.covariance, rows) * scale
    return problem.data.position, value * layered.cosine, np.sqrt(np.maximum(variance, 0.0)) * layered.cosine


def interfaces(layered: Layered, scale: float = 1.0) -> tuple[Floats, Floats]:
    """Return the depth of both interfaces in the (transposed) map and its sd: (interface, group), nm."""
    problem, best = layered.problem, layered.fit
    lay, shape, data = problem.lay, problem.shape, problem.data
    values, spreads = [], []
    for side in (-0.5, 0.5):
        rows = np.zeros((shape.along.size, lay.size))
        rows[:, lay.centre] = 1.0
        if lay.sloped:
            rows[:, lay.slope] = shape.along
        rows[:, lay.wave] = shape.wave
        rows[:, lay.width] = side
        if lay.swells:
            rows[:, lay.swell] = side * shape.swell
        values.append(rows @ best.theta + data.shift)
        spreads.append(
            np.sqrt(np.maximum(np.einsum("jp,pq,jq->j", rows, best.covariance, rows) * scale, 0.0))
        )
    return np.stack(values), np.stack(spreads)
