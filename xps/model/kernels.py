"""Line shapes, compiled: value, derivatives and running integral of one line on an energy axis."""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from interlayer.xps.model.doniach import doniach
from interlayer.xps.model.powers import asymmetric, product

Floats = NDArray[np.floating[Any]]

#: shapes by number; the order is that of `interlayer.xps.model.shapes.SHAPES`
PSEUDO_VOIGT, VOIGT, PRODUCT, DONIACH, ASYMMETRIC = range(5)

#: rows that `fill` writes: value, its derivatives by position, FWHM and the three shape parameters, then the
#: integral from minus infinity and its derivatives in the same order
ROWS = 12

_LN2 = math.log(2.0)
_GAUSS = math.sqrt(4.0 * _LN2 / math.pi)
_ERF = 2.0 * math.sqrt(_LN2)
_SIGMA = 1.0 / math.sqrt(8.0 * _LN2)
_ROOT_PI = math.sqrt(math.pi)
#: the Gaussian part never vanishes, so that the Voigt function keeps its derivatives
_MOST_LORENTZIAN = 0.97


def _weideman(order: int) -> tuple[Floats, float]:
    """Return the coefficients of J. A. C. Weideman, SIAM J. Numer. Anal. 31, 1497 (1994), and its L."""
    scale = math.sqrt(order / math.sqrt(2.0))
    theta = np.arange(-2 * order + 1, 2 * order) * math.pi / (2 * order)
    t = scale * np.tan(theta / 2.0)
    f = np.concatenate([[0.0], np.exp(-t * t) * (scale**2 + t * t)])
    a = np.real(np.fft.fft(np.fft.fftshift(f))) / (4 * order)
    return np.ascontiguousarray(a[1 : order + 1][::-1]), scale


_COEFFICIENTS, _L = _weideman(40)


@njit(cache=True, error_model="numpy")
def faddeeva(z: complex) -> complex:
    """Return w(z) for Im z > 0, to 1e-13 (Weideman 1994, 40 terms)."""
    low = _L - 1j * z
    ratio = (_L + 1j * z) / low
    total = 0.0j
    for each in _COEFFICIENTS:
        total = total * ratio + each
    return 2.0 * total / (low * low) + (1.0 / _ROOT_PI) / low


@njit(cache=True, error_model="numpy")
def _pseudo_voigt(energy: Floats, position: float, fwhm: float, eta: float, skew: float, out: Floats) -> None:
    high = _GAUSS / fwhm
    flat = 2.0 / (math.pi * fwhm)
    inverse_width = 1.0 / fwhm
    for i in range(energy.size):
        distance = (energy[i] - position) * inverse_width
        sign = 1.0 if distance > 0.0 else -1.0
        stretch = 1.0 + sign * skew
        t = distance / stretch
        tt = t * t
        gauss = high * math.exp(-4.0 * _LN2 * tt)
        inverse = 1.0 / (1.0 + 4.0 * tt)
        lorentz = flat * inverse
        g, l = (1.0 - eta) * gauss, eta * lorentz
        value = g + l
        slope = l * (8.0 * inverse) + g * (8.0 * _LN2)
        below_gauss = 0.5 + 0.5 * math.erf(_ERF * t)
        below_lorentz = 0.5 + math.atan(2.0 * t) / math.pi
        below = below_gauss + eta * (below_lorentz - below_gauss)
        out[0, i] = value
        out[1, i] = slope * t * inverse_width / stretch
        out[2, i] = (slope * tt - value) * inverse_width
        out[3, i] = lorentz - gauss
        out[4, i] = slope * tt * sign / stretch
        out[6, i] = 0.5 * (1.0 - skew) + stretch * (below - 0.5)
        out[7, i] = -value
        out[8, i] = -distance * value
        out[9, i] = stretch * (below_lorentz - below_gauss)
        out[10, i] = sign * (below - 0.5 - value * fwhm * t) - 0.5


@njit(cache=True, error_model="numpy")
def _voigt(energy: Floats, position: float, fwhm: float, eta: float, skew: float, out: Floats) -> None:
    share = min(eta, _MOST_LORENTZIAN)
    remain = 1.0 - 0.5346 * share
    gauss = math.sqrt(remain**2 - 0.2166 * share**2)
    gauss_slope = (-0.5346 * remain - 0.2166 * share) / gauss
    sigma, gamma = _SIGMA * gauss, 0.5 * share
    mix = 1.36603 * share - 0.47719 * share**2 + 0.11116 * share**3
    mix_slope = 1.36603 - 2 * 0.47719 * share + 3 * 0.11116 * share**2
    _pseudo_voigt(energy, position, fwhm, mix, skew, out)
    norm = 1.0 / (2.0 * sigma**2 * _ROOT_PI * fwhm)
    for i in range(energy.size):
        sign = 1.0 if energy[i] > position else -1.0
        stretch = 1.0 + sign * skew
        t = (energy[i] - position) / (fwhm * stretch)
        z = (t + 1j * gamma) / (sigma * math.sqrt(2.0))
        w = faddeeva(z)
        first = -2.0 * z * w + 2j / _ROOT_PI
        second = -2.0 * w - 2.0 * z * first
        value = w.real / (sigma * math.sqrt(2.0 * math.pi) * fwhm)
        slope = first.real * norm
        by_sigma = second.real * norm / math.sqrt(2.0)
        out[0, i] = value
        out[1, i] = -slope / (fwhm * stretch)
        out[2, i] = -(value + t * slope) / fwhm
        out[3, i] = -0.5 * first.imag * norm + _SIGMA * gauss_slope * by_sigma
        out[4, i] = -slope * t * sign / stretch
        out[9, i] *= mix_slope


@njit(cache=True, error_model="numpy")
def fill(
    shape: int, energy: Floats, position: float, fwhm: float, eta: float, skew: float, out: Floats
) -> None:
    """Write the ``ROWS`` rows of one pseudo-Voigt or Voigt line of unit area (other rows stay as they are).

    Parameters
    ----------
    shape
        PSEUDO_VOIGT or VOIGT.
    energy
        (m,) in eV.
    position, fwhm
        In eV; the position is that of the maximum.
    skew
        The width is (1 + skew) times that given above the position and (1 − skew) times below it; area and
        full width at half maximum stay.
    out
        (ROWS, m).
    """
    if shape == VOIGT:
        _voigt(energy, position, fwhm, eta, skew, out)
    else:
        _pseudo_voigt(energy, position, fwhm, eta, skew, out)


def fill_any(
    shape: int, energy: Floats, position: float, fwhm: float, parameters: Floats, out: Floats
) -> None:
    """Write the rows of one line of any shape; the rarer ones are compiled when they are used."""
    if shape == PRODUCT:
        product(energy, position, fwhm, parameters[0], out)
    elif shape == DONIACH:
        doniach(energy, position, fwhm, parameters, out)
    elif shape == ASYMMETRIC:
        asymmetric(energy, position, fwhm, parameters, out)
    else:
        fill(shape, energy, position, fwhm, parameters[0], parameters[1], out)
