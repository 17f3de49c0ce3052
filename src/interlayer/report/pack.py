"""The data of a page in one short text: columns of numbers and a JSON of what they mean.

A pack is gzip, in base64, of: the length of the JSON (4 bytes, little-endian), the JSON, and the columns. A
column is

- ``whole``: k / 10**decimals for whole numbers k, which stand as differences of the given order (0, 1 or 2)
  in 32 bits that wrap around, the sign in the lowest bit; k = -2**31 stands for no number;
- ``single``: IEEE numbers of 32 bits.

Both lie as four planes, first all lowest bytes, then all second ones: that packs better. The numbers are
right to `DIGITS` significant digits of the largest; whole numbers, and decimals as short as an instrument
writes them, are exact.
"""

import base64
import gzip
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interlayer.core.text import clean

Floats = NDArray[np.float64]

#: one column of a table: its heading and its values
Column = tuple[str, Sequence[object]]

#: significant digits of numbers in a page
DIGITS = 6
_NOTHING = -(2**31)


@dataclass(slots=True)
class Pack:
    """Collects the columns of a page; the same column is kept once.

    Parameters
    ----------
    head
        What the columns mean.
    files
        The same data for files beside the page, every digit of them: what makes the columns of each.
    """

    head: dict[str, object] = field(default_factory=dict)
    files: dict[str, Callable[[], list[Column]]] = field(default_factory=dict)
    columns: list[list[int]] = field(default_factory=list)
    _bytes: list[bytes] = field(default_factory=list)
    _seen: dict[bytes, int] = field(default_factory=dict)
    _length: int = 0

    def add(self, values: ArrayLike, wide: bool = False, digits: int = DIGITS) -> int:
        """Keep a column and return its place.

        Parameters
        ----------
        wide
            Small values matter as much as large ones: a logarithmic axis.
        digits
            Significant digits of the largest value.
        """
        data = np.atleast_1d(np.asarray(values, dtype=np.float64)).ravel()
        given = data.tobytes() + bytes([wide, digits])
        if given not in self._seen:
            kind, decimals, order, planes = encode(data, wide, digits)
            packed = planes + bytes([kind, decimals & 255, order])
            if packed not in self._seen:
                self._seen[packed] = len(self.columns)
                self.columns.append([kind, decimals, order, data.size, self._length])
                self._bytes.append(planes)
                self._length += len(planes)
            self._seen[given] = self._seen[packed]
        return self._seen[given]

    def text(self) -> str:
        """Return the pack."""
        meant = cleaned({**self.head, "columns": self.columns})
        head = json.dumps(meant, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        data = head.encode("utf-8", "replace")
        whole = len(data).to_bytes(4, "little") + data + b"".join(self._bytes)
        return base64.b64encode(gzip.compress(whole, 6, mtime=0)).decode("ascii")


def cleaned(value: object) -> object:
    """Return JSON-ready data without control and direction-reversing characters in any text."""
    if isinstance(value, str):
        return value if value.isprintable() else clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): cleaned(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(each) for each in value]
    return value


def encode(data: Floats, wide: bool = False, digits: int = DIGITS) -> tuple[int, int, int, bytes]:
    """Return kind (0 whole, 1 single), decimals, order of differences and planes of a column."""
    good = np.isfinite(data)
    decimals = _decimals(data[good], wide, digits)
    if decimals is None:
        with np.errstate(over="ignore"):
            return 1, 0, 0, _planes(data.astype("<f4").view("<u4"))
    counts = np.full(data.size, _NOTHING, dtype=np.int64)
    counts[good] = _scaled(data[good], decimals)
    orders = [counts, np.diff(counts, prepend=0), np.diff(counts, n=2, prepend=[0, 0])]
    order = int(np.argmin([float(np.abs(each).sum()) for each in orders]))
    return 0, decimals, order, _planes(_folded(orders[order]))


def _scaled(data: Floats, decimals: int) -> NDArray[np.int64]:
    factor = 10.0 ** abs(decimals)
    return np.rint(data * factor if decimals >= 0 else data / factor).astype(np.int64)


def _decimals(data: Floats, wide: bool, digits: int) -> int | None:
    """Return the decimals with which whole numbers of 32 bits hold the data, or None where they cannot."""
    largest = float(np.abs(data).max(initial=0.0))
    if largest == 0.0:
        return 0
    power = math.floor(math.log10(largest))
    most = digits - power  # at most 10**7, far below 2**31
    if not -200 < most < 200:
        return None
    for decimals in range(max(0, most - 8), min(most + 2, 9) + 1):
        if all(np.array_equal(_scaled(d, decimals) / 10.0**decimals, d) for d in (data[:8], data)):
            return decimals
    small = np.abs(data[data != 0]).min()
    if wide and small < 1e-3 * largest:
        return None
    return most


def _folded(values: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return signed numbers, in 32 bits, as 0, −1, 1, −2, … in turn: small ones stay small."""
    short = ((values + 2**31) % 2**32 - 2**31).astype(np.int64)
    return (np.where(short < 0, -2 * short - 1, 2 * short)).astype("<u4")


def _planes(words: NDArray[np.uint32]) -> bytes:
    return np.ascontiguousarray(words.view(np.uint8).reshape(-1, 4).T).tobytes()


def decode(column: list[int], data: bytes) -> Floats:
    """Return the numbers of a column; the page's script does the same."""
    kind, decimals, order, count, begin = column
    planes = np.frombuffer(data[begin : begin + 4 * count], np.uint8).reshape(4, count)
    words = np.ascontiguousarray(planes.T).view("<u4").ravel()
    if kind == 1:
        return words.view("<f4").astype(np.float64)
    counts = np.where(words & 1, -(words.astype(np.int64) >> 1) - 1, words.astype(np.int64) >> 1)
    for _ in range(order):
        counts = np.cumsum(counts) & 0xFFFFFFFF
    counts = np.where(counts >= 2**31, counts - 2**32, counts)
    scaled = counts / 10.0**decimals if decimals >= 0 else counts * 10.0**-decimals
    return np.where(counts == _NOTHING, np.nan, scaled)


def unpack(text: str) -> tuple[dict[str, object], list[Floats]]:
    """Return the JSON and the columns of a pack."""
    whole = gzip.decompress(base64.b64decode(text))
    length = int.from_bytes(whole[:4], "little")
    head = json.loads(whole[4 : 4 + length])
    return head, [decode(column, whole[4 + length :]) for column in head["columns"]]
