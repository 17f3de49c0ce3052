"""Bruker RAW1.01 (version 3) and RAW4.00."""

import struct
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.common import Floats, dataset, joined

_HEADER = 712
_RANGE = 304
_RANGE_4 = 160
_FIRST_SEGMENT = 61
_MOST_POINTS = 20_000_000


def load(path: Path) -> xr.Dataset:
    """Read a Bruker RAW file of coupled scans; ranges that follow each other are joined."""
    data = path.read_bytes()
    if data.startswith(b"RAW1.0"):
        return _version_3(data)
    if data.startswith(b"RAW4."):
        return _version_4(data)
    raise ReadError(
        "an old Bruker RAW version",
        expected="RAW1.01 or RAW4.00",
        found=data[:7].decode("latin-1"),
        advice="Save it again as RAW V3, BRML or XY in DIFFRAC.EVA.",
    )


def _unpack(data: bytes, kind: str, at: int) -> float:
    size = struct.calcsize(kind)
    if at + size > len(data):
        raise ReadError("truncated", expected=f"at least {at + size} bytes", found=len(data))
    return float(struct.unpack_from("<" + kind, data, at)[0])


def _counts(data: bytes, at: int, steps: int) -> Floats:
    end = at + 4 * steps
    if not 0 < steps <= _MOST_POINTS or end > len(data):
        raise ReadError(
            "truncated, or the header is damaged",
            expected=f"{steps} points up to byte {end}",
            found=f"{len(data)} bytes",
            advice="Copy the file again.",
        )
    return np.frombuffer(data, "<f4", steps, at).astype(float)


def _text(data: bytes, at: int, size: int) -> str | None:
    return data[at : at + size].split(b"\0")[0].decode("latin-1").strip() or None


def _positive(value: float) -> float | None:
    return value if np.isfinite(value) and 0 < value < 1e6 else None


def _version_3(data: bytes) -> xr.Dataset:
    ranges: list[tuple[Floats, Floats]] = []
    at, count = _HEADER, int(_unpack(data, "I", 12))
    seconds = None
    for _ in range(count):
        header, steps = int(_unpack(data, "I", at)), int(_unpack(data, "I", at + 4))
        if header != _RANGE:
            raise ReadError("the range header is damaged", expected=f"{_RANGE} bytes", found=header)
        start, step = _unpack(data, "d", at + 16), _unpack(data, "d", at + 176)
        seconds = seconds or _positive(_unpack(data, "f", at + 192))
        begin = at + header + int(_unpack(data, "I", at + 256))
        ranges.append((start + step * np.arange(steps), _counts(data, begin, steps)))
        at = begin + 4 * steps
    if not ranges:
        raise ReadError("no range in the file", expected="at least one", found=count)
    x, y, said = joined(ranges)
    attrs = {
        "anode": _text(data, 608, 4),
        "wavelength": _positive(_unpack(data, "d", 624)),
        "wavelength_alpha2": _positive(_unpack(data, "d", 632)),
        "kalpha_ratio": _positive(_unpack(data, "d", 648)),
        "goniometer_radius": _positive(_unpack(data, "f", 564)),
        "counting_time": seconds,
        "conversion": said,
    }
    return dataset(x, y, attrs=attrs)


def _version_4(data: bytes) -> xr.Dataset:
    attrs: dict[str, object] = {}
    ranges: list[tuple[Floats, Floats]] = []
    at = _FIRST_SEGMENT
    while at + 8 <= len(data):
        kind, size = int(_unpack(data, "I", at)), int(_unpack(data, "I", at + 4))
        if kind in (0, 160):
            points, at, seconds = _range_4(data, at)
            ranges.append(points)
            attrs.setdefault("counting_time", seconds)
            continue
        if size < 8:
            raise ReadError("a damaged segment", expected="a length of at least 8", found=size)
        if kind == 30:
            attrs |= {
                "wavelength": _positive(_unpack(data, "d", at + 80)),
                "wavelength_alpha2": _positive(_unpack(data, "d", at + 88)),
                "kalpha_ratio": _positive(_unpack(data, "d", at + 104)),
                "anode": _text(data, at + 116, 4),
            }
        at += size
    if not ranges:
        raise ReadError("no range in the file", expected="at least one")
    x, y, said = joined(ranges)
    return dataset(x, y, attrs=attrs | {"conversion": said})


def _range_4(data: bytes, at: int) -> tuple[tuple[Floats, Floats], int, float | None]:
    """Return 2θ and counts, the end of the range, and the seconds per step."""
    scan = _text(data, at + 32, 24) or ""
    if not scan.startswith(("Locked Coupled", "Coupled", "TwoTheta")):
        raise ReadError("a scan that is not coupled", expected="Locked Coupled", found=repr(scan))
    start, step = _unpack(data, "d", at + 72), _unpack(data, "d", at + 80)
    steps, item = int(_unpack(data, "I", at + 88)), int(_unpack(data, "I", at + 136))
    if item != 4:
        raise ReadError("points of an unknown size", expected="4 bytes", found=item)
    begin = at + _RANGE_4 + int(_unpack(data, "I", at + 140))
    points = (start + step * np.arange(steps), _counts(data, begin, steps))
    return points, begin + 4 * steps, _positive(_unpack(data, "f", at + 92))
