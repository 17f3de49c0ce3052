"""Rigaku text: .ras and .asc."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import decode
from interlayer.xrd.readers.common import Floats, Scan, combined, floats, number, steps
from interlayer.xrd.readers.encoding import lines_of, text_of
from interlayer.xrd.readers.metadata import anode, celsius, degrees, radians, slit, soller, started, step_time

_KEY = re.compile(r'^\*(\S+)\s+"(.*)"\s*$', re.MULTILINE)
#: keys of .asc files that stand once per slit, their number first
_NUMBERED = ("SLIT_NAME", "SLIT_SPEC")
#: places in the list of distances of a .ras header: .rasx files give the same list with names (source to
#: specimen, specimen to receiving boxes 1 and 2, box 1 to box 2, specimen to detector)
_SOURCE, _BOX_1, _BOX_2, _BETWEEN, _DETECTOR = 3, 4, 5, 6, 7


def rows(text: str) -> Floats:
    """Return rows of 2θ, counts and attenuation."""
    cells = [line.split() for line in text.split("\n") if line.strip()]
    if not cells or any(len(row) != len(cells[0]) for row in cells) or len(cells[0]) < 2:
        raise ReadError("rows of unequal length", expected="2θ, intensity, attenuation")
    return floats(cells)


def profile(table: Floats, unit: str, attrs: dict[str, object]) -> Scan:
    """Return the scan of a table of 2θ, counts and attenuation."""
    factor = table[:, 2] if table.shape[1] > 2 else np.ones(len(table))
    if (factor <= 0).any():
        raise ReadError("attenuation factors below zero", expected="1 or more", found=f"{factor.min():g}")
    if (factor != 1).any():
        said = [str(attrs.get("conversion") or ""), "intensity times the attenuation column"]
        attrs["conversion"] = "; ".join(each for each in said if each)
    return Scan(table[:, 0], table[:, 1] * factor, unit, attrs=attrs)


def unit_of(text: str) -> str:
    """Return the unit of the intensity that a header names."""
    return "counts/s" if text.strip().lower() in ("cps", "c/s", "counts/s", "counts/sec") else "counts"


def load_ras(path: Path) -> xr.Dataset:
    """Read a .ras file; blocks that follow each other are joined, else the first is read."""
    return combined(scans_ras(path))


def scans_ras(path: Path) -> list[Scan]:
    """Return every block of a .ras file (intensity × attenuation)."""
    text = lines_of(decode(path.read_bytes(), ("cp932", "utf-8-sig", "latin-1")))
    blocks = text.split("*RAS_INT_START")
    if len(blocks) < 2 or any("*RAS_INT_END" not in block for block in blocks[1:]):
        raise ReadError(
            "the block of intensities is not complete",
            expected="*RAS_INT_START … *RAS_INT_END",
            advice="The file may be truncated.",
        )
    last = blocks[-1].partition("*RAS_INT_END")[2]
    if "*RAS_HEADER_START" in last:
        raise ReadError("the last block has no intensities", advice="The file may be truncated.")
    cut = "" if "*RAS_DATA_END" in last else "the file's end mark is missing: later scans may be lost"
    keys: dict[str, str] = {}
    found, starts = [], []
    for head, body in pairwise(blocks):
        keys |= dict(_KEY.findall(head.rpartition("*RAS_INT_END")[2]))
        table = rows(body.partition("*RAS_INT_END")[0].partition("\n")[2])
        _complete(keys.get("MEAS_DATA_COUNT"), len(table))
        starts.append(keys.get("MEAS_SCAN_START_TIME"))
        if _over_two_theta(keys.get("MEAS_SCAN_AXIS_X_INTERNAL") or keys.get("MEAS_SCAN_AXIS_X")):
            unit = unit_of(keys.get("MEAS_SCAN_UNIT_Y", ""))
            attrs = _ras_metadata(keys) | started(starts) | {"conversion": cut}
            found.append(profile(table, unit, attrs))
    return found


def _complete(stated: str | None, points: int) -> None:
    count = number(stated)
    if count is not None and round(count) != points:
        raise ReadError("points are missing", expected=f"{round(count)} points", found=points)


def _over_two_theta(axis: str | None) -> bool:
    """Return whether a scan runs over 2θ by the name of its axis (no name: yes)."""
    plain = re.sub(r"[^a-z0-9]", "", (axis or "").lower())
    return not plain or plain.startswith(
        ("twotheta", "2theta", "omega2theta", "omegatwotheta", "theta2theta")
    )


def _ras_metadata(keys: dict[str, str]) -> dict[str, object]:
    axes = {
        value: keys.get(key.replace("AXIS_NAME_INTERNAL", "AXIS_POSITION"), "")
        for key, value in keys.items()
        if key.startswith("MEAS_COND_AXIS_NAME_INTERNAL-")
    }
    return {
        "anode": anode(keys.get("HW_XG_TARGET_NAME")),
        "wavelength": number(keys.get("HW_XG_WAVE_LENGTH_ALPHA1")),
        "wavelength_alpha2": number(keys.get("HW_XG_WAVE_LENGTH_ALPHA2")),
        **_distances([number(keys.get(f"HW_GONIOMETER_RADIUS-{place}")) for place in range(8)]),
        "counting_time": step_time(
            number(keys.get("MEAS_SCAN_STEP")),
            number(keys.get("MEAS_SCAN_SPEED")),
            keys.get("MEAS_SCAN_SPEED_UNIT", ""),
        ),
        **rigaku_optics(axes),
    }


def _distances(known: list[float | None]) -> dict[str, object]:
    """Return radius and detector distance (mm), where the list of distances agrees with itself."""
    boxes = [known[place] for place in (_BOX_1, _BOX_2, _BETWEEN)]
    if boxes[0] is None or boxes[1] is None or boxes[2] is None or abs(boxes[1] - boxes[0] - boxes[2]) > 0.5:
        return {}
    return {"goniometer_radius": known[_SOURCE], "detector_distance": known[_DETECTOR]}


def rigaku_optics(axes: dict[str, str]) -> dict[str, object]:
    """Return slits and monochromator from the positions of SmartLab's axes (name to position).

    A slit given in mm belongs to a parallel beam and is no divergence slit.
    """
    sollers = [axes.get("IncidentSollerSlit"), axes.get("ReceivingSollerSlit")]
    crystals = [axes.get("IncidentMonochromator", ""), axes.get("ReceivingOptics", "")]
    crystals = [each for each in crystals if re.search(r"Ge|Si|graphite|mono", each)]
    stage = re.match(r"[-+]?\d+(?:\.\d+)?", axes.get("Temperature", ""))
    return {
        **slit(axes.get("IncidentSlitBox", "")),
        "soller_slit": soller([radians(degrees((each or "").rpartition("_")[2])) for each in sollers]),
        "monochromator": ", ".join(crystals) or None,
        "temperature": celsius(float(stage[0]), "C") if stage else None,
    }


def load_asc(path: Path) -> xr.Dataset:
    """Read a Rigaku .asc file; groups that follow each other are joined, else the first is read."""
    return combined(scans_asc(path))


def scans_asc(path: Path) -> list[Scan]:
    """Return every group of a Rigaku .asc file."""
    shared: dict[str, str] = {}
    found: list[Scan] = []
    keys, values, inside = shared, list[str](), False
    for line in (each.strip() for each in text_of(path).split("\n")):
        if line.startswith("*"):
            key, _, value = (part.strip() for part in line[1:].partition("="))
            if key in _NUMBERED:
                place, _, value = value.partition(",")
                key = f"{key} {place.strip()}"
            if key in ("BEGIN", "END", "EOF") and values:
                found.append(_group(shared | keys, values))
            if key in ("BEGIN", "END", "EOF"):
                keys, values, inside = ({} if key == "BEGIN" else shared), [], key == "BEGIN"
            elif inside or not values:
                keys.setdefault(key, value) if keys is shared else keys.update({key: value})
        elif line:
            values += [cell for cell in re.split(r"[,\s]+", line) if cell]
    if values:
        found.append(_group(shared | keys, values))
    if not found:
        raise ReadError("no counts in the file", expected="*START, *STEP and counts")
    groups = number(shared.get("GROUP_COUNT"))
    if groups is not None and round(groups) > len(found):
        raise ReadError("groups are missing", expected=round(groups), found=len(found))
    return found


def _group(keys: dict[str, str], cells: list[str]) -> Scan:
    if not _over_two_theta(keys.get("SCAN_AXIS")):
        raise ReadError("no scan over 2θ", expected="*SCAN_AXIS = 2theta/theta", found=keys["SCAN_AXIS"])
    values = floats(cells)
    _complete(keys.get("COUNT"), values.size)
    missing = [name for name in ("START", "STEP") if name not in keys]
    if missing:
        raise ReadError("the header lacks a value", expected=", ".join(f"*{name}" for name in missing))
    start, step = (float(each) for each in floats([keys["START"], keys["STEP"]]))
    _ends(keys, start, step, values.size)
    attrs: dict[str, object] = {
        "anode": anode(keys.get("TARGET")),
        "wavelength": number(keys.get("WAVE_LENGTH1")),
        "wavelength_alpha2": number(keys.get("WAVE_LENGTH2")),
        "counting_time": step_time(number(step), number(keys.get("SPEED")), keys.get("SPEED_DIM", "")),
        "goniometer_radius": _trailing(keys.get("GONIO", "")),
        **slit(_divergence(keys)),
    }
    return Scan(steps(start, step, values.size), values, unit_of(keys.get("YUNIT", "")), attrs=attrs)


def _divergence(keys: dict[str, str]) -> str:
    """Return the text of the divergence slit: "Div. slit, 2/3deg." or, by its number, "Slit ( 60 min )"."""
    for key, value in keys.items():
        if key.startswith("SLIT_NAME") and "div" in value.lower() and "h.l" not in value.lower():
            return value if degrees(value) else keys.get(key.replace("NAME", "SPEC"), "").partition(",")[0]
    return ""


def _trailing(text: str) -> float | None:
    """Return the radius (mm) behind a goniometer's name: "Wide angle goniometer, 185"."""
    radius = number(text.rpartition(",")[2]) if "," in text else None
    return radius if radius is not None and 50 <= radius <= 1000 else None


def _ends(keys: dict[str, str], start: float, step: float, count: int) -> None:
    """Raise when the counts do not reach from *START to *STOP."""
    stop = keys.get("STOP")
    if stop is None or "COUNT" in keys:
        return
    planned = round((float(stop) - start) / step) + 1 if step else 0
    if planned != count:
        raise ReadError("points are missing", expected=f"{planned} points", found=count)
