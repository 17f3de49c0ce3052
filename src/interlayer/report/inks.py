"""Colours, dashes and markers that can be read: 3:1 for curves, 4.5:1 for letters, never colour alone."""

from collections.abc import Sequence
from functools import cache

from interlayer.core import figure as fig

#: contrast with white that WCAG 2.1 asks of graphics (1.4.11) and of text (1.4.3), with a little to spare
GRAPHICS, LETTERS = 3.1, 4.6
_PALE = 1.2

#: of curves that take a place in the cycle of colours, so that they can be told apart without colour
_DASHES = ("", "9 3", "3 2.4", "10 3 2.4 3", "6 2")
_MARKERS = ("circle", "square", "triangle", "diamond")


@cache
def ink(name: str | int, contrast: float = GRAPHICS) -> str:
    """Return a colour darkened, in its hue, until it stands out from white.

    Near white stays: it is meant for a dark picture below it.

    Examples
    --------
    >>> ink("#0072b2"), ink("#ffffff"), ink("#e69f00")
    ('#0072b2', '#ffffff', '#bf8400')
    """
    given = fig.colour(name)
    channels = [int(given[i : i + 2], 16) for i in (1, 3, 5)]
    if _contrast(channels) < _PALE:
        return given
    share = 1.0
    while _contrast([share * each for each in channels]) < contrast:
        share *= 0.98
    return "#" + "".join(f"{int(share * each):02x}" for each in channels)


def same_hue(one: str, two: str) -> bool:
    """Return True for a colour and itself made darker for letters.

    Examples
    --------
    >>> same_hue("#e69f00", "#a67200"), same_hue("#e69f00", "#d55e00"), same_hue("#5f5f5f", "#e69f00")
    (True, False, False)
    """
    shares = []
    for text in (one, two):
        channels = [int(text[i : i + 2], 16) for i in (1, 3, 5)]
        shares.append([channel / max(*channels, 1) for channel in channels])
    return all(abs(a - b) < 0.04 for a, b in zip(*shares, strict=True))


def _contrast(channels: Sequence[float]) -> float:
    """Return the contrast ratio with white (WCAG 2.1, relative luminance)."""
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
        for each in (int(channel) / 255 for channel in channels)
    ]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def dashes(mark: fig.Line | fig.Band | fig.Rule) -> str:
    """Return the dash array of a line; empty where it is solid."""
    if not isinstance(mark, fig.Band) and mark.dash:
        return "5 3"
    return _DASHES[mark.colour % len(_DASHES)] if isinstance(mark.colour, int) else ""


def marker(mark: fig.Points) -> str:
    """Return the shape of a mark's points."""
    return _MARKERS[mark.colour % len(_MARKERS)] if isinstance(mark.colour, int) else "circle"
