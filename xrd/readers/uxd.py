"""Bruker UXD text."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.xrd.readers.common import dataset, number

_DATA = re.compile(r"^_(2THETACOUNTS|2THETACPS|COUNTS|CPS)\b", re.IGNORECASE)


def load(path: Path) -> xr.Dataset:
    """Read the first range of a UXD file."""
    keys: dict[str, str] = {}
    kind: str = ""
    cells: list[str] = []
    for line in read_text(path).split("\n"):
        text = line.strip()
        if not text or text.startswith(";"):
            if kind and cells and text:
                break
            continue
        if text.startswith("_"):
            if kind and cells:
                break
            name, _, value = text[1:].partition("=")
            keys.setdefault(name.strip().upper(), value.strip().strip("'\""))
            match = _DATA.match(text)
            kind = match[1].upper() if match else kind
        elif kind:
            cells += text.split()
    if not kind or not cells:
        raise ReadError("no counts in the file", expected="_COUNTS, _CPS or _2THETACOUNTS with numbers")
    values = np.array(cells, dtype=float)
    if kind.startswith("2THETA"):
        x, y = values[0::2], values[1::2]
    else:
        x, y = float(keys["START"]) + float(keys["STEPSIZE"]) * np.arange(values.size), values
    attrs: dict[str, object] = {
        "anode": keys.get("ANODE"),
        "wavelength": number(keys.get("WL1")),
        "wavelength_alpha2": number(keys.get("WL2")),
        "kalpha_ratio": number(keys.get("WLRATIO")),
        "goniometer_radius": number(keys.get("GONIOMETER_RADIUS")),
        "counting_time": number(keys.get("STEPTIME")),
    }
    return dataset(x, y, unit="counts/s" if kind.endswith("CPS") else "counts", attrs=attrs)
