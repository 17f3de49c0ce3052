"""Bruker .brml archives."""

import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import xarray as xr
from defusedxml.ElementTree import fromstring

from interlayer.core.errors import ReadError
from interlayer.core.files import zip_member
from interlayer.xrd.readers.common import dataset, number


def load(path: Path) -> xr.Dataset:
    """Read the first scan of a .brml archive that has a 2θ axis."""
    with ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if re.search(r"RawData\d*\.xml$", n))
    for name in names:
        root = fromstring(zip_member(path, name))
        for route in root.iter("DataRoute"):
            if _axis(route) is not None:
                said = f"the first scan of {len(names)}" if len(names) > 1 else ""
                return _pattern(root, route, said)
    raise ReadError("no scan over 2θ in the archive", expected="a ScanAxisInfo with AxisId TwoTheta")


def _axis(route: Any) -> int | None:
    """Return which of the scan axes is 2θ."""
    for place, axis in enumerate(route.iter("ScanAxisInfo")):
        if axis.get("AxisId") == "TwoTheta":
            return place
    return None


def _pattern(root: Any, route: Any, said: str) -> xr.Dataset:
    rows = [str(datum.text).split(",") for datum in route.iter("Datum")]
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise ReadError("the rows of data are not complete", expected="Datum rows of equal length")
    table = np.array(rows, dtype=float)
    planned = number(route.findtext(".//MeasurementPoints"))
    if planned is not None and round(planned) != len(table):
        raise ReadError("points are missing", expected=f"{round(planned)} points", found=len(table))
    first = [int(v.get("Start", "-1")) for v in route.iter("RawDataView") if "Varying" in str(v.attrib)]
    angle = (first[0] if first else 2) + (_axis(route) or 0)
    attrs: dict[str, object] = {
        "anode": root.findtext(".//TubeMaterial"),
        "goniometer_radius": _value(root, "Radius"),
        "wavelength": _value(root, "WaveLengthAlpha1"),
        "wavelength_alpha2": _value(root, "WaveLengthAlpha2"),
        "kalpha_ratio": _value(root, "WaveLengthRatio"),
        "counting_time": number(route.findtext(".//TimePerStepEffective")),
        "conversion": said,
    }
    return dataset(table[:, angle], table[:, -1], attrs=attrs)


def _value(root: Any, name: str) -> float | None:
    element = next(root.iter(name), None)
    return None if element is None else number(element.get("Value", ""))
