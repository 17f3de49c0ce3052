"""Micrographs: which formats are read, and `read`."""

from pathlib import Path
from typing import TYPE_CHECKING

from interlayer.core import formats
from interlayer.core.formats import Format, Probe

if TYPE_CHECKING:
    import xarray as xr

_TIFF = "interlayer.sem.readers.tiff:load"
_RASTER = "interlayer.sem.readers.raster:load"


def _tiff(probe: Probe) -> bool:
    return probe.head[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


FORMATS: tuple[Format, ...] = (
    Format(
        "TIFF micrograph",
        (".tif", ".tiff"),
        _tiff,
        _TIFF,
        note="scale and data bar of FEI/Thermo, Zeiss, JEOL, TESCAN, Hitachi, ImageJ; 8 and 16 bit, palette, "
        "RGB, LZW; of several pages the first",
    ),
    Format(
        "PNG micrograph",
        (".png",),
        lambda probe: probe.head.startswith(b"\x89PNG\r\n\x1a\n"),
        _RASTER,
        note="scale from a sidecar file of JEOL, Hitachi or TESCAN, or the setting pixel_size",
    ),
    Format(
        "JPEG micrograph",
        (".jpg", ".jpeg"),
        lambda probe: probe.head.startswith(b"\xff\xd8\xff"),
        _RASTER,
        note="as PNG, and JEOL's MakerNote; lossy, edges are less sure",
    ),
    Format(
        "BMP micrograph",
        (".bmp",),
        lambda probe: probe.head.startswith(b"BM") and probe.suffix == ".bmp",
        _RASTER,
        note="as PNG",
    ),
)


def read(path: Path | str) -> "xr.Dataset":
    """Return a micrograph as a Dataset with ``image`` (y, x).

    Coordinates ``x`` and ``y`` are the centres of the pixels in nm from the top left corner, present only
    where the file states its scale; the same holds for the attrs ``pixel_size_x`` and ``pixel_size_y``.
    The data bar is kept: ``data_bar_rows`` rows at the bottom belong to it. Where letters, bars or frames are
    burnt in (or drawn in colour), the variable ``overlay`` (y, x) is True; ``overlay_pixels`` counts them.

    Raises
    ------
    ReadError
        When the file is missing, truncated, damaged or not a micrograph.
    """
    return formats.read(path, "sem", FORMATS)
