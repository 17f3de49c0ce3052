"""Batched Levenberg–Marquardt fits of circuits: many spectra, many starts, analytic derivatives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from interlayer.electrochem.model.circuit import Circuit
from interlayer.electrochem.model.marquardt import levenberg_marquardt
from interlayer.electrochem.model.starts import order_arcs, starts

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
_CHUNK = 2400
#: exponents of the noise model σ ∝ |Z|^γ that are compared
EXPONENTS = (1.0, 0.5, 0.0)
#: a noise model this much less likely (ln) with the parameters of another is not tried
_REACH = 40.0
#: residuals below this share of |Z| are no misfit: no instrument has so many digits
_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True)
class Fit:
    """Fits of one circuit to spectra at the same frequencies.

    Parameters
    ----------
    x, covariance
        Parameters in the scale of the fit (spectra, parameters) and their covariance; arcs of rising time
        constant. A parameter at its bound counts as free in the covariance.
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
            with np.errstate(over="ignore"):  # an element that is not there has no upper end
                return value, value * s, float(np.exp(x - reach)), float(np.exp(x + reach))
        bottom, top = (float(each[k]) for each in self.circuit.bounds)
        return x, s, max(x - reach, bottom), min(x + reach, top)

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
    search: bool = True,
) -> Fit:
    """Fit one circuit to spectra (spectra, points) at frequencies (points,).

    Without ``start`` (physical values), ``count`` starts are drawn per spectrum, followed for a few steps,
    and the best three are finished; with it, they are drawn where the fit ends in a misfit, unless ``search``
    is off. The noise exponent γ is chosen by likelihood unless given.
    """
    z = np.atleast_2d(z)
    omega = _omega(frequency)
    weights = np.abs(z) ** -(1.0 if exponent is None else exponent)
    if start is None:
        found = _from_nothing(circuit, frequency, z, weights, count, iterations)
    else:
        first = circuit.inner(
            np.broadcast_to(np.asarray(start, dtype=np.float64), (z.shape[0], len(circuit.names)))
        )
        found = levenberg_marquardt(circuit, omega, z, weights, first, iterations)
        if search:
            found = _again(circuit, frequency, z, weights, found, count, iterations)
    if exponent is None:
        x, done, gamma = _noise_model(circuit, omega, z, found, iterations)
    else:
        x, done, gamma = found[0], found[2], np.full(z.shape[0], exponent)
    x = np.take_along_axis(x, order_arcs(circuit, x), axis=1)
    # weights from the model: those from noisy data favour points that are too small
    weights = np.abs(circuit.evaluate(x, omega)[0]) ** -gamma[:, None]
    x, cost, _ = levenberg_marquardt(circuit, omega, z, weights, x, iterations // 3)
    x = np.take_along_axis(x, order_arcs(circuit, x), axis=1)
    model = circuit.evaluate(x, omega)[0]
    dof = max(2 * z.shape[1] - x.shape[1], 1)
    covariance = _covariance(circuit, omega, weights, x) * (cost / dof)[:, None, None]
    likelihood = _likelihood(cost, model, gamma)
    return Fit(circuit, frequency, z, x, covariance, cost, gamma, np.sqrt(cost / dof), likelihood, done)


_Found = tuple[Floats, Floats, NDArray[np.bool_]]


def _again(
    circuit: Circuit,
    frequency: Floats,
    z: Complexes,
    weights: Floats,
    found: _Found,
    count: int,
    iterations: int,
) -> _Found:
    """Fit again from the data's own starts where the given start ended in a misfit; the better is kept.

    Residuals that are serially correlated (lag one, beyond three standard errors) are a misfit: of the
    circuit, or of the optimum that was found.
    """
    x, cost, done = found
    rest = (circuit.evaluate(x, _omega(frequency))[0] - z) * weights
    lost = np.flatnonzero(_correlated(rest))
    if lost.size == 0:
        return found
    fresh = _from_nothing(circuit, frequency, z[lost], weights[lost], count, iterations)
    better = fresh[1] < cost[lost]
    take = lost[better]
    x[take], cost[take], done[take] = (each[better] for each in fresh)
    return x, cost, done


def _correlated(rest: Complexes) -> NDArray[np.bool_]:
    """Return where the residuals (spectra, points) are serially correlated: lag one above three errors."""
    along = np.real(np.sum(rest[:, 1:] * np.conj(rest[:, :-1]), axis=1))
    return np.asarray(~(along < 3.0 / np.sqrt(2 * rest.shape[1]) * np.sum(np.abs(rest) ** 2, axis=1)))


def misfit(fitted: Fit) -> NDArray[np.bool_]:
    """Return where a fit leaves serially correlated residuals: the circuit does not describe the spectrum."""
    model = fitted.model()
    rest = model - fitted.z
    large = np.sqrt(np.mean(np.abs(rest / model) ** 2, axis=1)) > _ROUNDING
    return np.asarray(large & _correlated(rest / np.abs(model) ** fitted.exponent[:, None]))


def _noise_model(
    circuit: Circuit, omega: Floats, z: Complexes, found: _Found, iterations: int
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Return parameters, convergence and the noise exponent γ of the best likelihood."""
    x, cost, done = found
    size = np.abs(z)
    gamma = np.ones(z.shape[0])
    likelihood = _likelihood(cost, z, gamma)
    for trial in EXPONENTS[1:]:
        rest = np.sum(np.abs((circuit.evaluate(x, omega)[0] - z) * size**-trial) ** 2, axis=1)
        some = np.flatnonzero(_likelihood(rest, z, np.full(z.shape[0], trial)) > likelihood - _REACH)
        if some.size == 0:
            continue
        again = levenberg_marquardt(circuit, omega, z[some], size[some] ** -trial, x[some], iterations)
        better = _likelihood(again[1], z[some], np.full(some.size, trial))
        good = better > likelihood[some] + 3.0  # clearly (factor 20) to replace proportional noise
        take = some[good]
        x[take], done[take] = again[0][good], again[2][good]
        gamma[take], likelihood[take] = trial, better[good]
    return x, done, gamma


def _likelihood(cost: Floats, z: Complexes, gamma: Floats) -> Floats:
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


def _covariance(circuit: Circuit, omega: Floats, weights: Floats, x: Floats) -> Floats:
    """Return (JᵀJ)⁻¹ per spectrum; a parameter at its bound counts as free.

    Held there, it would pass its neighbours off as better known than they are (a CPE whose n ends at 1 for
    noise alone: intervals of its R and Q then cover 85 % instead of 95 %).
    """
    _, jacobian = circuit.evaluate(x, omega)
    j = (jacobian * weights[:, None, :]).view(np.float64)
    scale = np.sqrt(np.einsum("nji,nji->nj", j, j))
    scale = np.where(scale > 0, scale, 1.0)
    j = j / scale[:, :, None]
    gram = np.matmul(j, j.transpose(0, 2, 1))
    inverse = np.linalg.pinv(gram, rcond=1e-13, hermitian=True)
    return np.asarray(inverse / (scale[:, :, None] * scale[:, None, :]))
