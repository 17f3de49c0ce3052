"""Phases: cells, reflections, references. Bundled ones bring their reflections; a CIF needs pymatgen."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.errors import SettingError
from interlayer.core.packaged import packaged
from interlayer.xrd.model.cell import free_parameters

Floats = NDArray[np.floating[Any]]

#: prior spread of a cell that only a CIF states
_CIF_SPREAD = 0.003
#: largest relative difference between the stated density and that of cell and sites
_DENSITY = 0.05


@dataclass(frozen=True)
class Phase:
    """One phase with its families of reflections.

    Parameters
    ----------
    name, title
        The name in rows and settings, and the name to print.
    system
        Crystal system, as in `free_parameters`.
    cell
        (6,) a, b, c in angstrom and α, β, γ in degree.
    spread
        Relative standard deviation of known cells.
    layer
        Phases of one layer share one height in the specimen.
    hkl
        (n, 3) one reflection of each family.
    strength
        (n,) multiplicity times \\|F\\|², the intensity of a random powder without the Lorentz-polarisation
        factor, highest 1.
    attenuation
        1/cm of the dense phase for Cu Kα where its powder is a thick specimen (standards), else 0.
    uneven
        Accepted even if its lines fit no single cell: a foil may lie at several heights.
    scale
        Multiplicity times \\|F\\|² of the strongest family in electron² (Cu Kα); NaN when unknown.
    volume, density
        Of the cell that ``scale`` belongs to in angstrom³, and of the phase in g/cm3.
    elements
        Mass fractions, for the absorption.
    """

    name: str
    title: str
    system: str
    cell: tuple[float, ...]
    spread: float
    layer: str
    hkl: NDArray[np.int64]
    strength: Floats
    reference: str
    uneven: bool = False
    attenuation: float = 0.0
    scale: float = math.nan
    volume: float = math.nan
    density: float = math.nan
    elements: tuple[tuple[str, float], ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of the free cell parameters: ("a", "c") …"""
        return free_parameters(self.system)


def system_of(number: int) -> str:
    """Return the crystal system of a space group's number (hexagonal axes for trigonal groups).

    Examples
    --------
    >>> system_of(191)
    'hexagonal'
    """
    ends = {2: "triclinic", 15: "monoclinic", 74: "orthorhombic", 142: "tetragonal", 194: "hexagonal"}
    return next((name for end, name in ends.items() if number <= end), "cubic")


def full_cell(entry: Mapping[str, float], system: str) -> tuple[float, ...]:
    """Return a, b, c, α, β, γ from the free parameters of a crystal system."""
    a = entry["a"]
    b, c = entry.get("b", a), entry.get("c", a)
    gamma = 120.0 if system == "hexagonal" else entry.get("gamma", 90.0)
    return a, b, c, entry.get("alpha", 90.0), entry.get("beta", 90.0), gamma


@cache
def definitions() -> dict[str, dict[str, Any]]:
    """Return the bundled phases as their data file states them."""
    return packaged("interlayer.xrd", "data/phases.toml")


def fingerprint(entry: Mapping[str, Any]) -> str:
    """Return a short hash of what a phase's reflections depend on."""
    kept = {key: entry.get(key) for key in ("space_group", "origin", "cell", "sites", "b_iso")}
    return sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


@cache
def _tabulated() -> dict[str, Any]:
    text = files("interlayer.xrd").joinpath("data/reflections.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@cache
def bundled(name: str) -> Phase:
    """Return a bundled phase.

    Raises
    ------
    SettingError
        When there is none of this name; the nearest names are offered.
    """
    known = definitions()
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name, list(known), n=2)
        raise SettingError(
            "unknown phase",
            expected="a CIF or TOML file, or one of " + ", ".join(known),
            found=repr(name),
            advice=f"Did you mean {' or '.join(near)}?" if near else None,
        )
    entry = known[name]
    table = _tabulated().get(name)
    system = system_of(entry["number"])
    if table is None or table["fingerprint"] != fingerprint(entry):
        from interlayer.xrd.structures import phase

        return phase(name, entry)
    return from_table(name, entry, table, system, full_cell(entry["cell"], system))


def from_table(
    name: str, entry: Mapping[str, Any], table: Mapping[str, Any], system: str, cell: tuple[float, ...]
) -> Phase:
    """Return a phase from its entry and the table of its structure."""
    return Phase(
        name,
        entry["title"],
        system,
        cell,
        entry["spread"],
        entry["layer"],
        np.array(table["hkl"], dtype=np.int64).reshape(-1, 3),
        np.array(table["strength"], dtype=float),
        entry["reference"],
        bool(entry.get("uneven", False)),
        float(entry.get("attenuation", 0.0)),
        float(table["scale"]),
        float(table["volume"]),
        float(entry["density"]),
        tuple(table["elements"].items()),
    )


def standards() -> list[Phase]:
    """Return the bundled diffraction standards."""
    return [bundled(name) for name, entry in definitions().items() if entry.get("standard", False)]


def candidates(names: list[str] | None = None) -> list[Phase]:
    """Return the phases to look for: those asked (bundled names, paths of CIF or TOML files), else the usual.

    The usual ones are the bundled phases that a lithium cell holds. Standards and windows are looked for only
    when they are named, except silicon, which is an anode too.
    """
    if not names:
        return [bundled(name) for name, entry in definitions().items() if entry.get("candidate", True)]
    return [find(name) for name in dict.fromkeys(names)]


def find(name: str) -> Phase:
    """Return a bundled phase by name, or a phase from a CIF or TOML file by its path."""
    if name in definitions():
        return bundled(name)
    if name.lower().endswith((".cif", ".toml")) or Path(name).is_file():
        from interlayer.xrd.phase_files import load

        return load(Path(name), _CIF_SPREAD)
    return bundled(name)


def density_agrees(stated: float, calculated: float) -> bool:
    """Return whether cell and sites give the stated density (a wrong origin choice does not)."""
    return abs(calculated / stated - 1) <= _DENSITY
