"""Workbooks (.xlsx), opened without a word on stdout."""

import contextlib
import io
from typing import Any, BinaryIO


def opened(stream: BinaryIO) -> Any:
    """Return a workbook of openpyxl, values only, to be read row by row.

    Notes
    -----
    openpyxl prints its doubts about cell styles, to where tables and JSON go.
    """
    from openpyxl import load_workbook

    with contextlib.redirect_stdout(io.StringIO()):
        return load_workbook(stream, read_only=True, data_only=True)
