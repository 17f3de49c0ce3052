"""SPECS: SpecsLab `.xml` (CORBA dump) and Prodigy `.xy`."""

import re
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import xarray as xr
from defusedxml.ElementTree import fromstring

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.xps.readers.axis import turned
from interlayer.xps.readers.units import counts
from interlayer.xps.spectra import MAX_POINTS, Attribute, Floats, Spectrum, build

_SCAN = re.compile(r"(?m)^#[ \t]*(Cycle: *\d+, *Curve: *\d+, *Scan: *\d+)")


def load_xml(path: Path) -> xr.Dataset:
    """Read a SpecsLab `.xml`: each detector is put on its own kinetic axis, interpolated, and summed."""
    text = re.sub(
        r"<!DOCTYPE.*?\]>", "", path.read_text(encoding="utf-8", errors="replace"), count=1, flags=re.S
    )
    root = fromstring(text)
    found = [node for node in root.iter("struct") if "RegionData:" in node.get("type_id", "")]
    if not found:
        raise ReadError("no region in this SPECS file", expected="a struct RegionData")
    return build([_xml_region(node) for node in found])


def _child(node: Element, name: str) -> Element:
    for child in node:
        if child.get("name") == name:
            return child
    raise ReadError(f"a SPECS region lacks {name!r}")


def _number(node: Element, name: str) -> float:
    return float(_child(node, name).text or "nan")


def _array(node: Element) -> Floats:
    return np.array(" ".join(child.text or "" for child in node).split(), dtype=np.float64)


def _xml_region(node: Element) -> Spectrum:
    region = _child(node, "region")
    head, tail = int(_number(node, "mcd_head")), int(_number(node, "mcd_tail"))
    points, delta = int(_number(region, "values_per_curve")), _number(region, "scan_delta")
    if not 0 < points <= MAX_POINTS or min(head, tail) < 0:
        raise ReadError(
            "a SPECS region of impossible size", found=f"{points} points, {head} and {tail} beside"
        )
    start, pass_energy = _number(region, "kinetic_energy"), _number(region, "pass_energy")
    detectors = [
        (_number(each, "shift"), _number(each, "gain"))
        for each in _child(_child(node, "analyzer_info"), "detectors")
    ]
    recorded = [
        _array(_child(scan, "counts")) for cycle in _child(node, "cycles") for scan in _child(cycle, "scans")
    ]
    if not recorded:
        raise ReadError("a SPECS region without scans")
    full = points + head + tail
    stack = np.stack(recorded)
    if stack.shape[1] != full * len(detectors):
        raise ReadError(
            "SPECS counts do not fit the detectors", expected=full * len(detectors), found=stack.shape[1]
        )
    table = stack.sum(axis=0).reshape(full, len(detectors))
    kinetic = start + delta * np.arange(points)
    index = start + (np.arange(full) - head) * delta
    total = np.zeros(points)
    for column, (shift, _) in enumerate(detectors):
        total += np.interp(kinetic, index + shift * pass_energy, table[:, column])
    photon = _number(region, "excitation_energy")
    through = _array(_child(node, "transmission"))
    attrs: dict[str, Attribute] = {
        "dwell_time": _number(region, "dwell_time"),
        "scans": float(len(recorded)),
        "pass_energy": pass_energy,
        "source_energy": photon,
        "work_function": _number(region, "effective_workfunction"),
        "detectors": len(detectors),
    }
    name = _child(node, "name").text or ""
    valid = through.size == points and bool((through > 0).all() and np.isfinite(through).all())
    valid = valid and float(np.ptp(through)) > 0
    return Spectrum(name, turned(kinetic, photon), total, "counts", through if valid else None, attrs)


def load_xy(path: Path) -> xr.Dataset:
    """Read a Prodigy `.xy`: regions begin at ``# Region:``; scans of one region are summed."""
    text = read_text(path)
    prefix = text.split("# Group:", 1)[0]
    kinetic = _key(prefix, "Energy Axis").lower().startswith("kinetic")
    rate = _key(prefix, "Count Rate").lower().startswith("counts per second")
    blocks = re.split(r"(?m)^# Region:", text)[1:]
    if not blocks:
        raise ReadError("no '# Region:' in this SPECS .xy file")
    return build([_xy_region("# Region:" + block, kinetic, rate) for block in blocks])


def _key(text: str, key: str) -> str:
    match = re.search(rf"(?m)^#[ \t]*{re.escape(key)}:(.*)$", text)
    return match[1].strip() if match else ""


def _xy_region(block: str, kinetic: bool, rate: bool) -> Spectrum:
    name = _key(block, "Region")
    parts = re.split(r"(?m)^(?=#[ \t]*(?:Cycle:|External Channel))", block)
    curves = [_curve(part) for part in parts if re.search(r"(?m)^[^#\s]", part) and "# External" not in part]
    if not curves:
        raise ReadError(f"region {name!r} of the SPECS .xy file has no data")
    energy, stated = curves[0][:, 0], _float(_key(block, "Values/Curve"))
    points = int(stated) if 0 < stated < 1e7 else energy.size
    if any(curve.shape != (points, 2) or not np.array_equal(curve[:, 0], energy) for curve in curves):
        found = ", ".join(str(len(curve)) for curve in curves[:5])
        raise ReadError(
            f"the curves of region {name!r} are not alike", expected=f"{points} points", found=found
        )
    dwell, photon = _float(_key(block, "Dwell Time")), _float(_key(block, "Excitation Energy"))
    saved = max(len(set(_SCAN.findall(block))), 1)
    declared = _float(_key(block, "Number of Scans"))
    scans = declared if saved == 1 and declared > 0 else float(saved)
    # the channels of a scan add up; the rate of scans that were saved as one curve is their mean
    total = np.sum([curve[:, 1] for curve in curves], axis=0)
    values, units = counts(total / saved, "c/s", dwell, scans) if rate else (total, "counts")
    attrs: dict[str, Attribute] = {
        "dwell_time": dwell,
        "scans": scans,
        "pass_energy": _float(_key(block, "Pass Energy")),
        "source_energy": photon,
        "work_function": _float(_key(block, "Eff. Workfunction")),
    }
    return Spectrum(name, turned(energy, photon) if kinetic else energy, values, units, attrs=attrs)


def _curve(part: str) -> Floats:
    """Return energies and intensities of one curve, (n, 2)."""
    rows = [line.split() for line in part.splitlines() if line.strip() and not line.startswith("#")]
    try:
        return np.array([[float(row[0]), float(row[1])] for row in rows])
    except (ValueError, IndexError):
        raise ReadError("a row of the SPECS .xy file is not energy and intensity") from None


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
