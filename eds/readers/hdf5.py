"""Oxford `.h5oina` and EDAX APEX `.edaxh5` files, by their published trees. Needs h5py."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.eds.readers import calibration, dataset
from interlayer.eds.readers.edax import sample_sum
from interlayer.eds.readers.names import element_of

#: bytes of counts that are read into memory at most
MAX_COUNTS = 4 * 2**30


def load(path: Path) -> xr.Dataset:
    """Return the Dataset of the first spectrum map, else of the element maps, of an HDF5 file."""
    try:
        import h5py
    except ImportError:
        raise ReadError("reading HDF5 files of EDS systems needs h5py", advice="pip install h5py") from None
    with h5py.File(path, "r") as file:
        if "Format Version" in file or "Manufacturer" in file:
            return _oina(file)
        return _edax(file)


def _value(node: Any) -> Any:
    value = node[()] if hasattr(node, "shape") else node
    value = np.asarray(value).ravel()[0] if np.ndim(value) else value
    return value.decode() if isinstance(value, bytes) else value


def _number(group: Any, name: str) -> float:
    if name not in group:
        raise ReadError(f"{name!r} is missing", expected=f"{name!r} in {group.name}")
    return float(_value(group[name]))


def _oina(file: Any) -> xr.Dataset:
    """Return the first EDS technique of the first slice (Oxford's H5OINA specification)."""
    for key in sorted(name for name in file if hasattr(file[name], "keys")):
        for technique in sorted(file[key]):
            if technique.startswith("EDS"):
                return _oina_eds(file[key][technique])
    raise ReadError("no EDS data", expected="/<slice>/EDS", found=", ".join(file))


def _oina_eds(group: Any) -> xr.Dataset:
    header, data = group["Header"], group["Data"]
    shape = int(_number(header, "Y Cells")), int(_number(header, "X Cells"))
    step = tuple(1000 * _number(header, f"{axis} Step") for axis in "YX")
    attrs: dict[str, str | float | int] = {}
    if "Beam Voltage" in header:
        attrs["beam_voltage"] = _number(header, "Beam Voltage")
    if "Spectrum" in data:
        counts = _counts(data["Spectrum"], shape)
        width, first = _number(header, "Channel Width"), _number(header, "Start Channel")
        return dataset.cube(counts, (step[0], step[1]), width, first, attrs)
    for name, units in (("Window Integral", "counts/s"), ("Peak Area", "counts/s")):
        if name in data:
            return _oina_maps(data[name], shape, (step[0], step[1]), units, attrs)
    raise ReadError("neither spectra nor element maps", found=", ".join(data))


def _counts(node: Any, shape: tuple[int, int]) -> np.ndarray:
    channels = int(node.shape[-1])
    if int(np.prod(node.shape)) != shape[0] * shape[1] * channels:
        raise ReadError("the map's size is not that of its header", expected=shape, found=node.shape)
    if node.size * node.dtype.itemsize > MAX_COUNTS:
        raise ReadError(
            "the map is too large to be read", expected=f"at most {MAX_COUNTS} bytes", found=node.shape
        )
    return np.asarray(node[()]).reshape(*shape, channels)


def _oina_maps(
    group: Any,
    shape: tuple[int, int],
    step: tuple[float, float],
    units: str,
    attrs: dict[str, str | float | int],
) -> xr.Dataset:
    maps = []
    for name in group:
        element = element_of(name)
        if element:
            values = np.asarray(group[name][()], dtype=np.float64).reshape(shape)
            maps.append(dataset.element_map(values, element, step, attrs, units))
    if not maps:
        raise ReadError("no map names an element", found=", ".join(group))
    return maps[0].assign({name: data for each in maps[1:] for name, data in each.data_vars.items()})


def _items(node: Any) -> Iterator[Any]:
    if "SPD" in node or "SPC" in node:
        yield node
    for name in node:
        if hasattr(node[name], "keys"):
            yield from _items(node[name])


def _edax(file: Any) -> xr.Dataset:
    """Return the first spectrum map, else the first spectrum, of an APEX project."""
    items = list(_items(file))
    for item in items:
        if "SPD" in item:
            return _edax_map(item)
    for item in items:
        spc = item["SPC"][()].ravel()[0]
        counts = np.asarray(spc["SpectrumCounts"]).ravel()[: int(np.ravel(spc["NumberOfPoints"])[0])]
        return dataset.spectrum(counts, float(np.ravel(spc["evPch"])[0]), float(np.ravel(spc["eVOffset"])[0]))
    raise ReadError("neither a map nor a spectrum", expected="SPD or SPC in /project/sample/Area n/item")


def _edax_map(item: Any) -> xr.Dataset:
    node = item["SPD"]
    shape = tuple(int(_value(node.attrs[name])) for name in ("NumberOfLines", "NumberOfPoints"))
    step = tuple(1000 * float(_value(node.attrs[f"MicronPerPixel{axis}"])) for axis in "YX")
    counts = _counts(node, (shape[0], shape[1]))
    stated: float | None = None
    offset = 0.0
    if "SPC" in item:
        spc = item["SPC"][()].ravel()[0]
        stated, offset = float(np.ravel(spc["evPch"])[0]), float(np.ravel(spc["eVOffset"])[0])
    verdict = calibration.verify(sample_sum(counts), stated, counts.shape[2] if stated else None)
    attrs: dict[str, str | float | int] = {
        "energy_axis": verdict.reason,
        "energy_axis_corrected": int(verdict.corrected),
    }
    return dataset.cube(counts, (step[0], step[1]), verdict.step, offset, attrs)
