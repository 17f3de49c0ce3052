"""Records on disk: netCDF4 written atomically, a manifest of sha256, and `verify`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from interlayer.core.errors import ReadError, StoreError
from interlayer.core.files import atomic, check_exists, check_proportion, sha256, write_text
from interlayer.core.text import clean, line

MANIFEST = "manifest.json"
#: bytes that any record may unpack to, and how many times its file a larger one may
FREE, RATIO = 2**28, 1000


def attribute(value: object) -> str | int | float:
    """Return a value as netCDF can keep it: texts and numbers stay, all else becomes JSON text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int | float):
        return value
    return clean(json.dumps(value, default=str, sort_keys=True))


def _storable(dataset: xr.Dataset) -> tuple[xr.Dataset, dict[str, dict[str, Any]]]:
    """Return a copy that netCDF4 can write, and the encoding of its variables."""
    copy = dataset.copy()
    copy.attrs = {str(key): attribute(value) for key, value in dataset.attrs.items() if value is not None}
    encoding: dict[str, dict[str, Any]] = {}
    for name in list(copy.variables):
        variable = copy[name]
        attrs = {str(key): attribute(value) for key, value in variable.attrs.items() if value is not None}
        values = variable.values
        if values.dtype.kind in "OU":
            texts = np.array([clean(str(each)) for each in values.ravel()], dtype=object)
            copy[name] = (variable.dims, texts.reshape(values.shape))
        elif values.dtype.kind == "b":
            copy[name] = (variable.dims, values.astype(np.int8))
        elif values.dtype.kind == "c":
            raise StoreError(
                f"variable {name!r} is complex", expected="real and imaginary parts as two variables"
            )
        copy[name].attrs = attrs
        copy[name].encoding = {}
        if values.dtype.kind not in "OUMm" and values.ndim and values.size:
            level = (
                1 if values.dtype == np.uint8 else 4
            )  # pictures are noise: more effort makes them no smaller
            encoding[str(name)] = {"zlib": True, "complevel": level, "fletcher32": True}
    return copy, encoding


def write_tree(tree: xr.DataTree, path: Path) -> str:
    """Write a DataTree as netCDF4, atomically; returns the file's sha256.

    Raises
    ------
    StoreError
        When the tree cannot be stored or the folder cannot be written; an older file stays as it was.
    """
    nodes, encodings = {}, {}
    for node in tree.subtree:
        relative = "/" + node.path.removeprefix(tree.path).strip("/")
        nodes[relative], encodings[relative] = _storable(node.to_dataset(inherit=False))
    try:
        with atomic(path) as part:
            stored = xr.DataTree.from_dict(nodes)
            stored.to_netcdf(
                part, mode="w", engine="netcdf4", encoding={k: v for k, v in encodings.items() if v}
            )
            digest = sha256(part)
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(
            f"cannot write the record ({error})",
            path=path,
            advice="Is the folder writable, and is there space left on the disk?",
        ) from error
    return digest


def read_tree(path: Path) -> xr.DataTree:
    """Return a stored DataTree, loaded into memory, its file closed.

    Raises
    ------
    StoreError
        When the file is missing or damaged.
    """
    check_exists(path)
    try:
        with xr.open_datatree(path, engine="netcdf4", decode_times=False, chunks=None) as lazy:
            size = sum(each.nbytes for node in lazy.subtree for each in node.dataset.variables.values())
            check_proportion(size, path.stat().st_size, free=FREE, ratio=RATIO, what="the record")
            nodes = {node.path: node.to_dataset(inherit=False).load() for node in lazy.subtree}
            return xr.DataTree.from_dict(nodes)
    except ReadError as error:
        raise StoreError(error.message, path=path, expected=error.expected, found=error.found) from error
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError, TypeError, MemoryError) as error:
        raise StoreError(
            f"cannot read the record ({line(str(error))})",
            path=path,
            advice="`interlayer verify` finds damaged files; run the study again to rebuild it.",
        ) from error


def write_manifest(folder: Path, digests: Mapping[str, str]) -> None:
    """Write the sha256 of every stored file of a study, by path relative to its folder."""
    write_text(folder / MANIFEST, json.dumps({"sha256": dict(sorted(digests.items()))}, indent=1) + "\n")


def read_manifest(folder: Path) -> dict[str, str]:
    """Return the manifest of a folder (empty where there is none).

    Raises
    ------
    StoreError
        When the manifest itself is damaged.
    """
    path = folder / MANIFEST
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["sha256"]
        return {str(key): str(value) for key, value in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"the manifest is damaged ({error})", path=path, advice="Run the study again."
        ) from error


def verify(folder: Path) -> list[str]:
    """Return what is wrong with the stored files of a study: missing or changed since they were written.

    Raises
    ------
    StoreError
        When the folder has no manifest.
    """
    digests = read_manifest(folder)
    if not digests:
        raise StoreError(
            "no manifest in this folder",
            path=folder,
            expected=f"a folder with {MANIFEST}",
            advice="Give the results folder of a study.",
        )
    problems = []
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{name}: missing")
        elif sha256(path) != digest:
            problems.append(f"{name}: changed since it was written (sha256 differs)")
    return problems
