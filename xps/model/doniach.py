"""The line of S. Doniach and M. Šunjić, J. Phys. C 3, 285 (1970), folded with a Gaussian: compiled."""

import cmath
import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_SIGMA = 1.0 / math.sqrt(8.0 * math.log(2.0))
#: nodes of the Gaussian, ± 4.5 σ
_NODES, _REACH = 81, 4.5


@njit(cache=True, error_model="numpy")
def _at(t: float, gamma: float, sigma: float, slopes: tuple[float, float], alpha: float, out: Floats) -> None:
    """Write value, d/dt, d/dη, d/dα at t, then the integral over t with its d/dη and d/dα.

    Re e^{iπα/2} (1 − ix)^{α−1}, x = −t/γ, and its integral Re (i/α) e^{iπα/2} (1 − ix)^α; each a sum over the
    Gaussian's nodes.
    """
    spacing = 2.0 * _REACH / (_NODES - 1)
    out[:] = 0.0
    total = 0.0
    for k in range(_NODES):
        u = -_REACH + k * spacing
        w = math.exp(-0.5 * u * u)
        total += w
        x = -(t - sigma * u) / gamma
        by_eta = (t - sigma * u) / gamma**2 * slopes[0] + slopes[1] * u / gamma
        z = 1.0 - 1j * x
        log = cmath.log(z) + 0.5j * math.pi
        value = cmath.exp((alpha - 1.0) * cmath.log(z) + 0.5j * math.pi * alpha)
        slope = ((alpha - 1.0) * (-1j) / z * value).real
        whole = 1j / alpha * value * z
        out[0] += w * value.real
        out[1] -= w * slope / gamma
        out[2] += w * slope * by_eta
        out[3] += w * (log * value).real
        out[4] -= w * gamma * whole.real
        out[5] -= w * (slopes[0] * whole.real + gamma * value.real * by_eta)
        out[6] -= w * gamma * ((log - 1.0 / alpha) * whole).real
    out /= total


@njit(cache=True, error_model="numpy")
def doniach(energy: Floats, position: float, fwhm: float, parameters: Floats, out: Floats) -> None:
    """Write the line, of unit area inside the window of the (ascending) axis; rows as `kernels.fill`.

    ``parameters``: share η of the Lorentzian in the FWHM as for the Voigt function, asymmetry α. The
    tail is on the side of high binding energy. The shape has no finite area: the window bounds it.
    """
    share, alpha = parameters[0], parameters[1]
    remain = 1.0 - 0.5346 * share
    gauss = math.sqrt(remain**2 - 0.2166 * share**2)
    gauss_slope = (-0.5346 * remain - 0.2166 * share) / gauss
    gamma, sigma = 0.5 * share, _SIGMA * gauss
    slopes = (0.5, _SIGMA * gauss_slope)
    one, low, high = np.empty(7), np.empty(7), np.empty(7)
    t_low, t_high = (energy[0] - position) / fwhm, (energy[-1] - position) / fwhm
    _at(t_low, gamma, sigma, slopes, alpha, low)
    _at(t_high, gamma, sigma, slopes, alpha, high)
    norm = high[4] - low[4]
    # d(norm) by position and FWHM (in units of t), η, α
    by_position = -(high[0] - low[0]) / fwhm
    by_fwhm = -(t_high * high[0] - t_low * low[0]) / fwhm
    by_eta, by_alpha = high[5] - low[5], high[6] - low[6]
    for i in range(energy.size):
        t = (energy[i] - position) / fwhm
        _at(t, gamma, sigma, slopes, alpha, one)
        value, below = one[0] / norm, (one[4] - low[4]) / norm
        out[0, i] = value / fwhm
        out[1, i] = (-one[1] / (norm * fwhm) - value * by_position / norm) / fwhm
        out[2, i] = (-t * one[1] / (norm * fwhm) - value * by_fwhm / norm - value / fwhm) / fwhm
        out[3, i] = (one[2] - value * by_eta) / (norm * fwhm)
        out[4, i] = (one[3] - value * by_alpha) / (norm * fwhm)
        out[6, i] = below
        out[7, i] = (-(one[0] - low[0]) / fwhm - below * by_position) / norm
        out[8, i] = (-(t * one[0] - t_low * low[0]) / fwhm - below * by_fwhm) / norm
        out[9, i] = (one[5] - low[5] - below * by_eta) / norm
        out[10, i] = (one[6] - low[6] - below * by_alpha) / norm
