"""SPECS: SpecsLab `.xml` (CORBA dump) and Prodigy `.xy`."""

import re
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import xarray as xr
from defusedxml.ElementTree import fromstring

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.xps.spectra import Attribute, Floats, Spectrum, build


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
    start, pass_energy = _number(region, "kinetic_energy"), _number(region, "pass_energy")
    detectors = [
        (_number(each, "shift"), _number(each, "gain"))
        for each in _child(_child(node, "analyzer_info"), "detectors")
    ]
    counts = [
        _array(_child(scan, "counts")) for cycle in _child(node, "cycles") for scan in _child(cycle, "scans")
    ]
    if not counts:
        raise ReadError("a SPECS region without scans")
    full = points + head + tail
    stack = np.stack(counts)
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
        "scans": float(len(counts)),
        "pass_energy": pass_energy,
        "source_energy": photon,
        "work_function": _number(region, "effective_workfunction"),
        "detectors": len(detectors),
    }
    name = _child(node, "name").text or ""
    valid = through.size == points and bool((through > 0).all()) and float(np.ptp(through)) > 0
    return Spectrum(name, np.round(photon - kinetic, 6), total, "counts", through if valid else None, attrs)


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
    match = re.search(rf"(?m)^#\s*{re.escape(key)}:\s*(.*?)\s*$", text)
    return match[1] if match else ""


def _xy_region(block: str, kinetic: bool, rate: bool) -> Spectrum:
    name = _key(block, "Region")
    curves = [curve for part in re.split(r"(?m)^# Cycle:.*$", block) if (curve := _curve(part)) is not None]
    if not curves:
        raise ReadError(f"region {name!r} of the SPECS .xy file has no data")
    energy = curves[0][:, 0]
    same = [curve for curve in curves if curve.shape == curves[0].shape and np.allclose(curve[:, 0], energy)]
    dwell, photon = _float(_key(block, "Dwell Time")), _float(_key(block, "Excitation Energy"))
    declared = _float(_key(block, "Number of Scans"))
    scans = declared if len(same) == 1 and declared == declared else float(len(same))
    total = np.sum([curve[:, 1] for curve in same], axis=0)
    values, units = total, "counts"
    if rate:
        known = np.isfinite(dwell) and dwell > 0
        # a rate of summed scans is their mean rate: each saved curve stands for scans / curves scans
        values, units = (
            (total * dwell * scans / len(same), "counts") if known else (total / len(same), "counts/s")
        )
    attrs: dict[str, Attribute] = {
        "dwell_time": dwell,
        "scans": scans,
        "pass_energy": _float(_key(block, "Pass Energy")),
        "source_energy": photon,
        "work_function": _float(_key(block, "Eff. Workfunction")),
    }
    return Spectrum(name, photon - energy if kinetic else energy, values, units, attrs=attrs)


def _curve(part: str) -> Floats | None:
    rows = [line.split() for line in part.splitlines() if line.strip() and not line.startswith("#")]
    table = [[float(cell) for cell in row[:2]] for row in rows if len(row) >= 2]
    return np.array(table) if len(table) >= 3 else None


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
