"""Sentences that differ only in numbers, told as one with the range of each number."""

import re
from collections.abc import Sequence

#: a number that stands alone: not part of a name such as R1, N 1s or Li3N
_NUMBER = re.compile(r"(?<![\w.,^])[+−-]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?(?!\w)")
_QUOTED = re.compile(r"('[^']*')")


def shape_of(text: str) -> str:
    """Return what is left of a sentence without its numbers; the same for those that can become one.

    Examples
    --------
    >>> shape_of("3 pulses of 8 s") == shape_of("12 pulses of 8 s") != shape_of("3 pulses of R1")
    True
    """
    return "".join(_split(text)[::2])


def _split(step: str) -> list[str]:
    """Return a step as text, number, text, … text; what is quoted is text.

    Examples
    --------
    >>> _split("3 pulses of 8 s with R1")
    ['', '3', '\\x00 pulses of ', '8', '\\x00 s with R1']
    """
    parts = [""]
    for piece in _QUOTED.split(step):
        if piece.startswith("'") and piece.endswith("'") and len(piece) > 1:
            parts[-1] += piece
            continue
        at = 0
        for match in _NUMBER.finditer(piece):
            parts[-1] += piece[at : match.start()]
            parts += [match.group(), "\x00"]
            at = match.end()
        parts[-1] += piece[at:]
    return parts


def ranged(texts: Sequence[str]) -> str:
    """Return steps that differ only in numbers as one, with the range of each number.

    Examples
    --------
    >>> ranged(["3 pulses of 8 s.", "12 pulses of 8 s."])
    '3 to 12 pulses of 8 s.'
    """
    split = [_split(text) for text in dict.fromkeys(texts)]
    parts = list(split[0])
    for place in range(1, len(parts), 2):
        values = sorted({each[place] for each in split}, key=_value)
        parts[place] = values[0] if len(values) == 1 else f"{values[0]} to {values[-1]}"
    return "".join(parts).replace("\x00", "")


def _value(number: str) -> float:
    return float(number.replace(",", "").replace("−", "-"))
