"""Bruker UXD text."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.common import Floats, Scan, combined, floats, number, steps
from interlayer.xrd.readers.encoding import text_of
from interlayer.xrd.readers.metadata import anode, slit

_DATA = re.compile(r"^_(2THETACOUNTSTIME|2THETACOUNTS|2THETACPS|COUNTS|CPS)\b", re.IGNORECASE)
_LISTS = re.compile(r"^_(D-I|2THETA-I)\b", re.IGNORECASE)
#: what ``_DRIVE`` says of scans over 2θ; other drives are rocking curves, pole figures, …
_TWO_THETA = (
    "",
    "COUPLED",
    "LOCKED COUPLED",
    "UNLOCKED COUPLED",
    "2THETA",
    "TWOTHETA",
    "DETECTOR",
    "DETECTOR SCAN",
)


@dataclass
class _Block:
    """One range: its keys over those of the file, the kind of its data, and the numbers as text."""

    keys: dict[str, str]
    kind: str
    cells: list[str] = field(default_factory=list)


def load(path: Path) -> xr.Dataset:
    """Read a UXD file; ranges that follow each other are joined, else the first is read."""
    return combined(scans(path))


def scans(path: Path) -> list[Scan]:
    """Return every range over 2θ of a UXD file."""
    blocks = _blocks(text_of(path))
    if not blocks:
        raise ReadError("no counts in the file", expected="_COUNTS, _CPS or _2THETACOUNTS with numbers")
    usable = [block for block in blocks if block.keys.get("DRIVE", "").upper() in _TWO_THETA]
    if not usable:
        drives = sorted({block.keys.get("DRIVE", "") for block in blocks})
        raise ReadError("no scan over 2θ in the file", expected="_DRIVE='COUPLED'", found=", ".join(drives))
    return [_scan(block) for block in usable]


def _blocks(text: str) -> list[_Block]:
    """Return the ranges; a key that stands before the first range is one of the whole file."""
    shared: dict[str, str] = {}
    keys = shared
    blocks: list[_Block] = []
    filling: list[str] | None = None
    for line in (each.strip() for each in text.split("\n")):
        if not line or line.startswith(";"):
            continue
        data = _DATA.match(line)
        if data:
            blocks.append(_Block(shared | keys, data[1].upper()))
            filling = blocks[-1].cells
        elif _LISTS.match(line):
            filling = []
        elif line.startswith("_"):
            name, _, value = line[1:].partition("=")
            if filling is not None or name.strip().upper() == "DRIVE":
                keys = {} if filling is not None or keys is shared else keys
                filling = None
            keys[name.strip().upper()] = value.strip().strip("'\"")
        elif filling is None:
            raise ReadError("numbers stand before _COUNTS", found=repr(line[:60]))
        else:
            filling += line.replace(",", " ").split()
    return [block for block in blocks if block.cells]


def _scan(block: _Block) -> Scan:
    keys, kind = block.keys, block.kind
    values = floats(block.cells)
    attrs: dict[str, object] = {
        "anode": anode(keys.get("ANODE")),
        "wavelength": number(keys.get("WL1")),
        "wavelength_alpha2": number(keys.get("WL2")),
        "kalpha_ratio": number(keys.get("WLRATIO")),
        "goniometer_radius": number(keys.get("GONIOMETER_RADIUS")),
        "counting_time": number(keys.get("STEPTIME")),
        "time": _seconds(keys.get("TIMESTARTED")),
        **_slit(keys),
    }
    x, y = _columns(keys, kind, values, attrs)
    return Scan(x, y, "counts/s" if kind.endswith("CPS") else "counts", attrs=attrs)


def _seconds(text: str | None) -> float | None:
    return 0.0 if text is not None and re.fullmatch(r"0*\.?0*", text) else number(text)


def _slit(keys: dict[str, str]) -> dict[str, object]:
    if keys.get("VARDIVERGENCE", "").upper().startswith("V"):
        return slit("auto")
    return slit("", fixed=number(keys.get("FIXED_DIVSLIT")))


def _columns(
    keys: dict[str, str], kind: str, values: Floats, attrs: dict[str, object]
) -> tuple[Floats, Floats]:
    """Return 2θ and the intensity, from pairs, from triples with a time, or from start and step."""
    if kind.startswith("2THETA"):
        width = 3 if kind.endswith("TIME") else 2
        if values.size % width:
            raise ReadError(
                "truncated", expected=f"{width} numbers per point", found=f"{values.size} numbers"
            )
        table = values.reshape(-1, width)
        if width == 3 and np.ptp(table[:, 2]) == 0:
            attrs["counting_time"] = number(table[0, 2]) or attrs["counting_time"]
        elif width == 3:
            raise ReadError("points of different counting times", expected="one time for all")
        x, y = table[:, 0], table[:, 1]
    else:
        missing = [name for name in ("START", "STEPSIZE") if name not in keys]
        if missing:
            raise ReadError("the header lacks a value", expected=", ".join(f"_{name}" for name in missing))
        start, step = (float(each) for each in floats([keys["START"], keys["STEPSIZE"]]))
        x, y = steps(start, step, values.size), values
    planned = number(keys.get("STEPCOUNT"))
    if planned is not None and round(planned) != y.size:
        raise ReadError("points are missing", expected=f"{round(planned)} points", found=y.size)
    return x, y
