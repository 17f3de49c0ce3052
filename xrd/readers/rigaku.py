"""Rigaku .ras, .rasx and .asc."""

import re
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import xarray as xr
from defusedxml.ElementTree import fromstring

from interlayer.core.errors import ReadError
from interlayer.core.files import decode, read_text, zip_member
from interlayer.xrd.readers.common import Floats, dataset, number

_KEY = re.compile(r'^\*(\S+)\s+"(.*)"\s*$', re.MULTILINE)


def _rows(text: str) -> Floats:
    """Return rows of 2θ, counts and attenuation."""
    rows = [line.split() for line in text.split("\n") if line.strip()]
    if not rows or any(len(row) != len(rows[0]) for row in rows) or len(rows[0]) < 2:
        raise ReadError("rows of unequal length", expected="2θ, intensity, attenuation")
    return np.array(rows, dtype=float)


def _pattern(table: Floats, unit: str, attrs: dict[str, object]) -> xr.Dataset:
    factor = table[:, 2] if table.shape[1] > 2 else np.ones(len(table))
    if (factor != 1).any():
        attrs["conversion"] = "intensity times the attenuation column"
    return dataset(table[:, 0], table[:, 1] * factor, unit=unit, attrs=attrs)


def _unit(text: str) -> str:
    return "counts/s" if text.strip().lower() in ("cps", "c/s", "counts/s") else "counts"


def load_ras(path: Path) -> xr.Dataset:
    """Read the first block of a .ras file (intensity × attenuation). The radius in use is not in it."""
    text = read_text(path, ("cp932", "utf-8-sig", "latin-1"))
    start, end = text.find("*RAS_INT_START"), text.find("*RAS_INT_END")
    if start < 0 or end < start:
        raise ReadError(
            "the block of intensities is not complete",
            expected="*RAS_INT_START … *RAS_INT_END",
            advice="The file may be truncated.",
        )
    keys = dict(_KEY.findall(text[:start]))
    table = _rows(text[start:end].partition("\n")[2])
    count = number(keys.get("MEAS_DATA_COUNT"))
    if count is not None and round(count) != len(table):
        raise ReadError("points are missing", expected=f"{round(count)} points", found=len(table))
    attrs: dict[str, object] = {
        "anode": keys.get("HW_XG_TARGET_NAME") or None,
        "wavelength": number(keys.get("HW_XG_WAVE_LENGTH_ALPHA1")),
        "wavelength_alpha2": number(keys.get("HW_XG_WAVE_LENGTH_ALPHA2")),
    }
    return _pattern(table, _unit(keys.get("MEAS_SCAN_UNIT_Y", "")), attrs)


def load_rasx(path: Path) -> xr.Dataset:
    """Read the first profile of a .rasx archive."""
    with ZipFile(path) as archive:
        names = archive.namelist()
    profile = sorted(name for name in names if re.fullmatch(r"Data\d+/Profile\d+\.txt", name))[0]
    table = _rows(decode(zip_member(path, profile)).replace("\r\n", "\n"))
    folder = profile.partition("/")[0]
    conditions = [name for name in names if re.fullmatch(rf"{folder}/Mes\w*Conditions\d*\.xml", name)]
    attrs: dict[str, object] = {}
    unit = "counts"
    if conditions:
        root = fromstring(zip_member(path, conditions[0]))
        attrs = {
            "anode": root.findtext(".//TargetName"),
            "wavelength": number(root.findtext(".//WavelengthKalpha1")),
            "wavelength_alpha2": number(root.findtext(".//WavelengthKalpha2")),
        }
        unit = _unit(root.findtext(".//ScanInformation/IntensityUnit") or "")
    return _pattern(table, unit, attrs)


def load_asc(path: Path) -> xr.Dataset:
    """Read the first group of a Rigaku .asc file."""
    text = read_text(path)
    keys: dict[str, str] = {}
    values: list[float] = []
    for line in text.split("\n"):
        if line.startswith("*"):
            key, _, value = line[1:].partition("=")
            if key.strip() == "END" and values:
                break
            keys.setdefault(key.strip(), value.strip())
        elif line.strip():
            values += [float(cell) for cell in line.split(",") if cell.strip()]
    count = number(keys.get("COUNT"))
    if count is not None and round(count) != len(values):
        raise ReadError("points are missing", expected=f"{round(count)} points", found=len(values))
    try:
        x = float(keys["START"]) + float(keys["STEP"]) * np.arange(len(values))
    except KeyError as error:
        raise ReadError(f"the header lacks *{error.args[0]}", expected="*START and *STEP") from None
    attrs: dict[str, object] = {
        "anode": keys.get("TARGET") if keys.get("TARGET") in ("Cu", "Co", "Mo", "Cr", "Fe", "Ag") else None,
        "wavelength": number(keys.get("WAVE_LENGTH1")),
    }
    return dataset(x, np.array(values), unit=_unit(keys.get("YUNIT", "")), attrs=attrs)
