"""Igor binary waves as WaveMetrics' Technical Note 003 describes them, written by the tests' own code."""

import struct
from collections.abc import Sequence

import numpy as np

_TYPES = {"f4": 2, "f8": 4, "i1": 8, "i2": 16, "i4": 32, "u1": 72, "u2": 80, "u4": 96}


def wave5(
    values: np.ndarray,
    axes: Sequence[tuple[float, float]],
    note: str,
    labels: Sequence[str] = (),
    name: str = "C1s",
    order: str = "<",
) -> bytes:
    """Return a version 5 wave; axes are (start, step), labels the extended units of the dimensions."""
    shape = values.shape
    data = values.astype(order + values.dtype.str[1:]).tobytes(order="F")
    text, units = note.encode(), [label.encode() for label in labels] + [b""] * (4 - len(labels))
    counts = b"Counts [a.u.]" if labels else b""
    sizes = [320 + len(data), 0, len(text), len(counts), *map(len, units), *[0] * 7]
    head = struct.pack(order + "hh15i", 5, 0, *sizes)
    wave = struct.pack(order + "4xIIih8xh", 0, 0, values.size, _TYPES[values.dtype.str[1:]], 1)
    wave += name.encode().ljust(32, b"\x00") + bytes(8)
    wave += struct.pack(order + "4i", *shape, *[0] * (4 - len(shape)))
    for at, fill in ((1, 1.0), (0, 0.0)):
        wave += struct.pack(order + "4d", *[axis[at] for axis in axes], *[fill] * (4 - len(axes)))
    header = bytearray((head + wave).ljust(384, b"\x00"))
    struct.pack_into(order + "H", header, 2, -int(np.frombuffer(header, order + "i2").sum()) & 0xFFFF)
    return bytes(header) + data + text + counts + b"".join(units)


def wave2(values: np.ndarray, axis: tuple[float, float], note: str, units: str = "eV") -> bytes:
    """Return a version 2 wave (one dimension, little-endian)."""
    data = values.tobytes()
    wave = struct.pack(
        "<h4x20s8x4s4si2x", _TYPES[values.dtype.str[1:]], b"N1s", b"", units.encode(), values.size
    )
    wave += struct.pack("<2d", axis[1], axis[0])
    wave = wave.ljust(110, b"\x00")
    body = bytearray(
        struct.pack("<hiiih", 2, 110 + len(data) + 16, len(note), 0, 0) + wave + data + bytes(16)
    )
    struct.pack_into("<H", body, 14, -int(np.frombuffer(body[:142], "<i2").sum()) & 0xFFFF)
    return bytes(body) + note.encode()
