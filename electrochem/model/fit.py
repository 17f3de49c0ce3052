"""Batched Levenberg–Marquardt fits of circuits: many spectra, many starts, analytic derivatives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from interlayer.electrochem.model.circuit import Circuit
from interlayer.electrochem.model.starts import order_arcs, starts

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
_CHUNK = 2400
#: exponents of the noise model σ ∝ |Z|^γ that are compared
EXPONENTS = (1.0, 0.5, 0.0)
_AT_BOUND = 1e-6


@dataclass(frozen=True, slots=True)
class Fit:
    """Fits of one circuit to spectra at the same frequencies.

    Parameters
    ----------
    x, covariance
        Parameters in the scale of the fit (spectra, parameters) and their covariance; arcs of rising time
        constant. A parameter at its bound has zero variance.
    chi_square
        Weighted sum of squared residuals, for weights |Z|^−γ.
    exponent
        γ of the noise model per spectrum.
    noise
        Standard deviation of one part of Z relative to |Z|^γ.
    log_likelihood
        Of the noise model at its best.
    """

    circuit: Circuit
    frequency: Floats
    z: Complexes
    x: Floats
    covariance: Floats
    chi_square: Floats
    exponent: Floats
    noise: Floats
    log_likelihood: Floats
    converged: NDArray[np.bool_]

    @property
    def values(self) -> Floats:
        """Return the physical parameters (spectra, parameters)."""
        return self.circuit.outer(self.x)

    @property
    def dof(self) -> int:
        """Return the degrees of freedom of one fit."""
        return max(2 * int(self.z.shape[1]) - int(self.x.shape[1]), 1)

    @property
    def stddev(self) -> Floats:
        """Return standard deviations in the scale of the fit."""
        return np.asarray(np.sqrt(np.maximum(np.einsum("njj->nj", self.covariance), 0.0)))

    def interval(self, spectrum: int, name: str) -> tuple[float, float, float, float]:
        """Return value, standard deviation, low and high (95 %, Student t) of a physical parameter."""
        k = self.circuit.names.index(name)
        x, s = float(self.x[spectrum, k]), float(self.stddev[spectrum, k])
        reach = float(stats.t.ppf(0.975, self.dof)) * s
        if self.circuit.log[k]:
            value = float(np.exp(x))
            return value, value * s, float(np.exp(x - reach)), float(np.exp(x + reach))
        return x, s, x - reach, x + reach

    def model(self) -> Complexes:
        """Return the fitted Z (spectra, points)."""
        return self.circuit.evaluate(self.x, _omega(self.frequency))[0]


def _omega(frequency: Floats) -> Floats:
    return np.atleast_2d(2 * np.pi * frequency)


def fit(
    circuit: Circuit,
    frequency: Floats,
    z: Complexes,
    *,
    start: Floats | None = None,
    count: int = 24,
    exponent: float | None = None,
    iterations: int = 60,
) -> Fit:
    """Fit one circuit to spectra (spectra, points) at frequencies (points,).

    Without ``start`` (physical values), ``count`` starts are drawn per spectrum, followed for a few steps,
    and the best three are finished. The noise exponent γ is chosen by likelihood unless given.
    """
    z = np.atleast_2d(z)
    omega = _omega(frequency)
    weights = 1.0 / np.abs(z)
    if start is None:
        x, cost, done = _from_nothing(circuit, frequency, z, weights, count, iterations)
    else:
        first = circuit.inner(
            np.broadcast_to(np.asarray(start, dtype=np.float64), (z.shape[0], len(circuit.names)))
        )
        x, cost, done = levenberg_marquardt(circuit, omega, z, weights, first, iterations)
    gamma = np.full(z.shape[0], 1.0 if exponent is None else exponent)
    likelihood = _likelihood(cost, z, 1.0)
    for trial in EXPONENTS[1:] if exponent is None else (exponent,):
        if trial == 1.0:
            continue
        weight = np.abs(z) ** -trial
        again, cost_again, done_again = levenberg_marquardt(circuit, omega, z, weight, x, iterations)
        better = _likelihood(cost_again, z, trial)
        # one of the three must be clearly better (factor 20) to replace proportional noise
        take = better > likelihood + (3.0 if exponent is None else -np.inf)
        x, cost, done = (
            np.where(take[:, None], again, x),
            np.where(take, cost_again, cost),
            np.where(take, done_again, done),
        )
        gamma, likelihood = np.where(take, trial, gamma), np.where(take, better, likelihood)
    order = order_arcs(circuit, x)
    x = np.take_along_axis(x, order, axis=1)
    dof = max(2 * z.shape[1] - x.shape[1], 1)
    covariance = _covariance(circuit, omega, np.abs(z) ** -gamma[:, None], x) * (cost / dof)[:, None, None]
    return Fit(circuit, frequency, z, x, covariance, cost, gamma, np.sqrt(cost / dof), likelihood, done)


def _likelihood(cost: Floats, z: Complexes, gamma: float) -> Floats:
    """Return the Gaussian log likelihood, σ = s |Z|^γ for each part, with s at its maximum."""
    n = 2 * z.shape[1]
    spread = 2 * gamma * np.log(np.abs(z)).sum(axis=1)
    return np.asarray(-0.5 * n * np.log(np.maximum(cost, 1e-300) / n) - spread - 0.5 * n)


def _from_nothing(
    circuit: Circuit, frequency: Floats, z: Complexes, weights: Floats, count: int, iterations: int
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    omega = _omega(frequency)
    kept = min(3, count)
    size = len(circuit.names)
    best = np.empty((z.shape[0], kept, size))
    step = max(1, _CHUNK // count)
    for at in range(0, z.shape[0], step):
        some = slice(at, at + step)
        first = starts(circuit, frequency, z[some], count)
        n = first.shape[0]
        zs, ws = np.repeat(z[some], count, axis=0), np.repeat(weights[some], count, axis=0)
        x, cost, _ = levenberg_marquardt(circuit, omega, zs, ws, first.reshape(-1, size), 12)
        ranks = np.argsort(cost.reshape(n, count), axis=1)[:, :kept]
        best[some] = np.take_along_axis(x.reshape(n, count, size), ranks[:, :, None], axis=1)
    zs, ws = np.repeat(z, kept, axis=0), np.repeat(weights, kept, axis=0)
    x, cost, done = levenberg_marquardt(circuit, omega, zs, ws, best.reshape(-1, size), 2 * iterations)
    winner = np.argmin(cost.reshape(-1, kept), axis=1)
    rows = np.arange(z.shape[0]) * kept + winner
    return x[rows], cost[rows], done[rows]


def _residual(
    circuit: Circuit, omega: Floats, z: Complexes, weights: Floats, x: Floats
) -> tuple[Floats, Floats]:
    model, jacobian = circuit.evaluate(x, omega)
    r = (model - z) * weights
    j = jacobian * weights[:, :, None]
    return np.concatenate([r.real, r.imag], axis=1), np.concatenate([j.real, j.imag], axis=1)


def levenberg_marquardt(
    circuit: Circuit, omega: Floats, z: Complexes, weights: Floats, x: Floats, iterations: int
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return parameters, cost and convergence of many fits at once (Marquardt 1963; bounds by projection)."""
    low, high = circuit.bounds
    x = np.clip(x, low, high)
    size = x.shape[1]
    eye = np.eye(size)
    with np.errstate(all="ignore"):
        r, j = _residual(circuit, omega, z, weights, x)
        cost = _finite(np.einsum("ij,ij->i", r, r))
        damping = np.full(x.shape[0], 1e-2)
        done = np.zeros(x.shape[0], dtype=bool)
        active = np.arange(x.shape[0])
        gram = np.matmul(j.transpose(0, 2, 1), j)
        slope = np.einsum("nij,ni->nj", j, r)
        for _ in range(iterations):
            diagonal = np.einsum("njj->nj", gram[active])
            held = ((x[active] <= low) & (slope[active] > 0)) | ((x[active] >= high) & (slope[active] < 0))
            matrix = gram[active] + eye * (damping[active, None] * diagonal + 1e-14)[:, None, :]
            free = ~held
            matrix = np.where(free[:, :, None] & free[:, None, :], matrix, eye)
            move = -_solve(matrix, np.where(free, slope[active], 0.0))
            trial = np.clip(x[active] + np.clip(move, -2.0, 2.0), low, high)
            omegas = omega if omega.shape[0] == 1 else omega[active]
            r_new, j_new = _residual(circuit, omegas, z[active], weights[active], trial)
            cost_new = _finite(np.einsum("ij,ij->i", r_new, r_new))
            good = cost_new <= cost[active]
            settled = good & (cost[active] - cost_new <= 1e-10 * cost[active])
            taken = active[good]
            x[taken], cost[taken] = trial[good], cost_new[good]
            gram[taken] = np.matmul(j_new[good].transpose(0, 2, 1), j_new[good])
            slope[taken] = np.einsum("nij,ni->nj", j_new[good], r_new[good])
            damping[active] = np.where(good, damping[active] * 0.2, damping[active] * 4.0)
            stuck = damping[active] > 1e12
            done[active[settled | stuck]] = True
            active = active[~(settled | stuck)]
            if active.size == 0:
                break
    return x, cost, done


def _finite(cost: Floats) -> Floats:
    return np.where(np.isfinite(cost), cost, 1e300)


def _solve(matrix: Floats, right: Floats) -> Floats:
    safe = np.where(np.isfinite(matrix), matrix, 0.0)
    try:
        found = np.linalg.solve(safe, np.nan_to_num(right)[..., None])[..., 0]
    except np.linalg.LinAlgError:
        found = (np.linalg.pinv(safe) @ np.nan_to_num(right)[..., None])[..., 0]
    return np.asarray(found, dtype=np.float64)


def _covariance(circuit: Circuit, omega: Floats, weights: Floats, x: Floats) -> Floats:
    """Return (JᵀJ)⁻¹ per spectrum, with parameters at a bound held."""
    low, high = circuit.bounds
    _, jacobian = circuit.evaluate(x, omega)
    j = jacobian * weights[:, :, None]
    j = np.concatenate([j.real, j.imag], axis=1)
    held = (x - low < _AT_BOUND) | (high - x < _AT_BOUND)
    j = np.where(held[:, None, :], 0.0, j)
    scale = np.sqrt(np.einsum("nij,nij->nj", j, j))
    scale = np.where(scale > 0, scale, 1.0)
    j = j / scale[:, None, :]
    gram = np.matmul(j.transpose(0, 2, 1), j)
    inverse = np.linalg.pinv(gram, rcond=1e-13, hermitian=True)
    return np.asarray(inverse / (scale[:, :, None] * scale[:, None, :]))
