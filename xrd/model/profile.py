"""The Thompson–Cox–Hastings pseudo-Voigt profile, normalised to area one.

Its compiled form with derivatives is in `interlayer.xrd.model.kernels`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_LN2 = float(np.log(2.0))
#: coefficients of the total width (Thompson, Cox & Hastings, J. Appl. Cryst. 20 (1987) 79)
_WIDTH = (1.0, 2.69269, 2.42843, 4.47163, 0.07842, 1.0)


def fwhm(gauss: Floats, lorentz: Floats) -> Floats:
    """Return the pseudo-Voigt's FWHM from its Gaussian and Lorentzian FWHM, all in degree, (n,)."""
    powers = [a * gauss ** (5 - i) * lorentz**i for i, a in enumerate(_WIDTH)]
    return np.asarray(np.sum(powers, axis=0) ** 0.2)


def profile(offset: Floats, total: Floats, mixing: Floats) -> Floats:
    """Return the profile at offsets x − x₀ (degree); area one over 2θ in degree."""
    u = offset / total
    lorentz = (2 / np.pi) / (1 + 4 * u * u)
    gauss = (2 * np.sqrt(_LN2 / np.pi)) * np.exp(-4 * _LN2 * u * u)
    return np.asarray((mixing * lorentz + (1 - mixing) * gauss) / total)
