"""Ratios of elements after Cliff and Lorimer: n_A / n_B = k_AB I_A / I_B, semi-quantitative by declaration.

Factors that a standard gave are taken as they are. Others are calculated for the K series from ionisation,
fluorescence yield and the detector's window; absorption in the sample is not corrected, and its size is
what the stated uncertainty of a calculated factor stands for.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from interlayer.core.errors import SettingError
from interlayer.core.intervals import Interval, from_log
from interlayer.core.packaged import packaged
from interlayer.eds.lines import families
from interlayer.eds.local import local_fit

Floats = NDArray[np.float64]

#: kV above which a sample is taken as a thin film (no scanning microscope goes there)
THIN = 35.0
#: lowest overvoltage at which a calculated factor is trusted
OVERVOLTAGE = 1.3
#: eV, below which a line counts as light
LIGHT = 1000.0
#: standard deviation of the logarithm of a calculated factor, per line. Calculated factors of K lines above
#: 1 keV are good to 10 to 20 % each (D. B. Williams and C. B. Carter, Transmission Electron Microscopy, 2nd
#: ed. (2009), ch. 35). Below, absorption in the sample and the window change them by a factor of about two
#: (N Kα loses half of its counts within 0.3 µm of carbon, mass attenuation 25,000 cm²/g).
SPREAD, SPREAD_LIGHT = 0.2, 0.35
#: the same for a factor that was given without an uncertainty
SPREAD_GIVEN = 0.10
#: ratios at most
MOST = 6
#: sigma that the net counts of a line must have for a ratio
SEEN = 3.0

_GIVEN = re.compile(
    r"^\s*([A-Z][a-z]?)\s*[/:]\s*([A-Z][a-z]?)\s*=\s*([0-9.]+(?:[eE][+-]?\d+)?)\s*"
    r"(?:(?:±|\+-|\+/-)\s*([0-9.]+(?:[eE][+-]?\d+)?))?\s*$"
)


@dataclass(frozen=True, slots=True)
class KSeries:
    """Constants of the K series of one element: g/mol, eV, and numbers."""

    mass: float
    edge: float
    fluorescence: float
    window: float


@dataclass(frozen=True, slots=True)
class Factor:
    """A Cliff–Lorimer factor for mass ratios, its relative standard deviation, and where it comes from."""

    value: float
    relative: float
    source: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """One ratio: net counts of both series with standard deviations, the factor, the atomic ratio."""

    numerator: str
    denominator: str
    counts: tuple[float, float]
    stddevs: tuple[float, float]
    factor: Factor
    atomic: Interval
    light: bool


@cache
def k_series() -> dict[str, KSeries]:
    """Return the constants of k_lines.toml by element."""
    return {
        name: KSeries(entry["mass"], entry["edge"], entry["yield"], entry["window"])
        for name, entry in packaged("interlayer.eds", "k_lines.toml").items()
    }


def parse_factors(texts: Sequence[str]) -> dict[tuple[str, str], Factor]:
    """Return factors from texts such as "N/O=1.9" or "N/O = 1.9 ± 0.2".

    Raises
    ------
    SettingError
        When a text is no factor of two known elements.

    Examples
    --------
    >>> parse_factors(["Fe/Si=1.27 ± 0.05"])[("Fe", "Si")].value
    1.27
    """
    found = {}
    for text in texts:
        match = _GIVEN.match(text)
        if match is None or match.group(1) == match.group(2) or not float(match.group(3)) > 0:
            raise SettingError(
                "not a Cliff-Lorimer factor",
                expected='such as "N/O=1.9" or "N/O=1.9 ± 0.2"',
                found=repr(text),
            )
        one, two = match.group(1), match.group(2)
        for element in (one, two):
            if element not in k_series():
                known = ", ".join(k_series())
                raise SettingError("no K series is known of this element", expected=known, found=element)
        value, error = float(match.group(3)), match.group(4)
        relative = SPREAD_GIVEN if error is None else float(error) / value
        found[one, two] = Factor(value, relative, "given")
    return found


def _ionisation(kilovolts: float, edge: float) -> float:
    """Return the ionisation of a K shell per atom, in units common to all elements.

    Notes
    -----
    Cross-section Q ∝ ln U / (U E_c²) (Bethe 1930). In a film that is Q; in a bulk sample the integral of Q
    along the path of an electron that slows down by dE/ds ∝ 1/E: U ln U − U + 1 (C. R. Worthington and
    S. G. Tomlin, Proc. Phys. Soc. A 69 (1956) 401).
    """
    over = 1000 * kilovolts / edge
    if kilovolts > THIN:
        return math.log(over) / (over * edge**2)
    return over * math.log(over) - over + 1


def calculated(one: str, two: str, kilovolts: float) -> Factor | None:
    """Return the calculated factor of a mass ratio, or None where it cannot be trusted.

    Examples
    --------
    >>> round(calculated("Cr", "Fe", 100.0).value, 2)  # measured: 1.17 / 1.27 = 0.92 (Cliff and Lorimer 1975)
    0.91
    """
    table = k_series()
    if one not in table or two not in table:
        return None
    if any(1000 * kilovolts < OVERVOLTAGE * table[each].edge for each in (one, two)):
        return None
    yields = [
        _ionisation(kilovolts, each.edge) * each.fluorescence * each.window / each.mass
        for each in (table[one], table[two])
    ]
    spreads = [SPREAD_LIGHT if table[each].edge < LIGHT else SPREAD for each in (one, two)]
    return Factor(yields[1] / yields[0], math.hypot(*spreads), "calculated")


def ratios(
    counts: Floats,
    energy: Floats,
    resolution: float,
    kilovolts: float,
    present: Sequence[str],
    given: Mapping[tuple[str, str], Factor],
) -> list[Ratio]:
    """Return the ratios of a spectrum: each element to the one with the most counts, and those given.

    Parameters
    ----------
    present
        Elements found in the sum spectrum.
    given
        Factors of mass ratios from a standard.
    """
    net: dict[str, tuple[float, float]] = {}
    for family in families():
        wanted = family.element in present or any(family.element in pair for pair in given)
        if family.shell == "K" and wanted and family.element in k_series() and family.main < energy[-1]:
            fit = local_fit(counts, energy, family, present, resolution)
            net[family.element] = float(fit.amplitudes[0]), float(np.sqrt(fit.covariance[0, 0]))
    seen = {name: pair for name, pair in net.items() if pair[0] > SEEN * pair[1] > 0}
    if not seen:
        return []
    reference = max(seen, key=lambda name: seen[name][0])
    strongest = sorted(seen, key=lambda name: -seen[name][0] / seen[name][1])
    pairs = [*given, *((name, reference) for name in strongest if name != reference)]
    found: list[Ratio] = []
    for one, two in dict.fromkeys(pairs):
        if one in seen and two in seen and len(found) < MOST and not _reversed(one, two, found):
            factor = given.get((one, two)) or calculated(one, two, kilovolts)
            if factor is not None:
                found.append(_ratio(one, two, seen, factor))
    return found


def _reversed(one: str, two: str, found: Sequence[Ratio]) -> bool:
    return any((each.numerator, each.denominator) == (two, one) for each in found)


def _ratio(one: str, two: str, net: Mapping[str, tuple[float, float]], factor: Factor) -> Ratio:
    table = k_series()
    (a, da), (b, db) = net[one], net[two]
    value = factor.value * a / b * table[two].mass / table[one].mass
    statistical = math.hypot(da / a, db / b)
    light = min(table[one].edge, table[two].edge) < LIGHT
    return Ratio(
        one,
        two,
        (a, b),
        (da, db),
        factor,
        from_log(math.log(value), math.hypot(statistical, factor.relative)),
        light,
    )
