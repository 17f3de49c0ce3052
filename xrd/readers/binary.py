"""Reading numbers at fixed places of a binary file, with errors for what is not there."""

import math
import struct

import numpy as np

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.common import Floats

_MOST_POINTS = 20_000_000
_MOST_RANGES = 4096


def value(data: bytes, kind: str, at: int) -> float:
    """Return a little-endian number of a `struct` kind at a place."""
    size = struct.calcsize(kind)
    if at < 0 or at + size > len(data):
        raise ReadError("truncated", expected=f"at least {at + size} bytes", found=len(data))
    return float(struct.unpack_from("<" + kind, data, at)[0])


def whole(data: bytes, kind: str, at: int) -> int:
    """Return a little-endian integer at a place."""
    return int(value(data, kind, at))


def text(data: bytes, at: int, size: int) -> str | None:
    """Return a zero-padded text, or None when it is empty."""
    return data[at : at + size].split(b"\0")[0].decode("latin-1").strip() or None


def decimal(data: bytes, at: int) -> float:
    """Return a float32 as the decimal number that was meant: 0.02 is stored as 0.0199999996."""
    return float(f"{value(data, 'f', at):.7g}")


def positive(number: float, most: float = 1e6) -> float | None:
    """Return a number that is finite and between 0 and ``most``, or None."""
    return number if math.isfinite(number) and 0 < number < most else None


def records(data: bytes, at: int, count: int, size: int) -> np.ndarray:
    """Return (count, size) bytes from a place on: one row per point."""
    end = at + count * size
    if not 0 < count <= _MOST_POINTS or end > len(data):
        raise ReadError(
            "truncated, or the header is damaged",
            expected=f"{count} points up to byte {end}",
            found=f"{len(data)} bytes",
            advice="Copy the file again.",
        )
    return np.frombuffer(data, np.uint8, count * size, at).reshape(count, size)


def column(rows: np.ndarray, kind: str, at: int = 0) -> Floats:
    """Return one number of every row as float64."""
    size = np.dtype(kind).itemsize
    values = np.ascontiguousarray(rows[:, at : at + size]).view(kind)[:, 0]
    with np.errstate(invalid="ignore"):  # damaged bytes may be signalling NaN; the points are checked later
        return values.astype(float)


def check_ranges(count: int) -> int:
    """Return a number of ranges, refusing none and absurdly many."""
    if not 0 < count <= _MOST_RANGES:
        raise ReadError("the number of ranges is damaged", expected=f"1 to {_MOST_RANGES}", found=count)
    return count


def check_rest(data: bytes, end: int) -> None:
    """Raise when something other than zeros stands behind the last range: the layout is another one."""
    rest = data[end:]
    if any(rest):
        raise ReadError(
            "bytes are left over behind the last range",
            expected=f"{end} bytes",
            found=len(data),
            advice="The header is damaged or of an unknown kind: save as BRML, UXD or XY.",
        )
