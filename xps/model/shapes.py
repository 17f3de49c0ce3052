"""The pseudo-Voigt sum, its integral and its derivatives in closed form."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, wofz

Floats = NDArray[np.floating[Any]]

_LN2 = math.log(2.0)
_GAUSS = math.sqrt(4.0 * _LN2 / math.pi)
_ERF = 2.0 * math.sqrt(_LN2)


@dataclass(slots=True)
class Profile:
    """Unit-area profiles of n peaks at m energies, all arrays (n, m).

    Parameters
    ----------
    value, by_position, by_fwhm, by_eta
        The profile (1/eV) and its derivatives.
    below, below_by_position, below_by_fwhm, below_by_eta
        Its integral from minus infinity to the energy, and derivatives.
    """

    value: Floats
    by_position: Floats
    by_fwhm: Floats
    by_eta: Floats
    below: Floats
    below_by_position: Floats
    below_by_fwhm: Floats
    below_by_eta: Floats


def pseudo_voigt(energy: Floats, position: Floats, fwhm: Floats, eta: float) -> Profile:
    """Return η·Lorentzian + (1−η)·Gaussian of one common FWHM, area-normalised.

    Parameters
    ----------
    energy
        (m,) in eV, any order and spacing.
    position, fwhm
        (n,) in eV.
    eta
        Lorentzian fraction of the area, 0 to 1.

    Notes
    -----
    The integrals are erf and arctan in closed form, so that nothing made from them depends on the step or
    the direction of the axis.

    Examples
    --------
    >>> import numpy as np
    >>> p = pseudo_voigt(np.array([1e6]), np.array([285.0]), np.array([1.3]), 0.3)
    >>> round(float(p.below[0, 0]), 5)
    1.0
    """
    width = fwhm[:, None]
    t = (energy - position[:, None]) / width
    tt = t * t
    gauss = (_GAUSS / width) * np.exp((-4.0 * _LN2) * tt)
    inverse = 1.0 / (1.0 + 4.0 * tt)
    lorentz = (2.0 / (math.pi * width)) * inverse
    g, l = (1.0 - eta) * gauss, eta * lorentz
    value = g + l
    slope = l * (8.0 * inverse) + g * (8.0 * _LN2)
    by_position = slope * t / width
    by_fwhm = (slope * tt - value) / width
    below_gauss = 0.5 + 0.5 * erf(_ERF * t)
    below_lorentz = 0.5 + np.arctan(2.0 * t) / math.pi
    return Profile(
        value,
        by_position,
        by_fwhm,
        lorentz - gauss,
        below_gauss + eta * (below_lorentz - below_gauss),
        -value,
        -t * value,
        below_lorentz - below_gauss,
    )


#: the Gaussian part never vanishes, so that the Voigt function keeps its derivatives
_MOST_LORENTZIAN = 0.97
_SIGMA = 1.0 / math.sqrt(8.0 * _LN2)


def voigt(energy: Floats, position: Floats, fwhm: Floats, eta: float) -> Profile:
    """Return the Voigt function: natural (Lorentzian) width folded with the analyser's (Gaussian).

    Parameters
    ----------
    energy
        (m,) in eV, any order and spacing.
    position, fwhm
        (n,) in eV; the FWHM of the whole line.
    eta
        Share of the Lorentzian FWHM in the whole FWHM, 0 to 1.

    Notes
    -----
    Widths after J. J. Olivero, R. L. Longbothum, J. Quant. Spectrosc. Radiat. Transfer 17, 233 (1977). The
    integral, used for the background step alone, is that of the pseudo-Voigt of P. Thompson, D. E. Cox,
    J. B. Hastings, J. Appl. Cryst. 20, 79 (1987), within 0.5 % of the area.

    Examples
    --------
    >>> import numpy as np
    >>> p = voigt(np.array([284.5, 285.0, 285.5]), np.array([285.0]), np.array([1.0]), 0.3)
    >>> bool(abs(p.value[0, 0] / p.value[0, 1] - 0.5) < 1e-3)
    True
    """
    share = min(eta, _MOST_LORENTZIAN)
    remain = 1.0 - 0.5346 * share
    gauss = math.sqrt(remain**2 - 0.2166 * share**2)
    gauss_slope = (-0.5346 * remain - 0.2166 * share) / gauss
    width, t, sigma, gamma = (
        fwhm[:, None],
        (energy - position[:, None]) / fwhm[:, None],
        _SIGMA * gauss,
        0.5 * share,
    )
    z = (t + 1j * gamma) / (sigma * math.sqrt(2.0))
    w = wofz(z)
    first = -2.0 * z * w + 2j / math.sqrt(math.pi)
    second = -2.0 * w - 2.0 * z * first
    value = w.real / (sigma * math.sqrt(2.0 * math.pi) * width)
    slope = first.real / (2.0 * sigma**2 * math.sqrt(math.pi) * width)
    by_gamma = -first.imag / (2.0 * sigma**2 * math.sqrt(math.pi) * width)
    by_sigma = second.real / (2.0 * sigma**2 * math.sqrt(2.0 * math.pi) * width)
    by_eta = 0.5 * by_gamma + _SIGMA * gauss_slope * by_sigma
    mix = 1.36603 * share - 0.47719 * share**2 + 0.11116 * share**3
    mix_slope = 1.36603 - 2 * 0.47719 * share + 3 * 0.11116 * share**2
    near = pseudo_voigt(energy, position, fwhm, mix)
    return Profile(
        value,
        -slope / width,
        -(value + t * slope) / width,
        by_eta,
        near.below,
        near.below_by_position,
        near.below_by_fwhm,
        mix_slope * near.below_by_eta,
    )


#: line shapes by name
SHAPES = {"pseudo-voigt": pseudo_voigt, "voigt": voigt}
