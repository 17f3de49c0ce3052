"""Line shapes by name, their parameters, and their use from Python."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps.model import kernels

Floats = NDArray[np.floating[Any]]

#: line shapes by name, in the order of the compiled numbers; what each is, with its source
SHAPES = {
    "pseudo-voigt": "η · Lorentzian + (1 − η) · Gaussian of one common FWHM, by area",
    "voigt": "Gaussian folded with Lorentzian; η is the Lorentzian's share of the FWHM, widths after J. J. "
    "Olivero, R. L. Longbothum, J. Quant. Spectrosc. Radiat. Transfer 17, 233 (1977)",
    "product": "exp(−4 ln2 (1 − η) t²) / (1 + 4 η t²), t in units of the FWHM (CasaXPS's GL)",
    "doniach-sunjic": "S. Doniach, M. Šunjić, J. Phys. C 3, 285 (1970), folded with a Gaussian; a Voigt "
    "function at α = 0; its area is that inside the window",
    "la": "Lorentzian to the power α above and β below its position, folded with a Gaussian (CasaXPS's LA)",
}
#: real lines are a little broader above their position, up to some 10 % of the width (vibrations; G. Beamson,
#: D. Briggs, High Resolution XPS of Organic Polymers, 1992)
SKEW = ("skew", -0.4, 0.4, 0.0, 0.07)
#: names, lower and upper bounds, start values and spreads of the priors of the shape parameters
PARAMETERS: dict[str, tuple[tuple[str, float, float, float, float], ...]] = {
    "pseudo-voigt": (("eta", 0.0, 1.0, 0.3, 0.2), SKEW),
    "voigt": (("eta", 0.0, 1.0, 0.3, 0.2), SKEW),
    "product": (("eta", 0.0, 1.0, 0.3, 0.2),),
    "doniach-sunjic": (("eta", 0.15, 0.95, 0.5, 0.2), ("alpha", 1e-3, 0.4, 0.08, 0.08)),
    "la": (("eta", 0.1, 3.0, 0.7, 0.4), ("alpha", 0.55, 6.0, 1.1, 0.5), ("beta", 0.55, 12.0, 1.6, 0.8)),
}


def line(shape: str, energy: Floats, position: float, fwhm: float, parameters: Floats) -> Floats:
    """Return one line of unit area (1/eV).

    Parameters
    ----------
    shape
        A name of `SHAPES`.
    energy
        (m,) binding energy in eV, any order and spacing ("doniach-sunjic": ascending).
    position, fwhm
        In eV.
    parameters
        Shape parameters, as `PARAMETERS` names them.

    Examples
    --------
    >>> import numpy as np
    >>> y = line("voigt", np.array([284.5, 285.0, 285.5]), 285.0, 1.0, np.array([0.3]))
    >>> bool(abs(y[0] / y[1] - 0.5) < 1e-3)
    True
    """
    axis = np.ascontiguousarray(energy, dtype=np.float64)
    out = np.zeros((kernels.ROWS, axis.size))
    given = np.zeros(3)
    given[: len(parameters)] = parameters
    kernels.fill_any(list(SHAPES).index(shape), axis, float(position), float(fwhm), given, out)
    return np.asarray(out[0])


def width_ratio(shape: str, parameters: Floats) -> float:
    """Return the full width at half maximum of a line whose FWHM parameter is 1.

    It is 1 for the pseudo-Voigt and, within 0.1 %, the Voigt function; the other shapes' parameter is that of
    one of their parts.
    """
    if shape in ("pseudo-voigt", "voigt"):
        return 1.0
    x = np.linspace(-8.0, 12.0, 20_001)
    y = line(shape, x, 0.0, 1.0, parameters)
    above = np.flatnonzero(y >= 0.5 * y.max())
    return float(x[above[-1]] - x[above[0]])
