"""HDF5 files of EDS systems: opening, scalar values, and cubes of counts within reason. Needs h5py."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from interlayer.core import hdf5
from interlayer.core.errors import ReadError
from interlayer.core.files import check_proportion

#: bytes of counts that are read into memory at most
MAX_COUNTS = 4 * 2**30
#: bytes that any dataset may ask for, and how many times what is stored a larger one may
FREE, RATIO = 2**26, 300


def load(path: Path) -> xr.Dataset:
    """Return the Dataset of the first spectrum map, else of the element maps, of an HDF5 file."""
    from interlayer.eds.readers import apex, oina

    try:
        import h5py
    except ImportError:
        raise ReadError("reading HDF5 files of EDS systems needs h5py", advice="pip install h5py") from None
    hdf5.check(path, "h5py")
    with h5py.File(path, "r") as file:
        return oina.load(file) if "Format Version" in file or "Manufacturer" in file else apex.load(file)


def values(node: Any) -> Any:
    """Return the whole of a dataset that lies in the file itself, and in proportion to it.

    Raises
    ------
    ReadError
        When it lies in another file, or asks for more memory than what is stored can fill.
    """
    if node.external or node.is_virtual:
        raise ReadError(f"the values of {node.name} lie in another file")
    size = int(np.prod(node.shape or (1,), dtype=object)) * node.dtype.itemsize
    check_proportion(size, node.id.get_storage_size(), free=FREE, ratio=RATIO, what=f"dataset {node.name}")
    check_proportion(size, 0, free=MAX_COUNTS, ratio=0, what=f"dataset {node.name}")
    return node[()]


def scalar(node: Any) -> Any:
    """Return the first value of a dataset, an attribute or a field; bytes as text."""
    value = values(node) if hasattr(node, "external") else node
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
    counts = np.asarray(values(node))
    if counts.dtype.names:
        counts = counts[counts.dtype.names[0]]
    if counts.size != shape[0] * shape[1] * channels:
        raise ReadError(
            "the map's size is not that of its header",
            expected=f"{shape[0]} lines × {shape[1]} points × {channels} channels",
            found=counts.shape,
        )
    if counts.dtype.kind not in "ui" or (counts.dtype.kind == "i" and counts.size and counts.min() < 0):
        raise ReadError("the spectra do not hold counts", found=f"{counts.dtype}, minimum {counts.min()}")
    return counts.reshape(*shape, channels)
