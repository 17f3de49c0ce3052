"""Scienta `.ibw`: one region in an Igor binary wave, its settings in the note (SES: lines, PEAK: JSON)."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xps.readers.axis import turned
from interlayer.xps.readers.igor import Wave, parse
from interlayer.xps.spectra import Attribute, Floats, Spectrum, build

_ENERGY = re.compile(r"(kinetic|binding|analy[sz]er)[ _]?energy", re.IGNORECASE)
_PHOTON = re.compile(r"photon|excitation", re.IGNORECASE)
_NUMBERS = {
    "Excitation Energy": "source_energy",
    "Pass Energy": "pass_energy",
    "Number of Sweeps": "scans",
    "Step Time": "dwell_time",
}


def load(path: Path) -> xr.Dataset:
    """Read a Scienta `.ibw`: slices, positions and iterations are summed.

    Whole numbers are counts; anything else is an intensity (counts/s) whose noise is estimated.
    """
    wave = parse(path.read_bytes())
    facts = _peak(wave.note) if wave.note.startswith("{") else _ses(wave.note)
    if not facts:
        raise ReadError(
            "an Igor wave without the settings of a Scienta analyser",
            expected="a note with lines such as 'Excitation Energy=1486.6'",
            found=repr(wave.note[:60]),
            advice="Export the energy and the intensity as columns of text.",
        )
    energy_at = next((i for i, label in enumerate(wave.labels) if _ENERGY.search(label)), 0)
    others = [label for i, label in enumerate(wave.labels) if i != energy_at]
    if any(_PHOTON.search(label) for label in others):
        raise ReadError("a scan of the photon energy, not one spectrum", found=", ".join(wave.labels))
    summed = tuple(i for i in range(wave.values.ndim) if i != energy_at)
    values = np.asarray(wave.values.astype(np.float64).sum(axis=summed))
    attrs = _attrs(facts)
    if summed:
        attrs["slices"] = wave.values.size // values.size
    whole = bool(np.all(values == np.round(values))) and float(np.max(values, initial=0.0)) > 1
    energy = _binding(wave, energy_at, facts)
    name = facts.get("Region Name") or wave.name or path.stem
    return build([Spectrum(name, energy, values, "counts" if whole else "counts/s", attrs=attrs)])


def _ses(note: str) -> dict[str, str]:
    """Return the facts of SES's note: everything before its tables of the run mode."""
    head = note.partition("[Run Mode Information")[0]
    pairs = [line.partition("=") for line in head.splitlines() if "=" in line]
    facts = {key.strip(): value.strip() for key, _, value in pairs}
    return facts if "Excitation Energy" in facts or "Energy Scale" in facts else {}


def _peak(note: str) -> dict[str, str]:
    """Return the facts of PEAK's note under SES's names; its times are in a unit it does not state."""
    try:
        found = json.loads(note)
    except (ValueError, RecursionError):
        raise ReadError("the note of this Igor wave is not the JSON that it begins as") from None
    wanted = {
        "Region Name": ("Name",),
        "Pass Energy": ("PassEnergy",),
        "Energy Scale": ("EnergyMode",),
        "Number of Sweeps": ("AcquisitionLoopCount",),
        "Sample": ("Sample", "Name"),
        "Excitation Energy": ("ExcitationSource", "ExcitationSourceEnergyInformation", "Energy"),
    }
    values = {key: _at(found, place) for key, place in wanted.items()}
    return {key: str(value) for key, value in values.items() if isinstance(value, str | int | float)}


def _at(found: Any, place: tuple[str, ...]) -> Any:
    for key in place:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _attrs(facts: Mapping[str, str]) -> dict[str, Attribute]:
    attrs: dict[str, Attribute] = {}
    for key, name in _NUMBERS.items():
        value = _number(facts.get(key, ""))
        if value == value:
            attrs[name] = value / 1000.0 if name == "dwell_time" else value
    if facts.get("Sample"):
        attrs["sample"] = facts["Sample"]
    return attrs


def _binding(wave: Wave, at: int, facts: Mapping[str, str]) -> Floats:
    label = f"{wave.labels[at]} {facts.get('Energy Scale', '')}".lower()
    if "binding" in label and "kinetic" in label:
        raise ReadError("the wave's axis and its note disagree on the energy scale", found=label.strip())
    if "binding" in label:
        return np.round(wave.axes[at], 6)
    photon = _number(facts.get("Excitation Energy", ""))
    if "kinetic" not in label:
        raise ReadError("whether the energies are kinetic or binding is not said", found=repr(label.strip()))
    return turned(wave.axes[at], photon)


def _number(text: str) -> float:
    try:
        return float(text.split()[0])
    except (ValueError, IndexError):
        return float("nan")
