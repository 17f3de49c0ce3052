"""Structures through pymatgen: built from sites, checked, made into tables of reflections.

``python -m interlayer.xrd.structures`` writes the table of the bundled phases' reflections anew.
"""

import json
import math
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.symmetry.groups import SpaceGroup

from interlayer.core.errors import InterlayerError
from interlayer.core.files import write_text
from interlayer.xrd import phases, scattering
from interlayer.xrd.phases import Phase

#: nothing that diffracts is denser (osmium: 22.6 g/cm3)
_DENSEST = 25.0
#: atoms that are there at once are not closer than this (angstrom), hydrogen aside not closer than the second
_CLOSEST, _CLOSEST_HEAVY = 0.5, 0.9
#: occupancies of two atoms that share a place may make this together
_FULL = 1.02
#: axes of a cell (angstrom; proteins have less than 2000), and its volume over that of a box of such axes
_SHORTEST, _LONGEST, _FLATTEST = 0.5, 2000.0, 0.01
#: sites in one cell above which structure factors are refused
_MOST_SITES = 4000


def structure(name: str, entry: Mapping[str, Any]) -> Structure:
    """Return the structure of a phase from cell, group and sites, checked.

    Raises
    ------
    InterlayerError
        When cell and sites do not give the stated density, or atoms overlap.
    """
    cell = phases.full_cell(entry["cell"], phases.system_of(entry["number"]))
    group = _group(entry["space_group"] + (":2" if entry.get("origin") == 2 else ""))
    lattice = Lattice.from_parameters(*cell)
    if not group.is_compatible(lattice):
        raise InterlayerError(
            f"phase {name}: the cell does not fit the space group",
            expected=f"a {group.crystal_system} cell",
            found=str(cell),
        )
    places: dict[tuple[float, ...], dict[str, float]] = {}
    for element, x, y, z, occupancy in entry["sites"]:
        places.setdefault((float(x), float(y), float(z)), {})[element] = float(occupancy)
    species: list[Any] = []
    coords: list[Any] = []
    for place, kinds in places.items():
        orbit = group.get_orbit(list(place), tol=1e-3)
        species += [kinds] * len(orbit)
        coords += list(orbit)
    built = Structure(lattice, species, coords)
    check(built, f"phase {name}")
    stated = entry["density"] * (1 - entry.get("left_out", 0.0))
    if not phases.density_agrees(stated, float(built.density)):
        raise InterlayerError(
            f"phase {name}: the density of cell and sites is wrong",
            expected=f"{stated:.2f} g/cm3",
            found=f"{float(built.density):.2f} g/cm3",
            advice="Check origin choice, sites and cell.",
        )
    return built


@cache
def _group(symbol: str) -> SpaceGroup:
    try:
        return SpaceGroup(symbol)
    except ValueError:
        raise InterlayerError(
            "unknown space group of a phase",
            expected="a Hermann–Mauguin symbol such as P6_3/mmc; origin 2 where pymatgen has both",
            found=symbol,
            advice="Give the sites by the other origin choice, or a CIF with its symmetry operations.",
        ) from None


def check(built: Structure, name: str) -> None:
    """Refuse a structure that cannot be.

    Raises
    ------
    InterlayerError
        When it is denser than any matter, atoms that are there at once overlap, or it is too large.
    """
    if len(built) > _MOST_SITES:
        raise InterlayerError(
            f"{name}: the structure is too large", expected=f"at most {_MOST_SITES} sites", found=len(built)
        )
    axes, filled = built.lattice.abc, built.volume / math.prod(built.lattice.abc)
    if not (min(axes) > _SHORTEST and max(axes) < _LONGEST and filled > _FLATTEST):
        raise InterlayerError(
            f"{name}: impossible cell",
            expected=f"axes of {_SHORTEST:g} to {_LONGEST:g} angstrom that span a volume",
            found=", ".join(f"{each:.4g}" for each in (*axes, *built.lattice.angles)),
        )
    density = float(built.density)
    if not 0 < density < _DENSEST:
        raise InterlayerError(
            f"{name}: impossible density",
            expected=f"below {_DENSEST:g} g/cm3",
            found=f"{density:.2f} g/cm3",
            advice="Check cell, symmetry and origin choice.",
        )
    _check_contacts(built, name)


def _check_contacts(built: Structure, name: str) -> None:
    first, second, _, distance = built.get_neighbor_list(_CLOSEST_HEAVY)
    for i, j, gap in zip(first.tolist(), second.tolist(), distance.tolist(), strict=True):
        one, two = built[i].species, built[j].species
        light = any(str(kind) in ("H", "D", "H+", "D+") for each in (one, two) for kind in each)
        together = float(one.num_atoms) + float(two.num_atoms)
        if together > _FULL and gap < (_CLOSEST if light else _CLOSEST_HEAVY):
            raise InterlayerError(
                f"{name}: atoms overlap",
                expected=f"{_CLOSEST_HEAVY:g} angstrom between them at least",
                found=f"{built[i].species_string} and {built[j].species_string} at {gap:.2f} angstrom",
                advice="Check symmetry operations, origin choice and coordinates.",
            )


def table(built: Structure, thermal: Mapping[str, float]) -> dict[str, Any]:
    """Return what a phase needs of its structure: families, absolute scale, cell volume, elements.

    ``strength`` is multiplicity times \\|F\\|² over that of the strongest, ``scale`` that of the strongest in
    electron² (Cu Kα, with thermal factors), ``elements`` the mass fractions.
    """
    found = scattering.families(built, thermal)
    scale = float(found.strength.max())
    return {
        "hkl": found.hkl.tolist(),
        "strength": [float(f"{each:.4g}") for each in found.strength / scale],
        "scale": float(f"{scale:.5g}"),
        "volume": float(f"{float(built.volume):.6g}"),
        "elements": {name: float(f"{part:.4g}") for name, part in mass_fractions(built).items()},
    }


def mass_fractions(built: Structure) -> dict[str, float]:
    """Return the mass fraction of each element."""
    masses: dict[str, float] = {}
    for kind, amount in built.composition.items():
        name = str(getattr(kind, "symbol", kind))
        masses[name] = masses.get(name, 0.0) + float(amount) * float(kind.atomic_mass or 0.0)
    return {name: mass / sum(masses.values()) for name, mass in masses.items()}


def phase(name: str, entry: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> Phase:
    """Return a phase from its entry, with ``known`` as its table when that is at hand."""
    found = known or table(structure(name, entry), entry.get("b_iso", {}))
    system = phases.system_of(entry["number"])
    return phases.from_table(name, entry, found, system, phases.full_cell(entry["cell"], system))


def write_table(path: Path) -> None:
    """Write the table of the bundled phases' reflections."""
    found: dict[str, Any] = {}
    for name, entry in phases.definitions().items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            built = structure(name, entry)
        found[name] = {"fingerprint": phases.fingerprint(entry), **table(built, entry.get("b_iso", {}))}
    lines = [f'"{name}": {json.dumps(each, separators=(",", ":"))}' for name, each in found.items()]
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def usual_axes(cell: tuple[float, ...], system: str) -> bool:
    """Return whether a cell is of the axes that a crystal system is written in here."""
    a, b, c, *angles = cell
    right = np.allclose(angles, 90, atol=0.02)
    alike = abs(a - b) < 2e-4 * a
    if system == "cubic":
        return right and alike and abs(a - c) < 2e-4 * a
    if system == "tetragonal":
        return right and alike
    if system == "hexagonal":
        return alike and np.allclose(angles, [90, 90, 120], atol=0.02)
    if system == "orthorhombic":
        return right
    return system == "triclinic" or np.allclose([angles[0], angles[2]], 90, atol=0.02)


if __name__ == "__main__":
    write_table(Path(__file__).parent / "data" / "reflections.json")
