"""Minimal OLE compound files ([MS-CFB], version 3) and data spaces of Avantage, written by own code."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np

_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_SETTINGS, _SUMMARY = "\x05Q5nw4m3lIjudbfwyAayojlptCa", "\x05SummaryInformation"
Value = float | int | str


def compound(streams: Mapping[str, bytes]) -> bytes:
    """Return a compound file: FAT, directory, mini FAT, mini stream, then the large streams."""
    small = {name: data for name, data in streams.items() if len(data) < 4096}
    mini_starts, mini_fat, mini = _chains(small, 64)
    parts = [_directory_size(streams), mini_fat, mini, *(d for n, d in streams.items() if n not in small)]
    sizes = [len(part) for part in parts]
    sectors = [-(-size // 512) for size in sizes]
    fat_sectors = 1
    while (sum(sectors) + fat_sectors) * 4 > fat_sectors * 512:
        fat_sectors += 1
    starts = [fat_sectors + sum(sectors[:i]) for i in range(len(parts))]
    fat = [_FAT] * fat_sectors
    for start, count in zip(starts, sectors, strict=True):
        fat += [*range(start + 1, start + count), _END] if count else []
    fat += [_FREE] * (fat_sectors * 128 - len(fat))
    large = dict(zip((n for n in streams if n not in small), starts[3:], strict=True))
    entries = [_entry("Root Entry", 5, starts[2] if mini else _END, len(mini), child=1 if streams else _FREE)]
    for number, (name, data) in enumerate(streams.items(), start=1):
        right = number + 1 if number < len(streams) else _FREE
        entries.append(_entry(name, 2, {**mini_starts, **large}[name], len(data), right=right))
    parts[0] = b"".join(entries)
    mini_first = starts[1] if mini_fat else _END
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, fat_sectors, starts[0], 0, 4096, mini_first, sectors[1], _END, 0,
    )  # fmt: skip
    header += struct.pack("<109I", *range(fat_sectors), *[_FREE] * (109 - fat_sectors))
    body = [struct.pack(f"<{len(fat)}I", *fat), *(_padded(part, 512) for part in parts)]
    return header + b"".join(body)


def _chains(streams: Mapping[str, bytes], size: int) -> tuple[dict[str, int], bytes, bytes]:
    starts, table, data = {}, [], b""
    for name, stream in streams.items():
        count = -(-len(stream) // size)
        starts[name] = len(table) if count else _END
        table += [*range(len(table) + 1, len(table) + count), _END] if count else []
        data += _padded(stream, size)
    return starts, struct.pack(f"<{len(table)}I", *table), data


def _directory_size(streams: Mapping[str, bytes]) -> bytes:
    return bytes(128 * (len(streams) + 1))


def _entry(name: str, kind: int, start: int, size: int, right: int = _FREE, child: int = _FREE) -> bytes:
    raw = name.encode("utf-16-le") + b"\x00\x00"
    links = struct.pack("<III", _FREE, right, child)
    return struct.pack("<64sHBB12s16x4x16xIQ", raw, len(raw), kind, 1, links, start, size)


def _padded(data: bytes, size: int) -> bytes:
    return data + bytes(-len(data) % size)


def properties(values: Mapping[int, Value]) -> bytes:
    """Return a property set stream ([MS-OLEPS]): floats as VT_R4, integers as VT_I4, texts as VT_BSTR."""
    table, body = b"", b""
    for key, value in values.items():
        table += struct.pack("<II", key, 8 + 8 * len(values) + len(body))
        if isinstance(value, str):
            raw = value.encode("cp1252") + b"\x00"
            body += struct.pack("<II", 8, len(raw)) + _padded(raw, 4)
        else:
            body += struct.pack("<If", 4, value) if isinstance(value, float) else struct.pack("<Ii", 3, value)
    section = struct.pack("<II", 8 + len(table) + len(body), len(values)) + table + body
    return struct.pack("<HHI16xI16xI", 0xFFFE, 0, 0, 1, 48) + section


def linear(start: float, width: float, points: int, code: int, label: str = "") -> bytes:
    """Return a space axis of equal steps; codes: 1 energy, 2 angle, 3 x, 4 y, 6 etch level, 10 position."""
    return _label(label) + _label("") * 2 + struct.pack("<I2dBI", points, start, width, 1, code)


def listed(values: Sequence[float], code: int = 0) -> bytes:
    """Return a space axis given by its values."""
    head = _label("") * 3 + struct.pack("<I2dB", len(values), 0.0, 0.0, 0)
    return head + np.asarray(values, "<f8").tobytes() + struct.pack("<I", code)


def _label(text: str) -> bytes:
    raw = text.encode("utf-16-le") + b"\x00\x00"
    return struct.pack("<I", len(raw)) + raw


def avantage(
    values: np.ndarray,
    axes: Sequence[Sequence[bytes]],
    title: str = "C1s Scan",
    settings: Mapping[int, Value] | None = None,
) -> bytes:
    """Return a `.VGD` of values (…, n) and the space axes of each data axis, the energy first."""
    known: dict[int, Value] = {
        0x06: "K-Alpha", 0x0D: "Counts", 0x0F: "", 0x69: 1486.68,
        0x131: 0.05, 0x148: 4, 0x194: 20.0, 0x196: 4.2,
    }  # fmt: skip
    sizes = values.shape[::-1]
    data_axes = struct.pack("<II", 0x20000, len(sizes)) + b"".join(
        struct.pack("<4I", 0, size - 1, len(own), 0) for size, own in zip(sizes, axes, strict=True)
    )
    spaces = [axis for own in axes for axis in own]
    return compound(
        {
            "VGData": np.ascontiguousarray(values, "<f8").tobytes(),
            "VGDataAxes": data_axes,
            "VGSpaceAxes": struct.pack("<II", 0x20000, len(spaces)) + b"".join(spaces),
            _SETTINGS: properties({**known, **(settings or {})}),
            _SUMMARY: properties({2: title}),
        }
    )
