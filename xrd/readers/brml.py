"""Bruker .brml archives."""

import math
import re
from pathlib import Path
from typing import Any

import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import archive, zip_member
from interlayer.xrd.readers.common import Scan, combined, floats, number
from interlayer.xrd.readers.markup import parsed
from interlayer.xrd.readers.metadata import anode, celsius, degrees, radians, slit, soller, started

_MEMBER = re.compile(r"(?:.*/)?(?:Experiment(\d+)/)?RawData(\d*)\.xml")
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def load(path: Path) -> xr.Dataset:
    """Read a .brml archive; scans that follow each other are joined, else the first is read."""
    return combined(scans(path))


def scans(path: Path) -> list[Scan]:
    """Return every scan over 2θ of a .brml archive, in the order of their numbers."""
    with archive(path) as opened:
        found = [(match, name) for name in opened.namelist() if (match := _MEMBER.fullmatch(name))]
    names = [name for _, name in sorted(found, key=lambda each: (_digits(each[0][1]), _digits(each[0][2])))]
    scans: list[Scan] = []
    starts: list[str | None] = []
    for name in names:
        root = parsed(zip_member(path, name))
        starts.append(root.findtext(".//TimeStampStarted"))
        routes = [route for route in root.iter("DataRoute") if _axis(route) is not None]
        measured = [route for route in routes if route.get("RouteFlag") == "Measured"]
        when = started(starts)
        scans += [_scan(root, route, when) for route in measured or routes[:1]]
    if not scans:
        raise ReadError("no scan over 2θ in the archive", expected="a ScanAxisInfo with AxisId TwoTheta")
    return scans


def _digits(text: str | None) -> int:
    return int(text) if text else 0


def _axis(route: Any) -> int | None:
    """Return which of the scan axes is 2θ."""
    for place, axis in enumerate(route.iter("ScanAxisInfo")):
        if axis.get("AxisId") == "TwoTheta":
            return place
    return None


def _scan(root: Any, route: Any, when: dict[str, object]) -> Scan:
    rows = [str(datum.text).split(",") for datum in route.iter("Datum")]
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise ReadError("the rows of data are not complete", expected="Datum rows of equal length")
    table = floats(rows)
    planned = number(route.findtext(".//MeasurementPoints"))
    if planned is not None and round(planned) != len(table):
        raise ReadError("points are missing", expected=f"{round(planned)} points", found=len(table))
    angle, counts = _columns(route, table.shape[1])
    attrs = _metadata(root) | when | {"counting_time": number(route.findtext(".//TimePerStepEffective"))}
    return Scan(table[:, angle], table[:, counts], attrs=attrs)


def _columns(route: Any, width: int) -> tuple[int, int]:
    """Return the columns of 2θ and of the counts by the views of the data."""
    angle, counts = 2 + (_axis(route) or 0), width - 1
    recorded = 0
    for view in route.iter("RawDataView"):
        kind, first = str(view.get(_TYPE)), int(view.get("Start", "-1"))
        if kind.startswith("Varying"):
            names = [each.get("AxisId") for each in view.iter("FieldDefinitions")]
            angle = first + (names.index("TwoTheta") if "TwoTheta" in names else _axis(route) or 0)
        elif kind.startswith("Recorded"):
            if view.get("Length", "1") != "1":
                raise ReadError("frames of a 2D detector", expected="one number per point")
            counts = first if not recorded else counts
            recorded += 1
    if not (0 <= angle < width and 0 <= counts < width):
        raise ReadError("the columns of the data are not there", expected=f"{width} columns")
    return angle, counts


def _metadata(root: Any) -> dict[str, object]:
    optics = [each for each in root.iter("InfoData") if "Slit" in str(each.get(_TYPE))]
    sollers = [each for each in root.iter("InfoData") if "Soller" in str(each.get(_TYPE))]
    crystals = [each for each in root.iter("InfoData") if "Monochromator" in str(each.get(_TYPE))]
    return {
        "anode": anode(root.findtext(".//TubeMaterial")),
        "goniometer_radius": _value(root, "Radius"),
        "wavelength": _value(root, "WaveLengthAlpha1"),
        "wavelength_alpha2": _value(root, "WaveLengthAlpha2"),
        "kalpha_ratio": _value(root, "WaveLengthRatio"),
        "soller_slit": soller([radians(_opening(each)) for each in sollers]),
        "monochromator": ", ".join(str(each.get("VisibleName")) for each in crystals) or None,
        "temperature": _temperature(root),
        **_divergence(root, optics),
    }


def _value(root: Any, name: str) -> float | None:
    element = next(root.iter(name), None)
    return None if element is None else number(element.get("Value", ""))


def _opening(element: Any) -> float | None:
    """Return the opening (degree) of a Soller slit, from its value or its name."""
    value = _value(element, "AngularOpening") or _value(element, "Opening")
    return value or degrees(element.get("VisibleName"))


def _divergence(root: Any, optics: list[Any]) -> dict[str, object]:
    """Return the divergence slit of the primary track: its opening, or its height over its distance."""
    primary = next(root.iter("PrimaryTracks"), None)
    inside = [each for each in (primary.iter("InfoData") if primary is not None else []) if each in optics]
    for element in inside:
        kind = str(element.get(_TYPE))
        if "Soller" in kind or "Mount" in kind:
            continue
        if not kind.startswith("Fixed"):
            return slit("auto")
        height, away = _value(element, "Height"), _value(element, "AbsolutePosition")
        if height and away:
            return slit("", fixed=round(math.degrees(height / away), 4))
    return {}


def _temperature(root: Any) -> float | None:
    for element in root.iter("InfoData"):
        if "temperature" in str(element.get("LogicName")).lower():
            position = next(element.iter("Position"), None)
            if position is not None:
                return celsius(number(position.get("Value")), str(position.get("Unit")))
    return None
