"""EDAX APEX `.edaxh5` projects.

Layout (as other readers of the format describe it): /project/sample/Area n/<item>. A Live Map has SPD
(spectra of each pixel; attributes NumberOfLines, NumberOfPoints, NumberofChannels, MicronPerPixelX and Y),
SPC (one record: eVOffset, evPch, NumberOfPoints, SpectrumCounts) and ROIs (element maps <name>.dat); a
LineScan has LSD (attributes NumberOfSpectra, NumberofChannels), REGION and the size of its field in mm.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.eds.readers import calibration, dataset
from interlayer.eds.readers.edax import sample_sum
from interlayer.eds.readers.hdf5 import cube, groups, scalar, values
from interlayer.eds.readers.names import element_of

Attrs = dict[str, str | float | int]

_MAP_FIELD = "ELEMENTOVRLAYIMGCOLLECTIONPARAMS"
_LINE_FIELD = "LINEMAPIMAGECOLLECTIONPARAMS"
#: fields of an SPC record that hold the beam voltage, in lower case
_VOLTAGE = ("kv", "beamvoltage", "acceleratingvoltage")


def load(file: Any) -> xr.Dataset:
    """Return the first spectrum map, else line scan, else element maps, else spectrum, of a project.

    Raises
    ------
    ReadError
        When there is none of them.
    """
    items = list(groups(file))
    for part, read in (("SPD", _map), ("LSD", _line_scan), ("ROIs", _element_maps), ("SPC", _spectrum)):
        found = [item for item in items if part in item and _readable(item, part)]
        if found:
            raw = read(found[0])
            if len(found) > 1:
                others = ", ".join(item.name for item in found[1:])
                raw.attrs["reader_note"] = f"{found[0].name} was read; not {others}"
            return raw
    raise ReadError(
        "neither a map nor a line scan nor a spectrum",
        expected="SPD, LSD, ROIs or SPC in /project/sample/Area n/item",
        found=", ".join(file) or "an empty file",
    )


def _readable(item: Any, part: str) -> bool:
    if part == "ROIs":
        return bool(_roi_names(item["ROIs"])) and _MAP_FIELD in item
    return part != "SPC" or bool(item["SPC"].dtype.names)


def _attribute(node: Any, *names: str) -> float:
    """Return the first of the attributes that is there, whatever its case."""
    known = {str(name).lower(): name for name in node.attrs}
    for name in names:
        if name.lower() in known:
            return float(scalar(node.attrs[known[name.lower()]]))
    raise ReadError(f"attribute {names[0]!r} is missing", expected=f"it at {node.name}")


def _record(item: Any) -> dict[str, Any]:
    """Return the fields of an SPC record by name in lower case; nothing without one."""
    if "SPC" not in item or not item["SPC"].dtype.names:
        return {}
    record = values(item["SPC"]).ravel()[0]
    return {name.lower(): record[name] for name in record.dtype.names}


def _spectrum_attrs(record: dict[str, Any]) -> Attrs:
    for name in _VOLTAGE:
        if name in record:
            volts = float(np.ravel(record[name])[0])
            if 0.2 <= volts <= 400:
                return {"beam_voltage": volts}
    return {}


def _calibrated(
    counts: np.ndarray, steps: tuple[float, float] | None, record: dict[str, Any], attrs: Attrs
) -> xr.Dataset:
    """Return a cube whose channel width was verified: SPC may have another number of channels than SPD."""
    stated = float(np.ravel(record["evpch"])[0]) if "evpch" in record else None
    offset = float(np.ravel(record["evoffset"])[0]) if "evoffset" in record else 0.0
    channels = int(np.ravel(record["numberofpoints"])[0]) if "numberofpoints" in record else counts.shape[2]
    attrs = attrs | _spectrum_attrs(record)
    verdict = calibration.verify(
        sample_sum(counts), stated, channels if stated else None, float(attrs.get("beam_voltage", 0.0))
    )
    attrs |= {"energy_axis": verdict.reason, "energy_axis_corrected": int(verdict.corrected)}
    return dataset.cube(counts, steps, verdict.step, offset, attrs)


def _map(item: Any) -> xr.Dataset:
    node = item["SPD"]
    lines, points, channels = (
        int(_attribute(node, name)) for name in ("NumberOfLines", "NumberOfPoints", "NumberofChannels")
    )
    steps = tuple(1000 * _attribute(node, f"MicronPerPixel{axis}", f"MicronsPerPixel{axis}") for axis in "YX")
    return _calibrated(cube(node, (lines, points), channels), (steps[0], steps[1]), _record(item), {})


def _line_scan(item: Any) -> xr.Dataset:
    node = item["LSD"]
    spectra, channels = (int(_attribute(node, name)) for name in ("NumberOfSpectra", "NumberofChannels"))
    record = _record(item)
    if not record and "SPC" in item:
        record = {"evpch": _attribute(item["SPC"], "evPCh")}
    counts = cube(node, (spectra, 1), channels)
    step = _line_length(item) / spectra if "REGION" in item and _LINE_FIELD in item else None
    return _calibrated(counts, None if step is None else (step, step), record, {"line_scan": 1})


def _line_length(item: Any) -> float:
    """Return the length of a line scan, nm: its ends are shares of the field."""
    region, field = item["REGION"], item[_LINE_FIELD]
    dx, dy = (
        (_attribute(region, f"{axis}2") - _attribute(region, f"{axis}1")) * _field(field, f"mmField{name}")
        for axis, name in (("X", "Width"), ("Y", "Height"))
    )
    return 1e6 * float(np.hypot(dx, dy))


def _field(node: Any, name: str) -> float:
    """Return a number of an attribute or of a field of a record."""
    if getattr(node, "dtype", None) is not None and node.dtype.names and name in node.dtype.names:
        return float(np.ravel(values(node)[name])[0])
    return _attribute(node, name)


def _roi_names(node: Any) -> list[str]:
    return [
        name
        for name in sorted(node)
        if name.endswith(".dat") and element_of(name.removesuffix(".dat")) and hasattr(node[name], "dtype")
    ]


def _element_maps(item: Any) -> xr.Dataset:
    node, field = item["ROIs"], item[_MAP_FIELD]
    width, height = (int(_field(field, f"Resolution{axis}")) for axis in "XY")
    steps = _field(field, "mmFieldHeight") * 1e6 / height, _field(field, "mmFieldWidth") * 1e6 / width
    maps: dict[str, xr.Dataset] = {}
    for name in _roi_names(node):
        element = element_of(name.removesuffix(".dat"))
        counts = np.asarray(values(node[name])).ravel()
        if counts.size != width * height:
            raise ReadError(f"the size of {name!r} is not that of the map", expected=width * height)
        each = dataset.element_map(counts.reshape(height, width), element, steps, {}, name=name)
        maps.setdefault(element, each)
    first, *others = maps.values()
    return first.assign({name: data for each in others for name, data in each.data_vars.items()})


def _spectrum(item: Any) -> xr.Dataset:
    record = _record(item)
    _needs(record, ("evpch", "evoffset", "numberofpoints", "spectrumcounts"))
    count = int(np.ravel(record["numberofpoints"])[0])
    counts = np.asarray(record["spectrumcounts"]).ravel()[:count]
    width, offset = (float(np.ravel(record[name])[0]) for name in ("evpch", "evoffset"))
    return dataset.spectrum(counts, width, offset, _spectrum_attrs(record))


def _needs(record: dict[str, Any], names: Sequence[str]) -> None:
    missing = [name for name in names if name not in record]
    if missing:
        raise ReadError("the spectrum's record is incomplete", expected=", ".join(names), found=missing)
