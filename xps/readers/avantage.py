"""Thermo Avantage `.xlsx` export."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from openpyxl import load_workbook

from interlayer.core.errors import ReadError
from interlayer.xps.spectra import Spectrum, build


def load(path: Path) -> xr.Dataset:
    """Read the sheets that have ``Binding Energy (E)`` in column A; column C is the raw intensity."""
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        spectra = [each for sheet in book.worksheets if (each := _sheet(sheet)) is not None]
    finally:
        book.close()
    if not spectra:
        raise ReadError(
            "no sheet with a spectrum", expected="'Binding Energy (E)' in column A, as Avantage writes it"
        )
    return build(spectra)


def _sheet(sheet: Any) -> Spectrum | None:
    rows = [
        list(row[:3]) + [None] * (3 - len(row[:3]))
        for row in sheet.iter_rows(values_only=True, max_row=100_000)
    ]
    start = next((i for i, row in enumerate(rows) if str(row[0]).startswith("Binding Energy")), None)
    if start is None or len(rows) < start + 5:
        return None
    unit = str(rows[start + 1][2] or "")
    body = [
        row
        for row in rows[start + 2 :]
        if isinstance(row[0], int | float) and isinstance(row[2], int | float)
    ]
    table = np.array([[float(row[0]), float(row[2])] for row in body])
    name = str(sheet.title).removesuffix("Scan").strip()
    rate = "/" in unit or "cps" in unit.lower()
    return Spectrum(name, table[:, 0], table[:, 1], "counts/s" if rate else "counts")
