"""The catalogue: the summary rows of all samples in one file that opens at once.

Each column of texts is stored as numbers and a short list of what they stand for (``<name>_labels``): the
texts of a thousand samples take half a second to read, their numbers a few milliseconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr

from interlayer import store
from interlayer.core.errors import StoreError
from interlayer.core.files import check_exists
from interlayer.core.summary import Row
from interlayer.core.text import line
from interlayer.sample import Sample

CATALOGUE = "catalogue.nc"
_LABELS = "_labels"
_NUMBERS = {field.name for field in fields(Row) if field.type in (float, "float")}
NAMES = ("sample", "measurement", *(field.name for field in fields(Row)))
Columns = dict[str, list[object]]


def of_samples(samples: Sequence[Sample]) -> Columns:
    """Return the columns of samples in memory."""
    columns: Columns = {name: [] for name in NAMES}
    for sample in samples:
        for path, row in sample.located_rows():
            columns["sample"].append(sample.sample_id)
            columns["measurement"].append(path.strip("/"))
            for field in fields(Row):
                columns[field.name].append(getattr(row, field.name))
    return columns


def of_records(paths: Iterable[Path]) -> Columns:
    """Return the columns of stored samples, of which only the summary is read."""
    columns: Columns = {name: [] for name in NAMES}
    for path in paths:
        try:
            with netCDF4.Dataset(path) as record:
                summary = record["summary"]
                count = len(summary.dimensions["row"])
                columns["sample"] += [str(record.sample_id)] * count
                for name in NAMES[1:]:
                    columns[name] += _values(summary[name]).tolist()
        except store.UNREADABLE as error:
            raise StoreError(
                f"cannot read the record ({line(str(error))})", path=path, expected="a sample's record"
            ) from error
    return columns


def _values(variable: Any) -> np.ndarray:
    variable.set_auto_maskandscale(False)
    return np.asarray(variable[...])


def write(columns: Columns, path: Path) -> str:
    """Write a catalogue, atomically; returns its sha256."""
    data: dict[str, tuple[str, np.ndarray]] = {}
    for name, values in columns.items():
        if name in _NUMBERS:
            data[name] = ("row", np.array(values, dtype=np.float64))
        else:
            labels, codes = np.unique(np.array(values, dtype=str), return_inverse=True)
            data[name] = ("row", codes.astype(np.int32))
            data[name + _LABELS] = (f"{name}_label", labels.astype(object))
    return store.write_tree(xr.DataTree(xr.Dataset(data)), path)


def rebuild(folder: Path | str) -> Path:
    """Write the catalogue of all records of samples in a results folder, and return its path.

    Raises
    ------
    StoreError
        When a record is damaged, or there is none.
    """
    folder = Path(folder)
    paths = sorted(path for path in folder.glob("*.nc") if path.name != CATALOGUE)
    if not paths:
        raise StoreError("no records of samples", path=folder, advice="Give the results folder of a study.")
    write(of_records(paths), folder / CATALOGUE)
    return folder / CATALOGUE


def read(path: Path | str) -> xr.Dataset:
    """Return the summary rows of all samples, a variable per column.

    Parameters
    ----------
    path
        ``catalogue.nc``, or the results folder that holds it.

    Raises
    ------
    StoreError
        When the file is damaged, or no catalogue.
    """
    path = Path(path)
    path = path / CATALOGUE if path.is_dir() else path
    check_exists(path)
    if not store.is_own(path):
        store.check_foreign(path)
    try:
        with netCDF4.Dataset(path) as stored:
            store.check_size(stored, path)
            values = {name: _column(stored, name) for name in NAMES}
    except store.UNREADABLE as error:
        raise StoreError(
            f"cannot read the catalogue ({line(str(error))})",
            path=path,
            advice="Run the study again to rebuild it.",
        ) from error
    # without fastpath xarray looks at every text again: 10 ms for a thousand samples
    return xr.Dataset({name: xr.Variable(("row",), values[name], fastpath=True) for name in NAMES})


def _column(stored: netCDF4.Dataset, name: str) -> np.ndarray:
    """Return a column; raises ValueError where it is none."""
    values = _values(stored[name])
    if values.shape != (len(stored.dimensions["row"]),) or values.dtype.kind not in "if":
        raise ValueError(f"{name} is not a column of numbers")
    if name in _NUMBERS:
        return values
    labels = _values(stored[name + _LABELS])
    if values.size and not 0 <= values.min() <= values.max() < labels.size:
        raise ValueError(f"{name} has numbers that stand for nothing")
    return np.asarray(labels[values])
