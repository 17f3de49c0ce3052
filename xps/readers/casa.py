"""CasaXPS: the fit kept in the comment lines of a VAMAS file, and the text export."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.xps.spectra import Attribute, Spectrum, build

#: CasaXPS writes some 300 characters; the patterns below take the square of a line's length
_LONGEST = 4000
_COMPONENT = re.compile(
    r"CASA comp \(\*(?P<name>.*?)\*\) \(\*(?P<shape>.*?)\*\) Area (?P<area>\S+) \S+ \S+ "
    r"(?P<area_ref>\S+) \S+ "
    r"MFWHM (?P<fwhm>\S+) \S+ \S+ (?P<fwhm_ref>\S+) \S+ "
    r"Position (?P<position>\S+) (?P<low>\S+) (?P<high>\S+) (?P<position_ref>\S+) \S+ "
    r"RSF (?P<rsf>\S+)"
)
_REGION = re.compile(
    r"CASA region \(\*(?P<name>.*?)\*\) \(\*(?P<background>.*?)\*\) (?P<start>\S+) (?P<end>\S+) (?P<rsf>\S+) "
    r"(?P<average>\S+) (?P<start_offset>\S+) (?P<end_offset>\S+) (?P<cross>\S+ \S+ \S+ \S+)"
)


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a CasaXPS fit; position in binding energy, area in counts eV as CasaXPS states it."""

    name: str
    shape: str
    area: float
    fwhm: float
    position: float
    position_low: float
    position_high: float
    rsf: float


@dataclass(frozen=True, slots=True)
class Region:
    """The quantification region of a CasaXPS fit; energies are binding energies, eV."""

    name: str
    background: str
    low: float
    high: float
    rsf: float
    average_width: int
    cross_section: tuple[float, float, float, float]


def lines(comment: Sequence[str]) -> list[str]:
    """Return the region and component lines of a block comment."""
    marks = ("CASA region (*", "CASA comp (*")
    return [line for line in comment if line.startswith(marks) and len(line) < _LONGEST]


def fit(text: str, source_energy: float) -> tuple[list[Region], list[Component]]:
    """Parse the lines that :func:`lines` kept; kinetic energies become binding energies.

    Raises
    ------
    ReadError
        When a line does not have the fields of a CasaXPS region or component.
    """
    found: tuple[list[Region], list[Component]] = ([], [])
    for line in text.splitlines():
        if line.startswith("CASA region"):
            found[0].append(_region(line, source_energy))
        elif line.startswith("CASA comp"):
            found[1].append(_component(line, source_energy))
    return found


def _region(line: str, source_energy: float) -> Region:
    match = _REGION.match(line)
    if match is None:
        raise ReadError("a CasaXPS region line has other fields than known", found=repr(line[:80]))
    ends = sorted(source_energy - float(match[key]) for key in ("start", "end"))
    c1, c2, c3, c4 = (float(value) for value in match["cross"].split())
    average = int(float(match["average"]))
    return Region(
        match["name"], match["background"], ends[0], ends[1], float(match["rsf"]), average, (c1, c2, c3, c4)
    )


def _component(line: str, source_energy: float) -> Component:
    match = _COMPONENT.match(line)
    if match is None:
        raise ReadError("a CasaXPS component line has other fields than known", found=repr(line[:80]))
    low, high = sorted(source_energy - float(match[key]) for key in ("low", "high"))
    return Component(
        name=match["name"],
        shape=match["shape"],
        area=float(match["area"]),
        fwhm=float(match["fwhm"]),
        position=source_energy - float(match["position"]),
        position_low=low,
        position_high=high,
        rsf=float(match["rsf"]),
    )


def load(path: Path) -> xr.Dataset:
    """Read a CasaXPS text export: ``Cycle n:sample:region`` blocks with K.E., counts, B.E. columns."""
    blocks = re.split(r"(?m)^Cycle (?=\d+:)", read_text(path))[1:]
    if not blocks:
        raise ReadError("a CasaXPS export without a block", expected="lines 'Cycle n:sample:region'")
    return build([_block(block) for block in blocks])


def _block(block: str) -> Spectrum:
    head, _, body = block.partition("\nK.E.")
    title, *rest = head.splitlines()
    _, sample, name = [*title.split(":", 2), "", ""][:3]
    numbers = re.search(r"Characteristic Energy eV\t(\S+)\tAcquisition Time s\t(\S+)", "\n".join(rest))
    columns = ["K.E.", *(cell.strip() for cell in body.partition("\n")[0].split("\t")[1:])]
    if "B.E." not in columns or "Counts" not in columns:
        raise ReadError(f"block {title!r} has no columns Counts and B.E.", found=columns)
    energy_at, counts_at = columns.index("B.E."), columns.index("Counts")
    rows = [line.split("\t") for line in body.partition("\n")[2].splitlines() if line.strip()]
    try:
        table = np.array([[float(row[energy_at]), float(row[counts_at])] for row in rows]).reshape(-1, 2)
    except (ValueError, IndexError) as error:
        raise ReadError(f"a row of block {title!r} has no energy or counts", found=error) from None
    energy, counts = table.T
    attrs: dict[str, Attribute] = {"sample": sample, "scans": 1.0}
    if numbers:
        attrs |= {"source_energy": float(numbers[1]), "dwell_time": float(numbers[2])}
    return Spectrum(name.strip(), np.round(energy, 6), counts, attrs=attrs)
