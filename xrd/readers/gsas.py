"""GSAS raw data: constant-step banks of the types STD, ESD, FXYE and FXY.

Layouts: Larson & Von Dreele, GSAS manual, LAUR 86-748, section "Powder data".
"""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.common import Floats, Scan, combined, floats, steps
from interlayer.xrd.readers.encoding import text_of

BANK = re.compile(r"^BANK[ \t]+\d+[ \t]+(\d+)[ \t]+\d+[ \t]+([A-Z_0-9]+)([^\n]*)$", re.MULTILINE)
_FLIGHT = ("RALF", "SLOG", "TIME_MAP", "LOG6")
_FIELD = 8
_CENTI = 100.0


def load(path: Path) -> xr.Dataset:
    """Read a GSAS file; banks that follow each other are joined, else the first is read."""
    return combined(scans(path))


def scans(path: Path) -> list[Scan]:
    """Return every bank of a GSAS file."""
    text = text_of(path)
    heads = list(BANK.finditer(text))
    if not heads:
        raise ReadError("no bank in the file", expected="BANK n points records CONST start step …")
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [_bank(head, text[head.end() : end]) for head, end in zip(heads, ends, strict=True)]


def _bank(head: re.Match[str], body: str) -> Scan:
    points, binning = int(head[1]), head[2]
    if binning not in ("CONST", "CONS"):
        flight = binning in _FLIGHT
        raise ReadError(
            "a bank of flight times, not of angles" if flight else "a bank of an unknown binning",
            expected="CONST",
            found=binning,
            advice="Time-of-flight patterns are not analysed here." if flight else None,
        )
    words = head[3].split()
    try:
        start, step = float(words[0]) / _CENTI, float(words[1]) / _CENTI
    except (IndexError, ValueError):
        raise ReadError("the bank lacks start and step", expected="CONST start step", found=head[0]) from None
    kind = next((word.upper() for word in words[2:] if word[0].isalpha()), "STD")
    lines = [line for line in body.split("\n") if line.strip() and not line.startswith("#")]
    if kind in ("FXYE", "FXY"):
        return _explicit(lines, points, 3 if kind == "FXYE" else 2)
    if kind == "ESD":
        pairs = _fields(lines, points * 2).reshape(-1, 2)
        return Scan(steps(start, step, points), pairs[:, 0], stddev=pairs[:, 1])
    if kind != "STD":
        raise ReadError("a bank of an unknown type", expected="STD, ESD, FXY or FXYE", found=kind)
    counts, counters = _counted(lines, points)
    stddev = np.sqrt(np.maximum(counts, 1) / counters) if (counters > 1).any() else None
    return Scan(steps(start, step, points), counts, stddev=stddev)


def _explicit(lines: list[str], points: int, width: int) -> Scan:
    """Return rows of 2θ in 1/100°, intensity and σ; rows beyond the stated number are kept."""
    rows = [line.split() for line in lines]
    if any(len(row) != width for row in rows):
        raise ReadError(f"rows of {width} numbers are needed", found="a row of another length")
    _enough(len(rows), points)
    table = floats(rows)
    return Scan(table[:, 0] / _CENTI, table[:, 1], stddev=table[:, 2] if width == 3 else None)


def _enough(found: int, points: int) -> None:
    if found < points:
        raise ReadError("truncated", expected=f"{points} points", found=found)


def _fields(lines: list[str], count: int) -> Floats:
    """Return numbers in fields of eight characters, or parted by blanks where fields do not fit."""
    try:
        values = [float(line[i : i + _FIELD]) for line in lines for i in _places(line)]
    except ValueError:
        values = list(floats(" ".join(lines).split()))
    _enough(len(values), count)
    _padding(values[count:])
    return np.array(values[:count])


def _places(line: str) -> list[int]:
    return [i for i in range(0, len(line.rstrip()), _FIELD) if line[i : i + _FIELD].strip()]


def _counted(lines: list[str], points: int) -> tuple[Floats, Floats]:
    """Return counts and numbers of counters from fields of I2, F6.0.

    A field is the mean of as many counters, so its variance is the counts over their number.
    """
    try:
        cells = [(line[i : i + 2].strip(), line[i + 2 : i + _FIELD]) for line in lines for i in _places(line)]
        pairs = [(max(int(number or 1), 1), float(value)) for number, value in cells]
    except ValueError:
        pairs = [(1, float(value)) for value in floats(" ".join(lines).split())]
    _enough(len(pairs), points)
    _padding([value for _, value in pairs[points:]])
    table = np.array(pairs[:points], dtype=float).reshape(-1, 2)
    return table[:, 1], table[:, 0]


def _padding(rest: list[float]) -> None:
    """Refuse numbers beyond the stated points unless they fill the last record with zeros."""
    if any(rest) or len(rest) >= 2 * _FIELD:
        raise ReadError("more numbers than the bank states", expected="a filled last record", found=len(rest))
