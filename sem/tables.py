"""The tables of a result: particles and images, as Datasets."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import xarray as xr

from interlayer.sem.image import COLUMNS, Measured
from interlayer.sem.quality import code

_IMAGE_TEXTS = {
    "name": "file",
    "polarity": "particles brighter or darker than their surroundings",
    "fingerprint": "coarse structure, to tell the same field",
    "origin": "file and sha256",
    "scale_source": "who states the scale",
    "flags": "what is wrong with the image",
}
_IMAGE_NUMBERS = {
    "particles": (0, "whole particles"),
    "median_diameter": (1, "median equivalent diameter of the whole particles"),
    "width": (1, "width of the image"),
    "height": (1, "height of the image without data bar"),
    "pixel_size_x": (1, "width of a pixel"),
    "pixel_size_y": (1, "height of a pixel"),
    "calibrated": (0, "1 where the scale is known"),
    "scale_stddev": (0, "relative standard deviation of the scale"),
    "boundary_stddev": (1, "standard deviation of a diameter from the edge's place"),
    "coverage": (0, "projected area covered by particles"),
}
#: the columns of the table of images
IMAGE_NAMES = (*_IMAGE_TEXTS, *_IMAGE_NUMBERS)


def particles(measured: Sequence[Measured], calibrated: bool) -> xr.Dataset:
    """Return the table of all particles, with the index of their image."""
    data = {
        name: np.concatenate([np.empty(0), *(each.particles[name] for each in measured)]) for name in COLUMNS
    }
    counts = [each.particles["x"].size for each in measured]
    return restored(data, np.repeat(np.arange(len(measured)), counts), calibrated)


def restored(columns: Mapping[str, np.ndarray], image: np.ndarray, calibrated: bool) -> xr.Dataset:
    """Return the table of particles from its columns (as `particles` has them) and the index of the image."""
    unit = {0: "1", 1: "nm" if calibrated else "pixel", 2: "nm^2" if calibrated else "1"}
    data = {}
    for name, (power, text) in COLUMNS.items():
        kind = np.int8 if name == "touches_edge" else np.float64
        data[name] = (
            "particle",
            np.asarray(columns[name]).astype(kind),
            {"units": unit[power], "long_name": text},
        )
    index = np.asarray(image).astype(np.int32)
    data["image"] = ("particle", index, {"units": "1", "long_name": "row in the table of images"})
    return xr.Dataset(data, attrs={"role": "table"})


def images(measured: Sequence[Measured], more: Sequence[Mapping[str, str]], calibrated: bool) -> xr.Dataset:
    """Return the table of images; ``more`` holds origin and scale_source of each."""
    lines = [
        {**each.facts, **texts, **_counted(each), "flags": flag_codes(each.flags, calibrated)}
        for each, texts in zip(measured, more, strict=True)
    ]
    return image_table(lines, calibrated)


def _counted(measured: Measured) -> dict[str, float]:
    sizes = measured.particles["equivalent_diameter"][measured.particles["touches_edge"] == 0]
    return {
        "particles": float(sizes.size),
        "median_diameter": float(np.median(sizes)) if sizes.size else np.nan,
    }


def flag_codes(flags: Sequence[str], calibrated: bool) -> str:
    """Return the names of an image's flags, one each."""
    codes = [code(text) for text in flags] + ([] if calibrated else ["no scale"])
    return "; ".join(dict.fromkeys(codes))


def image_table(lines: Iterable[Mapping[str, float | str]], calibrated: bool) -> xr.Dataset:
    """Return the table of images from its lines, which are gone through once."""
    columns: dict[str, list[float | str]] = {name: [] for name in (*_IMAGE_TEXTS, *_IMAGE_NUMBERS)}
    for line in lines:
        for name, values in columns.items():
            values.append(line[name])
    unit = {0: "1", 1: "nm" if calibrated else "pixel"}
    data: dict[str, tuple[str, np.ndarray, dict[str, str]]] = {}
    for name, text in _IMAGE_TEXTS.items():
        texts = np.array([str(value) for value in columns[name]], dtype=object)
        data[name] = ("image", texts, {"units": "1", "long_name": text})
    for name, (power, text) in _IMAGE_NUMBERS.items():
        numbers = np.array([float(value) for value in columns[name]])
        data[name] = ("image", numbers, {"units": unit[power], "long_name": text})
    return xr.Dataset(data, attrs={"role": "table"})


def image_lines(images: xr.Dataset) -> list[dict[str, float | str]]:
    """Return the lines of a table of images, as `image_table` takes them."""
    return [
        {
            name: str(value) if name in _IMAGE_TEXTS else float(value)
            for name, value in ((n, images[n].values[k]) for n in IMAGE_NAMES)
        }
        for k in range(images.sizes["image"])
    ]


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
