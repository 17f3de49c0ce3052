"""One region: peaks on a background that is made by the peaks themselves."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.xps.model import equations
from interlayer.xps.model.cross_section import matrix
from interlayer.xps.model.flat import Flat, alone
from interlayer.xps.model.kernels import ROWS, VOIGT, fill_any
from interlayer.xps.model.shapes import SHAPES

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]

#: parameters after the 3n of the peaks: three shape parameters, k, constant, slope
TAIL = equations.TAIL
#: backgrounds in the order of the numbers of `equations`
BACKGROUNDS = ("linear", "active-shirley", "tougaard", "exponential")
#: the variance never falls below this share of the median, nor below this many counts
_LEAST_SHARE, _LEAST_COUNTS = 1e-3, 0.25


@dataclass(slots=True, frozen=True)
class Peak:
    """One peak of a region: a singlet, or a doublet of fixed splitting (eV) and area ratio."""

    label: str
    split: float = 0.0
    ratio: float = 0.0


@dataclass
class Region:
    """The model of one region.

    Raw parameters, in this order (n peaks): n positions, n areas, n FWHMs, three shape parameters
    (`shapes.PARAMETERS`), k, constant, slope.

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
        own step); "tougaard": k times the signal folded with a cross-section; "linear"; "exponential":
        constant · exp(−slope (E − E₀)).
    shape
        A name of `shapes.SHAPES`.
    cross_section
        Of the Tougaard background: a class of `cross_section.classes`.
    weights
        "counts": variance = Fano factor × model; "uniform": the same variance everywhere.

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
    cross_section: str = "universal"
    weights: str = "counts"

    @property
    def count(self) -> int:
        """Return the number of peaks."""
        return len(self.peaks)

    @property
    def size(self) -> int:
        """Return the number of raw parameters."""
        return 3 * len(self.peaks) + TAIL

    @property
    def shape_number(self) -> int:
        """Return the number of the shape in the compiled model."""
        return list(SHAPES).index(self.shape)

    @property
    def background_number(self) -> int:
        """Return the number of the background in the compiled model."""
        return BACKGROUNDS.index(self.background)

    @cached_property
    def ramp(self) -> Floats:
        """Return E − E₀."""
        return np.asarray(self.energy - 0.5 * float(self.energy[0] + self.energy[-1]), dtype=np.float64)

    @cached_property
    def floor(self) -> float:
        """Return the least variance over the Fano factor: keeps weights finite where nothing is counted."""
        top = float(np.max(np.abs(self.values)))
        if self.weights == "uniform":
            return 1e3 * max(top, 1e-12)
        least = _LEAST_COUNTS if self.units == "counts" and top > 5 else 0.0
        return max(least, _LEAST_SHARE * float(np.median(np.abs(self.values))), 1e-12)

    @cached_property
    def partners(self) -> tuple[Ints, Floats, Floats]:
        """Index of the peak, offset and weight of every line (a doublet has two)."""
        rows = []
        for index, peak in enumerate(self.peaks):
            rows.append((index, 0.0, 1.0 / (1.0 + peak.ratio)))
            if peak.ratio:
                rows.append((index, peak.split, peak.ratio / (1.0 + peak.ratio)))
        parent, offset, weight = zip(*rows, strict=True) if rows else ((), (), ())
        return np.array(parent, dtype=np.int64), np.array(offset, dtype=float), np.array(weight, dtype=float)

    @cached_property
    def tougaard(self) -> Floats:
        """Return the matrix that folds a signal with the cross-section; empty for other backgrounds."""
        return matrix(self.energy, self.cross_section) if self.background == "tougaard" else np.zeros((0, 0))

    @cached_property
    def _flat(self) -> Flat:
        return alone(self)

    @property
    def _work(self) -> Floats:
        return np.zeros((3, max(self.size, ROWS), self.energy.size))

    def lines(self, raw: Floats, work: Floats) -> None:
        """Write the derivatives of the signal and of its integral, any shape; rows as `equations.signal`."""
        n, m = self.count, self.energy.size
        jacobian, below, out = work[0, :, :m], work[1, :, :m], np.zeros((ROWS, m))
        jacobian[: 3 * n + 3], below[: 3 * n + 3] = 0.0, 0.0
        parameters = np.array(raw[3 * n : 3 * n + 3])
        for p, offset, weight in zip(*self.partners, strict=True):
            fill_any(self.shape_number, self.energy, raw[p] + offset, raw[2 * n + p], parameters, out)
            area = raw[n + p] * weight
            for rows, first in ((jacobian, 0), (below, 6)):
                rows[p] += area * out[first + 1]
                rows[n + p] += weight * out[first]
                rows[2 * n + p] += area * out[first + 2]
                rows[3 * n : 3 * n + 3] += area * out[first + 3 : first + 6]

    def _signal(self, raw: Floats) -> tuple[Floats, Floats]:
        work, given = np.zeros((3, max(self.size, ROWS), self.energy.size)), np.array(raw, dtype=np.float64)
        if self.shape_number > VOIGT:
            self.lines(given, work)
        return given, work

    def evaluate(self, raw: Floats) -> tuple[Floats, Floats]:
        """Return the model (m,) and its Jacobian (m, size) with respect to the raw parameters."""
        given, work = self._signal(raw)
        model = np.empty(self.energy.size)
        equations.region_model(self._flat, 0, given, model, work)
        return model, work[0, : self.size].T

    def profile(self, raw: Floats) -> tuple[Floats, Floats]:
        """Return the unit-area peaks (n, m), doublets folded, and their integrals from low energy (n, m)."""
        given, work = self._signal(raw)
        equations.signal(self._flat, 0, given, work)
        n = self.count
        return work[0, n : 2 * n], work[1, n : 2 * n]

    def parts(self, raw: Floats) -> tuple[Floats, Floats]:
        """Return the components (n, m) above the background, and the background (m,)."""
        n = self.count
        value, _ = self.profile(raw)
        components = raw[n : 2 * n, None] * value
        return components, self.evaluate(raw)[0] - components.sum(axis=0)
