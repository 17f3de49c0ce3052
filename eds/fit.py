"""Penalised Poisson likelihood of the layer model, by Fisher scoring.

Waviness is a random effect: its coefficients are normal with a variance found from the data by the
Fellner–Schall update (Wood and Fasiolo 2017, Biometrics 73, 1071).
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from interlayer.eds.geometry import DepthMap
from interlayer.eds.model import Basis, Layout, design, gradients, mean_counts

Floats = NDArray[np.float64]

#: nm², smallest variance of the roughness: below it the layer is straight
SMOOTH = 1e-2
#: gain of the objective promised by a step, below which there is nothing to gain
NEGLIGIBLE = 5e-4
_FLOOR = 1e-9


@dataclass(frozen=True)
class Problem:
    """The data, the layout of the parameters and what is held fixed.

    Parameters
    ----------
    fixed
        Indices of parameters that keep their starting value.
    """

    data: DepthMap
    lay: Layout
    shape: Basis
    fixed: tuple[int, ...] = ()
    phi: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "phi", design(self.lay, self.shape))

    def holding(self, *indices: int) -> "Problem":
        """Return the same problem with more parameters held."""
        return replace(self, fixed=(*self.fixed, *indices))

    @property
    def free(self) -> NDArray[np.intp]:
        """Return the indices of the free parameters."""
        return np.setdiff1d(np.arange(self.lay.size), np.array(self.fixed, dtype=np.intp))


@dataclass(frozen=True, slots=True)
class Fit:
    """A maximum of the penalised likelihood.

    ``covariance`` is of the free parameters (others zero) for the roughness as found; ``log_likelihood``
    leaves out the factorials; ``roughness`` holds the variances (nm²) of centre and width.
    """

    theta: Floats
    covariance: Floats
    log_likelihood: float
    objective: float
    roughness: tuple[float, float]
    log_determinant: float
    converged: bool


def log_likelihood(mean: Floats, counts: Floats) -> float:
    """Return the Poisson log likelihood without the factorials."""
    safe = np.maximum(mean, _FLOOR)
    return float(np.sum(np.where(counts > 0, counts * np.log(safe), 0.0)) - mean.sum())


def precision(problem: Problem, roughness: tuple[float, float]) -> Floats:
    """Return the prior precision of every parameter (zero where there is no prior)."""
    lay, shape = problem.lay, problem.shape
    result = np.zeros(lay.size)
    result[lay.wave] = 1.0 / (roughness[0] * shape.wave_prior)
    if lay.swells:
        result[lay.swell] = 1.0 / (roughness[1] * shape.swell_prior)
    return result


def _bounded(theta: Floats, problem: Problem) -> Floats:
    theta = theta.copy()
    lay = problem.lay
    theta[lay.levels] = np.maximum(theta[lay.levels], 1e-6)
    reach = float(np.ptp(problem.data.depth))
    theta[lay.blurs] = np.clip(theta[lay.blurs], 0.05 * problem.data.pitch, 0.5 * reach)
    if lay.interfaces == 2:
        theta[lay.width] = max(theta[lay.width], 0.02 * problem.data.pitch)
    return theta


def _at_bound(problem: Problem, theta: Floats) -> NDArray[np.bool_]:
    """Return which levels and blurs stand at their lower bound."""
    lay = problem.lay
    result = np.zeros(lay.size, dtype=np.bool_)
    result[lay.levels] = theta[lay.levels] <= 1.001e-6
    result[lay.blurs] = theta[lay.blurs] <= 0.0501 * problem.data.pitch
    return result


def _information(problem: Problem, theta: Floats) -> tuple[Floats, Floats]:
    """Return the score and the expected information of all parameters."""
    mean, base = gradients(theta, problem.lay, problem.shape, problem.data)
    seen = problem.data.pixels > 0
    safe = np.where(seen, np.maximum(mean, _FLOOR), 1.0)
    pull = np.where(seen, problem.data.counts / safe - 1.0, 0.0)
    score = np.einsum("auj,uj->ja", base, pull)
    flat = np.ascontiguousarray((base / np.sqrt(safe)).transpose(2, 0, 1))
    gram = np.einsum("jau,jbu->jab", flat, flat)
    phi = problem.phi
    size = problem.lay.size
    half = (gram @ phi).reshape(-1, size)
    return np.einsum("jap,ja->p", phi, score), phi.reshape(-1, size).T @ half


def _objective(problem: Problem, theta: Floats, prior: Floats) -> tuple[float, float]:
    mean = mean_counts(theta, problem.lay, problem.shape, problem.data)
    value = log_likelihood(mean, problem.data.counts)
    return value - 0.5 * float(np.sum(prior * theta**2)), value


def _step(
    problem: Problem, theta: Floats, prior: Floats, value: float
) -> tuple[Floats, float, float, Floats, bool]:
    """Take one damped Fisher step; returns parameters, objective, likelihood, information, moved."""
    free = problem.free
    score, information = _information(problem, theta)
    score = (score - prior * theta)[free]
    matrix = information[np.ix_(free, free)] + np.diag(prior[free])
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-30))
    scaled = matrix / np.outer(scale, scale)
    stuck = _at_bound(problem, theta)[free] & (score <= 0)
    score = np.where(stuck, 0.0, score)
    scaled[stuck, :] = scaled[:, stuck] = 0.0
    scaled[stuck, stuck] = 1.0
    damping = 1e-9
    for _ in range(12):
        move = _solve(scaled, score / scale, damping) / scale
        if float(score @ move) < NEGLIGIBLE:
            break
        trial = theta.copy()
        trial[free] += move * _shortening(problem, theta, free, move)
        trial = _bounded(trial, problem)
        trial_value, likelihood = _objective(problem, trial, prior)
        if np.isfinite(trial_value) and trial_value >= value - 1e-9:
            return trial, trial_value, likelihood, matrix, True
        damping = max(damping * 20, 1e-3)
    return theta, value, _objective(problem, theta, prior)[1], matrix, False


def _shortening(problem: Problem, theta: Floats, free: NDArray[np.intp], move: Floats) -> float:
    """Return the share of a step that keeps the interfaces where the linearisation holds."""
    lay = problem.lay
    full = np.zeros(lay.size)
    full[free] = move
    blur = np.sqrt(theta[lay.blurs] ** 2 + problem.data.smear)
    reach = np.abs(full[lay.blurs]) / (0.5 * blur + problem.data.pitch)
    limit = max(1.0 * float(blur.min()), 2 * problem.data.pitch)
    places = [lay.centre] + ([lay.slope] if lay.sloped else [])
    if lay.interfaces == 2:
        places.append(lay.width)
    moves = np.append(np.abs(full[places]) / limit, reach)
    return float(1.0 / max(1.0, moves.max()))


def _solve(matrix: Floats, right: Floats, damping: float) -> Floats:
    damped = matrix + damping * np.eye(len(matrix))
    try:
        return np.asarray(linalg.cho_solve(linalg.cho_factor(damped, check_finite=False), right))
    except linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(damped, right, rcond=1e-10)[0], dtype=np.float64)


def maximise(
    problem: Problem,
    theta: Floats,
    roughness: tuple[float, float],
    *,
    adapt: bool = False,
    iterations: int = 60,
    tolerance: float = 1e-3,
) -> Fit:
    """Return the maximum of the penalised likelihood from a starting point.

    Parameters
    ----------
    roughness
        Variances (nm²) of the random effects of centre and width.
    adapt
        Find the roughness from the data along the way.
    tolerance
        Stop when the objective gains less than this.
    """
    theta = _bounded(theta, problem)
    prior = precision(problem, roughness)
    value, likelihood = _objective(problem, theta, prior)
    converged = False
    matrix = np.eye(problem.free.size)
    for _ in range(iterations):
        theta, new_value, likelihood, matrix, moved = _step(problem, theta, prior, value)
        settled = True
        if adapt:
            updated = _roughness(problem, theta, matrix, roughness)
            settled = all(abs(np.log(a / b)) < 0.1 for a, b in zip(updated, roughness, strict=True))
            if not settled:
                roughness = updated
                prior = precision(problem, roughness)
                new_value = _objective(problem, theta, prior)[0]
        if settled and (not moved or new_value - value < tolerance):
            converged = True
            value = new_value
            break
        value = new_value
    covariance, log_determinant = _covariance(problem, matrix)
    return Fit(theta, covariance, likelihood, value, roughness, log_determinant, converged)


def _covariance(problem: Problem, matrix: Floats) -> tuple[Floats, float]:
    """Return the covariance of all parameters and the log determinant of the information."""
    free = problem.free
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-30))
    scaled = matrix / np.outer(scale, scale)
    eye = np.eye(len(scaled))
    try:
        factor = linalg.cho_factor(scaled + 1e-11 * eye, check_finite=False)
        inverse = linalg.cho_solve(factor, eye, check_finite=False)
        log_determinant = 2 * float(np.log(np.diag(factor[0])).sum() + np.log(scale).sum())
    except linalg.LinAlgError:
        inverse = np.linalg.pinv(scaled, rcond=1e-10, hermitian=True)
        log_determinant = float("inf")
    full = np.zeros((problem.lay.size, problem.lay.size))
    full[np.ix_(free, free)] = inverse / np.outer(scale, scale)
    return full, log_determinant


def _roughness(
    problem: Problem, theta: Floats, matrix: Floats, roughness: tuple[float, float]
) -> tuple[float, float]:
    """Return the Fellner–Schall update of the two variances, over-relaxed; straight when nothing bends."""
    lay, shape = problem.lay, problem.shape
    variance = np.diag(_covariance(problem, matrix)[0])

    def update(place: slice, prior: Floats, now: float) -> float:
        size = prior.size
        if size == 0 or place.start in problem.fixed:
            return now
        spent = size - float(np.sum(variance[place] / prior)) / now
        if spent < 0.02:
            return SMOOTH
        ratio = float(np.sum(theta[place] ** 2 / prior)) / (spent * now)
        return float(np.clip(now * ratio**1.5, max(now / 50, SMOOTH), now * 50))

    return (
        update(lay.wave, shape.wave_prior, roughness[0]),
        update(lay.swell, shape.swell_prior, roughness[1]) if lay.swells else roughness[1],
    )
