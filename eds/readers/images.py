"""Element maps as TIFF or PNG images."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import InterlayerError, ReadError
from interlayer.core.files import check_proportion
from interlayer.core.units import convert
from interlayer.eds.readers import dataset
from interlayer.eds.readers.names import element_of

if TYPE_CHECKING:
    from tifffile import TiffFile

#: pixels of a map that is read at most
MAX_PIXELS = 64 * 2**20
#: bytes that any image may unpack to, and how many times its file a larger one may (maps are mostly zeros)
FREE, RATIO = 2**26, 300


def load(path: Path) -> xr.Dataset:
    """Return the Dataset of one map; a coloured image gives its brightness, without count statistics."""
    with path.open("rb") as stream:
        png = stream.read(8).startswith(b"\x89PNG")
    values, step = (_png(path), None) if png else _tiff(path)
    attrs: dict[str, str | float | int] = {}
    if values.ndim == 3 and values.shape[2] in (3, 4):
        values = values[:, :, :3].max(axis=2)
        attrs["count_statistics"] = "lost: a coloured picture"
    return dataset.element_map(values, element_of(path.stem), step, attrs)


def _tiff(path: Path) -> tuple[NDArray[np.generic], dataset.Step]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        shape = tuple(int(n) for n in page.shape)
        _check(shape, page.dtype, path.stat().st_size)
        values = page.asarray()
        step = _imagej_step(file)
    if values.size == 0 or values.shape != shape:
        raise ReadError("the image is truncated", expected=shape, found=values.shape)
    return np.asarray(values), step


def _check(shape: tuple[int, ...], dtype: np.dtype[Any] | None, stored: int) -> None:
    """Refuse images that are no map, before anything is decoded."""
    if not shape or math.prod(shape) > MAX_PIXELS * 4 or dtype is None:
        raise ReadError("impossible image size", expected=f"at most {MAX_PIXELS} pixels", found=shape)
    check_proportion(math.prod(shape) * dtype.itemsize, stored, free=FREE, ratio=RATIO, what="the image")


def _imagej_step(file: "TiffFile") -> dataset.Step:
    """Return pixel height and width (nm) where ImageJ wrote them; dots per inch are no scale of a map."""
    unit = str((file.imagej_metadata or {}).get("unit", "")).replace("\\u00B5", "u")
    tags = getattr(file.pages[0], "tags", {})
    steps = []
    for name in ("YResolution", "XResolution"):
        if not unit or name not in tags:
            return None
        pixels, per = tags[name].value
        try:
            steps.append(convert(per / pixels, unit, "nm"))
        except (InterlayerError, ZeroDivisionError):
            return None
    return steps[0], steps[1]


def _png(path: Path) -> NDArray[np.generic]:
    """Return the samples of a PNG; Pillow, because libpng's own words go to the terminal."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the size is checked here, with an error instead of a warning
    with Image.open(path, formats=("PNG",)) as picture:
        shape = picture.size[::-1]
        if math.prod(shape) > MAX_PIXELS:
            raise ReadError("impossible image size", expected=f"at most {MAX_PIXELS} pixels", found=shape)
        stored = path.stat().st_size
        check_proportion(math.prod(shape) * 4, stored, free=FREE, ratio=RATIO, what="the image")
        plain = {"P": "RGB", "PA": "RGB", "1": "L"}.get(picture.mode)
        return np.asarray(picture.convert(plain) if plain else picture)
