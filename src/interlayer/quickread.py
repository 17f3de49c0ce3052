"""Records read by netCDF4 alone: the same DataTree as xarray's own reader gives, in half the time."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr

#: attributes whose values xarray would decode; `store.write_tree` writes none of them
_CODED = frozenset({"scale_factor", "add_offset", "missing_value", "_Unsigned"})


class ForeignRecordError(Exception):
    """The file holds what `store.write_tree` never writes; xarray has to read it."""


def tree(path: Path, group: str = "/", check: Callable[[int], None] = lambda _: None) -> xr.DataTree:
    """Return a record that `store.write_tree` wrote, loaded into memory, its file closed.

    Parameters
    ----------
    group
        Only what stands below it ("/xps").
    check
        Is told the bytes that the file says its numbers need, before any is read; may raise.

    Raises
    ------
    ForeignRecordError
        When something in it would have to be decoded.
    OSError, IndexError
        When the file cannot be read, or the group is not in it.
    """
    with netCDF4.Dataset(path) as file:
        check(declared(file))
        file.set_auto_maskandscale(False)
        return xr.DataTree.from_dict(dict(_nodes(file if group == "/" else file[group], "/")))


def declared(group: netCDF4.Dataset) -> int:
    """Return the bytes that a file says its numbers need, before any of them is read."""
    own: int = sum(
        math.prod(each.shape) * np.dtype(each.dtype).itemsize
        for each in group.variables.values()
        if each.dtype is not str
    )
    return int(own + sum(declared(child) for child in group.groups.values()))


def _nodes(group: netCDF4.Dataset, path: str) -> Iterator[tuple[str, xr.Dataset]]:
    yield path, _dataset(group)
    for name, child in group.groups.items():
        yield from _nodes(child, f"{path.rstrip('/')}/{name}")


def _dataset(group: netCDF4.Dataset) -> xr.Dataset:
    attrs = {name: group.getncattr(name) for name in group.ncattrs()}
    coordinates = set(str(attrs.pop("coordinates", "")).split())
    variables = {}
    for name, stored in group.variables.items():
        own = {each: stored.getncattr(each) for each in stored.ncattrs()}
        if _CODED & set(own) or (
            "_FillValue" in own and stored.dtype is not str and stored.dtype.kind != "f"
        ):
            raise ForeignRecordError(name)
        own.pop("_FillValue", None)
        coordinates.update(str(own.pop("coordinates", "")).split())
        variables[name] = (stored.dimensions, _values(stored), own)
    axes = coordinates | {name for name, (dimensions, _, _) in variables.items() if dimensions == (name,)}
    return xr.Dataset(
        {name: each for name, each in variables.items() if name not in axes},
        {name: each for name, each in variables.items() if name in axes},
        attrs,
    )


def _values(stored: "netCDF4.Variable[Any]") -> np.ndarray:
    values = stored[...]
    if stored.dtype is not str:
        return np.asarray(values)
    texts = np.asarray(values, dtype=object)
    return texts.astype(str)
