"""PANalytical .xrdml, versions 1.0 to 2.3: matched by local names, because each version has its namespace."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from defusedxml.ElementTree import fromstring

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.common import Floats, dataset, joined, number


def load(path: Path) -> xr.Dataset:
    """Read the scans of an .xrdml file; scans that follow each other are joined, else the first is read."""
    root = fromstring(path.read_bytes())
    scans = _all(root, "dataPoints")
    if not scans:
        raise ReadError("no scan in the file", expected="an element dataPoints")
    read = [_scan(scan) for scan in scans]
    x, y, said = joined([(each[0], each[1]) for each in read])
    attrs = _metadata(root) | {"counting_time": read[0][2], "conversion": said}
    return dataset(x, y, unit=read[0][3], attrs=attrs)


def _all(element: Any, name: str) -> list[Any]:
    return [each for each in element.iter() if str(each.tag).rpartition("}")[2] == name]


def _text(element: Any, name: str) -> str | None:
    found = _all(element, name)
    return str(found[0].text).strip() if found and found[0].text else None


def _scan(scan: Any) -> tuple[Floats, Floats, float | None, str]:
    """Return 2θ, intensity, seconds per point and the unit of one scan."""
    values = _all(scan, "counts") or _all(scan, "intensities")
    if not values or not values[0].text:
        raise ReadError("no intensities in the scan", expected="an element counts or intensities")
    y = np.array(values[0].text.split(), dtype=float)
    unit = "counts/s" if values[0].get("unit") in ("cps", "counts/s") else "counts"
    factors = _text(scan, "beamAttenuationFactors")
    if factors:
        y = y * np.array(factors.split(), dtype=float)
    seconds = _text(scan, "commonCountingTime")
    return _angles(scan, y.size), y, number(seconds) if seconds else None, unit


def _angles(scan: Any, count: int) -> Floats:
    for positions in _all(scan, "positions"):
        if positions.get("axis") == "2Theta":
            listed = _text(positions, "listPositions")
            if listed:
                return np.array(listed.split(), dtype=float)
            ends = [_text(positions, name) for name in ("startPosition", "endPosition")]
            if ends[0] and ends[1]:
                return np.linspace(float(ends[0]), float(ends[1]), count)
    raise ReadError("the scan has no 2θ axis", expected='positions with axis="2Theta"')


def _metadata(root: Any) -> dict[str, object]:
    found: dict[str, object] = {"anode": _text(root, "anodeMaterial")}
    radius = _text(root, "radius")
    first, second, ratio = (_text(root, each) for each in ("kAlpha1", "kAlpha2", "ratioKAlpha2KAlpha1"))
    found["goniometer_radius"] = number(radius) if radius else None
    found["wavelength"] = number(first) if first else None
    found["wavelength_alpha2"] = number(second) if second else None
    found["kalpha_ratio"] = number(ratio) if ratio else None
    used = _all(root, "usedWavelength")
    found["wavelength_intended"] = str(used[0].get("intended", "")) if used else None
    return found
