"""Delimited text of any cycler: the header line found by its names, dot or comma, any usual encoding."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError, SettingError
from interlayer.core.files import decode
from interlayer.electrochem.readers import columns, tidy
from interlayer.electrochem.readers.rows import build

_MAP: ContextVar[Mapping[str, str] | None] = ContextVar("column_map", default=None)
_HEADER_LINES = 200
_ENCODINGS = ("utf-8-sig", "gb18030", "cp1252")
_METADATA = {"mass": "mass", "area": "area", "barcode": "barcode", "cell": "cell"}


def parse_columns(given: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Return a column map from ``{"voltage": "U"}`` or ``["voltage=U"]``.

    Raises
    ------
    SettingError
        When a text has no "=" or the field is not one of the tidy Dataset.
    """
    pairs = (
        given.items() if isinstance(given, Mapping) else [tuple(text.partition("=")[::2]) for text in given]
    )
    found = {}
    for field, name in pairs:
        if field.strip() not in (*tidy.VARIABLES, "state") or not name.strip():
            raise SettingError(
                "a column map entry that cannot be used",
                expected="field=name with a field of " + ", ".join(tidy.VARIABLES),
                found=f"{field}={name}",
            )
        found[field.strip()] = name.strip()
    return found


@contextmanager
def column_map(mapping: Mapping[str, str]) -> Iterator[None]:
    """Let `load` use a column map."""
    token = _MAP.set(mapping)
    try:
        yield
    finally:
        _MAP.reset(token)


def load(path: Path) -> xr.Dataset:
    """Read a delimited text file into the tidy Dataset.

    Raises
    ------
    ReadError
        When no line names the columns needed, or a value is not a number; the column and row are named.
    """
    content = path.read_bytes()
    mapping = _MAP.get()
    head, encoding = _head(content, mapping)
    line, separator, names = _find_header(head, mapping)
    found = columns.header(names, mapping)
    if mapping and not found:
        raise ReadError(
            "a column of the column map is not in the file",
            expected=", ".join(mapping.values()),
            found=", ".join(name.strip() for name in names),
        )
    columns.require(found, names)
    if encoding == "utf-16":
        content, encoding = decode(content).encode("utf-8"), "utf-8"
    start = _offset(content, line + 1)
    frame = _parse(content, start, separator, len(names), found, encoding)
    return build(_texts(frame, found), found, _metadata(head[:line]), first_line=line + 2)


def _head(content: bytes, mapping: Mapping[str, str] | None) -> tuple[list[str], str]:
    """Return the first lines and their encoding: UTF-8, else the one in which most columns are known."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode(content).splitlines()[:_HEADER_LINES], "utf-16"
    part = content[:131072]
    part = part[: part.rfind(b"\n") + 1] or part
    found: list[tuple[int, list[str], str]] = []
    for encoding in _ENCODINGS:
        try:
            lines = part.decode(encoding).replace("\r\n", "\n").split("\n")[:_HEADER_LINES]
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8-sig":
            return lines, encoding
        found.append((len(columns.header(_find_header(lines, mapping)[2], mapping)), lines, encoding))
    best = max(found, key=lambda each: each[0], default=(0, part.decode("latin-1").split("\n"), "latin-1"))
    return best[1], best[2]


def _find_header(lines: Sequence[str], mapping: Mapping[str, str] | None) -> tuple[int, str, list[str]]:
    """Return line number, separator and names of the line that most looks like column names."""
    best: tuple[int, int, str, list[str]] | None = None
    for number, line in enumerate(lines):
        for separator in (",", ";", "\t"):
            if separator not in line:
                continue
            names = line.split(separator)
            score = len(columns.header(names, mapping))
            if score >= (1 if mapping else 2) and (best is None or score > best[0]):
                best = (score, number, separator, names)
    if best is None:
        number = next((n for n, line in enumerate(lines) if re.search(r"[,;\t]", line)), 0)
        separator = max(",;\t", key=(lines[number] if lines else "").count)
        return number, separator, (lines[number] if lines else "").split(separator)
    return best[1], best[2], best[3]


def _offset(content: bytes, line: int) -> int:
    at = 0
    for _ in range(line):
        at = content.find(b"\n", at) + 1
        if at == 0:
            return len(content)
    return at


def _parse(
    content: bytes, start: int, separator: str, width: int, found: Mapping[str, columns.Column], encoding: str
) -> pl.DataFrame:
    """Parse the wanted columns; numbers where they all are numbers, else text."""
    body = memoryview(content)[start:]
    if not bytes(body[:2000]).strip():
        raise ReadError("there are column names but no data row", advice="Was the measurement stopped early?")
    comma = separator != "," and _decimal_comma(bytes(body[:20000]))
    wanted = sorted({column.index for column in found.values()})
    text = [column.index for column in found.values() if column.field == "state"]
    schema: dict[str, type[pl.DataType]] = {
        f"column_{index + 1}": pl.Float64 for index in wanted if index not in text
    }
    schema |= {f"column_{index + 1}": pl.String for index in text}
    try:
        return _csv(body, separator, width, wanted, schema, comma, encoding)
    except pl.exceptions.PolarsError:
        strings: dict[str, type[pl.DataType]] = {f"column_{index + 1}": pl.String for index in wanted}
        return _csv(body, separator, width, wanted, strings, comma, encoding)


def _csv(
    body: memoryview,
    separator: str,
    width: int,
    wanted: Sequence[int],
    schema: Mapping[str, type[pl.DataType]],
    comma: bool,
    encoding: str,
) -> pl.DataFrame:
    plain = encoding in ("utf-8-sig", "utf-8")
    source = bytes(body) if plain else bytes(body).decode(encoding, "replace").encode("utf-8")
    cells = 1 + source[:20000].split(b"\n", 1)[0].count(separator.encode())
    new = [f"column_{index + 1}" for index in range(max(width, cells) if cells >= width else cells)]
    overrides = {name: schema.get(name, pl.String) for name in new}
    try:
        return pl.read_csv(
            BytesIO(source),
            separator=separator,
            has_header=False,
            new_columns=new,
            columns=list(wanted),
            schema_overrides=overrides,
            decimal_comma=comma,
            truncate_ragged_lines=True,
            null_values=[""],
            quote_char='"',
            encoding="utf8-lossy",
        )
    except pl.exceptions.PolarsError as error:
        if any(value == pl.Float64 for value in schema.values()):
            raise
        raise ReadError(f"the rows cannot be parsed ({error})") from error


def _decimal_comma(body: bytes) -> bool:
    commas = len(re.findall(rb"\d,\d", body))
    return commas > len(re.findall(rb"\d\.\d", body))


def _texts(frame: pl.DataFrame, found: Mapping[str, columns.Column]) -> dict[str, pl.Series]:
    return {field: frame[f"column_{column.index + 1}"] for field, column in found.items()}


def _metadata(lines: Sequence[str]) -> dict[str, str | float | int]:
    """Return the plain ``key, value`` lines before the header."""
    found: dict[str, str | float | int] = {}
    for line in lines[:60]:
        parts = [part.strip() for part in re.split(r"[;,\t:]", line, maxsplit=1)]
        if len(parts) == 2 and parts[0] and not parts[0].startswith("#"):
            value = parts[1].strip(",;\t ")
            if value and len(found) < 20 and len(value) < 200:
                found["header_" + re.sub(r"\W+", "_", parts[0].lower())[:40]] = value
    return found


Values = dict[str, NDArray[np.float64]]
