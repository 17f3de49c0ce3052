"""Bruker RAW4.00: a chain of segments, among them the ranges. Checked on a real file."""

import math

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.binary import check_ranges, column, decimal, positive, records, text, value, whole
from interlayer.xrd.readers.common import Scan, steps
from interlayer.xrd.readers.metadata import anode

_FIRST_SEGMENT = 61
_RANGE = 160
_MOST_HEADER = 2**20
_SOURCE, _DRIVE = 30, 50
_COUPLED = ("Locked Coupled", "Coupled", "TwoTheta", "2Theta", "Detector")


def scans(data: bytes) -> list[Scan]:
    """Return every range over 2θ of a RAW4 file."""
    common: dict[str, object] = {}
    found: list[Scan] = []
    others: list[str] = []
    at = _FIRST_SEGMENT
    while at + 8 <= len(data):
        kind, size = whole(data, "I", at), whole(data, "I", at + 4)
        if kind in (0, _RANGE):
            if not any(data[at:]):
                break
            scan, other, at = _range(data, at, common)
            found += [scan] if scan else []
            others += [other] if other else []
            check_ranges(len(found) + len(others))
            continue
        if size < 8 or at + size > len(data):
            raise ReadError(
                "a damaged segment", expected="a length of at least 8 within the file", found=size
            )
        if kind == _SOURCE:
            common |= _source(data, at)
        at += size
    if not found:
        raise ReadError(
            "no scan over 2θ in the file",
            expected="Locked Coupled",
            found=", ".join(map(repr, others)) or "no range",
            advice="The file may be truncated." if not others else None,
        )
    return found


def _source(data: bytes, at: int) -> dict[str, object]:
    diameter = positive(decimal(data, at + 24), 4000.0)
    return {
        "wavelength": positive(value(data, "d", at + 80), 10.0),
        "wavelength_alpha2": positive(value(data, "d", at + 88), 10.0),
        "kalpha_ratio": positive(value(data, "d", at + 104), 1.5),
        "anode": anode(text(data, at + 116, 4)),
        "goniometer_radius": diameter / 2 if diameter else None,
    }


def _range(data: bytes, at: int, common: dict[str, object]) -> tuple[Scan | None, str, int]:
    """Return the scan (or None and the name of its type), and where the range ends."""
    name = text(data, at + 32, 24) or ""
    start, step = value(data, "d", at + 72), value(data, "d", at + 80)
    count, size = whole(data, "I", at + 88), whole(data, "I", at + 136)
    header = whole(data, "I", at + 140)
    if size < 4 or size % 4 or size > 4096 or header > _MOST_HEADER:
        raise ReadError("points of an unknown size", expected="a multiple of 4 bytes", found=size)
    begin = at + _RANGE + header
    rows = records(data, begin, count, size)
    end = begin + count * size
    drives = _drives(data, at + _RANGE, begin)
    moved = drives.get("2Theta", math.nan)
    if not (name.startswith(_COUPLED) or math.isclose(moved, start, abs_tol=1e-4)):
        return None, name, end
    attrs = common | {"counting_time": positive(decimal(data, at + 92))}
    return Scan(steps(start, step, count), column(rows, "<f4"), attrs=attrs), "", end


def _drives(data: bytes, at: int, end: int) -> dict[str, float]:
    """Return where the drives that moved stood at the start of a range."""
    found: dict[str, float] = {}
    while at + 8 <= end:
        kind, size = whole(data, "I", at), whole(data, "I", at + 4)
        if size < 8 or at + size > end:
            raise ReadError("a damaged segment", expected="a length within its range", found=size)
        if kind == _DRIVE and size >= 64 and whole(data, "I", at + 8):
            found[text(data, at + 12, 24) or ""] = value(data, "d", at + 56)
        at += size
    return found
