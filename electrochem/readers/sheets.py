"""Workbooks of cyclers (.xlsx, .xls): LAND and Neware record sheets, English and Chinese."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import xarray as xr

from interlayer.core import workbook
from interlayer.core.errors import InterlayerError, ReadError
from interlayer.core.files import check_archive
from interlayer.core.text import line
from interlayer.electrochem.readers import columns
from interlayer.electrochem.readers.rows import Values, build

Row = Sequence[object]
#: rows of a sheet, and columns that are looked at: a cell at the far end asks for a million rows of blanks
_HEAD = 60
_MAX_ROWS, _MAX_COLUMNS, _MAX_CELLS = 1_048_576, 256, 2**25


def load_xlsx(path: Path) -> xr.Dataset:
    """Read the record sheets of an .xlsx workbook."""
    check_archive(path)
    with path.open("rb") as stream:  # the library leaves a file open that it cannot read
        try:
            book = workbook.opened(stream)
            sheets = [(sheet.title, _rows(sheet)) for sheet in book.worksheets]
        except InterlayerError:
            raise
        except Exception as error:
            raise ReadError(
                f"the workbook is damaged ({line(str(error))})", advice="Export it again."
            ) from error
        book.close()
    return _dataset(sheets)


def load_xls(path: Path) -> xr.Dataset:
    """Read the record sheets of an .xls workbook."""
    import xlrd

    try:
        book = xlrd.open_workbook(str(path), logfile=io.StringIO(), ragged_rows=True)
    except Exception as error:
        raise ReadError(f"the workbook is damaged ({line(str(error))})", advice="Export it again.") from error
    sheets = [(sheet.name, [sheet.row_values(n) for n in range(sheet.nrows)]) for sheet in book.sheets()]
    return _dataset(sheets)


def _rows(sheet: Any) -> list[Row]:
    with closing(sheet.iter_rows(values_only=True, max_col=_MAX_COLUMNS)) as rows:  # it holds the file open
        return list(_limited(rows))


def _limited(rows: Iterable[Row]) -> Iterator[Row]:
    cells = 0
    for number, row in enumerate(rows):
        cells += len(row)
        if number > _MAX_ROWS or cells > _MAX_CELLS:
            raise ReadError(
                "the sheet has more cells than cycler records have",
                expected=f"at most {_MAX_ROWS} rows and {_MAX_CELLS} cells",
                advice="Export it again, or as csv.",
            )
        yield row


def _dataset(sheets: Sequence[tuple[str, Sequence[Row]]]) -> xr.Dataset:
    """Join the record sheets: the first names the columns, later ones may go on without names."""
    start = _first(sheets)
    if start is None:
        raise ReadError(
            "no sheet holds cycler records",
            expected="a sheet with named columns for voltage, current and time",
            found=", ".join(name for name, _ in sheets),
        )
    index, line, found, names = start
    rows = list(sheets[index][1][line + 1 :])
    for _, more in sheets[index + 1 :]:
        rows += _continuation(more, names, rows)
    wanted: dict[str, Values] = {
        field: pl.Series([_cell(row, column.index) for row in rows], strict=False)
        for field, column in found.items()
    }
    return build(wanted, found, {"sheet": sheets[index][0]}, first_line=line + 2)


def _first(
    sheets: Sequence[tuple[str, Sequence[Row]]],
) -> tuple[int, int, dict[str, columns.Column], list[str]] | None:
    for index, (_, rows) in enumerate(sheets):
        for place, row in enumerate(rows[:_HEAD]):
            names = ["" if cell is None else str(cell) for cell in row]
            found = columns.header(names)
            if "voltage" in found and len(found) >= 3:
                columns.require(found, names)
                return index, place, found, names
    return None


def _continuation(rows: Sequence[Row], names: Sequence[str], before: Sequence[Row]) -> list[Row]:
    """Return the rows of a later sheet when it goes on with the same columns."""
    if not rows:
        return []
    first = ["" if cell is None else str(cell) for cell in rows[0]]
    if first[: len(names)] == list(names):
        return list(rows[1:])
    same = len(rows[0]) >= len([name for name in names if name]) and before
    numeric = sum(isinstance(cell, int | float) for cell in rows[0])
    was = sum(isinstance(cell, int | float) for cell in before[-1]) if before else 0
    return list(rows) if same and numeric == was and numeric > 2 else []


def _cell(row: Row, index: int) -> object:
    value = row[index] if index < len(row) else None
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, time):
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond * 1e-6
    return value
