"""Element maps as TIFF or PNG images."""

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.eds.readers import dataset
from interlayer.eds.readers.names import element_of

#: pixels of a map that is read at most
MAX_PIXELS = 64 * 2**20


def load(path: Path) -> xr.Dataset:
    """Return the Dataset of one map; a coloured image gives its brightness, without count statistics."""
    with path.open("rb") as stream:
        png = stream.read(8).startswith(b"\x89PNG")
    values = _png(path) if png else _tiff(path)
    attrs: dict[str, str | float | int] = {}
    if values.ndim == 3 and values.shape[2] in (3, 4):
        values = values[:, :, :3].max(axis=2)
        attrs["count_statistics"] = "lost: a coloured picture"
    return dataset.element_map(values, element_of(path.stem), None, attrs)


def _tiff(path: Path) -> NDArray[np.generic]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        shape = tuple(int(n) for n in page.shape)
        if not shape or int(np.prod(shape)) > MAX_PIXELS * 4:
            raise ReadError("impossible image size", expected=f"at most {MAX_PIXELS} pixels", found=shape)
        values = page.asarray()
    if values.size == 0 or values.shape != shape:
        raise ReadError("the image is truncated", expected=shape, found=values.shape)
    return np.asarray(values)


def _png(path: Path) -> NDArray[np.generic]:
    import imagecodecs

    data = path.read_bytes()
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    if width * height > MAX_PIXELS:
        raise ReadError(
            "impossible image size", expected=f"at most {MAX_PIXELS} pixels", found=(height, width)
        )
    return np.asarray(imagecodecs.png_decode(data))
