"""HDF5 files of EDS systems: opening, scalar values, and cubes of counts within reason. Needs h5py."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError

#: bytes of counts that are read into memory at most
MAX_COUNTS = 4 * 2**30


def load(path: Path) -> xr.Dataset:
    """Return the Dataset of the first spectrum map, else of the element maps, of an HDF5 file."""
    from interlayer.eds.readers import apex, oina

    try:
        import h5py
    except ImportError:
        raise ReadError("reading HDF5 files of EDS systems needs h5py", advice="pip install h5py") from None
    with h5py.File(path, "r") as file:
        return oina.load(file) if "Format Version" in file or "Manufacturer" in file else apex.load(file)


def scalar(node: Any) -> Any:
    """Return the first value of a dataset, an attribute or a field; bytes as text."""
    value = node[()] if hasattr(node, "shape") else node
    value = np.asarray(value).ravel()[0] if np.ndim(value) else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def number(group: Any, name: str) -> float:
    """Return a mandatory number of a group.

    Raises
    ------
    ReadError
        When the group lacks it.
    """
    if name not in group:
        raise ReadError(f"{name!r} is missing", expected=f"{name!r} in {group.name}")
    return float(scalar(group[name]))


def groups(node: Any) -> Iterator[Any]:
    """Yield a group and every group below it, in the order of their names, numbers counted as numbers."""
    yield node
    for name in sorted(node, key=_natural):
        if hasattr(node[name], "keys"):
            yield from groups(node[name])


def _natural(name: str) -> tuple[str, int, str]:
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0), name


def cube(node: Any, shape: tuple[int, int], channels: int) -> np.ndarray:
    """Return the counts of a dataset as (y, x, channel).

    Parameters
    ----------
    node
        One row per pixel, or (y, x) of arrays or of one-field records, or (y, x, channel).

    Raises
    ------
    ReadError
        When it does not hold as many values as its header says, or more than fit into memory.
    """
    size = int(np.prod(node.shape)) * node.dtype.itemsize
    if size > MAX_COUNTS:
        raise ReadError(
            "the map is too large to be read", expected=f"at most {MAX_COUNTS} bytes", found=node.shape
        )
    values = np.asarray(node[()])
    if values.dtype.names:
        values = values[values.dtype.names[0]]
    if values.size != shape[0] * shape[1] * channels:
        raise ReadError(
            "the map's size is not that of its header",
            expected=f"{shape[0]} lines × {shape[1]} points × {channels} channels",
            found=values.shape,
        )
    if values.dtype.kind not in "ui" or (values.dtype.kind == "i" and values.size and values.min() < 0):
        raise ReadError("the spectra do not hold counts", found=f"{values.dtype}, minimum {values.min()}")
    return values.reshape(*shape, channels)
