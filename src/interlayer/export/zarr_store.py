"""Zarr (version 2 of the format, which every reader knows): the whole record, one group per node."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from interlayer import store
from interlayer.core.errors import InterlayerError
from interlayer.core.files import atomic_folder
from interlayer.core.text import clean
from interlayer.export.record import Context, Record


def write(record: Record, target: Path, _: Context) -> list[str]:
    """Write a sample as a Zarr store.

    Raises
    ------
    InterlayerError
        When the optional package ``zarr`` is not installed.
    """
    try:
        import zarr
    except ImportError:
        raise InterlayerError(
            "the optional package `zarr` is not installed",
            advice='Install it with `pip install "interlayer[zarr]"`.',
        ) from None
    tree = record.sample.record
    nodes = {node.path: _storable(node.to_dataset(inherit=False)) for node in tree.subtree}
    with atomic_folder(target, ".zgroup") as part:
        xr.DataTree.from_dict(nodes).to_zarr(part, mode="w", zarr_format=2, consolidated=False)
        zarr.consolidate_metadata(part, zarr_format=2)  # once: xarray does it again for every group
    return []


def _storable(dataset: xr.Dataset) -> xr.Dataset:
    """Return a copy whose texts and attrs Zarr can keep."""
    copy = dataset.copy()
    for name, variable in dataset.variables.items():
        values = variable.values
        if values.dtype.kind in "OU":
            texts = np.array([clean(str(each)) for each in values.ravel()], dtype=object)
            values = texts.reshape(values.shape)
        copy[name] = (variable.dims, values, _attrs(variable.attrs))
        copy[name].encoding = {}
    copy.attrs = _attrs(dataset.attrs)
    return copy


def _attrs(attrs: Mapping[object, object] | Mapping[str, object]) -> dict[str, str | int | float]:
    kept = {str(key): store.attribute(value) for key, value in attrs.items() if value is not None}
    return {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in kept.items()
    }
