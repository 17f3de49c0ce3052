"""How far the beam's electrons reach: the natural limit of what an EDS map resolves in a bulk sample."""

from dataclasses import dataclass
from functools import cache

from interlayer.core.errors import SettingError
from interlayer.core.packaged import packaged


@dataclass(frozen=True, slots=True)
class Material:
    """Mean atomic mass (g/mol), mean atomic number, density (g/cm^3)."""

    name: str
    a: float
    z: float
    density: float


@cache
def materials() -> dict[str, Material]:
    """Return the materials of materials.toml by name."""
    return {
        name: Material(name, **entry) for name, entry in packaged("interlayer.eds", "materials.toml").items()
    }


def material(name: str) -> Material:
    """Return a material.

    Raises
    ------
    SettingError
        When materials.toml does not have it.
    """
    if name not in materials():
        raise SettingError("unknown material", expected="one of " + ", ".join(materials()), found=repr(name))
    return materials()[name]


def electron_range(kilovolts: float, what: Material) -> float:
    """Return the electron range in nm.

    Notes
    -----
    R/µm = 0.0276 A E^1.67 / (Z^0.89 ρ), E in keV, ρ in g/cm³: K. Kanaya and S. Okayama, J. Phys. D 5
    (1972) 43.

    Examples
    --------
    >>> round(electron_range(5.0, material("Li")))
    1983
    """
    return float(1000 * 0.0276 * what.a * kilovolts**1.67 / (what.z**0.89 * what.density))
