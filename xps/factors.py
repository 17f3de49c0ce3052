"""What turns atoms into area: cross-section, attenuation, transmission, time; and their uncertainty."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from interlayer.core.packaged import packaged
from interlayer.xps import levels
from interlayer.xps.model.region import Region

#: exponent of λ ∝ KE^0.75 (Seah & Dench 1979) and its standard deviation
LAMBDA_EXPONENT, LAMBDA_SPREAD = 0.75, 0.1
#: the exponent that is left uncertain where λ follows from TPP-2M
_TPP_SPREAD = 0.05
#: transmission relative to C 1s
TRANSMISSION_SPREAD = 0.05
_SOURCE_ENERGY = 1486.6
#: attenuation as λ ∝ KE^0.75
POWER = "power"


@dataclass(frozen=True, slots=True)
class Factor:
    """What turns atoms into area at one core level, and its relative uncertainty (against C 1s)."""

    value: float
    spread: float


@dataclass(frozen=True)
class Factors:
    """The sensitivity factors of an analysis.

    Parameters
    ----------
    name
        "scofield", "kratos" or "wagner".
    own
        By core level: cross-section relative to C 1s (None: that of the set) and relative uncertainty of
        everything, which replaces the set's (None: that of the set).
    attenuation
        "power", or a material of materials.toml for TPP-2M.
    """

    name: str = "scofield"
    own: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    attenuation: str = POWER

    def describe(self) -> str:
        """Return the phrase of the methods."""
        if self.name != "scofield":
            return f"{self.name} factors, λ and transmission within them; homogeneous layer"
        how = "λ ∝ KE^0.75" if self.attenuation == POWER else f"λ of {self.attenuation} by TPP-2M"
        own = f" ({', '.join(self.own)}: given)" if self.own else ""
        return f"scofield factors{own}, {how}, transmission of the file; homogeneous layer"


def factor(region: Region, level: str, factors: Factors) -> Factor | None:
    """Return the factor of a core level in a region: cross-section · λ · T · time, or a folded set.

    The spread holds the factor's own uncertainty, that of λ, and that of the transmission.
    """
    core = levels.table().get(level)
    if core is None:
        return None
    value, given = factors.own.get(level, (None, None))
    if factors.name != "scofield":
        folded = levels.factor_sets()[factors.name].get(level) if value is None else value
        if folded is None:
            return None
        spread = 0.0 if level == "C 1s" else math.hypot(core.uncertainty, TRANSMISSION_SPREAD)
        return Factor(folded * _time(region), spread if given is None else given)
    section = core.scofield if value is None else value
    if section is None:
        return None
    source = float(region.attrs.get("source_energy", _SOURCE_ENERGY))
    kinetic = max(source - core.energy, 10.0)
    carbon = source - levels.table()["C 1s"].energy
    length, exponent = _length(kinetic, factors.attenuation)
    spread = math.hypot(core.uncertainty, exponent * abs(math.log(kinetic / carbon)), TRANSMISSION_SPREAD)
    spread = 0.0 if level == "C 1s" else spread
    value = section * length * _through(region, core.energy) * _time(region)
    return Factor(value, spread if given is None else given)


def _length(kinetic: float, attenuation: str) -> tuple[float, float]:
    """Return the attenuation length (nm, or relative) and the uncertainty of its exponent."""
    if attenuation == POWER:
        return (kinetic / 1000.0) ** LAMBDA_EXPONENT, LAMBDA_SPREAD
    return inelastic_mean_free_path(kinetic, **materials()[attenuation]), _TPP_SPREAD


def _through(region: Region, energy: float) -> float:
    if region.transmission is None:
        return 1.0
    return float(np.interp(energy, region.energy, region.transmission))


def _time(region: Region) -> float:
    if region.units != "counts":
        return 1.0
    return float(region.attrs.get("dwell_time", 1.0)) * float(region.attrs.get("scans", 1.0))


@cache
def materials() -> dict[str, dict[str, float]]:
    """Return the materials of materials.toml: density, molar_mass, valence_electrons, band_gap."""
    keys = ("density", "molar_mass", "valence_electrons", "band_gap")
    return {
        name: {key: float(entry[key]) for key in keys}
        for name, entry in packaged("interlayer.xps", "data/materials.toml")["material"].items()
    }


def inelastic_mean_free_path(
    kinetic: float, density: float, molar_mass: float, valence_electrons: float, band_gap: float
) -> float:
    """Return the inelastic mean free path in nm by TPP-2M.

    Parameters
    ----------
    kinetic
        Kinetic energy, eV (50 to 2000).
    density
        g/cm³.
    molar_mass
        g/mol of a formula unit.
    valence_electrons
        Per formula unit.
    band_gap
        eV.

    Notes
    -----
    S. Tanuma, C. J. Powell, D. R. Penn, Surf. Interface Anal. 21, 165 (1994).

    Examples
    --------
    >>> round(inelastic_mean_free_path(1000.0, 2.33, 28.09, 4.0, 1.1), 1)  # silicon
    2.4
    """
    u = valence_electrons * density / molar_mass
    plasmon2 = 28.8**2 * u
    beta = -0.10 + 0.944 / math.sqrt(plasmon2 + band_gap**2) + 0.069 * math.pow(density, 0.1)
    gamma = 0.191 / math.sqrt(density)
    c, d = 1.97 - 0.91 * u, 53.4 - 20.8 * u
    angstrom = kinetic / (plasmon2 * (beta * math.log(gamma * kinetic) - c / kinetic + d / kinetic**2))
    return angstrom / 10.0
