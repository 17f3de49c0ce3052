"""What a microscope says about its image, whoever made it."""

import math
import re
from dataclasses import dataclass, field

from interlayer.core.errors import UnitError
from interlayer.core.units import convert

_VALUE = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\s]*)")


@dataclass(slots=True)
class Metadata:
    """Scale, data bar and conditions, as far as a vendor states them.

    Parameters
    ----------
    vendor
        Who wrote the metadata.
    pixel_x, pixel_y
        Width and height of a pixel in nm; NaN when not stated.
    bar_rows
        Rows of the data bar at the bottom; None when the metadata do not say.
    attrs
        Conditions with the names of the Dataset's attrs.
    doubts
        Contradictions that a reader must see.
    """

    vendor: str
    pixel_x: float = math.nan
    pixel_y: float = math.nan
    bar_rows: int | None = None
    attrs: dict[str, str | float] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    @property
    def calibrated(self) -> bool:
        """True when both pixel sizes are positive and finite."""
        sizes = (self.pixel_x, self.pixel_y)
        return all(math.isfinite(size) and 1e-4 < size < 1e7 for size in sizes)

    def void_scale(self, why: str) -> None:
        """Drop the scale, because it cannot belong to this image."""
        self.doubts.append(why)
        self.pixel_x = self.pixel_y = math.nan

    def contradict(self, text: str, ratio: float) -> None:
        """Say that two statements of the scale differ by a ratio; their distance enters its uncertainty."""
        self.doubts.append(text)
        known = float(self.attrs.get("scale_relative_stddev", 0.0))
        self.attrs["scale_relative_stddev"] = max(known, abs(math.log(ratio)))

    def number(self, name: str, text: object, factor: float = 1.0) -> None:
        """Keep a number under a name when the text holds one."""
        value = number(text)
        if math.isfinite(value):
            self.attrs[name] = value * factor


def number(text: object) -> float:
    """Return the first number of a text, or NaN.

    Examples
    --------
    >>> number("5.00 kV")
    5.0
    """
    match = _VALUE.match(str(text).replace("\x00", ""))
    return float(match.group(1)) if match else math.nan


def length(text: str, default: str = "") -> float:
    """Return a length in nm from a text such as "12.3 nm" or "2.00nm/pixel"; NaN when it is none.

    Examples
    --------
    >>> round(length("1.5 µm"), 9)
    1500.0
    """
    match = _VALUE.match(text.replace("\x00", ""))
    if match is None:
        return math.nan
    unit = match.group(2).split("/")[0].strip() or default
    try:
        return convert(float(match.group(1)), unit, "nm")
    except UnitError:
        return math.nan


def sections(text: str) -> dict[str, dict[str, str]]:
    """Return an INI text as sections of keys; empty values stay empty, repeated keys keep the first."""
    found: dict[str, dict[str, str]] = {}
    current = found.setdefault("", {})
    for line in re.split(r"[\r\n]+", text.replace("\x00", "\n")):
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            current = found.setdefault(stripped[1:-1].strip(), {})
        elif "=" in stripped:
            key, _, value = stripped.partition("=")
            current.setdefault(key.strip(), value.strip())
    return found
