"""Column text: .xy, .xye, .csv, .prn, .dat with or without headers, in the encodings that occur."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.xrd.readers.common import Floats, Scan, combined, number, steps
from interlayer.xrd.readers.encoding import text_of
from interlayer.xrd.readers.metadata import anode, slit
from interlayer.xrd.readers.table import NUMBER, Block, blocks

_RATE = re.compile(
    r"\bcps\b|(?<![a-z])(?:counts?|cts|имп\.?|计数|c)\s*(?:/\s*(?:s\b|sec|с\b|сек|秒)|\(?s\^?-1\b)"
    r"|counts? per sec",
    re.IGNORECASE,
)
_ANGLE = re.compile(r"2\s*-?_?\s*(?:th|θ|т[еэ]та)|two.?theta|tth|angle|угол|角|^2\s*q$|\bdeg", re.IGNORECASE)
_VALUE = re.compile(r"obs|(?:\b|_)int|intens|count|cps|интенс|имп|强度|计数|^y\b|^i\b|^i\s*\(", re.IGNORECASE)
_NO_VALUE = re.compile(r"calc|bkg|back|err|sig|std|esd|e\.s\.d|diff|time", re.IGNORECASE)
_ERROR = re.compile(r"sig|std|esd|err|e\.s\.d", re.IGNORECASE)
_TIME = re.compile(
    r"(?:time\s*per\s*step|step\s*time|counting\s*time|время|步长时间)[^\d\n]{0,20}(\d+[.,]?\d*)",
    re.IGNORECASE,
)
_RADIUS = re.compile(r"goniometer\s*radius[^\d\n]{0,20}(\d+[.,]?\d*)", re.IGNORECASE)
_WAVELENGTH = re.compile(
    r"(?:lambda|wavelength|λ|длина волны|波长)[^\n]{0,25}?\b([0-3][.,]\d{3,})", re.IGNORECASE
)
_ANODE = re.compile(r"(?:anode|target|анод|靶)[^\n]{0,12}?\b(Cu|Co|Mo|Cr|Fe|Ag)\b", re.IGNORECASE)
_SLIT = re.compile(r"(?:divergence\s*slit|div\.?\s*slit)([^\n]{0,40})", re.IGNORECASE)
_RANGE = re.compile(rf"\s*({NUMBER})\s+({NUMBER})\s+({NUMBER})(?!\S)")
_HEAD_LINES = 12
_FEWEST, _MOST = 10, 10_000_000
#: a list has at least so many counts in a line: fewer are the columns of a table
_PER_LINE = 4


def load(path: Path) -> xr.Dataset:
    """Read a pattern from columns 2θ, intensity and, if there, its standard deviation.

    Lines above the rows may be anything; names in them ("2theta, I_obs, sigma", "cps") are understood, and a
    decimal comma is where columns are parted by semicolons, tabs or blanks. Several tables are scans.
    """
    return combined(scans(path))


def scans(path: Path) -> list[Scan]:
    """Return every table of a text as a scan."""
    return scans_in(text_of(path))


def scans_in(text: str) -> list[Scan]:
    """Return the scans of a text; what stands below the last row is left out and said."""
    plain = _without_comments(text)
    listed = _listed(plain.split("\n"))
    if listed is not None:
        return [listed]
    found, below, said = blocks(plain)
    if not found:
        raise ReadError("no rows of numbers", expected="columns 2θ and intensity")
    if below:
        said = "; ".join(
            each for each in (said, f"{len(below)} lines of text below the rows were left out") if each
        )
    about = _metadata("\n".join(found[0].header) + "\n" + text[:2000])
    return [_scan(block, about, said) for block in found]


def _without_comments(text: str) -> str:
    """Return a text without what stands between /* and */."""
    kept, place = [], 0
    while (begin := text.find("/*", place)) >= 0 and (end := text.find("*/", begin + 2)) >= 0:
        kept.append(text[place:begin])
        place = end + 2
    return "".join(kept) + text[place:]


def _scan(block: Block, about: dict[str, object], said: str) -> Scan:
    table = block.values
    if table.shape[1] < 2:
        raise ReadError("one column of numbers only", expected="2θ and intensity")
    names = _names(block.header, table.shape[1])
    angle, value, error = _columns(names, table)
    stddev = table[:, error] if error is not None else None
    if stddev is not None and not ((stddev > 0).all() and np.isfinite(stddev).all()):
        stddev = None
    others = table.shape[1] - 2 - (error is not None)
    texts = [said, f"{others} further columns were left out" if others else ""]
    attrs = about | {"conversion": "; ".join(each for each in texts if each)}
    return Scan(table[:, angle], table[:, value], _unit(block.header), stddev, attrs)


def _listed(lines: list[str]) -> Scan | None:
    """Return the scan of a list of counts below start, step and stop (CPD and DBWS files), if it is one."""
    for place, line in enumerate(lines[:_HEAD_LINES]):
        match = _RANGE.match(line)
        if match is None:
            continue
        start, step, stop = (float(match[i]) for i in (1, 2, 3))
        points = round((stop - start) / step) + 1 if 0 < step < stop - start else 0
        below = [each for each in lines[place + 1 :] if each.strip()]
        if _FEWEST <= points < _MOST and below and _is_list(below[0]):
            counts = _counts(below)
            if counts is None:
                continue
            most = points + max(len(each.split()) for each in below)
            if not points <= counts.size < most or counts[points:].any():
                raise ReadError(
                    "points are missing or too many", expected=f"{points} points", found=counts.size
                )
            about = _metadata("\n".join(lines[: place + 1]))
            return Scan(steps(start, step, points), counts[:points], _unit(lines[: place + 1]), attrs=about)
    return None


def _is_list(line: str) -> bool:
    """Return whether a line below start, step and stop is one of counts and not of columns."""
    width = len(line.split())
    return width == 1 or width >= _PER_LINE


def _counts(lines: list[str]) -> Floats | None:
    try:
        return np.array(" ".join(lines).split(), dtype=float)
    except ValueError:
        return None


def _unit(header: list[str]) -> str:
    return "counts/s" if _RATE.search(" ".join(header)) else "counts"


def _names(header: list[str], width: int) -> list[str]:
    """Return the names of the columns from the lowest header line that has as many, in lower case."""
    for line in reversed(header):
        for separator in (r"[;\t]", r",", r"\s{2,}", r"\s+"):
            names = [name.strip().strip('"') for name in re.split(separator, line) if name.strip()]
            if len(names) == width and not all(re.fullmatch(r"[-+.,\deE]+", name) for name in names):
                return [name.lower() for name in names]
    return []


def _columns(names: list[str], table: Floats) -> tuple[int, int, int | None]:
    """Return the columns of 2θ, of the intensity and of its standard deviation."""
    angle = next((i for i, name in enumerate(names) if _ANGLE.search(name)), None)
    values = [i for i, name in enumerate(names) if _VALUE.search(name) and not _NO_VALUE.search(name)]
    value = next((i for i in values if i != angle), None)
    if angle is not None and value is not None:
        return angle, value, next((i for i, name in enumerate(names) if _ERROR.search(name)), None)
    looks = table.shape[1] == 3 and bool((table[:, 2] > 0).all()) and _like_errors(table[:, 1], table[:, 2])
    return 0, 1, 2 if looks else None


def _like_errors(value: Floats, error: Floats) -> bool:
    """Return whether a third column can be the errors of the second: smaller, and growing with it."""
    strong = value > np.median(value)
    if not strong.any():
        return bool(np.median(error) < np.median(value))
    return bool(np.median(error) < np.median(value) and error[strong].mean() >= error[~strong].mean())


def _metadata(head: str) -> dict[str, object]:
    """Return what a header states of wavelength, anode, slit, radius and time."""
    target, opening = _ANODE.search(head), _SLIT.search(head)
    return {
        "wavelength": _first(_WAVELENGTH, head),
        "anode": anode(target[1]) if target else None,
        "goniometer_radius": _first(_RADIUS, head),
        "counting_time": _first(_TIME, head),
        **(slit(opening[1]) if opening else {}),
    }


def _first(pattern: re.Pattern[str], head: str) -> float | None:
    match = pattern.search(head)
    return number(match[1]) if match else None
