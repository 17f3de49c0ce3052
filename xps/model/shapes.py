"""The pseudo-Voigt sum, its integral and its derivatives in closed form."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

Floats = NDArray[np.float64]

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
