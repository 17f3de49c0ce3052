"""Files of diffractometers, told apart by content."""

import re
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from interlayer.core import formats
from interlayer.core.formats import Format, Probe
from interlayer.xrd.readers.encoding import decoded, lines_of

if TYPE_CHECKING:
    import xarray as xr

_HERE = "interlayer.xrd.readers"
# possessive (`++`): a long run of one character is gone through once, not once for each of its places
_CELL = r"[-+]?\d++(?:[.,]\d*+)?(?:[eEdD][-+]?\d++)?"
_BETWEEN = r"(?=[ \t;,])[ \t]*+[;,]?[ \t]*+"
_NUMBERS = re.compile(rf'^[ \t]*+"?{_CELL}"?{_BETWEEN}"?{_CELL}', re.MULTILINE)
#: start, step and stop above single counts
_LIST = re.compile(
    rf"^[ \t]*+{_CELL}[ \t]++{_CELL}[ \t]++{_CELL}[ \t]*+\n(?:[ \t]*+{_CELL}[ \t]*+\n){{5}}", re.MULTILINE
)
_ABOUT = re.compile(r"2.?theta|2θ|^;RAW4|diffract|\banode|goniometer", re.IGNORECASE | re.MULTILINE)
_PD_LOOP = re.compile(r"^[ \t]*_pd_", re.MULTILINE)
_BANK = re.compile(r"^BANK[ \t]+\d+[ \t]+\d+[ \t]+\d+[ \t]+\w+", re.MULTILINE)


@lru_cache(maxsize=8)
def _text(head: bytes) -> str:
    """Return the first bytes of a file as text, empty for binary files."""
    text = decoded(head)
    return "" if "\0" in text else lines_of(text)


def _is_raw(probe: Probe) -> bool:
    """Return whether a file begins as Bruker RAW, of a known or an unknown version."""
    return bool(re.match(rb"RAW[1-9]\.?\d|RAW2|RAW_\d", probe.head)) or (
        probe.head.startswith(b"RAW ") and b"\0" in probe.head[:160]
    )


def _is_cif(probe: Probe) -> bool:
    text = _text(probe.head)
    return bool(re.search(r"^[ \t]*data_", text, re.MULTILINE)) and (
        probe.suffix == ".cif" or bool(_PD_LOOP.search(text))
    )


def _is_text(probe: Probe) -> bool:
    """Return whether the head, or the end of a file with a long header, holds lines of two numbers."""
    head = _text(probe.head)
    if len(_NUMBERS.findall(head)) >= 3 or _LIST.search(head):
        return True
    if not _ABOUT.search(head) or probe.size <= len(probe.head):
        return False
    with probe.path.open("rb") as stream:
        stream.seek(-len(probe.head) // 2, 2)
        return len(_NUMBERS.findall(_text(stream.read()))) >= 3


def _is_gsas(probe: Probe) -> bool:
    return bool(_BANK.search(_text(probe.head)))


def _is_uxd(probe: Probe) -> bool:
    text = _text(probe.head)
    return "_STEPSIZE" in text or bool(re.search(r"^_(FILEVERSION|2THETA)", text, re.MULTILINE))


def _is_asc(probe: Probe) -> bool:
    marks = re.search(r"^\*(TYPE|BEGIN|START)\b", _text(probe.head), re.MULTILINE)
    return bool(marks) and not _is_ras(probe)


def _is_ras(probe: Probe) -> bool:
    return b"*RAS_DATA_START" in probe.head or b"*RAS_HEADER_START" in probe.head


def _is_highscore(probe: Probe) -> bool:
    text = _text(probe.head)
    return "[Measurement conditions]" in text or bool(re.search(r"^\[Scan points\]", text, re.MULTILINE))


def _has(probe: Probe, pattern: str) -> bool:
    return any(re.search(pattern, name) for name in probe.members)


_JOINED = "ranges that follow each other are joined, else the first is read"

FORMATS: tuple[Format, ...] = (
    Format(
        "Bruker RAW",
        (".raw",),
        _is_raw,
        f"{_HERE}.bruker:load",
        f"versions 1 (RAW), 2 (RAW2), 3 (RAW1.01) and 4 (RAW4.00), scans over 2θ; {_JOINED}",
    ),
    Format(
        "Bruker BRML",
        (".brml",),
        lambda probe: _has(probe, r"RawData\d*\.xml$"),
        f"{_HERE}.brml:load",
        f"scans over 2θ; {_JOINED}",
    ),
    Format(
        "PANalytical XRDML",
        (".xrdml",),
        lambda probe: "<xrdMeasurements" in _text(probe.head),
        f"{_HERE}.xrdml:load",
        f"versions 1.0 to 2.3; {_JOINED}",
    ),
    Format(
        "Philips RD",
        (".rd", ".sd"),
        lambda probe: probe.head.startswith((b"V3RD", b"V5RD")),
        f"{_HERE}.philips:load_rd",
        "versions 3 and 5",
    ),
    Format(
        "Philips UDF",
        (".udf",),
        lambda probe: probe.head.lstrip(b"\xef\xbb\xbf").startswith(b"SampleIdent"),
        f"{_HERE}.philips:load_udf",
    ),
    Format("Rigaku RAS", (".ras",), _is_ras, f"{_HERE}.rigaku:load_ras", _JOINED),
    Format(
        "Rigaku RASX",
        (".rasx",),
        lambda probe: _has(probe, r"Data\d+/Profile\d+\.txt$"),
        f"{_HERE}.rasx:load",
        _JOINED,
    ),
    Format("Rigaku ASC", (".asc",), _is_asc, f"{_HERE}.rigaku:load_asc", _JOINED),
    Format("powder CIF", (".cif",), _is_cif, f"{_HERE}.cif:load", "the measured block of a pdCIF"),
    Format("UXD", (".uxd",), _is_uxd, f"{_HERE}.uxd:load", _JOINED),
    Format(
        "GSAS raw",
        (".gsas", ".gss", ".gsa", ".gda", ".raw", ".fxye"),
        _is_gsas,
        f"{_HERE}.gsas:load",
        "CONST banks of the types STD, ESD, FXY, FXYE",
    ),
    Format(
        "PANalytical CSV",
        (".csv",),
        _is_highscore,
        f"{_HERE}.highscore:load",
        "[Scan points] of HighScore and Data Viewer",
    ),
    Format(
        "two-theta text",
        (".xy", ".xye", ".csv", ".txt", ".dat", ".prn", ".asc"),
        _is_text,
        f"{_HERE}.text:load",
        "columns 2θ, intensity, and optionally its standard deviation; lists below start, step, stop",
    ),
)


def read(path: Path | str) -> "xr.Dataset":
    """Read one powder pattern.

    Returns
    -------
    xr.Dataset
        ``intensity`` (counts or counts/s) over the coordinate ``two_theta`` (degree), with
        ``intensity_stddev`` where the file gives it. Attrs, where the file states them: ``anode``,
        ``wavelength`` and ``wavelength_alpha2`` (angstrom), ``kalpha_ratio``, ``goniometer_radius`` (mm,
        source to specimen), ``divergence_slit`` (degree, equatorial, only of a fixed slit) and
        ``divergence_slit_kind`` ("fixed", "automatic"), ``soller_slit`` (rad, mean aperture),
        ``source_length`` and ``source_width`` (mm, as seen from the specimen), ``monochromator``,
        ``counting_time`` (s per point), ``temperature`` (°C), ``time`` (s since the first scan of the
        file began), ``start_time``; and ``conversion``: what was changed on reading.

    Raises
    ------
    ReadError
        When the file is missing, damaged, or of no known format.
    """
    return formats.read(path, "xrd", FORMATS)


def read_all(path: Path | str) -> "list[xr.Dataset]":
    """Read every scan of a file as a pattern of its own, in the file's order.

    Returns
    -------
    list of xr.Dataset
        As from `read`, each with ``scan_index`` (from 0) and, where the file states them, ``time`` (s since
        the first scan began) and ``temperature`` (°C). Scans over other axes than 2θ are not among them.

    Raises
    ------
    ReadError
        As from `read`; also when one of the scans holds what cannot be counts.
    """
    return formats.read_several(path, "xrd", FORMATS, _every)


def _every(path: Path, known: Format) -> "list[xr.Dataset]":
    """Return every scan of a file: readers have a function ``scans…`` beside each ``load…``."""
    from interlayer.xrd.readers.common import separate

    module, _, name = known.load.partition(":")
    return separate(getattr(import_module(module), name.replace("load", "scans", 1))(path))
