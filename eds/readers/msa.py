"""EMSA/MAS spectra (ISO 22029)."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.eds.readers import dataset

_SCALE = {"ev": 1.0, "kev": 1000.0}
_NUMBERS = {
    "BEAMKV": "beam_voltage",
    "LIVETIME": "live_time",
    "REALTIME": "real_time",
    "ELEVANGLE": "take_off_angle",
    "XTILTSTGE": "tilt",
}


def load(path: Path) -> xr.Dataset:
    """Return the Dataset of an EMSA/MAS spectrum.

    Raises
    ------
    ReadError
        When there are no data, or their number is not the one stated.
    """
    keys, body = _split(read_text(path))
    numbers = _numbers(body)
    scale = _scale(keys.get("XUNITS", "eV"))
    columns = 2 if keys.get("DATATYPE", "Y").strip().upper() == "XY" else 1
    counts = numbers[1::2] if columns == 2 else numbers
    stated = int(float(keys.get("NPOINTS", counts.size)))
    if counts.size != stated:
        raise ReadError("the spectrum is truncated", expected=f"{stated} points", found=counts.size)
    width = float(keys.get("XPERCHAN", 0.0)) * scale
    offset = float(keys.get("OFFSET", 0.0)) * scale
    if columns == 2 and counts.size > 1:
        energies = numbers[0::2] * scale
        width, offset = float((energies[-1] - energies[0]) / (energies.size - 1)), float(energies[0])
    if not width > 0:
        raise ReadError("no channel width", expected="XPERCHAN above 0", found=keys.get("XPERCHAN"))
    attrs: dict[str, str | float | int] = {
        name: float(keys[key]) for key, name in _NUMBERS.items() if _positive(keys.get(key))
    }
    attrs |= {name: keys[key] for key, name in (("TITLE", "label"), ("DATE", "date")) if keys.get(key)}
    units = "counts/s" if re.search(r"cps|counts?\s*/\s*s", keys.get("YUNITS", "").lower()) else "counts"
    return dataset.spectrum(counts, width, offset, attrs, units)


def _split(text: str) -> tuple[dict[str, str], list[str]]:
    keys: dict[str, str] = {}
    body: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            key, _, value = line.lstrip("#").partition(":")
            name = re.split(r"[\s-]", key.strip(), maxsplit=1)[0].upper()
            keys.setdefault(name, value.strip())
            if name == "ENDOFDATA":
                break
        elif "SPECTRUM" in keys and line.strip():
            body.append(line)
    return keys, body


def _numbers(body: list[str]) -> np.ndarray:
    cells = re.split(r"[,\s]+", " ".join(body).strip().strip(","))
    if cells == [""]:
        raise ReadError("no data after #SPECTRUM")
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError as error:
        raise ReadError("the data hold what is not a number", found=str(error)) from None


def _scale(unit: str) -> float:
    match = re.search(r"k?ev", unit.lower())
    if match is None:
        raise ReadError("not an energy axis", expected="XUNITS of eV or keV", found=unit)
    return _SCALE[match.group()]


def _positive(text: str | None) -> bool:
    try:
        return text is not None and np.isfinite(float(text)) and float(text) > 0
    except ValueError:
        return False
