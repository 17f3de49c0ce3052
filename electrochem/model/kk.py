"""Kramers–Kronig test that models the noise: do both parts of Z follow from one set of relaxations?

Under the relations one set of coefficients of a chain of relaxations (Boukamp, J. Electrochem. Soc. 142
(1995) 1885) explains the real and the imaginary part. The test compares it, by an F ratio, with separate
coefficients for each part: the noise level cancels, so that good spectra of any noise pass.
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
    count = int(min(max(round(PER_DECADE * decades), 4), max((2 * omega.size - 6) // 4, 3)))
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
    weight = 1.0 / np.abs(spectrum)
    real, imaginary = _chain(omega)
    a, b = real * weight[:, None], imaginary * weight[:, None]
    y_re, y_im = spectrum.real * weight, spectrum.imag * weight
    joint, joint_rank, rest = _explained(np.vstack([a, b]), np.concatenate([y_re, y_im]))
    re, re_rank, _ = _explained(a, y_re)
    im, im_rank, _ = _explained(b, y_im)
    extra, dof = re_rank + im_rank - joint_rank, 2 * n - re_rank - im_rank
    residual = np.empty(n, dtype=np.complex128)
    residual[order] = rest[:n] + 1j * rest[n:]
    if extra <= 0 or dof <= 0:
        return KramersKronig(1.0, float("nan"), 0.0, residual)
    ratio = ((joint - re - im) / extra) / max((re + im) / dof, 1e-300)
    more = max(joint - re - im - extra * (re + im) / dof, 0.0)
    return KramersKronig(
        float(stats.f.sf(ratio, extra, dof)),
        float(np.sqrt((re + im) / dof)),
        float(np.sqrt(more / n)),
        residual,
    )
