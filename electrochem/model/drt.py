"""Distribution of relaxation times: Z = R∞ + jωL + 1/(jωC) + ∫ γ(ln τ) / (1 + jωτ) d ln τ, with γ ≥ 0.

Tikhonov regularisation of the second derivative (Wan, Saccoccio, Chen, Ciucci, Electrochim. Acta 184 (2015)
483); its strength by generalised cross-validation (Golub, Heath, Wahba, Technometrics 21 (1979) 215), so that
nothing is tuned. Peaks are then described as ZARC elements, whose distribution is known in closed form.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

#: grid points per decade of τ, and decades beyond the measured range at each end
PER_DECADE = 12
MARGIN = 0.5
_STRENGTHS = np.logspace(-5, 3, 33)
#: noise below this share of |Z| is not believed: the grid itself is no better, and γ would ring
_LEAST_NOISE = 5e-4
#: a peak below this share of the largest, or this many of its standard deviations, is not one
_LEAST_SHARE = 0.05
_LEAST_SIGMAS = 3.0


@dataclass(frozen=True, slots=True)
class Peak:
    """One relaxation: time constant in s, area in ohm between the minima beside it, open at an end?"""

    tau: float
    area: float
    open_end: bool


@dataclass(frozen=True, slots=True)
class Distribution:
    """γ(ln τ) of one spectrum.

    Parameters
    ----------
    tau
        Grid in s, ascending (grid,).
    gamma, gamma_stddev
        In ohm; the standard deviation is that of the regularised solution (what γ ≥ 0 adds is ignored).
    resistance
        R∞ in ohm, ``inductance`` L in H, ``elastance`` 1/C in 1/F.
    strength
        The regularisation that cross-validation chose.
    model
        Z of the distribution at the frequencies given.
    """

    tau: Floats
    gamma: Floats
    gamma_stddev: Floats
    resistance: float
    inductance: float
    elastance: float
    strength: float
    model: Complexes
    peaks: tuple[Peak, ...]


def distribution(frequency: Floats, z: Complexes) -> Distribution:
    """Return the distribution of relaxation times of one spectrum (points,), frequencies in Hz.

    The weights are 1/|Z|. At least 8 points are needed.
    """
    omega = 2 * np.pi * frequency
    tau = _grid(omega)
    step = float(np.log(tau[1] / tau[0]))
    kernel = step / (1.0 + 1j * omega[:, None] * tau[None, :])
    scale = np.array([1.0, omega.max(), 1.0 / omega.min()])
    one = np.ones(omega.size, dtype=np.complex128)
    extra = np.column_stack([one, 1j * omega / scale[1], -1j / (omega * scale[2])])
    weight = 1.0 / np.abs(z)
    size = float(np.median(np.abs(z)))
    design = (
        np.concatenate([_parts(extra * weight[:, None]), _parts(kernel * weight[:, None])], axis=1) * size
    )
    target = np.concatenate([z.real * weight, z.imag * weight])
    penalty = _penalty(tau.size, extra.shape[1])
    strength = _cross_validated(design, target, penalty)
    stacked = np.concatenate([design, np.sqrt(strength) * penalty])
    solution, _ = optimize.nnls(stacked, np.concatenate([target, np.zeros(penalty.shape[0])]))
    rest = design @ solution - target
    gram = stacked.T @ stacked
    dof = max(target.size - float(np.trace(np.linalg.solve(gram, design.T @ design))), 1.0)
    covariance = np.linalg.inv(gram) * float(rest @ rest) / dof
    spread = np.sqrt(np.diag(covariance))[extra.shape[1] :] * size
    gamma = solution[extra.shape[1] :] * size
    series = solution[: extra.shape[1]] * size
    model = extra @ series + kernel @ gamma
    return Distribution(
        tau,
        gamma,
        spread,
        float(series[0]),
        float(series[1] / scale[1]),
        float(series[2] / scale[2]),
        strength,
        np.asarray(model, dtype=np.complex128),
        _peaks(tau, gamma, spread, step),
    )


def _grid(omega: Floats) -> Floats:
    low, high = -np.log10(omega.max()) - MARGIN, -np.log10(omega.min()) + MARGIN
    return np.logspace(low, high, round(PER_DECADE * (high - low)) + 1)


def _parts(values: NDArray[np.generic]) -> Floats:
    return np.asarray(np.concatenate([np.real(values), np.imag(values)]), dtype=np.float64)


def _penalty(grid: int, extra: int) -> Floats:
    """Return an invertible penalty: second differences of γ (0 beyond the grid), next to nothing else."""
    second = np.diag(np.full(grid, -2.0)) + np.diag(np.ones(grid - 1), 1) + np.diag(np.ones(grid - 1), -1)
    penalty = np.zeros((grid + extra, grid + extra))
    penalty[extra:, extra:] = second * PER_DECADE**2 / 100.0
    penalty[:extra, :extra] = np.eye(extra) * 1e-4
    return penalty


def _cross_validated(design: Floats, target: Floats, penalty: Floats) -> float:
    """Return the strength of least generalised cross-validation error, γ ≥ 0 left aside."""
    u, s, _ = np.linalg.svd(np.linalg.solve(penalty.T, design.T).T, full_matrices=False)
    along = u.T @ target
    beyond = float(target @ target - along @ along)
    kept = s[None, :] ** 2 / (s[None, :] ** 2 + _STRENGTHS[:, None])
    error = np.sum(((1 - kept) * along[None, :]) ** 2, axis=1) + max(beyond, 0.0)
    error += target.size * _LEAST_NOISE**2
    # the 1.4 guards against too little smoothing (Cummins, Filloon, Nychka, JASA 96 (2001) 233)
    score = error / np.maximum(target.size - 1.4 * kept.sum(axis=1), 1.0) ** 2
    return float(_STRENGTHS[int(np.argmin(score))])


def _peaks(tau: Floats, gamma: Floats, spread: Floats, step: float) -> tuple[Peak, ...]:
    inner = np.flatnonzero((gamma[1:-1] >= gamma[:-2]) & (gamma[1:-1] > gamma[2:])) + 1
    tall = [
        int(k)
        for k in inner
        if gamma[k] > _LEAST_SHARE * gamma.max() and gamma[k] > _LEAST_SIGMAS * spread[k]
    ]
    edges = [0]
    for a, b in itertools.pairwise(tall):
        edges.append(a + int(np.argmin(gamma[a : b + 1])))
    edges.append(tau.size - 1)
    found = []
    for place, k in enumerate(tall):
        part = gamma[edges[place] : edges[place + 1] + 1]
        area = float(np.trapezoid(part, dx=step))
        ends = max(part[0], part[-1]) if edges[place] == 0 or edges[place + 1] == tau.size - 1 else 0.0
        found.append(Peak(float(tau[k]), area, bool(ends > 0.2 * gamma[k])))
    return tuple(found)
