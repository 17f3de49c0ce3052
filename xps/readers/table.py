"""A text of columns: its separator and decimal sign, its header, its numbers; nothing left out unsaid."""

import math
import re
from dataclasses import dataclass

import numpy as np

from interlayer.core.errors import ReadError
from interlayer.xps.spectra import Floats

#: separator (None: blanks) and decimal sign, the more telling first
_DIALECTS = ((";", ","), (";", "."), ("\t", ","), ("\t", "."), (",", "."), (None, "."), (None, ","))
_MAX_COLUMNS, _MAX_LINES, _LONGEST_LINE = 400, 300_000, 20_000


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a text.

    Parameters
    ----------
    header
        Its lines before the numbers, as they are.
    titles
        Of each column what the header lines say above it, joined by blanks.
    columns
        Of each column its numbers (n_i,); a column may end before the others.
    """

    header: str
    titles: tuple[str, ...]
    columns: tuple[Floats, ...]


def parse(text: str) -> Table:
    """Return the columns of a text.

    Raises
    ------
    ReadError
        When there are no two columns of numbers, or a row is no row of numbers: the line is named.
    """
    lines = [line.rstrip() for line in text.split("\n")]
    if len(lines) > _MAX_LINES:
        raise ReadError("too many lines for a spectrum", expected=f"at most {_MAX_LINES}", found=len(lines))
    if len(longest := max(lines, key=len)) > _LONGEST_LINE:
        raise ReadError("a line too long for a row of numbers", found=f"{len(longest)} characters")
    separator, decimal = max(_DIALECTS, key=lambda each: _fitting(lines, *each))
    rows = [_cells(line, separator) for line in lines]
    numbers = [_numbers(row, decimal) for row in rows]
    first = _first(numbers)
    if first is None:
        raise ReadError("no two columns of numbers", expected="energy, intensity")
    width = max(len(row) for row in numbers[first:] if row is not None)
    if width > _MAX_COLUMNS:
        raise ReadError("too many columns", expected=f"at most {_MAX_COLUMNS}", found=width)
    body = [i for i in range(first, len(lines)) if lines[i].strip()]
    table = np.full((len(body), width), np.nan)
    for at, i in enumerate(body):
        row = numbers[i]
        if row is None:
            raise ReadError(f"line {i + 1} is not a row of numbers", found=repr(lines[i][:60]))
        table[at, : len(row)] = row
    _no_gap(table[:, 0], body)
    columns = tuple(_column(table[:, k], k, body) for k in range(width))
    return Table("\n".join(lines[:first]), _titles(rows[:first], width), columns)


def _no_gap(axis: Floats, body: list[int]) -> None:
    """Raise where a blank line stands for missing values; between even steps it is harmless."""
    steps = np.abs(np.diff(axis))
    usual = float(np.nanmedian(steps)) if steps.size else 0.0
    for at, step in enumerate(steps):
        if body[at + 1] - body[at] > 1 and abs(step - usual) > 0.5 * usual:
            raise ReadError(
                f"line {body[at] + 2} is blank and values are missing", found=f"a step of {step:g}"
            )


def _fitting(lines: list[str], separator: str | None, decimal: str) -> tuple[int, int]:
    """Return how many of some lines are rows of numbers, and how many numbers these hold at least."""
    some = lines[: 20_000 : max(1, min(len(lines), 20_000) // 200)]
    rows = [row for line in some if (row := _numbers(_cells(line, separator), decimal)) is not None]
    return len(rows), min((sum(math.isfinite(x) for x in row) for row in rows), default=0)


def _cells(line: str, separator: str | None) -> list[str]:
    cells = [cell.strip().strip('"') for cell in line.split(separator)]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _numbers(cells: list[str], decimal: str) -> list[float] | None:
    """Return a row's numbers, nan for an empty cell; None with other cells or fewer than two numbers."""
    row: list[float] = []
    for cell in cells:
        try:
            row.append(float(cell.replace(",", ".") if decimal == "," else cell) if cell else math.nan)
        except ValueError:
            return None
        if cell and not math.isfinite(row[-1]):
            return None
    return row if sum(math.isfinite(x) for x in row) >= 2 else None


def _first(numbers: list[list[float] | None]) -> int | None:
    """Return the first of three rows of numbers of equal length (a header may hold a row of numbers, too)."""
    for i, row in enumerate(numbers):
        following = [each for each in numbers[i + 1 : i + 6] if each is not None][:2]
        if row is not None and len(following) == 2 and all(len(each) == len(row) for each in following):
            return i
    return None


def _column(values: Floats, number: int, lines: list[int]) -> Floats:
    """Return a column up to its last number; a gap before it is an error that names the line."""
    known = np.flatnonzero(np.isfinite(values))
    if known.size == 0:
        return np.empty(0)
    values = values[: known[-1] + 1]
    if known.size != values.size:
        gap = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ReadError(f"line {lines[gap] + 1} has no number in column {number + 1}", found="an empty cell")
    return values


def _titles(rows: list[list[str]], width: int) -> tuple[str, ...]:
    """Return what stands above each column: rows of the same width, a name over two columns for both."""
    titles = [""] * width
    for row in rows[-6:]:
        if len(row) == width or (width > 2 and len(row) == width - 1):
            for k, cell in enumerate([*row, ""][:width]):
                above = cell or (row[k - 1] if k and not any(row[1::2]) else "")
                titles[k] = f"{titles[k]} {above}".strip()
    return tuple(re.sub(r"\s+", " ", title) for title in titles)
