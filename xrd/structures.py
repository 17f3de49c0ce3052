"""Structures through pymatgen (imported here only): reflections, density check, CIF.

``python -m interlayer.xrd.structures`` writes the table of the bundled phases' reflections anew.
"""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.analysis.diffraction.xrd import XRDCalculator
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from interlayer.core.errors import InterlayerError, ReadError
from interlayer.core.files import write_text
from interlayer.xrd import phases
from interlayer.xrd.phases import Phase

#: wavelength and range for the table: every family down to d = 0.76 angstrom
_WAVELENGTH = 0.7093171
_RANGE = (2.0, 55.5)
#: families weaker than this part of the strongest are left out
_WEAKEST = 2e-3


def structure(name: str, entry: Mapping[str, Any]) -> Structure:
    """Return the structure of a bundled phase, its density checked.

    Raises
    ------
    InterlayerError
        When cell and sites do not give the stated density.
    """
    cell = phases.full_cell(entry["cell"], phases.system_of(entry["number"]))
    group = entry["space_group"] + (":2" if entry.get("origin") == 2 else "")
    species: list[Any] = [{site[0]: site[4]} for site in entry["sites"]]
    coords = [site[1:4] for site in entry["sites"]]
    if len({tuple(each) for each in coords}) == 1 and len(coords) > 1:
        species, coords = [{site[0]: site[4] for site in entry["sites"]}], coords[:1]
    built = Structure.from_spacegroup(group, Lattice.from_parameters(*cell), species, coords, tol=1e-3)
    stated = entry["density"] * (1 - entry.get("left_out", 0.0))
    if not phases.density_agrees(stated, float(built.density)):
        raise InterlayerError(
            f"phase {name}: the density of cell and sites is wrong",
            expected=f"{stated:.2f} g/cm3",
            found=f"{float(built.density):.2f} g/cm3",
            advice="Check origin choice, sites and cell.",
        )
    return built


def reflections(built: Structure) -> dict[str, Any]:
    """Return the families of a structure: hkl, and multiplicity times \\|F\\|² relative to the strongest.

    Families that coincide exactly (333 and 511) are given once, with the sum.
    """
    calculator = XRDCalculator(wavelength=_WAVELENGTH)  # pyright: ignore[reportArgumentType]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pattern = calculator.get_pattern(built, scaled=False, two_theta_range=_RANGE)
    theta = np.radians(np.asarray(pattern.x)) / 2
    factor = (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
    strength = np.asarray(pattern.y) / factor
    strength /= strength.max()
    kept = strength > _WEAKEST
    hkl = [_usual(tuple(families[0]["hkl"])) for families in pattern.hkls]
    return {
        "hkl": [each for each, keep in zip(hkl, kept, strict=True) if keep],
        "strength": [float(f"{each:.4g}") for each in strength[kept]],
    }


def _usual(hkl: tuple[int, ...]) -> list[int]:
    """Return hkl as the field writes it: 2 -1 -1 0 as 110."""
    if len(hkl) == 4:
        positive = sorted((abs(i) for i in hkl[:3]), reverse=True)[1:]
        return [*(int(i) for i in positive), int(hkl[3])]
    return [int(i) for i in hkl]


def from_cif(path: Path, spread: float) -> Phase:
    """Return a phase from a structure CIF.

    Raises
    ------
    ReadError
        When the file is missing or holds no structure that pymatgen can build.
    """
    if not path.is_file():
        raise ReadError("no such CIF for --phase", path=path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Structure.from_file(path)
            symmetry = SpacegroupAnalyzer(found, symprec=0.01)
            built = symmetry.get_conventional_standard_structure()
            number = int(symmetry.get_space_group_number())
    except Exception as error:
        raise ReadError(
            f"no structure in this CIF ({type(error).__name__}: {error})",
            path=path,
            expected="cell, symmetry and sites",
        ) from error
    table = reflections(built)
    lattice = built.lattice
    return Phase(
        path.stem,
        f"{path.stem} ({built.composition.reduced_formula})",
        phases.system_of(number),
        (*map(float, lattice.abc), *map(float, lattice.angles)),
        spread,
        "sample",
        np.array(table["hkl"], dtype=np.int64),
        np.array(table["strength"], dtype=float),
        path.name,
    )


def write_table(path: Path) -> None:
    """Write the table of the bundled phases' reflections."""
    table = {
        name: {"fingerprint": phases.fingerprint(entry), **reflections(structure(name, entry))}
        for name, entry in phases.definitions().items()
    }
    lines = [f'"{name}": {json.dumps(each, separators=(",", ":"))}' for name, each in table.items()]
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    write_table(Path(__file__).parent / "data" / "reflections.json")
