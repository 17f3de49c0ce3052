"""BioLogic ``.mpt`` and ``.txt``: EC-Lab's text export."""

import re
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.core.files import decode
from interlayer.electrochem.readers.eclab import tidy_columns
from interlayer.electrochem.readers.mpr import Table

_SIZES = ("eclab_area", "eclab_mass")
#: columns that no technique of EC-Lab has, and bytes in which they are looked for: each costs time
_MAX_COLUMNS, _LOOKED_AT = 2000, 2**22
_COUNT = re.compile(r"Nb header lines\s*:\s*(\d+)")


def load(path: Path) -> xr.Dataset:
    """Read an EC-Lab text file into the tidy Dataset."""
    table = read_table(path)
    return tidy_columns(table.columns, table.metadata, table.warnings)


def load_settings(path: Path) -> xr.Dataset:
    """Refuse a setting file of EC-Lab, telling what it holds.

    Raises
    ------
    ReadError
        Always: an ``.mps`` holds no data.
    """
    text = decode(path.read_bytes())
    found = _metadata(text)
    techniques = re.findall(r"Technique\s*:\s*\d+\s*\n(.+)", text)
    said = [each.strip() for each in techniques] + [f"{k[6:]} {v:g}" for k, v in found.items() if k in _SIZES]
    raise ReadError(
        "this is a setting file of EC-Lab, which holds no data",
        found=", ".join(said) or "no technique",
        expected="the .mpr or .mpt of the measurement",
        advice="Give area and mass as settings.",
    )


def read_table(path: Path) -> Table:
    """Return every column of an EC-Lab text file by its name.

    The text is UTF-8 or cp1252, the decimal mark a point or a comma (decided from the data). Names without
    cells are dropped from the right. A last line that is cut off is left out with a warning.
    """
    content = path.read_bytes()
    start, names, header = _header(content)
    body = content[start:]
    if not body.strip():
        raise ReadError("the EC-Lab text holds no data row", found=f"{len(names)} column names")
    warnings: list[str] = []
    if not body.endswith((b"\n", b"\r")):
        body = _cut(body, warnings)
    widest = max(line.count(b"\t") for line in body[:_LOOKED_AT].split(b"\n"))
    if max(widest, len(names)) > _MAX_COLUMNS:
        raise ReadError(
            "the EC-Lab text has too many columns", expected=f"at most {_MAX_COLUMNS}", found=widest
        )
    frame = _parse(body, decimal_comma=b"," in body[:4000])
    width = frame.width
    kept = [name for name in names if name][:width] if "" in names[:width] else names[:width]
    columns = _numeric(frame, kept, warnings)
    return Table(columns, _metadata(header), warnings)


def _header(content: bytes) -> tuple[int, list[str], str]:
    first = decode(content[:200])
    match = _COUNT.search(first)
    lines = int(match.group(1)) if match else 1
    if match is None and "\t" not in first:
        raise ReadError("an EC-Lab text without column names", expected="'Nb header lines : N'")
    at, previous = 0, 0
    for _ in range(lines):
        previous, at = at, content.find(b"\n", at) + 1
        if at == 0:
            raise ReadError("the EC-Lab text ends within its header", expected=f"{lines} header lines")
    names = decode(content[previous:at]).rstrip("\r\n").split("\t")
    return at, [name.strip() for name in names], decode(content[:previous])


def _cut(body: bytes, warnings: list[str]) -> bytes:
    """Leave out a last line without an end when it has fewer cells than the line before."""
    head, _, last = body.rpartition(b"\n")
    before = head.rpartition(b"\n")[2]
    if head and (
        last.count(b"\t") < before.count(b"\t")
        or len(last.rpartition(b"\t")[2]) < len(before.rpartition(b"\t")[2].rstrip())
    ):
        warnings.append("The file is truncated: the last line is incomplete and was left out.")
        return head + b"\n"
    return body


def _parse(body: bytes, *, decimal_comma: bool) -> pl.DataFrame:
    try:
        return pl.read_csv(
            BytesIO(body),
            separator="\t",
            has_header=False,
            decimal_comma=decimal_comma,
            infer_schema_length=200,
            truncate_ragged_lines=True,
            ignore_errors=True,
            encoding="utf8-lossy",
            quote_char=None,
        )
    except pl.exceptions.PolarsError as error:
        raise ReadError(f"the rows of the EC-Lab text cannot be parsed ({error})") from error


def _numeric(frame: pl.DataFrame, names: list[str], warnings: list[str]) -> dict[str, NDArray[np.generic]]:
    columns: dict[str, NDArray[np.generic]] = {}
    broken = np.zeros(frame.height, dtype=bool)
    for name, series in zip(names, frame.iter_columns(), strict=False):
        if not name or not series.dtype.is_numeric():
            continue
        values = series.cast(pl.Float64).to_numpy()
        broken |= series.is_null().to_numpy()
        columns.setdefault(name, values)
    if broken.all():
        raise ReadError("no row of the EC-Lab text is complete")
    if broken.any():
        warnings.append(f"{int(broken.sum())} incomplete rows were left out.")
        columns = {name: values[~broken] for name, values in columns.items()}
    return columns


_NUMBER = r"\s*:\s*([0-9.,]+(?:[eE][+-]?\d+)?)\s*(cm²|mm²|mg|g)?"


def _metadata(header: str) -> dict[str, str | float | int]:
    found: dict[str, str | float | int] = {}
    lines = header.splitlines()
    if len(lines) > 3 and lines[3].strip():
        found["eclab_technique"] = lines[3].strip()
    started = re.search(r"Acquisition started on\s*:\s*(.+)", header)
    if started:
        found["start"] = started.group(1).strip()
    for name, label, default in (
        ("eclab_area", "Electrode surface area", 0.001),
        ("eclab_mass", "Characteristic mass", 0.001),
    ):
        match = re.search(label + _NUMBER, header)
        if match:
            value = float(match.group(1).replace(",", "."))
            if abs(value - default) > 1e-9 and value > 0:
                found[name] = value
    return found
