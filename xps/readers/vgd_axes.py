"""The axes of an Avantage data space: `VGDataAxes` and `VGSpaceAxes`."""

import struct
from dataclasses import dataclass

import numpy as np

from interlayer.core.errors import ReadError
from interlayer.xps.spectra import Floats

#: the first number of VGSpaceAxes, as every known file has it
_MARK, _MAX_AXES = 0x20000, 8
#: what a space axis is, by its code
_KINDS = {
    1: "energy",
    2: "angle",
    3: "x",
    4: "y",
    5: "level",
    6: "etch level",
    8: "etch time",
    10: "position",
}


@dataclass(frozen=True, slots=True)
class SpaceAxis:
    """One space axis: its kind ("" where the file does not say), its label, and its values (n,)."""

    kind: str
    label: str
    values: Floats


class _Cursor:
    """Bytes read one field after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, form: str) -> tuple[float, ...]:
        size = struct.calcsize(form)
        if self.at + size > len(self.data):
            raise ReadError("the axes of the data space end too early", found=f"{len(self.data)} bytes")
        self.at += size
        return struct.unpack_from(form, self.data, self.at - size)

    def text(self) -> str:
        size = int(self.take("<I")[0])
        raw = self.data[self.at : self.at + size]
        if len(raw) != size:
            raise ReadError("a label of the data space is longer than its stream", found=f"{size} bytes")
        self.at += size
        return raw.decode("utf-16-le", errors="replace").partition("\x00")[0].strip()


def data_axes(data: bytes) -> list[tuple[int, int]]:
    """Return (points, number of space axes) of each data axis, the energy first."""
    cursor = _Cursor(data)
    cursor.take("<I")
    count = _count(cursor)
    axes = [tuple(int(each) for each in cursor.take("<4I")) for _ in range(count)]
    if any(end < start for start, end, *_ in axes):
        raise ReadError("a data axis ends before it starts", found=axes)
    return [(end - start + 1, spaces) for start, end, spaces, _ in axes]


def space_axes(data: bytes, limit: int) -> list[SpaceAxis]:
    """Return the space axes in the order of the file; none has more than ``limit`` points."""
    cursor = _Cursor(data)
    mark = int(cursor.take("<I")[0])
    if mark != _MARK:
        raise ReadError(
            "the axes of the data space are of an unknown version",
            expected=f"{_MARK:#x}",
            found=f"{mark:#x}",
            advice="Export the spectrum as VAMAS.",
        )
    return [_axis(cursor, limit) for _ in range(_count(cursor))]


def _count(cursor: _Cursor) -> int:
    count = int(cursor.take("<I")[0])
    if not 0 < count <= _MAX_AXES:
        raise ReadError("the data space has an impossible number of axes", found=count)
    return count


def _axis(cursor: _Cursor, limit: int) -> SpaceAxis:
    label, _, _ = cursor.text(), cursor.text(), cursor.text()
    points, start, width = cursor.take("<I2d")
    count, linear = int(points), bool(cursor.take("<B")[0])
    if not 0 < count <= limit or (not linear and 8 * count > len(cursor.data)):
        raise ReadError("a space axis has an impossible number of points", found=count)
    values = start + width * np.arange(count) if linear else np.array(cursor.take(f"<{count}d"))
    (code,) = cursor.take("<I")
    return SpaceAxis(_KINDS.get(int(code), ""), label, values)


def grouped(data: bytes, space: bytes, limit: int) -> list[tuple[int, list[SpaceAxis]]]:
    """Return (points, space axes) of each data axis; no axis has more than ``limit`` points.

    Raises
    ------
    ReadError
        When the two streams do not fit each other, or the first axis is not an energy.
    """
    axes = space_axes(space, limit)
    groups: list[tuple[int, list[SpaceAxis]]] = []
    for points, spaces in data_axes(data):
        own, axes = axes[:spaces], axes[spaces:]
        if len(own) != spaces or any(each.values.size != points for each in own):
            raise ReadError("the axes of the data space do not fit each other", expected=f"{points} points")
        groups.append((points, own))
    first = groups[0][1]
    if len(first) != 1 or first[0].kind != "energy":
        kinds = ", ".join(each.kind or "unknown" for each in first)
        raise ReadError("not a spectrum", expected="an energy axis", found=kinds or "no axis")
    return groups
