"""Files of diffractometers, told apart by content."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from interlayer.core import formats
from interlayer.core.formats import Format, Probe

if TYPE_CHECKING:
    import xarray as xr

_HERE = "interlayer.xrd.readers"
_NUMBERS = re.compile(
    r"^[ \t]*[-+]?\d+(?:[.,]\d*)?(?:[eE][-+]?\d+)?(?:[ \t]*[;,\t][ \t]*|[ \t]+)"
    r"[-+]?\d+(?:[.,]\d*)?(?:[eE][-+]?\d+)?",
    re.MULTILINE,
)
_PD_LOOP = re.compile(r"^\s*_pd_", re.MULTILINE)


def _is_cif(probe: Probe) -> bool:
    return bool(re.search(r"^\s*data_", probe.text, re.MULTILINE)) and (
        probe.suffix == ".cif" or bool(_PD_LOOP.search(probe.text))
    )


def _is_text(probe: Probe) -> bool:
    """Return whether the head holds several lines that begin with two numbers."""
    return len(_NUMBERS.findall(probe.text)) >= 3


def _is_gsas(probe: Probe) -> bool:
    return bool(re.search(r"^BANK\s+\d+\s+\d+\s+\d+\s+\w+", probe.text, re.MULTILINE))


def _is_uxd(probe: Probe) -> bool:
    return "_STEPSIZE" in probe.text or bool(re.search(r"^_2THETA", probe.text, re.MULTILINE))


def _is_asc(probe: Probe) -> bool:
    return bool(re.search(r"^\*(TYPE|BEGIN|START)\b", probe.text, re.MULTILINE)) and not _is_ras(probe)


def _is_ras(probe: Probe) -> bool:
    return "*RAS_DATA_START" in probe.text or "*RAS_HEADER_START" in probe.text


def _has(probe: Probe, pattern: str) -> bool:
    return any(re.search(pattern, name) for name in probe.members)


FORMATS: tuple[Format, ...] = (
    Format(
        "Bruker RAW",
        (".raw",),
        lambda probe: probe.head.startswith((b"RAW1.0", b"RAW4.", b"RAW ", b"RAW2")),
        f"{_HERE}.bruker:load",
        "RAW1.01 (version 3) and RAW4.00, coupled scans",
    ),
    Format(
        "Bruker BRML",
        (".brml",),
        lambda probe: _has(probe, r"RawData\d*\.xml$"),
        f"{_HERE}.brml:load",
        "the first scan with a 2θ axis",
    ),
    Format(
        "PANalytical XRDML",
        (".xrdml",),
        lambda probe: "<xrdMeasurements" in probe.text,
        f"{_HERE}.xrdml:load",
        "versions 1.0 to 2.3",
    ),
    Format("Rigaku RAS", (".ras",), _is_ras, f"{_HERE}.rigaku:load_ras", "the first block"),
    Format(
        "Rigaku RASX",
        (".rasx",),
        lambda probe: _has(probe, r"Data\d+/Profile\d+\.txt$"),
        f"{_HERE}.rigaku:load_rasx",
        "the first profile",
    ),
    Format("Rigaku ASC", (".asc",), _is_asc, f"{_HERE}.rigaku:load_asc", "the first group"),
    Format("powder CIF", (".cif",), _is_cif, f"{_HERE}.cif:load", "the measured block of a pdCIF"),
    Format("UXD", (".uxd",), _is_uxd, f"{_HERE}.uxd:load", "the first range"),
    Format("GSAS raw", (".gsas", ".gda", ".raw", ".fxye"), _is_gsas, f"{_HERE}.gsas:load", "CONST banks"),
    Format(
        "two-theta text",
        (".xy", ".xye", ".csv", ".txt", ".dat", ".prn", ".asc"),
        _is_text,
        f"{_HERE}.text:load",
        "columns 2θ, intensity, and optionally its standard deviation",
    ),
)


def read(path: Path | str) -> "xr.Dataset":
    """Read one powder pattern.

    Returns
    -------
    xr.Dataset
        ``intensity`` (counts or counts/s) over the coordinate ``two_theta`` (degree), with
        ``intensity_stddev`` where the file gives it; attrs ``anode``, ``wavelength`` and
        ``wavelength_alpha2`` (angstrom), ``goniometer_radius`` (mm), ``counting_time`` (s) where the file
        gives them, and ``conversion``: what was changed on reading.

    Raises
    ------
    ReadError
        When the file is missing, damaged, or of no known format.
    """
    return formats.read(path, "xrd", FORMATS)
