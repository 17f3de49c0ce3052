"""Basytec ``.txt``: comment lines with ``~``, of which the last names the columns; tabs or blanks between."""

import re
from pathlib import Path

import polars as pl
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.electrochem.readers import columns
from interlayer.electrochem.readers.rows import Values, build

_NAMES = re.compile(r"^[~#]Time\[")


def load(path: Path) -> xr.Dataset:
    """Read a Basytec result file into the tidy Dataset; an incomplete last row is left out with a warning."""
    lines = read_text(path).splitlines()
    start = next((n for n, line in enumerate(lines) if _NAMES.match(line)), None)
    if start is None:
        raise ReadError("the Basytec file names no columns", expected="a line that begins with ~Time[")
    separator = "\t" if "\t" in lines[start] else None
    names = lines[start][1:].split(separator)
    rows = [line.split(separator) for line in lines[start + 1 :] if line.strip()]
    if not rows:
        raise ReadError("there are column names but no data row", advice="Was the measurement stopped early?")
    if separator is None and "DateTime" in names and len(rows[0]) == len(names) + 1:
        place = names.index("DateTime")  # date and time of day are two words
        names = [*names[:place], "Date", "Clock", *names[place + 1 :]]
    warnings: tuple[str, ...] = ()
    if len(rows) > 1 and len(rows[-1]) < len(rows[0]):
        rows.pop()
        warnings = ("The file is truncated: the last row is incomplete and was left out.",)
    found = columns.header(names)
    columns.require(found, names)
    series: dict[str, Values] = {
        field: pl.Series([row[column.index] if column.index < len(row) else None for row in rows])
        for field, column in found.items()
    }
    return build(series, found, _metadata(lines[:start]), first_line=start + 2, warnings=warnings)


def _metadata(lines: list[str]) -> dict[str, str | float | int]:
    pairs = [line[1:].partition(":") for line in lines if ":" in line]
    return {
        "header_" + re.sub(r"\W+", "_", key.strip().lower())[:40]: value.strip()
        for key, _, value in pairs
        if value.strip()
    }
