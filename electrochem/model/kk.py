"""Kramers–Kronig test that models the noise: do both parts of Z follow from one set of relaxations?

Under the relations one set of coefficients of a chain of relaxations (Boukamp, J. Electrochem. Soc. 142
(1995) 1885) explains the real and the imaginary part. The test compares it, by an F ratio, with separate
coefficients for each part: the noise level cancels, so that good spectra of any noise pass. How the noise
goes with |Z|, and that of each part, come from the separate fits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

#: relaxations per decade of the chain, and the decades added at each end
PER_DECADE = 3.0
MARGIN = 0.5
#: p value below which a spectrum is said to break the relations
ALARM = 0.01
#: exponents γ of the noise, σ ∝ |Z|^γ; one must be this much more likely (ln) to replace proportional noise
EXPONENTS = (1.0, 0.5, 0.0)
_CLEAR = 3.0


@dataclass(frozen=True, slots=True)
class KramersKronig:
    """Result of the test of one spectrum.

    Parameters
    ----------
    p_value
        Probability of so large a disagreement of the two parts by noise alone.
    noise
        Standard deviation of one part relative to |Z|, from separate fits of the two parts.
    disagreement
        Root-mean-square part of the residual, relative to |Z|, that is more than this noise.
    residual
        (Z − chain)/|Z| (points,), complex, of the common fit.
    """

    p_value: float
    noise: float
    disagreement: float
    residual: Complexes

    def consistent(self, among: int = 1) -> bool:
        """Return False when the spectrum breaks the relations, one of ``among`` that were tested."""
        return self.p_value >= ALARM / among  # Bonferroni: one false alarm in a hundred series


def _chain(omega: Floats) -> tuple[Floats, Floats]:
    """Return the real and imaginary design matrices (points, coefficients): R∞, L, C and the relaxations."""
    decades = np.log10(omega.max() / omega.min()) + 2 * MARGIN
    count = int(min(max(round(PER_DECADE * decades), 4), max(round(0.5 * omega.size), 3)))
    tau = np.logspace(-np.log10(omega.max()) - MARGIN, -np.log10(omega.min()) + MARGIN, count)
    kernel = 1.0 / (1.0 + 1j * omega[:, None] * tau[None, :])
    zero = np.zeros_like(omega)
    real = np.column_stack([zero + 1.0, zero, zero, kernel.real])
    imaginary = np.column_stack([zero, omega / omega.max(), -omega.min() / omega, kernel.imag])
    return real, imaginary


def _explained(design: Floats, target: Floats) -> tuple[float, int, Floats]:
    """Return the residual sum of squares, the rank, and the residuals of a least-squares fit."""
    scale = np.linalg.norm(design, axis=0)
    design = design[:, scale > 0] / scale[scale > 0]
    u, s, _ = np.linalg.svd(design, full_matrices=False)
    u = u[:, s > 1e-9 * s[0]]
    rest = target - u @ (u.T @ target)
    return float(rest @ rest), u.shape[1], rest


def test(frequency: Floats, z: Complexes) -> KramersKronig:
    """Test one spectrum; at least 8 points are needed for a verdict (p = 1 below)."""
    n = frequency.size
    if n < 8:
        return KramersKronig(1.0, float("nan"), 0.0, np.zeros(n, dtype=np.complex128))
    order = np.argsort(frequency)
    omega, spectrum = 2 * np.pi * frequency[order], z[order]
    real, imaginary = _chain(omega)
    best = _best(real, imaginary, spectrum)
    extra, dof, more, rest = best.joint()
    size = np.abs(spectrum)
    residual = np.empty(n, dtype=np.complex128)
    residual[order] = rest / size
    if extra <= 0 or dof <= 0:
        return KramersKronig(1.0, float("nan"), 0.0, residual)
    noise = float(np.sqrt(np.mean((best.sigma[:, None] / best.weight / size) ** 2)))
    excess = max(more - extra, 0.0) / (2 * n)
    return KramersKronig(
        float(stats.f.sf(more / extra, extra, dof)), noise, noise * float(np.sqrt(excess)), residual
    )


def _best(real: Floats, imaginary: Floats, z: Complexes) -> "_Separate":
    """Return the separate fits under the noise model that makes the common fit most likely."""
    log_size = float(np.log(np.abs(z)).sum())
    found: list[tuple[float, _Separate]] = []
    for gamma in EXPONENTS:
        trial = _separate(real, imaginary, z, gamma)
        extra, dof, more, _ = trial.joint()
        n = 2 * z.size
        log_sigma = float(np.log(trial.sigma).sum()) * z.size
        spread = n * np.log(max(more + dof, 1e-300) / max(dof + extra, 1)) / 2
        found.append((-spread - log_sigma - 2 * gamma * log_size, trial))
    return max(found, key=lambda each: each[0] + _CLEAR * (each is found[0]))[1]


@dataclass(frozen=True, slots=True)
class _Separate:
    """Separate fits of the two parts under one noise model: designs and targets weighted, σ of each part."""

    designs: tuple[Floats, Floats]
    targets: tuple[Floats, Floats]
    weight: Floats
    ranks: tuple[int, int]
    sigma: Floats

    def joint(self) -> tuple[int, int, float, Complexes]:
        """Return extra coefficients, degrees of freedom, rise of χ² of the common fit, residuals in ohm."""
        n = self.weight.size
        design = np.vstack([a / s for a, s in zip(self.designs, self.sigma, strict=True)])
        target = np.concatenate([y / s for y, s in zip(self.targets, self.sigma, strict=True)])
        total, rank, rest = _explained(design, target)
        dof = 2 * n - sum(self.ranks)
        residual = (rest[:n] * self.sigma[0] + 1j * rest[n:] * self.sigma[1]) / self.weight
        return sum(self.ranks) - rank, dof, total - dof, residual


def _separate(real: Floats, imaginary: Floats, z: Complexes, gamma: float) -> _Separate:
    size = np.abs(z)
    weight = size**-gamma
    designs = (real * weight[:, None], imaginary * weight[:, None])
    targets = (z.real * weight, z.imag * weight)
    (re, re_rank, _), (im, im_rank, _) = (_explained(a, y) for a, y in zip(designs, targets, strict=True))
    n = z.size
    free = np.array([max(n - re_rank, 1), max(n - im_rank, 1)])
    variance = np.maximum(np.array([re, im]), 1e-300) / free
    pooled = (re + im) / free.sum()
    # one noise for both parts unless they clearly differ (F test at 1 %)
    ratio = float(variance.max() / variance.min())
    both = stats.f.sf(ratio, free[int(np.argmax(variance))], free[int(np.argmin(variance))]) > 0.005
    sigma = np.sqrt(np.full(2, max(pooled, 1e-300)) if both else variance)
    return _Separate(designs, targets, weight, (re_rank, im_rank), sigma)
