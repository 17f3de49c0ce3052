"""Rigaku .rasx archives."""

import re
from pathlib import Path
from typing import Any

import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import archive, zip_member
from interlayer.xrd.readers.common import Scan, combined, number
from interlayer.xrd.readers.encoding import decoded, lines_of
from interlayer.xrd.readers.markup import parsed
from interlayer.xrd.readers.metadata import anode, started, step_time
from interlayer.xrd.readers.rigaku import profile, rigaku_optics, rows, unit_of

_PROFILE = re.compile(r"Data(\d+)/Profile(\d+)\.txt")
#: axes of the conditions under the names of the .ras header
_AXES = {
    "ISS": "IncidentSollerSlit",
    "RSS": "ReceivingSollerSlit",
    "IS": "IncidentSlitBox",
    "Temperature": "Temperature",
}


def load(path: Path) -> xr.Dataset:
    """Read a .rasx archive; profiles that follow each other are joined, else the first is read."""
    return combined(scans(path))


def scans(path: Path) -> list[Scan]:
    """Return every profile of a .rasx archive in the order of their numbers."""
    with archive(path) as opened:
        names = opened.namelist()
    profiles = [(int(match[1]), int(match[2]), match[0]) for match in map(_PROFILE.fullmatch, names) if match]
    found, starts = [], list[str | None]()
    for number_, _, name in sorted(profiles):
        root = _conditions(path, names, number_)
        table = rows(lines_of(decoded(zip_member(path, name))))
        starts.append(_text(root, "ScanInformation/StartTime"))
        _complete(root, len(table))
        if not (_text(root, "ScanInformation/AxisName") or "TwoTheta").startswith(
            ("TwoTheta", "OmegaTwoTheta")
        ):
            continue
        unit = unit_of(_text(root, "ScanInformation/IntensityUnit") or "")
        found.append(profile(table, unit, _metadata(root) | started(starts)))
    return found


def _conditions(path: Path, names: list[str], folder: int) -> Any:
    match = [name for name in names if re.fullmatch(rf"Data{folder}/Mes\w*Conditions\d*\.xml", name)]
    return parsed(zip_member(path, match[0])) if match else None


def _text(root: Any, name: str) -> str | None:
    found = None if root is None else root.findtext(f".//{name}")
    return str(found).strip() or None if found else None


def _complete(root: Any, points: int) -> None:
    stated = number(_text(root, "ScanInformation/DataCount"))
    if stated is not None and round(stated) != points:
        raise ReadError("points are missing", expected=f"{round(stated)} points", found=points)


def _metadata(root: Any) -> dict[str, object]:
    if root is None:
        return {}
    axes = {_AXES[axis.get("Name")]: axis.get("Position", "") for axis in _known(root)}
    for category in root.iter("Category"):
        if category.get("Name") in ("IncidentMonochromator", "ReceivingOptics1"):
            axes[str(category.get("Name")).rstrip("1")] = category.get("SelectedUnit", "")
    distances = {
        (each.get("From"), each.get("To")): number(each.get("Value")) for each in root.iter("Distance")
    }
    return {
        "anode": anode(_text(root, "TargetName")),
        "wavelength": number(_text(root, "WavelengthKalpha1")),
        "wavelength_alpha2": number(_text(root, "WavelengthKalpha2")),
        "goniometer_radius": distances.get(("XrayGenerator", "AttachmentStage")),
        "detector_distance": distances.get(("AttachmentStage", "Detector")),
        "counting_time": step_time(
            number(_text(root, "ScanInformation/Step")),
            number(_text(root, "ScanInformation/Speed")),
            _text(root, "ScanInformation/SpeedUnit") or "",
        ),
        **rigaku_optics(axes),
    }


def _known(root: Any) -> list[Any]:
    """Return the axes whose positions matter; of repeated ones the first that is not "Unit mm" stays last."""
    axes = [axis for axis in root.iter("Axis") if axis.get("Name") in _AXES]
    return sorted(axes, key=lambda axis: axis.get("Unit") != "mm")
