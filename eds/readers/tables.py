"""Element maps and line scans as text tables, and maps as NumPy arrays."""

import re
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.core.files import read_text
from interlayer.core.units import convert
from interlayer.eds.readers import dataset
from interlayer.eds.readers.names import element_of

#: bytes of a table that is read at most
MAX_TEXT = 256 * 2**20


def load(path: Path) -> xr.Dataset:
    """Return the Dataset of a matrix of counts, or of a line scan with a distance column."""
    if path.stat().st_size > MAX_TEXT:
        raise ReadError(
            "the table is too large", expected=f"at most {MAX_TEXT} bytes", found=path.stat().st_size
        )
    lines = [line for line in read_text(path).splitlines() if line.strip() and not line.startswith("#")]
    rows = _rows(lines)
    header = _header(rows)
    body = _numbers(rows[1:] if header else rows, path)
    if header and _distance(header):
        return _line_scan(header, body)
    return dataset.element_map(body, element_of(path.stem), None)


def _rows(lines: list[str]) -> list[list[str]]:
    first = lines[0] if lines else ""
    separator = next((each for each in ("\t", ";", ",") if each in first), None)
    comma = separator in ("\t", ";", None)
    rows = [[cell.strip() for cell in line.split(separator)] for line in lines]
    rows = [row[:-1] if len(row) > 1 and row[-1] == "" else row for row in rows]
    return [[cell.replace(",", ".") for cell in row] for row in rows] if comma else rows


def _header(rows: list[list[str]]) -> list[str]:
    return (
        rows[0]
        if rows
        and any(re.search(r"[A-Za-z]{2}|^[A-Z]$", cell) for cell in rows[0])
        and not all(cell.lower() in ("nan", "inf", "-inf") or _is_number(cell) for cell in rows[0])
        else []
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(rows: list[list[str]], path: Path) -> NDArray[np.float64]:
    if not rows:
        raise ReadError("the table has no numbers", path=path)
    size = len(rows[0])
    for number, row in enumerate(rows, start=1):
        if len(row) != size:
            raise ReadError(
                f"ragged table: row {number} of {len(rows)} differs", expected=f"{size} cells", found=len(row)
            )
    try:
        return np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise ReadError("the table holds what is not a number", found=str(error)) from None


def _distance(header: list[str]) -> bool:
    return bool(re.search(r"distance|position|depth|^[xz]\b|nm|µm|um", header[0].lower()))


def _unit(text: str) -> str:
    match = re.search(r"(nm|µm|μm|um|mm|angstrom|Å)\b|\bA\b", text)
    if match is None:
        raise ReadError("the distance has no unit", expected='such as "distance (nm)"', found=repr(text))
    return match.group()


def _line_scan(header: list[str], body: NDArray[np.float64]) -> xr.Dataset:
    if body.shape[0] < 8 or body.shape[1] < 2:
        raise ReadError(
            "too few points for a layer", expected="at least 8 of distance and counts", found=body.shape
        )
    distance = np.array([convert(float(v), _unit(header[0]), "nm") for v in body[:, 0]])
    steps = np.diff(distance)
    step = float(np.median(steps))
    if not step > 0 or np.abs(steps - step).max() > 0.02 * step + 1e-9:
        raise ReadError(
            "the distance column is not evenly spaced", found=f"steps {steps.min():g} to {steps.max():g}"
        )
    data = {}
    for place, name in enumerate(header[1:], start=1):
        element = element_of(re.split(r"[(/\[]", name)[0])
        if not element:
            continue
        column = body[:, place : place + 1]
        dataset.check_map(column, line=True)
        rate = bool(re.search(r"cps|counts?\s*/\s*s", name.lower()))
        data[f"map_{element}"] = (
            ("y", "x"),
            column,
            {
                "units": "counts/s" if rate else "counts",
                "long_name": f"{element} X-ray line scan",
                "element": element,
            },
        )
    if not data:
        raise ReadError("no column names an element", found=", ".join(header[1:]))
    y = xr.DataArray(
        distance + 0.5 * step - distance[0], dims="y", attrs={"units": "nm", "long_name": "distance"}
    )
    return xr.Dataset(data, coords={"y": y, "x": dataset.axis(1, step, "x")}, attrs={"line_scan": 1})


def load_npy(path: Path) -> xr.Dataset:
    """Return the Dataset of a two-dimensional NumPy array."""
    values = np.load(path, mmap_mode="r", allow_pickle=False)
    return dataset.element_map(values, element_of(path.stem), None)
