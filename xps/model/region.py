"""One region: peaks on a background that is made by the peaks themselves."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps.model.shapes import SHAPES, Profile

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.intp]

#: parameters after the 3n of the peaks: η, k, constant, slope
TAIL = 4
#: S. Tougaard, Surf. Interface Anal. 11, 453 (1988): universal cross-section, C in eV²
_TOUGAARD_C = 1643.0


@dataclass(slots=True, frozen=True)
class Peak:
    """One peak of a region: a singlet, or a doublet of fixed splitting (eV) and area ratio."""

    label: str
    split: float = 0.0
    ratio: float = 0.0


@dataclass
class Region:
    """The model of one region.

    Raw parameters, in this order (n peaks): n positions, n areas, n FWHMs, η, k, constant, slope.

    Parameters
    ----------
    name
        Slug of the region.
    energy, values
        (m,) measured binding energy in eV, ascending, and counts (or rate).
    peaks
        The peaks.
    background
        "active-shirley": k times the signal's own integral from low binding energy (each peak pulls its
        own step); "tougaard": k times the signal folded with the universal cross-section; "linear".
    shape
        "pseudo-voigt" (sum; η its Lorentzian fraction) or "voigt" (η the Lorentzian's share of the FWHM).

    Notes
    -----
    f(E) = S(E) + k ∫_{-∞}^{E} S dE' + c + s (E − E₀), E₀ the middle of the window; A. Herrera-Gomez et al.,
    J. Electron Spectrosc. 249, 147063 (2021) for the active approach.
    """

    name: str
    energy: Floats
    values: Floats
    peaks: tuple[Peak, ...]
    background: str = "active-shirley"
    level: str = ""
    units: str = "counts"
    transmission: Floats | None = None
    attrs: dict[str, str | int | float] = field(default_factory=dict)
    shape: str = "pseudo-voigt"

    @property
    def count(self) -> int:
        """Return the number of peaks."""
        return len(self.peaks)

    @property
    def size(self) -> int:
        """Return the number of raw parameters."""
        return 3 * len(self.peaks) + TAIL

    @cached_property
    def _ramp(self) -> Floats:
        return np.asarray(self.energy - 0.5 * float(self.energy[0] + self.energy[-1]), dtype=np.float64)

    @cached_property
    def _partners(self) -> tuple[Ints, Floats, Floats]:
        """Index of the peak, offset and weight of every line (a doublet has two)."""
        rows = []
        for index, peak in enumerate(self.peaks):
            rows.append((index, 0.0, 1.0 / (1.0 + peak.ratio)))
            if peak.ratio:
                rows.append((index, peak.split, peak.ratio / (1.0 + peak.ratio)))
        parent, offset, weight = zip(*rows, strict=True) if rows else ((), (), ())
        return np.array(parent, dtype=np.intp), np.array(offset), np.array(weight)

    @cached_property
    def _tougaard(self) -> Floats:
        loss = np.maximum(self.energy[:, None] - self.energy[None, :], 0.0)
        kernel = loss / (_TOUGAARD_C + loss**2) ** 2 * 2.0 * _TOUGAARD_C
        return np.asarray(kernel * np.gradient(self.energy))

    def profile(self, raw: Floats) -> Profile:
        """Return the unit-area profiles of the peaks (doublets folded)."""
        n = self.count
        position, fwhm, eta = raw[:n], raw[2 * n : 3 * n], float(raw[3 * n])
        parent, offset, weight = self._partners
        shape = SHAPES[self.shape]
        if parent.size == n:
            profile = shape(self.energy, position, fwhm, eta)
        else:
            profile = _fold(
                shape(self.energy, position[parent] + offset, fwhm[parent], eta), parent, weight, n
            )
        if self.background == "tougaard":
            _replace_tail(profile, self._tougaard)
        return profile

    def evaluate(self, raw: Floats) -> tuple[Floats, Floats]:
        """Return the model (m,) and its Jacobian (m, size) with respect to the raw parameters."""
        n = self.count
        area, (_, k, constant, slope) = raw[n : 2 * n], raw[3 * n :]
        p = self.profile(raw)
        jacobian = np.empty((self.size, self.energy.size))
        jacobian[:n] = area[:, None] * (p.by_position + k * p.below_by_position)
        np.multiply(p.below, k, out=jacobian[n : 2 * n])
        jacobian[n : 2 * n] += p.value
        jacobian[2 * n : 3 * n] = area[:, None] * (p.by_fwhm + k * p.below_by_fwhm)
        jacobian[3 * n] = area @ (p.by_eta + k * p.below_by_eta)
        jacobian[3 * n + 1] = area @ p.below
        jacobian[3 * n + 2] = 1.0
        jacobian[3 * n + 3] = self._ramp
        model = area @ jacobian[n : 2 * n] + constant + slope * self._ramp
        if self.background == "linear":
            jacobian[3 * n + 1] = 0.0
        return model, jacobian.T

    def parts(self, raw: Floats) -> tuple[Floats, Floats]:
        """Return the components (n, m) above the background, and the background (m,)."""
        n = self.count
        p = self.profile(raw)
        area, (_, k, constant, slope) = raw[n : 2 * n], raw[3 * n :]
        return area[:, None] * p.value, k * (area @ p.below) + constant + slope * self._ramp


def _fold(p: Profile, parent: Ints, weight: Floats, n: int) -> Profile:
    mix = np.zeros((n, parent.size))
    mix[parent, np.arange(parent.size)] = weight
    return Profile(
        mix @ p.value,
        mix @ p.by_position,
        mix @ p.by_fwhm,
        mix @ p.by_eta,
        mix @ p.below,
        mix @ p.below_by_position,
        mix @ p.below_by_fwhm,
        mix @ p.below_by_eta,
    )


def _replace_tail(p: Profile, kernel: Floats) -> None:
    p.below = p.value @ kernel.T
    p.below_by_position = p.by_position @ kernel.T
    p.below_by_fwhm = p.by_fwhm @ kernel.T
    p.below_by_eta = p.by_eta @ kernel.T
