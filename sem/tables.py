"""The tables of a result: particles and images, as Datasets."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from interlayer.sem.image import COLUMNS, Measured

_IMAGE_TEXTS = {
    "name": "file",
    "polarity": "particles brighter or darker than their surroundings",
    "fingerprint": "coarse structure, to tell the same field",
    "origin": "file and sha256",
}
_IMAGE_NUMBERS = {
    "width": (1, "width of the image"),
    "height": (1, "height of the image without data bar"),
    "pixel_size_x": (1, "width of a pixel"),
    "pixel_size_y": (1, "height of a pixel"),
    "calibrated": (0, "1 where the scale is known"),
    "scale_stddev": (0, "relative standard deviation of the scale"),
    "boundary_stddev": (1, "standard deviation of a diameter from the edge's place"),
    "coverage": (0, "projected area covered by particles"),
}


def particles(measured: Sequence[Measured], calibrated: bool) -> xr.Dataset:
    """Return the table of all particles, with the index of their image."""
    unit = {0: "1", 1: "nm" if calibrated else "pixel", 2: "nm^2" if calibrated else "1"}
    data = {}
    for name, (power, text) in COLUMNS.items():
        values = np.concatenate([np.empty(0), *(each.particles[name] for each in measured)])
        kind = np.int8 if name == "touches_edge" else np.float64
        data[name] = ("particle", values.astype(kind), {"units": unit[power], "long_name": text})
    counts = [each.particles["x"].size for each in measured]
    index = np.repeat(np.arange(len(measured)), counts).astype(np.int32)
    data["image"] = ("particle", index, {"units": "1", "long_name": "row in the table of images"})
    return xr.Dataset(data, attrs={"role": "table"})


def images(measured: Sequence[Measured], origins: Sequence[str], calibrated: bool) -> xr.Dataset:
    """Return the table of images."""
    unit = {0: "1", 1: "nm" if calibrated else "pixel"}
    data: dict[str, tuple[str, np.ndarray, dict[str, str]]] = {}
    for name, text in _IMAGE_TEXTS.items():
        values = list(origins) if name == "origin" else [str(each.facts[name]) for each in measured]
        data[name] = ("image", np.array(values, dtype=object), {"units": "1", "long_name": text})
    for name, (power, text) in _IMAGE_NUMBERS.items():
        numbers = np.array([float(each.facts[name]) for each in measured])
        data[name] = ("image", numbers, {"units": unit[power], "long_name": text})
    return xr.Dataset(data, attrs={"role": "table"})


def pooled(tables: Sequence[tuple[xr.Dataset, xr.Dataset]]) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the particles and images of several results as one pair of tables."""
    every: list[xr.Dataset] = []
    start = 0
    for grains, frames in tables:
        shifted = grains.assign(image=grains["image"] + np.int32(start))
        shifted["image"].attrs = grains["image"].attrs
        every.append(shifted)
        start += frames.sizes["image"]
    joined = xr.concat(every, "particle", combine_attrs="override")
    listed = xr.concat([frames for _, frames in tables], "image", combine_attrs="override")
    return joined, listed
