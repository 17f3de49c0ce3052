"""Gamry ``.DTA``: tables of curves and of impedance."""

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.electrochem.readers import tidy

Floats = NDArray[np.float64]
_CURVE = {"T": "time", "Time": "time", "Vf": "voltage", "V": "voltage", "Im": "current", "I": "current"}


def load(path: Path) -> xr.Dataset:
    """Read the impedance table, or else the first curve, of a ``.DTA`` file.

    The file's AREA is kept as metadata (1 cm^2 is Gamry's default and means "not given").
    """
    lines = read_text(path).splitlines()
    metadata = _metadata(lines)
    found = {name: n for n, line in reversed(list(enumerate(lines))) for name in [_table(line)] if name}
    if "ZCURVE" in found:
        columns, warnings = _columns(lines, found["ZCURVE"], decimal_comma=_comma(lines))
        z = np.asarray(columns["Zreal"] + 1j * columns["Zimag"])
        extra: dict[str, NDArray[np.generic]] = {"time": columns["Time"]} if "Time" in columns else {}
        return tidy.impedance(columns["Freq"], z, extra, metadata, warnings)
    curve = next((name for name in found if name.startswith("CURVE")), None)
    if curve is None:
        raise ReadError("the .DTA holds no curve", found=", ".join(found) or "no table")
    columns, warnings = _columns(lines, found[curve], decimal_comma=_comma(lines))
    values = {_CURVE[name]: column for name, column in columns.items() if name in _CURVE}
    if not {"time", "voltage", "current"} <= set(values):
        raise ReadError(
            "the curve of the .DTA lacks a column", expected="T, Vf, Im", found=", ".join(columns)
        )
    return tidy.dataset(values, metadata, warnings)


def _table(line: str) -> str:
    parts = line.split("\t")
    return parts[0] if len(parts) > 1 and parts[1] == "TABLE" else ""


def _comma(lines: list[str]) -> bool:
    return any("\tQUANT\t" in line and "," in line.split("\t")[2] for line in lines[:60])


def _columns(lines: list[str], start: int, *, decimal_comma: bool) -> tuple[dict[str, Floats], list[str]]:
    """Return the columns of a table, and a warning when its last row was cut off and left out."""
    if start + 3 > len(lines):
        raise ReadError("the table of the .DTA is empty: the file is truncated")
    names = lines[start + 1].split("\t")
    rows: list[list[float]] = []
    warnings: list[str] = []
    for line in lines[start + 3 :]:
        if not line.startswith("\t"):
            break
        cells = (line.replace(",", ".") if decimal_comma else line).split("\t")
        if len(cells) < len(names):
            warnings.append("The file is truncated: the last row is incomplete and was left out.")
            break
        rows.append([_number(cell) for cell in cells[: len(names)]])
    if not rows:
        raise ReadError("the table of the .DTA holds no complete row")
    table = np.array(rows)
    return {name: table[:, index] for index, name in enumerate(names) if name}, warnings


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _metadata(lines: list[str]) -> dict[str, str | float | int]:
    found: dict[str, str | float | int] = {}
    for line in lines[:60]:
        parts = line.split("\t")
        if parts[0] in ("DATE", "TIME", "TITLE", "TAG") and len(parts) > 1:
            found["gamry_" + parts[0].lower()] = parts[2] if len(parts) > 2 else parts[1]
    return found
