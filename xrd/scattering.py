"""Structure factors: the absolute intensities of a structure's powder lines, and its absorption."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.packaged import packaged

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Complexes = NDArray[np.complexfloating[Any]]

#: thermal factor B (angstrom²) of elements for which none is stated: usual for ionic solids at 20 °C
USUAL_B = 0.8
#: every family down to this spacing (angstrom), and the most reciprocal lattice points that are worked out
D_MIN, _MOST = 0.76, 60000
#: families weaker than this part of the strongest are left out
_WEAKEST = 2e-3
#: reflections whose 1/d² agree to this are one family
_SAME = 1e-6
#: points worked out at a time
_CHUNK = 2000
#: classical electron radius (cm), Avogadro's number
_RADIUS, _AVOGADRO = 2.8179403e-13, 6.02214076e23


@dataclass(frozen=True)
class Families:
    """The families of a structure.

    Parameters
    ----------
    hkl
        (n, 3) one reflection of each, by falling spacing.
    strength
        (n,) multiplicity times \\|F\\|² of the cell, in electron²; families that coincide exactly (333 and
        511) are one, with the sum.
    """

    hkl: Ints
    strength: Floats


@cache
def _dispersion() -> dict[str, Any]:
    return packaged("interlayer.xrd", "data/dispersion.toml")


def tubes() -> list[str]:
    """Return the anodes whose dispersion is known."""
    return list(_dispersion()["anodes"])


def dispersion(element: str, anode: str = "Cu") -> complex:
    """Return the anomalous dispersion f' + i f'' of an element at Kα1 of an anode.

    Examples
    --------
    >>> dispersion("Ni").real
    -3.0
    """
    table = _dispersion()
    real, imaginary = table["elements"].get(element, [[0.0, 0.0]] * 6)[table["anodes"].index(anode)]
    return complex(real, imaginary)


def absorption(weights: Mapping[str, float], density: float, wavelength: float, anode: str = "Cu") -> float:
    """Return the linear (photoelectric) absorption coefficient in 1/cm.

    Parameters
    ----------
    weights
        Mass fraction of each element.
    density
        g/cm3.
    wavelength
        angstrom.

    Notes
    -----
    Optical theorem: σ = 2 rₑ λ f'' per atom (International Tables for Crystallography C, 4.2.4).
    """
    masses, total = _dispersion()["masses"], 0.0
    for name, part in weights.items():
        sigma = 2 * _RADIUS * wavelength * 1e-8 * dispersion(name, anode).imag
        total += part * _AVOGADRO / float(masses.get(name, np.inf)) * sigma
    return total * density


def families(structure: "Structure", thermal: Mapping[str, float], anode: str = "Cu") -> Families:
    """Return the families of a structure.

    Parameters
    ----------
    thermal
        Isotropic thermal factors B (angstrom²) by element; others take `USUAL_B`.

    Notes
    -----
    F = Σ n (f₀ + f' + i f'') exp(−B s²) exp(2πi h·x) over the atoms of the cell, s = sin θ/λ = 1/(2 d).
    f₀ for neutral atoms as in pymatgen (De Graef & McHenry, Structure of Materials (2007)).
    """
    hkl, q = _points(structure)
    square = np.concatenate(
        [
            np.abs(_factor(structure, hkl[i : i + _CHUNK], q[i : i + _CHUNK], thermal, anode)) ** 2
            for i in range(0, len(hkl), _CHUNK)
        ]
    )
    starts = np.flatnonzero(np.concatenate([[True], np.diff(q) > _SAME * q[1:]]))
    strength = np.add.reduceat(square, starts)
    ends = [*starts[1:], len(q)]
    kept = [i for i in range(len(starts)) if strength[i] > _WEAKEST * strength.max()]
    named = [_named(hkl[starts[i] : ends[i]], square[starts[i] : ends[i]]) for i in kept]
    return Families(np.array(named, dtype=np.int64).reshape(-1, 3), strength[kept])


def _points(structure: "Structure") -> tuple[Ints, Floats]:
    """Return the reciprocal lattice points down to the smallest spacing, and their 1/d², sorted."""
    volume = float(structure.volume)
    smallest = max(D_MIN, float(np.cbrt(volume * 4.19 / _MOST)))
    reciprocal = np.asarray(structure.lattice.reciprocal_lattice_crystallographic.matrix)
    most = [int(length / smallest) + 1 for length in structure.lattice.abc]
    axes = [np.arange(-n, n + 1) for n in most]
    hkl = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    q = np.sum((hkl @ reciprocal) ** 2, axis=1)
    inside = (q > 1e-9) & (q <= smallest**-2)
    order = np.argsort(q[inside], kind="stable")
    return hkl[inside][order].astype(np.int64), q[inside][order]


def _factor(
    structure: "Structure", hkl: Ints, q: Floats, thermal: Mapping[str, float], anode: str
) -> Complexes:
    from pymatgen.analysis.diffraction.xrd import ATOMIC_SCATTERING_PARAMS

    s_squared = q / 4
    total = np.zeros(len(hkl), dtype=complex)
    for name, (sites, occupancy) in _atoms(structure).items():
        a, b = np.array(ATOMIC_SCATTERING_PARAMS[name], dtype=float).T
        number = _number(name)
        atom = number - 41.78214 * s_squared * (a * np.exp(-b * s_squared[:, None])).sum(axis=1)
        form = (atom + dispersion(name, anode)) * np.exp(-thermal.get(name, USUAL_B) * s_squared)
        total += form * (np.exp(2j * np.pi * (hkl @ sites.T)) @ occupancy)
    return total


def _number(name: str) -> int:
    from pymatgen.core.periodic_table import Element

    return int(Element(name).Z)


def _atoms(structure: "Structure") -> dict[str, tuple[Floats, Floats]]:
    """Return coordinates (n, 3) and occupancies (n,) of each element (deuterium as hydrogen)."""
    found: dict[str, list[tuple[Sequence[float], float]]] = {}
    for site in structure:
        for kind, occupancy in site.species.items():
            name = str(getattr(kind, "symbol", kind))
            found.setdefault("H" if name in ("D", "T") else name, []).append(
                (list(site.frac_coords), float(occupancy))
            )
    return {
        name: (np.array([each[0] for each in atoms]), np.array([each[1] for each in atoms]))
        for name, atoms in found.items()
    }


def _named(members: Ints, square: Floats) -> list[int]:
    """Return the reflection that the field names a family by: the strongest, of few minus signs, large h."""
    strong = members[square > 0.5 * square.max()]
    best = max(map(tuple, strong.tolist()), key=lambda each: (-sum(i < 0 for i in each), each))
    return list(best)
