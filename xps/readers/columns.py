"""Columns of text: energy and intensity, one region or several side by side."""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.xps import levels
from interlayer.xps.readers import axis
from interlayer.xps.readers.table import Table, parse
from interlayer.xps.readers.units import is_rate
from interlayer.xps.spectra import Attribute, Floats, Spectrum, build

_MAX_SIZE = 5 * 2**20
_ENERGY = re.compile(r"(?<!pass )energy|\b[bk]\.?\s*e\b|binding|kinetic", re.IGNORECASE)
_PASS_ENERGY = re.compile(r"\b(?:PE|pass energy)[^\d\n]{0,12}(\d+(?:\.\d+)?)", re.IGNORECASE)
_INTENSITY = re.compile(r"count|cps|c/s|intens|signal|\bcts\b", re.IGNORECASE)
_NO_DATA = re.compile(
    r"backg|\bbg\b|envelope|resid|\bfit|\bcomp|model|\bsum\b|error|std|sigma|weight|transmission",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Which columns are a region's energies and intensities."""

    energy: int
    values: int


def load(path: Path) -> xr.Dataset:
    """Read energy and intensity columns; several regions or scans beside each other are told apart.

    Integers are taken as counts; anything else as an intensity (counts/s) whose noise is estimated. Kinetic
    energies are turned with the header's photon energy, or the one usual anode that fits the core level.
    """
    if path.stat().st_size > _MAX_SIZE:
        raise ReadError("too large for columns of a spectrum", found=f"{path.stat().st_size} bytes")
    table = parse(read_text(path))
    pairs = _pairs(table)
    if not pairs:
        raise ReadError("no column of intensities", found=", ".join(table.titles))
    spectra = [_spectrum(table, pair, path, len(pairs) == 1) for pair in pairs]
    used = {k for pair in pairs for k in (pair.energy, pair.values)}
    left = [table.titles[k] or f"column {k + 1}" for k in range(len(table.columns)) if k not in used]
    return build(spectra, **({"columns_not_read": ", ".join(left)} if left else {}))


def _pairs(table: Table) -> list[_Pair]:
    present = [k for k, column in enumerate(table.columns) if column.size]
    energies, twice = _energy_columns(table, present)
    if len(energies) == 1:
        candidates = [k for k in present if k not in (energies[0], *twice)]
        return [_Pair(energies[0], k) for k in _value_columns(table, candidates)]
    return [
        _Pair(energy, k)
        for energy, end in pairwise([*energies, present[-1] + 1])
        for k in _value_columns(table, [k for k in present if energy < k < end])
    ]


def _energy_columns(table: Table, present: list[int]) -> tuple[list[int], set[int]]:
    """Return the columns of energies, and those that hold the same axis once more as kinetic energies."""
    said = {k: axis.says(table.titles[k]) for k in present}
    named = [k for k in present if _ENERGY.search(table.titles[k]) and not _INTENSITY.search(table.titles[k])]
    twice = {
        kinetic
        for kinetic in named
        for other in named
        if (said[kinetic], said[other]) == ("kinetic", "binding")
        and _same_axis(table.columns[kinetic], table.columns[other])
    }
    if named:
        return [k for k in named if k not in twice], twice
    even, odd = present[::2], present[1::2]
    beside = len(even) == len(odd) > 1 and all(_advances(table.columns[k]) for k in even)
    return (even if beside and not any(_advances(table.columns[k]) for k in odd) else present[:1]), set()


def _value_columns(table: Table, candidates: list[int]) -> list[int]:
    """Return the columns of measured intensities; of untitled ones only the first can be meant."""
    titled = [k for k in candidates if table.titles[k]]
    if not titled:
        return candidates[:1]
    found: list[int] = []
    for k in titled:
        again = any(_proportional(table.columns[k], table.columns[other]) for other in found)
        if not _NO_DATA.search(table.titles[k]) and not again:
            found.append(k)
    return found


def _same_axis(kinetic: Floats, binding: Floats) -> bool:
    return kinetic.size == binding.size and float(np.ptp(kinetic + binding)) < 0.02


def _advances(column: Floats) -> bool:
    steps = np.diff(column)
    return bool(np.all(steps > 0) or np.all(steps < 0))


def _proportional(first: Floats, second: Floats) -> bool:
    if first.size != second.size:
        return False
    scale = float(np.dot(first, second)) / max(float(np.dot(second, second)), 1e-300)
    return bool(np.allclose(first, scale * second, rtol=1e-4, atol=0.0))


def _spectrum(table: Table, pair: _Pair, path: Path, alone: bool) -> Spectrum:
    energy, values = table.columns[pair.energy], table.columns[pair.values]
    title, unit = (f"{table.titles[k]}" for k in (pair.energy, pair.values))
    if energy.size != values.size:
        raise ReadError(
            f"columns {pair.energy + 1} and {pair.values + 1} are not of one length",
            found=f"{energy.size} energies, {values.size} intensities",
        )
    if not _advances(energy):
        swapped = "; are the columns swapped?" if _advances(values) else ""
        at = int(np.flatnonzero(np.diff(energy) * np.sign(energy[-1] - energy[0]) <= 0)[0])
        raise ReadError(
            f"the energies do not advance{swapped}", found=f"{energy[at]:g} and {energy[at + 1]:g} eV"
        )
    level = levels.from_name(f"{title} {unit}") or (levels.from_name(table.header) if alone else "")
    level = level or levels.from_name(path.stem.replace("_", " "))
    header = table.header if alone else f"{title} {unit}"
    photon = axis.photon_energy(table.header)
    binding, source = axis.binding(energy, axis.says(title) or axis.says(header), photon, level)
    source = photon if source != source else source
    attrs: dict[str, Attribute] = {"source_energy": source} if source == source else {}
    if match := _PASS_ENERGY.search(table.header):
        attrs["pass_energy"] = float(match[1])
    counts = bool(np.all(np.abs(values - np.round(values)) < 1e-6)) and values.max() > 1
    units = "counts" if counts and not is_rate(unit or table.header) else "counts/s"
    name = path.stem if alone or _INTENSITY.search(unit) else unit or path.stem
    return Spectrum(level or _loose(path.stem) or name, binding, values, units, attrs=attrs)


def _loose(stem: str) -> str:
    """Return the one core level whose name is hidden in a file's name, or ""."""
    found = [name for name in levels.table() if name.replace(" ", "").lower() in stem.lower()]
    return found[0] if len(found) == 1 else ""
