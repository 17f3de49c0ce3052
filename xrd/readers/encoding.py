"""Text of instruments: which encoding, which line ends."""

import re
from pathlib import Path

_HEAD = 65536
_RUSSIAN = re.compile(r"угол|интенс|имп|градус|образец|скан|дата|счет|шаг", re.IGNORECASE)
_CHINESE = re.compile("[角强度衍射样品计数波长时间步扫描]")


def text_of(path: Path) -> str:
    """Return a file's text with line ends ``\\n``, whatever its encoding."""
    return lines_of(decoded(path.read_bytes()))


def lines_of(text: str) -> str:
    """Return a text with the line ends of Windows and old Macs as ``\\n``, and without DOS's end mark."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a\0")


def decoded(data: bytes) -> str:
    """Return bytes as text: by byte-order mark, as UTF-16 by its zeros, as UTF-8, else by its letters.

    Numbers read the same in every encoding but UTF-16; the rest decides over names and units only.

    Examples
    --------
    >>> decoded("20,5;3".encode("utf-16-be")), decoded("Угол".encode("cp1251"))
    ('20,5;3', 'Угол')
    >>> decoded("角度 强度".encode("gb18030")), decoded("2θ °".encode()), decoded("5 °".encode("cp1252"))
    ('角度 强度', '2θ °', '5 °')
    """
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", errors="replace")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    wide = _wide(data[:_HEAD])
    if wide:
        return data.decode(wide, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_legacy(data[:_HEAD]), errors="replace")


def _wide(head: bytes) -> str | None:
    """Return the UTF-16 without a mark that a text is: every other byte is zero."""
    if len(head) < 4:
        return None
    even, odd = head[0::2].count(0) / len(head[0::2]), head[1::2].count(0) / len(head[1::2])
    if odd > 0.6 and even < 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 and odd < 0.1 else None


def _legacy(head: bytes) -> str:
    """Return the 8-bit or Chinese encoding whose letters the bytes are."""
    russian = head.decode("cp1251", errors="replace")
    if _RUSSIAN.search(russian):
        return "cp1251"
    try:
        chinese = head[: _whole(head)].decode("gb18030")
    except UnicodeDecodeError:
        chinese = ""
    if _CHINESE.search(chinese) or _common(chinese) > 0.7:
        return "gb18030"
    letters = re.findall(rb"[\xc0-\xff]{3,}", head)
    high = sum(byte > 127 for byte in head)
    return "cp1251" if high and sum(map(len, letters)) > 0.6 * high else "cp1252"


def _whole(head: bytes) -> int:
    """Return where the last whole line of a head ends: a cut character would not decode."""
    return head.rfind(b"\n") + 1 or len(head)


def _common(text: str) -> float:
    """Return which part of the non-ASCII characters are everyday Chinese ones (GB 2312, level 1)."""
    strange = [char for char in text if ord(char) > 127]
    if not strange:
        return 0.0
    everyday = sum(0xB0 <= char.encode("gb18030")[0] <= 0xD7 for char in strange)
    return everyday / len(strange)
