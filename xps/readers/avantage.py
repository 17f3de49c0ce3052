"""Thermo Avantage `.xlsx` export."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from interlayer.core import workbook
from interlayer.core.errors import ReadError
from interlayer.core.files import check_archive
from interlayer.xps.readers.units import is_rate
from interlayer.xps.spectra import Spectrum, build

_MAX_ROWS = 100_000


def load(path: Path) -> xr.Dataset:
    """Read the sheets that have ``Binding Energy (E)`` in column A; column C is the raw intensity."""
    check_archive(path)
    with path.open("rb") as stream:  # the library leaves a file open that it cannot read
        book = workbook.opened(stream)
        spectra = [each for sheet in book.worksheets if (each := _sheet(sheet)) is not None]
        book.close()
    if not spectra:
        raise ReadError(
            "no sheet with a spectrum", expected="'Binding Energy (E)' in column A, as Avantage writes it"
        )
    return build(spectra)


def _sheet(sheet: Any) -> Spectrum | None:
    rows = [
        list(row[:4]) + [None] * (4 - len(row[:4]))
        for row in sheet.iter_rows(values_only=True, max_row=_MAX_ROWS, max_col=4)
    ]
    start = next((i for i, row in enumerate(rows) if str(row[0]).startswith("Binding Energy")), None)
    if start is None or len(rows) < start + 5:
        return None
    unit = str(rows[start + 1][2] or "")
    body = [(row[0], row[2]) for row in rows[start + 2 :] if row[0] is not None or row[2] is not None]
    if not all(isinstance(cell, int | float) for row in body for cell in row):
        raise ReadError(f"sheet {sheet.title!r} holds a row without energy or intensity")
    points = next(
        (row[3] for row in rows[:start] if row[0] == "Axis" and isinstance(row[3], int | float)), None
    )
    if points is not None and points != len(body):
        raise ReadError(
            f"sheet {sheet.title!r} is not complete", expected=f"{points} points", found=len(body)
        )
    table = np.array(body, dtype=np.float64).reshape(-1, 2)
    name = str(sheet.title).removesuffix("Scan").strip()
    return Spectrum(name, table[:, 0], table[:, 1], "counts/s" if is_rate(unit) else "counts")
