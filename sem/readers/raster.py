"""PNG, JPEG and BMP: images whose scale stands beside them, or in the MakerNote."""

from pathlib import Path

import numpy as np
import xarray as xr
from PIL import ExifTags, Image, UnidentifiedImageError

from interlayer.core.errors import ReadError
from interlayer.core.text import line
from interlayer.sem.readers import jeol, pixels, sidecar
from interlayer.sem.readers.metadata import Metadata


def load(path: Path) -> xr.Dataset:
    """Return a PNG, JPEG or BMP micrograph; the scale comes from a sidecar file or JEOL's MakerNote."""
    Image.MAX_IMAGE_PIXELS = None  # the size is checked here, with an error instead of a warning
    try:
        with Image.open(path) as picture:
            pixels.check_size(*picture.size)
            pixels.check_unpacked(*picture.size, 4, path.stat().st_size)
            note = _maker_note(picture)
            image, colour = pixels.grey(np.asarray(_plain(picture)))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ReadError(
            f"the image is truncated or damaged ({line(str(error))})", advice="Export or copy it again."
        ) from error
    meta = _metadata(path, note, image.shape[1], image.shape[0])
    return pixels.dataset(image, meta, colour)


def _maker_note(picture: Image.Image) -> bytes:
    """Return the EXIF MakerNote, where JEOL keeps the scale."""
    try:
        note = picture.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.MakerNote, b"")
    except Exception:  # damaged EXIF raises many kinds; the picture may be good
        return b""
    return note if isinstance(note, bytes) else b""


def _metadata(path: Path, note: bytes, columns: int, rows: int) -> Metadata:
    found = [sidecar.find(path, columns, rows)]
    if text := jeol.maker_note(note):
        found.insert(0, jeol.parse(text, columns, rows))
    known = [each for each in found if each is not None]
    return next((each for each in known if each.calibrated), known[0] if known else Metadata("none"))


def _plain(picture: Image.Image) -> Image.Image:
    if picture.mode == "P":
        return picture.convert("RGB")
    return picture.convert("L") if picture.mode in {"1", "CMYK"} else picture
