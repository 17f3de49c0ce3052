"""PNG, JPEG and BMP: images without a scale of their own."""

from pathlib import Path

import numpy as np
import xarray as xr
from PIL import Image, UnidentifiedImageError

from interlayer.core.errors import ReadError
from interlayer.sem.readers import pixels, sidecar
from interlayer.sem.readers.metadata import Metadata


def load(path: Path) -> xr.Dataset:
    """Return a PNG, JPEG or BMP micrograph; the scale comes from a sidecar file only."""
    Image.MAX_IMAGE_PIXELS = None  # the size is checked here, with an error instead of a warning
    try:
        with Image.open(path) as picture:
            pixels.check_size(*picture.size)
            image, colour = pixels.grey(np.asarray(_plain(picture)))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ReadError(
            f"the image is truncated or damaged ({error})", advice="Export or copy it again."
        ) from error
    meta = sidecar.find(path, image.shape[1], image.shape[0]) or Metadata("none")
    return pixels.dataset(image, meta, colour)


def _plain(picture: Image.Image) -> Image.Image:
    if picture.mode == "P":
        return picture.convert("RGB")
    return picture.convert("L") if picture.mode in {"1", "CMYK"} else picture
