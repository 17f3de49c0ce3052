"""Bruker (Siemens) RAW: which version it is, and versions 1, 2 and 3 (RAW1.01).

Layouts: DIFFRAC-AT manual, appendix B (versions 1 and 2), DIFFRACplus XCH manual, appendix A (version 3),
as summed up by xylib's documentation; version 3 was checked on real files.
"""

from pathlib import Path

import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xrd.readers import bruker_raw4
from interlayer.xrd.readers.binary import (
    check_ranges,
    check_rest,
    column,
    decimal,
    positive,
    records,
    text,
    value,
    whole,
)
from interlayer.xrd.readers.common import Floats, Scan, combined, steps
from interlayer.xrd.readers.metadata import anode, celsius, slit

_RANGE_1 = 156
_FIRST_2 = 256
_RANGE_2 = 48
_HEADER_3 = 712
_RANGE_3 = 304
#: scan types of version 3 that do not run over 2θ
_OTHER_SCANS = {3: "rocking curve", 4: "χ", 5: "φ", 6: "x", 7: "y", 8: "z", 12: "ψ", 13: "hkl", 14: "q"}


def load(path: Path) -> xr.Dataset:
    """Read a Bruker RAW file; ranges that follow each other are joined, else the first is read."""
    return combined(scans(path))


def scans(path: Path) -> list[Scan]:
    """Return every range of a Bruker RAW file."""
    data = path.read_bytes()
    for magic, reader in (
        (b"RAW1.0", _version_3),
        (b"RAW4.", bruker_raw4.scans),
        (b"RAW2", _version_2),
        (b"RAW ", _version_1),
    ):
        if data.startswith(magic):
            return reader(data)
    stoe = data.startswith(b"RAW_")
    raise ReadError(
        "a Stoe RAW file" if stoe else "an unknown Bruker RAW version",
        expected="version 1 (RAW), 2 (RAW2), 3 (RAW1.01) or 4 (RAW4.00)",
        found=repr(data[:8].decode("latin-1")),
        advice="Export it as XY." if stoe else "Save it as BRML, RAW V3 or XY in DIFFRAC.EVA.",
    )


def _version_1(data: bytes) -> list[Scan]:
    """Return the ranges of version 1: each header may begin with ``RAW `` again, and says if one follows."""
    found: list[Scan] = []
    at, more = 0, True
    while more:
        # early DIFFRAC-AT did not repeat the mark in front of further ranges
        at -= 0 if data[at : at + 4] == b"RAW " else 4
        count = whole(data, "I", at + 4)
        rows = records(data, at + _RANGE_1, count, 4)
        attrs: dict[str, object] = {
            "counting_time": positive(decimal(data, at + 8)),
            "wavelength": _wavelength(data, "f", at + 72),
            "wavelength_alpha2": _wavelength(data, "f", at + 76),
        }
        x = steps(decimal(data, at + 24), decimal(data, at + 12), count)
        found.append(Scan(x, column(rows, "<f4"), attrs=attrs))
        check_ranges(len(found))
        more = whole(data, "I", at + 152) > 0
        at += _RANGE_1 + 4 * count
    check_rest(data, at)
    return found


def _version_2(data: bytes) -> list[Scan]:
    found: list[Scan] = []
    at = _FIRST_2
    for _ in range(check_ranges(whole(data, "H", 4))):
        header, count = whole(data, "H", at), whole(data, "H", at + 2)
        if header < _RANGE_2:
            raise ReadError("the range header is damaged", expected=f"{_RANGE_2} bytes or more", found=header)
        kelvin = value(data, "H", at + 46)
        attrs: dict[str, object] = {
            "anode": anode(text(data, 188, 2)),
            "wavelength": _wavelength(data, "f", 190),
            "wavelength_alpha2": _wavelength(data, "f", 194),
            "kalpha_ratio": positive(decimal(data, 198), 1.5),
            "counting_time": positive(decimal(data, at + 8)),
            "temperature": celsius(kelvin, "K") if 0 < kelvin < 4000 else None,
        }
        rows = records(data, at + header, count, 4)
        x = steps(decimal(data, at + 16), decimal(data, at + 12), count)
        found.append(Scan(x, column(rows, "<f4"), attrs=attrs))
        at += header + 4 * count
    check_rest(data, at)
    return found


def _wavelength(data: bytes, kind: str, at: int) -> float | None:
    return positive(decimal(data, at) if kind == "f" else value(data, kind, at), 10.0)


def _version_3(data: bytes) -> list[Scan]:
    common = _header_3(data)
    found: list[Scan] = []
    others: list[str] = []
    at = _HEADER_3
    for _ in range(check_ranges(whole(data, "I", 12))):
        scan, kind, at = _range_3(data, at, common)
        if kind in _OTHER_SCANS:
            others.append(_OTHER_SCANS[kind])
        else:
            found.append(scan)
    check_rest(data, at)
    if not found:
        raise ReadError("no scan over 2θ in the file", expected="a coupled scan", found=", ".join(others))
    return found


def _header_3(data: bytes) -> dict[str, object]:
    return {
        "anode": anode(text(data, 608, 4)),
        "wavelength": _wavelength(data, "d", 624),
        "wavelength_alpha2": _wavelength(data, "d", 632),
        "kalpha_ratio": positive(value(data, "d", 648), 1.5),
        "goniometer_radius": positive(decimal(data, 564), 2000.0),
        **slit("", fixed=positive(decimal(data, 568))),
    }


def _range_3(data: bytes, at: int, common: dict[str, object]) -> tuple[Scan, int, int]:
    """Return one range, its scan type, and where the next begins."""
    header, count = whole(data, "I", at), whole(data, "I", at + 4)
    if header != _RANGE_3:
        raise ReadError("the range header is damaged", expected=f"{_RANGE_3} bytes", found=header)
    varying, size = whole(data, "I", at + 248), whole(data, "I", at + 252) or 4
    if size != 4 + 8 * varying.bit_count():
        raise ReadError(
            "points of an unknown size",
            expected=f"{4 + 8 * varying.bit_count()} bytes for what varies",
            found=size,
        )
    begin = at + header + whole(data, "I", at + 256)
    rows = records(data, begin, count, size)
    measured = bool(varying & 1)
    x: Floats = (
        column(rows, "<f8", 4)
        if measured
        else steps(value(data, "d", at + 16), value(data, "d", at + 176), count)
    )
    attrs = common | {
        "counting_time": positive(decimal(data, at + 192)),
        "temperature": celsius(positive(value(data, "f", at + 212), 4000.0), "K"),
    }
    if (text(data, at + 72, 6) or "").startswith("V"):
        # V6, V12, V20: the motorised slit that lights a constant length
        attrs = {key: each for key, each in attrs.items() if key != "divergence_slit"} | slit("auto")
    return Scan(x, column(rows, "<f4"), attrs=attrs), whole(data, "I", at + 196), begin + count * size
