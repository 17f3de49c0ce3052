"""Characteristic lines of the elements and the resolution of the detector."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from interlayer.core.packaged import packaged

Floats = NDArray[np.float64]

#: FWHM of a Gaussian over its σ
FWHM = 2.354820045
#: eV, Mn Kα, at which the resolution of a detector is stated
MN_KA = 5895.0
#: eV, resolution at Mn Kα assumed where a file states none
RESOLUTION = 130.0


@dataclass(frozen=True, slots=True)
class Family:
    """The K, L or M lines of one element: energies (eV) and weights that sum to one."""

    element: str
    shell: str
    energies: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def name(self) -> str:
        """Return such as "N K"."""
        return f"{self.element} {self.shell}"

    @property
    def main(self) -> float:
        """Return the energy of the α line, eV."""
        return self.energies[0]


@cache
def families() -> tuple[Family, ...]:
    """Return every family of lines.toml."""
    table = packaged("interlayer.eds", "lines.toml")
    weights: dict[str, float] = table["weights"]
    found = []
    for element, lines in table["lines"].items():
        for shell in "KLM":
            names = sorted(n for n in lines if n[0] == shell and n[1] in "ab") + [
                n for n in lines if n[0] == shell and n[1] == "l"
            ]
            if names:
                total = sum(weights[n] for n in names)
                found.append(
                    Family(
                        element,
                        shell,
                        tuple(float(lines[n]) for n in names),
                        tuple(weights[n] / total for n in names),
                    )
                )
    return tuple(found)


def elements() -> tuple[str, ...]:
    """Return the symbols of the elements with lines."""
    return tuple(dict.fromkeys(each.element for each in families()))


def best_family(element: str, highest: float) -> Family | None:
    """Return the family of an element used for its map: the highest shell whose α line is excited well.

    Parameters
    ----------
    highest
        eV, highest energy of a usable line (two thirds of the beam energy, or the end of the axis).
    """
    usable = [each for each in families() if each.element == element and each.main <= highest]
    return usable[0] if usable else None


def width(energy: Floats | float, resolution: float = RESOLUTION) -> Floats:
    """Return the FWHM of a line, eV.

    Notes
    -----
    FWHM² = FWHM(Mn Kα)² − 2.5 eV (5895 eV − E): C. Fiori and D. E. Newbury, Scanning Electron Microsc. 1
    (1978) 401. Never below 30 eV.

    Examples
    --------
    >>> round(float(width(392.4, 135.0)), 1)
    66.8
    """
    square = resolution**2 - 2.5 * (MN_KA - np.asarray(energy, dtype=np.float64))
    return np.sqrt(np.maximum(square, 900.0))
