"""Igor binary waves, versions 2 and 5 (WaveMetrics Technical Note 003): header, dimensions, data, note."""

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlayer.core.errors import ReadError

_TYPES = {2: "f4", 4: "f8", 8: "i1", 16: "i2", 32: "i4", 128: "i8", 72: "u1", 80: "u2", 96: "u4", 192: "u8"}
#: where the values begin, and how many bytes the checksum covers
_START = {2: 126, 5: 384}
_CHECKED = {2: 142, 5: 384}
_MAX_VALUES = 100_000_000


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave.

    Parameters
    ----------
    name
        As Igor calls it.
    values
        (n0, n1, …), up to four dimensions.
    axes
        Of each dimension the values at its points, start + step × index.
    labels
        Unit or label of each dimension ("Binding Energy [eV]"), the extended one where there is one.
    note
        The text of the wave note, lines ended by "\\n".
    """

    name: str
    values: NDArray[Any]
    axes: tuple[NDArray[np.float64], ...]
    labels: tuple[str, ...]
    note: str


def is_wave(head: bytes) -> bool:
    """Return True where the first bytes are the header of a version 2 or 5 wave whose checksum is right."""
    try:
        order, version = _version(head)
    except (struct.error, ReadError):
        return False
    return len(head) >= _START[version] and _checksum(head, order, version) == 0


def parse(data: bytes) -> Wave:
    """Return the wave of a file's bytes.

    Raises
    ------
    ReadError
        When the version is another, the checksum is wrong, the file is shorter than its header says, or
        the wave is of text or complex numbers.
    """
    try:
        order, version = _version(data)
        if _checksum(data, order, version):
            raise ReadError("the checksum of the Igor header is wrong", advice="The file is damaged.")
        return _version2(data, order) if version == 2 else _version5(data, order)
    except struct.error:
        raise ReadError("the Igor wave ends in its header", found=f"{len(data)} bytes") from None


def _version(data: bytes) -> tuple[str, int]:
    order = "<" if data[:1] != b"\x00" else ">"
    (version,) = struct.unpack_from(order + "h", data)
    if version not in _START:
        raise ReadError("not an Igor wave of version 2 or 5", found=f"version {version}")
    return order, version


def _checksum(data: bytes, order: str, version: int) -> int:
    """Return the sum of the header's 16-bit words, which is zero modulo 65536 in a sound file."""
    words = np.frombuffer(data[: min(len(data), _CHECKED[version]) // 2 * 2], order + "i2")
    return int(words.sum(dtype=np.int64)) & 0xFFFF


def _version2(data: bytes, order: str) -> Wave:
    size, note_size = struct.unpack_from(order + "ii", data, 2)
    (kind,) = struct.unpack_from(order + "h", data, 16)
    (points,) = struct.unpack_from(order + "i", data, 58)
    step, start = struct.unpack_from(order + "2d", data, 64)
    values, _ = _values(data, order, kind, (points,), 2)
    note = _text(data, 16 + size, note_size)
    axis = start + step * np.arange(points)
    return Wave(_text(data, 22, 20), values, (axis,), (_text(data, 54, 4),), note)


def _version5(data: bytes, order: str) -> Wave:
    sizes = struct.unpack_from(order + "15i", data, 4)
    formula, note_size, data_units, *unit_sizes = sizes[1:8]
    (kind,) = struct.unpack_from(order + "h", data, 80)
    dims = struct.unpack_from(order + "4i", data, 132)
    shape = dims[: dims.index(0)] if 0 in dims else dims
    steps, starts = struct.unpack_from(order + "4d", data, 148), struct.unpack_from(order + "4d", data, 180)
    values, end = _values(data, order, kind, shape, 5)
    at = end + formula + note_size + data_units
    labels = []
    for i in range(len(shape)):
        labels.append(_text(data, at, unit_sizes[i]) or _text(data, 216 + 4 * i, 4))
        at += unit_sizes[i]
    axes = tuple(starts[i] + steps[i] * np.arange(size) for i, size in enumerate(shape))
    return Wave(_text(data, 92, 32), values, axes, tuple(labels), _text(data, end + formula, note_size))


def _values(
    data: bytes, order: str, kind: int, shape: tuple[int, ...], version: int
) -> tuple[NDArray[Any], int]:
    if kind not in _TYPES:
        what = "text" if kind == 0 else "complex numbers" if kind & 1 else f"type {kind}"
        raise ReadError("not a wave of real numbers", found=what)
    if not shape or min(shape) <= 0 or math.prod(shape) > _MAX_VALUES:
        raise ReadError("impossible dimensions of the Igor wave", found=shape)
    item = np.dtype(order + _TYPES[kind])
    count, start = math.prod(shape), _START[version]
    end = start + count * item.itemsize
    if end > len(data):
        raise ReadError("the file ends inside the wave", expected=f"{end} bytes", found=len(data))
    return np.frombuffer(data, item, count, start).reshape(shape, order="F"), end


def _text(data: bytes, at: int, size: int) -> str:
    if size < 0 or at < 0 or at + size > len(data):
        raise ReadError("a text of the Igor wave lies outside the file", found=f"{size} bytes at {at}")
    raw = data[at : at + size].partition(b"\x00")[0]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
