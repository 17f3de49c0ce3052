"""The Thompson–Cox–Hastings pseudo-Voigt profile, normalised to area one, with its derivatives."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_LN2 = float(np.log(2.0))
#: coefficients of the total width and of the mixing (Thompson, Cox & Hastings, J. Appl. Cryst. 20 (1987) 79)
_WIDTH = (1.0, 2.69269, 2.42843, 4.47163, 0.07842, 1.0)
_MIXING = (1.36603, -0.47719, 0.11116)


@dataclass(frozen=True, slots=True)
class Widths:
    """Total width and mixing of lines, with their derivatives by the Gaussian and Lorentzian widths."""

    total: Floats
    mixing: Floats
    total_by_gauss: Floats
    total_by_lorentz: Floats
    mixing_by_gauss: Floats
    mixing_by_lorentz: Floats


def widths(gauss: Floats, lorentz: Floats) -> Widths:
    """Return the pseudo-Voigt's total FWHM and mixing from the two FWHM, all in degree, (n,)."""
    g, l = gauss, lorentz
    a = _WIDTH
    total = (
        a[0] * g**5
        + a[1] * g**4 * l
        + a[2] * g**3 * l**2
        + a[3] * g**2 * l**3
        + a[4] * g * l**4
        + a[5] * l**5
    ) ** 0.2
    slope = 5 * total**4
    by_g = (
        5 * g**4 + 4 * a[1] * g**3 * l + 3 * a[2] * g**2 * l**2 + 2 * a[3] * g * l**3 + a[4] * l**4
    ) / slope
    by_l = (
        a[1] * g**4 + 2 * a[2] * g**3 * l + 3 * a[3] * g**2 * l**2 + 4 * a[4] * g * l**3 + 5 * l**4
    ) / slope
    r = l / total
    m = _MIXING
    mixing = r * (m[0] + r * (m[1] + r * m[2]))
    by_r = m[0] + r * (2 * m[1] + r * 3 * m[2])
    return Widths(total, mixing, by_g, by_l, -by_r * r / total * by_g, by_r * (1 - r * by_l) / total)


def profile(offset: Floats, total: Floats, mixing: Floats) -> Floats:
    """Return the profile at offsets x − x₀ (degree); area one over 2θ in degree."""
    u = offset / total
    lorentz = (2 / np.pi) / (1 + 4 * u * u)
    gauss = (2 * np.sqrt(_LN2 / np.pi)) * np.exp(-4 * _LN2 * u * u)
    return np.asarray((mixing * lorentz + (1 - mixing) * gauss) / total)


def profile_slopes(offset: Floats, total: Floats, mixing: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the profile and its derivatives by position, total width and mixing."""
    u = offset / total
    base = 1 / (1 + 4 * u * u)
    lorentz = (2 / np.pi) / total * base
    gauss = (2 * np.sqrt(_LN2 / np.pi)) / total * np.exp(-4 * _LN2 * u * u)
    value = mixing * lorentz + (1 - mixing) * gauss
    by_u = -8 * u * (mixing * lorentz * base + (1 - mixing) * _LN2 * gauss)
    return value, -by_u / total, -(value + u * by_u) / total, lorentz - gauss
