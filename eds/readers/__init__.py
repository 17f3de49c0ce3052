"""EDS files, told apart by content, to raw Datasets of `counts` (y, x, energy) or `map_<element>` (y, x)."""

import re
import struct
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from interlayer.core import formats
from interlayer.core.formats import Format, Probe

if TYPE_CHECKING:
    import xarray as xr

_NUMBER = re.compile(r"^\s*[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?\s*$")
_IMAGES = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+", b"\x89PNG\r\n\x1a\n")


def _is_spd(probe: Probe) -> bool:
    return probe.head.startswith(b"MAPSPECTRA_DATA")


def _is_spc(probe: Probe) -> bool:
    if len(probe.head) < 3840:
        return False
    version, start, channels = struct.unpack_from("<f24xih", probe.head)
    return bool(0.4 < version < 1.0 and start == 3840 and 0 < channels <= 4096)


def _is_msa(probe: Probe) -> bool:
    return probe.text.lstrip().upper().startswith("#FORMAT") and "EMSA/MAS" in probe.text[:200].upper()


def _is_rpl(probe: Probe) -> bool:
    text = probe.text.lower()
    return probe.suffix == ".rpl" or ("record-by" in text and "data-length" in text)


def _is_raw_of_rpl(probe: Probe) -> bool:
    return probe.suffix == ".raw" and any(probe.path.with_suffix(end).is_file() for end in (".rpl", ".RPL"))


def _is_image(probe: Probe) -> bool:
    return probe.head.startswith(_IMAGES)


def _is_numpy(probe: Probe) -> bool:
    return probe.head.startswith(b"\x93NUMPY")


def _cells(line: str) -> list[str]:
    for separator in ("\t", ";", ","):
        if separator in line:
            return line.split(separator)
    return line.split()


def _is_table(probe: Probe) -> bool:
    """Tell a matrix of numbers, or columns of numbers under a header that names a distance."""
    lines = [line for line in probe.text.splitlines()[:12] if line.strip() and not line.startswith("#")]
    if len(lines) < 2:
        return False
    rows = [[cell for cell in _cells(line) if cell.strip()] for line in lines]
    numeric = [bool(row) and all(_plausible(cell) for cell in row) for row in rows]
    if all(numeric[:-1]):
        return len(rows[0]) > 2
    header = " ".join(rows[0]).lower()
    return all(numeric[1:-1]) and any(
        word in header for word in ("distance", "position", "depth", "(nm)", "/ nm")
    )


def _plausible(cell: str) -> bool:
    return bool(_NUMBER.match(cell)) or cell.strip().lower() in ("nan", "inf", "-inf")


def _is_text(probe: Probe) -> bool:
    return b"\0" not in probe.head and bool(probe.head.strip())


def _is_hdf5_eds(probe: Probe) -> bool:
    return probe.head.startswith(b"\x89HDF\r\n\x1a\n") and probe.suffix in (".h5oina", ".edaxh5")


def _is_bcf(probe: Probe) -> bool:
    return probe.head.startswith(b"AAMVHFSS")


def _is_jeol(probe: Probe) -> bool:
    magic = int.from_bytes(probe.head[:4], "little")
    return (probe.suffix, magic) in ((".asw", 0), (".pts", 304)) and len(probe.head) > 64


def _is_velox(probe: Probe) -> bool:
    return probe.head.startswith(b"\x89HDF\r\n\x1a\n") and probe.suffix == ".emd"


_TABLE = Format(
    "element map table",
    (".csv", ".txt", ".tsv"),
    _is_table,
    "interlayer.eds.readers.tables:load",
    "a matrix of counts, or a line scan with a distance column",
)

FORMATS: tuple[Format, ...] = (
    Format(
        "EDAX spectrum map",
        (".spd",),
        _is_spd,
        "interlayer.eds.readers.edax:load_spd",
        "with the .spc and .ipr beside it (same stem, or the only ones); memory-mapped",
    ),
    Format(
        "EDAX spectrum",
        (".spc",),
        _is_spc,
        "interlayer.eds.readers.edax:load_spc",
        "one spectrum, format 0.70",
    ),
    Format(
        "EMSA/MAS spectrum",
        (".msa", ".emsa"),
        _is_msa,
        "interlayer.eds.readers.msa:load",
        "ISO 22029, X-Y or Y",
    ),
    Format(
        "Lispix cube",
        (".rpl", ".raw"),
        lambda probe: _is_rpl(probe) or _is_raw_of_rpl(probe),
        "interlayer.eds.readers.rpl:load",
        ".rpl with the .raw of the same stem; memory-mapped",
    ),
    Format(
        "EDS HDF5",
        (".h5oina", ".edaxh5"),
        _is_hdf5_eds,
        "interlayer.eds.readers.hdf5:load",
        "Oxford and EDAX APEX, by the published trees; needs h5py",
    ),
    Format(
        "Bruker hypermap",
        (".bcf",),
        _is_bcf,
        "interlayer.eds.readers.rosetta:load",
        "needs the extra: pip install interlayer[rosettasciio]",
    ),
    Format(
        "JEOL Analysis Station",
        (".asw", ".pts"),
        _is_jeol,
        "interlayer.eds.readers.rosetta:load",
        "needs the extra: pip install interlayer[rosettasciio]",
    ),
    Format(
        "Velox EMD",
        (".emd",),
        _is_velox,
        "interlayer.eds.readers.rosetta:load",
        "needs the extra: pip install interlayer[rosettasciio]",
    ),
    _TABLE,
    Format(
        "element map array", (".npy",), _is_numpy, "interlayer.eds.readers.tables:load_npy", "2-D, no objects"
    ),
    Format(
        "element map image",
        (".tif", ".tiff", ".png"),
        _is_image,
        "interlayer.eds.readers.images:load",
        "one page of counts or grey levels; the element from the file's name",
    ),
)


def read(path: Path | str) -> "xr.Dataset":
    """Return the raw Dataset of an EDS file.

    Returns
    -------
    xr.Dataset
        ``counts`` (y, x, energy) of a spectrum map, memory-mapped where the format allows; ``counts``
        (energy) of one spectrum; or ``map_<element>`` (y, x). ``x`` and ``y`` are pixel centres in nm from
        the upper left corner, or in pixel where the file has no scale; ``energy`` in eV.

    Raises
    ------
    ReadError
        When the file cannot be read.
    """
    path = Path(path)
    if path.is_file() and path.suffix.lower() in _TABLE.suffixes and formats.identify(path, FORMATS) is None:
        # what is no table of counts in one glance gets the table reader's reason, not "no format fits"
        return formats.read(path, "eds", (replace(_TABLE, matches=_is_text),))
    return formats.read(path, "eds", FORMATS)
