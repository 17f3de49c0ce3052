"""PHI MultiPak's text export: ``Element C 1s; Region 6 of 6; Depth Cycle 1 of 1; …`` and two columns."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.xps.spectra import Attribute, Spectrum, build

_FACTS = re.compile(r"(Time Per Step|Sweeps|Photon Energy|Depth Cycle) ([\d.]+)")


def load(path: Path) -> xr.Dataset:
    """Read MultiPak's text export; each depth cycle is a further measurement."""
    blocks = re.split(r"(?m)^Element (?=.*;)", read_text(path))[1:]
    spectra = [_block(block) for block in blocks]
    stated = re.search(r"Region \d+ of (\d+); Depth Cycle \d+ of 1;", blocks[0] if blocks else "")
    if stated and int(stated[1]) != len(spectra):
        raise ReadError("the MultiPak export is cut", expected=f"{stated[1]} regions", found=len(spectra))
    series = any(float(spectrum.attrs.get("cycle", 1)) > 1 for spectrum in spectra)
    for spectrum in () if series else spectra:
        spectrum.attrs.pop("cycle", None)
    return build(spectra)


def _block(block: str) -> Spectrum:
    title, _, body = block.partition("\n")
    name = title.split(";")[0].strip()
    facts = {key: float(value) for key, value in _FACTS.findall(title)}
    rows = [line.split() for line in body.splitlines() if line.strip()]
    if not rows or any(len(row) != 2 for row in rows):
        raise ReadError(
            f"region {name!r} of this MultiPak export is not two columns",
            found=next((" ".join(row)[:40] for row in rows if len(row) != 2), "no rows"),
        )
    table = np.array(rows, dtype=np.float64)
    attrs: dict[str, Attribute] = {"scans": facts.get("Sweeps", 1.0)}
    if "Time Per Step" in facts:
        attrs["dwell_time"] = facts["Time Per Step"] / 1000.0
    if "Photon Energy" in facts:
        attrs["source_energy"] = facts["Photon Energy"]
    if "Depth Cycle" in facts:
        attrs["cycle"] = int(facts["Depth Cycle"])
    return Spectrum(name, table[:, 0], table[:, 1], attrs=attrs)
