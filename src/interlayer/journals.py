"""Sizes of figures in journals, read from journals.toml."""

import re
from dataclasses import dataclass
from functools import cache

from interlayer.core.errors import SettingError
from interlayer.core.packaged import packaged

#: kinds of files that a figure can become
FIGURE_KINDS = ("svg", "pdf", "png")
#: widths (mm) that can be drawn and read
_WIDTHS = (50.0, 300.0)
INCH = 25.4


@dataclass(frozen=True, slots=True)
class Journal:
    """Sizes of a journal's figures: mm, and points of the letters."""

    name: str
    single: float
    double: float
    highest: float
    letters: float
    source: str


@cache
def journals() -> dict[str, Journal]:
    """Return the journals by name; "any" fits all of them."""
    return {key: Journal(**entry) for key, entry in packaged("interlayer", "journals.toml").items()}


def width_of(text: str, journal: Journal) -> float:
    """Return a width in mm.

    Parameters
    ----------
    text
        "single", "double", or a length ("90mm", "9 cm", "3.5 in").

    Raises
    ------
    SettingError
        When it is none of these, or no figure can be read at it.

    Examples
    --------
    >>> width_of("double", journals()["nature"]), width_of("9 cm", journals()["any"])
    (183.0, 90.0)
    """
    if text in ("single", "double"):
        return journal.single if text == "single" else journal.double
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(mm|cm|in)\s*", text)
    if match is None:
        raise SettingError(
            "the width of a figure", expected='single, double or a length ("90mm")', found=text
        )
    width = float(match[1]) * {"mm": 1.0, "cm": 10.0, "in": INCH}[match[2]]
    low, high = _WIDTHS
    if not low <= width <= high:
        raise SettingError("the width of a figure", expected=f"{low:g} to {high:g} mm", found=text)
    return width
