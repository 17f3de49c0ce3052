"""Bruker `.bcf`, JEOL `.asw` and `.pts`, Velox `.emd` through RosettaSciIO, an optional package (GPL-3).

Nothing of it is imported before such a file is read, and nothing in here is copied from it: only its
documented interface is used (``file_reader``, which returns dictionaries of data, axes and metadata).
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core import hdf5
from interlayer.core.errors import InterlayerError, ReadError
from interlayer.core.units import convert
from interlayer.eds.readers import calibration, dataset
from interlayer.eds.readers.edax import sample_sum
from interlayer.eds.readers.names import element_of

Attrs = dict[str, str | float | int]

#: module of RosettaSciIO by ending, and what is asked of it: JEOL counts of many frames pass one byte
_PLUGINS: dict[str, tuple[str, dict[str, Any]]] = {
    ".bcf": ("bruker", {"select_type": "spectrum_image"}),
    ".asw": ("jeol", {"SI_dtype": np.uint16}),
    ".pts": ("jeol", {"SI_dtype": np.uint16}),
    ".emd": ("emd", {}),
}
_KEYS = {
    "beam_energy": "beam_voltage",
    "energy_resolution_MnKa": "detector_resolution",
    "elevation_angle": "take_off_angle",
    "live_time": "live_time",
}


def load(path: Path) -> xr.Dataset:
    """Return the Dataset of the spectrum map of a Bruker, JEOL or Velox file, else of its element maps.

    Raises
    ------
    ReadError
        When RosettaSciIO is not installed, or the file holds no map.
    """
    name, options = _PLUGINS[path.suffix.lower()]
    try:
        plugin = import_module(f"rsciio.{name}")
    except ImportError:
        raise ReadError(
            "reading Bruker, JEOL and Velox files needs RosettaSciIO, which is not installed (it is GPL-3 "
            "and therefore optional)",
            path=path,
            advice='Install it: pip install "interlayer[rosettasciio]". Or export the map as .rpl/.raw, '
            ".h5oina or element maps as TIFF or CSV.",
        ) from None
    if name == "emd":
        hdf5.check(path, "h5py")
    with _silent():
        found: Sequence[Mapping[str, Any]] = plugin.file_reader(str(path), **options)
    cubes = [each for each in found if _energy(each) is not None and np.ndim(each["data"]) in (2, 3)]
    if cubes:
        raw = _cube(max(cubes, key=lambda each: int(np.size(each["data"]))))
        if len(cubes) > 1:
            raw.attrs["reader_note"] = f"the largest of {len(cubes)} spectrum maps was read"
        return raw
    maps = [each for each in found if np.ndim(each["data"]) == 2 and element_of(_title(each))]
    if maps:
        return _maps(maps)
    raise ReadError(
        "no spectrum map and no element map",
        expected="counts over x, y and energy",
        found=", ".join(f"{_title(each)} {np.shape(each['data'])}" for each in found) or "nothing",
    )


@contextmanager
def _silent() -> Iterator[None]:
    """Keep RosettaSciIO from writing its doubts about a file to the terminal."""
    logger = logging.getLogger("rsciio")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _axes(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the axes in the order of the data's dimensions."""
    return sorted(found["axes"], key=lambda axis: int(axis["index_in_array"]))


def _energy(found: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((axis for axis in _axes(found) if str(axis.get("units", "")) in ("keV", "eV")), None)


def _title(found: Mapping[str, Any]) -> str:
    return str(found.get("metadata", {}).get("General", {}).get("title", ""))


def _step(axis: Mapping[str, Any]) -> float | None:
    """Return the step of a spatial axis in nm, or None without a unit of length."""
    try:
        step = abs(convert(float(axis["scale"]), str(axis.get("units", "")), "nm"))
    except (InterlayerError, KeyError, TypeError, ValueError):
        return None
    return step if np.isfinite(step) and step > 0 else None


def _steps(axes: Sequence[Mapping[str, Any]]) -> tuple[float, float] | None:
    steps = [_step(axis) for axis in axes]
    if len(steps) == 1:
        steps = [steps[0], steps[0]]
    return None if steps[0] is None or steps[1] is None else (steps[0], steps[1])


def _cube(found: Mapping[str, Any]) -> xr.Dataset:
    axes = _axes(found)
    energy = _energy(found)
    assert energy is not None
    place = axes.index(energy)
    counts = np.moveaxis(np.asarray(found["data"]), place, -1)
    spatial = [axis for axis in axes if axis is not energy]
    if counts.ndim == 2:
        counts = counts[:, None, :]
    _check(counts)
    factor = 1000.0 if str(energy["units"]) == "keV" else 1.0
    width, offset = float(energy["scale"]) * factor, float(energy.get("offset", 0.0)) * factor
    attrs = _attrs(found)
    verdict = calibration.verify(
        sample_sum(counts), width, counts.shape[2], float(attrs.get("beam_voltage", 0.0))
    )
    note = (
        "" if abs(verdict.step - width) < 0.2 * width else f"; the known lines would fit {verdict.step:g} eV"
    )
    attrs["energy_axis"] = f"{width:g} eV per channel as the file says{note}"
    return dataset.cube(counts, _steps(spatial), width, offset, attrs)


def _check(counts: NDArray[np.generic]) -> None:
    values = counts[: max(1, 2**26 // max(counts[0].size, 1))]
    if values.dtype.kind not in "uif" or (values.dtype.kind != "u" and float(np.min(values)) < 0):
        raise ReadError("the spectra do not hold counts", found=f"{values.dtype}, minimum {np.min(values)}")


def _maps(found: Sequence[Mapping[str, Any]]) -> xr.Dataset:
    data: dict[str, xr.Dataset] = {}
    for each in found:
        element = element_of(_title(each))
        values = np.asarray(each["data"])
        made = dataset.element_map(values, element, _steps(_axes(each)), _attrs(each), name=_title(each))
        data.setdefault(element, made)
    first, *others = data.values()
    return first.assign({name: values for each in others for name, values in each.data_vars.items()})


def _attrs(found: Mapping[str, Any]) -> Attrs:
    """Return voltage, resolution, angles and elements of the documented metadata tree."""
    metadata = found.get("metadata", {})
    instrument = metadata.get("Acquisition_instrument", {})
    attrs: Attrs = {}
    for kind in ("SEM", "TEM"):
        branch = instrument.get(kind, {})
        for source in (branch, branch.get("Detector", {}).get("EDS", {})):
            for key, name in _KEYS.items():
                if isinstance(source.get(key), int | float) and np.isfinite(source[key]) and source[key] > 0:
                    attrs[name] = float(source[key])
    elements = metadata.get("Sample", {}).get("elements", [])
    if len(elements):
        attrs["elements_in_file"] = " ".join(str(each) for each in elements)
    if _title(found):
        attrs["label"] = _title(found)
    return attrs
