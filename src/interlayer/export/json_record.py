"""JSON: the whole record as one text; see docs/exports.md for its schema."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from interlayer._version import __version__
from interlayer.core.files import write_text
from interlayer.core.text import clean
from interlayer.export.record import Context, Record

SCHEMA = "interlayer-record-1"


def write(record: Record, target: Path, _: Context) -> list[str]:
    """Write a sample as one JSON text."""
    tree = record.sample.record
    about = {
        "schema": SCHEMA,
        "software": f"interlayer {__version__}",
        "attrs": _attrs(tree.attrs),
        "nodes": {
            node.path: _node(node.to_dataset(inherit=False)) for node in tree.subtree if node.path != "/"
        },
    }
    write_text(target, json.dumps(about, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")
    return []


def _node(dataset: xr.Dataset) -> dict[str, object]:
    return {
        "attrs": _attrs(dataset.attrs),
        "dims": {str(name): size for name, size in dataset.sizes.items()},
        "variables": {str(name): _variable(each) for name, each in dataset.variables.items()},
    }


def _variable(variable: xr.Variable) -> dict[str, object]:
    values = variable.values
    kind = "string" if values.dtype.kind in "OU" else str(values.dtype)
    return {
        "dims": [str(dim) for dim in variable.dims],
        "dtype": kind,
        "attrs": _attrs(variable.attrs),
        "data": _plain(values.tolist()),
    }


def _attrs(attrs: Mapping[Any, Any]) -> dict[str, object]:
    return {
        clean(str(key)): _plain(value.tolist() if isinstance(value, np.ndarray | np.generic) else value)
        for key, value in attrs.items()
    }


def _plain(value: object) -> object:
    """Return a value as JSON knows it: NaN as null, the infinities as texts."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value is None or isinstance(value, bool | int | float):
        return value
    return clean(str(value))
