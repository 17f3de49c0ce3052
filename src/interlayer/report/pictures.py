"""Pictures inside a page: micrographs as JPEG no larger than they are shown, maps as PNG."""

import base64
import io

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from interlayer.report.colormaps import indexed

#: columns of a micrograph on the page, and quality of its JPEG
_COLUMNS, _QUALITY = 560, 50


def data_uri(values: NDArray[np.generic], colormap: str) -> str:
    """Return a micrograph (uint8) as JPEG, whose noise PNG cannot pack, and a map of numbers as PNG."""
    if values.dtype == np.uint8 and values.ndim == 2:
        data, kind = imagecodecs.jpeg8_encode(_smaller(values.astype(np.uint8)), level=_QUALITY), "jpeg"
    else:
        data, kind = _png(values, colormap), "png"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _png(values: NDArray[np.generic], colormap: str) -> bytes:
    """Return a map as PNG whose pixels are places in a table of colours."""
    levels, table = indexed(values, colormap)
    picture, stream = Image.fromarray(levels), io.BytesIO()
    picture.putpalette(table.tobytes())
    picture.save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def _smaller(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture of at most `_COLUMNS` columns; each pixel is the mean of those it covers."""
    rows, columns = values.shape
    if columns <= _COLUMNS:
        return np.ascontiguousarray(values)
    size = (_COLUMNS, max(1, round(rows * _COLUMNS / columns)))
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
