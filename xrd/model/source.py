"""The X-ray source and the instrument: emission lines, widths, aberrations, radius."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from interlayer.core.packaged import packaged

#: blind estimate of an instrument's Gaussian FWHM in degree and its spread (lab diffractometers: 0.04–0.12)
BLIND_WIDTH, BLIND_WIDTH_SPREAD = 0.075, 0.025
#: Lorentzian FWHM of the optics, y / cos θ in degree, beside the natural width of the lines, and its spread
BLIND_Y, BLIND_Y_SPREAD = 0.01, 0.007
#: Soller slits (radian), equatorial divergence (degree) and correlation of the axial angles where they are
#: not known: usual are 0.02 to 0.05 rad, 0.1 to 1 degree, and between −0.5 (no slits) and 0
BLIND_SOLLER, BLIND_DIVERGENCE, BLIND_CORRELATION = 0.037, 0.5, -0.25
#: low and high tail of the aberrations in degree, and their spreads, from those
BLIND_LOW, BLIND_LOW_SPREAD = 0.0078, 0.0037
BLIND_HIGH, BLIND_HIGH_SPREAD = 0.0047, 0.0025
#: of the flat specimen, α²/6, for 0.5°
BLIND_FLAT, BLIND_FLAT_SPREAD = 0.0008, 0.0014
#: relative spread of the tails where the file states the Soller slits
STATED_SPREAD = 0.3
#: relative spread of the flat specimen's shift, α²/6, where the file states the slit
STATED_SLIT_SPREAD = 0.1
#: spread of a specimen's height in mm, and of the height between two layers of a cell
HEIGHT_SPREAD, LAYER_SPREAD = 0.2, 0.2
#: radius that stands in where none is known, only for the prior of s/R, in mm
USUAL_RADIUS = 200.0
#: a wavelength this near (relatively) to a tube's Kα1 is that line behind a monochromator
_SAME_LINE = 2e-4


@dataclass(frozen=True, slots=True)
class Source:
    """The emission lines.

    Parameters
    ----------
    alpha1, alpha2
        Wavelengths in angstrom that positions are given for, and of Kα2 (0: none).
    wavelength, share, width
        (k,) of each emission line: angstrom; its part of Kα1 or of Kα2; FWHM over the wavelength.
    second
        (k,) whether it belongs to Kα2.
    ratio, ratio_spread
        Intensity Kα2/Kα1 and its prior spread (0: held).
    """

    anode: str
    alpha1: float
    alpha2: float
    wavelength: tuple[float, ...]
    share: tuple[float, ...]
    width: tuple[float, ...]
    second: tuple[bool, ...]
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
    scale_spread
        Prior relative spread of the Gaussian width: 0 holds it.
    y, y_spread
        Lorentzian FWHM of the optics, y / cos θ, in degree.
    low_tail, low_spread, high_tail, high_spread
        Q and P of `interlayer.xrd.model.aberration` in degree: tails by axial divergence.
    flat, flat_spread
        Mean shift by the flat specimen, times cot θ, in degree (α²/6 for the divergence α).
    tube_low, tube_high
        Part of a line in the tube's tails below and above it.
    zero, zero_spread
        Zero shift of 2θ in degree, known from a calibration only; a spread of 0 holds it.
    radius
        Goniometer radius in mm; 0 when unknown.
    origin
        "estimated", "given" or the file of the calibration.
    """

    u: float = 0.0
    v: float = 0.0
    w: float = BLIND_WIDTH**2
    scale_spread: float = BLIND_WIDTH_SPREAD / BLIND_WIDTH
    y: float = BLIND_Y
    y_spread: float = BLIND_Y_SPREAD
    low_tail: float = BLIND_LOW
    low_spread: float = BLIND_LOW_SPREAD
    high_tail: float = BLIND_HIGH
    high_spread: float = BLIND_HIGH_SPREAD
    flat: float = BLIND_FLAT
    flat_spread: float = BLIND_FLAT_SPREAD
    tube_low: float = 0.0
    tube_high: float = 0.0
    zero: float = 0.0
    zero_spread: float = 0.0
    radius: float = 0.0
    origin: str = "estimated"

    @property
    def prior_radius(self) -> float:
        """Return the radius, or the usual one, for priors only."""
        return self.radius or USUAL_RADIUS


@cache
def _anodes() -> dict[str, Any]:
    return packaged("interlayer.xrd", "data/anodes.toml")


def tube(anode: str, ratio: float | None = None) -> Source:
    """Return the Kα lines of an anode.

    Raises
    ------
    KeyError
        When the anode is not known.
    """
    table = _anodes()
    lines, first = table[anode], table[anode]["first"]
    count = len(lines["energy"])
    area = [w * h for w, h in zip(lines["width"], lines["height"], strict=True)]
    total = (sum(area[:first]), sum(area[first:]))
    return Source(
        anode,
        lines["alpha1"],
        lines["alpha2"],
        tuple(table["energy_wavelength"] / energy for energy in lines["energy"]),
        tuple(area[i] / total[i >= first] for i in range(count)),
        tuple(w / energy for w, energy in zip(lines["width"], lines["energy"], strict=True)),
        tuple(i >= first for i in range(count)),
        ratio or table["ratio"],
        float(table["ratio_spread"]),
    )


def simplified(source: Source) -> Source:
    """Return a source with one Lorentzian for Kα1 and one for Kα2, for a quick search.

    Their places and widths are the means of those that they stand for.
    """
    if len(source.wavelength) <= 1 + any(source.second):
        return source
    groups = [[i for i, second in enumerate(source.second) if second is which] for which in (False, True)]
    kept = [group for group in groups if group]

    def mean(values: tuple[float, ...], group: list[int]) -> float:
        return sum(source.share[i] * values[i] for i in group) / sum(source.share[i] for i in group)

    return replace(
        source,
        wavelength=tuple(mean(source.wavelength, group) for group in kept),
        width=tuple(mean(source.width, group) for group in kept),
        share=(1.0,) * len(kept),
        second=tuple(source.second[group[0]] for group in kept),
    )


def single(wavelength: float) -> Source:
    """Return one wavelength without a doublet; Kα1 keeps its natural width, others have none."""
    for name, lines in _anodes().items():
        if isinstance(lines, dict) and abs(wavelength / lines["alpha1"] - 1) < _SAME_LINE:
            full = tube(name)
            own = [i for i, second in enumerate(full.second) if not second]
            stretch = wavelength / full.alpha1
            return Source(
                "",
                wavelength,
                0.0,
                tuple(full.wavelength[i] * stretch for i in own),
                tuple(full.share[i] for i in own),
                tuple(full.width[i] for i in own),
                (False,) * len(own),
                0.0,
                0.0,
            )
    return Source("", wavelength, 0.0, (wavelength,), (1.0,), (0.0,), (False,), 0.0, 0.0)


def nearest_anode(wavelength: float) -> str | None:
    """Return the anode whose Kα1 or mean Kα a wavelength is, within 0.2 %."""
    for name, lines in _anodes().items():
        if isinstance(lines, dict) and abs(wavelength / lines["alpha1"] - 1) < 2e-3:
            return name
    return None
