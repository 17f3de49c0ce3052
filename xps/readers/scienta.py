"""Scienta SES text export."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.xps.readers.axis import turned
from interlayer.xps.spectra import Attribute, Spectrum, build


def load(path: Path) -> xr.Dataset:
    """Read a Scienta `.txt`: ``[Region n]``, ``[Info n]``, ``[Data n]``; slices are summed."""
    text = read_text(path)
    parts = re.split(r"(?m)^\[([^\]\n]+)\]\s*$", text)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    numbers = sorted(int(name[5:]) for name in sections if re.fullmatch(r"Data \d+", name))
    if not numbers:
        raise ReadError("no '[Data n]' section in this Scienta file", advice="The export is truncated.")
    return build([_region(sections, number) for number in numbers])


def _facts(section: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in section.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _region(sections: dict[str, str], number: int) -> Spectrum:
    region = _facts(sections.get(f"Region {number}", ""))
    info = _facts(sections.get(f"Info {number}", ""))
    rows = [line.split() for line in sections[f"Data {number}"].splitlines() if line.strip()]
    try:
        table = np.array([[float(cell) for cell in row] for row in rows])
    except ValueError as error:
        raise ReadError(f"[Data {number}] is not a table of numbers", found=error) from None
    expected = int(region.get("Dimension 1 size", str(table.shape[0])))
    if table.ndim != 2 or table.shape[1] < 2 or table.shape[0] != expected:
        raise ReadError(f"[Data {number}] is not complete", expected=f"{expected} rows", found=table.shape)
    photon = float(info.get("Excitation Energy", "nan"))
    binding = region.get("Dimension 1 name", info.get("Energy Scale", "")).lower().startswith("binding")
    energy = table[:, 0] if binding else turned(table[:, 0], photon)
    attrs: dict[str, Attribute] = {
        "source_energy": photon,
        "pass_energy": float(info.get("Pass Energy", "nan")),
        "dwell_time": float(info.get("Step Time", "nan")) / 1000.0,
        "scans": float(info.get("Number of Sweeps", "1")),
        "sample": info.get("Sample", ""),
    }
    name = region.get("Region Name") or info.get("Region Name", f"region {number}")
    return Spectrum(name, energy, table[:, 1:].sum(axis=1), "counts/s", attrs=attrs)
