"""HDF5 files whose metadata are damaged and whose check sums are right again, so that the library reads on.

netCDF writes metadata with check sums: a file that was damaged by accident is refused at once, one that was
made on purpose is not. Blocks that are known here: superblock, object headers and their continuations, the
heads of fractal heaps and of B-trees, leaves of B-trees.
"""

import io
import random
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MASK = 0xFFFFFFFF
#: values that an attribute may have instead of a text, and a variable instead of a number
ODD: tuple[object, ...] = (
    0, -1.5, float("nan"), "", "[]", "{}", "null", "[1]", '{"a": [1]}', "[[]]", "1e999", "x" * 50_000, [1, 2],
    "[" * 5000, '["\\ud800"]', '[{"source": null}]', "NaN", "true", '"text"', "9" * 5000,
)  # fmt: skip
ODD_NUMBERS = (float("nan"), float("inf"), -1.0, 0.0, 1e300, -1e300, 1e-320)
#: bytes before the check sum of blocks of one size (offsets and lengths of 8 bytes)
_FIXED = {b"FRHP": 142, b"BTHD": 34}
_VALUES = (0, 1, 2, 8, 255, 2**16 - 1, 2**24, 2**31 - 1, 2**32 - 1, 2**63, 2**64 - 1)


def _rotated(value: int, by: int) -> int:
    return ((value << by) | (value >> (32 - by))) & _MASK


def lookup3(data: bytes) -> int:
    """Return Jenkins' lookup3 hash of bytes (Jenkins 2006, ``hashlittle`` with 0), the check sum of HDF5."""
    a = b = c = (0xDEADBEEF + len(data)) & _MASK
    if not data:
        return c
    whole = (len(data) - 1) // 12 * 12
    for x, y, z in struct.iter_unpack("<III", data[:whole]):
        a, b, c = (a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK
        a = ((a - c) & _MASK) ^ _rotated(c, 4)
        c = (c + b) & _MASK
        b = ((b - a) & _MASK) ^ _rotated(a, 6)
        a = (a + c) & _MASK
        c = ((c - b) & _MASK) ^ _rotated(b, 8)
        b = (b + a) & _MASK
        a = ((a - c) & _MASK) ^ _rotated(c, 16)
        c = (c + b) & _MASK
        b = ((b - a) & _MASK) ^ _rotated(a, 19)
        a = (a + c) & _MASK
        c = ((c - b) & _MASK) ^ _rotated(b, 4)
        b = (b + a) & _MASK
    x, y, z = struct.unpack("<III", data[whole:].ljust(12, b"\0"))
    a, b, c = (a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK
    for first, second, by in (("c", "b", 14), ("a", "c", 11), ("b", "a", 25), ("c", "b", 16),
                              ("a", "c", 4), ("b", "a", 14), ("c", "b", 24)):  # fmt: skip
        parts = {"a": a, "b": b, "c": c}
        parts[first] = ((parts[first] ^ parts[second]) - _rotated(parts[second], by)) & _MASK
        a, b, c = parts["a"], parts["b"], parts["c"]
    return c


def blocks(data: bytes) -> list[tuple[int, int]]:
    """Return beginning of each known block, and the place of its check sum."""
    if not data.startswith(SIGNATURE) or len(data) < 48 or data[8] > 3:
        return []
    found = [(0, 44)] if data[8] in (2, 3) else []
    found += [(at, at + size) for name, size in _FIXED.items() for at in _places(data, name)]
    found += [(at, at + _header_size(data, at)) for at in _places(data, b"OHDR")]
    for at in _places(data, b"OCHK"):
        link = data.find(struct.pack("<Q", at))
        if link >= 0 and link + 16 <= len(data):
            found.append((at, at + struct.unpack_from("<Q", data, link + 8)[0] - 4))
    return [(first, end) for first, end in found if first < end <= len(data) - 4]


def _places(data: bytes, name: bytes) -> Iterator[int]:
    at = data.find(name)
    while at >= 0:
        yield at
        at = data.find(name, at + 4)


def _header_size(data: bytes, at: int) -> int:
    if at + 32 > len(data):
        return len(data)
    flags = data[at + 5]
    head = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    return head + width + int.from_bytes(data[at + head : at + head + width], "little")


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Return a file with a few bytes of its metadata changed, and right check sums."""
    known = _sound_blocks(data)
    bad = bytearray(data)
    for first, end in rng.sample(known, min(len(known), rng.choice((1, 1, 1, 2, 4)))):
        for _ in range(rng.choice((1, 1, 2, 6))):
            at = rng.randrange(first + (4 if first else 8), end)
            _change(bad, at, rng)
        struct.pack_into("<I", bad, end, lookup3(bytes(bad[first:end])))
    if not known or rng.random() < 0.1:
        _change(bad, rng.randrange(len(bad)), rng)
    return bytes(bad)


@lru_cache(maxsize=64)
def _sound_blocks(data: bytes) -> list[tuple[int, int]]:
    return [each for each in blocks(data) if _sound(data, *each)]


def content(data: bytes, text: Callable[[bytes], bytes], rng: random.Random) -> bytes:
    """Return a sound HDF5 file in which attributes and values are others, missing, or of another kind.

    Parameters
    ----------
    text
        Changes a text that the file holds.
    """
    import h5py

    stream = io.BytesIO(data)
    try:
        with h5py.File(stream, "r+") as file:
            names: list[str] = ["/"]
            file.visit(names.append)
            for _ in range(rng.choice((1, 1, 2, 5))):
                node = file.get(rng.choice(names))
                if node is not None:
                    _change_node(node, text, rng)
    except Exception:  # it was damaged before
        return data[: len(data) * 9 // 10]
    return stream.getvalue()


def _change_node(node: Any, text: Callable[[bytes], bytes], rng: random.Random) -> None:
    import h5py

    own = rng.random() < 0.05  # of netCDF itself: without them nothing is read
    named = [name for name in node.attrs if own or not (name.isupper() or name.startswith("_N"))]
    what = rng.randrange(6)
    if what <= 3 and named:
        name = rng.choice(named)
        if what == 0:
            del node.attrs[name]
        elif what == 1:
            node.attrs[name] = rng.choice(ODD)
        else:
            node.attrs[name] = (
                text(str(node.attrs[name]).encode()).decode("utf-8", "replace").replace("\0", "")
            )
    elif isinstance(node, h5py.Dataset) and node.size and node.ndim == 1 and what != 5:
        at = rng.randrange(node.size)
        node[at] = rng.choice(ODD_NUMBERS) if node.dtype.kind == "f" else rng.choice(("", "x" * 5000, "nan"))
    elif node.name != "/":
        del node.parent[node.name]


def _sound(data: bytes, first: int, end: int) -> bool:
    return struct.unpack_from("<I", data, end)[0] == lookup3(data[first:end])


def _change(bad: bytearray, at: int, rng: random.Random) -> None:
    what = rng.randrange(4)
    if what == 0:
        bad[at] ^= 1 << rng.randrange(8)
    elif what == 1:
        bad[at] = rng.choice((0, 1, 2, 3, 4, 8, 16, 127, 128, 255, rng.randrange(256)))
    else:
        width = rng.choice((2, 4, 8))
        part = (rng.choice(_VALUES) % 256**width).to_bytes(width, "little")
        bad[at : at + width] = part[: len(bad) - at]
