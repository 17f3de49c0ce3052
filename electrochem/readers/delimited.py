"""Delimited text of any cycler: the header line found by its names, dot or comma, any usual encoding."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray

from interlayer.core.errors import ReadError, SettingError
from interlayer.core.files import decode
from interlayer.electrochem.readers import blocks, columns, tidy
from interlayer.electrochem.readers.rows import build

_MAP: ContextVar[Mapping[str, str] | None] = ContextVar("column_map", default=None)
_HEADER_LINES = 200
#: bytes that are looked at for names, encoding and decimal mark
_SAMPLE = 131072
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
    mapping = _MAP.get()
    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE)
    head, encoding = _head(sample, mapping)
    line, separator, names = _find_header(head, mapping)
    found = columns.header(names, mapping)
    if mapping and not found:
        raise ReadError(
            "a column of the column map is not in the file",
            expected=", ".join(mapping.values()),
            found=", ".join(name.strip() for name in names),
        )
    rate = _scan_rate(head[:line]) if "time" not in found and "step_time" not in found else None
    columns.require(found, names, timed=rate is not None)
    long = _long(path, sample, line + 1, separator, found) if encoding == "utf-8-sig" else None
    if long is not None:
        return build(long, found, _metadata(head[:line]), first_line=line + 2, scan_rate=rate)
    if encoding == "utf-8-sig":
        frame = _parse(_Source(path, sample, line + 1), separator, len(names), found)
    else:
        text = decode(path.read_bytes(), (encoding, "latin-1")).encode("utf-8")
        frame = _parse(_Source(BytesIO(text), text[:_SAMPLE], line + 1), separator, len(names), found)
    if frame[:, 0].null_count():
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))  # blank lines
    return build(_texts(frame, found), found, _metadata(head[:line]), first_line=line + 2, scan_rate=rate)


def _long(
    path: Path, sample: bytes, skip: int, separator: str, found: Mapping[str, columns.Column]
) -> dict[str, pl.Series | NDArray[np.generic]] | None:
    """Return the columns of a long table of numbers, or None when it is none."""
    if not blocks.suits(path, list(found)) or b'"' in sample:
        return None
    source = _Source(path, sample, skip)
    wanted = {field: column.index for field, column in found.items() if field != "record"}
    width = 1 + source.body.lstrip(b"\n").split(b"\n", 1)[0].count(separator.encode())
    comma = separator != "," and _decimal_comma(source.body[:20000])
    try:
        return dict(blocks.parse(path, skip, separator, width, wanted, comma=comma))
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        return None


def _scan_rate(lines: Sequence[str]) -> float | None:
    """Return the scan rate in V/s that CHI writes above a voltammogram, whose rows have no time."""
    match = re.search(r"Scan Rate \(V/s\)\s*=\s*([0-9.eE+-]+)", "\n".join(lines))
    return float(match.group(1)) if match else None


def _head(content: bytes, mapping: Mapping[str, str] | None) -> tuple[list[str], str]:
    """Return the first lines and their encoding: UTF-8, else the one in which most columns are known."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode(content).splitlines()[:_HEADER_LINES], "utf-16"
    part = content[: content.rfind(b"\n") + 1] or content
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


@dataclass(frozen=True, slots=True)
class _Source:
    """UTF-8 text to parse: a path or bytes, its first part, and how many lines to leave out."""

    text: Path | BytesIO
    sample: bytes
    skip: int

    @property
    def body(self) -> bytes:
        """Return the first rows."""
        return b"\n".join(self.sample.replace(b"\r\n", b"\n").split(b"\n")[self.skip :])


def _parse(source: _Source, separator: str, width: int, found: Mapping[str, columns.Column]) -> pl.DataFrame:
    """Parse the wanted columns; numbers where they all are numbers, else text."""
    body = source.body
    if not body.strip():
        raise ReadError("there are column names but no data row", advice="Was the measurement stopped early?")
    comma = separator != "," and _decimal_comma(body[:20000])
    first = body.lstrip(b"\n").split(b"\n", 1)[0].decode("utf-8", "replace")
    width = max(width, len(next(csv.reader([first], delimiter=separator), [])))
    text = {column.index for column in found.values() if column.field == "state"}
    wanted = sorted({column.index for column in found.values()})
    schema: dict[str, type[pl.DataType]] = {
        f"column_{index + 1}": pl.String if index in text or index not in wanted else pl.Float64
        for index in range(width)
    }
    options = _Options(separator, tuple(wanted), comma=comma)
    try:
        return _csv(source, options, schema, plain=b'"' not in source.sample)
    except pl.exceptions.PolarsError:
        strings: dict[str, type[pl.DataType]] = dict.fromkeys(schema, pl.String)
    try:
        return _csv(source, options, strings, plain=False)
    except pl.exceptions.PolarsError as error:
        raise ReadError(f"the rows cannot be parsed ({error})") from error


@dataclass(frozen=True, slots=True)
class _Options:
    separator: str
    wanted: tuple[int, ...]
    comma: bool


def _csv(
    source: _Source, options: _Options, schema: Mapping[str, type[pl.DataType]], *, plain: bool
) -> pl.DataFrame:
    """Parse the wanted columns; ``plain`` (no quotes, clean UTF-8) takes a fifth less time."""
    if isinstance(source.text, BytesIO):
        source.text.seek(0)
    return pl.read_csv(
        source.text,
        separator=options.separator,
        has_header=False,
        skip_lines=source.skip,
        new_columns=list(schema),
        columns=list(options.wanted),
        schema_overrides=dict(schema),
        decimal_comma=options.comma,
        truncate_ragged_lines=True,
        null_values=None if plain else [""],
        quote_char=None if plain else '"',
        encoding="utf8" if plain else "utf8-lossy",
    )


def _decimal_comma(body: bytes) -> bool:
    commas = len(re.findall(rb"\d,\d", body))
    return commas > len(re.findall(rb"\d\.\d", body))


def _texts(
    frame: pl.DataFrame, found: Mapping[str, columns.Column]
) -> dict[str, pl.Series | NDArray[np.generic]]:
    """Return the columns by field, taken out of the frame, so that a long file is not held twice."""
    shared = [column.index for column in found.values()]
    return {
        field: frame[name] if shared.count(column.index) > 1 else frame.drop_in_place(name)
        for field, column in found.items()
        for name in [f"column_{column.index + 1}"]
    }


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
