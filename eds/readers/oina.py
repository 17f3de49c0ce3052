"""Oxford Instruments `.h5oina` files.

Layout: Oxford Instruments NanoAnalysis HDF5 File Specification, versions 1.0 to 8.0. Lengths are in µm,
angles in radians, window integrals and peak areas in counts per second of live time.
"""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.eds.readers import dataset
from interlayer.eds.readers.dataset import SYMBOLS
from interlayer.eds.readers.hdf5 import cube, number, scalar, values
from interlayer.eds.readers.names import element_of

Floats = NDArray[np.float64]
Attrs = dict[str, str | float | int]

#: groups of maps in the order in which they serve, and the unit of each
_MAPS = (("Window Integral", "counts/s"), ("Peak Area", "counts/s"), ("Composition", "wt.%"))
_SHELLS = "KLM"


def load(file: Any) -> xr.Dataset:
    """Return the first EDS technique of the first slice.

    Raises
    ------
    ReadError
        When there is none, or it holds neither spectra nor maps.
    """
    slices = [name for name in file if hasattr(file[name], "keys")]
    found = [
        file[name][technique]
        for name in sorted(slices, key=lambda each: (len(each), each))
        for technique in sorted(file[name])
        if technique == "EDS" or (technique.startswith("EDS") and technique[3:].isdigit())
    ]
    if not found:
        raise ReadError("no EDS data", expected="/<slice>/EDS", found=", ".join(file))
    raw = _technique(found[0])
    others = [each.name for each in found[1:]]
    if others:
        raw.attrs["reader_note"] = f"{found[0].name} was read; not {', '.join(others)}"
    return raw


def _technique(group: Any) -> xr.Dataset:
    if "Header" not in group or "Data" not in group:
        raise ReadError("the EDS group is incomplete", expected="Header and Data", found=", ".join(group))
    header, data = group["Header"], group["Data"]
    height, width = (int(number(header, f"{axis} Cells")) for axis in "YX")
    if min(height, width) < 1:
        raise ReadError("impossible size", expected="cells above 0", found=f"{width} × {height}")
    step = 1000 * number(header, "X Step"), 1000 * number(header, "Y Step")
    line = height == 1 and width > 1
    shape = (width, 1) if line else (height, width)
    steps = (step[0], step[0]) if line else (step[1], step[0])
    attrs = _attrs(header)
    if line:
        attrs["line_scan"] = 1
    live = _live_time(data, height * width)
    if live.size:
        attrs["live_time"] = float(live.sum())
    if "Spectrum" in data:
        return _spectra(header, data["Spectrum"], shape, steps, attrs)
    for name, units in _MAPS:
        if name in data and len(data[name]):
            return _maps(data[name], shape, steps, units, live, attrs)
    raise ReadError("neither spectra nor element maps", found=", ".join(data))


def _attrs(header: Any) -> Attrs:
    attrs: Attrs = {}
    for name, key, factor in (
        ("Beam Voltage", "beam_voltage", 1.0),
        ("Detector Elevation", "take_off_angle", 180 / np.pi),
        ("Tilt Angle", "tilt", 180 / np.pi),
    ):
        if name in header:
            value = float(scalar(header[name])) * factor
            if np.isfinite(value) and value != 0:
                attrs[key] = round(value, 6)
    label = str(scalar(header["Analysis Label"])) if "Analysis Label" in header else ""
    return attrs | ({"label": label} if label else {})


def _live_time(data: Any, pixels: int) -> Floats:
    """Return seconds per pixel, or nothing; a pixel outside a map that is no rectangle has NaN."""
    if "Live Time" not in data:
        return np.empty(0)
    live = np.asarray(values(data["Live Time"]), dtype=np.float64).ravel()
    if live.size not in (1, pixels):
        raise ReadError("the live times do not fit the size of the map", expected=pixels, found=live.size)
    if np.isnan(live).any():
        raise ReadError(
            "the map is no rectangle",
            found=f"{np.isnan(live).mean():.1%} of its pixels lie outside the acquisition",
            advice="Export a rectangular map.",
        )
    return live


def _spectra(
    header: Any, node: Any, shape: tuple[int, int], steps: tuple[float, float], attrs: Attrs
) -> xr.Dataset:
    stored = int(node.shape[-1])
    channels = int(number(header, "Number Channels")) if "Number Channels" in header else stored
    if channels != stored:
        raise ReadError("the spectra do not fit their header", expected=f"{channels} channels", found=stored)
    width, first = number(header, "Channel Width"), number(header, "Start Channel")
    if not 0.5 <= width <= 100:
        raise ReadError("impossible channel width", expected="0.5 to 100 eV", found=width)
    counts = cube(node, shape, channels)
    if shape == (1, 1):
        return dataset.spectrum(counts[0, 0], width, first, attrs)
    return dataset.cube(counts, steps, width, first, attrs)


def _maps(
    group: Any, shape: tuple[int, int], steps: tuple[float, float], units: str, live: Floats, attrs: Attrs
) -> xr.Dataset:
    """Return one map per element: of its highest shell where there are several lines."""
    best: dict[str, tuple[int, str]] = {}
    for name in group:
        element, line = _element(group[name], name)
        if element:
            shell = _SHELLS.find(line[:1]) if line[:1] in _SHELLS else len(_SHELLS)
            best[element] = min(best.get(element, (9, "")), (shell, name))
    if not best:
        raise ReadError("no map names an element", found=", ".join(group))
    maps = []
    for element, (_, name) in best.items():
        counts = np.asarray(values(group[name]), dtype=np.float64).ravel()
        if counts.size != shape[0] * shape[1]:
            raise ReadError(
                f"the size of {name!r} is not that of its header", expected=shape, found=counts.size
            )
        counts, unit = _as_counts(counts, live, units, group.name)
        maps.append(dataset.element_map(counts.reshape(shape), element, steps, attrs, unit, name))
    merged = maps[0].assign({name: data for each in maps[1:] for name, data in each.data_vars.items()})
    if units == "wt.%":
        merged.attrs["count_statistics"] = "lost: weight percent, not counts"
    elif group.name.endswith("Peak Area"):
        merged.attrs["count_statistics"] = "lost: fitted peak areas, not counts"
    return merged


def _element(node: Any, name: str) -> tuple[str, str]:
    """Return the element and its line, from the attributes, else from the name."""
    z = int(scalar(node.attrs["Atomic Number"])) if "Atomic Number" in node.attrs else 0
    line = str(scalar(node.attrs["X-ray Line"])) if "X-ray Line" in node.attrs else name.partition(" ")[2]
    return (SYMBOLS[z - 1] if 1 <= z <= len(SYMBOLS) else element_of(name)), line


def _as_counts(values: Floats, live: Floats, units: str, group: str) -> tuple[Floats, str]:
    """Return window integrals as the counts they were before the division by the live time.

    The specification: the window integral is the integral of the raw counts divided by the live time. The
    product is taken only where it gives whole numbers, within the precision of single floats.
    """
    if units != "counts/s" or not group.endswith("Window Integral") or live.size == 0:
        return values, units
    counts = values * live
    whole = np.round(counts)
    if not np.all(np.abs(counts - whole) <= 1e-3 + 2e-6 * np.abs(counts)):
        return values, units
    return whole, "counts"
