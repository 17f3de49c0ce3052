"""From decoded samples to one grey image, and to the raw Dataset."""

import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.sem.readers import databar
from interlayer.sem.readers.metadata import Metadata

#: ITU-R BT.709 luma, as scikit-image's rgb2gray
_LUMA = np.array([0.2125, 0.7154, 0.0721], dtype=np.float32)
#: the largest image that is read (pixels), and the smallest side
MAX_PIXELS = 2**28
_MIN_SIDE = 16


def check_size(columns: int, rows: int) -> None:
    """Refuse sizes that no micrograph has, before anything is allocated."""
    if columns < _MIN_SIDE or rows < _MIN_SIDE:
        raise ReadError(
            "the image is too small", expected=f"at least {_MIN_SIDE} pixels", found=f"{columns} x {rows}"
        )
    if columns * rows > MAX_PIXELS:
        raise ReadError(
            "the header asks for an absurd image",
            expected=f"at most {MAX_PIXELS} pixels",
            found=f"{columns} x {rows}",
        )


def grey(samples: NDArray[np.generic], palette: NDArray[np.generic] | None = None) -> NDArray[np.generic]:
    """Return (y, x) grey levels (uint8, uint16 or float32) of grey, palette, grey + alpha or RGB(A)."""
    if palette is not None and samples.ndim == 2:
        table = np.asarray(palette, dtype=np.float32).T / 257.0
        samples = np.rint(table).astype(np.uint8)[np.minimum(samples.astype(np.int64), len(table) - 1)]
    if samples.ndim == 3:
        samples = samples[..., 0] if samples.shape[2] < 3 else _mixed(samples[..., :3])
    if samples.ndim != 2:
        raise ReadError("not a single image", expected="rows and columns", found=f"shape {samples.shape}")
    return _typed(samples)


def _mixed(rgb: NDArray[np.generic]) -> NDArray[np.generic]:
    if np.array_equal(rgb[..., 0], rgb[..., 1]) and np.array_equal(rgb[..., 0], rgb[..., 2]):
        return np.ascontiguousarray(rgb[..., 0])
    mixed = rgb.astype(np.float32) @ _LUMA
    return np.rint(mixed).astype(rgb.dtype) if rgb.dtype.kind in "ui" else mixed


def _typed(image: NDArray[np.generic]) -> NDArray[np.generic]:
    if image.dtype in (np.uint8, np.uint16):
        return image.astype(image.dtype.newbyteorder("="), copy=False)
    if image.dtype.kind == "b":
        return image.astype(np.uint8) * np.uint8(255)
    if image.dtype.kind not in "iuf":
        raise ReadError("pixels of an unknown kind", expected="integers or real numbers", found=image.dtype)
    values = image.astype(np.float32)
    if not np.isfinite(values).all():
        raise ReadError("the image holds pixels that are not finite numbers")
    return values


def dataset(image: NDArray[np.generic], meta: Metadata, **more: str | int | float) -> xr.Dataset:
    """Return the raw Dataset of a grey image and its metadata."""
    bar, source = (meta.bar_rows, "metadata") if meta.bar_rows is not None else (databar.rows(image), "image")
    attrs: dict[str, str | int | float] = {**meta.attrs, **more}
    attrs["data_bar_rows"] = int(bar)
    attrs["data_bar_source"] = source if bar else "none"
    attrs["scale_source"] = meta.vendor if meta.calibrated else "none"
    if meta.doubts:
        attrs["doubts"] = "; ".join(meta.doubts)
    coords = {}
    if meta.calibrated:
        attrs |= {"pixel_size_x": meta.pixel_x, "pixel_size_y": meta.pixel_y}
        for axis, size, count in (("x", meta.pixel_x, image.shape[1]), ("y", meta.pixel_y, image.shape[0])):
            centres = (np.arange(count) + 0.5) * size
            coords[axis] = (axis, centres, {"units": "nm", "long_name": f"{axis} from the top left corner"})
    variable = (("y", "x"), image, {"units": "counts", "long_name": "grey level"})
    return xr.Dataset({"image": variable}, coords=coords, attrs={k: v for k, v in attrs.items() if _plain(v)})


def _plain(value: object) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
