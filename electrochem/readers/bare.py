"""Impedance as three bare columns, and ZView ``.z``."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.electrochem.readers import tidy

_SPLIT = re.compile(r"[,;\s]+")


def numbers(line: str) -> list[float] | None:
    """Return the numbers of a line, or None when a cell is not a number.

    Examples
    --------
    >>> numbers("1e3, 2.0, -0.5")
    [1000.0, 2.0, -0.5]
    """
    try:
        return [float(part) for part in _SPLIT.split(line.strip()) if part]
    except ValueError:
        return None


def load_bare(path: Path) -> xr.Dataset:
    """Read frequency, Re Z, Im Z without column names (impedance.py's form: Im Z, not −Im Z)."""
    rows, warnings = _rows(read_text(path).splitlines(), 3)
    z = rows[:, 1] + 1j * rows[:, 2]
    if np.mean(z.imag > 0) > 0.8:
        warnings.append("Im Z is positive at most frequencies: the file may hold −Im Z.")
    return tidy.impedance(rows[:, 0], z, {}, {}, warnings)


def load_zplot(path: Path) -> xr.Dataset:
    """Read a ZView ``.z`` file: frequency, amplitude, bias, time, Re Z, Im Z, … after "End Comments"."""
    lines = read_text(path).splitlines()
    start = next((n for n, line in enumerate(lines) if line.strip().startswith("End Comments")), None)
    if start is None:
        raise ReadError("the .z file has no data", expected="a line 'End Comments'")
    rows, warnings = _rows(lines[start + 1 :], 6)
    return tidy.impedance(rows[:, 0], rows[:, 4] + 1j * rows[:, 5], {"time": rows[:, 3]}, {}, warnings)


def load_z60w(path: Path) -> xr.Dataset:
    """Read Autolab's export for ZView ("Z60W"): frequency, amplitude, bias, time, Re Z, Im Z, … by commas."""
    lines = read_text(path).splitlines()
    start = next((n for n, line in enumerate(lines) if "Freq" in line and "Z" in line), None)
    if start is None:
        raise ReadError("the Z60W file names no columns", expected="a line with Freq (Hz)")
    rows, warnings = _rows(lines[start + 1 :], 6)
    return tidy.impedance(rows[:, 0], rows[:, 4] + 1j * rows[:, 5], {"time": rows[:, 3]}, {}, warnings)


def _rows(
    lines: list[str], least: int
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], list[str]]:
    parsed = [numbers(line) for line in lines if line.strip()]
    if not parsed:
        raise ReadError("the file holds no data row")
    width = max(least, len(parsed[0] or []))
    bad = [
        n for n, row in enumerate(parsed) if row is None or len(row) < least or not np.all(np.isfinite(row))
    ]
    warnings: list[str] = []
    if bad == [len(parsed) - 1] and len(parsed) > 1:
        warnings.append("The file is truncated: the last row is incomplete and was left out.")
        parsed.pop()
    elif bad:
        raise ReadError(
            f"data row {bad[0] + 1} does not hold {least} numbers", found=repr(lines[bad[0]][:80])
        )
    return np.array([(row or [])[:least] + [0.0] * (width - least) for row in parsed]), warnings
