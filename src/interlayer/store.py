"""Records on disk: netCDF4 written atomically, a manifest of sha256, and `verify`."""

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import netCDF4
import numpy as np
import xarray as xr
from xarray import conventions

from interlayer import quickread
from interlayer.core import hdf5
from interlayer.core.errors import ReadError, StoreError, WriteError
from interlayer.core.files import atomic, check_exists, check_proportion, sha256
from interlayer.core.text import clean, line

MANIFEST = "manifest.json"
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: bytes that any record may unpack to, and how many times its file a larger one may
FREE, RATIO = 2**28, 1000
#: bytes of numbers below which compression, in chunks, only makes a file larger and slower
_SMALL = 4096
#: what a damaged record makes the libraries raise
UNREADABLE = (
    ReadError,
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    AttributeError,
    TypeError,
    MemoryError,
)


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


def _stored_dataset(group: netCDF4.Dataset, dataset: xr.Dataset) -> None:
    """Write a Dataset into a group of an open file, as xarray would, in little more than half the time.

    Floats are filled with NaN; coordinates that are no dimensions are named by CF's ``coordinates``.
    """
    variables, attrs = conventions.encode_dataset_coordinates(dataset)
    group.setncatts(_attributes(attrs))
    for name, size in dataset.sizes.items():
        group.createDimension(str(name), size)
    for name, variable in variables.items():
        _store_variable(group, str(name), variable)


def _store_variable(group: netCDF4.Dataset, name: str, variable: xr.Variable) -> None:
    if variable.dtype.kind in "Mm":
        variable = conventions.encode_cf_variable(variable, name=name)
    values, attrs = _plain(name, variable.values), _attributes(variable.attrs)
    packed = values.dtype.kind != "O" and values.nbytes > _SMALL
    level = 1 if values.dtype == np.uint8 else 4  # pictures are noise: more effort makes them no smaller
    stored = group.createVariable(  # type: ignore[call-overload]
        name,
        str if values.dtype.kind == "O" else values.dtype,
        tuple(str(each) for each in variable.dims),
        fill_value=attrs.pop("_FillValue", np.nan if values.dtype.kind == "f" else None),
        compression="zlib" if packed else None,
        complevel=level,
        fletcher32=packed,
    )
    stored.setncatts(attrs)
    stored.set_auto_maskandscale(False)
    if values.size:
        stored[...] = values


def _plain(name: str, values: np.ndarray) -> np.ndarray:
    """Return values of a type that netCDF has."""
    if values.dtype.kind in "OU":
        return np.array([clean(str(each)) for each in values.ravel()], dtype=object).reshape(values.shape)
    if values.dtype.kind == "c":
        raise StoreError(
            f"variable {name!r} is complex", expected="real and imaginary parts as two variables"
        )
    return values.astype(np.int8) if values.dtype.kind == "b" else values


def _attributes(attrs: Mapping[Any, object]) -> dict[str, str | int | float]:
    return {str(key): attribute(value) for key, value in attrs.items() if value is not None}


def write_tree(tree: xr.DataTree, path: Path) -> str:
    """Write a DataTree as netCDF4, atomically; returns the file's sha256.

    Raises
    ------
    StoreError
        When the tree cannot be stored.
    WriteError
        When the disk is full or the folder cannot be written; an older file stays as it was.
    """
    try:
        with atomic(path) as part:
            with netCDF4.Dataset(part, "w", format="NETCDF4") as file:
                for node in tree.subtree:
                    name = node.path.removeprefix(tree.path).strip("/")
                    group = file.createGroup(name) if name else file
                    _stored_dataset(group, node.to_dataset(inherit=False))
            digest = sha256(part)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        kind = WriteError if isinstance(error, OSError | RuntimeError) else StoreError
        raise kind(
            f"cannot write the record ({error})",
            path=path,
            advice="Is the folder writable, and is there space left on the disk?",
        ) from error
    return digest


def read_tree(path: Path, group: str = "/", *, foreign: bool = False) -> xr.DataTree:
    """Return a stored DataTree, loaded into memory, its file closed.

    Parameters
    ----------
    group
        Only what stands below it ("/xps").
    foreign
        It may be a stranger's: where no manifest beside it states its sha256, a child process reads it first,
        and values in other files are refused.

    Raises
    ------
    StoreError
        When the file is missing or damaged.
    """
    check_exists(path)
    if foreign and not is_own(path):
        check_foreign(path)
    try:
        try:
            return quickread.tree(path, group, partial(_check_declared, path=path))
        except quickread.ForeignRecordError:
            with _silent(), xr.open_datatree(path, engine="netcdf4", decode_times=False, group=group) as lazy:
                nodes = {node.path: node.to_dataset(inherit=False).load() for node in lazy.subtree}
                return xr.DataTree.from_dict(nodes)
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


@contextmanager
def _silent() -> Iterator[None]:
    """Drop what xarray warns of in records that interlayer did not write: it names no file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _check_declared(size: int, path: Path) -> None:
    check_proportion(size, path.stat().st_size, free=FREE, ratio=RATIO, what="the record")


def check_size(stored: netCDF4.Dataset, path: Path) -> None:
    """Raise a `ReadError` where an open record asks for memory out of proportion to its file."""
    _check_declared(quickread.declared(stored), path)


def is_own(path: Path) -> bool:
    """Return True where the manifest beside a file states its sha256: a run has written it as it is."""
    try:
        state = (path.parent / MANIFEST).stat()
        stated = _manifest(path.parent, state.st_mtime_ns, state.st_size).get(path.name)
        return stated is not None and stated == sha256(path)
    except OSError:
        return False


@lru_cache(maxsize=4)
def _manifest(folder: Path, *_: int) -> Mapping[str, str]:
    """Return a manifest, read once as long as the file does not change: samples of one study are many."""
    return read_manifest(folder, damaged_is_empty=True)


def check_foreign(path: Path) -> None:
    """Refuse a record that a child process does not survive, that keeps values elsewhere, or is no HDF5.

    Raises
    ------
    StoreError
        With what is wrong.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_SIGNATURE))
        if head != _SIGNATURE:
            raise ReadError(
                "not a record",
                expected="a netCDF4 file written by interlayer",
                found=f"bytes {head.hex(' ')}",
            )
        hdf5.check(path, "netCDF4")
    except (ReadError, OSError) as error:
        raise _unreadable(path, error) from error


def read_group(path: Path, group: str) -> xr.Dataset:
    """Return one group of a stored DataTree, loaded, without reading the others.

    Raises
    ------
    StoreError
        As `read_tree`.
    """
    check_exists(path)
    try:
        with _silent(), xr.open_dataset(path, group=group, engine="netcdf4", decode_times=False) as lazy:
            return lazy.load()
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


def read_attrs(path: Path) -> dict[str, Any]:
    """Return the attributes of the root of a stored DataTree; raises as `read_tree`."""
    check_exists(path)
    try:
        with netCDF4.Dataset(path) as stored:
            return {name: stored.getncattr(name) for name in stored.ncattrs()}
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> StoreError:
    if isinstance(error, ReadError):
        return StoreError(
            error.message, path=path, expected=error.expected, found=error.found, advice=error.advice
        )
    return StoreError(
        f"cannot read the record ({line(str(error))})",
        path=path,
        advice="`interlayer verify` finds damaged files; run the study again to rebuild it.",
    )


def write_manifest(folder: Path, digests: Mapping[str, str]) -> None:
    """Write the sha256 of every stored file of a study, by path relative to its folder."""
    content = {"sha256": dict(sorted(digests.items()))}
    with atomic(folder / MANIFEST) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.JSONEncoder(indent=1).iterencode(content))
        file.write("\n")


def read_manifest(folder: Path, *, damaged_is_empty: bool = False) -> dict[str, str]:
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
        if damaged_is_empty:
            return {}
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
            "the manifest lists no file" if (folder / MANIFEST).exists() else "no manifest in this folder",
            path=folder / MANIFEST if (folder / MANIFEST).exists() else folder,
            expected=f"a folder with {MANIFEST}",
            advice="Give the results folder of a study.",
        )
    return [problem for name, digest in digests.items() if (problem := _problem(folder, name, digest))]


def _problem(folder: Path, name: str, digest: str) -> str:
    """Return what is wrong with a file of a manifest: nothing where it is as it was written."""
    if any(flavour(name).anchor for flavour in (PurePosixPath, PureWindowsPath)) or ".." in Path(name).parts:
        return f"{name}: leads out of the folder"
    try:
        if not (folder / name).is_file():
            return f"{name}: missing"
        return (
            ""
            if sha256(folder / name) == digest
            else f"{name}: changed since it was written (sha256 differs)"
        )
    except (OSError, ValueError) as error:
        return f"{name}: cannot be read ({error})"
