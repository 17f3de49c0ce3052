"""Column text: .xy, .xye, .csv, .prn, .dat with or without headers, in the encodings that occur."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import decode, read_text
from interlayer.xrd.readers.common import Floats, dataset

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CELL = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|[-+]?inf(?:inity)?|NaN")
_ENCODINGS = ("utf-8-sig", "gb18030", "cp1252", "latin-1")


def load(path: Path) -> xr.Dataset:
    """Read a pattern from columns 2θ, intensity and, if there, its standard deviation.

    A line of names is understood ("2theta, I_obs, sigma", "cps"); a decimal comma is, when the columns
    are parted by semicolons, tabs or spaces.
    """
    text = _COMMENT.sub("", _text(path))
    names, table = _table(text)
    if table.shape[1] < 2:
        raise ReadError("one column of numbers only", expected="2θ and intensity")
    angle, value, error = _columns(names, table)
    unit = (
        "counts/s" if re.search(r"\bcps\b|counts?\s*/\s*s|c/s", " ".join(names), re.IGNORECASE) else "counts"
    )
    stddev = table[:, error] if error is not None else None
    if stddev is not None and not ((stddev > 0).all() and np.isfinite(stddev).all()):
        stddev = None
    return dataset(table[:, angle], table[:, value], unit=unit, stddev=stddev, attrs=_metadata(text))


def _text(path: Path) -> str:
    text = read_text(path)
    if sum(ord(char) > 127 for char in text[:4096]) > 40:
        text = decode(path.read_bytes(), _ENCODINGS).replace("\r\n", "\n").replace("\r", "\n")
    return text


def _table(text: str) -> tuple[list[str], Floats]:
    """Return the column names (empty without a header) and the numbers, one row per line."""
    lines = [line.strip() for line in text.split("\n")]
    comma = _decimal_comma(lines)
    names: list[str] = []
    rows: list[list[float]] = []
    for place, line in enumerate(lines, 1):
        if not line or line[0] in "#'!;%":
            if not rows and line[1:].strip():
                names = _names(line[1:])
            continue
        cells = _numbers(line, comma)
        if cells is None and not rows:
            names = _names(line)
        elif cells is None or (rows and len(cells) != len(rows[0])):
            if cells is not None and len(rows) == 1:
                rows = [cells]
                continue
            raise ReadError(
                f"line {place} is not a row of numbers like those before it",
                expected=f"{len(rows[0]) if rows else 2} numbers",
                found=repr(line[:60]),
            )
        else:
            rows.append(cells)
    if not rows:
        raise ReadError("no rows of numbers", expected="columns 2θ and intensity")
    return names, np.array(rows, dtype=float)


def _decimal_comma(lines: list[str]) -> bool:
    """Return whether commas are decimal signs: no number has a point, and columns part otherwise."""
    sample = [line for line in lines if line and line[0].isdigit()][:50]
    return (
        bool(sample)
        and all(
            "." not in line and re.fullmatch(r"[-+\d,eE]+(?:[;\t ]+[-+\d,eE]+)+;?", line) for line in sample
        )
        and any("," in line for line in sample)
    )


def _numbers(line: str, comma: bool) -> list[float] | None:
    cells = [cell for cell in re.split(r"[;\t ]+" if comma else r"[;,\t ]+", line) if cell]
    if comma:
        cells = [cell.replace(",", ".") for cell in cells]
    if len(cells) < 1 or not all(_CELL.fullmatch(cell) for cell in cells):
        return None
    return [float(cell) for cell in cells]


def _names(line: str) -> list[str]:
    return [name.strip().strip('"') for name in re.split(r"[;,\t]|\s{2,}", line) if name.strip()]


def _columns(names: list[str], table: Floats) -> tuple[int, int, int | None]:
    """Return the columns of 2θ, of the intensity and of its standard deviation."""
    width = table.shape[1]
    if len(names) == width:
        lower = [name.lower() for name in names]
        angle = _find(lower, r"2\s*-?_?\s*th|two.?theta|2θ|angle|deg")
        value = _find(lower, r"^(?!.*(calc|bkg|back|err|sig|std|esd)).*(obs|int|count|cps|y\b|i\b)")
        error = _find(lower, r"sig|std|esd|err|e\.s\.d")
        if angle is not None and value is not None and angle != value:
            return angle, value, error
    looks = width == 3 and bool((table[:, 2] > 0).all()) and _like_errors(table[:, 1], table[:, 2])
    return 0, 1, 2 if looks else None


def _find(names: list[str], pattern: str) -> int | None:
    return next((i for i, name in enumerate(names) if re.search(pattern, name)), None)


def _like_errors(value: Floats, error: Floats) -> bool:
    """Return whether a third column can be the errors of the second: smaller, and growing with it."""
    strong = value > np.median(value)
    return bool(np.median(error) < np.median(value) and error[strong].mean() >= error[~strong].mean())


def _metadata(text: str) -> dict[str, object]:
    """Return wavelength and anode where a comment of the header states them."""
    head = text[:4096]
    found: dict[str, object] = {}
    match = re.search(r"(?:lambda|wavelength|λ)\D{0,25}?([0-3]\.\d{3,})", head, re.IGNORECASE)
    if match:
        found["wavelength"] = float(match[1])
    match = re.search(r"(?:anode|target)\W{1,4}(Cu|Co|Mo|Cr|Fe|Ag)\b", head, re.IGNORECASE)
    if match:
        found["anode"] = match[1].capitalize()
    return found
