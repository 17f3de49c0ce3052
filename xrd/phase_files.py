"""Phases from files of the user's: a structure CIF, or a TOML with the keys of ``data/phases.toml``."""

import re
import tomllib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core.composition import Composition
from pymatgen.core.structure import Structure
from pymatgen.io.cif import CifBlock, CifFile, CifParser
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from interlayer.core.errors import InterlayerError, ReadError
from interlayer.core.files import read_small
from interlayer.xrd import phases, structures
from interlayer.xrd.model.cell import free_parameters
from interlayer.xrd.phases import Phase

#: coordinates that agree to this (parts of the cell) are one site: 0.333 is meant as 1/3
_SITE = 2e-3
_SYMMETRY = re.compile("_(symmetry|space_group|cell|atom|chemical_formula)", re.IGNORECASE)
#: characters of one value of a CIF, symmetry operations, and sites they make: a quarter of a second to build
_LONGEST, _MOST_OPERATIONS, _MOST_PLACES = 500, 400, 20_000
_LONGEST_LINE = 2048
#: thermal factors (angstrom²) of a CIF that are believed
_COLDEST, _HOTTEST = 0.05, 15.0
_ATOMIC_MASS = 1.66053907
_NEEDED: dict[str, type | tuple[type, ...]] = {
    "space_group": str,
    "number": int,
    "cell": dict,
    "density": (int, float),
    "sites": list,
}
_OPTIONAL: dict[str, type | tuple[type, ...]] = {
    "title": str,
    "reference": str,
    "spread": (int, float),
    "layer": str,
    "origin": int,
    "left_out": (int, float),
    "b_iso": dict,
    "standard": bool,
    "candidate": bool,
    "uneven": bool,
}


def load(path: Path, spread: float) -> Phase:
    """Return the phase of a CIF or TOML file; ``spread`` is the relative spread of its cell unless stated.

    Raises
    ------
    ReadError
        When the file is missing, is no such file, or holds a structure that contradicts itself.
    """
    if not path.is_file():
        raise ReadError("no such file for a phase", path=path, expected="a CIF or TOML file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return from_toml(path, spread) if path.suffix.lower() == ".toml" else from_cif(path, spread)
    except InterlayerError as error:
        raise error.completed("the CIF or TOML of one structure").about(path) from None
    except Exception as error:
        raise ReadError(
            f"no structure in this file ({type(error).__name__}: {error})",
            path=path,
            expected="cell, symmetry and sites",
        ) from error


def from_toml(path: Path, spread: float) -> Phase:
    """Return the phase of a TOML file: the keys of phases.toml at its root, or in its one table."""
    try:
        entry: dict[str, Any] = tomllib.loads(read_small(path))
    except tomllib.TOMLDecodeError as error:
        raise ReadError(f"no TOML ({error})", path=path) from None
    name = path.stem
    if "cell" not in entry and all(isinstance(each, dict) for each in entry.values()):
        if len(entry) != 1:
            raise ReadError("one phase to a file", expected="one table", found=", ".join(entry) or "none")
        name, entry = next(iter(entry.items()))
    _check_entry(entry)
    usual = {"title": name, "reference": path.name, "spread": spread, "layer": "sample"}
    return structures.phase(name, usual | entry)


def _check_entry(entry: Mapping[str, Any]) -> None:
    known = _NEEDED | _OPTIONAL
    strange = [key for key in entry if key not in known]
    missing = [key for key in _NEEDED if key not in entry]
    if strange or missing:
        raise ReadError(
            "the keys of a phase are wrong",
            expected=f"{', '.join(_NEEDED)}; and if need be {', '.join(_OPTIONAL)}",
            found=f"missing {', '.join(missing) or 'none'}; unknown {', '.join(strange) or 'none'}",
        )
    for key, value in entry.items():
        if not isinstance(value, known[key]):
            raise ReadError(f"{key} is of the wrong type", found=repr(value))
    system = phases.system_of(entry["number"])
    absent = [key for key in free_parameters(system) if key not in entry["cell"]]
    if absent:
        raise ReadError(f"the cell of a {system} phase is not complete", expected=", ".join(absent))
    if any(not isinstance(site, list) or len(site) != 5 for site in entry["sites"]) or not entry["sites"]:
        raise ReadError("a site is not complete", expected='["Li", x, y, z, occupancy]')


def from_cif(path: Path, spread: float) -> Phase:
    """Return the phase of a structure CIF, its density checked against what the file states."""
    block = _block(_plain(read_small(path)), path)
    _check_sizes(block, path)
    try:
        parser = CifParser.from_str(str(block), site_tolerance=_SITE, occupancy_tolerance=1.02)
        found = parser.parse_structures(primitive=False)[0]
    except ValueError as error:
        raise ReadError(
            "no structure can be built from this CIF",
            path=path,
            expected="cell, symmetry and sites whose occupancies do not exceed 1",
            found=str(error),
        ) from None
    density = _checked_density(block, found)
    structures.check(found, "the structure of this CIF")
    built, number = _usual_setting(found)
    table = structures.table(built, _thermal(block))
    entry = {
        "title": f"{path.stem} ({built.composition.reduced_formula})",
        "spread": spread,
        "layer": "sample",
        "reference": path.name,
        "density": density,
    }
    lattice = built.lattice
    cell = (*map(float, lattice.abc), *map(float, lattice.angles))
    return phases.from_table(path.stem, entry, table, phases.system_of(number), cell)


def _plain(text: str) -> str:
    """Return the lines of a CIF that are not empty; the parser goes through each run of blanks many times.

    Raises
    ------
    ReadError
        When a line is longer than the format allows (2048 characters).
    """
    rows = [row.rstrip() for row in text.split("\n")]
    longest = max(map(len, rows))
    if longest > _LONGEST_LINE:
        raise ReadError(
            "no CIF", expected=f"lines of at most {_LONGEST_LINE} characters", found=f"{longest} characters"
        )
    return "\n".join(row for row in rows if row) + "\n"


def _block(text: str, path: Path) -> CifBlock:
    """Return the one data block that holds a structure."""
    blocks = CifFile.from_str(text).data
    if not blocks:
        raise ReadError("no data block", path=path, expected="a CIF with data_NAME")
    usable = {
        name: block
        for name, block in blocks.items()
        if "_cell_length_a" in block.data and _column(block, "_atom_site_fract_x")
    }
    if len(usable) != 1:
        raise ReadError(
            "one structure is needed in this CIF",
            path=path,
            expected="one data block with cell and sites",
            found=", ".join(usable) or f"none in {', '.join(blocks)}",
            advice="Keep one block to a file." if usable else None,
        )
    return next(iter(usable.values()))


def _check_sizes(block: CifBlock, path: Path) -> None:
    """Refuse what would take a library minutes: values without end, operations and sites without number."""
    columns = {str(key): _column(block, key) for key in block.data if _SYMMETRY.match(str(key))}
    longest = max((len(text) for texts in columns.values() for text in texts), default=0)
    operations = max((len(texts) for name, texts in columns.items() if "_xyz" in name), default=1)
    places = operations * len(_column(block, "_atom_site_fract_x"))
    if longest > _LONGEST or operations > _MOST_OPERATIONS or places > _MOST_PLACES:
        raise ReadError(
            "the CIF is too large for one structure",
            path=path,
            expected=f"values of {_LONGEST} characters, {_MOST_OPERATIONS} symmetry operations and "
            f"{_MOST_PLACES} sites (with symmetry) at most",
            found=f"a value of {longest} characters, {operations} operations, {places} sites",
        )


def _column(block: CifBlock, name: str) -> list[str]:
    value = block.data.get(name, [])
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _number(text: object) -> float | None:
    """Return the number of a CIF text such as 2.11(2), or None for ? and the like."""
    match = re.match(r"\s*([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)", str(text))
    return float(match[1]) if match else None


def _checked_density(block: CifBlock, found: Structure) -> float:
    """Return the density in g/cm3 that the file states, or the calculated one; they must agree.

    Hydrogen that the formula has and the sites have not (often not located) is allowed for.
    """
    calculated, stated = float(found.density), _stated_densities(block, found)
    hydrogen = _missing_hydrogen(block, found)
    for where, density in stated.items():
        if phases.density_agrees(density, calculated) or phases.density_agrees(
            density * (1 - hydrogen), calculated
        ):
            continue
        raise ReadError(
            "cell, symmetry and sites do not give the density that the CIF states",
            expected=f"{density:.2f} g/cm3 ({where})",
            found=f"{calculated:.2f} g/cm3 from cell and sites",
            advice="Check the origin choice of the space group, the symmetry operations and the sites.",
        )
    return next(iter(stated.values()), calculated)


def _stated_densities(block: CifBlock, found: Structure) -> dict[str, float]:
    stated: dict[str, float] = {}
    density = _number(block.data.get("_exptl_crystal_density_diffrn"))
    if density:
        stated["_exptl_crystal_density_diffrn"] = density
    formula, units = _formula(block), _number(block.data.get("_cell_formula_units_Z"))
    volume = _number(block.data.get("_cell_volume")) or float(found.volume)
    if formula is not None and units:
        # some programs write the content of the whole cell as the formula, with Z beside it
        whole = all(amount % units == 0 for amount in formula.values())
        inside = float(formula.weight) * units / volume * _ATOMIC_MASS
        doubtful = whole and phases.density_agrees(inside / units, float(found.density))
        stated["formula, Z and volume"] = inside / units if doubtful else inside
    return stated


def _formula(block: CifBlock) -> Composition | None:
    text = str(block.data.get("_chemical_formula_sum", "")).strip("'\" ")
    try:
        return Composition(text) if text and "?" not in text else None
    except ValueError:
        return None


def _missing_hydrogen(block: CifBlock, found: Structure) -> float:
    """Return the mass fraction of hydrogen in the formula when the sites hold none."""
    formula = _formula(block)
    light = {"H", "D", "T"}
    if formula is None or any(str(getattr(each, "symbol", each)) in light for each in found.composition):
        return 0.0
    mass = sum(float(n * kind.atomic_mass) for kind, n in formula.items() if kind.symbol in light)
    return mass / float(formula.weight)


def _usual_setting(found: Structure) -> tuple[Structure, int]:
    """Return the structure in axes that the crystal system is written in here, and its group's number.

    The file's own axes are kept where they are such; rhombohedral axes, a monoclinic unique axis c and
    primitive cells are turned into the standard's.
    """
    symmetry = SpacegroupAnalyzer(found, symprec=0.01)
    number = int(symmetry.get_space_group_number())
    lattice, system = found.lattice, phases.system_of(number)
    if structures.usual_axes((*map(float, lattice.abc), *map(float, lattice.angles)), system):
        return found, number
    turned = symmetry.get_conventional_standard_structure()
    lattice = turned.lattice
    if not structures.usual_axes((*map(float, lattice.abc), *map(float, lattice.angles)), system):
        raise ReadError(
            f"the cell is not that of a {system} phase (group {number})",
            expected=f"free parameters {', '.join(free_parameters(system))}",
            found=str([round(float(each), 4) for each in (*lattice.abc, *lattice.angles)]),
        )
    return turned, number


def _thermal(block: CifBlock) -> dict[str, float]:
    """Return the mean isotropic B (angstrom²) of each element that the CIF states."""
    names = _column(block, "_atom_site_type_symbol") or _column(block, "_atom_site_label")
    found: dict[str, list[float]] = {}
    for column, factor in (("_atom_site_u_iso_or_equiv", 8 * np.pi**2), ("_atom_site_b_iso_or_equiv", 1.0)):
        key = next((each for each in block.data if str(each).lower() == column), None)
        for name, text in zip(names, _column(block, str(key)) if key else [], strict=False):
            element, value = re.match(r"[A-Z][a-z]?", name), _number(text)
            if element and value and _COLDEST < value * factor < _HOTTEST:
                found.setdefault(element[0], []).append(value * factor)
    return {name: float(np.mean(values)) for name, values in found.items()}
