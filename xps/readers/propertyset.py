"""Property sets of OLE files: numbers and texts by their number (Microsoft's open [MS-OLEPS])."""

import struct
from dataclasses import dataclass

from interlayer.core.errors import ReadError

#: where the first set's place is written: behind a header of 28 bytes and the set's identifier of 16
_FIRST_SET = 44
_CODE_PAGE = 1
_UNICODE = 1200
_NUMBERS = {
    2: "<h", 3: "<i", 4: "<f", 5: "<d", 7: "<d", 11: "<h", 18: "<H", 19: "<I", 22: "<i", 23: "<I", 64: "<Q",
}  # fmt: skip
_TEXTS, _WIDE_TEXT = (8, 30), 31
_MAX_COUNT, _MAX_TEXT = 5_000, 10_000


@dataclass(frozen=True, slots=True)
class Properties:
    """The numbers and the texts of one property set, by property number."""

    numbers: dict[int, float]
    texts: dict[int, str]

    def number(self, key: int) -> float:
        """Return a number, nan where it is absent."""
        return self.numbers.get(key, float("nan"))


def parse(data: bytes) -> Properties:
    """Return the first property set of a stream; values of other types than numbers and texts are left out.

    Raises
    ------
    ReadError
        When the stream is shorter than its own tables say.
    """
    try:
        (start,) = struct.unpack_from("<I", data, _FIRST_SET)
        (count,) = struct.unpack_from("<I", data, start + 4)
        if count > min((len(data) - start - 8) // 8, _MAX_COUNT):
            raise ReadError("a property set states an impossible count", found=count)
        table = [struct.unpack_from("<II", data, start + 8 + 8 * i) for i in range(count)]
        return _values(data, {key: start + offset for key, offset in table})
    except struct.error:
        raise ReadError("a property set ends too early", found=f"{len(data)} bytes") from None


def _values(data: bytes, places: dict[int, int]) -> Properties:
    numbers: dict[int, float] = {}
    texts: dict[int, tuple[int, bytes]] = {}
    for key, at in places.items():
        kind = struct.unpack_from("<I", data, at)[0] & 0xFFFF
        if kind in _NUMBERS:
            numbers[key] = float(struct.unpack_from(_NUMBERS[kind], data, at + 4)[0])
        elif kind in (*_TEXTS, _WIDE_TEXT):
            (length,) = struct.unpack_from("<I", data, at + 4)
            size = 2 * length if kind == _WIDE_TEXT else length
            texts[key] = kind, data[at + 8 : at + 8 + min(size, _MAX_TEXT)]
    wide = numbers.get(_CODE_PAGE) == _UNICODE
    decoded = {key: _text(raw, wide or kind == _WIDE_TEXT) for key, (kind, raw) in texts.items()}
    return Properties(numbers, decoded)


def _text(raw: bytes, wide: bool) -> str:
    text = raw.decode("utf-16-le" if wide else "cp1252", errors="replace")
    return text.partition("\x00")[0].strip()
