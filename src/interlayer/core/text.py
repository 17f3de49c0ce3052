"""Names made safe: sample names are text everywhere, and paths and groups are made of slugs."""

import re
import unicodedata

#: invisible characters that reverse or hide text, besides control characters
_INVISIBLE = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF], "\ufffd"
)
#: what stands for bytes of a file name that are no UTF-8: it cannot be written
_BROKEN = range(0xD800, 0xE000)
_CONTROL = {
    code: "\ufffd" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0), *_BROKEN) if code not in (9, 10, 13)
}


#: names that Windows takes for devices, whatever ending follows
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{kind}{digit}" for kind in ("COM", "LPT") for digit in range(10))}


def clean(text: str) -> str:
    """Return text without control and direction-reversing characters (each becomes U+FFFD).

    Examples
    --------
    >>> clean("a\\x00b") == "a\\ufffdb"
    True
    """
    return text.translate(_CONTROL | _INVISIBLE)


def line(text: str, limit: int = 300) -> str:
    """Return text as one line for a terminal: cleaned, white space as blanks, of long text both ends.

    Examples
    --------
    >>> line("a\\nb\\x1b[2J") == "a b\\ufffd[2J"
    True
    >>> line("x" * 1000, limit=9)
    'xxxx…xxxx'
    """
    if len(text) > limit:
        half = (limit - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return " ".join(clean(text).split())


def lines(text: str, limit: int = 300, most: int = 50) -> str:
    """Return text of several lines for a terminal, each as `line` makes it, of many the first."""
    found = text.splitlines()
    left = [f"… and {len(found) - most} more"] if len(found) > most else []
    return "\n".join([line(each, limit) for each in found[:most]] + left)


def slug(text: str, limit: int = 80) -> str:
    """Return a name for a file or a group: letters, digits, ``-``, ``_``, ``.``; never empty, never a path.

    Examples
    --------
    >>> slug("0.2 mA/cm2"), slug("../../x"), slug("中文")
    ('0.2-mA-cm2', 'x', 'u4e2du6587')
    """
    plain = unicodedata.normalize("NFKD", clean(text))
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    plain = "".join(each if each.isascii() or each.isspace() else f"u{ord(each):x}" for each in plain)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._")[:limit].strip("-._")
    if plain.split(".")[0].upper() in _DEVICES:
        plain = f"name-{plain}"
    return plain or "unnamed"


class Names:
    """Names of files of which no two are alike, whatever the case.

    Examples
    --------
    >>> names = Names()
    >>> names.free("a"), names.free("A"), names.free("a")
    ('a', 'A-2', 'a-3')
    """

    def __init__(self) -> None:
        self._used: set[str] = set()

    def free(self, name: str) -> str:
        """Return a name, with a number after it where it is taken; it is taken from now on."""
        found, number = name, 2
        while found.lower() in self._used:
            found, number = f"{name}-{number}", number + 1
        self._used.add(found.lower())
        return found
