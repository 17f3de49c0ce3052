"""From decoded samples to one grey image, and to the raw Dataset."""

import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.core.files import check_proportion
from interlayer.sem.readers import databar, overlay
from interlayer.sem.readers.metadata import Metadata

Mask = NDArray[np.bool_]

#: ITU-R BT.709 luma, as scikit-image's rgb2gray
_LUMA = np.array([0.2125, 0.7154, 0.0721], dtype=np.float32)
#: the largest image that is read (pixels), and the smallest side
MAX_PIXELS = 2**28
#: bytes that any image may unpack to, and how many times its file a larger one may
FREE, RATIO = 2**25, 100
#: difference between the channels, relative to full scale, from which a pixel of a grey image is drawn
_COLOUR = 0.15
_MIN_SIDE = 16
_BLOCK = 2**20


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


def check_unpacked(columns: int, rows: int, depth: float, stored: int) -> None:
    """Refuse images of ``depth`` bytes per pixel that are much larger than their file (noise never is)."""
    check_proportion(int(columns * rows * depth), stored, free=FREE, ratio=RATIO, what="the image")


def grey(
    samples: NDArray[np.generic], palette: NDArray[np.generic] | None = None
) -> tuple[NDArray[np.generic], Mask | None]:
    """Return (y, x) grey levels (uint8, uint16 or float32), and where a grey image is coloured.

    Parameters
    ----------
    samples
        Grey, palette indices, grey + alpha or RGB(A).
    palette
        (3, levels) of 16 bit, for palette indices.
    """
    if palette is not None and samples.ndim == 2:
        table = np.asarray(palette, dtype=np.float32).T / 257.0
        samples = np.rint(table).astype(np.uint8)[np.minimum(samples.astype(np.int64), len(table) - 1)]
    colour = None
    if samples.ndim == 3 and samples.shape[2] >= 3:
        samples, colour = _mixed(samples[..., :3])
    elif samples.ndim == 3:
        samples = samples[..., 0]
    if samples.ndim != 2:
        raise ReadError("not a single image", expected="rows and columns", found=f"shape {samples.shape}")
    return _typed(samples), colour


def _mixed(rgb: NDArray[np.generic]) -> tuple[NDArray[np.generic], Mask | None]:
    if np.array_equal(rgb[..., 0], rgb[..., 1]) and np.array_equal(rgb[..., 0], rgb[..., 2]):
        return np.ascontiguousarray(rgb[..., 0]), None
    top = 2.0 ** (8 * rgb.dtype.itemsize) if rgb.dtype.kind == "u" else max(float(rgb.max()), 1e-9)
    levels = np.empty(rgb.shape[:2], rgb.dtype if rgb.dtype.kind in "ui" else np.float32)
    colour = np.empty(rgb.shape[:2], np.bool_)
    rows = max(1, _BLOCK // max(rgb.shape[1], 1))
    for start in range(0, len(rgb), rows):  # in parts: as float32 the whole is many times the file
        values = rgb[start : start + rows].astype(np.float32)
        mixed = values @ _LUMA
        levels[start : start + rows] = np.rint(mixed) if rgb.dtype.kind in "ui" else mixed
        colour[start : start + rows] = np.ptp(values, axis=2) > _COLOUR * top
    return levels, colour if 0 < np.mean(colour) <= overlay.MOST else None


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


def dataset(
    image: NDArray[np.generic], meta: Metadata, colour: Mask | None = None, **more: str | int | float
) -> xr.Dataset:
    """Return the raw Dataset of a grey image and its metadata; ``colour`` marks coloured pixels."""
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
    variables = {"image": (("y", "x"), image, {"units": "counts", "long_name": "grey level"})}
    drawn = overlay.with_colour(image[: image.shape[0] - int(bar)], colour)
    attrs["overlay_pixels"] = int(np.count_nonzero(drawn))
    if attrs["overlay_pixels"]:
        whole = np.zeros(image.shape, np.bool_)
        whole[: drawn.shape[0]] = drawn
        text = "letters, scale bars and frames burnt into the image"
        variables["overlay"] = (("y", "x"), whole, {"units": "1", "long_name": text})
    return xr.Dataset(variables, coords=coords, attrs={k: v for k, v in attrs.items() if _plain(v)})


def _plain(value: object) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
