"""The X-ray source and the instrument: wavelengths, widths, radius."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

#: blind estimate of an instrument's Gaussian FWHM in degree and its spread (lab diffractometers: 0.04–0.12)
BLIND_WIDTH, BLIND_WIDTH_SPREAD = 0.075, 0.025
#: Lorentzian FWHM of a blind instrument, x tan θ + y / cos θ in degree: x is the natural width of Cu Kα1
#: (2.29 eV of 8047.8 eV, Hölzer et al., Phys. Rev. A 56 (1997) 4554), y the optics' and its spread
BLIND_X, BLIND_Y, BLIND_Y_SPREAD = 0.0326, 0.01, 0.01
#: spread (degree) of the unknown shift by axial divergence, times cot 2θ: that of the maximum against the
#: centre of gravity for (H + S)/L up to about 0.05
AXIAL_SPREAD = 0.005
#: spread of a specimen's height in mm, and of the height between two layers of a cell
HEIGHT_SPREAD, LAYER_SPREAD = 0.2, 0.2
#: radius that stands in where none is known, only for the prior of s/R, in mm
USUAL_RADIUS = 200.0


@dataclass(frozen=True, slots=True)
class Source:
    """Wavelengths Kα1 and Kα2 in angstrom (0: none) and the intensity ratio Kα2/Kα1 with its prior spread."""

    anode: str
    alpha1: float
    alpha2: float
    ratio: float
    ratio_spread: float


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is known of the instrument's profile.

    Parameters
    ----------
    u, v, w
        Caglioti's polynomial of the squared Gaussian FWHM in degree²; (0, 0, width²) when only a width is
        known.
    x, y
        Lorentzian FWHM x tan θ + y / cos θ in degree.
    axial
        (H + S)/L of the axial divergence.
    scale_spread
        Prior relative spread of the Gaussian width: 0 holds it.
    radius
        Goniometer radius in mm; 0 when unknown.
    origin
        "estimated", "given" or the file of the calibration.
    """

    u: float = 0.0
    v: float = 0.0
    w: float = BLIND_WIDTH**2
    x: float = BLIND_X
    y: float = BLIND_Y
    axial: float = 0.0
    scale_spread: float = BLIND_WIDTH_SPREAD / BLIND_WIDTH
    radius: float = 0.0
    origin: str = "estimated"

    @property
    def prior_radius(self) -> float:
        """Return the radius, or the usual one, for priors only."""
        return self.radius or USUAL_RADIUS


@cache
def _anodes() -> dict[str, Any]:
    text = files("interlayer.xrd").joinpath("data/anodes.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def tube(anode: str, ratio: float | None = None) -> Source:
    """Return the Kα doublet of an anode."""
    table = _anodes()
    lines = table[anode]
    return Source(
        anode, lines["alpha1"], lines["alpha2"], ratio or table["ratio"], float(table["ratio_spread"])
    )


def single(wavelength: float) -> Source:
    """Return one wavelength without a doublet."""
    return Source("", wavelength, 0.0, 0.0, 0.0)


def nearest_anode(wavelength: float) -> str | None:
    """Return the anode whose Kα1 or mean Kα a wavelength is, within 0.2 %."""
    for name, lines in _anodes().items():
        if isinstance(lines, dict) and abs(wavelength / lines["alpha1"] - 1) < 2e-3:
            return name
    return None
