"""BioLogic ``.mpr``: an own reader, memory-mapped, from pairs of ``.mpr`` files and EC-Lab's exports."""

import mmap
import struct
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError
from interlayer.core.packaged import packaged
from interlayer.electrochem.readers.eclab import USED, tidy_columns

_FIRST_MODULE = 52
#: first record of the data module, by its version (offset from the payload's start)
_FIRST_RECORD = {2: 405, 3: 406, 11: 1007}
#: records that are taken apart at a time
_BLOCK = 8192
_WIDTHS = {1: "u1", 2: "u2", 4: "f4", 8: "f8"}


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the file: where its payload begins, how long it should be."""

    name: str
    version: int
    start: int
    length: int


@dataclass(slots=True)
class Table:
    """Columns of an ``.mpr`` by EC-Lab's names, with metadata and warnings."""

    columns: dict[str, NDArray[np.generic]]
    metadata: dict[str, str | float | int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@cache
def _known() -> dict[str, dict[str, Any]]:
    return packaged("interlayer.electrochem.readers", "mpr_columns.toml")


def load(path: Path) -> xr.Dataset:
    """Read an ``.mpr`` file into the tidy Dataset."""
    table = read_table(path, USED)
    return tidy_columns(table.columns, table.metadata, table.warnings)


def read_table(path: Path, wanted: Set[str] | None = None) -> Table:
    """Return every known column of an ``.mpr`` by EC-Lab's name, or those of ``wanted`` only.

    Raises
    ------
    ReadError
        When there is no data module, its version is unknown, or not one record is there.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
        modules = _modules(view)
        data = next((each for each in modules if each.name == "VMP data"), None)
        if data is None:
            raise ReadError(
                "the .mpr holds no data module",
                found=", ".join(each.name for each in modules) or "no module at all",
                advice="The file was cut off before its data: copy it again from the instrument's computer.",
            )
        table = _data(view, data, wanted)
        for module in modules:
            if module.name == "VMP Set":
                table.metadata |= _settings(view, module)
            elif module.name == "VMP LOG":
                table.metadata |= _log(view, module)
        return table


def _modules(view: mmap.mmap) -> list[Module]:
    found: list[Module] = []
    offset = _FIRST_MODULE
    while offset + 65 <= len(view) and view[offset : offset + 6] == b"MODULE":
        name = view[offset + 6 : offset + 16].decode("ascii", "replace").strip()
        (length,) = struct.unpack_from("<I", view, offset + 41)
        if length == 0xFFFFFFFF:
            length, _, version = struct.unpack_from("<III", view, offset + 45)
            start = offset + 65
        else:
            (version,) = struct.unpack_from("<I", view, offset + 45)
            start = offset + 57
        found.append(Module(name, version, start, length))
        offset = start + length
    return found


def _data(view: mmap.mmap, module: Module, wanted: Set[str] | None) -> Table:
    if module.version not in _FIRST_RECORD:
        raise ReadError(
            "unknown version of the data module",
            expected=f"one of {sorted(_FIRST_RECORD)}",
            found=module.version,
            advice="Open the file in a current EC-Lab and save or export it again.",
        )
    first = _FIRST_RECORD[module.version]
    if module.start + first > len(view):
        raise ReadError("the .mpr ends before its first record", advice="Copy the file again.")
    points, ids = _header(view, module)
    warnings: list[str] = []
    size = (module.length - first) / points if points else 0.0
    dtype = _record(ids, size, warnings)
    present = (min(module.start + module.length, len(view)) - module.start - first) // dtype.itemsize
    rows = min(points, present)
    if rows < points:
        warnings.append(f"The file is truncated: {rows} of {points} rows are there and were read.")
    if rows == 0:
        raise ReadError(
            "the .mpr holds no complete record",
            found=f"a header for {points} rows",
            advice="The run was not finished or the file is truncated: copy it again.",
        )
    records = np.frombuffer(view, dtype=dtype, count=rows, offset=module.start + first)
    columns = _columns(records, wanted)
    del records
    return Table(columns, {}, warnings)


def _header(view: mmap.mmap, module: Module) -> tuple[int, list[int]]:
    (points,) = struct.unpack_from("<I", view, module.start)
    if module.version == 11:
        (count,) = struct.unpack_from("<H", view, module.start + 4)
        at = module.start + 6
    else:
        count, at = view[module.start + 4], module.start + 5
    if at + 2 * count > len(view) or 2 * count > _FIRST_RECORD[module.version]:
        raise ReadError("the column table of the .mpr is damaged", found=f"{count} columns")
    return points, list(struct.unpack_from(f"<{count}H", view, at))


def _record(ids: list[int], size: float, warnings: list[str]) -> np.dtype[np.void]:
    """Return the packed record type; an unknown column has its width from the record size, and is skipped."""
    known = _known()
    fields: list[tuple[str, str]] = []
    unknown: list[int] = []
    for each in ids:
        if str(each) in known["flag"]:
            if not any(name == "flags" for name, _ in fields):
                fields.append(("flags", "u1"))
        elif str(each) in known["column"]:
            fields.append((str(each), "<" + str(known["column"][str(each)]["type"])))
        else:
            unknown.append(each)
            fields.append((f"unknown {each}", ""))
    used = sum(np.dtype(kind).itemsize for _, kind in fields if kind)
    if unknown:
        fields = _place_unknown(fields, unknown, round(size) - used, warnings)
    seen: dict[str, int] = {}
    unique = []
    for name, kind in fields:
        seen[name] = seen.get(name, 0) + 1
        unique.append((name if seen[name] == 1 else f"{name} again {seen[name]}", kind))
    dtype = np.dtype(unique)
    if size and abs(size - dtype.itemsize) > 1e-9:
        raise ReadError(
            "the records of the .mpr do not have the size of their columns",
            expected=f"{dtype.itemsize} bytes",
            found=f"{size:g} bytes",
        )
    return dtype


def _place_unknown(
    fields: list[tuple[str, str]], unknown: list[int], missing: int, warnings: list[str]
) -> list[tuple[str, str]]:
    if missing <= 0:
        raise ReadError("unknown columns in the .mpr and no room for them", found=str(unknown))
    if len(unknown) == 1:
        warnings.append(f"Column id {unknown[0]} ({missing} bytes) is not known and was skipped.")
        return [(name, kind or f"V{missing}") for name, kind in fields]
    if missing % len(unknown) == 0 and missing // len(unknown) in (4, 8) and _trailing(fields, unknown):
        warnings.append(f"Column ids {unknown} at the end of the record are not known and were skipped.")
        return [(name, kind or f"V{missing // len(unknown)}") for name, kind in fields]
    first = next(index for index, (_, kind) in enumerate(fields) if not kind)
    last = max(index for index, (_, kind) in enumerate(fields) if not kind)
    inside = [name for name, kind in fields[first:last] if kind]
    warnings.append(
        f"Column ids {unknown} are not known ({missing} bytes together) and were skipped"
        + (f", with {len(inside)} columns between them." if inside else ".")
    )
    between = sum(np.dtype(kind).itemsize for _, kind in fields[first:last] if kind)
    return [*fields[:first], ("unknown", f"V{missing + between}"), *fields[last + 1 :]]


def _trailing(fields: list[tuple[str, str]], unknown: list[int]) -> bool:
    return all(not kind for _, kind in fields[-len(unknown) :])


def _columns(records: NDArray[np.void], wanted: Set[str] | None) -> dict[str, NDArray[np.generic]]:
    """Return copies of the columns, so that the map can be closed.

    Block by block: all columns of a block while it is in the cache, else each column reads the whole file.
    """
    known = _known()
    flags = {str(entry["name"]): int(entry["mask"]) for entry in known["flag"].values()}
    flags = {name: mask for name, mask in flags.items() if wanted is None or name in wanted}
    sources: dict[str, str] = {}
    for name in records.dtype.names or ():
        label = str(known["column"][name]["name"]) if name in known["column"] else ""
        if label and (wanted is None or label in wanted):
            sources.setdefault(label, name)
    columns: dict[str, NDArray[np.generic]] = {
        label: np.empty(records.size, records.dtype[name]) for label, name in sources.items()
    }
    if "flags" in (records.dtype.names or ()):
        columns |= {name: np.empty(records.size, np.uint8) for name in flags}
    for start in range(0, records.size, _BLOCK):
        block = records[start : start + _BLOCK]
        for label, name in sources.items():
            columns[label][start : start + _BLOCK] = block[name]
        if "flags" in (records.dtype.names or ()):
            for name, mask in flags.items():
                columns[name][start : start + _BLOCK] = (block["flags"] & mask) // (mask & -mask)
    return columns


def _pascal(view: mmap.mmap, at: int, end: int) -> str:
    if at >= end:
        return ""
    length = view[at]
    return view[at + 1 : min(at + 1 + length, end)].decode("cp1252", "replace").strip("\x00 ")


def _float(view: mmap.mmap, at: int, end: int) -> float:
    return float(struct.unpack_from("<f", view, at)[0]) if at + 4 <= end else float("nan")


def _settings(view: mmap.mmap, module: Module) -> dict[str, str | float | int]:
    end = min(module.start + module.length, len(view))
    if module.start >= end:
        return {}
    start = module.start
    code = view[start]
    found: dict[str, str | float | int] = {
        "eclab_technique": str(_known()["technique"].get(str(code), f"code {code}"))
    }
    comment = _pascal(view, start + 0x7, end)
    if comment:
        found["comment"] = comment
    # EC-Lab writes 0.001 where the user gave nothing
    for name, at in (("eclab_area", 0x211), ("eclab_mass", 0x24C)):
        value = _float(view, start + at, end)
        if np.isfinite(value) and value > 0 and abs(value - 0.001) > 1e-7:
            found[name] = value
    return found


def _log(view: mmap.mmap, module: Module) -> dict[str, str | float | int]:
    if module.start + 593 > len(view):
        return {}
    (days,) = struct.unpack_from("<d", view, module.start + 585)
    if not 20000 < days < 80000:
        return {}
    start = datetime(1899, 12, 30) + timedelta(days=days)
    return {"start": start.isoformat(timespec="milliseconds")}
