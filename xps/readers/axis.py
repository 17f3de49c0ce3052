"""Whether an energy axis is kinetic or binding: what the file says, checked against its core level."""

import re

import numpy as np

from interlayer.core.errors import ReadError
from interlayer.xps import levels
from interlayer.xps.spectra import Floats

#: photon energies of the usual anodes as instruments state them, eV
SOURCES = {"Al Kα": 1486.6, "Mg Kα": 1253.6, "Ag Lα": 2984.3}
_KINETIC = re.compile(r"kinetic|\bk\.?\s*e\b\.?|\be_?kin\b", re.IGNORECASE)
_BINDING = re.compile(r"binding|\bb\.?\s*e\b\.?|\be_?b(in)?\b", re.IGNORECASE)
_ANODE = re.compile(r"\b(Al|Mg|Ag)[\s_-]?(K|L)(\s*[-_]?\s*(a|alpha|α))", re.IGNORECASE)
_PHOTON = re.compile(
    r"(?:\bh[vν]|photon|excitation|source|x-?ray)[^\d\n;,]{0,30}?(\d{3,5}(?:[.,]\d+)?)", re.IGNORECASE
)
#: how far a core level may lie outside the window (charging), eV
_MARGIN = 15.0


def says(text: str) -> str:
    """Return "kinetic" or "binding" as a header says, "" where it says nothing or both.

    Examples
    --------
    >>> [says(text) for text in ("Kinetic Energy / eV", "BE(eV)", "K.E.", "Energy", "B.E. counts")]
    ['kinetic', 'binding', 'kinetic', '', 'binding']
    """
    found = [name for name, mark in (("kinetic", _KINETIC), ("binding", _BINDING)) if mark.search(text)]
    return found[0] if len(found) == 1 else ""


def photon_energy(text: str) -> float:
    """Return the photon energy (eV) that a header states in numbers or by its anode, nan where it does not.

    Examples
    --------
    >>> photon_energy("hv = 1486.68 eV"), photon_energy("Mg Ka, 300 W")
    (1486.68, 1253.6)
    """
    number = _PHOTON.search(text)
    if number:
        return float(number[1].replace(",", "."))
    anode = _ANODE.search(text)
    return next(
        (e for name, e in SOURCES.items() if anode and name.startswith(anode[1].title())), float("nan")
    )


def binding(energy: Floats, said: str, photon: float, level: str) -> tuple[Floats, float]:
    """Return binding energies and the photon energy used (nan for an axis that is binding already).

    Parameters
    ----------
    energy
        (n,) as in the file.
    said
        "kinetic", "binding" or "" as the file says.
    photon
        Its photon energy, nan where it is not stated: then the one usual anode that fits the level.
    level
        The core level that the file names, or "".

    Raises
    ------
    ReadError
        When a kinetic axis has no known photon energy, or the axis contradicts the core level.
    """
    if said == "kinetic":
        source = photon if photon == photon else _source(energy, level)
        return turned(energy, source), source
    guess = "" if _holds(energy, level) else _guess(energy, level)
    if guess or (level and not _holds(energy, level)):
        near = f" of {level}, near {levels.table()[level].energy:g} eV" if level else ""
        raise ReadError(
            "the energy axis does not hold what it should",
            expected=f"binding energies{near}",
            found=f"{energy.min():g} to {energy.max():g} eV" + (f"; {guess}" if guess else ""),
            advice="Name a column of kinetic energies 'Kinetic Energy', or export binding energies.",
        )
    return energy, float("nan")


def turned(kinetic: Floats, photon: float) -> Floats:
    """Return binding energies (n,) of kinetic ones.

    Raises
    ------
    ReadError
        When the photon energy is not known.
    """
    if not photon > 0:
        raise ReadError(
            "kinetic energies without the source's energy", advice="Export binding energies, or VAMAS."
        )
    return np.asarray(np.round(photon - kinetic, 6))


def contradicts(energy: Floats, level: str) -> bool:
    """Return True where an axis (n,) of binding energies does not reach the core level of its name."""
    return bool(level) and not _holds(energy, level)


def _holds(energy: Floats, level: str) -> bool:
    """Return True where an axis reaches its core level; unnamed, any level, or more than one region."""
    low, high = float(energy.min()), float(energy.max())
    entry = levels.table().get(level)
    if entry is not None:
        return low - _MARGIN <= entry.energy <= high + _MARGIN
    return high - low > 100.0 or any(low - 5 <= each.energy <= high + 5 for each in levels.table().values())


def _guess(energy: Floats, level: str) -> str:
    """Return what the axis would be were it kinetic, "" where that makes no sense either."""
    for name, photon in SOURCES.items():
        turned = photon - energy[::-1]
        found = level if level and _holds(turned, level) else levels.from_range(turned.min(), turned.max())
        if found and (found == level or (not level and found in levels.USUAL)):
            return f"with {name} they would be {turned.min():.0f} to {turned.max():.0f} eV, {found}"
    return ""


def _source(energy: Floats, level: str) -> float:
    fitting = [e for e in SOURCES.values() if level and _holds(e - energy, level)]
    if len(fitting) != 1:
        raise ReadError(
            "kinetic energies without the source's energy",
            expected="a header line such as 'hv = 1486.6 eV', or the core level's name",
            advice="Or export binding energies.",
        )
    return fitting[0]
